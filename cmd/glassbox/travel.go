package main

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/monitor"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/opt"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/debug"
)

// A travelMode is the value of --time-travel.
type travelMode struct {
	on     bool
	budget int // bytes; 0 is the default
}

// Set implements flag.Value.
func (m *travelMode) Set(s string) error {
	switch s {
	case "true":
		m.on = true
		return nil
	case "false":
		*m = travelMode{}
		return nil
	}
	n, err := opt.Size(s, 1<<20)
	if err != nil || n < 16<<20 || n > 1<<40 {
		return fmt.Errorf("--time-travel or --time-travel=MEMORY, at least 16M, not %q", s)
	}
	m.on, m.budget = true, int(n)
	return nil
}

func (m *travelMode) String() string { return "" }

// IsBoolFlag makes the value optional.
func (m *travelMode) IsBoolFlag() bool { return true }

// startHistory does what --time-travel asks for.
func (s *session) startHistory() error {
	if !s.travel.on {
		return nil
	}
	_, err := s.m.StartTimeline(machine.TimelineOptions{Budget: s.travel.budget})
	return err
}

var _ monitor.Traveller = (*target)(nil)

// Past implements monitor.Traveller.
func (t *target) Past() *machine.Timeline { return t.s.m.Timeline() }

// Debugger implements monitor.Traveller.
func (t *target) Debugger() *debug.Debugger {
	d := debug.New(t.s.m, t.s.m.Timeline())
	d.Still = true
	return d
}
