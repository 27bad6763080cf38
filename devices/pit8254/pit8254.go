// Package pit8254 is the 8254 programmable interval timer: three 16-bit counters.
//
//	off  access  meaning
//	0-2  RW      counter 0-2: the count, a latched count or a latched status
//	3    W       control word: program a counter, latch a count, read back
//
// The control word:
//
//	bit  name  meaning
//	7:6  SC    counter; 3: read-back command
//	5:4  RW    0: latch the count; 1: low byte; 2: high byte; 3: low, then high byte
//	3:1  M     mode 0-5; 6 and 7 mean 2 and 3
//	0    BCD   four decimal digits, else 16 bits
//
// Read this file (registers), then counter.go (what one CLK pulse does in each mode), then
// time.go (from virtual time to CLK pulses and back).
//
// Counters are brought up to date when somebody looks at them, in a number of steps that
// does not depend on how long ago that was. Only a counter whose OUT is connected keeps a
// timer, for the next edge of OUT.
//
// Source: Intel 8254 data sheet (231164).
//
// Not modelled: the data bus while WR is low, and CLK pins that are not at a steady rate.
//
// Inaccuracies: a count of 1 in modes 2 and 3, which the data sheet forbids, counts as 2.
// With counts below 8 in modes 2 and 3, the edges of OUT are reported in bunches of 8 CLK
// pulses, one pulse per bunch; the counter itself and OUT read back are exact.
package pit8254

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Hz is the frequency of CLK.
const Hz = 1193182

// Ports is the number of ports of the chip.
const Ports = 4

// Counters is the number of counters.
const Counters = 3

// State is everything the chip remembers.
type State struct {
	Counter [Counters]CounterState
}

// PowerOn is the state after power-on: nothing counts before it is programmed. The gates are
// pulled up until the board drives them.
var PowerOn = State{Counter: [Counters]CounterState{counterPowerOn, counterPowerOn, counterPowerOn}}

// A Device is the chip.
type Device struct {
	counters [Counters]counter
	clock    devices.Clock
}

// New returns a device that drives nothing yet; the board calls Reset once all is wired. out
// are the OUT pins; nil is not connected and costs no timer.
func New(clock devices.Clock, out [Counters]devices.Line) *Device {
	d := &Device{clock: clock}
	for i := range d.counters {
		c := &d.counters[i]
		c.s = counterPowerOn
		c.line = out[i]
		if c.line != nil {
			c.timer = clock.NewTimer(func() { d.expire(c) })
		}
	}
	return d
}

// Reset returns to the power-on state. The gates keep the levels they are driven to.
func (d *Device) Reset() {
	s := PowerOn
	for i := range s.Counter {
		s.Counter[i].Gate = d.counters[i].s.Gate
		s.Counter[i].Tick = tick(d.clock.Now())
	}
	_ = d.Restore(s)
}

// Save returns a copy of the state.
func (d *Device) Save() State {
	var s State
	for i := range d.counters {
		s.Counter[i] = d.counters[i].s
	}
	return s
}

// Restore replaces the state, drives the OUT lines to match it and sets the timers.
func (d *Device) Restore(s State) error {
	for i := range s.Counter {
		if err := s.Counter[i].check(); err != nil {
			return fmt.Errorf("pit8254: counter %d: %w", i, err)
		}
	}
	for i := range d.counters {
		c := &d.counters[i]
		c.s, c.rose, c.driven = s.Counter[i], false, s.Counter[i].Out
		if c.line != nil {
			c.line(c.driven)
			c.arm()
		}
	}
	return nil
}

// GATE is the gate of counter n (0-2) as a line.
func (d *Device) GATE(n int) devices.Line {
	c := &d.counters[n]
	return func(high bool) {
		if high == c.s.Gate {
			return
		}
		d.sync(c)
		c.gate(high)
		d.changed(c)
	}
}

// OUT is the level of the output of counter n (0-2) now.
func (d *Device) OUT(n int) bool {
	c := &d.counters[n]
	d.sync(c)
	d.changed(c)
	return c.s.Out
}

// In implements devices.Port. The control word cannot be read.
func (d *Device) In(off uint16) uint8 {
	if off&3 == 3 {
		return 0xff
	}
	c := &d.counters[off&3]
	d.sync(c)
	v := c.read()
	d.changed(c)
	return v
}

// Out implements devices.Port.
func (d *Device) Out(off uint16, v uint8) {
	if off&3 == 3 {
		d.control(v)
		return
	}
	c := &d.counters[off&3]
	d.sync(c)
	c.write(v)
	d.changed(c)
}

// control executes a control word.
func (d *Device) control(v uint8) {
	if v>>6 == 3 {
		d.readBack(v)
		return
	}
	c := &d.counters[v>>6]
	d.sync(c)
	if v>>4&3 == 0 {
		c.latchCount()
	} else {
		c.program(v)
	}
	d.changed(c)
}

// readBack latches counts (bit 5 clear) and statuses (bit 4 clear) of the counters in bits
// 3:1.
func (d *Device) readBack(v uint8) {
	for i := range d.counters {
		if v>>(i+1)&1 == 0 {
			continue
		}
		c := &d.counters[i]
		d.sync(c)
		if v&0x20 == 0 {
			c.latchCount()
		}
		if v&0x10 == 0 {
			c.latchStatus()
		}
		d.changed(c)
	}
}

// sync brings a counter up to now.
func (d *Device) sync(c *counter) {
	now := tick(d.clock.Now())
	if now > c.s.Tick {
		c.advance(now - c.s.Tick)
		c.s.Tick = now
	}
}

// changed reports what happened to OUT and sets the timer for what will.
func (d *Device) changed(c *counter) {
	if c.line == nil {
		c.rose = false
		return
	}
	c.drive()
	c.arm()
}

// expire is the timer of a counter.
func (d *Device) expire(c *counter) {
	d.sync(c)
	d.changed(c)
}
