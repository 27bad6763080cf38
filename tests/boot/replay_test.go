package boot

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// TestReplayOfABootWithDiskAndKeyboard records a boot with two processors in which somebody
// types on keyboard and serial line, whenever the host lets him, and the guest writes to a
// disk; then it repeats it. GLASSBOX_REPLAYS is how often, once if it is not set.
func TestReplayOfABootWithDiskAndKeyboard(t *testing.T) {
	t.Parallel()
	script := "for m in " + strings.Join(diskModules, " ") + "; do [ -f /lib/$m.ko ] && insmod /lib/$m.ko; done\n" +
		`mount -t devtmpfs dev /dev
for m in i8042 libps2 atkbd; do [ -f /lib/$m.ko ] && insmod /lib/$m.ko; done
nproc
(sleep 3; cat /proc/interrupts) &
echo ready
read line < /dev/tty1
echo "from the keyboard: $line"
read line
echo "from the serial line: $line"
while read word; do echo $word; done < /proc/interrupts | dd of=/dev/sda bs=4k conv=fsync 2>/dev/null
dd if=/dev/sda bs=512 count=1 2>/dev/null | head -c 20; echo
echo done
reboot -f
`
	cfg := machine.Config{
		Memory: 256 << 20, CPUs: 2, NoReboot: true,
		Boot: machine.Boot{Kernel: guest(t, "vmlinuz-cloud"), Append: "console=tty0 console=ttyS0",
			Initrd: initramfs(t, script, moduleFiles(t, append([]string{"i8042", "libps2", "atkbd"}, diskModules...))...)},
	}
	disk0 := func() machine.Drives {
		return machine.Drives{{Image: disk.NewOverlay(disk.NewMemory(make([]byte, 4<<20)))}}
	}
	build := func() (*machine.Machine, *machine.Console) {
		c, out := cfg, new(machine.Console)
		c.Drives, c.Serial[0] = disk0(), out
		m, err := machine.New(c)
		require.NoError(t, err)
		t.Cleanup(func() { m.Close() })
		return m, out
	}

	m, out := build()
	var journal bytes.Buffer
	r, err := m.Record(&journal, machine.RecordOptions{})
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	var res machine.Result
	for m.Count() < 12e9 && res.Reason == machine.StopBudget {
		res, err = m.Run(context.Background(), machine.RunOptions{Budget: 1 + random.Uint64N(20_000_000), Until: m.Now() + 200*devices.Millisecond})
		require.NoError(t, err)
		said := out.String()
		switch {
		case strings.Contains(said, "from the keyboard"):
			m.SendSerial(0, []byte("serial text\n")[random.IntN(6):])
		case strings.Contains(said, "ready"):
			m.TypeKeys([]byte("ab\n"))
		}
	}
	require.NoError(t, r.Close())
	require.Equal(t, machine.StopReset, res.Reason, tail(out.String()))
	assert.Contains(t, out.String(), "\n2\r\n", "processors")
	assert.Contains(t, out.String(), "from the keyboard: ab")
	assert.Contains(t, out.String(), "from the serial line: ")
	t.Logf("%d instructions, journal of %d KiB", m.Count(), journal.Len()>>10)

	times, err := strconv.Atoi(os.Getenv("GLASSBOX_REPLAYS"))
	if err != nil {
		times = 1
	}
	hash := m.StateHash()
	for i := range times {
		again, said := build()
		require.NoError(t, again.Replay(bytes.NewReader(journal.Bytes())))
		_, err := again.Run(context.Background(), machine.RunOptions{})
		require.NoError(t, err, "replay %d", i)
		require.NoError(t, again.CheckReplay(), "replay %d", i)
		require.Equal(t, hash, again.StateHash())
		require.Equal(t, out.String(), said.String())
		require.NoError(t, again.Close())
		t.Logf("replay %d is equal", i+1)
	}
}
