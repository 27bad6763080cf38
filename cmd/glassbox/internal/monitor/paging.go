package monitor

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// page walks the page tables for an address, level by level.
func (m *Monitor) page(args string) error {
	addr, err := m.eval(args)
	if err != nil {
		return err
	}
	c := m.t.CPU()
	t := c.MMU.Translate(mmu.LinAddr(addr), mmu.AccessRead, mmu.ClassSuper)
	m.printf("linear %#x, CR3=%#x\n", addr, c.CR3)
	if len(t.Steps) == 0 {
		m.printf("paging is off: physical %#x\n", uint64(t.Phys))
		return nil
	}
	for i, s := range t.Steps {
		last := i == len(t.Steps)-1 && t.PageSize != 0
		where := "                "
		if s.EntryAddr != 0 || s.Level != "PDPTE" {
			where = fmt.Sprintf("%016x", uint64(s.EntryAddr))
		}
		m.printf("%-5s at %s  %016x  %s\n", s.Level, where, s.Entry, entryFlags(s.Entry, last))
	}
	if t.PageSize == 0 {
		m.printf("not translated: %s\n", t.Fault.Reason)
		return nil
	}
	m.printf("physical %#x in a page of %s: %s\n", uint64(t.Phys), sizeText(t.PageSize), rights(t))
	if t.Fault.Raised {
		m.printf("a read at CPL 0 raises %v: %s\n", t.Fault, t.Fault.Reason)
	}
	return nil
}

// entryFlags names the bits that are set in a paging-structure entry.
func entryFlags(e uint64, leaf bool) string {
	var set []string
	add := func(bit uint, name string) {
		if e>>bit&1 != 0 {
			set = append(set, name)
		}
	}
	if e&1 == 0 {
		return "not present"
	}
	add(0, "P")
	add(1, "RW")
	add(2, "US")
	add(3, "PWT")
	add(4, "PCD")
	add(5, "A")
	if leaf {
		add(6, "D")
		add(8, "G")
	}
	add(7, "PS/PAT")
	add(63, "XD")
	return strings.Join(set, " ")
}

func rights(t mmu.Translation) string {
	s := "supervisor"
	if t.User {
		s = "user"
	}
	s += ", " + pick(t.Writable, "writable", "read-only")
	s += ", " + pick(t.NoExecute, "no execution", "executable")
	if t.Global {
		s += ", global"
	}
	return s
}

func pick(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func sizeText(n uint64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

// Limits of info mem: walks and lines.
const (
	maxWalks = 1 << 20
	maxLines = 200
)

// mappings is info mem: ranges of linear memory with the same rights.
func (m *Monitor) mappings() error {
	c := m.t.CPU()
	if c.CR0&x86.CR0_PG == 0 {
		m.printf("paging is off: linear and physical addresses are the same\n")
		return nil
	}
	var r run
	walks, lines := 0, 0
	for _, part := range linearSpace(c.CR4, c.EFER) {
		for addr := part[0]; ; {
			t := c.MMU.Translate(mmu.LinAddr(addr), mmu.AccessRead, mmu.ClassSuper)
			size := t.PageSize
			if size == 0 {
				size = hole(t, c.CR4)
			}
			if r.stops(addr, t) {
				m.printf("%s\n", r)
				if lines++; lines == maxLines {
					return fmt.Errorf("more than %d ranges; page ADDRESS shows one", maxLines)
				}
				r = run{}
			}
			r.add(addr, size, t)
			if walks++; walks == maxWalks {
				return fmt.Errorf("gave up after %d pages", maxWalks)
			}
			next := addr&^(size-1) + size
			if next-1 >= part[1] || next < addr {
				break
			}
			addr = next
		}
	}
	if r.size > 0 {
		m.printf("%s\n", r)
	}
	return nil
}

// linearSpace is the ranges of linear addresses that exist: first and last.
func linearSpace(cr4, efer uint64) [][2]uint64 {
	switch {
	case efer&x86.EFER_LMA == 0:
		return [][2]uint64{{0, 1<<32 - 1}}
	case cr4&x86.CR4_LA57 != 0:
		return [][2]uint64{{0, 1<<56 - 1}, {0xff00000000000000, ^uint64(0)}}
	}
	return [][2]uint64{{0, 1<<47 - 1}, {0xffff800000000000, ^uint64(0)}}
}

// hole is how much the entry covers at which the walk ended.
func hole(t mmu.Translation, cr4 uint64) uint64 {
	if len(t.Steps) == 0 {
		return mmu.PageSize
	}
	level := t.Steps[len(t.Steps)-1].Level
	if cr4&x86.CR4_PAE == 0 && level == "PDE" {
		return 4 << 20
	}
	return map[string]uint64{"PTE": 1 << 12, "PDE": 1 << 21, "PDPTE": 1 << 30, "PML4E": 1 << 39, "PML5E": 1 << 48}[level]
}

// A run is a range of linear memory mapped with the same rights.
type run struct {
	start, size uint64
	rights      string
}

// stops says whether the range ends before addr.
func (r *run) stops(addr uint64, t mmu.Translation) bool {
	return r.size > 0 && (t.PageSize == 0 || r.start+r.size != addr || r.rights != shortRights(t))
}

func (r *run) add(addr, size uint64, t mmu.Translation) {
	if t.PageSize == 0 {
		return
	}
	if r.size == 0 {
		r.start, r.rights = addr, shortRights(t)
	}
	r.size += size
}

// shortRights is u for user, w for writable, x for executable.
func shortRights(t mmu.Translation) string {
	return pick(t.User, "u", "-") + "r" + pick(t.Writable, "w", "-") + pick(t.NoExecute, "-", "x")
}

func (r run) String() string {
	return fmt.Sprintf("%016x - %016x  %s  %s", r.start, r.start+r.size-1, r.rights, sizeText(r.size))
}
