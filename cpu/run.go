package cpu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// ExitReason says why Run returned.
type ExitReason uint8

// Reasons.
const (
	ExitBudget     ExitReason = iota // the budget is used up
	ExitHalt                         // HLT, and nothing to wake it, or MWAIT
	ExitInterrupt                    // INTR is high and an interrupt would be taken: acknowledge it and call Interrupt
	ExitShutdown                     // triple fault
	ExitStop                         // RequestStop was called
	ExitBreakpoint                   // before an instruction: see Stops and Stopped
	ExitWatch                        // after one that did something of Stops
)

// String names the reason.
func (r ExitReason) String() string {
	return [...]string{"budget", "halt", "interrupt", "shutdown", "stop", "breakpoint", "watch"}[r]
}

// Run executes at most budget instructions with the plain engine and says how many and
// why it stopped. Delivering an exception or an NMI counts with the instruction it
// belongs to, or as one.
//
// Interrupts are recognised at exact instruction boundaries. INTR changes only through
// an instruction that touches a chip or between calls of Run, IF only by instructions
// that end a block; therefore all engines recognise an interrupt at the same count.
func (c *CPU) Run(budget int64) (executed int64, reason ExitReason) {
	budget = c.beginPMC(budget)
	c.granted, c.S.Budget = budget, budget
	reason = c.loop()
	executed = c.granted - c.S.Budget
	c.instructions += uint64(executed)
	c.granted, c.S.Budget = 0, 0
	c.endPMC()
	return executed, reason
}

// Limit shortens the present Run so that at most n more instructions are executed after
// the present one. The board calls it when an event is scheduled before the end of the
// budget.
func (c *CPU) Limit(n int64) {
	if d := c.S.Budget - n; d > 0 {
		c.S.Budget -= d
		c.granted -= d
	}
}

// SetPatience makes each following Run end early once its instructions have done the work of about n beyond
// their count: moved many elements with REP, or in services of the firmware. So whoever must look at the outside
// world meanwhile gets to it in time. 0, as at first, is no end.
func (c *CPU) SetPatience(n int64) { c.patience, c.worked = n, 0 }

// spend counts work of n instructions that the count does not show.
func (c *CPU) spend(n int64) {
	if c.worked += n; c.worked > c.patience && c.patience > 0 {
		c.worked = 0
		c.Limit(0)
	}
}

func (c *CPU) loop() ExitReason {
	for {
		if c.stop != 0 {
			return c.takeStop()
		}
		if c.Activity != Active || c.INTR || c.NMI {
			if reason, leave := c.event(); leave {
				return reason
			}
			if c.stop != 0 {
				continue
			}
		}
		if c.S.Budget <= 0 {
			return ExitBudget
		}
		c.step()
	}
}

// event looks at the pins and the activity state between two instructions.
// SDM Vol. 3A, "Priority Among Simultaneous Exceptions and Interrupts".
func (c *CPU) event() (reason ExitReason, leave bool) {
	switch c.Activity {
	case Shutdown:
		return ExitShutdown, true
	case WaitSIPI:
		return ExitHalt, true
	}
	shadow := c.shadowSTI || c.shadowSS
	if c.NMI && !c.nmiBlocked && !shadow {
		if c.S.Budget <= 0 {
			return ExitBudget, true
		}
		c.S.Budget--
		c.deliverNMI()
		return ExitShutdown, c.Activity == Shutdown
	}
	if c.INTR && c.flag(x86.FlagIF) && !shadow {
		if c.S.Budget <= 0 {
			return ExitBudget, true
		}
		return ExitInterrupt, true
	}
	switch c.Activity {
	case Halted:
		return ExitHalt, true
	case Waiting:
		if c.waits() {
			return ExitHalt, true
		}
		c.Activity, c.mon.Armed = Active, false
	}
	return 0, false
}

