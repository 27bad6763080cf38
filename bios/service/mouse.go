package service

// pointing is INT 15h AH = C2h: the PS/2 mouse. None is found yet.
func (c *call) pointing() {
	c.ax.setHi(3) // interface error
	if c.ax.lo() > 8 {
		c.ax.setHi(1)
	}
	c.setCF(true)
}

// mouseInterrupt is IRQ 12: the byte is taken.
func (c *call) mouseInterrupt() {
	if c.in(0x64)&0x21 == 0x21 {
		c.in(0x60)
	}
}
