package cpio

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sample(t *testing.T) []byte {
	var b bytes.Buffer
	w := NewWriter(&b)
	w.Dir("dev")
	w.Char("dev/console", 0o600, 5, 1)
	w.Char("dev/ttyS0", 0o600, 4, 64)
	w.File("init", 0o755, []byte("#!/bin/sh\n"))
	w.File("empty", 0o644, nil)
	w.Symlink("bin", "usr/bin")
	w.File("odd-name", 0o644, []byte("12345"))
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestReadReturnsWhatWasWritten(t *testing.T) {
	entries, err := Read(sample(t))
	require.NoError(t, err)
	require.Len(t, entries, 7)
	assert.Equal(t, Entry{Name: "dev/ttyS0", Mode: TypeChar | 0o600, Major: 4, Minor: 64, Data: []byte{}}, entries[2])
	assert.Equal(t, "12345", string(entries[6].Data))
	assert.Equal(t, "usr/bin", string(entries[5].Data))
}

// TestCpioReadsIt asks the tool itself.
func TestCpioReadsIt(t *testing.T) {
	tool, err := exec.LookPath("cpio")
	if err != nil {
		t.Skip("cpio is not installed")
	}
	cmd := exec.Command(tool, "-itvn", "--quiet")
	cmd.Stdin = bytes.NewReader(sample(t))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, lines, 7, "%s", out)
	for i, want := range [][]string{
		{"drwxr-xr-x", "dev"}, {"crw-------", "5,", "1", "dev/console"}, {"crw-------", "4,", "64", "dev/ttyS0"},
		{"-rwxr-xr-x", "10", "init"}, {"-rw-r--r--", "empty"}, {"lrwxrwxrwx", "bin -> usr/bin"}, {"5", "odd-name"},
	} {
		rest := lines[i]
		for _, word := range want {
			at := strings.Index(rest, word)
			require.GreaterOrEqual(t, at, 0, "%q in %q", word, lines[i])
			rest = rest[at+len(word):]
		}
	}
}

func TestBadNamesAreRefused(t *testing.T) {
	for _, name := range []string{"", "/init", strings.Repeat("x", 5000)} {
		w := NewWriter(&bytes.Buffer{})
		w.Dir(name)
		assert.Error(t, w.Close(), "%.10q", name)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("070701"))
	var b bytes.Buffer
	w := NewWriter(&b)
	w.File("a", 0o644, []byte("x"))
	_ = w.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, p []byte) { _, _ = Read(p) })
}
