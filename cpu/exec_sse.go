package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// What all instructions on XMM registers share: the checks before them, their operands, and
// the makers of Exec functions for operations that package simd holds as pure functions.
//
// The order in every instruction is: #UD and #NM, memory operand, compute, floating-point
// exceptions, store, commit.

// sseReady is what the control registers forbid of SSE.
//
// SDM Vol. 3A, "Action Taken on the EM, MP, and TS Flags", and Vol. 2A, "Exceptions Type
// 4".
func (c *CPU) sseReady(in *Inst) Fault {
	if in.VEX {
		return c.avxReady()
	}
	switch {
	case c.CR0&x86.CR0_EM != 0:
		return x86.UD(x86.ReasonFPUEmulated)
	case c.CR4&x86.CR4_OSFXSR == 0:
		return x86.UD(x86.ReasonSIMDNotEnabled)
	case c.CR0&x86.CR0_TS != 0:
		return x86.Raise(x86.VecNM, 0, x86.ReasonFPUTaskSwitched)
	}
	return Fault{}
}

// xmm is XMM register n.
func (c *CPU) xmm(n uint8) simd.Vec { return simd.FromBytes(c.S.XMM[n&31][:16]) }

// setXMM writes XMM register n; the rest of the YMM register stays.
func (c *CPU) setXMM(n uint8, v simd.Vec) { v.PutBytes(c.S.XMM[n&31][:16]) }

// vecLinear is the linear address of a 16-byte memory operand. Operands that must be aligned
// are #GP(0) when they are not, before limit, canonical form and alignment checking.
func (c *CPU) vecLinear(in *Inst, a access) (mmu.LinAddr, Fault) {
	off := c.ea(in)
	if in.Op.Attr&Align16 != 0 && (c.segBase(in.Seg)+off)&15 != 0 {
		return 0, x86.GP(0, x86.ReasonAligned16)
	}
	return c.linear(in.Seg, off, 16, a)
}

// read128 returns the 16-byte memory operand.
func (c *CPU) read128(in *Inst) (simd.Vec, Fault) {
	la, f := c.vecLinear(in, forRead)
	if f.Raised {
		return simd.Vec{}, f
	}
	lo, f := c.readLin(la, 8, c.class)
	if f.Raised {
		return simd.Vec{}, f
	}
	hi, f := c.readLin(c.wrapLin(la, 8), 8, c.class)
	return simd.Vec{lo, hi}, f
}

// write128 stores v into the 16-byte memory operand.
func (c *CPU) write128(in *Inst, v simd.Vec) Fault {
	la, f := c.vecLinear(in, forWrite)
	if f.Raised {
		return f
	}
	var p [16]byte
	v.PutBytes(p[:])
	return c.writeBytesLin(la, p[:], c.class)
}

// vec returns operand a, an XMM register or memory of any width; memory narrower than 16
// bytes is extended with zeroes.
func (c *CPU) vec(in *Inst, a Arg) (simd.Vec, Fault) {
	switch {
	case a.Kind == ArgXMM:
		return c.xmm(a.Reg), Fault{}
	case a.W == 16:
		return c.read128(in)
	}
	v, f := c.get(in, a)
	return simd.Vec{v, 0}, f
}

// setVec writes XMM register n as the result of in: in a VEX encoding everything above is
// cleared.
func (c *CPU) setVec(in *Inst, n uint8, v simd.Vec) {
	if in.VEX {
		clear(c.S.XMM[n&31][16:])
	}
	c.setXMM(n, v)
}

// sseLoad makes the checks and returns the destination register and the source.
func (c *CPU) sseLoad(in *Inst) (a, b simd.Vec, f Fault) {
	if f := c.sseReady(in); f.Raised {
		return a, b, f
	}
	b, f = c.vec(in, in.Src)
	return c.xmm(in.Dst.Reg), b, f
}

// simdRaise sets the flags st in MXCSR and raises #XM if one of them is not masked, or #UD
// where the system has not said that it handles #XM.
//
// SDM Vol. 1, "SIMD Floating-Point Exceptions"; Vol. 3A, "Interrupt 19".
func (c *CPU) simdRaise(st simd.Status) Fault {
	m := simd.MXCSR(c.S.MXCSR)
	c.S.MXCSR = uint32(m.Raise(st))
	return c.simdFault(m.Unmasked(st))
}

