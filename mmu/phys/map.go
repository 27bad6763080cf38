package phys

import (
	"fmt"
	"slices"
	"sort"
)

// maxRegions bounds the number of mappings, since guests move windows about.
const maxRegions = 1024

// A region is one mapping as the board made it: [start, end).
type region struct {
	kind       Kind // RAM, ROM or MMIO: also its layer
	start, end uint64
	off        uint64 // of start in the backing; RAM and ROM
	name       string
	win        Window
}

// A shadow says, for [start, end), whether RAM answers or the bus.
type shadow struct {
	start, end        uint64
	readRAM, writeRAM bool
}

// A span is a run of addresses that are answered alike.
type span struct {
	start, end  uint64
	read, write Kind   // write is never ROM
	roff, woff  uint64 // offset in the backing of start, where read (write) is RAM or ROM
	win         Window // where read or write is MMIO
	winOff      uint64 // offset in win of start
}

// plain says whether the span is RAM for reads and writes alike.
func (s *span) plain() bool { return s.read == RAM && s.write == RAM && s.roff == s.woff }

// A Page is what Lookup knows about one page.
type Page struct {
	Kind     Kind   // what reads reach; MMIO also where a window covers part of the page
	Off      uint64 // offset of the page in Backing, for RAM and ROM
	Writable bool   // writes reach the same bytes as reads
	Slow     bool   // writes must go through Memory.Write: somebody watches the page
	Code     bool   // they must only because the page holds decoded code
}

// MapRAM lets size bytes of the backing at offset off appear at address at. All three are
// multiples of PageSize. Mapping one piece at several addresses is allowed.
func (m *Memory) MapRAM(at Addr, off, size uint64) error {
	return m.mapBacking(region{kind: RAM, start: uint64(at), off: off, name: "RAM"}, size)
}

// MapROM copies data to the spare room, padded with FFh to a whole page, and maps it at
// at, a multiple of PageSize. Writes are dropped.
func (m *Memory) MapROM(at Addr, name string, data []byte) error {
	off, err := m.Reserve(uint64(len(data)))
	if err != nil {
		return fmt.Errorf("phys: ROM %q: %w", name, err)
	}
	size := roundUp(uint64(len(data)))
	n := copy(m.back[off:], data)
	for i := off + uint64(n); i < off+size; i++ {
		m.back[i] = 0xff
	}
	return m.MapROMAt(at, name, off, size)
}

// MapROMAt maps size bytes of the backing at offset off, as from Reserve, as ROM.
func (m *Memory) MapROMAt(at Addr, name string, off, size uint64) error {
	return m.mapBacking(region{kind: ROM, start: uint64(at), off: off, name: name}, size)
}

func (m *Memory) mapBacking(r region, size uint64) error {
	if r.start&pageMask != 0 || r.off&pageMask != 0 || size&pageMask != 0 {
		return fmt.Errorf("phys: map %s at %#x: not page aligned", r.name, r.start)
	}
	if total := uint64(len(m.back)); r.off > total || size > total-r.off {
		return fmt.Errorf("phys: map %s at %#x: offset %#x size %#x outside the backing", r.name, r.start, r.off, size)
	}
	return m.add(r, size)
}

// MapMMIO lets w answer at at…at+size-1, in units of bytes. It wins over ROM and RAM;
// overlapping another window is an error that names both.
func (m *Memory) MapMMIO(at Addr, size uint64, name string, w Window) error {
	if w == nil {
		return fmt.Errorf("phys: map %s at %#x: no window", name, uint64(at))
	}
	return m.add(region{kind: MMIO, start: uint64(at), name: name, win: w}, size)
}

// add checks r against the others of its layer and makes it effective.
func (m *Memory) add(r region, size uint64) error {
	if size == 0 || r.start >= maxAddr || size > maxAddr-r.start {
		return fmt.Errorf("phys: map %s at %#x: size %#x is empty or passes the end of the address space", r.name, r.start, size)
	}
	if len(m.regions) >= maxRegions {
		return fmt.Errorf("phys: map %s at %#x: too many mappings", r.name, r.start)
	}
	r.end = r.start + size
	for i := range m.regions {
		o := &m.regions[i]
		if o.kind == r.kind && r.start < o.end && o.start < r.end {
			return fmt.Errorf("phys: map %s at %#x: overlaps %s at %#x", r.name, r.start, o.name, o.start)
		}
	}
	m.regions = append(m.regions, r)
	m.mapChanged()
	return nil
}

