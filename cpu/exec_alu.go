package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// carry is CF as a number.
func (c *CPU) carry() uint64 { return c.S.RFLAGS & uint64(x86.FlagCF) }

// add is ADD: dst ← dst + src, setting all six status flags.
//
// SDM Vol. 2A, "ADD—Add".
func add(c *CPU, in *Inst) Fault { return addCarry(c, in, 0) }

// adc is ADC: dst ← dst + src + CF.
//
// SDM Vol. 2A, "ADC—Add With Carry".
func adc(c *CPU, in *Inst) Fault { return addCarry(c, in, c.carry()) }

func addCarry(c *CPU, in *Inst, carry uint64) Fault {
	dst, src, f := c.load(in)
	if f.Raised {
		return f
	}
	sum, flags := alu.Add(in.Dst.W, dst, src, carry)
	if f := c.store(in, sum); f.Raised {
		return f // flags stay as they were
	}
	c.setStatus(flags)
	return Fault{}
}

// sub is SUB: dst ← dst - src.
//
// SDM Vol. 2B, "SUB—Subtract".
func sub(c *CPU, in *Inst) Fault { return subBorrow(c, in, 0) }

// sbb is SBB: dst ← dst - (src + CF).
//
// SDM Vol. 2B, "SBB—Integer Subtraction With Borrow".
func sbb(c *CPU, in *Inst) Fault { return subBorrow(c, in, c.carry()) }

func subBorrow(c *CPU, in *Inst, borrow uint64) Fault {
	dst, src, f := c.load(in)
	if f.Raised {
		return f
	}
	diff, flags := alu.Sub(in.Dst.W, dst, src, borrow)
	if f := c.store(in, diff); f.Raised {
		return f
	}
	c.setStatus(flags)
	return Fault{}
}

// cmp is CMP: the flags of dst - src.
//
// SDM Vol. 2A, "CMP—Compare Two Operands".
func cmp(c *CPU, in *Inst) Fault {
	dst, src, f := c.loadBoth(in)
	if f.Raised {
		return f
	}
	_, flags := alu.Sub(in.Dst.W, dst, src, 0)
	c.setStatus(flags)
	return Fault{}
}

// and is AND. SDM Vol. 2A, "AND—Logical AND".
func and(c *CPU, in *Inst) Fault {
	dst, src, f := c.load(in)
	if f.Raised {
		return f
	}
	return c.storeLogic(in, dst&src)
}

// or is OR. SDM Vol. 2B, "OR—Logical Inclusive OR".
func or(c *CPU, in *Inst) Fault {
	dst, src, f := c.load(in)
	if f.Raised {
		return f
	}
	return c.storeLogic(in, dst|src)
}

// xor is XOR. SDM Vol. 2D, "XOR—Logical Exclusive OR".
func xor(c *CPU, in *Inst) Fault {
	dst, src, f := c.load(in)
	if f.Raised {
		return f
	}
	return c.storeLogic(in, dst^src)
}

// storeLogic stores a result and sets the flags of the logical instructions.
func (c *CPU) storeLogic(in *Inst, r uint64) Fault {
	if f := c.store(in, r); f.Raised {
		return f
	}
	c.setStatus(alu.Logic(in.Dst.W, r))
	return Fault{}
}

// test is TEST: the flags of dst AND src.
//
// SDM Vol. 2B, "TEST—Logical Compare".
func test(c *CPU, in *Inst) Fault {
	dst, src, f := c.loadBoth(in)
	if f.Raised {
		return f
	}
	c.setStatus(alu.Logic(in.Dst.W, dst&src))
	return Fault{}
}

// inc is INC: CF stays. SDM Vol. 2A, "INC—Increment by 1".
func inc(c *CPU, in *Inst) Fault {
	dst, f := c.getRMW(in, in.Dst)
	if f.Raised {
		return f
	}
	r, flags := alu.Inc(in.Dst.W, dst)
	if f := c.store(in, r); f.Raised {
		return f
	}
	c.setFlags(x86.FlagsStatus&^x86.FlagCF, flags)
	return Fault{}
}

