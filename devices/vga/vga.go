// Package vga is a VGA with the DISPI registers of Bochs and QEMU ("std" VGA): 256 KiB of
// planar memory in the modes of the IBM VGA, and up to 16 MiB of linear frame buffer.
//
// Read in this order: vga.go (what it remembers), registers.go (the ports), memory.go (the
// planes behind A0000h), dispi.go and pci.go (the extensions), timing.go (retrace), scan.go,
// text.go and image.go (what a monitor would show). modes.go has the values that firmware
// puts into the registers.
//
// # Ports
//
// 3Bxh answers while bit 0 of Miscellaneous Output is 0, 3Dxh while it is 1.
//
//	port     access  power-on  what
//	3x4      RW      0         CRTC index
//	3x5      RW      0         CRTC data; 00h–07h locked by bit 7 of 11h, but bit 4 of 07h
//	3xA      R                 input status 1; the next write to 3C0 is an index
//	3xA      W       0         feature control, read at 3CA
//	3C0      RW      0         attribute index (bit 5: palette address source) and data
//	3C1      R                 attribute data
//	3C2      W       0         miscellaneous output, read at 3CC
//	3C2      R                 input status 0: bit 4 switch sense, always 1
//	3C3      RW      1         subsystem enable
//	3C4 3C5  RW      0         sequencer index, data
//	3C6      RW      FFh       DAC mask
//	3C7      W, R    0         DAC read index; state: 0 writing, 3 reading
//	3C8 3C9  RW      0         DAC write index, data: red, green, blue, 6 bits each
//	3CE 3CF  RW      0         graphics index, data
//	1CE 1CF  RW      0         DISPI index and data, 16 bits each: see dispi.go
//
// Source: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem" (1991); "VBE
// Display Interface" of Bochs (vbe_display_api.txt); docs/specs/standard-vga of QEMU.
//
// Not modelled: changes of registers in the middle of a frame (a picture is drawn from what
// they hold at one moment, but for the start address, which is that of the last retrace); interlace; the vertical interrupt; overscan; the diagnostic
// bits of input status 1; the odd/even page bit and chaining to more than 64 KiB; 64 KiB
// boards (sequencer 04h bit 1); doubling of the vertical timing (CRTC 17h bit 2); light pen;
// EDID; PCI command bits for the ports and for A0000h, which always answer.
//
// Inaccuracies: with chain-4 (mode 13h) and doubleword addressing the planes are packed, as
// on SVGA chips: byte a of the window is at a/4 of plane a%4, where the IBM VGA uses every
// fourth address. Programs that never mix chained and unchained access see no difference.
// Video memory answers whatever Miscellaneous Output bit 1 says, as on QEMU and Bochs: GRUB
// as QEMU's firmware clears it. Where chained memory answers as plain RAM, reads of it do not load the latches.
package vga

import (
	"fmt"
	"math/bits"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/pci"
)

// Sizes, in bytes.
const (
	MinVRAM    = 256 << 10
	MaxVRAM    = 64 << 20
	WindowSize = 64 << 10 // each of the windows at A0000h and B0000h
)

// A DAC is the palette of 256 colours and its address registers.
type DAC struct {
	Colour     [256][3]uint8 // red, green, blue; 6 bits, or 8 with the DISPI bit for it
	Mask       uint8
	ReadIndex  uint8
	WriteIndex uint8
	Reading    bool  // 3C7 was written last, not 3C8
	Phase      uint8 // 0–2: which of the three comes next
	Pending    [2]uint8
}

// DISPI is the registers of the Bochs display interface; see dispi.go.
type DISPI struct {
	Index            uint16
	ID               uint16
	XRes, YRes       uint16 // pixels
	BPP              uint16 // bits per pixel
	Enable           uint16
	Bank             uint16 // of 64 KiB
	VirtWidth        uint16 // pixels
	XOffset, YOffset uint16 // pixels
}

// State is everything the chip remembers, but for the video memory, which the board owns.
type State struct {
	Misc, Feature, Subsystem uint8

	SeqIndex  uint8
	Seq       [5]uint8
	GfxIndex  uint8
	Gfx       [9]uint8
	CRTCIndex uint8
	CRTC      [25]uint8
	AttrIndex uint8 // bit 5: palette address source
	Attr      [21]uint8
	AttrData  bool // the next write to 3C0 is data
	Latch     [4]uint8

	// Start is the start address of the picture: CRTC 0Ch and 0Dh as they were at the last
	// vertical retrace, the Retraces-th; after another they count again.
	Start    uint16
	Retraces uint64

	DAC   DAC
	DISPI DISPI
	PCI   pci.State
}

