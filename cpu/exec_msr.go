package cpu

import (
	"sort"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// MSRs holds the model-specific registers that live nowhere else. EFER, the bases of FS
// and GS and the time-stamp counter are elsewhere in the CPU.
//
// SDM Vol. 4, "IA-32 Architectural MSRs".
type MSRs struct {
	STAR, LSTAR, CSTAR, FMASK            uint64
	KernelGS                             uint64
	SysenterCS, SysenterESP, SysenterEIP uint64
	TSCAux                               uint64 // 32 bits
	TSCAdjust                            uint64
	PAT                                  uint64
	MiscEnable                           uint64
	MTRRDefType                          uint64
	MTRRFixed                            [11]uint64 // 64K, 16K ×2, 4K ×8
	MTRRVariable                         [16]uint64 // base and mask in turn
	PMC                                  PMCs
}

// Power-on values.
const patPowerOn = 0x0007040600070406

// Bits of IA32_MISC_ENABLE.
const (
	miscFastStrings = 1 << 0
	miscFixed       = 1<<11 | 1<<12 // no branch trace storage, no event sampling: read only
	miscPerfmon     = 1 << 7        // performance monitoring exists: read only
	miscLimitCPUID  = 1 << 22       // CPUID reports no leaf above 2
	miscWritable    = miscFastStrings | 1<<3 | 1<<16 | 1<<18 | miscLimitCPUID | 1<<23
)

// mtrrCap: 8 variable ranges, fixed ranges, write combining.
const mtrrCap = 8 | 1<<8 | 1<<10

// microcode is the update revision reported in the upper half of IA32_BIOS_SIGN_ID.
const microcode = 1

// An msrRow describes one register or a run of them.
type msrRow struct {
	first, count uint32
	name         string
	feature      Feature // that brings it into existence
	read         func(c *CPU, i uint32) uint64
	// write says whether the value is allowed and stores it if so; nil: read only.
	write func(c *CPU, i uint32, v uint64) bool
}

// msrRows is every register there is, by number.
var msrRows = []msrRow{
	{x86.MSR_P5_MC_ADDR, 2, "IA32_P5_MC_ADDR/TYPE", FeatMCE, readZero, nil},
	{x86.MSR_TSC, 1, "IA32_TIME_STAMP_COUNTER", FeatTSC, func(c *CPU, _ uint32) uint64 { return c.tsc() }, writeTSC},
	{x86.MSR_PLATFORM_ID, 1, "IA32_PLATFORM_ID", Always, readZero, nil},
	{x86.MSR_APIC_BASE, 1, "IA32_APIC_BASE", FeatAPIC, readAPICBase, writeAPICBase},
	{x86.MSR_TSC_ADJUST, 1, "IA32_TSC_ADJUST", FeatTSCADJUST, func(c *CPU, _ uint32) uint64 { return c.MSR.TSCAdjust }, writeTSCAdjust},
	{x86.MSR_BIOS_SIGN_ID, 1, "IA32_BIOS_SIGN_ID", Always, func(*CPU, uint32) uint64 { return microcode << 32 }, ignoreWrite},
	pmcRow(x86.MSR_PMC0, pmcCount, "IA32_PMC", pmcMask, true, pmcCounter),
	{x86.MSR_MTRRCAP, 1, "IA32_MTRRCAP", FeatMTRR, func(*CPU, uint32) uint64 { return mtrrCap }, nil},
	field(x86.MSR_SYSENTER_CS, "IA32_SYSENTER_CS", FeatSEP, func(m *MSRs) *uint64 { return &m.SysenterCS }, any32),
	field(x86.MSR_SYSENTER_ESP, "IA32_SYSENTER_ESP", FeatSEP, func(m *MSRs) *uint64 { return &m.SysenterESP }, canonical),
	field(x86.MSR_SYSENTER_EIP, "IA32_SYSENTER_EIP", FeatSEP, func(m *MSRs) *uint64 { return &m.SysenterEIP }, canonical),
	{x86.MSR_MCG_CAP, 1, "IA32_MCG_CAP", FeatMCA, readZero, nil}, // no banks: nothing goes wrong
	{x86.MSR_MCG_STATUS, 1, "IA32_MCG_STATUS", FeatMCA, readZero, zeroOnly},
	pmcRow(x86.MSR_PERFEVTSEL0, pmcCount, "IA32_PERFEVTSEL", selDefined, false, pmcSelect),
	{x86.MSR_MISC_ENABLE, 1, "IA32_MISC_ENABLE", Always, func(c *CPU, _ uint32) uint64 { return c.MSR.MiscEnable }, writeMiscEnable},
	{x86.MSR_MTRR_PHYSBASE, 16, "IA32_MTRR_PHYSBASE/MASK", FeatMTRR, func(c *CPU, i uint32) uint64 { return c.MSR.MTRRVariable[i&15] }, writeMTRRVariable},
	{x86.MSR_MTRR_FIX64K, 1, "IA32_MTRR_FIX64K", FeatMTRR, readFixed(0), writeFixed(0)},
	{x86.MSR_MTRR_FIX16K_8, 2, "IA32_MTRR_FIX16K", FeatMTRR, readFixed(1), writeFixed(1)},
	{x86.MSR_MTRR_FIX4K_C0, 8, "IA32_MTRR_FIX4K", FeatMTRR, readFixed(3), writeFixed(3)},
	field(x86.MSR_PAT, "IA32_PAT", FeatPAT, func(m *MSRs) *uint64 { return &m.PAT }, validPAT),
	field(x86.MSR_MTRR_DEF_TYPE, "IA32_MTRR_DEF_TYPE", FeatMTRR, func(m *MSRs) *uint64 { return &m.MTRRDefType }, validDefType),
	pmcRow(x86.MSR_FIXED_CTR0, pmcFixed, "IA32_FIXED_CTR", pmcMask, false, pmcFixedAt),
	pmcRow(x86.MSR_FIXED_CTR_CTRL, 1, "IA32_FIXED_CTR_CTRL", fixedBits, false, pmcFixedCtrl),
	{x86.MSR_PERF_GLOBAL_STATUS, 1, "IA32_PERF_GLOBAL_STATUS", FeatPerfmon, readPMCStatus, nil},
	pmcRow(x86.MSR_PERF_GLOBAL_CTRL, 1, "IA32_PERF_GLOBAL_CTRL", globalBits, false, pmcGlobalCtrl),
	{x86.MSR_PERF_GLOBAL_OVF_CTRL, 1, "IA32_PERF_GLOBAL_OVF_CTRL", FeatPerfmon, readZero, clearPMCStatus},
	{x86.MSR_TSC_DEADLINE, 1, "IA32_TSC_DEADLINE", FeatTSCDeadline, readDeadline, writeDeadline},
	{x86.MSR_X2APIC, 0x40, "IA32_X2APIC", FeatX2APIC, readX2APIC, writeX2APIC},
	{x86.MSR_XSS, 1, "IA32_XSS", FeatXSAVES, readZero, zeroOnly}, // no supervisor components
	{x86.MSR_EFER, 1, "IA32_EFER", FeatNX, func(c *CPU, _ uint32) uint64 { return c.EFER }, writeEFER},
	field(x86.MSR_STAR, "IA32_STAR", FeatSYSCALL, func(m *MSRs) *uint64 { return &m.STAR }, anyValue),
	field(x86.MSR_LSTAR, "IA32_LSTAR", FeatLM, func(m *MSRs) *uint64 { return &m.LSTAR }, canonical),
	field(x86.MSR_CSTAR, "IA32_CSTAR", FeatLM, func(m *MSRs) *uint64 { return &m.CSTAR }, canonical),
	field(x86.MSR_FMASK, "IA32_FMASK", FeatLM, func(m *MSRs) *uint64 { return &m.FMASK }, any32),
	{x86.MSR_FS_BASE, 1, "IA32_FS_BASE", FeatLM, readSegBase(x86.FS), writeSegBase(x86.FS)},
	{x86.MSR_GS_BASE, 1, "IA32_GS_BASE", FeatLM, readSegBase(x86.GS), writeSegBase(x86.GS)},
	field(x86.MSR_KERNEL_GS, "IA32_KERNEL_GS_BASE", FeatLM, func(m *MSRs) *uint64 { return &m.KernelGS }, canonical),
	field(x86.MSR_TSC_AUX, "IA32_TSC_AUX", FeatRDTSCP, func(m *MSRs) *uint64 { return &m.TSCAux }, any32),
}

// field is a row for a register that is just a field of MSRs.
func field(n uint32, name string, feat Feature, at func(*MSRs) *uint64, valid func(*CPU, uint64) bool) msrRow {
	return msrRow{n, 1, name, feat,
		func(c *CPU, _ uint32) uint64 { return *at(&c.MSR) },
		func(c *CPU, _ uint32, v uint64) bool {
			ok := valid(c, v)
			if ok {
				*at(&c.MSR) = v
			}
			return ok
		}}
}

// Rules for values.
func anyValue(*CPU, uint64) bool      { return true }
func any32(_ *CPU, v uint64) bool     { return v>>32 == 0 }
func canonical(c *CPU, v uint64) bool { return c.isCanonicalBase(v) }

func readZero(*CPU, uint32) uint64             { return 0 }
func ignoreWrite(*CPU, uint32, uint64) bool    { return true }
func zeroOnly(_ *CPU, _ uint32, v uint64) bool { return v == 0 }

// writeTSC sets the counter; IA32_TSC_ADJUST moves along.
//
// SDM Vol. 3B, "IA32_TSC_ADJUST Register Support".
func writeTSC(c *CPU, _ uint32, v uint64) bool {
	d := v - c.tsc()
	c.tscOffset += d
	c.MSR.TSCAdjust += d
	c.tscMoved()
	return true
}

func writeTSCAdjust(c *CPU, _ uint32, v uint64) bool {
	c.tscOffset += v - c.MSR.TSCAdjust
	c.MSR.TSCAdjust = v
	c.tscMoved()
	return true
}

// miscEnable is the power-on value of IA32_MISC_ENABLE.
func (m *Model) miscEnable() uint64 {
	v := uint64(miscFastStrings | miscFixed)
	if m.Has(FeatPerfmon) {
		v |= miscPerfmon
	}
	return v
}

func writeMiscEnable(c *CPU, _ uint32, v uint64) bool {
	c.MSR.MiscEnable = v&miscWritable | c.Model.miscEnable()&^miscWritable
	return true
}

// memoryType says whether t is a memory type of MTRRs: UC, WC, WT, WP or WB.
func memoryType(t uint64) bool { return t < 7 && t != 2 && t != 3 }

// validPAT: eight memory types, 7 (UC-) allowed. SDM Vol. 3A, "IA32_PAT MSR".
func validPAT(_ *CPU, v uint64) bool {
	for i := range 8 {
		if t := v >> (8 * i) & 0xff; t != 7 && !memoryType(t) {
			return false
		}
	}
	return true
}

// validDefType: type 7:0, fixed ranges on 10, all on 11. SDM Vol. 3A, "MTRRs".
func validDefType(_ *CPU, v uint64) bool { return v&^0xcff == 0 && memoryType(v&0xff) }

func writeMTRRVariable(c *CPU, i uint32, v uint64) bool {
	const addr = (1<<mmu.MaxPhysBits - 1) &^ 0xfff
	if i&1 == 0 {
		if v&^(addr|0xff) != 0 || !memoryType(v&0xff) {
			return false
		}
	} else if v&^(addr|1<<11) != 0 {
		return false
	}
	c.MSR.MTRRVariable[i&15] = v
	return true
}

func readFixed(base uint32) func(*CPU, uint32) uint64 {
	return func(c *CPU, i uint32) uint64 { return c.MSR.MTRRFixed[base+i] }
}

func writeFixed(base uint32) func(*CPU, uint32, uint64) bool {
	return func(c *CPU, i uint32, v uint64) bool {
		for j := range 8 {
			if !memoryType(v >> (8 * j) & 0xff) {
				return false
			}
		}
		c.MSR.MTRRFixed[base+i] = v
		return true
	}
}

func readSegBase(seg x86.Seg) func(*CPU, uint32) uint64 {
	return func(c *CPU, _ uint32) uint64 { return c.S.R[(RegSeg+seg)&regMask] }
}

func writeSegBase(seg x86.Seg) func(*CPU, uint32, uint64) bool {
	return func(c *CPU, _ uint32, v uint64) bool {
		if !c.isCanonicalBase(v) {
			return false
		}
		c.S.R[(RegSeg+seg)&regMask] = v
		c.updateMode()
		return true
	}
}

// writeEFER changes the extended features. LMA follows from LME and CR0.PG; writing it has
// no effect.
//
// SDM Vol. 4, "IA32_EFER".
func writeEFER(c *CPU, _ uint32, v uint64) bool {
	v &^= x86.EFER_LMA
	if v&^c.Model.eferBits() != 0 {
		return false
	}
	if (v^c.EFER)&x86.EFER_LME != 0 && c.CR0&x86.CR0_PG != 0 {
		return false
	}
	c.EFER = v | c.EFER&x86.EFER_LMA
	c.updatePaging()
	c.updateMode()
	return true
}

// eferBits are the bits of EFER that may be written.
func (m *Model) eferBits() (v uint64) {
	if m.Has(FeatSYSCALL) {
		v |= x86.EFER_SCE
	}
	if m.Has(FeatLM) {
		v |= x86.EFER_LME
	}
	if m.Has(FeatNX) {
		v |= x86.EFER_NXE
	}
	return v
}

// findMSR is the row of register n, and its index in the row; nil if the model has none.
func (c *CPU) findMSR(n uint32) (*msrRow, uint32) {
	k := sort.Search(len(msrRows), func(i int) bool { return msrRows[i].first > n }) - 1
	if k < 0 {
		return nil, 0
	}
	r := &msrRows[k]
	if n-r.first >= r.count || !c.Model.Has(r.feature) || r.ofAPIC() && c.APIC == nil {
		return nil, 0
	}
	return r, n - r.first
}

// ofAPIC says whether the register is in the local APIC.
func (r *msrRow) ofAPIC() bool {
	return r.feature == FeatAPIC || r.feature == FeatTSCDeadline || r.feature == FeatX2APIC
}

// ReadMSR is the value of model-specific register n; ok is false if there is none.
func (c *CPU) ReadMSR(n uint32) (v uint64, ok bool) {
	r, i := c.findMSR(n)
	switch {
	case r == nil:
		return 0, false
	case r.first == x86.MSR_X2APIC:
		return c.APIC.ReadX2(i) // some can only be written
	}
	return r.read(c, i), true
}

// WriteMSR writes model-specific register n as WRMSR does; ok is false where that is #GP.
func (c *CPU) WriteMSR(n uint32, v uint64) (ok bool) { return !c.writeMSR(n, v).Raised }

func (c *CPU) writeMSR(n uint32, v uint64) Fault {
	r, i := c.findMSR(n)
	switch {
	case r == nil:
		c.unknownMSR("WRMSR", n)
		return x86.GP(0, x86.ReasonMSRUnknown)
	case r.write == nil || !r.write(c, i, v):
		return x86.GP(0, x86.ReasonMSRReserved)
	}
	return Fault{}
}

func (c *CPU) unknownMSR(what string, n uint32) {
	if c.OnUnknown != nil {
		c.OnUnknown(what, n)
	}
}

// rdmsr is RDMSR. SDM Vol. 2B, "RDMSR—Read From Model Specific Register".
func rdmsr(c *CPU, _ *Inst) Fault {
	if f := c.needCPL0(); f.Raised {
		return f
	}
	n := uint32(c.S.R[x86.RCX])
	v, ok := c.ReadMSR(n)
	if !ok {
		c.unknownMSR("RDMSR", n)
		return x86.GP(0, x86.ReasonMSRUnknown)
	}
	c.setReg(x86.RAX, 4, v)
	c.setReg(x86.RDX, 4, v>>32)
	if c.stops != nil {
		c.stopMSR(n, false, v)
	}
	return Fault{}
}

// wrmsr is WRMSR. SDM Vol. 2D, "WRMSR—Write to Model Specific Register".
func wrmsr(c *CPU, _ *Inst) Fault {
	if f := c.needCPL0(); f.Raised {
		return f
	}
	n, v := uint32(c.S.R[x86.RCX]), c.reg(x86.RDX, 4)<<32|c.reg(x86.RAX, 4)
	f := c.writeMSR(n, v)
	if !f.Raised && c.stops != nil {
		c.stopMSR(n, true, v)
	}
	return f
}
