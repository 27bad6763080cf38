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
	if failed && phase != bootChoose {
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
		c.setD(bootCatAt, c.d(bootBuffer+0x47))
		c.readCD(c.d(bootCatAt), 1, bootBuffer, bootCatalog)
	case bootCatalog:
		c.lookAtCatalog()
	case bootChoose:
		c.chooseImage()
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

// The boot catalog: a validation entry, the initial entry, then sections, each a header and
// entries. Offsets in a record of 32 bytes.
//
// El Torito 1.0, "Boot Catalog".
const (
	catalogRecord  = 32
	catalogSlots   = cdBlock / catalogRecord
	recordPlatform = 1  // of the validation entry and of headers
	recordText     = 4  // name, 24 bytes in the validation entry, 28 in headers
	recordCount    = 2  // word: entries of a section
	recordMedia    = 1  // of entries
	recordSegment  = 2  // word
	recordSectors  = 6  // word, of 512 bytes
	recordStart    = 8  // dword, block
	platformPC     = 0  // 80x86
	catalogMax     = 10 // images that the menu shows

	entryBootable  = 0x88
	entryExtension = 0x44
	headerMore     = 0x90
	headerLast     = 0x91
)

// A bootImageEntry is something on the CD-ROM that can be booted here.
type bootImageEntry struct {
	at   uint32
	name string
}

// catalogEntries are the entries of the catalog in the buffer for this kind of machine.
func (c *call) catalogEntries() (list []bootImageEntry) {
	slot := func(i int) uint32 { return bootBuffer + uint32(i)*catalogRecord }
	add := func(i int, platform uint8, name string) {
		if platform == platformPC && c.b(slot(i)) == entryBootable && len(list) < catalogMax {
			list = append(list, bootImageEntry{slot(i), name})
		}
	}
	add(1, c.b(bootBuffer+recordPlatform), c.catalogText(bootBuffer+recordText, 24))
	for i := 2; i < catalogSlots; {
		header := slot(i)
		kind, platform, n := c.b(header), c.b(header+recordPlatform), int(c.w(header+recordCount))
		if kind != headerMore && kind != headerLast {
			break
		}
		name := c.catalogText(header+recordText, 28)
		for i++; i < catalogSlots && n > 0; i++ {
			if c.b(slot(i)) == entryExtension {
				continue
			}
			add(i, platform, name)
			n--
		}
		if kind == headerLast {
			break
		}
	}
	return list
}

// catalogText is a name in the catalog, without what cannot be shown.
func (c *call) catalogText(at uint32, n int) string {
	var p []byte
	for _, v := range c.bytes(at, n) {
		if v >= ' ' && v < 0x7f {
			p = append(p, v)
		}
	}
	return string(p)
}

// lookAtCatalog takes the first entry that can be booted; who came by the boot menu chooses,
// if there are several.
func (c *call) lookAtCatalog() {
	sum := uint16(0)
	for i := uint32(0); i < catalogRecord; i += 2 {
		sum += c.w(bootBuffer + i)
	}
	list := c.catalogEntries()
	switch {
	case c.b(bootBuffer) != 1 || sum != 0 || c.w(bootBuffer+0x1e) != 0xaa55 || len(list) == 0:
		c.bootFailed("no bootable entry on the CD-ROM")
	case c.b(bootOnly) != 0 && len(list) > 1:
		c.print("\r\nImages on this CD-ROM:\r\n\r\n")
		for i, e := range list {
			c.print("  " + string('0'+rune(i)) + ". " + mediaName(c.b(e.at+recordMedia)) + "  " + e.name + "\r\n")
		}
		c.print("\r\nA digit chooses.\r\n\r\n")
		c.setB(bootPhase, bootChoose)
		c.chooseImage()
	default:
		c.bootEntry(list[0].at)
	}
}

// mediaName says what an image is.
func mediaName(media uint8) string {
	switch media & 15 {
	case emuNone:
		return "no emulation  "
	case emu1M2:
		return "diskette 1.2M "
	case emu1M44:
		return "diskette 1.44M"
	case emu2M88:
		return "diskette 2.88M"
	case emuDisk:
		return "hard disk     "
	}
	return "unknown       "
}

// chooseImage looks whether a key was pressed.
func (c *call) chooseImage() {
	key, list := c.takeKey(), c.catalogEntries()
	if i := int(uint8(key)) - '0'; key != 0 && i >= 0 && i < len(list) {
		c.bootEntry(list[i].at)
		return
	}
	c.carry, c.zero = true, true // the code in the ROM waits
}

// bootEntry boots an entry of the catalog.
func (c *call) bootEntry(entry uint32) {
	media, segment := c.b(entry+recordMedia)&15, c.w(entry+recordSegment)
	count, start := c.w(entry+recordSectors), c.d(entry+recordStart)
	if segment == 0 {
		segment = bootBuffer >> 4
	}
	blocks := max((uint32(count)+3)/4, 1)
	if media > emuDisk || uint32(segment)<<4+blocks*cdBlock > ebda {
		c.bootFailed("unknown kind of boot image on the CD-ROM")
		return
	}
	c.noteImage(media, segment, count, start)
	c.setD(emuCatalog, c.d(bootCatAt))
	if media == emuNone {
		c.readCD(start, uint16(blocks), uint32(segment)<<4, bootImage)
		return
	}
	c.emulate(media)
	c.loadEmulated()
}

// noteImage keeps what INT 13h AH=4Bh tells.
func (c *call) noteImage(media uint8, segment, count uint16, start uint32) {
	c.zeroFill(ebdaEmu, 0x20)
	c.setB(emuMedia, media)
	c.setB(emuDrive, firstCD+c.b(bootUnit))
	c.setB(emuCD, c.b(bootUnit))
	c.setD(emuStart, start)
	c.setW(emuSegment, segment)
	c.setW(emuCount, count)
}

// loadEmulated prepares INT 13h AH=02h: the beginning of the disk that is pretended.
func (c *call) loadEmulated() {
	c.setB(bootPhase, bootEmulate)
	n := reg(min(max(c.w(emuCount), 1), uint16(c.b(emuSPT))))
	c.ax, c.bx, c.cx, c.dx = 0x0200+n, 0, 1, reg(c.b(emuDrive))
	c.es = c.w(emuSegment)
}
