package ioapic

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sent is a message of the chip.
type sent struct {
	addr uint64
	data uint32
}

type board struct {
	*Device
	msgs []sent
}

func newBoard() *board {
	b := &board{}
	b.Device = New(func(addr uint64, data uint32) { b.msgs = append(b.msgs, sent{addr, data}) })
	b.Reset()
	return b
}

func (b *board) set(i uint8, v uint32) {
	b.WriteMMIO(0, 4, uint64(i))
	b.WriteMMIO(0x10, 4, uint64(v))
}

func (b *board) get(i uint8) uint32 {
	b.WriteMMIO(0, 4, uint64(i))
	return uint32(b.ReadMMIO(0x10, 4))
}

func (b *board) take() []sent {
	m := b.msgs
	b.msgs = nil
	return m
}

func TestRegisters(t *testing.T) {
	b := newBoard()
	assert.EqualValues(t, 0x170011, b.get(1))
	assert.EqualValues(t, 0x10000, b.get(0x10))
	b.set(0, 0xff000000)
	assert.EqualValues(t, 0x0f000000, b.get(0))
	assert.EqualValues(t, 0x0f000000, b.get(2))
	b.set(0x3e, 0xffffffff)
	b.set(0x3f, 0xffffffff)
	assert.EqualValues(t, 0x1afff, b.get(0x3e))
	assert.EqualValues(t, 0xff000000, b.get(0x3f))
	assert.Zero(t, b.get(0x40))
}

func TestEdges(t *testing.T) {
	b := newBoard()
	b.SetIRQ(4, true) // masked: lost
	b.set(0x18, 0x0924)
	b.set(0x19, 0x03000000)
	assert.Empty(t, b.take())
	b.SetIRQ(4, true)
	assert.Empty(t, b.take(), "no edge")
	b.SetIRQ(4, false)
	b.SetIRQ(4, true)
	assert.Equal(t, []sent{{0xfee03004, 0x4124}}, b.take(), "lowest priority, logical")
	b.EOI(0x24)
	assert.Empty(t, b.take())
}

func TestLevels(t *testing.T) {
	b := newBoard()
	b.SetIRQ(10, true)
	b.set(0x24, 0x8055)
	assert.Equal(t, []sent{{0xfee00000, 0xc055}}, b.take(), "unmasked while high")
	assert.NotZero(t, b.get(0x24)&entRemoteIRR)
	b.SetIRQ(10, false)
	b.SetIRQ(10, true)
	assert.Empty(t, b.take(), "until the end of interrupt")
	b.EOI(0x55)
	assert.Len(t, b.take(), 1, "still high: again")
	b.SetIRQ(10, false)
	b.EOI(0x55)
	assert.Empty(t, b.take())
	assert.Zero(t, b.get(0x24)&entRemoteIRR)
	b.SetIRQ(10, true)
	assert.Len(t, b.take(), 1)
	b.set(0x24, 0x10055) // as Linux clears the remote IRR by hand: masked and edge
	b.set(0x24, 0x18055)
	assert.Zero(t, b.get(0x24)&entRemoteIRR)
	b.set(0x24, 0x8055)
	assert.Len(t, b.take(), 1)
}

func TestRestoreSendsNothing(t *testing.T) {
	b := newBoard()
	b.set(0x24, 0x8055)
	b.SetIRQ(10, true)
	s := b.Save()
	c := newBoard()
	require.NoError(t, c.Restore(s))
	assert.Empty(t, c.take())
	assert.Equal(t, s, c.Save())
	s.Table[3] = 1 << 20
	assert.Error(t, c.Restore(s))
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{0x24, 0x80, 0x55, 0x8a, 1, 0})
	f.Fuzz(func(t *testing.T, p []byte) {
		b := newBoard()
		for ; len(p) >= 3; p = p[3:] {
			if p[0]&0x80 != 0 {
				b.SetIRQ(int(p[0]&0x7f)%Pins, p[1]&1 != 0)
				b.EOI(p[2])
			} else {
				b.set(p[0], uint32(p[1])<<8|uint32(p[2])|uint32(p[1]&1)<<16)
			}
			s := b.Save()
			require.NoError(t, b.Restore(s))
			require.Equal(t, s, b.Save())
		}
	})
}
