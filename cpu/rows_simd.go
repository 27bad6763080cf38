package cpu

import "github.com/glassbox-vm/glassbox/cpu/simd"

// Rows of MMX and SSE come in sets that mandatory prefixes select. These functions spell
// out the regular ones.

// prefixed forks on the mandatory prefix: none, 66, F3, F2.
func prefixed(none, p66, pF3, pF2 Op) Op {
	sub := []Op{none, p66, pF3, pF2}
	for i := range sub {
		sub[i].Attr |= Vec
	}
	return Op{By: ByPrefix, Sub: sub}
}

// mmxSSE is an integer instruction with an MMX form, of feature f, and an SSE2 form.
func mmxSSE(name string, f Feature, exec Exec) Op {
	return prefixed(
		Op{Name: name, Dst: Pq, Src: Qq, Exec: exec, Feature: f, Attr: RMW},
		Op{Name: name, Dst: Vx, Src: Wx, Exec: exec, Feature: FeatSSE2, Attr: RMW | Align16},
		Op{}, Op{})
}

// mmxLow is mmxSSE where the MMX form reads only 32 bits of memory.
func mmxLow(name string, exec Exec) Op {
	op := mmxSSE(name, FeatMMX, exec)
	op.Sub[0].Src = Qd
	return op
}

// sse2 is an instruction that exists with prefix 66 only.
func sse2(name string, exec Exec) Op {
	return prefixed(Op{}, Op{Name: name, Dst: Vx, Src: Wx, Exec: exec, Feature: FeatSSE2, Attr: RMW | Align16}, Op{}, Op{})
}

// fourFloats is an operation on PS, PD, SS and SD.
func fourFloats(name string, op simd.Binary) Op {
	return prefixed(
		Op{Name: name + "PS", Dst: Vx, Src: Wx, Exec: packed(simd.Single, op), Feature: FeatSSE, Attr: RMW | Align16},
		Op{Name: name + "PD", Dst: Vx, Src: Wx, Exec: packed(simd.Double, op), Feature: FeatSSE2, Attr: RMW | Align16},
		Op{Name: name + "SS", Dst: Vd, Src: Wd, Exec: scalar(simd.Single, op), Feature: FeatSSE, Attr: RMW},
		Op{Name: name + "SD", Dst: Vq, Src: Wq, Exec: scalar(simd.Double, op), Feature: FeatSSE2, Attr: RMW})
}

// psPD is an operation on whole registers that does not care about the format: logic,
// unpacking.
func psPD(name string, ps, pd Exec) Op {
	return prefixed(
		Op{Name: name + "PS", Dst: Vx, Src: Wx, Exec: ps, Feature: FeatSSE, Attr: RMW | Align16},
		Op{Name: name + "PD", Dst: Vx, Src: Wx, Exec: pd, Feature: FeatSSE2, Attr: RMW | Align16},
		Op{}, Op{})
}

// pdPS is an SSE3 instruction: PD with prefix 66, PS with F2.
func pdPS(name string, pd, ps Exec) Op {
	return prefixed(Op{},
		Op{Name: name + "PD", Dst: Vx, Src: Wx, Exec: pd, Feature: FeatSSE3, Attr: RMW | Align16},
		Op{},
		Op{Name: name + "PS", Dst: Vx, Src: Wx, Exec: ps, Feature: FeatSSE3, Attr: RMW | Align16})
}

// shiftImm is a shift of MMX and XMM registers by an immediate.
func shiftImm(name string, exec Exec) Op {
	return prefixed(
		Op{Name: name, Dst: Nq, Src: Ib, Exec: exec, Feature: FeatMMX, Attr: RMW},
		Op{Name: name, Dst: Ux, Src: Ib, Exec: exec, Feature: FeatSSE2, Attr: RMW},
		Op{}, Op{})
}

// shiftDQ is PSRLDQ or PSLLDQ.
func shiftDQ(name string, exec Exec) Op {
	return prefixed(Op{}, Op{Name: name, Dst: Ux, Src: Ib, Exec: exec, Feature: FeatSSE2, Attr: RMW}, Op{}, Op{})
}

// prefetch is one of the cache hints in 0F 18 and 0F 0D.
func prefetch(name string, f Feature) Op {
	return Op{Name: name, Src: Mb, Exec: noEffect, Feature: f, Older: &reservedNOP}
}

// reservedNOP is a hint that no processor has given a meaning.
var reservedNOP = Op{Name: "NOP", Dst: Ev, Exec: noEffect, Feature: FeatNOPL}

