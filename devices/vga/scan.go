package vga

// A scanLine is what the CRT controller knows at the start of a displayed line.
type scanLine struct {
	ma    uint32 // memory address counter
	row   uint32 // row scan counter: the line within a character
	split bool   // below the line of the line compare register
}

// scan visits the displayed lines from the top. visit returns false to end.
//
// PS/2 Technical Reference, "Preset Row Scan", "Line Compare", "Maximum Scan Line".
func (s *State) scan(visit func(y uint32, l scanLine) bool) {
	c := &s.CRTC
	l := scanLine{
		ma:  uint32(s.Start) + uint32(c[crtcPresetRow])>>5&3,
		row: uint32(c[crtcPresetRow] & 0x1f),
	}
	lastRow, step := uint32(c[crtcMaxScan]&0x1f), uint32(c[crtcOffset])*2
	double, second := c[crtcMaxScan]&0x80 != 0, false
	lines, compare := s.lines(), s.lineCompare()
	for y := range lines {
		if !visit(y, l) {
			return
		}
		switch {
		case y == compare:
			l, second = scanLine{split: true}, false
			continue
		case double && !second:
			second = true
			continue
		case l.row == lastRow:
			l.row = 0
			l.ma += step
		default:
			l.row = (l.row + 1) & 0x1f
		}
		second = false
	}
}

// address is where the planes are read for a value of the memory address counter in a
// line: byte, word or doubleword addressing, and the two address bits that the row scan
// counter can replace.
//
// PS/2 Technical Reference, "CRT Mode Control Register".
func (s *State) address(ma, row uint32) uint32 {
	mode := s.CRTC[crtcMode]
	switch {
	case s.CRTC[crtcUnderline]&0x40 != 0: // doubleword: packed, see the package comment
	case mode&0x40 == 0:
		top := uint32(13)
		if mode&0x20 != 0 {
			top = 15
		}
		ma = ma<<1 | ma>>top&1
	}
	if mode&1 == 0 {
		ma = ma&^(1<<13) | row&1<<13
	}
	if mode&2 == 0 {
		ma = ma&^(1<<14) | row>>1&1<<14
	}
	return ma & (planeSize - 1)
}

// clocks is how many character clocks the memory address counter waits at each value.
func (s *State) clocks() uint32 {
	switch {
	case s.CRTC[crtcUnderline]&0x20 != 0:
		return 4
	case s.CRTC[crtcMode]&8 != 0:
		return 2
	}
	return 1
}

// columns is the number of characters, of four or of eight pixels in a line.
func (s *State) columns() uint32 { return uint32(s.CRTC[crtcHEnd]) + 1 }

// A Kind is a way in which memory becomes a picture.
type Kind uint8

// Kinds.
const (
	TextMode   Kind = iota
	PlanarMode      // one bit of each plane is a pixel
	CGAMode         // two neighbouring bits are
	PackedMode      // 256 colours: a byte is a pixel
	LinearMode      // a DISPI mode, with any number of bits
)

// String names the kind.
func (k Kind) String() string {
	return [...]string{"text", "planar graphics", "CGA graphics", "256-colour graphics", "linear graphics"}[k]
}

// Kind is the kind of the present mode.
func (s *State) Kind() Kind {
	switch {
	case s.DISPI.packed():
		return LinearMode
	case s.DISPI.Enable&dispiEnabled != 0:
		return PlanarMode
	case s.Gfx[gfxMisc]&1 == 0:
		return TextMode
	case s.Gfx[gfxMode]&0x40 != 0:
		return PackedMode
	case s.Gfx[gfxMode]&0x20 != 0:
		return CGAMode
	}
	return PlanarMode
}

// Blank says that nothing is shown: the screen is switched off, or no mode has been set.
func (s *State) Blank() bool {
	if s.DISPI.Enable&dispiEnabled != 0 {
		return false
	}
	return s.AttrIndex&attrPAS == 0 || s.Seq[seqClocking]&0x20 != 0
}

// A shape is the size of a picture and of what it is made of.
type shape struct {
	width, height int
	cell          uint32 // pixels of a character clock
	repeat        uint32 // lines that show the same
}

// shape works out the size of the picture. Pixels and lines that the hardware merely
// repeats (320×200 on a monitor of 400 lines) count once.
func (s *State) shape() shape {
	if s.DISPI.Enable&dispiEnabled != 0 {
		return shape{int(s.DISPI.XRes), int(s.DISPI.YRes), 8, 1}
	}
	g := shape{cell: 8, repeat: 1}
	kind := s.Kind()
	switch {
	case kind == TextMode && s.Seq[seqClocking]&1 == 0:
		g.cell = 9
	case kind == PackedMode:
		g.cell = 4
	}
	if s.CRTC[crtcMaxScan]&0x80 != 0 {
		g.repeat = 2
	}
	if kind != TextMode && s.CRTC[crtcMode]&3 == 3 {
		g.repeat *= uint32(s.CRTC[crtcMaxScan]&0x1f) + 1
	}
	g.width = int(s.columns() * g.cell)
	g.height = int((s.lines() + g.repeat - 1) / g.repeat)
	return g
}

// Size is the size of the picture in pixels: at most 2560×1600.
func (s *State) Size() (width, height int) {
	g := s.shape()
	return g.width, g.height
}

// pan is how many pixels the picture is shifted to the left.
//
// PS/2 Technical Reference, "Horizontal PEL Panning Register".
func (s *State) pan(cell uint32, split bool) uint32 {
	if split && s.Attr[attrMode]&0x20 != 0 {
		return 0
	}
	n := uint32(s.Attr[attrPan])
	switch cell {
	case 4:
		return n & 7 >> 1
	case 9:
		return min(n+1, 9) % 9
	}
	return n & 7
}

// colour turns a pixel of the attribute controller into a number of the DAC.
func (s *State) colour(pixel uint8) uint8 {
	v := s.Attr[pixel&0xf&s.Attr[attrPlanes]] & 0x3f
	if s.Attr[attrMode]&0x80 != 0 {
		v = v&0xf | s.Attr[attrSelect]&3<<4
	}
	return (v | s.Attr[attrSelect]&0xc<<4) & s.DAC.Mask
}
