package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/simd"
)

// FMA: multiply and add with one rounding. SDM Vol. 2C, "VFMADD132PD/VFMADD213PD/VFMADD231PD—
// Fused Multiply-Add of Packed Double Precision Floating-Point Values" and the like.

// An fmaKind is what an FMA instruction does with its products and addends: which lanes
// negate which.
type fmaKind struct {
	negProduct      bool
	negEven, negOdd bool // the addend, in even and odd lanes
}

var (
	fmadd    = fmaKind{}
	fmsub    = fmaKind{negEven: true, negOdd: true}
	fnmadd   = fmaKind{negProduct: true}
	fnmsub   = fmaKind{negProduct: true, negEven: true, negOdd: true}
	fmaddsub = fmaKind{negEven: true}
	fmsubadd = fmaKind{negOdd: true}
)

// fmaOrder says which operands are multiplied: the three digits of the name.
type fmaOrder uint8

const (
	fma132 fmaOrder = iota // dst·src + vvvv
	fma213                 // vvvv·dst + src
	fma231                 // vvvv·src + dst
)

// operands puts destination, vvvv and source in the order a·b+c.
func (o fmaOrder) operands(dst, v, src simd.Vec) (a, b, c simd.Vec) {
	switch o {
	case fma132:
		return dst, src, v
	case fma213:
		return v, dst, src
	}
	return v, src, dst
}

// fma makes an FMA instruction on the first n lanes of each half. The scalar ones, n = 1,
// keep the other lanes of the destination.
func fma(f simd.Format, o fmaOrder, k fmaKind, n int) Exec {
	return func(c *CPU, in *Inst) Fault {
		v, src, _, fault := c.avxLoad(in)
		if fault.Raised {
			return fault
		}
		r := c.ymm(in.Dst.Reg)
		m := simd.MXCSR(c.S.MXCSR)
		var st simd.Status
		halves := 1
		if n > 1 {
			halves <<= in.VEXL
		}
		for h := range halves {
			x, y, z := o.operands(r[h], v[h], src[h])
			for i := range n {
				negAddend := i&1 == 0 && k.negEven || i&1 != 0 && k.negOdd
				q, s := f.FMA(m, f.Lane(x, i), f.Lane(y, i), f.Lane(z, i), k.negProduct, negAddend)
				f.SetLane(&r[h], i, q)
				st |= s
			}
		}
		if fault := c.simdRaise(st); fault.Raised {
			return fault
		}
		if halves == 1 {
			r[1] = simd.Vec{}
		}
		c.setYMM(in.Dst.Reg, r)
		return Fault{}
	}
}
