package mc146818

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

type board struct {
	*Device
	clock    *devicestest.Clock
	irq, nmi devicestest.Wire
}

func newOnBoard(start time.Time) *board {
	b := &board{clock: &devicestest.Clock{}}
	b.Device = New(b.clock, Config{IRQ: b.irq.Drive, NMIMask: b.nmi.Drive, Start: start.Unix()})
	b.Reset()
	return b
}

func (b *board) get(i uint8) uint8 { b.Out(0, i); return b.In(1) }
func (b *board) put(i, v uint8)    { b.Out(0, i); b.Out(1, v) }

// shown are the bytes of the clock: century, year, month, day, weekday, hours, minutes, seconds.
func (b *board) shown() [8]uint8 {
	return [8]uint8{b.get(0x32), b.get(9), b.get(8), b.get(7), b.get(6), b.get(4), b.get(2), b.get(0)}
}

func day(y, mo, d, h, mi, s int) time.Time {
	return time.Date(y, time.Month(mo), d, h, mi, s, 0, time.UTC)
}

func TestDateRollsOver(t *testing.T) {
	for _, tc := range []struct {
		name  string
		start time.Time
		wait  devices.Time
		want  [8]uint8
	}{
		{"as given", day(2026, 7, 4, 9, 8, 7), 0, [8]uint8{0x20, 0x26, 7, 4, 7, 9, 8, 7}},
		{"not yet", day(2026, 7, 4, 9, 8, 7), devices.Second - 1, [8]uint8{0x20, 0x26, 7, 4, 7, 9, 8, 7}},
		{"a second", day(2026, 7, 4, 9, 8, 7), devices.Second, [8]uint8{0x20, 0x26, 7, 4, 7, 9, 8, 8}},
		{"century", day(1999, 12, 31, 23, 59, 59), devices.Second, [8]uint8{0x20, 0, 1, 1, 7, 0, 0, 0}},
		{"leap day", day(2024, 2, 28, 23, 59, 58), 2 * devices.Second, [8]uint8{0x20, 0x24, 2, 0x29, 5, 0, 0, 0}},
		{"no leap day", day(2023, 2, 28, 23, 59, 59), devices.Second, [8]uint8{0x20, 0x23, 3, 1, 4, 0, 0, 0}},
		{"ten years", day(2000, 1, 1, 0, 0, 0), 3653 * 86400 * devices.Second, [8]uint8{0x20, 0x10, 1, 1, 6, 0, 0, 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newOnBoard(tc.start)
			b.clock.Advance(tc.wait)
			assert.Equal(t, tc.want, b.shown())
		})
	}
}

// TestCalendarAgainstTheStandardLibrary is the second method, over 500 years and the odd date.
func TestCalendarAgainstTheStandardLibrary(t *testing.T) {
	for n := int64(-11_000_000_000); n < 9_000_000_000; n += 86_400*3 + 12_345 {
		w := time.Unix(n, 0).UTC()
		want := date{w.Year(), int(w.Month()), w.Day(), w.Hour(), w.Minute(), w.Second(), int(w.Weekday()) + 1}
		if got := dateAt(n); got != want {
			t.Fatalf("%d: %+v, want %+v", n, got, want)
		}
		back := daysFromCivil(w.Year(), int(w.Month()), w.Day())
		if want := (n - int64(w.Hour()*3600+w.Minute()*60+w.Second())) / 86400; back != want {
			t.Fatalf("%v: %d days, want %d", w, back, want)
		}
	}
	assert.Equal(t, 0, dateAt(math.MinInt64).year)
	assert.Equal(t, 9999, dateAt(math.MaxInt64).year)
}

