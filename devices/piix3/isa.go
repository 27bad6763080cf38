// Package piix3 is the 82371SB PCI ISA IDE Xcelerator: the south bridge of the 440FX chip
// set, device 1 on the PCI bus. Function 0 is the PCI-to-ISA bridge (this file), function 1
// the IDE controller (ide.go, busmaster.go). The PIC, PIT and DMA controllers inside the
// part are packages of their own.
//
// # Function 0: ISA bridge
//
//	off      name      power-on  writable  meaning
//	00h–03h  VID/DID   8086/7000 -         82371SB, function 0
//	04h–05h  PCICMD    0007h     8         I/O, memory, master always on; 3 special cycles
//	06h–07h  PCISTS    0200h     (clear)
//	09h–0Bh  CLASSC    060100h   -         ISA bridge
//	0Eh      HEDT      80h       -         several functions
//	4Ch      IORT      4Dh       7Fh       ISA recovery time: kept, no effect
//	4Eh–4Fh  XBCS      0003h     01FFh     X-bus chip selects: kept, no effect
//	60h–63h  PIRQRC    80h       8Fh       7: not routed; 3:0 IRQ of PIRQA#–PIRQD#
//	69h      TOM       02h       FAh       top of memory: kept, no effect
//	6Ah–6Bh  MSTAT     0000h     8000h     kept, no effect
//	70h      MBIRQ0    80h       AFh       motherboard device IRQ: kept, no effect
//	76h–77h  MBDMA     0Ch       8Fh       kept, no effect
//	78h–79h  PCSC      0002h     FFFFh     kept, no effect
//	80h      APICBASE  00h       7Fh       kept, no effect
//	82h      DLC       00h       0Fh       kept, no effect
//	A0h      SMICNTL   08h       1Fh       and A2h–AFh: kept, no effect (no SMI)
//
// # Reset control
//
// One I/O port, CF9h on a PC (ResetControl):
//
//	bit  name  access  power-on  meaning
//	1    SRST  RW      0         kind of reset: 1 hard, 0 soft (INIT)
//	2    RCPU  RW      0         0→1 resets
//
// Source: Intel 82371FB/82371SB (PIIX/PIIX3) data sheet (290550), "PCI to ISA Bridge
// Register Description", "PCI Interrupt Control", "RC—Reset Control Register".
// Not modelled: USB (function 2), SMM, motherboard device routing (MIRQ), decode of the
// X-bus chip selects, positive decode. Inaccuracies: the write masks of registers without
// effect are approximate.
package piix3

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/pci"
)

// RegPIRQRC is the first of the four PIRQ route control registers.
const RegPIRQRC = 0x60

const (
	routeOff  = 0x80 // PIRQ is not routed to an IRQ
	routeMask = 0x0f

	// routable is the IRQs that a PIRQ may reach: 3–7, 9–12, 14 and 15.
	routable = 0xdef8

	bitSRST = 1 << 1
	bitRCPU = 1 << 2

	// maxSources is how many inputs one PIRQ can have.
	maxSources = 32
)

// ISAState is everything the ISA bridge remembers.
type ISAState struct {
	PCI          pci.State
	PIRQ         [4]uint32 // levels: bit n is the n-th input that PIRQ handed out
	ResetControl uint8
}

// ISAConfig is what the board connects to the ISA bridge. A nil Line is not connected.
type ISAConfig struct {
	// IRQ are levels towards the interrupt controller, active high. The board combines
	// them with the ISA interrupts of the same number.
	IRQ [16]devices.Line
	// HardReset pulses when the guest asks for a reset of the whole board, INIT when it
	// asks for a reset of the CPU alone.
	HardReset, INIT devices.Line
}

// An ISA is function 0, the ISA bridge.
type ISA struct {
	s     ISAState
	c     ISAConfig
	f     *pci.Function
	known [4]int // inputs handed out for each PIRQ
}

// NewISA returns the ISA bridge; the board calls Reset once all is wired.
func NewISA(c ISAConfig) *ISA {
	for i := range c.IRQ {
		c.IRQ[i] = connected(c.IRQ[i])
	}
	c.HardReset, c.INIT = connected(c.HardReset), connected(c.INIT)
	d := &ISA{c: c}
	d.f = pci.NewFunction(pci.Header{
		Vendor: 0x8086, Device: 0x7000, Class: 0x060100, Multifunction: true,
		Command:         pci.CommandIO | pci.CommandMemory | pci.CommandBusMaster,
		CommandWritable: pci.CommandSpecialCycles, Status: 0x0200,
	})
	for _, r := range isaRegisters {
		d.f.Define(r.off, r.powerOn, r.writable)
	}
	d.f.Watch(RegPIRQRC, RegPIRQRC+3, d.driveIRQs)
	return d
}