// Asleep says whether Run would execute nothing, because the processor waits for an
// interrupt or a start-up message that has not come.
func (c *CPU) Asleep() bool {
	switch c.Activity {
	case Halted:
		return (!c.NMI || c.nmiBlocked) && (!c.INTR || !c.flag(x86.FlagIF))
	case Waiting:
		return c.waits()
	case WaitSIPI:
		return true
	}
	return false
}

// step executes one instruction, and delivers the exception if it ends in one.
func (c *CPU) step() {
	if c.stops != nil && c.atBreakpoint() {
		return
	}
	c.S.Budget--
	shadowSS := c.shadowSS
	c.shadowSTI, c.shadowSS = false, false
	if c.dbgArmed || c.S.RFLAGS&uint64(x86.FlagRF) != 0 {
		c.stepWatched(shadowSS)
		return
	}
	in, f := c.fetchInst()
	if !f.Raised {
		f = c.execute(in)
	}
	if f.Raised {
		c.deliver(f)
		return
	}
	if c.stops != nil && in.Rep != 0 && c.nextRIP == c.S.RIP {
		c.stops.goesOn(c)
	}
	c.S.RIP = c.nextRIP
}

// execute runs a decoded instruction, leaving the next instruction pointer in nextRIP.
func (c *CPU) execute(in *Inst) Fault {
	c.nextRIP = (c.S.RIP + uint64(in.Len)) & c.ripMask
	if c.OnInst != nil {
		c.OnInst(in)
	}
	if in.Bad != x86.NoReason {
		return c.badInst(in)
	}
	return in.Op.Exec(c, in)
}

// badInst is the fault of bytes that are no instruction here.
func (c *CPU) badInst(in *Inst) Fault {
	if in.Bad == x86.ReasonInstTooLong {
		return x86.GP(0, in.Bad)
	}
	return x86.UD(in.Bad)
}

// The decode cache remembers a pure function: the Inst of some bytes in some mode. An
// entry is compared with the bytes in memory at every use, so nothing ever invalidates
// it.
type decodeCache [1 << decodeCacheBits]cachedInst

const decodeCacheBits = 13

type cachedInst struct {
	lo, hi         uint64 // the bytes, as two little-endian words
	maskLo, maskHi uint64 // all ones where a byte belongs to the instruction
	key            uint32 // what else the meaning depends on; 0: empty
	in             Inst
}

// decodeKey is the mode that decoding depends on.
func (c *CPU) decodeKey() uint32 {
	k := uint32(c.codeSize) << 1
	if c.protected() {
		k |= 1
	}
	return k
}

// fetchInst returns the instruction at CS:RIP.
func (c *CPU) fetchInst() (*Inst, Fault) {
	rip := c.S.RIP
	if c.codeSize != 8 && rip+MaxInst > uint64(c.Seg[x86.CS].Limit) {
		return c.fetchSlow()
	}
	la := c.codeLinear(rip)
	off, n, f := c.MMU.Fetch(la, c.CPL == 3)
	if f.Raised {
		return nil, f
	}
	if n < 16 {
		return c.fetchSlow()
	}
	code := c.Phys.Backing()[off : off+16 : off+16]
	lo, hi := binary.LittleEndian.Uint64(code), binary.LittleEndian.Uint64(code[8:])
	e := c.cachedAt(la)
	if key := c.decodeKey(); (lo^e.lo)&e.maskLo|(hi^e.hi)&e.maskHi != 0 || e.key != key {
		c.decode(code, &e.in)
		e.lo, e.hi, e.key = lo, hi, key
		e.maskLo, e.maskHi = byteMasks(e.in.Len)
	}
	return &e.in, Fault{}
}

// byteMasks selects the first n bytes of two little-endian words.
func byteMasks(n uint8) (lo, hi uint64) {
	if n >= 8 {
		return ^uint64(0), 1<<(8*(n-8)) - 1
	}
	return 1<<(8*n) - 1, 0
}

