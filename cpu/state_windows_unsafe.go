//go:build windows

package cpu

import (
	host "syscall"
	"unsafe"
)

// Package syscall has no call that gives pages, hence unsafe. A State lies outside the Go
// heap because generated code will address it.
const (
	memCommit     = 0x1000
	memReserve    = 0x2000
	memRelease    = 0x8000
	pageReadWrite = 0x04
)

// allocateState maps a zeroed State with scratchBelow bytes of room directly below it.
func allocateState() (*State, error) {
	virtualAlloc := host.NewLazyDLL("kernel32.dll").NewProc("VirtualAlloc")
	size := scratchBelow + unsafe.Sizeof(State{})
	addr, _, err := virtualAlloc.Call(0, size, memCommit|memReserve, pageReadWrite)
	if addr == 0 {
		return nil, err
	}
	// The address is not Go memory; reading the pointer through its own address tells
	// go vet so.
	base := *(*unsafe.Pointer)(unsafe.Pointer(&addr))
	return (*State)(unsafe.Add(base, scratchBelow)), nil
}

// releaseState gives a State back.
func releaseState(s *State) error {
	virtualFree := host.NewLazyDLL("kernel32.dll").NewProc("VirtualFree")
	base := unsafe.Add(unsafe.Pointer(s), -scratchBelow)
	ok, _, err := virtualFree.Call(uintptr(base), 0, memRelease)
	if ok == 0 {
		return err
	}
	return nil
}
