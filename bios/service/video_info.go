package service

import "github.com/glassbox-vm/glassbox/bios/rom"

// setBorder is AH = 0Bh: border, or the palette of the CGA. Bit 4 of the border makes the
// three colours of modes 4 and 5 bright.
func (c *call) setBorder() {
	v, reg := c.bx.lo(), c.b(bdaPaletteReg)
	if c.bx.hi() == 0 {
		c.setB(bdaPaletteReg, reg&0xe0|v&0x1f)
		c.setAttr(0x11, v&0x1f)
		m, _ := c.mode()
		if !m.text {
			c.setAttr(0, v&7|v&8<<1)
		}
		for i := uint8(1); i < 4 && m.bits == 2; i++ {
			c.setAttr(i, c.getAttr(i)&^0x10|v&0x10)
		}
		return
	}
	c.setB(bdaPaletteReg, reg&^0x20|v&1<<5)
	for i := uint8(1); i < 4; i++ {
		c.setAttr(i, c.getAttr(i)&^1|v&1)
	}
}

// setAttr and getAttr access a register of the attribute controller.
func (c *call) setAttr(i, v uint8) {
	c.in(c.w(bdaCRTC) + 6)
	c.out(0x3c0, i)
	c.out(0x3c0, v)
	c.out(0x3c0, 0x20)
}

func (c *call) getAttr(i uint8) uint8 {
	port := c.w(bdaCRTC) + 6
	c.in(port)
	c.out(0x3c0, i)
	v := c.in(0x3c1)
	c.in(port)
	c.out(0x3c0, 0x20)
	return v
}

// palette is AH = 10h: palette registers and DAC.
func (c *call) palette() {
	at := c.esBase + uint32(c.dx.w())
	switch c.ax.lo() {
	case 0x00:
		c.setAttr(c.bx.lo()&0x1f, c.bx.hi())
	case 0x01:
		c.setAttr(0x11, c.bx.hi())
	case 0x02:
		for i, v := range c.bytes(at, 16) {
			c.setAttr(uint8(i), v)
		}
		c.setAttr(0x11, c.b(at+16))
	case 0x03:
		c.setAttr(0x10, c.getAttr(0x10)&^8|c.bx.lo()&1<<3)
	case 0x07:
		c.bx.setHi(c.getAttr(c.bx.lo() & 0x1f))
	case 0x08:
		c.bx.setHi(c.getAttr(0x11))
	case 0x09:
		for i := range uint8(16) {
			c.setB(at+uint32(i), c.getAttr(i))
		}
		c.setB(at+16, c.getAttr(0x11))
	case 0x13:
		c.selectColours()
	case 0x1a:
		mode := c.getAttr(0x10)
		c.bx.setLo(mode >> 7)
		page := c.getAttr(0x14) & 15
		if mode&0x80 == 0 {
			page >>= 2
		}
		c.bx.setHi(page)
	default:
		c.dac(at)
	}
}

// selectColours is AX = 1013h: which part of the DAC the palette reaches.
func (c *call) selectColours() {
	mode, v := c.getAttr(0x10), c.bx.hi()
	if c.bx.lo() == 0 {
		c.setAttr(0x10, mode&0x7f|v<<7)
		return
	}
	if mode&0x80 == 0 {
		v <<= 2
	}
	c.setAttr(0x14, v&15)
}

