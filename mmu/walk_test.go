package mmu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// The test machine: 1 MiB of RAM, paging structures in its first 32 KiB.
const (
	testRAM    = 1 << 20
	tablesSize = 8 * PageSize
)

type rig struct {
	t   testing.TB
	mem *phys.Memory
	mmu *MMU
	ref *reference
	rnd *rand.Rand
}

func newRig(t testing.TB, seed uint64) *rig {
	mem, err := phys.New(testRAM)
	require.NoError(t, err)
	t.Cleanup(func() { mem.Close() })
	require.NoError(t, mem.MapRAM(0, 0, testRAM))
	m := New(mem, new(TLB))
	mem.OnMapChange = m.Flush
	mem.OnProtect = m.DropPages
	return &rig{t, mem, m, &reference{ram: make([]byte, testRAM)}, rand.New(rand.NewPCG(seed, 1))}
}

// poke writes to the memory of both sides.
func (r *rig) poke(addr uint64, size int, v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	copy(r.mem.RAM()[addr:], b[:size])
	copy(r.ref.ram[addr:], b[:size])
}

// mode loads random control registers into both sides.
func (r *rig) mode() {
	pick := func(bits ...uint64) (v uint64) {
		for _, b := range bits {
			if r.rnd.IntN(2) == 0 {
				v |= b
			}
		}
		return v
	}
	cr0 := x86.CR0_PE | pick(x86.CR0_WP)
	cr4 := pick(x86.CR4_PSE, x86.CR4_PGE, x86.CR4_SMEP, x86.CR4_SMAP)
	var efer uint64
	if r.rnd.IntN(32) != 0 {
		cr0 |= x86.CR0_PG
		switch r.rnd.IntN(8) {
		case 0, 1:
		case 2, 3, 4:
			cr4 |= x86.CR4_PAE
			efer |= pick(x86.EFER_NXE)
		default:
			cr4 |= x86.CR4_PAE | pick(x86.CR4_LA57, x86.CR4_PKE)
			efer |= x86.EFER_LME | x86.EFER_LMA | pick(x86.EFER_NXE)
		}
	}
	cr3 := r.table() | pick(x86.CR3_PCD, x86.CR3_PWT)
	for i := range r.ref.pdpte {
		r.ref.pdpte[i] = r.table() | pick(1, 1, 1)
	}
	r.mmu.PDPTE = r.ref.pdpte
	r.ref.cr0, r.ref.cr3, r.ref.cr4, r.ref.efer = cr0, cr3, cr4, efer
	r.mmu.SetMode(cr0, cr3, cr4, efer)
	r.ref.pkru = r.rnd.Uint32() & r.rnd.Uint32()
	r.mmu.SetPKRU(r.ref.pkru)
}

// table is the address of one of the paging structures.
func (r *rig) table() uint64 { return r.rnd.Uint64N(tablesSize/PageSize) * PageSize }

// entry is a random entry: mostly sensible, sometimes with any bit wrong.
func (r *rig) entry() uint64 {
	e := r.table() | 0x7
	switch r.rnd.IntN(16) {
	case 0:
		e = r.rnd.Uint64()
	case 1:
		e ^= 1 << r.rnd.IntN(64)
	case 2, 3, 4:
		e ^= 1 << r.rnd.IntN(9)
	case 5:
		e = r.rnd.Uint64N(testRAM) | 0x7
	case 6, 7:
		e = entryPS | 0x7 | r.rnd.Uint64N(4)<<30
	}
	if r.rnd.IntN(8) == 0 {
		e |= entryXD
	}
	if r.rnd.IntN(4) == 0 {
		e |= r.rnd.Uint64N(16) << entryKeyShift
	}
	return e
}

// linear is a random linear address whose indices are among the few entries in use.
func (r *rig) linear() uint64 {
	la := r.rnd.Uint64N(PageSize)
	for s := uint(12); s < 57; s += 9 {
		la |= r.rnd.Uint64N(4) << s
	}
	if r.mmu.mode <= pagingPAE {
		la &= 1<<32 - 1
	}
	return la
}

// scatter fills the entries that addresses of linear can reach.
func (r *rig) scatter() {
	for t := uint64(0); t < tablesSize; t += PageSize {
		for i := range uint64(4) {
			if r.mmu.mode == paging32 {
				r.poke(t+i*4, 4, r.entry())
				r.poke(t+(i<<8)*4, 4, r.entry())
			} else {
				r.poke(t+i*8, 8, r.entry())
			}
		}
	}
}

