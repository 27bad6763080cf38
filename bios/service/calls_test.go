package service

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestROMAndServicesCountAlike compares the numbers of calls in rom.asm and calls.go.
func TestROMAndServicesCountAlike(t *testing.T) {
	asm, err := os.ReadFile("../rom/rom.asm")
	require.NoError(t, err)
	inROM := map[string]uint64{}
	for _, m := range regexp.MustCompile(`(?m)^%define (call\w+)\s+(\S+)`).FindAllStringSubmatch(string(asm), -1) {
		n, err := strconv.ParseUint(m[2], 0, 6)
		require.NoError(t, err)
		inROM[m[1]] = n
	}
	file, err := parser.ParseFile(token.NewFileSet(), "calls.go", nil, 0)
	require.NoError(t, err)
	here := map[string]uint64{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			n, err := strconv.ParseUint(v.Values[0].(*ast.BasicLit).Value, 0, 6)
			require.NoError(t, err)
			here[v.Names[0].Name] = n
			assert.NotNil(t, handler(number(n)), v.Names[0].Name)
		}
		return true
	})
	assert.Equal(t, inROM, here)
}
