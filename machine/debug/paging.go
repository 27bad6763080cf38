package debug

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// pageLines explains a page fault: who wanted what, and what every level of the paging
// structures says to that.
func (s *scene) pageLines(f cpu.Fault) []string {
	who := pick(f.Code&x86.PF_U != 0, "user", "supervisor")
	access, want := "a read", mmu.AccessRead
	switch {
	case f.Code&x86.PF_I != 0:
		access, want = "an instruction fetch", mmu.AccessFetch
	case f.Code&x86.PF_W != 0:
		access, want = "a write", mmu.AccessWrite
	case f.Reason == x86.ReasonPageNotPresent && f.Addr == s.x.CodeLinear() && s.c.EFER&x86.EFER_NXE == 0:
		access = "a read or an instruction fetch"
	}
	class := mmu.ClassSuper
	if f.Code&x86.PF_U != 0 {
		class = mmu.ClassUser
	}
	lines := []string{fmt.Sprintf("%s in %s mode; error code %#x: %s", access, who, f.Code, errorCodeText(f.Code))}
	t := s.c.MMU.Translate(mmu.LinAddr(f.Addr), want, class)
	lines = append(lines, fmt.Sprintf("linear address %#x, CR3 %#x%s:", f.Addr, s.c.CR3, controlText(s.x)))
	for i, st := range t.Steps {
		lines = append(lines, "  "+stepText(st, i == len(t.Steps)-1, t.PageSize, f.Reason, s.x))
	}
	return lines
}

// controlText names the control bits that change the rights of pages.
func controlText(x *cpu.Context) string {
	var on []string
	add := func(set bool, name string) {
		if set {
			on = append(on, name)
		}
	}
	add(x.CR0&x86.CR0_WP != 0, "CR0.WP")
	add(x.EFER&x86.EFER_NXE != 0, "EFER.NXE")
	add(x.CR4&x86.CR4_SMEP != 0, "CR4.SMEP")
	add(x.CR4&x86.CR4_SMAP != 0, "CR4.SMAP")
	add(x.CR4&x86.CR4_PKE != 0, "CR4.PKE")
	if len(on) == 0 {
		return ""
	}
	return " (" + strings.Join(on, ", ") + ")"
}

// errorCodeText decodes the error code of #PF. SDM Vol. 3A, "Page-Fault Exceptions".
func errorCodeText(code uint16) string {
	s := pick(code&x86.PF_P != 0, "P=1 a rule was broken", "P=0 not present")
	s += pick(code&x86.PF_W != 0, ", W=1 write", ", W=0")
	s += pick(code&x86.PF_U != 0, ", U=1 user", ", U=0 supervisor")
	s += pick(code&x86.PF_RSVD != 0, ", RSVD=1", "")
	s += pick(code&x86.PF_I != 0, ", I=1 fetch", "")
	return s + pick(code&x86.PF_PK != 0, ", PK=1", "")
}

// stepText is one entry of the walk, with a mark where it breaks the rule.
func stepText(st mmu.Step, last bool, pageSize uint64, r x86.Reason, x *cpu.Context) string {
	where := fmt.Sprintf("at %#x", uint64(st.EntryAddr))
	if st.EntryAddr == 0 && st.Level == "PDPTE" {
		where = "in a register"
	}
	text := fmt.Sprintf("%-5s %s = %#x: ", st.Level, where, st.Entry)
	if st.Entry&1 == 0 {
		return text + "P=0  ← not present"
	}
	leaf := last && pageSize != 0
	text += entryText(st.Entry, leaf)
	switch mark := st.Entry; {
	case r == x86.ReasonPageSupervisor && mark&4 == 0:
		text += "  ← U/S=0: supervisor only"
	case r == x86.ReasonPageWriteProtected && mark&2 == 0:
		text += "  ← R/W=0: read-only"
	case r == x86.ReasonPageNoExecute && mark>>63 != 0:
		text += "  ← XD=1: no instruction fetches"
	case r == x86.ReasonPageReserved && last:
		text += "  ← reserved: " + reservedText(st, x)
	case r == x86.ReasonPageSMEP && leaf:
		text += "  ← U/S=1: no supervisor fetches with CR4.SMEP"
	case r == x86.ReasonPageSMAP && leaf:
		text += "  ← U/S=1: no supervisor data accesses with CR4.SMAP while EFLAGS.AC is 0"
	case r == x86.ReasonPageProtectionKey && leaf:
		text += fmt.Sprintf("  ← protection key %d", mark>>59&15)
	}
	return text
}

// entryText names the rights and flags of a paging-structure entry.
func entryText(e uint64, leaf bool) string {
	s := fmt.Sprintf("P=1 R/W=%d U/S=%d", e>>1&1, e>>2&1)
	for _, b := range []struct {
		bit  uint
		name string
		leaf bool
	}{{3, "PWT", false}, {4, "PCD", false}, {5, "A", false}, {6, "D", true}, {8, "G", true}} {
		if e>>b.bit&1 != 0 && (leaf || !b.leaf) {
			s += " " + b.name
		}
	}
	if e>>63 != 0 {
		s += " XD"
	}
	return s
}

// reservedText lists the reserved bits that are set in an entry.
func reservedText(st mmu.Step, x *cpu.Context) string {
	e, bad := st.Entry, uint64(0)
	if x.CR4&x86.CR4_PAE != 0 {
		bad |= e & (1<<52 - 1) &^ (1<<mmu.MaxPhysBits - 1)
		if x.EFER&x86.EFER_LMA == 0 {
			bad |= e & (1<<63 - 1) &^ (1<<mmu.MaxPhysBits - 1)
		}
		if x.EFER&x86.EFER_NXE == 0 {
			bad |= e & (1 << 63)
		}
		switch {
		case st.Level == "PML4E" || st.Level == "PML5E":
			bad |= e & 0x80
		case st.Level == "PDE" && e&0x80 != 0:
			bad |= e & 0x1fe000
		case st.Level == "PDPTE" && e&0x80 != 0:
			bad |= e & 0x3fffe000
		}
	} else if st.Level == "PDE" && e&0x80 != 0 {
		bad |= e & (1 << 21)
	}
	return bitNames(bad, map[uint]string{63: "bit 63 (XD, without EFER.NXE)"})
}
