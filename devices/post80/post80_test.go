package post80

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCodeIsShownAndReadsBack(t *testing.T) {
	var shown []uint8
	d := New(func(c uint8) { shown = append(shown, c) })
	d.Reset()
	assert.Zero(t, d.In(0))
	d.Out(0, 0x12)
	d.Out(0, 0x34)
	assert.Equal(t, []uint8{0x12, 0x34}, shown)
	assert.Equal(t, uint8(0x34), d.In(0))
}

func TestRestoreShowsNothing(t *testing.T) {
	shown := 0
	d := New(func(uint8) { shown++ })
	assert.NoError(t, d.Restore(State{Code: 5}))
	assert.Zero(t, shown)
	assert.Equal(t, State{Code: 5}, d.Save())
	New(nil).Out(0, 1) // nobody looks
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{1, 2})
	f.Fuzz(func(t *testing.T, in []byte) {
		d := New(nil)
		for _, b := range in {
			d.Out(0, b)
			if d.In(0) != b || d.Restore(d.Save()) != nil {
				t.Fatal("code lost")
			}
		}
	})
}
