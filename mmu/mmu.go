// Package mmu turns linear addresses into physical ones: the walk through the paging
// structures, access rights, accessed and dirty flags, and the buffers that make it fast.
//
// Read in this order:
//
//	mmu.go        modes and control registers
//	walk.go       the walk: SDM Vol. 3A, "Paging", mode by mode
//	rights.go     "Determination of Access Rights" and page-fault error codes
//	tlb.go        the translation look-aside buffer and its invalidation
//	second.go     a larger buffer behind it
//	watch.go      pages that a debugger watches
//	access.go     loads, stores and probes
//	fetch.go      instruction fetch
//	translate.go  the walk as debuggers show it
//
// The walk reads the paging structures through mmu/phys, from RAM and ROM.
//
// # Choices the manual leaves open
//
// Accessed and dirty flags are set when the access is allowed, never by one that faults.
// There are no paging-structure caches. Entries of a large page are held as 4-KiB pieces.
//
// # Inaccuracies
//
// A paging structure in a register window reads as all ones: a walk never touches a chip,
// so it may be repeated, and done ahead of the access, without anybody noticing.
// Memory types (PAT, PCD, PWT, MTRRs) have no effect. Protection keys for supervisor pages,
// HLAT and shadow stacks do not exist.
package mmu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A LinAddr is a linear address: what segmentation produces and paging consumes.
type LinAddr uint64

// PageSize is the smallest page, in bytes.
const PageSize = 4096

const pageMask = PageSize - 1

// MaxPhysBits is MAXPHYADDR, the width of a physical address in paging-structure entries.
// Higher address bits of an entry are reserved. CPUID reports the same number.
const MaxPhysBits = 40

// Base returns the first address of the page that holds a.
func (a LinAddr) Base() LinAddr { return a &^ pageMask }

// A Class says with which rights data is accessed.
type Class uint8

// Classes of data access. Implicit accesses to descriptor tables and the TSS are
// supervisor accesses at any CPL, and never excused from SMAP by EFLAGS.AC.
const (
	ClassSuper     Class = iota // supervisor; SMAP off, or suspended by EFLAGS.AC
	ClassUser                   // CPL 3
	ClassSuperSMAP              // supervisor with SMAP in force
	classes
)

// paging is the paging mode. SDM Vol. 3A, "Paging Modes and Control Bits".
type paging uint8

const (
	pagingNone paging = iota
	paging32
	pagingPAE
	paging4Level
	paging5Level
)

// An MMU translates for one processor. Not safe for concurrent use.
type MMU struct {
	// PDPTE are the four PDPTE registers of PAE paging, loaded by LoadPDPTEs.
	PDPTE [4]uint64

	mem  *phys.Memory
	back []byte
	tlb  *TLB

	cr0, cr3, cr4, efer uint64
	pkru                uint32

	// Derived from the registers by SetMode.
	mode     paging
	linMask  uint64                  // bits of a linear address that exist
	reserved [maxLevel + 1][2]uint64 // per level; [1] for entries that map a page
	fetchBit uint16                  // PF_I if the error code reports fetches, else 0

	globals bool // CR4.PGE

	slots   [tables]slots
	large   filter
	second  second
	watches []Watch // of a debugger; nil is the usual case
}

// New makes an MMU with paging off that keeps its entries in tlb, which may lie outside
// the Go heap. The board must call Flush from mem.OnMapChange and DropPages from
// mem.OnProtect.
func New(mem *phys.Memory, tlb *TLB) *MMU {
	m := &MMU{mem: mem, back: mem.Backing(), tlb: tlb}
	m.reset()
	m.derive()
	return m
}

// Bits that decide how an address is translated; a change drops all entries.
const (
	cr0Paging  = x86.CR0_PG | x86.CR0_WP
	cr4Paging  = x86.CR4_PSE | x86.CR4_PAE | x86.CR4_PGE | x86.CR4_LA57 | x86.CR4_PCIDE | x86.CR4_SMEP | x86.CR4_SMAP | x86.CR4_PKE
	eferPaging = x86.EFER_LMA | x86.EFER_NXE
)

