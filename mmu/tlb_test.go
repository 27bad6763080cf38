package mmu

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Engines address the TLB by these numbers.
func TestLayoutIsFixed(t *testing.T) {
	e := reflect.TypeFor[TLBEntry]()
	assert.Equal(t, uintptr(32), e.Size())
	for i, name := range []string{"RTag", "WTag", "Host", "Off"} {
		assert.Equal(t, name, e.Field(i).Name)
		assert.Equal(t, uintptr(8*i), e.Field(i).Offset)
	}
	tlb := reflect.TypeFor[TLB]()
	assert.Equal(t, "Data", tlb.Field(0).Name)
	assert.Equal(t, uintptr(3*1024*32), tlb.Field(1).Offset)
	assert.Equal(t, uintptr(3*1024*32+2*1024*32), tlb.Size())
}

func TestInvalidTagMatchesNoAddressOfItsSlot(t *testing.T) {
	for i := range uint64(TLBSize) {
		for range 64 {
			la := rand.Uint64()&^(TLBSize*PageSize-1) | i*PageSize | rand.Uint64N(PageSize)
			assert.GreaterOrEqual(t, la^noTag(i), uint64(PageSize))
		}
	}
}

func TestDirtyHostMemoryHoldsNoTranslations(t *testing.T) {
	r := flat(t)
	tlb := new(TLB) // zero: tag 0 in slot 0 would be page 0
	m := New(r.mem, tlb)
	m.SetMode(r.mmu.cr0, r.mmu.cr3, r.mmu.cr4, r.mmu.efer)
	_, f := m.Read8(0, ClassUser)
	assert.True(t, f.Raised)
}

// What each operation must drop. SDM Vol. 3A, "Operations that Invalidate TLBs and
// Paging-Structure Caches".
func TestOperationsThatInvalidate(t *testing.T) {
	mode := func(cr0, cr4, efer uint64) func(*MMU) {
		return func(m *MMU) {
			m.SetMode(m.cr0^cr0, m.cr3, m.cr4^cr4, m.efer^efer)
			m.SetMode(m.cr0^cr0, m.cr3, m.cr4^cr4, m.efer^efer)
		}
	}
	for _, tc := range []struct {
		name                string
		op                  func(*MMU)
		dropsNormal, global bool
	}{
		{"nothing", func(*MMU) {}, false, false},
		{"INVLPG of the page", func(m *MMU) { m.Invalidate(0x1fff); m.Invalidate(0x2000) }, true, true},
		{"INVLPG of another page", func(m *MMU) { m.Invalidate(0x5000); m.Invalidate(0x401000) }, false, false},
		{"MOV to CR3, same value", func(m *MMU) { m.SetCR3(m.cr3) }, true, false},
		{"CR0 without paging bits", mode(x86.CR0_TS, 0, 0), false, false},
		{"CR0.WP", mode(x86.CR0_WP, 0, 0), true, true},
		{"CR0.PG", mode(x86.CR0_PG, 0, 0), true, true},
		{"CR4.PGE", mode(0, x86.CR4_PGE, 0), true, true},
		{"CR4.SMEP", mode(0, x86.CR4_SMEP, 0), true, true},
		{"EFER.NXE", mode(0, 0, x86.EFER_NXE), true, true},
		{"Flush", (*MMU).Flush, true, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := flat(t)
			r.poke(0x10000, 1, 1)
			r.poke(0x11000, 1, 2)
			r.pte(1, 0x10, 7)
			r.pte(2, 0x10, 7|entryG)
			read := func(la LinAddr) uint64 {
				v, f := r.mmu.Read8(la, ClassSuper)
				require.False(t, f.Raised)
				off, _, f := r.mmu.Fetch(la, false)
				require.False(t, f.Raised)
				require.Equal(t, v, uint64(r.mem.RAM()[off]))
				return v
			}
			require.Equal(t, uint64(1), read(0x1000))
			require.Equal(t, uint64(1), read(0x2000))
			r.pte(1, 0x11, 7)
			r.pte(2, 0x11, 7|entryG)
			tc.op(r.mmu)
			want := map[bool]uint64{false: 1, true: 2}
			assert.Equal(t, want[tc.dropsNormal], read(0x1000))
			assert.Equal(t, want[tc.global], read(0x2000))
		})
	}
}

