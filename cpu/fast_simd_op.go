package cpu

import (
	"math"

	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Shuffles, shifts, conversions and comparisons of SSE.

// vec2 makes dst ← f(dst, src) on whole registers, vecImm likewise with the immediate.
func vec2(f func(a, b simd.Vec) simd.Vec) simdForms {
	return vecImm(func(a, b simd.Vec, _ uint8) simd.Vec { return f(a, b) })
}

func vecImm(f func(a, b simd.Vec, imm uint8) simd.Vec) simdForms {
	return simdForms{
		rr: func(c *CPU, o *op) *op {
			r := f(simd.Vec{c.vecLo(o.dst), c.vecHi(o.dst)}, simd.Vec{c.vecLo(o.src), c.vecHi(o.src)}, o.cc)
			c.setVecs(o.dst, r[0], r[1])
			return o.after()
		},
		rm: func(c *CPU, o *op) *op {
			lo, hi, ok := c.operand128(o)
			if !ok {
				return c.bail(o)
			}
			r := f(simd.Vec{c.vecLo(o.dst), c.vecHi(o.dst)}, simd.Vec{lo, hi}, o.cc)
			c.setVecs(o.dst, r[0], r[1])
			return o.after()
		},
	}
}

// halves makes an instruction whose result is f of quadwords of the operands: unpacking
// (low and high of the same halves) and packing.
func halves(f func(a0, a1, b0, b1 uint64) (lo, hi uint64)) simdForms {
	return simdForms{
		rr: func(c *CPU, o *op) *op {
			lo, hi := f(c.vecLo(o.dst), c.vecHi(o.dst), c.vecLo(o.src), c.vecHi(o.src))
			c.setVecs(o.dst, lo, hi)
			return o.after()
		},
		rm: func(c *CPU, o *op) *op {
			b0, b1, ok := c.operand128(o)
			if !ok {
				return c.bail(o)
			}
			lo, hi := f(c.vecLo(o.dst), c.vecHi(o.dst), b0, b1)
			c.setVecs(o.dst, lo, hi)
			return o.after()
		},
	}
}

func unpackLows(low, high func(a, b uint64) uint64) simdForms {
	return halves(func(a0, _, b0, _ uint64) (uint64, uint64) { return low(a0, b0), high(a0, b0) })
}

func unpackHighs(low, high func(a, b uint64) uint64) simdForms {
	return halves(func(_, a1, _, b1 uint64) (uint64, uint64) { return low(a1, b1), high(a1, b1) })
}

func folds(f func(a, b uint64) uint64) simdForms {
	return halves(func(a0, a1, b0, b1 uint64) (uint64, uint64) { return f(a0, a1), f(b0, b1) })
}

// shifts makes a shift of lanes by the low quadword of the source.
func shifts(f func(a, n uint64) uint64) simdForms {
	return halves(func(a0, a1, n, _ uint64) (uint64, uint64) { return f(a0, n), f(a1, n) })
}

// shiftsBy makes a shift of lanes by an immediate, shiftsBytes of the whole register.
func shiftsBy(f func(a, n uint64) uint64) handler {
	return func(c *CPU, o *op) *op {
		n := uint64(o.cc)
		c.setVecs(o.dst, f(c.vecLo(o.dst), n), f(c.vecHi(o.dst), n))
		return o.after()
	}
}

func shiftsBytes(f func(a simd.Vec, n uint64) simd.Vec) handler {
	return func(c *CPU, o *op) *op {
		r := f(simd.Vec{c.vecLo(o.dst), c.vecHi(o.dst)}, uint64(o.cc))
		c.setVecs(o.dst, r[0], r[1])
		return o.after()
	}
}

var shiftImmOps = map[string]handler{
	"PSRLW": shiftsBy(simd.PSrlW), "PSRAW": shiftsBy(simd.PSraW), "PSLLW": shiftsBy(simd.PSllW),
	"PSRLD": shiftsBy(simd.PSrlD), "PSRAD": shiftsBy(simd.PSraD), "PSLLD": shiftsBy(simd.PSllD),
	"PSRLQ": shiftsBy(simd.PSrlQ), "PSLLQ": shiftsBy(simd.PSllQ),
	"PSRLDQ": shiftsBytes(simd.ShiftBytesRight), "PSLLDQ": shiftsBytes(simd.ShiftBytesLeft),
}

// vecToMask and vpmovmskbY are PMOVMSKB.
func vecToMask(c *CPU, o *op) *op {
	c.S.R[o.dst&31] = simd.PMovMskB(c.vecLo(o.src)) | simd.PMovMskB(c.vecHi(o.src))<<8
	return o.after()
}

func vpmovmskbY(c *CPU, o *op) *op {
	v := c.ymmOf(o.src)
	c.S.R[o.dst&31] = simd.PMovMskB(v.q0) | simd.PMovMskB(v.q1)<<8 | simd.PMovMskB(v.q2)<<16 | simd.PMovMskB(v.q3)<<24
	return o.after()
}

// orderDouble compares binary64 numbers for UCOMISD and COMISD (signal).
func (c *CPU) orderDouble(o *op, b uint64, signal bool) *op {
	a := c.vecLo(o.dst)
	r, ok := simd.RelateDouble(a, b)
	if !ok {
		var st simd.Status
		if r, st = simd.Double.Relate(simd.MXCSR(c.S.MXCSR), a, b, signal); !c.raised(st) {
			return c.bail(o)
		}
	}
	return c.ordered(o, r)
}

func (c *CPU) orderSingle(o *op, b uint64, signal bool) *op {
	r, st := simd.Single.Relate(simd.MXCSR(c.S.MXCSR), c.vecLo(o.dst)&0xffffffff, b&0xffffffff, signal)
	if !c.raised(st) {
		return c.bail(o)
	}
	return c.ordered(o, r)
}

func (c *CPU) ordered(o *op, r simd.Relation) *op {
	c.S.CCOp = 0
	c.setStatus(relationFlags[r&3])
	return o.after()
}

// relationFlags are the status flags that COMISD and its kin set.
var relationFlags = [...]x86.Flags{
	simd.Greater:   0,
	simd.Less:      x86.FlagCF,
	simd.Equal:     x86.FlagZF,
	simd.Unordered: x86.FlagZF | x86.FlagPF | x86.FlagCF,
}

func orders(f func(c *CPU, o *op, b uint64, signal bool) *op, load func(*CPU, *op) (uint64, bool), signal bool) simdForms {
	return simdForms{
		rr: func(c *CPU, o *op) *op { return f(c, o, c.vecLo(o.src), signal) },
		rm: func(c *CPU, o *op) *op {
			b, ok := load(c, o)
			if !ok {
				return c.bail(o)
			}
			return f(c, o, b, signal)
		},
	}
}

// Conversions from integers: a doubleword is always exact in binary64.
func cvtsi2sdRR32(c *CPU, o *op) *op {
	c.setVecLo(o.dst, math.Float64bits(float64(int32(c.S.R[o.src&31]))))
	return o.after()
}

func cvtsi2sdRM32(c *CPU, o *op) *op {
	v, ok := c.operand32(o)
	if !ok {
		return c.bail(o)
	}
	c.setVecLo(o.dst, math.Float64bits(float64(int32(v))))
	return o.after()
}

func cvtsi2sdRR64(c *CPU, o *op) *op { return c.int64ToDouble(o, c.S.R[o.src&31]) }

func cvtsi2sdRM64(c *CPU, o *op) *op {
	v, ok := c.operand64(o)
	if !ok {
		return c.bail(o)
	}
	return c.int64ToDouble(o, v)
}

func (c *CPU) int64ToDouble(o *op, v uint64) *op {
	r, st := simd.Double.FromInt(simd.MXCSR(c.S.MXCSR), int64(v))
	if !c.raised(st) {
		return c.bail(o)
	}
	c.setVecLo(o.dst, r)
	return o.after()
}

func cvttsd2siRR64(c *CPU, o *op) *op { return c.doubleToInt(o, c.vecLo(o.src), 8) }
func cvttsd2siRR32(c *CPU, o *op) *op { return c.doubleToInt(o, c.vecLo(o.src), 4) }

func cvttsd2siRM64(c *CPU, o *op) *op {
	v, ok := c.operand64(o)
	if !ok {
		return c.bail(o)
	}
	return c.doubleToInt(o, v, 8)
}

func cvttsd2siRM32(c *CPU, o *op) *op {
	v, ok := c.operand64(o)
	if !ok {
		return c.bail(o)
	}
	return c.doubleToInt(o, v, 4)
}

func (c *CPU) doubleToInt(o *op, v uint64, w width) *op {
	r, st := simd.Double.ToIntTruncated(simd.MXCSR(c.S.MXCSR), w.Bits(), v)
	if !c.raised(st) {
		return c.bail(o)
	}
	c.S.R[o.dst&31] = r & w.Mask()
	return o.after()
}

// converts makes a conversion of the low lane of format from into that of format to.
func converts(from, to simd.Format, load func(*CPU, *op) (uint64, bool)) simdForms {
	apply := func(c *CPU, o *op, v uint64) *op {
		x, st := from.Convert(simd.MXCSR(c.S.MXCSR), to, from.Lane(simd.Vec{v}, 0))
		if !c.raised(st) {
			return c.bail(o)
		}
		r := simd.Vec{c.vecLo(o.dst)}
		to.SetLane(&r, 0, x)
		c.setVecLo(o.dst, r[0])
		return o.after()
	}
	return simdForms{
		rr: func(c *CPU, o *op) *op { return apply(c, o, c.vecLo(o.src)) },
		rm: func(c *CPU, o *op) *op {
			v, ok := load(c, o)
			if !ok {
				return c.bail(o)
			}
			return apply(c, o, v)
		},
	}
}

// simdOps are further instructions whose destination is an XMM register.
var simdOps = map[string]simdForms{
	"PUNPCKLBW": unpackLows(simd.PUnpckLBW, simd.PUnpckHBW), "PUNPCKHBW": unpackHighs(simd.PUnpckLBW, simd.PUnpckHBW),
	"PUNPCKLWD": unpackLows(simd.PUnpckLWD, simd.PUnpckHWD), "PUNPCKHWD": unpackHighs(simd.PUnpckLWD, simd.PUnpckHWD),
	"PUNPCKLDQ": unpackLows(simd.PUnpckLDQ, simd.PUnpckHDQ), "PUNPCKHDQ": unpackHighs(simd.PUnpckLDQ, simd.PUnpckHDQ),
	"UNPCKLPS": unpackLows(simd.PUnpckLDQ, simd.PUnpckHDQ), "UNPCKHPS": unpackHighs(simd.PUnpckLDQ, simd.PUnpckHDQ),
	"PUNPCKLQDQ": lowQuads, "UNPCKLPD": lowQuads, "PUNPCKHQDQ": highQuads, "UNPCKHPD": highQuads,
	"PACKSSWB": folds(simd.PackSSWB), "PACKUSWB": folds(simd.PackUSWB), "PACKSSDW": folds(simd.PackSSDW), "PACKUSDW": folds(simd.PackUSDW),
	"PSRLW": shifts(simd.PSrlW), "PSRAW": shifts(simd.PSraW), "PSLLW": shifts(simd.PSllW),
	"PSRLD": shifts(simd.PSrlD), "PSRAD": shifts(simd.PSraD), "PSLLD": shifts(simd.PSllD),
	"PSRLQ": shifts(simd.PSrlQ), "PSLLQ": shifts(simd.PSllQ),
	"PSHUFD": vecImm(pshufd), "PSHUFLW": vecImm(pshuflw), "PSHUFHW": vecImm(pshufhw),
	"SHUFPS": vecImm(simd.ShufPS), "SHUFPD": vecImm(simd.ShufPD), "PSHUFB": vec2(simd.PShufB),
	"MOVSLDUP": vec2(movsldup), "MOVSHDUP": vec2(movshdup),

	"UCOMISD": orders((*CPU).orderDouble, (*CPU).operand64, false), "COMISD": orders((*CPU).orderDouble, (*CPU).operand64, true),
	"UCOMISS": orders((*CPU).orderSingle, (*CPU).operand32, false), "COMISS": orders((*CPU).orderSingle, (*CPU).operand32, true),
	"CVTSS2SD": converts(simd.Single, simd.Double, (*CPU).operand32), "CVTSD2SS": converts(simd.Double, simd.Single, (*CPU).operand64),
	"CVTSI2SD": {nil, cvtsi2sdRM32},

	"MOVAPS": {vecRR, vecRM}, "MOVAPD": {vecRR, vecRM}, "MOVUPS": {vecRR, vecRM}, "MOVUPD": {vecRR, vecRM},
	"MOVDQA": {vecRR, vecRM}, "MOVDQU": {vecRR, vecRM}, "LDDQU": {nil, vecRM}, "MOVNTDQA": {nil, vecRM},
	"MOVSD": {movScalarRR64, movScalarRM64}, "MOVSS": {movScalarRR32, movScalarRM32},
	"MOVQ": {vecQRR, movScalarRM64}, "MOVD": {nil, movScalarRM32},
	"MOVHPS": {nil, highRM}, "MOVHPD": {nil, highRM}, "MOVLPS": {nil, lowRM}, "MOVLPD": {nil, lowRM},
	"MOVHLPS": {movHighLow, nil}, "MOVLHPS": {movLowHigh, nil},
}

var (
	lowQuads  = halves(func(a0, _, b0, _ uint64) (uint64, uint64) { return a0, b0 })
	highQuads = halves(func(_, a1, _, b1 uint64) (uint64, uint64) { return a1, b1 })
)
