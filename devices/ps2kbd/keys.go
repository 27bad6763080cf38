package ps2kbd

// A Key is a key by its make code of set 1, with bit 7 set if E0h goes before it: the key
// numbers of QEMU's monitor and of the VNC extended key events. Print is B7h, Pause C6h.
type Key uint8

// Keys that are not like the others, or that others of the project need by name.
const (
	KeyLeftCtrl   Key = 0x1D
	KeyLeftShift  Key = 0x2A
	KeyRightShift Key = 0x36
	KeyLeftAlt    Key = 0x38
	KeyDelete     Key = 0xD3
	KeyRightCtrl  Key = 0x9D
	KeyRightAlt   Key = 0xB8
	KeyPrint      Key = 0xB7
	KeyPause      Key = 0xC6

	key1              Key = 0x02 // the first key of a run that ends with the space bar
	keyKeypadMultiply Key = 0x37
	keySpace          Key = 0x39
	keyCapsLock       Key = 0x3A
	keyKeypadAdd      Key = 0x4E
	keyLess           Key = 0x56
	keyKeypadDivide   Key = 0xB5
	keyHome           Key = 0xC7 // the first grey key for movement
	keyUp             Key = 0xC8
	keyLeft           Key = 0xCB
	keyRight          Key = 0xCD
	keyDown           Key = 0xD0
)

// extended says that E0h goes before the code in sets 1 and 2.
const extended = 0x80

const (
	prefixE0 = 0xE0
	breakF0  = 0xF0 // sets 2 and 3: the key went up
	break1   = 0x80 // set 1: the same
)

// A code is what the keyboard knows of a key.
type code struct {
	name string // QEMU's word for "sendkey"
	set2 uint8  // after E0h if the key is extended
	set3 uint8
}

