//go:build linux

package phys

import (
	"runtime"
	"syscall"
	"unsafe"
)

// Package syscall can neither make a nameless file nor map one at a given address, hence
// unsafe. With ordinary memory every Fork would have to copy all of RAM.

const (
	memfdCloexec = 1
	mapFixed     = 0x10
	readWrite    = syscall.PROT_READ | syscall.PROT_WRITE
)

// memfdNumber is the number of the system call memfd_create, which package syscall does
// not know; 0 where we do not know it either.
func memfdNumber() uintptr {
	switch runtime.GOARCH {
	case "amd64":
		return 319
	case "arm64", "riscv64", "loong64":
		return 279
	case "ppc64le", "ppc64":
		return 360
	case "s390x":
		return 350
	}
	return 0
}

// allocate asks the host for zeroed memory outside the Go heap, a nameless file if it can
// be. Pages cost nothing until they are touched.
func allocate(size uint64) ([]byte, *image, error) {
	if nr := memfdNumber(); nr != 0 {
		name := [...]byte{'g', 'u', 'e', 's', 't', 0}
		fd, _, errno := syscall.Syscall(nr, uintptr(unsafe.Pointer(&name[0])), memfdCloexec, 0)
		if errno == 0 {
			return allocateFile(int(fd), size)
		}
	}
	b, err := syscall.Mmap(-1, 0, int(size), readWrite, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	return b, nil, err
}

func allocateFile(fd int, size uint64) ([]byte, *image, error) {
	img := &image{fd: fd}
	img.users.Store(1)
	err := syscall.Ftruncate(fd, int64(size))
	if err != nil {
		syscall.Close(fd)
		return nil, nil, err
	}
	b, err := syscall.Mmap(fd, 0, int(size), readWrite, syscall.MAP_SHARED|syscall.MAP_NORESERVE)
	if err != nil {
		syscall.Close(fd)
		return nil, nil, err
	}
	return b, img, nil
}

func release(b []byte) error { return syscall.Munmap(b) }

// cover maps the image over b again, at the same address: all pages that b had to itself
// are gone, and writes from now on stay with b.
func (i *image) cover(b []byte) error {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	_, _, errno := syscall.Syscall6(syscall.SYS_MMAP, at, uintptr(len(b)), readWrite,
		syscall.MAP_PRIVATE|syscall.MAP_NORESERVE|mapFixed, uintptr(i.fd), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// view is a new mapping of the image; writes to it stay with it.
func (i *image) view(size uint64) ([]byte, error) {
	return syscall.Mmap(i.fd, 0, int(size), readWrite, syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
}

// write changes the image at offset off.
func (i *image) write(off uint64, p []byte) error {
	for len(p) > 0 {
		n, err := syscall.Pwrite(i.fd, p, int64(off))
		if err != nil {
			return err
		}
		p, off = p[n:], off+uint64(n)
	}
	return nil
}

func (i *image) close() error { return syscall.Close(i.fd) }
