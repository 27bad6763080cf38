package mc146818

import "github.com/glassbox-vm/glassbox/devices"

// crystal is the frequency of the time base, in Hz.
const crystal = 32768

// updateTime is how long before the end of an update UIP goes up: 244 µs of warning and
// 1984 µs of update cycle.
const updateTime = (244 + 1984) * devices.Microsecond

// running reports whether the divider runs.
func (s *State) running() bool { return s.Bytes[regA]&aDV == aDV32k }

// sync brings the chip up to now: updates of date and time that have passed, and the flags.
func (d *Device) sync() {
	if !d.s.running() {
		return
	}
	now := d.clock.Now()
	if n := int64((now - d.s.Updated) / devices.Second); n > 0 {
		d.s.Updated += devices.Time(n) * devices.Second
		if d.s.Bytes[regB]&bSET == 0 {
			d.update(n)
		}
	}
	if at, ok := d.s.lastPeriodic(now); ok && at > d.s.Periodic {
		d.s.Bytes[regC] |= cPF
	}
	d.s.Periodic = max(d.s.Periodic, now)
}

// update is n update cycles.
func (d *Device) update(n int64) {
	was := d.s.date()
	d.s.Bytes[regC] |= cUF
	if d.s.alarmWithin(was, n) {
		d.s.Bytes[regC] |= cAF
	}
	d.s.setDate(was.add(n))
}

// alarmWithin reports whether the alarm matches at one of the n seconds after the date.
func (s *State) alarmWithin(was date, n int64) bool {
	hour, minute, second := was.hour, was.minute, was.second
	for range min(n, 24*60*60) { // longer repeats itself
		if second++; second == 60 {
			second, minute = 0, minute+1
		}
		if minute == 60 {
			minute, hour = 0, hour+1
		}
		hour %= 24
		if matches(s.Bytes[regSecondsAlarm], s.encode(second)) &&
			matches(s.Bytes[regMinutesAlarm], s.encode(minute)) &&
			matches(s.Bytes[regHoursAlarm], s.encodeHour(hour)) {
			return true
		}
	}
	return false
}

// matches compares a byte of the alarm with one of the time; C0h-FFh matches any.
func matches(alarm, v uint8) bool { return alarm >= 0xc0 || alarm == v }

// uip is UIP of register A: an update is going on or will begin within 244 µs.
func (d *Device) uip() uint8 {
	if d.s.running() && d.s.Bytes[regB]&bSET == 0 &&
		d.clock.Now()-d.s.Updated >= devices.Second-updateTime {
		return aUIP
	}
	return 0
}

// period is the time between periodic events in periods of the crystal; 0 is none.
func (s *State) period() int64 {
	switch rs := s.Bytes[regA] & aRS; rs {
	case 0:
		return 0
	case 1, 2:
		return 1 << (rs + 6) // as 8 and 9
	default:
		return 1 << (rs - 1)
	}
}

// lastPeriodic is the moment of the last periodic event up to now. Every period divides a
// second, so that counting from the last update is exact.
func (s *State) lastPeriodic(now devices.Time) (at devices.Time, ok bool) {
	p := s.period()
	if p == 0 || now < s.Updated {
		return 0, false
	}
	n := int64(now-s.Updated) * crystal / int64(devices.Second) / p
	return s.Updated + clocks(n*p), true
}

// clocks is the first nanosecond at which n periods of the crystal have passed.
func clocks(n int64) devices.Time {
	return devices.Time((n*int64(devices.Second) + crystal - 1) / crystal)
}

// next is the moment of the next event that is enabled and not flagged yet. While alarms are
// enabled every update is one.
func (d *Device) next() (at devices.Time, ok bool) {
	if !d.s.running() {
		return 0, false
	}
	wanted := d.s.Bytes[regB] &^ d.s.Bytes[regC]
	if wanted&(bAIE|bUIE) != 0 && d.s.Bytes[regB]&bSET == 0 {
		at, ok = d.s.Updated+devices.Second, true
	}
	if wanted&bPIE == 0 {
		return at, ok
	}
	if last, on := d.s.lastPeriodic(max(d.s.Periodic, d.s.Updated)); on {
		n := int64(last-d.s.Updated)*crystal/int64(devices.Second) + d.s.period()
		if p := d.s.Updated + clocks(n); !ok || p < at {
			at, ok = p, true
		}
	}
	return at, ok
}
