// Package font is a font of our own for code page 437, in the three heights of the VGA, and
// the code page itself.
//
// The letters are drawn in glyphs.txt, seven by nine: seven lines above the base line and
// two below. Accented letters are composed, boxes and blocks calculated, and the heights
// made by repeating lines.
package font

import (
	_ "embed"
	"strings"
	"sync"
)

// glyphs is a picture book: a line with up to twelve characters, then nine lines with their
// drawings side by side.
//
//go:embed glyphs.txt
var glyphs string

// codePage is code page 437 from 00h on, with the pictures of the control characters.
const codePage = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼" +
	" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~⌂" +
	"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»" +
	"░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
	"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"

// Rune is the character of code page 437 with code c. 0 and FFh are blanks.
func Rune(c byte) rune {
	if c == 0 || c == 0xff {
		return ' '
	}
	if c >= ' ' && c < 0x7f {
		return rune(c)
	}
	for _, r := range codePage {
		if c == 0 {
			return r
		}
		c--
	}
	return ' '
}

// Code is the code of a character in code page 437.
func Code(r rune) (c byte, ok bool) {
	if r >= ' ' && r < 0x7f {
		return byte(r), true
	}
	for _, p := range codePage {
		if p == r {
			return c, true
		}
		c++
	}
	return 0, false
}

// The fonts are drawn once, when somebody asks first.

// Size16 is the font of 8×16 pixels: 16 bytes for each character, leftmost pixel in bit 7.
func Size16() [256][16]uint8 { return size16() }

var size16 = sync.OnceValue(func() (f [256][16]uint8) {
	lines := [16]int8{-1, -1, 0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 8, -1, -1}
	make437(func(c int) []uint8 { return f[c][:] }, lines[:])
	return f
})

// Size14 is the font of 8×14 pixels.
func Size14() [256][14]uint8 { return size14() }

var size14 = sync.OnceValue(func() (f [256][14]uint8) {
	lines := [14]int8{-1, -1, 0, 1, 1, 2, 3, 4, 5, 5, 6, 7, 8, -1}
	make437(func(c int) []uint8 { return f[c][:] }, lines[:])
	return f
})

// Size8 is the font of 8×8 pixels. The two lines below the base line share one.
func Size8() [256][8]uint8 { return size8() }

var size8 = sync.OnceValue(func() (f [256][8]uint8) {
	lines := [8]int8{0, 1, 2, 3, 4, 5, 6, below}
	make437(func(c int) []uint8 { return f[c][:] }, lines[:])
	return f
})

// below stands for the lowest line of a drawing that is not empty, under the base line.
const below = 100

// A drawing is nine lines of seven pixels, leftmost in bit 7.
type drawing [9]uint8

// make437 fills the font. lines says which line of a drawing is shown where.
func make437(glyph func(c int) []uint8, lines []int8) {
	book := read()
	for c := range 256 {
		dst := glyph(c)
		r := Rune(byte(c))
		if box(dst, c) {
			continue
		}
		d, ok := book[r]
		if !ok {
			d = compose(book, r)
		}
		for y, l := range lines {
			switch {
			case l == below && d[8] != 0:
				dst[y] = d[8]
			case l == below:
				dst[y] = d[7]
			case l >= 0:
				dst[y] = d[l]
			}
		}
	}
}

// read parses glyphs.txt.
func read() map[rune]drawing {
	book := map[rune]drawing{' ': {}}
	lines := strings.Split(glyphs, "\n")
	for len(lines) >= 10 {
		names := []rune(strings.Join(strings.Fields(lines[0]), ""))
		drawings := make([]drawing, len(names))
		for y, line := range lines[1 : 1+len(drawing{})] {
			row := strings.Fields(line)[blanks(lines[0]):]
			for i := range drawings {
				for x, p := range row[i] {
					if p == '#' {
						drawings[i][y] |= 0x80 >> x
					}
				}
			}
		}
		for i, name := range names {
			book[name] = drawings[i]
		}
		lines = lines[11:]
	}
	return book
}

// blanks is 1 for the page that begins with the space, whose name cannot be seen.
func blanks(names string) int {
	if strings.HasPrefix(names, "           ") {
		return 1
	}
	return 0
}

// An accent is the two lines over a letter.
type accent [2]uint8

// compose draws a letter with an accent: small letters have room for it, capitals shrink.
func compose(book map[rune]drawing, r rune) drawing {
	for _, m := range marks {
		for i, p := range []rune(m.letters) {
			if p != r {
				continue
			}
			base := []rune(m.bases)[i]
			d := book[base]
			switch {
			case m.below:
				d[7], d[8] = m.mark[0], m.mark[1]
				return d
			case base >= 'A' && base <= 'Z':
				return drawing{m.mark[0] | m.mark[1], d[0], d[1], d[3], d[4], d[5], d[6]}
			}
			d[0], d[1] = m.mark[0], m.mark[1]
			return d
		}
	}
	return drawing{}
}

// marks are the accents and the letters that have them.
var marks = [...]struct {
	mark           accent
	below          bool
	letters, bases string
}{
	{accent{0x10, 0x20}, true, "Çç", "Cc"},
	{accent{0x08, 0x10}, false, "éáíóúÉ", "eaiouE"},
	{accent{0x20, 0x10}, false, "àèìòù", "aeiou"},
	{accent{0x10, 0x28}, false, "âêîôû", "aeiou"},
	{accent{0x28, 0x00}, false, "üäëïöÿÄÖÜ", "uaeioyAOU"},
	{accent{0x34, 0x58}, false, "ñÑ", "nN"},
	{accent{0x10, 0x10}, false, "åÅ", "aA"},
}
