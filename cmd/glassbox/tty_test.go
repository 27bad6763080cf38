//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTerminalIsRestored ends runs in several ways on a terminal of their own, made by
// guestScript(1), and compares the terminal's mode before and after. SIGKILL included: a guard
// process sees to that.
func TestTerminalIsRestored(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for _, tool := range []string{"script", "stty", "sh", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	bin := filepath.Join(t.TempDir(), "glassbox")
	out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, tc := range []struct{ name, kill, args, code string }{
		{"time limit", "", "--timeout 300ms", "124"},
		{"forbidden text", "", "--fail-on Type.help", "10"},
		{"SIGTERM", "TERM", "", "143"},
		{"SIGKILL", "KILL", "", "137"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pid := filepath.Join(t.TempDir(), "pid")
			kill := ""
			if tc.kill != "" {
				kill = "(sleep 0.7; kill -" + tc.kill + " $(cat " + pid + ")) & "
			}
			play := "a=$(stty -a); " + kill + "sh -c 'echo $$ > " + pid + "; exec " + bin + " demo --embedded " + tc.args +
				"'; code=$?; sleep 0.3; test \"$a\" = \"$(stty -a)\" && echo RESTORED after $code"
			out, err := exec.Command("script", "-qec", play, "/dev/null").CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.Contains(t, string(out), "Type help", "the guest ran")
			assert.Contains(t, strings.ReplaceAll(string(out), "\r", ""), "RESTORED after "+tc.code+"\n")
		})
	}
}
