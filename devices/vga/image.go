package vga

import (
	"image"
	"image/color"
	"math/bits"

	"github.com/glassbox-vm/glassbox/devices"
)

// Image draws what a monitor shows at a moment: paletted, but for DISPI modes of more than
// 8 bits. A blank screen is black. The moment decides about blinking only.
func (s *State) Image(vram []byte, now devices.Time) image.Image {
	g := s.shape()
	rect := image.Rect(0, 0, g.width, g.height)
	if s.DISPI.packed() && s.DISPI.BPP > 8 && len(vram) > 0 {
		m := image.NewRGBA(rect)
		s.drawDirect(m, vram)
		return m
	}
	palette := make(color.Palette, 256)
	for i := range palette {
		palette[i] = s.rgb(uint8(i))
	}
	m := image.NewPaletted(rect, palette)
	if len(vram) < MinVRAM {
		return m
	}
	if s.Blank() {
		m.Palette = color.Palette{color.Black}
		return m
	}
	switch s.Kind() {
	case LinearMode:
		s.drawLinear8(m, vram)
	case TextMode:
		s.drawText(m, g, vram, now)
	default:
		s.drawGraphics(m, g, vram)
	}
	return m
}

// frame is the number of pictures shown before a moment.
func (s *State) frame(now devices.Time) uint64 {
	t := s.Timing()
	hi, lo := bits.Mul64(uint64(max(now, 0)), 1000)
	n, _ := bits.Div64(hi%t.Frame(), lo, t.Frame())
	return n
}

// A pen draws one line of characters or bytes into a line of the picture, shifted by pan.
type pen struct {
	line []uint8
	x    int
}

func (p *pen) put(v uint8) {
	if p.x >= 0 && p.x < len(p.line) {
		p.line[p.x] = v
	}
	p.x++
}

// drawText draws all lines of a text screen.
func (s *State) drawText(m *image.Paletted, g shape, vram []byte, now devices.Time) {
	d := textPen{s: s, vram: vram, cell: g.cell, clocks: s.clocks(), phase: s.frame(now)}
	d.fontA, d.fontB = s.fontBase()
	d.cursor, d.cursorOn = s.cursor()
	d.cursorOn = d.cursorOn && d.phase/8%2 == 0
	for i := range d.colours {
		d.colours[i] = s.colour(uint8(i))
	}
	s.scan(func(y uint32, l scanLine) bool {
		if y%g.repeat != 0 {
			return true
		}
		row := m.Pix[int(y/g.repeat)*m.Stride:][:g.width]
		p := pen{line: row, x: -int(s.pan(g.cell, l.split))}
		for i := range s.columns() + 1 {
			d.character(&p, l.ma+i/d.clocks, l.row)
		}
		return true
	})
}

// A textPen knows what all characters of a picture have in common.
type textPen struct {
	s            *State
	vram         []byte
	cell, clocks uint32
	phase        uint64
	fontA, fontB uint32
	cursor       uint32
	cursorOn     bool
	colours      [16]uint8
}

// character draws one line of one character.
func (d *textPen) character(p *pen, ma, row uint32) {
	s := d.s
	at := s.address(ma, row) << 2
	char, attr := uint32(d.vram[at]), d.vram[at+1]
	base, fg, bg := d.fontB, attr&0xf, attr>>4
	if attr&8 != 0 {
		base = d.fontA
	}
	if s.Attr[attrMode]&8 != 0 {
		bg &= 7
		if attr&0x80 != 0 && d.phase/16%2 == 1 {
			fg = bg
		}
	}
	line := d.vram[(base+char*32+row)&(planeSize-1)<<2|2]
	ninth := s.Attr[attrMode]&4 != 0 && char&0xe0 == 0xc0 && line&1 != 0
	if d.solid(ma, row, attr) {
		line, ninth = 0xff, true
	}
	for bit := range 8 {
		p.put(d.colours[pick(line<<bit&0x80 != 0, fg, bg)])
	}
	if d.cell == 9 {
		p.put(d.colours[pick(ninth, fg, bg)])
	}
}

// solid says whether the line is of the cursor or an underline.
func (d *textPen) solid(ma, row uint32, attr uint8) bool {
	c := &d.s.CRTC
	return row == uint32(c[crtcUnderline]&0x1f) && attr&0x77 == 1 || d.cursorOn && ma&0xffff == d.cursor &&
		row >= uint32(c[crtcCurStart]&0x1f) && row <= uint32(c[crtcCurEnd]&0x1f)
}

