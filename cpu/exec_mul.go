package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// setPair writes a double-width result: AX for bytes, rDX:rAX for wider operands.
func (c *CPU) setPair(w width, hi, lo uint64) {
	if w == 1 {
		c.setReg(x86.RAX, 2, hi<<8|lo&0xff)
		return
	}
	c.setReg(x86.RAX, w, lo)
	c.setReg(x86.RDX, w, hi)
}

// pair reads a double-width dividend.
func (c *CPU) pair(w width) (hi, lo uint64) {
	if w == 1 {
		return c.S.R[x86.RAX] >> 8 & 0xff, c.S.R[x86.RAX] & 0xff
	}
	return c.reg(x86.RDX, w), c.reg(x86.RAX, w)
}

// mul is MUL. SDM Vol. 2B, "MUL—Unsigned Multiply".
func mul(c *CPU, in *Inst) Fault {
	src, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	hi, lo, flags := alu.Mul(in.Src.W, c.reg(x86.RAX, in.Src.W), src)
	c.setPair(in.Src.W, hi, lo)
	c.setStatus(flags)
	return Fault{}
}

// imul1 is IMUL with one operand. SDM Vol. 2A, "IMUL—Signed Multiply".
func imul1(c *CPU, in *Inst) Fault {
	src, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	hi, lo, flags := alu.IMul(in.Src.W, c.reg(x86.RAX, in.Src.W), src)
	c.setPair(in.Src.W, hi, lo)
	c.setStatus(flags)
	return Fault{}
}

// imul2 is IMUL with two operands: dst ← dst * src.
func imul2(c *CPU, in *Inst) Fault {
	dst, src, f := c.load(in)
	if f.Raised {
		return f
	}
	_, lo, flags := alu.IMul(in.Dst.W, dst, src)
	c.putReg(in.Dst, lo)
	c.setStatus(flags)
	return Fault{}
}

// imul3 is IMUL with three operands: dst ← src * immediate.
func imul3(c *CPU, in *Inst) Fault {
	src, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	_, lo, flags := alu.IMul(in.Dst.W, src, in.Imm)
	c.putReg(in.Dst, lo)
	c.setStatus(flags)
	return Fault{}
}

// div is DIV. SDM Vol. 2A, "DIV—Unsigned Divide".
func div(c *CPU, in *Inst) Fault { return divide(c, in, alu.Div) }

// idiv is IDIV. SDM Vol. 2A, "IDIV—Signed Divide".
func idiv(c *CPU, in *Inst) Fault { return divide(c, in, alu.IDiv) }

func divide(c *CPU, in *Inst, fn func(w alu.Width, hi, lo, y uint64) (q, r uint64, ok bool)) Fault {
	src, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	w := in.Src.W
	hi, lo := c.pair(w)
	q, r, ok := fn(w, hi, lo, src)
	if !ok {
		if src == 0 {
			return x86.Raise(x86.VecDE, 0, x86.ReasonDivideByZero)
		}
		return x86.Raise(x86.VecDE, 0, x86.ReasonDivideOverflow)
	}
	c.setPair(w, r, q)
	return Fault{}
}