// simdFault is the exception for the unmasked conditions st.
func (c *CPU) simdFault(st simd.Status) Fault {
	switch {
	case st == 0:
		return Fault{}
	case c.CR4&x86.CR4_OSXMMEXCPT == 0:
		return x86.UD(x86.ReasonSIMDException)
	}
	return x86.Raise(x86.VecXM, 0, x86.ReasonSIMDException)
}

// lanes makes dst ← op(dst, src) on each half of an XMM register, or on an MMX register.
func lanes(op func(a, b uint64) uint64) Exec {
	return either(op, func(a, b simd.Vec) simd.Vec { return simd.Vec{op(a[0], b[0]), op(a[1], b[1])} })
}

// folded makes dst ← op(dst, src) for an op that puts what it makes of its first operand
// below what it makes of its second: packs and horizontal sums.
func folded(op func(a, b uint64) uint64) Exec {
	return either(op, func(a, b simd.Vec) simd.Vec { return simd.Vec{op(a[0], a[1]), op(b[0], b[1])} })
}

// unpackLow makes the interleaving of the lower halves; low and high are the MMX forms.
func unpackLow(low, high func(a, b uint64) uint64) Exec {
	return either(low, func(a, b simd.Vec) simd.Vec { return simd.Vec{low(a[0], b[0]), high(a[0], b[0])} })
}

// unpackHigh makes the interleaving of the upper halves.
func unpackHigh(low, high func(a, b uint64) uint64) Exec {
	return either(high, func(a, b simd.Vec) simd.Vec { return simd.Vec{low(a[1], b[1]), high(a[1], b[1])} })
}

// either makes an instruction with an MMX and an XMM form.
func either(mm func(a, b uint64) uint64, xmm func(a, b simd.Vec) simd.Vec) Exec {
	onXMM := vector(xmm)
	return func(c *CPU, in *Inst) Fault {
		if in.Dst.Kind != ArgMMX {
			return onXMM(c, in)
		}
		a, b, f := c.mmxLoad(in)
		if f.Raised {
			return f
		}
		c.setMMX(in.Dst.Reg, mm(a, b))
		return Fault{}
	}
}

// vector makes dst ← op(dst, src) on XMM registers.
func vector(op func(a, b simd.Vec) simd.Vec) Exec {
	return func(c *CPU, in *Inst) Fault {
		if in.VEX {
			return c.avxApply(in, func(a, b simd.Vec, _ int) (simd.Vec, simd.Status) { return op(a, b), 0 })
		}
		a, b, f := c.sseLoad(in)
		if f.Raised {
			return f
		}
		c.setXMM(in.Dst.Reg, op(a, b))
		return Fault{}
	}
}

// vectorImm makes dst ← op(dst, src, imm8) on XMM registers.
func vectorImm(op func(a, b simd.Vec, imm uint8) simd.Vec) Exec {
	return func(c *CPU, in *Inst) Fault {
		if in.VEX {
			return c.avxApply(in, func(a, b simd.Vec, _ int) (simd.Vec, simd.Status) { return op(a, b, uint8(in.Imm)), 0 })
		}
		a, b, f := c.sseLoad(in)
		if f.Raised {
			return f
		}
		c.setXMM(in.Dst.Reg, op(a, b, uint8(in.Imm)))
		return Fault{}
	}
}

// shift makes a shift of lanes; the count is an immediate or the low quadword of a register
// or memory operand.
func shift(op func(a, n uint64) uint64) Exec {
	return func(c *CPU, in *Inst) Fault {
		if in.Dst.Kind == ArgMMX {
			a, n, f := c.mmxLoad(in)
			if f.Raised {
				return f
			}
			c.setMMX(in.Dst.Reg, op(a, n))
			return Fault{}
		}
		if in.Src.Kind != ArgImm {
			a, n, f := c.sseLoad(in)
			if f.Raised {
				return f
			}
			c.setXMM(in.Dst.Reg, simd.Vec{op(a[0], n[0]), op(a[1], n[0])})
			return Fault{}
		}
		if f := c.sseReady(in); f.Raised {
			return f
		}
		a := c.xmm(in.Dst.Reg)
		c.setXMM(in.Dst.Reg, simd.Vec{op(a[0], in.Imm), op(a[1], in.Imm)})
		return Fault{}
	}
}

// shiftBytes makes PSLLDQ and PSRLDQ.
func shiftBytes(op func(a simd.Vec, n uint64) simd.Vec) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.sseReady(in); f.Raised {
			return f
		}
		c.setXMM(in.Dst.Reg, op(c.xmm(in.Dst.Reg), in.Imm))
		return Fault{}
	}
}
