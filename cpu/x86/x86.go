// Package x86 holds names only: flags, control-register bits, vectors, model-specific
// registers, segment registers, and the fault value with the rule it names. No behaviour.
//
// Names are the manual's (Intel SDM Vol. 3A, "System Architecture Overview"), behind a
// kind: FlagCF, VecPF, CR0_PG.
package x86

// Flags are the bits of RFLAGS.
type Flags uint64

// RFLAGS bits. SDM Vol. 1, "EFLAGS Register".
const (
	FlagCF   Flags = 1 << 0
	Flag1    Flags = 1 << 1 // reads as one
	FlagPF   Flags = 1 << 2
	FlagAF   Flags = 1 << 4
	FlagZF   Flags = 1 << 6
	FlagSF   Flags = 1 << 7
	FlagTF   Flags = 1 << 8
	FlagIF   Flags = 1 << 9
	FlagDF   Flags = 1 << 10
	FlagOF   Flags = 1 << 11
	FlagIOPL Flags = 3 << 12
	FlagNT   Flags = 1 << 14
	FlagRF   Flags = 1 << 16
	FlagVM   Flags = 1 << 17
	FlagAC   Flags = 1 << 18
	FlagVIF  Flags = 1 << 19
	FlagVIP  Flags = 1 << 20
	FlagID   Flags = 1 << 21

	// FlagsStatus are the six status flags that arithmetic sets.
	FlagsStatus = FlagCF | FlagPF | FlagAF | FlagZF | FlagSF | FlagOF

	// IOPLShift is the position of the two-bit IOPL field.
	IOPLShift = 12
)

// CR0 bits. SDM Vol. 3A, "Control Registers".
const (
	CR0_PE uint64 = 1 << 0
	CR0_MP uint64 = 1 << 1
	CR0_EM uint64 = 1 << 2
	CR0_TS uint64 = 1 << 3
	CR0_ET uint64 = 1 << 4
	CR0_NE uint64 = 1 << 5
	CR0_WP uint64 = 1 << 16
	CR0_AM uint64 = 1 << 18
	CR0_NW uint64 = 1 << 29
	CR0_CD uint64 = 1 << 30
	CR0_PG uint64 = 1 << 31
)

// CR3 bits.
const (
	CR3_PWT uint64 = 1 << 3
	CR3_PCD uint64 = 1 << 4
	// CR3_NoFlush keeps the TLB entries of the new PCID (MOV to CR3 with CR4.PCIDE).
	CR3_NoFlush uint64 = 1 << 63
)

// CR4 bits.
const (
	CR4_VME        uint64 = 1 << 0
	CR4_PVI        uint64 = 1 << 1
	CR4_TSD        uint64 = 1 << 2
	CR4_DE         uint64 = 1 << 3
	CR4_PSE        uint64 = 1 << 4
	CR4_PAE        uint64 = 1 << 5
	CR4_MCE        uint64 = 1 << 6
	CR4_PGE        uint64 = 1 << 7
	CR4_PCE        uint64 = 1 << 8
	CR4_OSFXSR     uint64 = 1 << 9
	CR4_OSXMMEXCPT uint64 = 1 << 10
	CR4_UMIP       uint64 = 1 << 11
	CR4_LA57       uint64 = 1 << 12
	CR4_FSGSBASE   uint64 = 1 << 16
	CR4_PCIDE      uint64 = 1 << 17
	CR4_OSXSAVE    uint64 = 1 << 18
	CR4_SMEP       uint64 = 1 << 20
	CR4_SMAP       uint64 = 1 << 21
	CR4_PKE        uint64 = 1 << 22
)

// EFER bits.
const (
	EFER_SCE uint64 = 1 << 0
	EFER_LME uint64 = 1 << 8
	EFER_LMA uint64 = 1 << 10
	EFER_NXE uint64 = 1 << 11
)

// DR6 and DR7 bits. SDM Vol. 3B, "Debug Registers".
const (
	DR6_B0   uint64 = 1 << 0
	DR6_BD   uint64 = 1 << 13
	DR6_BS   uint64 = 1 << 14
	DR6_BT   uint64 = 1 << 15
	DR6_Ones uint64 = 0xffff0ff0 // bits that read as one
	DR7_GD   uint64 = 1 << 13
	DR7_Ones uint64 = 0x400
)

// Page-fault error code bits. SDM Vol. 3A, "Page-Fault Exceptions".
const (
	PF_P    uint16 = 1 << 0 // a protection rule, not a missing page
	PF_W    uint16 = 1 << 1
	PF_U    uint16 = 1 << 2
	PF_RSVD uint16 = 1 << 3
	PF_I    uint16 = 1 << 4
	PF_PK   uint16 = 1 << 5
)

// A Seg names a segment register, in the manual's encoding order.
type Seg uint8

// Segment registers.
const (
	ES Seg = iota
	CS
	SS
	DS
	FS
	GS
	NoSeg Seg = 0xff // no override
)

// String gives the manual's name.
func (s Seg) String() string {
	if s <= GS {
		return [...]string{"ES", "CS", "SS", "DS", "FS", "GS"}[s]
	}
	return "none"
}

// General-purpose register numbers.
const (
	RAX = iota
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
)
