package vga

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Registers of the display interface.
//
//	index  name         access  meaning
//	0      ID           RW      B0C0h–B0C5h: what the software knows; B0C5h at power-on
//	1      XRES         RW      pixels, a multiple of 8, while disabled
//	2      YRES         RW      lines, while disabled
//	3      BPP          RW      4, 8, 15, 16, 24, 32; 0 means 8; while disabled
//	4      ENABLE       RW      0 enabled, 1 get capabilities, 5 8-bit DAC, 6 linear frame
//	                            buffer (always there), 7 keep the memory
//	5      BANK         RW      64 KiB of memory at A0000h
//	6      VIRT_WIDTH   RW      pixels of a line in memory, at least XRES
//	7      VIRT_HEIGHT  R       lines that the memory holds
//	8 9    X_, Y_OFFSET RW      first pixel shown
//	A      VIDEO_MEMORY R       size, in 64 KiB
//
// With "get capabilities", XRES, YRES and BPP read as the most there is.
const (
	dispiID = iota
	dispiXRes
	dispiYRes
	dispiBPP
	dispiEnable
	dispiBank
	dispiVirtWidth
	dispiVirtHeight
	dispiXOffset
	dispiYOffset
	dispiMemory

	dispiOldest = 0xb0c0
	dispiNewest = 0xb0c5

	dispiEnabled = 1 << 0
	dispiCaps    = 1 << 1
	dispi8BitDAC = 1 << 5
	dispiLFB     = 1 << 6
	dispiKeep    = 1 << 7
)

// Limits of a DISPI mode.
const (
	MaxX   = 2560
	MaxY   = 1600
	maxBPP = 32
)

// packed says whether a mode is on in which a pixel is a byte or more.
func (r *DISPI) packed() bool { return r.Enable&dispiEnabled != 0 && r.BPP != 4 }

// lineBytes is the length of a line of width pixels: in bytes, or with 4 bits per pixel in
// addresses of the planes.
func lineBytes(width, bpp uint16) uint32 {
	switch bpp {
	case 4:
		return uint32(width) / 8
	case 8:
		return uint32(width)
	}
	return uint32(width) * uint32((bpp+7)/8)
}

// capacity is the memory in the unit of lineBytes.
func (d *Device) capacity(bpp uint16) uint32 {
	if bpp == 4 {
		return uint32(len(d.vram)) / 4
	}
	return uint32(len(d.vram))
}

func validBPP(n uint16) bool {
	switch n {
	case 4, 8, 15, 16, 24, 32:
		return true
	}
	return false
}

// checkDISPI says what is impossible about r, for Restore.
func (d *Device) checkDISPI(r *DISPI) error {
	if r.ID < dispiOldest || r.ID > dispiNewest {
		return fmt.Errorf("vga: DISPI version %#04x", r.ID)
	}
	if uint32(r.Bank) >= d.banks() {
		return fmt.Errorf("vga: bank %d of %d", r.Bank, d.banks())
	}
	if r.XRes > MaxX || r.YRes > MaxY || r.Enable&dispiEnabled == 0 {
		if r.XRes <= MaxX && r.YRes <= MaxY {
			return nil
		}
		return fmt.Errorf("vga: resolution %dx%d", r.XRes, r.YRes)
	}
	if !d.fits(r) {
		return fmt.Errorf("vga: %dx%d, %d bits, width %d, offset %d,%d do not fit the memory",
			r.XRes, r.YRes, r.BPP, r.VirtWidth, r.XOffset, r.YOffset)
	}
	return nil
}

// fits says whether all that r shows lies in memory.
func (d *Device) fits(r *DISPI) bool {
	if !validBPP(r.BPP) || r.XRes == 0 || r.YRes == 0 || r.VirtWidth < r.XRes || r.VirtWidth > 4*MaxX {
		return false
	}
	line := uint64(lineBytes(r.VirtWidth, r.BPP))
	end := (uint64(r.YOffset)+uint64(r.YRes)-1)*line + uint64(lineBytes(r.XRes, r.BPP)) + uint64(lineBytes(r.XOffset, r.BPP))
	return end <= uint64(d.capacity(r.BPP))
}

func (d *Device) banks() uint32 { return uint32(len(d.vram)) / WindowSize }

// readDISPI reads a register.
func (d *Device) readDISPI(i uint16) uint16 {
	r := &d.s.DISPI
	caps := r.Enable&dispiCaps != 0
	switch i {
	case dispiID:
		return r.ID
	case dispiXRes:
		if caps {
			return MaxX
		}
		return r.XRes
	case dispiYRes:
		if caps {
			return MaxY
		}
		return r.YRes
	case dispiBPP:
		if caps {
			return maxBPP
		}
		return r.BPP
	case dispiEnable:
		return r.Enable
	case dispiBank:
		return r.Bank
	case dispiVirtWidth:
		return r.VirtWidth
	case dispiVirtHeight:
		if line := lineBytes(r.VirtWidth, r.BPP); line > 0 {
			return uint16(min(d.capacity(r.BPP)/line, 0xffff))
		}
	case dispiXOffset:
		return r.XOffset
	case dispiYOffset:
		return r.YOffset
	case dispiMemory:
		return uint16(d.banks())
	}
	return 0
}

