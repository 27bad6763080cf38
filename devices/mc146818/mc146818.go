// Package mc146818 is the MC146818A real-time clock with the 128 bytes of battery-backed
// memory ("CMOS") that it has in a PC.
//
//	off  bit  access  meaning
//	0    6:0  W       index of the byte that offset 1 accesses
//	0    7    W       1: NMI is masked
//	1    7:0  RW      the byte
//
// The bytes:
//
//	index    meaning
//	00,02,04 seconds, minutes, hours       01,03,05  the alarm's; C0h-FFh is any
//	06-09    day of the week (1 = Sunday), day, month, year
//	0A       A: 7 UIP (R), 6:4 DV divider, 3:0 RS periodic rate
//	0B       B: 7 SET, 6 PIE, 5 AIE, 4 UIE, 3 SQWE, 2 DM binary, 1 24 hours, 0 DSE
//	0C       C: 7 IRQF, 6 PF, 5 AF, 4 UF; reading clears it (R)
//	0D       D: 7 VRT, the contents are valid (R)
//	0E-31    memory
//	32       century, in the format of the year
//	33-7F    memory
//
// Read this file (pins and registers), then time.go (what passes while nobody looks), then
// calendar.go (bytes and dates).
//
// The chip is brought up to date when somebody looks. It keeps a timer only while an
// interrupt is enabled and its line is low.
//
// Source: Motorola MC146818A data sheet; Intel 82371SB (PIIX3) data sheet, "Real Time Clock".
//
// Inaccuracies: during an update cycle (UIP) the bytes still read as before it. Leap years
// follow the calendar, not the last two digits. Bytes that hold no date are brought to the
// nearest one by the next update. The century is counted, as in chipsets, though the plain
// part has none. The clock stands still unless DV selects the 32.768 kHz of the PC's crystal.
//
// Not modelled: the square wave output (SQW is not connected in a PC), daylight saving (DSE).
package mc146818

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Ports is the number of ports of the chip.
const Ports = 2

// Size is the number of bytes behind the index.
const Size = 128

// Indexes of the bytes that are not memory.
const (
	regSeconds = iota
	regSecondsAlarm
	regMinutes
	regMinutesAlarm
	regHours
	regHoursAlarm
	regWeekday
	regDay
	regMonth
	regYear
	regA
	regB
	regC
	regD
	regCentury = 0x32
)

const (
	aUIP    = 1 << 7
	aDV     = 7 << 4
	aDV32k  = 2 << 4 // time base of 32.768 kHz
	aRS     = 15
	bSET    = 1 << 7
	bPIE    = 1 << 6
	bAIE    = 1 << 5
	bUIE    = 1 << 4
	bSQWE   = 1 << 3
	bDM     = 1 << 2
	b24     = 1 << 1
	cIRQF   = 1 << 7
	cPF     = 1 << 6
	cAF     = 1 << 5
	cUF     = 1 << 4
	cFlags  = cPF | cAF | cUF
	dVRT    = 1 << 7
	nmiMask = 1 << 7 // of the index
)

// State is everything the chip remembers.
type State struct {
	Bytes [Size]uint8 // C without IRQF, D as zero
	Index uint8       // as written, with the NMI mask in bit 7

	// Updated is the moment of the last update, or, while the divider stands still, any.
	Updated devices.Time
	// Periodic is the moment up to which periodic events are in PF.
	Periodic devices.Time
}

// Config is what the board decides.
type Config struct {
	IRQ     devices.Line // interrupt request, a level; nil is not connected
	NMIMask devices.Line // high: NMI is masked; nil is not connected

	// Start is the date and time that the clock shows when it is made, in seconds since
	// 1970 (UTC, or local time if the guest expects that).
	Start int64
}

// A Device is the chip.
type Device struct {
	s     State
	cfg   Config
	clock devices.Clock
	timer devices.Timer
}

// New returns a clock that runs, in BCD and 24 hours, with memory all zero. It drives nothing
// yet; the board calls Reset once all is wired.
func New(clock devices.Clock, cfg Config) *Device {
	for _, l := range []*devices.Line{&cfg.IRQ, &cfg.NMIMask} {
		if *l == nil {
			*l = devices.NC
		}
	}
	d := &Device{cfg: cfg, clock: clock}
	d.timer = clock.NewTimer(d.changed)
	d.s = PowerOn(cfg.Start, clock.Now())
	return d
}

