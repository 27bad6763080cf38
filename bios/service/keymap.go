package service

// A key is what a key gives: AX of INT 16h plain and with Shift, Ctrl, Alt; 0 is nothing.
type key struct{ plain, shift, ctrl, alt uint16 }

// letters and the like, by scan code of set 1: plain and shifted characters; the rest
// follows.
const (
	rowsPlain = "\x00\x1b1234567890-=\x08\tqwertyuiop[]\r\x00asdfghjkl;'`\x00\\zxcvbnm,./"
	rowsShift = "\x00\x1b!@#$%^&*()_+\x08\x00QWERTYUIOP{}\r\x00ASDFGHJKL:\"~\x00|ZXCVBNM<>?"
)

// keyFor returns the row of a scan code below 59h.
//
// IBM PS/2 and PC BIOS Interface Technical Reference, "Keyboard", "Character Codes".
func keyFor(sc uint8) key {
	code := uint16(sc) << 8
	switch {
	case sc == 0x39:
		return key{code | ' ', code | ' ', code | ' ', code | ' '}
	case int(sc) < len(rowsPlain) && rowsPlain[sc] != 0:
		return charKey(sc)
	case sc >= 0x3b && sc <= 0x44: // F1…F10
		n := uint16(sc-0x3b) << 8
		return key{code, 0x5400 + n, 0x5e00 + n, 0x6800 + n}
	case sc == 0x57 || sc == 0x58: // F11, F12
		n := uint16(sc-0x57) << 8
		return key{0x8500 + n, 0x8700 + n, 0x8900 + n, 0x8b00 + n}
	case sc == 0x56:
		return key{code | '\\', code | '|', 0, 0}
	case sc == 0x37:
		return key{code | '*', 0, 0x9600, 0x3700}
	case sc >= 0x47 && sc <= 0x53:
		return padKeys[sc-0x47]
	}
	return key{}
}

// charKey is a key that has characters.
func charKey(sc uint8) key {
	code := uint16(sc) << 8
	p, s := rowsPlain[sc], rowsShift[sc]
	k := key{plain: code | uint16(p), shift: code | uint16(s), alt: code}
	switch {
	case p >= 'a' && p <= 'z':
		k.ctrl = code | uint16(p&0x1f)
	case sc >= 0x02 && sc <= 0x0d: // digits, - and =
		k.alt = 0x7800 + uint16(sc-2)<<8
		k.ctrl = map[uint8]uint16{0x03: 0x0300, 0x07: 0x071e, 0x0c: 0x0c1f}[sc]
	case sc == 0x01:
		k.ctrl, k.alt = code|0x1b, code
	case sc == 0x0e:
		k.ctrl = code | 0x7f
	case sc == 0x0f:
		k.shift, k.ctrl, k.alt = code, 0x9400, 0xa500
	case sc == 0x1a || sc == 0x1b || sc == 0x2b: // [ ] \
		k.ctrl = code | map[uint8]uint16{0x1a: 0x1b, 0x1b: 0x1d, 0x2b: 0x1c}[sc]
	case sc == 0x1c:
		k.ctrl = code | '\n'
	}
	return k
}

// padKeys are scan codes 47h…53h: plain is the movement, shift the digit.
var padKeys = [...]key{
	{0x4700, 0x4737, 0x7700, 0}, {0x4800, 0x4838, 0x8d00, 0}, {0x4900, 0x4939, 0x8400, 0},
	{0x4a2d, 0x4a2d, 0x8e00, 0x4a00},
	{0x4b00, 0x4b34, 0x7300, 0}, {0x4c00, 0x4c35, 0x8f00, 0}, {0x4d00, 0x4d36, 0x7400, 0},
	{0x4e2b, 0x4e2b, 0x9000, 0x4e00},
	{0x4f00, 0x4f31, 0x7500, 0}, {0x5000, 0x5032, 0x9100, 0}, {0x5100, 0x5133, 0x7600, 0},
	{0x5200, 0x5230, 0x9200, 0}, {0x5300, 0x532e, 0x9300, 0},
}

// greyKey returns a key that has the prefix E0h.
func greyKey(sc uint8) key {
	code := uint16(sc) << 8
	switch {
	case sc == 0x1c:
		return key{0xe00d, 0xe00d, 0xe00a, 0xa600}
	case sc == 0x35:
		return key{0xe02f, 0xe02f, 0x9500, 0xa400}
	case sc >= 0x47 && sc <= 0x53 && sc != 0x4a && sc != 0x4c && sc != 0x4e:
		return key{code | 0xe0, code | 0xe0, padKeys[sc-0x47].ctrl | 0xe0, code + 0x5000}
	}
	return key{}
}
