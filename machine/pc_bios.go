package machine

import (
	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/bios/rom"
	"github.com/glassbox-vm/glassbox/bios/service"
	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// systemROM puts our BIOS below 1 MiB and below 4 GiB, where the processor starts, and
// connects its calls to their services.
func (m *Machine) systemROM(w *wiring) {
	b := m.board
	keep := func(err error) {
		if err != nil && w.err == nil {
			w.err = err
		}
	}
	off, err := b.mem.Reserve(rom.Size)
	if err != nil {
		keep(err)
		return
	}
	image := rom.Image()
	copy(image[rom.Tables:], m.lowTables())
	copy(b.mem.Backing()[off:], image)
	for _, top := range []phys.Addr{bios.HighBase, bios.FourGiB} {
		keep(b.mem.MapROMAt(top-rom.Size, "system ROM", off, rom.Size))
	}
	for _, c := range b.cpus {
		s := service.New(c.Caller(), memoryMap, m.videoTables())
		s.Publish(m.highTables()...)
		c.Firmware = cpu.Firmware{ROM: off, Size: rom.Size, Call: s.Call}
	}
	m.describe()
}

// memoryMap is bios.MemoryMap for the services.
func memoryMap(ram uint64) []service.Region {
	var regions []service.Region
	for _, r := range bios.MemoryMap(ram) {
		regions = append(regions, service.Region{Start: r.Start, Size: r.Size, Kind: uint32(r.Kind)})
	}
	return regions
}

// A BootDevice is where firmware looks for a boot sector.
type BootDevice uint8

// Boot devices.
const (
	BootFloppy BootDevice = service.BootFloppy
	BootDisk   BootDevice = service.BootDisk
	BootCD     BootDevice = service.BootCD
)

// describe writes into the clock's battery-backed memory what firmware finds there: how
// much memory there is and what to boot from.
func (m *Machine) describe() {
	low, high := bios.SplitRAM(m.cfg.Memory)
	word := func(i uint8, v uint64) {
		m.rtc.SetCMOS(i, uint8(v))
		m.rtc.SetCMOS(i+1, uint8(v>>8))
	}
	extended := min((low-bios.HighBase)>>10, 63<<10)
	word(service.CMOSBase, 640)
	word(service.CMOSExtended, extended)
	word(service.CMOSExtended2, extended)
	word(service.CMOSAbove16M, (max(low, 16<<20)-16<<20)>>16)
	word(service.CMOSAbove4G, high>>16)
	m.rtc.SetCMOS(service.CMOSAbove4G+2, uint8(high>>32))
	order := [3]BootDevice{BootDisk, BootCD, BootFloppy}
	if len(m.cfg.Boot.Order) > 0 {
		order = [3]BootDevice{}
		copy(order[:], m.cfg.Boot.Order)
	}
	m.rtc.SetCMOS(service.CMOSBoot2, uint8(order[0])|uint8(order[1])<<4)
	m.rtc.SetCMOS(service.CMOSBoot, uint8(order[2])<<4)
	menu := uint8(0)
	if m.cfg.Boot.Menu {
		menu = 1
	}
	m.rtc.SetCMOS(service.CMOSBootMenu, menu)
	m.describeFloppies()
}

// NothingToBoot says whether our BIOS has halted because no drive has a boot sector.
func (m *Machine) NothingToBoot() bool {
	c := m.cpus[0]
	s := c.Save()
	return s.Activity == cpu.Halted && c.Flags()&x86.FlagIF == 0 && s.Seg[x86.CS].Base == bios.ROMBase && m.cfg.Boot.Kernel == nil
}