func TestGlobalFlagNeedsPGE(t *testing.T) {
	r := flat(t)
	r.mmu.SetMode(r.mmu.cr0, 0, r.mmu.cr4&^x86.CR4_PGE, r.mmu.efer)
	r.poke(0x11000, 1, 2)
	r.pte(1, 0x10, 7|entryG)
	_, f := r.mmu.Read8(0x1000, ClassSuper)
	require.False(t, f.Raised)
	r.pte(1, 0x11, 7|entryG)
	r.mmu.SetCR3(0)
	v, _ := r.mmu.Read8(0x1000, ClassSuper)
	assert.Equal(t, uint64(2), v)
}

func TestPKRUIsSeenAtOnce(t *testing.T) {
	r := flat(t)
	r.mmu.SetMode(r.mmu.cr0, 0, r.mmu.cr4|x86.CR4_PKE, r.mmu.efer)
	r.pte(1, 0x10, 7|5<<entryKeyShift)
	require.False(t, r.mmu.Write8(0x1000, 1, ClassUser).Raised)
	for _, tc := range []struct {
		pkru        uint32
		read, write bool // allowed
	}{{0, true, true}, {2 << 10, true, false}, {1 << 10, false, false}, {^uint32(3 << 10), true, true}} {
		r.mmu.SetPKRU(tc.pkru)
		_, f := r.mmu.Read8(0x1000, ClassUser)
		assert.Equal(t, tc.read, !f.Raised, "%#x", tc.pkru)
		f = r.mmu.Write8(0x1000, 1, ClassSuper)
		assert.Equal(t, tc.write, !f.Raised, "%#x", tc.pkru)
		if f.Raised {
			assert.Equal(t, x86.PF_P|x86.PF_W|x86.PF_PK, f.Code)
		}
		_, _, f = r.mmu.Fetch(0x1000, true)
		assert.False(t, f.Raised, "keys do not apply to fetches")
	}
}

func TestINVLPGDropsAllOfALargePage(t *testing.T) {
	r := flat(t)
	r.poke(0x2008, 8, 0|entryPS|7) // linear 2…4 MiB is physical 0…2 MiB
	r.poke(0x12345, 1, 0x77)
	for _, la := range []LinAddr{0x212345, 0x200000, 0x280000} {
		_, f := r.mmu.Read8(la, ClassSuper)
		require.False(t, f.Raised)
	}
	r.poke(0x2008, 8, 0) // gone
	_, f := r.mmu.Read8(0x212345, ClassSuper)
	require.False(t, f.Raised, "stale, as the manual allows")
	r.mmu.Invalidate(0x3ff000) // another 4 KiB of the same page
	_, f = r.mmu.Read8(0x212345, ClassSuper)
	assert.True(t, f.Raised)
}

func TestPageFaultDropsTheStaleEntry(t *testing.T) {
	r := flat(t)
	r.pte(1, 0x10, 5)
	_, f := r.mmu.Read8(0x1000, ClassUser)
	require.False(t, f.Raised)
	r.pte(1, 0x10, 0)
	require.True(t, r.mmu.Write8(0x1000, 1, ClassUser).Raised)
	_, f = r.mmu.Read8(0x1000, ClassUser)
	assert.True(t, f.Raised)
}

func TestMoreRightsNeedNoInvalidation(t *testing.T) {
	r := flat(t)
	r.pte(1, 0x10, 5)
	_, f := r.mmu.Read8(0x1000, ClassUser)
	require.False(t, f.Raised)
	r.pte(1, 0x11, 7)
	require.False(t, r.mmu.Write8(0x1000, 9, ClassUser).Raised)
	v, f := r.mmu.Read8(0x1000, ClassUser)
	require.False(t, f.Raised)
	assert.Equal(t, uint64(9), v, "reads follow writes")
}

