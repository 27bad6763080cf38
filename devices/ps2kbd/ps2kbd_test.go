package ps2kbd

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

func newKeyboard() *Device {
	d, _ := newKeyboardAndClock()
	return d
}

func newKeyboardAndClock() (*Device, *devicestest.Clock) {
	clock := &devicestest.Clock{}
	d := New(clock, nil, nil)
	d.Reset()
	return d, clock
}

// drain is all that the keyboard has to send.
func drain(d *Device) []uint8 {
	var got []uint8
	for d.Ready() {
		got = append(got, d.Read())
	}
	return got
}

// say writes bytes to the keyboard and collects what it sends after each.
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
		{"reset", []uint8{0xFF}, []uint8{0xFA, 0xAA}},
		{"identify", []uint8{0xF2}, []uint8{0xFA, 0xAB, 0x83}},
		{"echo", []uint8{0xEE}, []uint8{0xEE}},
		{"lamps", []uint8{0xED, 0x07}, []uint8{0xFA, 0xFA}},
		{"typematic", []uint8{0xF3, 0x00}, []uint8{0xFA, 0xFA}},
		{"enable, disable, defaults", []uint8{0xF4, 0xF5, 0xF6}, []uint8{0xFA, 0xFA, 0xFA}},
		{"which set", []uint8{0xF0, 0x00}, []uint8{0xFA, 0xFA, 0x02}},
		{"set 3", []uint8{0xF0, 0x03, 0xF0, 0x00}, []uint8{0xFA, 0xFA, 0xFA, 0xFA, 0x03}},
		{"set 4 does not exist", []uint8{0xF0, 0x04, 0xF0, 0x00}, []uint8{0xFA, 0xFE, 0xFA, 0xFA, 0x02}},
		{"types of all keys", []uint8{0xF7, 0xF8, 0xF9, 0xFA}, []uint8{0xFA, 0xFA, 0xFA, 0xFA}},
		{"types of some keys", []uint8{0xFC, 0x1C, 0x1B, 0xF4}, []uint8{0xFA, 0xFA, 0xFA, 0xFA}},
		{"unknown", []uint8{0xE6, 0x00, 0xEF, 0xF1}, []uint8{0xFE, 0xFE, 0xFE, 0xFE}},
		{"command instead of parameter", []uint8{0xED, 0xF2}, []uint8{0xFA, 0xFA, 0xAB, 0x83}},
		{"no parameter", []uint8{0xF3, 0x9C, 0xED, 0x80}, []uint8{0xFA, 0xFE, 0xFA, 0xFE}},
		{"again", []uint8{0xF2, 0xFE, 0xFE}, []uint8{0xFA, 0xAB, 0x83, 0x83, 0x83}},
	} {
		t.Run(tc.name, func(t *testing.T) { assert.Equal(t, tc.want, say(newKeyboard(), tc.in...)) })
	}
}

func TestLamps(t *testing.T) {
	var lit []uint8
	d := New(&devicestest.Clock{}, nil, func(v uint8) { lit = append(lit, v) })
	say(d, 0xED, 0x05, 0xFF)
	assert.Equal(t, []uint8{5, 0}, lit)
	require.NoError(t, d.Restore(State{Set: 2, Lamps: 2}))
	assert.Equal(t, []uint8{5, 0, 2}, lit)
}

func TestKeysInEachSet(t *testing.T) {
	const alt, shift, ctrl = KeyRightAlt, KeyLeftShift, KeyLeftCtrl
	for _, tc := range []struct {
		name             string
		held, key        Key
		set1, set2, set3 []uint8 // make and break
	}{
		{"A", 0, 0x1E, []uint8{0x1E, 0x9E}, []uint8{0x1C, 0xF0, 0x1C}, []uint8{0x1C, 0xF0, 0x1C}},
		{"right arrow", 0, 0xCD, []uint8{0xE0, 0x4D, 0xE0, 0xCD}, []uint8{0xE0, 0x74, 0xE0, 0xF0, 0x74},
			[]uint8{0x6A, 0xF0, 0x6A}},
		{"F7", 0, 0x41, []uint8{0x41, 0xC1}, []uint8{0x83, 0xF0, 0x83}, []uint8{0x37, 0xF0, 0x37}},
		{"Print Screen", 0, KeyPrint, []uint8{0xE0, 0x2A, 0xE0, 0x37, 0xE0, 0xB7, 0xE0, 0xAA},
			[]uint8{0xE0, 0x12, 0xE0, 0x7C, 0xE0, 0xF0, 0x7C, 0xE0, 0xF0, 0x12}, []uint8{0x57, 0xF0, 0x57}},
		{"Print Screen with Shift", shift, KeyPrint, []uint8{0xE0, 0x37, 0xE0, 0xB7},
			[]uint8{0xE0, 0x7C, 0xE0, 0xF0, 0x7C}, []uint8{0x57, 0xF0, 0x57}},
		{"SysRq", alt, KeyPrint, []uint8{0x54, 0xD4}, []uint8{0x84, 0xF0, 0x84}, []uint8{0x57, 0xF0, 0x57}},
		{"Pause", 0, KeyPause, []uint8{0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5},
			[]uint8{0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77}, []uint8{0x62, 0xF0, 0x62}},
		{"Break", ctrl, KeyPause, []uint8{0xE0, 0x46, 0xE0, 0xC6},
			[]uint8{0xE0, 0x7E, 0xE0, 0xF0, 0x7E}, []uint8{0x62, 0xF0, 0x62}},
		{"no such key", 0, 0xFF, nil, nil, nil},
	} {
		for set, want := range map[uint8][]uint8{1: tc.set1, 2: tc.set2, 3: tc.set3} {
			d := newKeyboard()
			say(d, 0xF0, set, 0xFA)
			if tc.held != 0 {
				d.Key(tc.held, true)
				drain(d)
			}
			d.Key(tc.key, true)
			d.Key(tc.key, false)
			assert.Equal(t, want, drain(d), "%s, set %d", tc.name, set)
		}
	}
}