func TestFormats(t *testing.T) {
	for _, tc := range []struct {
		name string
		b    uint8
		hour int
		want [2]uint8 // hours, minutes (45)
	}{
		{"BCD, 24 hours", 0x02, 23, [2]uint8{0x23, 0x45}},
		{"binary, 24 hours", 0x06, 23, [2]uint8{23, 45}},
		{"BCD, midnight", 0x00, 0, [2]uint8{0x12, 0x45}},
		{"BCD, 11 am", 0x00, 11, [2]uint8{0x11, 0x45}},
		{"BCD, noon", 0x00, 12, [2]uint8{0x92, 0x45}},
		{"BCD, 11 pm", 0x00, 23, [2]uint8{0x91, 0x45}},
		{"binary, 1 pm", 0x04, 13, [2]uint8{0x81, 45}},
	} {
		var s State
		s.Bytes[regB] = tc.b
		want := date{2026, 7, 4, tc.hour, 45, 6, 7}
		s.setDate(want)
		assert.Equal(t, tc.want, [2]uint8{s.Bytes[regHours], s.Bytes[regMinutes]}, tc.name)
		assert.Equal(t, want, s.date(), tc.name)
	}
}

func TestUpdateInProgress(t *testing.T) {
	b := newOnBoard(day(2026, 1, 1, 0, 0, 0))
	const up = devices.Second - 2228*devices.Microsecond
	b.clock.AdvanceTo(up - 1)
	assert.Equal(t, uint8(0x26), b.get(regA))
	b.clock.AdvanceTo(up)
	assert.Equal(t, uint8(0xa6), b.get(regA))
	b.put(regB, 0x82)
	assert.Equal(t, uint8(0x26), b.get(regA), "SET ends the update")
	b.put(regB, 0x02)
	b.clock.AdvanceTo(devices.Second)
	assert.Equal(t, uint8(0x26), b.get(regA))
	b.put(regA, 0x80|0x26)
	assert.Equal(t, uint8(0x26), b.get(regA), "UIP is read only")
}

func TestSetHoldsTheClock(t *testing.T) {
	b := newOnBoard(day(2026, 1, 1, 0, 0, 0))
	b.get(regC)
	b.put(regB, 0x92)
	assert.Equal(t, uint8(0x82), b.get(regB), "SET clears UIE")
	b.put(regSeconds, 0x58)
	b.clock.Advance(5*devices.Second + devices.Second/4)
	assert.Equal(t, uint8(0x58), b.get(regSeconds))
	assert.Zero(t, b.get(regC)&cUF, "no update, no flag")
	b.put(regB, 0x02)
	b.clock.Advance(devices.Second - devices.Second/4 - 1)
	assert.Equal(t, uint8(0x58), b.get(regSeconds))
	b.clock.Advance(1)
	assert.Equal(t, uint8(0x59), b.get(regSeconds), "the divider went on")
	assert.Equal(t, uint8(cUF), b.get(regC)&cUF)
}

func TestFirstUpdateComesHalfASecondAfterDividerReset(t *testing.T) {
	b := newOnBoard(day(2026, 1, 1, 0, 0, 0))
	b.clock.Advance(devices.Second / 3)
	b.put(regA, 0x76)
	b.clock.Advance(10 * devices.Second)
	assert.Equal(t, uint8(0), b.get(regSeconds), "held in reset")
	b.put(regA, 0x26)
	b.clock.Advance(devices.Second/2 - 1)
	assert.Equal(t, uint8(0), b.get(regSeconds))
	b.clock.Advance(1)
	assert.Equal(t, uint8(1), b.get(regSeconds))
}

func TestPeriodicRates(t *testing.T) {
	hz := map[uint8]int{0: 0, 1: 256, 2: 128, 3: 8192, 4: 4096, 5: 2048, 6: 1024, 7: 512, 8: 256,
		9: 128, 10: 64, 11: 32, 12: 16, 13: 8, 14: 4, 15: 2}
	for rs, want := range hz {
		b := newOnBoard(day(2026, 1, 1, 0, 0, 0))
		b.put(regA, 0x20|rs)
		b.put(regB, 0x42)
		got := 0
		for end := 2 * devices.Second; ; {
			at, ok := b.clock.Next()
			if !ok || at > end {
				break
			}
			b.clock.AdvanceTo(at)
			require.True(t, b.irq.Level)
			assert.Equal(t, uint8(0xc0), b.get(regC)&0xc0)
			require.False(t, b.irq.Level)
			got++
		}
		assert.Equal(t, 2*want, got, "rate %d", rs)
	}
}

