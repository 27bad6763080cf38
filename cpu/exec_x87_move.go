package cpu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// x87 loads, stores and moves between registers.

// fld is FLD m32fp and FLD m64fp. An unmasked #D does not keep the value from being pushed.
//
// SDM Vol. 2A, "FLD—Load Floating Point Value".
func fld(c *CPU, in *Inst) Fault {
	m, f := c.fpRead(in)
	if f.Raised {
		return f
	}
	x := &c.X87
	if !x.empty(7) {
		c.fpPush(f80.Float{})
		return Fault{}
	}
	var v f80.Float
	var st f80.Status
	if in.Src.W == 4 {
		v, st = f80.FromFloat32(uint32(m))
	} else {
		v, st = f80.FromFloat64(m)
	}
	c.fpStatus(st)
	if st.Unmasked(x.control())&f80.IE == 0 {
		x.push(v)
	}
	return Fault{}
}

// fpRead begins an instruction and returns its memory operand of 2, 4 or 8 bytes.
func (c *CPU) fpRead(in *Inst) (uint64, Fault) {
	if f := c.fpWait(); f.Raised {
		return 0, f
	}
	m, f := c.read(in.Seg, c.ea(in), in.Src.W)
	if f.Raised {
		return 0, f
	}
	c.fpPointers(in)
	return m, Fault{}
}

// fpRead80 begins an instruction and returns its memory operand of 10 bytes.
func (c *CPU) fpRead80(in *Inst) (lo uint64, hi uint16, f Fault) {
	if f = c.fpWait(); f.Raised {
		return 0, 0, f
	}
	if f = c.fpAlign80(in, forRead); f.Raised {
		return 0, 0, f
	}
	var m [10]byte
	if f = c.readBytes(in.Seg, c.ea(in), m[:]); f.Raised {
		return 0, 0, f
	}
	c.fpPointers(in)
	return binary.LittleEndian.Uint64(m[:]), binary.LittleEndian.Uint16(m[8:]), Fault{}
}

// fpAlign80 is alignment checking of an operand of 10 bytes: as of 8, the first of them, if they lie in the
// segment.
func (c *CPU) fpAlign80(in *Inst, a access) Fault {
	if c.alignMask == 0 {
		return Fault{}
	}
	la, f := c.linearUnchecked(in.Seg, c.ea(in), 8, a)
	if !f.Raised && misaligned(uint64(la), 8) {
		return x86.Raise(x86.VecAC, 0, x86.ReasonAlignment)
	}
	return Fault{} // other faults come with the access
}

// fpWrite80 stores 10 bytes. As on processors, the first eight are there even if storing the
// other two faults.
func (c *CPU) fpWrite80(in *Inst, lo uint64, hi uint16) Fault {
	if f := c.fpAlign80(in, forWrite); f.Raised {
		return f
	}
	ea := c.ea(in)
	if f := c.write(in.Seg, ea, lo, 8); f.Raised {
		return f
	}
	la, f := c.linearUnchecked(in.Seg, (ea+8)&in.AddrSize.Mask(), 2, forWrite)
	if f.Raised {
		return f
	}
	return c.writeLin(la, uint64(hi), 2, c.class)
}

// fld80 is FLD m80fp: any bits are loaded as they are.
func fld80(c *CPU, in *Inst) Fault {
	sig, se, f := c.fpRead80(in)
	if f.Raised {
		return f
	}
	c.fpPush(f80.Float{Sig: sig, SE: se})
	return Fault{}
}

// fild is FILD.
//
// SDM Vol. 2A, "FILD—Load Integer".
func fild(c *CPU, in *Inst) Fault {
	m, f := c.fpRead(in)
	if f.Raised {
		return f
	}
	c.fpPush(f80.FromInt64(int64(in.Src.W.SignExtend(m))))
	return Fault{}
}

// fbld is FBLD.
//
// SDM Vol. 2A, "FBLD—Load Binary Coded Decimal".
func fbld(c *CPU, in *Inst) Fault {
	lo, hi, f := c.fpRead80(in)
	if f.Raised {
		return f
	}
	c.fpPush(f80.FromBCD(f80.BCD{Lo: lo, Hi: hi}))
	return Fault{}
}

// fldConst is FLD1 to FLDZ, numbered by ModRM.rm.
//
// SDM Vol. 2A, "FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant".
func fldConst(c *CPU, in *Inst) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	c.fpPush(f80.Const(in.RM()).Load(c.X87.control()))
	return Fault{}
}

