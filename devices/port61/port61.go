// Package port61 is System Control Port B of the PC AT, in later chipsets the NMI status
// and control register: the loudspeaker, the refresh toggle that software uses to measure
// microseconds, and the two board-level sources of an NMI.
//
//	off  bit  name    access  power-on  meaning
//	0    0    GATE2   RW      0         gate of counter 2 of the timer
//	0    1    SPKR    RW      0         1: OUT2 of the timer drives the loudspeaker
//	0    2    -SERR   RW      0         1: system errors are ignored, and bit 7 is cleared
//	0    3    -IOCHK  RW      0         1: channel checks are ignored, and bit 6 is cleared
//	0    4    REFRESH R       0         toggles with every memory refresh
//	0    5    OUT2    R       -         output of counter 2 of the timer
//	0    6    IOCHK   R       0         a channel check happened
//	0    7    SERR    R       0         a system (or parity) error happened
//
// Source: Intel 82371SB (PIIX3) data sheet, "NMISC—NMI Status and Control Register";
// IBM PC AT Technical Reference, "System Board I/O Ports".
//
// Not modelled: sound; parity errors of the memory, as there are none.
//
// Inaccuracies: the refresh toggle follows virtual time as if counter 1 always held the 18
// that the BIOS gives it, whatever a guest writes there.
package port61

import (
	"fmt"
	"math/bits"

	"github.com/glassbox-vm/glassbox/devices"
)

const (
	bitGATE2    = 1 << 0
	bitSPKR     = 1 << 1
	bitNoSERR   = 1 << 2
	bitNoIOCHK  = 1 << 3
	bitREFRESH  = 1 << 4
	bitOUT2     = 1 << 5
	bitIOCHK    = 1 << 6
	bitSERR     = 1 << 7
	maskControl = bitGATE2 | bitSPKR | bitNoSERR | bitNoIOCHK
)

// Memory is refreshed once per refreshCount periods of the timer's clock: 15.085 µs.
const (
	timerHz      = 1193182
	refreshCount = 18
)

// State is everything the chip remembers.
type State struct {
	Control uint8 // bits 3:0 as written
	Status  uint8 // latched bits 7 (SERR) and 6 (IOCHK)
}

// PowerOn is the state after power-on.
var PowerOn = State{}

// Pins are the wires of the chip. Lines that are nil are not connected.
type Pins struct {
	GATE2 devices.Line // to the timer
	SPKR  devices.Line // loudspeaker enable, to be ANDed with OUT2 by the board
	NMI   devices.Line // a level: bits 6 or 7 are set
	OUT2  func() bool  // the timer's output, sampled when the guest reads the port
}

// A Device is the port.
type Device struct {
	s     State
	pins  Pins
	clock devices.Clock
}

// New returns a device that drives nothing yet; the board calls Reset once all is wired.
func New(clock devices.Clock, pins Pins) *Device {
	for _, l := range []*devices.Line{&pins.GATE2, &pins.SPKR, &pins.NMI} {
		if *l == nil {
			*l = devices.NC
		}
	}
	if pins.OUT2 == nil {
		pins.OUT2 = func() bool { return false }
	}
	return &Device{pins: pins, clock: clock}
}

// Reset returns to the power-on state.
func (d *Device) Reset() { _ = d.Restore(PowerOn) }

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state and drives the lines to match it.
func (d *Device) Restore(s State) error {
	if s.Control&^maskControl != 0 || s.Status&^(bitIOCHK|bitSERR) != 0 {
		return fmt.Errorf("port61: impossible state: control %#02x, status %#02x", s.Control, s.Status)
	}
	d.s = s
	d.drive()
	return nil
}

// IOCHK reports a channel check (an error on an expansion card) when high.
func (d *Device) IOCHK(high bool) { d.latch(high, bitNoIOCHK, bitIOCHK) }

// SERR reports a system error (PCI SERR#, memory parity) when high.
func (d *Device) SERR(high bool) { d.latch(high, bitNoSERR, bitSERR) }

func (d *Device) latch(high bool, ignore, status uint8) {
	if high && d.s.Control&ignore == 0 {
		d.s.Status |= status
		d.drive()
	}
}

// In implements devices.Port.
func (d *Device) In(uint16) uint8 {
	v := d.s.Control | d.s.Status
	if refreshes(d.clock.Now())%2 != 0 {
		v |= bitREFRESH
	}
	if d.pins.OUT2() {
		v |= bitOUT2
	}
	return v
}

// Out implements devices.Port.
func (d *Device) Out(_ uint16, v uint8) {
	d.s.Control = v & maskControl
	if v&bitNoIOCHK != 0 {
		d.s.Status &^= bitIOCHK
	}
	if v&bitNoSERR != 0 {
		d.s.Status &^= bitSERR
	}
	d.drive()
}

func (d *Device) drive() {
	d.pins.GATE2(d.s.Control&bitGATE2 != 0)
	d.pins.SPKR(d.s.Control&bitSPKR != 0)
	d.pins.NMI(d.s.Status != 0)
}

// refreshes is the number of memory refreshes up to t, without drift.
func refreshes(t devices.Time) uint64 {
	hi, lo := bits.Mul64(uint64(max(t, 0)), timerHz)
	n, _ := bits.Div64(hi, lo, uint64(devices.Second)*refreshCount)
	return n
}
