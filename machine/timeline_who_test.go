package machine

import (
	"encoding/binary"
	"testing"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stopsOf runs a machine like that of travel up to an instruction count and returns the
// counts at which the processor stopped for s: another way to learn what happened.
func stopsOf(t *testing.T, s cpu.Stops, end uint64) (counts []uint64) {
	t.Helper()
	m := newGuest(t, guestConfig(Fast))
	m.cpu.SetStops(s)
	for m.Count() < end {
		res, err := m.Run(ctx, RunOptions{Budget: end - m.Count()})
		require.NoError(t, err)
		if res.Reason == StopWatched {
			counts = append(counts, m.Count())
		}
	}
	return counts
}

// quiet is a machine that has run for a while without input.
func quiet(t *testing.T, n uint64) *Timeline {
	t.Helper()
	m := newGuest(t, guestConfig(Fast))
	tl, err := m.StartTimeline(TimelineOptions{Interval: 30_000})
	require.NoError(t, err)
	runFor(t, m, n)
	return tl
}

func TestLastWriteNamesTheInstruction(t *testing.T) {
	tl := quiet(t, 400_000)
	m := tl.m
	before, parts := m.StateHash(), partHashes(t, m)
	stack := m.cpu.S.R[x86.RSP]
	physical := uint64(m.cpu.MMU.Translate(mmu.LinAddr(stack), mmu.AccessRead, mmu.ClassSuper).Phys)
	for _, a := range []uint64{physical, physical - 8, physical + 16, 0xb8000 - 0xb8000 + 0x7f0} {
		counts := stopsOf(t, cpu.Stops{Watches: []mmu.Watch{{Phys: true, Addr: a, Size: 8, Write: true}}}, m.Count())
		o, ok, err := tl.LastWrite(ctx, phys.Addr(a), 8)
		require.NoError(t, err)
		if len(counts) == 0 {
			assert.False(t, ok, "%#x", a)
			continue
		}
		require.True(t, ok, "%#x", a)
		assert.Equal(t, counts[len(counts)-1]-1, o.Count, "%#x", a)
		assert.False(t, o.Device)
		assert.Len(t, o.Old, 8)
		assert.Equal(t, m.mem.Read(phys.Addr(a), 8), binary.LittleEndian.Uint64(o.New))
		assert.Equal(t, before, m.StateHash(), differingParts(m, parts, partHashes(t, m)))
		assert.False(t, tl.Past())
	}
	_, ok, err := tl.LastWrite(ctx, 0x7ff000, 8)
	require.NoError(t, err)
	assert.False(t, ok, "nobody ever wrote there")
}

func TestLastPortNamesTheInstruction(t *testing.T) {
	tl := quiet(t, 400_000)
	m := tl.m
	for _, port := range []uint16{0x3f8, 0x3fd, 0x21} {
		counts := stopsOf(t, cpu.Stops{Ports: []cpu.PortWatch{{First: port, Last: port, In: true, Out: true}}}, m.Count())
		o, ok, err := tl.LastPort(ctx, port, port, true, true)
		require.NoError(t, err)
		require.Equal(t, len(counts) > 0, ok, "%#x", port)
		if ok {
			assert.Equal(t, counts[len(counts)-1]-1, o.Count, "%#x", port)
			assert.Equal(t, port, o.Call.Port)
		}
	}
}

// TestLastChangeNamesTheInstruction steps another machine through the end of the run.
func TestLastChangeNamesTheInstruction(t *testing.T) {
	tl := quiet(t, 400_000)
	m := tl.m
	other := newGuest(t, guestConfig(Fast))
	runFor(t, other, 399_000)
	changed := [16]uint64{}
	for other.Count() < m.Count() {
		before := other.cpu.Save()
		runFor(t, other, 1)
		for r := range changed {
			if other.cpu.S.R[r] != before.GPR[r] {
				changed[r] = other.Count()
			}
		}
	}
	for r, count := range changed {
		if count == 0 {
			continue
		}
		o, ok, err := tl.LastChange(ctx, 0, func(c *cpu.CPU) uint64 { return c.S.R[r] })
		require.NoError(t, err)
		require.True(t, ok)
		assert.Equal(t, count-1, o.Count, "register %d", r)
		assert.Equal(t, m.cpu.S.R[r], binary.LittleEndian.Uint64(o.New))
	}
	o, ok, err := tl.LastChange(ctx, 0, func(c *cpu.CPU) uint64 { return c.CR3 })
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, m.cpu.CR3, binary.LittleEndian.Uint64(o.New))
}
