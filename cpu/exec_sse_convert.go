package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/simd"
)

// Conversions between floating-point formats and integers.

// A toInteger is simd.Format.ToInt or ToIntTruncated.
type toInteger func(f simd.Format, m simd.MXCSR, n uint, v uint64) (uint64, simd.Status)

// integersToFloats converts the n low signed doublewords of b into lanes of r.
func integersToFloats(f simd.Format, m simd.MXCSR, r, b simd.Vec, n int) (simd.Vec, simd.Status) {
	var st simd.Status
	for i := range n {
		x, s := f.FromInt(m, int64(int32(b.D(i))))
		f.SetLane(&r, i, x)
		st |= s
	}
	return r, st
}

// floatsToIntegers converts all n low lanes of b into doublewords; the rest is zero.
func floatsToIntegers(f simd.Format, op toInteger, m simd.MXCSR, b simd.Vec, n int) (r simd.Vec, st simd.Status) {
	for i := range n {
		x, s := op(f, m, 32, f.Lane(b, i))
		r.SetD(i, uint32(x))
		st |= s
	}
	return r, st
}

// cvtdq2 makes CVTDQ2PS and CVTDQ2PD.
//
// SDM Vol. 2A, "CVTDQ2PD—Convert Packed Doubleword Integers to Packed Double Precision
// Floating-Point Values".
func cvtdq2(f simd.Format) Exec {
	return float(func(m simd.MXCSR, _, b simd.Vec, _ uint8) (simd.Vec, simd.Status) {
		return integersToFloats(f, m, simd.Vec{}, b, f.Lanes())
	})
}

// cvt2dq makes CVTPS2DQ, CVTTPS2DQ, CVTPD2DQ and CVTTPD2DQ.
//
// SDM Vol. 2A, "CVTPD2DQ—Convert Packed Double Precision Floating-Point Values to Packed
// Doubleword Integers".
func cvt2dq(f simd.Format, op toInteger) Exec {
	return float(func(m simd.MXCSR, _, b simd.Vec, _ uint8) (simd.Vec, simd.Status) {
		return floatsToIntegers(f, op, m, b, f.Lanes())
	})
}

// cvtpi2 makes CVTPI2PS, which keeps the upper half of the destination, and CVTPI2PD. They
// touch no MMX state when their source is memory; the manual says so of CVTPI2PD only, but
// processors do it for both.
//
// SDM Vol. 2A, "CVTPI2PD—Convert Packed Dword Integers to Packed Double Precision
// Floating-Point Values" and "CVTPI2PS".
func cvtpi2(f simd.Format) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.sseReady(in); f.Raised {
			return f
		}
		usesMMX := in.Src.Kind == ArgMMX
		if usesMMX {
			if f := c.mmxReady(); f.Raised {
				return f
			}
		}
		b, fault := c.mmxGet(in, in.Src)
		if fault.Raised {
			return fault
		}
		if usesMMX {
			c.enterMMX() // also if #XM follows
		}
		r, st := integersToFloats(f, simd.MXCSR(c.S.MXCSR), c.xmm(in.Dst.Reg), simd.Vec{b}, 2)
		if f := c.simdRaise(st); f.Raised {
			return f
		}
		c.setXMM(in.Dst.Reg, r)
		return Fault{}
	}
}

// cvt2pi makes CVTPS2PI, CVTTPS2PI, CVTPD2PI and CVTTPD2PI.
//
// SDM Vol. 2A, "CVTPS2PI—Convert Packed Single Precision Floating-Point Values to Packed
// Dword Integers".
func cvt2pi(f simd.Format, op toInteger) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.sseWithMMX(in); f.Raised {
			return f
		}
		b, fault := c.vec(in, in.Src)
		if fault.Raised {
			return fault
		}
		c.enterMMX() // also if #XM follows
		r, st := floatsToIntegers(f, op, simd.MXCSR(c.S.MXCSR), b, 2)
		if f := c.simdRaise(st); f.Raised {
			return f
		}
		c.setMMX(in.Dst.Reg, r[0])
		return Fault{}
	}
}

// cvtsi2 makes CVTSI2SS and CVTSI2SD.
//
// SDM Vol. 2A, "CVTSI2SS—Convert Doubleword Integer to Scalar Single Precision
// Floating-Point Value".
func cvtsi2(f simd.Format) Exec {
	return func(c *CPU, in *Inst) Fault {
		a, v, fault := c.sseLoad16(in)
		if fault.Raised {
			return fault
		}
		r, st := f.FromInt(simd.MXCSR(c.S.MXCSR), int64(in.Src.W.SignExtend(v)))
		if f := c.simdRaise(st); f.Raised {
			return f
		}
		f.SetLane(&a, 0, r)
		c.setXMM(in.Dst.Reg, a)
		return Fault{}
	}
}

// cvt2si makes CVTSS2SI, CVTTSS2SI, CVTSD2SI and CVTTSD2SI.
//
// SDM Vol. 2A, "CVTSD2SI—Convert Scalar Double Precision Floating-Point Value to Doubleword
// Integer".
func cvt2si(f simd.Format, op toInteger) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.sseReady(in); f.Raised {
			return f
		}
		b, fault := c.vec(in, in.Src)
		if fault.Raised {
			return fault
		}
		r, st := op(f, simd.MXCSR(c.S.MXCSR), in.Dst.W.Bits(), f.Lane(b, 0))
		if f := c.simdRaise(st); f.Raised {
			return f
		}
		return c.store(in, r)
	}
}

// convertPacked makes CVTPS2PD and CVTPD2PS.
//
// SDM Vol. 2A, "CVTPS2PD—Convert Packed Single Precision Floating-Point Values to Packed
// Double Precision Floating-Point Values".
func convertPacked(from, to simd.Format) Exec {
	return float(func(m simd.MXCSR, _, b simd.Vec, _ uint8) (r simd.Vec, st simd.Status) {
		for i := range 2 {
			x, s := from.Convert(m, to, from.Lane(b, i))
			to.SetLane(&r, i, x)
			st |= s
		}
		return r, st
	})
}

// convertScalar makes CVTSS2SD and CVTSD2SS.
func convertScalar(from, to simd.Format) Exec {
	return float(func(m simd.MXCSR, a, b simd.Vec, _ uint8) (simd.Vec, simd.Status) {
		x, st := from.Convert(m, to, from.Lane(b, 0))
		to.SetLane(&a, 0, x)
		return a, st
	})
}
