package machine

import (
	"bytes"
	"fmt"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/bios/rom"
	"github.com/glassbox-vm/glassbox/bios/service"
	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Limits of ROMs, in bytes.
const (
	MaxBIOS    = 4 << 20
	MaxVGABIOS = 64 << 10
	biosUnit   = 64 << 10
	biosAlias  = 128 << 10 // of its end, below 1 MiB
)

// systemROM puts the BIOS below 1 MiB and below 4 GiB, where the processor starts, and
// connects the calls of our own to their services.
func (m *Machine) systemROM(w *wiring) {
	b := m.board
	image := m.cfg.Boot.BIOS
	if image == nil {
		image = rom.Image()
		copy(image[rom.Tables:], m.lowTables())
		if video := m.videoTables(); video.Font != nil {
			rom.PutFont(image, video.Font(8))
		}
	}
	size := uint64(len(image))
	if size == 0 || size%biosUnit != 0 || size > MaxBIOS {
		w.keep(fmt.Errorf("%w: a BIOS of %d bytes: want a multiple of 64 KiB, up to 4 MiB", ErrConfig, size))
		return
	}
	off, err := b.reserveROM(image)
	if err != nil {
		w.keep(err)
		return
	}
	low := min(size, biosAlias)
	w.keep(b.mem.MapROMAt(phys.Addr(bios.FourGiB-size), "system ROM", off, size))
	w.keep(b.mem.MapROMAt(phys.Addr(bios.HighBase-low), "system ROM", off+size-low, low))
	m.describe()
	if m.cfg.Boot.BIOS != nil {
		return
	}
	for _, c := range b.cpus {
		s := service.New(c.Caller(), memoryMap, m.videoTables())
		s.Publish(m.highTables()...)
		c.Firmware = cpu.Firmware{ROM: off, Size: rom.Size, Call: s.Call}
		if b.service == nil {
			b.service = s
		}
	}
}

// reserveROM puts a ROM into the spare room of memory and returns its offset.
func (b *board) reserveROM(image []byte) (off uint64, err error) {
	if off, err = b.mem.Reserve(uint64(len(image))); err != nil {
		return 0, fmt.Errorf("ROM: %w", err)
	}
	if p := b.mem.Backing()[off:]; !bytes.HasPrefix(p, image) { // a fork has it already
		copy(p, image)
	}
	return off, nil
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
	order := m.bootOrder()
	m.rtc.SetCMOS(service.CMOSBoot2, uint8(order[0])|uint8(order[1])<<4)
	m.rtc.SetCMOS(service.CMOSBoot, uint8(order[2])<<4)
	menu := uint8(0)
	if m.cfg.Boot.Menu {
		menu = 1
	}
	m.rtc.SetCMOS(service.CMOSBootMenu, menu)
	m.describeFloppies()
	m.describeDisks()
}

// bootOrder is what to boot from, first to last; 0 is nothing more.
func (m *Machine) bootOrder() (order [3]BootDevice) {
	if len(m.cfg.Boot.Order) == 0 {
		return [3]BootDevice{BootDisk, BootCD, BootFloppy}
	}
	copy(order[:], m.cfg.Boot.Order)
	return order
}

// userType is the type of a disk whose geometry is its own: IBM's types end before.
const userType = 47

// describeDisks writes the types of the first two disks, and the checksum over all that is
// described.
func (m *Machine) describeDisks() {
	types := uint8(0)
	for i, d := range m.cfg.Drives[:2] {
		if d != nil && !d.CDROM {
			types |= 0xf0 >> (4 * i) // 15: see the extended type
			m.rtc.SetCMOS(service.CMOSDisk0+uint8(i), userType)
		}
	}
	m.rtc.SetCMOS(service.CMOSDisks, types)
	sum := uint16(0)
	for i := uint8(0x10); i < service.CMOSSum; i++ {
		sum += uint16(m.rtc.CMOS(i))
	}
	m.rtc.SetCMOS(service.CMOSSum, uint8(sum>>8))
	m.rtc.SetCMOS(service.CMOSSum+1, uint8(sum))
}

// NothingToBoot says whether our BIOS has halted because no drive has a boot sector.
func (m *Machine) NothingToBoot() bool {
	c := m.cpus[0]
	s := c.Save()
	return s.Activity == cpu.Halted && c.Flags()&x86.FlagIF == 0 && s.Seg[x86.CS].Base == bios.ROMBase && m.cfg.Boot.Kernel == nil && m.cfg.Boot.BIOS == nil
}
