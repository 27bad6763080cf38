package main

import (
	"errors"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/monitor"
	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/pci"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// bootErrorCode recognises kernels that cannot be started.
func bootErrorCode(err error) (code int, ok bool) {
	if errors.Is(err, bios.ErrNotAKernel) {
		return exitBadImage, true
	}
	return 0, false
}

// A target is the machine as the monitor sees it.
type target struct{ s *session }

var _ monitor.Target = (*target)(nil)

// CPUs implements debug.Target.
func (t *target) CPUs() []*cpu.CPU { return t.s.m.CPUs() }

// Memory implements debug.Target.
func (t *target) Memory() *phys.Memory { return t.s.m.Memory() }

// EachPart implements debug.Target.
func (t *target) EachPart(visit func(name string, state any)) { t.s.m.EachPart(visit) }

// IRQSources and IRQPin are for info irq.
func (t *target) IRQSources(n int) []string { return t.s.m.IRQSources(n) }
func (t *target) IRQPin(n int) int          { return t.s.m.IRQPin(n) }

// PCI is for info pci.
func (t *target) PCI() *pci.Bus { return t.s.m.PCI() }

// sendBreak holds the line of COM1 low, if the machine can.
func (s *session) sendBreak() {
	if m, ok := any(s.m).(interface{ SendBreak(port int) }); ok {
		m.SendBreak(s.console())
		return
	}
	s.env.errorf("this machine cannot send a break")
}

// onReset calls f whenever the machine is reset, if it can tell.
func (s *session) onReset(f func()) bool {
	m, ok := any(s.m).(interface{ OnReset(func()) })
	if ok {
		m.OnReset(f)
	}
	return ok
}

// resetMachine is the reset button.
func (s *session) resetMachine() error {
	if m, ok := any(s.m).(interface{ Reset() error }); ok {
		return m.Reset()
	}
	s.env.errorf("this machine has no reset button")
	return nil
}

// ScreenInfo implements monitor.Target.
func (t *target) ScreenInfo() string { return t.s.m.ScreenInfo() }

// SaveScreen implements monitor.Target.
func (t *target) SaveScreen(path string) error { return saveScreen(t.s.m, path) }

// HoldKeys implements monitor.Target.
func (t *target) HoldKeys(d devices.Time, keys ...ps2kbd.Key) { t.s.m.HoldKeys(d, keys...) }

// Status implements monitor.Target.
func (t *target) Status() string { return t.s.status() }

// ChangeMedium implements monitor.Target.
func (t *target) ChangeMedium(drive, path string) error {
	i, err := t.s.m.DriveNamed(drive)
	if err != nil {
		return err
	}
	return t.s.m.ChangeMedium(i, path)
}
