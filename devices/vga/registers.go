package vga

import "github.com/glassbox-vm/glassbox/devices"

// Bits of Miscellaneous Output.
const (
	miscColour = 1 << 0 // 3Dxh instead of 3Bxh
	miscClock  = 3 << 2
)

// Registers by index.
const (
	seqClocking = 1
	seqMapMask  = 2
	seqFont     = 3
	seqMemory   = 4

	gfxSetReset   = 0
	gfxEnableSR   = 1
	gfxCompare    = 2
	gfxFunction   = 3
	gfxReadMap    = 4
	gfxMode       = 5
	gfxMisc       = 6
	gfxDontCare   = 7
	gfxBitMask    = 8
	crtcHTotal    = 0x00
	crtcHEnd      = 0x01
	crtcHBlank    = 0x02
	crtcVTotal    = 0x06
	crtcOverflow  = 0x07
	crtcPresetRow = 0x08
	crtcMaxScan   = 0x09
	crtcCurStart  = 0x0a
	crtcCurEnd    = 0x0b
	crtcStartHi   = 0x0c
	crtcStartLo   = 0x0d
	crtcCursorHi  = 0x0e
	crtcCursorLo  = 0x0f
	crtcVRetrace  = 0x10
	crtcVRetrEnd  = 0x11
	crtcVEnd      = 0x12
	crtcOffset    = 0x13
	crtcUnderline = 0x14
	crtcMode      = 0x17
	crtcLineComp  = 0x18

	attrMode   = 0x10
	attrPlanes = 0x12
	attrPan    = 0x13
	attrSelect = 0x14
	attrPAS    = 1 << 5 // of the index: the palette is in use, not open for writing
)

// Bits that exist, by register.
var (
	seqMask  = [5]uint8{0x03, 0x3d, 0x0f, 0x3f, 0x0e}
	gfxMask  = [9]uint8{0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff}
	attrMask = [21]uint8{
		0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
		0xef, 0xff, 0x3f, 0x0f, 0x0f,
	}
)

// ports lets a function pair be a devices.Port.
type ports struct {
	in  func(off uint16) uint8
	out func(off uint16, v uint8)
}

// In implements devices.Port.
func (p ports) In(off uint16) uint8 { return p.in(off) }

// Out implements devices.Port.
func (p ports) Out(off uint16, v uint8) { p.out(off, v) }

// CRTC is the two ports 3D4h and 3D5h (colour) or 3B4h and 3B5h.
func (d *Device) CRTC(colour bool) devices.Port {
	return ports{
		in: func(off uint16) uint8 {
			if d.colour() != colour {
				return 0xff
			}
			return d.readCRTC(off)
		},
		out: func(off uint16, v uint8) {
			if d.colour() == colour {
				d.writeCRTC(off, v)
			}
		},
	}
}

// Status is the port 3DAh (colour) or 3BAh.
func (d *Device) Status(colour bool) devices.Port {
	return ports{
		in: func(uint16) uint8 {
			if d.colour() != colour {
				return 0xff
			}
			return d.readStatus()
		},
		out: func(_ uint16, v uint8) {
			if d.colour() == colour {
				d.s.Feature = v & 3
			}
		},
	}
}

// Common is the 16 ports from 3C0h on.
func (d *Device) Common() devices.Port { return ports{in: d.readCommon, out: d.writeCommon} }

func (d *Device) colour() bool { return d.s.Misc&miscColour != 0 }

func (d *Device) readStatus() uint8 {
	d.s.AttrData = false
	return d.s.status(d.c.Clock.Now())
}

func (d *Device) readCRTC(off uint16) uint8 {
	if off == 0 {
		return d.s.CRTCIndex
	}
	if int(d.s.CRTCIndex) < len(d.s.CRTC) {
		return d.s.CRTC[d.s.CRTCIndex]
	}
	return 0
}

