package tests

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryChipIsDescribedAndTried: the package comment of whatever has a State names its
// source and what is not modelled; its tests fuzz it and restore a state.
func TestEveryChipIsDescribedAndTried(t *testing.T) {
	dirs, err := filepath.Glob("../devices/*")
	require.NoError(t, err)
	chips := 0
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		var code, tests, comment strings.Builder
		for _, path := range files {
			p, err := os.ReadFile(path)
			require.NoError(t, err)
			if strings.HasSuffix(path, "_test.go") {
				tests.Write(p)
				continue
			}
			code.Write(p)
			f, err := parser.ParseFile(token.NewFileSet(), path, p, parser.PackageClauseOnly|parser.ParseComments)
			require.NoError(t, err)
			comment.WriteString(f.Doc.Text())
		}
		if !strings.Contains(code.String(), "State struct") {
			continue
		}
		chips++
		assert.Regexp(t, `(?m)^Sources?: `, comment.String(), dir)
		assert.Contains(t, comment.String(), "Not modelled: ", dir)
		assert.Contains(t, tests.String(), "func Fuzz", dir)
		assert.Contains(t, tests.String(), ".Restore(", dir)
	}
	assert.Greater(t, chips, 20)
}
