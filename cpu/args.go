package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// reg returns the low w bytes of general register n, zero-extended.
func (c *CPU) reg(n uint8, w width) uint64 { return c.S.R[n&regMask] & w.Mask() }

// setReg writes general register n: 32-bit results clear the upper half, narrower ones
// keep what is above them. SDM Vol. 1, "General-Purpose Registers in 64-Bit Mode".
func (c *CPU) setReg(n uint8, w width, v uint64) {
	r := &c.S.R[n&regMask]
	switch w {
	case 8:
		*r = v
	case 4:
		*r = uint64(uint32(v))
	default:
		*r = *r&^w.Mask() | v&w.Mask()
	}
}

// get returns the value of operand a, zero-extended. It serves general registers,
// immediates, segment registers and memory of 1, 2, 4 or 8 bytes.
func (c *CPU) get(in *Inst, a Arg) (uint64, Fault) {
	switch a.Kind {
	case ArgReg:
		return c.reg(a.Reg, a.W), Fault{}
	case ArgImm:
		return in.Imm & a.W.Mask(), Fault{}
	case ArgMem:
		return c.read(in.Seg, c.ea(in), a.W)
	case ArgHigh:
		return c.S.R[a.Reg&regMask] >> 8 & 0xff, Fault{}
	case ArgSeg:
		return uint64(c.Seg[a.Reg].Sel), Fault{}
	}
	panic("cpu: operand kind has no value")
}

// getRMW is get for a destination that put will write: rights are checked for writing.
func (c *CPU) getRMW(in *Inst, a Arg) (uint64, Fault) {
	if a.Kind == ArgMem {
		return c.readRMW(in.Seg, c.ea(in), a.W)
	}
	return c.get(in, a)
}

// put stores the low bytes of v into operand a: a general register or memory.
func (c *CPU) put(in *Inst, a Arg, v uint64) Fault {
	switch a.Kind {
	case ArgReg:
		c.setReg(a.Reg, a.W, v)
		return Fault{}
	case ArgHigh:
		r := &c.S.R[a.Reg&regMask]
		*r = *r&^0xff00 | v&0xff<<8
		return Fault{}
	case ArgMem:
		return c.write(in.Seg, c.ea(in), v, a.W)
	}
	panic("cpu: operand kind cannot be written")
}

// load returns destination and source of an instruction that writes its destination
// back with store.
func (c *CPU) load(in *Inst) (dst, src uint64, f Fault) {
	if src, f = c.get(in, in.Src); f.Raised {
		return 0, 0, f
	}
	dst, f = c.getRMW(in, in.Dst)
	return dst, src, f
}

// loadBoth returns destination and source of an instruction that only compares them.
func (c *CPU) loadBoth(in *Inst) (dst, src uint64, f Fault) {
	if src, f = c.get(in, in.Src); f.Raised {
		return 0, 0, f
	}
	dst, f = c.get(in, in.Dst)
	return dst, src, f
}

// store writes the destination operand.
func (c *CPU) store(in *Inst, v uint64) Fault { return c.put(in, in.Dst, v) }

// push stores v as w bytes below the stack pointer and then moves it.
func (c *CPU) push(w width, v uint64) Fault {
	sp := c.stackAt(-int(w))
	if f := c.write(x86.SS, sp, v, w); f.Raised {
		return f
	}
	c.setSP(sp)
	return Fault{}
}

// pop returns the w bytes at the stack pointer and moves it.
func (c *CPU) pop(w width) (uint64, Fault) {
	v, f := c.read(x86.SS, c.stackAt(0), w)
	if f.Raised {
		return 0, f
	}
	c.setSP(c.stackAt(int(w)))
	return v, Fault{}
}

// stackAt is the offset d bytes from the stack pointer, within the stack's address size.
func (c *CPU) stackAt(d int) uint64 {
	return (c.S.R[x86.RSP] + uint64(d)) & c.stackMask
}

// setSP moves the stack pointer; bits above the stack's address size stay, except that
// a 32-bit stack pointer clears the upper half.
func (c *CPU) setSP(v uint64) {
	if c.stackMask == 1<<16-1 {
		c.S.R[x86.RSP] = c.S.R[x86.RSP]&^0xffff | v&0xffff
		return
	}
	c.S.R[x86.RSP] = v & c.stackMask
}
