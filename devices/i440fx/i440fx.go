// Package i440fx is the 82441FX PCI and memory controller (PMC), the host bridge of the
// 440FX chip set: device 0 on the PCI bus. It has configuration registers only; what they
// decide about memory, the board carries out.
//
//	off      name     power-on  writable  meaning
//	00h–03h  VID/DID  8086/1237 -         82441FX
//	04h–05h  PCICMD   0006h     140h      memory and bus master always on; 8 SERR, 6 parity
//	06h–07h  PCISTS   0280h     (clear)
//	08h      RID      02h       -
//	09h–0Bh  CLASSC   060000h   -         host bridge
//	0Dh      MLT      00h       F8h
//	2Ch–2Fh  SVID/SID 1AF4/1100 -         reserved on the chip; see below
//	50h–51h  PMCCFG   0000h     DF63h     kept, no effect
//	53h      DBC      80h       C0h       kept, no effect
//	54h      AXC      00h       03h       kept, no effect
//	55h–56h  DRT      0000h     FFFFh     DRAM row type: kept, no effect
//	57h      DRAMC    01h       7Fh       kept, no effect
//	58h      DRAMT    10h       7Fh       kept, no effect
//	59h      PAM0     00h       30h       F0000h–FFFFFh
//	5Ah–5Fh  PAM1–6   00h       33h       C0000h–EFFFFh, two pieces of 16 KiB each
//	60h–67h  DRB      01h       FFh       DRAM row boundaries: kept, no effect
//	68h      FDHC     00h       C0h       kept, no effect
//	70h–71h  MTT, CLT 00h, 10h  F8h, 1Fh  kept, no effect
//	72h      SMRAM    02h       78h       6 D_OPEN, 5 D_CLS, 4 D_LCK, 3 G_SMRAME
//	90h–91h  ERRCMD   00h       E3h, 00h  kept, no effect
//
// A PAM nibble is two bits: 0 RE (reads go to DRAM, else to PCI), 1 WE (writes go to DRAM).
// Once D_LCK is set, D_OPEN is 0 and the whole SMRAM register is fixed until reset.
//
// Source: Intel 440FX PCIset 82441FX/82442FX data sheet (290549), "PMC Configuration
// Registers".
// The subsystem IDs are those of QEMU's board, by which firmware knows that the board has
// QEMU's configuration device.
//
// Not modelled: the turbo and reset control register (93h, reads 0; the board resets
// through the PIIX3's), error status, DRAM detection and timing, the memory holes of FDHC.
// Inaccuracies: the write masks of registers without effect are approximate.
package i440fx

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices/pci"
)

// Registers that the board acts upon.
const (
	RegPAM0  = 0x59 // to 5Fh
	RegSMRAM = 0x72
)

// Bits of the SMRAM register.
const (
	SMRAMOpen   = 1 << 6 // D_OPEN: SMRAM visible outside SMM
	SMRAMClosed = 1 << 5 // D_CLS: data accesses do not reach SMRAM even in SMM
	SMRAMLock   = 1 << 4 // D_LCK
	SMRAMEnable = 1 << 3 // G_SMRAME
	smramBase   = 0x02   // C_BASE_SEG: A0000h–BFFFFh
)

// State is everything the chip remembers.
type State struct {
	PCI pci.State
}

// Config is what the board connects. Both functions may be nil.
type Config struct {
	// PAM is told the registers PAM0–PAM6 after Reset, Restore and every write to them.
	PAM func(pam [7]uint8)
	// SMRAM is told the SMRAM register at the same occasions.
	SMRAM func(v uint8)
}

// A Device is the host bridge.
type Device struct {
	f *pci.Function
	c Config
}

// New returns the chip; the board calls Reset once all is wired.
func New(c Config) *Device {
	d := &Device{c: c}
	d.f = pci.NewFunction(pci.Header{
		Vendor: 0x8086, Device: 0x1237, Revision: 2, Class: 0x060000,
		SubsystemVendor: 0x1af4, Subsystem: 0x1100,
		Command:         pci.CommandMemory | pci.CommandBusMaster,
		CommandWritable: pci.CommandParityResponse | pci.CommandSERR,
		Status:          0x0280, LatencyTimerWritable: 0xf8,
	})
	for _, r := range registers {
		d.f.Define(r.off, r.powerOn, r.writable)
	}
	d.f.Watch(RegPAM0, RegPAM0+6, d.reportPAM)
	d.f.Watch(RegSMRAM, RegSMRAM, d.smramWritten)
	return d
}

var registers = []struct{ off, powerOn, writable uint8 }{
	{0x50, 0x00, 0x63}, {0x51, 0x00, 0xdf},
	{0x53, 0x80, 0xc0}, {0x54, 0x00, 0x03},
	{0x55, 0x00, 0xff}, {0x56, 0x00, 0xff},
	{0x57, 0x01, 0x7f}, {0x58, 0x10, 0x7f},
	{RegPAM0, 0x00, 0x30},
	{0x5a, 0x00, 0x33}, {0x5b, 0x00, 0x33}, {0x5c, 0x00, 0x33},
	{0x5d, 0x00, 0x33}, {0x5e, 0x00, 0x33}, {0x5f, 0x00, 0x33},
	{0x60, 0x01, 0xff}, {0x61, 0x01, 0xff}, {0x62, 0x01, 0xff}, {0x63, 0x01, 0xff},
	{0x64, 0x01, 0xff}, {0x65, 0x01, 0xff}, {0x66, 0x01, 0xff}, {0x67, 0x01, 0xff},
	{0x68, 0x00, 0xc0},
	{0x70, 0x00, 0xf8}, {0x71, 0x10, 0x1f},
	{RegSMRAM, smramBase, SMRAMOpen | SMRAMClosed | SMRAMLock | SMRAMEnable},
	{0x90, 0x00, 0xe3},
}

// Function is the chip's place in configuration space: device 0, function 0.
func (d *Device) Function() *pci.Function { return d.f }

// PAM returns the registers PAM0–PAM6.
func (d *Device) PAM() (pam [7]uint8) {
	for i := range pam {
		pam[i] = d.f.Byte(RegPAM0 + uint8(i))
	}
	return pam
}

// Reset returns to the power-on state.
func (d *Device) Reset() {
	d.f.Reset()
	d.report()
}

// Save returns a copy of the state.
func (d *Device) Save() State { return State{PCI: d.f.Save()} }

// Restore replaces the state and tells the board. A locked and open SMRAM is an error, as
// is a change of a fixed bit.
func (d *Device) Restore(s State) error {
	if v := s.PCI.Config[RegSMRAM]; v&SMRAMLock != 0 && v&SMRAMOpen != 0 {
		return fmt.Errorf("i440fx: SMRAM cannot be %#02x: locked and open", v)
	}
	if err := d.f.Restore(s.PCI); err != nil {
		return fmt.Errorf("i440fx: %w", err)
	}
	d.report()
	return nil
}

func (d *Device) report() {
	d.reportPAM()
	d.smramWritten()
}

func (d *Device) reportPAM() {
	if d.c.PAM != nil {
		d.c.PAM(d.PAM())
	}
}

// smramWritten carries out the lock bit and tells the board.
func (d *Device) smramWritten() {
	v := d.f.Byte(RegSMRAM)
	if v&SMRAMLock != 0 {
		v &^= SMRAMOpen
		d.f.SetByte(RegSMRAM, v)
		d.f.Freeze(RegSMRAM, 0xff)
	}
	if d.c.SMRAM != nil {
		d.c.SMRAM(v)
	}
}
