package boot

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/machine"
)

// TestFiftyForksOfALinuxShell boots once, and has fifty copies of the machine run a command
// each, in parallel.
func TestFiftyForksOfALinuxShell(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var console machine.Console
	cfg := machine.Config{Memory: 256 << 20, CPUs: 2, Boot: machine.Boot{
		Kernel: guest(t, "vmlinuz-cloud"), Initrd: initramfs(t, "exec sh\n"), Append: "console=ttyS0 quiet"}}
	cfg.Serial[0] = &console
	m, err := machine.New(cfg)
	require.NoError(t, err)
	defer m.Close()
	booting := time.Now()
	require.NoError(t, console.Expect(ctx, m, "# ", 60*devices.Second))
	boot := time.Since(booting)
	var wg sync.WaitGroup
	best := time.Hour
	for i := range 50 {
		var out machine.Console
		start := time.Now()
		f, err := m.Fork(machine.ForkOptions{Serial: [4]io.Writer{&out}})
		best = min(best, time.Since(start))
		require.NoError(t, err)
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer f.Close()
			f.SendSerial(0, []byte(fmt.Sprintf("echo $((%d*7))\n", i)))
			assert.NoError(t, out.Expect(ctx, f, fmt.Sprintf("\n%d\r\n", i*7), 20*devices.Second))
		}()
	}
	wg.Wait()
	t.Logf("boot: %v, fork: %v", boot, best)
	assert.Less(t, best, boot/100)
}
