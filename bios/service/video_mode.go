package service

import "github.com/glassbox-vm/glassbox/bios/rom"

// A VideoMode is the registers of a VGA in one of its standard modes.
type VideoMode struct {
	Misc uint8
	Seq  [5]uint8
	CRTC [25]uint8
	Attr [21]uint8
	Gfx  [9]uint8
}

// Video is what the display adapter's makers know: tables. Its zero value is a text screen
// at B8000h without registers or fonts.
type Video struct {
	// Mode gives the registers of standard mode n.
	Mode func(n uint8) (m VideoMode, ok bool)
	// Colours gives the DAC contents for standard mode n: 64 or 256, 6 bits a component.
	Colours func(n uint8) [][3]uint8
	// Font gives 256 characters, height bytes each, for height 8, 14 and 16.
	Font func(height uint8) []byte
}

// modeInfo is what the data area says of a mode.
type modeInfo struct {
	columns uint16
	page    uint16 // bytes
	pages   uint8
	base    uint16 // segment
	text    bool
	height  uint8 // of characters
	rows    uint8
	bits    uint8 // of a pixel; 0 for text
	linear  bool  // a VBE mode in which a pixel is a byte or more
}

// mode describes the present mode.
func (c *call) mode() (m modeInfo, ok bool) {
	if n := c.w(vbeMode); n != 0 {
		return vbeInfo(n & vbeNumber)
	}
	return infoOf(c.b(bdaMode))
}

// infoOf describes standard mode n.
func infoOf(n uint8) (m modeInfo, ok bool) {
	switch n {
	case 0x00, 0x01:
		return modeInfo{40, 0x800, 8, 0xb800, true, 16, 25, 0, false}, true
	case 0x02, 0x03:
		return modeInfo{80, 0x1000, 8, 0xb800, true, 16, 25, 0, false}, true
	case 0x07:
		return modeInfo{80, 0x1000, 8, 0xb000, true, 16, 25, 0, false}, true
	case 0x04, 0x05:
		return modeInfo{40, 0x4000, 1, 0xb800, false, 8, 25, 2, false}, true
	case 0x06:
		return modeInfo{80, 0x4000, 1, 0xb800, false, 8, 25, 1, false}, true
	case 0x0d:
		return modeInfo{40, 0x2000, 8, 0xa000, false, 8, 25, 4, false}, true
	case 0x0e:
		return modeInfo{80, 0x4000, 4, 0xa000, false, 8, 25, 4, false}, true
	case 0x0f:
		return modeInfo{80, 0x8000, 2, 0xa000, false, 14, 25, 4, false}, true
	case 0x10:
		return modeInfo{80, 0x8000, 2, 0xa000, false, 14, 25, 4, false}, true
	case 0x11:
		return modeInfo{80, 0xa000, 1, 0xa000, false, 16, 30, 4, false}, true
	case 0x12:
		return modeInfo{80, 0xa000, 1, 0xa000, false, 16, 30, 4, false}, true
	case 0x13:
		return modeInfo{40, 0x2000, 1, 0xa000, false, 8, 25, 8, false}, true
	}
	return modeInfo{}, false
}

// setMode is AH = 00h; bit 7 keeps the contents of the screen.
func (c *call) setMode(al uint8) {
	n := al & 0x7f
	m, ok := infoOf(n)
	if !ok {
		return
	}
	lines := uint16(400)
	if m.text {
		lines = c.textLines(n)
		m.height = uint8(lines / 25)
	}
	keep := al&0x80 != 0
	c.setW(vbeMode, 0)
	crtc := uint16(0x3d4)
	if n == 7 || n == 0x0f {
		crtc = 0x3b4
	}
	c.setB(bdaMode, n)
	c.setW(bdaColumns, m.columns)
	c.setW(bdaPageSize, m.page)
	c.setW(bdaPageStart, 0)
	for i := range uint32(8) {
		c.setW(bdaCursor+2*i, 0)
	}
	c.setW(bdaCursorShape, 0x0607)
	c.setB(bdaPage, 0)
	c.setW(bdaCRTC, crtc)
	c.setB(bdaModeReg, [8]uint8{0x2c, 0x28, 0x2d, 0x29, 0x2a, 0x2e, 0x1e, 0x29}[min(n, 7)])
	c.setB(bdaPaletteReg, [2]uint8{0x30, 0x3f}[bit(0, n == 6)])
	c.setB(bdaRows, m.rows-1)
	c.setW(bdaCharHeight, uint16(m.height))
	c.setB(bdaVideoCtl, 0x60|al&0x80)
	c.setB(bdaVideoSwitch, 0xf9)
	c.setB(bdaVGAFlags, c.b(bdaVGAFlags)&0x9e|0x41)
	c.setB(bdaDCC, 8) // colour VGA
	c.fontVectors(m.height)
	c.programMode(n, crtc, lines)
	if !keep {
		c.clearScreen(&m)
	}
	if m.text {
		c.loadFont(m.height, 0)
	}
	c.unblank()
}

// textLines is how many lines a text mode has: what AX = 12xxh, BL = 30h chose.
func (c *call) textLines(n uint8) uint16 {
	switch f := c.b(bdaVGAFlags); {
	case f&0x10 != 0:
		return 400
	case f&0x80 != 0 && n != 7:
		return 200
	}
	return 350
}

// fontVectors points vectors 1Fh and 43h to the fonts in the ROM.
func (c *call) fontVectors(height uint8) {
	c.setD(4*0x1f, rom.VideoSegment<<16|(rom.Font8+0x400))
	c.setD(4*0x43, rom.VideoSegment<<16|uint32(fontAt(height)))
}

