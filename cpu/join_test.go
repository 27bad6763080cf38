package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFirstProcessorKnowsWhereMemoryIs lets the second run first, as in a copy of a machine
// that is made in its turn: the first, whose engine the others share, had no base then.
func TestFirstProcessorKnowsWhereMemoryIs(t *testing.T) {
	r := newRig(t, "max")
	second, err := New(r.Model, r.Phys)
	require.NoError(t, err)
	defer second.Close()
	second.Join(r.CPU, 1)
	second.enableFast()
	assert.NotNil(t, r.fast)
	assert.Equal(t, baseOf(r.Phys.Backing()), r.base)
}
