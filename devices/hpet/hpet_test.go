package hpet

import (
	"testing"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type board struct {
	*Device
	clock  devicestest.Clock
	pin    [32]devicestest.Wire
	irq    [16]devicestest.Wire // legacy lines
	legacy bool
}

func newBoard() *board {
	b := &board{}
	b.Device = New(Config{
		Clock: &b.clock,
		IRQ: func(pin int, legacy, high bool) {
			if legacy {
				b.irq[pin].Drive(high)
			} else {
				b.pin[pin].Drive(high)
			}
		},
		Legacy: func(high bool) { b.legacy = high },
	})
	b.Reset()
	return b
}

func (b *board) out(off, v uint64)      { b.WriteMMIO(off, 8, v) }
func (b *board) in(off uint64) uint64   { return b.ReadMMIO(off, 8) }
func (b *board) out32(off, v uint64)    { b.WriteMMIO(off, 4, v) }
func (b *board) in32(off uint64) uint64 { return b.ReadMMIO(off, 4) & 0xffffffff }

func TestIdentification(t *testing.T) {
	b := newBoard()
	assert.EqualValues(t, 0x009896808086a201, b.in(0))
	assert.EqualValues(t, 10_000_000, b.in32(4), "femtoseconds")
	for i := range uint64(3) {
		assert.EqualValues(t, 0x00ff010400000030, b.in(0x100+0x20*i))
		assert.Equal(t, ^uint64(0), b.in(0x108+0x20*i))
	}
	assert.Zero(t, b.in(0x160), "no fourth timer")
}

func TestCounter(t *testing.T) {
	b := newBoard()
	b.clock.Advance(1000)
	assert.Zero(t, b.in(0xf0))
	b.out(0xf0, 7)
	b.out32(0x10, 1)
	b.clock.Advance(1000)
	assert.EqualValues(t, 107, b.in(0xf0))
	b.out(0xf0, 0)
	assert.EqualValues(t, 107, b.in(0xf0), "not while it runs")
	b.out32(0x10, 0)
	b.clock.Advance(1000)
	assert.EqualValues(t, 107, b.in(0xf0))
	b.out32(0xf4, 1)
	assert.EqualValues(t, 1<<32|107, b.in(0xf0), "a half")
}

func TestOneShot(t *testing.T) {
	b := newBoard()
	b.out32(0x100, 16<<9|timEnabled)
	b.out32(0x10, 1)
	b.out(0x108, 100)
	b.clock.Advance(999)
	assert.Zero(t, b.pin[16].Rises)
	b.clock.Advance(1)
	assert.Equal(t, 1, b.pin[16].Rises)
	assert.False(t, b.pin[16].Level, "an edge")
	b.clock.Advance(devices.Second)
	assert.Equal(t, 1, b.pin[16].Rises)
}

// The way Linux does it: set the accumulator, then the period.
func TestPeriodic(t *testing.T) {
	b := newBoard()
	b.out32(0x10, 1)
	b.clock.Advance(10 * 5)
	b.out32(0x120, 17<<9|timEnabled|timPeriodic|timSet|tim32)
	b.out32(0x128, 105)
	b.out32(0x128, 100)
	b.clock.AdvanceTo(1049)
	assert.Zero(t, b.pin[17].Rises)
	b.clock.AdvanceTo(1050)
	assert.Equal(t, 1, b.pin[17].Rises)
	b.clock.AdvanceTo(1050 + 7*1000)
	assert.Equal(t, 8, b.pin[17].Rises)
}

func TestLevel(t *testing.T) {
	b := newBoard()
	b.out32(0x140, 18<<9|timEnabled|timLevel)
	b.out(0x148, 10)
	b.out32(0x10, 1)
	b.clock.Advance(100)
	assert.True(t, b.pin[18].Level)
	assert.EqualValues(t, 4, b.in(0x20))
	b.out32(0x20, 4)
	assert.False(t, b.pin[18].Level)
	assert.Zero(t, b.in(0x20))
}

func TestLegacyReplacement(t *testing.T) {
	b := newBoard()
	b.out32(0x100, timEnabled)
	b.out32(0x120, timEnabled)
	b.out(0x108, 10)
	b.out(0x128, 20)
	b.out32(0x10, 3)
	assert.True(t, b.legacy)
	b.clock.Advance(1000)
	assert.Equal(t, 1, b.irq[0].Rises)
	assert.Equal(t, 1, b.irq[8].Rises)
	b.out32(0x10, 0)
	assert.False(t, b.legacy)
}

func TestNarrowComparatorWraps(t *testing.T) {
	b := newBoard()
	b.out(0xf0, 0xfffffff0)
	b.out32(0x100, 16<<9|timEnabled|tim32)
	b.out32(0x108, 0x10)
	b.out32(0x10, 1)
	b.clock.Advance(0x20*10 - 1)
	assert.Zero(t, b.pin[16].Rises)
	b.clock.Advance(1)
	assert.Equal(t, 1, b.pin[16].Rises)
}

func TestRestoreGoesOn(t *testing.T) {
	b := newBoard()
	b.out32(0x10, 1)
	b.out32(0x120, 17<<9|timEnabled|timPeriodic|timSet|timLevel)
	b.out(0x128, 100)
	b.clock.Advance(1500)
	s := b.Save()
	c := newBoard()
	c.clock.Advance(1500)
	require.NoError(t, c.Restore(s))
	assert.Equal(t, s, c.Save())
	assert.True(t, c.pin[17].Level)
	for _, x := range []*board{b, c} {
		x.out32(0x20, 2)
		x.clock.Advance(500)
		assert.True(t, x.pin[17].Level)
	}
	s.ISR = 8
	assert.Error(t, c.Restore(s))
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{0x10, 1, 0x40, 0x0c, 0x41, 9})
	f.Fuzz(func(t *testing.T, p []byte) {
		b := newBoard()
		for ; len(p) >= 2; p = p[2:] {
			off := uint64(p[0]) * 4 % Size
			if p[0]&0x80 == 0 {
				b.out32(off, uint64(p[1]))
			} else if off%8 == 0 {
				b.out(off, uint64(p[1])*0x1010101)
			}
			b.in32(off)
			if next, ok := b.clock.Next(); ok && p[1]&1 != 0 && next < 1<<40 {
				b.clock.AdvanceTo(next)
			}
			s := b.Save()
			require.NoError(t, b.Restore(s))
			require.Equal(t, s, b.Save())
		}
	})
}

// TestSilentTimerKeepsItsPhase: Linux leaves the periodic timer that it began with running
// without interrupts. That must not wake an idle machine, and when the interrupt is enabled
// again, after the narrow counter has wrapped, it comes when it would have come.
func TestSilentTimerKeepsItsPhase(t *testing.T) {
	b := newBoard()
	b.out(0x10, 1)
	const conf = timPeriodic | timSet | tim32 | 2<<9
	b.out(0x100, conf)
	b.out(0x108, 300_000) // 3 ms
	b.out(0x108, 300_000)
	_, wakes := b.clock.Next()
	assert.False(t, wakes)
	b.clock.AdvanceTo(100*devices.Second + 1) // 10^10 counts: 33,333 periods and a third
	const next = 33_334 * 300_000
	assert.EqualValues(t, next&0xffffffff, b.in(0x108))
	b.out(0x100, conf&^timSet|timEnabled)
	at, wakes := b.clock.Next()
	assert.True(t, wakes)
	assert.EqualValues(t, next*10, at)
	b.clock.AdvanceTo(next * 10)
	assert.EqualValues(t, 1, b.pin[2].Rises)
}
