package service

// VBE, by the display interface of the Bochs adapter. At ebdaVBE:
const (
	vbeMode = ebdaVBE // word: the mode, with bit 14 for the linear frame buffer; 0 is a VGA mode

	vbeNumber = 0x1ff
	vbeLinear = 1 << 14
	vbeKeep   = 1 << 15
)

// Registers of the display interface.
const (
	dispiID         = 0
	dispiXRes       = 1
	dispiYRes       = 2
	dispiBPP        = 3
	dispiEnable     = 4
	dispiBank       = 5
	dispiVirtWidth  = 6
	dispiVirtHeight = 7
	dispiXOffset    = 8
	dispiYOffset    = 9
	dispiMemory     = 10

	dispiOn      = 1 << 0
	dispiWideDAC = 1 << 5
	dispiLFB     = 1 << 6
	dispiKeep    = 1 << 7
)

func (c *call) dispi(i uint16) uint16 {
	c.outN(0x1ce, 2, uint32(i))
	return uint16(c.inN(0x1cf, 2))
}

func (c *call) setDISPI(i, v uint16) {
	c.outN(0x1ce, 2, uint32(i))
	c.outN(0x1cf, 2, uint32(v))
}

// AX of VBE functions.
const (
	vbeOK     = 0x004f
	vbeFailed = 0x014f
	vbeWrong  = 0x034f // not in this mode
)

// vbe is AH = 4Fh.
//
// VBE Core Functions Standard 3.0.
func (c *call) vbe() {
	if id := c.dispi(dispiID); id < 0xb0c2 || id > 0xb0cf {
		return // no such adapter: AL stays other than 4Fh
	}
	ok := uint16(0x0100) // no such function
	switch c.ax.lo() {
	case 0x00:
		ok = c.vbeController()
	case 0x01:
		ok = c.vbeModeInfo()
	case 0x02:
		ok = c.vbeSet(c.bx.w())
	case 0x03:
		v := c.w(vbeMode)
		if v == 0 {
			v = uint16(c.b(bdaMode))
		}
		c.bx.setW(v)
		ok = vbeOK
	case 0x04:
		ok = c.vbeState()
	case 0x05:
		ok = c.vbeBank(c.bx.hi(), c.bx.lo())
	case 0x06:
		ok = c.vbeLine()
	case 0x07:
		ok = c.vbeStart()
	case 0x08:
		ok = c.vbeDACWidth()
	case 0x09:
		ok = c.vbePalette()
	case 0x0a:
		ok = vbeFailed
		if c.bx.lo() == 0 {
			c.es = romSegment
			c.di.setW(entry(atVBE32))
			c.cx.setW(entry(atVBE32End) - entry(atVBE32))
			ok = vbeOK
		}
	case 0x0b: // any pixel clock will do
		ok = vbeFailed
		if c.bx.lo() == 0 {
			ok = vbeOK
		}
	case 0x10:
		ok = c.vbePower()
	case 0x15:
		ok = c.vbeDDC()
	}
	c.ax.setW(ok)
}

// vbeController is 4F00h: 256 bytes at ES:DI, 512 for who asks for VBE 2. The modes are
// listed in the block itself.
func (c *call) vbeController() uint16 {
	at := c.esBase + uint32(c.di.w())
	two := c.d(at) == 'V'|'B'<<8|'E'<<16|'2'<<24
	c.zeroFill(at, 256)
	if two {
		c.zeroFill(at+256, 256)
	}
	oem := romSegment<<16 | uint32(entry(atOEM))
	c.put(at, []byte("VESA"))
	c.setW(at+4, 0x0300)
	c.setD(at+6, oem)
	c.setD(at+10, 1) // the DAC can have 8 bits
	c.setD(at+14, uint32(c.es)<<16|uint32(c.di.w()+0x22))
	memory := c.dispi(dispiMemory)
	c.setW(at+18, memory)
	if two {
		c.setW(at+20, 0x0100)
		for i := range uint16(3) {
			c.setD(at+22+4*uint32(i), romSegment<<16|uint32(entry(atVendor+i)))
		}
	}
	list := at + 0x22
	for _, v := range vbeModes() {
		if v.size() <= uint32(memory)<<16 {
			c.setW(list, v.number)
			list += 2
		}
	}
	c.setW(list, 0xffff)
	return vbeOK
}

// frameBuffer is the physical address of the linear frame buffer: the first base address
// register of the adapter.
func (c *call) frameBuffer() (at uint32) {
	c.pciFunctions(func(a pciAddr) bool {
		if c.pciRead(a, 0, 4) != 0x11111234 {
			return true
		}
		at = c.pciRead(a, 0x10, 4) &^ 15
		return false
	})
	return at
}

