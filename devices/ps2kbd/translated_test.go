package ps2kbd_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
	"github.com/glassbox-vm/glassbox/devices/i8042"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
)

// TestTranslatedSet2IsSet1 types every key on a keyboard behind a controller that
// translates set 2, and on one that speaks set 1 itself: the processor must see the same.
func TestTranslatedSet2IsSet1(t *testing.T) {
	clock := &devicestest.Clock{}
	ctl := i8042.New(clock, i8042.Pins{})
	kbd := ps2kbd.New(clock, ctl.KeyboardReady, nil)
	ctl.PlugKeyboard(kbd)
	assert.NoError(t, ctl.Restore(i8042.AfterBIOS))
	kbd.Reset()

	plain := ps2kbd.New(&devicestest.Clock{}, nil, nil)
	plain.Write(0xF0)
	plain.Write(0x01)
	for plain.Ready() {
		plain.Read()
	}

	for k := range 256 {
		k := ps2kbd.Key(k)
		var want, got []uint8
		for _, down := range []bool{true, false} {
			kbd.Key(k, down)
			for range 20 {
				clock.Advance(devices.Millisecond)
				if ctl.Control().In(0)&1 != 0 {
					got = append(got, ctl.Data().In(0))
				}
			}
			plain.Key(k, down)
			for plain.Ready() {
				want = append(want, plain.Read())
			}
		}
		assert.Equal(t, want, got, "key %#02x %s", k, k.Name())
	}
}
