package service

// uartAt says whether a UART answers at a port: its interrupt enable register has four
// bits.
func (c *call) uartAt(port uint16) bool {
	old := c.in(port + 1)
	if old&0xf0 != 0 {
		return false
	}
	c.out(port+1, 0x0a)
	ok := c.in(port+1) == 0x0a
	c.out(port+1, 0)
	return ok && c.in(port+1) == 0
}

// printerAt says whether a printer port has a data latch.
func (c *call) printerAt(port uint16) bool {
	c.out(port, 0xaa)
	if c.in(port) != 0xaa {
		return false
	}
	c.out(port, 0x55)
	return c.in(port) == 0x55
}

// Line status of a UART.
const (
	lsrReady = 1 << 0
	lsrTHRE  = 1 << 5
)

// serial is INT 14h: CF set asks the code in the ROM to try again.
//
// IBM PS/2 and PC BIOS Interface Technical Reference, "Asynchronous Communications".
func (c *call) serial() {
	port := uint16(0)
	if n := c.dx.w(); n < 4 {
		port = c.w(bdaCOM + 2*uint32(n))
	}
	c.pushed = 4 // ECX
	c.setCF(port == 0)
	if port == 0 {
		return
	}
	switch c.ax.hi() {
	case 0x00: // initialise
		p := c.ax.lo()
		divisor := [8]uint16{1047, 768, 384, 192, 96, 48, 24, 12}[p>>5]
		c.out(port+3, 0x80)
		c.out(port, uint8(divisor))
		c.out(port+1, uint8(divisor>>8))
		c.out(port+3, p&0x1f)
		c.out(port+1, 0)
		c.serialStatus(port)
	case 0x01: // send
		c.out(port+4, 3)
		lsr := c.in(port + 5)
		if lsr&lsrTHRE == 0 {
			c.carry = true
			return
		}
		c.out(port, c.ax.lo())
		c.ax.setHi(lsr & 0x7f)
	case 0x02: // receive
		c.out(port+4, 1)
		lsr := c.in(port + 5)
		if lsr&lsrReady == 0 {
			c.carry = true
			return
		}
		c.ax.setLo(c.in(port))
		c.ax.setHi(lsr & 0x1e)
	case 0x03:
		c.serialStatus(port)
	case 0x04:
		c.serialExtended(port)
	case 0x05: // modem control
		if c.ax.lo() == 1 {
			c.out(port+4, c.bx.lo())
		}
		c.bx.setLo(c.in(port + 4))
		c.serialStatus(port)
	}
}

// serialExtended is AH = 04h: AL break, BH parity, BL stop bits, CH word length, CL speed.
func (c *call) serialExtended(port uint16) {
	parity := [...]uint8{0, 1, 3, 5, 7}[min(c.bx.hi(), 4)] << 3
	divisor := [...]uint16{1047, 768, 384, 192, 96, 48, 24, 12, 6}[min(c.cx.lo(), 8)]
	c.out(port+3, 0x80)
	c.out(port, uint8(divisor))
	c.out(port+1, uint8(divisor>>8))
	c.out(port+3, c.ax.lo()&1<<6|parity|c.bx.lo()&1<<2|c.cx.hi()&3)
	c.out(port+1, 0)
	c.serialStatus(port)
}

func (c *call) serialStatus(port uint16) {
	c.ax.setHi(c.in(port + 5))
	c.ax.setLo(c.in(port + 6))
}

// printer is INT 17h. A character is strobed at once; a busy printer is a time-out.
func (c *call) printer() {
	port := uint16(0)
	if n := c.dx.w(); n < 3 {
		port = c.w(bdaLPT + 2*uint32(n))
	}
	if port == 0 {
		return
	}
	timeout := uint8(0)
	switch c.ax.hi() {
	case 0x00:
		if c.in(port+1)&0x80 == 0 {
			timeout = 1
			break
		}
		c.out(port, c.ax.lo())
		c.out(port+2, 0x0d)
		c.out(port+2, 0x0c)
	case 0x01:
		c.out(port+2, 0x08)
		c.out(port+2, 0x0c)
	case 0x02:
	default:
		return
	}
	c.ax.setHi(c.in(port+1)&0xf8 ^ 0x48 | timeout)
}
