package lapic

import (
	"math"

	"github.com/glassbox-vm/glassbox/devices"
)

// Modes of the timer, bits 18:17 of its entry.
const (
	timerOneShot  = 0
	timerPeriodic = 1
	timerDeadline = 2
)

// The timer counts at 1 GHz, the frequency of the core crystal clock that CPUID leaf 15h
// states, divided as the divide configuration says.

func (d *Device) timerMode() uint32 { return d.s.LVT[lvtTimer] & lvtTimerMode >> 17 }

func (d *Device) deadlineMode() bool { return d.timerMode() == timerDeadline }

// divisor is 1, 2, 4, … 128. SDM Vol. 3A, "Divide Configuration Register".
func (s *State) divisor() devices.Time {
	code := s.Divide>>1&4 | s.Divide&3
	return 1 << ((code + 1) & 7)
}

// period is how long the initial count takes.
func (s *State) period() devices.Time { return devices.Time(s.Initial) * s.divisor() }

// setInitial starts the timer, or stops it with 0.
func (d *Device) setInitial(v uint32) {
	if d.deadlineMode() {
		return
	}
	d.s.Initial, d.s.Done = v, false
	d.s.Start = d.cfg.Clock.Now()
	d.arm()
}

// setDivide changes the divisor; a count that is running goes on from where it is.
func (d *Device) setDivide(v uint32) {
	left := d.current()
	d.s.Divide = v & 0xb
	if d.s.Initial != 0 {
		d.s.Start = d.cfg.Clock.Now() - devices.Time(d.s.Initial-left)*d.s.divisor()
	}
	d.arm()
}

// current is the current count.
func (d *Device) current() uint32 {
	if d.s.Initial == 0 || d.deadlineMode() {
		return 0
	}
	counted := uint64((d.cfg.Clock.Now() - d.s.Start) / d.s.divisor())
	switch {
	case d.s.Done:
		return 0
	case d.timerMode() == timerPeriodic:
		counted %= uint64(d.s.Initial)
	}
	return d.s.Initial - uint32(min(counted, uint64(d.s.Initial)))
}

// modeChanged is called after the entry of the timer was written. Between deadline mode
// and the others, the timer is disarmed.
func (d *Device) modeChanged(was uint32) {
	if (was^d.s.LVT[lvtTimer])&(2<<17) != 0 {
		d.s.Initial, d.s.Deadline = 0, 0
	}
	d.arm()
}

// TSCDeadline is IA32_TSC_DEADLINE.
func (d *Device) TSCDeadline() uint64 {
	if !d.deadlineMode() {
		return 0
	}
	return d.s.Deadline
}

// SetTSCDeadline arms the timer for a value of the time-stamp counter; 0 disarms it. It is
// ignored in other modes.
func (d *Device) SetTSCDeadline(v uint64) {
	if d.deadlineMode() {
		d.s.Deadline = v
		d.arm()
	}
}

// TSCMoved tells the timer that the time-stamp counter was written.
func (d *Device) TSCMoved() { d.arm() }

// arm sets the board's timer for what the registers say.
func (d *Device) arm() {
	d.timer.Stop()
	s := &d.s
	switch {
	case !d.enabled():
	case d.deadlineMode():
		if s.Deadline == 0 {
			return
		}
		ahead := int64(s.Deadline - d.cfg.TSC())
		now := d.cfg.Clock.Now()
		d.timer.Set(now + devices.Time(min(max(ahead, 0), math.MaxInt64-int64(now))))
	case s.Initial == 0:
	case d.timerMode() == timerPeriodic:
		if s.LVT[lvtTimer]&lvtMasked != 0 {
			return // nobody would notice
		}
		now := d.cfg.Clock.Now()
		n := (now - s.Start) / s.period()
		d.timer.Set(s.Start + (n+1)*s.period())
	case !s.Done:
		d.timer.Set(s.Start + s.period())
	}
}

// expire is the timer's end.
func (d *Device) expire() {
	switch d.timerMode() {
	case timerDeadline:
		d.s.Deadline = 0
	case timerOneShot:
		d.s.Done = true
	}
	d.local(lvtTimer, false)
	if d.timerMode() == timerPeriodic {
		d.arm()
	}
}
