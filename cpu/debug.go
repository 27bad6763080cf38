package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Bits of DR6 and DR7 that can be written. RTM and bus-lock detection do not exist.
//
// SDM Vol. 3B, "Debug Registers".
const (
	dr6Bits = 0xf | x86.DR6_BD | x86.DR6_BS | x86.DR6_BT
	dr7Bits = 0x3ff | x86.DR7_GD | 0xffff0000
)

// What a breakpoint waits for: the R/W field of DR7.
const (
	breakExecute = 0
	breakWrite   = 1
	breakIO      = 2 // with CR4.DE
	breakAccess  = 3
)

// A breakpoint is one of DR0…DR3 as DR7 sets it up.
type breakpoint struct {
	on   bool
	kind uint64
	at   uint64 // aligned to its length
	len  uint64
}

// breakpoint decodes number i of the four.
func (c *CPU) breakpoint(i int) breakpoint {
	dr7 := c.DR[7]
	field := dr7 >> (16 + 4*i)
	b := breakpoint{
		on:   dr7>>(2*i)&3 != 0,
		kind: field & 3,
		len:  [4]uint64{1, 2, 8, 4}[field>>2&3],
	}
	b.at = c.DR[i] &^ (b.len - 1)
	if !c.long64() {
		b.at = uint64(uint32(b.at))
	}
	return b
}

// hits gives the B bits of the enabled breakpoints of the kinds allowed that n bytes at
// addr touch.
func (c *CPU) hits(addr, n uint64, allowed func(kind uint64) bool) (bits uint64) {
	for i := range 4 {
		b := c.breakpoint(i)
		if b.on && allowed(b.kind) && addr < b.at+b.len && b.at < addr+n {
			bits |= x86.DR6_B0 << i
		}
	}
	return bits
}

// noteDataAccess looks for data breakpoints on an access that has been made. readLin and
// writeLin call it while dbgArmed; then the plain engine runs and string instructions take
// one iteration at a time.
//
// SDM Vol. 3B, "Data Memory and I/O Breakpoint Exception Conditions".
func (c *CPU) noteDataAccess(la mmu.LinAddr, n int, write bool) {
	c.pendingDB |= c.hits(uint64(la), uint64(n), func(kind uint64) bool {
		return kind == breakAccess || write && kind == breakWrite
	})
}

// notePortAccess looks for I/O breakpoints, which need CR4.DE.
func (c *CPU) notePortAccess(port uint16, n int) {
	if !c.dbgArmed || c.CR4&x86.CR4_DE == 0 {
		return
	}
	c.pendingDB |= c.hits(uint64(port), uint64(n), func(kind uint64) bool { return kind == breakIO })
}

// codeBreakpoint gives the B bits of instruction breakpoints at the present instruction.
func (c *CPU) codeBreakpoint() uint64 {
	if c.DR[7]&0xff == 0 {
		return 0
	}
	la := uint64(c.codeLinear(c.S.RIP))
	return c.hits(la, 1, func(kind uint64) bool { return kind == breakExecute })
}

// debugFault makes a #DB and notes its cause in DR6.
//
// SDM Vol. 3B, "Debug Status Register (DR6)".
func (c *CPU) debugFault(bits uint64, r x86.Reason) Fault {
	const breakpoints = 0xf
	c.DR[6] = c.DR[6]&^breakpoints | x86.DR6_Ones | bits
	return x86.Raise(x86.VecDB, 0, r)
}

// stepWatched executes one instruction while TF, RF or a debug register is set: with
// breakpoints before and traps after it. shadowSS says that the instruction before loaded
// SS, which holds breakpoints on this one off and carries pending traps over.
//
// SDM Vol. 3B, "Debug Exceptions", and Vol. 3A, "Masking Exceptions and Interrupts When
// Switching Stacks".
func (c *CPU) stepWatched(shadowSS bool) {
	if !shadowSS {
		c.pendingDB = 0
	}
	resume := c.flag(x86.FlagRF)
	if !resume && !shadowSS {
		if bits := c.codeBreakpoint(); bits != 0 {
			c.deliver(c.debugFault(bits, x86.ReasonHardwareBreakpoint))
			return
		}
	}
	c.stepTrap = c.flag(x86.FlagTF)
	c.setFlags(x86.FlagRF, 0)
	in, f := c.fetchInst()
	if !f.Raised {
		f = c.execute(in)
	}
	if f.Raised {
		c.pendingDB = 0
		c.deliver(f)
		return
	}
	again := in.Rep != 0 && c.nextRIP == c.S.RIP
	if again && c.stops != nil {
		c.stops.goesOn(c)
	}
	c.S.RIP = c.nextRIP
	if again && resume {
		c.setFlags(x86.FlagRF, x86.FlagRF) // the instruction is not over
	}
	c.trap(again)
}

// trap delivers the debug traps of the instruction just completed, unless it loaded SS.
// again says that it is a string instruction that goes on.
func (c *CPU) trap(again bool) {
	if c.shadowSS {
		return
	}
	bits, r := c.pendingDB, x86.ReasonHardwareBreakpoint
	if c.stepTrap {
		bits |= x86.DR6_BS
		r = x86.ReasonSingleStep
	}
	c.stepTrap, c.pendingDB = false, 0
	if bits == 0 {
		return
	}
	if again {
		c.setFlags(x86.FlagRF, x86.FlagRF)
	}
	c.deliver(c.debugFault(bits, r))
}
