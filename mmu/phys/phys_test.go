package phys

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const mib = 1 << 20

// newPC is a small board: RAM at 0…640K and above 1 MiB, as the first pieces of one
// backing, hidden RAM at C0000-FFFFF for shadowing.
func newPC(t testing.TB) *Memory {
	m, err := New(4 * mib)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, m.Close()) })
	require.NoError(t, m.MapRAM(0, 0, 4*mib))
	return m
}

// registers is a window that remembers what reached it.
type registers struct {
	log  []string
	data [64]byte
}

func (r *registers) ReadMMIO(off uint64, size int) (v uint64) {
	r.log = append(r.log, fmt.Sprintf("r%d@%d", size, off))
	for i := range size {
		v |= uint64(r.data[off+uint64(i)]) << (8 * i)
	}
	return v
}

func (r *registers) WriteMMIO(off uint64, size int, v uint64) {
	r.log = append(r.log, fmt.Sprintf("w%d@%d=%x", size, off, v))
	for i := range size {
		r.data[off+uint64(i)] = byte(v >> (8 * i))
	}
}

func TestRAMSizeIsChecked(t *testing.T) {
	for _, size := range []uint64{0, 1, mib - 1, mib + 4096, 1<<40 + mib, ^uint64(0)} {
		_, err := New(size)
		assert.Error(t, err, "%#x", size)
	}
}

func TestRAMReadsBackInEverySize(t *testing.T) {
	m := newPC(t)
	for _, size := range []int{1, 2, 4, 8} {
		m.Write(0x1008, 8, 0)
		m.Write(0x1008, size, 0x8877665544332211)
		want := uint64(0x8877665544332211) & ones(size)
		assert.Equal(t, want, m.Read(0x1008, size))
		assert.Equal(t, want, m.Read(0x1008, 8), "no byte beyond the size is written")
	}
	assert.Equal(t, []byte{0x11, 0x22}, m.RAM()[0x1008:0x100a], "little endian")
}

func TestUnclaimedReadsAllOnesAndIsReportedOncePerPage(t *testing.T) {
	m := newPC(t)
	var seen []string
	m.OnUnmodelled = func(a Addr, size int, write bool) {
		seen = append(seen, fmt.Sprintf("%#x %d %v", uint64(a), size, write))
	}
	for _, size := range []int{1, 2, 4, 8} {
		assert.Equal(t, ones(size), m.Read(0x1000_0008, size))
	}
	m.Write(0x1000_0010, 4, 1)
	m.Write(0x1000_2000, 2, 1)
	assert.Equal(t, uint64(6), m.Unclaimed())
	assert.Equal(t, []string{"0x10000008 1 false", "0x10002000 2 true"}, seen)
	for i := range uint64(5000) {
		m.Read(Addr(1<<30+i*PageSize), 1)
	}
	assert.Len(t, seen, maxReported, "a guest cannot fill the log")
	assert.Equal(t, Page{}, m.Lookup(0x1000_0000))
}

func TestA20ClosedClearsBit20(t *testing.T) {
	m := newPC(t)
	changes := 0
	m.OnMapChange = func() { changes++ }
	m.Write(0x000500, 4, 0xaaaa)
	m.Write(0x100500, 4, 0xbbbb)
	assert.True(t, m.A20())

	m.SetA20(false)
	m.SetA20(false)
	assert.Equal(t, 1, changes)
	assert.False(t, m.A20())
	assert.Equal(t, uint64(0xaaaa), m.Read(0x100500, 4))
	assert.Equal(t, uint64(0), m.Lookup(0x100500).Off)
	assert.Equal(t, uint64(0x200000), m.Lookup(0x300500).Off, "every odd megabyte, not just the first")
	m.Write(0x100500, 4, 0xcccc)

	var b [2]byte
	m.ReadAt(b[:], 0x100500)
	assert.Equal(t, []byte{0xbb, 0xbb}, b[:], "loaders do not pass the gate")
	m.DMA().ReadDMA(0x100500, b[:])
	assert.Equal(t, []byte{0xbb, 0xbb}, b[:], "bus masters neither")

	m.SetA20(true)
	assert.Equal(t, uint64(0xcccc), m.Read(0x500, 4))
	assert.Equal(t, uint64(0xbbbb), m.Read(0x100500, 4))
}

