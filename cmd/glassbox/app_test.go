package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilesOfAllSizesAreReadWhole(t *testing.T) {
	pattern := make([]byte, 3<<20+1)
	for i := range pattern {
		pattern[i] = byte(i ^ i>>8 ^ i>>16)
	}
	for _, size := range []int{0, 1, 4097, 1<<20 - 1, 1 << 20, 1<<20 + 1, len(pattern)} {
		data, err := readFile("-kernel", write(t, "file", pattern[:size]))
		require.NoError(t, err, size)
		assert.True(t, bytes.Equal(pattern[:size], data), size)
	}
	_, err := readFile("-kernel", t.TempDir())
	assert.ErrorContains(t, err, "is a directory")
}
