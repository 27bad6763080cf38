package mmu

import (
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// TLBSize is the number of entries per class of data access.
const TLBSize = 1024

// codeSize is that of fetches. Kernels call all over their text: with 256 entries, a page fault
// of Linux missed eight times.
const codeSize = 1024

// A TLBEntry is what one page of linear addresses maps to. RTag is the page address if
// reads may use the entry, WTag if writes may; otherwise the tag is an address that does
// not belong in the slot. So one comparison decides everything:
//
//	(la ^ tag) < PageSize-size+1
//
// holds only if the page is the right one, the entry valid, the access allowed and
// contained in the page.
//
// RTag is set only while the accessed flags are, for RAM and ROM. WTag is set only while
// the dirty flag is, for RAM that nobody watches. For RAM that would have a WTag but for the
// decoded code that it holds, WTag is besideTag of the page.
type TLBEntry struct {
	RTag, WTag uint64
	Host       uint64 // host address of the page, for generated code; 0 where there is none
	Off        uint64 // offset of the page in phys.Memory.Backing
}

// A TLB is the buffer of one processor. The layout is fixed and holds no pointers.
type TLB struct {
	Data [classes][TLBSize]TLBEntry // by Class, then linear address bits 21:12
	Code [2][codeSize]TLBEntry      // supervisor, user; RTag is the tag for execution
}

// Tables of a TLB: data by class, then code of supervisor and user.
const (
	codeTable = int(classes)
	tables    = codeTable + 2
)

// table returns table i of the TLB.
func (m *MMU) table(i int) []TLBEntry {
	if i < codeTable {
		return m.tlb.Data[i][:]
	}
	return m.tlb.Code[i-codeTable][:]
}

// A mapping is where a page leads and how it may be used there.
type mapping struct {
	phys  uint64 // page address
	flags uint8  // slot…
	shift uint8  // log2 of the page size
}

// Flags of a mapping.
const (
	slotGlobal = 1 << iota // of all PCIDs: survives FlushNonGlobal
	slotLarge              // a piece of a page above 4 KiB
	slotWrite              // the page may be written and its dirty flag is set
)

// A slot is the translation behind a TLBEntry. It says what the processor has cached; the
// tags of the entry follow from it, from what the page is and from who watches it, and may be
// taken away and put back at any time. So whether an access walks the paging structures
// depends on the guest alone, never on the engine, on trackers or on a debugger.
type slot struct {
	page uint64
	mapping
	valid  bool
	listed [2]bool // in slots.lists
}

// permits says whether the slot translates page for access a.
func (s *slot) permits(page uint64, a Access) bool {
	return s.valid && s.page == page && (a != AccessWrite || s.flags&slotWrite != 0)
}

// A slots holds the slots of one table and lists those in use, so that dropping all, or all
// but global pages, is cheap.
type slots struct {
	lists [2]list // of pages of the present space; of global pages
	at    [TLBSize]slot
}

// A list names slots.
type list struct {
	n int
	i [TLBSize]uint16
}

// used is the slots named.
func (l *list) used() []uint16 { return l.i[:l.n] }

// use notes that slot i holds a page.
func (s *slots) use(i, page uint64, to mapping) *slot {
	e := &s.at[i]
	which := to.flags & slotGlobal
	if !e.listed[which] {
		e.listed[which] = true
		l := &s.lists[which]
		l.i[l.n] = uint16(i)
		l.n++
	}
	e.page, e.mapping, e.valid = page, to, true
	return e
}

// drop clears the slots in use for which doomed says so.
func (s *slots) drop(table []TLBEntry, doomed func(*slot) bool) {
	for which := range s.lists {
		l, kept := &s.lists[which], 0
		for _, i := range l.used() {
			if e := &s.at[i]; !e.valid || doomed(e) {
				table[i].RTag, table[i].WTag = noTag(uint64(i)), noTag(uint64(i))
				e.valid, e.listed[which] = false, false
				continue
			}
			l.i[kept] = i
			kept++
		}
		l.n = kept
	}
}

// leave drops all but global pages.
func (s *slots) leave(table []TLBEntry) {
	l := &s.lists[0]
	for _, i := range l.used() {
		e := &s.at[i]
		e.listed[0] = false
		if e.flags&slotGlobal == 0 {
			e.valid = false
			table[i].RTag, table[i].WTag = noTag(uint64(i)), noTag(uint64(i))
		}
	}
	l.n = 0
}

// dropAll is drop of everything, the commonest case.
func (s *slots) dropAll(table []TLBEntry) {
	for which := range s.lists {
		l := &s.lists[which]
		for _, i := range l.used() {
			table[i].RTag, table[i].WTag = noTag(uint64(i)), noTag(uint64(i))
			s.at[i].valid, s.at[i].listed[which] = false, false
		}
		l.n = 0
	}
}

// untag takes the tags of all slots in use away, but not what they know.
func (s *slots) untag(table []TLBEntry) {
	for which := range s.lists {
		for _, i := range s.lists[which].used() {
			table[i].RTag, table[i].WTag = noTag(uint64(i)), noTag(uint64(i))
		}
	}
}

// noTag is a page address that does not belong in slot i, and no besideTag there.
func noTag(i uint64) uint64 { return (i ^ 2) * PageSize }

// besideTag is a page address that does not belong in the slot of page either: see Beside.
func besideTag(page uint64) uint64 { return page ^ PageSize }

// reset makes every entry invalid, whatever the memory held.
func (m *MMU) reset() {
	for t := range tables {
		table := m.table(t)
		for i := range table {
			table[i] = TLBEntry{RTag: noTag(uint64(i)), WTag: noTag(uint64(i))}
		}
		m.slots[t] = slots{}
	}
	m.large = filter{}
	m.second.drop()
}

// Flush drops all entries.
func (m *MMU) Flush() {
	m.second.drop()
	for t := range tables {
		m.slots[t].dropAll(m.table(t))
	}
	m.large = filter{}
}

// flushData drops the entries for data.
func (m *MMU) flushData() {
	m.second.drop()
	for t := range codeTable {
		m.slots[t].dropAll(m.table(t))
	}
}

// FlushNonGlobal drops all entries of all PCIDs except those of global pages.
func (m *MMU) FlushNonGlobal() {
	m.second.dropSpaces()
	m.leave()
}

// FlushPCID drops the entries of one PCID, but for global pages.
func (m *MMU) FlushPCID(pcid uint16) {
	m.second.dropPCID(pcid)
	if pcid == m.pcid() {
		m.leave()
	}
}

// leave drops all but global pages from the first level only.
func (m *MMU) leave() {
	for t := range tables {
		m.slots[t].leave(m.table(t))
	}
}

// Invalidate is INVLPG: it drops the entries for the page that holds la, global or not,
// and all pieces of a large page that holds it. It does so for all PCIDs.
func (m *MMU) Invalidate(la LinAddr) {
	page := uint64(la.Base())
	m.second.dropPage(page)
	if m.large.mayHold(page) {
		m.second.drop()
		for t := range tables {
			m.slots[t].drop(m.table(t), func(s *slot) bool {
				return s.flags&slotLarge != 0 && (s.page^page)>>s.shift == 0
			})
		}
	}
	for t := range tables {
		table := m.table(t)
		m.slots[t].forget(table, page/PageSize%uint64(len(table)), page)
	}
}

// forget drops page from slot i, if it is there.
func (s *slots) forget(table []TLBEntry, i, page uint64) {
	if e := &s.at[i]; e.valid && e.page == page {
		table[i].RTag, table[i].WTag = noTag(i), noTag(i)
		e.valid = false
	}
}

// DropPages takes the right to write without asking from every entry for the pages at
// backing offsets off…off+size-1: the tags, not the translations. The board calls it from
// phys.Memory.OnProtect.
func (m *MMU) DropPages(off, size uint64) {
	for t := range codeTable {
		table := m.table(t)
		for which := range m.slots[t].lists {
			for _, i := range m.slots[t].lists[which].used() {
				if e := &table[i]; e.Off-off < size {
					e.WTag = noTag(uint64(i))
				}
			}
		}
	}
}

// DropPage is DropPages for the page at backing offset off.
func (m *MMU) DropPage(off uint64) { m.DropPages(off&^pageMask, PageSize) }

// cached finds what the TLB or the second level know about la for table t, if that allows
// access a. It changes nothing.
func (m *MMU) cached(la uint64, a Access, t int) (to mapping, ok bool) {
	page, n := la&^pageMask, uint64(TLBSize)
	if t >= codeTable {
		n = codeSize
	}
	if s := &m.slots[t].at[page/PageSize%n]; s.permits(page, a) {
		return s.mapping, true
	}
	if e := m.second.find(la, t); e != nil && (a != AccessWrite || e.flags&slotWrite != 0) {
		return e.mapping, true
	}
	return mapping{}, false
}

// fillData puts the translation of la for class c into the TLB.
func (m *MMU) fillData(la uint64, c Class, to mapping) {
	page := m.mem.Lookup(phys.Addr(to.phys))
	la &^= pageMask
	i := la / PageSize % TLBSize
	e := &m.tlb.Data[c][i]
	if page.Kind != phys.RAM && page.Kind != phys.ROM {
		m.slots[c].forget(m.tlb.Data[c][:], i, la)
		return
	}
	e.Off, e.Host = page.Off, m.hostAddr(page.Off)
	e.RTag, e.WTag = la, noTag(i)
	if page.Writable && to.flags&slotWrite != 0 {
		switch {
		case !page.Slow:
			e.WTag = la
		case page.Code:
			e.WTag = besideTag(la)
		}
	}
	if m.watches != nil {
		m.watchTags(e, i, la, to.phys)
	}
	m.slots[c].use(i, la, to)
}

// fillCode puts the translation of la into the TLB for fetches and returns the entry; nil
// where code lies in a register window or nowhere.
func (m *MMU) fillCode(la uint64, user int, to mapping) *TLBEntry {
	page := m.mem.Lookup(phys.Addr(to.phys))
	la &^= pageMask
	i := la / PageSize % codeSize
	e := &m.tlb.Code[user][i]
	if page.Kind != phys.RAM && page.Kind != phys.ROM {
		m.slots[codeTable+user].forget(m.tlb.Code[user][:], i, la)
		return nil
	}
	e.Off, e.RTag = page.Off, la
	m.slots[codeTable+user].use(i, la, to)
	return e
}

// A filter knows which large pages may have pieces in the TLB: a bit per hash of size and
// page number.
type filter [16]uint64

func (f *filter) bit(la uint64, shift uint8) (word int, mask uint64) {
	h := (la>>shift + uint64(shift)) * 0x9e3779b97f4a7c15 >> 54
	return int(h >> 6), 1 << (h & 63)
}

func (f *filter) add(la uint64, shift uint8) {
	word, mask := f.bit(la, shift)
	f[word] |= mask
}

// mayHold says whether a large page that holds la may have been added.
func (f *filter) mayHold(la uint64) bool {
	for _, shift := range [...]uint8{21, 22, 30} {
		if word, mask := f.bit(la, shift); f[word]&mask != 0 {
			return true
		}
	}
	return false
}
