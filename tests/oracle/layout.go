package oracle

// Linear addresses of the memory that tests see, the same on silicon and in the emulator.
// Everything else below 4 GiB is unmapped.
const (
	Region  = 0x100000 // base of the segments that are not flat; they reach up to 64 KiB
	WindowA = 0x102000 // one page of data
	WindowB = 0x106000 // two pages of data
	Code    = 0x10c000 // one page, readable and executable; a test's code ends where it ends
	CodeEnd = Code + 0x1000
	// JumpCode is the same page again, with a page behind it that leads back to the helper.
	JumpCode = 0x10e000
	JumpEnd  = JumpCode + 0x1000
)

// A Way is how silicon executes a test.
type Way uint32

// Ways. Jump and Fall are fast, but nothing stops an instruction that branches.
const (
	Step Way = iota // one trap for each instruction
	Jump            // the code leads on to the exit page
	Fall            // nothing follows the code: a page fault ends the test
)

// end is where the code of a test ends.
func (w Way) end() uint64 {
	if w == Jump {
		return JumpEnd
	}
	return CodeEnd
}

// Sizes of the windows in bytes.
const (
	sizeA      = 0x1000
	sizeB      = 0x2000
	windowSize = sizeA + sizeB
)

// BlockSize is the number of tests that are generated, executed and hashed together.
const BlockSize = 256

// Selectors: those of Linux's GDT, and an LDT with what helper.asm puts there.
const (
	selUser32 = 0x23
	selData   = 0x2b
	selUser64 = 0x33

	selCode16   = 0<<3 | 7
	selData16   = 1<<3 | 7
	selData7FFF = 2<<3 | 7
	selRO       = 3<<3 | 7
	selDown16   = 4<<3 | 7
	selAbsent   = 5<<3 | 7
	selExecOnly = 6<<3 | 7
	selWindowA  = 7<<3 | 7
	selCode32   = 8<<3 | 7
	selDown32   = 9<<3 | 7
	selDataBFFF = 10<<3 | 7
	selAbsCode  = 11<<3 | 7
	ldtEntries  = 12
)

// FX is the image of FXSAVE with 64-bit pointers, and the upper halves of YMM registers.
// SDM Vol. 1, "Legacy Region of an XSAVE Area".
type FX struct {
	CW, SW    uint16
	Tag       uint8 // abridged
	_         uint8
	FOP       uint16
	FIP, FDP  uint64
	MXCSR     uint32
	MXCSRMask uint32 // ignored
	ST        [8]ST  // ST(0)…ST(7)
	XMM       [16][2]uint64
	YMMH      [16][2]uint64
}

// An ST is an x87 register in a save area.
type ST struct {
	Sig uint64
	SE  uint16
	_   [6]byte
}

// A Test is one experiment: the state before it, and the code. The helper reads it as it
// lies in memory.
type Test struct {
	GPR   [16]uint64 // in encoding order
	Flags uint64     // bits a user may set
	RIP   uint64     // offset of the code in CS; its end is linear CodeEnd

	CS, SS, DS, ES, FS, GS uint16
	Bases                  uint32 // not 0: load FSBase and GSBase
	FSBase, GSBase         uint64

	Code [64]byte
	Len  uint32
	// Max and Cont say how long to go on: at most Max instructions, while RIP stays in
	// [start, start+Cont). REP has Cont 1, because each iteration traps; other single instructions 0.
	Max, Cont uint32

	PatchLen uint32 // bytes of Patch that replace what the windows hold at PatchAt
	PatchAt  uint64
	Patch    [64]byte
	Way      Way
	_        [52]byte

	FX FX
	_  [32]byte
}

// A Diff is eight aligned bytes of a window that differ from its contents before the block.
type Diff struct{ Addr, Val uint64 }

// maxDiff bounds Result.Diff.
const maxDiff = 128

// A Result is the state after a test. The helper writes it; normalize removes what depends
// on how it was found out.
type Result struct {
	GPR                    [16]uint64
	Flags                  uint64
	RIP                    uint64
	Sig                    uint32 // Linux signal
	Trap                   uint32 // vector, noFault after normalize if the test ran through
	Err                    uint64
	CR2                    uint64
	CS, SS, DS, ES, FS, GS uint16
	Steps                  uint32
	FSBase, GSBase         uint64
	XBV                    uint64
	NDiff                  uint32
	_                      [44]byte

	FX   FX
	Diff [maxDiff]Diff
	_    [32]byte
}

// noFault is Result.Trap of a test without an exception.
const noFault = 0xff

// Layout of the memory shared with the helper.
const (
	shCount    = 0
	shCurrent  = 4
	shBaseline = 0x1000
	shExit     = 0x5000
	shInputs   = 0x10000
	inSize     = 1088
	outSize    = 3008
	shOutputs  = shInputs + BlockSize*inSize
	shSize     = (shOutputs + BlockSize*outSize + 0xfff) &^ 0xfff
)
