package mmu

// A Watch is a range of bytes whose accesses must not take the short way through the TLB,
// so that whoever executes instructions sees them.
type Watch struct {
	Addr, Size  uint64 // linear, or physical if Phys is set
	Phys        bool
	Read, Write bool
}

// touches says whether one of n bytes at a lies in the range.
func (w *Watch) touches(a, n uint64) bool { return a-w.Addr < w.Size || w.Addr-a < n && w.Size != 0 }

// SetWatches replaces the ranges. It takes tags from the TLB but no translation, so that
// what the guest does does not change.
func (m *MMU) SetWatches(w []Watch) {
	m.watches = nil
	if len(w) > 0 {
		m.watches = append(m.watches, w...)
	}
	for t := range codeTable {
		m.slots[t].untag(m.table(t))
	}
}

// watchTags takes the tags from entry i where its page holds bytes that are watched.
func (m *MMU) watchTags(e *TLBEntry, i, page, at uint64) {
	for _, w := range m.watches {
		a := page
		if w.Phys {
			a = at
		}
		if !w.touches(a, PageSize) {
			continue
		}
		e.WTag = noTag(i)
		if w.Read { // a read-modify-write asks for WTag alone
			e.RTag = noTag(i)
		}
	}
}

// Touched says whether an access of n bytes at la that has just been made, with the rights
// of class c, touched a watched range.
func (m *MMU) Touched(la LinAddr, n int, write bool, c Class) bool {
	for i := range m.watches {
		w := &m.watches[i]
		if write && !w.Write || !write && !w.Read {
			continue
		}
		if !w.Phys {
			if w.touches(uint64(la), uint64(n)) {
				return true
			}
			continue
		}
		first := min(n, PageSize-int(la&pageMask))
		if m.touchesPhys(w, uint64(la), first, c) || n > first && m.touchesPhys(w, m.nextPage(uint64(la)), n-first, c) {
			return true
		}
	}
	return false
}

func (m *MMU) touchesPhys(w *Watch, la uint64, n int, c Class) bool {
	at, ok := m.PhysOf(LinAddr(la&m.linMask), c)
	return ok && w.touches(at, uint64(n))
}

// PhysOf is the physical address behind la for data access with the rights of class c: what
// the TLB knows, else what the paging structures say. It changes nothing.
func (m *MMU) PhysOf(la LinAddr, c Class) (at uint64, ok bool) {
	if to, ok := m.cached(uint64(la), AccessRead, int(c)); ok {
		return to.phys | uint64(la)&pageMask, true
	}
	return m.walkQuietly(uint64(la))
}

// CodeOf is PhysOf for instruction fetches.
func (m *MMU) CodeOf(la LinAddr, user bool) (at uint64, ok bool) {
	t := codeTable
	if user {
		t++
	}
	if to, ok := m.cached(uint64(la), AccessFetch, t); ok {
		return to.phys | uint64(la)&pageMask, true
	}
	return m.walkQuietly(uint64(la))
}

func (m *MMU) walkQuietly(la uint64) (at uint64, ok bool) {
	var w walk
	r := m.walk(la&m.linMask, &w)
	return w.phys, r == 0
}
