package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Virtual-8086 mode extensions (CR4.VME) and protected-mode virtual interrupts (CR4.PVI):
// programs that may not change IF change VIF instead, and INT n of virtual-8086 mode may
// lead to its own vector table.
//
// SDM Vol. 3B, "Interrupt and Exception Handling in Virtual-8086 Mode" and
// "Protected-Mode Virtual Interrupts".

// vme says whether virtual-8086 mode code with IOPL below 3 has a virtual IF.
func (c *CPU) vme() bool { return c.vm() && c.CR4&x86.CR4_VME != 0 && c.iopl() < 3 }

// virtualIF says whether CLI and STI change VIF.
func (c *CPU) virtualIF() bool {
	return c.vme() || !c.vm() && c.CPL == 3 && c.iopl() < 3 && c.CR4&x86.CR4_PVI != 0
}

// setVIF is CLI and STI on VIF: it cannot be set while an interrupt is pending.
func (c *CPU) setVIF(on bool) Fault {
	if on && c.flag(x86.FlagVIP) {
		return x86.GP(0, x86.ReasonVirtualInterrupt)
	}
	var v x86.Flags
	if on {
		v = x86.FlagVIF
	}
	c.setFlags(x86.FlagVIF, v)
	return Fault{}
}

// virtualImage is the 16 bits of flags as the program sees them: VIF as IF, and IOPL 3.
func (c *CPU) virtualImage() uint64 {
	v := c.S.RFLAGS&^uint64(x86.FlagIF) | uint64(x86.FlagIOPL)
	if c.flag(x86.FlagVIF) {
		v |= uint64(x86.FlagIF)
	}
	return v & 0xffff
}

// checkVirtualImage is #GP(0) for flags that POPF and IRET must not load: TF, or IF while
// an interrupt is pending.
func (c *CPU) checkVirtualImage(v x86.Flags) Fault {
	if v&x86.FlagTF != 0 || v&x86.FlagIF != 0 && c.flag(x86.FlagVIP) {
		return x86.GP(0, x86.ReasonVirtualInterrupt)
	}
	return Fault{}
}

// takeVirtualImage loads 16 bits of flags but for IOPL, and IF into VIF.
func (c *CPU) takeVirtualImage(v x86.Flags) {
	c.setFlags(x86.FlagsStatus|x86.FlagTF|x86.FlagDF|x86.FlagNT, v)
	vif := x86.Flags(0)
	if v&x86.FlagIF != 0 {
		vif = x86.FlagVIF
	}
	c.setFlags(x86.FlagVIF, vif)
	c.updateMode()
}

// popfVirtual is POPF with 16-bit operands under VME.
func (c *CPU) popfVirtual() Fault {
	v, f := c.read(x86.SS, c.stackAt(0), 2)
	if f.Raised {
		return f
	}
	if f := c.checkVirtualImage(x86.Flags(v)); f.Raised {
		return f
	}
	c.setSP(c.stackAt(2))
	c.setFlags(x86.FlagRF, 0)
	c.takeVirtualImage(x86.Flags(v))
	return Fault{}
}

// iretVirtual is IRET with 16-bit operands under VME.
func (c *CPU) iretVirtual() Fault {
	rip, cs, flags, f := c.pops(2)
	if f.Raised {
		return f
	}
	if f := c.checkVirtualImage(flags); f.Raised {
		return f
	}
	c.setSP(c.stackAt(3 * 2))
	c.loadRealSegment(x86.CS, cs)
	c.nextRIP = rip
	c.takeVirtualImage(flags)
	return Fault{}
}

// redirected says whether the redirection bitmap in the TSS, the 32 bytes below the I/O
// permission bitmap, leads INT n of virtual-8086 mode to the program's own vector table.
//
// SDM Vol. 3B, "Software Interrupt Handling Methods".
func (c *CPU) redirected(v x86.Vector) (bool, Fault) {
	if c.CR4&x86.CR4_VME == 0 {
		return false, Fault{}
	}
	base, f := c.readTSS(0x66, 2)
	if f.Raised {
		return false, f
	}
	at := uint32(base) - 32 + uint32(v)/8
	if uint32(base) < 32 || at > c.TR.Limit {
		return false, x86.GP(0, x86.ReasonTSSLimit)
	}
	bits, f := c.readTSS(at, 1)
	return bits>>(v&7)&1 == 0, f
}

// virtualInterrupt is INT n of virtual-8086 mode through the vector table at linear
// address 0: methods 5 (IOPL 3) and 6 of the manual.
func (c *CPU) virtualInterrupt(v x86.Vector) Fault {
	if c.OnInterrupt != nil {
		c.OnInterrupt(v, EventSoftware)
	}
	if c.stops != nil {
		c.stopEvent(v, EventSoftware)
	}
	entry, f := c.readLin(4*mmu.LinAddr(v), 4, c.class)
	if f.Raised {
		return f
	}
	image, clear := c.S.RFLAGS&0xffff, x86.FlagIF
	if c.iopl() < 3 {
		image, clear = c.virtualImage(), x86.FlagVIF
	}
	st := c.presentStack()
	if f := st.room(3, 2); f.Raised {
		return f
	}
	if f := st.push(2, image, uint64(c.Seg[x86.CS].Sel), c.nextRIP); f.Raised {
		return f
	}
	c.S.R[x86.RSP] = st.sp
	c.setFlags(clear|x86.FlagTF, 0)
	c.loadRealSegment(x86.CS, uint16(entry>>16))
	c.nextRIP = entry & 0xffff
	c.updateMode()
	return Fault{}
}
