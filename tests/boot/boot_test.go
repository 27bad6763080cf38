// Package boot starts other people's kernels, unmodified, and reads what they print. It
// needs the files that .ci/guests fetches, in the folder named by GLASSBOX_GUESTS, and
// skips without them.
package boot

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// guest reads a file of the guests' folder.
func guest(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("GLASSBOX_GUESTS")
	if dir == "" {
		t.Skip("GLASSBOX_GUESTS is not set; .ci/guests fetches the guests")
	}
	p, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not in GLASSBOX_GUESTS; .ci/guests fetches it", name)
	}
	require.NoError(t, err)
	return p
}

// boot runs a machine until the guest ends it, prints want, or the budget is used up.
func boot(t testing.TB, cfg machine.Config, budget uint64, want string) (string, machine.Result, *machine.Machine) {
	t.Helper()
	console := &console{want: want}
	cfg.NoReboot = true
	cfg.Serial[0] = console
	if cfg.Memory == 0 {
		cfg.Memory = 256 << 20
	}
	m, err := machine.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	console.stop = m.Stop
	res, err := m.Run(context.Background(), machine.RunOptions{Budget: budget})
	require.NoError(t, err)
	return console.text.String(), res, m
}

// A console keeps what the guest prints and stops the machine when it has seen enough.
type console struct {
	text strings.Builder
	want string
	stop func()
}

func (c *console) Write(p []byte) (int, error) {
	c.text.Write(p)
	if c.want != "" && strings.Contains(c.text.String(), c.want) {
		c.stop()
	}
	return len(p), nil
}

// tail is the end of what a guest printed, for failures.
func tail(s string) string { return s[max(0, len(s)-3000):] }

// initramfs is an archive with busybox, the script as /init, and more files.
func initramfs(t testing.TB, script string, more ...file) []byte {
	files := []file{
		dir("bin"), dir("dev"), dir("proc"), dir("sys"), dir("mnt"),
		{"dev/console", 0o020600, nil, 5, 1},
		{"bin/busybox", 0o100755, guest(t, "busybox"), 0, 0},
		{"init", 0o100755, []byte("#!/bin/busybox sh\nexport PATH=/bin\nbusybox mount -t proc proc /proc\nbusybox --install -s /bin\n" + script), 0, 0},
	}
	return archive(append(files, more...))
}

// complaints are what no boot prints.
var complaints = []string{
	"Oops", "BUG:", "Kernel panic", "WARNING:", "Call Trace", "unable to handle",
	"MP-BIOS bug", "APIC error", "do_IRQ", "No irq handler", "nobody cared", "spurious",
	"unstable", "Firmware Bug", "ACPI Error", "ACPI BIOS Error", "not responding", "stuck", "soft lockup", "rcu_preempt detected",
}

// testCloudKernel boots with n processors. Each of them runs a program of its own, and all
// together write to a pipe and wait for each other.
func testCloudKernel(t *testing.T, n int) {
	out, res, _ := boot(t, machine.Config{CPUs: n, Boot: machine.Boot{
		Kernel: guest(t, "vmlinuz-cloud"),
		Initrd: initramfs(t, "echo user space; cat /proc/cpuinfo; cat /proc/interrupts; echo $((6*7))\n"+
			"for i in 0 1 2 3; do taskset $((1 << i % `nproc`)) sha256sum /bin/busybox & done | sort | uniq -c\n"+
			"echo `nproc` processors; echo end of test; reboot -f\n",
			file{"dev/null", 0o020666, nil, 1, 3}),
		Append: "console=ttyS0",
	}}, 5e9, "")
	require.Equal(t, machine.StopReset, res.Reason, tail(out))
	assert.Contains(t, out, "TSC deadline timer available")
	assert.Contains(t, out, "user space")
	assert.Contains(t, out, "Glassbox Virtual CPU")
	assert.Contains(t, out, "IO-APIC   2-edge      timer")
	assert.Contains(t, out, "\n42\r")
	assert.Contains(t, out, fmt.Sprintf("\n%d processors\r", n))
	assert.Contains(t, out, "\n      4 ", "four times the same sum")
	assert.Contains(t, out, "end of test")
	for _, bad := range complaints {
		assert.NotContains(t, out, bad)
	}
}

func TestCloudKernelReachesUserSpace(t *testing.T) {
	t.Parallel()
	testCloudKernel(t, 1)
}

func TestCloudKernelOnTwoProcessors(t *testing.T) {
	t.Parallel()
	testCloudKernel(t, 2)
}

func TestCloudKernelOnFourProcessors(t *testing.T) {
	t.Parallel()
	testCloudKernel(t, 4)
}

func TestGenericKernelReachesUserSpace(t *testing.T) {
	t.Parallel()
	out, res, _ := boot(t, machine.Config{Boot: machine.Boot{
		Kernel: guest(t, "vmlinuz-generic"),
		Initrd: initramfs(t, "echo user space; uname -a; reboot -f\n"),
		Append: "console=ttyS0",
	}}, 8e9, "")
	require.Equal(t, machine.StopReset, res.Reason, tail(out))
	assert.Contains(t, out, "user space")
	assert.NotContains(t, out, "Call Trace")
}

