package ps2kbd

import "strings"

// usRow is a run of keys with neighbouring numbers and what they type.
type usRow struct {
	first          Key
	plain, shifted string
}

// us is the keyboard layout of the United States.
var us = [...]usRow{
	{0x01, "\x1b", ""},
	{0x02, "1234567890-=\b\t", "!@#$%^&*()_+"},
	{0x10, "qwertyuiop[]\n", "QWERTYUIOP{}"},
	{0x1E, "asdfghjkl;'`", `ASDFGHJKL:"~`},
	{0x2B, `\zxcvbnm,./`, `|ZXCVBNM<>?`},
	{0x39, " ", ""},
}

// Typed is the key that types an ASCII character on a keyboard of the United States, and
// whether a shift key must be down. Newline is the Return key, 1Bh the Escape key.
func Typed(c byte) (k Key, shift, ok bool) {
	for _, r := range us {
		if i := strings.IndexByte(r.plain, c); i >= 0 {
			return r.first + Key(i), false, true
		}
		if i := strings.IndexByte(r.shifted, c); i >= 0 {
			return r.first + Key(i), true, true
		}
	}
	return 0, false, false
}
