package cpu

import (
	"github.com/glassbox-vm/glassbox/mmu"
)

// Slots of State.R beyond the sixteen general registers. An index is always masked with
// 31, so an access needs no bounds check; "no base" and "no index" of an address are the
// slot that is always zero.
const (
	RegZero = 16 // always 0
	RegSeg  = 24 // RegSeg+s is the base of segment register s
	regMask = 31
)

// A State is the part of a processor that engines share: flat, without Go pointers, at
// offsets that a test pins, and outside the Go heap where the host allows, because
// generated code will address it directly. It is allocated with scratch space below it.
//
// The general registers have 32 slots, not 16: the slot that is always zero and the
// segment bases let an effective address be the sum of three slots without a branch.
//
// Only fields named here may be relied on between calls of Run, when all are complete.
type State struct {
	R      [32]uint64 // RAX…R15, RegZero, and RegSeg… the segment bases
	RIP    uint64     // of the next instruction
	Budget int64      // instructions left in this call of Run
	RFLAGS uint64     // materialised between calls of Run

	// Lazy flags of the fast engine: the last result and what made it.
	CCOp, CCSize  uint32
	CCA, CCB, CCR uint64

	Exit uint32 // reason, for engines that leave by a jump
	Mode uint32 // the mode word, see mode.go

	HostSP, HostBP, Target, Return uint64 // scratch of generated code

	XMM   [32][64]byte // vector registers; XMM is the low 16 bytes, YMM the low 32
	MXCSR uint32
	// Floats is not 0 while generated code runs with the guest's MXCSR in the host's, which
	// is HostMXCSR otherwise.
	Floats, HostMXCSR uint32
	_                 uint32

	TLB  mmu.TLB
	Jump [16384]JumpEntry
}

// A JumpEntry caches where the machine code of a block is that an indirect jump led to: the
// block at linear address RIP, at offset Off of the backing, for mode word Mode.
type JumpEntry struct {
	RIP, Off uint64
	Host     uint64 // address of the machine code
	Mode     uint32
	_        uint32
}

// scratchBelow is the number of bytes kept free directly below a State (native-tier
// scratch; on Windows signal frames are pushed below the stack pointer).
const scratchBelow = 64 << 10
