package mmu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// benchMachine is 64 MiB of RAM at 0 with 4-level paging: the first 32 MiB are mapped to
// themselves by 4-KiB pages, the same again at 1 GiB by 2-MiB pages.
func benchMachine(b testing.TB) *MMU {
	mem, err := phys.New(64 << 20)
	require.NoError(b, err)
	b.Cleanup(func() { mem.Close() })
	require.NoError(b, mem.MapRAM(0, 0, 64<<20))
	put := func(table, i, v uint64) { mem.Write(phys.Addr(table+i*8), 8, v) }
	const pml4, pdpt, pd0, pd1, pts, rw = 33 << 20, 33<<20 + 0x1000, 33<<20 + 0x2000, 33<<20 + 0x3000, 34 << 20, 7
	put(pml4, 0, pdpt|rw)
	put(pdpt, 0, pd0|rw)
	put(pdpt, 1, pd1|rw)
	for i := range uint64(16) {
		put(pd0, i, pts+i*0x1000|rw)
		put(pd1, i, i<<21|entryPS|rw)
	}
	for i := range uint64(16 * 512) {
		put(pts, i, i<<12|rw)
	}
	m := New(mem, new(TLB))
	mem.OnMapChange = m.Flush
	mem.OnProtect = m.DropPages
	m.SetMode(x86.CR0_PE|x86.CR0_PG, pml4, x86.CR4_PAE|x86.CR4_PGE, x86.EFER_LME|x86.EFER_LMA|x86.EFER_NXE)
	return m
}

// stride runs f over a buffer of size bytes, page by page and 8 bytes further each round.
func stride(b *testing.B, size uint64, f func(la LinAddr)) {
	la := uint64(0)
	for b.Loop() {
		f(LinAddr(la))
		la += PageSize + 8
		if la >= size {
			la = (la + 8) % PageSize &^ 7
		}
	}
}

const accesses = 1024 // per round of the benchmarks of the hit path

// perAccess reports the time of one access instead of one round.
func perAccess(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/accesses, "ns/access")
	b.ReportMetric(0, "ns/op")
}

// The path that nearly every load and store of a guest takes. The class is a variable, as
// it is for a processor.
func BenchmarkHit(b *testing.B) {
	const pages = 16
	m := benchMachine(b)
	c := ClassUser + Class(b.N>>30)
	for p := range LinAddr(pages) {
		m.Write8(p*PageSize, 1, c)
	}
	var sum uint64
	b.Run("Load8", func(b *testing.B) {
		for b.Loop() {
			for i := range LinAddr(accesses) {
				la := i%pages*PageSize + i*8%PageSize
				v, ok := m.Load8(la, c)
				if !ok {
					b.Fatal("no hit")
				}
				sum += v
			}
		}
		perAccess(b)
	})
	b.Run("Store8", func(b *testing.B) {
		for b.Loop() {
			for i := range LinAddr(accesses) {
				la := i%pages*PageSize + i*8%PageSize
				if !m.Store8(la, 1, c) {
					b.Fatal("no hit")
				}
			}
		}
		perAccess(b)
	})
	b.Run("Load64", func(b *testing.B) {
		for b.Loop() {
			for i := range LinAddr(accesses) {
				la := i%pages*PageSize + i*8%PageSize
				v, ok := m.Load64(la, c)
				if !ok {
					b.Fatal("no hit")
				}
				sum += v
			}
		}
		perAccess(b)
	})
	b.Run("Store64", func(b *testing.B) {
		for b.Loop() {
			for i := range LinAddr(accesses) {
				la := i%pages*PageSize + i*8%PageSize
				if !m.Store64(la, 1, c) {
					b.Fatal("no hit")
				}
			}
		}
		perAccess(b)
	})
	b.Run("Read64", func(b *testing.B) {
		for b.Loop() {
			for i := range LinAddr(accesses) {
				la := i%pages*PageSize + i*8%PageSize
				v, f := m.Read64(la, c)
				if f.Raised {
					b.Fatal("no hit")
				}
				sum += v
			}
		}
		perAccess(b)
	})
	b.Run("Write64", func(b *testing.B) {
		for b.Loop() {
			for i := range LinAddr(accesses) {
				la := i%pages*PageSize + i*8%PageSize
				if f := m.Write64(la, 1, c); f.Raised {
					b.Fatal("no hit")
				}
			}
		}
		perAccess(b)
	})
	b.Run("Fetch", func(b *testing.B) {
		for b.Loop() {
			for i := range LinAddr(accesses) {
				la := i%pages*PageSize + i*8%PageSize
				off, _, f := m.Fetch(la, true)
				if f.Raised {
					b.Fatal("no hit")
				}
				sum += off
			}
		}
		perAccess(b)
	})
	_ = sum
}

// Misses: 8 and 32 MiB touched in turn hold more pages than the TLB.
func BenchmarkMiss(b *testing.B) {
	m := benchMachine(b)
	b.Run("8MiB", func(b *testing.B) {
		stride(b, 8<<20, func(la LinAddr) { m.Read64(la, ClassUser) })
	})
	b.Run("32MiB", func(b *testing.B) {
		stride(b, 32<<20, func(la LinAddr) { m.Read64(la, ClassUser) })
	})
	b.Run("8MiBLarge", func(b *testing.B) {
		stride(b, 8<<20, func(la LinAddr) { m.Read64(1<<30+la, ClassUser) })
	})
	b.Run("Crossing", func(b *testing.B) {
		for b.Loop() {
			m.Read64(0x1ffc, ClassUser)
		}
	})
	b.Run("CrossingWrite", func(b *testing.B) {
		for b.Loop() {
			m.Write64(0x1ffc, 1, ClassUser)
		}
	})
	b.Run("WatchedWrite", func(b *testing.B) {
		m.mem.Protect(0x5000)
		for b.Loop() {
			m.Write64(0x5008, 1, ClassUser)
		}
		m.mem.Unprotect(0x5000)
	})
}

// A context switch without PCIDs: MOV to CR3, then pages pages are touched again.
func BenchmarkSwitch(b *testing.B) {
	for _, tc := range []struct {
		name  string
		pages uint64
	}{{"64Pages", 64}, {"512Pages", 512}} {
		m := benchMachine(b)
		b.Run(tc.name, func(b *testing.B) {
			for b.Loop() {
				for i := range tc.pages {
					m.Read64(LinAddr(i*PageSize), ClassUser)
				}
				m.SetCR3(m.cr3)
			}
		})
	}
}
