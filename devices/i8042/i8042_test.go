package i8042

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

// A cable is a peripheral under the test's control.
type cable struct {
	queue []uint8 // to the host
	got   []uint8 // from the host
	ready func()
}

func (c *cable) Write(b uint8) { c.got = append(c.got, b) }
func (c *cable) Ready() bool   { return len(c.queue) > 0 }
func (c *cable) Read() uint8 {
	b := c.queue[0]
	c.queue = c.queue[1:]
	return b
}

func (c *cable) send(b ...uint8) {
	c.queue = append(c.queue, b...)
	c.ready()
}

// A board carries the controller with a keyboard and, in some tests, a mouse.
type board struct {
	*Device
	clock                  devicestest.Clock
	irq1, irq12, a20, init devicestest.Wire
	kbd, mouse             *cable
}

func newBoard() *board {
	b := &board{kbd: &cable{}, mouse: &cable{}}
	b.Device = New(&b.clock, Pins{IRQ1: b.irq1.Drive, IRQ12: b.irq12.Drive, A20: b.a20.Drive, Reset: b.init.Drive})
	b.kbd.ready, b.mouse.ready = b.KeyboardReady, b.AuxReady
	b.PlugKeyboard(b.kbd)
	b.Reset()
	return b
}

func (b *board) cmd(v uint8)          { b.Control().Out(0, v) }
func (b *board) out(v uint8)          { b.Data().Out(0, v) }
func (b *board) in() uint8            { return b.Data().In(0) }
func (b *board) st() uint8            { return b.Control().In(0) }
func (b *board) wait()                { b.clock.Advance(2 * devices.Millisecond) }
func (b *board) ask(c uint8) uint8    { b.cmd(c); return b.in() }
func (b *board) set(c, v uint8)       { b.cmd(c); b.out(v) }
func (b *board) commandByte() uint8   { return b.ask(0x20) }
func (b *board) full() (full bool)    { return b.st()&1 != 0 }
func (b *board) fromAux() (full bool) { return b.st()&0x21 == 0x21 }

func TestPowerOn(t *testing.T) {
	b := newBoard()
	assert.Equal(t, uint8(0x18), b.st())
	assert.Equal(t, uint8(0x03), b.commandByte())
	assert.True(t, b.a20.Level)
	assert.Zero(t, b.init.Rises)
	b.cmd(0xD0)
	assert.True(t, b.irq1.Level)
	assert.Equal(t, uint8(0xCF), b.in(), "read before the answer was there")
}

func TestAnswers(t *testing.T) {
	for _, tc := range []struct{ command, want uint8 }{
		{0xAA, 0x55}, {0xAB, 0x00}, {0xA9, 0x00}, {0xA4, 0xF1}, {0xE0, 0x00}, {0xC0, 0xA0},
	} {
		b := newBoard()
		b.cmd(tc.command)
		require.True(t, b.full(), "command %#02x", tc.command)
		assert.Equal(t, tc.want, b.in(), "command %#02x", tc.command)
		assert.False(t, b.full())
		assert.Equal(t, tc.want, b.in(), "an empty buffer gives the last byte")
	}
}

func TestStatusFollowsCommandByteAndSelfTest(t *testing.T) {
	b := newBoard()
	b.ask(0xAA)
	assert.Equal(t, uint8(0x1C), b.st())
	b.set(0x60, 0x03)
	assert.Equal(t, uint8(0x10), b.st(), "SYS and A2 cleared")
	b.set(0x60, 0x07)
	assert.Equal(t, uint8(0x14), b.st())
}

func TestControllerRAM(t *testing.T) {
	b := newBoard()
	for i := range uint8(31) {
		b.set(0x61+i, i*5)
	}
	for i := range uint8(31) {
		assert.Equal(t, i*5, b.ask(0x21+i))
	}
	assert.Equal(t, uint8(0x03), b.commandByte())
}

// TestLinuxAuxProbe does what drivers/input/serio/i8042.c does to find the mouse port.
func TestLinuxAuxProbe(t *testing.T) {
	b := newBoard()
	b.set(0x60, 0x74) // both held, no interrupts
	b.set(0xD3, 0x5A)
	assert.True(t, b.fromAux())
	assert.Equal(t, uint8(0x5A), b.in())
	b.cmd(0xA7)
	assert.Equal(t, uint8(0x20), b.commandByte()&0x20)
	b.cmd(0xA8)
	assert.Zero(t, b.commandByte()&0x20)
	b.set(0x60, 0x76) // IRQ12 on
	b.set(0xD3, 0xA5)
	assert.Equal(t, 1, b.irq12.Rises)
	assert.Zero(t, b.irq1.Rises)
	assert.Equal(t, uint8(0xA5), b.in())
	assert.False(t, b.irq12.Level)
	for _, v := range []uint8{0xF0, 0x56, 0xA4} { // no active multiplexer: all come back
		b.set(0xD3, v)
		assert.Equal(t, v, b.in())
	}
}

