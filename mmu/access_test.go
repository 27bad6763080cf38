package mmu

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

func (r *rig) load(la LinAddr, size int, c Class) (uint64, x86.Fault) {
	switch size {
	case 1:
		return r.mmu.Read8(la, c)
	case 2:
		return r.mmu.Read16(la, c)
	case 4:
		return r.mmu.Read32(la, c)
	}
	return r.mmu.Read64(la, c)
}

func (r *rig) store(la LinAddr, size int, v uint64, c Class) x86.Fault {
	switch size {
	case 1:
		return r.mmu.Write8(la, v, c)
	case 2:
		return r.mmu.Write16(la, v, c)
	case 4:
		return r.mmu.Write32(la, v, c)
	}
	return r.mmu.Write64(la, v, c)
}

// refAccess is a whole access on the reference: every byte translated, then flags, then
// data. It returns the first fault.
func (r *rig) refAccess(la uint64, size int, a Access, c Class, v uint64) (got uint64, fault refResult, at uint64) {
	var all []refResult
	for i := range uint64(size) {
		lin := la + i
		if r.mmu.mode <= pagingPAE {
			lin &= 1<<32 - 1
		}
		res := r.ref.translate(lin, a, c)
		if res.fault {
			return 0, res, lin
		}
		all = append(all, res)
	}
	for _, res := range all {
		r.ref.commit(res, a)
	}
	for i, res := range all {
		got |= r.ref.get(res.phys, 1) << (8 * i)
		if a == AccessWrite && res.phys < uint64(len(r.ref.ram)) {
			r.ref.ram[res.phys] = byte(v >> (8 * i))
		}
	}
	return got, refResult{}, 0
}

// TestLoadsAndStoresAgreeWithReference covers all sizes, most of them across pages.
func TestLoadsAndStoresAgreeWithReference(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 200
	}
	r := newRig(t, 3)
	for range rounds {
		r.mode()
		r.scatter()
		for range 50 {
			r.mmu.Flush()
			la := r.linear()
			if r.rnd.IntN(4) != 0 {
				la |= pageMask &^ 7
			}
			size := 1 << r.rnd.IntN(4)
			a, c := Access(r.rnd.IntN(2)), Class(r.rnd.IntN(int(classes)))
			v := r.rnd.Uint64()
			want, fault, at := r.refAccess(la, size, a, c, v)
			var got uint64
			var f x86.Fault
			if r.rnd.IntN(4) == 0 { // a probe first must change nothing
				if a == AccessWrite {
					f = r.mmu.ProbeWrite(LinAddr(la), size, c)
				} else {
					f = r.mmu.ProbeRead(LinAddr(la), size, c)
				}
				require.Equal(t, fault.fault, f.Raised)
			}
			if a == AccessWrite {
				f = r.store(LinAddr(la), size, v, c)
				want = 0
			} else {
				got, f = r.load(LinAddr(la), size, c)
			}
			if f.Raised != fault.fault || f.Code != fault.code || f.Addr != at || f.Reason != fault.why || got != want {
				t.Fatalf("mode %d la=%#x size=%d access=%d class=%d: got %#x %v, want %#x %+v at %#x", r.mmu.mode, la, size, a, c, got, f, want, fault, at)
			}
			if !bytes.Equal(r.mem.RAM()[:tablesSize], r.ref.ram[:tablesSize]) {
				t.Fatalf("paging structures differ after la=%#x size=%d access=%d", la, size, a)
			}
		}
		if !bytes.Equal(r.mem.RAM(), r.ref.ram) {
			t.Fatal("memory differs")
		}
	}
}

