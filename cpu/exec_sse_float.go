package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Arithmetic and comparison of packed and scalar floating-point numbers.

// A floatOp is an operation on two XMM operands under an MXCSR.
type floatOp func(m simd.MXCSR, a, b simd.Vec, imm uint8) (simd.Vec, simd.Status)

// float makes dst ← op(dst, src). If an unmasked exception is found the destination stays.
func float(op floatOp) Exec {
	return func(c *CPU, in *Inst) Fault {
		if in.VEX {
			return c.avxApply(in, func(a, b simd.Vec, _ int) (simd.Vec, simd.Status) {
				return op(simd.MXCSR(c.S.MXCSR), a, b, uint8(in.Imm))
			})
		}
		a, b, f := c.sseLoad(in)
		if f.Raised {
			return f
		}
		r, st := op(simd.MXCSR(c.S.MXCSR), a, b, uint8(in.Imm))
		if f := c.simdRaise(st); f.Raised {
			return f
		}
		c.setXMM(in.Dst.Reg, r)
		return Fault{}
	}
}

// packed makes op on all lanes of format f.
func packed(f simd.Format, op simd.Binary) Exec {
	return float(func(m simd.MXCSR, a, b simd.Vec, _ uint8) (simd.Vec, simd.Status) {
		return f.Packed(m, op, a, b)
	})
}

// scalar makes op on the lowest lane of format f.
func scalar(f simd.Format, op simd.Binary) Exec {
	return float(func(m simd.MXCSR, a, b simd.Vec, _ uint8) (simd.Vec, simd.Status) {
		return f.Scalar(m, op, a, b)
	})
}

// sqrt is simd.Format.Sqrt of the second operand.
func sqrt(f simd.Format, m simd.MXCSR, _, b uint64) (uint64, simd.Status) { return f.Sqrt(m, b) }

// estimate is RCPPS or RSQRTPS as an operation on lanes; it raises nothing.
func estimate(op func(uint64) uint64) simd.Binary {
	return func(_ simd.Format, _ simd.MXCSR, _, b uint64) (uint64, simd.Status) { return op(b), 0 }
}

// comparePacked makes CMPPS and CMPPD. mask is the bits of the immediate that count: 7, or
// 31 in VEX encodings.
//
// SDM Vol. 2A, "CMPPS—Compare Packed Single Precision Floating-Point Values".
func comparePacked(f simd.Format, mask uint8) Exec {
	return float(func(m simd.MXCSR, a, b simd.Vec, imm uint8) (simd.Vec, simd.Status) {
		return f.Packed(m, predicate(imm&mask), a, b)
	})
}

// compareScalar makes CMPSS and CMPSD.
func compareScalar(f simd.Format, mask uint8) Exec {
	return float(func(m simd.MXCSR, a, b simd.Vec, imm uint8) (simd.Vec, simd.Status) {
		return f.Scalar(m, predicate(imm&mask), a, b)
	})
}

func predicate(imm uint8) simd.Binary {
	return func(f simd.Format, m simd.MXCSR, a, b uint64) (uint64, simd.Status) {
		return f.Compare(m, a, b, simd.Predicate(imm))
	}
}

// addSub makes ADDSUBPS and ADDSUBPD.
func addSub(f simd.Format) Exec {
	return float(func(m simd.MXCSR, a, b simd.Vec, _ uint8) (simd.Vec, simd.Status) { return f.AddSub(m, a, b) })
}

// horizontal makes HADDPS, HADDPD, HSUBPS and HSUBPD.
func horizontal(f simd.Format, op simd.Binary) Exec {
	return float(func(m simd.MXCSR, a, b simd.Vec, _ uint8) (simd.Vec, simd.Status) {
		return f.Horizontal(m, op, a, b)
	})
}

// roundPacked makes ROUNDPS and ROUNDPD, roundScalar ROUNDSS and ROUNDSD.
//
// SDM Vol. 2B, "ROUNDPD—Round Packed Double Precision Floating-Point Values".
func roundPacked(f simd.Format) Exec {
	return float(func(m simd.MXCSR, a, b simd.Vec, imm uint8) (simd.Vec, simd.Status) {
		return f.Packed(m, roundOp(imm), a, b)
	})
}

func roundScalar(f simd.Format) Exec {
	return float(func(m simd.MXCSR, a, b simd.Vec, imm uint8) (simd.Vec, simd.Status) {
		return f.Scalar(m, roundOp(imm), a, b)
	})
}

func roundOp(imm uint8) simd.Binary {
	return func(f simd.Format, m simd.MXCSR, _, b uint64) (uint64, simd.Status) { return f.RoundToInt(m, b, imm) }
}

// dot makes DPPS and DPPD, which report exceptions step by step.
func dot(f simd.Format) Exec {
	return func(c *CPU, in *Inst) Fault {
		if in.VEX {
			return c.avxDot(in, f)
		}
		a, b, fault := c.sseLoad(in)
		if fault.Raised {
			return fault
		}
		r, m, unmasked := f.Dot(simd.MXCSR(c.S.MXCSR), a, b, uint8(in.Imm))
		c.S.MXCSR = uint32(m)
		if f := c.simdFault(unmasked); f.Raised {
			return f
		}
		c.setXMM(in.Dst.Reg, r)
		return Fault{}
	}
}

// relate makes COMISS, COMISD (signal) and UCOMISS, UCOMISD: ZF, PF and CF tell the
// relation, OF, SF and AF are cleared.
//
// SDM Vol. 2A, "COMISS—Compare Scalar Ordered Single Precision Floating-Point Values and
// Set EFLAGS".
func relate(f simd.Format, signal bool) Exec {
	return func(c *CPU, in *Inst) Fault {
		a, b, fault := c.sseLoad(in)
		if fault.Raised {
			return fault
		}
		r, st := f.Relate(simd.MXCSR(c.S.MXCSR), f.Lane(a, 0), f.Lane(b, 0), signal)
		if f := c.simdRaise(st); f.Raised {
			return f
		}
		c.setStatus([...]x86.Flags{
			simd.Greater:   0,
			simd.Less:      x86.FlagCF,
			simd.Equal:     x86.FlagZF,
			simd.Unordered: x86.FlagZF | x86.FlagPF | x86.FlagCF,
		}[r])
		return Fault{}
	}
}