// vbeModeInfo is 4F01h: 256 bytes at ES:DI about mode CX.
func (c *call) vbeModeInfo() uint16 {
	v, ok := findVBE(c.cx.w() & vbeNumber)
	total := uint32(c.dispi(dispiMemory)) << 16
	if !ok || v.size() > total {
		return vbeFailed
	}
	at := c.esBase + uint32(c.di.w())
	c.zeroFill(at, 256)
	lfb := c.frameBuffer()
	attributes, model, planes := uint16(0x3f), uint8(6), uint8(1) // supported, text, colour, graphics, not VGA
	switch v.bits {
	case 4:
		attributes, model, planes = 0x1f, 3, 4
		lfb = 0
	case 8:
		model = 4
	}
	if lfb != 0 {
		attributes |= 0x80
	}
	pages := uint8(min(total/v.size(), 256) - 1)
	c.setW(at, attributes)
	c.setB(at+2, 7)  // window A: exists, readable, writable
	c.setW(at+4, 64) // KiB of granularity
	c.setW(at+6, 64) // and size
	c.setW(at+8, 0xa000)
	c.setD(at+12, romSegment<<16|uint32(entry(atWindow)))
	c.setW(at+16, uint16(v.line()))
	c.setW(at+18, v.width)
	c.setW(at+20, v.height)
	for i, b := range []uint8{8, 16, planes, v.bits, 1, model, 0, pages, 1} {
		c.setB(at+22+uint32(i), b)
	}
	c.setD(at+40, lfb)
	c.setW(at+50, uint16(v.line()))
	c.setB(at+52, pages)
	c.setB(at+53, pages)
	for i, f := range v.fields() {
		for _, off := range []uint32{31, 54} { // windowed, linear
			c.setB(at+off+2*uint32(i), f.size)
			c.setB(at+off+2*uint32(i)+1, f.at)
		}
	}
	if v.bits == 15 || v.bits == 32 {
		c.setB(at+39, 2) // what is left over may be used
	}
	c.setD(at+62, 230_000_000) // Hz of the pixel clock
	return vbeOK
}

// vbeSet is 4F02h.
func (c *call) vbeSet(bx uint16) uint16 {
	number := bx & vbeNumber
	if number < 0x100 {
		if _, ok := infoOf(uint8(number & 0x7f)); !ok || bx&vbeLinear != 0 {
			return vbeFailed
		}
		c.setMode(uint8(number&0x7f) | uint8(bx>>8&0x80))
		return vbeOK
	}
	v, ok := findVBE(number)
	if !ok || v.size() > uint32(c.dispi(dispiMemory))<<16 || v.bits == 4 && bx&vbeLinear != 0 {
		return vbeFailed
	}
	like := uint8(0x13)
	if v.bits == 4 {
		like = 0x12
	}
	c.setMode(like | 0x80)
	c.setDISPI(dispiXRes, v.width)
	c.setDISPI(dispiYRes, v.height)
	c.setDISPI(dispiBPP, uint16(v.bits))
	on := uint16(dispiOn)
	if bx&vbeLinear != 0 {
		on |= dispiLFB
	}
	if bx&vbeKeep != 0 {
		on |= dispiKeep
	}
	c.setDISPI(dispiEnable, on)
	c.setW(vbeMode, bx&(vbeNumber|vbeLinear))
	c.setB(bdaMode, 0x70|uint8(number)&0x0f)
	c.setW(bdaColumns, v.width/8)
	c.setB(bdaRows, uint8(v.height/16)-1)
	c.setW(bdaCharHeight, 16)
	c.setB(bdaVideoCtl, 0x60|uint8(bx>>8&0x80))
	c.fontVectors(16)
	return vbeOK
}

// shown is the VBE mode that is on.
func (c *call) shown() (v vbeShape, ok bool) { return findVBE(c.w(vbeMode) & vbeNumber) }

// vbeBank is 4F05h; sub 0 sets the window to DX, 1 asks.
func (c *call) vbeBank(sub, window uint8) uint16 {
	mode := c.w(vbeMode)
	switch {
	case window != 0 || sub > 1:
		return vbeFailed
	case mode == 0 || mode&vbeLinear != 0:
		return vbeWrong
	case sub == 1:
		c.dx.setW(c.dispi(dispiBank))
		return vbeOK
	case c.dx.w() >= c.dispi(dispiMemory):
		return vbeFailed
	}
	c.setDISPI(dispiBank, c.dx.w())
	return vbeOK
}

// vbeWindow is the same by a far call: registers are lost.
func (c *call) vbeWindow() { c.ax.setW(c.vbeBank(c.bx.hi(), c.bx.lo())) }