// dac is the functions of AH = 10h that access the DAC.
func (c *call) dac(at uint32) {
	switch c.ax.lo() {
	case 0x10:
		c.out(0x3c8, c.bx.lo())
		for _, v := range []uint8{c.dx.hi(), c.cx.hi(), c.cx.lo()} {
			c.out(0x3c9, v)
		}
	case 0x12:
		c.out(0x3c8, c.bx.lo())
		for i := range 3 * uint32(min(c.cx.w(), 256)) {
			c.out(0x3c9, c.b(at+i))
		}
	case 0x15:
		c.out(0x3c7, c.bx.lo())
		c.dx.setHi(c.in(0x3c9))
		c.cx.setHi(c.in(0x3c9))
		c.cx.setLo(c.in(0x3c9))
	case 0x17:
		c.out(0x3c7, c.bx.lo())
		for i := range 3 * uint32(min(c.cx.w(), 256)) {
			c.setB(at+i, c.in(0x3c9))
		}
	case 0x18:
		c.out(0x3c6, c.bx.lo())
	case 0x19:
		c.bx.setLo(c.in(0x3c6))
	case 0x1b:
		for i := range min(c.cx.w(), 256) {
			n := c.bx.lo() + uint8(i)
			c.out(0x3c7, n)
			r, g, b := uint32(c.in(0x3c9)), uint32(c.in(0x3c9)), uint32(c.in(0x3c9))
			grey := uint8(min((30*r+59*g+11*b+50)/100, 63))
			c.out(0x3c8, n)
			for range 3 {
				c.out(0x3c9, grey)
			}
		}
	}
}

// fonts is AH = 11h.
func (c *call) fonts() {
	al, block := c.ax.lo(), c.bx.lo()&7
	switch al & 0x2f {
	case 0x00: // the program's font: BH bytes each, CX characters from DX on, at ES:BP
		n := int(min(c.cx.w(), 256)) * int(min(c.bx.hi(), 32))
		c.writeFont(c.bx.hi(), block, int(c.dx.w()), c.bytes(c.esBase+uint32(c.bp.w()), n))
	case 0x01, 0x02, 0x04:
		c.loadFont(fontHeight(al), block)
	case 0x03:
		c.index(0x3c4, 3, c.bx.lo())
	case 0x20:
		c.setD(4*0x1f, uint32(c.es)<<16|uint32(c.bp.w()))
	case 0x21, 0x22, 0x23, 0x24:
		c.graphicsFont(al)
	}
	if al >= 0x10 && al < 0x20 {
		h := fontHeight(al)
		if al == 0x10 {
			h = c.bx.hi()
		}
		c.fitRows(h)
	}
	if al == 0x30 {
		c.fontInfo()
	}
}

func fontHeight(al uint8) uint8 {
	switch al & 0x0f {
	case 0x01, 0x02 + 0x20:
		return 14
	case 0x02, 0x03:
		return 8
	}
	return 16
}

// fitRows changes the height of characters, and with it the number of rows.
func (c *call) fitRows(h uint8) {
	if h == 0 || h > 32 {
		return
	}
	crtc := c.w(bdaCRTC)
	c.index(crtc, 9, c.readIndex(crtc, 9)&^0x1f|h-1)
	over := c.readIndex(crtc, 7)
	lines := (uint16(c.readIndex(crtc, 0x12)) | uint16(over&2)<<7 | uint16(over&0x40)<<3) + 1
	if c.readIndex(crtc, 9)&0x80 != 0 {
		lines /= 2
	}
	if c.tables.Mode == nil {
		lines = 400
	}
	rows := uint8(lines / uint16(h))
	c.setB(bdaRows, rows-1)
	c.setW(bdaCharHeight, uint16(h))
	c.setW(bdaPageSize, 2*uint16(rows)*c.w(bdaColumns)+255&^255)
	c.index(crtc, 0x0a, h-2)
	c.index(crtc, 0x0b, h-1)
}

// graphicsFont is AL = 21h…24h: the font for text in graphics modes.
func (c *call) graphicsFont(al uint8) {
	rows := [4]uint8{c.dx.lo(), 14, 25, 43}[c.bx.lo()&3]
	h := [5]uint8{0, uint8(c.cx), 14, 8, 16}[al&7%5]
	if al == 0x21 {
		c.setD(4*0x43, uint32(c.es)<<16|uint32(c.bp.w()))
	} else {
		c.setD(4*0x43, rom.VideoSegment<<16|uint32(fontAt(h)))
	}
	c.setW(bdaCharHeight, uint16(h))
	c.setB(bdaRows, rows-1)
}

