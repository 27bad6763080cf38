// Package piix4pm is the power management of the 82371AB PCI ISA IDE Xcelerator (PIIX4), as
// far as ACPI uses it: function 3 of device 1 on the PCI bus. Boards that otherwise have a
// PIIX3 carry it too, because every ACPI system knows it.
//
// # Configuration space
//
//	off      name       power-on  writable  meaning
//	00h–03h  VID/DID    8086/7113 -         82371AB, function 3
//	09h–0Bh  CLASSC     068000h   -         bridge, other
//	3Ch–3Dh  INTLN/PN   00h/01h   FFh/-     no effect: SCI is an IRQ of its own
//	40h–43h  PMBA       00000001h FFC0h     I/O ports of the registers below
//	58h–5Bh  DEVACTB    02000000h           25: SMI on a write to APMC; kept. Set from the
//	                                        start: firmware that finds it so knows that
//	                                        there is nothing to set up in SMM
//	80h      PMREGMISC  00h       01h       0: the ports answer
//	90h–93h  SMBBA      00000001h FFF0h     kept; D2h SMBHSTCFG: kept
//
// # Registers (64 ports at PMBA)
//
//	off  name     access  power-on  meaning
//	00   PMSTS    RW1C    0         15 RSM, 10 RTC, 8 PWRBTN, 5 GBL, 0 TMROF
//	02   PMEN     RW      0         10 RTC, 8 PWRBTN, 5 GBL, 0 TMROF: let SCI rise
//	04   PMCNTRL  RW      0         13 SUS_EN (write only), 12:10 SUS_TYP, 2 GBL_RLS,
//	                                1 BRLD, 0 SCI_EN
//	08   PMTMR    R                 24 bits, 3.579545 MHz
//	0C   GPSTS    RW1C    0         general-purpose events
//	0E   GPEN     RW      0
//	10   …                          kept: PCNTRL, GLBEN, DEVCTL, GPOREG…
//
// SUS_EN with SUS_TYP 0 is soft off (S5): the PowerOff line pulses.
//
// # APM (2 ports, B2h)
//
//	off  name  access  power-on  meaning
//	0    APMC  RW      0         F1h sets SCI_EN, F0h clears it
//	1    APMS  RW      0         kept
//
// On hardware a write to APMC makes the processor enter SMM, where firmware changes SCI_EN;
// here the chip does it itself, as there is no SMM.
//
// Source: Intel 82371AB (PIIX4) data sheet (290562), "Power Management PCI Configuration
// Registers", "Power Management I/O Space Registers"; ACPI Specification, "ACPI Hardware
// Specification".
//
// Not modelled: suspend to RAM and disk and the power-on suspend (other SUS_TYP do
// nothing), clock control, SMI, thermal, idle timers, the SMBus host.
package piix4pm

import (
	"fmt"
	"math/bits"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/pci"
)

// Configuration registers that firmware sets.
const (
	RegPMBA      = 0x40
	RegPMREGMISC = 0x80
)

// Ports is how many ports the registers take, APMPorts those of APM.
const (
	Ports    = 64
	APMPorts = 2
)

// SCI is the interrupt line of ACPI events.
const SCI = 9

// ACPIEnable and ACPIDisable are the commands of the APMC port.
const (
	ACPIEnable  = 0xf1
	ACPIDisable = 0xf0
)

const (
	bitTimer  = 1 << 0
	bitGlobal = 1 << 5
	bitButton = 1 << 8
	bitRTC    = 1 << 10
	bitResume = 1 << 15

	statusBits = bitTimer | bitGlobal | bitButton | bitRTC | bitResume
	enableBits = bitTimer | bitGlobal | bitButton | bitRTC

	controlSCI    = 1 << 0
	controlReload = 1 << 1
	controlGlobal = 1 << 2
	controlType   = 7 << 10
	controlSleep  = 1 << 13
	controlKept   = controlSCI | controlReload | controlType

	// gpeBits are the events that the chip has.
	gpeBits = 0x0f01

	bitEnabled = 1 << 0 // PMREGMISC
)

// State is everything the chip remembers.
type State struct {
	PCI         pci.State
	Status      uint16
	Enable      uint16
	Control     uint16
	GPStatus    uint16
	GPEnable    uint16
	Other       [Ports - 0x10]uint8
	APMC, APMS  uint8
	TimerStatus devices.Time // when TMROF is set next: bit 23 of the timer changes
}

// Config is what the board connects. A nil Line is not connected.
type Config struct {
	Clock    devices.Clock
	SCI      devices.Line // level
	PowerOff devices.Line // pulses
	// Map is told where the registers answer.
	Map func(base uint64, on bool)
}