// TestHotLoadsAndStores does not flush: pages at odd places, every size and offset, mostly
// across pages, all from the TLB.
func TestHotLoadsAndStores(t *testing.T) {
	const pages = 8
	r := flat(t)
	for p := range uint64(pages) {
		r.pte(p, 0x80+p*37%64, 7)
	}
	model := make([]byte, pages*PageSize)
	for range 100_000 {
		la := r.rnd.Uint64N(pages-1)*PageSize + r.rnd.Uint64N(32)
		if r.rnd.IntN(4) != 0 {
			la |= pageMask &^ 7
		}
		size := 1 << r.rnd.IntN(4)
		c := Class(r.rnd.IntN(2))
		var want uint64
		for i := size - 1; i >= 0; i-- {
			want = want<<8 | uint64(model[la+uint64(i)])
		}
		got, f := r.load(LinAddr(la), size, c)
		require.False(t, f.Raised)
		if got != want {
			t.Fatalf("load of %d at %#x: %#x, want %#x", size, la, got, want)
		}
		v := r.rnd.Uint64()
		require.False(t, r.store(LinAddr(la), size, v, c).Raised)
		for i := range size {
			model[la+uint64(i)] = byte(v >> (8 * i))
		}
	}
	for p := range uint64(pages) {
		frame := (0x80 + p*37%64) * PageSize
		require.Equal(t, model[p*PageSize:(p+1)*PageSize], r.mem.RAM()[frame:frame+PageSize])
	}
}

// flat is a rig with 4-level paging and one page table, at 0x3000, for linear 0…2 MiB.
func flat(t testing.TB) *rig {
	r := newRig(t, 4)
	r.poke(0x0000, 8, 0x1007)
	r.poke(0x1000, 8, 0x2007)
	r.poke(0x2000, 8, 0x3007)
	r.mmu.SetMode(x86.CR0_PE|x86.CR0_PG|x86.CR0_WP, 0, x86.CR4_PAE|x86.CR4_PGE, x86.EFER_LME|x86.EFER_LMA|x86.EFER_NXE)
	return r
}

// pte maps linear page n to a physical page with flags.
func (r *rig) pte(n, page, flags uint64) { r.poke(0x3000+n*8, 8, page*PageSize|flags) }

func (r *rig) entryAt(addr phys.Addr) uint64 { return r.mem.Read(addr, 8) }

func TestStoreAcrossPagesIsAllOrNothing(t *testing.T) {
	r := flat(t)
	r.pte(1, 0x11, 7)
	r.pte(2, 0x12, 5) // read-only
	f := r.store(0x1ffd, 8, ^uint64(0), ClassUser)
	want := x86.Raise(x86.VecPF, x86.PF_P|x86.PF_W|x86.PF_U, x86.ReasonPageWriteProtected)
	want.Addr = 0x2000 // the first byte on the page at fault
	assert.Equal(t, want, f)
	assert.Zero(t, r.mem.Read(0x11ff8, 8), "no byte written")
	assert.Zero(t, r.entryAt(0x3008)&(entryA|entryD), "no flag of the innocent page set")

	r.pte(1, 0x11, 6) // not present
	f = r.store(0x1ffd, 8, ^uint64(0), ClassUser)
	assert.Equal(t, uint64(0x1ffd), f.Addr)

	r.pte(1, 0x15, 7)
	r.pte(2, 0x11, 7)
	r.mmu.Flush()
	require.False(t, r.store(0x1ffd, 8, 0x8877665544332211, ClassUser).Raised)
	assert.Equal(t, []byte{0x11, 0x22, 0x33}, r.mem.RAM()[0x15ffd:0x16000])
	assert.Equal(t, []byte{0x44, 0x55, 0x66, 0x77, 0x88, 0}, r.mem.RAM()[0x11000:0x11006])
}

