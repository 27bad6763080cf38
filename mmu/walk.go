package mmu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Bits of paging-structure entries, the same in every mode that has them.
const (
	entryP  = 1 << 0
	entryRW = 1 << 1
	entryUS = 1 << 2
	entryA  = 1 << 5
	entryD  = 1 << 6
	entryPS = 1 << 7
	entryG  = 1 << 8
	entryXD = 1 << 63

	entryKeyShift = 62 - 3 // bits 62:59

	addrMask   = (1<<MaxPhysBits - 1) &^ pageMask
	addrMask32 = 0xfffff000
)

// Levels of the paging structures. A page is mapped at level 1 (4 KiB), 2 (2 or 4 MiB) or
// 3 (1 GiB).
const (
	levelPT   = 1
	levelPD   = 2
	levelPDPT = 3
	levelPML4 = 4
	levelPML5 = 5
	maxLevel  = levelPML5
)

// shift is the position of the index bits of a level with 512 entries.
func shift(level int) uint { return uint(12 + 9*(level-1)) }

// deriveReserved fills in the reserved bits of 8-byte entries. SDM Vol. 3A, "PAE Paging"
// and "4-Level Paging and 5-Level Paging", the tables of entry formats.
func (m *MMU) deriveReserved() {
	high := uint64(1<<52-1) &^ (1<<MaxPhysBits - 1)
	if m.mode == pagingPAE {
		high = (1<<63 - 1) &^ (1<<MaxPhysBits - 1)
	}
	if m.efer&x86.EFER_NXE == 0 {
		high |= entryXD
	}
	m.reserved = [maxLevel + 1][2]uint64{
		levelPT:   {high, high},
		levelPD:   {high, high | 0x1fe000},
		levelPDPT: {high, high | 0x3fffe000},
		levelPML4: {high | entryPS, high},
		levelPML5: {high | entryPS, high},
	}
}

// A walk is one passage through the paging structures.
type walk struct {
	entries [maxLevel]entry // in the order visited
	n       int
	size    int    // of an entry, in bytes: 4 or 8
	shift   uint8  // log2 of the page size
	phys    uint64 // physical address of the byte

	// Rights combined over all levels.
	user, write, noExec bool
	global, dirty       bool
	key                 uint8
}

type entry struct {
	level int8
	addr  uint64
	value uint64
}

// readEntry reads the entry at addr and notes it.
func (m *MMU) readEntry(w *walk, level int, addr uint64) (e uint64) {
	e = m.mem.Peek(phys.Addr(addr), w.size)
	w.entries[w.n] = entry{int8(level), addr, e}
	w.n++
	return e
}

// walk translates la as far as the paging structures allow. It checks presence and
// reserved bits, not rights, and changes nothing.
func (m *MMU) walk(la uint64, w *walk) x86.Reason {
	w.user, w.write = true, true
	switch m.mode {
	case pagingNone:
		w.phys, w.shift = la, 12
		w.dirty = true
		return x86.NoReason
	case paging32:
		return m.walk32(la, w)
	case pagingPAE:
		return m.walkPAE(la, w)
	case paging4Level:
		return m.walkLong(la, w, m.cr3&addrMask, levelPML4)
	}
	return m.walkLong(la, w, m.cr3&addrMask, levelPML5)
}

// walk32 is "32-Bit Paging".
func (m *MMU) walk32(la uint64, w *walk) x86.Reason {
	w.size = 4
	pde := m.readEntry(w, levelPD, m.cr3&addrMask32|la>>22&0x3ff<<2)
	if pde&entryP == 0 {
		return x86.ReasonPageNotPresent
	}
	w.combine(pde)
	if pde&entryPS != 0 && m.cr4&x86.CR4_PSE != 0 {
		if pde&(1<<21) != 0 { // PSE-36 with MAXPHYADDR 40 uses bits 20:13, address 39:32
			return x86.ReasonPageReserved
		}
		w.leaf(pde, pde&0xffc00000|pde>>13&0xff<<32, 22, la)
		return x86.NoReason
	}
	pte := m.readEntry(w, levelPT, pde&addrMask32|la>>12&0x3ff<<2)
	if pte&entryP == 0 {
		return x86.ReasonPageNotPresent
	}
	w.combine(pte)
	w.leaf(pte, pte&addrMask32, 12, la)
	return x86.NoReason
}

// walkPAE is "PAE Paging". The PDPTE registers carry no rights and no accessed flag, and
// were checked when loaded.
func (m *MMU) walkPAE(la uint64, w *walk) x86.Reason {
	pdpte := m.PDPTE[la>>30&3]
	if pdpte&entryP == 0 {
		return x86.ReasonPageNotPresent
	}
	return m.walkLong(la, w, pdpte&addrMask, levelPD)
}

// walkLong is "4-Level Paging and 5-Level Paging", and the lower levels of PAE paging,
// whose entries have the same form. table is the structure of the first level.
func (m *MMU) walkLong(la uint64, w *walk, table uint64, level int) x86.Reason {
	w.size = 8
	for ; ; level-- {
		e := m.readEntry(w, level, table|la>>shift(level)&0x1ff<<3)
		if e&entryP == 0 {
			return x86.ReasonPageNotPresent
		}
		leaf := level == levelPT || level <= levelPDPT && e&entryPS != 0
		reserved := m.reserved[level][0]
		if leaf {
			reserved = m.reserved[level][1]
		}
		if e&reserved != 0 {
			return x86.ReasonPageReserved
		}
		w.combine(e)
		if leaf {
			s := shift(level)
			w.leaf(e, e&addrMask&^(1<<s-1), s, la)
			if m.mode >= paging4Level {
				w.key = uint8(e>>entryKeyShift) & 15
			}
			return x86.NoReason
		}
		table = e & addrMask
	}
}

// combine narrows the rights by those of one more entry.
func (w *walk) combine(e uint64) {
	w.write = w.write && e&entryRW != 0
	w.user = w.user && e&entryUS != 0
	w.noExec = w.noExec || e&entryXD != 0 // 4-byte entries have no such bit
}

// leaf takes page address and flags from the entry that maps the page.
func (w *walk) leaf(e, page uint64, s uint, la uint64) {
	w.phys = page | la&(1<<s-1)
	w.shift = uint8(s)
	w.global = e&entryG != 0
	w.dirty = e&entryD != 0
}

// markUsed sets the accessed flag in all entries of a walk, and the dirty flag in the one
// that maps the page if the access is a write.
//
// SDM Vol. 3A, "Accessed and Dirty Flags".
func (m *MMU) markUsed(w *walk, write bool) {
	for i := range w.n {
		e := &w.entries[i]
		set := e.value | entryA
		if write && i == w.n-1 {
			set |= entryD
			w.dirty = true
		}
		if set != e.value {
			m.mem.Write(phys.Addr(e.addr), w.size, set)
			e.value = set
		}
	}
}
