package service

// disk is INT 13h. CF set lets the code in the ROM step through a transfer.
//
// IBM PC AT Technical Reference, "Disk I/O"; Phoenix EDD 3.0 for AH = 41h and above.
func (c *call) disk() {
	dl := c.dx.lo()
	if dl < 0x80 {
		c.floppy()
		return
	}
	n := dl - 0x80
	if n >= c.disks() {
		c.absentDisk()
		return
	}
	d := c.drive(n)
	switch ah := c.ax.hi(); ah {
	case 0x00, 0x0d, 0x09, 0x0c, 0x10, 0x11, 0x14, 0x05:
		c.diskEnd(diskOK)
	case 0x01:
		st := c.b(bdaDiskStatus)
		c.setB(bdaDiskStatus, 0)
		c.status(st)
	case 0x02:
		c.chs(opRead, n, &d)
	case 0x03:
		c.chs(opWrite, n, &d)
	case 0x04:
		c.chs(opVerify, n, &d)
	case 0x08:
		c.diskParameters(&d)
	case 0x15:
		c.diskType(&d)
	case 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4e:
		c.edd(ah, n, &d)
	default:
		c.diskEnd(diskBad)
	}
}

// absentDisk answers for drives that are not there.
func (c *call) absentDisk() {
	switch c.ax.hi() {
	case 0x15:
		c.ax.setHi(0)
		c.setCF(true)
		return
	case 0x08:
		c.ax.setLo(0)
		c.cx.setW(0)
		c.dx.setW(uint16(c.disks()))
	}
	c.diskEnd(diskBad)
}

// chs starts a transfer by cylinder, head and sector.
func (c *call) chs(op, n uint8, d *drive) {
	count := uint32(c.ax.lo())
	sector := uint64(c.cx.lo() & 63)
	cyl := uint64(c.cx.hi()) | uint64(c.cx.lo()>>6)<<8
	head := uint64(c.dx.hi())
	lba := (cyl*uint64(d.LHeads)+head)*uint64(d.LSPT) + sector - 1
	if count == 0 || count > 128 || sector == 0 || sector > uint64(d.LSPT) || head >= uint64(d.LHeads) ||
		cyl >= uint64(d.LCyls) || lba+uint64(count) > d.Sectors {
		c.ax.setLo(0)
		c.diskEnd(diskBad)
		return
	}
	c.startTransfer(op, n, lba, count, c.esBase+uint32(c.bx.w()), false)
}

// diskParameters is AH = 08h. The last cylinder is kept for diagnostics, as on the PS/2.
func (c *call) diskParameters(d *drive) {
	last := max(d.LCyls, 2) - 2
	c.ax.setLo(0)
	c.bx.setLo(0)
	c.cx.setHi(uint8(last))
	c.cx.setLo(uint8(last>>8)<<6 | d.LSPT&63)
	c.dx.setHi(uint8(d.LHeads - 1))
	c.dx.setLo(c.disks())
	c.diskEnd(diskOK)
}

// diskType is AH = 15h: a fixed disk, with its size in sectors.
func (c *call) diskType(d *drive) {
	n := min(uint64(max(d.LCyls, 2)-1)*uint64(d.LHeads)*uint64(d.LSPT), d.Sectors)
	c.cx.setW(uint16(n >> 16))
	c.dx.setW(uint16(n))
	c.setB(bdaDiskStatus, 0)
	c.ax.setHi(3)
	c.setCF(false)
}

// floppy is INT 13h for drives below 80h. There are none yet.
func (c *call) floppy() {
	st := uint8(diskBad)
	switch c.ax.hi() {
	case 0x00:
		st = diskOK
	case 0x01:
		c.status(c.b(bdaFloppyStat))
		return
	case 0x02, 0x03, 0x04, 0x05:
		st = diskTimeout
		c.ax.setLo(0)
	case 0x08:
		c.ax.setLo(0)
		c.bx.setW(0)
		c.cx.setW(0)
		c.dx.setW(0)
	case 0x15:
		c.ax.setHi(0)
		c.setCF(false)
		return
	}
	c.setB(bdaFloppyStat, st)
	c.status(st)
}
