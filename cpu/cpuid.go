package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Vendor strings. The hypervisor signature is ours; no guest mistakes us for another.
const (
	vendor     = "GenuineIntel"
	hypervisor = "GlassboxVMM\x00"
)

// TSCHz is the frequency of the time-stamp counter that CPUID leaf 15h states: one count
// per virtual nanosecond.
const TSCHz = 1_000_000_000

// A cpuidAnswer is EAX, EBX, ECX and EDX.
type cpuidAnswer [4]uint32

// words packs 12 or 16 bytes of text into registers.
func words(s string, i int) uint32 {
	var v uint32
	for k := range 4 {
		if 4*i+k < len(s) {
			v |= uint32(s[4*i+k]) << (8 * k)
		}
	}
	return v
}

// cpuidExec is CPUID.
//
// SDM Vol. 2A, "CPUID—CPU Identification".
func cpuidExec(c *CPU, _ *Inst) Fault {
	a, b, cx, d := c.cpuid(uint32(c.S.R[x86.RAX]), uint32(c.S.R[x86.RCX]))
	c.setReg(x86.RAX, 4, uint64(a))
	c.setReg(x86.RBX, 4, uint64(b))
	c.setReg(x86.RCX, 4, uint64(cx))
	c.setReg(x86.RDX, 4, uint64(d))
	return Fault{}
}

// cpuid answers for leaf and subleaf: what the model says, and the few bits that follow
// registers. A leaf above the highest gives the data of the highest basic one.
func (c *CPU) cpuid(leaf, sub uint32) (eax, ebx, ecx, edx uint32) {
	m := c.Model
	maxLeaf := m.maxLeaf
	if c.MSR.MiscEnable&miscLimitCPUID != 0 {
		maxLeaf = min(maxLeaf, 2)
	}
	switch {
	case leaf >= 0x80000000 && leaf <= m.maxExtended:
	case leaf == 0x40000000 && m.Has(FeatHypervisor):
	case leaf > maxLeaf:
		leaf = maxLeaf
	}
	r := m.leaf(leaf, sub)
	switch leaf {
	case 0:
		r[regEAX] = maxLeaf
	case 1:
		if c.CR4&x86.CR4_OSXSAVE != 0 {
			r[regECX] |= 1 << 27
		}
		c.cpuidAPIC(&r)
	case 4:
		c.cpuidCaches(&r)
	case 7:
		if sub == 0 && c.CR4&x86.CR4_PKE != 0 {
			r[regECX] |= 1 << 4 // OSPKE
		}
	case 0xb:
		r = c.cpuidTopology(sub)
	case 0xd:
		switch {
		case sub == 0 && m.Has(FeatXSAVE):
			r[regEBX] = xsaveSize(c.XCR0)
		case sub == 1 && m.Has(FeatXSAVES):
			r[regEBX] = uint32(compactOffset(c.XCR0, 0))
		}
	case 0x80000001:
		if !c.long64() {
			r[regEDX] &^= 1 << 11 // SYSCALL: reported in 64-bit mode only
		}
	}
	return r[0], r[1], r[2], r[3]
}

// leaf is what the model answers, whatever the registers hold.
func (m *Model) leaf(leaf, sub uint32) (r cpuidAnswer) {
	switch leaf {
	case 0:
		return cpuidAnswer{m.maxLeaf, words(vendor, 0), words(vendor, 2), words(vendor, 1)}
	case 1:
		r[regEAX] = m.signature()
		r[regEBX] = 1 << 16 // one logical processor
		if m.Has(FeatCLFLUSH) {
			r[regEBX] |= 64 / 8 << 8
		}
	case 2: // one round; caches as leaf 4 says
		if m.maxLeaf >= 4 {
			return cpuidAnswer{0xff01}
		}
		return cpuidAnswer{0x03020101, 0, 0, 0x0c040843} // TLBs, 16-KiB L1, 512-KiB L2
	case 4:
		return cacheLeaf(sub)
	case 5: // monitored lines of 64 bytes; one kind of C1, interrupts end MWAIT whatever IF
		if m.Has(FeatMONITOR) {
			return cpuidAnswer{64, 64, 3, 1 << 4}
		}
		return cpuidAnswer{}
	case 7, 0xd:
	case 0xa:
		return m.perfmonLeaf()
	case 0x15: // crystal of TSCHz, ratio 1:1
		return cpuidAnswer{1, 1, TSCHz, 0}
	case 0x16: // base, maximum and bus frequency in MHz
		return cpuidAnswer{TSCHz / 1e6, TSCHz / 1e6, 100, 0}
	case 0x40000000:
		return cpuidAnswer{0x40000000, words(hypervisor, 0), words(hypervisor, 1), words(hypervisor, 2)}
	case 0x80000000:
		return cpuidAnswer{m.maxExtended}
	case 0x80000002, 0x80000003, 0x80000004:
		i := 4 * int(leaf-0x80000002)
		return cpuidAnswer{words(m.Brand, i), words(m.Brand, i+1), words(m.Brand, i+2), words(m.Brand, i+3)}
	case 0x80000006: // L2: line size, 8-way, KiB
		return cpuidAnswer{0, 0, 64 | 6<<12 | 512<<16, 0}
	case 0x80000008:
		return cpuidAnswer{m.addressSizes()}
	}
	if leaf != 7 && leaf != 0xd {
		sub = 0 // the other feature leaves ignore ECX
	}
	m.featureBits(leaf, sub, &r)
	if leaf == 0xd {
		m.xsaveLeaf(sub, &r)
	}
	return r
}

