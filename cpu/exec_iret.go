package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// iret is IRET, IRETD and IRETQ by operand size. It lets NMIs through again, also when it
// faults.
//
// SDM Vol. 2A, "IRET/IRETD/IRETQ—Interrupt Return".
func iret(c *CPU, in *Inst) Fault {
	c.nmiBlocked = false
	switch {
	case c.real():
		return c.iretReal(in.OpSize, popfReal)
	case c.vme() && in.OpSize == 2:
		return c.iretVirtual()
	case c.vm():
		if c.iopl() < 3 {
			return x86.GP(0, x86.ReasonVMIOPL)
		}
		return c.iretReal(in.OpSize, popfReal&^x86.FlagIOPL)
	case c.flag(x86.FlagNT):
		if c.longMode() {
			return x86.GP(0, x86.ReasonNestedTaskLongMode)
		}
		return c.iretTask()
	}
	return c.iretProtected(in.OpSize)
}

// popfReal are the flags that real-address mode code may change.
const popfReal = x86.FlagsStatus | x86.FlagTF | x86.FlagIF | x86.FlagDF | x86.FlagIOPL | x86.FlagNT | x86.FlagRF | x86.FlagAC | x86.FlagID

// pops reads the three values that every IRET begins with, the last first as processors do.
func (c *CPU) pops(w width) (rip uint64, cs uint16, flags x86.Flags, f Fault) {
	image, f := c.read(x86.SS, c.stackAt(2*int(w)), w)
	if f.Raised {
		return
	}
	sel, f := c.read(x86.SS, c.stackAt(int(w)), w)
	if f.Raised {
		return
	}
	rip, f = c.read(x86.SS, c.stackAt(0), w)
	return rip, uint16(sel), x86.Flags(image), f
}

// flagsOf restricts a mask to the flags that an image of w bytes holds.
func flagsOf(w width, mask x86.Flags) x86.Flags { return mask & x86.Flags(w.Mask()) }

// iretReal is IRET in real-address mode, and in virtual-8086 mode with IOPL 3.
func (c *CPU) iretReal(w width, mask x86.Flags) Fault {
	rip, cs, flags, f := c.pops(w)
	if f.Raised {
		return f
	}
	if rip > uint64(c.Seg[x86.CS].Limit) {
		return x86.GP(0, x86.ReasonCodeLimit)
	}
	c.setSP(c.stackAt(3 * int(w)))
	c.setFlags(flagsOf(w, mask), flags)
	c.loadRealSegment(x86.CS, cs)
	c.nextRIP = rip
	c.updateMode()
	return Fault{}
}

// iretProtected is IRET within a task.
func (c *CPU) iretProtected(w width) Fault {
	rip, sel, flags, f := c.pops(w)
	if f.Raised {
		return f
	}
	if w == 4 && !c.longMode() && flags&x86.FlagVM != 0 && c.CPL == 0 {
		return c.iretToVM(rip, sel, flags)
	}
	cs, f := c.returnCode(sel)
	if f.Raised {
		return f
	}
	mask := c.iretMask(w)
	if uint8(sel&3) != c.CPL || c.long64() {
		if f := c.returnOuter(&cs, rip, w, 3*int(w), 0); f.Raised {
			return f
		}
	} else {
		if f := c.checkTarget(&cs, rip); f.Raised {
			return f
		}
		if f := c.markAccessed(&cs); f.Raised {
			return f
		}
		c.setSP(c.stackAt(3 * int(w)))
		c.enterCode(&cs, c.CPL, rip)
	}
	c.setFlags(mask, flags)
	c.updateMode()
	return Fault{}
}

// iretMask is the flags that IRET may change from the present privilege level.
func (c *CPU) iretMask(w width) x86.Flags {
	mask := x86.FlagsStatus | x86.FlagTF | x86.FlagDF | x86.FlagNT | x86.FlagRF | x86.FlagAC | x86.FlagID
	if c.CPL <= c.iopl() {
		mask |= x86.FlagIF
	}
	if c.CPL == 0 {
		mask |= x86.FlagIOPL | x86.FlagVIF | x86.FlagVIP
	}
	return flagsOf(w, mask)
}

// iretToVM returns to virtual-8086 mode.
//
// SDM Vol. 2A, "IRET/IRETD/IRETQ", label RETURN-TO-VIRTUAL-8086-MODE.
func (c *CPU) iretToVM(rip uint64, cs uint16, flags x86.Flags) Fault {
	var v [6]uint64 // ESP, SS, ES, DS, FS, GS
	for i := range v {
		var f Fault
		if v[i], f = c.read(x86.SS, c.stackAt(12+4*i), 4); f.Raised {
			return f
		}
	}
	if rip > realLimit {
		return x86.GP(0, x86.ReasonCodeLimit)
	}
	const mask = popfReal | x86.FlagVM | x86.FlagVIF | x86.FlagVIP
	c.setFlags(mask, flags)
	c.setCPL(3)
	c.loadRealSegment(x86.CS, cs)
	for i, s := range [...]x86.Seg{x86.SS, x86.ES, x86.DS, x86.FS, x86.GS} {
		c.loadRealSegment(s, uint16(v[i+1]))
	}
	c.S.R[x86.RSP] = uint64(uint32(v[0]))
	c.nextRIP = rip
	c.updateMode()
	return Fault{}
}

// iretTask returns to the task in the link field of the present TSS.
//
// SDM Vol. 2A, "IRET/IRETD/IRETQ", label TASK-RETURN.
func (c *CPU) iretTask() Fault {
	link, f := c.readTSS(0, 2)
	if f.Raised {
		return f
	}
	sel := uint16(link)
	if sel&4 != 0 || null(sel) {
		return x86.Raise(x86.VecTS, errCode(sel), x86.ReasonTSSInvalid)
	}
	d, f := c.descriptor(sel, x86.VecTS)
	switch {
	case f.Raised:
		return f
	case !d.isType(typeTSS16Busy, typeTSS32Busy):
		return x86.Raise(x86.VecTS, errCode(sel), x86.ReasonTSSNotBusy)
	case !d.Attr.has(AttrP):
		return x86.Raise(x86.VecNP, errCode(sel), x86.ReasonTSSNotPresent)
	}
	return c.switchTask(&d, taskSwitch{cause: byReturn, rip: c.nextRIP, flags: c.S.RFLAGS})
}