// fldReg is FLD ST(i).
func fldReg(c *CPU, in *Inst) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x := &c.X87
	if x.empty(in.Src.Reg) {
		if c.fpUnderflow() {
			x.push(f80.Indefinite())
		}
		return Fault{}
	}
	c.fpPush(*x.st(in.Src.Reg))
	return Fault{}
}

// A fpStored is what a store instruction found out before it wrote.
type fpStored struct {
	lo   uint64
	hi   uint16 // of 10-byte operands
	st   f80.Status
	skip bool // an unmasked exception: nothing is stored, nothing popped
}

// fpConvert begins a store instruction and converts ST(0) with conv; from an empty register
// it stores indefinite.
func (c *CPU) fpConvert(in *Inst, indefinite f80.Float, conv func(f80.Control, f80.Float) (lo uint64, hi uint16, st f80.Status)) (s fpStored, f Fault) {
	if f = c.fpWait(); f.Raised {
		return s, f
	}
	x := &c.X87
	ctl := x.control()
	if x.empty(0) {
		s.lo, s.hi, _ = conv(f80.ControlInit, indefinite)
		s.st = f80.IE | f80.SF
	} else {
		s.lo, s.hi, s.st = conv(ctl, *x.st(0))
	}
	s.skip = s.st.WithholdsStore(ctl)
	return s, Fault{}
}

// fpStore finishes a store instruction.
func (c *CPU) fpStore(in *Inst, s fpStored, pop bool) Fault {
	if !s.skip {
		var f Fault
		if in.Dst.W == 10 {
			f = c.fpWrite80(in, s.lo, s.hi)
		} else {
			f = c.write(in.Seg, c.ea(in), s.lo, in.Dst.W)
		}
		if f.Raised {
			return f
		}
	}
	c.fpPointers(in)
	c.fpStatus(s.st)
	if pop && !s.skip {
		c.X87.pop()
	}
	return Fault{}
}

// fst is FST m32fp and FST m64fp; fstp pops.
//
// SDM Vol. 2A, "FST/FSTP—Store Floating Point Value".
func fst(c *CPU, in *Inst) Fault  { return c.fpStoreFloat(in, false) }
func fstp(c *CPU, in *Inst) Fault { return c.fpStoreFloat(in, true) }

func (c *CPU) fpStoreFloat(in *Inst, pop bool) Fault {
	conv := toFloat64
	if in.Dst.W == 4 {
		conv = toFloat32
	}
	s, f := c.fpConvert(in, f80.Indefinite(), conv)
	if f.Raised {
		return f
	}
	return c.fpStore(in, s, pop)
}

func toFloat32(ctl f80.Control, a f80.Float) (uint64, uint16, f80.Status) {
	v, st := f80.ToFloat32(ctl, a)
	return uint64(v), 0, st
}

func toFloat64(ctl f80.Control, a f80.Float) (uint64, uint16, f80.Status) {
	v, st := f80.ToFloat64(ctl, a)
	return v, 0, st
}

// fstp80 is FSTP m80fp: the register is stored as it is.
func fstp80(c *CPU, in *Inst) Fault {
	s, f := c.fpConvert(in, f80.Indefinite(), func(_ f80.Control, a f80.Float) (uint64, uint16, f80.Status) {
		return a.Sig, a.SE, 0
	})
	if f.Raised {
		return f
	}
	return c.fpStore(in, s, true)
}

// fist is FIST, fistp FISTP and fisttp FISTTP.
//
// SDM Vol. 2A, "FIST/FISTP—Store Integer" and "FISTTP—Store Integer With Truncation".
func fist(c *CPU, in *Inst) Fault   { return c.fpStoreInt(in, 0, false) }
func fistp(c *CPU, in *Inst) Fault  { return c.fpStoreInt(in, 0, true) }
func fisttp(c *CPU, in *Inst) Fault { return c.fpStoreInt(in, f80.RoundZero, true) }

// fpStoreInt stores ST(0) as an integer; round is added to the rounding control.
func (c *CPU) fpStoreInt(in *Inst, round f80.Control, pop bool) Fault {
	w := in.Dst.W
	s, f := c.fpConvert(in, f80.Indefinite(), func(ctl f80.Control, a f80.Float) (uint64, uint16, f80.Status) {
		ctl |= round
		switch w {
		case 2:
			v, st := f80.ToInt16(ctl, a)
			return uint64(v), 0, st
		case 4:
			v, st := f80.ToInt32(ctl, a)
			return uint64(v), 0, st
		}
		v, st := f80.ToInt64(ctl, a)
		return uint64(v), 0, st
	})
	if f.Raised {
		return f
	}
	return c.fpStore(in, s, pop)
}

