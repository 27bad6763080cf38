package tests

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryFlagIsInTheREADME asks the program itself for its flags.
func TestEveryFlagIsInTheREADME(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	help, err := exec.Command("go", "run", "../cmd/glassbox", "run", "-help").Output()
	require.NoError(t, err)
	flags := regexp.MustCompile(`(?m)^  (--?[A-Za-z][\w-]*)`).FindAllStringSubmatch(string(help), -1)
	require.NotEmpty(t, flags)
	for _, f := range flags {
		if !strings.Contains(string(readme), "`"+f[1]+"`") {
			t.Errorf("%s is not in the README", f[1])
		}
	}
}