func (d *Device) writeCRTC(off uint16, v uint8) {
	if off == 0 {
		d.s.CRTCIndex = v & 0x3f
		return
	}
	i := d.s.CRTCIndex
	if int(i) >= len(d.s.CRTC) {
		return
	}
	if i <= crtcOverflow && d.s.CRTC[crtcVRetrEnd]&0x80 != 0 {
		if i == crtcOverflow { // bit 8 of line compare is never locked
			d.s.CRTC[i] = d.s.CRTC[i]&^0x10 | v&0x10
		}
		return
	}
	if i == crtcStartHi || i == crtcStartLo {
		d.s.takeStart(d.c.Clock.Now())
	}
	d.s.CRTC[i] = v
}

// readCommon reads one of 3C0h–3CFh.
func (d *Device) readCommon(off uint16) uint8 {
	s := &d.s
	switch off {
	case 0x0:
		return s.AttrIndex
	case 0x1:
		if i := s.AttrIndex & 0x1f; int(i) < len(s.Attr) {
			return s.Attr[i]
		}
		return 0
	case 0x2:
		return 0x10
	case 0x3:
		return s.Subsystem
	case 0x4:
		return s.SeqIndex
	case 0x5:
		if int(s.SeqIndex) < len(s.Seq) {
			return s.Seq[s.SeqIndex]
		}
		return 0
	case 0x6, 0x7, 0x8, 0x9:
		return s.DAC.read(off)
	case 0xa:
		return s.Feature
	case 0xc:
		return s.Misc
	case 0xe:
		return s.GfxIndex
	case 0xf:
		if int(s.GfxIndex) < len(s.Gfx) {
			return s.Gfx[s.GfxIndex]
		}
		return 0
	}
	return 0xff
}

// writeCommon writes one of 3C0h–3CFh.
func (d *Device) writeCommon(off uint16, v uint8) {
	s := &d.s
	switch off {
	case 0x0:
		d.writeAttr(v)
	case 0x2:
		s.Misc = v &^ (1 << 4)
		d.updateWindow()
	case 0x3:
		s.Subsystem = v & 1
	case 0x4:
		s.SeqIndex = v & 7
	case 0x5:
		if int(s.SeqIndex) < len(s.Seq) {
			s.Seq[s.SeqIndex] = v & seqMask[s.SeqIndex]
			d.updateWindow()
		}
	case 0x6, 0x7, 0x8, 0x9:
		s.DAC.write(off, v, s.DISPI.Enable&dispi8BitDAC != 0)
	case 0xe:
		s.GfxIndex = v & 0xf
	case 0xf:
		if int(s.GfxIndex) < len(s.Gfx) {
			s.Gfx[s.GfxIndex] = v & gfxMask[s.GfxIndex]
			d.updateWindow()
		}
	}
}

// writeAttr is port 3C0h: index and data in turn.
func (d *Device) writeAttr(v uint8) {
	s := &d.s
	data := s.AttrData
	s.AttrData = !data
	if !data {
		s.AttrIndex = v & 0x3f
		return
	}
	i := s.AttrIndex & 0x1f
	if int(i) >= len(s.Attr) || i < 0x10 && s.AttrIndex&attrPAS != 0 {
		return
	}
	s.Attr[i] = v & attrMask[i]
}

// read reads 3C6h–3C9h.
func (a *DAC) read(off uint16) uint8 {
	switch off {
	case 0x6:
		return a.Mask
	case 0x7:
		if a.Reading {
			return 3
		}
		return 0
	case 0x8:
		return a.WriteIndex
	}
	v := a.Colour[a.ReadIndex][a.Phase]
	if a.Phase++; a.Phase == 3 {
		a.Phase = 0
		a.ReadIndex++
	}
	return v
}

// write writes 3C6h–3C9h. A colour changes when its blue arrives.
func (a *DAC) write(off uint16, v uint8, wide bool) {
	switch off {
	case 0x6:
		a.Mask = v
	case 0x7:
		a.ReadIndex, a.Phase, a.Reading = v, 0, true
	case 0x8:
		a.WriteIndex, a.Phase, a.Reading = v, 0, false
	case 0x9:
		if !wide {
			v &= 0x3f
		}
		if a.Phase < 2 {
			a.Pending[a.Phase] = v
			a.Phase++
			return
		}
		a.Colour[a.WriteIndex] = [3]uint8{a.Pending[0], a.Pending[1], v}
		a.WriteIndex++
		a.Phase = 0
	}
}
