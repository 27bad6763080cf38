// Package ioapic is the Intel 82093AA I/O APIC: 24 interrupt inputs, each with an entry
// that says which processors get it, as which vector and how.
//
// Two registers are in memory; what the first selects appears in the second:
//
//	off  name      access  power-on  meaning
//	00   IOREGSEL  RW      0         7:0 index
//	10   IOWIN     RW      -         the register at the index
//	40   -         -       -         (an EOI register from version 20h on; not here)
//
//	index  name      access  power-on          meaning
//	00     IOAPICID  RW      0                 27:24 ID
//	01     IOAPICVER R       00170011          23:16 last entry, 7:0 version
//	02     IOAPICARB R       0                 27:24 arbitration ID: the ID
//	10-3F  IOREDTBL  RW      00000000 00010000 low and high half of entry 0…23
//
// An entry: 7:0 vector, 10:8 delivery mode, 11 logical destination, 12 delivery status,
// 13 active low, 14 remote IRR, 15 level-triggered, 16 masked, 63:56 destination.
//
// Source: Intel 82093AA I/O Advanced Programmable Interrupt Controller (IOAPIC) data sheet.
//
// Not modelled: the serial bus between APICs, with its arbitration.
//
// Inaccuracies: messages arrive at once, so the delivery status is always idle. The board
// drives lines with their meaning, active or not, so polarity has no effect.
package ioapic

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Pins is the number of interrupt inputs.
const Pins = 24

// Size of the registers in bytes, and DefaultBase, where they are on a PC.
const (
	Size        = 0x1000
	DefaultBase = 0xfec00000
)

// Version is the number that IOAPICVER has.
const Version = 0x11

// Bits of an entry.
const (
	entLogical   = 1 << 11
	entRemoteIRR = 1 << 14
	entLevel     = 1 << 15
	entMasked    = 1 << 16
	entWritable  = 0xff<<56 | 0x1afff
)

// Registers by index.
const (
	regID       = 0x00
	regVersion  = 0x01
	regArb      = 0x02
	regTable    = 0x10
	regTableEnd = regTable + 2*Pins
)

// State is everything the chip remembers.
type State struct {
	Select uint8
	ID     uint8        // 4 bits
	Table  [Pins]uint64 // IOREDTBL
	Lines  uint32       // levels of the inputs
}

// PowerOn is the state after power-on.
var PowerOn = powerOn()

func powerOn() (s State) {
	for i := range s.Table {
		s.Table[i] = entMasked
	}
	return s
}

// A Device is the chip.
type Device struct {
	s    State
	send func(addr uint64, data uint32)
}

// New returns a device that sends interrupts as messages to local APICs: address and data
// have the form of message signalled interrupts.
func New(send func(addr uint64, data uint32)) *Device { return &Device{s: PowerOn, send: send} }

// Reset returns to the power-on state. The inputs keep the levels they are driven to.
func (d *Device) Reset() {
	s := PowerOn
	s.Lines = d.s.Lines
	d.s = s
}

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state. It sends nothing: what was sent before is at its destination.
func (d *Device) Restore(s State) error {
	if s.ID > 15 || s.Lines>>Pins != 0 {
		return fmt.Errorf("ioapic: ID %#x or lines %#x do not exist", s.ID, s.Lines)
	}
	for i, e := range s.Table {
		if e&^(entWritable|entRemoteIRR) != 0 {
			return fmt.Errorf("ioapic: entry %d, %#x, has reserved bits set", i, e)
		}
	}
	d.s = s
	return nil
}

// IRQ is input n as a line.
func (d *Device) IRQ(n int) devices.Line { return func(high bool) { d.SetIRQ(n, high) } }

// SetIRQ drives input n.
func (d *Device) SetIRQ(n int, high bool) {
	bit := uint32(1) << n
	rose := high && d.s.Lines&bit == 0
	d.s.Lines &^= bit
	if high {
		d.s.Lines |= bit
	}
	switch e := d.s.Table[n]; {
	case e&entMasked != 0: // an edge is lost
	case e&entLevel != 0:
		d.level(n)
	case rose:
		d.deliver(e)
	}
}

// level delivers a level-triggered input that is active, unless it was and no end of
// interrupt has come yet.
func (d *Device) level(n int) {
	e := &d.s.Table[n]
	if *e&(entMasked|entLevel|entRemoteIRR) != entLevel || d.s.Lines>>n&1 == 0 {
		return
	}
	if mode := *e >> 8 & 7; mode <= 1 { // fixed or lowest priority
		*e |= entRemoteIRR
	}
	d.deliver(*e)
}

// deliver sends the message of an entry.
func (d *Device) deliver(e uint64) {
	addr := uint64(0xfee00000) | e>>56<<12
	if e&entLogical != 0 {
		addr |= 1 << 2
	}
	const trigger, assert = 1 << 15, 1 << 14
	data := uint32(e) & (0x7ff | trigger)
	d.send(addr, data|assert)
}

// EOI is the end of a level-triggered interrupt at a local APIC: every entry of that vector
// may deliver again.
func (d *Device) EOI(vector uint8) {
	for n := range d.s.Table {
		if e := &d.s.Table[n]; uint8(*e) == vector && *e&entRemoteIRR != 0 {
			*e &^= entRemoteIRR
			d.level(n)
		}
	}
}

// ReadMMIO implements devices.MMIO.
func (d *Device) ReadMMIO(off uint64, _ int) uint64 {
	switch off {
	case 0x00:
		return uint64(d.s.Select)
	case 0x10:
		return uint64(d.read(d.s.Select))
	}
	return 0
}

// WriteMMIO implements devices.MMIO.
func (d *Device) WriteMMIO(off uint64, _ int, v uint64) {
	switch off {
	case 0x00:
		d.s.Select = uint8(v)
	case 0x10:
		d.write(d.s.Select, uint32(v))
	}
}

func (d *Device) read(i uint8) uint32 {
	switch {
	case i == regID, i == regArb:
		return uint32(d.s.ID) << 24
	case i == regVersion:
		return (Pins-1)<<16 | Version
	case i >= regTable && i < regTableEnd:
		return uint32(d.s.Table[(i-regTable)/2] >> (32 * (i & 1)))
	}
	return 0
}

func (d *Device) write(i uint8, v uint32) {
	switch {
	case i == regID:
		d.s.ID = uint8(v>>24) & 15
	case i >= regTable && i < regTableEnd:
		n := int(i-regTable) / 2
		e := &d.s.Table[n]
		shift := 32 * (i & 1)
		mask := uint64(entWritable) & (0xffffffff << shift)
		*e = *e&^mask | uint64(v)<<shift&mask
		if *e&entLevel == 0 {
			*e &^= entRemoteIRR // so software clears it without an EOI register
		}
		d.level(n)
	}
}