func TestROMIsReadOnlyAndPadded(t *testing.T) {
	m := newPC(t)
	require.NoError(t, m.MapROM(0xffff_0000, "bios", bytes.Repeat([]byte{0x5a}, 5000)))
	assert.Equal(t, uint64(0x5a5a), m.Read(0xffff_0000, 2))
	assert.Equal(t, uint64(0xff), m.Read(0xffff_0000+5000, 1))
	m.Write(0xffff_0000, 4, 0)
	m.WriteAt([]byte{0}, 0xffff_0000)
	m.DMA().WriteDMA(0xffff_0000, []byte{0})
	assert.Equal(t, uint64(0x5a5a), m.Read(0xffff_0000, 2))
	p := m.Lookup(0xffff_1000)
	assert.Equal(t, ROM, p.Kind)
	assert.False(t, p.Writable)
	assert.Equal(t, byte(0x5a), m.Backing()[p.Off])
	assert.Equal(t, uint64(1)<<32-1, m.Read(0xffff_2000, 4), "nobody behind it")
	assert.Zero(t, m.Read(0, 1))
}

// The four settings of a PAM register. Source: Intel 82441FX data sheet, "PAM—Programmable
// Attribute Map Registers".
func TestShadowSettings(t *testing.T) {
	for _, tc := range []struct {
		name        string
		read, write bool
		readsBefore byte // RAM holds 11h, ROM 22h
		readsAfter  byte // after writing 33h
		ram         byte // what RAM holds then
		page        Page
	}{
		{"disabled", false, false, 0x22, 0x22, 0x11, Page{Kind: ROM, Off: 4 * mib}},
		{"write only: copying the BIOS", false, true, 0x22, 0x22, 0x33, Page{Kind: ROM, Off: 4 * mib}},
		{"read only: shadow locked", true, false, 0x11, 0x11, 0x11, Page{Kind: RAM, Off: 0xf0000}},
		{"read and write", true, true, 0x11, 0x33, 0x33, Page{Kind: RAM, Off: 0xf0000, Writable: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := newPC(t)
			m.RAM()[0xf0000] = 0x11
			require.NoError(t, m.MapROM(0xf0000, "bios", bytes.Repeat([]byte{0x22}, 0x10000)))
			require.NoError(t, m.SetShadow(0xf0000, 0x10000, tc.read, tc.write))
			assert.Equal(t, uint64(tc.readsBefore), m.Read(0xf0000, 1))
			m.Write(0xf0000, 1, 0x33)
			assert.Equal(t, uint64(tc.readsAfter), m.Read(0xf0000, 1))
			assert.Equal(t, tc.ram, m.RAM()[0xf0000])
			assert.Equal(t, tc.page, m.Lookup(0xf0123))
		})
	}
}

func TestShadowWithoutROMLeavesTheBusEmpty(t *testing.T) {
	m := newPC(t)
	require.NoError(t, m.SetShadow(0xc0000, 0x40000, false, false))
	assert.Equal(t, uint64(0xff), m.Read(0xc8000, 1))
	require.NoError(t, m.SetShadow(0xc8000, 0x4000, true, true))
	m.Write(0xc8000, 1, 7)
	assert.Equal(t, uint64(7), m.Read(0xc8000, 1))
	assert.Equal(t, uint64(0xff), m.Read(0xc7fff, 1))
	assert.Equal(t, uint64(0xff), m.Read(0xcc000, 1))
	require.NoError(t, m.SetShadow(0xc8000, 0x4000, false, false))
	assert.Equal(t, uint64(0xff), m.Read(0xc8000, 1))
	assert.Error(t, m.SetShadow(0xc8001, 0x4000, false, false))
	assert.Error(t, m.SetShadow(0xc8000, 0x123, false, false))
}

func TestShadowSetAgainAndAgainDoesNotGrow(t *testing.T) {
	m := newPC(t)
	for i := range 10_000 {
		at := Addr(0xc0000 + i*0x4000%0x40000)
		require.NoError(t, m.SetShadow(at, 0x4000, i&1 != 0, i&2 != 0))
	}
	assert.LessOrEqual(t, len(m.shadows), 16)
}