// SetMode tells the MMU the control registers after any of them was loaded, and drops the
// entries that the manual says a change makes invalid. PAE paging needs LoadPDPTEs first.
// For MOV to CR3, which drops entries even when the value stays, use SetCR3.
//
// SDM Vol. 3A, "Operations that Invalidate TLBs and Paging-Structure Caches".
func (m *MMU) SetMode(cr0, cr3, cr4, efer uint64) {
	changed := (m.cr0^cr0)&cr0Paging | (m.cr4^cr4)&cr4Paging | (m.efer^efer)&eferPaging
	newTable := m.cr3 != cr3
	m.cr0, m.cr3, m.cr4, m.efer = cr0, cr3, cr4, efer
	switch {
	case changed != 0:
		m.derive()
		m.second.enter(m.pcid())
		m.Flush()
	case newTable:
		m.SetCR3(cr3)
	}
}

// SetCR3 is MOV to CR3: it drops the entries of the new PCID except global ones; without
// CR4.PCIDE that is all.
func (m *MMU) SetCR3(cr3 uint64) {
	m.SwitchCR3(cr3)
	m.second.dropPresent()
}

// SwitchCR3 is MOV to CR3 with bit 63 set while CR4.PCIDE is: it drops nothing, and entries
// that the PCID in bits 11:0 had before may be used again.
func (m *MMU) SwitchCR3(cr3 uint64) {
	m.cr3 = cr3
	m.second.enter(m.pcid())
	m.leave()
}

// pcid is the present process-context identifier.
func (m *MMU) pcid() uint16 {
	if m.cr4&x86.CR4_PCIDE == 0 {
		return 0
	}
	return uint16(m.cr3 & 0xfff)
}

// SetPKRU sets the rights of the protection keys: bit 2k forbids access to pages with key
// k, bit 2k+1 forbids writes.
func (m *MMU) SetPKRU(v uint32) {
	if v == m.pkru {
		return
	}
	m.pkru = v
	if m.cr4&x86.CR4_PKE != 0 && m.mode >= paging4Level {
		m.flushData()
	}
}

// derive works out what walks need from the control registers.
func (m *MMU) derive() {
	m.linMask = 1<<32 - 1
	switch {
	case m.cr0&x86.CR0_PG == 0:
		m.mode = pagingNone
	case m.cr4&x86.CR4_PAE == 0:
		m.mode = paging32
	case m.efer&x86.EFER_LMA == 0:
		m.mode = pagingPAE
	case m.cr4&x86.CR4_LA57 == 0:
		m.mode = paging4Level
	default:
		m.mode = paging5Level
	}
	if m.efer&x86.EFER_LMA != 0 {
		m.linMask = ^uint64(0)
	}
	m.globals = m.cr4&x86.CR4_PGE != 0
	m.fetchBit = 0
	if m.cr4&x86.CR4_SMEP != 0 || m.cr4&x86.CR4_PAE != 0 && m.efer&x86.EFER_NXE != 0 {
		m.fetchBit = x86.PF_I
	}
	m.deriveReserved()
}

// LoadPDPTEs loads the four PDPTE registers from the table cr3 points at, as MOV to CR3,
// CR0 or CR4 does when PAE paging without IA-32e mode is or becomes active. A present
// entry with a reserved bit is #GP(0) and leaves the registers as they were.
//
// SDM Vol. 3A, "PDPTE Registers".
func (m *MMU) LoadPDPTEs(cr3 uint64) x86.Fault {
	const reserved = 0x1e6 | (^uint64(0) &^ (1<<MaxPhysBits - 1)) // bits 2:1, 8:5 and above MAXPHYADDR
	var loaded [4]uint64
	for i := range loaded {
		e := m.mem.Read(phys.Addr(cr3&0xffffffe0+uint64(i)*8), 8)
		if e&entryP != 0 && e&reserved != 0 {
			return x86.GP(0, x86.ReasonPDPTEReserved)
		}
		loaded[i] = e
	}
	m.PDPTE = loaded
	return x86.Fault{}
}
