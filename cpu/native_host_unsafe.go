//go:build linux && amd64 && !purego

package cpu

import (
	host "syscall"
	"unsafe"

	"github.com/glassbox-vm/glassbox/mmu"
)

// Offsets in the State and sizes for generated code.
const (
	offRFLAGS = unsafe.Offsetof(State{}.RFLAGS)
	offBudget = unsafe.Offsetof(State{}.Budget)
	offCCOp   = unsafe.Offsetof(State{}.CCOp)
	offCCA    = unsafe.Offsetof(State{}.CCA)
	offCCB    = unsafe.Offsetof(State{}.CCB)
	offCCR    = unsafe.Offsetof(State{}.CCR)
	offExit   = unsafe.Offsetof(State{}.Exit)
	offTarget = unsafe.Offsetof(State{}.Target)
	offHostSP = unsafe.Offsetof(State{}.HostSP)
	offHostBP = unsafe.Offsetof(State{}.HostBP)
	offReturn = unsafe.Offsetof(State{}.Return)
	offXMM    = unsafe.Offsetof(State{}.XMM)
	offMXCSR  = unsafe.Offsetof(State{}.MXCSR)
	offFloats = unsafe.Offsetof(State{}.Floats)
	offHostCR = unsafe.Offsetof(State{}.HostMXCSR)
	offJump   = unsafe.Offsetof(State{}.Jump)
	offData   = unsafe.Offsetof(State{}.TLB) + unsafe.Offsetof(mmu.TLB{}.Data)
	offCode   = unsafe.Offsetof(State{}.TLB) + unsafe.Offsetof(mmu.TLB{}.Code)

	sizeXMM   = int32(unsafe.Sizeof(State{}.XMM[0]))
	sizeEntry = int32(unsafe.Sizeof(mmu.TLBEntry{}))
	sizeData  = uintptr(sizeEntry) * mmu.TLBSize
	sizeCode  = unsafe.Sizeof(mmu.TLB{}.Code[0])
	entryWTag = int32(unsafe.Offsetof(mmu.TLBEntry{}.WTag))
	entryHost = int32(unsafe.Offsetof(mmu.TLBEntry{}.Host))
	entryOff  = int32(unsafe.Offsetof(mmu.TLBEntry{}.Off))

	jumpRIP  = unsafe.Offsetof(JumpEntry{}.RIP)
	jumpOff  = unsafe.Offsetof(JumpEntry{}.Off)
	jumpHost = unsafe.Offsetof(JumpEntry{}.Host)
	jumpMode = unsafe.Offsetof(JumpEntry{}.Mode)
)

// callNative jumps to machine code of the native tier with s in RSP. It comes back when that
// leaves, with the way out in s.Exit.
//
//go:noescape
func callNative(s *State, code uintptr)

// mapCode maps size bytes of memory twice: to write code and, read-only, to execute it.
func mapCode(size int) (rw, rx []byte, err error) {
	name := [...]byte{'c', 'o', 'd', 'e', 0}
	const sysMemfdCreate, cloexec = 319, 1
	fd, _, errno := host.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name[0])), cloexec, 0)
	if errno != 0 {
		return nil, nil, errno
	}
	defer host.Close(int(fd))
	if err := host.Ftruncate(int(fd), int64(size)); err != nil {
		return nil, nil, err
	}
	rw, err = host.Mmap(int(fd), 0, size, host.PROT_READ|host.PROT_WRITE, host.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	rx, err = host.Mmap(int(fd), 0, size, host.PROT_READ|host.PROT_EXEC, host.MAP_SHARED)
	if err != nil {
		host.Munmap(rw)
		return nil, nil, err
	}
	return rw, rx, nil
}

// unmapCode undoes mapCode.
func unmapCode(rw, rx []byte) {
	host.Munmap(rx)
	host.Munmap(rw)
}

// addressOf is the address of code.
func addressOf(code []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(code))) }
