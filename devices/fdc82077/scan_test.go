package fdc82077

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
)

// TestScan has the table of the data sheet: SH and SN for each command and each order of the
// bytes of the disk and of the processor, over the sectors from 3 on.
func TestScan(t *testing.T) {
	const equal, low, high = 0x51, 0x59, 0x5d
	b := newBoard(t, 1440<<10)
	for r := range 18 { // sector r+1 is filled with 10h+r
		copy(b.m.data[at(len(b.m.data), 0, 0, r+1):], bytes.Repeat([]byte{0x10 + byte(r)}, 512))
		copy(b.m.data[at(len(b.m.data), 0, 1, r+1):], bytes.Repeat([]byte{0x40 + byte(r)}, 512))
	}
	for _, tc := range []struct {
		name         string
		code, r, stp uint8
		eot          uint8
		value        byte
		st2, endR, h uint8
	}{
		{"equal at once", equal, 3, 1, 18, 0x12, 0x08, 3, 0},
		{"equal later", equal, 3, 1, 18, 0x15, 0x08, 6, 0},
		{"equal nowhere", equal, 3, 1, 18, 0x80, 0x04, 18, 0},
		{"every second, hit", equal, 3, 2, 18, 0x16, 0x08, 7, 0},
		{"every second, passed over", equal, 3, 2, 18, 0x15, 0x04, 17, 0},
		{"up to EOT", equal, 3, 1, 5, 0x15, 0x04, 5, 0},
		{"low: equal", low, 3, 1, 18, 0x12, 0x08, 3, 0},
		{"low: the disk is lower", low, 3, 1, 18, 0x13, 0x00, 3, 0},
		{"low: it is higher", low, 3, 1, 18, 0x11, 0x04, 18, 0},
		{"high: equal", high, 3, 1, 18, 0x12, 0x08, 3, 0},
		{"high: the disk is higher", high, 3, 1, 18, 0x11, 0x00, 3, 0},
		{"high: later", high, 3, 1, 18, 0x14, 0x08, 5, 0},
		{"anything", equal, 3, 1, 18, 0xff, 0x08, 3, 0},
		{"the second side", equal | 0x80, 17, 1, 18, 0x41, 0x08, 2, 1},
	} {
		// The host gives the same sector again and again.
		mem := bytes.Repeat([]byte{tc.value}, 40*512)
		r := b.do(mem, tc.code, 0, 0, 0, tc.r, 2, tc.eot, 27, tc.stp)
		assert.Equal(t, []uint8{tc.h << 2, 0, tc.st2, 0, tc.h, tc.endR, 2}, r, tc.name)
	}
	mem := bytes.Repeat([]byte{0x12}, 100) // terminal count within the sector: the rest matches
	assert.Equal(t, []uint8{0, 0, 0x08}, b.do(mem, equal, 0, 0, 0, 3, 2, 18, 27, 1)[:3])
	mem = bytes.Repeat([]byte{0x13}, 512) // and after it no other sector is looked at
	assert.Equal(t, []uint8{0, 0, 0x04, 0, 0, 3, 2}, b.do(mem, equal, 0, 0, 0, 3, 2, 18, 27, 1))
	differs := bytes.Repeat([]byte{0x12}, 512)
	differs[511] = 0x13
	assert.Equal(t, []uint8{0, 0, 0x00}, b.do(differs, low, 0, 0, 0, 3, 2, 18, 27, 1)[:3], "the last byte decides")
	assert.Equal(t, []uint8{0x40, 4, 0}, b.do(differs, equal, 0, 0, 0, 19, 2, 30, 27, 1)[:3], "no such sector")
}

// TestScanWithoutDMA gives the bytes by the processor, and goes on in another controller in
// the middle.
func TestScanWithoutDMA(t *testing.T) {
	b := newBoard(t, 1440<<10)
	copy(b.m.data, bytes.Repeat([]byte{0x77}, 512))
	b.say(0x03, 0xdf, 0x03)
	require.Empty(t, b.say(0x51, 0, 0, 0, 1, 2, 1, 27, 1))
	for i := range 512 {
		for b.d.In(4)&0xa0 != 0xa0 {
			next, ok := b.clock.Next()
			require.True(t, ok)
			b.clock.AdvanceTo(next)
		}
		require.Zero(t, b.d.In(4)&0x40, "to the controller")
		b.d.Out(5, 0x77)
		if i == 200 {
			other := newBoard(t, 1440<<10)
			copy(other.m.data, b.m.data)
			other.clock.AdvanceTo(b.clock.Now())
			require.NoError(t, other.d.Restore(b.d.Save()))
			b = other
		}
	}
	b.wait()
	assert.Equal(t, []uint8{0, 0, 0x08, 0, 0, 1, 2}, b.result())
}

// TestPerpendicularMode: the drives change with OW only; a reset by software clears GAP and
// WGATE.
func TestPerpendicularMode(t *testing.T) {
	b := newBoard(t, 1440<<10)
	dump := func() uint8 { return b.say(0x0e)[7] }
	b.say(0x12, 0x87)
	assert.Equal(t, uint8(0x07), dump())
	b.say(0x12, 0x3a)
	assert.Equal(t, uint8(0x06), dump(), "without OW")
	b.say(0x12, 0x8b)
	assert.Equal(t, uint8(0x0b), dump())
	b.d.Out(4, 0x80)
	b.clock.Advance(devices.Second)
	assert.Equal(t, uint8(0x08), dump())
}

// TestImpliedSeek reads a cylinder on which the head is not.
func TestImpliedSeek(t *testing.T) {
	b := newBoard(t, 1440<<10)
	b.say(0x13, 0, 0x57, 0)
	mem := make([]byte, 512)
	assert.Equal(t, []uint8{4, 0, 0, 33, 1, 8, 2}, b.do(mem, 0x46, 4, 33, 1, 7, 2, 18, 27, 255))
	assert.True(t, bytes.Equal(b.m.data[at(len(b.m.data), 33, 1, 7):][:512], mem))
	assert.Equal(t, uint8(33), b.say(0x0e)[0], "DUMPREG knows")
	b.say(0x13, 0, 0x17, 0)
	assert.Equal(t, []uint8{0x40, 4, 0x10}, b.do(mem, 0x46, 0, 34, 0, 7, 2, 18, 27, 255)[:3], "and without it does not")
}

// TestMultiTrackWrite and verify go over both sides and end at terminal count, EOT or count.
func TestMultiTrackWriteAndVerify(t *testing.T) {
	b := newBoard(t, 1440<<10)
	b.seek(9)
	p := bytes.Repeat([]byte{5, 6, 7, 8}, 128*3)
	assert.Equal(t, []uint8{0, 0, 0, 9, 1, 3, 2}, withoutHead(b.do(p, 0xc5, 0, 9, 0, 18, 2, 18, 27, 255)))
	assert.True(t, bytes.Equal(p, b.m.data[at(len(b.m.data), 9, 0, 18):][:len(p)]))
	assert.Equal(t, []uint8{0, 0, 0, 10, 0, 1, 2}, withoutHead(b.do(nil, 0xd6, 0, 9, 0, 1, 2, 18, 27, 255)))
	assert.Equal(t, []uint8{0, 0, 0, 9, 1, 3, 2}, withoutHead(b.do(nil, 0xd6, 0x80, 9, 0, 1, 2, 18, 27, 20)))
}

func withoutHead(r []uint8) []uint8 {
	r[0] &^= 4
	return r
}
