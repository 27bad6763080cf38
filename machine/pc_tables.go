package machine

import (
	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/bios/acpi"
	"github.com/glassbox-vm/glassbox/bios/rom"
	"github.com/glassbox-vm/glassbox/bios/service"
	"github.com/glassbox-vm/glassbox/devices/hpet"
	"github.com/glassbox-vm/glassbox/devices/ioapic"
	"github.com/glassbox-vm/glassbox/devices/lapic"
	"github.com/glassbox-vm/glassbox/devices/piix4pm"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// pciMemoryEnd is the last address of the windows of PCI devices; above are the interrupt
// controllers and the system ROM.
const pciMemoryEnd = 0xfebfffff

// acpiBoard describes the board for its ACPI tables.
func (m *Machine) acpiBoard() acpi.Board {
	b := acpi.Board{
		CPUs:   m.cfg.CPUs,
		PMBase: powerPorts, SCI: piix4pm.SCI,
		LPT: true, Floppy: true, Mouse: true, FWCfg: true,
		VGA:          m.cfg.VGA != VGANone,
		PCIMemoryEnd: pciMemoryEnd,
		LinkIRQs:     []uint32{5, 10, 11},
	}
	if m.ioapic != nil {
		b.APICs = acpi.APICs{Local: lapic.DefaultBase, IO: ioapic.DefaultBase, HPET: hpet.DefaultBase, HPETID: uint32(hpet.ID & 0xffffffff)}
		for _, c := range m.cpus {
			b.APICs.IDs = append(b.APICs.IDs, c.ID)
		}
	}
	for i, port := range uartPort {
		b.COM = append(b.COM, acpi.COM{Port: port, IRQ: uint8(uartIRQ[i])})
	}
	// Windows begin where RAM cannot be, on a border that any firmware keeps to.
	low, _ := bios.SplitRAM(m.cfg.Memory)
	for _, b.PCIMemory = range []uint32{0x80000000, 0xc0000000, bios.LowRAMLimit} {
		if low <= uint64(b.PCIMemory) {
			break
		}
	}
	return b
}

// acpiImage is the board's ACPI tables, made when first asked for: with the chips there.
func (m *Machine) acpiImage() *acpi.Image {
	if m.acpi == nil {
		m.acpi = acpi.Build(m.acpiBoard())
	}
	return m.acpi
}

// acpiTables are the ACPI tables at their place in RAM; nothing on a board too small.
func (m *Machine) acpiTables() (tables, rsdp []byte, at uint32) {
	if at = bios.TablesBase(m.cfg.Memory); at == 0 {
		return nil, nil, 0
	}
	tables, rsdp = m.acpiImage().At(at)
	if len(tables) > smbiosOffset {
		panic("machine: ACPI tables are too large")
	}
	return tables, rsdp, at
}

// highTables are what firmware leaves at the top of RAM.
func (m *Machine) highTables() []service.Table {
	tables, _, at := m.acpiTables()
	if at == 0 {
		return nil
	}
	_, dmi := m.smbiosTables(at + smbiosOffset)
	return []service.Table{{At: at, Data: tables}, {At: at + smbiosOffset, Data: dmi}}
}

// placeTables does what firmware does before a system is booted, for kernels that are
// loaded directly, and returns the address of the RSDP; 0 if there is none.
func (m *Machine) placeTables() (rsdp uint64) {
	for _, t := range m.highTables() {
		m.mem.WriteAt(t.Data, phys.Addr(t.At))
	}
	if bios.TablesBase(m.cfg.Memory) == 0 {
		return 0
	}
	return bios.ROMBase + rom.Tables // in the system ROM
}
