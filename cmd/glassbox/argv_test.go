package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// call runs a command line with buffers for streams.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	e := &env{stdout: &out, stderr: &errs}
	code = e.main(append([]string{"glassbox"}, args...))
	return code, out.String(), errs.String()
}

func TestPermuteMovesFlagsToTheFront(t *testing.T) {
	known := []flagSpec{{"m", true}, {"nographic", false}, {"serial", true}}
	for _, tc := range []struct{ in, want string }{
		{"disk.img -m 512", "-m 512 -- disk.img"},
		{"-m 512 disk.img", "-m 512 -- disk.img"},
		{"a -nographic b --m=1", "-nographic --m=1 -- a b"},
		{"a -- -m b", "-- a -m b"},
		{"-serial none -", "-serial none -- -"},
		{"-m -5", "-m -5 --"}, // a value may look like a flag
	} {
		got, err := permute(strings.Fields(tc.in), known)
		require.NoError(t, err, tc.in)
		assert.Equal(t, tc.want, strings.Join(got, " "), tc.in)
	}
}

func TestUnknownFlagsAreExplained(t *testing.T) {
	for _, tc := range []struct{ arg, want string }{
		{"-kernle", "did you mean -kernel?"},
		{"-nographics", "did you mean -nographic?"},
		{"--budge", "did you mean -budget?"},
		{"-vnc", "QEMU has this option"},
		{"-netdev", "QEMU has this option"},
		{"-xyzzy", "-help lists"},
	} {
		code, _, stderr := call(t, "run", tc.arg)
		assert.Equal(t, exitUsage, code, tc.arg)
		assert.Contains(t, stderr, tc.want, tc.arg)
		assert.Contains(t, stderr, tc.arg[1:], tc.arg)
	}
}

func TestRunIsImplied(t *testing.T) {
	img := filepath.Join(t.TempDir(), "disk.img")
	require.NoError(t, os.WriteFile(img, make([]byte, 512), 0o644))
	for _, args := range [][]string{{img}, {"-hda", img}, {img, "-m", "64"}, {"run", img}} {
		code, _, stderr := call(t, args...)
		assert.Equal(t, exitBadImage, code)
		assert.Contains(t, stderr, "no drive has a boot sector", "%v", args)
	}
	code, _, stderr := call(t, "dmeo")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, `did you mean "demo"?`)
	code, _, stderr = call(t, "no-such-file.img")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "no-such-file.img")
}

func TestEditDistance(t *testing.T) {
	assert.Equal(t, 0, editDistance("abc", "abc"))
	assert.Equal(t, 1, editDistance("abc", "acb"))
	assert.Equal(t, 1, editDistance("abc", "ab"))
	assert.Equal(t, 3, editDistance("", "abc"))
}

func TestHelpIsShownEverywhere(t *testing.T) {
	for _, args := range [][]string{{}, {"-help"}, {"--help"}, {"help"}, {"-h"}} {
		code, out, stderr := call(t, args...)
		assert.Zero(t, code, "%v %s", args, stderr)
		assert.Contains(t, out, "glassbox demo", "%v", args)
	}
	for _, cmd := range []string{"run", "demo", "disasm", "list", "version"} {
		for _, args := range [][]string{{cmd, "-help"}, {"help", cmd}} {
			code, out, _ := call(t, args...)
			assert.Zero(t, code, "%v", args)
			assert.Contains(t, out, "Usage:  glassbox "+cmd, "%v", args)
			assert.Contains(t, out, "Example", "%v", args)
		}
	}
	code, _, _ := call(t, "help", "nonsense")
	assert.Equal(t, exitUsage, code)
}

func TestErrorsOfTheLibraryAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{
		{"run", "--timeout", "soon"}, {"run", "-m"}, {"run", "--stats=xml"}, {"disasm", "-m", "sixteen", "90"},
	} {
		code, _, _ := call(t, args...)
		assert.Equal(t, exitUsage, code, "%v", args)
	}
}

// A brokenWriter fails like a closed pipe.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