// compare makes one access on both sides and checks the outcome, flags in the paging
// structures included.
func (r *rig) compare(la uint64, a Access, c Class) {
	want := r.ref.translate(la, a, c)
	tr := r.mmu.Translate(LinAddr(la), a, c)
	var got x86.Fault
	switch a {
	case AccessRead:
		got = r.mmu.ProbeRead(LinAddr(la), 1, c)
	case AccessWrite:
		got = r.mmu.ProbeWrite(LinAddr(la), 1, c)
	case AccessFetch:
		_, _, got = r.mmu.Fetch(LinAddr(la), c == ClassUser)
	}
	if !want.fault {
		r.ref.commit(want, a)
	}
	where := func() string {
		return fmt.Sprintf("cr0=%#x cr3=%#x cr4=%#x efer=%#x pkru=%#x la=%#x access=%d class=%d\nwant %+v\ngot %+v\ntranslation %+v",
			r.ref.cr0, r.ref.cr3, r.ref.cr4, r.ref.efer, r.ref.pkru, la, a, c, want, got, tr)
	}
	if got.Raised != want.fault || got.Code != want.code || got.Reason != want.why {
		r.t.Fatal("outcome differs: ", where())
	}
	if got != tr.Fault {
		r.t.Fatal("Translate disagrees with the access: ", where())
	}
	if got.Raised && (got.Addr != la || got.Vector != x86.VecPF) {
		r.t.Fatal("fault address: ", where())
	}
	if !want.fault && (uint64(tr.Phys) != want.phys || tr.PageSize != want.size) {
		r.t.Fatal("physical address: ", where())
	}
	if !bytes.Equal(r.mem.RAM()[:tablesSize], r.ref.ram[:tablesSize]) {
		r.t.Fatal("accessed or dirty flags: ", where())
	}
}

// randomAccess is any access with a class that it may have.
func randomAccess(rnd *rand.Rand) (Access, Class) {
	a := Access(rnd.IntN(3))
	if a == AccessFetch {
		return a, Class(rnd.IntN(2))
	}
	return a, Class(rnd.IntN(int(classes)))
}

// TestWalkAgreesWithReference makes a million accesses through random paging structures.
func TestWalkAgreesWithReference(t *testing.T) {
	rounds := 20_000
	if testing.Short() {
		rounds = 2_000
	}
	r := newRig(t, 1)
	outcomes := map[x86.Reason]int{}
	for range rounds {
		r.mode()
		r.scatter()
		for range 50 {
			r.mmu.Flush()
			la := r.linear()
			a, c := randomAccess(r.rnd)
			r.compare(la, a, c)
			outcomes[r.ref.translate(la, a, c).why]++
		}
	}
	for _, why := range []x86.Reason{
		x86.NoReason, x86.ReasonPageNotPresent, x86.ReasonPageReserved, x86.ReasonPageWriteProtected,
		x86.ReasonPageSupervisor, x86.ReasonPageNoExecute, x86.ReasonPageSMEP, x86.ReasonPageSMAP,
		x86.ReasonPageProtectionKey,
	} {
		if outcomes[why] < rounds/100 {
			t.Errorf("only %d accesses end with %q: the test does not test it", outcomes[why], why)
		}
	}
	t.Log(outcomes)
}

// TestBuffersAreInvisible makes accesses without flushing: as long as software keeps the
// rules, nobody can tell that there is a TLB.
func TestBuffersAreInvisible(t *testing.T) {
	rounds := 5_000
	if testing.Short() {
		rounds = 500
	}
	r := newRig(t, 2)
	for range rounds {
		r.mode()
		r.scatter()
		r.mmu.Flush()
		var pool [6]uint64 // few addresses, so that most are in the TLB
		for i := range pool {
			pool[i] = r.linear()
		}
		for range 60 {
			switch r.rnd.IntN(12) {
			case 0: // new structures, new CR3; some entries may be global
				r.scatter()
				r.mmu.Flush()
			case 1:
				r.ref.pkru = r.rnd.Uint32() & r.rnd.Uint32()
				r.mmu.SetPKRU(r.ref.pkru)
			case 2:
				r.ref.cr0 ^= x86.CR0_WP
				r.mmu.SetMode(r.ref.cr0, r.ref.cr3, r.ref.cr4, r.ref.efer)
			case 3:
				r.ref.cr4 ^= x86.CR4_SMEP
				r.mmu.SetMode(r.ref.cr0, r.ref.cr3, r.ref.cr4, r.ref.efer)
			case 4:
				off := r.rnd.Uint64N(testRAM)
				r.mem.Protect(off)
			case 5:
				r.mem.Unprotect(r.rnd.Uint64N(testRAM))
			}
			a, c := randomAccess(r.rnd)
			r.compare(pool[r.rnd.IntN(len(pool))], a, c)
		}
	}
}

// FuzzWalk lets the fuzzer choose registers, entries and accesses.
func FuzzWalk(f *testing.F) {
	f.Add(uint64(1), []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	f.Add(uint64(7), bytes.Repeat([]byte{0x67, 0, 0, 0, 0, 0, 0, 0}, 40))
	f.Fuzz(func(t *testing.T, seed uint64, in []byte) {
		r := newRig(t, seed)
		r.mode()
		for i := 0; i+8 <= len(in) && i < tablesSize; i += 8 {
			e := binary.LittleEndian.Uint64(in[i:])
			r.poke(uint64(i%32+i/32*PageSize)%tablesSize, 8, e)
		}
		for range 64 {
			a, c := randomAccess(r.rnd)
			la := r.linear()
			if r.rnd.IntN(4) == 0 {
				la = r.rnd.Uint64()
			}
			if r.mmu.mode <= pagingPAE {
				la &= 1<<32 - 1
			}
			r.mmu.Flush()
			r.compare(la, a, c)
		}
	})
}
