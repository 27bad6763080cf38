package service

// video is INT 10h. CF set has the code in the ROM sound the bell.
//
// IBM PS/2 and PC BIOS Interface Technical Reference, "Video"; VBE 3.0 for AH = 4Fh.
func (c *call) video() {
	ax, bh := c.ax, c.bx.hi()
	switch ax.hi() {
	case 0x00:
		c.modeService(ax.lo())
	case 0x01:
		c.cursorShape(c.cx.w())
	case 0x02:
		c.moveCursor(bh, c.dx.w())
	case 0x03:
		c.dx.setW(c.w(c.cursorAt(bh)))
		c.cx.setW(c.w(bdaCursorShape))
	case 0x04: // light pen: not triggered
		c.ax.setHi(0)
	case 0x05:
		c.showPage(ax.lo())
	case 0x06, 0x07:
		c.scroll(ax.hi() == 0x06, ax.lo(), bh, c.cx.w(), c.dx.w(), c.b(bdaPage))
	case 0x08:
		c.readChar(bh)
	case 0x09, 0x0a:
		c.writeChars(ax.lo(), c.bx.lo(), bh, c.cx.w(), ax.hi() == 0x09)
	case 0x0b:
		c.setBorder()
	case 0x0c:
		c.plot(bh, c.cx.w(), c.dx.w(), ax.lo())
	case 0x0d:
		c.ax.setLo(c.point(bh, c.cx.w(), c.dx.w()))
	case 0x0e:
		c.teletype(ax.lo(), c.bx.lo(), c.b(bdaPage))
	case 0x0f:
		c.ax.setHi(uint8(c.w(bdaColumns)))
		c.ax.setLo(c.b(bdaMode) | c.b(bdaVideoCtl)&0x80)
		c.bx.setHi(c.b(bdaPage))
	case 0x10:
		c.palette()
	case 0x11:
		c.fonts()
	case 0x12:
		c.alternate()
	case 0x13:
		c.writeString()
	case 0x1a:
		c.displayCode()
	case 0x1b:
		c.videoState()
	case 0x1c:
		c.saveService()
	case 0x4f:
		c.vbe()
	}
	c.carry = c.bell
}

// modeService sets a mode and says, in AL, what kind it is.
func (c *call) modeService(al uint8) {
	c.setMode(al)
	switch n := al & 0x7f; {
	case n == 6:
		c.ax.setLo(0x3f)
	case n <= 5 || n == 7:
		c.ax.setLo(0x30)
	default:
		c.ax.setLo(0x20)
	}
}

// cursorAt is where the data area has the cursor of a page.
func (c *call) cursorAt(page uint8) uint32 { return bdaCursor + 2*uint32(page&7) }

func (c *call) cursorShape(shape uint16) {
	c.setW(bdaCursorShape, shape)
	start, end := uint8(shape>>8)&0x3f, uint8(shape)&0x1f
	if h := c.b(bdaCharHeight); h > 8 && start < 0x20 && end <= 8 && c.b(bdaVideoCtl)&1 == 0 {
		switch { // shapes for characters of 8 lines: emulate
		case end == start+1:
			start, end = h-start0(h), h-start0(h)+1
		default:
			start, end = uint8(uint16(start)*uint16(h)/8), uint8((uint16(end)+1)*uint16(h)/8-1)
		}
	}
	crtc := c.w(bdaCRTC)
	c.index(crtc, 0x0a, start)
	c.index(crtc, 0x0b, end)
}

// start0 is how far above the bottom an underline cursor begins.
func start0(h uint8) uint8 { return 2 + h/12 }

// moveCursor places the cursor of a page at row and column.
func (c *call) moveCursor(page uint8, rc uint16) {
	c.setW(c.cursorAt(page), rc)
	if page == c.b(bdaPage) {
		c.setCursorRegisters(rc)
	}
}

func (c *call) setCursorRegisters(rc uint16) {
	at := c.w(bdaPageStart)/2 + rc>>8*c.w(bdaColumns) + rc&0xff
	crtc := c.w(bdaCRTC)
	c.index(crtc, 0x0e, uint8(at>>8))
	c.index(crtc, 0x0f, uint8(at))
}

// showPage is AH = 05h.
func (c *call) showPage(page uint8) {
	m, ok := c.mode()
	if !ok || page >= m.pages {
		return
	}
	start := uint16(page) * c.w(bdaPageSize)
	c.setB(bdaPage, page)
	c.setW(bdaPageStart, start)
	if m.text {
		start /= 2
	}
	crtc := c.w(bdaCRTC)
	c.index(crtc, 0x0c, uint8(start>>8))
	c.index(crtc, 0x0d, uint8(start))
	c.setCursorRegisters(c.w(c.cursorAt(page)))
}

