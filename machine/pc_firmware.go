package machine

import (
	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/devices/fwcfg"
)

// firmware is what firmware asks the board: fw_cfg, with memory size, processors and the
// pieces of a direct boot.
func (m *Machine) firmware(w *wiring) {
	b := m.board
	b.fwcfg = fwcfg.New(b.mem.DMA())
	w.ports(b.ports, "fw_cfg", 0x510, fwcfg.Ports, b.fwcfg)
	keep := func(err error) {
		if err != nil && w.err == nil {
			w.err = err
		}
	}
	keep(b.fwcfg.Add64(fwcfg.KeyRAMSize, m.cfg.Memory))
	keep(b.fwcfg.Add16(fwcfg.KeyCPUs, 1))
	keep(b.fwcfg.Add16(fwcfg.KeyMaxCPUs, 1))
	boot := &m.cfg.Boot
	if boot.Kernel == nil {
		return
	}
	setup, kernel := splitKernel(boot.Kernel)
	piece := func(addr, size, data uint16, at uint32, p []byte) {
		keep(b.fwcfg.Add32(addr, at))
		keep(b.fwcfg.Add32(size, uint32(len(p))))
		keep(b.fwcfg.Add(data, p))
	}
	piece(fwcfg.KeySetupAddr, fwcfg.KeySetupSize, fwcfg.KeySetupData, setupAddr, setup)
	piece(fwcfg.KeyKernelAddr, fwcfg.KeyKernelSize, fwcfg.KeyKernelData, bios.HighBase, kernel)
	piece(fwcfg.KeyCmdlineAddr, fwcfg.KeyCmdlineSize, fwcfg.KeyCmdlineData, cmdlineAddr, append([]byte(boot.Append), 0))
	if boot.Initrd != nil {
		keep(b.fwcfg.Add32(fwcfg.KeyInitrdSize, uint32(len(boot.Initrd))))
		keep(b.fwcfg.Add(fwcfg.KeyInitrdData, boot.Initrd))
	}
}

// Where the 16-bit boot protocol of Linux puts the setup code and the command line.
const (
	setupAddr   = 0x10000
	cmdlineAddr = 0x20000
)

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
