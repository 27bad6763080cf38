package service

// Saving and restoring the state of the adapter, INT 10h AH=1Ch and 4F04h: the parts that
// CX asks for, one after another, each in blocks of 64 bytes.
//
// IBM PS/2 and PC BIOS Interface Technical Reference, "Save/Restore Video State"; VBE 3.0.
const (
	saveHardware = 1 << 0
	saveData     = 1 << 1
	saveDAC      = 1 << 2
	saveSVGA     = 1 << 3

	saveBlock = 64 // bytes
)

// A part is a piece of state: its blocks, and how it is saved and restored.
type statePart struct {
	bit, blocks   uint16
	save, restore func(c *call, at uint32)
}

func stateParts() []statePart {
	return []statePart{
		{saveHardware, 2, (*call).saveRegisters, (*call).restoreRegisters},
		{saveData, 1, (*call).saveDataArea, (*call).restoreDataArea},
		{saveDAC, 13, (*call).saveColours, (*call).restoreColours},
		{saveSVGA, 1, (*call).saveDISPI, (*call).restoreDISPI},
	}
}

// saveBlocks is the size of the parts in blocks.
func saveBlocks(parts uint16) (n uint16) {
	for _, p := range stateParts() {
		if parts&p.bit != 0 {
			n += p.blocks
		}
	}
	return n
}

// eachPart visits the parts with their addresses, from ES:BX on.
func (c *call) eachPart(parts uint16, f func(p *statePart, at uint32)) {
	at := c.esBase + uint32(c.bx.w())
	for _, p := range stateParts() {
		if parts&p.bit != 0 {
			f(&p, at)
			at += uint32(p.blocks) * saveBlock
		}
	}
}

func (c *call) saveState(parts uint16) {
	c.eachPart(parts, func(p *statePart, at uint32) {
		c.zeroFill(at, int(p.blocks)*saveBlock)
		p.save(c, at)
	})
}

// restoreState restores the mode of the adapter before the registers that depend on it.
func (c *call) restoreState(parts uint16) {
	c.eachPart(parts&saveSVGA|parts, func(p *statePart, at uint32) {
		if p.bit == saveSVGA {
			p.restore(c, at)
		}
	})
	c.eachPart(parts, func(p *statePart, at uint32) {
		if p.bit != saveSVGA {
			p.restore(c, at)
		}
	})
}

// saveService is AH = 1Ch: AL = 0 asks for the size, 1 saves, 2 restores.
func (c *call) saveService() {
	parts := c.cx.w() & 7
	switch c.ax.lo() {
	case 0:
		c.bx.setW(saveBlocks(parts))
	case 1:
		c.saveState(parts)
	case 2:
		c.restoreState(parts)
	default:
		return
	}
	c.ax.setLo(0x1c)
}

// vbeState is 4F04h, the same in DL, with the display interface.
func (c *call) vbeState() uint16 {
	parts := c.cx.w() & 15
	switch c.dx.lo() {
	case 0:
		c.bx.setW(saveBlocks(parts))
	case 1:
		c.saveState(parts)
	case 2:
		c.restoreState(parts)
	default:
		return vbeFailed
	}
	return vbeOK
}

// An indexed is a group of registers behind an index.
type indexed struct {
	port uint16
	n    uint8
}

func (c *call) indexedPorts() [3]indexed {
	return [3]indexed{{0x3c4, 5}, {c.w(bdaCRTC), 25}, {0x3ce, 9}}
}

// saveRegisters saves, in this order: address of the CRTC, miscellaneous output, the indexes
// and the registers behind them, the attribute controller.
func (c *call) saveRegisters(at uint32) {
	crtc := c.w(bdaCRTC)
	c.setW(at, crtc)
	c.setB(at+2, c.in(0x3cc))
	at += 3
	for _, g := range c.indexedPorts() {
		c.setB(at, c.in(g.port))
		old := c.b(at)
		for i := range g.n {
			c.setB(at+1+uint32(i), c.readIndex(g.port, i))
		}
		c.out(g.port, old)
		at += 1 + uint32(g.n)
	}
	for i := range uint8(21) {
		c.setB(at+uint32(i), c.getAttr(i))
	}
}

func (c *call) restoreRegisters(at uint32) {
	crtc := c.w(at)
	if crtc != 0x3b4 && crtc != 0x3d4 {
		return
	}
	c.setW(bdaCRTC, crtc)
	c.out(0x3c2, c.b(at+2))
	at += 3
	for _, g := range c.indexedPorts() {
		if g.port == crtc {
			c.index(crtc, 0x11, 0) // unlock
		}
		for i := range g.n {
			c.index(g.port, i, c.b(at+1+uint32(i)))
		}
		c.out(g.port, c.b(at))
		at += 1 + uint32(g.n)
	}
	for i := range uint8(21) {
		c.setAttr(i, c.b(at+uint32(i)))
	}
}

// dataSpans are the pieces of the data area and the vectors that belong to the adapter.
func dataSpans() [5][2]uint32 {
	return [5][2]uint32{{bdaMode, 30}, {bdaRows, 7}, {bdaSaveTable, 4}, {4 * 0x1f, 4}, {4 * 0x43, 4}}
}

func (c *call) saveDataArea(at uint32) {
	for _, s := range dataSpans() {
		c.put(at, c.bytes(s[0], int(s[1])))
		at += s[1]
	}
}

func (c *call) restoreDataArea(at uint32) {
	for _, s := range dataSpans() {
		c.put(s[0], c.bytes(at, int(s[1])))
		at += s[1]
	}
}

// saveColours saves mask and colours.
func (c *call) saveColours(at uint32) {
	c.setB(at, c.in(0x3c6))
	c.out(0x3c7, 0)
	for i := range uint32(768) {
		c.setB(at+1+i, c.in(0x3c9))
	}
}

func (c *call) restoreColours(at uint32) {
	c.out(0x3c6, c.b(at))
	c.out(0x3c8, 0)
	for i := range uint32(768) {
		c.out(0x3c9, c.b(at+1+i))
	}
}

// saveDISPI saves the VBE mode and the registers of the display interface.
func (c *call) saveDISPI(at uint32) {
	c.setW(at, c.w(vbeMode))
	for i := uint16(dispiXRes); i <= dispiYOffset; i++ {
		c.setW(at+2*uint32(i), c.dispi(i))
	}
}

func (c *call) restoreDISPI(at uint32) {
	c.setW(vbeMode, c.w(at))
	enable := c.w(at + 2*dispiEnable)
	c.setDISPI(dispiEnable, 0)
	for _, i := range []uint16{dispiXRes, dispiYRes, dispiBPP} {
		c.setDISPI(i, c.w(at+2*uint32(i)))
	}
	if enable&dispiOn != 0 {
		enable |= dispiKeep
	}
	c.setDISPI(dispiEnable, enable)
	for _, i := range []uint16{dispiBank, dispiVirtWidth, dispiXOffset, dispiYOffset} {
		c.setDISPI(i, c.w(at+2*uint32(i)))
	}
}
