package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A shifter is a shift of package alu: result, flags, and which flags change.
type shifter func(w alu.Width, x, n uint64) (uint64, x86.Flags, x86.Flags)

// shiftBy runs a shift or rotate of group 2. A memory operand is written even when the
// count is 0.
func shiftBy(c *CPU, in *Inst, fn shifter) Fault {
	dst, n, f := c.load(in)
	if f.Raised {
		return f
	}
	return c.storeShift(in, fn, dst, n)
}

func (c *CPU) storeShift(in *Inst, fn shifter, dst, n uint64) Fault {
	r, flags, changed := fn(in.Dst.W, dst, n)
	if f := c.store(in, r); f.Raised {
		return f
	}
	c.setFlags(changed, flags)
	return Fault{}
}

// shl, shr, sar: SDM Vol. 2B, "SAL/SAR/SHL/SHR—Shift".
func shl(c *CPU, in *Inst) Fault { return shiftBy(c, in, alu.Shl) }
func shr(c *CPU, in *Inst) Fault { return shiftBy(c, in, alu.Shr) }
func sar(c *CPU, in *Inst) Fault { return shiftBy(c, in, alu.Sar) }

// keepsOF says whether a rotate is of the form whose OF stays for counts above 1: a
// register by an immediate.
func keepsOF(in *Inst) bool {
	return in.Dst.Kind != ArgMem && in.Op.Src == Ib
}

// rol, ror, rcl, rcr: SDM Vol. 2B, "RCL/RCR/ROL/ROR—Rotate".
func rol(c *CPU, in *Inst) Fault {
	dst, n, f := c.load(in)
	if f.Raised {
		return f
	}
	r, flags, changed := alu.Rol(in.Dst.W, dst, n, keepsOF(in))
	return c.storeRotated(in, r, flags, changed)
}

func ror(c *CPU, in *Inst) Fault {
	dst, n, f := c.load(in)
	if f.Raised {
		return f
	}
	r, flags, changed := alu.Ror(in.Dst.W, dst, n, keepsOF(in))
	return c.storeRotated(in, r, flags, changed)
}

func rcl(c *CPU, in *Inst) Fault {
	dst, n, f := c.load(in)
	if f.Raised {
		return f
	}
	r, flags, changed := alu.Rcl(in.Dst.W, dst, n, c.carry())
	return c.storeRotated(in, r, flags, changed)
}

func rcr(c *CPU, in *Inst) Fault {
	dst, n, f := c.load(in)
	if f.Raised {
		return f
	}
	r, flags, changed := alu.Rcr(in.Dst.W, dst, n, c.carry())
	return c.storeRotated(in, r, flags, changed)
}

func (c *CPU) storeRotated(in *Inst, r uint64, flags, changed x86.Flags) Fault {
	if f := c.store(in, r); f.Raised {
		return f
	}
	c.setFlags(changed, flags)
	return Fault{}
}

// shld and shrd: SDM Vol. 2B, "SHLD—Double Precision Shift Left" and "SHRD".
func shld(c *CPU, in *Inst) Fault { return doubleShift(c, in, alu.Shld) }
func shrd(c *CPU, in *Inst) Fault { return doubleShift(c, in, alu.Shrd) }

func doubleShift(c *CPU, in *Inst, fn func(w alu.Width, x, y, n uint64) (uint64, x86.Flags, x86.Flags)) Fault {
	n, f := c.get(in, in.Third)
	if f.Raised {
		return f
	}
	dst, src, f := c.load(in)
	if f.Raised {
		return f
	}
	r, flags, changed := fn(in.Dst.W, dst, src, n)
	return c.storeRotated(in, r, flags, changed)
}
