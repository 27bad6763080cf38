//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package phys

import "errors"

// maxHeap is what a 32-bit WebAssembly memory can hold with room to spare.
const maxHeap = 3 << 30

// allocate takes memory from the Go heap, which does not move large objects, where the
// host has no call for pages.
func allocate(size uint64) ([]byte, *image, error) {
	if size > maxHeap {
		return nil, nil, errors.New("more memory than this host can give")
	}
	return make([]byte, size), nil, nil
}

func release([]byte) error { return nil }