// The same with both pages in the TLB.
func TestHotStoreAcrossPagesAsksForBothPages(t *testing.T) {
	for readOnly := range uint64(2) {
		r := flat(t)
		var heard []uint64
		r.mem.OnCodeWrite = func(off uint64, n int) { heard = append(heard, off) }
		r.pte(1, 0x11, 7)
		r.pte(2, 0x12, 7)
		r.pte(1+readOnly, 0x11+readOnly, 5)
		_, f := r.load(0x1ffd, 8, ClassUser)
		require.False(t, f.Raised)
		f = r.store(0x1ffd, 8, ^uint64(0), ClassUser)
		assert.Equal(t, x86.ReasonPageWriteProtected, f.Reason)
		_, f = r.load(0x1ffd, 8, ClassUser)
		require.False(t, f.Raised)

		r.pte(1+readOnly, 0x11+readOnly, 7)
		require.False(t, r.store(0x1ffd, 8, 0, ClassUser).Raised)
		r.mem.Protect((0x11 + readOnly) * PageSize)
		require.False(t, r.store(0x1ffd, 8, 0, ClassUser).Raised)
		assert.NotEmpty(t, heard)
	}
}

func TestAddressesWrapAtFourGigabytesOutsideLongMode(t *testing.T) {
	r := newRig(t, 5)
	require.NoError(t, r.mem.MapRAM(0xffff_f000, 0x8000, 0x1000))
	require.False(t, r.mmu.Write32(0xffff_fffe, 0x44332211, ClassSuper).Raised)
	assert.Equal(t, uint64(0x2211), r.mem.Read(0x8ffe, 2))
	assert.Equal(t, uint64(0x4433), r.mem.Read(0, 2))
	v, f := r.mmu.Read32(0xffff_fffe, ClassSuper)
	assert.False(t, f.Raised)
	assert.Equal(t, uint64(0x44332211), v)
}

func TestReadThenWriteSetsDirtyOnce(t *testing.T) {
	r := flat(t)
	r.pte(4, 0x20, 7)
	_, f := r.mmu.Read8(0x4000, ClassUser)
	require.False(t, f.Raised)
	assert.Equal(t, uint64(entryA), r.entryAt(0x3020)&(entryA|entryD))
	require.False(t, r.mmu.Write8(0x4000, 1, ClassUser).Raised)
	assert.Equal(t, uint64(entryA|entryD), r.entryAt(0x3020)&(entryA|entryD))
	assert.Equal(t, uint64(entryA), r.entryAt(0x2000)&(entryA|entryD), "no dirty flag above")
}

// window counts accesses.
type window struct{ reads, writes int }

func (w *window) ReadMMIO(uint64, int) uint64         { w.reads++; return uint64(w.reads) }
func (w *window) WriteMMIO(_ uint64, _ int, _ uint64) { w.writes++ }

func TestRegistersAreNeverCached(t *testing.T) {
	r := flat(t)
	w := &window{}
	require.NoError(t, r.mem.MapMMIO(0xb8000, 0x1000, "w", w))
	r.pte(1, 0xb8, 7)
	for i := range 3 {
		v, f := r.mmu.Read32(0x1000, ClassSuper)
		require.False(t, f.Raised)
		assert.Equal(t, uint64(i+1), v)
		require.False(t, r.mmu.Write16(0x1002, 1, ClassSuper).Raised)
	}
	assert.Equal(t, 3, w.writes)
	_, n, f := r.mmu.Fetch(0x1000, false)
	assert.False(t, f.Raised)
	assert.Zero(t, n, "code in a window has no offset")
	b, f := r.mmu.FetchByte(0x1000, false)
	assert.False(t, f.Raised)
	assert.Equal(t, byte(4), b)

	r.mem.Unmap(0xb8000) // RAM below
	require.False(t, r.mmu.Write16(0x1002, 0x1234, ClassSuper).Raised)
	assert.Equal(t, 3, w.writes)
	assert.Equal(t, uint64(0x1234), r.mem.Read(0xb8002, 2))
	require.NoError(t, r.mem.MapMMIO(0xb8000, 0x1000, "w", w))
	require.False(t, r.mmu.Write16(0x1002, 1, ClassSuper).Raised)
	assert.Equal(t, 4, w.writes, "a new window is seen at once")
}

