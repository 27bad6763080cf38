package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/guest"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// write makes a file and returns its path.
func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

// TestWrongCommandLines checks the exit code and that the message says what to do.
func TestWrongCommandLines(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	text := write(t, "note.txt", []byte(strings.Repeat("no kernel\n", 100)))
	empty := write(t, "empty.img", nil)
	qcow := write(t, "a.qcow2", append([]byte("QFI\xfb"), make([]byte, 1020)...))
	disk1 := write(t, "disk.img", make([]byte, 4096))
	locked := write(t, "locked.img", make([]byte, 4096))
	held, err := disk.Open(locked, disk.Options{})
	require.NoError(t, err)
	defer held.Close()

	for _, tc := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "nothing to boot", nil},
		{exitUsage, "-initrd needs -kernel", []string{"-initrd", "x", "-hda", disk1}},
		{exitUsage, "a (floppy)", []string{"-hda", disk1, "-boot", "order=x"}},
		{exitUsage, "there are order and menu", []string{"-hda", disk1, "-boot", "splash=a"}},
		{exitUsage, "menu is on or off", []string{"-hda", disk1, "-boot", "menu=1"}},
		{exitBadImage, "no drive has a boot sector", []string{"-hda", disk1}},
		{exitUsage, "512M", []string{"-kernel", kernel, "-m", "lots"}},
		{exitUsage, "from 1M", []string{"-kernel", kernel, "-m", "512k"}},
		{exitUsage, "whole MiB", []string{"-kernel", kernel, "-m", "1025k"}},
		{exitUsage, "regular expression", []string{"-kernel", kernel, "--expect", "("}},
		{exitUsage, "empty text", []string{"-kernel", kernel, "--fail-on", "a*"}},
		{exitUsage, "not followed by --type", []string{"-kernel", kernel, "--type-after", "x"}},
		{exitUsage, "stdio", []string{"-kernel", kernel, "-serial", "tcp::4444"}},
		{exitUsage, "only one port", []string{"-kernel", kernel, "-serial", "stdio", "-serial", "mon:stdio"}},
		{exitUsage, "help lists", []string{"-kernel", kernel, "-device", "e1000"}},
		{exitUsage, "0xf4", []string{"-kernel", kernel, "-device", "isa-debug-exit,iobase=0x501"}},
		{exitUsage, "-d help", []string{"-kernel", kernel, "-d", "everything"}},
		{exitUsage, "virtual or real", []string{"-kernel", kernel, "--clock", "fast"}},
		{exitUsage, "instructions", []string{"-kernel", kernel, "--budget", "many"}},
		{exitUsage, "1 to 255", []string{"-kernel", kernel, "-smp", "400"}},
		{exitUsage, "want fast, plain or check", []string{"-kernel", kernel, "--engine", "warp"}},
		{exitUsage, "want auto, off or always", []string{"-kernel", kernel, "--native", "maybe"}},
		{exitUsage, "only pc", []string{"-kernel", kernel, "-machine", "q35"}},
		{exitUsage, "unknown CPU model", []string{"-kernel", kernel, "-cpu", "z80"}},
		{exitNotFound, "nosuch", []string{"-kernel", "nosuch"}},
		{exitNotFound, "truncate", []string{"-kernel", kernel, "-hda", "nosuch.img"}},
		{exitNotFound, "nodir", []string{"-kernel", kernel, "-serial", "file:nodir/log"}},
		{exitBadImage, "neither a Linux bzImage", []string{"-kernel", text}},
		{exitBadImage, "empty", []string{"-kernel", kernel, "-hda", empty}},
		{exitBadImage, "qcow2", []string{"-kernel", kernel, "-hda", qcow}},
		{exitLocked, "in use", []string{"-kernel", kernel, "-hda", locked}},
		{exitLocked, "in use", []string{"-kernel", kernel, "-hda", disk1, "-hdb", disk1}},
	} {
		code, _, stderr := call(t, append([]string{"run"}, tc.args...)...)
		assert.Equal(t, tc.code, code, "%v: %s", tc.args, stderr)
		assert.Contains(t, stderr, tc.want, "%v", tc.args)
	}
}

// guestScript types commands into the embedded guest, one per prompt.
func guestScript(commands ...string) []string {
	var args []string
	for _, c := range commands {
		args = append(args, "--type-after", "glass> ", "--type", c+`\n`)
	}
	return args
}