func TestShadowSetAsItIsChangesNothing(t *testing.T) {
	m := newPC(t)
	changes := 0
	m.OnMapChange = func() { changes++ }
	for _, want := range []int{1, 1, 2, 2} {
		require.NoError(t, m.SetShadow(0xc0000, 0x4000, want == 2, false))
		assert.Equal(t, want, changes)
	}
	require.NoError(t, m.SetShadow(0xc0000, 0x2000, true, false)) // a part is looked at anew
	assert.Equal(t, 3, changes)
}

func TestWindowSeesAlignedAccessesOnly(t *testing.T) {
	m := newPC(t)
	w := &registers{}
	require.NoError(t, m.MapMMIO(0xfed0_0000, 64, "timer", w))
	m.Write(0xfed0_0008, 8, 0x1122334455667788)
	m.Write(0xfed0_0001, 4, 0xaabbccdd)
	assert.Equal(t, uint64(0xbbccdd00), m.Read(0xfed0_0000, 4))
	assert.Equal(t, uint64(0xaabb), m.Read(0xfed0_0003, 2))
	assert.Equal(t, []string{
		"w8@8=1122334455667788",
		"w1@1=dd", "w1@2=cc", "w1@3=bb", "w1@4=aa",
		"r4@0", "r1@3", "r1@4",
	}, w.log)
	assert.Equal(t, uint64(8), m.Touches())
	assert.Equal(t, MMIO, m.Lookup(0xfed0_0abc).Kind, "a window on part of a page claims the page")
	assert.Equal(t, uint64(0xff), m.Read(0xfed0_0040, 1), "but answers its own bytes only")
	assert.Equal(t, uint64(0xffff_ffff_0000_0000), m.Read(0xfed0_003c, 8), "crossing its end")
}

func TestWindowWinsOverROMAndRAMUntilUnmapped(t *testing.T) {
	m := newPC(t)
	w := &registers{}
	require.NoError(t, m.MapROM(0x10000, "rom", []byte{0x22}))
	require.NoError(t, m.MapMMIO(0x10000, 16, "window", w))
	m.RAM()[0x10000] = 0x11
	w.data[0] = 0x33
	for _, want := range []uint64{0x33, 0x22, 0x11} {
		assert.Equal(t, want, m.Read(0x10000, 1))
		if want != 0x11 {
			assert.True(t, m.Unmap(0x10000))
		}
	}
	assert.False(t, m.Unmap(0x10000), "the RAM mapping begins elsewhere")
}

func TestMappingErrors(t *testing.T) {
	m := newPC(t)
	w := &registers{}
	require.NoError(t, m.MapMMIO(0xe000_0000, 0x100, "first", w))
	assert.ErrorContains(t, m.MapMMIO(0xe000_00ff, 1, "second", w), "first")
	assert.NoError(t, m.MapMMIO(0xe000_0100, 1, "neighbour", w))
	assert.Error(t, m.MapMMIO(0xf000_0000, 0, "empty", w))
	assert.Error(t, m.MapMMIO(0xf000_0000, 1, "nil", nil))
	assert.Error(t, m.MapMMIO(1<<52-1, 2, "past the end", w))
	assert.Error(t, m.MapMMIO(^Addr(0), 2, "wraps", w))
	assert.Error(t, m.MapRAM(0x100000, 0, 0x1000), "RAM over RAM")
	assert.Error(t, m.MapRAM(0x1000_0000, 4*mib+spareSize, 0x1000), "outside the backing")
	assert.Error(t, m.MapRAM(0x1000_0000, 0x1000, ^uint64(0)&^pageMask))
	assert.Error(t, m.MapRAM(0x1000_0800, 0, 0x1000))
	assert.Error(t, m.MapROM(0x2000_0000, "huge", make([]byte, spareSize+1)))
	for i := range 2 * maxRegions {
		_ = m.MapMMIO(Addr(0x4000_0000+i*16), 16, "many", w)
	}
	assert.LessOrEqual(t, len(m.regions), maxRegions)
}

