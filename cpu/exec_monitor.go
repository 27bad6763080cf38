package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// A Monitor is what MONITOR set up and MWAIT waits for: a store to a line of memory, by
// whomever.
type Monitor struct {
	Armed bool
	Break bool   // an interrupt ends the wait although IF is clear
	Line  uint64 // offset of the line in the backing of physical memory
}

// monitorLine is the size of a monitored line in bytes; CPUID leaf 5 says so.
const monitorLine = 64

// monitor is MONITOR: the address is checked as for a load. Where it leads to no RAM nothing
// is armed, and MWAIT does not wait.
//
// SDM Vol. 2B, "MONITOR—Set Up Monitor Address".
func monitor(c *CPU, in *Inst) Fault {
	if c.CPL > 0 {
		return x86.UD(x86.ReasonCPL0)
	}
	if uint32(c.S.R[x86.RCX]) != 0 {
		return x86.GP(0, x86.ReasonReservedBits)
	}
	seg := x86.DS
	if in.Over != x86.NoSeg {
		seg = in.Over
	}
	off := c.S.R[x86.RAX] & in.AddrSize.Mask()
	if _, f := c.read(seg, off, 1); f.Raised {
		return f
	}
	c.mon = Monitor{}
	la, f := c.linear(seg, off, 1, forRead)
	if at, ok := c.MMU.Place(la, c.class); ok {
		c.mon = Monitor{Armed: true, Line: at &^ (monitorLine - 1)}
		c.listen()
	}
	return f
}

// mwait is MWAIT: the processor waits for a store to the monitored line or an interrupt. Bit
// 0 of ECX lets an interrupt end it whatever IF says.
//
// SDM Vol. 2B, "MWAIT—Monitor Wait".
func mwait(c *CPU, _ *Inst) Fault {
	if c.CPL > 0 {
		return x86.UD(x86.ReasonCPL0)
	}
	ecx := uint32(c.S.R[x86.RCX])
	if ecx&^1 != 0 {
		return x86.GP(0, x86.ReasonReservedBits)
	}
	if c.mon.Armed {
		c.mon.Break = ecx&1 != 0
		c.Activity = Waiting
	}
	return Fault{}
}

// listen makes memory tell of stores to the monitored line.
func (c *CPU) listen() {
	if c.Phys.OnCodeWrite == nil {
		c.Phys.OnCodeWrite = c.memoryWritten
	}
	c.Phys.Protect(c.mon.Line)
	c.first.monitored = true
}

// memoryWritten is OnCodeWrite for a processor whose board does not connect it.
func (c *CPU) memoryWritten(off uint64, n int) {
	c.CodeWritten(off, n)
	c.Stored(off, n)
}

// Stored tells the processor of a store of n bytes at offset off of the backing, to a page
// that is watched: it ends MWAIT.
func (c *CPU) Stored(off uint64, n int) {
	switch {
	case !c.mon.Armed:
	case off < c.mon.Line+monitorLine && c.mon.Line < off+uint64(n):
		c.mon.Armed = false
		if c.Activity == Waiting {
			c.Activity = Active
		}
	case (off^c.mon.Line)/mmu.PageSize == 0:
		c.Phys.Protect(off) // the code cache may have lost interest
	}
}

// waits says whether MWAIT goes on.
func (c *CPU) waits() bool {
	return (!c.NMI || c.nmiBlocked) && (!c.INTR || !c.flag(x86.FlagIF) && !c.mon.Break)
}
