package debug

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// page walks the page tables for an address, level by level.
func (i *Inspector) page(args string) error {
	addr, err := i.eval(args)
	if err != nil {
		return err
	}
	c := i.CPU()
	x := c.Context()
	t := c.MMU.Translate(mmu.LinAddr(addr), mmu.AccessRead, mmu.ClassSuper)
	i.printf("linear %#x, CR3 %#x%s\n", addr, c.CR3, controlText(&x))
	if len(t.Steps) == 0 {
		i.printf("paging is off: physical %#x\n", uint64(t.Phys))
		return nil
	}
	for k, st := range t.Steps {
		i.printf("%s\n", stepText(st, k == len(t.Steps)-1, t.PageSize, t.Fault.Reason, &x))
	}
	if t.PageSize == 0 {
		i.printf("not translated: %s\n", t.Fault.Reason)
		return nil
	}
	i.printf("physical %#x in a page of %s: %s\n", uint64(t.Phys), sizeText(t.PageSize), rights(t))
	if t.Fault.Raised {
		i.printf("a read at CPL 0 raises %v: %s\n", t.Fault, t.Fault.Reason)
	}
	return nil
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
func (i *Inspector) mappings() error {
	c := i.CPU()
	if c.CR0&x86.CR0_PG == 0 {
		i.printf("paging is off: linear and physical addresses are the same\n")
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
				i.printf("%s\n", r)
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
		i.printf("%s\n", r)
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