func TestKeyboardByteTakesItsTime(t *testing.T) {
	b := newBoard()
	b.kbd.send(0x1C, 0x32)
	b.clock.Advance(800 * devices.Microsecond)
	assert.False(t, b.full())
	b.clock.Advance(100 * devices.Microsecond)
	assert.True(t, b.full())
	assert.Equal(t, 1, b.irq1.Rises)
	b.wait()
	assert.Equal(t, uint8(0x1C), b.in(), "untranslated; the second byte waits")
	assert.False(t, b.irq1.Level)
	assert.False(t, b.full())
	b.wait()
	assert.Equal(t, 2, b.irq1.Rises, "a new edge for every byte")
	assert.Equal(t, uint8(0x32), b.in())
	b.wait()
	assert.False(t, b.full())
}

func TestHeldKeyboardDoesNotSend(t *testing.T) {
	b := newBoard()
	b.cmd(0xAD)
	b.kbd.send(0x1C)
	b.wait()
	assert.False(t, b.full())
	b.cmd(0xAE)
	b.wait()
	assert.Equal(t, uint8(0x1C), b.in())

	b.cmd(0xAD)
	b.kbd.send(0xFA)
	b.out(0xF4) // a byte for the keyboard releases it
	b.wait()
	assert.Equal(t, []uint8{0xF4}, b.kbd.got)
	assert.Equal(t, uint8(0xFA), b.in())
	assert.Zero(t, b.commandByte()&0x10)
}

func TestHeldInMidTransfer(t *testing.T) {
	b := newBoard()
	b.kbd.send(0x1C)
	b.cmd(0xAD)
	b.wait()
	assert.False(t, b.full())
	assert.True(t, b.kbd.Ready(), "not lost")
}

func TestTranslation(t *testing.T) {
	for _, tc := range []struct {
		name     string
		in, want []uint8
	}{
		{"A down and up", []uint8{0x1C, 0xF0, 0x1C}, []uint8{0x1E, 0x9E}},
		{"right arrow", []uint8{0xE0, 0x74, 0xE0, 0xF0, 0x74}, []uint8{0xE0, 0x4D, 0xE0, 0xCD}},
		{"pause", []uint8{0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77}, []uint8{0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5}},
		{"F7", []uint8{0x83, 0xF0, 0x83}, []uint8{0x41, 0xC1}},
		{"answers", []uint8{0xFA, 0xAA, 0xFE, 0xEE}, []uint8{0xFA, 0xAA, 0xFE, 0xEE}},
		{"identifier", []uint8{0xFA, 0xAB, 0x83}, []uint8{0xFA, 0xAB, 0x41}},
		{"overrun", []uint8{0x00}, []uint8{0xFF}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBoard()
			b.set(0x60, 0x41)
			b.kbd.send(tc.in...)
			var got []uint8
			for range 2 * len(tc.in) {
				b.wait()
				if b.full() {
					got = append(got, b.in())
				}
			}
			assert.Equal(t, tc.want, got)
		})
	}
}

func TestTranslationTableIsOneToOne(t *testing.T) {
	seen := map[uint8]int{}
	for from, to := range set1 {
		if other, dup := seen[to]; dup {
			// F7 and SysRq have a second code from the days of the 84-key keyboard.
			assert.True(t, from == 0x83 && other == 0x02 || from == 0x84 && other == 0x7F, "%#x and %#x", from, other)
		}
		seen[to] = from
	}
}

func TestMouse(t *testing.T) {
	b := newBoard()
	b.PlugAux(b.mouse)
	b.cmd(0xA7)
	b.set(0xD4, 0xF4)
	assert.Equal(t, []uint8{0xF4}, b.mouse.got)
	assert.Zero(t, b.ask(0x20)&0x20, "released")
	b.set(0x60, 0x43)
	b.mouse.send(0xFA)
	b.kbd.send(0x1C)
	b.wait()
	assert.Equal(t, uint8(0x1E), b.in(), "the keyboard comes first")
	b.wait()
	assert.True(t, b.fromAux())
	assert.Equal(t, 1, b.irq12.Rises)
	assert.Equal(t, uint8(0xFA), b.in(), "never translated")
}