// hint forks between a prefetch from memory and a NOP on registers.
func hint(name string) Op {
	return Op{By: ByMod, Sub: []Op{prefetch(name, FeatSSE), reservedNOP}}
}

// simd0F is the part of the two-byte map that is MMX and SSE.
//
// SDM Vol. 2D, "Two-byte Opcode Map".
var simd0F = [256]Op{
	0x0d: {By: ByMod, Sub: []Op{
		{By: ByReg, Sub: []Op{
			prefetch("PREFETCH", FeatPREFETCHW), prefetch("PREFETCHW", FeatPREFETCHW), prefetch("PREFETCHWT1", FeatPREFETCHW),
			prefetch("PREFETCH", FeatPREFETCHW), prefetch("PREFETCH", FeatPREFETCHW), prefetch("PREFETCH", FeatPREFETCHW),
			prefetch("PREFETCH", FeatPREFETCHW), prefetch("PREFETCH", FeatPREFETCHW),
		}},
		reservedNOP,
	}},
	0x10: prefixed(
		Op{Name: "MOVUPS", Dst: Vx, Src: Wx, Exec: movVec, Feature: FeatSSE},
		Op{Name: "MOVUPD", Dst: Vx, Src: Wx, Exec: movVec, Feature: FeatSSE2},
		Op{Name: "MOVSS", Dst: Vd, Src: Wd, Exec: movScalar, Feature: FeatSSE},
		Op{Name: "MOVSD", Dst: Vq, Src: Wq, Exec: movScalar, Feature: FeatSSE2}),
	0x11: prefixed(
		Op{Name: "MOVUPS", Dst: Wx, Src: Vx, Exec: movVec, Feature: FeatSSE},
		Op{Name: "MOVUPD", Dst: Wx, Src: Vx, Exec: movVec, Feature: FeatSSE2},
		Op{Name: "MOVSS", Dst: Wd, Src: Vd, Exec: movScalar, Feature: FeatSSE},
		Op{Name: "MOVSD", Dst: Wq, Src: Vq, Exec: movScalar, Feature: FeatSSE2}),
	0x12: {By: ByPrefix, Sub: []Op{
		{By: ByMod, Sub: []Op{
			{Name: "MOVLPS", Dst: Vq, Src: Mq, Exec: movToHalf(0, 0), Feature: FeatSSE, Attr: Vec},
			{Name: "MOVHLPS", Dst: Vq, Src: Uq, Exec: movToHalf(0, 1), Feature: FeatSSE, Attr: Vec},
		}},
		{Name: "MOVLPD", Dst: Vq, Src: Mq, Exec: movToHalf(0, 0), Feature: FeatSSE2, Attr: Vec},
		{Name: "MOVSLDUP", Dst: Vx, Src: Wx, Exec: vector(movsldup), Feature: FeatSSE3, Attr: Vec | Align16},
		{Name: "MOVDDUP", Dst: Vx, Src: Wq, Exec: vector(movddup), Feature: FeatSSE3, Attr: Vec},
	}},
	0x13: prefixed(
		Op{Name: "MOVLPS", Dst: Mq, Src: Vq, Exec: movFromHalf(0), Feature: FeatSSE},
		Op{Name: "MOVLPD", Dst: Mq, Src: Vq, Exec: movFromHalf(0), Feature: FeatSSE2},
		Op{}, Op{}),
	0x14: psPD("UNPCKL", unpackLow(simd.PUnpckLDQ, simd.PUnpckHDQ), vector(punpcklqdq)),
	0x15: psPD("UNPCKH", unpackHigh(simd.PUnpckLDQ, simd.PUnpckHDQ), vector(punpckhqdq)),
	0x16: {By: ByPrefix, Sub: []Op{
		{By: ByMod, Sub: []Op{
			{Name: "MOVHPS", Dst: Vq, Src: Mq, Exec: movToHalf(1, 0), Feature: FeatSSE, Attr: Vec},
			{Name: "MOVLHPS", Dst: Vq, Src: Uq, Exec: movToHalf(1, 0), Feature: FeatSSE, Attr: Vec},
		}},
		{Name: "MOVHPD", Dst: Vq, Src: Mq, Exec: movToHalf(1, 0), Feature: FeatSSE2, Attr: Vec},
		{Name: "MOVSHDUP", Dst: Vx, Src: Wx, Exec: vector(movshdup), Feature: FeatSSE3, Attr: Vec | Align16},
		{},
	}},
	0x17: prefixed(
		Op{Name: "MOVHPS", Dst: Mq, Src: Vq, Exec: movFromHalf(1), Feature: FeatSSE},
		Op{Name: "MOVHPD", Dst: Mq, Src: Vq, Exec: movFromHalf(1), Feature: FeatSSE2},
		Op{}, Op{}),
	0x18: {By: ByReg, Sub: []Op{
		hint("PREFETCHNTA"), hint("PREFETCHT0"), hint("PREFETCHT1"), hint("PREFETCHT2"),
		reservedNOP, reservedNOP, reservedNOP, reservedNOP,
	}},
	0x28: prefixed(
		Op{Name: "MOVAPS", Dst: Vx, Src: Wx, Exec: movVec, Feature: FeatSSE, Attr: Align16},
		Op{Name: "MOVAPD", Dst: Vx, Src: Wx, Exec: movVec, Feature: FeatSSE2, Attr: Align16},
		Op{}, Op{}),
	0x29: prefixed(
		Op{Name: "MOVAPS", Dst: Wx, Src: Vx, Exec: movVec, Feature: FeatSSE, Attr: Align16},
		Op{Name: "MOVAPD", Dst: Wx, Src: Vx, Exec: movVec, Feature: FeatSSE2, Attr: Align16},
		Op{}, Op{}),
	0x2a: prefixed(
		Op{Name: "CVTPI2PS", Dst: Vq, Src: Qq, Exec: cvtpi2(simd.Single), Feature: FeatSSE},
		Op{Name: "CVTPI2PD", Dst: Vx, Src: Qq, Exec: cvtpi2(simd.Double), Feature: FeatSSE2},
		Op{Name: "CVTSI2SS", Dst: Vd, Src: Ey, Exec: cvtsi2(simd.Single), Feature: FeatSSE},
		Op{Name: "CVTSI2SD", Dst: Vq, Src: Ey, Exec: cvtsi2(simd.Double), Feature: FeatSSE2}),
	0x2b: prefixed(
		Op{Name: "MOVNTPS", Dst: Mx, Src: Vx, Exec: movVec, Feature: FeatSSE, Attr: Align16},
		Op{Name: "MOVNTPD", Dst: Mx, Src: Vx, Exec: movVec, Feature: FeatSSE2, Attr: Align16},
		Op{}, Op{}),
	0x2c: prefixed(
		Op{Name: "CVTTPS2PI", Dst: Pq, Src: Wq, Exec: cvt2pi(simd.Single, simd.Format.ToIntTruncated), Feature: FeatSSE},
		Op{Name: "CVTTPD2PI", Dst: Pq, Src: Wx, Exec: cvt2pi(simd.Double, simd.Format.ToIntTruncated), Feature: FeatSSE2, Attr: Align16},
		Op{Name: "CVTTSS2SI", Dst: Gy, Src: Wd, Exec: cvt2si(simd.Single, simd.Format.ToIntTruncated), Feature: FeatSSE},
		Op{Name: "CVTTSD2SI", Dst: Gy, Src: Wq, Exec: cvt2si(simd.Double, simd.Format.ToIntTruncated), Feature: FeatSSE2}),
	0x2d: prefixed(
		Op{Name: "CVTPS2PI", Dst: Pq, Src: Wq, Exec: cvt2pi(simd.Single, simd.Format.ToInt), Feature: FeatSSE},
		Op{Name: "CVTPD2PI", Dst: Pq, Src: Wx, Exec: cvt2pi(simd.Double, simd.Format.ToInt), Feature: FeatSSE2, Attr: Align16},
		Op{Name: "CVTSS2SI", Dst: Gy, Src: Wd, Exec: cvt2si(simd.Single, simd.Format.ToInt), Feature: FeatSSE},
		Op{Name: "CVTSD2SI", Dst: Gy, Src: Wq, Exec: cvt2si(simd.Double, simd.Format.ToInt), Feature: FeatSSE2}),
	0x2e: prefixed(
		Op{Name: "UCOMISS", Dst: Vd, Src: Wd, Exec: relate(simd.Single, false), Feature: FeatSSE, Writes: status},
		Op{Name: "UCOMISD", Dst: Vq, Src: Wq, Exec: relate(simd.Double, false), Feature: FeatSSE2, Writes: status},
		Op{}, Op{}),
	0x2f: prefixed(
		Op{Name: "COMISS", Dst: Vd, Src: Wd, Exec: relate(simd.Single, true), Feature: FeatSSE, Writes: status},
		Op{Name: "COMISD", Dst: Vq, Src: Wq, Exec: relate(simd.Double, true), Feature: FeatSSE2, Writes: status},
		Op{}, Op{}),

	0x50: prefixed(
		Op{Name: "MOVMSKPS", Dst: Gd, Src: Ux, Exec: movmskps, Feature: FeatSSE},
		Op{Name: "MOVMSKPD", Dst: Gd, Src: Ux, Exec: movmskpd, Feature: FeatSSE2},
		Op{}, Op{}),
	0x51: fourFloats("SQRT", sqrt),
	0x52: prefixed(
		Op{Name: "RSQRTPS", Dst: Vx, Src: Wx, Exec: packed(simd.Single, estimate(simd.ReciprocalSqrt)), Feature: FeatSSE, Attr: Align16},
		Op{},
		Op{Name: "RSQRTSS", Dst: Vd, Src: Wd, Exec: scalar(simd.Single, estimate(simd.ReciprocalSqrt)), Feature: FeatSSE},
		Op{}),
	0x53: prefixed(
		Op{Name: "RCPPS", Dst: Vx, Src: Wx, Exec: packed(simd.Single, estimate(simd.Reciprocal)), Feature: FeatSSE, Attr: Align16},
		Op{},
		Op{Name: "RCPSS", Dst: Vd, Src: Wd, Exec: scalar(simd.Single, estimate(simd.Reciprocal)), Feature: FeatSSE},
		Op{}),
	0x54: psPD("AND", lanes(simd.PAnd), lanes(simd.PAnd)),
	0x55: psPD("ANDN", lanes(simd.PAndN), lanes(simd.PAndN)),
	0x56: psPD("OR", lanes(simd.POr), lanes(simd.POr)),
	0x57: psPD("XOR", lanes(simd.PXor), lanes(simd.PXor)),
	0x58: fourFloats("ADD", simd.Format.Add),
	0x59: fourFloats("MUL", simd.Format.Mul),
	0x5a: prefixed(
		Op{Name: "CVTPS2PD", Dst: Vx, Src: Wq, Exec: convertPacked(simd.Single, simd.Double), Feature: FeatSSE2},
		Op{Name: "CVTPD2PS", Dst: Vx, Src: Wx, Exec: convertPacked(simd.Double, simd.Single), Feature: FeatSSE2, Attr: Align16},
		Op{Name: "CVTSS2SD", Dst: Vq, Src: Wd, Exec: convertScalar(simd.Single, simd.Double), Feature: FeatSSE2},
		Op{Name: "CVTSD2SS", Dst: Vd, Src: Wq, Exec: convertScalar(simd.Double, simd.Single), Feature: FeatSSE2}),
	0x5b: prefixed(
		Op{Name: "CVTDQ2PS", Dst: Vx, Src: Wx, Exec: cvtdq2(simd.Single), Feature: FeatSSE2, Attr: Align16},
		Op{Name: "CVTPS2DQ", Dst: Vx, Src: Wx, Exec: cvt2dq(simd.Single, simd.Format.ToInt), Feature: FeatSSE2, Attr: Align16},
		Op{Name: "CVTTPS2DQ", Dst: Vx, Src: Wx, Exec: cvt2dq(simd.Single, simd.Format.ToIntTruncated), Feature: FeatSSE2, Attr: Align16},
		Op{}),
	0x5c: fourFloats("SUB", simd.Format.Sub),
	0x5d: fourFloats("MIN", simd.Format.Min),
	0x5e: fourFloats("DIV", simd.Format.Div),
	0x5f: fourFloats("MAX", simd.Format.Max),

	0x60: mmxLow("PUNPCKLBW", unpackLow(simd.PUnpckLBW, simd.PUnpckHBW)),
	0x61: mmxLow("PUNPCKLWD", unpackLow(simd.PUnpckLWD, simd.PUnpckHWD)),
	0x62: mmxLow("PUNPCKLDQ", unpackLow(simd.PUnpckLDQ, simd.PUnpckHDQ)),
	0x63: mmxSSE("PACKSSWB", FeatMMX, folded(simd.PackSSWB)),
	0x64: mmxSSE("PCMPGTB", FeatMMX, lanes(simd.PCmpGtB)),
	0x65: mmxSSE("PCMPGTW", FeatMMX, lanes(simd.PCmpGtW)),
	0x66: mmxSSE("PCMPGTD", FeatMMX, lanes(simd.PCmpGtD)),
	0x67: mmxSSE("PACKUSWB", FeatMMX, folded(simd.PackUSWB)),
	0x68: mmxSSE("PUNPCKHBW", FeatMMX, unpackHigh(simd.PUnpckLBW, simd.PUnpckHBW)),
	0x69: mmxSSE("PUNPCKHWD", FeatMMX, unpackHigh(simd.PUnpckLWD, simd.PUnpckHWD)),
	0x6a: mmxSSE("PUNPCKHDQ", FeatMMX, unpackHigh(simd.PUnpckLDQ, simd.PUnpckHDQ)),
	0x6b: mmxSSE("PACKSSDW", FeatMMX, folded(simd.PackSSDW)),
	0x6c: sse2("PUNPCKLQDQ", vector(punpcklqdq)),
	0x6d: sse2("PUNPCKHQDQ", vector(punpckhqdq)),
	0x6e: prefixed(
		Op{Name: "MOVD", Dst: Pq, Src: Ey, Exec: movdToMMX, Feature: FeatMMX},
		Op{Name: "MOVD", Dst: Vx, Src: Ey, Exec: movdToXMM, Feature: FeatSSE2},
		Op{}, Op{}),
	0x6f: prefixed(
		Op{Name: "MOVQ", Dst: Pq, Src: Qq, Exec: movqMMX, Feature: FeatMMX},
		Op{Name: "MOVDQA", Dst: Vx, Src: Wx, Exec: movVec, Feature: FeatSSE2, Attr: Align16},
		Op{Name: "MOVDQU", Dst: Vx, Src: Wx, Exec: movVec, Feature: FeatSSE2},
		Op{}),
	0x70: prefixed(
		Op{Name: "PSHUFW", Dst: Pq, Src: Qq, Third: Ib, Exec: pshufw, Feature: FeatSSE},
		Op{Name: "PSHUFD", Dst: Vx, Src: Wx, Third: Ib, Exec: vectorImm(pshufd), Feature: FeatSSE2, Attr: Align16},
		Op{Name: "PSHUFHW", Dst: Vx, Src: Wx, Third: Ib, Exec: vectorImm(pshufhw), Feature: FeatSSE2, Attr: Align16},
		Op{Name: "PSHUFLW", Dst: Vx, Src: Wx, Third: Ib, Exec: vectorImm(pshuflw), Feature: FeatSSE2, Attr: Align16}),
	0x71: {By: ByReg, Sub: []Op{
		2: shiftImm("PSRLW", shift(simd.PSrlW)),
		4: shiftImm("PSRAW", shift(simd.PSraW)),
		6: shiftImm("PSLLW", shift(simd.PSllW)),
		7: {},
	}},
	0x72: {By: ByReg, Sub: []Op{
		2: shiftImm("PSRLD", shift(simd.PSrlD)),
		4: shiftImm("PSRAD", shift(simd.PSraD)),
		6: shiftImm("PSLLD", shift(simd.PSllD)),
		7: {},
	}},
	0x73: {By: ByReg, Sub: []Op{
		2: shiftImm("PSRLQ", shift(simd.PSrlQ)),
		3: shiftDQ("PSRLDQ", shiftBytes(simd.ShiftBytesRight)),
		6: shiftImm("PSLLQ", shift(simd.PSllQ)),
		7: shiftDQ("PSLLDQ", shiftBytes(simd.ShiftBytesLeft)),
	}},
	0x74: mmxSSE("PCMPEQB", FeatMMX, lanes(simd.PCmpEqB)),
	0x75: mmxSSE("PCMPEQW", FeatMMX, lanes(simd.PCmpEqW)),
	0x76: mmxSSE("PCMPEQD", FeatMMX, lanes(simd.PCmpEqD)),
	0x77: prefixed(Op{Name: "EMMS", Exec: emms, Feature: FeatMMX}, Op{}, Op{}, Op{}),
	0x7c: pdPS("HADD", horizontal(simd.Double, simd.Format.Add), horizontal(simd.Single, simd.Format.Add)),
	0x7d: pdPS("HSUB", horizontal(simd.Double, simd.Format.Sub), horizontal(simd.Single, simd.Format.Sub)),
	0x7e: prefixed(
		Op{Name: "MOVD", Dst: Ey, Src: Pq, Exec: movdFromMMX, Feature: FeatMMX},
		Op{Name: "MOVD", Dst: Ey, Src: Vx, Exec: movdFromXMM, Feature: FeatSSE2},
		Op{Name: "MOVQ", Dst: Vq, Src: Wq, Exec: movqVec, Feature: FeatSSE2},
		Op{}),
	0x7f: prefixed(
		Op{Name: "MOVQ", Dst: Qq, Src: Pq, Exec: movqMMX, Feature: FeatMMX},
		Op{Name: "MOVDQA", Dst: Wx, Src: Vx, Exec: movVec, Feature: FeatSSE2, Attr: Align16},
		Op{Name: "MOVDQU", Dst: Wx, Src: Vx, Exec: movVec, Feature: FeatSSE2},
		Op{}),

	0xae: {By: ByPrefix, Sub: []Op{
		{By: ByMod, Sub: []Op{{By: ByReg, Sub: group15mem}, {By: ByReg, Sub: group15reg}}},
		{By: ByMod, Sub: []Op{{By: ByReg, Sub: group15mem66}, {By: ByReg, Sub: group15reg66}}},
		{By: ByMod, Sub: []Op{{By: ByReg, Sub: group15memF3}, {By: ByReg, Sub: group15regF3}}},
		{By: ByMod, Sub: []Op{{}, {By: ByReg, Sub: group15regF2}}},
	}},

	0xc2: prefixed(
		Op{Name: "CMPPS", Dst: Vx, Src: Wx, Third: Ib, Exec: comparePacked(simd.Single, 7), Feature: FeatSSE, Attr: RMW | Align16},
		Op{Name: "CMPPD", Dst: Vx, Src: Wx, Third: Ib, Exec: comparePacked(simd.Double, 7), Feature: FeatSSE2, Attr: RMW | Align16},
		Op{Name: "CMPSS", Dst: Vd, Src: Wd, Third: Ib, Exec: compareScalar(simd.Single, 7), Feature: FeatSSE, Attr: RMW},
		Op{Name: "CMPSD", Dst: Vq, Src: Wq, Third: Ib, Exec: compareScalar(simd.Double, 7), Feature: FeatSSE2, Attr: RMW}),
	0xc3: prefixed(Op{Name: "MOVNTI", Dst: My, Src: Gy, Exec: movnti, Feature: FeatSSE2}, Op{}, Op{}, Op{}),
	0xc4: prefixed(
		Op{Name: "PINSRW", Dst: Pq, Src: EdMw, Third: Ib, Exec: pinsrw, Feature: FeatSSE, Attr: RMW},
		Op{Name: "PINSRW", Dst: Vx, Src: EdMw, Third: Ib, Exec: pinsrw, Feature: FeatSSE2, Attr: RMW},
		Op{}, Op{}),
	0xc5: prefixed(
		Op{Name: "PEXTRW", Dst: Gd, Src: Nq, Third: Ib, Exec: pextrw, Feature: FeatSSE},
		Op{Name: "PEXTRW", Dst: Gd, Src: Ux, Third: Ib, Exec: pextrw, Feature: FeatSSE2},
		Op{}, Op{}),
	0xc6: prefixed(
		Op{Name: "SHUFPS", Dst: Vx, Src: Wx, Third: Ib, Exec: vectorImm(simd.ShufPS), Feature: FeatSSE, Attr: RMW | Align16},
		Op{Name: "SHUFPD", Dst: Vx, Src: Wx, Third: Ib, Exec: vectorImm(simd.ShufPD), Feature: FeatSSE2, Attr: RMW | Align16},
		Op{}, Op{}),

	0xd0: pdPS("ADDSUB", addSub(simd.Double), addSub(simd.Single)),
	0xd1: mmxSSE("PSRLW", FeatMMX, shift(simd.PSrlW)),
	0xd2: mmxSSE("PSRLD", FeatMMX, shift(simd.PSrlD)),
	0xd3: mmxSSE("PSRLQ", FeatMMX, shift(simd.PSrlQ)),
	0xd4: mmxSSE("PADDQ", FeatSSE2, lanes(simd.PAddQ)),
	0xd5: mmxSSE("PMULLW", FeatMMX, lanes(simd.PMulLW)),
	0xd6: prefixed(Op{},
		Op{Name: "MOVQ", Dst: Wq, Src: Vq, Exec: movqVec, Feature: FeatSSE2},
		Op{Name: "MOVQ2DQ", Dst: Vx, Src: Nq, Exec: movq2dq, Feature: FeatSSE2},
		Op{Name: "MOVDQ2Q", Dst: Pq, Src: Uq, Exec: movdq2q, Feature: FeatSSE2}),
	0xd7: prefixed(
		Op{Name: "PMOVMSKB", Dst: Gd, Src: Nq, Exec: pmovmskb, Feature: FeatSSE},
		Op{Name: "PMOVMSKB", Dst: Gd, Src: Ux, Exec: pmovmskb, Feature: FeatSSE2},
		Op{}, Op{}),
	0xd8: mmxSSE("PSUBUSB", FeatMMX, lanes(simd.PSubUSB)),
	0xd9: mmxSSE("PSUBUSW", FeatMMX, lanes(simd.PSubUSW)),
	0xda: mmxSSE("PMINUB", FeatSSE, lanes(simd.PMinUB)),
	0xdb: mmxSSE("PAND", FeatMMX, lanes(simd.PAnd)),
	0xdc: mmxSSE("PADDUSB", FeatMMX, lanes(simd.PAddUSB)),
	0xdd: mmxSSE("PADDUSW", FeatMMX, lanes(simd.PAddUSW)),
	0xde: mmxSSE("PMAXUB", FeatSSE, lanes(simd.PMaxUB)),
	0xdf: mmxSSE("PANDN", FeatMMX, lanes(simd.PAndN)),
	0xe0: mmxSSE("PAVGB", FeatSSE, lanes(simd.PAvgB)),
	0xe1: mmxSSE("PSRAW", FeatMMX, shift(simd.PSraW)),
	0xe2: mmxSSE("PSRAD", FeatMMX, shift(simd.PSraD)),
	0xe3: mmxSSE("PAVGW", FeatSSE, lanes(simd.PAvgW)),
	0xe4: mmxSSE("PMULHUW", FeatSSE, lanes(simd.PMulHUW)),
	0xe5: mmxSSE("PMULHW", FeatMMX, lanes(simd.PMulHW)),
	0xe6: prefixed(Op{},
		Op{Name: "CVTTPD2DQ", Dst: Vx, Src: Wx, Exec: cvt2dq(simd.Double, simd.Format.ToIntTruncated), Feature: FeatSSE2, Attr: Align16},
		Op{Name: "CVTDQ2PD", Dst: Vx, Src: Wq, Exec: cvtdq2(simd.Double), Feature: FeatSSE2},
		Op{Name: "CVTPD2DQ", Dst: Vx, Src: Wx, Exec: cvt2dq(simd.Double, simd.Format.ToInt), Feature: FeatSSE2, Attr: Align16}),
	0xe7: prefixed(
		Op{Name: "MOVNTQ", Dst: Mq, Src: Pq, Exec: movqMMX, Feature: FeatSSE},
		Op{Name: "MOVNTDQ", Dst: Mx, Src: Vx, Exec: movVec, Feature: FeatSSE2, Attr: Align16},
		Op{}, Op{}),
	0xe8: mmxSSE("PSUBSB", FeatMMX, lanes(simd.PSubSB)),
	0xe9: mmxSSE("PSUBSW", FeatMMX, lanes(simd.PSubSW)),
	0xea: mmxSSE("PMINSW", FeatSSE, lanes(simd.PMinSW)),
	0xeb: mmxSSE("POR", FeatMMX, lanes(simd.POr)),
	0xec: mmxSSE("PADDSB", FeatMMX, lanes(simd.PAddSB)),
	0xed: mmxSSE("PADDSW", FeatMMX, lanes(simd.PAddSW)),
	0xee: mmxSSE("PMAXSW", FeatSSE, lanes(simd.PMaxSW)),
	0xef: mmxSSE("PXOR", FeatMMX, lanes(simd.PXor)),
	0xf0: prefixed(Op{}, Op{}, Op{}, Op{Name: "LDDQU", Dst: Vx, Src: Mx, Exec: movVec, Feature: FeatSSE3}),
	0xf1: mmxSSE("PSLLW", FeatMMX, shift(simd.PSllW)),
	0xf2: mmxSSE("PSLLD", FeatMMX, shift(simd.PSllD)),
	0xf3: mmxSSE("PSLLQ", FeatMMX, shift(simd.PSllQ)),
	0xf4: mmxSSE("PMULUDQ", FeatSSE2, lanes(simd.PMulUDQ)),
	0xf5: mmxSSE("PMADDWD", FeatMMX, lanes(simd.PMAddWD)),
	0xf6: mmxSSE("PSADBW", FeatSSE, lanes(simd.PSadBW)),
	0xf7: prefixed(
		Op{Name: "MASKMOVQ", Dst: Pq, Src: Nq, Exec: maskmov, Feature: FeatSSE},
		Op{Name: "MASKMOVDQU", Dst: Vx, Src: Ux, Exec: maskmov, Feature: FeatSSE2},
		Op{}, Op{}),
	0xf8: mmxSSE("PSUBB", FeatMMX, lanes(simd.PSubB)),
	0xf9: mmxSSE("PSUBW", FeatMMX, lanes(simd.PSubW)),
	0xfa: mmxSSE("PSUBD", FeatMMX, lanes(simd.PSubD)),
	0xfb: mmxSSE("PSUBQ", FeatSSE2, lanes(simd.PSubQ)),
	0xfc: mmxSSE("PADDB", FeatMMX, lanes(simd.PAddB)),
	0xfd: mmxSSE("PADDW", FeatMMX, lanes(simd.PAddW)),
	0xfe: mmxSSE("PADDD", FeatMMX, lanes(simd.PAddD)),
}

