package cpu

import "github.com/glassbox-vm/glassbox/cpu/simd"

// vex0F is the opcodes after VEX.mmmmm = 1.
//
// SDM Vol. 2D, "Opcode Map", rows with a v before the mnemonic.
var vex0F = [256]Op{
	0x10: vexed(
		Op{Name: "VMOVUPS", Dst: Vx, Src: Wx, Exec: vmovVec, Feature: FeatAVX},
		Op{Name: "VMOVUPD", Dst: Vx, Src: Wx, Exec: vmovVec, Feature: FeatAVX},
		Op{By: ByMod, Sub: []Op{{Name: "VMOVSS", Dst: Vd, Src: Wd, Exec: vmovScalar, Feature: FeatAVX}, {Name: "VMOVSS", Dst: Vx, Src: Hx, Third: Wd, Exec: vmovMerge, Feature: FeatAVX}}},
		Op{By: ByMod, Sub: []Op{{Name: "VMOVSD", Dst: Vq, Src: Wq, Exec: vmovScalar, Feature: FeatAVX}, {Name: "VMOVSD", Dst: Vx, Src: Hx, Third: Wq, Exec: vmovMerge, Feature: FeatAVX}}}),
	0x11: vexed(
		Op{Name: "VMOVUPS", Dst: Wx, Src: Vx, Exec: vmovVec, Feature: FeatAVX},
		Op{Name: "VMOVUPD", Dst: Wx, Src: Vx, Exec: vmovVec, Feature: FeatAVX},
		Op{By: ByMod, Sub: []Op{{Name: "VMOVSS", Dst: Wd, Src: Vd, Exec: vmovScalar, Feature: FeatAVX}, {Name: "VMOVSS", Dst: Wd, Src: Hx, Third: Vx, Exec: vmovMerge, Feature: FeatAVX}}},
		Op{By: ByMod, Sub: []Op{{Name: "VMOVSD", Dst: Wq, Src: Vq, Exec: vmovScalar, Feature: FeatAVX}, {Name: "VMOVSD", Dst: Wq, Src: Hx, Third: Vx, Exec: vmovMerge, Feature: FeatAVX}}}),
	0x12: vexed(
		Op{By: ByMod, Sub: []Op{only128(Op{Name: "VMOVLPS", Dst: Vx, Src: Hx, Third: Mq, Exec: movToHalf(0, 0), Feature: FeatAVX}), only128(Op{Name: "VMOVHLPS", Dst: Vx, Src: Hx, Third: Uq, Exec: movToHalf(0, 1), Feature: FeatAVX})}},
		only128(Op{Name: "VMOVLPD", Dst: Vx, Src: Hx, Third: Mq, Exec: movToHalf(0, 0), Feature: FeatAVX}),
		two("VMOVSLDUP", FeatAVX, FeatAVX, vector(movsldup)),
		Op{By: ByL, Sub: []Op{{Name: "VMOVDDUP", Dst: Vx, Src: Wq, Exec: vector(movddup), Feature: FeatAVX}, {Name: "VMOVDDUP", Dst: Vx, Src: Wx, Exec: vector(movddup), Feature: FeatAVX}}}),
	0x13: vexed(
		only128(Op{Name: "VMOVLPS", Dst: Mq, Src: Vx, Exec: movFromHalf(0), Feature: FeatAVX}),
		only128(Op{Name: "VMOVLPD", Dst: Mq, Src: Vx, Exec: movFromHalf(0), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x14: vexed(
		nds("VUNPCKLPS", FeatAVX, FeatAVX, unpackLow(simd.PUnpckLDQ, simd.PUnpckHDQ)),
		nds("VUNPCKLPD", FeatAVX, FeatAVX, vector(punpcklqdq)),
		Op{},
		Op{}),
	0x15: vexed(
		nds("VUNPCKHPS", FeatAVX, FeatAVX, unpackHigh(simd.PUnpckLDQ, simd.PUnpckHDQ)),
		nds("VUNPCKHPD", FeatAVX, FeatAVX, vector(punpckhqdq)),
		Op{},
		Op{}),
	0x16: vexed(
		Op{By: ByMod, Sub: []Op{only128(Op{Name: "VMOVHPS", Dst: Vx, Src: Hx, Third: Mq, Exec: movToHalf(1, 0), Feature: FeatAVX}), only128(Op{Name: "VMOVLHPS", Dst: Vx, Src: Hx, Third: Uq, Exec: movToHalf(1, 0), Feature: FeatAVX})}},
		only128(Op{Name: "VMOVHPD", Dst: Vx, Src: Hx, Third: Mq, Exec: movToHalf(1, 0), Feature: FeatAVX}),
		two("VMOVSHDUP", FeatAVX, FeatAVX, vector(movshdup)),
		Op{}),
	0x17: vexed(
		only128(Op{Name: "VMOVHPS", Dst: Mq, Src: Vx, Exec: movFromHalf(1), Feature: FeatAVX}),
		only128(Op{Name: "VMOVHPD", Dst: Mq, Src: Vx, Exec: movFromHalf(1), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x28: vexed(
		Op{Name: "VMOVAPS", Dst: Vx, Src: Wx, Exec: vmovVec, Feature: FeatAVX, Attr: Align16},
		Op{Name: "VMOVAPD", Dst: Vx, Src: Wx, Exec: vmovVec, Feature: FeatAVX, Attr: Align16},
		Op{},
		Op{}),
	0x29: vexed(
		Op{Name: "VMOVAPS", Dst: Wx, Src: Vx, Exec: vmovVec, Feature: FeatAVX, Attr: Align16},
		Op{Name: "VMOVAPD", Dst: Wx, Src: Vx, Exec: vmovVec, Feature: FeatAVX, Attr: Align16},
		Op{},
		Op{}),
	0x2a: vexed(
		Op{},
		Op{},
		Op{Name: "VCVTSI2SS", Dst: Vx, Src: Hx, Third: Ey, Exec: vcvtsi2(simd.Single), Feature: FeatAVX},
		Op{Name: "VCVTSI2SD", Dst: Vx, Src: Hx, Third: Ey, Exec: vcvtsi2(simd.Double), Feature: FeatAVX}),
	0x2b: vexed(
		Op{Name: "VMOVNTPS", Dst: M, Src: Vx, Exec: vmovVec, Feature: FeatAVX, Attr: Align16},
		Op{Name: "VMOVNTPD", Dst: M, Src: Vx, Exec: vmovVec, Feature: FeatAVX, Attr: Align16},
		Op{},
		Op{}),
	0x2c: vexed(
		Op{},
		Op{},
		Op{Name: "VCVTTSS2SI", Dst: Gy, Src: Wd, Exec: cvt2si(simd.Single, simd.Format.ToIntTruncated), Feature: FeatAVX},
		Op{Name: "VCVTTSD2SI", Dst: Gy, Src: Wq, Exec: cvt2si(simd.Double, simd.Format.ToIntTruncated), Feature: FeatAVX}),
	0x2d: vexed(
		Op{},
		Op{},
		Op{Name: "VCVTSS2SI", Dst: Gy, Src: Wd, Exec: cvt2si(simd.Single, simd.Format.ToInt), Feature: FeatAVX},
		Op{Name: "VCVTSD2SI", Dst: Gy, Src: Wq, Exec: cvt2si(simd.Double, simd.Format.ToInt), Feature: FeatAVX}),
	0x2e: vexed(
		Op{Name: "VUCOMISS", Dst: Vd, Src: Wd, Exec: relate(simd.Single, false), Feature: FeatAVX, Writes: status},
		Op{Name: "VUCOMISD", Dst: Vq, Src: Wq, Exec: relate(simd.Double, false), Feature: FeatAVX, Writes: status},
		Op{},
		Op{}),
	0x2f: vexed(
		Op{Name: "VCOMISS", Dst: Vd, Src: Wd, Exec: relate(simd.Single, true), Feature: FeatAVX, Writes: status},
		Op{Name: "VCOMISD", Dst: Vq, Src: Wq, Exec: relate(simd.Double, true), Feature: FeatAVX, Writes: status},
		Op{},
		Op{}),
	0x50: vexed(
		Op{Name: "VMOVMSKPS", Dst: Gd, Src: Ux, Exec: vmovmsk(4), Feature: FeatAVX},
		Op{Name: "VMOVMSKPD", Dst: Gd, Src: Ux, Exec: vmovmsk(8), Feature: FeatAVX},
		Op{},
		Op{}),
	0x51: vexed(
		two("VSQRTPS", FeatAVX, FeatAVX, packed(simd.Single, sqrt)),
		two("VSQRTPD", FeatAVX, FeatAVX, packed(simd.Double, sqrt)),
		Op{Name: "VSQRTSS", Dst: Vx, Src: Hx, Third: Wd, Exec: scalar(simd.Single, sqrt), Feature: FeatAVX},
		Op{Name: "VSQRTSD", Dst: Vx, Src: Hx, Third: Wq, Exec: scalar(simd.Double, sqrt), Feature: FeatAVX}),
	0x52: vexed(
		two("VRSQRTPS", FeatAVX, FeatAVX, packed(simd.Single, estimate(simd.ReciprocalSqrt))),
		Op{},
		Op{Name: "VRSQRTSS", Dst: Vx, Src: Hx, Third: Wd, Exec: scalar(simd.Single, estimate(simd.ReciprocalSqrt)), Feature: FeatAVX},
		Op{}),
	0x53: vexed(
		two("VRCPPS", FeatAVX, FeatAVX, packed(simd.Single, estimate(simd.Reciprocal))),
		Op{},
		Op{Name: "VRCPSS", Dst: Vx, Src: Hx, Third: Wd, Exec: scalar(simd.Single, estimate(simd.Reciprocal)), Feature: FeatAVX},
		Op{}),
	0x54: vexed(
		nds("VANDPS", FeatAVX, FeatAVX, lanes(simd.PAnd)),
		nds("VANDPD", FeatAVX, FeatAVX, lanes(simd.PAnd)),
		Op{},
		Op{}),
	0x55: vexed(
		nds("VANDNPS", FeatAVX, FeatAVX, lanes(simd.PAndN)),
		nds("VANDNPD", FeatAVX, FeatAVX, lanes(simd.PAndN)),
		Op{},
		Op{}),
	0x56: vexed(
		nds("VORPS", FeatAVX, FeatAVX, lanes(simd.POr)),
		nds("VORPD", FeatAVX, FeatAVX, lanes(simd.POr)),
		Op{},
		Op{}),
	0x57: vexed(
		nds("VXORPS", FeatAVX, FeatAVX, lanes(simd.PXor)),
		nds("VXORPD", FeatAVX, FeatAVX, lanes(simd.PXor)),
		Op{},
		Op{}),
	0x58: vexed(
		nds("VADDPS", FeatAVX, FeatAVX, packed(simd.Single, simd.Format.Add)),
		nds("VADDPD", FeatAVX, FeatAVX, packed(simd.Double, simd.Format.Add)),
		Op{Name: "VADDSS", Dst: Vx, Src: Hx, Third: Wd, Exec: scalar(simd.Single, simd.Format.Add), Feature: FeatAVX},
		Op{Name: "VADDSD", Dst: Vx, Src: Hx, Third: Wq, Exec: scalar(simd.Double, simd.Format.Add), Feature: FeatAVX}),
	0x59: vexed(
		nds("VMULPS", FeatAVX, FeatAVX, packed(simd.Single, simd.Format.Mul)),
		nds("VMULPD", FeatAVX, FeatAVX, packed(simd.Double, simd.Format.Mul)),
		Op{Name: "VMULSS", Dst: Vx, Src: Hx, Third: Wd, Exec: scalar(simd.Single, simd.Format.Mul), Feature: FeatAVX},
		Op{Name: "VMULSD", Dst: Vx, Src: Hx, Third: Wq, Exec: scalar(simd.Double, simd.Format.Mul), Feature: FeatAVX}),
	0x5a: vexed(
		widen("VCVTPS2PD", FeatAVX, singlesToDoubles),
		two("VCVTPD2PS", FeatAVX, FeatAVX, narrow(doublesToSingles)),
		Op{Name: "VCVTSS2SD", Dst: Vx, Src: Hx, Third: Wd, Exec: convertScalar(simd.Single, simd.Double), Feature: FeatAVX},
		Op{Name: "VCVTSD2SS", Dst: Vx, Src: Hx, Third: Wq, Exec: convertScalar(simd.Double, simd.Single), Feature: FeatAVX}),
	0x5b: vexed(
		two("VCVTDQ2PS", FeatAVX, FeatAVX, cvtdq2(simd.Single)),
		two("VCVTPS2DQ", FeatAVX, FeatAVX, cvt2dq(simd.Single, simd.Format.ToInt)),
		two("VCVTTPS2DQ", FeatAVX, FeatAVX, cvt2dq(simd.Single, simd.Format.ToIntTruncated)),
		Op{}),
	0x5c: vexed(
		nds("VSUBPS", FeatAVX, FeatAVX, packed(simd.Single, simd.Format.Sub)),
		nds("VSUBPD", FeatAVX, FeatAVX, packed(simd.Double, simd.Format.Sub)),
		Op{Name: "VSUBSS", Dst: Vx, Src: Hx, Third: Wd, Exec: scalar(simd.Single, simd.Format.Sub), Feature: FeatAVX},
		Op{Name: "VSUBSD", Dst: Vx, Src: Hx, Third: Wq, Exec: scalar(simd.Double, simd.Format.Sub), Feature: FeatAVX}),
	0x5d: vexed(
		nds("VMINPS", FeatAVX, FeatAVX, packed(simd.Single, simd.Format.Min)),
		nds("VMINPD", FeatAVX, FeatAVX, packed(simd.Double, simd.Format.Min)),
		Op{Name: "VMINSS", Dst: Vx, Src: Hx, Third: Wd, Exec: scalar(simd.Single, simd.Format.Min), Feature: FeatAVX},
		Op{Name: "VMINSD", Dst: Vx, Src: Hx, Third: Wq, Exec: scalar(simd.Double, simd.Format.Min), Feature: FeatAVX}),
	0x5e: vexed(
		nds("VDIVPS", FeatAVX, FeatAVX, packed(simd.Single, simd.Format.Div)),
		nds("VDIVPD", FeatAVX, FeatAVX, packed(simd.Double, simd.Format.Div)),
		Op{Name: "VDIVSS", Dst: Vx, Src: Hx, Third: Wd, Exec: scalar(simd.Single, simd.Format.Div), Feature: FeatAVX},
		Op{Name: "VDIVSD", Dst: Vx, Src: Hx, Third: Wq, Exec: scalar(simd.Double, simd.Format.Div), Feature: FeatAVX}),
	0x5f: vexed(
		nds("VMAXPS", FeatAVX, FeatAVX, packed(simd.Single, simd.Format.Max)),
		nds("VMAXPD", FeatAVX, FeatAVX, packed(simd.Double, simd.Format.Max)),
		Op{Name: "VMAXSS", Dst: Vx, Src: Hx, Third: Wd, Exec: scalar(simd.Single, simd.Format.Max), Feature: FeatAVX},
		Op{Name: "VMAXSD", Dst: Vx, Src: Hx, Third: Wq, Exec: scalar(simd.Double, simd.Format.Max), Feature: FeatAVX}),
	0x60: vexed(
		Op{},
		nds("VPUNPCKLBW", FeatAVX, FeatAVX2, unpackLow(simd.PUnpckLBW, simd.PUnpckHBW)),
		Op{},
		Op{}),
	0x61: vexed(
		Op{},
		nds("VPUNPCKLWD", FeatAVX, FeatAVX2, unpackLow(simd.PUnpckLWD, simd.PUnpckHWD)),
		Op{},
		Op{}),
	0x62: vexed(
		Op{},
		nds("VPUNPCKLDQ", FeatAVX, FeatAVX2, unpackLow(simd.PUnpckLDQ, simd.PUnpckHDQ)),
		Op{},
		Op{}),
	0x63: vexed(
		Op{},
		nds("VPACKSSWB", FeatAVX, FeatAVX2, folded(simd.PackSSWB)),
		Op{},
		Op{}),
	0x64: vexed(
		Op{},
		nds("VPCMPGTB", FeatAVX, FeatAVX2, lanes(simd.PCmpGtB)),
		Op{},
		Op{}),
	0x65: vexed(
		Op{},
		nds("VPCMPGTW", FeatAVX, FeatAVX2, lanes(simd.PCmpGtW)),
		Op{},
		Op{}),
	0x66: vexed(
		Op{},
		nds("VPCMPGTD", FeatAVX, FeatAVX2, lanes(simd.PCmpGtD)),
		Op{},
		Op{}),
	0x67: vexed(
		Op{},
		nds("VPACKUSWB", FeatAVX, FeatAVX2, folded(simd.PackUSWB)),
		Op{},
		Op{}),
	0x68: vexed(
		Op{},
		nds("VPUNPCKHBW", FeatAVX, FeatAVX2, unpackHigh(simd.PUnpckLBW, simd.PUnpckHBW)),
		Op{},
		Op{}),
	0x69: vexed(
		Op{},
		nds("VPUNPCKHWD", FeatAVX, FeatAVX2, unpackHigh(simd.PUnpckLWD, simd.PUnpckHWD)),
		Op{},
		Op{}),
	0x6a: vexed(
		Op{},
		nds("VPUNPCKHDQ", FeatAVX, FeatAVX2, unpackHigh(simd.PUnpckLDQ, simd.PUnpckHDQ)),
		Op{},
		Op{}),
	0x6b: vexed(
		Op{},
		nds("VPACKSSDW", FeatAVX, FeatAVX2, folded(simd.PackSSDW)),
		Op{},
		Op{}),
	0x6c: vexed(
		Op{},
		nds("VPUNPCKLQDQ", FeatAVX, FeatAVX2, vector(punpcklqdq)),
		Op{},
		Op{}),
	0x6d: vexed(
		Op{},
		nds("VPUNPCKHQDQ", FeatAVX, FeatAVX2, vector(punpckhqdq)),
		Op{},
		Op{}),
	0x6e: vexed(
		Op{},
		only128(Op{Name: "VMOVD", Dst: Vx, Src: Ey, Exec: vmovd, Feature: FeatAVX}),
		Op{},
		Op{}),
	0x6f: vexed(
		Op{},
		Op{Name: "VMOVDQA", Dst: Vx, Src: Wx, Exec: vmovVec, Feature: FeatAVX, Attr: Align16},
		Op{Name: "VMOVDQU", Dst: Vx, Src: Wx, Exec: vmovVec, Feature: FeatAVX},
		Op{}),
	0x70: vexed(
		Op{},
		twoImm("VPSHUFD", FeatAVX, FeatAVX2, vectorImm(pshufd)),
		twoImm("VPSHUFHW", FeatAVX, FeatAVX2, vectorImm(pshufhw)),
		twoImm("VPSHUFLW", FeatAVX, FeatAVX2, vectorImm(pshuflw))),
	0x71: vexed(
		Op{},
		Op{By: ByReg, Sub: []Op{
			2: shiftVEX("VPSRLW", shiftAll(simd.PSrlW)),
			4: shiftVEX("VPSRAW", shiftAll(simd.PSraW)),
			6: shiftVEX("VPSLLW", shiftAll(simd.PSllW)),
			7: {},
		}},
		Op{},
		Op{}),
	0x72: vexed(
		Op{},
		Op{By: ByReg, Sub: []Op{
			2: shiftVEX("VPSRLD", shiftAll(simd.PSrlD)),
			4: shiftVEX("VPSRAD", shiftAll(simd.PSraD)),
			6: shiftVEX("VPSLLD", shiftAll(simd.PSllD)),
			7: {},
		}},
		Op{},
		Op{}),
	0x73: vexed(
		Op{},
		Op{By: ByReg, Sub: []Op{
			2: shiftVEX("VPSRLQ", shiftAll(simd.PSrlQ)),
			3: shiftVEX("VPSRLDQ", simd.ShiftBytesRight),
			6: shiftVEX("VPSLLQ", shiftAll(simd.PSllQ)),
			7: shiftVEX("VPSLLDQ", simd.ShiftBytesLeft),
		}},
		Op{},
		Op{}),
	0x74: vexed(
		Op{},
		nds("VPCMPEQB", FeatAVX, FeatAVX2, lanes(simd.PCmpEqB)),
		Op{},
		Op{}),
	0x75: vexed(
		Op{},
		nds("VPCMPEQW", FeatAVX, FeatAVX2, lanes(simd.PCmpEqW)),
		Op{},
		Op{}),
	0x76: vexed(
		Op{},
		nds("VPCMPEQD", FeatAVX, FeatAVX2, lanes(simd.PCmpEqD)),
		Op{},
		Op{}),
	0x77: vexed(
		Op{By: ByL, Sub: []Op{{Name: "VZEROUPPER", Exec: vzeroupper, Feature: FeatAVX}, {Name: "VZEROALL", Exec: vzeroall, Feature: FeatAVX}}},
		Op{},
		Op{},
		Op{}),
	0x7c: vexed(
		Op{},
		nds("VHADDPD", FeatAVX, FeatAVX, horizontal(simd.Double, simd.Format.Add)),
		Op{},
		nds("VHADDPS", FeatAVX, FeatAVX, horizontal(simd.Single, simd.Format.Add))),
	0x7d: vexed(
		Op{},
		nds("VHSUBPD", FeatAVX, FeatAVX, horizontal(simd.Double, simd.Format.Sub)),
		Op{},
		nds("VHSUBPS", FeatAVX, FeatAVX, horizontal(simd.Single, simd.Format.Sub))),
	0x7e: vexed(
		Op{},
		only128(Op{Name: "VMOVD", Dst: Ey, Src: Vx, Exec: movdFromXMM, Feature: FeatAVX}),
		only128(Op{Name: "VMOVQ", Dst: Vq, Src: Wq, Exec: vmovScalar, Feature: FeatAVX}),
		Op{}),
	0x7f: vexed(
		Op{},
		Op{Name: "VMOVDQA", Dst: Wx, Src: Vx, Exec: vmovVec, Feature: FeatAVX, Attr: Align16},
		Op{Name: "VMOVDQU", Dst: Wx, Src: Vx, Exec: vmovVec, Feature: FeatAVX},
		Op{}),
	0xae: vexed(
		Op{By: ByReg, Sub: []Op{2: only128(Op{Name: "VLDMXCSR", Src: Md, Exec: ldmxcsr, Feature: FeatAVX}), 3: only128(Op{Name: "VSTMXCSR", Dst: Md, Exec: stmxcsr, Feature: FeatAVX}), 7: {}}},
		Op{},
		Op{},
		Op{}),
	0xc2: vexed(
		withImm("VCMPPS", FeatAVX, FeatAVX, comparePacked(simd.Single, 31)),
		withImm("VCMPPD", FeatAVX, FeatAVX, comparePacked(simd.Double, 31)),
		Op{Name: "VCMPSS", Dst: Vx, Src: Wd, Third: Ib, Exec: compareScalar(simd.Single, 31), Feature: FeatAVX, Attr: NDS},
		Op{Name: "VCMPSD", Dst: Vx, Src: Wq, Third: Ib, Exec: compareScalar(simd.Double, 31), Feature: FeatAVX, Attr: NDS}),
	0xc4: vexed(
		Op{},
		only128(Op{Name: "VPINSRW", Dst: Vx, Src: EdMw, Third: Ib, Exec: vinsert(2), Feature: FeatAVX, Attr: NDS}),
		Op{},
		Op{}),
	0xc5: vexed(
		Op{},
		only128(Op{Name: "VPEXTRW", Dst: Gd, Src: Ux, Third: Ib, Exec: pextrw, Feature: FeatAVX}),
		Op{},
		Op{}),
	0xc6: vexed(
		withImm("VSHUFPS", FeatAVX, FeatAVX, vectorImm(simd.ShufPS)),
		withImm("VSHUFPD", FeatAVX, FeatAVX, avxImm(2, simd.ShufPD)),
		Op{},
		Op{}),
	0xd0: vexed(
		Op{},
		nds("VADDSUBPD", FeatAVX, FeatAVX, addSub(simd.Double)),
		Op{},
		nds("VADDSUBPS", FeatAVX, FeatAVX, addSub(simd.Single))),
	0xd1: vexed(
		Op{},
		nds("VPSRLW", FeatAVX, FeatAVX2, vshift(simd.PSrlW)),
		Op{},
		Op{}),
	0xd2: vexed(
		Op{},
		nds("VPSRLD", FeatAVX, FeatAVX2, vshift(simd.PSrlD)),
		Op{},
		Op{}),
	0xd3: vexed(
		Op{},
		nds("VPSRLQ", FeatAVX, FeatAVX2, vshift(simd.PSrlQ)),
		Op{},
		Op{}),
	0xd4: vexed(
		Op{},
		nds("VPADDQ", FeatAVX, FeatAVX2, lanes(simd.PAddQ)),
		Op{},
		Op{}),
	0xd5: vexed(
		Op{},
		nds("VPMULLW", FeatAVX, FeatAVX2, lanes(simd.PMulLW)),
		Op{},
		Op{}),
	0xd6: vexed(
		Op{},
		only128(Op{Name: "VMOVQ", Dst: Wq, Src: Vq, Exec: vmovScalar, Feature: FeatAVX}),
		Op{},
		Op{}),
	0xd7: vexed(
		Op{},
		Op{Name: "VPMOVMSKB", Dst: Gd, Src: Ux, Exec: vmovmsk(1), Feature: FeatAVX},
		Op{},
		Op{}),
	0xd8: vexed(
		Op{},
		nds("VPSUBUSB", FeatAVX, FeatAVX2, lanes(simd.PSubUSB)),
		Op{},
		Op{}),
	0xd9: vexed(
		Op{},
		nds("VPSUBUSW", FeatAVX, FeatAVX2, lanes(simd.PSubUSW)),
		Op{},
		Op{}),
	0xda: vexed(
		Op{},
		nds("VPMINUB", FeatAVX, FeatAVX2, lanes(simd.PMinUB)),
		Op{},
		Op{}),
	0xdb: vexed(
		Op{},
		nds("VPAND", FeatAVX, FeatAVX2, lanes(simd.PAnd)),
		Op{},
		Op{}),
	0xdc: vexed(
		Op{},
		nds("VPADDUSB", FeatAVX, FeatAVX2, lanes(simd.PAddUSB)),
		Op{},
		Op{}),
	0xdd: vexed(
		Op{},
		nds("VPADDUSW", FeatAVX, FeatAVX2, lanes(simd.PAddUSW)),
		Op{},
		Op{}),
	0xde: vexed(
		Op{},
		nds("VPMAXUB", FeatAVX, FeatAVX2, lanes(simd.PMaxUB)),
		Op{},
		Op{}),
	0xdf: vexed(
		Op{},
		nds("VPANDN", FeatAVX, FeatAVX2, lanes(simd.PAndN)),
		Op{},
		Op{}),
	0xe0: vexed(
		Op{},
		nds("VPAVGB", FeatAVX, FeatAVX2, lanes(simd.PAvgB)),
		Op{},
		Op{}),
	0xe1: vexed(
		Op{},
		nds("VPSRAW", FeatAVX, FeatAVX2, vshift(simd.PSraW)),
		Op{},
		Op{}),
	0xe2: vexed(
		Op{},
		nds("VPSRAD", FeatAVX, FeatAVX2, vshift(simd.PSraD)),
		Op{},
		Op{}),
	0xe3: vexed(
		Op{},
		nds("VPAVGW", FeatAVX, FeatAVX2, lanes(simd.PAvgW)),
		Op{},
		Op{}),
	0xe4: vexed(
		Op{},
		nds("VPMULHUW", FeatAVX, FeatAVX2, lanes(simd.PMulHUW)),
		Op{},
		Op{}),
	0xe5: vexed(
		Op{},
		nds("VPMULHW", FeatAVX, FeatAVX2, lanes(simd.PMulHW)),
		Op{},
		Op{}),
	0xe6: vexed(
		Op{},
		two("VCVTTPD2DQ", FeatAVX, FeatAVX, narrow(doublesTruncated)),
		widen("VCVTDQ2PD", FeatAVX, integersToDoubles),
		two("VCVTPD2DQ", FeatAVX, FeatAVX, narrow(doublesToIntegers))),
	0xe7: vexed(
		Op{},
		Op{Name: "VMOVNTDQ", Dst: M, Src: Vx, Exec: vmovVec, Feature: FeatAVX, Attr: Align16},
		Op{},
		Op{}),
	0xe8: vexed(
		Op{},
		nds("VPSUBSB", FeatAVX, FeatAVX2, lanes(simd.PSubSB)),
		Op{},
		Op{}),
	0xe9: vexed(
		Op{},
		nds("VPSUBSW", FeatAVX, FeatAVX2, lanes(simd.PSubSW)),
		Op{},
		Op{}),
	0xea: vexed(
		Op{},
		nds("VPMINSW", FeatAVX, FeatAVX2, lanes(simd.PMinSW)),
		Op{},
		Op{}),
	0xeb: vexed(
		Op{},
		nds("VPOR", FeatAVX, FeatAVX2, lanes(simd.POr)),
		Op{},
		Op{}),
	0xec: vexed(
		Op{},
		nds("VPADDSB", FeatAVX, FeatAVX2, lanes(simd.PAddSB)),
		Op{},
		Op{}),
	0xed: vexed(
		Op{},
		nds("VPADDSW", FeatAVX, FeatAVX2, lanes(simd.PAddSW)),
		Op{},
		Op{}),
	0xee: vexed(
		Op{},
		nds("VPMAXSW", FeatAVX, FeatAVX2, lanes(simd.PMaxSW)),
		Op{},
		Op{}),
	0xef: vexed(
		Op{},
		nds("VPXOR", FeatAVX, FeatAVX2, lanes(simd.PXor)),
		Op{},
		Op{}),
	0xf0: vexed(
		Op{},
		Op{},
		Op{},
		Op{Name: "VLDDQU", Dst: Vx, Src: Wx, Exec: vmovVec, Feature: FeatAVX, Attr: NoReg}),
	0xf1: vexed(
		Op{},
		nds("VPSLLW", FeatAVX, FeatAVX2, vshift(simd.PSllW)),
		Op{},
		Op{}),
	0xf2: vexed(
		Op{},
		nds("VPSLLD", FeatAVX, FeatAVX2, vshift(simd.PSllD)),
		Op{},
		Op{}),
	0xf3: vexed(
		Op{},
		nds("VPSLLQ", FeatAVX, FeatAVX2, vshift(simd.PSllQ)),
		Op{},
		Op{}),
	0xf4: vexed(
		Op{},
		nds("VPMULUDQ", FeatAVX, FeatAVX2, lanes(simd.PMulUDQ)),
		Op{},
		Op{}),
	0xf5: vexed(
		Op{},
		nds("VPMADDWD", FeatAVX, FeatAVX2, lanes(simd.PMAddWD)),
		Op{},
		Op{}),
	0xf6: vexed(
		Op{},
		nds("VPSADBW", FeatAVX, FeatAVX2, lanes(simd.PSadBW)),
		Op{},
		Op{}),
	0xf7: vexed(
		Op{},
		only128(Op{Name: "VMASKMOVDQU", Dst: Vx, Src: Ux, Exec: maskmov, Feature: FeatAVX}),
		Op{},
		Op{}),
	0xf8: vexed(
		Op{},
		nds("VPSUBB", FeatAVX, FeatAVX2, lanes(simd.PSubB)),
		Op{},
		Op{}),
	0xf9: vexed(
		Op{},
		nds("VPSUBW", FeatAVX, FeatAVX2, lanes(simd.PSubW)),
		Op{},
		Op{}),
	0xfa: vexed(
		Op{},
		nds("VPSUBD", FeatAVX, FeatAVX2, lanes(simd.PSubD)),
		Op{},
		Op{}),
	0xfb: vexed(
		Op{},
		nds("VPSUBQ", FeatAVX, FeatAVX2, lanes(simd.PSubQ)),
		Op{},
		Op{}),
	0xfc: vexed(
		Op{},
		nds("VPADDB", FeatAVX, FeatAVX2, lanes(simd.PAddB)),
		Op{},
		Op{}),
	0xfd: vexed(
		Op{},
		nds("VPADDW", FeatAVX, FeatAVX2, lanes(simd.PAddW)),
		Op{},
		Op{}),
	0xfe: vexed(
		Op{},
		nds("VPADDD", FeatAVX, FeatAVX2, lanes(simd.PAddD)),
		Op{},
		Op{}),
}
