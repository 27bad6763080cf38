package main

import (
	"errors"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/monitor"
	"github.com/glassbox-vm/glassbox/cpu"
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

// CPU implements monitor.Target.
func (t *target) CPU() *cpu.CPU { return t.s.m.CPU() }

// Memory implements monitor.Target.
func (t *target) Memory() *phys.Memory { return t.s.m.Memory() }

// Parts implements monitor.Target.
func (t *target) Parts() []monitor.Part {
	var parts []monitor.Part
	for _, p := range t.s.m.Parts() {
		parts = append(parts, monitor.Part{Name: p.Name, State: p.State})
	}
	return parts
}

// Status implements monitor.Target.
func (t *target) Status() string { return t.s.status() }
