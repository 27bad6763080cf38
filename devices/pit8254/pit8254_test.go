package pit8254

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

type board struct {
	*Device
	clock *devicestest.Clock
	out   [Counters]devicestest.Wire
}

func newOnBoard() *board {
	b := &board{clock: &devicestest.Clock{}}
	b.Device = New(b.clock, [Counters]devices.Line{b.out[0].Drive, nil, b.out[2].Drive})
	b.Reset()
	return b
}

// to moves time to CLK pulse n.
func (b *board) to(n int64) {
	b.clock.AdvanceTo(devices.Time((n*1e9 + 1193181) / 1193182))
}

// TestWaveforms plays the figures of the data sheet, "Mode Definitions". Each step is one
// CLK pulse; want is the count after it and then H or L for OUT. Before the pulse a step may
// write (w) a low byte or drive the gate (g).
func TestWaveforms(t *testing.T) {
	type do struct {
		at int // before this pulse, the first being 1
		w  int // low byte to write, -1 none
		g  int // level of GATE, -1 none
	}
	for _, tc := range []struct {
		name  string
		cw    uint8
		gate  bool
		start string
		do    []do
		want  string
	}{
		{"mode 0", 0x90, true, "L", []do{{1, 4, -1}}, "4L 3L 2L 1L 0H ffffH fffeH"},
		{"mode 0, gate", 0x90, true, "L", []do{{1, 3, -1}, {3, -1, 0}, {5, -1, 1}}, "3L 2L 2L 2L 1L 0H ffffH"},
		{"mode 0, count written with gate low", 0x90, false, "L", []do{{1, 2, -1}, {3, -1, 1}}, "2L 2L 1L 0H"},
		{"mode 0, new count", 0x90, true, "L", []do{{1, 3, -1}, {4, 2, -1}}, "3L 2L 1L 2L 1L 0H ffffH"},
		{"mode 0, new count after the end", 0x90, true, "L", []do{{1, 1, -1}, {4, 2, -1}}, "1L 0H ffffH 2L 1L 0H"},

		{"mode 1", 0x92, false, "H", []do{{1, 3, -1}, {3, -1, 1}}, "0H 0H 3L 2L 1L 0H ffffH"},
		{"mode 1, retriggered", 0x92, false, "H", []do{{1, 3, -1}, {1, -1, 1}, {3, -1, 0}, {4, -1, 1}}, "3L 2L 1L 3L 2L 1L 0H"},
		{"mode 1, new count waits for a trigger", 0x92, false, "H",
			[]do{{1, 2, -1}, {1, -1, 1}, {2, 4, -1}, {3, -1, 0}, {5, -1, 1}}, "2L 1L 0H ffffH 4L 3L 2L 1L 0H"},

		{"mode 2", 0x94, true, "H", []do{{1, 3, -1}}, "3H 2H 1L 3H 2H 1L 3H"},
		{"mode 2, gate", 0x94, true, "H", []do{{1, 3, -1}, {3, -1, 0}, {5, -1, 1}}, "3H 2H 2H 2H 3H 2H 1L 3H"},
		{"mode 2, gate low ends the pulse", 0x94, true, "H", []do{{1, 3, -1}, {4, -1, 0}, {6, -1, 1}}, "3H 2H 1L 1H 1H 3H 2H 1L"},
		{"mode 2, new count", 0x94, true, "H", []do{{1, 4, -1}, {3, 5, -1}}, "4H 3H 2H 1L 5H 4H 3H 2H 1L 5H"},
		{"mode 6 is mode 2", 0x9c, true, "H", []do{{1, 3, -1}}, "3H 2H 1L 3H"},

		{"mode 3, even", 0x96, true, "H", []do{{1, 4, -1}}, "4H 2H 4L 2L 4H 2H 4L 2L"},
		{"mode 3, odd", 0x96, true, "H", []do{{1, 5, -1}}, "4H 2H 0H 4L 2L 4H 2H 0H 4L 2L"},
		{"mode 3, gate", 0x96, true, "H", []do{{1, 4, -1}, {5, -1, 0}, {7, -1, 1}}, "4H 2H 4L 2L 2H 2H 4H 2H 4L 2L"},
		{"mode 3, new count at the end of the half", 0x96, true, "H", []do{{1, 4, -1}, {2, 6, -1}}, "4H 2H 6L 4L 2L 6H 4H 2H 6L"},
		{"mode 7 is mode 3", 0x9e, true, "H", []do{{1, 2, -1}}, "2H 2L 2H 2L"},

		{"mode 4", 0x98, true, "H", []do{{1, 3, -1}}, "3H 2H 1H 0L ffffH fffeH fffdH"},
		{"mode 4, gate", 0x98, false, "H", []do{{1, 3, -1}, {4, -1, 1}}, "3H 3H 3H 2H 1H 0L ffffH"},
		{"mode 4, strobe ends with gate low", 0x98, true, "H", []do{{1, 1, -1}, {3, -1, 0}}, "1H 0L 0H 0H"},
		{"mode 4, new count", 0x98, true, "H", []do{{1, 3, -1}, {4, 2, -1}}, "3H 2H 1H 2H 1H 0L ffffH"},

		{"mode 5", 0x9a, false, "H", []do{{1, 3, -1}, {3, -1, 1}}, "0H 0H 3H 2H 1H 0L ffffH"},
		{"mode 5, retriggered, gate level does not matter", 0x9a, false, "H",
			[]do{{1, 3, -1}, {1, -1, 1}, {2, -1, 0}, {4, -1, 1}, {5, -1, 0}}, "3H 2H 1H 3H 2H 1H 0L ffffH"},

		{"BCD wraps to 9999", 0x91, true, "L", []do{{1, 0x10, -1}}, "10L 9L 8L 7L 6L 5L 4L 3L 2L 1L 0H 9999H 9998H"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newOnBoard()
			gate := b.GATE(2)
			gate(tc.gate)
			b.Out(3, tc.cw)
			got := []string{}
			assert.Equal(t, tc.start == "H", b.OUT(2))
			want := strings.Fields(tc.want)
			for n := range want {
				for _, d := range tc.do {
					if d.at == n+1 && d.w >= 0 {
						b.Out(2, uint8(d.w))
					}
					if d.at == n+1 && d.g >= 0 {
						gate(d.g != 0)
					}
				}
				b.to(int64(n) + 1)
				level := "L"
				if b.OUT(2) {
					level = "H"
				}
				assert.Equal(t, b.OUT(2), b.out[2].Level, "pin and line")
				got = append(got, fmt.Sprintf("%x%s", b.counters[2].visible(), level))
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestPeriodOfTheBIOS(t *testing.T) {
	b := newOnBoard()
	b.Out(3, 0x36) // counter 0, both bytes, mode 3, binary
	b.Out(0, 0)
	b.Out(0, 0) // 65536: 18.2065 Hz
	b.clock.Advance(3600 * devices.Second)
	assert.InDelta(t, 3600*1193182.0/65536, b.out[0].Rises, 1)
}

func TestHundredHertzDoesNotDrift(t *testing.T) {
	b := newOnBoard()
	b.Out(3, 0x34)
	b.Out(0, 0x9c) // 11932 = 2E9Ch, as Linux has it for HZ=100
	b.Out(0, 0x2e)
	b.clock.Advance(1000 * devices.Second)
	assert.Equal(t, 1000*1193182/11932, b.out[0].Falls)
}

func TestOneShotFiresAtTheExactNanosecond(t *testing.T) {
	b := newOnBoard()
	b.clock.Advance(12345)
	b.Out(3, 0x38) // mode 4, as Linux's one-shot clock event
	b.Out(0, 100)
	b.Out(0, 0)
	// Pulse 14 was the last before 12345 ns; 15 loads; 100 later the strobe.
	at := devices.Time((int64(14+1+100)*1e9 + 1193181) / 1193182)
	b.clock.AdvanceTo(at - 1)
	assert.Equal(t, 0, b.out[0].Falls)
	b.clock.AdvanceTo(at)
	assert.Equal(t, 1, b.out[0].Falls)
	b.clock.Advance(devices.Second)
	assert.Equal(t, 1, b.out[0].Falls, "once only")
	_, armed := b.clock.Next()
	assert.False(t, armed, "nothing left to wait for")
}

func TestReadFormats(t *testing.T) {
	for _, tc := range []struct {
		name string
		cw   uint8
		w    []uint8
		want []uint8 // of reads one pulse after loading 1234h or a part of it
	}{
		{"low byte only", 0x90, []uint8{0x34}, []uint8{0x33, 0x33}},
		{"high byte only", 0xa0, []uint8{0x12}, []uint8{0x11, 0x11}},
		{"both", 0xb0, []uint8{0x34, 0x12}, []uint8{0x33, 0x12, 0x33}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newOnBoard()
			b.Out(3, tc.cw)
			for _, v := range tc.w {
				b.Out(2, v)
			}
			b.to(2)
			for _, want := range tc.want {
				assert.Equal(t, want, b.In(2))
			}
		})
	}
	assert.Equal(t, uint8(0xff), newOnBoard().In(3))
}

func TestCounterLatch(t *testing.T) {
	b := newOnBoard()
	b.Out(3, 0x30)
	b.Out(0, 0x00)
	b.Out(0, 0x10)
	b.to(0x101)
	b.Out(3, 0x00) // 0F00h
	b.to(0x201)
	b.Out(3, 0x00) // ignored until read
	assert.Equal(t, uint8(0x00), b.In(0))
	assert.Equal(t, uint8(0x0f), b.In(0))
	assert.Equal(t, uint8(0x00), b.In(0), "as it is now: 0E00h")
	assert.Equal(t, uint8(0x0e), b.In(0))
	b.Out(3, 0x00)
	b.Out(3, 0x30) // programming ends the latch
	assert.False(t, b.Save().Counter[0].CountLatched)
}

func TestReadBack(t *testing.T) {
	b := newOnBoard()
	b.Out(3, 0xb4) // counter 2, both bytes, mode 2
	b.Out(2, 0x10)
	b.Out(2, 0x00)
	b.Out(3, 0xe8) // status of counter 2
	assert.Equal(t, uint8(0x80|0x40|0x34), b.In(2), "OUT high, null count")
	b.to(2)
	b.Out(3, 0xc8) // count and status
	b.to(9)
	b.Out(3, 0xc8) // both latched already
	assert.Equal(t, uint8(0x80|0x34), b.In(2), "status first, count loaded")
	assert.Equal(t, uint8(0x0f), b.In(2))
	assert.Equal(t, uint8(0x00), b.In(2))
	b.Out(3, 0xd8) // count only
	assert.Equal(t, uint8(0x08), b.In(2))
	b.Out(3, 0xf8) // neither
	assert.Equal(t, uint8(0x00), b.In(2))
	b.Out(2, 5)
	b.Out(3, 0xe8)
	assert.Equal(t, uint8(0x80|0x34), b.In(2), "null count comes with the second byte")
	b.Out(2, 0)
	b.Out(3, 0xe8)
	assert.Equal(t, uint8(0x80|0x40|0x34), b.In(2))
	b.to(16)
	b.Out(3, 0xe8)
	assert.Equal(t, uint8(0x40|0x34), b.In(2), "OUT low")
	b.to(17)
	b.Out(3, 0xe8)
	assert.Equal(t, uint8(0x80|0x34), b.In(2), "loaded at the end of the period")
}

func TestFirstByteStopsModeZero(t *testing.T) {
	b := newOnBoard()
	b.Out(3, 0x30)
	b.Out(0, 2)
	b.Out(0, 0)
	b.to(5)
	assert.True(t, b.out[0].Level)
	b.Out(0, 2)
	assert.False(t, b.out[0].Level)
	b.to(100)
	assert.False(t, b.out[0].Level)
	b.Out(0, 0)
	b.to(103)
	assert.True(t, b.out[0].Level)
}

// TestTinyPeriodsDoNotFlood programs the shortest periods, the forbidden ones included, and
// counts how often the host is woken in ten milliseconds of virtual time.
func TestTinyPeriodsDoNotFlood(t *testing.T) {
	for _, cw := range []uint8{0x14, 0x16, 0x15, 0x17} {
		for n := range uint8(10) {
			b := newOnBoard()
			b.Out(3, cw)
			b.Out(0, n)
			wakes := 0
			for b.clock.Now() < devices.Millisecond*10 {
				at, ok := b.clock.Next()
				require.True(t, ok)
				b.clock.AdvanceTo(at)
				wakes++
			}
			assert.LessOrEqual(t, wakes, 11932/4+2, "control word %#x, count %d", cw, n)
			if n > 0 {
				assert.GreaterOrEqual(t, b.out[0].Rises, 11932/10-2, "edges still come")
			}
		}
	}
}

// TestAdvanceAgainstSingleSteps is the second method for jumping ahead: pulse by pulse.
func TestAdvanceAgainstSingleSteps(t *testing.T) {
	for mode := range uint8(6) {
		for _, bcd := range []uint8{0, 1} {
			for _, n := range []uint16{0, 1, 2, 3, 4, 5, 7, 8, 9, 0x10, 0x11, 0x99, 0x100, 0x9998, 0x9999} {
				for _, jump := range []int64{1, 2, 3, 7, 50, 1000, 65535, 65536, 70001} {
					one := counter{s: counterPowerOn}
					one.program(rwBoth<<4 | mode<<1 | bcd)
					one.write(uint8(n))
					one.write(uint8(n >> 8))
					one.gate(false)
					one.gate(true)
					all := one
					for round := range 3 {
						for range jump {
							one.step()
						}
						all.advance(jump)
						require.Equal(t, one.s, all.s, "mode %d bcd %d count %x jump %d", mode, bcd, n, jump)
						require.Equal(t, one.rose, all.rose)
						require.NoError(t, all.s.check())
						if round == 1 { // a new count on the way
							for _, c := range []*counter{&one, &all} {
								c.write(6)
								c.write(0)
							}
						}
					}
				}
			}
		}
	}
}

// TestTimeAgainstBigIntegers is the second method for the conversions.
func TestTimeAgainstBigIntegers(t *testing.T) {
	hz, second := big.NewInt(1193182), big.NewInt(1e9)
	for _, at := range []int64{0, 1, 838, 839, 1e9 - 1, 1e9, 1e9 + 1, 1e15 + 7, 1e18, math.MaxInt64} {
		n := new(big.Int).Mul(big.NewInt(at), hz)
		n.Div(n, second)
		assert.Equal(t, n.Int64(), tick(devices.Time(at)))
		k := n.Int64()
		m := moment(k)
		assert.LessOrEqual(t, m, devices.Time(at))
		assert.Equal(t, k, tick(m), "the pulse has come")
		if m > 0 {
			assert.Equal(t, k-1, tick(m-1), "and not a nanosecond before")
		}
	}
	assert.Equal(t, devices.Time(math.MaxInt64), moment(math.MaxInt64))
	assert.Zero(t, tick(-5))
}

func TestRestoreContinuesWithoutReplayingEdges(t *testing.T) {
	a := newOnBoard()
	a.Out(3, 0x34)
	a.Out(0, 0x00)
	a.Out(0, 0x10)
	a.to(5000)
	s := a.Save()
	b := newOnBoard()
	b.to(6000)
	b.out[0] = devicestest.Wire{Level: true}
	require.NoError(t, b.Restore(s))
	assert.Equal(t, devicestest.Wire{Level: true}, b.out[0])
	a.to(100_000)
	b.to(100_000)
	assert.Equal(t, a.In(0), b.In(0))
	assert.Equal(t, a.Save(), b.Save())
}

func TestRestoreRefusesNonsense(t *testing.T) {
	for name, spoil := range map[string]func(*CounterState){
		"time":      func(s *CounterState) { s.Tick = -1 },
		"far":       func(s *CounterState) { s.Tick = math.MaxInt64 },
		"rw":        func(s *CounterState) { s.RW = 0 },
		"mode":      func(s *CounterState) { s.Mode = 6 },
		"count":     func(s *CounterState) { s.CE = 65537 },
		"negative":  func(s *CounterState) { s.CE = -1 },
		"bcd count": func(s *CounterState) { s.BCD, s.CE = true, 10001 },
		"mode 2":    func(s *CounterState) { s.Mode, s.Running, s.Written, s.CE = 2, true, true, 0 },
		"mode 3":    func(s *CounterState) { s.Running, s.Written, s.CE = true, true, 3 },
		"no count":  func(s *CounterState) { s.Running, s.CE = true, 4 },
	} {
		b := newOnBoard()
		s := PowerOn
		spoil(&s.Counter[1])
		assert.ErrorContains(t, b.Restore(s), "counter 1", name)
		assert.Equal(t, PowerOn, b.Save(), name)
	}
}

// TestCounterThreeDoesNotExist is CVE-2015-3214: the number of a counter, from a port or a
// control word, that is out of range.
func TestCounterThreeDoesNotExist(t *testing.T) {
	b := newOnBoard()
	for v := range 256 {
		b.Out(3, uint8(v))
		b.In(3)
		b.Out(7, uint8(v))
		b.In(0xffff)
	}
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{3, 0x34, 0, 1, 0, 0, 5, 200, 0, 0x80, 6, 1, 7, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newOnBoard()
		for ; len(in) >= 2; in = in[2:] {
			op, v := in[0]%8, in[1]
			switch op {
			case 0, 1, 2, 3:
				b.Out(uint16(op), v)
			case 4:
				b.In(uint16(v & 3))
			case 5:
				b.clock.Advance(devices.Time(v) * 5 * devices.Microsecond)
			case 6:
				b.GATE(int(v % 3))(v&4 != 0)
			case 7:
				s := b.Save()
				if err := b.Restore(s); err != nil || b.Save() != s {
					t.Fatalf("%v: %+v", err, s)
				}
			}
			for _, n := range []int{0, 2} {
				if b.OUT(n) != b.out[n].Level {
					t.Fatalf("OUT%d differs from its line: %+v", n, b.Save())
				}
			}
		}
	})
}
