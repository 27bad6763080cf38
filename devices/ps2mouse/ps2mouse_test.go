package ps2mouse

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newMouse() *Device {
	d := New(nil)
	d.Reset()
	return d
}

func drain(d *Device) []uint8 {
	var got []uint8
	for d.Ready() {
		got = append(got, d.Read())
	}
	return got
}

func say(d *Device, b ...uint8) []uint8 {
	var got []uint8
	for _, v := range b {
		d.Write(v)
		got = append(got, drain(d)...)
	}
	return got
}

func TestCommands(t *testing.T) {
	for _, tc := range []struct {
		name     string
		in, want []uint8
	}{
		{"reset", []uint8{0xFF}, []uint8{0xFA, 0xAA, 0}},
		{"identify", []uint8{0xF2}, []uint8{0xFA, 0}},
		{"status at power-on", []uint8{0xE9}, []uint8{0xFA, 0, 2, 100}},
		{"status", []uint8{0xF4, 0xE7, 0xF0, 0xE8, 3, 0xF3, 200, 0xE9}, []uint8{0xFA, 0xFA, 0xFA, 0xFA, 0xFA, 0xFA, 0xFA, 0xFA, 0x70, 3, 200}},
		{"defaults", []uint8{0xF4, 0xE7, 0xF6, 0xE9}, []uint8{0xFA, 0xFA, 0xFA, 0xFA, 0, 2, 100}},
		{"wrap", []uint8{0xEE, 0xF2, 0x55, 0xEC, 0xF2}, []uint8{0xFA, 0xF2, 0x55, 0xFA, 0xFA, 0}},
		{"reset ends wrap", []uint8{0xEE, 0xFF, 0xF2}, []uint8{0xFA, 0xFA, 0xAA, 0, 0xFA, 0}},
		{"wheel", []uint8{0xF3, 200, 0xF3, 100, 0xF3, 80, 0xF2}, []uint8{0xFA, 0xFA, 0xFA, 0xFA, 0xFA, 0xFA, 0xFA, 3}},
		{"not the wheel", []uint8{0xF3, 200, 0xF3, 200, 0xF3, 80, 0xF2}, []uint8{0xFA, 0xFA, 0xFA, 0xFA, 0xFA, 0xFA, 0xFA, 0}},
		{"bad parameter", []uint8{0xE8, 9, 1}, []uint8{0xFA, 0xFE, 0xFA}},
		{"unknown", []uint8{0x00, 0xE5}, []uint8{0xFE, 0xFE}},
		{"again", []uint8{0xF2, 0xFE}, []uint8{0xFA, 0, 0xFA, 0}},
		{"read data", []uint8{0xEB}, []uint8{0xFA, 8, 0, 0}},
	} {
		t.Run(tc.name, func(t *testing.T) { assert.Equal(t, tc.want, say(newMouse(), tc.in...)) })
	}
}

func TestPackets(t *testing.T) {
	d := newMouse()
	d.Move(1, 1, 0, Left)
	assert.False(t, d.Ready(), "reports are off")
	say(d, 0xF4)
	d.Move(5, -3, 0, Left)
	assert.Equal(t, []uint8{0x29, 5, 0xFD}, drain(d))
	d.Move(0, 0, 0, Left)
	assert.Empty(t, drain(d), "nothing new")
	d.Move(0, 0, 0, Right|Middle)
	assert.Equal(t, []uint8{0x0E, 0, 0}, drain(d))
	d.Move(300, -300, 0, 0)
	assert.Equal(t, []uint8{0x28, 255, 1, 0x28, 45, 0xD3}, drain(d), "a long way takes two packets")
	d.Move(0, 0, 3, 0)
	assert.Empty(t, drain(d), "no wheel yet")
	d.Move(-1<<40, 1<<40, 0, 0)
	assert.Less(t, len(drain(d)), 60, "bounded")
}

func TestWheel(t *testing.T) {
	d := newMouse()
	say(d, 0xF3, 200, 0xF3, 100, 0xF3, 80, 0xF4)
	d.Move(0, 0, -1, 0)
	assert.Equal(t, []uint8{8, 0, 0, 0xFF}, drain(d))
	d.Move(0, 0, 9, 0)
	assert.Equal(t, []uint8{8, 0, 0, 7, 8, 0, 0, 2}, drain(d))
}

func TestRemoteModeAndScale(t *testing.T) {
	d := newMouse()
	say(d, 0xF4, 0xF0, 0xE7)
	d.Move(4, -5, 0, 0)
	assert.False(t, d.Ready())
	assert.Equal(t, []uint8{0xFA, 0x28, 4, 0xFB}, say(d, 0xEB), "no scaling on request")
	say(d, 0xEA)
	d.Move(4, -5, 0, 0)
	assert.Equal(t, []uint8{0x28, 6, 0xF7}, drain(d))
}

func TestStateMovesInAPacket(t *testing.T) {
	d := newMouse()
	say(d, 0xF4)
	d.Move(5, 6, 0, 0)
	assert.Equal(t, uint8(8), d.Read())
	other := newMouse()
	require.NoError(t, other.Restore(d.Save()))
	assert.Equal(t, []uint8{5, 6}, drain(other))
	for _, s := range []State{{ReplyCount: 6}, {Sent: 1}, {Command: 1}, {ID: 4}, {Resolution: 4}, {Buttons: 8}, {X: 5000}} {
		assert.Error(t, d.Restore(s))
	}
}

func FuzzMouse(f *testing.F) {
	f.Add([]byte{0xF4, 0xF3, 200, 0xEB, 0xFE})
	f.Fuzz(func(t *testing.T, in []byte) {
		d := newMouse()
		for i, b := range in {
			if i%3 == 0 {
				d.Move(int(b)<<(b&15), -int(b), int(b), b)
			}
			d.Write(b)
			for range b & 7 {
				d.Read()
			}
			if err := d.Restore(d.Save()); err != nil {
				t.Fatal(err)
			}
		}
		for range 1 << 12 {
			if !d.Ready() {
				return
			}
			d.Read()
		}
		t.Fatal("sends for ever")
	})
}
