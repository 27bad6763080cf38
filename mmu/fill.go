package mmu

// Fill brings the page of la into the TLB as access a would, AccessRead or AccessWrite, and
// says whether the TLB now allows that access. When it does not — the access would fault, or
// the page is no plain memory, or somebody watches it — nothing is lost: Read64, Write64 and
// their kin do the same steps again and finish.
func (m *MMU) Fill(la LinAddr, a Access, c Class) bool {
	lin := uint64(la)
	if lin&^m.linMask != 0 {
		return false
	}
	t, f := m.translate(lin, a, int(c))
	if f.Raised {
		return false
	}
	m.fillData(lin, c, t)
	e := m.entry(la, c)
	if a == AccessWrite {
		return e.WTag == lin&^pageMask
	}
	return e.RTag == lin&^pageMask
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
