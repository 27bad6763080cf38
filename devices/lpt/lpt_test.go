package lpt

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

func TestPrinting(t *testing.T) {
	var paper []byte
	var irq devicestest.Wire
	d := New(Config{IRQ: irq.Drive, Print: func(b byte) { paper = append(paper, b) }})
	d.Reset()
	assert.Equal(t, []uint8{0, 0xdf, 0xec}, []uint8{d.In(0), d.In(1), d.In(2)})
	for _, c := range []byte("ab") {
		d.Out(0, c)
		d.Out(2, 0x0d)
		d.Out(2, 0x0d)
		d.Out(2, 0x0c)
	}
	assert.Equal(t, "ab", string(paper), "a byte for each rising edge")
	assert.Zero(t, irq.Rises)
	d.Out(2, 0x1d)
	assert.Equal(t, 1, irq.Rises)
	d.Out(2, 0x04)
	d.Out(2, 0x05)
	assert.Equal(t, "abb", string(paper), "not selected")
	assert.Equal(t, uint8('b'), d.In(0))
}

func TestNobodyThere(t *testing.T) {
	d := New(Config{})
	d.Out(2, 0x1d)
	assert.Equal(t, uint8(0x7f), d.In(1))
	assert.ErrorContains(t, d.Restore(State{Control: 0x20}), "control")
}

func FuzzPort(f *testing.F) {
	f.Add([]byte{0, 65, 2, 0x0d})
	f.Fuzz(func(t *testing.T, in []byte) {
		d := New(Config{Print: func(byte) {}})
		for ; len(in) >= 2; in = in[2:] {
			d.Out(uint16(in[0]&3), in[1])
			d.In(uint16(in[0] & 3))
			s := d.Save()
			assert.NoError(t, d.Restore(s))
			assert.Equal(t, s, d.Save())
		}
	})
}