func TestNoDeviceTimesOut(t *testing.T) {
	b := newBoard()
	b.set(0xD4, 0xFF)
	assert.Equal(t, uint8(0x61), b.st()&0xE1)
	assert.Equal(t, uint8(0xFE), b.in())
	assert.Zero(t, b.st()&0x40)
	b.PlugKeyboard(nil)
	b.out(0xFF)
	assert.Equal(t, uint8(0x41), b.st()&0xE1)
}

func TestAnswerWaitsForBuffer(t *testing.T) {
	b := newBoard()
	b.kbd.send(0x1C, 0x1D)
	b.wait()
	b.cmd(0xA9)
	assert.Equal(t, uint8(0x1C), b.in(), "what was there first")
	b.clock.Advance(100 * devices.Microsecond)
	assert.Equal(t, uint8(0x00), b.in(), "the answer goes before the next key")
	b.wait()
	assert.Equal(t, uint8(0x1D), b.in())
}

func TestA20(t *testing.T) {
	b := newBoard()
	b.set(0xD1, 0xDD)
	assert.False(t, b.a20.Level)
	b.set(0xD1, 0xDF)
	assert.True(t, b.a20.Level)
	b.cmd(0xDD)
	assert.False(t, b.a20.Level)
	assert.Zero(t, b.ask(0xD0)&2)
	b.cmd(0xDF)
	assert.True(t, b.a20.Level)
	assert.Zero(t, b.init.Rises)
}

func TestReset(t *testing.T) {
	b := newBoard()
	for i, pulse := range []func(){
		func() { b.cmd(0xFE) },
		func() { b.cmd(0xF0) },
		func() { b.set(0xD1, 0xDE) },
	} {
		pulse()
		assert.Equal(t, i+1, b.init.Rises)
		assert.False(t, b.init.Level)
	}
	b.cmd(0xFF)
	b.cmd(0xFD)
	assert.Equal(t, 3, b.init.Rises)
}

func TestRestoreInMidTransfer(t *testing.T) {
	b := newBoard()
	b.kbd.send(0x1C)
	b.clock.Advance(500 * devices.Microsecond)
	s := b.Save()
	c := newBoard()
	c.kbd.queue = []uint8{0x1C}
	c.clock.Advance(500 * devices.Microsecond)
	require.NoError(t, c.Restore(s))
	c.clock.Advance(390 * devices.Microsecond)
	assert.True(t, c.full())
	assert.Equal(t, uint8(0x1C), c.in())
}

func TestRestoreDrivesLevels(t *testing.T) {
	b := newBoard()
	s := PowerOn
	s.Port &^= outA20
	s.Out = Byte{Value: 1, From: Aux}
	require.NoError(t, b.Restore(s))
	assert.False(t, b.a20.Level)
	assert.True(t, b.irq12.Level)
	assert.Zero(t, b.init.Rises)
	require.NoError(t, b.Restore(AfterBIOS))
	assert.Equal(t, uint8(0x14), b.st())
	assert.Equal(t, uint8(0x65), b.commandByte())
}

func TestRestoreRefusesNonsense(t *testing.T) {
	for name, spoil := range map[string]func(s *State){
		"source":  func(s *State) { s.Out.From = 3 },
		"wait":    func(s *State) { s.Wait.From = 200 },
		"status":  func(s *State) { s.Status = 0x80 },
		"port":    func(s *State) { s.Port = 0 },
		"command": func(s *State) { s.Command = 0xAA },
		"time":    func(s *State) { s.Armed, s.Due = true, -1 },
	} {
		s := PowerOn
		spoil(&s)
		assert.ErrorContains(t, newBoard().Restore(s), "i8042: ", name)
	}
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{0, 0xAA, 2, 0, 0, 0x60, 1, 0x47, 4, 0xF0, 5, 9, 2, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newBoard()
		b.PlugAux(b.mouse)
		for len(in) >= 2 {
			op, v := in[0]%7, in[1]
			in = in[2:]
			switch op {
			case 0:
				b.cmd(v)
			case 1:
				b.out(v)
			case 2:
				b.in()
			case 3:
				b.mouse.send(v)
			case 4:
				b.kbd.send(v)
			case 5:
				b.clock.Advance(devices.Time(v) * 10 * devices.Microsecond)
			case 6:
				b.PlugAux(nil)
			}
			s := b.Save()
			require.NoError(t, b.Restore(s))
			require.Equal(t, s, b.Save())
			require.Equal(t, b.st()&1 != 0, s.Out.From != None)
		}
	})
}