// TestInstallerKernelRunsA32BitProcess boots Debian's i386 kernel with a program of a
// hundred bytes as its first process.
func TestInstallerKernelRunsA32BitProcess(t *testing.T) {
	t.Parallel()
	out, res, _ := boot(t, machine.Config{Boot: machine.Boot{
		Kernel: guest(t, "di-i386-linux"),
		Initrd: archive([]file{dir("dev"), {"dev/console", 0o020600, nil, 5, 1}, {"init", 0o100755, init32(), 0, 0}}),
		Append: "console=ttyS0",
	}}, 8e9, "")
	require.Equal(t, machine.StopReset, res.Reason, tail(out))
	assert.Contains(t, out, "IOAPIC[0]: apic_id 0, version 17")
	assert.Contains(t, out, "thirty-two bits")
}

func TestGNUMachProbesItsDevices(t *testing.T) {
	t.Parallel()
	out, _, _ := boot(t, machine.Config{Boot: machine.Boot{
		Kernel: guest(t, "gnumach"), Name: "gnumach", Append: "console=com0",
	}}, 3e9, "No bootstrap code loaded")
	assert.Contains(t, out, "ide0: BM-DMA at")
	assert.Contains(t, out, "bootstrap_create: No bootstrap code loaded")
}

// TestXenStartsItsFirstDomain boots the hypervisor with two processors, whose real-mode code
// calls the BIOS, up to the first instructions of Linux above it.
func TestXenStartsItsFirstDomain(t *testing.T) {
	t.Parallel()
	out, _, _ := boot(t, machine.Config{CPUs: 2, Memory: 512 << 20, Boot: machine.Boot{
		Kernel: guest(t, "xen"), Name: "xen", Append: "console=com1 com1=115200,8n1 loglvl=all",
		Modules: []bios.Module{{Data: guest(t, "vmlinuz-cloud"), Cmdline: "vmlinuz console=hvc0"}},
	}}, 3e9, "about to get started...")
	for _, want := range []string{
		"VGA is text mode 80x25", "Using ACPI (MADT) for SMP configuration information", "Platform timer is 100.000MHz HPET",
		"Enabling APIC mode", "TSC deadline timer enabled", "Brought up 2 CPUs", "*** Building a PV Dom0 ***", "about to get started...",
	} {
		assert.Contains(t, out, want)
	}
}

