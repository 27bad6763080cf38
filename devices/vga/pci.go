package vga

import (
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/pci"
)

// RegisterWindow is the size of the memory-mapped registers, in bytes.
//
//	off        what
//	000h–3FFh  EDID: none, reads 0
//	400h–41Fh  ports 3C0h–3DFh, bytes
//	500h–515h  DISPI registers 0–10, 16 bits each
//	600h       4: size of this extension, 8 bytes
//	604h       4: byte order of the frame buffer, 1E1E1E1Eh: little-endian
const RegisterWindow = 4096

const littleEndian = 0x1e1e1e1e

// newFunction is the PCI side: two base address registers and a ROM.
func (d *Device) newFunction() *pci.Function {
	f := pci.NewFunction(pci.Header{
		Vendor: 0x1234, Device: 0x1111, Revision: 2, Class: 0x030000,
		SubsystemVendor: 0x1af4, Subsystem: 0x1100,
		CommandWritable: pci.CommandIO | pci.CommandMemory,
	})
	f.AddBAR(0, pci.BAR{Size: uint64(len(d.vram)), Prefetchable: true, Map: d.c.FrameBuffer})
	f.AddBAR(2, pci.BAR{Size: RegisterWindow, Map: d.c.Registers})
	if d.c.ROMSize != 0 {
		f.AddROM(d.c.ROMSize, d.c.ROM)
	}
	return f
}

// Function is the configuration space.
func (d *Device) Function() *pci.Function { return d.f }

// registers is the memory-mapped registers.
type registers struct{ d *Device }

// Registers is the window of the second base address register, RegisterWindow bytes.
func (d *Device) Registers() devices.MMIO { return registers{d} }

// ReadMMIO implements devices.MMIO.
func (r registers) ReadMMIO(off uint64, size int) (v uint64) {
	switch {
	case off >= 0x500 && off < 0x516 && size == 2:
		return uint64(r.d.readDISPI(uint16(off-0x500) / 2))
	case off == 0x600 && size == 4:
		return 8
	case off == 0x604 && size == 4:
		return littleEndian
	case off >= 0x400 && off < 0x420:
		for i := range size {
			v |= uint64(r.readPort(uint16(off)-0x400+uint16(i))) << (8 * i)
		}
	}
	return v
}

// WriteMMIO implements devices.MMIO.
func (r registers) WriteMMIO(off uint64, size int, v uint64) {
	switch {
	case off >= 0x500 && off < 0x516 && size == 2:
		r.d.writeDISPI(uint16(off-0x500)/2, uint16(v))
	case off >= 0x400 && off < 0x420:
		for i := range size {
			r.writePort(uint16(off)-0x400+uint16(i), uint8(v>>(8*i)))
		}
	}
}

// readPort reads port 3C0h+p; the CRTC answers here whatever Miscellaneous Output says.
func (r registers) readPort(p uint16) uint8 {
	switch p {
	case 0x14, 0x15:
		return r.d.readCRTC(p - 0x14)
	case 0x1a:
		return r.d.readStatus()
	}
	if p < 0x10 {
		return r.d.readCommon(p)
	}
	return 0xff
}

func (r registers) writePort(p uint16, v uint8) {
	switch {
	case p == 0x14 || p == 0x15:
		r.d.writeCRTC(p-0x14, v)
	case p == 0x1a:
		r.d.s.Feature = v & 3
	case p < 0x10:
		r.d.writeCommon(p, v)
	}
}