// TestOutcomes runs the embedded guest to each way of ending.
func TestOutcomes(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	base := []string{"run", "-kernel", kernel, "--clock", "virtual", "--timeout", "20s"}
	for _, tc := range []struct {
		name string
		code int
		out  string // on stdout
		err  string // on stderr
		args []string
	}{
		{"expectation met", 0, "Type help", "", []string{"--expect", "Type help"}},
		{"forbidden text", exitCrash, "", "tick", []string{"--fail-on", "tick"}},
		{"reset with -no-reboot", 0, "Resetting.", "", append(guestScript("reboot"), "-no-reboot")},
		{"halted for good", 0, "Off.", "nothing can wake it", guestScript("off")},
		{"code of the guest", 7, "Off.", "", append(guestScript("off 3"), "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04")},
		{"expectation not met", exitUnmet, "", "no output matched", append(guestScript("off"), "--expect", "never to be seen")},
		{"budget", 0, "", "", []string{"--budget", "100k"}},
		{"budget before the expectation", exitUnmet, "", "no output", []string{"--budget", "1k", "--expect", "glass> "}},
		{"time limit", exitTimeout, "", "--timeout", []string{"--timeout", "300ms"}},
		{"fault survived", 0, "Handled; going on.", "", append(guestScript("fault"), "--expect", "going on.")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, stderr := call(t, append(base, tc.args...)...)
			assert.Equal(t, tc.code, code, stderr)
			assert.Contains(t, out, tc.out)
			assert.Contains(t, stderr, tc.err)
		})
	}
}

// TestSameCommandSameState is the promise of determinism, at the command line.
func TestSameCommandSameState(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	var hashes [2]string
	for i := range hashes {
		code, _, stderr := call(t, append([]string{"run", "-kernel", kernel, "--stats=json", "--expect", "seconds|[0-9] s$"}, guestScript("page", "ticks")...)...)
		require.Zero(t, code, stderr)
		var st statistic
		require.NoError(t, json.Unmarshal([]byte(stderr), &st), stderr)
		assert.Positive(t, st.Instructions)
		hashes[i] = st.StateHash
	}
	assert.Equal(t, hashes[0], hashes[1])
	assert.Len(t, hashes[0], 64)
}

func TestDisksAndFiles(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	img := write(t, "disk,1.img", append([]byte("hello from the disk"), make([]byte, 1005)...))
	log := filepath.Join(t.TempDir(), "serial.log")
	code, out, stderr := call(t, append([]string{"run", "-kernel", kernel, "-serial", "file:" + log,
		"-drive", "file=" + strings.ReplaceAll(img, ",", ",,") + ",readonly=on", "--expect", "zeros not shown"}, guestScript("disk")...)...)
	require.Zero(t, code, stderr)
	assert.Empty(t, out, "COM1 goes to the file")
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Contains(t, string(text), "hello from the d")
	assert.Contains(t, string(text), " 2 sectors")
}

func TestTraceShowsEveryInstruction(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	trace := filepath.Join(t.TempDir(), "trace")
	code, _, stderr := call(t, "run", "-kernel", kernel, "--budget", "1000", "--trace", trace)
	require.Zero(t, code, stderr)
	text, err := os.ReadFile(trace)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	assert.Len(t, lines, 1000)
	assert.Regexp(t, `^00100060  fa +cli`, lines[0])
	assert.Regexp(t, `mov esp, 0x[0-9a-f]+ +rsp=[0-9a-f]+$`, lines[2])
}

func TestLogOfInterrupts(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	log := filepath.Join(t.TempDir(), "log")
	code, _, stderr := call(t, append([]string{"run", "-kernel", kernel, "-d", "int", "-D", log, "--expect", "Handled"}, guestScript("fault")...)...)
	require.Zero(t, code, stderr)
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Contains(t, string(text), "#PF")
	assert.Contains(t, string(text), "page not present")
}

func TestCompatibleFlagsPass(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	code, _, stderr := call(t, "run", "-kernel", kernel, "-nographic", "-enable-kvm", "-display", "none", "-vga", "none",
		"-monitor", "none", "-net", "none", "-smp", "1", "-name", "x", "-machine", "pc", "-m", "64M", "-nodefaults", "--budget", "1000")
	assert.Zero(t, code, stderr)
	assert.Equal(t, 1, strings.Count(stderr, "warning"), stderr)
}

func TestBrokenStandardOutputEndsTheRun(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	var errs strings.Builder
	e := &env{stdout: brokenWriter{}, stderr: &errs}
	assert.Equal(t, exitFailed, e.main([]string{"glassbox", "run", "-kernel", kernel}))
	assert.Contains(t, errs.String(), "broken pipe")
}

// TestKeysReachGuestAndMonitor plays a person who types at mon:stdio.
func TestKeysReachGuestAndMonitor(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	in := "ticks\r\x01h\x01cinfo registers\rpage 0x100000\rinfo pit8254\rx /4b 0x100000\ru /2 0x100060\rbogus\rq\r"
	var out, errs strings.Builder
	e := &env{stdin: strings.NewReader(in), stdout: &out, stderr: &errs}
	code := e.main([]string{"glassbox", "run", "-kernel", kernel, "--clock", "virtual", "-serial", "mon:stdio"})
	assert.Zero(t, code, errs.String())
	for _, want := range []string{"Ctrl-A x    leave", "RAX", "PML4E", "0x7f 0x45 0x4c 0x46", "no such command", "pit8254"} {
		assert.Contains(t, errs.String(), want)
	}
}

func TestDemoEmbedded(t *testing.T) {
	code, out, stderr := call(t, append([]string{"demo", "--embedded", "--expect", "zeros not shown"}, guestScript("disk")...)...)
	assert.Zero(t, code, stderr)
	assert.Contains(t, out, "This is sector 0")
}