// Unmap removes the mapping that starts at at; the uppermost if several do. It says
// whether there was one. A caller whose Map… failed must not call it.
func (m *Memory) Unmap(at Addr) bool {
	best := -1
	for i := range m.regions {
		if m.regions[i].start == uint64(at) && (best < 0 || m.regions[i].kind > m.regions[best].kind) {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	m.regions = slices.Delete(m.regions, best, best+1)
	m.mapChanged()
	return true
}

// SetShadow decides for at…at+size-1, both multiples of PageSize, who answers: RAM, or
// the bus with its windows and ROMs. A range never set answers by the order in the
// package comment. Ranges that are set may be set again as a whole or in parts.
func (m *Memory) SetShadow(at Addr, size uint64, readRAM, writeRAM bool) error {
	start := uint64(at)
	if start&pageMask != 0 || size&pageMask != 0 || start >= maxAddr || size > maxAddr-start {
		return fmt.Errorf("phys: shadow at %#x size %#x: not pages of the address space", start, size)
	}
	end := start + size
	set := shadow{start, end, readRAM, writeRAM}
	if slices.Contains(m.shadows, set) { // they do not overlap: nothing changes
		return nil
	}
	var keep []shadow
	for _, s := range m.shadows {
		if s.start < min(s.end, start) {
			keep = append(keep, shadow{s.start, min(s.end, start), s.readRAM, s.writeRAM})
		}
		if max(s.start, end) < s.end {
			keep = append(keep, shadow{max(s.start, end), s.end, s.readRAM, s.writeRAM})
		}
	}
	if len(keep) >= maxRegions {
		return fmt.Errorf("phys: shadow at %#x: too many ranges", start)
	}
	m.shadows = append(keep, set)
	m.mapChanged()
	return nil
}

func (m *Memory) mapChanged() {
	m.rebuild()
	if m.OnMapChange != nil {
		m.OnMapChange()
	}
}

// rebuild derives spans from regions and shadows.
func (m *Memory) rebuild() {
	cuts := []uint64{0, ^uint64(0)}
	for i := range m.regions {
		cuts = append(cuts, m.regions[i].start, m.regions[i].end)
	}
	for _, s := range m.shadows {
		cuts = append(cuts, s.start, s.end)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)

	spans := make([]span, 0, len(cuts))
	for i := range len(cuts) - 1 {
		s := m.resolve(cuts[i], cuts[i+1])
		if n := len(spans); n > 0 && spans[n-1].continues(&s) {
			spans[n-1].end = s.end
			continue
		}
		spans = append(spans, s)
	}
	m.spans = spans

	m.hotStart, m.hotSize, m.hotOff = 0, 0, 0
	for i := range spans {
		if s := &spans[i]; s.plain() && s.end-s.start > m.hotSize {
			m.hotStart, m.hotSize, m.hotOff = s.start, s.end-s.start, s.roff
		}
	}
}

// resolve finds who answers at [start, end), in which no mapping begins or ends.
func (m *Memory) resolve(start, end uint64) span {
	var top [MMIO + 1]*region
	for i := range m.regions {
		if r := &m.regions[i]; r.start <= start && start < r.end {
			top[r.kind] = r
		}
	}
	bus := top[MMIO]
	if bus == nil {
		bus = top[ROM]
	}
	readRAM, writeRAM := bus == nil, bus == nil
	for _, s := range m.shadows {
		if s.start <= start && start < s.end {
			readRAM, writeRAM = s.readRAM, s.writeRAM
		}
	}

	s := span{start: start, end: end}
	read, write := bus, bus
	if readRAM {
		read = top[RAM]
	}
	if writeRAM {
		write = top[RAM]
	}
	if read != nil {
		s.read = read.kind
		s.roff = read.off + (start - read.start)
	}
	if write != nil && write.kind != ROM {
		s.write = write.kind
		s.woff = write.off + (start - write.start)
	}
	if w := top[MMIO]; w != nil && (s.read == MMIO || s.write == MMIO) {
		s.win, s.winOff = w.win, start-w.start
	}
	return s
}

// continues says whether t, which follows s, is more of the same.
func (s *span) continues(t *span) bool {
	if s.read != t.read || s.write != t.write || s.read == MMIO || s.write == MMIO {
		return false
	}
	n := t.start - s.start
	return (s.read == None || s.roff+n == t.roff) && (s.write == None || s.woff+n == t.woff)
}

// find returns the span that holds p.
func (m *Memory) find(p uint64) *span {
	i := sort.Search(len(m.spans), func(i int) bool { return p < m.spans[i].end })
	if i == len(m.spans) { // the very last byte: cuts end one short of 2^64
		i--
	}
	return &m.spans[i]
}

// Lookup says what the page that holds a is, after the A20 gate.
func (m *Memory) Lookup(a Addr) Page {
	p := uint64(a) & m.gate &^ pageMask
	if d := p - m.hotStart; d < m.hotSize {
		off := m.hotOff + d
		attr := m.attr[off/PageSize]
		return Page{Kind: RAM, Off: off, Writable: true, Slow: attr != 0, Code: attr == attrWatched}
	}
	s := m.find(p)
	if s.end-p < PageSize { // the page is shared; only MMIO and the top end so
		return Page{Kind: m.sharedKind(p)}
	}
	switch d := p - s.start; s.read {
	case RAM, ROM:
		off := s.roff + d
		return Page{
			Kind:     s.read,
			Off:      off,
			Writable: s.plain(),
			Slow:     m.attr[off/PageSize] != 0,
			Code:     m.attr[off/PageSize] == attrWatched,
		}
	case MMIO:
		return Page{Kind: MMIO}
	}
	if s.write != None {
		return Page{Kind: MMIO} // write-only RAM or window: not cacheable
	}
	return Page{}
}

// sharedKind is the kind of a page in which several spans meet.
func (m *Memory) sharedKind(p uint64) Kind {
	for q := p; q-p < PageSize; {
		s := m.find(q)
		if s.read == MMIO || s.write == MMIO {
			return MMIO
		}
		if s.end <= q || s.end-p >= PageSize {
			break
		}
		q = s.end
	}
	return None
}