func TestRAMPiecesAroundTheHole(t *testing.T) {
	m, err := New(4 * mib)
	require.NoError(t, err)
	defer m.Close()
	require.NoError(t, m.MapRAM(0, 0, 3*mib))
	require.NoError(t, m.MapRAM(1<<32, 3*mib, 1*mib))
	m.Write(1<<32+8, 8, 0x1234)
	assert.Equal(t, byte(0x34), m.RAM()[3*mib+8])
	assert.Equal(t, Page{Kind: RAM, Off: 3 * mib, Writable: true}, m.Lookup(1<<32))
	assert.Equal(t, None, m.Lookup(3*mib).Kind)
}

func TestDMANeverReachesARegister(t *testing.T) {
	m := newPC(t)
	w := &registers{}
	require.NoError(t, m.MapMMIO(0x2000, 16, "window", w))
	buf := make([]byte, 0x40)
	for i := range buf {
		buf[i] = byte(i)
	}
	m.DMA().WriteDMA(0x1ff0, buf)
	got := make([]byte, 0x40)
	m.DMA().ReadDMA(0x1ff0, got)
	assert.Equal(t, buf[:0x10], got[:0x10])
	assert.Equal(t, bytes.Repeat([]byte{0xff}, 16), got[0x10:0x20], "window")
	assert.Equal(t, buf[0x20:], got[0x20:])
	assert.Empty(t, w.log)
	assert.Zero(t, m.Touches())
	m.DMA().WriteDMA(^uint64(0)-3, buf)
	m.DMA().ReadDMA(^uint64(0)-3, got)
	assert.Equal(t, bytes.Repeat([]byte{0xff}, len(got)), got, "addresses do not wrap")
	assert.Zero(t, m.Read(0, 8))
}

func TestCodeWritesAreHeardOnEveryPath(t *testing.T) {
	m := newPC(t)
	var heard []string
	m.OnCodeWrite = func(off uint64, n int) { heard = append(heard, fmt.Sprintf("%#x+%d", off, n)) }
	var protected []uint64
	m.OnProtect = func(off, size uint64) { protected = append(protected, off, size) }
	m.Protect(0x3123)
	m.Protect(0x3000)
	assert.Equal(t, []uint64{0x3000, PageSize}, protected)
	assert.True(t, m.Watched(0x3fff))
	assert.True(t, m.Lookup(0x3000).Slow)

	m.Write(0x3010, 4, 1)
	m.Write(0x4010, 4, 1)
	m.WriteAt(make([]byte, 0x3000), 0x2ff0)
	m.DMA().WriteDMA(0x3ffe, make([]byte, 8))
	assert.Equal(t, []string{"0x3010+4", "0x3000+4096", "0x3ffe+2"}, heard)

	m.Unprotect(0x3000)
	m.Write(0x3010, 4, 2)
	assert.Len(t, heard, 3)
	assert.False(t, m.Lookup(0x3000).Slow)
	for _, off := range []uint64{4*mib + spareSize, ^uint64(0)} {
		m.Protect(off)
		m.Unprotect(off)
		assert.False(t, m.Watched(off))
	}
}

func TestDirtyPagesAreListedOnceInOrder(t *testing.T) {
	m := newPC(t)
	assert.Empty(t, m.DirtyPages())
	m.TrackDirty(true)
	assert.True(t, m.Lookup(0x5000).Slow)
	m.Write(0x5008, 1, 1)
	assert.False(t, m.Lookup(0x5000).Slow, "one slow write per page")
	m.Write(0x2000, 1, 1)
	m.Write(0x5009, 1, 1)
	m.DMA().WriteDMA(0x7fff, []byte{1, 2})
	assert.Equal(t, []uint64{0x5000, 0x2000, 0x7000, 0x8000}, m.DirtyPages())
	m.CleanDirty()
	assert.Empty(t, m.DirtyPages())
	m.Write(0x2000, 1, 1)
	assert.Equal(t, []uint64{0x2000}, m.DirtyPages())
	m.TrackDirty(false)
	assert.False(t, m.Lookup(0x9000).Slow)
}