// TestTableIsSound checks that no two keys share a code in any set.
func TestTableIsSound(t *testing.T) {
	type seen struct {
		set, code uint8
		ext       bool
	}
	used, names := map[seen]string{}, map[string]Key{}
	for i, c := range codes {
		if c.name == "" {
			continue
		}
		for _, s := range []seen{{2, c.set2, i&extended != 0}, {3, c.set3, false}} {
			assert.Empty(t, used[s], "%s, set %d", c.name, s.set)
			used[s] = c.name
		}
		k, ok := Lookup(c.name)
		assert.True(t, ok && k == Key(i) && names[c.name] == 0, c.name)
		names[c.name] = k
		assert.Equal(t, c.name, k.Name())
	}
	assert.Len(t, names, 105, "101 keys, the 102nd, and three of Windows")
	_, ok := Lookup("")
	assert.False(t, ok)
}

func TestScanningCanBeStopped(t *testing.T) {
	d := newKeyboard()
	say(d, 0xF5)
	d.Key(0x1E, true)
	assert.Empty(t, drain(d))
	say(d, 0xF4)
	d.Key(0x1E, true)
	assert.Equal(t, []uint8{0x1C}, drain(d))
}

func TestAnswersOvertakeKeys(t *testing.T) {
	d := newKeyboard()
	d.Key(0x1E, true)
	d.Write(0xED)
	assert.Equal(t, []uint8{0xFA, 0x1C}, drain(d))
	d.Key(0x1E, true)
	assert.Equal(t, []uint8{0xFA}, say(d, 0xF4), "enabling clears the buffer")
}

func TestOverrun(t *testing.T) {
	for set, overrun := range map[uint8]uint8{1: 0xFF, 2: 0x00} {
		d := newKeyboard()
		say(d, 0xF0, set)
		for k := range Key(20) {
			d.Key(0x10+k%10, true)
		}
		got := drain(d)
		assert.Len(t, got, 17)
		assert.Equal(t, overrun, got[16])
		d.Key(0x1E, true)
		assert.Len(t, drain(d), 1)
	}
}

func TestReadyIsTold(t *testing.T) {
	calls := 0
	d := New(&devicestest.Clock{}, func() { calls++ }, nil)
	d.Key(0x1E, true)
	assert.Equal(t, 1, calls)
	d.Write(0xEE)
	assert.Equal(t, 2, calls)
	s := d.Save()
	require.NoError(t, d.Restore(s))
	assert.Equal(t, 3, calls)
	assert.Equal(t, s, d.Save())
}

func TestTyped(t *testing.T) {
	for c := byte(' '); c < 0x7F; c++ {
		_, _, ok := Typed(c)
		assert.True(t, ok, "%q", c)
	}
	for _, tc := range []struct {
		c     byte
		name  string
		shift bool
	}{
		{'a', "a", false}, {'Z', "z", true}, {'\n', "ret", false}, {'_', "minus", true}, {'\\', "backslash", false},
		{'?', "slash", true}, {'~', "grave_accent", true}, {'\t', "tab", false}, {' ', "spc", false}, {'"', "apostrophe", true},
	} {
		k, shift, _ := Typed(tc.c)
		assert.Equal(t, tc.name, k.Name(), "%q", tc.c)
		assert.Equal(t, tc.shift, shift, "%q", tc.c)
	}
	_, _, ok := Typed(0x80)
	assert.False(t, ok)
}

func TestRestoreRefusesNonsense(t *testing.T) {
	for name, spoil := range map[string]func(s *State){
		"CVE-2017-16845, count":  func(s *State) { s.Count = 18 },
		"CVE-2017-16845, answer": func(s *State) { s.ReplyCount = 255 },
		"set":                    func(s *State) { s.Set = 0 },
		"command":                func(s *State) { s.Command = 0xFF },
		"lamps":                  func(s *State) { s.Lamps = 8 },
		"typematic":              func(s *State) { s.Typematic = 0x80 },
		"shift":                  func(s *State) { s.Shift = 0x40 },
		"no such key repeats":    func(s *State) { s.Held = 0xFF },
		"repeats before time":    func(s *State) { s.Held, s.Due = 0x1E, -1 },
		"nothing repeats":        func(s *State) { s.Due = 1 },
		"type":                   func(s *State) { s.Types[3] = 4 },
	} {
		s := PowerOn
		spoil(&s)
		assert.ErrorContains(t, newKeyboard().Restore(s), "ps2kbd: ", name)
	}
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{1, 0x1E, 4, 60, 3, 0, 4, 9, 0, 0xF3, 0, 0x7F, 4, 200, 2, 0x1E, 0, 0xFB, 0, 0x84})
	f.Add([]byte{0, 0xF2, 1, 0x1E, 3, 0, 0, 0xF0, 0, 1, 1, 0xC6, 2, 0xB7})
	f.Fuzz(func(t *testing.T, in []byte) {
		d, clock := newKeyboardAndClock()
		for len(in) >= 2 {
			op, v := in[0]%5, in[1]
			in = in[2:]
			switch op {
			case 0:
				d.Write(v)
			case 1, 2:
				d.Key(Key(v), op == 1)
			case 3:
				d.Read()
			case 4:
				clock.Advance(devices.Time(v) * 10 * devices.Millisecond)
			}
			s := d.Save()
			require.NoError(t, d.Restore(s))
			require.Equal(t, s, d.Save())
		}
		require.LessOrEqual(t, len(drain(d)), bufferSize+1+replySize)
	})
}
