package bios

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/mmu/phys"
)

const mib = 1 << 20

// A ram is guest memory that refuses what the board would drop silently.
type ram struct {
	t    *testing.T
	size uint64
	b    []byte
}

func newRAM(t *testing.T, size uint64) *ram { return &ram{t, size, make([]byte, size)} }

func (m *ram) WriteAt(p []byte, a phys.Addr) {
	end := uint64(a) + uint64(len(p))
	if end > m.size || uint64(a) < HighBase && end > EBDABase {
		m.t.Fatalf("write of %#x bytes at %#x is outside of RAM", len(p), a)
	}
	copy(m.b[a:], p)
}

func (m *ram) u8(a uint64) uint64  { return uint64(m.b[a]) }
func (m *ram) u16(a uint64) uint64 { return uint64(binary.LittleEndian.Uint16(m.b[a:])) }
func (m *ram) u32(a uint64) uint64 { return uint64(binary.LittleEndian.Uint32(m.b[a:])) }
func (m *ram) u64(a uint64) uint64 { return binary.LittleEndian.Uint64(m.b[a:]) }

// text is the NUL-terminated string at a.
func (m *ram) text(a uint64) string {
	end := a
	for m.b[end] != 0 {
		end++
	}
	return string(m.b[a:end])
}

// physMemory is checked here to satisfy Memory without an adapter.
var _ Memory = (*phys.Memory)(nil)

// guest is a real kernel from the directory that GLASSBOX_GUESTS names; without it the test
// is skipped.
func guest(t *testing.T, name string) []byte {
	dir := os.Getenv("GLASSBOX_GUESTS")
	if dir == "" {
		t.Skip("GLASSBOX_GUESTS is not set")
	}
	file, err := os.ReadFile(filepath.Join(dir, name))
	if os.IsNotExist(err) {
		t.Skip(err)
	}
	require.NoError(t, err)
	return file
}

// put32 and friends write fields of synthetic images.
func put16(b []byte, off int, v uint16) { binary.LittleEndian.PutUint16(b[off:], v) }
func put32(b []byte, off int, v uint32) { binary.LittleEndian.PutUint32(b[off:], v) }
func put64(b []byte, off int, v uint64) { binary.LittleEndian.PutUint64(b[off:], v) }
