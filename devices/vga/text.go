package vga

import (
	"image/color"
	"strings"

	"github.com/glassbox-vm/glassbox/devices/vga/font"
)

// A Cell is one character on a text screen.
type Cell struct {
	Char uint8
	Attr uint8 // 3:0 foreground, 6:4 background, 7 blink or bright background
}

// A Text is what a text screen shows. It shares nothing with the chip.
type Text struct {
	Cols, Rows       int
	Cells            []Cell // Rows×Cols
	CursorX, CursorY int    // in cells; -1 when the cursor is not shown
	Blinks           bool   // attribute bit 7 means blinking
	Colours          [16]color.RGBA
}

// Row is the cells of one row.
func (t *Text) Row(y int) []Cell { return t.Cells[y*t.Cols : (y+1)*t.Cols] }

// Line is a row as text, without the blanks at its end. Characters are those of code page
// 437.
func (t *Text) Line(y int) string {
	var b strings.Builder
	for _, c := range t.Row(y) {
		b.WriteRune(font.Rune(c.Char))
	}
	return strings.TrimRight(b.String(), " ")
}

// Lines is all rows as text.
func (t *Text) Lines() []string {
	lines := make([]string, t.Rows)
	for y := range lines {
		lines[y] = t.Line(y)
	}
	return lines
}

// String is the screen as text: lines that each end in a line feed, without the empty ones
// at the end.
func (t *Text) String() string {
	s := strings.TrimRight(strings.Join(t.Lines(), "\n"), "\n")
	if s == "" {
		return ""
	}
	return s + "\n"
}

// Text reads the text screen from video memory. There is none in a graphics mode, nor
// before a mode is set.
func (s *State) Text(vram []byte) (t Text, ok bool) {
	if s.Kind() != TextMode || s.AttrIndex&attrPAS == 0 || len(vram) < MinVRAM {
		return Text{}, false
	}
	t = Text{Cols: int(s.columns()), CursorX: -1, CursorY: -1, Blinks: s.Attr[attrMode]&8 != 0}
	cursor, shown := s.cursor()
	clocks := s.clocks()
	last := scanLine{row: ^uint32(0)}
	s.scan(func(_ uint32, l scanLine) bool {
		if t.Rows > 0 && l.ma == last.ma && l.split == last.split {
			return true
		}
		last = l
		for i := range s.columns() {
			ma := l.ma + i/clocks
			at := s.address(ma, 0) << 2
			t.Cells = append(t.Cells, Cell{vram[at], vram[at+1]})
			if shown && ma&0xffff == cursor && t.CursorX < 0 {
				t.CursorX, t.CursorY = int(i), t.Rows
			}
		}
		t.Rows++
		return true
	})
	for i := range t.Colours {
		t.Colours[i] = s.rgb(s.colour(uint8(i)))
	}
	return t, true
}

// cursor is the address of the cursor and whether it is shown at all.
func (s *State) cursor() (ma uint32, shown bool) {
	c := &s.CRTC
	ma = uint32(c[crtcCursorHi])<<8 | uint32(c[crtcCursorLo])
	ma += uint32(c[crtcCurEnd]) >> 5 & 3
	return ma & 0xffff, c[crtcCurStart]&0x20 == 0 && c[crtcCurStart]&0x1f <= c[crtcCurEnd]&0x1f &&
		c[crtcCurStart]&0x1f <= c[crtcMaxScan]&0x1f
}

// rgb is a colour of the DAC.
func (s *State) rgb(i uint8) color.RGBA {
	c := s.DAC.Colour[i]
	if s.DISPI.Enable&dispi8BitDAC == 0 {
		for j := range c {
			c[j] = c[j]<<2 | c[j]>>4
		}
	}
	return color.RGBA{c[0], c[1], c[2], 0xff}
}

// fontBase is where the character maps begin in plane 2: A for attribute bit 3 set, B for
// clear.
//
// PS/2 Technical Reference, "Character Map Select Register".
func (s *State) fontBase() (a, b uint32) {
	r := uint32(s.Seq[seqFont])
	at := func(n uint32) uint32 { return n&3<<14 | n>>2<<13 }
	return at(r>>2&3 | r>>5&1<<2), at(r&3 | r>>4&1<<2)
}
