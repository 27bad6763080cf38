package service

// The disk that a CD-ROM was booted as. At ebdaEmu:
const (
	emuActive  = ebdaEmu      // 1: INT 13h reaches it
	emuMedia   = ebdaEmu + 1  // emuNone…
	emuDrive   = ebdaEmu + 2  // 0, 80h or a CD-ROM drive
	emuCD      = ebdaEmu + 3  // which CD-ROM drive
	emuStart   = ebdaEmu + 4  // dword: first block
	emuSegment = ebdaEmu + 8  // word: where it was loaded
	emuCount   = ebdaEmu + 10 // word: sectors loaded
	emuCyls    = ebdaEmu + 12 // word
	emuHeads   = ebdaEmu + 14 // word
	emuSPT     = ebdaEmu + 16
	emuBooted  = ebdaEmu + 17 // 1: the others are valid
	emuCatalog = ebdaEmu + 20 // dword: block of the boot catalog
)

// Media types of a boot catalog.
//
// El Torito Bootable CD-ROM Format Specification 1.0, "Initial/Default Entry".
const (
	emuNone = iota
	emu1M2
	emu1M44
	emu2M88
	emuDisk
)

// emuFloppy and emuHard say what an active emulation pretends.
func (c *call) emuFloppy() bool { return c.b(emuActive) != 0 && c.b(emuDrive) == 0 }
func (c *call) emuHard() bool   { return c.b(emuActive) != 0 && c.b(emuDrive) == 0x80 }

// emulate begins to pretend; drives of the same kind move up by one.
func (c *call) emulate(media uint8) {
	cyls, spt, drive := uint16(80), uint8(0), uint8(0)
	switch media {
	case emu1M2:
		spt = 15
	case emu1M44:
		spt = 18
	case emu2M88:
		spt = 36
	default:
		cyls, spt, drive = 1024, 63, 0x80
	}
	c.setW(emuCyls, cyls)
	c.setB(emuSPT, spt)
	c.setW(emuHeads, 2)
	c.setB(emuDrive, drive)
	c.setB(emuActive, 1)
	if drive == 0x80 {
		c.setW(emuHeads, 255)
		c.setB(bdaDisks, c.b(bdaDisks)+1)
		return
	}
	e := c.w(bdaEquipment)
	if e&1 != 0 {
		e += 1 << 6 // one diskette more
	}
	c.setW(bdaEquipment, e|1)
}

// stopEmulation is the reverse.
func (c *call) stopEmulation() {
	switch {
	case c.emuHard():
		c.setB(bdaDisks, c.b(bdaDisks)-1)
	case c.emuFloppy():
		e := c.w(bdaEquipment)
		if e&0xc0 != 0 {
			e -= 1 << 6
		} else {
			e &^= 1
		}
		c.setW(bdaEquipment, e)
	}
	c.setB(emuActive, 0)
}

// emulated is INT 13h for the disk that is pretended.
func (c *call) emulated() {
	floppy := c.b(emuDrive) == 0
	switch ah := c.ax.hi(); ah {
	case 0x00, 0x09, 0x0c, 0x0d, 0x10, 0x11, 0x14, 0x16:
		c.diskEnd(diskOK)
	case 0x01:
		c.lastStatus()
	case 0x02:
		c.emuCHS(opRead)
	case 0x04:
		c.emuCHS(opVerify)
	case 0x03, 0x05, 0x43:
		c.ax.setLo(0)
		c.diskEnd(diskProtected)
	case 0x08:
		c.emuParameters(floppy)
	case 0x15:
		c.emuType(floppy)
	case 0x41:
		c.eddCheck(1)
	case 0x42, 0x44:
		p, ok := c.packet()
		if !ok || p.lba+uint64(p.count) > c.emuSectors() {
			c.diskEnd(diskBad)
			return
		}
		op := uint8(opRead)
		if ah == 0x44 {
			op = opVerify
		}
		c.emuTransfer(op, p.lba, uint32(p.count), p.buffer, replyPacket)
	case 0x48:
		c.eddFill(c.dsBase+uint32(c.si.w()), eddInfo{
			flags: eddGeometry, cyls: uint32(c.w(emuCyls)), heads: uint32(c.w(emuHeads)), spt: uint32(c.b(emuSPT)),
			sectors: c.emuSectors(), unit: 512,
		})
	default:
		c.diskEnd(diskBad)
	}
}

