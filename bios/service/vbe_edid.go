package service

// vbeDDC is 4F15h: BL = 0 says what the display channel can, 1 reads block DX of the EDID.
//
// VBE/DDC Standard 1.1; VESA E-EDID Standard, release A.
func (c *call) vbeDDC() uint16 {
	switch c.bx.lo() {
	case 0:
		if c.cx.w() != 0 {
			return vbeFailed
		}
		c.bx.setW(0x0102) // a second for a block; DDC2
	case 1:
		if c.cx.w() != 0 || c.dx.w() != 0 {
			return vbeFailed
		}
		p := edid()
		c.put(c.esBase+uint32(c.di.w()), p[:])
	default:
		return vbeFailed
	}
	return vbeOK
}

// edid is what the monitor says of itself: 1024x768 by preference, up to 1920x1200.
func edid() (p [128]byte) {
	copy(p[:], "\x00\xff\xff\xff\xff\xff\xff\x00")
	maker := uint16('G'-'@')<<10 | uint16('L'-'@')<<5 | uint16('B'-'@')
	copy(p[8:], []byte{byte(maker >> 8), byte(maker), 1, 0, 1, 0, 0, 0, 1, 36, 1, 3})
	copy(p[20:], []byte{0x08, 32, 24, 120, 0x0a})                                    // analogue, 32 by 24 cm, gamma 2.2, preferred timing, RGB
	copy(p[25:], []byte{0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54}) // sRGB
	copy(p[35:], []byte{0x21, 0x08, 0x00})                                           // 640x480, 800x600, 1024x768, 60 Hz each
	for i, t := range [8][2]byte{
		{1280/8 - 31, 0x80}, {1280/8 - 31, 0x00}, {1440/8 - 31, 0x00}, {1600/8 - 31, 0x40},
		{1680/8 - 31, 0x00}, {1920/8 - 31, 0xc0}, {1920/8 - 31, 0x00}, {1, 1},
	} {
		copy(p[38+2*i:], t[:])
	}
	// 65 MHz; 1024 and 320 of blanking; 768 and 38; front porches 24 and 3, pulses 136 and 6.
	copy(p[54:], []byte{0x64, 0x19, 0x00, 0x40, 0x41, 0x00, 0x26, 0x30, 24, 136, 0x36, 0x00, 0x40, 0xf0, 0x10, 0x00, 0x00, 0x18})
	copy(p[72:], "\x00\x00\x00\xfd\x00\x32\x7d\x1e\xa0\x17\x00\n      ") // 50–125 Hz, 30–160 kHz, 230 MHz
	copy(p[90:], "\x00\x00\x00\xfc\x00Glassbox\n    ")
	copy(p[108:], "\x00\x00\x00\x10")
	for _, v := range p[:127] {
		p[127] -= v
	}
	return p
}
