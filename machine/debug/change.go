package debug

import (
	"context"
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/machine/debug/asm"
	"github.com/glassbox-vm/glassbox/mmu"
)

// A change is what one instruction did.
type change struct {
	text          string // the instruction
	before, after cpu.Snapshot
	accesses      []cpu.Stop
	old           []memoryPiece
}

// A memoryPiece is memory as it was.
type memoryPiece struct {
	addr uint64
	data []byte
}

// everything is a watch on all data accesses.
var everything = mmu.Watch{Size: ^uint64(0), Read: true, Write: true}

// stepOnce executes one instruction of the selected processor and notes what it does.
func (d *Debugger) stepOnce(ctx context.Context) (Stop, error) {
	ch := d.begin()
	c := d.CPU()
	d.arm(everything)
	stop, err := d.run(ctx, d.until(1))
	if err == nil && c.Count() == ch.before.Instructions+1 {
		ch.after = c.Save()
		for _, h := range c.Stopped() {
			if h.Kind == cpu.StopRead || h.Kind == cpu.StopWrite {
				ch.accesses = append(ch.accesses, h)
			}
		}
		d.change = ch
	}
	return stop, err
}

// begin notes what an instruction may be going to change.
func (d *Debugger) begin() *change {
	s := d.scene()
	ch := &change{before: s.c.Save(), text: s.instLine()}
	in, ok := s.inst()
	if !ok {
		return ch
	}
	ch.text = fmt.Sprintf("`%s` at %s", asm.Text(&in, s.x.CodeLinear()), s.at())
	keep := func(addr, n uint64) {
		p := make([]byte, n)
		if got := readLinear(s.c, s.mem, addr, p); got > 0 {
			ch.old = append(ch.old, memoryPiece{addr, p[:got]})
		}
	}
	for _, p := range s.memoryOperands(&in) {
		keep(s.linear(p.seg, p.off), 64)
	}
	const below, above = 256, 64
	keep(s.linear(x86.SS, s.stackOffset())-below, below+above)
	return ch
}

// oldValue is what n bytes at an address held before.
func (ch *change) oldValue(addr uint64, n int) (v uint64, ok bool) {
	for _, p := range ch.old {
		if off := addr - p.addr; addr >= p.addr && off+uint64(n) <= uint64(len(p.data)) {
			return little(p.data[off : off+uint64(n)]), true
		}
	}
	return 0, false
}

// lines lists what became different, with old and new values.
func (ch *change) lines() (list []string) {
	add := func(name string, width int, before, after uint64) {
		if before != after {
			list = append(list, fmt.Sprintf("%-6s %0*x -> %0*x", name, width, before, width, after))
		}
	}
	a, b := &ch.before, &ch.after
	for i, n := range names64 {
		add(n, 16, a.GPR[i], b.GPR[i])
	}
	add("rip", 16, a.RIP, b.RIP)
	if a.RFLAGS != b.RFLAGS {
		list = append(list, fmt.Sprintf("rflags %08x -> %08x: %s", a.RFLAGS, b.RFLAGS, flagChanges(a.RFLAGS, b.RFLAGS)))
	}
	for i := range a.Seg {
		name := x86.Seg(i).String()
		add(name, 4, uint64(a.Seg[i].Sel), uint64(b.Seg[i].Sel))
		add(name+".base", 16, a.Seg[i].Base, b.Seg[i].Base)
	}
	add("cr0", 16, a.CR0, b.CR0)
	add("cr2", 16, a.CR2, b.CR2)
	add("cr3", 16, a.CR3, b.CR3)
	add("cr4", 16, a.CR4, b.CR4)
	add("efer", 16, a.EFER, b.EFER)
	add("cpl", 1, uint64(a.CPL), uint64(b.CPL))
	add("fsw", 4, uint64(a.X87.SW), uint64(b.X87.SW))
	for i := range a.X87.Reg {
		add(fmt.Sprintf("R%d", i), 16, a.X87.Reg[i].Sig, b.X87.Reg[i].Sig)
	}
	for i := range a.XMM {
		for k := range 4 {
			add(fmt.Sprintf("ymm%d[%d]", i, k), 16, little(a.XMM[i][8*k:8*k+8]), little(b.XMM[i][8*k:8*k+8]))
		}
	}
	add("mxcsr", 8, uint64(a.MXCSR), uint64(b.MXCSR))
	return append(list, ch.memory()...)
}

// memory lists the accesses.
func (ch *change) memory() (list []string) {
	for _, h := range ch.accesses {
		if h.Kind == cpu.StopRead {
			list = append(list, fmt.Sprintf("read   [%#x] %d bytes: %0*x", h.Addr, h.Size, 2*h.Size, h.Value))
			continue
		}
		before := "?"
		if v, ok := ch.oldValue(h.Addr, h.Size); ok {
			before = fmt.Sprintf("%0*x", 2*h.Size, v)
		}
		list = append(list, fmt.Sprintf("wrote  [%#x] %d bytes: %s -> %0*x", h.Addr, h.Size, before, 2*h.Size, h.Value))
	}
	return list
}

// flagChanges lists flags that were set (+) and cleared (-).
func flagChanges(before, after uint64) (s string) {
	for _, f := range flagBits {
		switch was, is := before&uint64(f.bit), after&uint64(f.bit); {
		case was == is:
		case is != 0:
			s += " +" + f.name
		default:
			s += " -" + f.name
		}
	}
	return s
}

// explainLast tells what the last instruction did. If it was not a single step, and the
// machine keeps its history, the instruction is executed once more.
func (d *Debugger) explainLast(ctx context.Context) error {
	if d.change == nil {
		if d.past == nil {
			return fmt.Errorf("step with s, then explain last tells what the instruction did")
		}
		if _, err := d.ReverseStep(ctx, 1); err != nil {
			return err
		}
		if _, err := d.stepOnce(ctx); err != nil {
			return err
		}
	}
	if d.change == nil {
		return fmt.Errorf("what the last instruction did is not known")
	}
	d.printf("%s\n%s", d.change.text, eachLine(d.change.lines(), "  "))
	return nil
}