// fbstp is FBSTP.
//
// SDM Vol. 2A, "FBSTP—Store BCD Integer and Pop".
func fbstp(c *CPU, in *Inst) Fault {
	s, f := c.fpConvert(in, f80.Indefinite(), func(ctl f80.Control, a f80.Float) (uint64, uint16, f80.Status) {
		v, st := f80.ToBCD(ctl, a)
		return v.Lo, v.Hi, st
	})
	if f.Raised {
		return f
	}
	return c.fpStore(in, s, true)
}

// fstReg is FST ST(i); fstpReg pops.
func fstReg(c *CPU, in *Inst) Fault  { return c.fpStoreReg(in, false) }
func fstpReg(c *CPU, in *Inst) Fault { return c.fpStoreReg(in, true) }

func (c *CPU) fpStoreReg(in *Inst, pop bool) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x := &c.X87
	v := *x.st(0)
	if x.empty(0) {
		if !c.fpUnderflow() {
			return Fault{}
		}
		v = f80.Indefinite()
	} else {
		c.fpStatus(0)
	}
	x.setST(in.Dst.Reg, v)
	if pop {
		x.pop()
	}
	return Fault{}
}

// fstp1 is the FSTP ST(i) that the manual does not have, D9 D8+i: of an empty ST(0) it stores
// nothing and raises nothing, but pops.
func fstp1(c *CPU, in *Inst) Fault {
	if !c.X87.empty(0) {
		return fstpReg(c, in)
	}
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	c.fpStatus(0)
	c.X87.pop()
	return Fault{}
}

// fxch is FXCH.
//
// SDM Vol. 2A, "FXCH—Exchange Register Contents".
func fxch(c *CPU, in *Inst) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x, i := &c.X87, in.Dst.Reg
	a, b := *x.st(0), *x.st(i)
	if x.empty(0) || x.empty(i) {
		if !c.fpUnderflow() {
			return Fault{}
		}
		if x.empty(0) {
			a = f80.Indefinite()
		}
		if x.empty(i) {
			b = f80.Indefinite()
		}
	} else {
		c.fpStatus(0)
	}
	x.setST(i, a)
	x.setST(0, b)
	return Fault{}
}

// fcmov is FCMOVcc: ModRM.reg 1:0 names the condition, bit 0 of the opcode negates it.
// Processors leave C1 alone unless the stack underflows.
//
// SDM Vol. 2A, "FCMOVcc—Floating-Point Conditional Move".
func fcmov(c *CPU, in *Inst) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x := &c.X87
	if x.empty(0) || x.empty(in.Src.Reg) {
		if c.fpUnderflow() {
			x.setST(0, f80.Indefinite())
		}
		return Fault{}
	}
	if c.flag(fcmovFlags[in.Reg()&3]) != (in.Code&1 != 0) {
		x.setST(0, *x.st(in.Src.Reg))
	}
	return Fault{}
}

// fcmovFlags are the flags that FCMOVB, FCMOVE, FCMOVBE and FCMOVU look at.
var fcmovFlags = [4]x86.Flags{x86.FlagCF, x86.FlagZF, x86.FlagCF | x86.FlagZF, x86.FlagPF}

// ffree is FFREE; ffreep also pops.
//
// SDM Vol. 2A, "FFREE—Free Floating-Point Register".
func ffree(c *CPU, in *Inst) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x := &c.X87
	c.fpStatus(0)
	x.Tag &^= 1 << ((x.top() + in.Dst.Reg) & 7)
	return Fault{}
}

func ffreep(c *CPU, in *Inst) Fault {
	if f := ffree(c, in); f.Raised {
		return f
	}
	c.X87.pop()
	return Fault{}
}

// fincstp and fdecstp are FINCSTP and FDECSTP: TOP moves, tags and registers stay.
//
// SDM Vol. 2A, "FINCSTP—Increment Stack-Top Pointer".
func fincstp(c *CPU, in *Inst) Fault { return c.fpTurn(in, 1) }
func fdecstp(c *CPU, in *Inst) Fault { return c.fpTurn(in, 7) }

func (c *CPU) fpTurn(in *Inst, by uint8) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	c.fpStatus(0)
	c.X87.setTop(c.X87.top() + by)
	return Fault{}
}

// fnop is FNOP: it waits and does nothing.
func fnop(c *CPU, in *Inst) Fault { return c.fpBegin(in) }
