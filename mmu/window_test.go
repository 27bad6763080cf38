package mmu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// zeros is a register window that reads as zero.
type zeros struct{}

func (zeros) ReadMMIO(uint64, int) uint64   { return 0 }
func (zeros) WriteMMIO(uint64, int, uint64) {}

// TestAWalkTouchesNoChip puts the page directory into a register window. A walk that read
// it once in one engine and twice in another made the engines differ.
func TestAWalkTouchesNoChip(t *testing.T) {
	mem, err := phys.New(1 << 20)
	require.NoError(t, err)
	defer mem.Close()
	require.NoError(t, mem.MapRAM(0, 0, 1<<20))
	require.NoError(t, mem.MapMMIO(1<<20, PageSize, "window", zeros{}))
	m := New(mem, new(TLB))
	m.SetMode(x86.CR0_PE|x86.CR0_PG, 1<<20, 0, 0)
	m.Read32(0x1234, ClassSuper)
	assert.Zero(t, mem.Touches())
}