func (c *call) emuSectors() uint64 {
	return uint64(c.w(emuCyls)) * uint64(c.w(emuHeads)) * uint64(c.b(emuSPT))
}

// emuCHS starts a transfer by cylinder, head and sector.
func (c *call) emuCHS(op uint8) {
	count := uint32(c.ax.lo())
	cyl, head, sector := c.chsRegisters()
	heads, spt := uint64(c.w(emuHeads)), uint64(c.b(emuSPT))
	if count == 0 || sector == 0 || sector > spt || head >= heads || cyl >= uint64(c.w(emuCyls)) {
		c.ax.setLo(0)
		c.diskEnd(diskBad)
		return
	}
	c.emuTransfer(op, (cyl*heads+head)*spt+sector-1, count, c.esBase+uint32(c.bx.w()), replyCount)
}

// emuTransfer reads sectors of 512 bytes of the image on the disc.
func (c *call) emuTransfer(op uint8, lba uint64, count, buffer uint32, reply uint8) {
	c.startTransfer(transfer{
		kind: kindATAPI, op: op, drive: c.b(cdPos + uint32(c.b(emuCD)&3)), reply: reply, unit: 512,
		lba: uint64(c.d(emuStart))*(cdBlock/512) + lba, count: count, buffer: buffer,
	})
}

// emuParameters is AH = 08h. As on other hard disks the last cylinder is kept for diagnostics.
func (c *call) emuParameters(floppy bool) {
	last := c.w(emuCyls) - 1
	if !floppy {
		last = max(last, 1) - 1
	}
	c.ax.setLo(0)
	c.bx.setLo(0)
	c.cx.setHi(uint8(last))
	c.cx.setLo(uint8(last>>8)<<6 | c.b(emuSPT)&63)
	c.dx.setHi(uint8(c.w(emuHeads) - 1))
	c.dx.setLo(c.disks())
	if floppy {
		c.bx.setLo(2 * c.b(emuMedia)) // drive types 2, 4 and 6
		c.dx.setLo(c.floppies())
		v := c.d(4 * 0x1e)
		c.es = uint16(v >> 16)
		c.di.setW(uint16(v))
	}
	c.diskEnd(diskOK)
}

// emuType is AH = 15h.
func (c *call) emuType(floppy bool) {
	c.setB(bdaDiskStatus, 0)
	c.ax.setHi(1) // a diskette that cannot be changed
	if !floppy {
		n := c.emuSectors()
		c.ax.setHi(3)
		c.cx.setW(uint16(n >> 16))
		c.dx.setW(uint16(n))
	}
	c.setCF(false)
}

// emuGeometry takes the geometry of an emulated hard disk from its first partition, in the
// sector at la.
func (c *call) emuGeometry(la uint32) {
	const entry = 0x1be
	heads, sector, cyl := c.b(la+entry+5), c.b(la+entry+6), c.b(la+entry+7)
	if c.w(la+510) != 0xaa55 || c.b(la+entry+4) == 0 || sector&63 == 0 {
		return
	}
	c.setW(emuHeads, uint16(heads)+1)
	c.setB(emuSPT, sector&63)
	c.setW(emuCyls, (uint16(cyl)|uint16(sector&0xc0)<<2)+1)
}

// emulation is AH = 4Ah to 4Dh: 4Ah begins to pretend what the packet at DS:SI says, 4Bh ends
// it (AL = 0) or asks, 4Ch begins and boots, 4Dh reads the boot catalog.
//
// El Torito 1.0, "INT 13 Function 4A" to "4D".
func (c *call) emulation() {
	switch c.ax.hi() {
	case 0x4a, 0x4c:
		c.beginEmulation(c.ax.hi() == 0x4c)
	case 0x4b:
		c.endEmulation()
	default:
		c.readCatalog()
	}
}

