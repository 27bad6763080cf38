package machine

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSnapshotsOfALinuxBoot is TestRestoredMachineRunsOnEqually with Debian's kernel. It
// needs the folder of guests that GLASSBOX_GUESTS names; GLASSBOX_INSTANTS is the number of
// snapshots for each engine, 6 if it is not set.
func TestSnapshotsOfALinuxBoot(t *testing.T) {
	dir := os.Getenv("GLASSBOX_GUESTS")
	kernel, err := os.ReadFile(filepath.Join(dir, "vmlinuz-cloud"))
	if dir == "" || err != nil {
		t.Skip("needs GLASSBOX_GUESTS, a folder filled by .ci/guests")
	}
	instants, err := strconv.Atoi(os.Getenv("GLASSBOX_INSTANTS"))
	if err != nil {
		instants = 6
	}
	random := rand.New(rand.NewPCG(3, 4))
	for _, x := range []struct {
		engine Engine
		most   uint64 // instructions between two snapshots
	}{{Fast, 2_400_000_000}, {Plain, 240_000_000}} {
		x.most /= uint64(instants)
		cfg := Config{Memory: 256 << 20, Engine: x.engine}
		var log Console
		cfg.Serial[0] = &log
		cfg.Boot = Boot{Kernel: kernel, Append: "console=ttyS0 panic=0"}
		m := newGuest(t, cfg)
		cfg.Serial[0] = nil
		other := newGuest(t, cfg)
		for range instants {
			runFor(t, m, 1+random.Uint64N(x.most))
			start := time.Now()
			saved := snapshotOf(t, m)
			took := time.Since(start)
			start = time.Now()
			require.NoError(t, other.Restore(bytes.NewReader(saved)))
			t.Logf("instruction %d: %d KiB, saved in %v, restored in %v", m.Count(), len(saved)>>10, took, time.Since(start))
			require.Equal(t, m.StateHash(), other.StateHash())
			n := 1 + random.Uint64N(20_000_000)
			f, err := m.Fork(ForkOptions{})
			require.NoError(t, err)
			for _, x := range []*Machine{m, other, f} {
				runFor(t, x, n)
			}
			require.Equal(t, m.StateHash(), other.StateHash(), "restored machine, %d instructions later", n)
			require.Equal(t, m.StateHash(), f.StateHash(), "fork, %d instructions later", n)
			require.NoError(t, f.Close())
		}
		require.Contains(t, log.String(), "Linux version")
	}
}
