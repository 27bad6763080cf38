package service

// Graphics modes. Planar modes are written with write mode 2 and the bit mask, so that a
// colour reaches all planes at once.

// pixelAt is the byte of a pixel, and its bit position in it.
func (c *call) pixelAt(m *modeInfo, page uint8, x, y uint16) (at uint32, shift uint) {
	base := uint32(m.base) << 4
	switch m.bits {
	case 1, 2: // CGA: odd lines 8 KiB later
		per := uint16(8 / m.bits)
		at = base + uint32(y&1)<<13 + uint32(y>>1)*80 + uint32(x/per)
		return at, uint(8-m.bits) - uint(x%per)*uint(m.bits)
	case 8:
		return base + uint32(y)*320 + uint32(x), 0
	}
	line := uint32(c.w(bdaColumns))
	return base + uint32(page)*uint32(m.page) + uint32(y)*line + uint32(x/8), uint(7 - x%8)
}

// plot is AH = 0Ch and point AH = 0Dh, on a page.
func (c *call) plot(page uint8, x, y uint16, colour uint8) {
	if m, ok := c.mode(); ok && !m.text {
		c.writePixel(&m, page, x, y, colour)
	}
}

func (c *call) point(page uint8, x, y uint16) (colour uint8) {
	if m, ok := c.mode(); ok && !m.text {
		return c.readPixel(&m, page, x, y)
	}
	return 0
}

// writePixel sets a pixel; bit 7 of the colour means exclusive or.
func (c *call) writePixel(m *modeInfo, page uint8, x, y uint16, colour uint8) {
	if m.linear {
		c.putLinear(m, x, y, colour)
		return
	}
	at, shift := c.pixelAt(m, page, x, y)
	switch m.bits {
	case 8:
		c.setB(at, colour)
	case 4:
		c.index(0x3ce, 5, 2)
		c.index(0x3ce, 8, 1<<shift)
		if colour&0x80 != 0 {
			c.index(0x3ce, 3, 0x18)
		}
		c.b(at) // latches
		c.setB(at, colour)
		c.index(0x3ce, 3, 0)
		c.index(0x3ce, 8, 0xff)
		c.index(0x3ce, 5, 0)
	default:
		mask := uint8(1<<m.bits-1) << shift
		v := colour << shift & mask
		old := c.b(at)
		if colour&0x80 != 0 {
			c.setB(at, old^v)
		} else {
			c.setB(at, old&^mask|v)
		}
	}
}

// readPixel reads one.
func (c *call) readPixel(m *modeInfo, page uint8, x, y uint16) (colour uint8) {
	if m.linear {
		return c.getLinear(m, x, y)
	}
	at, shift := c.pixelAt(m, page, x, y)
	switch m.bits {
	case 8:
		return c.b(at)
	case 4:
		for plane := range uint8(4) {
			c.index(0x3ce, 4, plane)
			colour |= c.b(at) >> shift & 1 << plane
		}
		c.index(0x3ce, 4, 0)
		return colour
	}
	return c.b(at) >> shift & (1<<m.bits - 1)
}

// glyph is the lines of a character: from the font at vector 43h, for CGA modes the upper
// half at 1Fh, if a program has set them, else the adapter's.
func (c *call) glyph(m *modeInfo, ch uint8) []byte {
	h := c.b(bdaCharHeight)
	if h == 0 || h > 32 {
		return nil
	}
	vector := uint32(4 * 0x43)
	n := uint32(ch)
	if m.bits <= 2 && ch >= 0x80 {
		vector, n = 4*0x1f, n-0x80
	}
	if p := c.d(vector); p != 0 {
		return c.bytes(far(uint16(p>>16), uint16(p))+n*uint32(h), int(h))
	}
	if c.tables.Font == nil {
		return nil
	}
	font := c.tables.Font(h)
	if i := int(ch) * int(h); i+int(h) <= len(font) {
		return font[i : i+int(h)]
	}
	return nil
}

// drawChar draws a character; bit 7 of the colour means exclusive or.
func (c *call) drawChar(m *modeInfo, page uint8, row, col uint16, ch, colour uint8) {
	g := c.glyph(m, ch)
	xor := colour & 0x80
	if m.bits >= 8 {
		xor = 0
	}
	for y, line := range g {
		for x := range uint16(8) {
			on := line>>(7-x)&1 != 0
			switch {
			case on:
				c.writePixel(m, page, col*8+x, row*uint16(len(g))+uint16(y), colour)
			case xor == 0:
				c.writePixel(m, page, col*8+x, row*uint16(len(g))+uint16(y), 0)
			}
		}
	}
}

// recognise compares the screen with all characters.
func (c *call) recognise(m *modeInfo, page uint8, row, col uint16) uint8 {
	h := uint16(c.b(bdaCharHeight))
	if h == 0 || h > 32 {
		return 0
	}
	seen := make([]byte, h)
	for y := range h {
		for x := range uint16(8) {
			if c.readPixel(m, page, col*8+x, row*h+y) != 0 {
				seen[y] |= 0x80 >> x
			}
		}
	}
	for ch := range 256 {
		if string(c.glyph(m, uint8(ch))) == string(seen) {
			return uint8(ch)
		}
	}
	return 0
}

// scrollGraphics moves whole lines of pixels.
func (c *call) scrollGraphics(m *modeInfo, page uint8, up bool, lines uint16, attr uint8, top, left, bottom, right uint16) {
	h := uint16(c.b(bdaCharHeight))
	if m.linear {
		c.scrollLinear(m, up, lines*h, attr, top*h, left*8, (bottom+1)*h, (right+1)*8)
		return
	}
	y0, y1 := top*h, (bottom+1)*h
	n, d := y1-y0, lines*h
	width := uint32(right-left+1) * uint32(m.bits)
	if m.bits == 4 {
		width /= 4
	}
	if m.bits == 4 {
		c.index(0x3ce, 5, 1) // copy latches
	}
	copied := n - min(d, n)
	for i := range copied {
		to, from := y0+i, y0+i+d
		if !up {
			to, from = y1-1-i, y1-1-i-d
		}
		dst, _ := c.pixelAt(m, page, left*8, to)
		src, _ := c.pixelAt(m, page, left*8, from)
		for k := range width {
			c.setB(dst+k, c.b(src+k))
		}
	}
	fill := attr
	switch m.bits {
	case 1:
		fill = -(attr & 1)
	case 2:
		fill = attr & 3 * 0x55
	case 4:
		c.index(0x3ce, 5, 2)
	}
	for i := copied; i < n; i++ {
		y := y0 + i
		if !up {
			y = y1 - 1 - i
		}
		dst, _ := c.pixelAt(m, page, left*8, y)
		for k := range width {
			c.setB(dst+k, fill)
		}
	}
	if m.bits == 4 {
		c.index(0x3ce, 5, 0)
	}
}
