package service

// diskette and disk numbers of programs lead to:
type target uint8

const (
	toNothing target = iota
	toFloppy
	toHard
	toCD
	toEmulated
)

// route finds what drive number dl is: an emulated disk comes first among its kind.
func (c *call) route(dl uint8) (t target, n uint8) {
	switch emulates := c.b(emuActive) != 0; {
	case emulates && dl == c.b(emuDrive):
		return toEmulated, 0
	case dl < 0x80:
		if c.emuFloppy() {
			dl--
		}
		return toFloppy, dl
	case dl >= firstCD && dl-firstCD < c.cds():
		return toCD, dl - firstCD
	}
	n = dl - 0x80
	if c.emuHard() {
		n--
	}
	if n < c.hardDisks() {
		return toHard, n
	}
	return toNothing, 0
}

// disk is INT 13h. CF set lets the code in the ROM step through a transfer.
//
// IBM PC AT Technical Reference, "Disk I/O"; Phoenix EDD 3.0 for AH = 41h and above; El
// Torito 1.0 for AH = 4Ah to 4Dh. ZF set has it load what was told by 4Ch.
func (c *call) disk() {
	if ah := c.ax.hi(); ah >= 0x4a && ah <= 0x4d {
		c.emulation()
		return
	}
	switch t, n := c.route(c.dx.lo()); t {
	case toFloppy:
		c.floppy(n)
	case toHard:
		c.hardDisk(n)
	case toCD:
		c.cdrom(n)
	case toEmulated:
		c.emulated()
	default:
		c.absentDisk()
	}
}

// hardDisk is INT 13h for hard disk n.
func (c *call) hardDisk(n uint8) {
	d := c.drive(n)
	switch ah := c.ax.hi(); ah {
	case 0x00: // resets the diskettes as well
		c.setB(bdaFloppySeek, 0)
		c.diskEnd(diskOK)
	case 0x05, 0x09, 0x0d, 0x10, 0x11, 0x14:
		c.diskEnd(diskOK)
	case 0x01:
		c.lastStatus()
	case 0x02:
		c.chs(opRead, n, &d)
	case 0x03:
		c.chs(opWrite, n, &d)
	case 0x04:
		c.chs(opVerify, n, &d)
	case 0x08:
		c.diskParameters(&d)
	case 0x0c:
		c.diskSeek(&d)
	case 0x15:
		c.diskType(&d)
	case 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4e:
		c.edd(ah, n, &d)
	default:
		c.diskEnd(diskBad)
	}
}

// lastStatus is AH = 01h.
func (c *call) lastStatus() {
	st := c.b(bdaDiskStatus)
	c.setB(bdaDiskStatus, 0)
	c.status(st)
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

// chsRegisters is the cylinder, head and sector in CX and DH.
func (c *call) chsRegisters() (cyl, head, sector uint64) {
	return uint64(c.cx.hi()) | uint64(c.cx.lo()>>6)<<8, uint64(c.dx.hi()), uint64(c.cx.lo() & 63)
}

// chs starts a transfer by cylinder, head and sector.
func (c *call) chs(op, n uint8, d *drive) {
	count := uint32(c.ax.lo())
	cyl, head, sector := c.chsRegisters()
	lba := (cyl*uint64(d.LHeads)+head)*uint64(d.LSPT) + sector - 1
	if count == 0 || count > 128 || sector == 0 || sector > uint64(d.LSPT) || head >= uint64(d.LHeads) ||
		cyl >= uint64(d.LCyls) || lba+uint64(count) > d.Sectors {
		c.ax.setLo(0)
		c.diskEnd(diskBad)
		return
	}
	c.startTransfer(transfer{
		kind: kindATA, op: op, drive: n, reply: replyCount, unit: 512,
		lba: lba, count: count, buffer: c.esBase + uint32(c.bx.w()),
	})
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

// diskSeek is AH = 0Ch: there is nothing to move, but the cylinder must exist.
func (c *call) diskSeek(d *drive) {
	cyl, head, _ := c.chsRegisters()
	if cyl >= uint64(d.LCyls) || head >= uint64(d.LHeads) {
		c.diskEnd(diskSeekFail)
		return
	}
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
