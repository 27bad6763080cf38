package trace

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/machine/debug/asm"
)

// maxSeen bounds the addresses remembered for in_asm.
const maxSeen = 1 << 20

// maxSame is how often a message of one kind is written before the rest is only counted.
const maxSame = 50

// A Log writes what -d asks for, one line per event. What a guest can repeat without end
// is written a limited number of times and then counted.
type Log struct {
	// Summary, if set, counts what the guest touched that nothing answers; Close writes
	// it when guest_errors or unimp is on.
	Summary func() map[string]uint64

	w     *bufio.Writer
	c     *cpu.CPU
	seen  map[uint64]bool
	times map[string]uint64
	unimp bool
}

// NewLog returns a log of c that shows nothing yet.
func NewLog(w io.Writer, c *cpu.CPU) *Log {
	return &Log{w: bufio.NewWriterSize(w, 1<<16), c: c, seen: map[uint64]bool{}, times: map[string]uint64{}}
}

// Enable adds an item of -d. It returns a hook for every instruction if the item needs
// one. Unknown items do nothing.
func (l *Log) Enable(item string) func(*cpu.Inst) {
	c := l.c
	switch item {
	case "int":
		c.OnInterrupt = func(v x86.Vector, kind cpu.EventKind) {
			l.printf("int    %v %v at %v, instruction %d\n", kind, v, c, c.Count())
		}
		c.OnFault = func(f cpu.Fault) {
			l.printf("fault  %v at %v, instruction %d\n", f, c, c.Count())
		}
	case "guest_errors", "unimp":
		if l.unimp {
			return nil
		}
		l.unimp = true
		before := c.OnUnknown
		c.OnUnknown = func(what string, n uint32) {
			if before != nil {
				before(what, n)
			}
			l.limited(fmt.Sprintf("unimp  %s %#x", what, n))
		}
	case "in_asm":
		return l.first
	case "exec":
		return l.exec
	}
	return nil
}

// Reset logs a reset of the machine.
func (l *Log) Reset() { l.printf("reset  at instruction %d\n", l.c.Count()) }

// first logs an instruction when its address is new.
func (l *Log) first(in *cpu.Inst) {
	addr := codeAddr(l.c, int(in.CodeSize)*8)
	if l.seen[addr] || len(l.seen) >= maxSeen {
		return
	}
	l.seen[addr] = true
	l.exec(in)
}

func (l *Log) exec(in *cpu.Inst) {
	bits := int(in.CodeSize) * 8
	l.printf("%s\n", asm.Line(codeAddr(l.c, bits), bits, in.Bytes[:in.Len], asm.Text(in, l.c.S.RIP)))
}

// limited writes a message unless it has been written often.
func (l *Log) limited(msg string) {
	l.times[msg]++
	if l.times[msg] <= maxSame && len(l.times) <= maxSeen {
		l.printf("%s at %v\n", msg, l.c)
	}
}

func (l *Log) printf(format string, args ...any) { fmt.Fprintf(l.w, format, args...) }

// Close writes what is pending and how much was left out. It does not close what is below.
func (l *Log) Close() error {
	for _, msg := range slices.Sorted(maps.Keys(l.times)) {
		if n := l.times[msg]; n > maxSame {
			l.printf("%s: %d times in all\n", msg, n)
		}
	}
	if l.unimp && l.Summary != nil {
		counts := l.Summary()
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			l.printf("guest  nothing answers %s: %d times in all\n", what, counts[what])
		}
	}
	return l.w.Flush()
}