// A Device is the power management function.
type Device struct {
	s      State
	c      Config
	f      *pci.Function
	timer  devices.Timer
	mapped bool
	base   uint16
}

// New returns the function; the board calls Reset once all is wired.
func New(c Config) *Device {
	if c.SCI == nil {
		c.SCI = devices.NC
	}
	if c.PowerOff == nil {
		c.PowerOff = devices.NC
	}
	if c.Map == nil {
		c.Map = func(uint64, bool) {}
	}
	d := &Device{c: c}
	d.timer = c.Clock.NewTimer(d.update)
	d.f = pci.NewFunction(pci.Header{
		Vendor: 0x8086, Device: 0x7113, Revision: 3, Class: 0x068000, InterruptPin: 1,
		CommandWritable: pci.CommandIO, Status: 0x0280,
	})
	for _, r := range [...]struct{ off, powerOn, writable uint8 }{
		{RegPMBA, 0x01, 0xc0}, {RegPMBA + 1, 0, 0xff},
		{0x58, 0, 0xff}, {0x59, 0, 0xff}, {0x5a, 0, 0xff}, {0x5b, 0x02, 0xff},
		{0x5c, 0, 0xff}, {0x5d, 0, 0xff}, {0x5e, 0, 0xff}, {0x5f, 0, 0xff},
		{0x60, 0, 0xff}, {0x61, 0, 0xff}, {0x62, 0, 0xff}, {0x63, 0, 0xff}, {0x67, 0, 0xff},
		{RegPMREGMISC, 0, bitEnabled}, {0x90, 0x01, 0xf0}, {0x91, 0, 0xff}, {0xd2, 0, 0x0f},
	} {
		d.f.Define(r.off, r.powerOn, r.writable)
	}
	d.f.Watch(RegPMBA, RegPMBA+3, d.place)
	d.f.Watch(RegPMREGMISC, RegPMREGMISC, d.place)
	return d
}

// Function is the chip's place in configuration space: device 1, function 3.
func (d *Device) Function() *pci.Function { return d.f }

// place maps the registers where PMBA says. At 0 they never answer.
func (d *Device) place() {
	base := uint16(d.f.Byte(RegPMBA)&0xc0) | uint16(d.f.Byte(RegPMBA+1))<<8
	on := d.f.Byte(RegPMREGMISC)&bitEnabled != 0 && base != 0
	if d.mapped && (!on || base != d.base) {
		d.mapped = false
		d.c.Map(uint64(d.base), false)
	}
	if on && !d.mapped {
		d.mapped, d.base = true, base
		d.c.Map(uint64(base), true)
	}
}

// Reset returns to the power-on state.
func (d *Device) Reset() {
	d.f.Reset()
	d.s = State{TimerStatus: nextChange(d.c.Clock.Now())}
	d.place()
	d.drive()
}

// Save returns a copy of the state.
func (d *Device) Save() State {
	d.s.PCI = d.f.Save()
	return d.s
}

// Restore replaces the state, maps the registers and drives SCI. It never switches off.
func (d *Device) Restore(s State) error {
	switch {
	case s.Status&^statusBits != 0 || s.Enable&^enableBits != 0 || s.Control&^controlKept != 0:
		return fmt.Errorf("piix4pm: status %#x, enable %#x, control %#x", s.Status, s.Enable, s.Control)
	case (s.GPStatus|s.GPEnable)&^gpeBits != 0:
		return fmt.Errorf("piix4pm: general-purpose events %#x, %#x", s.GPStatus, s.GPEnable)
	case s.TimerStatus < 0:
		return fmt.Errorf("piix4pm: timer changes at %d", s.TimerStatus)
	}
	if err := d.f.Restore(s.PCI); err != nil {
		return fmt.Errorf("piix4pm: %w", err)
	}
	d.s = s
	d.place()
	d.drive()
	return nil
}

// The timer counts 315/88 MHz.
const (
	tickNum = 315
	tickDen = 88_000 // nanoseconds
)

// ticks is how far the timer has counted since power-on.
func ticks(at devices.Time) uint64 {
	hi, lo := bits.Mul64(uint64(max(at, 0)), tickNum)
	q, _ := bits.Div64(hi%tickDen, lo, tickDen)
	return q
}

// nextChange is the first moment after at when bit 23 of the timer changes.
func nextChange(at devices.Time) devices.Time {
	hi, lo := bits.Mul64((ticks(at)>>23+1)<<23, tickDen)
	q, rest := bits.Div64(hi%tickNum, lo, tickNum)
	if rest != 0 {
		q++
	}
	return devices.Time(q)
}

