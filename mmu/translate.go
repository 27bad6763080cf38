package mmu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A Step is one paging-structure entry on the way from a linear address to a page.
type Step struct {
	Level     string // the manual's name: PML5E, PML4E, PDPTE, PDE, PTE
	EntryAddr phys.Addr
	Entry     uint64
}

// A Translation is a walk laid open.
type Translation struct {
	Steps    []Step
	Phys     phys.Addr // of the byte; meaningful unless the walk ended early
	PageSize uint64    // bytes; 0 if the walk ended early

	// Rights combined over all levels, before control registers and keys.
	User, Writable, NoExecute bool
	Global, Dirty             bool
	Key                       uint8

	Fault x86.Fault // what the access would raise
}

var levelNames = [maxLevel + 1]string{
	levelPT: "PTE", levelPD: "PDE", levelPDPT: "PDPTE", levelPML4: "PML4E", levelPML5: "PML5E",
}

// Translate shows how access a to la with the rights of class c would be translated. It
// reads RAM and ROM only and changes nothing, neither flags nor the TLB. For AccessFetch
// the class is ClassSuper or ClassUser.
func (m *MMU) Translate(la LinAddr, a Access, c Class) Translation {
	w := walk{}
	lin := uint64(la) & m.linMask
	r, pk := m.walk(lin, &w), false
	var t Translation
	if m.mode == pagingPAE { // from a register, so it has no address
		t.Steps = append(t.Steps, Step{Level: "PDPTE", Entry: m.PDPTE[lin>>30&3]})
	}
	for _, e := range w.entries[:w.n] {
		t.Steps = append(t.Steps, Step{levelNames[e.level], phys.Addr(e.addr), e.value})
	}
	if r == x86.NoReason {
		t.Phys, t.PageSize = phys.Addr(w.phys), 1<<w.shift
		t.User, t.Writable, t.NoExecute = w.user, w.write, w.noExec
		t.Global, t.Dirty, t.Key = w.global, w.dirty, w.key
		r, pk = m.check(&w, a, c)
	}
	if r != x86.NoReason {
		t.Fault = m.pageFault(lin, a, c, r, pk)
	}
	return t
}
