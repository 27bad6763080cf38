package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Architectural performance monitoring, version 2: counters of instructions and cycles.
//
//	IA32_PMC0…3        48 bits, what IA32_PERFEVTSEL0…3 select
//	IA32_FIXED_CTR0    instructions completed
//	IA32_FIXED_CTR1    core cycles; FIXED_CTR2 reference cycles: both virtual TSC cycles
//
// SDM Vol. 3B, "Architectural Performance Monitoring". The counters are exact: an
// instruction counts at the privilege level where it began. Events that are not instructions
// or cycles never happen, and CPUID leaf 0Ah says so.
//
// Not modelled: interrupts on overflow (the status bits are set), edge detection and the
// counter mask.

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
	selEnable  = 1 << 22
	selDefined = 1<<32 - 1 - 1<<21 // bit 21, AnyThread, comes with version 3
)

const (
	globalBits = 1<<pmcCount - 1 | (1<<pmcFixed-1)<<32
	fixedBits  = 0xbbb // enable in two rings and interrupt, for each counter
)

// fixedRing is the enable bit of a fixed counter at privilege level 0 and above.
var fixedRing = [2]uint64{1, 2}

// syncPMC adds what happened since the last call to the counters that run. It is called
// before counters or controls are used, and before the privilege level changes.
func (c *CPU) syncPMC() {
	n, t := c.Count(), c.cycles()
	insts, cycles := n-c.pmcAt, t-c.pmcCycles
	c.pmcAt, c.pmcCycles = n, t
	p := &c.MSR.PMC
	ring := uint64(selOS)
	if c.CPL != 0 {
		ring = selUser
	}
	for i := range p.Counter {
		sel := p.Select[i]
		if p.GlobalCtrl>>i&1 == 0 || sel&selEnable == 0 || sel&ring == 0 {
			continue
		}
		switch sel & 0xffff {
		case 0x00c0: // instructions retired
			p.add(&p.Counter[i], insts, i)
		case 0x003c, 0x013c: // core and reference cycles
			p.add(&p.Counter[i], cycles, i)
		}
	}
	for i := range p.Fixed {
		ctrl := p.FixedCtrl >> (4 * i)
		if p.GlobalCtrl>>(32+i)&1 == 0 || ctrl&fixedRing[b2i(c.CPL != 0)] == 0 {
			continue
		}
		d := cycles
		if i == 0 {
			d = insts
		}
		p.add(&p.Fixed[i], d, 32+i)
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

// add counts counter at on by d and notes an overflow in bit of the global status.
func (p *PMCs) add(at *uint64, d uint64, bit int) {
	v := *at + d
	if v > pmcMask {
		p.GlobalStatus |= 1 << bit
	}
	*at = v & pmcMask
}

// ClockSet tells that ReadTSC jumped, as it does while a board restores its state: the
// performance counters go on from its present value.
func (c *CPU) ClockSet() { c.pmcAt, c.pmcCycles = c.Count(), c.cycles() }

// cycles is the virtual cycle counter without what the guest did to the TSC.
func (c *CPU) cycles() uint64 {
	if c.ReadTSC == nil {
		return c.Count()
	}
	return c.ReadTSC()
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
