package piix3

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/pci"
)

// Configuration registers of function 1, the IDE controller:
//
//	off      name      power-on  writable  meaning
//	00h–03h  VID/DID   8086/7010 -         82371SB, function 1
//	04h–05h  PCICMD    0000h     5         0 IOSE: ports answer; 2 BME: may be bus master
//	06h–07h  PCISTS    0280h     (clear)
//	09h–0Bh  CLASSC    010180h   -         IDE, bus master, legacy ports only
//	0Dh      MLT       00h       F0h
//	20h–23h  BMIBA     0001h     FFFFFFF0h bus master registers, 16 ports (BAR 4)
//	40h–41h  IDETIM0   0000h     FFFFh     primary: 15 decode enable; the rest is timing
//	42h–43h  IDETIM1   0000h     FFFFh     secondary
//	44h      SIDETIM   00h       FFh       slave timing: kept, no effect
const (
	RegIDETIM = 0x40

	idetimDecode = 0x80 // in the high byte of IDETIM
)

// IDEState is everything the IDE controller remembers.
type IDEState struct {
	PCI      pci.State
	Channels [2]BusMasterState
}

// IDEConfig is what the board connects to the IDE controller.
type IDEConfig struct {
	// IRQ are IRQ14 and IRQ15 towards the interrupt controller; nil is not connected.
	IRQ [2]devices.Line
	// Memory is what the bus master reads and writes.
	Memory devices.DMA
	// Map is told where the bus master ports (16 of them) answer; see pci.BAR. May be nil.
	Map func(base uint64, on bool)
	// Decode is told whether the command and control ports of a channel answer: they do
	// when both IOSE and the decode bit of IDETIM are set, so not before firmware says so.
	// It is told after Reset and Restore, then of changes. nil on a board that maps them
	// for good.
	Decode func(channel int, on bool)
}

// An IDE is function 1, the IDE controller.
type IDE struct {
	c        IDEConfig
	f        *pci.Function
	channels [2]*busMaster
	decoded  [2]bool
}

// NewIDE returns the IDE controller. The board makes the channels with the lines INTRQ and
// DMARQ, gives them to Attach, and calls Reset once all is wired.
func NewIDE(c IDEConfig) *IDE {
	d := &IDE{c: c}
	d.f = pci.NewFunction(pci.Header{
		Vendor: 0x8086, Device: 0x7010, Class: 0x010180,
		CommandWritable: pci.CommandIO | pci.CommandBusMaster, Status: 0x0280,
		LatencyTimerWritable: 0xf0,
	})
	d.f.AddBAR(4, pci.BAR{Size: 16, IO: true, Map: c.Map})
	for off := uint8(RegIDETIM); off <= RegIDETIM+4; off++ {
		d.f.Define(off, 0, 0xff)
	}
	for i := range d.channels {
		d.channels[i] = &busMaster{irq: connected(c.IRQ[i]), memory: c.Memory, mayMaster: d.mayMaster}
	}
	d.f.Watch(pci.RegCommand, pci.RegCommand+1, d.commandWritten)
	d.f.Watch(RegIDETIM, RegIDETIM+3, func() { d.reportDecode(false) })
	return d
}

// Function is the controller's place in configuration space: device 1, function 1.
func (d *IDE) Function() *pci.Function { return d.f }

// Attach connects the data lines of channel 0 (primary) or 1 to its drives.
func (d *IDE) Attach(channel int, drives DMAPort) { d.channels[channel].port = drives }

// INTRQ is the interrupt input of a channel; it goes on to IRQ14 or IRQ15.
func (d *IDE) INTRQ(channel int) devices.Line { return d.channels[channel].interrupt }

// DMARQ is the DMA request input of a channel.
func (d *IDE) DMARQ(channel int) devices.Line { return d.channels[channel].request }

func (d *IDE) mayMaster() bool { return d.f.Command()&pci.CommandBusMaster != 0 }

func (d *IDE) commandWritten() {
	d.reportDecode(false)
	for _, c := range d.channels {
		c.run()
	}
}

// reportDecode tells the board which channels answer: those that changed, or all.
func (d *IDE) reportDecode(all bool) {
	for i := range d.decoded {
		on := d.f.Command()&pci.CommandIO != 0 && d.f.Byte(uint8(RegIDETIM+1+2*i))&idetimDecode != 0
		if on == d.decoded[i] && !all {
			continue
		}
		d.decoded[i] = on
		if d.c.Decode != nil {
			d.c.Decode(i, on)
		}
	}
}

// Reset returns to the power-on state. The lines of the drives keep their levels.
func (d *IDE) Reset() {
	d.f.Reset()
	for _, c := range d.channels {
		c.reset()
	}
	d.reportDecode(true)
}

// Save returns a copy of the state.
func (d *IDE) Save() IDEState {
	return IDEState{d.f.Save(), [2]BusMasterState{d.channels[0].s, d.channels[1].s}}
}

// Restore replaces the state and drives both IRQs. It transfers nothing: what a drive had
// asked for when the state was saved had been given to it, or was being withheld.
func (d *IDE) Restore(s IDEState) error {
	for i, c := range s.Channels {
		if err := c.check(); err != nil {
			return fmt.Errorf("piix3 bus master %d: %w", i, err)
		}
	}
	if err := d.f.Restore(s.PCI); err != nil {
		return fmt.Errorf("piix3 IDE: %w", err)
	}
	for i, c := range d.channels {
		c.s = s.Channels[i]
		c.irq(c.s.INTRQ)
	}
	d.reportDecode(true)
	return nil
}

// In implements devices.Port for the 16 bus master ports.
func (d *IDE) In(off uint16) uint8 {
	if off >= 16 {
		return 0xff
	}
	return d.channels[off>>3].read(off & 7)
}

// Out implements devices.Port for the 16 bus master ports.
func (d *IDE) Out(off uint16, v uint8) {
	if off < 16 {
		d.channels[off>>3].write(off&7, v)
	}
}

// InWide implements devices.WidePort: the registers may be read in any size.
func (d *IDE) InWide(off uint16, size int) (v uint32) {
	for i := range size {
		v |= uint32(d.In(off+uint16(i))) << (8 * i)
	}
	return v
}

// OutWide implements devices.WidePort. The bytes of one access arrive lowest first, except
// that BMICX comes last: a transfer that it starts sees the rest.
func (d *IDE) OutWide(off uint16, size int, v uint32) {
	for i := size - 1; i >= 0; i-- {
		d.Out(off+uint16(i), uint8(v>>(8*i)))
	}
}
