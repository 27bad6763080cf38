//go:build linux && amd64

package oracle

import (
	"syscall"
	"unsafe"
)

// memfdCreate is memfd_create(2), which package syscall has no function for.
func memfdCreate(name *byte) (uintptr, syscall.Errno) {
	const sysMemfdCreate, cloexec = 319, 1
	fd, _, errno := syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(name)), cloexec, 0)
	return fd, errno
}
