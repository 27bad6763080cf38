package debugexit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCodeOfAnyWidthArrivesOnce(t *testing.T) {
	var got []uint32
	d := New(func(c uint32) { got = append(got, c) })
	d.Out(0, 0x10)
	d.OutWide(0, 2, 0x1234)
	d.OutWide(0, 4, 0x12345678)
	assert.Equal(t, []uint32{0x10, 0x1234, 0x12345678}, got)
	assert.Zero(t, d.In(0))
	assert.Zero(t, d.InWide(0, 4))
	New(nil).Out(0, 1) // nobody listens
}

func TestStatusIsOdd(t *testing.T) {
	for code, want := range map[uint32]int{0: 1, 0x10: 33, 1: 3, 0x80: 1, 0xffffffff: 255} {
		assert.Equal(t, want, Status(code), "code %#x", code)
	}
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, in []byte) {
		n := 0
		d := New(func(uint32) { n++ })
		for _, b := range in {
			d.Out(uint16(b), b)
		}
		if n != len(in) {
			t.Fatalf("%d of %d codes", n, len(in))
		}
	})
}
