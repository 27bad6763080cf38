package machine

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/bios/acpi"
	"github.com/glassbox-vm/glassbox/devices/fwcfg"
)

// firmware is what firmware asks the board: fw_cfg, with memory size, processors, tables
// and the pieces of a direct boot.
func (m *Machine) firmware(w *wiring) {
	b := m.board
	b.fwcfg = fwcfg.New(b.mem.DMA())
	w.ports(b.ports, "fw_cfg", 0x510, fwcfg.Ports, b.fwcfg)
	f := b.fwcfg
	w.keep(f.Add64(fwcfg.KeyRAMSize, m.cfg.Memory))
	w.keep(f.Add16(fwcfg.KeyCPUs, uint16(m.cfg.CPUs)))
	w.keep(f.Add16(fwcfg.KeyMaxCPUs, uint16(m.cfg.CPUs)))
	w.keep(f.Add(fwcfg.KeyUUID, make([]byte, 16)))
	w.keep(f.Add16(fwcfg.KeyNoGraphic, uint16(flag(m.cfg.VGA == VGANone))))
	w.keep(f.Add16(fwcfg.KeyBootMenu, uint16(flag(m.cfg.Boot.Menu))))
	m.firmwareFiles(w)
	m.firmwareKernel(w)
}

func flag(on bool) uint8 {
	if on {
		return 1
	}
	return 0
}

// sleepStates is etc/system-states: bit 7 of byte n says that Sn exists; below it is the
// value for SUS_TYP. There are S0, S1 in name only, and S5.
var sleepStates = []byte{128, 0, 0, 1, 2, 128}

// firmwareFiles are the files that firmware looks for, and the user's.
func (m *Machine) firmwareFiles(w *wiring) {
	f := m.fwcfg
	files := []FWFile{
		{"bootorder", []byte(m.bootPaths())},
		{"etc/e820", firmwareRAM(m.cfg.Memory)},
		{"etc/system-states", sleepStates},
	}
	if bios.TablesBase(m.cfg.Memory) != 0 {
		image := m.acpiImage()
		anchor, dmi := m.smbiosTables(0)
		files = append(files, FWFile{"etc/smbios/smbios-anchor", anchor}, FWFile{"etc/smbios/smbios-tables", dmi},
			FWFile{acpi.FileTables, image.Tables()},
			FWFile{acpi.FileRSDP, image.RSDP()},
			FWFile{acpi.FileLoader, image.Loader()})
	}
	for _, file := range files {
		w.keep(f.AddFile(file.Name, file.Data))
	}
	for _, file := range m.cfg.Boot.Files {
		if err := f.AddFile(file.Name, file.Data); err != nil {
			w.keep(fmt.Errorf("%w: %w", ErrConfig, err))
		}
	}
}

// bootPaths is bootorder: the drives as Open Firmware names them, one a line, first the one
// to boot from. Drives of a kind are in the order of their positions. SeaBIOS, "Runtime
// configuration".
func (m *Machine) bootPaths() string {
	var paths []string
	for _, kind := range m.bootOrder() {
		for i, d := range m.cfg.Drives {
			switch {
			case d == nil || kind != kindOf(i, d):
			case i >= FloppyA:
				paths = append(paths, fmt.Sprintf("/pci@i0cf8/isa@1/fdc@03f0/floppy@%d", i-FloppyA))
			default:
				paths = append(paths, fmt.Sprintf("/pci@i0cf8/ide@1,1/drive@%d/disk@%d", i/2, i%2))
			}
		}
	}
	return strings.Join(paths, "\n")
}

// kindOf is what the drive on position i is.
func kindOf(i int, d *Drive) BootDevice {
	switch {
	case i >= FloppyA:
		return BootFloppy
	case d.CDROM:
		return BootCD
	}
	return BootDisk
}

// firmwareRAM is etc/e820: the RAM there is, from which firmware makes its own map. An
// entry is start (8), size (8), kind (4).
func firmwareRAM(size uint64) (p []byte) {
	low, high := bios.SplitRAM(size)
	le := binary.LittleEndian
	for _, r := range []bios.Region{{Start: 0, Size: low}, {Start: bios.FourGiB, Size: high}} {
		if r.Size > 0 {
			p = le.AppendUint64(le.AppendUint64(p, r.Start), r.Size)
			p = le.AppendUint32(p, uint32(bios.RegionRAM))
		}
	}
	return p
}

// firmwareKernel is the kernel, for firmware that starts it.
func (m *Machine) firmwareKernel(w *wiring) {
	boot := &m.cfg.Boot
	if boot.Kernel == nil {
		return
	}
	f := m.fwcfg
	setup, kernel := splitKernel(boot.Kernel)
	piece := func(addr, size, data uint16, at uint32, p []byte) {
		w.keep(f.Add32(addr, at))
		w.keep(f.Add32(size, uint32(len(p))))
		w.keep(f.Add(data, p))
	}
	piece(fwcfg.KeySetupAddr, fwcfg.KeySetupSize, fwcfg.KeySetupData, setupAddr, setup)
	piece(fwcfg.KeyKernelAddr, fwcfg.KeyKernelSize, fwcfg.KeyKernelData, bios.HighBase, kernel)
	piece(fwcfg.KeyCmdlineAddr, fwcfg.KeyCmdlineSize, fwcfg.KeyCmdlineData, cmdlineAddr, append([]byte(boot.Append), 0))
	if boot.Initrd != nil {
		w.keep(f.Add32(fwcfg.KeyInitrdAddr, initrdAddr(m.cfg.Memory, len(boot.Initrd))))
		w.keep(f.Add32(fwcfg.KeyInitrdSize, uint32(len(boot.Initrd))))
		w.keep(f.Add(fwcfg.KeyInitrdData, boot.Initrd))
	}
}

// Where the 16-bit boot protocol of Linux puts the setup code and the command line.
const (
	setupAddr   = 0x10000
	cmdlineAddr = 0x20000
)

// initrdAddr is where firmware may put an initial RAM disk: as high as every kernel allows,
// below what firmware keeps at the end of RAM.
func initrdAddr(ram uint64, size int) uint32 {
	const highest, kept = 0x37ffffff, 1 << 20
	low, _ := bios.SplitRAM(ram)
	return uint32(min(low-kept, highest)-uint64(size)) &^ 0xfff
}

// splitKernel divides a bzImage into its setup sectors and the rest; another kernel has
// no setup. Documentation/arch/x86/boot.rst, "setup_sects".
func splitKernel(k []byte) (setup, kernel []byte) {
	const setupSects = 0x1f1
	if f, err := bios.Detect(k); err != nil || f != bios.FormatLinux {
		return nil, k
	}
	n := int(k[setupSects])
	if n == 0 {
		n = 4
	}
	n = min((n+1)*512, len(k))
	return k[:n], k[n:]
}