var isaRegisters = []struct{ off, powerOn, writable uint8 }{
	{0x4c, 0x4d, 0x7f}, {0x4e, 0x03, 0xff}, {0x4f, 0x00, 0x01},
	{0x60, 0x80, 0x8f}, {0x61, 0x80, 0x8f}, {0x62, 0x80, 0x8f}, {0x63, 0x80, 0x8f},
	{0x69, 0x02, 0xfa}, {0x6b, 0x00, 0x80},
	{0x70, 0x80, 0xaf}, {0x76, 0x0c, 0x8f}, {0x77, 0x0c, 0x8f},
	{0x78, 0x02, 0xff}, {0x79, 0x00, 0xff}, {0x80, 0x00, 0x7f}, {0x82, 0x00, 0x0f},
	{0xa0, 0x08, 0x1f}, {0xa2, 0x00, 0xff}, {0xa3, 0x00, 0x01},
	{0xa4, 0x00, 0xff}, {0xa5, 0x00, 0xff}, {0xa6, 0x00, 0xff}, {0xa7, 0x00, 0xff},
	{0xa8, 0x0f, 0xff}, {0xaa, 0x00, 0xff}, {0xab, 0x00, 0x01},
	{0xac, 0x00, 0xff}, {0xae, 0x00, 0xff},
}

func connected(l devices.Line) devices.Line {
	if l == nil {
		return devices.NC
	}
	return l
}

// Function is the bridge's place in configuration space: device 1, function 0.
func (d *ISA) Function() *pci.Function { return d.f }

// PIRQ returns a new input of PIRQA#–PIRQD# (n = 0–3), active high. The inputs of one PIRQ
// are a wired OR: every source asks for its own. More than 32 for one PIRQ is a mistake
// of the board, and a panic.
func (d *ISA) PIRQ(n int) devices.Line {
	if d.known[n] == maxSources {
		panic("piix3: too many sources on one PIRQ")
	}
	bit := uint32(1) << d.known[n]
	d.known[n]++
	return func(high bool) {
		before := d.s.PIRQ[n]
		if d.s.PIRQ[n] &^= bit; high {
			d.s.PIRQ[n] |= bit
		}
		if before != d.s.PIRQ[n] {
			d.driveIRQs()
		}
	}
}

// driveIRQs drives every IRQ that a PIRQ can reach.
func (d *ISA) driveIRQs() {
	high := uint16(0)
	for n, levels := range d.s.PIRQ {
		route := d.f.Byte(RegPIRQRC + uint8(n))
		if levels != 0 && route&routeOff == 0 {
			high |= 1 << (route & routeMask)
		}
	}
	for i, irq := range d.c.IRQ {
		if routable>>i&1 != 0 {
			irq(high>>i&1 != 0)
		}
	}
}

// Reset returns to the power-on state. The levels of the PIRQ inputs belong to their
// sources and stay.
func (d *ISA) Reset() {
	d.s.ResetControl = 0
	d.f.Reset()
	d.driveIRQs()
}

// Save returns a copy of the state.
func (d *ISA) Save() ISAState {
	d.s.PCI = d.f.Save()
	return d.s
}

// Restore replaces the state and drives the IRQs; it never pulses a reset.
func (d *ISA) Restore(s ISAState) error {
	for n, levels := range s.PIRQ {
		if uint64(levels)>>d.known[n] != 0 {
			return fmt.Errorf("piix3: PIRQ%c has %d inputs, not the levels %#x", 'A'+n, d.known[n], levels)
		}
	}
	if s.ResetControl&^(bitSRST|bitRCPU) != 0 {
		return fmt.Errorf("piix3: reset control cannot be %#x", s.ResetControl)
	}
	if err := d.f.Restore(s.PCI); err != nil {
		return fmt.Errorf("piix3 ISA bridge: %w", err)
	}
	d.s = s
	d.driveIRQs()
	return nil
}

// A ResetControl is the face of the ISA bridge at port CF9h.
type ResetControl struct{ d *ISA }

// ResetControl returns the reset control register. It answers at offset 1, so that it can
// be the rest of pci.Ports; other offsets read all ones.
func (d *ISA) ResetControl() ResetControl { return ResetControl{d} }

// In implements devices.Port.
func (r ResetControl) In(off uint16) uint8 {
	if off != 1 {
		return 0xff
	}
	return r.d.s.ResetControl
}

// Out implements devices.Port.
func (r ResetControl) Out(off uint16, v uint8) {
	if off != 1 {
		return
	}
	rose := v &^ r.d.s.ResetControl & bitRCPU
	r.d.s.ResetControl = v & (bitSRST | bitRCPU)
	if rose == 0 {
		return
	}
	line := r.d.c.INIT
	if v&bitSRST != 0 {
		line = r.d.c.HardReset
	}
	line(true)
	line(false)
}
