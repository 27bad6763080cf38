package vga

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/devices"
)

// Bits of input status 1.
const (
	statusBlank   = 1 << 0 // horizontal or vertical blanking: nothing is displayed
	statusRetrace = 1 << 3 // vertical retrace
)

// pixelClock is the dot clock in Hz; the two external ones are not connected and tick like
// the first.
func (s *State) pixelClock() uint64 {
	if s.Misc&miscClock == 1<<2 {
		return 28_322_000
	}
	return 25_175_000
}

// A Timing is the rhythm of a picture.
type Timing struct {
	CharTime             uint64 // of one character clock, in picoseconds
	HTotal, HDisplay     uint32 // character clocks
	VTotal, VDisplay     uint32 // lines
	VRetrace, VRetraceTo uint32 // first line of the retrace and the one after its last
}

// Frame is the time of one picture, in picoseconds, never 0.
func (t Timing) Frame() uint64 { return t.CharTime * uint64(t.HTotal) * uint64(t.VTotal) }

// Timing works out the rhythm from the registers.
//
// PS/2 Technical Reference, "CRT Controller Registers".
func (s *State) Timing() Timing {
	c := &s.CRTC
	dots := uint64(9)
	if s.Seq[seqClocking]&1 != 0 {
		dots = 8
	}
	if s.Seq[seqClocking]&8 != 0 {
		dots *= 2
	}
	t := Timing{
		CharTime: dots * 1e12 / s.pixelClock(),
		HTotal:   uint32(c[crtcHTotal]) + 5,
		HDisplay: uint32(c[crtcHEnd]) + 1,
		VTotal:   s.vertical(crtcVTotal, 0, 5) + 2,
		VDisplay: s.lines(),
		VRetrace: s.vertical(crtcVRetrace, 2, 7),
	}
	length := (uint32(c[crtcVRetrEnd]) - t.VRetrace) & 0xf
	if length == 0 {
		length = 16
	}
	t.VRetraceTo = t.VRetrace + length
	return t
}

// vertical is a vertical register with its bits 8 and 9 from the overflow register.
func (s *State) vertical(reg, bit8, bit9 uint8) uint32 {
	o := uint32(s.CRTC[crtcOverflow])
	return uint32(s.CRTC[reg]) | o>>bit8&1<<8 | o>>bit9&1<<9
}

// lines is the number of displayed lines.
func (s *State) lines() uint32 { return s.vertical(crtcVEnd, 1, 6) + 1 }

// lineCompare is the line after which the lower part of a split screen begins.
func (s *State) lineCompare() uint32 {
	return uint32(s.CRTC[crtcLineComp]) | uint32(s.CRTC[crtcOverflow])>>4&1<<8 | uint32(s.CRTC[crtcMaxScan])>>6&1<<9
}

// beam says where the beam is at a moment: line and character clock.
func (t *Timing) beam(now devices.Time) (line, char uint32) {
	hi, lo := bits.Mul64(uint64(max(now, 0)), 1000)
	frame := t.Frame()
	at := bits.Rem64(hi, lo, frame)
	row := t.CharTime * uint64(t.HTotal)
	return uint32(at / row), uint32(at % row / t.CharTime)
}

// retraces is the number of vertical retraces that began before a moment.
func (s *State) retraces(now devices.Time) uint64 {
	t := s.Timing()
	n := s.frame(now)
	if line, _ := t.beam(now); line >= t.VRetrace {
		n++
	}
	return n
}

// takeStart is what a vertical retrace does, if there was one since the registers were
// written last: the next picture begins where they say.
//
// PS/2 Technical Reference, "Start Address High Register".
func (s *State) takeStart(now devices.Time) {
	if n := s.retraces(now); n != s.Retraces {
		s.Start, s.Retraces = uint16(s.CRTC[crtcStartHi])<<8|uint16(s.CRTC[crtcStartLo]), n
	}
}

// status is input status 1 at a moment.
func (s *State) status(now devices.Time) (v uint8) {
	t := s.Timing()
	line, char := t.beam(now)
	if line >= t.VDisplay || char >= t.HDisplay {
		v |= statusBlank
	}
	if line >= t.VRetrace && line < t.VRetraceTo {
		v |= statusRetrace
	}
	return v
}
