package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// ssse3 is an SSSE3 instruction: an MMX form, and an XMM form with prefix 66.
func ssse3(name string, exec Exec) Op {
	op := mmxSSE(name, FeatSSSE3, exec)
	op.Sub[1].Feature = FeatSSSE3
	return op
}

// only66 is an instruction that exists with prefix 66 only, with a source src.
func only66(name string, f Feature, src Operand, exec Exec) Op {
	op := Op{Name: name, Dst: Vx, Src: src, Exec: exec, Feature: f}
	if src == Wx {
		op.Attr |= Align16
	}
	return prefixed(Op{}, op, Op{}, Op{})
}

// onlyNone is an XMM instruction without mandatory prefix.
func onlyNone(name string, f Feature, exec Exec) Op {
	return prefixed(Op{Name: name, Dst: Vx, Src: Wx, Exec: exec, Feature: f, Attr: Align16}, Op{}, Op{}, Op{})
}

// imm66 is only66 with an immediate byte.
func imm66(name string, f Feature, src Operand, exec Exec) Op {
	op := only66(name, f, src, exec)
	op.Sub[1].Third = Ib
	return op
}

// map0F38 is SDM Vol. 2D, "Three-byte Opcode Map: First Two Bytes are 0F 38H".
var map0F38 = [256]Op{
	0x00: ssse3("PSHUFB", either(simd.PShufB64, simd.PShufB)),
	0x01: ssse3("PHADDW", folded(simd.PHAddW)),
	0x02: ssse3("PHADDD", folded(simd.PHAddD)),
	0x03: ssse3("PHADDSW", folded(simd.PHAddSW)),
	0x04: ssse3("PMADDUBSW", lanes(simd.PMAddUBSW)),
	0x05: ssse3("PHSUBW", folded(simd.PHSubW)),
	0x06: ssse3("PHSUBD", folded(simd.PHSubD)),
	0x07: ssse3("PHSUBSW", folded(simd.PHSubSW)),
	0x08: ssse3("PSIGNB", lanes(simd.PSignB)),
	0x09: ssse3("PSIGNW", lanes(simd.PSignW)),
	0x0a: ssse3("PSIGND", lanes(simd.PSignD)),
	0x0b: ssse3("PMULHRSW", lanes(simd.PMulHRSW)),
	0x10: only66("PBLENDVB", FeatSSE41, Wx, blendVar(1)),
	0x14: only66("BLENDVPS", FeatSSE41, Wx, blendVar(4)),
	0x15: only66("BLENDVPD", FeatSSE41, Wx, blendVar(8)),
	0x17: prefixed(Op{}, Op{Name: "PTEST", Dst: Vx, Src: Wx, Exec: ptest, Feature: FeatSSE41, Attr: Align16, Writes: status}, Op{}, Op{}),
	0x1c: ssse3("PABSB", lanes(simd.PAbsB)),
	0x1d: ssse3("PABSW", lanes(simd.PAbsW)),
	0x1e: ssse3("PABSD", lanes(simd.PAbsD)),

	0x20: only66("PMOVSXBW", FeatSSE41, Wq, extend(1, 2, true)),
	0x21: only66("PMOVSXBD", FeatSSE41, Wd, extend(1, 4, true)),
	0x22: only66("PMOVSXBQ", FeatSSE41, Ww, extend(1, 8, true)),
	0x23: only66("PMOVSXWD", FeatSSE41, Wq, extend(2, 4, true)),
	0x24: only66("PMOVSXWQ", FeatSSE41, Wd, extend(2, 8, true)),
	0x25: only66("PMOVSXDQ", FeatSSE41, Wq, extend(4, 8, true)),
	0x28: only66("PMULDQ", FeatSSE41, Wx, lanes(simd.PMulDQ)),
	0x29: only66("PCMPEQQ", FeatSSE41, Wx, lanes(simd.PCmpEqQ)),
	0x2a: prefixed(Op{}, Op{Name: "MOVNTDQA", Dst: Vx, Src: Mx, Exec: movVec, Feature: FeatSSE41, Attr: Align16}, Op{}, Op{}),
	0x2b: only66("PACKUSDW", FeatSSE41, Wx, folded(simd.PackUSDW)),
	0x30: only66("PMOVZXBW", FeatSSE41, Wq, extend(1, 2, false)),
	0x31: only66("PMOVZXBD", FeatSSE41, Wd, extend(1, 4, false)),
	0x32: only66("PMOVZXBQ", FeatSSE41, Ww, extend(1, 8, false)),
	0x33: only66("PMOVZXWD", FeatSSE41, Wq, extend(2, 4, false)),
	0x34: only66("PMOVZXWQ", FeatSSE41, Wd, extend(2, 8, false)),
	0x35: only66("PMOVZXDQ", FeatSSE41, Wq, extend(4, 8, false)),
	0x37: only66("PCMPGTQ", FeatSSE42, Wx, lanes(simd.PCmpGtQ)),
	0x38: only66("PMINSB", FeatSSE41, Wx, lanes(simd.PMinSB)),
	0x39: only66("PMINSD", FeatSSE41, Wx, lanes(simd.PMinSD)),
	0x3a: only66("PMINUW", FeatSSE41, Wx, lanes(simd.PMinUW)),
	0x3b: only66("PMINUD", FeatSSE41, Wx, lanes(simd.PMinUD)),
	0x3c: only66("PMAXSB", FeatSSE41, Wx, lanes(simd.PMaxSB)),
	0x3d: only66("PMAXSD", FeatSSE41, Wx, lanes(simd.PMaxSD)),
	0x3e: only66("PMAXUW", FeatSSE41, Wx, lanes(simd.PMaxUW)),
	0x3f: only66("PMAXUD", FeatSSE41, Wx, lanes(simd.PMaxUD)),
	0x40: only66("PMULLD", FeatSSE41, Wx, lanes(simd.PMulLD)),
	0x41: only66("PHMINPOSUW", FeatSSE41, Wx, vector(phminposuw)),

	0x80: prefixed(Op{}, Op{Name: "INVEPT", Dst: Gy, Src: M, Feature: FeatNever, Mode: NotReal}, Op{}, Op{}),
	0x81: prefixed(Op{}, Op{Name: "INVVPID", Dst: Gy, Src: M, Feature: FeatNever, Mode: NotReal}, Op{}, Op{}),
	0x82: prefixed(Op{}, invpcidRow, Op{}, Op{}),

	0xc8: onlyNone("SHA1NEXTE", FeatSHA, vector(simd.SHA1NextE)),
	0xc9: onlyNone("SHA1MSG1", FeatSHA, vector(simd.SHA1Msg1)),
	0xca: onlyNone("SHA1MSG2", FeatSHA, vector(simd.SHA1Msg2)),
	0xcb: onlyNone("SHA256RNDS2", FeatSHA, sha256rnds2),
	0xcc: onlyNone("SHA256MSG1", FeatSHA, vector(simd.SHA256Msg1)),
	0xcd: onlyNone("SHA256MSG2", FeatSHA, vector(simd.SHA256Msg2)),
	0xdb: only66("AESIMC", FeatAES, Wx, vector(aesimc)),
	0xdc: only66("AESENC", FeatAES, Wx, vector(simd.AESEnc)),
	0xdd: only66("AESENCLAST", FeatAES, Wx, vector(simd.AESEncLast)),
	0xde: only66("AESDEC", FeatAES, Wx, vector(simd.AESDec)),
	0xdf: only66("AESDECLAST", FeatAES, Wx, vector(simd.AESDecLast)),

	// Here 66 is an operand size, also beside F2.
	0xf0: {By: ByPrefix, Sub: []Op{
		{Name: "MOVBE", Dst: Gv, Src: Ev, Exec: movbe, Feature: FeatMOVBE, Attr: NoReg},
		{Name: "MOVBE", Dst: Gv, Src: Ev, Exec: movbe, Feature: FeatMOVBE, Attr: NoReg},
		{},
		{Name: "CRC32", Dst: Gy, Src: Eb, Exec: crc32, Feature: FeatSSE42, Attr: RMW},
	}},
	0xf1: {By: ByPrefix, Sub: []Op{
		{Name: "MOVBE", Dst: Ev, Src: Gv, Exec: movbe, Feature: FeatMOVBE, Attr: NoReg},
		{Name: "MOVBE", Dst: Ev, Src: Gv, Exec: movbe, Feature: FeatMOVBE, Attr: NoReg},
		{},
		{Name: "CRC32", Dst: Gy, Src: Ev, Exec: crc32, Feature: FeatSSE42, Attr: RMW},
	}},
	0xf6: prefixed(Op{},
		Op{Name: "ADCX", Dst: Gy, Src: Ey, Exec: addWith(x86.FlagCF), Feature: FeatADX, Attr: RMW, Reads: cf, Writes: cf},
		Op{Name: "ADOX", Dst: Gy, Src: Ey, Exec: addWith(x86.FlagOF), Feature: FeatADX, Attr: RMW, Reads: of, Writes: of},
		Op{}),
}