// codes are the keys; one without a name does not exist.
//
// Microsoft Keyboard Scan Code Specification, "Appendix C: USB Keyboard/Keypad Page",
// sets 1 and 2; IBM PS/2 Technical Reference, "Scan Code Set 3".
var codes = [256]code{
	0x01: {"esc", 0x76, 0x08},
	0x02: {"1", 0x16, 0x16},
	0x03: {"2", 0x1E, 0x1E},
	0x04: {"3", 0x26, 0x26},
	0x05: {"4", 0x25, 0x25},
	0x06: {"5", 0x2E, 0x2E},
	0x07: {"6", 0x36, 0x36},
	0x08: {"7", 0x3D, 0x3D},
	0x09: {"8", 0x3E, 0x3E},
	0x0A: {"9", 0x46, 0x46},
	0x0B: {"0", 0x45, 0x45},
	0x0C: {"minus", 0x4E, 0x4E},
	0x0D: {"equal", 0x55, 0x55},
	0x0E: {"backspace", 0x66, 0x66},
	0x0F: {"tab", 0x0D, 0x0D},
	0x10: {"q", 0x15, 0x15},
	0x11: {"w", 0x1D, 0x1D},
	0x12: {"e", 0x24, 0x24},
	0x13: {"r", 0x2D, 0x2D},
	0x14: {"t", 0x2C, 0x2C},
	0x15: {"y", 0x35, 0x35},
	0x16: {"u", 0x3C, 0x3C},
	0x17: {"i", 0x43, 0x43},
	0x18: {"o", 0x44, 0x44},
	0x19: {"p", 0x4D, 0x4D},
	0x1A: {"bracket_left", 0x54, 0x54},
	0x1B: {"bracket_right", 0x5B, 0x5B},
	0x1C: {"ret", 0x5A, 0x5A},
	0x1D: {"ctrl", 0x14, 0x11},
	0x1E: {"a", 0x1C, 0x1C},
	0x1F: {"s", 0x1B, 0x1B},
	0x20: {"d", 0x23, 0x23},
	0x21: {"f", 0x2B, 0x2B},
	0x22: {"g", 0x34, 0x34},
	0x23: {"h", 0x33, 0x33},
	0x24: {"j", 0x3B, 0x3B},
	0x25: {"k", 0x42, 0x42},
	0x26: {"l", 0x4B, 0x4B},
	0x27: {"semicolon", 0x4C, 0x4C},
	0x28: {"apostrophe", 0x52, 0x52},
	0x29: {"grave_accent", 0x0E, 0x0E},
	0x2A: {"shift", 0x12, 0x12},
	0x2B: {"backslash", 0x5D, 0x5C},
	0x2C: {"z", 0x1A, 0x1A},
	0x2D: {"x", 0x22, 0x22},
	0x2E: {"c", 0x21, 0x21},
	0x2F: {"v", 0x2A, 0x2A},
	0x30: {"b", 0x32, 0x32},
	0x31: {"n", 0x31, 0x31},
	0x32: {"m", 0x3A, 0x3A},
	0x33: {"comma", 0x41, 0x41},
	0x34: {"dot", 0x49, 0x49},
	0x35: {"slash", 0x4A, 0x4A},
	0x36: {"shift_r", 0x59, 0x59},
	0x37: {"kp_multiply", 0x7C, 0x7E},
	0x38: {"alt", 0x11, 0x19},
	0x39: {"spc", 0x29, 0x29},
	0x3A: {"caps_lock", 0x58, 0x14},
	0x3B: {"f1", 0x05, 0x07},
	0x3C: {"f2", 0x06, 0x0F},
	0x3D: {"f3", 0x04, 0x17},
	0x3E: {"f4", 0x0C, 0x1F},
	0x3F: {"f5", 0x03, 0x27},
	0x40: {"f6", 0x0B, 0x2F},
	0x41: {"f7", 0x83, 0x37},
	0x42: {"f8", 0x0A, 0x3F},
	0x43: {"f9", 0x01, 0x47},
	0x44: {"f10", 0x09, 0x4F},
	0x45: {"num_lock", 0x77, 0x76},
	0x46: {"scroll_lock", 0x7E, 0x5F},
	0x47: {"kp_7", 0x6C, 0x6C},
	0x48: {"kp_8", 0x75, 0x75},
	0x49: {"kp_9", 0x7D, 0x7D},
	0x4A: {"kp_subtract", 0x7B, 0x84},
	0x4B: {"kp_4", 0x6B, 0x6B},
	0x4C: {"kp_5", 0x73, 0x73},
	0x4D: {"kp_6", 0x74, 0x74},
	0x4E: {"kp_add", 0x79, 0x7C},
	0x4F: {"kp_1", 0x69, 0x69},
	0x50: {"kp_2", 0x72, 0x72},
	0x51: {"kp_3", 0x7A, 0x7A},
	0x52: {"kp_0", 0x70, 0x70},
	0x53: {"kp_decimal", 0x71, 0x71},
	0x56: {"less", 0x61, 0x13},
	0x57: {"f11", 0x78, 0x56},
	0x58: {"f12", 0x07, 0x5E},
	0x9C: {"kp_enter", 0x5A, 0x79},
	0x9D: {"ctrl_r", 0x14, 0x58},
	0xB5: {"kp_divide", 0x4A, 0x77},
	0xB7: {"print", 0x7C, 0x57},
	0xB8: {"alt_r", 0x11, 0x39},
	0xC6: {"pause", 0x77, 0x62},
	0xC7: {"home", 0x6C, 0x6E},
	0xC8: {"up", 0x75, 0x63},
	0xC9: {"pgup", 0x7D, 0x6F},
	0xCB: {"left", 0x6B, 0x61},
	0xCD: {"right", 0x74, 0x6A},
	0xCF: {"end", 0x69, 0x65},
	0xD0: {"down", 0x72, 0x60},
	0xD1: {"pgdn", 0x7A, 0x6D},
	0xD2: {"insert", 0x70, 0x67},
	0xD3: {"delete", 0x71, 0x64},
	0xDB: {"meta_l", 0x1F, 0x8B},
	0xDC: {"meta_r", 0x27, 0x8C},
	0xDD: {"compose", 0x2F, 0x8D},
}

// Lookup finds a key by QEMU's name for it, for example "ret" or "kp_5".
func Lookup(name string) (k Key, ok bool) {
	for i, c := range codes {
		if c.name != "" && c.name == name {
			return Key(i), true
		}
	}
	return 0, false
}

// Name is QEMU's name for the key, empty if the keyboard has no such key.
func (k Key) Name() string { return codes[k].name }

// Shift keys in State.Shift.
const (
	leftShift = 1 << iota
	rightShift
	leftCtrl
	rightCtrl
	leftAlt
	rightAlt

	shiftMask = 1<<iota - 1

	anyShift = leftShift | rightShift
	anyCtrl  = leftCtrl | rightCtrl
	anyAlt   = leftAlt | rightAlt
)

// modifier is the bit of a shift key, 0 for any other.
func modifier(k Key) uint8 {
	switch k {
	case KeyLeftShift:
		return leftShift
	case KeyRightShift:
		return rightShift
	case KeyLeftCtrl:
		return leftCtrl
	case KeyRightCtrl:
		return rightCtrl
	case KeyLeftAlt:
		return leftAlt
	case KeyRightAlt:
		return rightAlt
	}
	return 0
}

