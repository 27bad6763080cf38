package bios

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A span is the addresses start…end-1.
type span struct{ start, end uint64 }

// A layout keeps account of the RAM below 4 GiB that a boot loader has not used yet.
type layout struct {
	free []span // sorted, not adjacent, none empty
}

// newLayout is all of the RAM below 4 GiB of a board with ramSize bytes.
func newLayout(ramSize uint64) *layout {
	l := &layout{}
	for _, r := range MemoryMap(ramSize) {
		if r.Kind == RegionRAM && r.Start < FourGiB {
			l.free = append(l.free, span{r.Start, r.End()})
		}
	}
	return l
}

// take claims size bytes at start and reports whether they were free. Nothing needs no room.
func (l *layout) take(start, size uint64) bool {
	if size == 0 {
		return true
	}
	for i, s := range l.free {
		if start < s.start || start >= s.end || size > s.end-start {
			continue
		}
		rest := append([]span(nil), l.free[:i]...)
		if s.start < start {
			rest = append(rest, span{s.start, start})
		}
		if start+size < s.end {
			rest = append(rest, span{start + size, s.end})
		}
		l.free = append(rest, l.free[i+1:]...)
		return true
	}
	return false
}

// lowest claims size bytes at the lowest multiple of align in within and returns where.
// align is a power of two.
func (l *layout) lowest(size, align uint64, within span) (addr uint64, ok bool) {
	for _, s := range l.free {
		start := alignUp(max(s.start, within.start), align)
		end := min(s.end, within.end)
		if start <= end && size <= end-start {
			return start, l.take(start, size)
		}
	}
	return 0, false
}

// highest is lowest, from the top down.
func (l *layout) highest(size, align uint64, within span) (addr uint64, ok bool) {
	for i := len(l.free) - 1; i >= 0; i-- {
		start := max(l.free[i].start, within.start)
		end := min(l.free[i].end, within.end)
		if start > end || size > end-start {
			continue
		}
		if addr = (end - size) &^ (align - 1); addr >= start {
			return addr, l.take(addr, size)
		}
	}
	return 0, false
}

// alignUp is the next multiple of align, a power of two, that is not below v. Addresses
// here are far below 2^63, so that it cannot wrap.
func alignUp(v, align uint64) uint64 { return (v + align - 1) &^ (align - 1) }

// A piece is data to be written at addr, followed by zero bytes that are zero.
type piece struct {
	addr uint64
	data []byte
	zero uint64
}

// A plan is all that a loader is going to do: pieces to be written, none of which leaves
// RAM, and the state in which the processor starts.
type plan struct {
	pieces []piece
	entry  Entry
}

func (p *plan) put(addr uint64, data []byte) {
	p.pieces = append(p.pieces, piece{addr: addr, data: data})
}

// write carries the plan out.
func (p *plan) write(mem Memory) {
	for _, c := range p.pieces {
		mem.WriteAt(c.data, phys.Addr(c.addr))
		zeros := make([]byte, min(c.zero, 1<<20))
		for at, left := c.addr+uint64(len(c.data)), c.zero; left > 0; {
			n := min(left, uint64(len(zeros)))
			mem.WriteAt(zeros[:n], phys.Addr(at))
			at, left = at+n, left-n
		}
	}
}

// slice is n bytes of b from off on; what says what they are, for the error.
func slice(b []byte, off, n uint64, what string) ([]byte, error) {
	size := uint64(len(b))
	if off > size || n > size-off {
		return nil, fmt.Errorf("%s at offset %#x, %#x bytes, reaches past the end of the file (%#x bytes)", what, off, n, size)
	}
	return b[off : off+n], nil
}