// dec is DEC: CF stays. SDM Vol. 2A, "DEC—Decrement by 1".
func dec(c *CPU, in *Inst) Fault {
	dst, f := c.getRMW(in, in.Dst)
	if f.Raised {
		return f
	}
	r, flags := alu.Dec(in.Dst.W, dst)
	if f := c.store(in, r); f.Raised {
		return f
	}
	c.setFlags(x86.FlagsStatus&^x86.FlagCF, flags)
	return Fault{}
}

// not is NOT: no flags. SDM Vol. 2B, "NOT—One's Complement Negation".
func not(c *CPU, in *Inst) Fault {
	dst, f := c.getRMW(in, in.Dst)
	if f.Raised {
		return f
	}
	return c.store(in, ^dst)
}

// neg is NEG: the flags of 0 - dst. SDM Vol. 2B, "NEG—Two's Complement Negation".
func neg(c *CPU, in *Inst) Fault {
	dst, f := c.getRMW(in, in.Dst)
	if f.Raised {
		return f
	}
	r, flags := alu.Sub(in.Dst.W, 0, dst, 0)
	if f := c.store(in, r); f.Raised {
		return f
	}
	c.setStatus(flags)
	return Fault{}
}

// xadd is XADD: src ← dst, dst ← sum. SDM Vol. 2D, "XADD—Exchange and Add".
func xadd(c *CPU, in *Inst) Fault {
	dst, src, f := c.load(in)
	if f.Raised {
		return f
	}
	sum, flags := alu.Add(in.Dst.W, dst, src, 0)
	if in.Dst.Kind == ArgMem {
		if f := c.store(in, sum); f.Raised {
			return f
		}
		c.putReg(in.Src, dst)
	} else { // the destination wins when both are one register
		c.putReg(in.Src, dst)
		c.putReg(in.Dst, sum)
	}
	c.setStatus(flags)
	return Fault{}
}

// putReg writes a register operand, which cannot fault.
func (c *CPU) putReg(a Arg, v uint64) {
	if a.Kind == ArgHigh {
		r := &c.S.R[a.Reg&regMask]
		*r = *r&^0xff00 | v&0xff<<8
		return
	}
	c.setReg(a.Reg, a.W, v)
}

// cmpxchg is CMPXCHG: memory is written, and checked for writing, in either case.
//
// SDM Vol. 2A, "CMPXCHG—Compare and Exchange".
func cmpxchg(c *CPU, in *Inst) Fault {
	dst, src, f := c.load(in)
	if f.Raised {
		return f
	}
	w := in.Dst.W
	acc := c.reg(x86.RAX, w)
	_, flags := alu.Sub(w, acc, dst, 0)
	if acc == dst {
		if f := c.store(in, src); f.Raised {
			return f
		}
	} else {
		if in.Dst.Kind == ArgMem { // a register destination stays as it is
			if f := c.store(in, dst); f.Raised {
				return f
			}
		}
		c.setReg(x86.RAX, w, dst)
	}
	c.setStatus(flags)
	return Fault{}
}

// cmpxchg8b is CMPXCHG8B. SDM Vol. 2A, "CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes".
func cmpxchg8b(c *CPU, in *Inst) Fault {
	ea := c.ea(in)
	v, f := c.readRMW(in.Seg, ea, 8)
	if f.Raised {
		return f
	}
	r := &c.S.R
	equal := v == r[x86.RDX]<<32|r[x86.RAX]&0xffffffff
	out := v
	if equal {
		out = r[x86.RCX]<<32 | r[x86.RBX]&0xffffffff
	}
	if f := c.write(in.Seg, ea, out, 8); f.Raised {
		return f
	}
	if !equal {
		r[x86.RAX], r[x86.RDX] = v&0xffffffff, v>>32
	}
	c.setFlags(x86.FlagZF, when(x86.FlagZF, equal))
	return Fault{}
}

