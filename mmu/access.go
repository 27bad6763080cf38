package mmu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Loads and stores take a linear address that the caller has found canonical. They never
// change anything when they fault, also where they cross pages.
//
// Each exists twice. Load64 and Store64 do what the TLB allows and say whether that was
// the whole access; they are small enough to be inlined. Read64 and Write64 always finish.
// A caller in a hurry tries the first and falls back on the second:
//
//	v, ok := m.Load64(la, c)
//	if !ok {
//		if v, f = m.Read64(la, c); f.Raised { … }
//	}

// Load8 loads the byte at la if the TLB allows it.
func (m *MMU) Load8(la LinAddr, c Class) (v uint64, ok bool) {
	e := m.entry(la, c)
	if d := uint64(la) ^ e.RTag; d < PageSize {
		return m.get8(e.Off + d), true
	}
	return 0, false
}

// Read8 loads the byte at la.
func (m *MMU) Read8(la LinAddr, c Class) (v uint64, f x86.Fault) {
	if v, ok := m.Load8(la, c); ok {
		return v, x86.Fault{}
	}
	return m.readSlow(la, 1, c)
}

// Store8 stores the low byte of v at la if the TLB allows it.
func (m *MMU) Store8(la LinAddr, v uint64, c Class) (ok bool) {
	e := m.entry(la, c)
	if d := uint64(la) ^ e.WTag; d < PageSize {
		m.put8(e.Off+d, v)
		return true
	}
	return false
}

// Write8 stores the low byte of v at la.
func (m *MMU) Write8(la LinAddr, v uint64, c Class) x86.Fault {
	if m.Store8(la, v, c) {
		return x86.Fault{}
	}
	return m.writeSlow(la, 1, v, c)
}

// Load16 loads the 2 bytes at la if the TLB allows it.
func (m *MMU) Load16(la LinAddr, c Class) (v uint64, ok bool) {
	e := m.entry(la, c)
	if d := uint64(la) ^ e.RTag; d < PageSize-1 {
		return m.get16(e.Off + d), true
	}
	return 0, false
}

// Read16 loads the 2 bytes at la.
func (m *MMU) Read16(la LinAddr, c Class) (v uint64, f x86.Fault) {
	if v, ok := m.Load16(la, c); ok {
		return v, x86.Fault{}
	}
	return m.readSlow(la, 2, c)
}

// Store16 stores the low 2 bytes of v at la if the TLB allows it.
func (m *MMU) Store16(la LinAddr, v uint64, c Class) (ok bool) {
	e := m.entry(la, c)
	if d := uint64(la) ^ e.WTag; d < PageSize-1 {
		m.put16(e.Off+d, v)
		return true
	}
	return false
}

// Write16 stores the low 2 bytes of v at la.
func (m *MMU) Write16(la LinAddr, v uint64, c Class) x86.Fault {
	if m.Store16(la, v, c) {
		return x86.Fault{}
	}
	return m.writeSlow(la, 2, v, c)
}

// Load32 loads the 4 bytes at la if the TLB allows it.
func (m *MMU) Load32(la LinAddr, c Class) (v uint64, ok bool) {
	e := m.entry(la, c)
	if d := uint64(la) ^ e.RTag; d < PageSize-3 {
		return m.get32(e.Off + d), true
	}
	return 0, false
}

// Read32 loads the 4 bytes at la.
func (m *MMU) Read32(la LinAddr, c Class) (v uint64, f x86.Fault) {
	if v, ok := m.Load32(la, c); ok {
		return v, x86.Fault{}
	}
	return m.readSlow(la, 4, c)
}

// Store32 stores the low 4 bytes of v at la if the TLB allows it.
func (m *MMU) Store32(la LinAddr, v uint64, c Class) (ok bool) {
	e := m.entry(la, c)
	if d := uint64(la) ^ e.WTag; d < PageSize-3 {
		m.put32(e.Off+d, v)
		return true
	}
	return false
}

// Write32 stores the low 4 bytes of v at la.
func (m *MMU) Write32(la LinAddr, v uint64, c Class) x86.Fault {
	if m.Store32(la, v, c) {
		return x86.Fault{}
	}
	return m.writeSlow(la, 4, v, c)
}

// Load64 loads the 8 bytes at la if the TLB allows it.
func (m *MMU) Load64(la LinAddr, c Class) (v uint64, ok bool) {
	e := m.entry(la, c)
	if d := uint64(la) ^ e.RTag; d < PageSize-7 {
		return m.get64(e.Off + d), true
	}
	return 0, false
}

// Read64 loads the 8 bytes at la.
func (m *MMU) Read64(la LinAddr, c Class) (v uint64, f x86.Fault) {
	if v, ok := m.Load64(la, c); ok {
		return v, x86.Fault{}
	}
	return m.readSlow(la, 8, c)
}

// Store64 stores the 8 bytes of v at la if the TLB allows it.
func (m *MMU) Store64(la LinAddr, v uint64, c Class) (ok bool) {
	e := m.entry(la, c)
	if d := uint64(la) ^ e.WTag; d < PageSize-7 {
		m.put64(e.Off+d, v)
		return true
	}
	return false
}

// Write64 stores the 8 bytes of v at la.
func (m *MMU) Write64(la LinAddr, v uint64, c Class) x86.Fault {
	if m.Store64(la, v, c) {
		return x86.Fault{}
	}
	return m.writeSlow(la, 8, v, c)
}

