package cpu

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// BMI1 and BMI2: general-register instructions in VEX encodings. They need no permission.
// SDM Vol. 2A to 2D, under their names.

// bmiFlags sets SF and ZF by the result r, CF as given, and clears OF, AF and PF.
func (c *CPU) bmiFlags(w width, r uint64, carry bool) {
	var fl x86.Flags
	if r&w.Sign() != 0 {
		fl |= x86.FlagSF
	}
	if r&w.Mask() == 0 {
		fl |= x86.FlagZF
	}
	if carry {
		fl |= x86.FlagCF
	}
	c.setStatus(fl)
}

// andn is ANDN.
func andn(c *CPU, in *Inst) Fault {
	b, f := c.get(in, in.Third)
	if f.Raised {
		return f
	}
	r := ^c.reg(in.Src.Reg, in.Src.W) & b
	c.bmiFlags(in.Dst.W, r, false)
	return c.store(in, r)
}

// bls makes BLSR, BLSMSK and BLSI.
func bls(op func(v uint64) (r uint64, carry bool)) Exec {
	return func(c *CPU, in *Inst) Fault {
		v, f := c.get(in, in.Src)
		if f.Raised {
			return f
		}
		r, carry := op(v)
		c.bmiFlags(in.Dst.W, r, carry)
		return c.store(in, r)
	}
}

func blsr(v uint64) (uint64, bool)   { return v & (v - 1), v == 0 }
func blsmsk(v uint64) (uint64, bool) { return v ^ (v - 1), v == 0 }
func blsi(v uint64) (uint64, bool)   { return v & -v, v != 0 }

// bzhi is BZHI.
func bzhi(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	n := uint(uint8(c.S.R[in.Third.Reg&regMask]))
	if n < in.Dst.W.Bits() {
		v &= 1<<n - 1
	}
	c.bmiFlags(in.Dst.W, v, n >= in.Dst.W.Bits())
	return c.store(in, v)
}

// bextr is BEXTR: start and length are the low bytes of the last operand.
func bextr(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	ctl := c.S.R[in.Third.Reg&regMask]
	v = v >> uint8(ctl) & (1<<uint8(ctl>>8) - 1)
	c.bmiFlags(in.Dst.W, v, false)
	c.setFlags(x86.FlagSF, 0)
	return c.store(in, v)
}

// pext is PEXT: the bits of vvvv that the mask selects, gathered.
func pext(c *CPU, in *Inst) Fault {
	mask, f := c.get(in, in.Third)
	if f.Raised {
		return f
	}
	v, r := c.reg(in.Src.Reg, in.Src.W), uint64(0)
	for i := 0; mask != 0; i++ {
		r |= v >> bits.TrailingZeros64(mask) & 1 << i
		mask &= mask - 1
	}
	return c.store(in, r)
}

// pdep is PDEP: the low bits of vvvv, scattered to where the mask has bits.
func pdep(c *CPU, in *Inst) Fault {
	mask, f := c.get(in, in.Third)
	if f.Raised {
		return f
	}
	v, r := c.reg(in.Src.Reg, in.Src.W), uint64(0)
	for ; mask != 0; v >>= 1 {
		r |= v & 1 << bits.TrailingZeros64(mask)
		mask &= mask - 1
	}
	return c.store(in, r)
}

// mulx is MULX: rDX times the source; the low half goes to vvvv first.
func mulx(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Third)
	if f.Raised {
		return f
	}
	w := in.Dst.W
	hi, lo := bits.Mul64(v, c.reg(x86.RDX, w))
	if w == 4 {
		hi = lo >> 32
	}
	c.setReg(in.Src.Reg, w, lo)
	return c.store(in, hi)
}

// shiftX makes SHLX, SHRX and SARX.
func shiftX(c *CPU, in *Inst, op func(v uint64, n uint) uint64) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	return c.store(in, op(v, uint(c.S.R[in.Third.Reg&regMask])&(in.Dst.W.Bits()-1)))
}

func shlx(c *CPU, in *Inst) Fault {
	return shiftX(c, in, func(v uint64, n uint) uint64 { return v << n })
}

func shrx(c *CPU, in *Inst) Fault {
	return shiftX(c, in, func(v uint64, n uint) uint64 { return v >> n })
}

func sarx(c *CPU, in *Inst) Fault {
	return shiftX(c, in, func(v uint64, n uint) uint64 { return uint64(int64(in.Dst.W.SignExtend(v)) >> n) })
}

// rorx is RORX.
func rorx(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	if in.Dst.W == 4 {
		return c.store(in, uint64(bits.RotateLeft32(uint32(v), -int(in.Imm&31))))
	}
	return c.store(in, bits.RotateLeft64(v, -int(in.Imm&63)))
}
