package cpu

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// bt, bts, btr and btc copy a bit to CF and leave, set, clear or complement it. A bit
// offset in a register reaches beyond a memory operand. ZF stays; OF, SF, AF and PF are
// undefined and stay too.
//
// SDM Vol. 2A, "BT—Bit Test" and the following.
func bt(c *CPU, in *Inst) Fault {
	arg, ea, bit, f := c.bitOperand(in)
	if f.Raised {
		return f
	}
	var v uint64
	if arg.Kind == ArgMem {
		if v, f = c.read(in.Seg, ea, arg.W); f.Raised {
			return f
		}
	} else {
		v = c.reg(arg.Reg, arg.W)
	}
	c.setFlags(x86.FlagCF, x86.Flags(v>>bit&1))
	return Fault{}
}

func bts(c *CPU, in *Inst) Fault {
	return c.changeBit(in, func(v, m uint64) uint64 { return v | m })
}

func btr(c *CPU, in *Inst) Fault {
	return c.changeBit(in, func(v, m uint64) uint64 { return v &^ m })
}

func btc(c *CPU, in *Inst) Fault {
	return c.changeBit(in, func(v, m uint64) uint64 { return v ^ m })
}

func (c *CPU) changeBit(in *Inst, fn func(v, m uint64) uint64) Fault {
	arg, ea, bit, f := c.bitOperand(in)
	if f.Raised {
		return f
	}
	if arg.Kind != ArgMem {
		v := c.reg(arg.Reg, arg.W)
		c.setReg(arg.Reg, arg.W, fn(v, 1<<bit))
		c.setFlags(x86.FlagCF, x86.Flags(v>>bit&1))
		return Fault{}
	}
	v, f := c.readRMW(in.Seg, ea, arg.W)
	if f.Raised {
		return f
	}
	if f := c.write(in.Seg, ea, fn(v, 1<<bit), arg.W); f.Raised {
		return f
	}
	c.setFlags(x86.FlagCF, x86.Flags(v>>bit&1))
	return Fault{}
}

// bitOperand locates the word that holds the bit and the bit's number in it.
func (c *CPU) bitOperand(in *Inst) (arg Arg, ea uint64, bit uint, f Fault) {
	arg = in.Dst
	n, f := c.get(in, in.Src)
	if f.Raised {
		return
	}
	bit = uint(n) & (arg.W.Bits() - 1)
	if arg.Kind != ArgMem {
		return
	}
	ea = c.ea(in)
	if in.Src.Kind == ArgReg {
		words := int64(arg.W.SignExtend(n)) >> bits.TrailingZeros(arg.W.Bits())
		ea = (ea + uint64(words)*uint64(arg.W)) & in.AddrSize.Mask()
	}
	return
}

// bsf is BSF: a source of 0 leaves the whole destination register unchanged.
//
// SDM Vol. 2A, "BSF—Bit Scan Forward".
func bsf(c *CPU, in *Inst) Fault { return scan(c, in, alu.Bsf) }

// bsr is BSR. SDM Vol. 2A, "BSR—Bit Scan Reverse".
func bsr(c *CPU, in *Inst) Fault { return scan(c, in, alu.Bsr) }

func scan(c *CPU, in *Inst, fn func(uint64) (uint64, x86.Flags)) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	if v == 0 {
		c.setStatus(x86.FlagZF | x86.FlagPF)
		return Fault{}
	}
	r, flags := fn(v)
	c.putReg(in.Dst, r)
	c.setStatus(flags)
	return Fault{}
}

// tzcnt is TZCNT; a processor without BMI1 executes BSF instead.
//
// SDM Vol. 2B, "TZCNT—Count the Number of Trailing Zero Bits".
func tzcnt(c *CPU, in *Inst) Fault {
	if !c.Model.Has(FeatBMI1) {
		return bsf(c, in)
	}
	return c.count(in, func(v uint64, w width) uint64 {
		return min(uint64(bits.TrailingZeros64(v)), uint64(w.Bits()))
	})
}

// lzcnt is LZCNT; a processor without it executes BSR instead.
//
// SDM Vol. 2A, "LZCNT—Count the Number of Leading Zero Bits".
func lzcnt(c *CPU, in *Inst) Fault {
	if !c.Model.Has(FeatLZCNT) {
		return bsr(c, in)
	}
	return c.count(in, func(v uint64, w width) uint64 {
		return uint64(bits.LeadingZeros64(v)) - (64 - uint64(w.Bits()))
	})
}

// count runs TZCNT and LZCNT: CF when the source is 0, ZF when the result is 0.
func (c *CPU) count(in *Inst, fn func(v uint64, w width) uint64) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	r := fn(v, in.Src.W)
	c.putReg(in.Dst, r)
	c.setStatus(when(x86.FlagCF, v == 0) | when(x86.FlagZF, r == 0))
	return Fault{}
}

// popcnt is POPCNT. SDM Vol. 2B, "POPCNT—Return the Count of Number of Bits Set to 1".
func popcnt(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	c.putReg(in.Dst, uint64(bits.OnesCount64(v)))
	c.setStatus(when(x86.FlagZF, v == 0))
	return Fault{}
}
