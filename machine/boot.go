package machine

import (
	"errors"
	"fmt"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/devices/dma8237"
	"github.com/glassbox-vm/glassbox/devices/i8042"
)

// ErrKernel is the error, wrapped, for a kernel that cannot be loaded: damaged, too large
// for the memory, or of an unknown kind.
var ErrKernel = errors.New("load kernel")

// loadKernel does what firmware and boot loader would: it sets the chips up, puts the
// kernel into memory and the processor at its first instruction. Without a kernel the
// processor stays at the reset vector.
func (m *Machine) loadKernel() error {
	if m.cfg.Boot.Kernel == nil || m.cfg.Boot.BIOS != nil {
		return nil
	}
	m.configurePCI()
	if err := m.showText(); err != nil {
		return err
	}
	if err := m.kbc.Restore(i8042.AfterBIOS); err != nil {
		return fmt.Errorf("keyboard controller: %w", err)
	}
	if err := m.dma.Restore(dma8237.AfterBIOS); err != nil {
		return fmt.Errorf("DMA controllers: %w", err)
	}
	m.mem.SetA20(true)
	m.service.Prepare()
	modules := m.cfg.Boot.Modules
	if m.cfg.Boot.Initrd != nil {
		modules = append([]bios.Module{{Data: m.cfg.Boot.Initrd}}, modules...)
	}
	e, err := bios.Load(m.mem, bios.Boot{
		Kernel:     m.cfg.Boot.Kernel,
		KernelName: m.cfg.Boot.Name,
		Cmdline:    m.cfg.Boot.Append,
		Modules:    modules,
		RAM:        m.cfg.Memory,
		RSDP:       m.placeTables(),
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKernel, err)
	}
	return m.enter(e)
}

// enter puts the processor into the state that a boot protocol asks for.
func (m *Machine) enter(e bios.Entry) error {
	s := m.cpus[0].Save()
	s.RIP, s.RFLAGS = e.RIP, e.RFLAGS
	for r, v := range map[int]uint64{
		x86.RAX: e.RAX, x86.RBX: e.RBX, x86.RCX: e.RCX, x86.RDX: e.RDX,
		x86.RSI: e.RSI, x86.RDI: e.RDI, x86.RBP: e.RBP, x86.RSP: e.RSP,
	} {
		s.GPR[r] = v
	}
	s.CR0, s.CR3, s.CR4, s.EFER = e.CR0, e.CR3, e.CR4, e.EFER
	s.GDTR = cpu.Table{Base: e.GDTBase, Limit: e.GDTLimit}
	s.IDTR = cpu.Table{}
	for seg := range s.Seg {
		from := e.Data
		if x86.Seg(seg) == x86.CS {
			from = e.CS
		}
		s.Seg[seg] = cpu.SegmentSnapshot{Sel: from.Selector, Base: from.Base, Limit: from.Limit, Attr: cpu.Attr(from.Access)}
	}
	return m.cpus[0].Restore(s)
}
