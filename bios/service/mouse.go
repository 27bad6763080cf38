package service

// The PS/2 mouse, INT 15h AH=C2h and IRQ 12. Commands go to it byte by byte; the code in
// the ROM calls mouseStep until all are acknowledged and the answer has come. At ebdaMouse:
const (
	mouseSub    = ebdaMouse     // function of AH = C2h
	mouseSends  = ebdaMouse + 1 // bytes to send
	mouseSent   = ebdaMouse + 2
	mouseWants  = ebdaMouse + 3 // bytes of the answer
	mouseHas    = ebdaMouse + 4
	mouseAsked  = ebdaMouse + 5 // 1: a byte waits to be acknowledged
	mouseMasked = ebdaMouse + 6 // mask of the second interrupt controller
	mouseThere  = ebdaMouse + 7 // 1: initialised
	mouseOut    = ebdaMouse + 8 // 4 bytes
	mouseIn     = ebdaMouse + 12
	mousePolls  = ebdaMouse + 16 // dword
)

// Status codes of AH = C2h.
const (
	mouseInvalid     = 1 // function
	mouseBadInput    = 2
	mouseInterface   = 3
	mouseResend      = 4
	mouseNoHandler   = 5
	mousePollLimit   = 100_000
	mouseAcknowledge = 0xfa
)

const (
	obf = 1 << 0 // of the keyboard controller: a byte waits
	aux = 1 << 5 // it is the mouse's
)

// pointing is INT 15h AH=C2h. CF and ZF let the code in the ROM step.
//
// IBM PS/2 and PC BIOS Interface Technical Reference, "Pointing Device".
func (c *call) pointing() {
	bh := c.bx.hi()
	switch al := c.ax.lo(); al {
	case 0x00: // off, on
		switch {
		case bh > 1:
			c.status(mouseBadInput)
		case bh == 1 && c.b(ebdaMouseCtl)&0x80 == 0:
			c.status(mouseNoHandler)
		default:
			c.tellMouse(al, 0, 0xf5-bh)
		}
	case 0x01:
		c.tellMouse(al, 2, 0xff)
	case 0x02:
		if bh > 6 {
			c.status(mouseBadInput)
			return
		}
		c.tellMouse(al, 0, 0xf3, [...]uint8{10, 20, 40, 60, 80, 100, 200}[bh])
	case 0x03:
		if bh > 3 {
			c.status(mouseBadInput)
			return
		}
		c.tellMouse(al, 0, 0xe8, bh)
	case 0x04:
		c.tellMouse(al, 1, 0xf2)
	case 0x05:
		if bh == 0 || bh > 8 {
			c.status(mouseBadInput)
			return
		}
		c.setB(ebdaMouseCtl, c.b(ebdaMouseCtl)&0x80|(bh-1))
		c.setB(ebdaMouseFlags, 0)
		c.tellMouse(al, 2, 0xff)
	case 0x06:
		c.mouseExtended(al, bh)
	case 0x07:
		c.setD(ebdaMousePtr, uint32(c.es)<<16|uint32(c.bx.w()))
		ctl := c.b(ebdaMouseCtl) & 0x7f
		if c.es != 0 || c.bx.w() != 0 {
			ctl |= 0x80
		}
		c.setB(ebdaMouseCtl, ctl)
		c.status(0)
	default:
		c.status(mouseInvalid)
	}
}

// mouseExtended is AX = C206h: status or scaling.
func (c *call) mouseExtended(al, bh uint8) {
	switch bh {
	case 0:
		c.tellMouse(al, 3, 0xe9)
	case 1, 2:
		c.tellMouse(al, 0, 0xe5+bh)
	default:
		c.status(mouseBadInput)
	}
}

// tellMouse starts to send p; wants bytes of an answer follow the acknowledgement.
func (c *call) tellMouse(sub, wants uint8, p ...uint8) {
	c.setB(mouseSub, sub)
	c.setB(mouseSends, uint8(len(p)))
	c.setB(mouseSent, 0)
	c.setB(mouseWants, wants)
	c.setB(mouseHas, 0)
	c.setB(mouseAsked, 0)
	c.put(mouseOut, p)
	c.setD(mousePolls, mousePollLimit)
	mask := c.in(0xa1)
	c.setB(mouseMasked, mask)
	c.out(0xa1, mask|0x10) // the answers are for us
	c.carry, c.zero = true, true
}

