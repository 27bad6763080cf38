package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/guest"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRecordAndReplay(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	image := write(t, "disk.img", make([]byte, 1<<20))
	journal := filepath.Join(t.TempDir(), "a.journal")
	run := append([]string{"-kernel", kernel, "-m", "8", "-hda", image, "--timeout", "20s"}, guestScript("help", "regs", "disk", "off")...)
	code, out, stderr := call(t, append([]string{"record", journal, "--"}, run...)...)
	require.Equal(t, 0, code, stderr)

	code, again, stderr := call(t, "replay", journal)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stderr, "equal to the recording")
	assert.Equal(t, out, again)
	code, _, stderr = call(t, "replay", journal, "--", "--engine", "plain")
	assert.Equal(t, 0, code, stderr)

	require.NoError(t, os.WriteFile(image, []byte(strings.Repeat("other contents", 100)+strings.Repeat("\x00", 1<<20-1400)), 0o644))
	code, _, stderr = call(t, "replay", journal)
	assert.Equal(t, exitDiverged, code, stderr)
	assert.Contains(t, stderr, "between instruction")
}

func TestWrongUseOfRecordAndReplay(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	note := write(t, "note.txt", []byte("no journal\n"))
	for _, tc := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "where the journal goes", []string{"record", "a"}},
		{exitUsage, "nothing to boot", []string{"record", "a", "--", "-m", "8"}},
		{exitUsage, "which journal", []string{"replay"}},
		{exitNotFound, "nosuch", []string{"replay", "nosuch"}},
		{exitBadImage, "this is none", []string{"replay", note}},
		{exitNotFound, "nosuch", []string{"snapshot", "nosuch"}},
		{exitBadImage, "not a snapshot", []string{"snapshot", kernel}},
		{exitNotFound, "no snapshot", []string{"run", "-kernel", kernel, "-loadvm", "nosuch"}},
		{exitBadImage, "not a snapshot", []string{"run", "-kernel", kernel, "-loadvm", kernel}},
	} {
		code, _, stderr := call(t, tc.args...)
		assert.Equal(t, tc.code, code, "%v: %s", tc.args, stderr)
		assert.Contains(t, stderr, tc.want, "%v", tc.args)
	}
}

// TestSnapshotsByName saves, lists, loads and deletes as the monitor does.
func TestSnapshotsByName(t *testing.T) {
	t.Chdir(t.TempDir())
	kernel := write(t, "guest.elf", guest.Image())
	e := &env{stdout: io.Discard, stderr: io.Discard}
	o, err := parseRun(e, []string{"-kernel", kernel, "-m", "8", "-serial", "none"})
	require.NoError(t, err)
	s := newSession(&job{options: o}, e)
	require.NoError(t, s.loadFiles())
	s.m, err = machine.New(o.cfg)
	require.NoError(t, err)
	defer s.m.Close()
	target := &target{s}
	require.NoError(t, target.SaveVM("first"))
	assert.Error(t, target.SaveVM("../first"))
	var list strings.Builder
	require.NoError(t, target.ListVM(&list))
	assert.Contains(t, list.String(), "first")
	require.NoError(t, target.LoadVM("first"))
	var diff strings.Builder
	require.NoError(t, target.DiffVM(&diff, "first", ""))
	assert.Equal(t, "no difference\n", diff.String())
	_, err = s.m.Run(context.Background(), machine.RunOptions{Budget: 5000})
	require.NoError(t, err)
	require.NoError(t, target.SaveVM("second"))
	for _, tc := range []struct {
		code int
		want string
		args []string
	}{
		{0, "first", nil},
		{0, "second", []string{"list"}},
		{0, "8 MiB of memory", []string{"first"}},
		{0, "5000 instructions", []string{"info", "first", "second"}},
		{0, "whole, after 5000", []string{"check", "second"}},
		{exitFailed, "cpu.RIP: ", []string{"diff", "first", "second"}},
		{0, "no difference", []string{"diff", "first", "first"}},
		{exitUsage, "name two", []string{"diff", "first"}},
		{exitUsage, "name a snapshot", []string{"check"}},
		{exitNotFound, "neither", []string{"frist"}},
		{exitBadImage, "not a snapshot", []string{"check", kernel}},
		{0, "", []string{"delete", "second"}},
		{exitNotFound, "second", []string{"delete", "second"}},
	} {
		code, out, stderr := call(t, append([]string{"snapshot"}, tc.args...)...)
		assert.Equal(t, tc.code, code, "%v: %s", tc.args, stderr)
		assert.Contains(t, out+stderr, tc.want, "%v", tc.args)
	}
	code, _, stderr := call(t, "run", "-kernel", kernel, "-m", "8", "-loadvm", "first", "--expect", "glass> ")
	assert.Equal(t, 0, code, stderr)
	code, _, stderr = call(t, "run", "-kernel", kernel, "-m", "16", "-loadvm", "first")
	assert.Equal(t, exitBadImage, code)
	assert.Contains(t, stderr, "8 MiB of memory")
	require.NoError(t, target.DelVM("first"))
	assert.Error(t, target.LoadVM("first"))
}