func TestROMIsReadThroughTheTLBAndNeverWritten(t *testing.T) {
	r := flat(t)
	require.NoError(t, r.mem.MapROM(0xf_0000_0000, "rom", []byte{0xea}))
	r.pte(1, 0xf_0000_0, 7)
	for range 2 {
		require.False(t, r.mmu.Write8(0x1000, 0, ClassSuper).Raised)
		v, f := r.mmu.Read8(0x1000, ClassSuper)
		require.False(t, f.Raised)
		assert.Equal(t, uint64(0xea), v)
	}
	off, n, f := r.mmu.Fetch(0x1000, false)
	require.False(t, f.Raised)
	assert.Equal(t, PageSize, n)
	assert.Equal(t, byte(0xea), r.mem.Backing()[off])
}

func TestWritesToCodeAreHeardWhateverTheTLBHolds(t *testing.T) {
	r := flat(t)
	var heard []uint64
	r.mem.OnCodeWrite = func(off uint64, n int) { heard = append(heard, off) }
	r.pte(1, 0x30, 7)
	r.pte(2, 0x30, 7) // a second name for the same page
	write := func(la LinAddr) {
		for _, c := range []Class{ClassSuper, ClassUser} {
			require.False(t, r.mmu.Write8(la, 1, c).Raised)
		}
	}
	write(0x1008)
	write(0x2008)
	assert.Empty(t, heard)
	r.mem.Protect(0x30000)
	write(0x1008)
	write(0x1009)
	assert.Equal(t, []uint64{0x30008, 0x30008, 0x30009, 0x30009}, heard)
	r.mem.Unprotect(0x30000)
	write(0x1008)
	assert.Len(t, heard, 4)

	r.mem.TrackDirty(true)
	write(0x1008)
	assert.Contains(t, r.mem.DirtyPages(), uint64(0x30000))
	r.mem.CleanDirty()
	write(0x2008)
	assert.Equal(t, []uint64{0x30000}, r.mem.DirtyPages())
}

func TestA20GateIsSeenAtOnce(t *testing.T) {
	mem, err := phys.New(4 << 20)
	require.NoError(t, err)
	defer mem.Close()
	require.NoError(t, mem.MapRAM(0, 0, 4<<20))
	m := New(mem, new(TLB))
	mem.OnMapChange = m.Flush
	m.Write8(0x10, 1, ClassSuper)
	m.Write8(0x100010, 2, ClassSuper)
	mem.SetA20(false)
	v, _ := m.Read8(0x100010, ClassSuper)
	assert.Equal(t, uint64(1), v)
	mem.SetA20(true)
	v, _ = m.Read8(0x100010, ClassSuper)
	assert.Equal(t, uint64(2), v)
}

func TestFetchStopsAtThePageEnd(t *testing.T) {
	r := flat(t)
	r.pte(1, 0x30, 5)
	off, n, f := r.mmu.Fetch(0x1ffe, true)
	require.False(t, f.Raised)
	assert.Equal(t, uint64(0x30ffe), off)
	assert.Equal(t, 2, n)
	_, f = r.mmu.FetchByte(0x2000, true)
	assert.Equal(t, x86.PF_U|x86.PF_I, f.Code)
	assert.Equal(t, uint64(0x2000), f.Addr)
}

// Any linear address, canonical or not, in any mode, gives a value or a fault.
func TestNoAddressPanics(t *testing.T) {
	r := newRig(t, 6)
	for range 2000 {
		r.mode()
		r.scatter()
		for range 10 {
			la := LinAddr(r.rnd.Uint64() << r.rnd.IntN(64))
			c := Class(r.rnd.IntN(int(classes)))
			r.load(la, 8, c)
			r.store(la, 8, 1, c)
			r.mmu.Fetch(la, true)
			r.mmu.FetchByte(la, false)
			r.mmu.ProbeWrite(la, PageSize, c)
			r.mmu.Invalidate(la)
			r.mmu.Translate(la, AccessRead, c)
		}
	}
}
