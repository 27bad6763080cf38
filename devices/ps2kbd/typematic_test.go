package ps2kbd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

// collect lets time pass in steps of a millisecond, and fetches what comes meanwhile: codes
// and when they came, in milliseconds.
func collect(d *Device, clock *devicestest.Clock, ms int) (codes []uint8, at []int) {
	for i := range ms {
		clock.Advance(devices.Millisecond)
		for d.Ready() {
			codes, at = append(codes, d.Read()), append(at, i+1)
		}
	}
	return codes, at
}

// TestRates compares delay and rate with the tables of the manual: characters per second for
// each value of bits 4:0, a quarter of a second for each step of bits 6:5.
func TestRates(t *testing.T) {
	rates := [32]float64{
		30.0, 26.7, 24.0, 21.8, 20.0, 18.5, 17.1, 16.0, 15.0, 13.3, 12.0, 10.9, 10.0, 9.2, 8.6, 8.0,
		7.5, 6.7, 6.0, 5.5, 5.0, 4.6, 4.3, 4.0, 3.7, 3.3, 3.0, 2.7, 2.5, 2.3, 2.1, 2.0,
	}
	for v, rate := range rates {
		for delay := range 4 {
			d, clock := newKeyboardAndClock()
			say(d, 0xF3, uint8(delay<<5|v))
			d.Key(0x1E, true)
			drain(d)
			start := clock.Now()
			next, ok := clock.Next()
			require.True(t, ok)
			assert.Equal(t, devices.Time(delay+1)*250*devices.Millisecond, next-start)
			clock.AdvanceTo(next)
			assert.Equal(t, []uint8{0x1C}, drain(d))
			again, _ := clock.Next()
			assert.InDelta(t, rate, 1e9/float64(again-next), 0.051, "value %#02x", v)
		}
	}
}

func TestAHeldKeyRepeatsUntilItGoesUp(t *testing.T) {
	d, clock := newKeyboardAndClock()
	d.Key(0xCD, true)
	assert.Equal(t, []uint8{0xE0, 0x74}, drain(d))
	codes, at := collect(d, clock, 700)
	assert.Equal(t, []uint8{0xE0, 0x74, 0xE0, 0x74, 0xE0, 0x74}, codes, "after 500, 592 and 683 ms")
	assert.Equal(t, []int{500, 500, 592, 592, 684, 684}, at)
	d.Key(0xCD, false)
	assert.Equal(t, []uint8{0xE0, 0xF0, 0x74}, drain(d))
	codes, _ = collect(d, clock, 2000)
	assert.Empty(t, codes)
}

func TestAShortPressDoesNotRepeat(t *testing.T) {
	d, clock := newKeyboardAndClock()
	say(d, 0xF3, 0x00) // 250 ms
	d.Key(0x1E, true)
	codes, _ := collect(d, clock, 249)
	d.Key(0x1E, false)
	rest, _ := collect(d, clock, 1000)
	assert.Equal(t, []uint8{0x1C}, codes)
	assert.Equal(t, []uint8{0xF0, 0x1C}, rest)
}

func TestOnlyTheLastKeyRepeats(t *testing.T) {
	d, clock := newKeyboardAndClock()
	d.Key(0x1E, true)
	d.Key(0x30, true)
	drain(d)
	codes, _ := collect(d, clock, 510)
	assert.Equal(t, []uint8{0x32}, codes)
	d.Key(0x1E, false) // the other: goes on
	drain(d)
	codes, _ = collect(d, clock, 95)
	assert.Equal(t, []uint8{0x32}, codes)
	d.Key(0x1E, true) // another: its own delay
	d.Key(0x1E, false)
	drain(d)
	codes, _ = collect(d, clock, 2000)
	assert.Empty(t, codes, "the key before does not go on")
}

// TestRepetitionDoesNotFillTheBuffer has a host that does not listen: one code waits.
func TestRepetitionDoesNotFillTheBuffer(t *testing.T) {
	d, clock := newKeyboardAndClock()
	d.Key(0x1E, true)
	clock.Advance(10 * devices.Second)
	assert.Equal(t, []uint8{0x1C}, drain(d))
}

func TestPauseDoesNotRepeatAndPrintRepeatsAlone(t *testing.T) {
	d, clock := newKeyboardAndClock()
	d.Key(KeyPause, true)
	drain(d)
	codes, _ := collect(d, clock, 1000)
	assert.Empty(t, codes)
	d.Key(KeyPause, false)
	d.Key(KeyPrint, true)
	assert.Equal(t, []uint8{0xE0, 0x12, 0xE0, 0x7C}, drain(d))
	codes, _ = collect(d, clock, 510)
	assert.Equal(t, []uint8{0xE0, 0x7C}, codes, "the shift key stays as it is")
}

func TestCommandsThatEndRepetition(t *testing.T) {
	for name, cmd := range map[string][]uint8{
		"set": {0xF0, 0x02}, "enable": {0xF4}, "disable": {0xF5}, "defaults": {0xF6}, "types": {0xF8}, "type": {0xFB}, "reset": {0xFF},
	} {
		d, clock := newKeyboardAndClock()
		d.Key(0x1E, true)
		drain(d)
		say(d, cmd...)
		codes, _ := collect(d, clock, 1000)
		assert.Empty(t, codes, name)
	}
	d, clock := newKeyboardAndClock()
	d.Key(0x1E, true)
	drain(d)
	say(d, 0xED, 0x02)
	codes, _ := collect(d, clock, 510)
	assert.Equal(t, []uint8{0x1C}, codes, "lamps do not")
}

