package mmu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Loads and stores take a linear address that the caller has found canonical. They never
// change anything when they fault, also where they cross pages.

// Read8 loads the byte at la.
func (m *MMU) Read8(la LinAddr, c Class) (v uint64, f x86.Fault) {
	e := &m.tlb.Data[c][la/PageSize%TLBSize]
	if d := uint64(la) ^ e.RTag; d < PageSize {
		return uint64(m.back[e.Off+d]), x86.Fault{}
	}
	return m.readSlow(la, 1, c)
}

// Read16 loads the 2 bytes at la.
func (m *MMU) Read16(la LinAddr, c Class) (v uint64, f x86.Fault) {
	e := &m.tlb.Data[c][la/PageSize%TLBSize]
	if d := uint64(la) ^ e.RTag; d < PageSize-1 {
		return uint64(binary.LittleEndian.Uint16(m.back[e.Off+d:])), x86.Fault{}
	}
	return m.readSlow(la, 2, c)
}

// Read32 loads the 4 bytes at la.
func (m *MMU) Read32(la LinAddr, c Class) (v uint64, f x86.Fault) {
	e := &m.tlb.Data[c][la/PageSize%TLBSize]
	if d := uint64(la) ^ e.RTag; d < PageSize-3 {
		return uint64(binary.LittleEndian.Uint32(m.back[e.Off+d:])), x86.Fault{}
	}
	return m.readSlow(la, 4, c)
}

// Read64 loads the 8 bytes at la.
func (m *MMU) Read64(la LinAddr, c Class) (v uint64, f x86.Fault) {
	e := &m.tlb.Data[c][la/PageSize%TLBSize]
	if d := uint64(la) ^ e.RTag; d < PageSize-7 {
		return binary.LittleEndian.Uint64(m.back[e.Off+d:]), x86.Fault{}
	}
	return m.readSlow(la, 8, c)
}

// Write8 stores the low byte of v at la.
func (m *MMU) Write8(la LinAddr, v uint64, c Class) x86.Fault {
	e := &m.tlb.Data[c][la/PageSize%TLBSize]
	if d := uint64(la) ^ e.WTag; d < PageSize {
		m.back[e.Off+d] = uint8(v)
		return x86.Fault{}
	}
	return m.writeSlow(la, 1, v, c)
}

// Write16 stores the low 2 bytes of v at la.
func (m *MMU) Write16(la LinAddr, v uint64, c Class) x86.Fault {
	e := &m.tlb.Data[c][la/PageSize%TLBSize]
	if d := uint64(la) ^ e.WTag; d < PageSize-1 {
		binary.LittleEndian.PutUint16(m.back[e.Off+d:], uint16(v))
		return x86.Fault{}
	}
	return m.writeSlow(la, 2, v, c)
}

// Write32 stores the low 4 bytes of v at la.
func (m *MMU) Write32(la LinAddr, v uint64, c Class) x86.Fault {
	e := &m.tlb.Data[c][la/PageSize%TLBSize]
	if d := uint64(la) ^ e.WTag; d < PageSize-3 {
		binary.LittleEndian.PutUint32(m.back[e.Off+d:], uint32(v))
		return x86.Fault{}
	}
	return m.writeSlow(la, 4, v, c)
}

// Write64 stores the 8 bytes of v at la.
func (m *MMU) Write64(la LinAddr, v uint64, c Class) x86.Fault {
	e := &m.tlb.Data[c][la/PageSize%TLBSize]
	if d := uint64(la) ^ e.WTag; d < PageSize-7 {
		binary.LittleEndian.PutUint64(m.back[e.Off+d:], v)
		return x86.Fault{}
	}
	return m.writeSlow(la, 8, v, c)
}

// ProbeRead raises the fault that reading size bytes at la would, and sets the flags in
// the paging structures that it would. size is at most PageSize.
func (m *MMU) ProbeRead(la LinAddr, size int, c Class) x86.Fault {
	e := &m.tlb.Data[c][la/PageSize%TLBSize]
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
	e := &m.tlb.Data[c][la/PageSize%TLBSize]
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
	if !m.knows(la, a, c) {
		var w walk
		if f = m.allowed(la, a, c, &w); f.Raised {
			return 0, 0, f
		}
	}
	if hi, f = m.page((la&^pageMask+PageSize)&m.linMask, a, c); f.Raised {
		return 0, 0, f
	}
	lo, f = m.page(la, a, c)
	return lo, hi, f
}

// knows says whether la needs no walk.
func (m *MMU) knows(la uint64, a Access, c Class) bool {
	e := m.second.find(la, int(c))
	return e != nil && (a != AccessWrite || e.flags&slotWrite != 0)
}

// page translates one address and fills the TLB.
func (m *MMU) page(la uint64, a Access, c Class) (phys.Addr, x86.Fault) {
	e, f := m.translate(la, a, int(c))
	if f.Raised {
		return 0, f
	}
	m.fillData(la, c, e)
	return phys.Addr(e.phys | la&pageMask), x86.Fault{}
}
