package cpu

import "github.com/glassbox-vm/glassbox/cpu/x86"

// An APIC is the local APIC as its processor sees it. Models with FeatAPIC have one if the
// board gives them one.
type APIC interface {
	// Base is IA32_APIC_BASE; SetBase says no where a write is #GP.
	Base() uint64
	SetBase(v uint64) bool
	// ReadX2 and WriteX2 are register 800h+n, n < 40h; they say no where that is #GP.
	ReadX2(n uint32) (v uint64, ok bool)
	WriteX2(n uint32, v uint64) bool
	// TPR is the task priority, whose bits 7:4 are CR8.
	TPR() uint8
	SetTPR(v uint8)
	// TSCDeadline is IA32_TSC_DEADLINE.
	TSCDeadline() uint64
	SetTSCDeadline(v uint64)
	// TSCMoved tells that the time-stamp counter was written.
	TSCMoved()
	// Perf requests the interrupt of the performance counters.
	Perf()
}

// Bits of IA32_APIC_BASE.
const apicEnable = 1 << 11

// A Topology says how the processors of a machine are arranged.
type Topology struct {
	Cores   int // per package
	Threads int // per core
}

// bitsFor is the number of bits that tell n things apart.
func bitsFor(n int) (bits uint32) {
	for 1<<bits < n {
		bits++
	}
	return bits
}

// shifts are the positions of the core and package numbers in an APIC ID.
func (t Topology) shifts() (core, pkg uint32) {
	core = bitsFor(t.Threads)
	return core, core + bitsFor(t.Cores)
}

// APICID is the APIC ID of processor i: thread, core and package number, each in as many
// bits as it needs.
func (t Topology) APICID(i int) uint32 {
	core, pkg := t.shifts()
	thread, rest := i%t.Threads, i/t.Threads
	return uint32(rest/t.Cores)<<pkg | uint32(rest%t.Cores)<<core | uint32(thread)
}

// topology is the arrangement, of one processor if nobody said.
func (c *CPU) topology() Topology {
	return Topology{max(c.Topology.Cores, 1), max(c.Topology.Threads, 1)}
}

// cpuidAPIC puts the APIC and the topology into leaf 1.
func (c *CPU) cpuidAPIC(r *cpuidAnswer) {
	if c.APIC == nil || c.APIC.Base()&apicEnable == 0 {
		r[regEDX] &^= 1 << 9
	}
	if c.APIC == nil {
		r[regECX] &^= 1<<21 | 1<<24
	}
	r[regEBX] |= uint32(c.ID) << 24
	t := c.topology()
	if n := t.Cores * t.Threads; n > 1 {
		r[regEBX] = r[regEBX]&^(0xff<<16) | uint32(min(n, 255))<<16
		r[regEDX] |= 1 << 28 // HTT
	}
}

// cpuidCaches adds to leaf 4 who shares a cache and how many cores a package has.
func (c *CPU) cpuidCaches(r *cpuidAnswer) {
	if t := c.topology(); r[regEAX] != 0 {
		r[regEAX] |= uint32(min(t.Threads-1, 0xfff))<<14 | uint32(min(t.Cores-1, 63))<<26
	}
}

// cpuidTopology is leaf 0Bh: threads of a core, then threads of a package.
func (c *CPU) cpuidTopology(sub uint32) cpuidAnswer {
	t := c.topology()
	core, pkg := t.shifts()
	switch sub {
	case 0:
		return cpuidAnswer{core, uint32(t.Threads), 1 << 8, uint32(c.ID)}
	case 1:
		return cpuidAnswer{pkg, uint32(t.Threads * t.Cores), 1 | 2<<8, uint32(c.ID)}
	}
	return cpuidAnswer{0, 0, sub & 0xff, uint32(c.ID)}
}

// taskPriority is CR8.
func (c *CPU) taskPriority() uint64 {
	if c.APIC != nil {
		return uint64(c.APIC.TPR() >> 4)
	}
	return c.CR8
}

// setTaskPriority is MOV to CR8.
func (c *CPU) setTaskPriority(v uint64) {
	if c.APIC != nil {
		c.APIC.SetTPR(uint8(v << 4))
		return
	}
	c.CR8 = v
}

// Start is a start-up message: a processor that waits for one begins to execute at the
// start of page number page, in real-address mode.
//
// SDM Vol. 3A, "MP Initialization Protocol Algorithm for MP Systems".
func (c *CPU) Start(page uint8) {
	if c.Activity != WaitSIPI {
		return
	}
	c.setSegment(x86.CS, uint16(page)<<8, uint64(page)<<12, realLimit, attrReal)
	c.S.RIP, c.nextRIP = 0, 0
	c.Activity = Active
	c.updateMode()
}

// pause is PAUSE: the guest waits for something in a loop.
//
// SDM Vol. 2B, "PAUSE—Spin Loop Hint".
func pause(c *CPU, _ *Inst) Fault {
	if c.OnPause != nil {
		c.OnPause()
	}
	return Fault{}
}

func readAPICBase(c *CPU, _ uint32) uint64          { return c.APIC.Base() }
func writeAPICBase(c *CPU, _ uint32, v uint64) bool { return c.APIC.SetBase(v) }
func readDeadline(c *CPU, _ uint32) uint64          { return c.APIC.TSCDeadline() }
func writeDeadline(c *CPU, _ uint32, v uint64) bool { c.APIC.SetTSCDeadline(v); return true }
func writeX2APIC(c *CPU, i uint32, v uint64) bool   { return c.APIC.WriteX2(i, v) }

func readX2APIC(c *CPU, i uint32) uint64 {
	v, _ := c.APIC.ReadX2(i)
	return v
}

// TSC is the time-stamp counter.
func (c *CPU) TSC() uint64 { return c.tsc() }

// tscMoved tells the timer of the APIC that the time-stamp counter was written.
func (c *CPU) tscMoved() {
	if c.APIC != nil {
		c.APIC.TSCMoved()
	}
}