// beginEmulation is AH = 4Ah and 4Ch; with boot the code in the ROM goes on to load.
func (c *call) beginEmulation(boot bool) {
	at := c.dsBase + uint32(c.si.w())
	media, drive := c.b(at+1)&15, c.b(at+2)
	cd := c.cdAt(c.b(at+3)<<1 | uint8(c.w(at+8))&1)
	wants := uint8(0)
	if media == emuDisk {
		wants = 0x80
	}
	if c.b(at) < 0x13 || media == emuNone || media > emuDisk || drive != wants || cd < 0 || c.b(emuActive) != 0 {
		c.diskEnd(diskBad)
		return
	}
	catalog, segment := c.d(emuCatalog), c.w(at+12)
	if segment == 0 {
		segment = bootBuffer >> 4
	}
	c.setB(bootUnit, uint8(cd))
	c.noteImage(media, segment, c.w(at+14), c.d(at+4))
	c.setD(emuCatalog, catalog)
	c.emulate(media)
	if cl, ch := c.b(at+17), c.b(at+16); cl&63 != 0 { // the program knows the geometry
		c.setW(emuCyls, (uint16(ch)|uint16(cl&0xc0)<<2)+1)
		c.setB(emuSPT, cl&63)
		c.setW(emuHeads, uint16(c.b(at+18))+1)
	}
	c.setB(emuBooted, 1)
	if boot {
		c.loadEmulated()
		c.zero = true
		return
	}
	c.diskEnd(diskOK)
}

// cdAt is the number of the CD-ROM drive at a position, -1 if there is none.
func (c *call) cdAt(pos uint8) int {
	for n := range c.cds() {
		if c.b(cdPos+uint32(n)) == pos {
			return int(n)
		}
	}
	return -1
}

// readCatalog is AH = 4Dh: the packet at DS:SI has the number of sectors (of 2048 bytes),
// where to and the first.
func (c *call) readCatalog() {
	at := c.dsBase + uint32(c.si.w())
	if c.b(at) < 8 || c.b(emuBooted) == 0 {
		c.diskEnd(diskBad)
		return
	}
	c.startTransfer(transfer{
		kind: kindATAPI, op: opRead, drive: c.b(cdPos + uint32(c.b(emuCD)&3)), reply: replyStatus, unit: cdBlock,
		lba: uint64(c.d(emuCatalog)) + uint64(c.w(at+6)), count: uint32(c.b(at + 1)),
		buffer: far(c.w(at+4), c.w(at+2)),
	})
}

// endEmulation is AH = 4Bh: AL = 0 ends emulation, 1 asks; both fill the packet at DS:SI.
func (c *call) endEmulation() {
	al, dl := c.ax.lo(), c.dx.lo()
	if al > 1 || c.b(emuBooted) == 0 || dl != c.b(emuDrive) && !(al == 0 && dl == 0x7f) {
		c.diskEnd(diskBad)
		return
	}
	at := c.dsBase + uint32(c.si.w())
	pos := c.b(cdPos + uint32(c.b(emuCD)&3))
	c.setB(at, 0x13)
	c.setB(at+1, c.b(emuMedia))
	c.setB(at+2, c.b(emuDrive))
	c.setB(at+3, pos>>1)
	c.setD(at+4, c.d(emuStart))
	c.setW(at+8, uint16(pos&1))
	c.setW(at+10, 0) // no buffer of the program
	c.setW(at+12, c.w(emuSegment))
	c.setW(at+14, c.w(emuCount))
	last := uint16(0)
	if c.b(emuMedia) != emuNone {
		last = c.w(emuCyls) - 1
		c.setB(at+17, uint8(last>>8)<<6|c.b(emuSPT)&63)
		c.setB(at+18, uint8(c.w(emuHeads)-1))
	} else {
		c.setW(at+17, 0)
	}
	c.setB(at+16, uint8(last))
	if al == 0 {
		c.stopEmulation()
	}
	c.diskEnd(diskOK)
}