func TestTrackersAreIndependent(t *testing.T) {
	m := newPC(t)
	off, err := m.Reserve(0x4000)
	require.NoError(t, err)
	require.NoError(t, m.MapRAM(0xe000_0000, off, 0x4000))
	screen, err := m.Track(off, 0x4000)
	require.NoError(t, err)
	m.TrackDirty(true)
	m.Write(0xe000_1000, 4, 1)
	m.Write(0x1000, 4, 1)
	assert.Equal(t, []uint64{off + 0x1000}, screen.Dirty())
	assert.Equal(t, []uint64{off + 0x1000, 0x1000}, m.DirtyPages())
	screen.Clean()
	m.Write(0xe000_1000, 4, 1)
	assert.Len(t, screen.Dirty(), 1)
	assert.Len(t, m.DirtyPages(), 2)
	screen.Close()
	for range 3 * maxTrackers {
		if tr, err := m.Track(0, PageSize); err == nil {
			defer tr.Close()
		}
	}
	_, err = m.Track(0, PageSize)
	assert.Error(t, err)
	screen.Close() // again: no effect on whoever has its place
	m.Write(0x10, 1, 1)
}

func TestPeekHasNoSideEffects(t *testing.T) {
	m := newPC(t)
	w := &registers{}
	require.NoError(t, m.MapMMIO(0x2000, 16, "window", w))
	m.RAM()[0x1ffe] = 0x77
	assert.Equal(t, uint64(0xffff_0077), m.Peek(0x1ffe, 4))
	assert.Equal(t, ^uint64(0), m.Peek(^Addr(0)-2, 8)|0xff<<24|^uint64(0)>>32<<32)
	assert.Empty(t, w.log)
	assert.Zero(t, m.Unclaimed())
}

// FuzzMemory does anything a guest, its devices and a board can do. The model is a map of
// bytes for RAM at 0 that nothing is mapped over.
func FuzzMemory(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	f.Fuzz(func(t *testing.T, in []byte) {
		m := newPC(t)
		model := map[uint64]byte{}
		w := &registers{}
		addrs := []uint64{0, 0xa0000, 0xc0000, 0xf0000, 0x100000, 4*mib - 8, 4 * mib, 1 << 32, 1<<52 - 8, ^uint64(0) - 7}
		for len(in) >= 4 {
			op, at, arg := in[0], addrs[in[1]%uint8(len(addrs))]+uint64(in[2]), in[3]
			in = in[4:]
			size := 1 << (arg & 3)
			switch op % 10 {
			case 0:
				m.Write(Addr(at), size, uint64(arg)*0x0101010101010101)
				for i := range uint64(size) {
					model[(at+i)&m.gate] = arg
				}
			case 1:
				got := m.Read(Addr(at), size)
				for i := range uint64(size) {
					if p := (at + i) & m.gate; p < 0xa0000 {
						require.Equal(t, model[p], byte(got>>(8*i)), "%#x", p)
					}
				}
			case 2:
				m.SetA20(arg&1 == 0)
			case 3:
				_ = m.MapMMIO(Addr(at&^0x3f|0x40000000), 1+uint64(arg&63), "w", w)
			case 4:
				_ = m.MapROM(Addr(at&^pageMask|0xc0000), "rom", in)
			case 5:
				if at >= 0xa0000 {
					m.Unmap(Addr(at))
				}
			case 6:
				_ = m.SetShadow(0xc0000+Addr(arg&15)*0x4000, 0x4000, op&0x10 != 0, op&0x20 != 0)
			case 7:
				m.Protect(at)
				m.TrackDirty(arg&1 != 0)
			case 8:
				m.DMA().ReadDMA(at, make([]byte, int(arg)*64))
				m.Peek(Addr(at), size)
				m.Lookup(Addr(at))
			case 9:
				if at >= 0xa0000 {
					m.DMA().WriteDMA(at, make([]byte, arg))
				}
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	m := newPC(b)
	require.NoError(b, m.MapRAM(1<<32, 0, 1*mib))
	for _, tc := range []struct {
		name string
		at   Addr
	}{{"LargestRAM", 0x200000}, {"OtherRAM", 1<<32 + 0x1000}} {
		b.Run(tc.name, func(b *testing.B) {
			for b.Loop() {
				m.Read(tc.at, 8)
			}
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	m := newPC(b)
	for b.Loop() {
		m.Lookup(0x200000)
	}
}
