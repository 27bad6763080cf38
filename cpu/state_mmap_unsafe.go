//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package cpu

import (
	host "syscall"
	"unsafe"
)

// A State lies outside the Go heap because generated code will address it: the garbage
// collector must neither scan nor move it. Reading a struct out of mapped memory needs
// unsafe; nothing per instruction depends on it.

// stateBytes is the mapping: scratch below, then the State.
const stateBytes = scratchBelow + int(unsafe.Sizeof(State{}))

// allocateState maps a zeroed State with scratchBelow bytes of room directly below it.
func allocateState() (*State, error) {
	b, err := host.Mmap(-1, 0, stateBytes, host.PROT_READ|host.PROT_WRITE, host.MAP_ANON|host.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	return (*State)(unsafe.Pointer(&b[scratchBelow])), nil
}

// releaseState unmaps a State. The slice is rebuilt from its base, which is how Munmap
// knows the mapping.
func releaseState(s *State) error {
	base := (*byte)(unsafe.Add(unsafe.Pointer(s), -scratchBelow))
	return host.Munmap(unsafe.Slice(base, stateBytes))
}
