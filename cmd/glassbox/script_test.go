package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/guest"
)

// TestScriptOutcomes drives the embedded guest by --script.
func TestScriptOutcomes(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	for _, tc := range []struct {
		name, script string
		code         int
		out, err     string
	}{
		{"quit", "wait \"glass> \"\ntype help\\n\nwait \"glass> \"\nquit 3", 3, "help", ""},
		{"end of the script", "# no more\nwait glass>\ntype off\\n", 0, "Off.", "nothing can wake it"},
		{"never seen", "timeout 0.2\nwait glass>\nwait gloss>", exitUnmet, "", `:3: wait gloss>: not seen within 0.2 s`},
		{"machine stopped", "wait \"glass> \"\ntype off\\n\nwait glass>", exitUnmet, "Off.", ":3: wait glass>: the machine stopped before"},
		{"not understood", "wait glass>\ntipe x", exitUsage, "", `:2: there is no command "tipe"`},
		{"no such drive", "eject fda", exitFailed, "", ":1: change medium: there is no drive"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := write(t, "session", []byte(tc.script))
			code, stdout, stderr := call(t, "run", "-kernel", kernel, "--clock", "virtual", "--timeout", "60s", "--script", file)
			assert.Equal(t, tc.code, code, stderr)
			assert.Contains(t, stdout, tc.out)
			assert.Contains(t, stderr, tc.err)
		})
	}
	code, _, stderr := call(t, "run", "-kernel", kernel, "--script", "nowhere")
	assert.Equal(t, exitNotFound, code, stderr)
}

// TestScriptIsReplayed records a scripted session; the replay needs no script.
func TestScriptIsReplayed(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	file := write(t, "session", []byte("wait \"glass> \"\ntype help\\n\nwait \"glass> \"\nkey a\nquit"))
	journal := filepath.Join(t.TempDir(), "journal")
	code, _, stderr := call(t, "record", journal, "--", "-kernel", kernel, "--script", file, "-rtc", "base=localtime")
	assert.Zero(t, code, stderr)
	code, _, stderr = call(t, "replay", journal)
	assert.Zero(t, code, stderr)
	assert.Contains(t, stderr, "the replay is equal to the recording")
}

func TestFirmwareOptions(t *testing.T) {
	for _, tc := range []struct {
		code int
		want string
		args []string
	}{
		{exitNotFound, "nowhere", []string{"-bios", "nowhere"}},
		{exitUsage, "multiple of 64 KiB", []string{"-bios", write(t, "odd.bin", make([]byte, 1000))}},
		{exitUsage, "name has 1 to 55 bytes", []string{"-bios", "x", "-fw_cfg", "string=x"}},
		{exitUsage, "file=FILE or string=TEXT", []string{"-bios", "x", "-fw_cfg", "name=opt/x"}},
		{exitUsage, "unknown key", []string{"-bios", "x", "-fw_cfg", "name=opt/x,text=x"}},
		{exitUsage, "want utc, localtime or a date", []string{"-bios", "x", "-rtc", "base=tomorrow"}},
		{exitUsage, "only vm", []string{"-bios", "x", "-rtc", "clock=host"}},
		{exitUsage, "no port", []string{"-bios", "x", "-global", "isa-debugcon.iobase=x"}},
		{exitUsage, "there is romfile", []string{"-bios", "x", "-device", "VGA,vgamem_mb=16"}},
	} {
		code, _, stderr := call(t, append([]string{"run"}, tc.args...)...)
		assert.Equal(t, tc.code, code, "%v: %s", tc.args, stderr)
		assert.Contains(t, stderr, tc.want, "%v", tc.args)
	}
}
