package main

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/stretchr/testify/assert"
)

func TestExitCodes(t *testing.T) {
	assert.Equal(t, 0, exitCode(nil))
	assert.Equal(t, exitFailed, exitCode(errors.New("x")))
	assert.Equal(t, exitUsage, exitCode(usagef("x")))
	assert.Equal(t, exitNotFound, exitCode(fmt.Errorf("open: %w", fs.ErrNotExist)))
	assert.Equal(t, exitLocked, exitCode(fmt.Errorf("open: %w", disk.ErrLocked)))
	assert.Equal(t, 7, exitCode(fmt.Errorf("run: %w", fail(7, nil))))
}

func TestDisasm(t *testing.T) {
	code, out, _ := call(t, "disasm", "--base", "0x1000", "48", "89", "e5", "c3")
	assert.Zero(t, code)
	assert.Equal(t, "0000000000001000  48 89 e5                        mov rbp, rsp\n"+
		"0000000000001003  c3                              ret\n", out)
	code, out, _ = call(t, "disasm", "-m", "16", "0xeb,0xfe")
	assert.Zero(t, code)
	assert.Contains(t, out, "jmp 0x0")
	file := write(t, "code.bin", []byte("\x90\x90\xf4"))
	code, out, _ = call(t, "disasm", file, "-m", "32", "--offset", "1", "--count", "1")
	assert.Zero(t, code)
	assert.Equal(t, "00000000  90                              nop\n", out)
}

func TestDisasmErrors(t *testing.T) {
	for _, tc := range []struct {
		code int
		args []string
	}{
		{exitUsage, nil}, {exitUsage, []string{"xyz", "q"}}, {exitUsage, []string{"-m", "8", "90"}},
		{exitUsage, []string{"9"}}, {exitNotFound, []string{"no/such.bin"}}, {exitUsage, []string{"--offset", "9", "90"}},
	} {
		code, _, stderr := call(t, append([]string{"disasm"}, tc.args...)...)
		assert.Equal(t, tc.code, code, "%v %s", tc.args, stderr)
	}
}

func TestLists(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"list", "machines"}, "i440FX"}, {[]string{"list", "cpus"}, "max"}, {[]string{"list", "devices"}, "isa-debug-exit"},
		{[]string{"run", "-cpu", "help"}, "max"}, {[]string{"run", "-machine", "help"}, "pc"},
		{[]string{"run", "-device", "help"}, "isa-debug-exit"}, {[]string{"run", "-d", "help"}, "cpu_reset"},
		{[]string{"version"}, "glassbox "}, {[]string{"-version"}, "glassbox "}, {[]string{"version", "--licenses"}, "Apache License"},
	} {
		code, out, stderr := call(t, tc.args...)
		assert.Zero(t, code, "%v %s", tc.args, stderr)
		assert.Contains(t, out, tc.want, "%v", tc.args)
	}
	code, _, _ := call(t, "list", "colours")
	assert.Equal(t, exitUsage, code)
	code, _, _ = call(t, "list")
	assert.Equal(t, exitUsage, code)
}

func TestParseCount(t *testing.T) {
	for in, want := range map[string]uint64{"1": 1, "5k": 5000, "200M": 200e6, "3g": 3e9} {
		got, err := parseCount(in)
		assert.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "0", "-1", "M", "1.5M", "99999999999G"} {
		_, err := parseCount(in)
		assert.Error(t, err, in)
	}
}
