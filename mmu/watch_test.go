package mmu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Who watches memory (engines their code, trackers, a debugger) changes nothing that the guest
// could see: neither values nor the walks, which leave accessed and dirty flags behind. Two
// processors do the same; on one, pages are watched at random times.
func TestWatchingIsInvisible(t *testing.T) {
	a, b := flat(t), flat(t)
	tracker, err := b.mem.Track(0x40000, 16*PageSize)
	require.NoError(t, err)
	const pages = 16
	both := func(f func(r *rig)) { f(a); f(b) }
	both(func(r *rig) { // the same page table again, so that pages share slots
		r.poke(0x1008, 8, 0x2007)
		for p := range uint64(pages) {
			r.pte(p, 0x40+p, 7)
		}
	})
	for i := range 300_000 {
		p := a.rnd.Uint64N(pages)
		off := 0x40*PageSize + a.rnd.Uint64N(pages*PageSize)
		switch a.rnd.IntN(12) {
		case 0:
			b.mem.Protect(off)
		case 1:
			b.mem.Unprotect(off)
		case 2:
			tracker.Clean()
		case 3:
			b.mmu.SetWatches([]Watch{
				{Addr: p*PageSize + 7, Size: 100, Read: true},
				{Addr: off, Size: 9000, Phys: true, Write: true},
			})
		case 4:
			b.mmu.SetWatches(nil)
		case 5: // the flags go, and perhaps the page moves; nobody tells the processor
			frame := 0x40 + a.rnd.Uint64N(pages)
			both(func(r *rig) { r.mem.Write(phys.Addr(0x3000+8*p), 8, frame*PageSize|7) })
		case 6:
			both(func(r *rig) { r.mmu.Invalidate(LinAddr(p * PageSize)) })
		default:
			la := LinAddr(p*PageSize | a.rnd.Uint64N(2)<<30 | a.rnd.Uint64N(PageSize))
			size := 1 << a.rnd.IntN(4)
			c, v, kind := Class(a.rnd.IntN(2)), a.rnd.Uint64(), a.rnd.IntN(3)
			var got [2]uint64
			for j, r := range []*rig{a, b} {
				got[j] = r.access(kind, la, size, v, c)
			}
			require.Equal(t, got[0], got[1], "step %d, kind %d at %#x", i, kind, la)
		}
	}
	assert.Equal(t, a.mem.RAM(), b.mem.RAM())
}

// access reads, writes or fetches.
func (r *rig) access(kind int, la LinAddr, size int, v uint64, c Class) uint64 {
	switch kind {
	case 0:
		if size == 8 {
			v, _ = r.mmu.Read64(la, c)
		} else {
			v, _ = r.mmu.Read8(la, c)
		}
		return v
	case 1:
		if size == 8 {
			r.mmu.Write64(la, v, c)
		} else {
			r.mmu.Write8(la, v, c)
		}
		return 0
	}
	off, _, _ := r.mmu.Fetch(la, c == ClassUser)
	return off
}

func TestTouchedTellsBytesApart(t *testing.T) {
	r := flat(t)
	r.pte(1, 0x10, 7)
	r.pte(2, 0x77, 7)
	for _, tc := range []struct {
		name  string
		w     Watch
		la    LinAddr
		n     int
		write bool
		hit   bool
	}{
		{"the byte", Watch{Addr: 0x1234, Size: 1, Write: true}, 0x1234, 1, true, true},
		{"a read of what is watched for writes", Watch{Addr: 0x1234, Size: 1, Write: true}, 0x1234, 1, false, false},
		{"from below", Watch{Addr: 0x1234, Size: 1, Read: true}, 0x122d, 8, false, true},
		{"just below", Watch{Addr: 0x1234, Size: 1, Read: true}, 0x122c, 8, false, false},
		{"the last byte", Watch{Addr: 0x1234, Size: 4, Read: true}, 0x1237, 1, false, true},
		{"after it", Watch{Addr: 0x1234, Size: 4, Read: true}, 0x1238, 1, false, false},
		{"physical", Watch{Addr: 0x10234, Size: 4, Phys: true, Read: true}, 0x1234, 1, false, true},
		{"physical, on the second page", Watch{Addr: 0x77003, Size: 1, Phys: true, Write: true}, 0x1ffc, 8, true, true},
		{"physical, behind the end on the second page", Watch{Addr: 0x77004, Size: 1, Phys: true, Write: true}, 0x1ffc, 8, true, false},
		{"physical, what follows the first page", Watch{Addr: 0x11000, Size: 9, Phys: true, Write: true}, 0x1ffc, 8, true, false},
		{"nothing", Watch{Addr: 0x1234, Read: true}, 0x1230, 8, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r.mmu.SetWatches([]Watch{tc.w})
			before := append([]byte(nil), r.mem.RAM()...)
			assert.Equal(t, tc.hit, r.mmu.Touched(tc.la, tc.n, tc.write, ClassSuper))
			assert.Equal(t, before, r.mem.RAM())
		})
	}
}