// invpcidRow is INVPCID.
var invpcidRow = Op{Name: "INVPCID", Dst: Gd64, Src: Mx, Exec: invpcid, Feature: FeatINVPCID, Mode: NotReal, Attr: Ends}

// map0F3A is SDM Vol. 2D, "Three-byte Opcode Map: First Two Bytes are 0F 3AH".
var map0F3A = [256]Op{
	0x08: imm66("ROUNDPS", FeatSSE41, Wx, roundPacked(simd.Single)),
	0x09: imm66("ROUNDPD", FeatSSE41, Wx, roundPacked(simd.Double)),
	0x0a: imm66("ROUNDSS", FeatSSE41, Wd, roundScalar(simd.Single)),
	0x0b: imm66("ROUNDSD", FeatSSE41, Wq, roundScalar(simd.Double)),
	0x0c: imm66("BLENDPS", FeatSSE41, Wx, blendImm(4)),
	0x0d: imm66("BLENDPD", FeatSSE41, Wx, blendImm(8)),
	0x0e: imm66("PBLENDW", FeatSSE41, Wx, blendImm(2)),
	0x0f: prefixed(
		Op{Name: "PALIGNR", Dst: Pq, Src: Qq, Third: Ib, Exec: palignr, Feature: FeatSSSE3, Attr: RMW},
		Op{Name: "PALIGNR", Dst: Vx, Src: Wx, Third: Ib, Exec: palignr, Feature: FeatSSSE3, Attr: RMW | Align16},
		Op{}, Op{}),
	0x14: prefixed(Op{}, Op{Name: "PEXTRB", Dst: RdMb, Src: Vx, Third: Ib, Exec: extract(1), Feature: FeatSSE41}, Op{}, Op{}),
	0x15: prefixed(Op{}, Op{Name: "PEXTRW", Dst: EdMw, Src: Vx, Third: Ib, Exec: extract(2), Feature: FeatSSE41}, Op{}, Op{}),
	0x16: prefixed(Op{}, Op{Name: "PEXTRD", Dst: Ey, Src: Vx, Third: Ib, Exec: extract(0), Feature: FeatSSE41}, Op{}, Op{}),
	0x17: prefixed(Op{}, Op{Name: "EXTRACTPS", Dst: Ed, Src: Vx, Third: Ib, Exec: extract(4), Feature: FeatSSE41}, Op{}, Op{}),
	0x20: imm66("PINSRB", FeatSSE41, RdMb, insert(1)),
	0x21: imm66("INSERTPS", FeatSSE41, Wd, insertps),
	0x22: imm66("PINSRD", FeatSSE41, Ey, insert(0)),
	0x40: imm66("DPPS", FeatSSE41, Wx, dot(simd.Single)),
	0x41: imm66("DPPD", FeatSSE41, Wx, dot(simd.Double)),
	0x42: imm66("MPSADBW", FeatSSE41, Wx, vectorImm(simd.MPSadBW)),
	0x44: imm66("PCLMULQDQ", FeatPCLMUL, Wx, vectorImm(pclmulqdq)),
	0x60: stringRow("PCMPESTRM", pcmpstrm(true)),
	0x61: stringRow("PCMPESTRI", pcmpstri(true)),
	0x62: stringRow("PCMPISTRM", pcmpstrm(false)),
	0x63: stringRow("PCMPISTRI", pcmpstri(false)),
	0xcc: prefixed(
		Op{Name: "SHA1RNDS4", Dst: Vx, Src: Wx, Third: Ib, Exec: vectorImm(simd.SHA1Rounds4), Feature: FeatSHA, Attr: RMW | Align16},
		Op{}, Op{}, Op{}),
	0xdf: imm66("AESKEYGENASSIST", FeatAES, Wx, vectorImm(aeskeygen)),
}

// stringRow is a string comparison: its memory operand need not be aligned.
func stringRow(name string, exec Exec) Op {
	return prefixed(Op{}, Op{Name: name, Dst: Vx, Src: Wx, Third: Ib, Exec: exec, Feature: FeatSSE42, Writes: status}, Op{}, Op{})
}