// TestTypesInSet3 presses, holds and releases keys of each type.
func TestTypesInSet3(t *testing.T) {
	press := func(setup ...uint8) func(k Key) []uint8 {
		d, clock := newKeyboardAndClock()
		say(d, 0xF0, 0x03)
		say(d, setup...)
		say(d, 0xF4)
		return func(k Key) []uint8 {
			d.Key(k, true)
			codes, _ := collect(d, clock, 510)
			d.Key(k, false)
			rest, _ := collect(d, clock, 1)
			return append(codes, rest...)
		}
	}
	const a, esc, keypadSubtract = 0x1E, 0x01, 0x4A
	byDefault := press()
	assert.Equal(t, []uint8{0x1C, 0x1C}, byDefault(a), "typematic")
	assert.Equal(t, []uint8{0x12, 0xF0, 0x12}, byDefault(KeyLeftShift), "make and break")
	assert.Equal(t, []uint8{0x08}, byDefault(esc), "make only")
	assert.Equal(t, []uint8{0x39}, byDefault(KeyRightAlt), "make only")
	for cmd, want := range map[uint8][]uint8{
		0xF7: {0x08, 0x08}, 0xF8: {0x08, 0xF0, 0x08}, 0xF9: {0x08}, 0xFA: {0x08, 0x08, 0xF0, 0x08},
	} {
		assert.Equal(t, want, press(cmd)(esc), "%#x", cmd)
	}
	for cmd, want := range map[uint8][]uint8{0xFB: {0x84, 0x84}, 0xFC: {0x84, 0xF0, 0x84}, 0xFD: {0x84}} {
		some := press(0xFA, cmd, 0x08, 0x84)
		assert.Equal(t, want, some(keypadSubtract), "%#x: a code above 80h is a parameter", cmd)
		assert.Equal(t, []uint8{0x1C, 0x1C, 0xF0, 0x1C}, some(a), "%#x: others stay", cmd)
	}
	assert.Equal(t, []uint8{0x1C, 0x1C}, press(0xF8, 0xF6, 0xF0, 0x03)(a), "F6h sets the types back")
	d, clock := newKeyboardAndClock()
	say(d, 0xF9, 0xF4)
	d.Key(a, true)
	codes, _ := collect(d, clock, 510)
	assert.Equal(t, []uint8{0x1C, 0x1C}, codes, "set 2 has no types")
}

// TestGreyKeys has the table "Numlock on, left and right Shift pressed" of the manual.
func TestGreyKeys(t *testing.T) {
	const up, divide = 0xC8, 0xB5
	for _, tc := range []struct {
		name  string
		key   Key
		num   uint8
		shift []Key
		want  []uint8
	}{
		{"plain", up, 0, nil, []uint8{0xE0, 0x48, 0xE0, 0xC8}},
		{"Num Lock", up, 2, nil, []uint8{0xE0, 0x2A, 0xE0, 0x48, 0xE0, 0xC8, 0xE0, 0xAA}},
		{"left Shift", up, 0, []Key{KeyLeftShift}, []uint8{0xE0, 0xAA, 0xE0, 0x48, 0xE0, 0xC8, 0xE0, 0x2A}},
		{"right Shift", up, 0, []Key{KeyRightShift}, []uint8{0xE0, 0xB6, 0xE0, 0x48, 0xE0, 0xC8, 0xE0, 0x36}},
		{"Shift and Num Lock", up, 2, []Key{KeyLeftShift}, []uint8{0xE0, 0x48, 0xE0, 0xC8}},
		{"divide", divide, 0, nil, []uint8{0xE0, 0x35, 0xE0, 0xB5}},
		{"divide, Num Lock", divide, 2, nil, []uint8{0xE0, 0x35, 0xE0, 0xB5}},
		{"divide, Shift, Num Lock", divide, 2, []Key{KeyLeftShift}, []uint8{0xE0, 0xAA, 0xE0, 0x35, 0xE0, 0xB5, 0xE0, 0x2A}},
		{"a key of the keypad", 0x48, 2, []Key{KeyLeftShift}, []uint8{0x48, 0xC8}},
	} {
		d := newKeyboard()
		say(d, 0xF0, 0x01, 0xED, tc.num)
		for _, k := range tc.shift {
			d.Key(k, true)
		}
		drain(d)
		d.Key(tc.key, true)
		d.Key(tc.key, false)
		assert.Equal(t, tc.want, drain(d), tc.name)
	}
	d := newKeyboard()
	d.Key(KeyLeftShift, true)
	d.Key(KeyRightShift, true)
	drain(d)
	d.Key(up, true)
	assert.Equal(t, []uint8{0xE0, 0xF0, 0x12, 0xE0, 0xF0, 0x59, 0xE0, 0x75}, drain(d), "set 2, both")
}

// TestRestoreWhileAKeyIsHeld goes on in the middle of the delay.
func TestRestoreWhileAKeyIsHeld(t *testing.T) {
	d, clock := newKeyboardAndClock()
	d.Key(0x1E, true)
	drain(d)
	clock.Advance(300 * devices.Millisecond)
	s := d.Save()
	other, otherClock := newKeyboardAndClock()
	otherClock.AdvanceTo(clock.Now())
	require.NoError(t, other.Restore(s))
	codes, at := collect(other, otherClock, 300)
	assert.Equal(t, []uint8{0x1C, 0x1C}, codes)
	assert.Equal(t, []int{200, 292}, at)
	require.NoError(t, other.Restore(PowerOn))
	_, armed := otherClock.Next()
	assert.False(t, armed)
}
