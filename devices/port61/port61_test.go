package port61

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

type board struct {
	*Device
	clock            *devicestest.Clock
	gate2, spkr, nmi devicestest.Wire
	out2             bool
}

func newOnBoard() *board {
	b := &board{clock: &devicestest.Clock{}}
	b.Device = New(b.clock, Pins{
		GATE2: b.gate2.Drive, SPKR: b.spkr.Drive, NMI: b.nmi.Drive,
		OUT2: func() bool { return b.out2 },
	})
	b.Reset()
	return b
}

func TestOnlyTheLowBitsAreWritable(t *testing.T) {
	b := newOnBoard()
	b.Out(0, 0xff)
	assert.Equal(t, uint8(0x0f), b.In(0))
	assert.True(t, b.gate2.Level)
	assert.True(t, b.spkr.Level)
	b.Out(0, 0x02)
	assert.Equal(t, uint8(0x02), b.In(0))
	assert.False(t, b.gate2.Level)
	assert.True(t, b.spkr.Level)
}

func TestOUT2IsSampled(t *testing.T) {
	b := newOnBoard()
	b.out2 = true
	assert.Equal(t, uint8(0x20), b.In(0))
	b.out2 = false
	assert.Equal(t, uint8(0), b.In(0))
}

func TestRefreshTogglesEvery15085Nanoseconds(t *testing.T) {
	b := newOnBoard()
	toggles, last := 0, b.In(0)
	for range 15086 { // steps of 100 ns: 1.5086 ms hold 100 toggles
		b.clock.Advance(100)
		if v := b.In(0); v != last {
			toggles, last = toggles+1, v
		}
	}
	assert.Equal(t, 100, toggles)
}

// TestRefreshesAgainstBigIntegers is the second method: unlimited precision.
func TestRefreshesAgainstBigIntegers(t *testing.T) {
	for _, at := range []int64{0, 1, 15085, 15086, 1e9, 1e18, math.MaxInt64} {
		n := new(big.Int).Mul(big.NewInt(at), big.NewInt(1193182))
		n.Div(n, big.NewInt(18e9))
		assert.Equal(t, n.Uint64(), refreshes(devices.Time(at)), "at %d", at)
	}
	assert.Zero(t, refreshes(-1))
}

func TestChannelCheckLatchesUntilDisabled(t *testing.T) {
	b := newOnBoard()
	b.IOCHK(true)
	b.IOCHK(false)
	assert.Equal(t, uint8(0x40), b.In(0))
	assert.True(t, b.nmi.Level)
	b.Out(0, 0x08)
	assert.Equal(t, uint8(0x08), b.In(0))
	assert.False(t, b.nmi.Level)
	b.IOCHK(true)
	assert.False(t, b.nmi.Level, "disabled")
	b.SERR(true)
	assert.Equal(t, uint8(0x88), b.In(0))
	b.Out(0, 0x0c)
	assert.Equal(t, uint8(0x0c), b.In(0))
	assert.False(t, b.nmi.Level)
}

func TestRestore(t *testing.T) {
	b := newOnBoard()
	assert.NoError(t, b.Restore(State{Control: 0x03, Status: 0x80}))
	assert.True(t, b.gate2.Level)
	assert.True(t, b.nmi.Level)
	assert.Equal(t, State{Control: 0x03, Status: 0x80}, b.Save())
	assert.Error(t, b.Restore(State{Control: 0x10}))
	assert.Error(t, b.Restore(State{Status: 0x01}))
	d := New(b.clock, Pins{})
	d.Out(0, 0xff) // nothing connected
	assert.Equal(t, uint8(0x0f), d.In(0))
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newOnBoard()
		for _, v := range in {
			b.clock.Advance(devices.Time(v) * 100)
			b.IOCHK(v&1 != 0)
			b.SERR(v&2 != 0)
			b.Out(0, v)
			s := b.Save()
			if err := b.Restore(s); err != nil || b.Save() != s || b.In(0)&0x0f != v&0x0f {
				t.Fatalf("%v: %+v", err, s)
			}
		}
	})
}
