// Package lpt is a parallel port of the AT with a printer that is always ready: what is
// strobed goes to a function of the board.
//
//	off  bit  name     access  power-on  meaning
//	0    7:0  DATA     RW      00        data lines
//	1    7    BUSY#    R       1         0: busy
//	1    6    ACK#     R       1         0: pulses when a byte was taken
//	1    5    PE       R       0         out of paper
//	1    4    SLCT     R       1         printer is on line
//	1    3    ERR#     R       1
//	1    2:0           R       7
//	2    0    STROBE   RW      0         0→1: the printer takes DATA
//	2    1    AUTOFD   RW      0         kept
//	2    2    INIT#    RW      1         kept
//	2    3    SLIN     RW      1         the printer is selected; without it no byte is taken
//	2    4    IRQEN    RW      0         lets ACK# through to the interrupt
//	2    7:5           R       7
//
// Without a printer the status reads 7Fh, busy and with nothing at the other end.
//
// Source: IBM PC AT Technical Reference, "Serial/Parallel Adapter".
// Not modelled: bidirectional, EPP and ECP modes; the time a printer takes.
package lpt

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Ports is how many ports the chip has.
const Ports = 3

const (
	statusReady  = 0xdf
	statusAbsent = 0x7f

	bitStrobe   = 1 << 0
	bitSelect   = 1 << 3
	bitIRQ      = 1 << 4
	controlBits = 0x1f
	controlOnes = 0xe0
)

// State is everything the port remembers.
type State struct {
	Data, Control uint8
}

// PowerOn is the state after power-on.
var PowerOn = State{Control: 0x0c}

// Config is what the board connects.
type Config struct {
	IRQ   devices.Line // pulses when a byte was taken; nil is not connected
	Print func(b byte) // nil: there is no printer
}

// A Device is a parallel port.
type Device struct {
	s State
	c Config
}

// New returns a port.
func New(c Config) *Device {
	if c.IRQ == nil {
		c.IRQ = devices.NC
	}
	return &Device{s: PowerOn, c: c}
}

// Reset returns to the power-on state.
func (d *Device) Reset() { d.s = PowerOn }

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state; it prints nothing.
func (d *Device) Restore(s State) error {
	if s.Control&^controlBits != 0 {
		return fmt.Errorf("lpt: control cannot be %#02x", s.Control)
	}
	d.s = s
	return nil
}

// In implements devices.Port.
func (d *Device) In(off uint16) uint8 {
	switch off {
	case 0:
		return d.s.Data
	case 1:
		if d.c.Print == nil {
			return statusAbsent
		}
		return statusReady
	case 2:
		return d.s.Control | controlOnes
	}
	return 0xff
}

// Out implements devices.Port.
func (d *Device) Out(off uint16, v uint8) {
	switch off {
	case 0:
		d.s.Data = v
	case 2:
		rose := v &^ d.s.Control & bitStrobe
		d.s.Control = v & controlBits
		if rose == 0 || d.c.Print == nil || v&bitSelect == 0 {
			return
		}
		d.c.Print(d.s.Data)
		if v&bitIRQ != 0 {
			d.c.IRQ(true)
			d.c.IRQ(false)
		}
	}
}
