package mmu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Fetch finds the instruction byte at la: its offset in phys.Memory.Backing, and n, how
// many bytes are left in its page. n is 0 where no memory answers; then FetchByte reads.
func (m *MMU) Fetch(la LinAddr, user bool) (off uint64, n int, f x86.Fault) {
	u := 0
	if user {
		u = 1
	}
	e := &m.tlb.Code[u][la/PageSize%codeSize]
	if d := uint64(la) ^ e.RTag; d < PageSize {
		return e.Off + d, PageSize - int(d), x86.Fault{}
	}
	return m.fetchSlow(uint64(la)&m.linMask, u)
}

func (m *MMU) fetchSlow(la uint64, user int) (off uint64, n int, f x86.Fault) {
	t, f := m.translate(la, AccessFetch, codeTable+user)
	if f.Raised {
		return 0, 0, f
	}
	e := m.fillCode(la, user, t)
	if e == nil {
		return 0, 0, x86.Fault{}
	}
	d := la & pageMask
	return e.Off + d, PageSize - int(d), x86.Fault{}
}

// FetchByte reads the instruction byte at la wherever it lies.
func (m *MMU) FetchByte(la LinAddr, user bool) (byte, x86.Fault) {
	off, n, f := m.Fetch(la, user)
	if f.Raised {
		return 0, f
	}
	if n > 0 {
		return m.back[off], x86.Fault{}
	}
	lin, t := uint64(la)&m.linMask, codeTable
	if user {
		t++
	}
	e, f := m.translate(lin, AccessFetch, t)
	if f.Raised {
		return 0, f
	}
	return byte(m.mem.Read(phys.Addr(e.phys|lin&pageMask), 1)), x86.Fault{}
}
