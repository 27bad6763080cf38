//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package phys

import "syscall"

// allocate asks the host for zeroed memory outside the Go heap. Pages cost nothing until
// they are touched.
func allocate(size uint64) ([]byte, error) {
	return syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
}

func release(b []byte) error { return syscall.Munmap(b) }
