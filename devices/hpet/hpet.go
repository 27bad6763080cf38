// Package hpet is the high precision event timer: a counter of 64 bits at 100 MHz and three
// comparators.
//
//	off      name    access  power-on          meaning
//	000      ID      R       00989680 8086A201 63:32 femtoseconds of a count; 3 timers of 64
//	                                           bits, legacy replacement, revision 1
//	010      CONF    RW      0                 0 run, 1 legacy replacement
//	020      ISR     RWC     0                 2:0 interrupts of timers, level-triggered
//	0F0      COUNT   RW      0                 main counter; written while it stands
//	100+20n  TnCONF  RW      00FF0104 00000030 of timer n, see below; 4 periodic
//	108+20n  TnCMP   RW      all ones          comparator
//	110+20n  TnFSB   RW      0                 message; not modelled
//
// TnCONF: 1 level-triggered, 2 interrupts enabled, 3 periodic, 4 can be periodic, 5 has 64
// bits, 6 the next write to TnCMP sets the accumulator, 8 used with 32 bits, 13:9 input of
// the I/O APIC, 63:32 inputs that can be chosen.
//
// With legacy replacement timer 0 drives IRQ0 instead of the 8254, and timer 1 IRQ8 instead
// of the real-time clock.
//
// Source: IA-PC HPET (High Precision Event Timers) Specification, revision 1.0a.
//
// Not modelled: interrupts as messages to the front side bus (TnFSB).
package hpet

import (
	"fmt"
	"math"

	"github.com/glassbox-vm/glassbox/devices"
)

// Size of the registers in bytes, and DefaultBase, where they are on a PC.
const (
	Size        = 0x400
	DefaultBase = 0xfed00000
)

// Timers is the number of comparators.
const Timers = 3

// period is how long a count takes, in virtual nanoseconds.
const period = 10

// Routes are the inputs of the I/O APIC that a timer can drive.
const Routes = 0x00ff0104

// ID is the register of that name; its low half is also in the ACPI table.
const ID = uint64(period*1_000_000)<<32 | 0x8086<<16 | 1<<15 | 1<<13 | (Timers-1)<<8 | 1

const (
	confRun      = 1 << 0
	confLegacy   = 1 << 1
	confWritable = confRun | confLegacy
)

const (
	timLevel     = 1 << 1
	timEnabled   = 1 << 2
	timPeriodic  = 1 << 3
	timCapable   = 1 << 4
	timWide      = 1 << 5
	timSet       = 1 << 6
	tim32        = 1 << 8
	timRoute     = 31 << 9
	timWritable  = timLevel | timEnabled | timPeriodic | timSet | tim32 | timRoute
	timPermanent = uint64(Routes)<<32 | timCapable | timWide
)

// A TimerState is what a comparator remembers.
type TimerState struct {
	Conf    uint64 // writable bits of TnCONF
	Compare uint64
	Period  uint64       // of a periodic timer: the last value written to TnCMP, in counts
	FSB     uint64       // kept, no effect
	Next    devices.Time // when the comparator matches next; never is math.MaxInt64
}

// State is everything the chip remembers.
type State struct {
	Conf  uint64
	ISR   uint64
	Count uint64       // of the main counter at Since
	Since devices.Time // while it runs
	Timer [Timers]TimerState
}

const never = devices.Time(math.MaxInt64)

// PowerOn is the state after power-on.
var PowerOn = powerOn()

func powerOn() (s State) {
	for i := range s.Timer {
		s.Timer[i].Compare = ^uint64(0)
		s.Timer[i].Next = never
	}
	return s
}

// Config is what the board decides.
type Config struct {
	Clock devices.Clock
	// IRQ drives input pin of the I/O APIC; legacy says that it is the line of the 8254 (0)
	// or of the clock (8), in place of them.
	IRQ func(pin int, legacy, high bool)
	// Legacy says whether legacy replacement is on: the 8254 and the clock are disconnected.
	Legacy devices.Line
}

// A Device is the chip.
type Device struct {
	s      State
	cfg    Config
	timers [Timers]devices.Timer
}

// New returns a device that drives nothing yet; the board calls Reset once all is wired.
func New(cfg Config) *Device {
	d := &Device{s: PowerOn, cfg: cfg}
	for i := range d.timers {
		d.timers[i] = cfg.Clock.NewTimer(func() { d.match(i) })
	}
	return d
}

