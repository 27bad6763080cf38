package mmu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// pcidRig maps page 40 to page 40 of RAM, and 41 to 41 as a global page, for PCID 1.
// Every page of RAM holds its number.
func pcidRig(t *testing.T) (r *rig, at func(page uint64) uint64) {
	r = flat(t)
	r.pte(40, 40, entryP|entryRW|entryUS)
	r.pte(41, 41, entryP|entryRW|entryUS|entryG)
	for p := uint64(38); p < 50; p++ {
		r.poke(p*PageSize, 8, p)
	}
	m := r.mmu
	m.SetMode(m.cr0, m.cr3&^0xfff|1, m.cr4|x86.CR4_PCIDE|x86.CR4_PGE, m.efer)
	return r, func(page uint64) uint64 {
		v, f := m.Read64(LinAddr(page*PageSize), ClassSuper)
		require.False(t, f.Raised)
		return v
	}
}

// A translation that is still used after its table changed shows that it was kept.
func TestPCIDs(t *testing.T) {
	for _, tc := range []struct {
		name         string
		do           func(m *MMU, cr3 func(pcid uint64) uint64)
		page, global uint64 // seen afterwards by PCID 1
	}{
		{"away and back without dropping", func(m *MMU, cr3 func(uint64) uint64) { m.SwitchCR3(cr3(2)); m.SwitchCR3(cr3(1)) }, 40, 41},
		{"away drops the other's only", func(m *MMU, cr3 func(uint64) uint64) { m.SetCR3(cr3(2)); m.SwitchCR3(cr3(1)) }, 40, 41},
		{"back drops its own", func(m *MMU, cr3 func(uint64) uint64) { m.SwitchCR3(cr3(2)); m.SetCR3(cr3(1)) }, 45, 41},
		{"another is flushed", func(m *MMU, cr3 func(uint64) uint64) { m.FlushPCID(2) }, 40, 41},
		{"it is flushed", func(m *MMU, _ func(uint64) uint64) { m.FlushPCID(1) }, 45, 41},
		{"it is flushed from outside", func(m *MMU, cr3 func(uint64) uint64) {
			m.SwitchCR3(cr3(2))
			m.FlushPCID(1)
			m.SwitchCR3(cr3(1))
		}, 45, 41},
		{"all but global pages are flushed", func(m *MMU, cr3 func(uint64) uint64) {
			m.SwitchCR3(cr3(2))
			m.FlushNonGlobal()
			m.SwitchCR3(cr3(1))
		}, 45, 41},
		{"everything is flushed", func(m *MMU, cr3 func(uint64) uint64) { m.SwitchCR3(cr3(2)); m.Flush(); m.SwitchCR3(cr3(1)) }, 45, 46},
		{"INVLPG from outside", func(m *MMU, cr3 func(uint64) uint64) {
			m.SwitchCR3(cr3(2))
			m.Invalidate(41 * PageSize)
			m.SwitchCR3(cr3(1))
		}, 40, 46},
		{"PCIDs are switched off", func(m *MMU, cr3 func(uint64) uint64) { m.SetMode(m.cr0, m.cr3, m.cr4&^x86.CR4_PCIDE, m.efer) }, 45, 46},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, at := pcidRig(t)
			assert.Equal(t, uint64(40), at(40))
			assert.Equal(t, uint64(41), at(41))
			r.pte(40, 45, entryP|entryRW|entryUS)
			r.pte(41, 46, entryP|entryRW|entryUS|entryG)
			base := r.mmu.cr3 &^ 0xfff
			tc.do(r.mmu, func(pcid uint64) uint64 { return base | pcid })
			assert.Equal(t, tc.page, at(40), "page of PCID 1")
			assert.Equal(t, tc.global, at(41), "global page")
		})
	}
}

func TestPCIDsDoNotSeeEachOther(t *testing.T) {
	r, at := pcidRig(t)
	base := r.mmu.cr3 &^ 0xfff
	for pcid := uint64(1); pcid < 3*spaces; pcid++ {
		r.mmu.SwitchCR3(base | pcid)
		r.pte(40, 38+pcid%10, entryP|entryRW|entryUS)
		assert.Equal(t, 38+pcid%10, at(40), "PCID %d", pcid)
		assert.Equal(t, uint64(41), at(41))
	}
}

func TestAPageDroppedInOnePCIDIsNotSeenByAnother(t *testing.T) {
	r, at := pcidRig(t)
	assert.Equal(t, uint64(40), at(40))
	r.mmu.Invalidate(40 * PageSize)
	r.mmu.SwitchCR3(r.mmu.cr3&^0xfff | 2)
	r.pte(40, 45, entryP|entryRW|entryUS)
	assert.Equal(t, uint64(45), at(40))
}