// ProbeRead raises the fault that reading size bytes at la would, and sets the flags in
// the paging structures that it would. size is at most PageSize.
func (m *MMU) ProbeRead(la LinAddr, size int, c Class) x86.Fault {
	e := m.entry(la, c)
	if d := uint64(la) ^ e.RTag; d < PageSize && d+uint64(size) <= PageSize {
		return x86.Fault{}
	}
	return m.probe(uint64(la), size, AccessRead, c)
}

// ProbeWrite raises the fault that writing size bytes at la would, and sets the flags in
// the paging structures that it would. Read-modify-write instructions and stores of
// several parts call it first; then nothing that follows can fault. size is at most
// PageSize.
func (m *MMU) ProbeWrite(la LinAddr, size int, c Class) x86.Fault {
	e := m.entry(la, c)
	if d := uint64(la) ^ e.WTag; d < PageSize && d+uint64(size) <= PageSize {
		return x86.Fault{}
	}
	return m.probe(uint64(la), size, AccessWrite, c)
}

// readSlow reads where the TLB does not match.
func (m *MMU) readSlow(la LinAddr, size int, c Class) (v uint64, f x86.Fault) {
	lin := uint64(la) & m.linMask
	first := PageSize - int(lin&pageMask)
	if size <= first {
		at, f := m.page(lin, AccessRead, c)
		if f.Raised {
			return 0, f
		}
		return m.mem.Read(at, size), x86.Fault{}
	}
	if v, ok := m.loadAcross(lin, size, first, c); ok {
		return v, x86.Fault{}
	}
	lo, hi, f := m.twoPages(lin, AccessRead, c)
	if f.Raised {
		return 0, f
	}
	for i := range size {
		at := lo + phys.Addr(i)
		if i >= first {
			at = hi + phys.Addr(i-first)
		}
		v |= m.mem.Read(at, 1) << (8 * i)
	}
	return v, x86.Fault{}
}

// writeSlow writes where the TLB does not match.
func (m *MMU) writeSlow(la LinAddr, size int, v uint64, c Class) x86.Fault {
	lin := uint64(la) & m.linMask
	first := PageSize - int(lin&pageMask)
	if size <= first {
		at, f := m.page(lin, AccessWrite, c)
		if !f.Raised {
			m.mem.Write(at, size, v)
		}
		return f
	}
	if m.storeAcross(lin, size, first, v, c) {
		return x86.Fault{}
	}
	lo, hi, f := m.twoPages(lin, AccessWrite, c)
	if f.Raised {
		return f
	}
	for i := range size {
		at := lo + phys.Addr(i)
		if i >= first {
			at = hi + phys.Addr(i-first)
		}
		m.mem.Write(at, 1, v>>(8*i)&0xff)
	}
	return x86.Fault{}
}

// loadAcross loads size bytes, first of them on the page of la and the rest on the next,
// if the TLB allows both.
func (m *MMU) loadAcross(la uint64, size, first int, c Class) (v uint64, ok bool) {
	lo, hi := LinAddr(la), LinAddr(m.nextPage(la))
	e1, e2 := m.entry(lo, c), m.entry(hi, c)
	if la^e1.RTag >= PageSize || uint64(hi) != e2.RTag {
		return 0, false
	}
	v = m.get64(e1.Off+PageSize-8)>>(8*(8-first)) | m.get64(e2.Off)<<(8*first)
	return v & (^uint64(0) >> (64 - 8*size)), true
}

// storeAcross is loadAcross for stores.
func (m *MMU) storeAcross(la uint64, size, first int, v uint64, c Class) bool {
	lo, hi := LinAddr(la), LinAddr(m.nextPage(la))
	e1, e2 := m.entry(lo, c), m.entry(hi, c)
	if la^e1.WTag >= PageSize || uint64(hi) != e2.WTag {
		return false
	}
	for i := range first {
		m.put8(e1.Off+la&pageMask+uint64(i), v>>(8*i))
	}
	for i := range size - first {
		m.put8(e2.Off+uint64(i), v>>(8*(first+i)))
	}
	return true
}

// nextPage is the address of the page after that of la.
func (m *MMU) nextPage(la uint64) uint64 { return (la&^pageMask + PageSize) & m.linMask }

// probe translates the one or two pages of an access.
func (m *MMU) probe(la uint64, size int, a Access, c Class) (f x86.Fault) {
	la &= m.linMask
	if la&pageMask+uint64(size) <= PageSize {
		_, f = m.page(la, a, c)
		return f
	}
	_, _, f = m.twoPages(la, a, c)
	return f
}

// twoPages translates an access that crosses pages: lo is where it begins, hi where its
// second page does. Both are checked before the flags of either change, and the fault
// address is the first byte on the page that is at fault.
func (m *MMU) twoPages(la uint64, a Access, c Class) (lo, hi phys.Addr, f x86.Fault) {
	if _, known := m.cached(la, a, int(c)); !known {
		var w walk
		if f = m.allowed(la, a, c, &w); f.Raised {
			m.Invalidate(LinAddr(la))
			return 0, 0, f
		}
	}
	if hi, f = m.page(m.nextPage(la), a, c); f.Raised {
		return 0, 0, f
	}
	lo, f = m.page(la, a, c)
	return lo, hi, f
}

// page translates one address and fills the TLB.
func (m *MMU) page(la uint64, a Access, c Class) (phys.Addr, x86.Fault) {
	to, f := m.translate(la, a, int(c))
	if f.Raised {
		return 0, f
	}
	m.fillData(la, c, to)
	return phys.Addr(to.phys | la&pageMask), x86.Fault{}
}
