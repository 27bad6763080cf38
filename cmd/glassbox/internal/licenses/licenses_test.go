package licenses

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryModuleHasALicence compares with go.mod. Modules of tests do not end up in the
// program.
func TestEveryModuleHasALicence(t *testing.T) {
	mod, err := os.ReadFile("../../../../go.mod")
	require.NoError(t, err)
	var all strings.Builder
	for _, l := range All() {
		all.WriteString(l.Module + "\n")
		assert.Greater(t, len(l.Text), 500, l.Module)
	}
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v`).FindAllStringSubmatch(string(mod), -1) {
		switch m[1] {
		case "github.com/stretchr/testify", "go.yaml.in/yaml/v3":
		default:
			assert.Contains(t, all.String(), m[1])
		}
	}
}

func TestOurOwnIsTheOneOfTheRepository(t *testing.T) {
	want, err := os.ReadFile("../../../../LICENSE")
	require.NoError(t, err)
	assert.Equal(t, strings.TrimLeft(string(want), "\n"), All()[0].Text)
}