// cmpxchg16b is CMPXCHG16B: the operand must be aligned.
func cmpxchg16b(c *CPU, in *Inst) Fault {
	ea := c.ea(in)
	la, f := c.linear(in.Seg, ea, 1, forWrite)
	if f.Raised {
		return f
	}
	if la&15 != 0 { // takes precedence over #AC
		return x86.GP(0, x86.ReasonAligned16)
	}
	if f := c.probeWrite(la, 16, c.class); f.Raised {
		return f
	}
	lo, f := c.readLin(la, 8, c.class)
	if f.Raised {
		return f
	}
	hi, f := c.readLin(la+8, 8, c.class)
	if f.Raised {
		return f
	}
	r := &c.S.R
	equal := lo == r[x86.RAX] && hi == r[x86.RDX]
	outLo, outHi := lo, hi
	if equal {
		outLo, outHi = r[x86.RBX], r[x86.RCX]
	}
	if f := c.writeLin(la, outLo, 8, c.class); f.Raised {
		return f
	}
	if f := c.writeLin(la+8, outHi, 8, c.class); f.Raised {
		return f
	}
	if !equal {
		r[x86.RAX], r[x86.RDX] = lo, hi
	}
	c.setFlags(x86.FlagZF, when(x86.FlagZF, equal))
	return Fault{}
}

// when returns f if cond holds.
func when(f x86.Flags, cond bool) x86.Flags {
	if cond {
		return f
	}
	return 0
}

// daa, das, aaa, aas: SDM Vol. 1, "Decimal Arithmetic Instructions".
func daa(c *CPU, _ *Inst) Fault {
	al, f := alu.DAA(uint8(c.S.R[x86.RAX]), c.Flags())
	c.setReg(x86.RAX, 1, uint64(al))
	c.setStatus(f)
	return Fault{}
}

func das(c *CPU, _ *Inst) Fault {
	al, f := alu.DAS(uint8(c.S.R[x86.RAX]), c.Flags())
	c.setReg(x86.RAX, 1, uint64(al))
	c.setStatus(f)
	return Fault{}
}

func aaa(c *CPU, _ *Inst) Fault {
	ax, f := alu.AAA(uint16(c.S.R[x86.RAX]), c.Flags())
	c.setReg(x86.RAX, 2, uint64(ax))
	c.setStatus(f)
	return Fault{}
}

func aas(c *CPU, _ *Inst) Fault {
	ax, f := alu.AAS(uint16(c.S.R[x86.RAX]), c.Flags())
	c.setReg(x86.RAX, 2, uint64(ax))
	c.setStatus(f)
	return Fault{}
}

// aam is AAM: base 0 is #DE. SDM Vol. 2A, "AAM—ASCII Adjust AX After Multiply".
func aam(c *CPU, in *Inst) Fault {
	if uint8(in.Imm) == 0 {
		return x86.Raise(x86.VecDE, 0, x86.ReasonDivideByZero)
	}
	ax, f := alu.AAM(uint8(c.S.R[x86.RAX]), uint8(in.Imm))
	c.setReg(x86.RAX, 2, uint64(ax))
	c.setStatus(f)
	return Fault{}
}

// aad is AAD. SDM Vol. 2A, "AAD—ASCII Adjust AX Before Division".
func aad(c *CPU, in *Inst) Fault {
	ax, f := alu.AAD(uint16(c.S.R[x86.RAX]), uint8(in.Imm))
	c.setReg(x86.RAX, 2, uint64(ax))
	c.setStatus(f)
	return Fault{}
}

// salc sets AL to all ones when CF is set, else to 0.
func salc(c *CPU, _ *Inst) Fault {
	c.setReg(x86.RAX, 1, -c.carry())
	return Fault{}
}
