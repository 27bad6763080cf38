package service

import "github.com/glassbox-vm/glassbox/cpu/x86"

// The search for something to boot, INT 19h. The code in the ROM calls bootStep, which
// prepares one INT 13h at a time and looks at its result in the next call. At ebdaBoot:
const (
	bootIndex = ebdaBoot     // next in the boot order
	bootPhase = ebdaBoot + 1 // whose result is looked at, bootPick…
	bootTries = ebdaBoot + 2
	bootUnit  = ebdaBoot + 3 // CD-ROM drive
	bootOnly  = ebdaBoot + 4 // choice of the menu: kind<<4 + number + 1; 0 is the order
	bootMenuT = ebdaBoot + 8 // dword: ticks at which the menu is no longer offered
	bootMenuS = ebdaBoot + 12
	bootCatAt = ebdaCatalog // dword: block of the boot catalog
)

const (
	bootPick    = iota
	bootSector  // of a diskette or disk
	bootVolume  // boot record of a CD-ROM
	bootCatalog // of a CD-ROM
	bootImage   // without emulation
	bootChoose  // a key is waited for
	bootEmulate // first sector with emulation
	bootDone    // something was started
)

// maxTries is how often a diskette is tried: it may have been changed, or be slow.
const maxTries = 4

// bootBuffer is where boot sectors go.
const bootBuffer = 0x7c00

// bootStart is the start of INT 19h.
func (c *call) bootStart() {
	c.setB(bootIndex, 0)
	c.setB(bootPhase, bootPick)
}

// bootStep goes on: CF set means that there is nothing left, with ZF that a key is waited for;
// ZF alone that AX:BX is to be started with drive DL; else INT 13h is to be called.
func (c *call) bootStep() {
	failed := c.cpu.Flags()&x86.FlagCF != 0
	ah := c.ax.hi()
	switch phase := c.b(bootPhase); phase {
	case bootPick, bootDone:
		c.bootNext()
	case bootSector:
		c.bootSectorRead(failed, ah)
	default:
		c.bootCD(phase, failed, ah)
	}
}

// bootOrder is the kinds of drives to try.
func (c *call) bootOrder() [3]uint8 {
	if v := c.b(bootOnly); v != 0 {
		return [3]uint8{v >> 4}
	}
	order := [3]uint8{c.cmos(CMOSBoot2) & 15, c.cmos(CMOSBoot2) >> 4, c.cmos(CMOSBoot) >> 4}
	if order == [3]uint8{} {
		order = [3]uint8{BootDisk, BootCD, BootFloppy}
	}
	return order
}

// bootNext begins with the next drive.
func (c *call) bootNext() {
	c.stopEmulation()
	order := c.bootOrder()
	number := uint8(0)
	if v := c.b(bootOnly); v != 0 {
		number = v&15 - 1
	}
	for i := c.b(bootIndex); i < 3; i++ {
		c.setB(bootIndex, i+1)
		c.setB(bootTries, 0)
		switch order[i] {
		case BootDisk:
			if number < c.disks() {
				c.print("Booting from hard disk...\r\n")
				c.readBootSector(0x80 + number)
				return
			}
		case BootFloppy:
			if c.floppyType(number) != 0 {
				c.print("Booting from floppy...\r\n")
				c.readBootSector(number)
				return
			}
		case BootCD:
			if number < c.cds() {
				c.print("Booting from CD-ROM...\r\n")
				c.setB(bootUnit, number)
				c.readCD(17, 1, bootBuffer, bootVolume)
				return
			}
		}
	}
	c.setB(bootIndex, 0)
	c.setB(bootOnly, 0)
	c.setB(bootPhase, bootPick)
	c.carry = true
}

// readBootSector prepares INT 13h AH=02h for the first sector of drive dl.
func (c *call) readBootSector(dl uint8) {
	c.setB(bootPhase, bootSector)
	c.ax, c.bx, c.cx, c.dx = 0x0201, bootBuffer, 1, reg(dl)
	c.es = 0
}

// bootFailed says why and goes on.
func (c *call) bootFailed(why string) {
	c.print("Boot failed: " + why + "\r\n\r\n")
	c.bootNext()
}

// why is the reason for a status of INT 13h.
func why(ah uint8) string {
	switch ah {
	case diskTimeout, diskNoMedium, diskNotReady:
		return "no disk in the drive"
	}
	return "cannot be read"
}

// bootSectorRead looks at the first sector.
func (c *call) bootSectorRead(failed bool, ah uint8) {
	dl := c.dx.lo()
	if failed {
		tries := c.b(bootTries) + 1
		c.setB(bootTries, tries)
		if dl < 0x80 && tries < maxTries && ah != diskTimeout {
			c.readBootSector(dl)
			return
		}
		c.bootFailed(why(ah))
		return
	}
	if c.w(bootBuffer+510) != 0xaa55 && (dl >= 0x80 || !c.looksLikeCode(bootBuffer)) {
		c.bootFailed("no boot sector")
		return
	}
	c.bootGo(dl, 0)
}

// looksLikeCode is the test for diskettes older than the signature: the first byte is 6 or
// more, and the first eight words are not all alike.
//
// IBM PC AT Technical Reference, "BOOT_STRAP".
func (c *call) looksLikeCode(at uint32) bool {
	if c.b(at) < 6 {
		return false
	}
	for i := uint32(2); i < 16; i += 2 {
		if c.w(at+i) != c.w(at) {
			return true
		}
	}
	return false
}

// bootGo starts what was loaded at 7C00h, or at a segment.
func (c *call) bootGo(dl uint8, segment uint16) {
	c.setB(bootPhase, bootDone)
	c.dx = reg(dl)
	c.ax, c.bx = 0, bootBuffer
	if segment != 0 && segment != bootBuffer>>4 {
		c.ax, c.bx = reg(segment), 0
	}
	c.zero = true
}

// noBoot is INT 18h: CF set means that the search goes on.
//
// BIOS Boot Specification 1.01, "INT 18h".
func (c *call) noBoot() {
	if c.b(bootPhase) == bootDone && c.b(bootIndex) < 3 {
		c.print("\r\nBoot failed: gave up.\r\n\r\n")
		c.setB(bootPhase, bootPick)
		c.carry = true
		return
	}
	c.print("No bootable device.\r\n")
}
