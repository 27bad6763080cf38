// Package post80 is the diagnostic latch at port 80h: firmware writes the number of the
// power-on self-test step it has come to, and a card with two digits shows it. Operating
// systems write to it as well, to let a little time pass.
//
//	off  bit  name  access  power-on  meaning
//	0    7:0  CODE  RW      0         the last code written
//
// Source: IBM PC AT Technical Reference, "Power-On Self-Test"; the port is the page register
// of no DMA channel (82C206 data sheet) and reads back what was written.
//
// Not modelled: the card and its digits; "info post80" of the monitor has the code.
package post80

// State is everything the chip remembers.
type State struct {
	Code uint8
}

// PowerOn is the state after power-on.
var PowerOn = State{Code: 0}

// A Device is the latch.
type Device struct {
	s    State
	show func(code uint8)
}

// New returns the latch. show, if not nil, is called with every code written.
func New(show func(code uint8)) *Device { return &Device{s: PowerOn, show: show} }

// Reset returns to the power-on state.
func (d *Device) Reset() { _ = d.Restore(PowerOn) }

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state. Every State is possible, so the error is always nil.
func (d *Device) Restore(s State) error {
	d.s = s
	return nil
}

// In implements devices.Port.
func (d *Device) In(uint16) uint8 { return d.s.Code }

// Out implements devices.Port.
func (d *Device) Out(_ uint16, v uint8) {
	d.s.Code = v
	if d.show != nil {
		d.show(v)
	}
}
