// Package trace writes what the processor does: one line per instruction for --trace, and
// the log of -d. Both hang on the processor's hooks.
package trace

import (
	"bufio"
	"fmt"
	"io"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/machine/debug/asm"
)

// A Writer writes one line per instruction: address, bytes, disassembly and the registers
// it changed. An instruction that faults has a line too; what its exception changes is
// shown with it.
type Writer struct {
	w    *bufio.Writer
	c    *cpu.CPU
	have bool // a line awaits the registers
	head string
	r    [16]uint64
	fl   uint64
	seg  [6]uint16
	cr   [3]uint64
}

// New returns a Writer for the instructions of c. Attach Inst to c.OnInst, and call Close
// at the end.
func New(w io.Writer, c *cpu.CPU) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, 1<<16), c: c}
}

// Inst takes the instruction that is about to run.
func (t *Writer) Inst(in *cpu.Inst) {
	t.finish()
	c := t.c
	bits := int(in.CodeSize) * 8
	t.head = asm.Line(codeAddr(c, bits), bits, in.Bytes[:in.Len], asm.Text(in, c.S.RIP))
	if in.Bad != x86.NoReason {
		t.head += "(bad)"
	}
	t.have = true
	copy(t.r[:], c.S.R[:16])
	t.fl, t.cr = c.S.RFLAGS, [3]uint64{c.CR0, c.CR3, c.CR4}
	for i, s := range c.Seg {
		t.seg[i] = s.Sel
	}
}

func codeAddr(c *cpu.CPU, bits int) uint64 {
	if bits == 64 {
		return c.S.RIP
	}
	return uint64(uint32(c.S.R[cpu.RegSeg+int(x86.CS)] + c.S.RIP))
}

// names are the general registers, for 64-bit code.
var names = [16]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

// finish completes the line of the last instruction with what has changed.
func (t *Writer) finish() {
	if !t.have {
		return
	}
	t.have = false
	c := t.c
	sep := func() { fmt.Fprint(t.w, " ") }
	fmt.Fprintf(t.w, "%-84s", t.head)
	for i, old := range t.r {
		if v := c.S.R[i]; v != old {
			sep()
			fmt.Fprintf(t.w, "%s=%x", names[i], v)
		}
	}
	if c.S.RFLAGS != t.fl {
		sep()
		fmt.Fprintf(t.w, "rflags=%x", c.S.RFLAGS)
	}
	for i, s := range c.Seg {
		if s.Sel != t.seg[i] {
			sep()
			fmt.Fprintf(t.w, "%v=%x", x86.Seg(i), s.Sel)
		}
	}
	for i, v := range [3]uint64{c.CR0, c.CR3, c.CR4} {
		if v != t.cr[i] {
			sep()
			fmt.Fprintf(t.w, "%s=%x", [3]string{"cr0", "cr3", "cr4"}[i], v)
		}
	}
	fmt.Fprintln(t.w)
}

// Close writes what is pending. It does not close what is below.
func (t *Writer) Close() error {
	t.finish()
	return t.w.Flush()
}
