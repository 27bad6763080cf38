package machine

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/i440fx"
	"github.com/glassbox-vm/glassbox/devices/ide"
	"github.com/glassbox-vm/glassbox/devices/pci"
	"github.com/glassbox-vm/glassbox/devices/piix3"
	"github.com/glassbox-vm/glassbox/devices/piix4pm"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// pirqIRQ is where firmware routes PIRQA–PIRQD.
var pirqIRQ = [4]uint8{10, 10, 11, 11}

// busMasterPorts is where the board, in place of firmware, puts the registers of the IDE
// bus master.
const busMasterPorts = 0xc040

// pci is the PCI bus: host bridge, ISA bridge, IDE controller with its drives.
func (m *Machine) pci(w *wiring) {
	b := m.board
	b.pciBus = pci.NewBus()
	b.host = i440fx.New(i440fx.Config{PAM: b.shadow})

	hardReset := m.pulse(func() { m.request.reset = true })
	cfg := piix3.ISAConfig{HardReset: hardReset, INIT: m.pulse(func() { m.request.init = true })}
	for i := range cfg.IRQ {
		cfg.IRQ[i] = b.irq[i].input("")
	}
	b.isa = piix3.NewISA(cfg)
	b.ideFunc = piix3.NewIDE(piix3.IDEConfig{
		IRQ:    [2]devices.Line{b.irq[14].input("IDE channel 0"), b.irq[15].input("IDE channel 1")},
		Memory: b.mem.DMA(),
		Map:    b.movable("piix3 bus master", 16, func() devices.Port { return b.ideFunc }),
		Decode: m.ideDecoder(),
	})
	for ch := range b.ide {
		cfg := ide.Config{Clock: m.clock, INTRQ: b.ideFunc.INTRQ(ch), DMARQ: b.ideFunc.DMARQ(ch), OnHostError: m.hostError}
		for d := range cfg.Drives {
			if dr := m.cfg.Drives[2*ch+d]; dr != nil {
				cfg.Drives[d] = ide.Drive{Image: m.medium(2*ch + d), CDROM: dr.CDROM, Model: "GLASSBOX HARDDISK", Serial: driveSerial(dr, 2*ch+d), Firmware: "1.0"}
				if dr.CDROM {
					cfg.Drives[d].Model = "GLASSBOX CD-ROM"
				}
			}
		}
		b.ide[ch] = ide.New(cfg)
		b.ideFunc.Attach(ch, b.ide[ch])
		if m.cfg.Boot.BIOS != nil {
			b.decodeIDE(ch, true)
		}
	}
	attach := func(s pci.Slot, f *pci.Function) {
		if err := b.pciBus.Attach(s, f); err != nil && w.err == nil {
			w.err = err
		}
	}
	attach(pci.Slot{Device: 0, Function: 0}, b.host.Function())
	attach(pci.Slot{Device: 1, Function: 0}, b.isa.Function())
	attach(pci.Slot{Device: 1, Function: 1}, b.ideFunc.Function())
	m.power(w)
	attach(pci.Slot{Device: 1, Function: 3}, b.pm.Function())
	b.pciPorts = pci.NewPorts(b.pciBus, b.isa.ResetControl())
	w.ports(b.ports, "pci configuration", 0xcf8, 8, b.pciPorts)
}

// driveSerial is what the drive on position i reports as its serial number.
func driveSerial(d *Drive, i int) string {
	if d.Serial != "" {
		return d.Serial
	}
	return fmt.Sprintf("GB%05d", i+1)
}

// hostError remembers trouble with a disk image: the guest sees a drive error, the user
// hears of it at the end.
func (m *Machine) hostError(e ide.HostError) {
	m.unknown[fmt.Sprintf("disk %s failed: %v", e.Op, e.Err)]++
}

// movable returns the Map of a BAR of n ports. A window that would cover another chip's
// ports is not mapped: the chip that was there first keeps answering.
func (b *board) movable(name string, n int, dev func() devices.Port) func(base uint64, on bool) {
	mapped := false
	return func(base uint64, on bool) {
		if mapped {
			mapped = b.ports.Unmap(uint16(base)) != nil
		}
		if on && base+uint64(n) <= 1<<16 {
			mapped = b.ports.Map(name, uint16(base), n, dev()) == nil
		}
	}
}

// ideDecoder is what the IDE controller tells which channels answer. Firmware that is made
// for QEMU's board finds them answering always, and does not set the controller up.
func (m *Machine) ideDecoder() func(ch int, on bool) {
	if m.cfg.Boot.BIOS == nil {
		return m.decodeIDE
	}
	return nil
}

// decodeIDE maps and unmaps the ports of an IDE channel as the controller's registers say.
func (b *board) decodeIDE(ch int, on bool) {
	if !on {
		_ = b.ports.Unmap(idePort[ch]) // not mapped yet: nothing to do
		_ = b.ports.Unmap(ideControl[ch])
		return
	}
	name := fmt.Sprintf("ide channel %d", ch)
	_ = b.ports.Map(name, idePort[ch], 8, b.ide[ch].CommandPort())
	_ = b.ports.Map(name+" control", ideControl[ch], 1, b.ide[ch].ControlPort())
}

// shadow applies the PAM registers: what reads and writes of C0000h…FFFFFh reach.
// Each nibble is one region: bit 0 reads RAM, bit 1 writes RAM.
// Intel 82441FX data sheet, "Programmable Attribute Map Registers".
func (b *board) shadow(pam [7]uint8) {
	set := func(at phys.Addr, size uint64, bits uint8) {
		if err := b.mem.SetShadow(at, size, bits&1 != 0, bits&2 != 0); err != nil {
			panic("machine: " + err.Error())
		}
	}
	set(0xf0000, 0x10000, pam[0]>>4)
	for i, r := range pam[1:] {
		at := phys.Addr(0xc0000 + i*0x8000)
		set(at, 0x4000, r)
		set(at+0x4000, 0x4000, r>>4)
	}
}

// Configuration registers that firmware sets before it boots a system.
const (
	pciCommand       = 0x04
	pciBAR4          = 0x20
	pciInterruptLine = 0x3c
	ideTiming        = 0x40
	commandIO        = 1 << 0
	commandBM        = 1 << 2
	ideDecode        = 1 << 15
	ideFastTimer     = 0x2307 // ISP, RTC and fast timing of drive 0, as PC firmware sets them
)

// configurePCI does what firmware does before a system is booted, for kernels that are
// loaded directly: shadow RAM on, bridge and IDE controller enabled.
func (b *board) configurePCI() {
	host := b.host.Function()
	for off := uint8(0x5a); off <= 0x5f; off++ {
		host.WriteConfig(off, 1, 0x33)
	}
	f := b.ideFunc.Function()
	f.WriteConfig(pciBAR4, 4, busMasterPorts)
	f.WriteConfig(ideTiming, 2, ideDecode|ideFastTimer)
	f.WriteConfig(ideTiming+2, 2, ideDecode|ideFastTimer)
	f.WriteConfig(pciCommand, 2, commandIO|commandBM)
	pm := b.pm.Function()
	pm.WriteConfig(piix4pm.RegPMBA, 4, powerPorts|1)
	pm.WriteConfig(piix4pm.RegPMREGMISC, 1, 1)
	pm.WriteConfig(pciInterruptLine, 1, piix4pm.SCI)
	isa := b.isa.Function()
	for i, irq := range pirqIRQ {
		isa.WriteConfig(piix3.RegPIRQRC+uint8(i), 1, uint32(irq))
	}
	b.pic.ELCR().Out(1, 1<<(10-8)|1<<(11-8))
}
