package mmu

import "github.com/glassbox-vm/glassbox/cpu/x86"

// An Access is what an instruction wants to do at an address.
type Access uint8

// Accesses.
const (
	AccessRead Access = iota
	AccessWrite
	AccessFetch
)

// check applies the access rights of a finished walk. SDM Vol. 3A, "Determination of
// Access Rights". pk says whether a protection key forbids the access, alone or not.
func (m *MMU) check(w *walk, a Access, c Class) (r x86.Reason, pk bool) {
	if m.mode == pagingNone {
		return x86.NoReason, false
	}
	pk = m.keyForbids(w, a, c)
	switch user := c == ClassUser; {
	case user && !w.user:
		return x86.ReasonPageSupervisor, pk
	case !user && w.user && a == AccessFetch && m.cr4&x86.CR4_SMEP != 0:
		return x86.ReasonPageSMEP, pk
	case c == ClassSuperSMAP && w.user && a != AccessFetch:
		return x86.ReasonPageSMAP, pk
	case a == AccessFetch && w.noExec:
		return x86.ReasonPageNoExecute, pk
	case a == AccessWrite && !w.write && (user || m.cr0&x86.CR0_WP != 0):
		return x86.ReasonPageWriteProtected, pk
	case pk:
		return x86.ReasonPageProtectionKey, pk
	}
	return x86.NoReason, false
}

// keyForbids is SDM Vol. 3A, "Protection Keys": data accesses to user pages only; CR0.WP
// decides whether a key can forbid a supervisor write.
func (m *MMU) keyForbids(w *walk, a Access, c Class) bool {
	if m.cr4&x86.CR4_PKE == 0 || m.mode < paging4Level || !w.user || a == AccessFetch {
		return false
	}
	rights := m.pkru >> (2 * w.key)
	if rights&1 != 0 {
		return true
	}
	return rights&2 != 0 && a == AccessWrite && (c == ClassUser || m.cr0&x86.CR0_WP != 0)
}

// pageFault makes the #PF for an access to la that broke rule r. SDM Vol. 3A, "Page-Fault
// Exceptions".
func (m *MMU) pageFault(la uint64, a Access, c Class, r x86.Reason, pk bool) x86.Fault {
	var code uint16
	if r != x86.ReasonPageNotPresent {
		code |= x86.PF_P
	}
	if r == x86.ReasonPageReserved {
		code |= x86.PF_RSVD
	}
	if a == AccessWrite {
		code |= x86.PF_W
	}
	if c == ClassUser {
		code |= x86.PF_U
	}
	if a == AccessFetch {
		code |= m.fetchBit
	}
	if pk {
		code |= x86.PF_PK
	}
	f := x86.Raise(x86.VecPF, code, r)
	f.Addr = la
	return f
}

// translate is a whole translation of la for table t (a Class, or codeTable plus 1 for
// user code): walk, rights, accessed and dirty flags. On failure nothing changed, except
// that entries for la are dropped, as a page fault does.
func (m *MMU) translate(la uint64, a Access, t int) (mapping, x86.Fault) {
	to, f := m.ahead(la, a, t)
	if f.Raised {
		m.Invalidate(LinAddr(la))
	}
	return to, f
}

// ahead is translate for an access that may not be the next one, or not be made: when it
// fails nothing at all has changed.
func (m *MMU) ahead(la uint64, a Access, t int) (mapping, x86.Fault) {
	if to, ok := m.cached(la, a, t); ok {
		return to, x86.Fault{}
	}
	c := Class(t)
	if a == AccessFetch {
		c = Class(t - codeTable)
	}
	var w walk
	if f := m.allowed(la, a, c, &w); f.Raised {
		return mapping{}, f
	}
	m.markUsed(&w, a == AccessWrite)

	var flags uint8
	if w.global && m.globals {
		flags |= slotGlobal
	}
	if w.shift > 12 {
		flags |= slotLarge
		m.large.add(la, w.shift)
	}
	if w.dirty && a != AccessFetch {
		if r, _ := m.check(&w, AccessWrite, c); r == x86.NoReason {
			flags |= slotWrite
		}
	}
	to := mapping{w.phys &^ pageMask, flags, w.shift}
	m.second.put(la, t, to)
	return to, x86.Fault{}
}

// allowed is ahead up to the point where nothing has changed yet.
func (m *MMU) allowed(la uint64, a Access, c Class, w *walk) x86.Fault {
	r, pk := m.walk(la, w), false
	if r == x86.NoReason {
		r, pk = m.check(w, a, c)
	}
	if r != x86.NoReason {
		return m.pageFault(la, a, c, r, pk)
	}
	return x86.Fault{}
}
