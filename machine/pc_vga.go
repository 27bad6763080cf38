package machine

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/bios/rom"
	"github.com/glassbox-vm/glassbox/devices/pci"
	"github.com/glassbox-vm/glassbox/devices/vga"
	"github.com/glassbox-vm/glassbox/devices/vga/font"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A VGA is a display adapter.
type VGA uint8

// Display adapters.
const (
	VGAStd  VGA = iota // a VGA with linear frame buffer, as QEMU's "std"
	VGANone            // no display
)

// vramSize is the video memory, in bytes, as much as QEMU gives.
const vramSize = 16 << 20

// Where the board, in place of firmware, puts the windows of the VGA.
const (
	frameBufferBase = 0xfd000000
	vgaRegisterBase = 0xfebf0000
	pciBAR0         = 0x10
	pciBAR2         = 0x18
	commandMemory   = 1 << 1
)

// videoBase is the memory of the VGA: two windows of 64 KiB.
const videoBase = 0xa0000

// display is the VGA. Its memory is a piece of the spare room of the backing.
func (m *Machine) display(w *wiring) {
	b := m.board
	if m.cfg.VGA == VGANone {
		return
	}
	keep := func(err error) {
		if err != nil && w.err == nil {
			w.err = err
		}
	}
	off, err := b.mem.Reserve(vramSize)
	if err != nil {
		keep(fmt.Errorf("video memory: %w", err))
		return
	}
	b.vramOff = off
	romSize, enterROM := m.videoROM(w)
	b.vga, err = vga.New(vga.Config{
		ROMSize:     romSize,
		ROM:         enterROM,
		Clock:       m.clock,
		VRAM:        b.mem.Backing()[off : off+vramSize : off+vramSize],
		Window:      b.videoWindow,
		Store:       func(at uint64, p []byte) { b.mem.SetBacking(off+at, p) },
		FrameBuffer: b.frameBuffer(),
		Registers:   b.vgaRegisters(),
	})
	if err != nil {
		keep(err)
		return
	}
	for i := range 2 {
		keep(b.mem.MapMMIO(videoBase+phys.Addr(i)*vga.WindowSize, vga.WindowSize, "vga", b.vga.Window(i)))
	}
	w.ports(b.ports, "vga dispi", 0x1ce, 3, b.vga.DISPI())
	w.ports(b.ports, "vga crtc mono", 0x3b4, 2, b.vga.CRTC(false))
	w.ports(b.ports, "vga status mono", 0x3ba, 1, b.vga.Status(false))
	w.ports(b.ports, "vga", 0x3c0, 16, b.vga.Common())
	w.ports(b.ports, "vga crtc", 0x3d4, 2, b.vga.CRTC(true))
	w.ports(b.ports, "vga status", 0x3da, 1, b.vga.Status(true))
	keep(b.pciBus.Attach(pci.Slot{Device: 2, Function: 0}, b.vga.Function()))
}

// videoROM is the expansion ROM of the VGA: its size and Map. Our own BIOS brings one.
func (m *Machine) videoROM(w *wiring) (size uint64, enter func(base uint64, on bool)) {
	b, image := m.board, m.cfg.Boot.VGABIOS
	if len(image) == 0 && m.cfg.Boot.BIOS == nil && m.cfg.Boot.Kernel == nil {
		video := m.videoTables()
		image = rom.Video(video.Font, video.Parameters())
	}
	if len(image) == 0 {
		return 0, nil
	}
	if len(image) > MaxVGABIOS {
		w.keep(fmt.Errorf("%w: a VGA BIOS of %d bytes: want up to 64 KiB", ErrConfig, len(image)))
		return 0, nil
	}
	for size = 4096; size < uint64(len(image)); {
		size *= 2
	}
	padded := make([]byte, size)
	copy(padded, image)
	off, err := b.reserveROM(padded)
	w.keep(err)
	return size, b.movableMemory(func(base uint64) error {
		return b.mem.MapROMAt(phys.Addr(base), "vga ROM", off, size)
	})
}

// videoWindow makes A0000h–AFFFFh plain memory, or the chip's registers again.
func (b *board) videoWindow(linear bool, off uint64) {
	b.mem.Unmap(videoBase)
	var err error
	if linear {
		err = b.mem.MapRAM(videoBase, b.vramOff+off, vga.WindowSize)
	} else {
		err = b.mem.MapMMIO(videoBase, vga.WindowSize, "vga", b.vga.Window(0))
	}
	if err != nil {
		panic("machine: " + err.Error()) // nothing else is ever mapped there
	}
}

// frameBuffer returns the Map of the linear frame buffer. Where RAM is already, it is not
// mapped.
func (b *board) frameBuffer() func(base uint64, on bool) {
	return b.movableMemory(func(base uint64) error {
		return b.mem.MapRAM(phys.Addr(base), b.vramOff, vramSize)
	})
}

// vgaRegisters returns the Map of the memory-mapped registers.
func (b *board) vgaRegisters() func(base uint64, on bool) {
	return b.movableMemory(func(base uint64) error {
		return b.mem.MapMMIO(phys.Addr(base), vga.RegisterWindow, "vga registers", b.vga.Registers())
	})
}

// movableMemory returns the Map of a memory BAR: enter maps it. A window that would cover
// another of its kind is not mapped: what was there first keeps answering.
func (b *board) movableMemory(enter func(base uint64) error) func(base uint64, on bool) {
	mapped := false
	return func(base uint64, on bool) {
		if mapped {
			b.mem.Unmap(phys.Addr(base))
			mapped = false
		}
		if on {
			mapped = enter(base) == nil
		}
	}
}

// showText does what firmware does before a system is booted, for kernels that are loaded
// directly: 80×25 text with font and colours, an empty screen, the frame buffer mapped.
func (b *board) showText() error {
	if b.vga == nil {
		return nil
	}
	f := b.vga.Function()
	f.WriteConfig(pciBAR0, 4, frameBufferBase)
	f.WriteConfig(pciBAR2, 4, vgaRegisterBase)
	f.WriteConfig(pciCommand, 2, commandIO|commandMemory)
	s := b.vga.Save()
	mode, _ := vga.StandardMode(3)
	s.Apply(mode)
	for i, c := range vga.EGAColours() {
		s.DAC.Colour[i] = c
	}
	if err := b.vga.Restore(s); err != nil {
		return fmt.Errorf("text mode: %w", err)
	}
	vram := make([]byte, vga.MinVRAM)  // what the text mode reaches
	for i := 0; i < 4*0x8000; i += 8 { // every second address of planes 0 and 1
		vram[i], vram[i+1] = ' ', 7
	}
	for c, glyph := range font.Size16() {
		for y, row := range glyph {
			vram[4*(32*c+y)+2] = row
		}
	}
	b.mem.SetBacking(b.vramOff, vram)
	return nil
}