// update brings the timer's status up to date and drives SCI.
func (d *Device) update() {
	if now := d.c.Clock.Now(); now >= d.s.TimerStatus {
		d.s.Status |= bitTimer
		d.s.TimerStatus = nextChange(now)
	}
	d.drive()
}

// drive drives SCI. While the timer may raise it the chip wants to be woken.
func (d *Device) drive() {
	on := d.s.Control&controlSCI != 0
	d.c.SCI(on && (d.s.Status&d.s.Enable != 0 || d.s.GPStatus&d.s.GPEnable != 0))
	if on && d.s.Enable&bitTimer != 0 && d.s.Status&bitTimer == 0 {
		d.timer.Set(d.s.TimerStatus)
	} else {
		d.timer.Stop()
	}
}

// PressPowerButton is the button on the case, pressed and released.
func (d *Device) PressPowerButton() {
	d.s.Status |= bitButton
	d.update()
}

// RaiseEvent sets a bit (0 or 8–11) of the general-purpose events.
func (d *Device) RaiseEvent(bit uint) {
	d.s.GPStatus |= 1 << (bit & 15) & gpeBits
	d.update()
}

// Registers is the face at PMBA, a devices.WidePort, 64 ports.
func (d *Device) Registers() devices.WidePort { return face{d} }

type face struct{ d *Device }

// In implements devices.Port.
func (f face) In(off uint16) uint8 {
	d := f.d
	word := func(v uint16) uint8 { return uint8(v >> (8 * (off & 1))) }
	switch off &^ 1 {
	case 0x00:
		d.update()
		return word(d.s.Status)
	case 0x02:
		return word(d.s.Enable)
	case 0x04:
		return word(d.s.Control)
	case 0x08, 0x0a:
		return uint8(ticks(d.c.Clock.Now()) & 0xff_ffff >> (8 * (off & 3)))
	case 0x0c:
		return word(d.s.GPStatus)
	case 0x0e:
		return word(d.s.GPEnable)
	}
	if off >= 0x10 && off < Ports {
		return d.s.Other[off-0x10]
	}
	return 0
}

// Out implements devices.Port: one byte of a register, the other keeps its value.
func (f face) Out(off uint16, v uint8) {
	d := f.d
	shift := 8 * (off & 1)
	bits, mask := uint16(v)<<shift, uint16(0xff)<<shift
	switch off &^ 1 {
	case 0x00:
		d.update() // what has come until now is cleared with it
		d.s.Status &^= bits
	case 0x02:
		d.s.Enable = d.s.Enable&^mask | bits&enableBits
	case 0x04:
		d.control(d.s.Control&^mask | bits)
	case 0x0c:
		d.s.GPStatus &^= bits
	case 0x0e:
		d.s.GPEnable = d.s.GPEnable&^mask | bits&gpeBits
	default:
		if off >= 0x10 && off < Ports {
			d.s.Other[off-0x10] = v
		}
	}
	d.update()
}

// InWide implements devices.WidePort: the timer is read as a whole.
func (f face) InWide(off uint16, size int) (v uint32) {
	for i := range size {
		v |= uint32(f.In(off+uint16(i))) << (8 * i)
	}
	return v
}

// OutWide implements devices.WidePort: a word of PMCNTRL is written as a whole.
func (f face) OutWide(off uint16, size int, v uint32) {
	if off == 4 {
		f.d.control(uint16(v))
		f.d.update()
		return
	}
	for i := range size {
		f.Out(off+uint16(i), uint8(v>>(8*i)))
	}
}

// control is a write of PMCNTRL.
func (d *Device) control(v uint16) {
	d.s.Control = v & controlKept
	if v&controlSleep != 0 && v&controlType == 0 {
		d.c.PowerOff(true)
		d.c.PowerOff(false)
	}
}

// APM is the face at port B2h, 2 ports.
func (d *Device) APM() devices.Port { return apmFace{d} }

type apmFace struct{ d *Device }

// In implements devices.Port.
func (f apmFace) In(off uint16) uint8 {
	switch off {
	case 0:
		return f.d.s.APMC
	case 1:
		return f.d.s.APMS
	}
	return 0xff
}

// Out implements devices.Port.
func (f apmFace) Out(off uint16, v uint8) {
	switch off {
	case 0:
		f.d.s.APMC = v
		switch v {
		case ACPIEnable:
			f.d.s.Control |= controlSCI
		case ACPIDisable:
			f.d.s.Control &^= controlSCI
		}
		f.d.update()
	case 1:
		f.d.s.APMS = v
	}
}
