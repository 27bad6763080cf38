package cpu

import "github.com/glassbox-vm/glassbox/cpu/simd"

// vex0F3A is the opcodes after VEX.mmmmm = 3.
//
// SDM Vol. 2D, "Opcode Map", rows with a v before the mnemonic.
var vex0F3A = [256]Op{
	0x00: vexed(
		Op{},
		onlyW1(only256(Op{Name: "VPERMQ", Dst: Vx, Src: Wx, Third: Ib, Exec: vpermq, Feature: FeatAVX2})),
		Op{},
		Op{}),
	0x01: vexed(
		Op{},
		onlyW1(only256(Op{Name: "VPERMPD", Dst: Vx, Src: Wx, Third: Ib, Exec: vpermq, Feature: FeatAVX2})),
		Op{},
		Op{}),
	0x02: vexed(
		Op{},
		onlyW0(withImm("VPBLENDD", FeatAVX2, FeatAVX2, avxBlend(4))),
		Op{},
		Op{}),
	0x04: vexed(
		Op{},
		onlyW0(twoImm("VPERMILPS", FeatAVX, FeatAVX, vectorImm(pshufd))),
		Op{},
		Op{}),
	0x05: vexed(
		Op{},
		onlyW0(twoImm("VPERMILPD", FeatAVX, FeatAVX, avxImm(2, func(_, b simd.Vec, imm uint8) simd.Vec { return simd.ShufPD(b, b, imm) }))),
		Op{},
		Op{}),
	0x06: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VPERM2F128", Dst: Vx, Src: Wx, Third: Ib, Exec: vperm2x128, Feature: FeatAVX, Attr: NDS})),
		Op{},
		Op{}),
	0x08: vexed(
		Op{},
		twoImm("VROUNDPS", FeatAVX, FeatAVX, roundPacked(simd.Single)),
		Op{},
		Op{}),
	0x09: vexed(
		Op{},
		twoImm("VROUNDPD", FeatAVX, FeatAVX, roundPacked(simd.Double)),
		Op{},
		Op{}),
	0x0a: vexed(
		Op{},
		Op{Name: "VROUNDSS", Dst: Vx, Src: Wd, Third: Ib, Exec: roundScalar(simd.Single), Feature: FeatAVX, Attr: NDS},
		Op{},
		Op{}),
	0x0b: vexed(
		Op{},
		Op{Name: "VROUNDSD", Dst: Vx, Src: Wq, Third: Ib, Exec: roundScalar(simd.Double), Feature: FeatAVX, Attr: NDS},
		Op{},
		Op{}),
	0x0c: vexed(
		Op{},
		withImm("VBLENDPS", FeatAVX, FeatAVX, avxBlend(4)),
		Op{},
		Op{}),
	0x0d: vexed(
		Op{},
		withImm("VBLENDPD", FeatAVX, FeatAVX, avxBlend(8)),
		Op{},
		Op{}),
	0x0e: vexed(
		Op{},
		withImm("VPBLENDW", FeatAVX, FeatAVX2, blendImm(2)),
		Op{},
		Op{}),
	0x0f: vexed(
		Op{},
		withImm("VPALIGNR", FeatAVX, FeatAVX2, vectorImm(simd.PAlignR)),
		Op{},
		Op{}),
	0x14: vexed(
		Op{},
		only128(Op{Name: "VPEXTRB", Dst: RdMb, Src: Vx, Third: Ib, Exec: extract(1), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x15: vexed(
		Op{},
		only128(Op{Name: "VPEXTRW", Dst: EdMw, Src: Vx, Third: Ib, Exec: extract(2), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x16: vexed(
		Op{},
		only128(Op{Name: "VPEXTRD", Dst: Ey, Src: Vx, Third: Ib, Exec: extract(0), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x17: vexed(
		Op{},
		only128(Op{Name: "VEXTRACTPS", Dst: Ed, Src: Vx, Third: Ib, Exec: extract(4), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x18: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VINSERTF128", Dst: Vx, Src: Wx, Third: Ib, Exec: vinsert128, Feature: FeatAVX, Attr: NDS})),
		Op{},
		Op{}),
	0x19: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VEXTRACTF128", Dst: Wx, Src: Vx, Third: Ib, Exec: vextract128, Feature: FeatAVX})),
		Op{},
		Op{}),
	0x1d: vexed(
		Op{},
		onlyW0(Op{By: ByL, Sub: []Op{
			{Name: "VCVTPS2PH", Dst: Wq, Src: Vx, Third: Ib, Exec: vcvtps2ph, Feature: FeatF16C},
			{Name: "VCVTPS2PH", Dst: Wx, Src: Vx, Third: Ib, Exec: vcvtps2ph, Feature: FeatF16C},
		}}),
		Op{},
		Op{}),
	0x20: vexed(
		Op{},
		only128(Op{Name: "VPINSRB", Dst: Vx, Src: RdMb, Third: Ib, Exec: vinsert(1), Feature: FeatAVX, Attr: NDS}),
		Op{},
		Op{}),
	0x21: vexed(
		Op{},
		only128(Op{Name: "VINSERTPS", Dst: Vx, Src: Wd, Third: Ib, Exec: insertps, Feature: FeatAVX, Attr: NDS}),
		Op{},
		Op{}),
	0x22: vexed(
		Op{},
		only128(Op{Name: "VPINSRD", Dst: Vx, Src: Ey, Third: Ib, Exec: vinsert(0), Feature: FeatAVX, Attr: NDS}),
		Op{},
		Op{}),
	0x38: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VINSERTI128", Dst: Vx, Src: Wx, Third: Ib, Exec: vinsert128, Feature: FeatAVX2, Attr: NDS})),
		Op{},
		Op{}),
	0x39: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VEXTRACTI128", Dst: Wx, Src: Vx, Third: Ib, Exec: vextract128, Feature: FeatAVX2})),
		Op{},
		Op{}),
	0x40: vexed(
		Op{},
		withImm("VDPPS", FeatAVX, FeatAVX, dot(simd.Single)),
		Op{},
		Op{}),
	0x41: vexed(
		Op{},
		only128(Op{Name: "VDPPD", Dst: Vx, Src: Wx, Third: Ib, Exec: dot(simd.Double), Feature: FeatAVX, Attr: NDS}),
		Op{},
		Op{}),
	0x42: vexed(
		Op{},
		withImm("VMPSADBW", FeatAVX, FeatAVX2, avxImm(3, simd.MPSadBW)),
		Op{},
		Op{}),
	0x44: vexed(
		Op{},
		only128(Op{Name: "VPCLMULQDQ", Dst: Vx, Src: Wx, Third: Ib, Exec: vectorImm(pclmulqdq), Feature: FeatAVX, Attr: NDS}),
		Op{},
		Op{}),
	0x46: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VPERM2I128", Dst: Vx, Src: Wx, Third: Ib, Exec: vperm2x128, Feature: FeatAVX2, Attr: NDS})),
		Op{},
		Op{}),
	0x4a: vexed(
		Op{},
		onlyW0(Op{By: ByL, Sub: []Op{{Name: "VBLENDVPS", Dst: Vx, Src: Wx, Third: Lx, Exec: vblendVar(4), Feature: FeatAVX}, {Name: "VBLENDVPS", Dst: Vx, Src: Wx, Third: Lx, Exec: vblendVar(4), Feature: FeatAVX}}}),
		Op{},
		Op{}),
	0x4b: vexed(
		Op{},
		onlyW0(Op{By: ByL, Sub: []Op{{Name: "VBLENDVPD", Dst: Vx, Src: Wx, Third: Lx, Exec: vblendVar(8), Feature: FeatAVX}, {Name: "VBLENDVPD", Dst: Vx, Src: Wx, Third: Lx, Exec: vblendVar(8), Feature: FeatAVX}}}),
		Op{},
		Op{}),
	0x4c: vexed(
		Op{},
		onlyW0(Op{By: ByL, Sub: []Op{{Name: "VPBLENDVB", Dst: Vx, Src: Wx, Third: Lx, Exec: vblendVar(1), Feature: FeatAVX}, {Name: "VPBLENDVB", Dst: Vx, Src: Wx, Third: Lx, Exec: vblendVar(1), Feature: FeatAVX2}}}),
		Op{},
		Op{}),
	0x60: vexed(
		Op{},
		only128(Op{Name: "VPCMPESTRM", Dst: Vx, Src: Wx, Third: Ib, Exec: pcmpstrm(true), Feature: FeatAVX, Writes: status}),
		Op{},
		Op{}),
	0x61: vexed(
		Op{},
		only128(Op{Name: "VPCMPESTRI", Dst: Vx, Src: Wx, Third: Ib, Exec: pcmpstri(true), Feature: FeatAVX, Writes: status}),
		Op{},
		Op{}),
	0x62: vexed(
		Op{},
		only128(Op{Name: "VPCMPISTRM", Dst: Vx, Src: Wx, Third: Ib, Exec: pcmpstrm(false), Feature: FeatAVX, Writes: status}),
		Op{},
		Op{}),
	0x63: vexed(
		Op{},
		only128(Op{Name: "VPCMPISTRI", Dst: Vx, Src: Wx, Third: Ib, Exec: pcmpstri(false), Feature: FeatAVX, Writes: status}),
		Op{},
		Op{}),
	0xdf: vexed(
		Op{},
		only128(Op{Name: "VAESKEYGENASSIST", Dst: Vx, Src: Wx, Third: Ib, Exec: vectorImm(aeskeygen), Feature: FeatAVX}),
		Op{},
		Op{}),
	0xf0: vexed(
		Op{},
		Op{},
		Op{},
		only128(Op{Name: "RORX", Dst: Gy, Src: Ey, Third: Ib, Exec: rorx, Feature: FeatBMI2})),
}