// group15mem is 0F AE without mandatory prefix and with a memory operand.
var group15mem = []Op{
	{Name: "FXSAVE", Dst: M, Exec: fxsave, Feature: FeatFXSR, Attr: Vec},
	{Name: "FXRSTOR", Src: M, Exec: fxrstor, Feature: FeatFXSR, Attr: Vec},
	{Name: "LDMXCSR", Src: Md, Exec: ldmxcsr, Feature: FeatSSE, Attr: Vec},
	{Name: "STMXCSR", Dst: Md, Exec: stmxcsr, Feature: FeatSSE, Attr: Vec},
	{Name: "XSAVE", Dst: M, Exec: xsave, Feature: FeatXSAVE, Attr: Vec},
	{Name: "XRSTOR", Src: M, Exec: xrstor, Feature: FeatXSAVE, Attr: Vec | Ends},
	{Name: "XSAVEOPT", Dst: M, Exec: xsaveopt, Feature: FeatXSAVEOPT, Attr: Vec},
	{Name: "CLFLUSH", Dst: Mb, Exec: clflush, Feature: FeatCLFLUSH, Attr: Vec},
}

// group15reg is 0F AE without mandatory prefix and with ModRM.mod = 3.
var group15reg = []Op{
	5: {Name: "LFENCE", Exec: noEffect, Feature: FeatSSE2, Attr: Vec},
	6: {Name: "MFENCE", Exec: noEffect, Feature: FeatSSE2, Attr: Vec},
	7: {Name: "SFENCE", Exec: noEffect, Feature: FeatSSE, Attr: Vec},
}

