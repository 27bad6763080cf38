package uart16550

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

type board struct {
	*Device
	clock                  *devicestest.Clock
	irq, dtr, rts, o1, brk devicestest.Wire
	sent                   []byte
}

func newOnBoard(lineSpeed bool) *board {
	b := &board{clock: &devicestest.Clock{}}
	b.Device = New(b.clock, Config{
		IRQ: b.irq.Drive, DTR: b.dtr.Drive, RTS: b.rts.Drive, OUT1: b.o1.Drive, Break: b.brk.Drive,
		Send:      func(c byte) { b.sent = append(b.sent, c) },
		LineSpeed: lineSpeed,
	})
	b.Reset()
	return b
}

// newReady returns a port at 115,200 baud, 8N1, with the FIFOs and the interrupts in ier on.
func newReady(fcr, ier uint8) *board {
	b := newOnBoard(true)
	b.Out(3, 0x83)
	b.Out(0, 1)
	b.Out(1, 0)
	b.Out(3, 0x03)
	b.Out(2, fcr)
	b.Out(4, 0x0b)
	b.Out(1, ier)
	return b
}

// char is the time of a character of ten bits at 115,200 baud, rounded down.
const char = devices.Time(86805)

func TestPowerOn(t *testing.T) {
	b := newOnBoard(false)
	want := [8]uint8{0, 0, 0x01, 0, 0, 0x60, 0xb0, 0}
	for i, w := range want {
		assert.Equal(t, w, b.In(uint16(i)), "register %d", i)
	}
	assert.Equal(t, uint8(0), b.In(8), "only three address lines")
}

func TestRegistersReadBackThroughTheirMasks(t *testing.T) {
	b := newOnBoard(false)
	for _, tc := range []struct {
		reg       uint16
		v, readAs uint8
	}{{1, 0xff, 0x0f}, {3, 0x7f, 0x7f}, {4, 0xff, 0x1f}, {7, 0xa5, 0xa5}} {
		b.Out(tc.reg, tc.v)
		assert.Equal(t, tc.readAs, b.In(tc.reg), "register %d", tc.reg)
		b.Out(tc.reg, 0)
		assert.Zero(t, b.In(tc.reg))
	}
	b.Out(3, 0x80)
	b.Out(0, 0x34)
	b.Out(1, 0x12)
	assert.Equal(t, uint8(0x34), b.In(0))
	assert.Equal(t, uint8(0x12), b.In(1))
	b.Out(5, 0)
	b.Out(6, 0)
	assert.Equal(t, uint8(0x60), b.In(5), "LSR is read only")
	assert.Empty(t, b.sent)
}

func TestPollingNeedsNoTimer(t *testing.T) {
	b := newOnBoard(false)
	for _, c := range []byte("hello\n") {
		for b.In(5)&0x40 == 0 {
			_, armed := b.clock.Next()
			require.False(t, armed)
			b.clock.Advance(100)
		}
		b.Out(0, c)
	}
	assert.Equal(t, "hello\n", string(b.sent))
	assert.LessOrEqual(t, b.clock.Now(), 6*DefaultCharTime)
}

func TestTransmitterTakesItsTime(t *testing.T) {
	b := newReady(0, 0)
	b.Out(0, 'a')
	assert.Equal(t, uint8(0x20), b.In(5), "in the shift register")
	b.Out(0, 'b')
	assert.Equal(t, uint8(0x00), b.In(5))
	assert.Equal(t, "a", string(b.sent))
	b.clock.Advance(char)
	assert.Equal(t, "ab", string(b.sent))
	assert.Equal(t, uint8(0x20), b.In(5))
	b.clock.Advance(char)
	assert.Equal(t, uint8(0x60), b.In(5))
}

func TestFIFODrainsWithoutBeingLookedAt(t *testing.T) {
	b := newReady(0x07, 0)
	for c := range byte(17) {
		b.Out(0, 'a'+c)
	}
	b.clock.Advance(17 * (char + 1))
	assert.Equal(t, "abcdefghijklmnopq", string(b.sent))
	assert.Equal(t, uint8(0x60), b.In(5))
}

