package ps2kbd

import "github.com/glassbox-vm/glassbox/devices"

// A Type is what a key tells in set 3.
type Type uint8

// Types of keys.
const (
	TypematicBreak Type = iota // make, repeated while it is held, and break; all keys in sets 1 and 2
	Typematic                  // no break
	MakeBreak                  // not repeated
	Make                       // neither
)

func (t Type) repeats() bool { return t == TypematicBreak || t == Typematic }
func (t Type) breaks() bool  { return t == TypematicBreak || t == MakeBreak }

// typeOf is the type of a key after power-on: in set 3 the keys that write and the arrows
// repeat, the shift keys on the left tell when they go up, the others only that they went
// down.
//
// IBM PS/2 Technical Reference, "Scan Code Set 3", "Default Key State".
func typeOf(k Key) Type {
	switch k {
	case KeyLeftShift, KeyRightShift, KeyLeftCtrl, KeyLeftAlt, keyCapsLock:
		return MakeBreak
	case keyKeypadAdd, keyLess, KeyDelete, keyUp, keyLeft, keyRight, keyDown:
		return Typematic
	}
	if k >= key1 && k <= keySpace && k != keyKeypadMultiply {
		return Typematic
	}
	return Make
}

// defaultTypes are the types of all keys after power-on.
func defaultTypes() (t [256]Type) {
	for k := range t {
		t[k] = typeOf(Key(k))
	}
	return t
}

// commandType is the type that F7h to FAh and FBh to FDh set.
func commandType(c uint8) Type {
	switch c {
	case allTypematic, keyTypematic:
		return Typematic
	case allTypematic + 1, keyTypematic + 1:
		return MakeBreak
	case allTypematic + 2, keyMake:
		return Make
	}
	return TypematicBreak
}

// setAllTypes is F7h to FAh.
func (d *Device) setAllTypes(t Type) {
	for k := range d.s.Types {
		d.s.Types[k] = t
	}
}

// setType gives the key with a code of set 3 a type; a code that no key has is ignored.
func (d *Device) setType(set3 uint8, t Type) {
	for k, c := range codes {
		if c.name != "" && c.set3 == set3 {
			d.s.Types[k] = t
		}
	}
}

// typeNow is the type of a key in the current set.
func (d *Device) typeNow(k Key) Type {
	switch {
	case d.s.Set == 3:
		return d.s.Types[k]
	case k == KeyPause:
		return Make // and that is both codes
	}
	return TypematicBreak
}

// delay is how long a key is held before it repeats: (1 + bits 6:5) quarters of a second.
func (d *Device) delay() devices.Time {
	return devices.Time(1+d.s.Typematic>>5) * 250 * devices.Millisecond
}

// period is the time from one repetition to the next: (8 + bits 2:0) · 2^bits 4:3 / 240 s.
func (d *Device) period() devices.Time {
	return devices.Time(8+d.s.Typematic&7) << (d.s.Typematic >> 3 & 3) * devices.Second / 240
}

// hold starts the wait for the repetition of a key that went down.
func (d *Device) hold(k Key) {
	d.s.Held = k
	d.s.Due = d.clock.Now() + d.delay()
	d.timer.Set(d.s.Due)
}

// letGo ends repetition.
func (d *Device) letGo() {
	d.s.Held, d.s.Due = 0, 0
	d.timer.Stop()
}

// Held is the key that repeats or will, 0 if none is held: the last that went down, until it
// goes up.
func (d *Device) Held() Key { return d.s.Held }

// repeat is the end of the wait. While a code has not been fetched nothing is added, so that
// a key that is held cannot fill the buffer.
func (d *Device) repeat() {
	if d.s.Held == 0 {
		return
	}
	if d.s.Count == 0 {
		d.queue(d.encodeAgain(d.s.Held))
	}
	d.s.Due = d.clock.Now() + d.period()
	d.timer.Set(d.s.Due)
}

// encodeAgain is the make code of a key that repeats: without the shift keys that it
// pretends, which are down already.
func (d *Device) encodeAgain(k Key) []uint8 {
	if d.s.Set == 3 {
		return []uint8{codes[k].set3}
	}
	if k == KeyPrint && d.s.Shift&anyAlt != 0 {
		return d.encodePrint(true)
	}
	return d.code(k, true)
}
