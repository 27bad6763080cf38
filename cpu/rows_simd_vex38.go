package cpu

import "github.com/glassbox-vm/glassbox/cpu/simd"

// vex0F38 is the opcodes after VEX.mmmmm = 2.
//
// SDM Vol. 2D, "Opcode Map", rows with a v before the mnemonic.
var vex0F38 = [256]Op{
	0x00: vexed(
		Op{},
		nds("VPSHUFB", FeatAVX, FeatAVX2, vector(simd.PShufB)),
		Op{},
		Op{}),
	0x01: vexed(
		Op{},
		nds("VPHADDW", FeatAVX, FeatAVX2, folded(simd.PHAddW)),
		Op{},
		Op{}),
	0x02: vexed(
		Op{},
		nds("VPHADDD", FeatAVX, FeatAVX2, folded(simd.PHAddD)),
		Op{},
		Op{}),
	0x03: vexed(
		Op{},
		nds("VPHADDSW", FeatAVX, FeatAVX2, folded(simd.PHAddSW)),
		Op{},
		Op{}),
	0x04: vexed(
		Op{},
		nds("VPMADDUBSW", FeatAVX, FeatAVX2, lanes(simd.PMAddUBSW)),
		Op{},
		Op{}),
	0x05: vexed(
		Op{},
		nds("VPHSUBW", FeatAVX, FeatAVX2, folded(simd.PHSubW)),
		Op{},
		Op{}),
	0x06: vexed(
		Op{},
		nds("VPHSUBD", FeatAVX, FeatAVX2, folded(simd.PHSubD)),
		Op{},
		Op{}),
	0x07: vexed(
		Op{},
		nds("VPHSUBSW", FeatAVX, FeatAVX2, folded(simd.PHSubSW)),
		Op{},
		Op{}),
	0x08: vexed(
		Op{},
		nds("VPSIGNB", FeatAVX, FeatAVX2, lanes(simd.PSignB)),
		Op{},
		Op{}),
	0x09: vexed(
		Op{},
		nds("VPSIGNW", FeatAVX, FeatAVX2, lanes(simd.PSignW)),
		Op{},
		Op{}),
	0x0a: vexed(
		Op{},
		nds("VPSIGND", FeatAVX, FeatAVX2, lanes(simd.PSignD)),
		Op{},
		Op{}),
	0x0b: vexed(
		Op{},
		nds("VPMULHRSW", FeatAVX, FeatAVX2, lanes(simd.PMulHRSW)),
		Op{},
		Op{}),
	0x0c: vexed(
		Op{},
		onlyW0(nds("VPERMILPS", FeatAVX, FeatAVX, vector(vpermilps))),
		Op{},
		Op{}),
	0x0d: vexed(
		Op{},
		onlyW0(nds("VPERMILPD", FeatAVX, FeatAVX, vector(vpermilpd))),
		Op{},
		Op{}),
	0x0e: vexed(
		Op{},
		onlyW0(flagged(two("VTESTPS", FeatAVX, FeatAVX, vtest(signsD64)))),
		Op{},
		Op{}),
	0x0f: vexed(
		Op{},
		onlyW0(flagged(two("VTESTPD", FeatAVX, FeatAVX, vtest(1<<63)))),
		Op{},
		Op{}),
	0x13: vexed(
		Op{},
		onlyW0(widen("VCVTPH2PS", FeatF16C, halvesToSingles)),
		Op{},
		Op{}),
	0x16: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VPERMPS", Dst: Vx, Src: Hx, Third: Wx, Exec: vpermd, Feature: FeatAVX2})),
		Op{},
		Op{}),
	0x17: vexed(
		Op{},
		flagged(two("VPTEST", FeatAVX, FeatAVX, vtest(^uint64(0)))),
		Op{},
		Op{}),
	0x18: vexed(
		Op{},
		onlyW0(Op{Name: "VBROADCASTSS", Dst: Vx, Src: Wd, Exec: vbroadcast(4), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x19: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VBROADCASTSD", Dst: Vx, Src: Wq, Exec: vbroadcast(8), Feature: FeatAVX})),
		Op{},
		Op{}),
	0x1a: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VBROADCASTF128", Dst: Vx, Src: Mx, Exec: vbroadcast(16), Feature: FeatAVX})),
		Op{},
		Op{}),
	0x1c: vexed(
		Op{},
		two("VPABSB", FeatAVX, FeatAVX2, lanes(simd.PAbsB)),
		Op{},
		Op{}),
	0x1d: vexed(
		Op{},
		two("VPABSW", FeatAVX, FeatAVX2, lanes(simd.PAbsW)),
		Op{},
		Op{}),
	0x1e: vexed(
		Op{},
		two("VPABSD", FeatAVX, FeatAVX2, lanes(simd.PAbsD)),
		Op{},
		Op{}),
	0x20: vexed(
		Op{},
		extendVEX("VPMOVSXBW", Wq, 1, 2, true),
		Op{},
		Op{}),
	0x21: vexed(
		Op{},
		extendVEX("VPMOVSXBD", Wd, 1, 4, true),
		Op{},
		Op{}),
	0x22: vexed(
		Op{},
		extendVEX("VPMOVSXBQ", Ww, 1, 8, true),
		Op{},
		Op{}),
	0x23: vexed(
		Op{},
		extendVEX("VPMOVSXWD", Wq, 2, 4, true),
		Op{},
		Op{}),
	0x24: vexed(
		Op{},
		extendVEX("VPMOVSXWQ", Wd, 2, 8, true),
		Op{},
		Op{}),
	0x25: vexed(
		Op{},
		extendVEX("VPMOVSXDQ", Wq, 4, 8, true),
		Op{},
		Op{}),
	0x28: vexed(
		Op{},
		nds("VPMULDQ", FeatAVX, FeatAVX2, lanes(simd.PMulDQ)),
		Op{},
		Op{}),
	0x29: vexed(
		Op{},
		nds("VPCMPEQQ", FeatAVX, FeatAVX2, lanes(simd.PCmpEqQ)),
		Op{},
		Op{}),
	0x2a: vexed(
		Op{},
		memoryOnly(two("VMOVNTDQA", FeatAVX, FeatAVX2, vmovVec)),
		Op{},
		Op{}),
	0x2b: vexed(
		Op{},
		nds("VPACKUSDW", FeatAVX, FeatAVX2, folded(simd.PackUSDW)),
		Op{},
		Op{}),
	0x2c: vexed(
		Op{},
		onlyW0(Op{Name: "VMASKMOVPS", Dst: Vx, Src: Hx, Third: M, Exec: vmaskmov(4), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x2d: vexed(
		Op{},
		onlyW0(Op{Name: "VMASKMOVPD", Dst: Vx, Src: Hx, Third: M, Exec: vmaskmov(8), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x2e: vexed(
		Op{},
		onlyW0(Op{Name: "VMASKMOVPS", Dst: M, Src: Hx, Third: Vx, Exec: vmaskmov(4), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x2f: vexed(
		Op{},
		onlyW0(Op{Name: "VMASKMOVPD", Dst: M, Src: Hx, Third: Vx, Exec: vmaskmov(8), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x30: vexed(
		Op{},
		extendVEX("VPMOVZXBW", Wq, 1, 2, false),
		Op{},
		Op{}),
	0x31: vexed(
		Op{},
		extendVEX("VPMOVZXBD", Wd, 1, 4, false),
		Op{},
		Op{}),
	0x32: vexed(
		Op{},
		extendVEX("VPMOVZXBQ", Ww, 1, 8, false),
		Op{},
		Op{}),
	0x33: vexed(
		Op{},
		extendVEX("VPMOVZXWD", Wq, 2, 4, false),
		Op{},
		Op{}),
	0x34: vexed(
		Op{},
		extendVEX("VPMOVZXWQ", Wd, 2, 8, false),
		Op{},
		Op{}),
	0x35: vexed(
		Op{},
		extendVEX("VPMOVZXDQ", Wq, 4, 8, false),
		Op{},
		Op{}),
	0x36: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VPERMD", Dst: Vx, Src: Hx, Third: Wx, Exec: vpermd, Feature: FeatAVX2})),
		Op{},
		Op{}),
	0x37: vexed(
		Op{},
		nds("VPCMPGTQ", FeatAVX, FeatAVX2, lanes(simd.PCmpGtQ)),
		Op{},
		Op{}),
	0x38: vexed(
		Op{},
		nds("VPMINSB", FeatAVX, FeatAVX2, lanes(simd.PMinSB)),
		Op{},
		Op{}),
	0x39: vexed(
		Op{},
		nds("VPMINSD", FeatAVX, FeatAVX2, lanes(simd.PMinSD)),
		Op{},
		Op{}),
	0x3a: vexed(
		Op{},
		nds("VPMINUW", FeatAVX, FeatAVX2, lanes(simd.PMinUW)),
		Op{},
		Op{}),
	0x3b: vexed(
		Op{},
		nds("VPMINUD", FeatAVX, FeatAVX2, lanes(simd.PMinUD)),
		Op{},
		Op{}),
	0x3c: vexed(
		Op{},
		nds("VPMAXSB", FeatAVX, FeatAVX2, lanes(simd.PMaxSB)),
		Op{},
		Op{}),
	0x3d: vexed(
		Op{},
		nds("VPMAXSD", FeatAVX, FeatAVX2, lanes(simd.PMaxSD)),
		Op{},
		Op{}),
	0x3e: vexed(
		Op{},
		nds("VPMAXUW", FeatAVX, FeatAVX2, lanes(simd.PMaxUW)),
		Op{},
		Op{}),
	0x3f: vexed(
		Op{},
		nds("VPMAXUD", FeatAVX, FeatAVX2, lanes(simd.PMaxUD)),
		Op{},
		Op{}),
	0x40: vexed(
		Op{},
		nds("VPMULLD", FeatAVX, FeatAVX2, lanes(simd.PMulLD)),
		Op{},
		Op{}),
	0x41: vexed(
		Op{},
		only128(Op{Name: "VPHMINPOSUW", Dst: Vx, Src: Wx, Exec: vector(phminposuw), Feature: FeatAVX}),
		Op{},
		Op{}),
	0x45: vexed(
		Op{},
		Op{By: ByW, Sub: []Op{nds("VPSRLVD", FeatAVX2, FeatAVX2, vector(vpsrlvd)), nds("VPSRLVQ", FeatAVX2, FeatAVX2, vector(vpsrlvq))}},
		Op{},
		Op{}),
	0x46: vexed(
		Op{},
		Op{By: ByW, Sub: []Op{nds("VPSRAVD", FeatAVX2, FeatAVX2, vector(vpsravd)), {}}},
		Op{},
		Op{}),
	0x47: vexed(
		Op{},
		Op{By: ByW, Sub: []Op{nds("VPSLLVD", FeatAVX2, FeatAVX2, vector(vpsllvd)), nds("VPSLLVQ", FeatAVX2, FeatAVX2, vector(vpsllvq))}},
		Op{},
		Op{}),
	0x58: vexed(
		Op{},
		onlyW0(Op{Name: "VPBROADCASTD", Dst: Vx, Src: Wd, Exec: vbroadcast(4), Feature: FeatAVX2}),
		Op{},
		Op{}),
	0x59: vexed(
		Op{},
		onlyW0(Op{Name: "VPBROADCASTQ", Dst: Vx, Src: Wq, Exec: vbroadcast(8), Feature: FeatAVX2}),
		Op{},
		Op{}),
	0x5a: vexed(
		Op{},
		onlyW0(only256(Op{Name: "VBROADCASTI128", Dst: Vx, Src: Mx, Exec: vbroadcast(16), Feature: FeatAVX2})),
		Op{},
		Op{}),
	0x78: vexed(
		Op{},
		onlyW0(Op{By: ByMod, Sub: []Op{{Name: "VPBROADCASTB", Dst: Vx, Src: Mb, Exec: vbroadcast(1), Feature: FeatAVX2}, {Name: "VPBROADCASTB", Dst: Vx, Src: Ux, Exec: vbroadcast(1), Feature: FeatAVX2}}}),
		Op{},
		Op{}),
	0x79: vexed(
		Op{},
		onlyW0(Op{Name: "VPBROADCASTW", Dst: Vx, Src: Ww, Exec: vbroadcast(2), Feature: FeatAVX2}),
		Op{},
		Op{}),
	0x8c: vexed(
		Op{},
		Op{By: ByW, Sub: []Op{{Name: "VPMASKMOVD", Dst: Vx, Src: Hx, Third: M, Exec: vmaskmov(4), Feature: FeatAVX2}, {Name: "VPMASKMOVQ", Dst: Vx, Src: Hx, Third: M, Exec: vmaskmov(8), Feature: FeatAVX2}}},
		Op{},
		Op{}),
	0x8e: vexed(
		Op{},
		Op{By: ByW, Sub: []Op{{Name: "VPMASKMOVD", Dst: M, Src: Hx, Third: Vx, Exec: vmaskmov(4), Feature: FeatAVX2}, {Name: "VPMASKMOVQ", Dst: M, Src: Hx, Third: Vx, Exec: vmaskmov(8), Feature: FeatAVX2}}},
		Op{},
		Op{}),
	0x90: vexed(
		Op{},
		gatherRow("VPGATHERDD", "VPGATHERDQ", 4),
		Op{},
		Op{}),
	0x91: vexed(
		Op{},
		gatherRow("VPGATHERQD", "VPGATHERQQ", 8),
		Op{},
		Op{}),
	0x92: vexed(
		Op{},
		gatherRow("VGATHERDPS", "VGATHERDPD", 4),
		Op{},
		Op{}),
	0x93: vexed(
		Op{},
		gatherRow("VGATHERQPS", "VGATHERQPD", 8),
		Op{},
		Op{}),
	0x96: vexed(
		Op{},
		fmaPacked("VFMADDSUB132", fma132, fmaddsub),
		Op{},
		Op{}),
	0x97: vexed(
		Op{},
		fmaPacked("VFMSUBADD132", fma132, fmsubadd),
		Op{},
		Op{}),
	0x98: vexed(
		Op{},
		fmaPacked("VFMADD132", fma132, fmadd),
		Op{},
		Op{}),
	0x99: vexed(
		Op{},
		fmaScalar("VFMADD132", fma132, fmadd),
		Op{},
		Op{}),
	0x9a: vexed(
		Op{},
		fmaPacked("VFMSUB132", fma132, fmsub),
		Op{},
		Op{}),
	0x9b: vexed(
		Op{},
		fmaScalar("VFMSUB132", fma132, fmsub),
		Op{},
		Op{}),
	0x9c: vexed(
		Op{},
		fmaPacked("VFNMADD132", fma132, fnmadd),
		Op{},
		Op{}),
	0x9d: vexed(
		Op{},
		fmaScalar("VFNMADD132", fma132, fnmadd),
		Op{},
		Op{}),
	0x9e: vexed(
		Op{},
		fmaPacked("VFNMSUB132", fma132, fnmsub),
		Op{},
		Op{}),
	0x9f: vexed(
		Op{},
		fmaScalar("VFNMSUB132", fma132, fnmsub),
		Op{},
		Op{}),
	0xa6: vexed(
		Op{},
		fmaPacked("VFMADDSUB213", fma213, fmaddsub),
		Op{},
		Op{}),
	0xa7: vexed(
		Op{},
		fmaPacked("VFMSUBADD213", fma213, fmsubadd),
		Op{},
		Op{}),
	0xa8: vexed(
		Op{},
		fmaPacked("VFMADD213", fma213, fmadd),
		Op{},
		Op{}),
	0xa9: vexed(
		Op{},
		fmaScalar("VFMADD213", fma213, fmadd),
		Op{},
		Op{}),
	0xaa: vexed(
		Op{},
		fmaPacked("VFMSUB213", fma213, fmsub),
		Op{},
		Op{}),
	0xab: vexed(
		Op{},
		fmaScalar("VFMSUB213", fma213, fmsub),
		Op{},
		Op{}),
	0xac: vexed(
		Op{},
		fmaPacked("VFNMADD213", fma213, fnmadd),
		Op{},
		Op{}),
	0xad: vexed(
		Op{},
		fmaScalar("VFNMADD213", fma213, fnmadd),
		Op{},
		Op{}),
	0xae: vexed(
		Op{},
		fmaPacked("VFNMSUB213", fma213, fnmsub),
		Op{},
		Op{}),
	0xaf: vexed(
		Op{},
		fmaScalar("VFNMSUB213", fma213, fnmsub),
		Op{},
		Op{}),
	0xb6: vexed(
		Op{},
		fmaPacked("VFMADDSUB231", fma231, fmaddsub),
		Op{},
		Op{}),
	0xb7: vexed(
		Op{},
		fmaPacked("VFMSUBADD231", fma231, fmsubadd),
		Op{},
		Op{}),
	0xb8: vexed(
		Op{},
		fmaPacked("VFMADD231", fma231, fmadd),
		Op{},
		Op{}),
	0xb9: vexed(
		Op{},
		fmaScalar("VFMADD231", fma231, fmadd),
		Op{},
		Op{}),
	0xba: vexed(
		Op{},
		fmaPacked("VFMSUB231", fma231, fmsub),
		Op{},
		Op{}),
	0xbb: vexed(
		Op{},
		fmaScalar("VFMSUB231", fma231, fmsub),
		Op{},
		Op{}),
	0xbc: vexed(
		Op{},
		fmaPacked("VFNMADD231", fma231, fnmadd),
		Op{},
		Op{}),
	0xbd: vexed(
		Op{},
		fmaScalar("VFNMADD231", fma231, fnmadd),
		Op{},
		Op{}),
	0xbe: vexed(
		Op{},
		fmaPacked("VFNMSUB231", fma231, fnmsub),
		Op{},
		Op{}),
	0xbf: vexed(
		Op{},
		fmaScalar("VFNMSUB231", fma231, fnmsub),
		Op{},
		Op{}),
	0xdb: vexed(
		Op{},
		only128(Op{Name: "VAESIMC", Dst: Vx, Src: Wx, Exec: vector(aesimc), Feature: FeatAVX}),
		Op{},
		Op{}),
	0xdc: vexed(
		Op{},
		only128(Op{Name: "VAESENC", Dst: Vx, Src: Hx, Third: Wx, Exec: vector(simd.AESEnc), Feature: FeatAVX}),
		Op{},
		Op{}),
	0xdd: vexed(
		Op{},
		only128(Op{Name: "VAESENCLAST", Dst: Vx, Src: Hx, Third: Wx, Exec: vector(simd.AESEncLast), Feature: FeatAVX}),
		Op{},
		Op{}),
	0xde: vexed(
		Op{},
		only128(Op{Name: "VAESDEC", Dst: Vx, Src: Hx, Third: Wx, Exec: vector(simd.AESDec), Feature: FeatAVX}),
		Op{},
		Op{}),
	0xdf: vexed(
		Op{},
		only128(Op{Name: "VAESDECLAST", Dst: Vx, Src: Hx, Third: Wx, Exec: vector(simd.AESDecLast), Feature: FeatAVX}),
		Op{},
		Op{}),
	0xf2: vexed(
		only128(Op{Name: "ANDN", Dst: Gy, Src: Bv, Third: Ey, Exec: andn, Feature: FeatBMI1, Writes: status}),
		Op{},
		Op{},
		Op{}),
	0xf3: vexed(
		only128(Op{By: ByReg, Sub: []Op{{}, {Name: "BLSR", Dst: Bv, Src: Ey, Exec: bls(blsr), Feature: FeatBMI1, Writes: status}, {Name: "BLSMSK", Dst: Bv, Src: Ey, Exec: bls(blsmsk), Feature: FeatBMI1, Writes: status}, {Name: "BLSI", Dst: Bv, Src: Ey, Exec: bls(blsi), Feature: FeatBMI1, Writes: status}, {}, {}, {}, {}}}),
		Op{},
		Op{},
		Op{}),
	0xf5: vexed(
		only128(Op{Name: "BZHI", Dst: Gy, Src: Ey, Third: Bv, Exec: bzhi, Feature: FeatBMI2, Writes: status}),
		Op{},
		only128(Op{Name: "PEXT", Dst: Gy, Src: Bv, Third: Ey, Exec: pext, Feature: FeatBMI2}),
		only128(Op{Name: "PDEP", Dst: Gy, Src: Bv, Third: Ey, Exec: pdep, Feature: FeatBMI2})),
	0xf6: vexed(
		Op{},
		Op{},
		Op{},
		only128(Op{Name: "MULX", Dst: Gy, Src: Bv, Third: Ey, Exec: mulx, Feature: FeatBMI2})),
	0xf7: vexed(
		only128(Op{Name: "BEXTR", Dst: Gy, Src: Ey, Third: Bv, Exec: bextr, Feature: FeatBMI1, Writes: status}),
		only128(Op{Name: "SHLX", Dst: Gy, Src: Ey, Third: Bv, Exec: shlx, Feature: FeatBMI2}),
		only128(Op{Name: "SARX", Dst: Gy, Src: Ey, Third: Bv, Exec: sarx, Feature: FeatBMI2}),
		only128(Op{Name: "SHRX", Dst: Gy, Src: Ey, Third: Bv, Exec: shrx, Feature: FeatBMI2})),
}
