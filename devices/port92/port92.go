// Package port92 is System Control Port A of the PS/2 and later boards: the fast way
// to open the A20 gate and to reset the CPU.
//
//	off  bit  name  access  power-on  meaning
//	0    0    INIT  RW      0         0→1 asks the board for a CPU reset
//	0    1    A20   RW      0         1: this port lets address line 20 through
//	0    7:2  -     RW      0         kept, no effect
//
// Source: IBM PS/2 Hardware Interface Technical Reference, "System Control Port A".
// Not modelled: disk lamp (7:6), watchdog status (4), password lock (3).
package port92

import "github.com/glassbox-vm/glassbox/devices"

const (
	bitINIT = 1 << 0
	bitA20  = 1 << 1
)

// State is everything the chip remembers.
type State struct {
	Control uint8
}

// PowerOn is the state after power-on.
var PowerOn = State{Control: 0}

// A Device drives two lines: a20 is a level, init pulses on its rising edge.
type Device struct {
	s    State
	a20  devices.Line
	init devices.Line
}

// New returns a device that drives nothing yet; the board calls Reset once all is wired.
func New(a20, init devices.Line) *Device {
	return &Device{a20: a20, init: init}
}

// Reset returns to the power-on state.
func (d *Device) Reset() { _ = d.Restore(PowerOn) }

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state and drives the level outputs to match it. It never pulses
// init: loading a snapshot must not reset the CPU. Every State is possible, so the error
// is always nil.
func (d *Device) Restore(s State) error {
	d.s = s
	d.a20(s.Control&bitA20 != 0)
	return nil
}

// In implements devices.Port.
func (d *Device) In(uint16) uint8 { return d.s.Control }

// Out implements devices.Port.
func (d *Device) Out(_ uint16, v uint8) {
	rose := v &^ d.s.Control
	d.s.Control = v
	d.a20(v&bitA20 != 0)
	if rose&bitINIT != 0 {
		d.init(true)
		d.init(false)
	}
}
