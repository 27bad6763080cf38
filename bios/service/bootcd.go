package service

// Booting from a CD-ROM: boot record, boot catalog, image.
//
// El Torito Bootable CD-ROM Format Specification 1.0.

// readCD prepares INT 13h AH=42h: n blocks to la.
func (c *call) readCD(block uint32, n uint16, la uint32, phase uint8) {
	c.setB(bootPhase, phase)
	c.setW(ebdaPacket, 16)
	c.setW(ebdaPacket+2, n)
	c.setD(ebdaPacket+4, la>>4<<16|la&15)
	c.setQ(ebdaPacket+8, uint64(block))
	c.ax, c.dx, c.si = 0x4200, reg(firstCD+c.b(bootUnit)), ebdaPacket-ebda
	c.ds = ebdaSegment
}

// bootCD looks at the result of a phase of booting from a CD-ROM.
func (c *call) bootCD(phase uint8, failed bool, ah uint8) {
	if failed {
		c.bootFailed(why(ah))
		return
	}
	switch phase {
	case bootVolume:
		const id = "\x00CD001\x01EL TORITO SPECIFICATION"
		if string(c.bytes(bootBuffer, len(id))) != id {
			c.bootFailed("not a bootable CD-ROM")
			return
		}
		c.readCD(c.d(bootBuffer+0x47), 1, bootBuffer, bootCatalog)
	case bootCatalog:
		c.bootEntry()
	case bootImage:
		c.setB(emuBooted, 1)
		c.bootGo(firstCD+c.b(bootUnit), c.w(emuSegment))
	default:
		if c.b(emuDrive) == 0x80 {
			c.emuGeometry(uint32(c.w(emuSegment)) << 4)
		}
		c.setB(emuBooted, 1)
		c.bootGo(c.b(emuDrive), c.w(emuSegment))
	}
}

// bootEntry looks at the boot catalog: the validation entry and the initial entry.
func (c *call) bootEntry() {
	const entry = bootBuffer + 0x20
	sum := uint16(0)
	for i := uint32(0); i < 0x20; i += 2 {
		sum += c.w(bootBuffer + i)
	}
	if c.b(bootBuffer) != 1 || sum != 0 || c.w(bootBuffer+0x1e) != 0xaa55 || c.b(entry) != 0x88 {
		c.bootFailed("no bootable entry on the CD-ROM")
		return
	}
	media, segment, count, start := c.b(entry+1)&15, c.w(entry+2), c.w(entry+6), c.d(entry+8)
	if segment == 0 {
		segment = bootBuffer >> 4
	}
	blocks := max((uint32(count)+3)/4, 1)
	if media > emuDisk || uint32(segment)<<4+blocks*cdBlock > ebda {
		c.bootFailed("unknown kind of boot image on the CD-ROM")
		return
	}
	c.zeroFill(ebdaEmu, 0x20)
	c.setB(emuMedia, media)
	c.setB(emuDrive, firstCD+c.b(bootUnit))
	c.setB(emuCD, c.b(bootUnit))
	c.setD(emuStart, start)
	c.setW(emuSegment, segment)
	c.setW(emuCount, count)
	if media == emuNone {
		c.readCD(start, uint16(blocks), uint32(segment)<<4, bootImage)
		return
	}
	c.emulate(media)
	c.setB(bootPhase, bootEmulate)
	n := reg(min(max(count, 1), uint16(c.b(emuSPT))))
	c.ax, c.bx, c.cx, c.dx = 0x0200+n, 0, 1, reg(c.b(emuDrive))
	c.es = segment
}