func TestPeriodicFlagWithoutInterrupt(t *testing.T) {
	b := newOnBoard(day(2026, 1, 1, 0, 0, 0)) // 1024 Hz: every 976,562.5 ns
	_, armed := b.clock.Next()
	assert.False(t, armed, "nothing enabled, no timer")
	b.clock.AdvanceTo(976562)
	assert.Zero(t, b.get(regC))
	b.clock.AdvanceTo(976563)
	assert.Equal(t, uint8(0x40), b.get(regC))
	assert.Zero(t, b.get(regC), "reading clears")
	assert.Zero(t, b.irq.Rises)
	b.clock.AdvanceTo(2 * 976563)
	b.put(regB, 0x42)
	assert.True(t, b.irq.Level, "a flag that is up already interrupts at once")
}

func TestUnreadRequestNeedsNoTimer(t *testing.T) {
	b := newOnBoard(day(2026, 1, 1, 0, 0, 0))
	b.put(regA, 0x23) // 8192 Hz
	b.put(regB, 0x72)
	b.clock.Advance(devices.Second)
	_, armed := b.clock.Next()
	assert.False(t, armed)
	assert.Equal(t, 1, b.irq.Rises)
	assert.Equal(t, uint8(0xd0), b.get(regC))
	_, armed = b.clock.Next()
	assert.True(t, armed)
}

func TestAlarm(t *testing.T) {
	for _, tc := range []struct {
		name    string
		h, m, s uint8
		at      devices.Time // first match after 10:59:58, in seconds; 0 is never
	}{
		{"once a day", 0x11, 0x00, 0x03, 5},
		{"every second", 0xff, 0xff, 0xc0, 1},
		{"every minute", 0xff, 0xff, 0x01, 3},
		{"every hour", 0xc0, 0x01, 0x00, 62},
		{"tomorrow", 0x10, 0x59, 0x58, 86400},
		{"never", 0x25, 0x00, 0x00, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newOnBoard(day(2026, 1, 1, 10, 59, 58))
			b.put(regHoursAlarm, tc.h)
			b.put(regMinutesAlarm, tc.m)
			b.put(regSecondsAlarm, tc.s)
			b.get(regC)
			b.put(regB, 0x22)
			if tc.at == 0 {
				b.clock.Advance(2 * 86400 * devices.Second)
				assert.Zero(t, b.irq.Rises)
				return
			}
			b.clock.AdvanceTo(tc.at*devices.Second - 1)
			assert.False(t, b.irq.Level)
			b.clock.AdvanceTo(tc.at * devices.Second)
			assert.True(t, b.irq.Level)
			assert.Equal(t, uint8(0xa0), b.get(regC)&0xa0)

			lazy := newOnBoard(day(2026, 1, 1, 10, 59, 58)) // looked at once, late
			lazy.put(regHoursAlarm, tc.h)
			lazy.put(regMinutesAlarm, tc.m)
			lazy.put(regSecondsAlarm, tc.s)
			lazy.clock.AdvanceTo(tc.at*devices.Second + 5*devices.Second)
			assert.Equal(t, uint8(0x20), lazy.get(regC)&0x20)
		})
	}
}

func TestUpdateEndedInterrupt(t *testing.T) {
	b := newOnBoard(day(2026, 1, 1, 0, 0, 0))
	b.put(regB, 0x12)
	b.clock.Advance(devices.Second - 1)
	assert.False(t, b.irq.Level)
	b.clock.Advance(1)
	assert.True(t, b.irq.Level)
	assert.Equal(t, uint8(1), b.get(regSeconds))
}

func TestMemoryIndexAndNMI(t *testing.T) {
	b := newOnBoard(day(2026, 1, 1, 0, 0, 0))
	b.SetCMOS(0x15, 0x80)
	b.SetCMOS(regSeconds, 0x55)
	b.SetCMOS(regCentury, 0x55)
	assert.Equal(t, uint8(0x80), b.get(0x15))
	assert.Equal(t, uint8(0x80), b.CMOS(0x95))
	assert.Equal(t, [8]uint8{0x20, 0x26, 1, 1, 5, 0, 0, 0}, b.shown())
	b.put(0x7f, 0xa5)
	assert.Equal(t, uint8(0xa5), b.get(0xff))
	assert.True(t, b.nmi.Level, "bit 7 of the index")
	b.Out(0, 0x0d)
	assert.False(t, b.nmi.Level)
	assert.Equal(t, uint8(0x80), b.In(1), "valid")
	b.put(regD, 0)
	b.put(regC, 0xff)
	assert.Equal(t, uint8(0x80), b.get(regD))
	assert.Zero(t, b.get(regC))
	assert.Equal(t, uint8(0xff), b.In(0), "the index cannot be read")
}

