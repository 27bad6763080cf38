package machine

import (
	"errors"
	"fmt"
	"math"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Several processors run in turn on one thread, so that a run is the same run every time:
// each executes up to a quantum of instructions, then the next that is not asleep. One
// instruction of whichever processor takes 4 ns of virtual time. The position in a run is
// one number, Count: the instructions that all processors together have executed.

// MaxCPUs is the most processors a machine can have: APIC IDs of 8 bits, without the one
// that addresses all.
const MaxCPUs = 255

// DefaultQuantum is the number of instructions that a processor executes before it is the
// turn of the next.
const DefaultQuantum = 20_000

// makeCPUs makes the processors. The first is the one that boots; the others wait for a
// start-up message.
func (m *Machine) makeCPUs() error {
	model, err := cpu.NewModel(m.cfg.CPU)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	t := cpu.Topology{Cores: m.cfg.Cores, Threads: m.cfg.Threads}
	if last := t.APICID(m.cfg.CPUs - 1); last >= MaxCPUs {
		return fmt.Errorf("%w: %d processors in packages of %d cores and %d threads need APIC IDs up to %d; at most %d",
			ErrConfig, m.cfg.CPUs, t.Cores, t.Threads, last, MaxCPUs-1)
	}
	b := m.board
	for i := range m.cfg.CPUs {
		c, err := cpu.New(model, b.mem)
		if err != nil {
			return fmt.Errorf("processor state: %w", err)
		}
		if i > 0 {
			c.Join(b.cpus[0], uint8(t.APICID(i)))
		}
		if m.cfg.CPUs > 1 {
			c.OnPause = b.yield
		}
		c.Topology = t
		b.cpus = append(b.cpus, c)
	}
	b.cpu = b.cpus[0]
	m.setNative()
	return nil
}

// Count is the number of instructions executed since power-on, by all processors together:
// the one position in a run that everything refers to. It is exact at any time.
func (b *board) Count() uint64 { return b.others + b.cpu.Count() }

// CPUs are all processors, the one that boots first. The slice must not be changed.
func (b *board) CPUs() []*cpu.CPU { return b.cpus }

// limit shortens the run of the present processor.
func (b *board) limit(n int64) { b.cpu.Limit(n) }

// turns says whose turn it is, and for how long.
type turns struct {
	b       *board
	quantum uint32
	s       turnState
}

// turnState is what turns remembers.
type turnState struct {
	CPU  uint8  // index of the processor whose turn it is
	Left uint32 // instructions left of its quantum
}

// Save returns a copy of the state.
func (t *turns) Save() turnState { return t.s }

// Restore replaces the state. The processors must have been restored before.
func (t *turns) Restore(s turnState) error {
	if int(s.CPU) >= len(t.b.cpus) || s.Left > t.quantum {
		return errors.New("turns: there is no such processor, or its quantum is too long")
	}
	t.give(int(s.CPU))
	t.s.Left = s.Left
	return nil
}

// Reset gives the first processor its turn.
func (t *turns) Reset() { t.give(0) }

// give makes it the turn of processor i.
func (t *turns) give(i int) {
	b := t.b
	t.s = turnState{CPU: uint8(i), Left: t.quantum}
	b.cpu = b.cpus[i]
	b.others = 0
	for _, c := range b.cpus {
		if c != b.cpu {
			b.others += c.Count()
		}
	}
	b.mapAPIC()
}

// yield is the guest waiting in a loop: the turn ends if another processor has something to
// do.
func (b *board) yield() {
	for i, c := range b.cpus {
		if i != int(b.turns.s.CPU) && !c.Asleep() {
			b.turns.s.Left = 0
			b.cpu.RequestStop()
			return
		}
	}
}

// pass gives the turn to the next processor that is not asleep. It says no if there is
// none but the present one, which gets a new quantum: always, because how often an idle
// machine is looked at depends on the host.
func (t *turns) pass() bool {
	n := len(t.b.cpus)
	for k := 1; k < n; k++ {
		if i := (int(t.s.CPU) + k) % n; !t.b.cpus[i].Asleep() {
			t.give(i)
			return true
		}
	}
	t.s.Left = t.quantum
	return false
}

// begin decides who executes now, and for at most how many instructions.
func (t *turns) begin() (left int64) {
	if len(t.b.cpus) == 1 {
		return math.MaxInt64
	}
	if t.s.Left == 0 || t.b.cpu.Asleep() {
		t.pass()
	}
	return int64(t.s.Left)
}

// used takes n instructions off the quantum.
func (t *turns) used(n uint64) {
	if len(t.b.cpus) > 1 {
		t.s.Left -= uint32(min(n, uint64(t.s.Left)))
	}
}

// wakeable says whether an interrupt could still wake a processor.
func (b *board) wakeable() bool {
	for _, c := range b.cpus {
		if c.Activity == cpu.Waiting || c.Activity != cpu.WaitSIPI && c.Flags()&x86.FlagIF != 0 {
			return true
		}
	}
	return false
}

// watchedWrite tells the processors of a store to a page with code, or with a line that one
// of them waits for. Going back to another state stores nothing.
func (b *board) watchedWrite(off uint64, n int) {
	b.cpus[0].CodeWritten(off, n) // they have one code cache
	if b.restoring {
		return
	}
	for _, c := range b.cpus {
		c.Stored(off, n)
	}
}

// flushTLBs makes all processors forget all translations.
func (b *board) flushTLBs() {
	for _, c := range b.cpus {
		c.MMU.Flush()
	}
}

// dropPages makes all processors ask before they write to the pages of a range of the
// backing again.
func (b *board) dropPages(off, size uint64) {
	for _, c := range b.cpus {
		c.MMU.DropPages(off, size)
	}
}
