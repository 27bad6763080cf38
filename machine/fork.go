package machine

import (
	"fmt"
	"io"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// ForkOptions says where the output of a fork goes.
type ForkOptions struct {
	Serial   [4]io.Writer // nil discards
	DebugCon io.Writer    // nil discards
}

// Fork makes a second machine in the same state. It shares memory with the first until
// one of the two writes to it, and what overlays hold of the disks, so it takes little
// time and memory; on hosts other than Linux all memory is copied. Drives must be
// read-only or overlays (snapshot=on). Call it between calls of Run.
//
// Afterwards the two have nothing to do with each other: they may run in parallel, be
// forked again and be closed in any order. Only the images below overlays stay the
// caller's and must outlive both. Input that was sent and not taken yet stays with the
// first machine.
func (m *Machine) Fork(opt ForkOptions) (*Machine, error) {
	cfg := m.cfg
	cfg.Serial, cfg.DebugCon = opt.Serial, opt.DebugCon
	if cfg.Parallel != nil {
		cfg.Parallel = io.Discard
	}
	if cfg.Engine == Check {
		cfg.Engine = Fast
	}
	for i, d := range m.cfg.Drives {
		o, err := m.overlay(i)
		if err != nil {
			return nil, fmt.Errorf("fork: %w", err)
		}
		if o != nil {
			f, err := m.forkOverlay(i, o)
			if err != nil {
				return nil, fmt.Errorf("fork: %w", err)
			}
			cfg.Drives[i] = &Drive{Image: f, Serial: d.Serial, CDROM: d.CDROM}
		} else if d != nil && d.Image != nil { // never written: an overlay only keeps Close away from it
			cfg.Drives[i] = &Drive{Image: readOnly{d.Image}, Serial: d.Serial, CDROM: d.CDROM}
		}
	}
	if m.inPast() {
		caches := m.caches()
		defer m.setCaches(caches)
	}
	m.forgetTranslations()
	f := &Machine{cfg: cfg, unknown: map[string]uint64{}, resets: m.resets, parent: m}
	f.inbox.wake = make(chan struct{}, 1)
	if err := f.build(); err != nil {
		f.Close()
		return nil, fmt.Errorf("fork: %w", err)
	}
	f.parent = nil
	if err := f.setStates(m.states()); err != nil {
		f.Close()
		return nil, fmt.Errorf("fork: %w", err)
	}
	return f, nil
}

// states returns copies of the states of all parts, in order.
func (m *Machine) states() []any {
	var s []any
	for _, p := range m.parts() {
		s = append(s, p.save())
	}
	return s
}

// newMemory makes the memory of a machine that is being built.
func (m *Machine) newMemory() (*phys.Memory, error) {
	if m.parent != nil {
		return m.parent.mem.Fork()
	}
	return phys.New(m.cfg.Memory)
}

// readOnly is an image that somebody else closes.
type readOnly struct{ disk.Image }

// Close implements disk.Image.
func (readOnly) Close() error { return nil }