// Config is what the board connects.
type Config struct {
	Clock devices.Clock
	// VRAM is the video memory: a power of two of bytes, MinVRAM to MaxVRAM. Byte 4*a+p is
	// address a of plane p.
	VRAM []byte
	// Window is told when the 64 KiB at A0000h become plain memory, and which part of VRAM
	// they show (off, in bytes), or stop to. While linear, the board need not ask the chip.
	// It may be nil.
	Window func(linear bool, off uint64)
	// FrameBuffer and Registers are told where the PCI base address registers put the
	// linear frame buffer and the memory-mapped registers. They may be nil.
	FrameBuffer, Registers func(base uint64, on bool)
	// ROMSize is the size of the expansion ROM in bytes, a power of two; 0 is none. ROM is
	// told where it answers.
	ROMSize uint64
	ROM     func(base uint64, on bool)
	// Store puts p at off of VRAM, for boards on which others watch that memory; nil is a
	// plain copy. The chip itself never writes to VRAM otherwise.
	Store func(off uint64, p []byte)
}

// A Device is a VGA.
type Device struct {
	s      State
	c      Config
	f      *pci.Function
	vram   []byte
	mask   uint32 // len(vram)-1
	linear bool
	linOff uint64
	buf    [4]byte // what is being stored
}

// New returns the chip; the board calls Reset once all is wired. A size of VRAM that the
// chip cannot have is an error.
func New(c Config) (*Device, error) {
	n := len(c.VRAM)
	if n < MinVRAM || n > MaxVRAM || bits.OnesCount(uint(n)) != 1 {
		return nil, fmt.Errorf("vga: %d bytes of memory: want a power of two from 256 KiB to 64 MiB", n)
	}
	d := &Device{c: c, vram: c.VRAM, mask: uint32(n - 1)}
	if c.Store == nil {
		d.c.Store = func(off uint64, p []byte) { copy(d.vram[off:], p) }
	}
	d.f = d.newFunction()
	d.s = PowerOn()
	return d, nil
}

// PowerOn is the state after power-on: no mode is set, and nothing is shown.
func PowerOn() State {
	s := State{Subsystem: 1}
	s.DAC.Mask = 0xff
	s.DISPI.ID = dispiNewest
	return s
}

// Reset returns to the power-on state. The memory keeps its contents.
func (d *Device) Reset() {
	d.f.Reset()
	d.s = PowerOn()
	d.updateWindow()
}

// Save returns a copy of the state. The memory is the board's to save.
func (d *Device) Save() State {
	s := d.s
	s.PCI = d.f.Save()
	return s
}

// Restore replaces the state and tells the board about the windows. Values that registers
// cannot hold are refused.
func (d *Device) Restore(s State) error {
	if err := d.check(&s); err != nil {
		return err
	}
	if err := d.f.Restore(s.PCI); err != nil {
		return fmt.Errorf("vga: %w", err)
	}
	d.s = s
	d.s.PCI = pci.State{}
	d.updateWindow()
	return nil
}

// check says what is impossible about s.
func (d *Device) check(s *State) error {
	if s.DAC.Phase > 2 {
		return fmt.Errorf("vga: DAC phase %d", s.DAC.Phase)
	}
	if s.AttrIndex > 0x3f {
		return fmt.Errorf("vga: attribute index %#02x", s.AttrIndex)
	}
	limit := uint8(0x3f)
	if s.DISPI.Enable&dispi8BitDAC != 0 {
		limit = 0xff
	}
	for i, c := range s.DAC.Colour {
		if max(c[0], c[1], c[2]) > limit {
			return fmt.Errorf("vga: colour %d of the DAC is %v", i, c)
		}
	}
	return d.checkDISPI(&s.DISPI)
}

// Peek returns the state for drawing the picture of this moment.
func (d *Device) Peek() *State {
	s := d.s
	s.takeStart(d.c.Clock.Now())
	return &s
}

// VRAM is the video memory.
func (d *Device) VRAM() []byte { return d.vram }
