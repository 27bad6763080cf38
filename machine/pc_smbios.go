package machine

import (
	"slices"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/bios/acpi"
	"github.com/glassbox-vm/glassbox/bios/mptable"
	"github.com/glassbox-vm/glassbox/bios/rom"
	"github.com/glassbox-vm/glassbox/bios/smbios"
	"github.com/glassbox-vm/glassbox/devices/ioapic"
	"github.com/glassbox-vm/glassbox/devices/lapic"
	"github.com/glassbox-vm/glassbox/devices/piix3"
)

// smbiosOffset is where in the room for tables at the top of RAM those of SMBIOS are.
const smbiosOffset = bios.TablesSize / 2

// smbiosTables are the SMBIOS tables at their place in RAM, and the anchor that points to
// them.
func (m *Machine) smbiosTables(at uint32) (anchor, table []byte) {
	signature, features := m.cpu.Model.Identity()
	low, high := bios.SplitRAM(m.cfg.Memory)
	return smbios.Build(smbios.Board{
		CPUs: m.cfg.CPUs, CPU: m.cpu.Model.Brand, Signature: signature, Features: features,
		Speed: 1000, Version: "1.0", LowRAM: low, HighRAM: high,
	}, at)
}

// pirTable is the PCI interrupt routing table.
func (m *Machine) pirTable() []byte {
	irqs := uint16(0)
	for _, n := range m.acpiBoard().LinkIRQs {
		irqs |= 1 << n
	}
	return mptable.PIR(mptable.Router{
		Device: 1, Vendor: 0x8086, Chip: 0x7000, Slots: 31, IRQs: irqs,
		Link: func(slot, pin int) uint8 { return piix3.RegPIRQRC + uint8(acpi.PIRQ(slot, pin)) },
	})
}

// lowTables are what systems look for in the ROM, each on a multiple of 16: first the
// RSDP, if there is one, then the others.
func (m *Machine) lowTables() (p []byte) {
	add := func(t []byte) {
		p = append(p, t...)
		p = append(p, make([]byte, -len(p)&15)...)
	}
	if _, rsdp, at := m.acpiTables(); at != 0 {
		anchor, _ := m.smbiosTables(at + smbiosOffset)
		add(rsdp)
		add(anchor)
	}
	add(m.pirTable())
	if b, ok := m.mpBoard(); ok {
		at := bios.ROMBase + rom.Tables + uint32(len(p)) + mptable.PointerSize
		pointer, table := mptable.Build(b, at)
		add(pointer)
		add(table)
	}
	if len(p) > rom.TablesSize {
		panic("machine: tables in the ROM are too large")
	}
	return p
}

// mpBoard describes the board for the MP table; ok is false without APICs.
func (m *Machine) mpBoard() (b mptable.Board, ok bool) {
	if m.ioapic == nil {
		return b, false
	}
	b = mptable.Board{LocalAPIC: lapic.DefaultBase, IOAPIC: ioapic.DefaultBase, IOVersion: ioapic.Version}
	b.Signature, b.Features = m.cpu.Model.Identity()
	for _, c := range m.cpus {
		b.IDs = append(b.IDs, c.ID)
	}
	for n := range uint8(16) {
		if n != 2 && !slices.Contains(m.acpiBoard().LinkIRQs, uint32(n)) { // 2 is the cascade
			b.ISA = append(b.ISA, mptable.ISAInterrupt{IRQ: n, Input: uint8(irqPin(int(n)))})
		}
	}
	for slot := 1; slot <= 2; slot++ {
		for pin := range 4 {
			b.PCI = append(b.PCI, mptable.PCIInterrupt{Device: uint8(slot), Pin: uint8(pin), Input: pirqIRQ[acpi.PIRQ(slot, pin)]})
		}
	}
	return b, true
}
