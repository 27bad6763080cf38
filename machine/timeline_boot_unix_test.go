//go:build unix

package machine

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// linuxConfig is a machine with Debian's kernel and nothing else, from the folder of guests
// that GLASSBOX_GUESTS names.
func linuxConfig(t testing.TB) Config {
	t.Helper()
	dir := os.Getenv("GLASSBOX_GUESTS")
	kernel, err := os.ReadFile(filepath.Join(dir, "vmlinuz-cloud"))
	if dir == "" || err != nil {
		t.Skip("needs GLASSBOX_GUESTS, a folder filled by .ci/guests")
	}
	cfg := Config{Memory: 256 << 20}
	cfg.Boot = Boot{Kernel: kernel, Append: "console=ttyS0 panic=0"}
	return cfg
}

// cpuTime is the processor time that the tests have used: the host is busy with others.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestTimeTravelInALinuxBoot compares moments of a boot with a machine that keeps no
// history, and logs what the history costs (aims: 15 % slower, 50 ms for a step back). GLASSBOX_TRAVEL
// is the number of instructions, 300 million if it is not set.
func TestTimeTravelInALinuxBoot(t *testing.T) {
	cfg := linuxConfig(t)
	total, err := strconv.ParseUint(os.Getenv("GLASSBOX_TRAVEL"), 10, 64)
	if err != nil {
		total = 300_000_000
	}
	cfg.CPUs, _ = strconv.Atoi(os.Getenv("GLASSBOX_TRAVEL_CPUS"))
	m, plain := newGuest(t, cfg), newGuest(t, cfg)
	tl, err := m.StartTimeline(TimelineOptions{})
	require.NoError(t, err)
	hashes := map[uint64]string{}
	var counts []uint64
	var with, without time.Duration
	random := rand.New(rand.NewPCG(5, 6))
	for m.Count() < total {
		n := min(1+random.Uint64N(total/4), total-m.Count())
		start := cpuTime(t)
		runFor(t, plain, n)
		without += cpuTime(t) - start
		start = cpuTime(t)
		runFor(t, m, n)
		with += cpuTime(t) - start
		hashes[m.Count()] = plain.StateHash()
		counts = append(counts, m.Count())
		require.Equal(t, hashes[m.Count()], m.StateHash())
	}
	t.Logf("%d instructions: %v without, %v with a history (%+.1f %%), %d checkpoints, %d MiB", total, without, with,
		100*(float64(with)/float64(without)-1), len(tl.points), tl.size()>>20)

	var steps []time.Duration
	for range 60 {
		start := cpuTime(t)
		require.NoError(t, tl.ReverseStep(ctx, 1))
		steps = append(steps, cpuTime(t)-start)
	}
	slices.Sort(steps)
	t.Logf("step back: median %v, slowest %v", steps[len(steps)/2], steps[len(steps)-1])
	assert.Less(t, steps[len(steps)/2], without/10, "a step back must not run the whole way again")
	for range 6 {
		c := counts[random.IntN(len(counts))]
		start := cpuTime(t)
		require.NoError(t, tl.Goto(ctx, c))
		t.Logf("to instruction %d in %v", c, cpuTime(t)-start)
		require.Equal(t, hashes[c], m.StateHash(), "instruction %d", c)
	}
	require.NoError(t, tl.GotoEnd())
	require.Equal(t, hashes[total], m.StateHash())
}