// writeDISPI writes a register. What does not fit the memory is ignored.
func (d *Device) writeDISPI(i, v uint16) {
	r := &d.s.DISPI
	on := r.Enable&dispiEnabled != 0
	switch i {
	case dispiID:
		if v >= dispiOldest && v <= dispiNewest {
			r.ID = v
		}
	case dispiXRes:
		if !on && v <= MaxX {
			r.XRes = v &^ 7
		}
	case dispiYRes:
		if !on && v <= MaxY {
			r.YRes = v
		}
	case dispiBPP:
		if v == 0 {
			v = 8
		}
		if !on && validBPP(v) {
			r.BPP = v
		}
	case dispiEnable:
		d.enable(v)
	case dispiBank:
		if uint32(v) < d.banks() {
			r.Bank = v
			d.updateWindow()
		}
	case dispiVirtWidth:
		d.try(func(r *DISPI) { r.VirtWidth = max(v&^7, r.XRes) })
	case dispiXOffset:
		d.try(func(r *DISPI) { r.XOffset = v })
	case dispiYOffset:
		d.try(func(r *DISPI) { r.YOffset = v })
	}
}

// try makes a change to a mode that is on, unless it would show what is not there.
func (d *Device) try(change func(*DISPI)) {
	r := d.s.DISPI
	change(&r)
	if r.Enable&dispiEnabled != 0 && d.fits(&r) {
		d.s.DISPI = r
	}
}

// enable writes the ENABLE register: a mode begins or ends.
func (d *Device) enable(v uint16) {
	r := &d.s.DISPI
	was := r.Enable
	d.setDACWidth(v&dispi8BitDAC != 0)
	v &= dispiEnabled | dispiCaps | dispi8BitDAC | dispiLFB | dispiKeep
	if v&dispiEnabled != 0 && was&dispiEnabled == 0 {
		n := *r
		n.VirtWidth, n.XOffset, n.YOffset, n.Bank = n.XRes, 0, 0, 0
		if !d.fits(&n) { // no such mode
			v &^= dispiEnabled
		} else {
			*r = n
			if v&dispiKeep == 0 {
				d.clear(int(lineBytes(r.XRes, r.BPP)) * int(r.YRes))
			}
		}
	}
	if v&dispiEnabled == 0 && was&dispiEnabled != 0 {
		r.Bank = 0
	}
	r.Enable = v
	d.updateWindow()
}

// clear makes the memory of a new mode black.
func (d *Device) clear(n int) {
	if d.s.DISPI.BPP == 4 {
		n *= 4
	}
	var zero [4096]byte
	for off := 0; off < n; off += len(zero) {
		d.c.Store(uint64(off), zero[:min(len(zero), n-off)])
	}
}

// setDACWidth makes the colours of the DAC wider or narrower.
func (d *Device) setDACWidth(wide bool) {
	was := d.s.DISPI.Enable&dispi8BitDAC != 0
	if wide == was {
		return
	}
	for i := range d.s.DAC.Colour {
		for j, v := range d.s.DAC.Colour[i] {
			if wide {
				v = v<<2 | v>>4
			} else {
				v >>= 2
			}
			d.s.DAC.Colour[i][j] = v
		}
	}
	for j := range d.s.DAC.Pending {
		d.s.DAC.Pending[j] &= 0x3f
	}
}

// dispiPorts is the index and data register.
type dispiPorts struct{ d *Device }

// DISPI is the three ports from 1CEh on: index at 0, data at 1, 16 bits each. A byte
// written sets the whole register.
func (d *Device) DISPI() devices.WidePort { return dispiPorts{d} }

// In implements devices.Port.
func (p dispiPorts) In(off uint16) uint8 {
	switch off {
	case 0:
		return uint8(p.d.s.DISPI.Index)
	case 1:
		return uint8(p.d.readDISPI(p.d.s.DISPI.Index))
	}
	return uint8(p.d.readDISPI(p.d.s.DISPI.Index) >> 8)
}

// Out implements devices.Port.
func (p dispiPorts) Out(off uint16, v uint8) {
	if off < 2 {
		p.OutWide(off, 2, uint32(v))
	}
}

// InWide implements devices.WidePort.
func (p dispiPorts) InWide(off uint16, size int) uint32 {
	switch {
	case size != 2:
		return ^uint32(0)
	case off == 0:
		return uint32(p.d.s.DISPI.Index)
	}
	return uint32(p.d.readDISPI(p.d.s.DISPI.Index))
}

// OutWide implements devices.WidePort.
func (p dispiPorts) OutWide(off uint16, size int, v uint32) {
	switch {
	case size != 2:
	case off == 0:
		p.d.s.DISPI.Index = uint16(v)
	default:
		p.d.writeDISPI(p.d.s.DISPI.Index, uint16(v))
	}
}