// Reset returns to the power-on state.
func (d *Device) Reset() {
	d.release()
	_ = d.Restore(PowerOn) // it is valid
}

// release lets go of all lines.
func (d *Device) release() {
	for i := range d.s.Timer {
		if d.s.ISR>>i&1 != 0 {
			d.drive(i, false)
		}
	}
}

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state and drives its lines.
func (d *Device) Restore(s State) error {
	if s.Conf&^confWritable != 0 || s.ISR>>Timers != 0 {
		return fmt.Errorf("hpet: reserved bits are set")
	}
	for i := range s.Timer {
		if s.Timer[i].Conf&^timWritable != 0 || s.Timer[i].Next < 0 {
			return fmt.Errorf("hpet: timer %d has reserved bits set", i)
		}
	}
	d.s = s
	d.cfg.Legacy(s.Conf&confLegacy != 0)
	for i := range s.Timer {
		if s.ISR>>i&1 != 0 {
			d.drive(i, true)
		}
		d.schedule(i)
	}
	return nil
}

// count is the main counter.
func (d *Device) count() uint64 {
	if d.s.Conf&confRun == 0 {
		return d.s.Count
	}
	return d.s.Count + uint64(d.cfg.Clock.Now()-d.s.Since)/period
}

// mask is the bits that a timer compares.
func (t *TimerState) mask() uint64 {
	if t.Conf&tim32 != 0 {
		return math.MaxUint32
	}
	return math.MaxUint64
}

// arm works out when timer i matches next.
func (d *Device) arm(i int) {
	t := &d.s.Timer[i]
	t.Next = never
	if d.s.Conf&confRun != 0 {
		now := d.count()
		ahead := (t.Compare - now) & t.mask()
		if ahead == 0 { // now is a match that is over
			ahead = t.mask()
		}
		base := d.s.Since + devices.Time(now-d.s.Count)*period // when the counter took this value
		if ahead < uint64(never-base)/period {
			t.Next = base + devices.Time(ahead)*period
		}
	}
	d.schedule(i)
}

// silent says that nobody sees the timer match: an edge-triggered one without interrupts. Its
// comparator is brought up to date when somebody looks, so that an idle machine stays idle.
func (t *TimerState) silent() bool { return t.Conf&(timLevel|timEnabled) == 0 }

// settle lets a silent timer have its matches up to now.
func (d *Device) settle(i int) {
	if t := &d.s.Timer[i]; t.silent() && t.Next <= d.cfg.Clock.Now() {
		d.match(i)
	}
}

// schedule sets the board's timer.
func (d *Device) schedule(i int) {
	if t := &d.s.Timer[i]; t.Next != never && !t.silent() {
		d.timers[i].Set(t.Next)
	} else {
		d.timers[i].Stop()
	}
}

// match is timer i reaching its comparator.
func (d *Device) match(i int) {
	t := &d.s.Timer[i]
	if t.Conf&timPeriodic != 0 && t.Period != 0 {
		t.Compare = d.following(t)
	}
	d.arm(i)
	switch {
	case t.Conf&timLevel != 0:
		d.s.ISR |= 1 << i
		if t.Conf&timEnabled != 0 {
			d.drive(i, true)
		}
	case t.Conf&timEnabled != 0:
		d.drive(i, true)
		d.drive(i, false)
	}
}

// following is the next match of a periodic timer that lies ahead. Those that the guest was
// too slow for are lost.
func (d *Device) following(t *TimerState) uint64 {
	late := uint64(d.cfg.Clock.Now()-t.Next) / period
	return (t.Compare + (late/t.Period+1)*t.Period) & t.mask()
}

// drive drives the interrupt of timer i.
func (d *Device) drive(i int, high bool) {
	if d.s.Conf&confLegacy != 0 && i < 2 {
		d.cfg.IRQ(8*i, true, high)
		return
	}
	pin := int(d.s.Timer[i].Conf & timRoute >> 9)
	if Routes>>pin&1 != 0 {
		d.cfg.IRQ(pin, false, high)
	}
}

// ReadMMIO implements devices.MMIO.
func (d *Device) ReadMMIO(off uint64, size int) uint64 {
	v := d.read(off &^ 7)
	return v >> (8 * (off & 7))
}

