package vga

// A Mode is what firmware writes to the registers to set a video mode.
type Mode struct {
	Misc uint8
	Seq  [5]uint8 // from 0 on; firmware writes 1–4 while 0 holds the sequencer in reset
	CRTC [25]uint8
	Attr [21]uint8
	Gfx  [9]uint8
}

// Rows that many modes share.
var (
	attrText  = [21]uint8{0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0, 0x0f, 8, 0}
	attrCGA   = [21]uint8{0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 3, 0, 0}
	attrCGA2  = [21]uint8{0, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 1, 0, 1, 0, 0}
	attrMono  = [21]uint8{0, 8, 8, 8, 8, 8, 8, 8, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x0e, 0, 0x0f, 8, 0}
	attrEGA   = [21]uint8{0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 0x0f, 0, 0}
	attrMonoG = [21]uint8{0, 8, 0, 0, 0x18, 0x18, 0, 0, 0, 8, 0, 0, 0, 0x18, 0, 0, 0x0b, 0, 5, 0, 0}
	attrVGA   = [21]uint8{0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 1, 0, 0x0f, 0, 0}
	attrTwo   = [21]uint8{0, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 1, 0, 0x0f, 0, 0}
	attr256   = [21]uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 0x0f, 0, 0}
)

func gfx(mode, misc, care uint8) [9]uint8 { return [9]uint8{0, 0, 0, 0, 0, mode, misc, care, 0xff} }

func crtc(head [10]uint8, tail [9]uint8) (c [25]uint8) {
	copy(c[:], head[:])
	copy(c[16:], tail[:])
	return c
}

func crtcText(head [8]uint8, offset, underline uint8) [25]uint8 {
	c := crtc([10]uint8{8: 0, 9: 0x4f}, [9]uint8{0x9c, 0x8e, 0x8f, offset, underline, 0x96, 0xb9, 0xa3, 0xff})
	copy(c[:], head[:])
	c[crtcCurStart], c[crtcCurEnd] = 0x0d, 0x0e
	return c
}

// StandardMode is the registers of the modes 0–7 and Dh–13h of the IBM VGA, with 400 lines
// for text. The low bits of n choose; ok is false for a mode that does not exist.
//
// PS/2 Technical Reference, "Video Subsystem", tables of the BIOS modes.
func StandardMode(n uint8) (m Mode, ok bool) {
	var (
		head40  = [8]uint8{0x2d, 0x27, 0x28, 0x90, 0x2b, 0xa0, 0xbf, 0x1f}
		head80  = [8]uint8{0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f}
		low     = func(scan uint8) [10]uint8 { return [10]uint8{0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0, scan} }
		high    = func(scan uint8) [10]uint8 { return [10]uint8{0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, scan} }
		tall    = [10]uint8{0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0, 0x40}
		tail200 = func(offset, underline, mode uint8) [9]uint8 {
			return [9]uint8{0x9c, 0x8e, 0x8f, offset, underline, 0x96, 0xb9, mode, 0xff}
		}
		tail350 = func(underline uint8) [9]uint8 {
			return [9]uint8{0x83, 0x85, 0x5d, 0x28, underline, 0x63, 0xba, 0xe3, 0xff}
		}
		tail480 = func(mode uint8) [9]uint8 { return [9]uint8{0xea, 0x8c, 0xdf, 0x28, 0, 0xe7, 4, mode, 0xff} }
		seq     = func(clocking, planes, memory uint8) [5]uint8 { return [5]uint8{3, clocking, planes, 0, memory} }
	)
	switch n {
	case 0x00, 0x01:
		return Mode{0x67, seq(8, 3, 2), crtcText(head40, 0x14, 0x1f), attrText, gfx(0x10, 0x0e, 0)}, true
	case 0x02, 0x03:
		return Mode{0x67, seq(0, 3, 2), crtcText(head80, 0x28, 0x1f), attrText, gfx(0x10, 0x0e, 0)}, true
	case 0x04, 0x05:
		return Mode{0x63, seq(9, 3, 2), crtc(low(0xc1), tail200(0x14, 0, 0xa2)), attrCGA, gfx(0x30, 0x0f, 0)}, true
	case 0x06:
		return Mode{0x63, seq(1, 1, 6), crtc(high(0xc1), tail200(0x28, 0, 0xc2)), attrCGA2, gfx(0, 0x0d, 0)}, true
	case 0x07:
		return Mode{0x66, seq(0, 3, 2), crtcText(head80, 0x28, 0x0f), attrMono, gfx(0x10, 0x0a, 0)}, true
	case 0x0d:
		return Mode{0x63, seq(9, 0xf, 6), crtc(low(0xc0), tail200(0x14, 0, 0xe3)), attrEGA, gfx(0, 5, 0xf)}, true
	case 0x0e:
		return Mode{0x63, seq(1, 0xf, 6), crtc(high(0xc0), tail200(0x28, 0, 0xe3)), attrEGA, gfx(0, 5, 0xf)}, true
	case 0x0f:
		return Mode{0xa2, seq(1, 0xf, 6), crtc(high(0x40), tail350(0x0f)), attrMonoG, gfx(0, 5, 5)}, true
	case 0x10:
		return Mode{0xa3, seq(1, 0xf, 6), crtc(high(0x40), tail350(0)), attrVGA, gfx(0, 5, 0xf)}, true
	case 0x11:
		return Mode{0xe3, seq(1, 0xf, 6), crtc(tall, tail480(0xc3)), attrTwo, gfx(0, 5, 1)}, true
	case 0x12:
		return Mode{0xe3, seq(1, 0xf, 6), crtc(tall, tail480(0xe3)), attrVGA, gfx(0, 5, 0xf)}, true
	case 0x13:
		return Mode{0x63, seq(1, 0xf, 0xe), crtc(high(0x41), tail200(0x28, 0x40, 0xa3)), attr256, gfx(0x40, 5, 0xf)}, true
	}
	return Mode{}, false
}

