package mmu

// A Cache is a copy of all that an MMU remembers of paging structures. It decides what
// happens to a guest that changes them without saying so; a machine that shall go on from
// a moment in the past exactly as it did needs it, besides the registers.
type Cache struct {
	entries [tables][]cachedEntry
	large   filter
	second  []cachedTranslation
	epochs  [1 + spaces]uint64
	visible [1 + spaces]uint64
	pcids   [1 + spaces]uint16
	present uint8
	next    uint8
}

type cachedEntry struct {
	slot uint16
	page uint64
	mapping
}

type cachedTranslation struct {
	slot uint16
	translation
}

// Size is about how many bytes the copy takes.
func (c *Cache) Size() int {
	n := 1024 + 56*cap(c.second)
	for _, e := range c.entries {
		n += 32 * cap(e)
	}
	return n
}

// SaveCache copies what the MMU remembers.
func (m *MMU) SaveCache() *Cache {
	s := &m.second
	c := &Cache{large: m.large, epochs: s.epochs, visible: s.visible, pcids: s.pcids, present: s.present, next: s.next}
	for t := range tables {
		used := &m.slots[t]
		c.entries[t] = make([]cachedEntry, 0, used.lists[0].n+used.lists[1].n)
		for which := range used.lists {
			for _, i := range used.lists[which].used() {
				if e := &used.at[i]; e.valid && int(e.flags&slotGlobal) == which {
					c.entries[t] = append(c.entries[t], cachedEntry{i, e.page, e.mapping})
				}
			}
		}
	}
	n := 0
	for i := range s.entries {
		if s.alive(&s.entries[i]) {
			n++
		}
	}
	c.second = make([]cachedTranslation, 0, n)
	for i := range s.entries {
		if e := &s.entries[i]; s.alive(e) {
			c.second = append(c.second, cachedTranslation{uint16(i), *e})
		}
	}
	return c
}

// alive says whether an entry is valid, or may be again when its space is.
func (s *second) alive(e *translation) bool { return e.epoch == s.epochs[e.space] && e.epoch != 0 }

// RestoreCache replaces what the MMU remembers by what it did when SaveCache was called.
// SetMode and SetPKRU must have been called with the registers of that moment.
func (m *MMU) RestoreCache(c *Cache) {
	m.Flush()
	s := &m.second
	s.entries = [secondSize]translation{}
	for i := range c.second {
		s.entries[c.second[i].slot] = c.second[i].translation
	}
	s.epochs, s.visible, s.pcids, s.present, s.next = c.epochs, c.visible, c.pcids, c.present, c.next
	m.large = c.large
	for t := range tables {
		for _, e := range c.entries[t] { // the tags stay away until the first use
			m.slots[t].use(uint64(e.slot), e.page, e.mapping)
		}
	}
}
