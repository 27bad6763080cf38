package console

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoTerminal checks that everything works, and does nothing, without one.
func TestNoTerminal(t *testing.T) {
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer f.Close()
	term := Open(f)
	assert.Nil(t, term)
	assert.NoError(t, term.Raw())
	assert.False(t, term.IsRaw())
	term.HandleSuspend()()
	term.Restore()
	term.Close()
	var b strings.Builder
	_, err = term.Messages(&b).Write([]byte("a\nb\n"))
	assert.NoError(t, err)
	assert.Equal(t, "a\nb\n", b.String())
	_, _, ok := Size(f)
	assert.False(t, ok)
}
