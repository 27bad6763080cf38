package font

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestTheCodePageHas256Characters(t *testing.T) {
	assert.Equal(t, 256, utf8.RuneCountInString(codePage))
	for c, want := range map[byte]rune{0x00: ' ', 0x01: '☺', 'A': 'A', 0x7f: '⌂', 0x80: 'Ç', 0x9b: '¢', 0xb0: '░', 0xc4: '─', 0xdb: '█', 0xe1: 'ß', 0xf8: '°', 0xfe: '■'} {
		assert.Equal(t, want, Rune(c), "%02x", c)
	}
	for c := 1; c < 255; c++ {
		back, ok := Code(Rune(byte(c)))
		assert.True(t, ok)
		assert.Equal(t, byte(c), back)
	}
}

// TestEveryCharacterIsDrawn checks that none is empty and no two are alike, in all sizes.
func TestEveryCharacterIsDrawn(t *testing.T) {
	s16, s14, s8 := Size16(), Size14(), Size8()
	for name, glyph := range map[string]func(c int) string{
		"16": func(c int) string { return string(s16[c][:]) },
		"14": func(c int) string { return string(s14[c][:]) },
		"8":  func(c int) string { return string(s8[c][:]) },
	} {
		seen := map[string]int{}
		for c := range 256 {
			g := glyph(c)
			if c == 0 || c == ' ' || c == 0xff {
				assert.Empty(t, strings.Trim(g, "\x00"), name)
				continue
			}
			assert.NotEmpty(t, strings.Trim(g, "\x00"), "%s: %02x %c", name, c, Rune(byte(c)))
			if other, twice := seen[g]; twice {
				t.Errorf("%s: %02x %c looks like %02x %c", name, c, Rune(byte(c)), other, Rune(byte(other)))
			}
			seen[g] = c
		}
	}
}

// TestBoxesJoin checks that every line that leaves a character at an edge goes on in the
// neighbour that has an arm of the same kind there.
func TestBoxesJoin(t *testing.T) {
	for _, n := range []int{8, 14, 16} {
		edges := map[string]string{}
		for c := 0xb3; c <= 0xda; c++ {
			g := make([]uint8, n)
			box(g, c)
			arm := boxes[5*(c-0xb3):]
			var left, right strings.Builder
			for _, row := range g {
				left.WriteByte('0' + row>>7)
				right.WriteByte('0' + row&1)
			}
			for i, edge := range []string{left.String(), right.String(), string(rune(g[0])), string(rune(g[n-1]))} {
				key := string("hhvv"[i]) + string(arm[i])
				if have, ok := edges[key]; ok {
					assert.Equal(t, have, edge, "height %d, %02x, side %d", n, c, i)
				}
				edges[key] = edge
			}
		}
	}
}

func TestALetterLooksAsDrawn(t *testing.T) {
	f := Size8()
	want := [8]uint8{0x10, 0x28, 0x44, 0x44, 0x7c, 0x44, 0x44, 0}
	assert.Equal(t, want, f['A'])
}