func TestCharacterTimes(t *testing.T) {
	for _, tc := range []struct {
		name    string
		lcr     uint8
		divisor uint16
		want    devices.Time
	}{
		{"115200 8N1", 0x03, 1, 86805},
		{"9600 8N1", 0x03, 12, 1041666},
		{"300 7E2", 0x1e, 384, 36666666},
		{"110 5N1.5", 0x04, 1047, 68164062}, // 7.5 bits of 9.0885 ms
		{"divisor 0 works as 1", 0x03, 0, 86805},
		{"largest divisor, 8E2", 0x1f, 65535, 6826562500}, // 12 bits of 568.88 ms
	} {
		b := newOnBoard(true)
		b.s.LCR, b.s.Divisor = tc.lcr, tc.divisor
		assert.Equal(t, tc.want, b.charTime(), tc.name)
	}
	assert.Equal(t, DefaultCharTime, newOnBoard(false).charTime())
}

// TestDivisorZeroDoesNotDivide is CVE-2016-8669: a divisor of 0 or 1.8 MHz of baud.
func TestDivisorZeroDoesNotDivide(t *testing.T) {
	b := newOnBoard(true)
	b.Out(3, 0x80)
	b.Out(0, 0)
	b.Out(1, 0)
	b.Out(3, 0x03)
	b.Out(0, 'x')
	b.clock.Advance(char)
	assert.Equal(t, uint8(0x60), b.In(5))
}

func TestReceivePolled(t *testing.T) {
	b := newReady(0, 0)
	assert.Equal(t, 1, b.Room())
	assert.True(t, b.Receive('x'))
	assert.Equal(t, 0, b.Room())
	assert.Equal(t, uint8(0x61), b.In(5))
	assert.Equal(t, uint8('x'), b.In(0))
	assert.Equal(t, uint8(0x60), b.In(5))
	assert.Equal(t, uint8('x'), b.In(0), "RBR keeps the last one")
}

func TestOverrun(t *testing.T) {
	b := newReady(0, 0x04)
	b.Receive('1')
	assert.False(t, b.Receive('2'))
	assert.True(t, b.irq.Level)
	assert.Equal(t, uint8(0x06), b.In(2))
	assert.Equal(t, uint8(0x63), b.In(5))
	assert.Equal(t, uint8(0x61), b.In(5), "reading clears OE")
	assert.False(t, b.irq.Level)
	assert.Equal(t, uint8('2'), b.In(0), "without FIFO the new one replaces the old")

	b = newReady(0x01, 0)
	for c := range byte(16) {
		assert.True(t, b.Receive(c))
	}
	assert.False(t, b.Receive(99))
	assert.Equal(t, uint8(0x63), b.In(5))
	for c := range byte(16) {
		assert.Equal(t, c, b.In(0), "the FIFO stays as it was")
	}
}

func TestTriggerLevels(t *testing.T) {
	for fcr, level := range map[uint8]int{0x01: 1, 0x41: 4, 0x81: 8, 0xc1: 14} {
		b := newReady(fcr, 0x01)
		for n := 1; n <= 16; n++ {
			b.Receive(byte(n))
			assert.Equal(t, n >= level, b.irq.Level, "level %d, %d characters", level, n)
		}
		assert.Equal(t, uint8(0xc4), b.In(2))
		for n := 15; n >= 0; n-- {
			b.In(0)
			assert.Equal(t, n >= level, b.irq.Level, "level %d, %d left", level, n)
		}
	}
}

func TestCharacterTimeout(t *testing.T) {
	b := newReady(0xc1, 0x01)
	b.Receive('a')
	b.clock.Advance(4*char - 1)
	assert.False(t, b.irq.Level)
	b.Receive('b') // starts anew
	b.clock.Advance(4*char - 1)
	assert.False(t, b.irq.Level)
	b.clock.Advance(1)
	assert.True(t, b.irq.Level)
	assert.Equal(t, uint8(0xcc), b.In(2))
	assert.Equal(t, uint8(0xcc), b.In(2), "reading IIR does not clear it")
	assert.Equal(t, uint8('a'), b.In(0))
	assert.False(t, b.irq.Level)
	b.clock.Advance(4 * char)
	assert.True(t, b.irq.Level, "one is left")
	b.In(0)
	b.clock.Advance(100 * char)
	assert.False(t, b.irq.Level)
}

func TestTHREmptyInterrupt(t *testing.T) {
	b := newReady(0x01, 0x02)
	assert.True(t, b.irq.Level, "raised when enabled while empty")
	assert.Equal(t, uint8(0xc2), b.In(2))
	assert.False(t, b.irq.Level, "reading IIR clears it")
	assert.Equal(t, uint8(0xc1), b.In(2))
	b.Out(1, 0x02)
	assert.False(t, b.irq.Level, "enabled already")
	b.Out(1, 0)
	b.Out(1, 0x02)
	assert.True(t, b.irq.Level, "raised again")
	for range 17 {
		b.Out(0, 'x')
	}
	assert.False(t, b.irq.Level)
	b.clock.Advance(16*char - 1)
	assert.False(t, b.irq.Level)
	b.clock.Advance(16)
	assert.True(t, b.irq.Level, "the last one left the FIFO")
	assert.Len(t, b.sent, 17)
}

