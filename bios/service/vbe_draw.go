package service

// Text in VBE modes in which a pixel is a byte or more, through the window at A0000h.

// linearAt is the offset of a pixel in video memory.
func (c *call) linearAt(m *modeInfo, x, y uint16) uint32 {
	per := uint32(m.bits+7) / 8
	return (uint32(y)*uint32(c.dispi(dispiVirtWidth)) + uint32(x)) * per
}

// window moves the window to where off is and returns its linear address.
func (c *call) window(off uint32) uint32 {
	if bank := uint16(off >> 16); c.dispi(dispiBank) != bank {
		c.setDISPI(dispiBank, bank)
	}
	return 0xa0000 + off&0xffff
}

// pixelOf is a colour of text in the bytes of a pixel: in direct colours the 16 of the CGA.
func (m *modeInfo) pixelOf(colour uint8) (p uint32) {
	if m.bits == 8 {
		return uint32(colour)
	}
	v := vbeShape{bits: m.bits}
	fields := v.fields()
	for i, f := range fields[:3] {
		part := uint32(0)
		if colour>>(2-i)&1 != 0 {
			part = 0xaa
		}
		if colour&8 != 0 {
			part += 0x55
		}
		p |= part >> (8 - f.size) << f.at
	}
	return p
}

func (c *call) putLinear(m *modeInfo, x, y uint16, colour uint8) {
	off, p := c.linearAt(m, x, y), m.pixelOf(colour)
	for i := range uint32(m.bits+7) / 8 {
		c.setB(c.window(off+i), uint8(p>>(8*i)))
	}
}

// getLinear says whether a pixel has any colour; with 8 bits, which.
func (c *call) getLinear(m *modeInfo, x, y uint16) (colour uint8) {
	off := c.linearAt(m, x, y)
	for i := range uint32(m.bits+7) / 8 {
		colour |= c.b(c.window(off + i))
	}
	return colour
}

// scrollLinear moves the pixels of a window by d lines.
func (c *call) scrollLinear(m *modeInfo, up bool, d uint16, colour uint8, top, left, bottom, right uint16) {
	n, row := bottom-top, make([]uint8, uint32(right-left)*(uint32(m.bits+7)/8))
	for i := range n {
		to, from := top+i, top+i+d
		if !up {
			to, from = bottom-1-i, bottom-1-i-d
		}
		if i+d < n {
			off := c.linearAt(m, left, from)
			for k := range row {
				row[k] = c.b(c.window(off + uint32(k)))
			}
		} else {
			c.fillRow(m, row, colour)
		}
		off := c.linearAt(m, left, to)
		for k, v := range row {
			c.setB(c.window(off+uint32(k)), v)
		}
	}
}

// fillRow makes a line of one colour.
func (c *call) fillRow(m *modeInfo, row []uint8, colour uint8) {
	per, p := int(m.bits+7)/8, m.pixelOf(colour)
	for k := range row {
		row[k] = uint8(p >> (8 * (k % per)))
	}
}