// vbeLine is 4F06h: BL = 0 sets the length of a line in pixels, 2 in bytes; 1 asks, 3 for
// the longest.
func (c *call) vbeLine() uint16 {
	v, ok := c.shown()
	if !ok {
		return vbeWrong
	}
	width := uint32(c.cx.w())
	per := max(v.pixelBytes(), 1)
	memory := uint32(c.dispi(dispiMemory)) << 16
	longest := memory / uint32(v.height) / per
	if v.bits == 4 {
		longest *= 2
	}
	longest = min(longest, 8192) &^ 7
	switch c.bx.lo() {
	case 0, 2:
		if c.bx.lo() == 2 {
			width /= per
			if v.bits == 4 {
				width = uint32(c.cx.w()) * 8
			}
		}
		width = (max(width, uint32(v.width)) + 7) &^ 7
		if width > longest {
			return 0x024f // not supported by the hardware
		}
		c.setDISPI(dispiVirtWidth, uint16(width))
	case 1:
	case 3:
		c.lineRegisters(&v, longest, memory)
		return vbeOK
	default:
		return vbeFailed
	}
	c.lineRegisters(&v, uint32(c.dispi(dispiVirtWidth)), memory)
	return vbeOK
}

// lineRegisters says how long a line of width pixels is and how many fit.
func (c *call) lineRegisters(v *vbeShape, width, memory uint32) {
	line := width * v.pixelBytes()
	if v.bits == 4 {
		line, memory = width/8, memory/4
	}
	c.bx.setW(uint16(line))
	c.cx.setW(uint16(width))
	c.dx.setW(uint16(min(memory/max(line, 1), 0xffff)))
}

// vbeStart is 4F07h: the first pixel shown, by place, or by address in bytes (VBE 3).
func (c *call) vbeStart() uint16 {
	v, ok := c.shown()
	if !ok {
		return vbeWrong
	}
	x, y := c.cx.w(), c.dx.w()
	switch sub := c.bx.lo(); sub {
	case 0x01:
		c.bx.setHi(0)
		c.cx.setW(c.dispi(dispiXOffset))
		c.dx.setW(c.dispi(dispiYOffset))
		return vbeOK
	case 0x02, 0x82: // address in ECX
		line := max(uint32(c.dispi(dispiVirtWidth))*max(v.pixelBytes(), 1), 1)
		if v.bits == 4 {
			line = max(line/8, 1)
		}
		y = uint16(uint32(c.cx) / line)
		x = uint16(uint32(c.cx) % line / max(v.pixelBytes(), 1))
		if v.bits == 4 {
			x *= 8
		}
	case 0x00, 0x80:
	default:
		return vbeFailed
	}
	c.setDISPI(dispiXOffset, x)
	c.setDISPI(dispiYOffset, y)
	if c.dispi(dispiXOffset) != x || c.dispi(dispiYOffset) != y {
		return vbeFailed
	}
	return vbeOK
}

// vbeDACWidth is 4F08h: 6 or 8 bits for a component.
func (c *call) vbeDACWidth() uint16 {
	if v, ok := c.shown(); !ok || v.bits > 8 {
		return vbeWrong
	}
	on := c.dispi(dispiEnable)
	switch c.bx.lo() {
	case 0:
		on &^= dispiWideDAC
		if c.bx.hi() >= 8 {
			on |= dispiWideDAC
		}
		c.setDISPI(dispiEnable, on|dispiKeep)
	case 1:
	default:
		return vbeFailed
	}
	c.bx.setHi(6 + bit(1, on&dispiWideDAC != 0))
	return vbeOK
}

// vbePalette is 4F09h: CX colours from DX on; at ES:DI blue, green, red and nothing each.
func (c *call) vbePalette() uint16 {
	at, first, n := c.esBase+uint32(c.di.w()), c.dx.w(), c.cx.w()
	if first > 255 || n > 256-first {
		return vbeFailed
	}
	switch c.bx.lo() {
	case 0x00, 0x80:
		c.out(0x3c8, uint8(first))
		for i := range 4 * uint32(n) {
			if i%4 != 3 {
				c.out(0x3c9, c.b(at+i/4*4+2-i%4))
			}
		}
	case 0x01:
		c.out(0x3c7, uint8(first))
		for i := range 4 * uint32(n) {
			if i%4 == 3 {
				c.setB(at+i, 0)
				continue
			}
			c.setB(at+i/4*4+2-i%4, c.in(0x3c9))
		}
	default:
		return 0x024f // there is no secondary palette
	}
	return vbeOK
}

// vbePower is 4F10h, display power management: the screen is always on.
func (c *call) vbePower() uint16 {
	switch c.bx.lo() {
	case 0:
		c.bx.setW(0x0f20) // standby, suspend, off and reduced; version 2.0
	case 1:
	case 2:
		c.bx.setHi(0)
	default:
		return vbeFailed
	}
	return vbeOK
}
