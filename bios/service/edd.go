package service

// edd is the extensions of INT 13h: drives by 64-bit block number.
//
// Phoenix Enhanced Disk Drive Specification 3.0.
func (c *call) edd(ah, n uint8, d *drive) {
	switch ah {
	case 0x41: // installation check
		if c.bx.w() != 0x55aa {
			c.diskEnd(diskBad)
			return
		}
		c.bx.setW(0xaa55)
		c.cx.setW(7) // fixed disk access, locking and ejecting, EDD
		c.diskEnd(diskOK)
		c.ax.setHi(0x30) // EDD 3.0
	case 0x42:
		c.eddTransfer(opRead, n, d)
	case 0x43:
		c.eddTransfer(opWrite, n, d)
	case 0x44:
		c.eddTransfer(opVerify, n, d)
	case 0x47:
		c.diskEnd(diskOK)
	case 0x48:
		c.eddParameters(d)
	case 0x49: // media change: not removable
		c.diskEnd(6)
	case 0x4e: // set hardware configuration
		if al := c.ax.lo(); al == 1 || al == 3 || al == 4 || al == 6 {
			c.ax.setLo(0)
			c.diskEnd(diskOK)
			return
		}
		c.diskEnd(diskBad)
	default: // 45h lock, 46h eject
		c.diskEnd(0xb2) // volume not removable
	}
}

// eddTransfer starts a transfer described by the packet at DS:SI: size, count, buffer
// (far), block number.
func (c *call) eddTransfer(op, n uint8, d *drive) {
	at := c.dsBase + uint32(c.si.w())
	size, count, buffer, lba := c.b(at), c.w(at+2), c.d(at+4), c.q(at+8)
	if size < 16 || lba >= d.Sectors || uint64(count) > d.Sectors-lba {
		c.setW(at+2, 0)
		c.diskEnd(diskBad)
		return
	}
	c.startTransfer(op, n, lba, uint32(count), far(uint16(buffer>>16), uint16(buffer)), true)
}

// eddParameters is AH = 48h: fills the buffer at DS:SI as far as it is large.
func (c *call) eddParameters(d *drive) {
	at := c.dsBase + uint32(c.si.w())
	size := c.w(at)
	if size < 26 {
		c.diskEnd(diskBad)
		return
	}
	c.setW(at, 26)
	flags := uint16(0)
	if d.Cyls != 0 {
		flags |= 1 << 1 // the geometry is valid
	}
	c.setW(at+2, flags)
	c.setD(at+4, uint32(d.Cyls))
	c.setD(at+8, uint32(d.Heads))
	c.setD(at+12, uint32(d.SPT))
	c.setQ(at+16, d.Sectors)
	c.setW(at+24, 512)
	if size >= 30 {
		c.setW(at, 30)
		c.setDPTE(d)
		c.setD(at+26, ebdaSegment<<16|(ebdaDPTE-ebda))
	}
	if size >= 66 {
		c.eddPath(at, d)
	}
	c.diskEnd(diskOK)
}

// setDPTE writes the device parameter table extension.
func (c *call) setDPTE(d *drive) {
	at := uint32(ebdaDPTE)
	c.zeroFill(at, 16)
	c.setW(at, ataBase(d.Pos))
	c.setW(at+2, ataControl(d.Pos))
	c.setB(at+4, 0xe0|d.Pos&1<<4)
	c.setB(at+6, 14+d.Pos>>1)
	c.setB(at+7, 1) // sectors per block
	flags := uint16(1 << 4)
	if d.LCyls != d.Cyls || d.LHeads != uint16(d.Heads) || d.LSPT != d.SPT {
		flags |= 1 << 3
	}
	c.setW(at+10, flags)
	c.setB(at+14, 0x11)
	sum := uint8(0)
	for _, v := range c.bytes(at, 15) {
		sum += v
	}
	c.setB(at+15, -sum)
}

// eddPath writes where the drive is: PCI device 0:1.1, an ATA channel, master or slave.
func (c *call) eddPath(at uint32, d *drive) {
	c.setW(at, 66)
	c.zeroFill(at+30, 36)
	c.setW(at+30, 0xbedd)
	c.setB(at+32, 36)
	c.put(at+36, []byte("PCI ATA     "))
	c.put(at+48, []byte{0, 1, 1, d.Pos >> 1})
	c.setB(at+56, d.Pos&1)
	sum := uint8(0)
	for _, v := range c.bytes(at+30, 35) {
		sum += v
	}
	c.setB(at+65, -sum)
}
