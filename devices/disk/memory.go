package disk

import (
	"fmt"
	"io"
)

// A Memory is an image in memory: Flush has nothing to do.
type Memory struct {
	data     []byte
	readOnly bool
}

// NewMemory makes an image of p, which it keeps and writes to. The end is padded with
// zeros to a whole sector, in a copy if need be.
func NewMemory(p []byte) *Memory {
	if tail := len(p) % SectorSize; tail != 0 {
		p = append(p[:len(p):len(p)], make([]byte, SectorSize-tail)...)
	}
	return &Memory{data: p}
}

// NewReadOnlyMemory is NewMemory for an image that refuses writes.
func NewReadOnlyMemory(p []byte) *Memory {
	m := NewMemory(p)
	m.readOnly = true
	return m
}

// Size implements Image.
func (m *Memory) Size() int64 { return int64(len(m.data)) }

// ReadOnly implements Image.
func (m *Memory) ReadOnly() bool { return m.readOnly }

// ReadAt implements io.ReaderAt.
func (m *Memory) ReadAt(p []byte, off int64) (int, error) {
	if err := inside(off, len(p), m.Size(), io.EOF); err != nil {
		return 0, fmt.Errorf("memory disk: read %d bytes at %d: %w", len(p), off, err)
	}
	return copy(p, m.data[off:]), nil
}

// WriteAt implements io.WriterAt.
func (m *Memory) WriteAt(p []byte, off int64) (int, error) {
	if m.readOnly {
		return 0, fmt.Errorf("memory disk: write %d bytes at %d: %w", len(p), off, ErrReadOnly)
	}
	if err := inside(off, len(p), m.Size(), ErrBeyondEnd); err != nil {
		return 0, fmt.Errorf("memory disk: write %d bytes at %d: %w", len(p), off, err)
	}
	return copy(m.data[off:], p), nil
}

// Flush implements Image.
func (m *Memory) Flush() error { return nil }

// Close implements Image.
func (m *Memory) Close() error { return nil }