func TestNonsenseInTheBytesBecomesADate(t *testing.T) {
	b := newOnBoard(day(2026, 1, 1, 0, 0, 0))
	for i := range uint8(10) {
		b.put(i, 0xff)
	}
	b.put(regCentury, 0xff)
	b.clock.Advance(devices.Second)
	assert.Equal(t, [8]uint8{0, 0, 1, 1, 1, 0, 0, 0}, b.shown(), "23:59:59 on 31 December 9999, and a second")
}

func TestResetKeepsTimeAndMemory(t *testing.T) {
	b := newOnBoard(day(2026, 1, 1, 0, 0, 0))
	b.put(0x20, 0x77)
	b.put(regB, 0x7a)
	b.clock.Advance(90 * devices.Second)
	assert.True(t, b.irq.Level)
	b.Out(0, 0x80)
	b.Reset()
	assert.False(t, b.irq.Level)
	assert.False(t, b.nmi.Level)
	assert.Equal(t, uint8(0x02), b.get(regB))
	assert.Zero(t, b.get(regC))
	assert.Equal(t, uint8(0x77), b.get(0x20))
	assert.Equal(t, [8]uint8{0x20, 0x26, 1, 1, 5, 0, 1, 0x30}, b.shown())
}

func TestRestoreGoesOnInTheMiddleOfASecond(t *testing.T) {
	a := newOnBoard(day(2026, 1, 1, 0, 0, 0))
	a.put(regB, 0x52)
	a.get(regC)
	a.clock.Advance(devices.Second/2 + 1)
	s := a.Save()
	b := newOnBoard(day(1999, 1, 1, 0, 0, 0))
	b.clock.AdvanceTo(a.clock.Now())
	require.NoError(t, b.Restore(s))
	assert.Equal(t, a.irq.Level, b.irq.Level)
	a.get(regC)
	b.get(regC)
	a.clock.Advance(devices.Second)
	b.clock.Advance(devices.Second)
	assert.Equal(t, a.Save(), b.Save())
	assert.Equal(t, a.get(regC), b.get(regC))

	for name, spoil := range map[string]func(*State){
		"before time": func(s *State) { s.Updated = -2 * devices.Second },
		"after time":  func(s *State) { s.Updated = math.MaxInt64 },
		"periodic":    func(s *State) { s.Periodic = -1 },
		"UIP":         func(s *State) { s.Bytes[regA] |= 0x80 },
		"C":           func(s *State) { s.Bytes[regC] = 1 },
		"D":           func(s *State) { s.Bytes[regD] = 1 },
	} {
		bad := s
		spoil(&bad)
		assert.Error(t, b.Restore(bad), name)
	}
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{0, 0x0b, 1, 0x72, 2, 200, 3, 0, 4, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newOnBoard(day(2026, 1, 1, 0, 0, 0))
		for ; len(in) >= 2; in = in[2:] {
			switch op, v := in[0]%6, in[1]; op {
			case 0, 1:
				b.Out(uint16(op), v)
			case 2:
				b.clock.Advance(devices.Time(v) * 7 * devices.Millisecond)
			case 3:
				b.In(uint16(v))
			case 4:
				s := b.Save()
				if err := b.Restore(s); err != nil || b.Save() != s {
					t.Fatalf("%v: %+v", err, s)
				}
			case 5:
				b.Out(0, v%14)
			}
			if at, ok := b.clock.Next(); ok && at <= b.clock.Now() {
				t.Fatalf("timer at %d does not move on from %d: %+v", at, b.clock.Now(), b.Save())
			}
			if b.irq.Level != (b.irqf() != 0) {
				t.Fatal("the line does not match register C")
			}
		}
	})
}
