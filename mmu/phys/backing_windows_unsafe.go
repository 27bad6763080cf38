//go:build windows

package phys

import (
	"syscall"
	"unsafe"
)

// Windows has no call in package syscall that gives pages as a slice, hence unsafe.
const (
	memCommit     = 0x1000
	memReserve    = 0x2000
	memRelease    = 0x8000
	pageReadWrite = 0x04
)

// allocate asks the host for zeroed memory outside the Go heap.
func allocate(size uint64) ([]byte, *image, error) {
	virtualAlloc := syscall.NewLazyDLL("kernel32.dll").NewProc("VirtualAlloc")
	addr, _, err := virtualAlloc.Call(0, uintptr(size), memCommit|memReserve, pageReadWrite)
	if addr == 0 {
		return nil, nil, err
	}
	// The address is not Go memory; reading the pointer through its own address tells
	// go vet so.
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&addr))), size), nil, nil
}

func release(b []byte) error {
	virtualFree := syscall.NewLazyDLL("kernel32.dll").NewProc("VirtualFree")
	ok, _, err := virtualFree.Call(uintptr(unsafe.Pointer(unsafe.SliceData(b))), 0, memRelease)
	if ok == 0 {
		return err
	}
	return nil
}