func (d *Device) read(off uint64) uint64 {
	switch off {
	case 0x00:
		return ID
	case 0x10:
		return d.s.Conf
	case 0x20:
		return d.s.ISR
	case 0xf0:
		return d.count()
	}
	if t, reg := d.timer(off); t != nil {
		d.settle(int(off-0x100) >> 5)
		switch reg {
		case 0x00:
			return t.Conf&^timSet | timPermanent
		case 0x08:
			return t.Compare & t.mask()
		case 0x10:
			return t.FSB
		}
	}
	return 0
}

// timer is the comparator whose register is at off.
func (d *Device) timer(off uint64) (t *TimerState, reg uint64) {
	if i := (off - 0x100) >> 5; off >= 0x100 && i < Timers {
		return &d.s.Timer[i], off & 0x1f
	}
	return nil, 0
}

// WriteMMIO implements devices.MMIO. Accesses narrower than 4 bytes are not allowed and do
// nothing.
func (d *Device) WriteMMIO(off uint64, size int, v uint64) {
	if size < 4 {
		return
	}
	reg, shift := off&^7, 8*(off&7)
	mask := ^uint64(0)
	if size == 4 {
		mask = math.MaxUint32 << shift
	}
	merge := func(old uint64) uint64 { return old&^mask | v<<shift&mask }
	switch reg {
	case 0x10:
		d.configure(merge(d.s.Conf) & confWritable)
		return
	case 0x20:
		d.acknowledge(v << shift & mask)
		return
	case 0xf0:
		if d.s.Conf&confRun == 0 {
			d.s.Count = merge(d.s.Count)
		}
		return
	}
	if t, r := d.timer(reg); t != nil {
		i := int(reg-0x100) >> 5
		d.settle(i)
		switch r {
		case 0x00:
			d.setConf(i, merge(t.Conf)&timWritable)
		case 0x08:
			d.setCompare(i, merge)
		case 0x10:
			t.FSB = merge(t.FSB)
		}
	}
}

// configure writes CONF.
func (d *Device) configure(v uint64) {
	changed := v ^ d.s.Conf
	for i := range d.s.Timer {
		d.settle(i)
	}
	if changed&confLegacy != 0 {
		d.release()
	}
	if changed&confRun != 0 {
		d.s.Count, d.s.Since = d.count(), d.cfg.Clock.Now()
	}
	d.s.Conf = v
	if changed&confLegacy != 0 {
		d.cfg.Legacy(v&confLegacy != 0)
		for i := range d.s.Timer {
			if d.s.ISR>>i&1 != 0 {
				d.drive(i, true)
			}
		}
	}
	if changed&confRun != 0 {
		for i := range d.s.Timer {
			d.arm(i)
		}
	}
}

// acknowledge clears interrupts of level-triggered timers.
func (d *Device) acknowledge(v uint64) {
	for i := range d.s.Timer {
		if v&d.s.ISR>>i&1 != 0 {
			d.drive(i, false)
			d.s.ISR &^= 1 << i
		}
	}
}

// setConf writes the configuration of timer i.
func (d *Device) setConf(i int, v uint64) {
	t := &d.s.Timer[i]
	if d.s.ISR>>i&1 != 0 {
		d.drive(i, false)
		if v&timLevel == 0 {
			d.s.ISR &^= 1 << i
		}
	}
	t.Conf = v
	if v&tim32 != 0 {
		t.Compare &= math.MaxUint32
		t.Period &= math.MaxUint32
	}
	if d.s.ISR>>i&1 != 0 && v&timEnabled != 0 {
		d.drive(i, true)
	}
	d.arm(i)
}

// setCompare writes the comparator of timer i; of a periodic timer a write sets the period,
// and also the comparator if TnCONF says so.
//
// IA-PC HPET Specification, "Timer n Comparator Register", "Periodic Mode".
func (d *Device) setCompare(i int, merge func(uint64) uint64) {
	t := &d.s.Timer[i]
	if t.Conf&timPeriodic == 0 || t.Conf&timSet != 0 {
		t.Compare = merge(t.Compare) & t.mask()
	}
	if t.Conf&timPeriodic != 0 {
		t.Period = merge(t.Period) & t.mask()
	}
	t.Conf &^= timSet
	d.arm(i)
}
