package phys

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTrackBeforeSeesWhatWasThere writes on every path.
func TestTrackBeforeSeesWhatWasThere(t *testing.T) {
	m := newPC(t)
	m.WriteAt(bytes.Repeat([]byte{0x11}, 5*PageSize), 0)
	var seen []uint64
	early, err := m.TrackBefore(0, 8*PageSize, func(off uint64) {
		seen = append(seen, off)
		assert.Equal(t, byte(0x11), m.Backing()[off], "kept too late")
	})
	require.NoError(t, err)
	late, err := m.Track(0, 8*PageSize)
	require.NoError(t, err)
	all := []func(){
		func() { m.Write(0, 8, 0x22) },
		func() { m.WriteAt([]byte{0x22, 0x22}, PageSize) },
		func() { m.DMA().WriteDMA(2*PageSize, []byte{0x22}) },
		func() { m.SetBacking(3*PageSize, []byte{0x22}) },
		func() { assert.True(t, m.Touch(4*PageSize+8)); m.Backing()[4*PageSize] = 0x22 },
	}
	for range 2 {
		for _, write := range all {
			write()
			write()
		}
		want := []uint64{0, PageSize, 2 * PageSize, 3 * PageSize, 4 * PageSize}
		assert.Equal(t, want, seen)
		assert.Equal(t, want, early.Dirty())
		assert.Equal(t, want, late.Dirty())
		for i := range 5 {
			assert.False(t, m.Lookup(Addr(i*PageSize)).Slow)
			m.Backing()[i*PageSize] = 0x11
		}
		early.Clean()
		late.Clean()
		seen = nil
	}
	early.Close()
	m.Write(0, 1, 1)
	assert.Empty(t, seen)
}

func TestWatchWritesHearsEveryWrite(t *testing.T) {
	m := newPC(t)
	type write struct {
		off uint64
		n   int
	}
	var heard []write
	w, err := m.WatchWrites(PageSize, 8, func(off uint64, n int) { heard = append(heard, write{off, n}) })
	require.NoError(t, err)
	for range 2 {
		m.Write(PageSize+4, 4, 1)
		m.Write(0, 4, 1)
		m.DMA().WriteDMA(PageSize-2, []byte{1, 2, 3})
	}
	assert.Equal(t, []write{{PageSize + 4, 4}, {PageSize, 1}, {PageSize + 4, 4}, {PageSize, 1}}, heard)
	assert.False(t, m.Touch(PageSize), "the next write must be heard as well")
	w.Close()
	m.Write(PageSize, 1, 1)
	assert.Len(t, heard, 4)
	assert.False(t, m.Lookup(PageSize).Slow)
}

func TestTouchLeavesCodeAlone(t *testing.T) {
	m := newPC(t)
	m.Protect(PageSize)
	assert.False(t, m.Touch(PageSize))
	assert.True(t, m.Watched(PageSize))
	require.NoError(t, m.MapROM(0xf0000, "rom", []byte{1}))
	assert.False(t, m.Touch(0xf0000))
}

func TestPoolKeepsPages(t *testing.T) {
	var l Pool
	n, err := l.Put(make([]byte, PageSize))
	require.NoError(t, err)
	assert.Zero(t, n, "zeros take no memory")
	var pages []uint32
	for i := range 3 * 100 {
		n, err := l.Put([]byte{byte(i), byte(i >> 8), 7})
		require.NoError(t, err)
		pages = append(pages, n)
		if i%3 == 2 {
			l.Drop(pages[i-1])
		}
	}
	assert.Equal(t, 200, l.Used())
	for i, n := range pages {
		if i%3 != 1 { // its number was given to the next
			assert.Equal(t, []byte{byte(i), byte(i >> 8), 7}, l.Page(n)[:3])
		}
	}
	assert.Equal(t, zeroPage[:], l.Page(0))
	require.NoError(t, l.Close())
	assert.Zero(t, l.Used())
}