// cell is the address of a character on a page.
func (c *call) cell(m *modeInfo, page uint8, row, col uint16) uint32 {
	return uint32(m.base)<<4 + uint32(page&7)*uint32(c.w(bdaPageSize)) + 2*(uint32(row)*uint32(c.w(bdaColumns))+uint32(col))
}

// scroll is AH = 06h and 07h: a window from the upper left to the lower right corner moves
// n lines, 0 means all.
func (c *call) scroll(up bool, n, attr uint8, from, to uint16, page uint8) {
	m, ok := c.mode()
	if !ok {
		return
	}
	top, left := from>>8, from&0xff
	bottom, right := min(to>>8, uint16(c.b(bdaRows))), min(to&0xff, c.w(bdaColumns)-1)
	if top > bottom || left > right {
		return
	}
	height := bottom - top + 1
	lines := uint16(n)
	if lines == 0 || lines > height {
		lines = height
	}
	if !m.text {
		c.scrollGraphics(&m, page, up, lines, attr, top, left, bottom, right)
		return
	}
	for i := range height {
		row := top + i
		src := row + lines
		if !up {
			row = bottom - i
			src = row - lines
		}
		for col := left; col <= right; col++ {
			v := uint16(attr)<<8 | ' '
			if i+lines < height {
				v = c.w(c.cell(&m, page, src, col))
			}
			c.setW(c.cell(&m, page, row, col), v)
		}
	}
}

// readChar is AH = 08h.
func (c *call) readChar(page uint8) {
	m, ok := c.mode()
	if !ok {
		return
	}
	rc := c.w(c.cursorAt(page))
	if !m.text {
		c.ax.setW(uint16(c.recognise(&m, page, rc>>8, rc&0xff)))
		return
	}
	c.ax.setW(c.w(c.cell(&m, page, rc>>8, rc&0xff)))
}

// writeChars is AH = 09h and 0Ah: n times a character at the cursor, which stays.
func (c *call) writeChars(ch, attr, page uint8, n uint16, withAttr bool) {
	m, ok := c.mode()
	if !ok {
		return
	}
	rc := c.w(c.cursorAt(page))
	row, col := rc>>8, rc&0xff
	for range min(n, 80*60) {
		if row > uint16(c.b(bdaRows)) {
			return
		}
		c.putChar(&m, page, row, col, ch, attr, withAttr)
		if col++; col >= c.w(bdaColumns) {
			row, col = row+1, 0
		}
	}
}

// putChar writes one character; in text modes without the attribute the old one stays.
func (c *call) putChar(m *modeInfo, page uint8, row, col uint16, ch, attr uint8, withAttr bool) {
	if !m.text {
		c.drawChar(m, page, row, col, ch, attr)
		return
	}
	at := c.cell(m, page, row, col)
	if withAttr {
		c.setW(at, uint16(attr)<<8|uint16(ch))
	} else {
		c.setB(at, ch)
	}
}

// teletype is AH = 0Eh: attr is the colour in graphics modes.
func (c *call) teletype(ch, attr, page uint8) {
	c.typeChar(ch, attr, page, false)
}

// typeChar writes a character, obeys BEL, BS, LF and CR, and scrolls.
func (c *call) typeChar(ch, attr, page uint8, withAttr bool) {
	m, ok := c.mode()
	if !ok {
		return
	}
	rc := c.w(c.cursorAt(page))
	row, col := rc>>8, rc&0xff
	switch ch {
	case 7:
		c.bell = true
	case 8:
		if col > 0 {
			col--
		}
	case '\n':
		row++
	case '\r':
		col = 0
	default:
		c.putChar(&m, page, row, col, ch, attr, withAttr)
		if col++; col >= c.w(bdaColumns) {
			row, col = row+1, 0
		}
	}
	if last := uint16(c.b(bdaRows)); row > last {
		row = last
		fill := uint8(0)
		if m.text {
			fill = uint8(c.w(c.cell(&m, page, last, min(col, c.w(bdaColumns)-1))) >> 8)
		}
		c.scroll(true, 1, fill, 0, last<<8|(c.w(bdaColumns)-1), page)
	}
	c.moveCursor(page, row<<8|col)
}

// writeString is AH = 13h. AL: 0 moves the cursor, 1 the string has attributes.
func (c *call) writeString() {
	al, page := c.ax.lo(), c.bx.hi()
	if al > 3 {
		return
	}
	at := c.esBase + uint32(c.bp.w())
	old := c.w(c.cursorAt(page))
	c.moveCursor(page, c.dx.w())
	for range min(c.cx.w(), 80*60) {
		ch, attr := c.b(at), c.bx.lo()
		at++
		if al&2 != 0 {
			attr = c.b(at)
			at++
		}
		c.typeChar(ch, attr, page, true)
	}
	if al&1 == 0 {
		c.moveCursor(page, old)
	}
}
