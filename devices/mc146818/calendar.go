package mc146818

// A date is what the bytes of the clock mean. The weekday counts for itself: the guest may
// set any.
type date struct {
	year                 int // with the century
	month, day           int // 1-12, 1-31
	hour, minute, second int
	weekday              int // 1-7
}

const secondsPerDay = 24 * 60 * 60

// add is the date n seconds (at least 0) later.
func (t date) add(n int64) date {
	n += int64(t.hour*3600 + t.minute*60 + t.second)
	days := n / secondsPerDay
	of := int(n % secondsPerDay)
	t.hour, t.minute, t.second = of/3600, of/60%60, of%60
	if days != 0 {
		t.year, t.month, t.day = civil(daysFromCivil(t.year, t.month, t.day) + days)
		t.weekday = int((int64(t.weekday)-1+days)%7) + 1
	}
	return t
}

// dateAt is the date n seconds after the start of 1970, within the years 0 to 9999.
func dateAt(n int64) date {
	first := daysFromCivil(0, 1, 1) * secondsPerDay
	last := daysFromCivil(10000, 1, 1)*secondsPerDay - 1
	n = min(max(n, first), last) - first
	t := date{year: 0, month: 1, day: 1, weekday: 7} // 1 January 0 was a Saturday
	return t.add(n)
}

// daysFromCivil is the number of days from the start of 1970 to a date of the Gregorian
// calendar, year 0 or later. Years are taken to start in March, so that the leap day is the
// last of its year, and eras have 400 years of 146,097 days.
func daysFromCivil(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := (year+400)/400 - 1 // also right for the year before 0
	of := year - era*400
	inYear := (153*(month-3)+2)/5 + day - 1
	inEra := of*365 + of/4 - of/100 + inYear
	return int64(era)*146097 + int64(inEra) - 719468
}

// civil is the date that many days after the start of 1970; the inverse of daysFromCivil.
func civil(days int64) (year, month, day int) {
	days += 719468 + 146097 // from the start of the era before 0
	era, inEra := int(days/146097)-1, int(days%146097)
	of := (inEra - inEra/1460 + inEra/36524 - inEra/146096) / 365
	inYear := inEra - (of*365 + of/4 - of/100)
	m := (5*inYear + 2) / 153
	day = inYear - (153*m+2)/5 + 1
	year, month = era*400+of, m+3
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

// date reads the bytes of the clock, in the format that register B selects. What holds no
// date is brought to the nearest one.
func (s *State) date() date {
	t := date{
		year:    clamp(s.decode(s.Bytes[regCentury]), 0, 99)*100 + clamp(s.decode(s.Bytes[regYear]), 0, 99),
		month:   clamp(s.decode(s.Bytes[regMonth]), 1, 12),
		hour:    s.decodeHour(s.Bytes[regHours]),
		minute:  clamp(s.decode(s.Bytes[regMinutes]), 0, 59),
		second:  clamp(s.decode(s.Bytes[regSeconds]), 0, 59),
		weekday: clamp(s.decode(s.Bytes[regWeekday]), 1, 7),
	}
	next := daysFromCivil(t.year+t.month/12, t.month%12+1, 1)
	length := int(next - daysFromCivil(t.year, t.month, 1))
	t.day = clamp(s.decode(s.Bytes[regDay]), 1, length)
	return t
}

// setDate writes the bytes of the clock.
func (s *State) setDate(t date) {
	s.Bytes[regSeconds] = s.encode(t.second)
	s.Bytes[regMinutes] = s.encode(t.minute)
	s.Bytes[regHours] = s.encodeHour(t.hour)
	s.Bytes[regWeekday] = s.encode(t.weekday)
	s.Bytes[regDay] = s.encode(t.day)
	s.Bytes[regMonth] = s.encode(t.month)
	s.Bytes[regYear] = s.encode(t.year % 100)
	s.Bytes[regCentury] = s.encode(t.year / 100 % 100)
}

// decode reads a byte: binary or two decimal digits (DM).
func (s *State) decode(v uint8) int {
	if s.Bytes[regB]&bDM != 0 {
		return int(v)
	}
	return int(v>>4)*10 + int(v&15)
}

// encode is the inverse of decode for 0-99.
func (s *State) encode(n int) uint8 {
	if s.Bytes[regB]&bDM != 0 {
		return uint8(n)
	}
	return uint8(n/10<<4 | n%10)
}

// decodeHour reads the hour: 0-23, or 1-12 with bit 7 for the afternoon.
func (s *State) decodeHour(v uint8) int {
	if s.Bytes[regB]&b24 != 0 {
		return clamp(s.decode(v), 0, 23)
	}
	h := clamp(s.decode(v&0x7f), 1, 12) % 12
	if v&0x80 != 0 {
		h += 12
	}
	return h
}

// encodeHour is the inverse of decodeHour.
func (s *State) encodeHour(h int) uint8 {
	if s.Bytes[regB]&b24 != 0 {
		return s.encode(h)
	}
	v := s.encode((h+11)%12 + 1)
	if h >= 12 {
		v |= 0x80
	}
	return v
}

func clamp(v, low, high int) int { return min(max(v, low), high) }