// fontAt is where the ROM of the adapter has a font.
func fontAt(height uint8) uint16 {
	switch height {
	case 8:
		return rom.Font8
	case 14:
		return rom.Font14
	}
	return rom.Font16
}

// fewerLines changes the registers of a text mode of 400 lines to 350, or to 200, each
// shown twice.
//
// PS/2 Technical Reference, "Video Subsystem", tables of the BIOS modes.
func fewerLines(m *VideoMode, lines uint16) {
	switch lines {
	case 350:
		m.Misc = m.Misc&0x3f | 0x80
		m.CRTC[9] = 0x4d
		m.CRTC[10], m.CRTC[11] = 0x0b, 0x0c
		copy(m.CRTC[0x10:], []uint8{0x83, 0x85, 0x5d})
		copy(m.CRTC[0x15:], []uint8{0x63, 0xba})
		m.Attr[0x13] = 8
	case 200:
		m.CRTC[9] = 0xc7
		m.CRTC[10], m.CRTC[11] = 6, 7
	}
}

// programMode writes the registers.
func (c *call) programMode(n uint8, crtc, lines uint16) {
	if c.tables.Mode == nil {
		return
	}
	m, ok := c.parameters(n, lines)
	if !ok {
		if m, ok = c.tables.Mode(n); !ok {
			return
		}
		fewerLines(&m, lines)
	}
	c.dispiOff()
	c.in(crtc + 6)
	c.out(0x3c0, 0) // blank meanwhile
	c.index(0x3c4, 0, 1)
	c.out(0x3c2, m.Misc)
	for i := uint8(1); i < 5; i++ {
		c.index(0x3c4, i, m.Seq[i])
	}
	c.index(0x3c4, 0, 3)
	c.index(crtc, 0x11, 0) // unlock
	for i, v := range m.CRTC {
		c.index(crtc, uint8(i), v)
	}
	for i, v := range m.Gfx {
		c.index(0x3ce, uint8(i), v)
	}
	c.in(crtc + 6)
	for i, v := range m.Attr {
		c.out(0x3c0, uint8(i))
		c.out(0x3c0, v)
	}
	if c.b(bdaVGAFlags)&8 == 0 && c.tables.Colours != nil {
		c.out(0x3c6, 0xff)
		c.out(0x3c8, 0)
		for _, rgb := range c.tables.Colours(n) {
			for _, v := range rgb {
				c.out(0x3c9, v)
			}
		}
	}
}

// index writes an indexed register.
func (c *call) index(port uint16, i, v uint8) {
	c.out(port, i)
	c.out(port+1, v)
}

// readIndex reads one.
func (c *call) readIndex(port uint16, i uint8) uint8 {
	c.out(port, i)
	return c.in(port + 1)
}

// unblank lets the attribute controller show the picture.
func (c *call) unblank() {
	if c.tables.Mode == nil {
		return
	}
	c.in(c.w(bdaCRTC) + 6)
	c.out(0x3c0, 0x20)
}

// dispiOff ends a mode of the Bochs display interface.
func (c *call) dispiOff() {
	c.outN(0x1ce, 2, 4)
	c.outN(0x1cf, 2, 0)
}

// clearScreen fills all pages: text with grey spaces, graphics with zeros.
func (c *call) clearScreen(m *modeInfo) {
	at, fill, n := uint32(m.base)<<4, uint64(0), 0x10000
	if m.text {
		fill = 0x0720072007200720
	}
	if m.base == 0xb800 || m.base == 0xb000 {
		n = 0x8000
		if !m.text {
			n = 0x4000
		}
	}
	for i := 0; i < n; i += 8 {
		c.setQ(at+uint32(i), fill)
	}
}

// loadFont puts a font into plane 2, block 0…7.
func (c *call) loadFont(height, block uint8) {
	if c.tables.Font == nil {
		return
	}
	font := c.tables.Font(height)
	if len(font) != 256*int(height) {
		return
	}
	c.writeFont(height, block, 0, font)
}

// writeFont puts characters from first on into plane 2, block 0…7.
func (c *call) writeFont(height, block uint8, first int, font []byte) {
	if c.tables.Mode == nil || height == 0 || height > 32 {
		return
	}
	c.index(0x3c4, 0, 1)
	c.index(0x3c4, 2, 4)
	c.index(0x3c4, 4, 7)
	c.index(0x3c4, 0, 3)
	c.index(0x3ce, 4, 2)
	c.index(0x3ce, 5, 0)
	c.index(0x3ce, 6, 4)
	at := uint32(0xa0000) + uint32(block&3)<<14 + uint32(block&4)<<11
	for ch := 0; ch*int(height) < len(font) && first+ch < 256; ch++ {
		for y := range uint32(height) {
			if i := ch*int(height) + int(y); i < len(font) {
				c.setB(at+uint32(first+ch)*32+y, font[i])
			}
		}
	}
	c.index(0x3c4, 0, 1)
	c.index(0x3c4, 2, 3)
	c.index(0x3c4, 4, 3)
	c.index(0x3c4, 0, 3)
	c.index(0x3ce, 4, 0)
	c.index(0x3ce, 5, 0x10)
	memoryMap := uint8(0x0e)
	if c.b(bdaMode) == 7 {
		memoryMap = 0x0a
	}
	c.index(0x3ce, 6, memoryMap)
}
