package debugconsole

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBytesComeOutInOrder(t *testing.T) {
	var got []byte
	d := New(func(b byte) { got = append(got, b) })
	for _, b := range []byte("hello") {
		d.Out(0, b)
	}
	assert.Equal(t, "hello", string(got))
	assert.Equal(t, uint8(0xe9), d.In(0))
	New(nil).Out(0, 'x') // nobody listens
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, in []byte) {
		n := 0
		d := New(func(byte) { n++ })
		for _, b := range in {
			d.Out(uint16(b), b)
		}
		if n != len(in) {
			t.Fatalf("%d of %d bytes", n, len(in))
		}
	})
}
