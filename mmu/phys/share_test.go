package phys

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pattern is n bytes of which no two pages are alike.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>12)
	}
	return p
}

// TestLongWriteIsLikeManyShortOnes writes what is long enough for the image, beginning and
// ending within a page.
func TestLongWriteIsLikeManyShortOnes(t *testing.T) {
	const at = mib + 123
	p := pattern(bulk + 4567)
	m := newPC(t)
	m.Write(at-1, 1, 0xaa)
	m.Write(at+bulk, 1, 0xbb) // in a page that is written over
	m.Write(Addr(at+len(p)), 1, 0xcc)
	m.WriteAt(p, at)
	assert.Equal(t, uint64(0xaa), m.Read(at-1, 1))
	assert.Equal(t, uint64(0xcc), m.Read(Addr(at+len(p)), 1))
	assert.True(t, string(p) == string(m.RAM()[at:at+len(p)]), "something else than was written")
}

func TestLongWriteIsSeenByThoseWhoWatch(t *testing.T) {
	m := newPC(t)
	p := pattern(bulk)
	var code []uint64
	m.OnCodeWrite = func(off uint64, n int) { code = append(code, off) }
	m.Protect(mib + 3*PageSize)
	m.WriteAt(p, mib)
	assert.Equal(t, []uint64{mib + 3*PageSize}, code)

	tracker, err := m.Track(mib+bulk-PageSize, PageSize)
	require.NoError(t, err)
	m.Unprotect(mib + 3*PageSize)
	m.WriteAt(p, mib)
	assert.Equal(t, []uint64{mib + bulk - PageSize}, tracker.Dirty())
}

func TestLongWriteStaysOnItsSideOfAFork(t *testing.T) {
	m := newPC(t)
	m.WriteAt(pattern(bulk), mib)
	f, err := m.Fork()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	require.NoError(t, f.MapRAM(0, 0, 4*mib))

	p := pattern(2 * bulk)[bulk:]
	for range 2 { // the second time nobody waits for a first write any more
		p[0]++
		f.WriteAt(p, mib)
		assert.Equal(t, pattern(1)[0], m.RAM()[mib])
		assert.Equal(t, p[0], f.RAM()[mib])
	}
	p[0]++
	m.WriteAt(p, mib)
	m.WriteAt(p, mib)
	assert.Equal(t, p[0]-1, f.RAM()[mib])
}
