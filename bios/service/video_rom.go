package service

import "github.com/glassbox-vm/glassbox/bios/rom"

// Expansion ROM of the display adapter, as a PCI device has it.
//
// PCI Local Bus Specification, "Expansion ROM Base Address Register"; Intel 82441FX data
// sheet, "Programmable Attribute Map Registers".
const (
	pciROM         = 0x30 // bit 0: it answers
	pciClassVGA    = 0x0300
	romSignature   = 0xaa55
	romBlock       = 512 // bytes: unit of the size in byte 2
	maxVideoROM    = 128 // blocks
	videoROMAt     = rom.VideoSegment << 4
	pamUnit        = 0x8000 // bytes that one register governs
	pamC0000       = 0x5a
	pamRAM         = 0x33 // reads and writes
	pamROM         = 0x11 // reads
	videoROMLength = videoROMAt + 2
)

// copyVideoROM copies the ROM of the adapter to C0000h; AX is its function on PCI.
func (c *call) copyVideoROM() {
	c.setW(videoROMAt, 0)
	c.pciFunctions(func(a pciAddr) bool {
		if c.pciRead(a, 0x0a, 2) != pciClassVGA {
			return true
		}
		c.ax.setW(uint16(a >> 8)) // bus in AH, device and function in AL
		c.pciWrite(a, pciROM, 4, 0xfffffffe)
		size := -(c.pciRead(a, pciROM, 4) &^ 0x7ff)
		if size == 0 || size > 16<<20 {
			return false
		}
		at := uint32(pciMemEnd) - size
		c.pciWrite(a, pciROM, 4, at|1)
		if c.w(at) == romSignature {
			n := min(size, uint32(min(c.b(at+2), maxVideoROM))*romBlock)
			for i := uint32(0); i < n; i += 8 {
				c.setQ(videoROMAt+i, c.q(at+i))
			}
		}
		c.pciWrite(a, pciROM, 4, at)
		return false
	})
}

// lockVideoROM makes what the ROM still occupies, after it was called, read-only.
func (c *call) lockVideoROM() {
	if c.w(videoROMAt) != romSignature {
		return
	}
	n := uint32(min(c.b(videoROMLength), maxVideoROM)) * romBlock
	for i := uint32(0); i < n; i += pamUnit {
		c.pciWrite(0, pamC0000+uint8(i/pamUnit), 1, pamROM)
	}
}
