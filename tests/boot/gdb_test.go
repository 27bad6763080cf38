package boot

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/debug"
	"github.com/glassbox-vm/glassbox/machine/gdbstub/gdbtest"
)

// runningKernel boots Debian's kernel to a shell that does a little, all the time, and
// returns the addresses that its /proc/kallsyms has.
func runningKernel(t *testing.T, cfg machine.Config) (*machine.Machine, map[string]uint64) {
	cfg.Boot = machine.Boot{
		Kernel: guest(t, "vmlinuz-cloud"),
		Initrd: initramfs(t, "grep -m 3 -E ' (schedule|jiffies_64|entry_SYSCALL_64)$' /proc/kallsyms; echo READY\n"+
			"while :; do sleep 0.01; done\n"),
		Append: "console=ttyS0 nokaslr",
	}
	out, res, m := boot(t, cfg, 5e9, "READY")
	require.Equal(t, machine.StopCancelled, res.Reason, tail(out))
	for end := m.Count() + 1_000_000; m.Count() < end; { // whatever else it prints stops it too
		_, err := m.Run(context.Background(), machine.RunOptions{Budget: end - m.Count()})
		require.NoError(t, err)
	}
	symbols := map[string]uint64{}
	for _, f := range regexp.MustCompile(`(?m)^([0-9a-f]{16}) \w (\w+)`).FindAllStringSubmatch(out, -1) {
		symbols[f[2]], _ = strconv.ParseUint(f[1], 16, 64)
	}
	require.Len(t, symbols, 3, tail(out))
	return m, symbols
}

// A place is where a debugger stopped.
type place struct{ count, rip uint64 }

// placesIn finds the lines "AT rip" and "n instructions" that the commands below print.
func placesIn(t *testing.T, text string) (list []place) {
	for _, f := range regexp.MustCompile(`(?m)^AT (\w+)\n(\d+) instructions`).FindAllStringSubmatch(text, -1) {
		rip, err := strconv.ParseUint(f[1], 16, 64)
		require.NoError(t, err)
		count, err := strconv.ParseUint(f[2], 10, 64)
		require.NoError(t, err)
		list = append(list, place{count, rip})
	}
	return list
}

// where makes gdb print a line for placesIn.
const where = "printf \"AT %lx\\n\", $rip\nmonitor ptime\n"

// TestGDBAttachedToARunningKernel goes forwards and backwards between breakpoints in
// schedule, and back to the last writer of a variable. All places are those that a run
// that only goes forwards has found.
func TestGDBAttachedToARunningKernel(t *testing.T) {
	t.Parallel()
	m, symbols := runningKernel(t, machine.Config{CPUs: 2})
	past, err := m.StartTimeline(machine.TimelineOptions{})
	require.NoError(t, err)
	d := debug.New(m, past)
	schedules, writes := forward(t, d, symbols, 21)
	require.NoError(t, past.Goto(context.Background(), past.Begin().Count))

	var commands strings.Builder
	fmt.Fprintf(&commands, "show architecture\nbreak *%#x\n", symbols["schedule"])
	commands.WriteString(strings.Repeat("continue\n"+where, 21))
	commands.WriteString(strings.Repeat("reverse-continue\n"+where, 20))
	commands.WriteString(strings.Repeat("continue\n"+where, 20))
	fmt.Fprintf(&commands, "delete\nwatch *(unsigned long *)%#x\n", symbols["jiffies_64"])
	commands.WriteString(strings.Repeat("reverse-continue\n"+where, 2))
	out := gdbtest.Run(t, d.GDB(), commands.String())

	want := append([]place(nil), schedules...)
	for i := 19; i >= 0; i-- {
		want = append(want, schedules[i])
	}
	want = append(want, schedules[1:]...)
	for i := range 2 {
		want = append(want, writes[len(writes)-1-i])
	}
	assert.Equal(t, want, placesIn(t, out), out)
	assert.Contains(t, out, `currently "i386:x86-64"`)
}

// forward runs to n breakpoints in schedule, and notes every write to jiffies_64 on the
// way: the place before the instruction that does it.
func forward(t *testing.T, d *debug.Debugger, symbols map[string]uint64, n int) (schedules, writes []place) {
	at := d.Add(&debug.Point{Kind: debug.PointCode, Addr: symbols["schedule"]})
	watch := d.Add(&debug.Point{Kind: debug.PointData, Addr: symbols["jiffies_64"], Size: 8, Write: true})
	for len(schedules) < n {
		stop, err := d.Continue(context.Background())
		require.NoError(t, err)
		require.Equal(t, debug.StopPoint, stop.Kind)
		if stop.Point == at {
			schedules = append(schedules, place{d.Count(), d.CPU().RIP()})
		} else {
			writes = append(writes, place{d.Count() - 1, stop.Hit.RIP})
		}
	}
	d.Remove(at)
	d.Remove(watch)
	return schedules, writes
}
