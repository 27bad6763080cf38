package mmu

import "github.com/glassbox-vm/glassbox/mmu/phys"

// Fill brings the page of la into the TLB as access a would, AccessRead or AccessWrite, and
// says whether the TLB now allows that access. When it does not — the access would fault, or
// the page is no plain memory, or somebody watches it — nothing is lost: Read64, Write64 and
// their kin do the same steps again and finish. An access that would fault changes nothing: an
// instruction that made another one before it may be done again from its start.
func (m *MMU) Fill(la LinAddr, a Access, c Class) bool {
	if uint64(la)&^m.linMask != 0 {
		return false
	}
	t, f := m.ahead(uint64(la), a, int(c))
	if f.Raised {
		return false
	}
	m.fillData(uint64(la), c, t)
	_, ok := m.Span(la, a, c)
	if !ok && a == AccessWrite && m.mem.Touch(phys.Addr(t.phys)) {
		m.fillData(uint64(la), c, t)
		_, ok = m.Span(la, a, c)
	}
	return ok
}

// Watched says whether la, for which Fill just refused AccessWrite, lies in RAM that may be
// written but that somebody watches, and where in phys.Memory.Backing. Write64 and its kin
// then store there without touching a chip.
func (m *MMU) Watched(la LinAddr, c Class) (off uint64, ok bool) {
	to, ok := m.cached(uint64(la), AccessWrite, int(c))
	if !ok || m.watches != nil {
		return 0, false
	}
	p := m.mem.Lookup(phys.Addr(to.phys))
	return p.Off + uint64(la)&pageMask, p.Kind == phys.RAM && p.Writable && p.Slow
}

// Beside is for stores of size bytes to data beside code: where in phys.Memory.Backing la is, if
// the TLB would allow the store but for decoded code on the page. The caller must know that these
// bytes are none, and that nobody else waits for a store to the page; then it may just write them.
func (m *MMU) Beside(la LinAddr, size uint64, c Class) (off uint64, ok bool) {
	e := m.entry(la, c)
	d := uint64(la) ^ besideTag(e.WTag)
	return e.Off + d, d <= PageSize-size
}

// Span is for moves of many bytes: the offset in phys.Memory.Backing of the byte at la, and
// ok if the TLB allows access a to all of its page.
func (m *MMU) Span(la LinAddr, a Access, c Class) (off uint64, ok bool) {
	e := m.entry(la, c)
	tag := e.RTag
	if a == AccessWrite {
		tag = e.WTag
	}
	d := uint64(la) ^ tag
	return e.Off + d, d < PageSize
}

// Place is where in phys.Memory.Backing a read of the byte at la gets it from; not ok where
// it would fault or that is no RAM.
func (m *MMU) Place(la LinAddr, c Class) (off uint64, ok bool) {
	t, f := m.translate(uint64(la), AccessRead, int(c))
	if f.Raised {
		return 0, false
	}
	p := m.mem.Lookup(phys.Addr(t.phys))
	return p.Off + uint64(la)&pageMask, p.Kind == phys.RAM && p.Writable
}
