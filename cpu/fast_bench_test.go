package cpu

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// benchCPU is a processor in 64-bit mode with 16 MiB of memory mapped by 4-KiB pages, about
// to execute one of the programs in testdata/bench.
func benchCPU(tb testing.TB, name string) *CPU {
	code, err := os.ReadFile("testdata/bench/" + name + ".bin")
	require.NoError(tb, err)
	mem, err := phys.New(16 << 20)
	require.NoError(tb, err)
	tb.Cleanup(func() { mem.Close() })
	require.NoError(tb, mem.MapRAM(0, 0, 16<<20))
	m, err := NewModel("max")
	require.NoError(tb, err)
	c, err := New(m, mem)
	require.NoError(tb, err)
	tb.Cleanup(func() { c.Close() })
	mem.OnMapChange = c.MMU.Flush
	mem.OnProtect = c.MMU.DropPages
	put := func(at, v uint64) { binary.LittleEndian.PutUint64(mem.RAM()[at:], v) }
	put(0x1000, 0x2000|7)
	put(0x2000, 0x3000|7)
	for i := range uint64(8) {
		put(0x3000+8*i, 0x4000+i<<12|7)
	}
	for i := range uint64(8 * 512) {
		put(0x4000+8*i, i<<12|7)
	}
	copy(mem.RAM()[0x100000:], code)
	s := c.Save()
	s.CR0 = x86.CR0_PE | x86.CR0_ET | x86.CR0_PG | x86.CR0_WP
	s.CR3, s.CR4 = 0x1000, x86.CR4_PAE|x86.CR4_OSFXSR|x86.CR4_OSXMMEXCPT
	s.EFER = x86.EFER_LME | x86.EFER_LMA
	for i := range s.Seg {
		s.Seg[i] = SegmentSnapshot{Sel: 0x10, Attr: 0xc093, Limit: 0xffffffff}
	}
	s.Seg[x86.CS] = SegmentSnapshot{Sel: 0x08, Attr: 0xa09b, Limit: 0xffffffff}
	s.RIP, s.GPR[x86.RSP] = 0x100000, 0x100000
	require.NoError(tb, c.Restore(s))
	return c
}

var benchPrograms = []string{
	"sieve", "sha256", "crc32", "qsort", "bytecode", "strings", "matmul", "calls",
	"chase", "repmovs", "large", "nbody", "ssecopy", "smc",
}

// realPrograms are in 16-bit real-address mode.
var realPrograms = []string{"real-registers", "real-memory", "real-stack", "real-beside", "real-strings", "real-far"}

// benchRealCPU is benchCPU for one of realPrograms.
func benchRealCPU(tb testing.TB, name string) *CPU {
	c := benchCPU(tb, name)
	copy(c.Phys.RAM()[0x10000:], c.Phys.RAM()[0x100000:0x101000])
	s := c.Save()
	s.CR0, s.CR3, s.CR4, s.EFER = x86.CR0_ET, 0, 0, 0
	s.IDTR = Table{Limit: 0x3ff}
	for i := range s.Seg {
		s.Seg[i] = SegmentSnapshot{Sel: 0x2000, Base: 0x20000, Attr: attrReal, Limit: 0xffff}
	}
	s.Seg[x86.CS] = SegmentSnapshot{Sel: 0x1000, Base: 0x10000, Attr: attrReal, Limit: 0xffff}
	s.Seg[x86.SS] = SegmentSnapshot{Sel: 0x3000, Base: 0x30000, Attr: attrReal, Limit: 0xffff}
	s.RIP, s.GPR[x86.RSP] = 0, 0x1000
	require.NoError(tb, c.Restore(s))
	return c
}

// BenchmarkReal is BenchmarkEngine for realPrograms.
func BenchmarkReal(b *testing.B) {
	for _, name := range realPrograms {
		b.Run(name, func(b *testing.B) {
			c := benchRealCPU(b, name)
			c.RunFast(1_000_000)
			b.ResetTimer()
			const slice = 200_000
			for range b.N {
				if n, r := c.RunFast(slice); n != slice {
					b.Fatalf("stopped after %d: %v, %v", n, r, c.LastChain)
				}
			}
			b.ReportMetric(slice*float64(b.N)/1e6/b.Elapsed().Seconds(), "MIPS")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkEngine runs the programs; the figure is millions of guest instructions a second.
func BenchmarkEngine(b *testing.B) {
	for _, name := range benchPrograms {
		for _, e := range []struct {
			name string
			run  func(*CPU, int64) (int64, ExitReason)
		}{{"fast", (*CPU).RunFast}, {"plain", (*CPU).Run}} {
			b.Run(name+"/"+e.name, func(b *testing.B) {
				c := benchCPU(b, name)
				e.run(c, 1_000_000)
				b.ResetTimer()
				const slice = 200_000
				for range b.N {
					if n, r := e.run(c, slice); n != slice {
						b.Fatalf("stopped after %d: %v, %v", n, r, c.LastChain)
					}
				}
				b.ReportMetric(slice*float64(b.N)/1e6/b.Elapsed().Seconds(), "MIPS")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// The programs of the benchmark end in the same state on both engines.
func TestBenchmarkProgramsAgree(t *testing.T) {
	for _, name := range append(realPrograms, benchPrograms...) {
		make := benchCPU
		if strings.HasPrefix(name, "real-") {
			make = benchRealCPU
		}
		a, b := make(t, name), make(t, name)
		for range 20 {
			a.Run(9973)
			b.RunFast(9973)
			require.Equal(t, a.Save(), b.Save(), name)
		}
		require.Equal(t, a.Phys.RAM(), b.Phys.RAM(), name)
	}
}