func TestWritingTHRMakesAnEdgeWithoutReadingIIR(t *testing.T) {
	b := newReady(0, 0x02)
	rises := b.irq.Rises
	b.Out(0, 'x')
	assert.Equal(t, rises+1, b.irq.Rises)
}

func TestPrioritiesOfInterrupts(t *testing.T) {
	b := newReady(0, 0x0f)
	b.CTS(false)
	b.Receive('1')
	b.Receive('2')
	for _, tc := range []struct {
		iir   uint8
		clear uint16
	}{{0x06, 5}, {0x04, 0}, {0x02, 2}, {0x00, 6}} {
		if tc.clear != 2 {
			assert.Equal(t, tc.iir, b.In(2))
		}
		v := b.In(tc.clear)
		if tc.clear == 2 {
			assert.Equal(t, tc.iir, v)
		}
	}
	assert.Equal(t, uint8(0x01), b.In(2))
	assert.False(t, b.irq.Level)
}

func TestOUT2EnablesTheInterrupt(t *testing.T) {
	b := newReady(0, 0x01)
	b.Receive('x')
	assert.True(t, b.irq.Level)
	b.Out(4, 0x03)
	assert.False(t, b.irq.Level)
	b.Out(4, 0x0b)
	assert.True(t, b.irq.Level)
}

func TestModemInputs(t *testing.T) {
	b := newReady(0, 0x08)
	assert.Equal(t, uint8(0xb0), b.In(6))
	b.CTS(false)
	assert.True(t, b.irq.Level)
	assert.Equal(t, uint8(0xa1), b.In(6))
	assert.False(t, b.irq.Level)
	assert.Equal(t, uint8(0xa0), b.In(6))
	b.DSR(false)
	b.DCD(false)
	assert.Equal(t, uint8(0x0a), b.In(6))
	b.RI(true)
	assert.Equal(t, uint8(0x40), b.In(6), "the start of a ring is no change")
	b.RI(false)
	assert.Equal(t, uint8(0x04), b.In(6), "its end is")
}

func TestLoop(t *testing.T) {
	b := newReady(0, 0)
	assert.True(t, b.dtr.Level)
	assert.True(t, b.rts.Level)
	for mcr, msr := range map[uint8]uint8{0x10: 0x00, 0x11: 0x20, 0x12: 0x10, 0x14: 0x40, 0x18: 0x80, 0x1a: 0x90} {
		b.Out(4, mcr)
		assert.Equal(t, msr, b.In(6)&0xf0, "MCR %#02x", mcr)
		assert.False(t, b.dtr.Level || b.rts.Level || b.o1.Level, "outputs are inactive")
	}
	b.Out(4, 0x1f)
	b.In(6)
	b.Out(4, 0x10)
	assert.Equal(t, uint8(0x0f), b.In(6), "all fell, RI too")
	b.Out(0, 'x')
	assert.False(t, b.Receive('y'), "the line is cut off")
	assert.Zero(t, b.Room())
	assert.Zero(t, b.In(5)&0x01)
	b.clock.Advance(char)
	assert.Equal(t, uint8(0x61), b.In(5))
	assert.Equal(t, uint8('x'), b.In(0))
	assert.Empty(t, b.sent)
	b.Out(3, 0x43)
	assert.Equal(t, uint8(0x79), b.In(5), "a break comes back")
	assert.False(t, b.brk.Level)
}

func TestLoopInterruptsWithoutBeingLookedAt(t *testing.T) {
	b := newReady(0, 0x01)
	b.Out(4, 0x1b)
	b.Out(0, 'x')
	b.clock.Advance(char)
	assert.True(t, b.irq.Level)
}

func TestBreak(t *testing.T) {
	b := newReady(0, 0x04)
	b.Out(3, 0x43)
	assert.True(t, b.brk.Level)
	b.Out(0, 'x')
	assert.Empty(t, b.sent)
	b.Out(3, 0x03)
	assert.False(t, b.brk.Level)
	b.ReceiveBreak()
	assert.True(t, b.irq.Level)
	assert.Equal(t, uint8(0x18), b.In(5)&0x1e)
	assert.Zero(t, b.In(0))
}