// signature is family, model and stepping as leaf 1 packs them.
func (m *Model) signature() uint32 {
	family, ext := m.Family, uint32(0)
	if family > 15 {
		family, ext = 15, m.Family-15
	}
	return ext<<20 | m.Number>>4<<16 | family<<8 | m.Number&15<<4 | m.Stepping
}

// Identity is what leaf 1 reports of the model: EAX, its signature, and EDX, feature bits.
func (m *Model) Identity() (signature, features uint32) {
	r := m.leaf(1, 0)
	return r[regEAX], r[regEDX]
}

// featureBits adds the bits of the features that a leaf reports.
func (m *Model) featureBits(leaf, sub uint32, r *cpuidAnswer) {
	for f := range featureRows {
		row := &featureRows[f]
		if row.name != "" && row.leaf == leaf && row.sub == sub && m.Has(Feature(f)) {
			r[row.reg] |= 1 << row.bit
		}
	}
}

// addressSizes is EAX of leaf 80000008h: physical and linear address bits.
func (m *Model) addressSizes() uint32 {
	physical, linear := uint32(32), uint32(32)
	if m.Has(FeatPAE) || m.Has(FeatPSE36) {
		physical = mmu.MaxPhysBits
	}
	if m.Has(FeatLM) {
		linear = 48
	}
	if m.Has(FeatLA57) {
		linear = 57
	}
	return linear<<8 | physical
}

// cacheLeaf describes the caches that an operating system expects to hear of: 32 KiB of
// data, 32 KiB of code, 512 KiB of both, all 8-way with lines of 64 bytes.
func cacheLeaf(sub uint32) cpuidAnswer {
	const geometry = 7<<22 | 63 // ways and line size, minus one; one partition
	const single = 1 << 8       // self-initializing
	switch sub {
	case 0:
		return cpuidAnswer{1 | 1<<5 | single, geometry, 63, 0}
	case 1:
		return cpuidAnswer{2 | 1<<5 | single, geometry, 63, 0}
	case 2:
		return cpuidAnswer{3 | 2<<5 | single, geometry, 1023, 0}
	}
	return cpuidAnswer{}
}

// Layout of the XSAVE area. SDM Vol. 1, "XSAVE Area".
const (
	xsaveBase = 512 + 64 // legacy region and header
	avxOffset = xsaveBase
	avxSize   = 256
)

// xsaveSize is the size of the XSAVE area for the components in xcr0, standard format.
func xsaveSize(xcr0 uint64) uint32 {
	return uint32(imageSize(xcr0))
}

// xsaveLeaf adds to leaf 0Dh what is not a feature bit. EBX of subleaves 0 and
// 1 follows XCR0.
func (m *Model) xsaveLeaf(sub uint32, r *cpuidAnswer) {
	bits := m.xcr0Bits()
	switch {
	case bits == 0:
		*r = cpuidAnswer{}
	case sub == 0:
		*r = cpuidAnswer{uint32(bits), xsaveBase, xsaveSize(bits), uint32(bits >> 32)}
	case sub == 2 && bits&xcrAVX != 0:
		*r = cpuidAnswer{avxSize, avxOffset, 0, 0}
	case sub == 9 && bits&xcrPKRU != 0:
		*r = cpuidAnswer{8, xsavePKRU, 0, 0}
	}
}
