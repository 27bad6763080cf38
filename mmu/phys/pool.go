package phys

import (
	"errors"
	"fmt"
)

// A Pool hands out pages outside the Go heap, for copies of guest memory: so many of them
// that the garbage collector should not know. Pages are numbered from 1; number 0 is a
// page of zeros that takes no memory.
type Pool struct {
	slabs [][]byte
	free  []uint32
	next  uint32 // the first page never handed out
	used  int
}

// slabPages is the number of pages that a Pool takes from the host at a time. Pages cost
// nothing until they are used.
const slabPages = 64 << 20 / PageSize

var zeroPage [PageSize]byte

// Put keeps a copy of p, at most a page; the rest of the page is undefined.
func (l *Pool) Put(p []byte) (uint32, error) {
	if len(p) == PageSize && string(p) == string(zeroPage[:]) {
		return 0, nil
	}
	n, err := l.take()
	if err == nil {
		copy(l.page(n), p)
	}
	return n, err
}

func (l *Pool) take() (uint32, error) {
	if k := len(l.free); k > 0 {
		n := l.free[k-1]
		l.free = l.free[:k-1]
		l.used++
		return n, nil
	}
	if int(l.next) == len(l.slabs)*slabPages {
		slab, img, err := allocate(slabPages * PageSize)
		if err != nil {
			return 0, fmt.Errorf("phys: pages for copies: %w", err)
		}
		if img != nil {
			err = img.close() // the mapping stays
		}
		l.slabs = append(l.slabs, slab)
		if err != nil {
			return 0, fmt.Errorf("phys: pages for copies: %w", err)
		}
	}
	l.next++
	l.used++
	return l.next, nil
}

// page is page n, which is not 0.
func (l *Pool) page(n uint32) []byte {
	n--
	off := int(n%slabPages) * PageSize
	return l.slabs[n/slabPages][off : off+PageSize : off+PageSize]
}

// Page returns page n for reading. It is valid until Drop.
func (l *Pool) Page(n uint32) []byte {
	if n == 0 {
		return zeroPage[:]
	}
	return l.page(n)
}

// Drop gives page n back.
func (l *Pool) Drop(n uint32) {
	if n != 0 {
		l.free = append(l.free, n)
		l.used--
	}
}

// Used is the number of pages handed out.
func (l *Pool) Used() int { return l.used }

// Close gives everything back to the host.
func (l *Pool) Close() error {
	var errs []error
	for _, s := range l.slabs {
		errs = append(errs, release(s))
	}
	*l = Pool{}
	return errors.Join(errs...)
}
