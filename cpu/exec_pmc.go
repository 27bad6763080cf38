package cpu

import (
	"math"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Architectural performance monitoring, version 2: counters of instructions and cycles.
//
//	IA32_PMC0…3        48 bits, what IA32_PERFEVTSEL0…3 select
//	IA32_FIXED_CTR0    instructions completed
//	IA32_FIXED_CTR1    core cycles; FIXED_CTR2 reference cycles: both CPU.CPI for each instruction
//
// SDM Vol. 3B, "Architectural Performance Monitoring". The counters are exact: an
// instruction counts at the privilege level where it began, and an interrupt on overflow is
// requested behind the very instruction that caused it. What counts as an instruction is what
// Count counts: the delivery of an interrupt does, and each slice of a repeated one. A
// processor that is halted, or whose turn it is not, has no cycles. Events that are not
// instructions or cycles never happen, and CPUID leaf 0Ah says so.
//
// Not modelled: edge detection, the counter mask, freezing on an interrupt.

const (
	pmcCount = 4
	pmcFixed = 3
	pmcMask  = 1<<48 - 1
)

// PMCs are the performance counters and their controls. The counters are as of the last
// look; see syncPMC.
type PMCs struct {
	Counter [pmcCount]uint64
	Select  [pmcCount]uint64
	Fixed   [pmcFixed]uint64

	FixedCtrl, GlobalCtrl, GlobalStatus uint64
}

// pmcPowerOn enables the general counters globally, as RESET does.
var pmcPowerOn = PMCs{GlobalCtrl: 1<<pmcCount - 1}

// Bits of IA32_PERFEVTSELx.
const (
	selUser    = 1 << 16
	selOS      = 1 << 17
	selInt     = 1 << 20 // interrupt on overflow
	selEnable  = 1 << 22
	selDefined = 1<<32 - 1 - 1<<21 // bit 21, AnyThread, comes with version 3
)

const (
	globalBits = 1<<pmcCount - 1 | (1<<pmcFixed-1)<<32
	fixedBits  = 0xbbb // enable in two rings and interrupt, for each counter
)

// Bits of each group of four in IA32_FIXED_CTR_CTRL: enabled at privilege level 0 and above, and
// interrupt on overflow.
var fixedRing = [2]uint64{1, 2}

const fixedInt = 8

// Events that happen: event number and unit mask of IA32_PERFEVTSELx.
const (
	eventInstructions = 0x00c0
	eventCycles       = 0x003c
	eventReference    = 0x013c
)

// A pmcRunning is a counter that counts at the present privilege level.
type pmcRunning struct {
	at        *uint64
	bit       int  // of the global status
	cycles    bool // not instructions
	interrupt bool // on overflow
}

// counting calls f for each counter that counts now.
func (c *CPU) counting(f func(pmcRunning)) {
	p, user := &c.MSR.PMC, c.CPL != 0
	ring := uint64(selOS)
	if user {
		ring = selUser
	}
	for i := range p.Counter {
		sel := p.Select[i]
		if p.GlobalCtrl>>i&1 == 0 || sel&selEnable == 0 || sel&ring == 0 {
			continue
		}
		switch sel & 0xffff {
		case eventInstructions:
			f(pmcRunning{&p.Counter[i], i, false, sel&selInt != 0})
		case eventCycles, eventReference:
			f(pmcRunning{&p.Counter[i], i, true, sel&selInt != 0})
		}
	}
	for i := range p.Fixed {
		ctrl := p.FixedCtrl >> (4 * i)
		if p.GlobalCtrl>>(32+i)&1 != 0 && ctrl&fixedRing[b2i(user)] != 0 {
			f(pmcRunning{&p.Fixed[i], 32 + i, i > 0, ctrl&fixedInt != 0})
		}
	}
}

// cpi is the number of cycles of an instruction.
func (c *CPU) cpi() uint64 { return max(c.CPI, 1) }

// syncPMC adds what happened since the last call to the counters that run, and requests
// the interrupts of those that overflowed. It is called before counters or controls are used,
// before the privilege level changes, and at the end of Run.
func (c *CPU) syncPMC() {
	n := c.Count()
	insts := n - c.pmcAt
	c.pmcAt = n
	if !c.pmcOn || insts == 0 {
		return
	}
	request := false
	c.counting(func(r pmcRunning) {
		d := insts
		if r.cycles {
			d *= c.cpi()
		}
		v := *r.at + d
		*r.at = v & pmcMask
		if v > pmcMask {
			c.MSR.PMC.GlobalStatus |= 1 << r.bit
			request = request || r.interrupt
		}
	})
	if request && c.APIC != nil {
		c.APIC.Perf()
	}
}

// pmcDue is the number of instructions until a counter overflows that then interrupts, if
// nothing changes before; at least 1. The counters must be in sync.
func (c *CPU) pmcDue() int64 {
	due := uint64(math.MaxInt64)
	c.counting(func(r pmcRunning) {
		if !r.interrupt {
			return
		}
		left := pmcMask + 1 - *r.at
		if r.cycles {
			left = (left + c.cpi() - 1) / c.cpi()
		}
		due = min(due, left)
	})
	return int64(due)
}

// pmcChanged is called when counters, controls or the privilege level have changed.
func (c *CPU) pmcChanged() {
	if c.pmcOn = c.MSR.PMC.running(); c.pmcOn {
		c.Limit(c.pmcDue())
	}
}

// beginPMC and endPMC surround Run. A run ends behind an instruction that makes a counter
// overflow whose interrupt is enabled: so both engines find it at the same place.
func (c *CPU) beginPMC(budget int64) int64 {
	if !c.pmcOn {
		return budget
	}
	c.syncPMC()
	return min(budget, c.pmcDue())
}

func (c *CPU) endPMC() {
	if c.pmcOn {
		c.syncPMC()
	}
}

// running says whether a counter may be counting.
func (p *PMCs) running() bool {
	on := p.FixedCtrl
	for _, sel := range p.Select {
		on |= sel & selEnable
	}
	return on != 0
}

// valid says whether no register has bits that cannot be written.
func (p *PMCs) valid() bool {
	var bad uint64
	for i := range p.Counter {
		bad |= p.Counter[i]&^pmcMask | p.Select[i]&^selDefined
	}
	for _, v := range p.Fixed {
		bad |= v &^ pmcMask
	}
	return bad|p.FixedCtrl&^fixedBits|(p.GlobalCtrl|p.GlobalStatus)&^globalBits == 0
}

// Rows of msrRows: every access catches up first.

func pmcRead(at func(p *PMCs, i uint32) *uint64) func(*CPU, uint32) uint64 {
	return func(c *CPU, i uint32) uint64 {
		c.syncPMC()
		return *at(&c.MSR.PMC, i)
	}
}

// pmcWrite stores values whose bits are all in mask; ext sign-extends 32 bits, as writes to
// IA32_PMCx do.
func pmcWrite(at func(p *PMCs, i uint32) *uint64, mask uint64, ext bool) func(*CPU, uint32, uint64) bool {
	return func(c *CPU, i uint32, v uint64) bool {
		if ext {
			v = uint64(int64(int32(v))) & pmcMask
		}
		if v&^mask != 0 {
			return false
		}
		c.syncPMC()
		*at(&c.MSR.PMC, i) = v
		c.pmcChanged()
		return true
	}
}

func pmcRow(first, count uint32, name string, mask uint64, ext bool, at func(p *PMCs, i uint32) *uint64) msrRow {
	return msrRow{first, count, name, FeatPerfmon, pmcRead(at), pmcWrite(at, mask, ext)}
}

func pmcCounter(p *PMCs, i uint32) *uint64    { return &p.Counter[i%pmcCount] }
func pmcSelect(p *PMCs, i uint32) *uint64     { return &p.Select[i%pmcCount] }
func pmcFixedAt(p *PMCs, i uint32) *uint64    { return &p.Fixed[i%pmcFixed] }
func pmcFixedCtrl(p *PMCs, _ uint32) *uint64  { return &p.FixedCtrl }
func pmcGlobalCtrl(p *PMCs, _ uint32) *uint64 { return &p.GlobalCtrl }

func readPMCStatus(c *CPU, _ uint32) uint64 {
	c.syncPMC()
	return c.MSR.PMC.GlobalStatus
}

// clearPMCStatus is a write to IA32_PERF_GLOBAL_OVF_CTRL: ones clear.
func clearPMCStatus(c *CPU, _ uint32, v uint64) bool {
	if v&^(globalBits|3<<62) != 0 {
		return false
	}
	c.syncPMC()
	c.MSR.PMC.GlobalStatus &^= v
	return true
}

// perfmonLeaf is CPUID leaf 0Ah.
func (m *Model) perfmonLeaf() cpuidAnswer {
	if !m.Has(FeatPerfmon) {
		return cpuidAnswer{}
	}
	const noCaches, noBranches = 3 << 3, 3 << 5 // events that are not available
	return cpuidAnswer{2 | pmcCount<<8 | 48<<16 | 7<<24, noCaches | noBranches, 0, pmcFixed | 48<<5}
}

// rdpmc is RDPMC: ECX names the counter, bit 30 a fixed one.
//
// SDM Vol. 2B, "RDPMC—Read Performance-Monitoring Counters".
func rdpmc(c *CPU, _ *Inst) Fault {
	if c.CR4&x86.CR4_PCE == 0 && c.CPL != 0 {
		return x86.GP(0, x86.ReasonPMCDisabled)
	}
	p := &c.MSR.PMC
	at := p.Counter[:]
	n := uint32(c.S.R[x86.RCX])
	if n>>30 == 1 {
		at, n = p.Fixed[:], n&^(1<<30)
	}
	if n >= uint32(len(at)) || !c.Model.Has(FeatPerfmon) {
		return x86.GP(0, x86.ReasonPMCDisabled)
	}
	c.syncPMC()
	c.setReg(x86.RAX, 4, at[n])
	c.setReg(x86.RDX, 4, at[n]>>32)
	return Fault{}
}
