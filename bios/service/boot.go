package service

// bootNext is the start of INT 19h: DL is the next drive in the boot order to try, and
// CF set says that there is none left. The place in the order is at ebdaBoot.
func (c *call) bootNext() {
	order := [3]uint8{c.cmos(CMOSBoot2) & 15, c.cmos(CMOSBoot2) >> 4, c.cmos(CMOSBoot) >> 4}
	if order == [3]uint8{} {
		order = [3]uint8{BootDisk, BootCD, BootFloppy}
	}
	for i := c.b(ebdaBoot); i < 3; i++ {
		c.setB(ebdaBoot, i+1)
		switch order[i] {
		case BootDisk:
			if c.disks() > 0 {
				c.print("Booting from hard disk...\r\n")
				c.dx.setLo(0x80)
				return
			}
		case BootFloppy:
			if c.w(bdaEquipment)&1 != 0 {
				c.print("Booting from floppy...\r\n")
				c.dx.setLo(0)
				return
			}
		}
	}
	c.setB(ebdaBoot, 0)
	c.carry = true
}

// bootTry looks at the sector that was read: AX is 0 if it was.
func (c *call) bootTry() {
	c.carry = c.ax.w() != 0 || c.w(0x7dfe) != 0xaa55
	if c.carry {
		reason := "no boot sector"
		if c.ax.w() != 0 {
			reason = "cannot be read"
		}
		c.print("Boot failed: " + reason + "\r\n\r\n")
		return
	}
	c.setB(ebdaBoot, 0)
}

// noBoot is INT 18h.
func (c *call) noBoot() { c.print("No bootable device.\r\n") }
