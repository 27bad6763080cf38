package cpu

import "github.com/glassbox-vm/glassbox/cpu/simd"

// Forms of VEX rows. Where an instruction has four operands, the one in VEX.vvvv is left
// out of its row, which says NDS instead: Vx, Hx, Wx, Ib is written Vx, Wx, Ib.

// byLength makes a row for 128 and 256 bits, which may belong to different features.
func byLength(op Op, f128, f256 Feature) Op {
	short, long := op, op
	short.Feature, long.Feature = f128, f256
	return Op{By: ByL, Sub: []Op{short, long}}
}

// nds is dst ← op(vvvv, source).
func nds(name string, f128, f256 Feature, exec Exec) Op {
	return byLength(Op{Name: name, Dst: Vx, Src: Hx, Third: Wx, Exec: exec, Attr: Vec, Mode: NotReal}, f128, f256)
}

// two is dst ← op(source).
func two(name string, f128, f256 Feature, exec Exec) Op {
	return byLength(Op{Name: name, Dst: Vx, Src: Wx, Exec: exec, Attr: Vec, Mode: NotReal}, f128, f256)
}

// withImm is dst ← op(vvvv, source, imm8).
func withImm(name string, f128, f256 Feature, exec Exec) Op {
	return byLength(Op{Name: name, Dst: Vx, Src: Wx, Third: Ib, Exec: exec, Attr: Vec | NDS, Mode: NotReal}, f128, f256)
}

// twoImm is dst ← op(source, imm8).
func twoImm(name string, f128, f256 Feature, exec Exec) Op {
	return byLength(Op{Name: name, Dst: Vx, Src: Wx, Third: Ib, Exec: exec, Attr: Vec, Mode: NotReal}, f128, f256)
}

// only128 and only256 are rows that exist for one vector length.
func only128(op Op) Op { return Op{By: ByL, Sub: []Op{vexRow(op), {}}} }
func only256(op Op) Op { return Op{By: ByL, Sub: []Op{{}, vexRow(op)}} }

// vexRow sets what all VEX rows have.
func vexRow(op Op) Op {
	if op.By != NoFork {
		for i := range op.Sub {
			op.Sub[i] = vexRow(op.Sub[i])
		}
		return op
	}
	op.Attr |= Vec
	op.Mode |= NotReal
	return op
}

// vexed is prefixed for rows of VEX maps.
func vexed(none, p66, pF3, pF2 Op) Op {
	return vexRow(Op{By: ByPrefix, Sub: []Op{none, p66, pF3, pF2}})
}

// fmaPacked is one of the 66 0F38 96…BE rows of FMA, fmaScalar one of 99…BF.
func fmaPacked(name string, o fmaOrder, k fmaKind) Op {
	return Op{By: ByW, Sub: []Op{
		nds(name+"PS", FeatFMA, FeatFMA, fma(simd.Single, o, k, 4)),
		nds(name+"PD", FeatFMA, FeatFMA, fma(simd.Double, o, k, 2)),
	}}
}

func fmaScalar(name string, o fmaOrder, k fmaKind) Op {
	return Op{By: ByW, Sub: []Op{
		vexRow(Op{Name: name + "SS", Dst: Vx, Src: Hx, Third: Wd, Exec: fma(simd.Single, o, k, 1), Feature: FeatFMA}),
		vexRow(Op{Name: name + "SD", Dst: Vx, Src: Hx, Third: Wq, Exec: fma(simd.Double, o, k, 1), Feature: FeatFMA}),
	}}
}

// shiftVEX is a shift by an immediate: the destination is in vvvv.
func shiftVEX(name string, op vecShift) Op {
	return byLength(Op{Name: name, Dst: Hx, Src: Ux, Third: Ib, Exec: vshiftImm(op), Attr: Vec, Mode: NotReal}, FeatAVX, FeatAVX2)
}

// widen is a conversion to twice the width: the source is half a vector.
func widen(name string, f Feature, op widening) Op {
	row := vexRow(Op{Name: name, Dst: Vx, Feature: f})
	short, long := row, row
	short.Src, long.Src = Wq, Wx
	if op != nil {
		short.Exec, long.Exec = vwiden(op), vwiden(op)
	}
	return Op{By: ByL, Sub: []Op{short, long}}
}

// extendVEX is VPMOVSX or VPMOVZX; with 256 bits the source is twice as wide.
func extendVEX(name string, src Operand, from, to int, signed bool) Op {
	wider := map[Operand]Operand{Wq: Wx, Wd: Wq, Ww: Wd}[src]
	row := vexRow(Op{Name: name, Dst: Vx, Exec: vextend(from, to, signed)})
	short, long := row, row
	short.Src, short.Feature, long.Src, long.Feature = src, FeatAVX, wider, FeatAVX2
	return Op{By: ByL, Sub: []Op{short, long}}
}

// onlyW0 and onlyW1 are rows that exist for one value of VEX.W.
func onlyW0(op Op) Op { return Op{By: ByW, Sub: []Op{op, {}}} }
func onlyW1(op Op) Op { return Op{By: ByW, Sub: []Op{{}, op}} }

// flagged is a row of either length that writes the status flags.
func flagged(op Op) Op {
	for i := range op.Sub {
		op.Sub[i].Writes = status
	}
	return op
}

// memoryOnly is a row of either length whose source must be aligned memory.
func memoryOnly(op Op) Op {
	for i := range op.Sub {
		op.Sub[i].Attr |= NoReg | Align16
	}
	return op
}

// gatherRow is a gather of doublewords (VEX.W = 0) or quadwords, by indices of n bytes.
func gatherRow(d, q string, n int) Op {
	return Op{By: ByW, Sub: []Op{
		{Name: d, Dst: Vx, Src: M, Third: Hx, Exec: gather(n, 4), Feature: FeatAVX2, Attr: VSIB},
		{Name: q, Dst: Vx, Src: M, Third: Hx, Exec: gather(n, 8), Feature: FeatAVX2, Attr: VSIB},
	}}
}