// codeLinear is the linear address of an instruction pointer.
func (c *CPU) codeLinear(rip uint64) mmu.LinAddr {
	if c.codeSize == 8 {
		return mmu.LinAddr(rip)
	}
	return mmu.LinAddr(uint32(c.S.R[RegSeg+x86.CS] + rip))
}

// decode decodes code, at least MaxInst bytes or all there are, and adds what depends on
// the processor: model and mode. ok is false when code is too short.
func (c *CPU) decode(code []byte, in *Inst) (ok bool) {
	if !Decode(code, c.codeSize, in) {
		return false
	}
	for in.Op.Older != nil && !c.Model.Has(in.Op.Feature) {
		in.Op = in.Op.Older
	}
	switch {
	case in.Bad != x86.NoReason:
	case in.Op.Mode&NotReal != 0 && !c.protected():
		in.Bad = x86.ReasonNotInRealMode
	case !c.Model.Has(in.Op.Feature):
		in.Bad = c.Model.lacks(in.Op.Feature)
	case in.Op.Exec == nil:
		in.Bad = x86.ReasonNotImplemented
	}
	return true
}

// fetchSlow reads an instruction piece by piece: at the end of a page or of the code
// segment, or from memory that is not RAM. A fault counts only if its byte is needed.
func (c *CPU) fetchSlow() (*Inst, Fault) {
	var code [16]byte // the last is no part of it
	la := c.codeLinear(c.S.RIP)
	for n := 0; n < MaxInst; {
		k, f := c.fetchPiece(c.S.RIP+uint64(n), code[n:MaxInst])
		if f.Raised {
			return nil, f
		}
		n += k
		if in := c.decodePart(la, &code, n); in != nil {
			return in, Fault{}
		}
	}
	c.decode(code[:MaxInst], &c.inst)
	return &c.inst, Fault{}
}

// decodePart decodes the first n bytes of an instruction at la; nil when more are needed.
func (c *CPU) decodePart(la mmu.LinAddr, code *[16]byte, n int) *Inst {
	lo, hi := binary.LittleEndian.Uint64(code[:]), binary.LittleEndian.Uint64(code[8:])
	e, key := c.cachedAt(la), c.decodeKey()
	have, haveHi := byteMasks(uint8(n))
	if e.key == key && (lo^e.lo)&e.maskLo&have|(hi^e.hi)&e.maskHi&haveHi == 0 {
		if int(e.in.Len) > n {
			return nil
		}
		return &e.in
	}
	if !c.decode(code[:n], &c.inst) {
		return nil
	}
	e.in, e.lo, e.hi, e.key = c.inst, lo, hi, key
	e.maskLo, e.maskHi = byteMasks(e.in.Len)
	return &e.in
}

// cachedAt is the entry of the decode cache for an instruction at la.
func (c *CPU) cachedAt(la mmu.LinAddr) *cachedInst {
	return &c.decoded[(uint64(la)^uint64(la)>>decodeCacheBits)&(1<<decodeCacheBits-1)]
}

// fetchPiece fills p with instruction bytes from rip on, as far as they lie on one page and in
// the code segment: at least one, or a fault. From where chips answer it is one.
func (c *CPU) fetchPiece(rip uint64, p []byte) (n int, f Fault) {
	n = len(p)
	if c.codeSize == 8 {
		if !c.isCanonical(rip) {
			return 0, x86.GP(0, x86.ReasonNonCanonical)
		}
	} else {
		limit := uint64(c.Seg[x86.CS].Limit)
		if rip > limit {
			return 0, x86.GP(0, x86.ReasonCodeLimit)
		}
		n = int(min(uint64(n), limit-rip+1))
	}
	la := c.codeLinear(rip)
	off, left, f := c.MMU.Fetch(la, c.CPL == 3)
	if f.Raised {
		return 0, f
	}
	if left == 0 {
		p[0], f = c.MMU.FetchByte(la, c.CPL == 3)
		return 1, f
	}
	n = min(n, left)
	return copy(p[:n], c.Phys.Backing()[off:off+uint64(n)]), Fault{}
}
