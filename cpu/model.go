package cpu

import (
	"fmt"
	"sort"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Features that bring no encoding of their own: parts of paging, of control registers, of
// CPUID.
const (
	FeatVME Feature = featureCount + iota
	FeatDE
	FeatPSE
	FeatPAE
	FeatMCE
	FeatMCA
	FeatAPIC
	FeatX2APIC
	FeatTSCDeadline
	FeatARAT // the timer of the APIC runs in all idle states
	FeatMTRR
	FeatPGE
	FeatPAT
	FeatPSE36
	FeatPCID
	FeatHypervisor
	FeatTSCADJUST
	FeatSMEP
	FeatERMS
	FeatFSRM
	FeatUMIP
	FeatLA57
	FeatNX
	FeatPDPE1GB
	FeatINVTSC
	FeatFDPExcptn // FOP and FDP change with unmasked exceptions only
	FeatZeroFCS   // FCS and FDS are always 0
	allFeatures
)

// A cpuidReg is one register of the answer of CPUID.
type cpuidReg uint8

const (
	regEAX cpuidReg = iota
	regEBX
	regECX
	regEDX
)

// A featureRow says how a feature is called and where CPUID reports it.
type featureRow struct {
	name      string
	leaf, sub uint32
	reg       cpuidReg
	bit       uint8
}

// noLeaf is the leaf of features that CPUID does not report.
const noLeaf = 0xffffffff

// featureRows is every feature, with the names that Linux and QEMU use.
//
// SDM Vol. 2A, "CPUID—CPU Identification".
var featureRows = [allFeatures]featureRow{
	FeatFPU:   {"fpu", 1, 0, regEDX, 0},
	FeatVME:   {"vme", 1, 0, regEDX, 1},
	FeatDE:    {"de", 1, 0, regEDX, 2},
	FeatPSE:   {"pse", 1, 0, regEDX, 3},
	FeatTSC:   {"tsc", 1, 0, regEDX, 4},
	FeatMSR:   {"msr", 1, 0, regEDX, 5},
	FeatPAE:   {"pae", 1, 0, regEDX, 6},
	FeatMCE:   {"mce", 1, 0, regEDX, 7},
	FeatCX8:   {"cx8", 1, 0, regEDX, 8},
	FeatAPIC:  {"apic", 1, 0, regEDX, 9},
	FeatSEP:   {"sep", 1, 0, regEDX, 11},
	FeatMTRR:  {"mtrr", 1, 0, regEDX, 12},
	FeatPGE:   {"pge", 1, 0, regEDX, 13},
	FeatMCA:   {"mca", 1, 0, regEDX, 14},
	FeatCMOV:  {"cmov", 1, 0, regEDX, 15},
	FeatPAT:   {"pat", 1, 0, regEDX, 16},
	FeatPSE36: {"pse36", 1, 0, regEDX, 17},

	FeatCLFLUSH: {"clflush", 1, 0, regEDX, 19},
	FeatMMX:     {"mmx", 1, 0, regEDX, 23},
	FeatFXSR:    {"fxsr", 1, 0, regEDX, 24},
	FeatSSE:     {"sse", 1, 0, regEDX, 25},
	FeatSSE2:    {"sse2", 1, 0, regEDX, 26},

	FeatSSE3:        {"sse3", 1, 0, regECX, 0},
	FeatPCLMUL:      {"pclmulqdq", 1, 0, regECX, 1},
	FeatMONITOR:     {"monitor", 1, 0, regECX, 3},
	FeatSSSE3:       {"ssse3", 1, 0, regECX, 9},
	FeatFMA:         {"fma", 1, 0, regECX, 12},
	FeatCX16:        {"cx16", 1, 0, regECX, 13},
	FeatPCID:        {"pcid", 1, 0, regECX, 17},
	FeatSSE41:       {"sse4.1", 1, 0, regECX, 19},
	FeatSSE42:       {"sse4.2", 1, 0, regECX, 20},
	FeatX2APIC:      {"x2apic", 1, 0, regECX, 21},
	FeatMOVBE:       {"movbe", 1, 0, regECX, 22},
	FeatPOPCNT:      {"popcnt", 1, 0, regECX, 23},
	FeatTSCDeadline: {"tsc-deadline", 1, 0, regECX, 24},
	FeatAES:         {"aes", 1, 0, regECX, 25},
	FeatXSAVE:       {"xsave", 1, 0, regECX, 26},
	FeatAVX:         {"avx", 1, 0, regECX, 28},
	FeatF16C:        {"f16c", 1, 0, regECX, 29},
	FeatRDRAND:      {"rdrand", 1, 0, regECX, 30},
	FeatHypervisor:  {"hypervisor", 1, 0, regECX, 31},

	FeatNOPL: {"nopl", noLeaf, 0, regEAX, 0},

	FeatARAT: {"arat", 6, 0, regEAX, 2},

	FeatFSGSBASE:   {"fsgsbase", 7, 0, regEBX, 0},
	FeatTSCADJUST:  {"tsc-adjust", 7, 0, regEBX, 1},
	FeatBMI1:       {"bmi1", 7, 0, regEBX, 3},
	FeatAVX2:       {"avx2", 7, 0, regEBX, 5},
	FeatSMEP:       {"smep", 7, 0, regEBX, 7},
	FeatBMI2:       {"bmi2", 7, 0, regEBX, 8},
	FeatFDPExcptn:  {"fdp-excptn-only", 7, 0, regEBX, 6},
	FeatERMS:       {"erms", 7, 0, regEBX, 9},
	FeatINVPCID:    {"invpcid", 7, 0, regEBX, 10},
	FeatZeroFCS:    {"zero-fcs-fds", 7, 0, regEBX, 13},
	FeatRDSEED:     {"rdseed", 7, 0, regEBX, 18},
	FeatADX:        {"adx", 7, 0, regEBX, 19},
	FeatSMAP:       {"smap", 7, 0, regEBX, 20},
	FeatCLFLUSHOPT: {"clflushopt", 7, 0, regEBX, 23},
	FeatCLWB:       {"clwb", 7, 0, regEBX, 24},
	FeatSHA:        {"sha-ni", 7, 0, regEBX, 29},
	FeatUMIP:       {"umip", 7, 0, regECX, 2},
	FeatPKU:        {"pku", 7, 0, regECX, 3},
	FeatLA57:       {"la57", 7, 0, regECX, 16},
	FeatRDPID:      {"rdpid", 7, 0, regECX, 22},
	FeatFSRM:       {"fsrm", 7, 0, regEDX, 4},

	FeatPerfmon: {"perfmon", 0xa, 0, regEAX, 1}, // as version 2

	FeatXSAVEOPT: {"xsaveopt", 0xd, 1, regEAX, 0},
	FeatXSAVEC:   {"xsavec", 0xd, 1, regEAX, 1},
	FeatXSAVES:   {"xsaves", 0xd, 1, regEAX, 3},

	FeatLAHF64:    {"lahf-lm", 0x80000001, 0, regECX, 0},
	FeatLZCNT:     {"lzcnt", 0x80000001, 0, regECX, 5},
	FeatPREFETCHW: {"3dnowprefetch", 0x80000001, 0, regECX, 8},
	FeatSYSCALL:   {"syscall", 0x80000001, 0, regEDX, 11},
	FeatNX:        {"nx", 0x80000001, 0, regEDX, 20},
	FeatPDPE1GB:   {"pdpe1gb", 0x80000001, 0, regEDX, 26},
	FeatRDTSCP:    {"rdtscp", 0x80000001, 0, regEDX, 27},
	FeatLM:        {"lm", 0x80000001, 0, regEDX, 29},
	FeatINVTSC:    {"invtsc", 0x80000007, 0, regEDX, 8},
}

// String is the name of the feature.
func (f Feature) String() string {
	if f < allFeatures && featureRows[f].name != "" {
		return featureRows[f].name
	}
	return fmt.Sprintf("feature %d", uint8(f))
}

// Sets of features, each on top of the one before: the generations of the models.
var (
	features486     = []Feature{FeatFPU}
	featuresPentium = []Feature{FeatVME, FeatDE, FeatPSE, FeatTSC, FeatMSR, FeatMCE, FeatCX8}
	featuresP3      = []Feature{
		FeatPAE, FeatSEP, FeatMTRR, FeatPGE, FeatMCA, FeatAPIC, FeatCMOV, FeatPAT, FeatPSE36, FeatMMX, FeatFXSR, FeatSSE, FeatNOPL,
	}
	featuresCore2 = []Feature{
		FeatCLFLUSH, FeatSSE2, FeatSSE3, FeatSSSE3, FeatCX16, FeatMONITOR, FeatPerfmon, FeatHypervisor,
		FeatLM, FeatSYSCALL, FeatNX, FeatLAHF64, FeatINVTSC,
	}
	featuresV2 = []Feature{FeatSSE41, FeatSSE42, FeatPOPCNT, FeatRDTSCP, FeatTSCADJUST, FeatX2APIC, FeatARAT}
	featuresV3 = []Feature{
		FeatAES, FeatPCLMUL, FeatXSAVE, FeatXSAVEOPT, FeatAVX, FeatAVX2, FeatBMI1, FeatBMI2, FeatF16C, FeatFMA, FeatLZCNT, FeatMOVBE,
		FeatTSCDeadline, FeatRDRAND, FeatFSGSBASE, FeatSMEP, FeatERMS, FeatPCID, FeatINVPCID, FeatPDPE1GB, FeatZeroFCS,
	}
)

// implemented are the features that the emulator has: those of encodings whose rows can
// all be executed, and those without encodings that are modelled. No model reports others.
var implemented = []Feature{
	FeatFPU, FeatVME, FeatDE, FeatPSE, FeatTSC, FeatMSR, FeatPAE, FeatMCE, FeatMCA, FeatCX8, FeatSEP, FeatMTRR, FeatPGE, FeatCMOV, FeatPAT,
	FeatPSE36, FeatMMX, FeatFXSR, FeatSSE, FeatSSE2, FeatCLFLUSH, FeatNOPL,
	FeatSSE3, FeatPCLMUL, FeatSSSE3, FeatCX16, FeatSSE41, FeatSSE42, FeatMOVBE, FeatPOPCNT, FeatAES, FeatXSAVE, FeatHypervisor,
	FeatAVX, FeatAVX2, FeatFMA, FeatF16C, FeatRDRAND, FeatRDSEED, FeatRDPID, FeatPKU,
	FeatPCID, FeatINVPCID, FeatLA57, FeatMONITOR, FeatPerfmon,
	FeatFSGSBASE, FeatTSCADJUST, FeatBMI1, FeatSMEP, FeatBMI2, FeatADX, FeatSMAP, FeatERMS, FeatCLFLUSHOPT, FeatCLWB, FeatSHA, FeatUMIP,
	FeatXSAVEOPT, FeatXSAVEC, FeatXSAVES, FeatLZCNT, FeatPREFETCHW, FeatLAHF64, FeatSYSCALL, FeatNX, FeatPDPE1GB, FeatRDTSCP, FeatLM, FeatINVTSC,
	FeatFDPExcptn, FeatZeroFCS, FeatAPIC, FeatX2APIC, FeatTSCDeadline, FeatARAT,
}

// A featureSet is a set of features.
type featureSet [(int(allFeatures) + 63) / 64]uint64

func (s *featureSet) has(f Feature) bool { return s[f>>6]>>(f&63)&1 != 0 }
func (s *featureSet) add(f Feature)      { s[f>>6] |= 1 << (f & 63) }
func (s *featureSet) remove(f Feature)   { s[f>>6] &^= 1 << (f & 63) }

func setOf(lists ...[]Feature) (s featureSet) {
	s.add(Always)
	for _, l := range lists {
		for _, f := range l {
			s.add(f)
		}
	}
	return s
}

// A Model is a kind of processor: what CPUID says about it and which instructions and
// registers it has. Models are made by NewModel and do not change.
type Model struct {
	Name  string
	Brand string // up to 48 bytes, leaves 80000002h…80000004h

	// Family, Number and Stepping are what leaf 1 reports, family and model without
	// the split into base and extended parts.
	Family, Number, Stepping uint32

	maxLeaf, maxExtended uint32 // highest leaves; 0: no extended ones
	features             featureSet
	missing              []Feature // part of the real one, not implemented here
}

// models is every model by name. "max" is an Atom of the first generation to system
// software: the last Intel design that executes in order, as this processor does, so
// operating systems know that it does not speculate and need no mitigations.
//
// It leaves out two features, although they are implemented: MONITOR, because an idle operating
// system that halts costs less than one that waits by MWAIT; and x2APIC, because an operating
// system expects a chipset that remaps interrupts with it, and complains where there is none.
var models = []struct {
	Model
	features [][]Feature
	without  []Feature
}{
	{Model{Name: "486", Family: 4, Number: 8, Stepping: 0, maxLeaf: 1},
		[][]Feature{features486}, nil},
	{Model{Name: "pentium", Family: 5, Number: 2, Stepping: 12, maxLeaf: 1},
		[][]Feature{features486, featuresPentium}, nil},
	{Model{Name: "pentium3", Family: 6, Number: 8, Stepping: 6, maxLeaf: 2},
		[][]Feature{features486, featuresPentium, featuresP3}, nil},
	{Model{Name: "core2", Family: 6, Number: 15, Stepping: 11, maxLeaf: 0xa, maxExtended: 0x80000008},
		[][]Feature{features486, featuresPentium, featuresP3, featuresCore2}, nil},
	{Model{Name: "x86-64-v2", Family: 6, Number: 26, Stepping: 5, maxLeaf: 0xb, maxExtended: 0x80000008},
		[][]Feature{features486, featuresPentium, featuresP3, featuresCore2, featuresV2}, nil},
	{Model{Name: "x86-64-v3", Family: 6, Number: 60, Stepping: 3, maxLeaf: 0xd, maxExtended: 0x80000008},
		[][]Feature{features486, featuresPentium, featuresP3, featuresCore2, featuresV2, featuresV3}, nil},
	{Model{Name: "max", Family: 6, Number: 0x1c, Stepping: 10, maxLeaf: 0x16, maxExtended: 0x80000008},
		[][]Feature{implemented}, []Feature{FeatMONITOR, FeatX2APIC}},
}

// brand is what every model calls itself.
const brand = "Glassbox Virtual CPU"

// ModelNames are the models NewModel knows, oldest first.
func ModelNames() []string {
	var names []string
	for _, m := range models {
		names = append(names, m.Name)
	}
	return names
}

// FeatureNames are the features that can be switched on and off, sorted.
func FeatureNames() []string {
	var names []string
	for _, f := range implemented {
		names = append(names, f.String())
	}
	sort.Strings(names)
	return names
}

// NewModel makes a model from its name and changes to it: "max,-sse2,+popcnt". An empty
// name is "max". Features of the real processor that are not implemented are left out;
// Missing lists them. Asking for one is an error, as are unknown names.
func NewModel(spec string) (*Model, error) {
	parts := strings.Split(spec, ",")
	m, err := namedModel(strings.TrimSpace(parts[0]))
	if err != nil {
		return nil, err
	}
	for _, p := range parts[1:] {
		p = strings.TrimSpace(p)
		if len(p) < 2 || p[0] != '+' && p[0] != '-' {
			return nil, fmt.Errorf("CPU model %q: %q is not +feature or -feature", spec, p)
		}
		f, ok := findFeature(p[1:])
		if !ok {
			return nil, fmt.Errorf("CPU model %q: unknown feature %q (known: %s)", spec, p[1:], strings.Join(FeatureNames(), " "))
		}
		if p[0] == '-' {
			m.features.remove(f)
			continue
		}
		if have := setOf(implemented); !have.has(f) {
			return nil, fmt.Errorf("CPU model %q: feature %q is not implemented", spec, p[1:])
		}
		m.features.add(f)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("CPU model %q: %w", spec, err)
	}
	return m, nil
}

func namedModel(name string) (*Model, error) {
	if name == "" {
		name = "max"
	}
	have := setOf(implemented)
	for i := range models {
		if models[i].Name != name {
			continue
		}
		m := models[i].Model
		m.Brand = brand
		want := setOf(models[i].features...)
		for f := Always; f < allFeatures; f++ {
			switch {
			case !want.has(f):
			case f == Always || have.has(f):
				m.features.add(f)
			default:
				m.missing = append(m.missing, f)
			}
		}
		for _, f := range models[i].without {
			m.features.remove(f)
		}
		return &m, nil
	}
	return nil, fmt.Errorf("unknown CPU model %q (known: %s)", name, strings.Join(ModelNames(), " "))
}

func findFeature(name string) (Feature, bool) {
	for f := range featureRows {
		if featureRows[f].name == name && name != "" {
			return Feature(f), true
		}
	}
	return 0, false
}

// requires lists what a feature cannot do without.
var requires = []struct{ feature, needs Feature }{
	{FeatLM, FeatPAE}, {FeatLM, FeatNX}, {FeatLM, FeatMSR}, {FeatLM, FeatSYSCALL}, {FeatLM, FeatSSE2}, {FeatSYSCALL, FeatLM},
	{FeatNX, FeatPAE}, {FeatSSE, FeatFXSR}, {FeatSSE2, FeatSSE}, {FeatSSE, FeatMMX}, {FeatMMX, FeatFPU},
	{FeatXSAVE, FeatFXSR}, {FeatAVX, FeatXSAVE}, {FeatAVX2, FeatAVX}, {FeatFXSR, FeatFPU},
	{FeatSEP, FeatMSR}, {FeatMTRR, FeatMSR}, {FeatTSCADJUST, FeatTSC}, {FeatRDTSCP, FeatTSC}, {FeatCX16, FeatCX8},
	{FeatFMA, FeatAVX}, {FeatF16C, FeatAVX}, {FeatXSAVEOPT, FeatXSAVE}, {FeatXSAVEC, FeatXSAVE}, {FeatXSAVES, FeatXSAVEC},
	{FeatRDPID, FeatRDTSCP}, {FeatPKU, FeatLM},
	{FeatPDPE1GB, FeatLM}, {FeatFSGSBASE, FeatLM}, {FeatINVTSC, FeatTSC}, {FeatPCID, FeatLM},
	{FeatAPIC, FeatMSR}, {FeatX2APIC, FeatAPIC}, {FeatTSCDeadline, FeatAPIC}, {FeatTSCDeadline, FeatTSC}, {FeatARAT, FeatAPIC},
}

func (m *Model) check() error {
	for _, r := range requires {
		if m.Has(r.feature) && !m.Has(r.needs) {
			return fmt.Errorf("feature %v needs %v", r.feature, r.needs)
		}
	}
	return nil
}

// Has says whether the model has feature f.
func (m *Model) Has(f Feature) bool { return f < allFeatures && m.features.has(f) }

// needs is the reason of #UD for features that begin with a model, in the order of models.
var needs = [...]x86.Reason{
	x86.ReasonFeatureDisabled, x86.ReasonNeedsPentium, x86.ReasonNeedsPentium3, x86.ReasonNeedsCore2, x86.ReasonNeedsV2,
	x86.ReasonNeedsV3, x86.ReasonNeedsMax,
}

// lacks is why instructions of feature f, which the model does not have, are #UD: it names
// the oldest model that has it, unless this one would have had it.
func (m *Model) lacks(f Feature) x86.Reason {
	older := true // than this model, or this model
	for i := range models {
		if set := setOf(models[i].features...); set.has(f) {
			if older {
				return x86.ReasonFeatureDisabled
			}
			return needs[i]
		}
		older = older && models[i].Name != m.Name
	}
	return x86.ReasonNoModel
}

// Missing are the features that the processor of this name has and the emulator does not.
func (m *Model) Missing() []Feature { return append([]Feature(nil), m.missing...) }

// hasCR4 says whether CR4 exists: from the Pentium on.
func (m *Model) hasCR4() bool { return m.Family >= 5 }

// xcr0Bits are the state components that XCR0 can enable.
func (m *Model) xcr0Bits() (v uint64) {
	if m.Has(FeatXSAVE) {
		v = xcrX87 | xcrSSE
	}
	if m.Has(FeatAVX) {
		v |= xcrAVX
	}
	if m.Has(FeatPKU) && m.Has(FeatXSAVE) {
		v |= xcrPKRU
	}
	return v
}
