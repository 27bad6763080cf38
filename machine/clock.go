package machine

import (
	"math"

	"github.com/glassbox-vm/glassbox/devices"
)

// instructionTime is the virtual time of one instruction: 250 million a second.
const instructionTime = 4 * devices.Time(1) // nanoseconds

// never is later than any event.
const never = devices.Time(math.MaxInt64)

// A clock is virtual time: the instructions executed, plus what was skipped while the
// processor was halted. It keeps the timers of all chips; the earliest decides how long
// the processor may run.
type clock struct {
	count   func() uint64 // instructions executed since power-on
	sooner  func(n int64) // a timer was set while the CPU runs: at most n more instructions
	skipped devices.Time  // virtual time that passed without instructions
	timers  []*timer      // in the order in which chips made them
	next    devices.Time  // deadline of the earliest armed timer, or never
}

type timer struct {
	clock *clock
	at    devices.Time // never when stopped
	fire  func()
}

func newClock(count func() uint64, sooner func(n int64)) *clock {
	return &clock{count: count, sooner: sooner, next: never}
}

// Now implements devices.Clock.
func (c *clock) Now() devices.Time {
	return c.skipped + devices.Time(c.count())*instructionTime
}

// NewTimer implements devices.Clock.
func (c *clock) NewTimer(fire func()) devices.Timer {
	t := &timer{clock: c, at: never, fire: fire}
	c.timers = append(c.timers, t)
	return t
}

// Set implements devices.Timer.
func (t *timer) Set(at devices.Time) {
	c := t.clock
	was := t.at
	t.at = at
	if at <= c.next {
		c.next = at
		c.sooner(c.instructionsUntil(at))
		return
	}
	if was == c.next {
		c.findNext()
	}
}

// Stop implements devices.Timer.
func (t *timer) Stop() {
	if t.at == never {
		return
	}
	was := t.at
	t.at = never
	if was == t.clock.next {
		t.clock.findNext()
	}
}

func (c *clock) findNext() {
	c.next = never
	for _, t := range c.timers {
		c.next = min(c.next, t.at)
	}
}

// instructionsUntil is the number of instructions after which the time is at or later.
func (c *clock) instructionsUntil(at devices.Time) int64 {
	d := at - c.Now()
	if d <= 0 {
		return 0
	}
	return int64((d + instructionTime - 1) / instructionTime)
}

// fireDue runs the timers whose time has come, earliest first and in the order of their
// making among equals. A chip that keeps setting its timer to the past gets one expiry
// per call and timer, so it cannot hold up the host.
func (c *clock) fireDue() {
	now := c.Now()
	if c.next > now {
		return
	}
	for range 4 * len(c.timers) {
		var due *timer
		for _, t := range c.timers {
			if t.at <= now && (due == nil || t.at < due.at) {
				due = t
			}
		}
		if due == nil {
			break
		}
		due.at = never
		due.fire()
	}
	c.findNext()
}

// skipTo lets time pass without instructions, to the moment at.
func (c *clock) skipTo(at devices.Time) {
	if d := at - c.Now(); d > 0 {
		c.skipped += d
	}
}
