package boot

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/machine"
)

// TestKernelsComplainNoMoreThanOnQEMU boots Debian's kernels with 1, 2 and 4 processors here
// and on QEMU's pc: what is a warning or worse here, or reads like one, must be there too.
// It takes half an hour of the host and runs only if GLASSBOX_SLOW is set.
func TestKernelsComplainNoMoreThanOnQEMU(t *testing.T) {
	if os.Getenv("GLASSBOX_SLOW") == "" {
		t.Skip("GLASSBOX_SLOW is not set")
	}
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		t.Skip("qemu-system-x86_64 is not installed")
	}
	initrd := archive([]file{dir("dev"), {"dev/console", 0o020600, nil, 5, 1}, {"init", 0o100755, init32(), 0, 0}})
	for _, kernel := range []string{"vmlinuz-cloud", "vmlinuz-generic", "vmlinuz-rt", "di-i386-linux"} {
		for _, n := range []int{1, 2, 4} {
			t.Run(fmt.Sprintf("%s/%d", kernel, n), func(t *testing.T) {
				const options = "console=ttyS0 console_msg_format=syslog"
				ours, res, _ := boot(t, machine.Config{CPUs: n, Boot: machine.Boot{
					Kernel: guest(t, kernel), Initrd: initrd, Append: options,
				}}, 20e9, "")
				require.Equal(t, machine.StopReset, res.Reason, tail(ours))
				require.Contains(t, ours, "thirty-two bits")
				theirs := bootQEMU(t, qemu, kernel, initrd, "-append", options, "-smp", strconv.Itoa(n))
				require.Contains(t, theirs, "thirty-two bits")
				known := map[string]bool{}
				for _, line := range complaintsIn(theirs) {
					known[withoutNumbers(line)] = true
				}
				for _, line := range complaintsIn(ours) {
					assert.True(t, known[withoutNumbers(line)] || noCounters.MatchString(line), line)
				}
				t.Logf("%d complaints here, %d on QEMU", len(complaintsIn(ours)), len(complaintsIn(theirs)))
			})
		}
	}
}

// noCounters is what a kernel says of counters that count instructions and time only; QEMU
// has none at all.
var noCounters = regexp.MustCompile(`^core: CPUID marked event: '(cache|branch) .*' unavailable$`)

// bootQEMU is what QEMU prints on COM1 until the guest resets.
func bootQEMU(t *testing.T, qemu, kernel string, initrd []byte, args ...string) string {
	path := filepath.Join(t.TempDir(), "initrd")
	require.NoError(t, os.WriteFile(path, initrd, 0o600))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, qemu, append([]string{"-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", "256", "-no-reboot",
		"-nic", "none", "-display", "none", "-serial", "stdio", "-monitor", "none",
		"-kernel", filepath.Join(os.Getenv("GLASSBOX_GUESTS"), kernel), "-initrd", path}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	require.NoError(t, err, tail(out.String()))
	return out.String()
}

// message is a line of the console with console_msg_format=syslog: priority, time, text.
var message = regexp.MustCompile(`^<(\d+)>\[ *\d+\.\d+\] (.*)$`)

// warning is the least severe priority that is a complaint, after syslog(3).
const warning = 4

// complaintsIn are the messages of a boot that are warnings, or that complain in other words.
func complaintsIn(console string) (found []string) {
	for line := range strings.Lines(console) {
		m := message.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if m == nil {
			continue
		}
		priority, _ := strconv.Atoi(m[1])
		bad := priority%8 <= warning
		for _, c := range complaints {
			bad = bad || strings.Contains(m[2], c)
		}
		if bad {
			found = append(found, m[2])
		}
	}
	return found
}

var numbers = regexp.MustCompile(`(0x)?\b[0-9a-f]*[0-9][0-9a-f]*\b`)

// withoutNumbers is a message with # for each number.
func withoutNumbers(s string) string { return numbers.ReplaceAllString(s, "#") }
