package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/devices/disk"
)

// An Engine is a way to execute instructions. All leave the same state.
type Engine uint8

// Engines.
const (
	Fast  Engine = iota // blocks of specialised operations
	Plain               // one instruction after the other: the definition
	Check               // both side by side, compared; writes to drives are discarded
)

// Native says whether the fast engine makes machine code of the host of what the guest executes
// often. It does so on Linux on x86-64; elsewhere nothing depends on it. What the guest sees
// never does.
type Native uint8

// Values of Native.
const (
	NativeAuto   Native = iota // of blocks that are entered often, where the host allows it
	NativeOff                  // of none
	NativeAlways               // of every block: for tests
)

// setNative passes Config.Native on.
func (m *Machine) setNative() {
	switch m.cfg.Native {
	case NativeOff:
		m.cpu.SetNative(0)
	case NativeAlways:
		m.cpu.SetNative(1)
	}
}

// ErrDiverged is the error, wrapped, of a Check run in which the engines differ, and of a
// replay that differs from the recording.
var ErrDiverged = errors.New("the engines differ")

// execute runs the processor with the machine's engine.
func (m *Machine) execute(n int64) cpu.ExitReason {
	run := m.cpu.RunFast
	if m.cfg.Engine == Plain {
		run = m.cpu.Run
	}
	m.executing = true
	m.cpu.SetPatience(sliceLimit)
	_, reason := run(n)
	m.executing = false
	return reason
}

// checkSlice is the most instructions between two comparisons of the engines.
const checkSlice = 2000

// ramInterval is the number of comparisons between two comparisons of all of RAM.
const ramInterval = 50_000

// newTwin builds the machine that executes with the plain engine beside this one. Both
// get overlays, so that neither sees what the other writes to a drive.
func (m *Machine) newTwin() error {
	cfg := m.cfg
	cfg.Engine = Plain
	cfg.Serial, cfg.DebugCon = [4]writer{}, nil
	if cfg.Parallel != nil {
		cfg.Parallel = io.Discard
	}
	for i, d := range m.cfg.Drives {
		if d != nil && d.Image != nil {
			mine, other := *d, *d
			mine.Image, other.Image = disk.NewOverlay(d.Image), disk.NewOverlay(d.Image)
			m.cfg.Drives[i], cfg.Drives[i] = &mine, &other
		}
	}
	twin, err := New(cfg)
	if err != nil {
		return err
	}
	m.twin = twin
	m.journal = func(in Input) {
		twin.accept(in)
	}
	return nil
}

// follow runs the twin to the same moment and compares.
func (m *Machine) follow(ctx context.Context) error {
	t := m.twin
	for first := true; t.Count() < m.Count() || t.clock.Now() < m.clock.Now(); first = false {
		if !first { // the first time it did so together with this machine
			t.clock.fireDue()
		}
		_, done, err := t.slice(ctx, max(int64(m.Count()-t.Count()), 1))
		if done || err != nil {
			break
		}
	}
	m.compared++
	if err := m.compare(); err != nil {
		return err
	}
	if m.compared%ramInterval == 0 && !bytes.Equal(m.mem.RAM(), t.mem.RAM()) {
		return fmt.Errorf("%w in memory, before instruction %d", ErrDiverged, m.Count())
	}
	return nil
}

// compare looks for differences in the processor.
func (m *Machine) compare() error {
	if m.clock.skipped != m.twin.clock.skipped || m.turns.s != m.twin.turns.s {
		return fmt.Errorf("%w in time or in whose turn it is, before instruction %d", ErrDiverged, m.Count())
	}
	for i, c := range m.cpus {
		if i != int(m.turns.s.CPU) && m.compared%ramInterval != 0 {
			continue // it cannot have changed by itself
		}
		if a, b := c.Save(), m.twin.cpus[i].Save(); a != b {
			return fmt.Errorf("%w within the %d instructions before number %d, in processor %d:\n%s",
				ErrDiverged, checkSlice, m.Count(), i, difference(a, b))
		}
	}
	return nil
}

// difference lists the fields in which two states differ.
func difference(fast, plain cpu.Snapshot) string {
	var s bytes.Buffer
	x, y := reflect.ValueOf(fast), reflect.ValueOf(plain)
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			fmt.Fprintf(&s, "%s\n  fast  %x\n  plain %x\n", x.Type().Field(i).Name, x.Field(i).Interface(), y.Field(i).Interface())
		}
	}
	fmt.Fprintf(&s, "RIP fast %#x, plain %#x", fast.RIP, plain.RIP)
	return s.String()
}
