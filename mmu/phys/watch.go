package phys

import "errors"

// Bits of attr: bit 0 means the page holds decoded code, bit i+1 that tracker i has not
// seen a write to it yet.
const (
	attrWatched = 1 << 0
	maxTrackers = 7
)

// snapshotTracker is the tracker behind TrackDirty.
const snapshotTracker = 0

// Protect marks the page at offset off as holding decoded code: OnCodeWrite hears of
// every write to it. An offset outside the backing is ignored.
func (m *Memory) Protect(off uint64) {
	i := off / PageSize
	if i >= uint64(len(m.attr)) || m.attr[i]&attrWatched != 0 {
		return
	}
	m.attr[i] |= attrWatched
	m.protected(off&^pageMask, PageSize)
}

// Unprotect takes the mark of Protect off.
func (m *Memory) Unprotect(off uint64) {
	if i := off / PageSize; i < uint64(len(m.attr)) {
		m.attr[i] &^= attrWatched
	}
}

// Watched says whether the page at offset off holds decoded code.
func (m *Memory) Watched(off uint64) bool {
	i := off / PageSize
	return i < uint64(len(m.attr)) && m.attr[i]&attrWatched != 0
}

func (m *Memory) protected(off, size uint64) {
	if m.OnProtect != nil {
		m.OnProtect(off, size)
	}
}

// changing tells the trackers that want to see a page before it changes that this happens
// to the page of off now.
func (m *Memory) changing(off uint64) {
	page := off / PageSize
	for i, t := range m.trackers {
		if bit := uint8(2 << i); m.attr[page]&m.early&bit != 0 {
			m.attr[page] &^= bit
			t.dirty = append(t.dirty, page*PageSize)
			t.keep(page * PageSize)
		}
	}
}

// Touch says that the page of a is about to be written by somebody who will not ask again.
// It says whether the page is not slow any more: trackers have noted it. A page that holds
// code, or that somebody wants to hear of every write to, stays as it is.
func (m *Memory) Touch(a Addr) bool {
	p := m.Lookup(a)
	if p.Kind != RAM || !p.Writable || m.attr[p.Off/PageSize]&(attrWatched|m.lasting) != 0 {
		return false
	}
	if m.attr[p.Off/PageSize]&m.early != 0 {
		m.changing(p.Off)
	}
	m.changed(p.Off, 1)
	return true
}

// changed tells those who watch the page of off that n bytes there were written.
func (m *Memory) changed(off uint64, n int) {
	page := off / PageSize
	attr := m.attr[page]
	for i, t := range m.trackers {
		bit := uint8(2 << i)
		switch {
		case attr&bit == 0:
		case m.lasting&bit != 0:
			t.hear(off, n)
		default:
			m.attr[page] &^= bit
			t.dirty = append(t.dirty, page*PageSize)
		}
	}
	if attr&attrWatched == 0 || m.OnCodeWrite == nil {
		return
	}
	if left := PageSize - int(off&pageMask); n > left { // a caller broke "within one page"
		m.OnCodeWrite(off, left)
		if off = (page + 1) * PageSize; m.Watched(off) {
			m.OnCodeWrite(off, n-left)
		}
		return
	}
	m.OnCodeWrite(off, n)
}

// A Tracker lists the pages of a range that were written since it was last cleaned. It
// costs one slow write per page and cleaning.
type Tracker struct {
	m         *Memory
	bit       uint8
	off, size uint64
	dirty     []uint64
	keep      func(off uint64)        // see TrackBefore
	hear      func(off uint64, n int) // see WatchWrites
}

// Track watches size bytes of the backing at offset off, rounded outwards to pages, for
// writes. A few trackers exist at a time: for snapshots, displays, time travel.
func (m *Memory) Track(off, size uint64) (*Tracker, error) {
	for i := snapshotTracker + 1; i < maxTrackers; i++ {
		if m.trackers[i] == nil {
			return m.track(i, off, size)
		}
	}
	return nil, errors.New("phys: all dirty-page trackers are in use")
}

// TrackBefore is Track for somebody who needs what was there: keep is called with the
// offset of a page right before the first write to it since Track or Clean.
func (m *Memory) TrackBefore(off, size uint64, keep func(off uint64)) (*Tracker, error) {
	t, err := m.Track(off, size)
	if err == nil {
		t.keep = keep
		m.early |= t.bit
	}
	return t, err
}

// WatchWrites calls hear after every write to the pages of a range, by whomever, with
// where it was: n bytes at off, within one page. Stores there are slow until Close, and
// Dirty stays empty. While a block of the fast engine runs, the processor's instruction
// count may be ahead by the rest of the block.
func (m *Memory) WatchWrites(off, size uint64, hear func(off uint64, n int)) (*Tracker, error) {
	t, err := m.Track(off, size)
	if err == nil {
		t.hear = hear
		m.lasting |= t.bit
	}
	return t, err
}

func (m *Memory) track(i int, off, size uint64) (*Tracker, error) {
	if total := uint64(len(m.back)); off > total || size > total-off {
		return nil, errors.New("phys: range to track is outside the backing")
	}
	end := roundUp(off + size)
	off &^= pageMask
	t := &Tracker{m: m, bit: 2 << i, off: off, size: end - off}
	m.trackers[i] = t
	for p := off / PageSize; p < end/PageSize; p++ {
		m.attr[p] |= t.bit
	}
	m.protected(off, t.size)
	return t, nil
}

// Dirty lists the offsets of the pages written since Track or Clean, in order of their
// first write. The slice is valid until Clean.
func (t *Tracker) Dirty() []uint64 { return t.dirty }

// Clean forgets the writes so far.
func (t *Tracker) Clean() {
	for _, off := range t.dirty {
		t.m.attr[off/PageSize] |= t.bit
	}
	if len(t.dirty) > 0 { // one call for all: cheaper than one for each of many pages
		t.m.protected(t.off, t.size)
	}
	t.dirty = t.dirty[:0]
}

// Close ends the tracking.
func (t *Tracker) Close() {
	for i, o := range t.m.trackers {
		if o != t {
			continue
		}
		t.m.trackers[i] = nil
		t.m.early &^= t.bit
		t.m.lasting &^= t.bit
		for p := t.off / PageSize; p < (t.off+t.size)/PageSize; p++ {
			t.m.attr[p] &^= t.bit
		}
	}
	t.dirty = nil
}

// TrackDirty switches the tracking of the whole backing on or off; on starts clean.
func (m *Memory) TrackDirty(on bool) {
	if t := m.trackers[snapshotTracker]; t != nil {
		t.Close()
	}
	if on {
		_, _ = m.track(snapshotTracker, 0, uint64(len(m.back))) // cannot be outside
	}
}

// DirtyPages lists the offsets of the pages written since TrackDirty(true) or CleanDirty.
// Empty while tracking is off.
func (m *Memory) DirtyPages() []uint64 {
	if t := m.trackers[snapshotTracker]; t != nil {
		return t.Dirty()
	}
	return nil
}

// CleanDirty forgets the writes so far.
func (m *Memory) CleanDirty() {
	if t := m.trackers[snapshotTracker]; t != nil {
		t.Clean()
	}
}