// TestStaleOnlyWhereAllowed remaps pages at random. A read may see any mapping that was
// in force since the last operation that invalidates the page, nothing older.
func TestStaleOnlyWhereAllowed(t *testing.T) {
	const pages, frames, firstFrame = 64, 32, 0x40
	r := flat(t)
	for f := range uint64(frames) {
		r.poke((firstFrame+f)*PageSize, 1, f)
	}
	global := func(p uint64) bool { return p%4 == 0 }
	allowed := make([][]uint64, pages) // frames that a read may see; the last is in force
	remap := func(p uint64) {
		f := r.rnd.Uint64N(frames)
		flags := uint64(7)
		if global(p) {
			flags |= entryG
		}
		// Pages far apart share TLB slots; the page table is reached by several entries.
		r.pte(p, firstFrame+f, flags)
		allowed[p] = append(allowed[p], f)
	}
	settle := func(p uint64) { allowed[p] = allowed[p][len(allowed[p])-1:] }
	r.poke(0x1008, 8, 0x2007) // the same page table again, 1 GiB and 512 GiB higher:
	r.poke(0x0008, 8, 0x1007) // other linear pages in the same slots
	for p := range uint64(pages) {
		remap(p)
	}
	for range 200_000 {
		p := r.rnd.Uint64N(pages)
		switch r.rnd.IntN(10) {
		case 0:
			remap(p)
		case 1:
			for _, high := range []uint64{0, 1 << 30, 1 << 39, 1<<39 | 1<<30} {
				r.mmu.Invalidate(LinAddr(high | p*PageSize | r.rnd.Uint64N(PageSize)))
			}
			settle(p)
		case 2:
			if r.rnd.IntN(8) == 0 {
				r.mmu.SetCR3(0)
				for p := range uint64(pages) {
					if !global(p) {
						settle(p)
					}
				}
			}
			if r.rnd.IntN(32) == 0 {
				r.mmu.SetMode(r.mmu.cr0, 0, r.mmu.cr4^x86.CR4_PGE, r.mmu.efer)
				for p := range uint64(pages) {
					settle(p)
				}
			}
		default:
			la := LinAddr(p*PageSize | r.rnd.Uint64N(2)<<30 | r.rnd.Uint64N(2)<<39)
			var v uint64
			var f x86.Fault
			if r.rnd.IntN(4) == 0 {
				var b byte
				b, f = r.mmu.FetchByte(la, true)
				v = uint64(b)
			} else {
				v, f = r.mmu.Read8(la, Class(r.rnd.IntN(2)))
			}
			require.False(t, f.Raised)
			if !slices.Contains(allowed[p], v) {
				t.Fatalf("page %#x reads frame %d; allowed %v", la, v, allowed[p])
			}
		}
	}
}

func TestLoadPDPTEs(t *testing.T) {
	r := newRig(t, 7)
	for i, e := range []uint64{0x1001, 0, 0x2001, 0xfe6} { // rubbish in an absent entry is fine
		r.poke(0x460+uint64(i)*8, 8, e)
	}
	require.False(t, r.mmu.LoadPDPTEs(0x460|0x18).Raised, "CR3 bits 4:0 are not part of the address")
	assert.Equal(t, [4]uint64{0x1001, 0, 0x2001, 0xfe6}, r.mmu.PDPTE)
	for _, bit := range []uint{1, 2, 5, 6, 7, 8, 40, 51, 52, 62, 63} {
		r.poke(0x468, 8, 1|1<<bit)
		f := r.mmu.LoadPDPTEs(0x460)
		assert.Equal(t, x86.GP(0, x86.ReasonPDPTEReserved), f, "bit %d", bit)
		assert.Equal(t, uint64(0), r.mmu.PDPTE[1], "registers stay")
	}
	r.poke(0x468, 8, 0x3e19|1<<39) // PWT, PCD, available bits, top address bit
	assert.False(t, r.mmu.LoadPDPTEs(0x460).Raised)
}

func TestTranslateShowsEveryLevel(t *testing.T) {
	r := flat(t)
	r.pte(5, 0x77, 5|entryG)
	before := slices.Clone(r.mem.RAM())
	tr := r.mmu.Translate(0x5123, AccessWrite, ClassUser)
	assert.Equal(t, []Step{
		{"PML4E", 0x0000, 0x1007}, {"PDPTE", 0x1000, 0x2007}, {"PDE", 0x2000, 0x3007}, {"PTE", 0x3028, 0x77105},
	}, tr.Steps)
	assert.EqualValues(t, 0x77123, tr.Phys)
	assert.Equal(t, uint64(4096), tr.PageSize)
	assert.True(t, tr.User && !tr.Writable && tr.Global && !tr.Dirty && !tr.NoExecute)
	assert.Equal(t, x86.ReasonPageWriteProtected, tr.Fault.Reason)
	assert.Equal(t, before, r.mem.RAM(), "no accessed flag set")

	tr = r.mmu.Translate(0x40000000, AccessRead, ClassUser)
	assert.Len(t, tr.Steps, 2)
	assert.Zero(t, tr.PageSize)
	assert.Equal(t, x86.ReasonPageNotPresent, tr.Fault.Reason)
}