// group15mem66 is 0F AE with 66 and a memory operand.
var group15mem66 = []Op{
	6: {Name: "CLWB", Dst: Mb, Exec: clflush, Feature: FeatCLWB, Attr: Vec},
	7: {Name: "CLFLUSHOPT", Dst: Mb, Exec: clflush, Feature: FeatCLFLUSHOPT, Attr: Vec},
}

// group15reg66 is 0F AE with 66 and ModRM.mod = 3.
var group15reg66 = []Op{
	6: {Name: "TPAUSE", Dst: Ed, Feature: FeatNever, Attr: Vec},
	7: {},
}

// group15memF3 is 0F AE with F3 and a memory operand.
var group15memF3 = []Op{
	4: {Name: "PTWRITE", Src: Ey, Feature: FeatNever, Attr: Vec},
	6: {Name: "CLRSSBSY", Dst: Mq, Feature: FeatNever, Attr: Vec},
	7: {},
}

// group15regF3 is 0F AE with F3 and ModRM.mod = 3.
var group15regF3 = []Op{
	0: groupAEreg[0],
	1: groupAEreg[1],
	2: groupAEreg[2],
	3: groupAEreg[3],
	4: {Name: "PTWRITE", Src: Ey, Feature: FeatNever, Attr: Vec},
	5: {Name: "INCSSP", Src: Ey, Feature: FeatNever, Attr: Vec},
	6: {Name: "UMONITOR", Src: Ev, Feature: FeatNever, Attr: Vec},
	7: {},
}

// group15regF2 is 0F AE with F2 and ModRM.mod = 3.
var group15regF2 = []Op{
	6: {Name: "UMWAIT", Src: Ed, Feature: FeatNever, Attr: Vec},
	7: {},
}
