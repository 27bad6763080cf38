package vga

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/devices"
)

// planeSize is the bytes that the registers of the VGA reach in each plane.
const planeSize = 64 << 10

// A window is one half of A0000h–BFFFFh.
type window struct {
	d    *Device
	base uint32 // distance from A0000h
}

// Window is the memory at A0000h (0) or B0000h (1), WindowSize bytes each.
func (d *Device) Window(n int) devices.MMIO { return window{d, uint32(n) * WindowSize} }

// ReadMMIO implements devices.MMIO: bytes, lowest address first.
func (w window) ReadMMIO(off uint64, size int) (v uint64) {
	for i := range size {
		v |= uint64(w.d.readByte(w.base+uint32(off)+uint32(i))) << (8 * i)
	}
	return v
}

// WriteMMIO implements devices.MMIO.
func (w window) WriteMMIO(off uint64, size int, v uint64) {
	for i := range size {
		w.d.writeByte(w.base+uint32(off)+uint32(i), uint8(v>>(8*i)))
	}
}

// decode finds where the byte at distance off from A0000h lies in the window that the
// registers choose.
func (s *State) decode(off uint32) (a uint32, ok bool) {
	if s.DISPI.Enable&dispiEnabled != 0 {
		return off, off < WindowSize
	}
	switch s.Gfx[gfxMisc] >> 2 & 3 {
	case 0:
		return off, true
	case 1:
		return off, off < 0x10000
	case 2:
		return off - 0x10000, off >= 0x10000 && off < 0x18000
	}
	return off - 0x18000, off >= 0x18000
}

// cell is the place in VRAM of the four bytes at an address of the planes.
func (d *Device) cell(a uint32) uint32 {
	if d.s.DISPI.Enable&dispiEnabled != 0 {
		return (a + uint32(d.s.DISPI.Bank)*planeSize) << 2 & d.mask
	}
	return a & (planeSize - 1) << 2
}

// updateWindow tells the board whether A0000h–AFFFFh are plain memory at present.
func (d *Device) updateWindow() {
	s := &d.s
	linear, off := false, uint64(0)
	switch {
	case s.DISPI.packed():
		linear, off = true, uint64(s.DISPI.Bank)*WindowSize
	case s.DISPI.Enable&dispiEnabled != 0:
	default:
		linear = s.Seq[seqMemory]&8 != 0 && s.Gfx[gfxMisc]&8 == 0 &&
			s.Seq[seqMapMask] == 0xf && s.Gfx[gfxMode]&0xb == 0 && s.Gfx[gfxEnableSR] == 0 &&
			s.Gfx[gfxFunction] == 0 && s.Gfx[gfxBitMask] == 0xff
	}
	if linear == d.linear && off == d.linOff {
		return
	}
	d.linear, d.linOff = linear, off
	if d.c.Window != nil {
		d.c.Window(linear, off)
	}
}

func (d *Device) latch() uint32 { return binary.LittleEndian.Uint32(d.s.Latch[:]) }

// readByte reads the byte at distance off from A0000h.
func (d *Device) readByte(off uint32) uint8 {
	s := &d.s
	a, ok := s.decode(off)
	if !ok {
		return 0xff
	}
	if s.DISPI.packed() {
		return d.vram[(a+uint32(s.DISPI.Bank)*WindowSize)&d.mask]
	}
	plane := s.Gfx[gfxReadMap]
	switch {
	case s.Seq[seqMemory]&8 != 0:
		plane, a = uint8(a&3), a>>2
	case s.Gfx[gfxMode]&0x10 != 0:
		plane, a = plane&2|uint8(a&1), a&^1
	}
	copy(s.Latch[:], d.vram[d.cell(a):])
	if s.Gfx[gfxMode]&8 == 0 {
		return s.Latch[plane&3]
	}
	diff := (d.latch() ^ spread[s.Gfx[gfxCompare]]) & spread[s.Gfx[gfxDontCare]]
	return ^uint8(diff | diff>>8 | diff>>16 | diff>>24)
}

// spread makes bit p of a nibble the byte of plane p.
var spread = [16]uint32{
	0x00000000, 0x000000ff, 0x0000ff00, 0x0000ffff, 0x00ff0000, 0x00ff00ff, 0x00ffff00, 0x00ffffff,
	0xff000000, 0xff0000ff, 0xff00ff00, 0xff00ffff, 0xffff0000, 0xffff00ff, 0xffffff00, 0xffffffff,
}

// writeByte writes the byte at distance off from A0000h.
func (d *Device) writeByte(off uint32, v uint8) {
	s := &d.s
	a, ok := s.decode(off)
	if !ok {
		return
	}
	if s.DISPI.packed() {
		at := (a + uint32(s.DISPI.Bank)*WindowSize) & d.mask
		d.buf[0] = v
		d.c.Store(uint64(at), d.buf[:1])
		return
	}
	planes := s.Seq[seqMapMask]
	switch {
	case s.Seq[seqMemory]&8 != 0:
		planes, a = planes&(1<<(a&3)), a>>2
	case s.Seq[seqMemory]&4 == 0:
		planes, a = planes&(5<<(a&1)), a&^1
	}
	if planes == 0 {
		return
	}
	at := d.cell(a)
	old, mask := binary.LittleEndian.Uint32(d.vram[at:]), spread[planes]
	binary.LittleEndian.PutUint32(d.buf[:], old&^mask|s.combine(v, d.latch())&mask)
	d.c.Store(uint64(at), d.buf[:])
}

// combine is the graphics controller: what a written byte becomes in the four planes.
//
// PS/2 Technical Reference, "Graphics Mode Register", write modes.
func (s *State) combine(v uint8, latch uint32) uint32 {
	mode := s.Gfx[gfxMode] & 3
	if mode == 1 {
		return latch
	}
	rotate := s.Gfx[gfxFunction] & 7
	rotated := v>>rotate | v<<(8-rotate)
	bitMask := s.Gfx[gfxBitMask]
	var x uint32
	switch mode {
	case 0:
		enable := spread[s.Gfx[gfxEnableSR]]
		x = uint32(rotated)*0x01010101&^enable | spread[s.Gfx[gfxSetReset]]&enable
	case 2:
		x = spread[v&0xf]
	case 3:
		x = spread[s.Gfx[gfxSetReset]]
		bitMask &= rotated
	}
	switch s.Gfx[gfxFunction] >> 3 & 3 {
	case 1:
		x &= latch
	case 2:
		x |= latch
	case 3:
		x ^= latch
	}
	m := uint32(bitMask) * 0x01010101
	return x&m | latch&^m
}