// PowerOn is the state of a clock whose battery never failed and that shows start, in seconds
// since 1970, at the moment now.
func PowerOn(start int64, now devices.Time) State {
	s := State{Updated: now, Periodic: now}
	s.Bytes[regA] = aDV32k | 6 // 1024 Hz, as the BIOS sets it
	s.Bytes[regB] = b24
	s.setDate(dateAt(start))
	return s
}

// Reset is the RESET pin: interrupts are disabled and their flags cleared. Time and memory
// stay, as the battery keeps them.
func (d *Device) Reset() {
	d.sync()
	d.s.Bytes[regB] &^= bPIE | bAIE | bUIE | bSQWE
	d.s.Bytes[regC] = 0
	d.s.Index = 0
	d.cfg.NMIMask(false)
	d.changed()
}

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state, drives the lines to match it and sets the timer.
func (d *Device) Restore(s State) error {
	switch {
	case s.Updated < -devices.Second || s.Updated > 1<<62:
		return fmt.Errorf("mc146818: time of the last update, %d, is out of range", s.Updated)
	case s.Periodic < 0 || s.Periodic > 1<<62:
		return fmt.Errorf("mc146818: time of the periodic event, %d, is out of range", s.Periodic)
	case s.Bytes[regA]&aUIP != 0 || s.Bytes[regC]&^cFlags != 0 || s.Bytes[regD] != 0:
		return fmt.Errorf("mc146818: impossible registers % x", s.Bytes[regA:regD+1])
	}
	d.s = s
	d.cfg.NMIMask(s.Index&nmiMask != 0)
	d.drive()
	return nil
}

// CMOS reads byte i (modulo 128) for the board, without side effects.
func (d *Device) CMOS(i uint8) uint8 {
	d.sync()
	return d.s.Bytes[i%Size]
}

// SetCMOS sets byte i of the memory for the board: memory size, boot order, checksum. The
// clock and its registers, 00h-0Dh and 32h, are left alone.
func (d *Device) SetCMOS(i, v uint8) {
	if i %= Size; i > regD && i != regCentury {
		d.s.Bytes[i] = v
	}
}

// In implements devices.Port. The index cannot be read.
func (d *Device) In(off uint16) uint8 {
	if off&1 == 0 {
		return 0xff
	}
	d.sync()
	i := d.s.Index &^ nmiMask
	switch i {
	case regA:
		return d.s.Bytes[regA] | d.uip()
	case regC:
		v := d.s.Bytes[regC] | d.irqf()
		d.s.Bytes[regC] = 0
		d.changed()
		return v
	case regD:
		return dVRT
	}
	return d.s.Bytes[i]
}

// Out implements devices.Port.
func (d *Device) Out(off uint16, v uint8) {
	if off&1 == 0 {
		d.s.Index = v
		d.cfg.NMIMask(v&nmiMask != 0)
		return
	}
	d.sync()
	switch i := d.s.Index &^ nmiMask; i {
	case regA:
		d.outA(v &^ aUIP)
	case regB:
		if v&bSET != 0 {
			v &^= bUIE
		}
		d.s.Bytes[regB] = v
	case regC, regD: // read only
	default:
		d.s.Bytes[i] = v
	}
	d.changed()
}

// outA sets the divider and the periodic rate. When the divider is let go, the first update
// comes half a second later.
func (d *Device) outA(v uint8) {
	now := d.clock.Now()
	stood := !d.s.running()
	d.s.Bytes[regA] = v
	d.s.Periodic = now
	if stood && d.s.running() {
		d.s.Updated = now - devices.Second/2
	}
}

// irqf is IRQF of register C: an enabled event has happened. The bits of C and B match.
func (d *Device) irqf() uint8 {
	if d.s.Bytes[regC]&d.s.Bytes[regB]&cFlags != 0 {
		return cIRQF
	}
	return 0
}

// changed brings all up to date and drives what follows from it. It is the timer, too.
func (d *Device) changed() {
	d.sync()
	d.drive()
}

// drive drives the request and sets the timer for the next enabled event. While a request is
// pending none is needed: the line cannot rise again before register C is read.
func (d *Device) drive() {
	pending := d.irqf() != 0
	d.cfg.IRQ(pending)
	if at, ok := d.next(); ok && !pending {
		d.timer.Set(at)
	} else {
		d.timer.Stop()
	}
}
