package machine

import (
	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Memory types of MTRRs. SDM Vol. 3A, "Memory Type Range Registers (MTRRs)".
const (
	typeUC = 0
	typeWP = 5
	typeWB = 6
)

// describeMemory gives the MTRRs of all processors what firmware gives them: memory is
// cached, but for the windows of video memory and of PCI devices, and ROMs are read only.
// They have no effect here; systems look whether they are sensible.
func (m *Machine) describeMemory() {
	every := func(t uint64) uint64 { return t * 0x0101010101010101 }
	hole := uint64(m.acpiBoard().PCIMemory)
	const enabled, fixed, valid, mask = 1 << 11, 1 << 10, 1 << 11, 1<<40 - 1
	for _, c := range m.cpus {
		if !c.Model.Has(cpu.FeatMTRR) {
			continue
		}
		set := func(n uint32, v uint64) {
			if !c.WriteMSR(n, v) {
				panic("machine: an MTRR refuses its value")
			}
		}
		set(x86.MSR_MTRR_FIX64K, every(typeWB))
		set(x86.MSR_MTRR_FIX16K_8, every(typeWB))
		set(x86.MSR_MTRR_FIX16K_A, every(typeUC))
		for i := range uint32(8) {
			set(x86.MSR_MTRR_FIX4K_C0+i, every(typeWP))
		}
		for i, at := uint32(0), hole; at < 1<<32; i++ {
			size := at & -at // the largest that begins here
			set(x86.MSR_MTRR_PHYSBASE+2*i, at|typeUC)
			set(x86.MSR_MTRR_PHYSBASE+2*i+1, mask&^(size-1)|valid)
			at += size
		}
		set(x86.MSR_MTRR_DEF_TYPE, enabled|fixed|typeWB)
	}
}
