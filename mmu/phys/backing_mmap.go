//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package phys

import "syscall"

// allocate asks the host for zeroed memory outside the Go heap. Pages cost nothing until
// they are touched.
func allocate(size uint64) ([]byte, *image, error) {
	b, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	return b, nil, err
}

func release(b []byte) error { return syscall.Munmap(b) }
