package phys

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
)

// An image is a nameless file of the host that backing is mapped over. At first the one
// address space that it was made for writes to it; from the first Fork on nobody does,
// and every address space keeps the pages that it changes to itself.
type image struct {
	fd    int
	users atomic.Int32 // address spaces that are mapped over it
}

// errNoSharing is a host that cannot let two address spaces share pages.
var errNoSharing = errors.New("this host cannot share memory")

// Used is the backing as far as it is in use: RAM, then what Reserve has given away.
// Writing to it is allowed only while no page is watched or tracked.
func (m *Memory) Used() []byte { return m.back[:m.spare:m.spare] }

// bulk is the size, in bytes, from which on writeImage is worth its system call.
const bulk = 256 << 10

// writeImage writes b at offset off through the image, where nobody watches. Pages that
// were never touched cost half of what they do through the mapping, whose every page is a
// fault of the host and is cleared first: 14 MB take 8 ms instead of 16. It says whether it
// could.
func (m *Memory) writeImage(off uint64, b []byte) bool {
	if m.image == nil || m.own != nil { // then back is not the image
		return false
	}
	for _, watched := range m.attr[off/PageSize : (off+uint64(len(b))+pageMask)/PageSize] {
		if watched != 0 {
			return false
		}
	}
	return m.image.write(off, b) == nil
}

// SetBacking puts p at offset off of the backing, for snapshots: whatever is mapped
// there, and telling those who watch. Pages that are equal already are not touched. A
// range outside the backing is a mistake of the caller.
func (m *Memory) SetBacking(off uint64, p []byte) {
	for len(p) > 0 {
		n := min(len(p), int(PageSize-off&pageMask))
		if string(m.back[off:off+uint64(n)]) != string(p[:n]) {
			m.copyIn(off, p[:n])
		}
		off += uint64(n)
		p = p[n:]
	}
}

// Fork makes an address space with the same contents and nothing mapped; what Reserve
// gave away has to be reserved again, in the same order. Where the host can, the two
// share all pages until one of them writes; elsewhere everything that is not zero is
// copied. The two may then be used and closed independently of each other.
func (m *Memory) Fork() (*Memory, error) {
	f, err := m.fork()
	if errors.Is(err, errNoSharing) {
		f, err = m.copyAll()
	}
	if err != nil {
		return nil, fmt.Errorf("phys: fork %d MiB: %w", m.ramSize>>20, err)
	}
	return f, nil
}

// fork is Fork on hosts that can share.
func (m *Memory) fork() (*Memory, error) {
	if m.image == nil {
		return nil, errNoSharing
	}
	if m.own == nil { // the first time: what is in the image stays as it is from now on
		own, err := m.Track(0, uint64(len(m.back)))
		if err != nil {
			return nil, err
		}
		if err := m.image.cover(m.back); err != nil {
			own.Close()
			return nil, err
		}
		m.own = own
	}
	if m.image.users.Load() == 1 && len(m.own.dirty) > 0 {
		if err := m.merge(); err != nil {
			return nil, err
		}
	}
	back, err := m.image.view(uint64(len(m.back)))
	if err != nil {
		return nil, err
	}
	f := newMemory(back, m.image, m.ramSize)
	m.image.users.Add(1)
	if f.own, err = f.Track(0, uint64(len(back))); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	for _, off := range m.own.dirty {
		f.copyIn(off, m.back[off:off+PageSize])
	}
	return f, nil
}

// merge writes what m changed into the image, which nobody else uses.
func (m *Memory) merge() error {
	slices.Sort(m.own.dirty) // few long runs instead of many short ones
	for _, off := range m.own.dirty {
		if err := m.image.write(off, m.back[off:off+PageSize]); err != nil {
			return err
		}
	}
	if err := m.image.cover(m.back); err != nil {
		return err
	}
	m.own.Clean()
	return nil
}

// copyAll is Fork on hosts that cannot share.
func (m *Memory) copyAll() (*Memory, error) {
	f, err := New(m.ramSize)
	if err != nil {
		return nil, err
	}
	var zero [PageSize]byte
	for off := uint64(0); off < m.spare; off += PageSize {
		if p := m.back[off : off+PageSize]; string(p) != string(zero[:]) {
			copy(f.back[off:], p)
		}
	}
	return f, nil
}