func pick(b bool, yes, no uint8) uint8 {
	if b {
		return yes
	}
	return no
}

// drawGraphics draws the graphics modes of the VGA, and DISPI with 4 bits.
func (s *State) drawGraphics(m *image.Paletted, g shape, vram []byte) {
	var colours [16]uint8
	for i := range colours {
		colours[i] = s.colour(uint8(i))
	}
	if s.DISPI.Enable&dispiEnabled != 0 {
		s.drawLinear4(m, vram, &colours)
		return
	}
	expand := s.shifter(&colours)
	clocks := s.clocks()
	s.scan(func(y uint32, l scanLine) bool {
		if y%g.repeat != 0 {
			return true
		}
		p := pen{line: m.Pix[int(y/g.repeat)*m.Stride:][:g.width], x: -int(s.pan(g.cell, l.split))}
		for i := range s.columns() + 1 {
			at := s.address(l.ma+i/clocks, l.row) << 2
			expand(&p, vram[at:at+4:at+4])
		}
		return true
	})
}

// shifter is how the four bytes of a character clock become pixels.
//
// PS/2 Technical Reference, "Graphics Mode Register", shift register mode and 256-colour
// mode.
func (s *State) shifter(colours *[16]uint8) func(p *pen, b []byte) {
	switch s.Kind() {
	case PackedMode:
		return func(p *pen, b []byte) {
			for _, v := range b {
				p.put(v & s.DAC.Mask)
			}
		}
	case CGAMode:
		return func(p *pen, b []byte) {
			for half := range 2 {
				for shift := 6; shift >= 0; shift -= 2 {
					p.put(colours[b[half]>>shift&3|b[half+2]>>shift&3<<2])
				}
			}
		}
	}
	return func(p *pen, b []byte) { planar(p, b, colours) }
}

// planar draws eight pixels, one bit of each plane.
func planar(p *pen, b []byte, colours *[16]uint8) {
	for shift := 7; shift >= 0; shift-- {
		p.put(colours[b[0]>>shift&1|b[1]>>shift&1<<1|b[2]>>shift&1<<2|b[3]>>shift&1<<3])
	}
}

// start is the first byte (with 4 bits: address) of line y of a DISPI mode.
func (r *DISPI) start(y int) int {
	return (int(r.YOffset)+y)*int(lineBytes(r.VirtWidth, r.BPP)) + int(lineBytes(r.XOffset, r.BPP))
}

func (s *State) drawLinear4(m *image.Paletted, vram []byte, colours *[16]uint8) {
	for y := range m.Rect.Dy() {
		p := pen{line: m.Pix[y*m.Stride:][:m.Rect.Dx()], x: -int(s.DISPI.XOffset % 8)}
		at := s.DISPI.start(y) * 4
		for ; p.x < len(p.line) && at+4 <= len(vram); at += 4 {
			planar(&p, vram[at:at+4:at+4], colours)
		}
	}
}

func (s *State) drawLinear8(m *image.Paletted, vram []byte) {
	for y := range m.Rect.Dy() {
		at := min(s.DISPI.start(y), len(vram))
		for x, v := range vram[at:min(at+m.Rect.Dx(), len(vram))] {
			m.Pix[y*m.Stride+x] = v & s.DAC.Mask
		}
	}
}

// drawDirect draws pixels of 15, 16, 24 and 32 bits: blue lowest.
func (s *State) drawDirect(m *image.RGBA, vram []byte) {
	size := int(s.DISPI.BPP+7) / 8
	for y := range m.Rect.Dy() {
		at := s.DISPI.start(y)
		for x := range m.Rect.Dx() {
			if at+size > len(vram) {
				return
			}
			m.SetRGBA(x, y, s.direct(vram[at:at+size]))
			at += size
		}
	}
}

// direct is one pixel that is a colour by itself.
func (s *State) direct(p []byte) color.RGBA {
	five := func(v uint16) uint8 { return uint8(v&31<<3 | v&31>>2) }
	switch s.DISPI.BPP {
	case 15:
		v := uint16(p[0]) | uint16(p[1])<<8
		return color.RGBA{five(v >> 10), five(v >> 5), five(v), 0xff}
	case 16:
		v := uint16(p[0]) | uint16(p[1])<<8
		return color.RGBA{five(v >> 11), uint8(v>>5&63<<2 | v>>5&63>>4), five(v), 0xff}
	}
	return color.RGBA{p[2], p[1], p[0], 0xff}
}