// Key tells that a key went down or up. A key that is held repeats by itself, until it or
// another goes down or it goes up. Keys that the keyboard does not have are ignored, as is
// everything while the host has stopped the scanning.
func (d *Device) Key(k Key, down bool) {
	if codes[k].name == "" {
		return
	}
	if m := modifier(k); down {
		d.s.Shift |= m
	} else {
		d.s.Shift &^= m
	}
	if k == d.s.Held {
		d.letGo()
	}
	if !d.s.Scanning {
		return
	}
	t := d.typeNow(k)
	if down || t.breaks() {
		if seq := d.encode(k, down); len(seq) > 0 {
			d.queue(seq)
		}
	}
	if down {
		d.letGo()
		if t.repeats() {
			d.hold(k)
		}
	}
}

// encode is what the keyboard sends for a key, in the current set.
func (d *Device) encode(k Key, down bool) []uint8 {
	switch {
	case d.s.Set == 3:
		if down {
			return []uint8{codes[k].set3}
		}
		return []uint8{breakF0, codes[k].set3}
	case k == KeyPrint:
		return d.encodePrint(down)
	case k == KeyPause:
		return d.encodePause(down)
	case k == keyKeypadDivide || k >= keyHome && k <= KeyDelete:
		return d.encodeGrey(k, down)
	}
	return d.code(k, down)
}

// code is the code of a key in sets 1 and 2, with its prefix.
func (d *Device) code(k Key, down bool) []uint8 { return d.prefixed(k&extended != 0, k, down) }

// prefixed is the code of a key with or without E0h.
func (d *Device) prefixed(e0 bool, k Key, down bool) []uint8 {
	seq := make([]uint8, 0, 3)
	if e0 {
		seq = append(seq, prefixE0)
	}
	switch {
	case d.s.Set == 1 && down:
		return append(seq, uint8(k&^extended))
	case d.s.Set == 1:
		return append(seq, uint8(k|break1))
	case !down:
		seq = append(seq, breakF0)
	}
	return append(seq, codes[k].set2)
}

// encodeGrey is a key that older keyboards have on the keypad only. The codes before and
// after it make it mean the same whatever the shift keys and Num Lock are: shift keys that
// are down seem to be up, and with Num Lock alone one that is up seems to be down.
func (d *Device) encodeGrey(k Key, down bool) []uint8 {
	shift, num := d.s.Shift&anyShift, d.s.Lamps&lampNum != 0 && k != keyKeypadDivide
	seq := d.code(k, down)
	pretend := func(k Key, goesDown bool) {
		if c := d.prefixed(true, k, goesDown == down); down {
			seq = append(c, seq...)
		} else {
			seq = append(seq, c...)
		}
	}
	switch {
	case num && shift == 0:
		pretend(KeyLeftShift, true)
	case !num:
		if shift&rightShift != 0 {
			pretend(KeyRightShift, false)
		}
		if shift&leftShift != 0 {
			pretend(KeyLeftShift, false)
		}
	}
	return seq
}

// encodePrint is Print Screen: it pretends a shift key unless one or a control key is down,
// and with Alt it is SysRq, a key of its own.
func (d *Device) encodePrint(down bool) []uint8 {
	alt, shifted := d.s.Shift&anyAlt != 0, d.s.Shift&(anyShift|anyCtrl) != 0
	if d.s.Set == 1 {
		return pick(down, alt, shifted,
			[]uint8{0x54}, []uint8{0xD4},
			[]uint8{0xE0, 0x37}, []uint8{0xE0, 0xB7},
			[]uint8{0xE0, 0x2A, 0xE0, 0x37}, []uint8{0xE0, 0xB7, 0xE0, 0xAA})
	}
	return pick(down, alt, shifted,
		[]uint8{0x84}, []uint8{0xF0, 0x84},
		[]uint8{0xE0, 0x7C}, []uint8{0xE0, 0xF0, 0x7C},
		[]uint8{0xE0, 0x12, 0xE0, 0x7C}, []uint8{0xE0, 0xF0, 0x7C, 0xE0, 0xF0, 0x12})
}

// pick chooses among pairs of make and break codes: with Alt, shifted, and plain.
func pick(down, alt, shifted bool, pairs ...[]uint8) []uint8 {
	i := 4
	switch {
	case alt:
		i = 0
	case shifted:
		i = 2
	}
	if !down {
		i++
	}
	return pairs[i]
}

// encodePause is Pause, with a control key Break: make and break code at once, when the key
// goes down.
func (d *Device) encodePause(down bool) []uint8 {
	ctrl := d.s.Shift&anyCtrl != 0
	switch {
	case !down:
		return nil
	case d.s.Set == 1 && ctrl:
		return []uint8{0xE0, 0x46, 0xE0, 0xC6}
	case d.s.Set == 1:
		return []uint8{0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5}
	case ctrl:
		return []uint8{0xE0, 0x7E, 0xE0, 0xF0, 0x7E}
	}
	return []uint8{0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77}
}