// fontInfo is AL = 30h: where fonts are.
func (c *call) fontInfo() {
	var p uint32
	inROM := func(off uint16) uint32 { return rom.VideoSegment<<16 | uint32(off) }
	switch c.bx.hi() {
	case 0:
		p = c.d(4 * 0x1f)
	case 1:
		p = c.d(4 * 0x43)
	case 2:
		p = inROM(rom.Font14)
	case 3:
		p = inROM(rom.Font8)
	case 4:
		p = inROM(rom.Font8 + 0x400)
	case 5, 7: // no characters differ with 9 pixels
		p = inROM(rom.FontNone)
	case 6:
		p = inROM(rom.Font16)
	default:
		return
	}
	c.es = uint16(p >> 16)
	c.bp.setW(uint16(p))
	c.cx.setW(c.w(bdaCharHeight))
	c.dx.setLo(c.b(bdaRows))
}

// alternate is AH = 12h.
func (c *call) alternate() {
	switch c.bx.lo() {
	case 0x10: // EGA information
		c.bx.setW(3) // colour, 256 KiB
		if c.w(bdaCRTC) == 0x3b4 {
			c.bx.setHi(1)
		}
		c.cx.setHi(c.b(bdaVideoSwitch) >> 4)
		c.cx.setLo(c.b(bdaVideoSwitch) & 15)
		return
	case 0x30: // lines of text modes
		f := c.b(bdaVGAFlags) &^ 0x90
		switch c.ax.lo() {
		case 0:
			f |= 0x80
		case 2:
			f |= 0x10
		}
		c.setB(bdaVGAFlags, f)
	case 0x31:
		c.setB(bdaVGAFlags, c.b(bdaVGAFlags)&^8|c.ax.lo()&1<<3)
	case 0x33:
		c.setB(bdaVGAFlags, c.b(bdaVGAFlags)&^2|(c.ax.lo()&1^1)<<1)
	case 0x34:
		c.setB(bdaVideoCtl, c.b(bdaVideoCtl)&^1|c.ax.lo()&1)
	case 0x36:
		v := c.readIndex(0x3c4, 1) &^ 0x20
		c.index(0x3c4, 1, v|c.ax.lo()&1<<5)
	case 0x32, 0x35:
	default:
		return
	}
	c.ax.setLo(0x12)
}

// displayCode is AH = 1Ah.
func (c *call) displayCode() {
	if c.ax.lo() == 0 {
		c.bx.setW(uint16(c.b(bdaDCC)))
	} else if c.ax.lo() == 1 {
		c.setB(bdaDCC, c.bx.lo())
	}
	c.ax.setLo(0x1a)
}

// videoState is AH = 1Bh: 64 bytes about the mode at ES:DI.
func (c *call) videoState() {
	if c.bx.w() != 0 {
		return
	}
	at := c.esBase + uint32(c.di.w())
	c.zeroFill(at, 64)
	c.setD(at, romSegment<<16|uint32(entry(atVideo)))
	for i := range uint32(30) {
		c.setB(at+4+i, c.b(bdaMode+i))
	}
	c.setB(at+0x22, c.b(bdaRows)+1)
	c.setW(at+0x23, c.w(bdaCharHeight))
	c.setB(at+0x25, c.b(bdaDCC))
	c.setW(at+0x27, 16)
	if m, ok := c.mode(); ok {
		c.setB(at+0x29, m.pages)
	}
	c.setB(at+0x2a, c.scanLines())
	c.setB(at+0x31, 3)
	c.ax.setLo(0x1b)
}

// scanLines is the number of lines as AH = 1Bh has it: 0 200, 1 350, 2 400, 3 480.
func (c *call) scanLines() uint8 {
	m, _ := c.mode()
	switch {
	case m.text:
		switch c.textLines(c.b(bdaMode)) {
		case 200:
			return 0
		case 350:
			return 1
		}
		return 2
	case m.rows == 30:
		return 3
	case m.height == 14:
		return 1
	}
	return 0
}
