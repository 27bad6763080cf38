package port92

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

func newOnBoard() (d *Device, a20, init *devicestest.Wire) {
	a20, init = &devicestest.Wire{}, &devicestest.Wire{}
	d = New(a20.Drive, init.Drive)
	d.Reset()
	return d, a20, init
}

func TestINITPulsesOnRisingEdgeOnly(t *testing.T) {
	d, _, init := newOnBoard()
	d.Out(0, 0x01)
	d.Out(0, 0x01) // still high: no second pulse
	assert.Equal(t, 1, init.Rises)
	d.Out(0, 0x00)
	d.Out(0, 0x01)
	assert.Equal(t, 2, init.Rises)
	assert.False(t, init.Level)
}

func TestA20FollowsItsBit(t *testing.T) {
	d, a20, _ := newOnBoard()
	d.Out(0, 0x02)
	assert.True(t, a20.Level)
	d.Out(0, 0xfd)
	assert.False(t, a20.Level)
	assert.Equal(t, uint8(0xfd), d.In(0), "all bits read back")
}

func TestRestoreDrivesLevelsButNeverResets(t *testing.T) {
	d, a20, init := newOnBoard()
	assert.NoError(t, d.Restore(State{Control: 0x03}))
	assert.True(t, a20.Level)
	assert.Zero(t, init.Rises)
	assert.Equal(t, State{Control: 0x03}, d.Save())
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3})
	f.Fuzz(func(t *testing.T, in []byte) {
		d, a20, _ := newOnBoard()
		for _, b := range in {
			d.Out(0, b)
			s := d.Save()
			assert.NoError(t, d.Restore(s))
			assert.Equal(t, s, d.Save())
			assert.Equal(t, b&2 != 0, a20.Level)
		}
	})
}
