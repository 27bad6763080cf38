package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheTableIsCurrent makes the table again.
func TestTheTableIsCurrent(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	tab, err := table(os.DirFS("../.."))
	require.NoError(t, err)
	want, err := replace(string(readme), tab)
	require.NoError(t, err)
	assert.Equal(t, want, string(readme), "go run ./tests/coverage")
}

// TestFormatCounts counts what is verified by nothing.
func TestFormatCounts(t *testing.T) {
	out := format(means{}, means{}, means{})
	assert.Contains(t, out, "In some encodings verified by none of these: AAA,")
}