// TestInvadersStart looks for the game's picture on the screen: rows of invaders and the
// tip of the cannon.
func TestInvadersStart(t *testing.T) {
	t.Parallel()
	_, res, m := boot(t, machine.Config{Boot: machine.Boot{Kernel: guest(t, "invaders.exec"), Name: "invaders"}}, 2e8, "")
	assert.Equal(t, machine.StopBudget, res.Reason, res.Detail)
	text, ok := m.Text()
	require.True(t, ok, m.ScreenInfo())
	assert.Contains(t, text.String(), "-*--*-        -*--*-")
	assert.Contains(t, text.Line(24), `/ \`)
	assert.Zero(t, m.CPU().LastChain.N, "no exception")
}

// TestCloudKernelLogsOnTheScreen boots with the VGA as the console.
func TestCloudKernelLogsOnTheScreen(t *testing.T) {
	t.Parallel()
	_, _, m := boot(t, machine.Config{Boot: machine.Boot{Kernel: guest(t, "vmlinuz-cloud"), Append: "console=tty0"}}, 1e9, "")
	text, ok := m.Text()
	require.True(t, ok, m.ScreenInfo())
	assert.Equal(t, [2]int{80, 25}, [2]int{text.Cols, text.Rows})
	assert.Contains(t, text.String(), "Key type encrypted registered")
	assert.Equal(t, 24, text.CursorY)
}

// TestDiskIsWrittenThroughAtaPiix lets the guest make changes to an ext4 image through its
// own drivers, and the host's e2fsck judge the result.
func TestDiskIsWrittenThroughAtaPiix(t *testing.T) {
	t.Parallel()
	kernel := guest(t, "vmlinuz-cloud")
	mke2fs, err := exec.LookPath("mke2fs")
	if err != nil {
		t.Skip("mke2fs is not installed")
	}
	img := filepath.Join(t.TempDir(), "disk.img")
	require.NoError(t, os.WriteFile(img, make([]byte, 64<<20), 0o600))
	b, err := exec.Command(mke2fs, "-q", "-t", "ext4", img).CombinedOutput()
	require.NoError(t, err, string(b))
	d, err := disk.Open(img, disk.Options{})
	require.NoError(t, err)
	script := "for m in " + strings.Join(diskModules, " ") + "; do [ -f /lib/$m.ko ] && insmod /lib/$m.ko; done\n" +
		`mount -t devtmpfs dev /dev
mount -t ext4 /dev/sda /mnt && echo mounted
mkdir /mnt/folder
echo written by the guest > /mnt/folder/file
dd if=/dev/zero bs=64k count=100 | tr '\0' x > /mnt/large
sync
umount /mnt && mount -t ext4 -o ro /dev/sda /mnt && md5sum /mnt/large /mnt/folder/file
umount /mnt && echo unmounted
reboot -f
`
	out, res, _ := boot(t, machine.Config{
		Boot:   machine.Boot{Kernel: kernel, Initrd: initramfs(t, script, moduleFiles(t, diskModules)...), Append: "console=ttyS0"},
		Drives: machine.Drives{{Image: d}},
	}, 12e9, "")
	require.NoError(t, d.Close())
	require.Equal(t, machine.StopReset, res.Reason, tail(out))
	assert.Contains(t, out, "mounted")
	assert.Contains(t, out, "unmounted")
	sum := md5.Sum(bytes.Repeat([]byte("x"), 100<<16))
	assert.Contains(t, out, hex.EncodeToString(sum[:]))
	b, err = exec.Command("e2fsck", "-fn", img).CombinedOutput()
	assert.NoError(t, err, string(b))
	b, err = exec.Command("debugfs", "-R", "cat /folder/file", img).Output()
	require.NoError(t, err)
	assert.True(t, bytes.Contains(b, []byte("written by the guest")), string(b))
}

// TestEnginesAgreeOnABoot runs the plain and the fast engine side by side, comparing the
// processor every 2,000 instructions, up to the first user process, on two processors.
func TestEnginesAgreeOnABoot(t *testing.T) {
	t.Parallel()
	kernel := "vmlinuz-cloud"
	if k := os.Getenv("GLASSBOX_CHECK"); k != "" { // another kernel, for long runs
		kernel = k
	}
	boot32 := archive([]file{dir("dev"), {"dev/console", 0o020600, nil, 5, 1}, {"init", 0o100755, init32(), 0, 0}})
	out, res, m := boot(t, machine.Config{
		Engine: machine.Check,
		CPUs:   2,
		Boot:   machine.Boot{Kernel: guest(t, kernel), Initrd: boot32, Append: "console=ttyS0"},
	}, 20e9, "")
	require.Equal(t, machine.StopReset, res.Reason, tail(out))
	assert.Contains(t, out, "thirty-two bits")
	t.Logf("%s: %d instructions without a difference", kernel, m.Count())
}

// TestEnginesAgreeOnFourBusyProcessors runs on after the boot, with four programs that
// compress, fork and write to pipes, twice on the fast engine and once on both, and compares
// everything after 2.1×10⁹ instructions. It takes minutes of the host, and runs only if
// GLASSBOX_SLOW is set.
func TestEnginesAgreeOnFourBusyProcessors(t *testing.T) {
	if os.Getenv("GLASSBOX_SLOW") == "" {
		t.Skip("GLASSBOX_SLOW is not set")
	}
	const end = 2_100_000_000
	cfg := machine.Config{CPUs: 4, Boot: machine.Boot{
		Kernel: guest(t, "vmlinuz-cloud"), Append: "console=ttyS0",
		Initrd: initramfs(t, `busy() {
	while :; do
		n=0
		while [ $n -lt 5 ]; do n=$((n+1)); (true); done
		dd if=/bin/busybox bs=64k count=1 2>/dev/null | gzip | gunzip | sha256sum
	done
}
for i in 1 2 3 4; do busy & done
wait
`, file{"dev/null", 0o020666, nil, 1, 3}),
	}}
	run := func(e machine.Engine) string {
		cfg.Engine = e
		out, res, m := boot(t, cfg, end, "")
		require.Equal(t, machine.StopBudget, res.Reason, tail(out))
		require.EqualValues(t, end, m.Count())
		require.Greater(t, strings.Count(out, "  -"), 3, "sums: %s", tail(out))
		return m.StateHash()
	}
	first := run(machine.Fast)
	require.Equal(t, first, run(machine.Fast), "the same run again")
	require.Equal(t, first, run(machine.Check), "under check")
}

// TestSameBootTwice boots four processors twice, cut into different pieces, and compares everything.
func TestSameBootTwice(t *testing.T) {
	t.Parallel()
	kernel := guest(t, "vmlinuz-cloud")
	hash := func(piece uint64) string {
		m, err := machine.New(machine.Config{Memory: 128 << 20, CPUs: 4, Boot: machine.Boot{Kernel: kernel, Append: "console=ttyS0"}})
		require.NoError(t, err)
		defer m.Close()
		for m.Count() < 300e6 {
			_, err := m.Run(context.Background(), machine.RunOptions{Budget: min(piece, 300e6-m.Count())})
			require.NoError(t, err)
		}
		return m.StateHash()
	}
	assert.Equal(t, hash(300e6), hash(1_234_567))
}