func TestErrorsTravelThroughTheFIFO(t *testing.T) {
	b := newReady(0x01, 0)
	b.Receive('a')
	b.ReceiveBreak()
	b.Receive('c')
	assert.Equal(t, uint8(0xe1), b.In(5), "somewhere in the FIFO")
	b.In(0)
	assert.Equal(t, uint8(0xf9), b.In(5), "next to be read")
	assert.Equal(t, uint8(0x61), b.In(5), "cleared")
	assert.Equal(t, uint8(0), b.In(0))
	assert.Equal(t, uint8('c'), b.In(0))
}

func TestFIFOControl(t *testing.T) {
	b := newReady(0x01, 0)
	b.Receive('a')
	b.Out(2, 0x03)
	assert.Zero(t, b.In(5)&1, "receiver cleared")
	for range 3 {
		b.Out(0, 'x')
	}
	b.Out(2, 0x05)
	b.clock.Advance(10 * char)
	assert.Len(t, b.sent, 1, "the shift register goes on")
	b.Out(2, 0xc0)
	assert.Equal(t, uint8(0x01), b.In(2), "off, and the trigger level with it")
	b.Out(2, 0xc6)
	assert.Equal(t, State{}.FCR, b.Save().FCR, "bits count only with the FIFOs on")
}

func TestRestoreInTheMiddleOfACharacter(t *testing.T) {
	a := newReady(0x81, 0x03)
	for c := range byte(5) {
		a.Out(0, 'a'+c)
		a.Receive('0' + c)
	}
	a.clock.Advance(char + char/2)
	s := a.Save()
	b := newOnBoard(true)
	b.clock.AdvanceTo(a.clock.Now())
	require.NoError(t, b.Restore(s))
	assert.Empty(t, b.sent, "nothing is sent again")
	assert.Equal(t, s, b.Save())
	assert.Equal(t, a.irq.Level, b.irq.Level)
	a.clock.Advance(10 * char)
	b.clock.Advance(10 * char)
	assert.Equal(t, a.Save(), b.Save())
	assert.Equal(t, "cde", string(b.sent))
	assert.Equal(t, a.irq.Level, b.irq.Level)
}

func TestRestoreRefusesNonsense(t *testing.T) {
	for name, spoil := range map[string]func(*State){
		"IER":          func(s *State) { s.IER = 0x10 },
		"MCR":          func(s *State) { s.MCR = 0x20 },
		"FCR":          func(s *State) { s.FCR = 0x02 },
		"errors":       func(s *State) { s.Errors = 0x20 },
		"RX length":    func(s *State) { s.RX.Len = 200 },
		"no FIFO":      func(s *State) { s.RX.Len = 2 },
		"RX error":     func(s *State) { s.RX.Len, s.RX.Error[0] = 1, 0x80 },
		"behind":       func(s *State) { s.RX.Data[3] = 1 },
		"TX length":    func(s *State) { s.FCR, s.Shifting, s.TX.Len = 1, true, 17 },
		"idle with TX": func(s *State) { s.TX.Len = 1 },
		"time":         func(s *State) { s.Shifted = -1 },
		"late":         func(s *State) { s.Idle = 1<<63 - 1 },
	} {
		b := newOnBoard(false)
		s := PowerOn
		spoil(&s)
		assert.Error(t, b.Restore(s), name)
		assert.Equal(t, PowerOn, b.Save(), name)
	}
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{3, 0x83, 0, 1, 3, 3, 2, 0xc7, 1, 0x0f, 4, 0x0b, 0, 'x', 8, 'y', 9, 200, 10, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newOnBoard(len(in)%2 == 0)
		for ; len(in) >= 2; in = in[2:] {
			switch op, v := in[0]%14, in[1]; op {
			default:
				b.Out(uint16(op), v)
			case 8:
				room := b.Room()
				if ok := b.Receive(v); ok != (room > 0) {
					t.Fatalf("room for %d, but %v", room, ok)
				}
			case 9:
				b.clock.Advance(devices.Time(v) * 20 * devices.Microsecond)
			case 10:
				s := b.Save()
				if err := b.Restore(s); err != nil || b.Save() != s {
					t.Fatalf("%v: %+v", err, s)
				}
			case 11:
				b.In(uint16(v))
			case 12:
				b.RI(v&1 != 0)
				b.CTS(v&2 != 0)
			case 13:
				b.ReceiveBreak()
			}
			if at, ok := b.clock.Next(); ok && at <= b.clock.Now() {
				t.Fatalf("timer at %d does not move on: %+v", at, b.Save())
			}
			if b.irq.Level != b.interrupt() {
				t.Fatal("the line does not match the state")
			}
		}
	})
}
