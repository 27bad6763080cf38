package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Memory is saved in chunks: a bit for every page that is not zero, then those pages.
const (
	chunkSize  = 16 << 20
	chunkPages = chunkSize / phys.PageSize
)

// appendChunk appends the contents of a "ram" section for mem, at most chunkSize bytes.
func appendChunk(p, mem []byte) []byte {
	at := len(p)
	p = append(p, make([]byte, (len(mem)/phys.PageSize+7)/8)...)
	for i := 0; i < len(mem); i += phys.PageSize {
		if page := mem[i : i+phys.PageSize]; !isZero(page) {
			n := i / phys.PageSize
			p[at+n/8] |= 1 << (n % 8)
			p = append(p, page...)
		}
	}
	return p
}

func isZero(page []byte) bool {
	for ; len(page) >= 32; page = page[32:] {
		if binary.LittleEndian.Uint64(page)|binary.LittleEndian.Uint64(page[8:])|
			binary.LittleEndian.Uint64(page[16:])|binary.LittleEndian.Uint64(page[24:]) != 0 {
			return false
		}
	}
	return true
}

// eachPage calls visit with the pages of a chunk of size bytes; nil is a zero page. It
// finds out what is wrong with the chunk before the first call.
func eachPage(chunk []byte, size int, visit func(n int, page []byte)) error {
	pages := size / phys.PageSize
	bits := (pages + 7) / 8
	if len(chunk) < bits {
		return io.ErrUnexpectedEOF
	}
	set := 0
	for n := range 8 * bits {
		if chunk[n/8]>>(n%8)&1 != 0 {
			if n >= pages {
				return errors.New("a page beyond the end")
			}
			set++
		}
	}
	data := chunk[bits:]
	if len(data) != set*phys.PageSize {
		return fmt.Errorf("%d bytes for %d pages", len(data), set)
	}
	for n := range pages {
		if chunk[n/8]>>(n%8)&1 == 0 {
			visit(n, nil)
			continue
		}
		visit(n, data[:phys.PageSize])
		data = data[phys.PageSize:]
	}
	return nil
}

// eachChunk calls visit with every chunk of memory of size bytes.
func eachChunk(size uint64, visit func(off, n uint64) error) error {
	for off := uint64(0); off < size; off += chunkSize {
		if err := visit(off, min(chunkSize, size-off)); err != nil {
			return err
		}
	}
	return nil
}

// setChunk puts a chunk that was checked into memory at off.
func setChunk(mem *phys.Memory, off uint64, chunk []byte, size int) {
	zero := make([]byte, phys.PageSize)
	err := eachPage(chunk, size, func(n int, page []byte) {
		if page == nil {
			page = zero
		}
		mem.SetBacking(off+uint64(n)*phys.PageSize, page)
	})
	if err != nil {
		panic("machine: " + err.Error()) // checked before
	}
}

// overlay returns what keeps the writes of drive i: nil if nobody writes. Of a drive that
// writes to its image a snapshot cannot be taken.
func (m *Machine) overlay(i int) (*disk.Overlay, error) {
	d := m.cfg.Drives[i]
	if d == nil || d.Image == nil || d.Image.ReadOnly() {
		return nil, nil
	}
	if o, ok := d.Image.(*disk.Overlay); ok {
		return o, nil
	}
	return nil, fmt.Errorf("%w: drive %d writes to its image, where going back cannot undo it; use -snapshot or snapshot=on", ErrSnapshot, i)
}

// appendCluster appends one cluster to the contents of a "disk" section: its offset in 8
// bytes, its length in 4, its data.
func appendCluster(p []byte, off int64, data []byte) []byte {
	p = binary.LittleEndian.AppendUint64(p, uint64(off))
	p = binary.LittleEndian.AppendUint32(p, uint32(len(data)))
	return append(p, data...)
}

// eachCluster calls visit with the clusters of a section for a disk of size bytes. Its
// errors end the walk.
func eachCluster(p []byte, size int64, visit func(off int64, data []byte) error) error {
	for len(p) > 0 {
		if len(p) < 12 {
			return io.ErrUnexpectedEOF
		}
		off, n := int64(binary.LittleEndian.Uint64(p)), int(binary.LittleEndian.Uint32(p[8:]))
		p = p[12:]
		if n > len(p) {
			return io.ErrUnexpectedEOF
		}
		if off < 0 || off%disk.ClusterSize != 0 || off >= size || int64(n) != min(disk.ClusterSize, size-off) {
			return fmt.Errorf("%d bytes at %d are no cluster of %d bytes", n, off, size)
		}
		if err := visit(off, p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}
