package cpu

import (
	"slices"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Stops is what a debugger wants Run and RunFast to stop for. Nothing of it is seen by the
// guest: instructions, their count and everything they leave are the same with and without.
//
// Breakpoints stop before the instruction, with ExitBreakpoint; Run goes on from there, past
// the breakpoint, when it is called again. Everything else stops after the instruction that
// did it, with ExitWatch. A repeated string instruction is one per slice, as ever; breakpoints
// stop before its first. When a pin would interrupt the instruction at a breakpoint, that
// comes first.
//
// Processors of one machine share their blocks: give all of them the same breakpoints.
//
// Where nothing is watched nothing is slower: the fast engine builds no block across a
// breakpoint, and only pages with watched bytes are kept out of the TLB.
type Stops struct {
	Breakpoints []uint64    // linear addresses of instructions
	Physical    []phys.Addr // the same by physical address; set them again after a change of the memory map
	Watches     []mmu.Watch // data, linear or physical; walks and DMA do not count
	Ports       []PortWatch
	MSRs        []MSRWatch // RDMSR and WRMSR
	Exceptions  uint32     // bit v: after the delivery of exception v began, whatever came of it
	Interrupts  [4]uint64  // bit v: the same for interrupts from pins and INT instructions
	Modes       bool       // real, protected, virtual-8086, compatibility, 64-bit; code size; paging
}

// A PortWatch is a range of ports.
type PortWatch struct {
	First, Last uint16
	In, Out     bool
}

// An MSRWatch is a range of model-specific registers.
type MSRWatch struct {
	First, Last uint32
	Read, Write bool
}

// A StopKind says what a Stop was for.
type StopKind uint8

// Kinds of stops.
const (
	StopBreakpoint StopKind = iota
	StopRead
	StopWrite
	StopIn
	StopOut
	StopReadMSR
	StopWriteMSR
	StopException
	StopInterrupt
	StopMode
)

// String names the kind.
func (k StopKind) String() string {
	return [...]string{"breakpoint", "read", "write", "port read", "port write", "RDMSR", "WRMSR", "exception", "interrupt", "mode change"}[k]
}

// A Stop is one thing that Run stopped for.
type Stop struct {
	Kind  StopKind
	RIP   uint64 // of the instruction, relative to the code segment it began in
	Addr  uint64 // linear address, port, number of the MSR, vector, or the mode word before (Mode…)
	Size  int    // bytes accessed
	Value uint64 // read or written, or the mode word now
	Event EventKind
	Count uint64 // instructions executed before this one; of a delivery, CPU.LastEvent tells
}

// maxStops is how many things of one instruction are kept.
const maxStops = 16

// passNever is no instruction count.
const passNever = ^uint64(0)

// A stopper is Stops at work.
type stopper struct {
	Stops
	offsets []uint64 // of the physical breakpoints, in the backing
	pass    uint64   // instruction count at which breakpoints are not looked at
	hits    []Stop
	fresh   bool // hits are of an earlier Run and go when the next thing happens
}

// Bits of CPU.stop: why the loop is to be left.
const (
	stopRequested = 1 << iota
	stopBreakpoint
	stopWatch
)

// SetStops says what to stop for from now on; the zero Stops is nothing. It keeps no slice of
// s. Call it between calls of Run.
func (c *CPU) SetStops(s Stops) {
	c.stop &= stopRequested
	if len(s.Breakpoints)+len(s.Physical)+len(s.Watches)+len(s.Ports)+len(s.MSRs) == 0 && s.Exceptions == 0 && s.Interrupts == [4]uint64{} && !s.Modes {
		if c.stops != nil {
			c.stops = nil
			c.MMU.SetWatches(nil)
			c.stopsChanged()
		}
		return
	}
	n := &stopper{Stops: s, pass: passNever, hits: make([]Stop, 0, maxStops)}
	if c.stops != nil {
		n.pass = c.stops.pass
	}
	n.Breakpoints, n.Ports, n.MSRs = slices.Clone(s.Breakpoints), slices.Clone(s.Ports), slices.Clone(s.MSRs)
	for _, a := range s.Physical {
		if p := c.Phys.Lookup(a); p.Kind == phys.RAM || p.Kind == phys.ROM {
			n.offsets = append(n.offsets, p.Off+uint64(a)%mmuPage)
		}
	}
	c.stops = n
	c.MMU.SetWatches(s.Watches)
	c.stopsChanged()
}

// stopsChanged drops what was built for other stops.
func (c *CPU) stopsChanged() {
	if f := c.first.fast; f != nil {
		f.flush()
	}
	c.updateMode()
}

// Stopped is what the last Run stopped for, in the order in which it happened, when it
// returned ExitBreakpoint or ExitWatch. The slice is valid until the next.
func (c *CPU) Stopped() []Stop {
	if c.stops == nil {
		return nil
	}
	return c.stops.hits
}

// takeStop gives the reason to leave the loop that came first.
func (c *CPU) takeStop() ExitReason {
	switch {
	case c.stop&stopRequested != 0:
		c.stop &^= stopRequested
		return ExitStop
	case c.stop&stopWatch != 0:
		c.stop &^= stopWatch
		c.stops.fresh = true
		return ExitWatch
	}
	c.stop &^= stopBreakpoint
	c.stops.fresh = true
	return ExitBreakpoint
}

// hit notes something to stop for.
func (c *CPU) hit(h Stop, why uint8) {
	s := c.stops
	if s.fresh {
		s.hits, s.fresh = s.hits[:0], false
	}
	if len(s.hits) < maxStops {
		h.RIP = c.S.RIP
		h.Count = c.Count()
		if why == stopWatch && c.granted != 0 {
			h.Count-- // the instruction is paid for when it begins
		}
		s.hits = append(s.hits, h)
	}
	c.stop |= why
}

// atBreakpoint says whether the loop must be left before the instruction at CS:RIP.
func (c *CPU) atBreakpoint() bool {
	s := c.stops
	if len(s.Breakpoints)+len(s.offsets) == 0 || c.Count() == s.pass {
		return false
	}
	la := c.codeLinear(c.S.RIP)
	if !s.breakAt(uint64(la), func() (uint64, bool) { return c.codeOffset(la) }) {
		return false
	}
	s.pass = c.Count()
	c.hit(Stop{Kind: StopBreakpoint, Addr: uint64(la)}, stopBreakpoint)
	return true
}

// breakAt says whether there is a breakpoint at a linear address, or at the offset of the
// backing that it leads to.
func (s *stopper) breakAt(la uint64, offset func() (uint64, bool)) bool {
	if slices.Contains(s.Breakpoints, la) {
		return true
	}
	if len(s.offsets) == 0 {
		return false
	}
	off, ok := offset()
	return ok && slices.Contains(s.offsets, off)
}

// codeOffset is where the code at la lies in the backing.
func (c *CPU) codeOffset(la mmu.LinAddr) (off uint64, ok bool) {
	at, ok := c.MMU.CodeOf(la, c.CPL == 3)
	if !ok {
		return 0, false
	}
	p := c.Phys.Lookup(phys.Addr(at))
	return p.Off + at%mmuPage, p.Kind == phys.RAM || p.Kind == phys.ROM
}

// breakWithin says whether one of n bytes of code at la, which lie at offset off of the
// backing, has a breakpoint.
func (s *stopper) breakWithin(la, off, n uint64) bool {
	in := func(list []uint64, at uint64) bool {
		return slices.ContainsFunc(list, func(b uint64) bool { return b-at < n })
	}
	return in(s.Breakpoints, la) || in(s.offsets, off)
}

// forgetStops is for another state: what stopped the one before is of no interest.
func (c *CPU) forgetStops() {
	c.stop &= stopRequested
	if s := c.stops; s != nil {
		s.pass, s.hits = passNever, s.hits[:0]
	}
}

// goesOn notes that a repeated string instruction is not over: no breakpoint before its next
// slice.
func (s *stopper) goesOn(c *CPU) { s.pass = c.Count() }

// noteAccess looks for what watches an access to data that has been made. readLin and
// writeLin call it while somebody does.
func (c *CPU) noteAccess(la mmu.LinAddr, w width, write bool, v uint64, class mmu.Class) {
	if c.dbgArmed {
		c.noteDataAccess(la, int(w), write)
	}
	if c.stops == nil || len(c.stops.Watches) == 0 || !c.MMU.Touched(la, int(w), write, class) {
		return
	}
	kind := StopRead
	if write {
		kind = StopWrite
	}
	c.hit(Stop{Kind: kind, Addr: uint64(la), Size: int(w), Value: v & w.Mask()}, stopWatch)
}

// stopPort looks for watches on a port access that has been made.
func (c *CPU) stopPort(port uint16, w width, out bool, v uint64) {
	for _, p := range c.stops.Ports {
		if port > p.Last || uint32(port)+uint32(w) <= uint32(p.First) || out && !p.Out || !out && !p.In {
			continue
		}
		kind := StopIn
		if out {
			kind = StopOut
		}
		c.hit(Stop{Kind: kind, Addr: uint64(port), Size: int(w), Value: v}, stopWatch)
		return
	}
}

// stopMSR looks for watches on an MSR that has been accessed.
func (c *CPU) stopMSR(n uint32, write bool, v uint64) {
	for _, m := range c.stops.MSRs {
		if n < m.First || n > m.Last || write && !m.Write || !write && !m.Read {
			continue
		}
		kind := StopReadMSR
		if write {
			kind = StopWriteMSR
		}
		c.hit(Stop{Kind: kind, Addr: uint64(n), Size: 8, Value: v}, stopWatch)
		return
	}
}

// stopEvent looks for the delivery of an exception or interrupt that begins.
func (c *CPU) stopEvent(v x86.Vector, k EventKind) {
	switch s := c.stops; {
	case k == EventException && v < 32 && s.Exceptions>>v&1 != 0:
		c.hit(Stop{Kind: StopException, Addr: uint64(v), Event: k}, stopWatch)
	case k != EventException && s.Interrupts[v/64]>>(v%64)&1 != 0:
		c.hit(Stop{Kind: StopInterrupt, Addr: uint64(v), Event: k}, stopWatch)
	}
}

// stopMode looks for another mode. Privilege levels and flags are no modes.
func (c *CPU) stopMode(before, now uint32) {
	const modes = Mode16 | Mode32 | Mode64 | ModeProt | ModeVM | ModePaging | ModeLong
	if c.stops.Modes && (before^now)&modes != 0 {
		c.hit(Stop{Kind: StopMode, Addr: uint64(before), Value: uint64(now)}, stopWatch)
	}
}