// mouseStep takes a byte that has come, or sends the next. CF set means not yet.
func (c *call) mouseStep() {
	c.carry = true
	polls := c.d(mousePolls)
	c.setD(mousePolls, polls-1)
	asked := c.b(mouseAsked) != 0
	done := c.b(mouseSent) == c.b(mouseSends) && !asked
	st := c.in(0x64)
	switch {
	case polls == 0:
		c.mouseDone(mouseInterface)
	case st&(obf|aux) == obf|aux:
		c.mouseByte(c.in(0x60), asked, done)
	case st&obf != 0 || asked:
	case done && c.b(mouseHas) == c.b(mouseWants):
		c.mouseDone(0)
	case !done:
		i := c.b(mouseSent)
		c.out(0x64, 0xd4)
		c.out(0x60, c.b(mouseOut+uint32(i&3)))
		c.setB(mouseAsked, 1)
	}
}

// mouseByte takes an acknowledgement or a byte of the answer; what moved before is lost.
func (c *call) mouseByte(v uint8, asked, done bool) {
	switch has := c.b(mouseHas); {
	case asked && v == mouseAcknowledge:
		c.setB(mouseAsked, 0)
		c.setB(mouseSent, c.b(mouseSent)+1)
	case asked && v == 0xfe:
		c.mouseDone(mouseResend)
	case asked:
	case done && has < c.b(mouseWants):
		c.setB(mouseIn+uint32(has&3), v)
		c.setB(mouseHas, has+1)
	}
}

// mouseDone gives the program the answer and lets the mouse interrupt.
func (c *call) mouseDone(status uint8) {
	c.carry, c.zero = false, false
	mask := c.b(mouseMasked)
	if status == 0 {
		if c.b(mouseThere) == 0 {
			c.setB(mouseThere, 1)
			c.out(0x64, 0x20) // the command byte, for which no device need be waited for
			v := c.in(0x60)
			c.out(0x64, 0x60)
			c.out(0x60, v&^0x20|2)
		}
		mask &^= 0x10
		c.out(0x21, c.in(0x21)&^4)
		switch c.b(mouseSub) {
		case 0x01, 0x05:
			if c.b(mouseSub) == 1 {
				c.bx.setLo(c.b(mouseIn))
				c.bx.setHi(c.b(mouseIn + 1))
			}
		case 0x04:
			c.bx.setHi(c.b(mouseIn))
		case 0x06:
			if c.b(mouseWants) == 3 {
				c.bx.setLo(c.b(mouseIn))
				c.cx.setLo(c.b(mouseIn + 1))
				c.dx.setLo(c.b(mouseIn + 2))
			}
		}
	}
	c.out(0xa1, mask)
	c.status(status)
}

// mouseInterrupt is IRQ 12: a byte of a packet. CF set means that one is complete: ES:DI is
// the handler, AX, BX, CX, DX what it gets: buttons, the two ways, 0.
func (c *call) mouseInterrupt() {
	if c.in(0x64)&(obf|aux) != obf|aux {
		return
	}
	v, ctl, n := c.in(0x60), c.b(ebdaMouseCtl), c.b(ebdaMouseFlags)&7
	if ctl&0x80 == 0 {
		return
	}
	c.setB(ebdaMouseData+uint32(n), v)
	if n < ctl&7 {
		c.setB(ebdaMouseFlags, c.b(ebdaMouseFlags)&^7|(n+1))
		return
	}
	c.setB(ebdaMouseFlags, c.b(ebdaMouseFlags)&^7)
	p := c.d(ebdaMousePtr)
	c.es, c.di = uint16(p>>16), reg(p&0xffff)
	c.ax, c.bx, c.cx, c.dx = reg(c.b(ebdaMouseData)), reg(c.b(ebdaMouseData+1)), reg(c.b(ebdaMouseData+2)), 0
	c.carry = true
}
