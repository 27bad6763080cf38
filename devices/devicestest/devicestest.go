// Package devicestest plays the board for the tests of single chips: a clock that moves
// when told to, lines that remember what happened to them, and a flat memory for DMA.
package devicestest

import (
	"sort"

	"github.com/glassbox-vm/glassbox/devices"
)

// A Clock is virtual time under the test's control.
type Clock struct {
	now    devices.Time
	timers []*timer
}

type timer struct {
	clock *Clock
	order int
	at    devices.Time
	armed bool
	fire  func()
}

// Now implements devices.Clock.
func (c *Clock) Now() devices.Time { return c.now }

// NewTimer implements devices.Clock.
func (c *Clock) NewTimer(fire func()) devices.Timer {
	t := &timer{clock: c, order: len(c.timers), fire: fire}
	c.timers = append(c.timers, t)
	return t
}

func (t *timer) Set(at devices.Time) { t.at, t.armed = max(at, t.clock.now), true }
func (t *timer) Stop()               { t.armed = false }

// Next is the deadline of the earliest armed timer.
func (c *Clock) Next() (at devices.Time, ok bool) {
	if t := c.head(); t != nil {
		return t.at, true
	}
	return 0, false
}

// Advance moves time forward by d nanoseconds, firing what falls due on the way, each at
// its own time.
func (c *Clock) Advance(d devices.Time) { c.AdvanceTo(c.now + d) }

// AdvanceTo moves time forward to the moment end.
func (c *Clock) AdvanceTo(end devices.Time) {
	for t := c.head(); t != nil && t.at <= end; t = c.head() {
		c.now, t.armed = t.at, false
		t.fire()
	}
	c.now = end
}

func (c *Clock) head() *timer {
	armed := make([]*timer, 0, len(c.timers))
	for _, t := range c.timers {
		if t.armed {
			armed = append(armed, t)
		}
	}
	sort.Slice(armed, func(i, j int) bool {
		if armed[i].at != armed[j].at {
			return armed[i].at < armed[j].at
		}
		return armed[i].order < armed[j].order
	})
	if len(armed) == 0 {
		return nil
	}
	return armed[0]
}

// A Wire records what a chip drives onto a line.
type Wire struct {
	Level bool
	Rises int // transitions from low to high
	Falls int // transitions from high to low
}

// Drive is the devices.Line of the wire.
func (w *Wire) Drive(high bool) {
	switch {
	case high && !w.Level:
		w.Rises++
	case !high && w.Level:
		w.Falls++
	}
	w.Level = high
}

// RAM is a flat memory for DMA that starts at address 0.
type RAM []byte

// ReadDMA implements devices.DMA.
func (m RAM) ReadDMA(addr uint64, p []byte) {
	for i := range p {
		p[i] = 0xff
	}
	if addr < uint64(len(m)) {
		copy(p, m[addr:])
	}
}

// WriteDMA implements devices.DMA.
func (m RAM) WriteDMA(addr uint64, p []byte) {
	if addr < uint64(len(m)) {
		copy(m[addr:], p)
	}
}
