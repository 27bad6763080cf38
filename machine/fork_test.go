package machine

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestForkRunsOnLikeItsParent(t *testing.T) {
	for _, engine := range []Engine{Fast, Plain} {
		m := newGuest(t, guestConfig(engine))
		for range 8 {
			runFor(t, m, 70_000)
			f, err := m.Fork(ForkOptions{})
			require.NoError(t, err)
			require.Equal(t, m.StateHash(), f.StateHash())
			runFor(t, m, 50_000)
			runFor(t, f, 50_000)
			require.Equal(t, m.StateHash(), f.StateHash())
			g, err := f.Fork(ForkOptions{}) // of a fork, with pages of its own
			require.NoError(t, err)
			require.NoError(t, f.Close())
			runFor(t, m, 50_000)
			runFor(t, g, 50_000)
			require.Equal(t, m.StateHash(), g.StateHash())
			require.NoError(t, g.Close())
		}
	}
}

// TestForksDoNotSeeEachOther writes to memory and disk on both sides.
func TestForksDoNotSeeEachOther(t *testing.T) {
	m := newGuest(t, guestConfig(Fast))
	m.mem.Write(0x500000, 8, 1)
	f, err := m.Fork(ForkOptions{})
	require.NoError(t, err)
	defer f.Close()
	m.mem.Write(0x500000, 8, 2)
	f.mem.Write(0x501000, 8, 3)
	assert.Equal(t, uint64(1), f.mem.Read(0x500000, 8))
	assert.Equal(t, uint64(0), m.mem.Read(0x501000, 8))
	g, err := m.Fork(ForkOptions{})
	require.NoError(t, err)
	defer g.Close()
	assert.Equal(t, uint64(2), g.mem.Read(0x500000, 8))
	assert.Equal(t, uint64(0), g.mem.Read(0x501000, 8))

	_, err = f.cfg.Drives[0].Image.WriteAt([]byte("fork"), 0)
	require.NoError(t, err)
	_, err = m.cfg.Drives[0].Image.WriteAt([]byte("main"), 4)
	require.NoError(t, err)
	for want, x := range map[string]*Machine{"glasmain": m, "forksbox": f, "glassbox": g} {
		got := make([]byte, 8)
		_, err = x.cfg.Drives[0].Image.ReadAt(got, 0)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
}

// bootedGuest is a machine at the embedded guest's prompt.
func bootedGuest(t testing.TB, memory uint64) (*Machine, *Console) {
	t.Helper()
	var c Console
	cfg := guestConfig(Fast)
	cfg.Memory = memory
	cfg.Serial[0] = &c
	m := newGuest(t, cfg)
	require.NoError(t, c.Expect(context.Background(), m, "> ", 10*devices.Second))
	return m, &c
}

// TestFiftyForksRunACommandEach runs them in parallel.
func TestFiftyForksRunACommandEach(t *testing.T) {
	for _, cpus := range []int{1, 3} {
		fiftyForks(t, cpus)
	}
}

func fiftyForks(t *testing.T, cpus int) {
	t.Helper()
	var booted Console
	cfg := guestConfig(Fast)
	cfg.CPUs, cfg.Serial[0] = cpus, &booted
	m := newGuest(t, cfg)
	require.NoError(t, booted.Expect(context.Background(), m, "> ", 10*devices.Second))
	var wg sync.WaitGroup
	for i := range 50 {
		var c Console
		f, err := m.Fork(ForkOptions{Serial: [4]writer{&c}})
		require.NoError(t, err)
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer f.Close()
			f.SendSerial(0, []byte(fmt.Sprintf("no%d\n", i)))
			assert.NoError(t, c.Expect(context.Background(), f, fmt.Sprintf("no%d", i), devices.Second))
			assert.NoError(t, c.Expect(context.Background(), f, "> ", devices.Second))
		}()
	}
	wg.Wait()
}

// TestForkIsCheap holds the budget of 5 MiB for a machine of 256 MiB of which half is in
// use, and logs the time of the fastest of a few (20 ms is the aim).
func TestForkIsCheap(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("needs /proc")
	}
	m, _ := bootedGuest(t, 256<<20)
	for a := uint64(64 << 20); a < 192<<20; a += 8 {
		m.mem.SetBacking(a, []byte{1, 2, 3, byte(a >> 12)})
		a += 4096 - 8
	}
	best := time.Hour
	const n = 10
	before := residentPrivate(t)
	forks := make([]*Machine, n)
	for i := range forks {
		start := time.Now()
		f, err := m.Fork(ForkOptions{})
		best = min(best, time.Since(start))
		require.NoError(t, err)
		forks[i] = f
	}
	extra := (residentPrivate(t) - before) / n
	t.Logf("%v, %d KiB", best, extra>>10)
	assert.Less(t, extra, int64(5<<20))
	for _, f := range forks {
		require.NoError(t, f.Close())
	}
}

// residentPrivate is the memory that the process has for itself, in bytes.
func residentPrivate(t *testing.T) int64 {
	t.Helper()
	p, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	f := strings.Fields(string(p))
	resident, err := strconv.ParseInt(f[1], 10, 64)
	require.NoError(t, err)
	shared, err := strconv.ParseInt(f[2], 10, 64)
	require.NoError(t, err)
	return (resident - shared) * int64(os.Getpagesize())
}

func BenchmarkFork(b *testing.B) {
	m, _ := bootedGuest(b, 256<<20)
	for b.Loop() {
		f, err := m.Fork(ForkOptions{})
		require.NoError(b, err)
		require.NoError(b, f.Close())
	}
}