// Apply puts the mode into the registers as firmware does and shows the picture.
func (s *State) Apply(m Mode) {
	s.Misc, s.Seq, s.CRTC, s.Attr, s.Gfx = m.Misc, m.Seq, m.CRTC, m.Attr, m.Gfx
	s.AttrIndex, s.AttrData = attrPAS, false
	s.Start, s.DAC.Mask = uint16(m.CRTC[crtcStartHi])<<8|uint16(m.CRTC[crtcStartLo]), 0xff
}

// EGAColours is the 64 colours that firmware puts into the DAC for text and 16-colour
// modes: bits 2:0 of the number are red, green and blue, bits 5:3 their weak halves.
// Components have 6 bits.
func EGAColours() (p [64][3]uint8) {
	for i := range p {
		for c := range 3 {
			bit := 2 - c
			p[i][c] = uint8(i>>bit&1*0x2a + i>>(bit+3)&1*0x15)
		}
	}
	return p
}

// CGAColours is the 64 colours for modes 4–6 and Dh, Eh: bit 4 is the intensity of all
// three, and dark yellow is brown.
func CGAColours() (p [64][3]uint8) {
	for i := range p {
		for c := range 3 {
			p[i][c] = uint8(i>>(2-c)&1*0x2a + i>>4&1*0x15)
		}
		if i&0x17 == 6 {
			p[i][1] = 0x15
		}
	}
	return p
}

// VGAColours is the 256 colours for mode 13h: 16 as of the CGA, 16 greys, and 24 hues in
// three brightnesses and three saturations.
func VGAColours() (p [256][3]uint8) {
	cga := CGAColours()
	for i := range 16 {
		p[i] = cga[i&7|i&8<<1]
	}
	for i, v := range [16]uint8{0, 5, 8, 11, 14, 17, 20, 24, 28, 32, 36, 40, 45, 50, 56, 63} {
		p[16+i] = [3]uint8{v, v, v}
	}
	levels := [9][5]uint8{
		{0x00, 0x10, 0x1f, 0x2f, 0x3f}, {0x1f, 0x27, 0x2f, 0x37, 0x3f}, {0x2d, 0x31, 0x36, 0x3a, 0x3f},
		{0x00, 0x07, 0x0e, 0x15, 0x1c}, {0x0e, 0x11, 0x15, 0x18, 0x1c}, {0x14, 0x16, 0x18, 0x1a, 0x1c},
		{0x00, 0x04, 0x08, 0x0c, 0x10}, {0x08, 0x0a, 0x0c, 0x0e, 0x10}, {0x0b, 0x0c, 0x0d, 0x0f, 0x10},
	}
	for group, l := range levels {
		for hue := range 24 {
			p[32+24*group+hue] = [3]uint8{l[ramp(hue+16)], l[ramp(hue+8)], l[ramp(hue)]}
		}
	}
	return p
}

// ramp is the strength of a primary colour, 0–4, around a circle of 24 hues that starts
// where that primary alone is lit.
func ramp(hue int) int {
	switch hue %= 24; {
	case hue <= 4 || hue >= 20:
		return 4
	case hue < 8:
		return 8 - hue
	case hue <= 16:
		return 0
	}
	return hue - 16
}
