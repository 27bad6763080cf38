package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// An Exec is the meaning of a row.
type Exec func(*CPU, *Inst) Fault

// An Op is one row of an opcode map: all the emulator knows about one encoding. A row
// either describes an instruction, or forks on more bits of the encoding (By and Sub).
//
// A row with a name and no Exec is a known gap and raises #UD; tests count them. A row
// without a name is reserved and raises #UD.
type Op struct {
	Name            string
	Dst, Src, Third Operand
	Exec            Exec
	Mode            Mode
	Attr            OpAttr
	Feature         Feature // CPUID feature the encoding belongs to; 0: the 486's own

	// Reads and Writes are the status flags that the instruction uses and sets whatever
	// its operands are; a shift by CL, which may set none, has them in both.
	Reads, Writes x86.Flags
	// Undef is the flags the manual leaves undefined. They still get the values that
	// Intel processors give them.
	Undef x86.Flags

	// Older is what models without Feature make of the encoding, where that is not #UD:
	// they ignore a prefix, or know a hint as NOP.
	Older *Op

	By  Fork
	Sub []Op // indexed by what By selects
}

// Mode says where an encoding exists; elsewhere it is #UD.
type Mode uint8

// Modes. The zero Mode is everywhere.
const (
	Not64   Mode = 1 << iota // not in 64-bit mode
	Only64                   // only in 64-bit mode
	NotReal                  // not in real-address and virtual-8086 mode
)

// OpAttr are properties of a row.
type OpAttr uint16

// Properties.
const (
	Lock    OpAttr = 1 << iota // LOCK is allowed when the destination is memory
	D64                        // operand size defaults to 64 bits in 64-bit mode
	F64                        // operand size is always 64 bits in 64-bit mode
	Ends                       // ends a block: changes RIP, a mode, a mapping, or does I/O
	RMW                        // the destination is read and written
	RegOnly                    // ModRM.mod is ignored and taken as 3 (MOV CR, MOV DR)
	NoMem                      // memory form is #UD
	NoReg                      // register form is #UD
	Vec                        // SSE and later: 66, F2, F3 select the row and size nothing
	Align16                    // a 16-byte memory operand must be aligned
	RepOK                      // REP and REPNE repeat this instruction
	NDS                        // VEX.vvvv names an operand that the row has no column for
	VSIB                       // the index of the address is a vector register
)

// A Fork names the bits of an encoding on which a row forks.
type Fork uint8

// Forks, with the meaning of the index into Sub.
const (
	NoFork   Fork = iota
	ByPrefix      // mandatory prefix: 0 none, 1 66, 2 F3, 3 F2
	ByReg         // ModRM.reg
	ByMod         // 0 memory, 1 register (ModRM.mod = 3)
	ByRM          // ModRM.rm
	ByOpSize      // operand size: 0 16, 1 32, 2 64 bits
	ByMode        // 0 16- or 32-bit code, 1 64-bit code
	ByREXB        // REX.B: 90h is NOP without and XCHG with it
	ByAddr        // address size: 0 16, 1 32, 2 64 bits
	ByW           // REX.W or VEX.W
	ByL           // VEX.L: 0 128, 1 256 bits
)

// An Operand is the manual's code for an operand. SDM Vol. 2D, "Codes for Addressing
// Method" and "Codes for Operand Type".
type Operand uint8

// Operands: where it is (first letter) and how wide it is (rest).
const (
	None Operand = iota

	// ModRM.rm: register or memory.
	Eb
	Ew
	Ed
	Eq
	Ev   // 16, 32 or 64 bits by operand size
	Ey   // 32 bits, 64 with REX.W
	Ez   // 16 or 32 bits (32 with 64-bit operand size)
	Ed64 // 32 bits; 64 in 64-bit mode whatever the prefixes (CALL, JMP, PUSH via D64 use Ev)
	RdMw // register of operand size, memory 16 bits (SLDT, STR, SMSW, MOV Ev,Sw)
	RdMb // register 32 bits (or operand size), memory 8 bits (PEXTRB)
	EdMw // register 32 bits, memory 16 bits (PEXTRW 0F3A)

	// Memory only; the width is what the instruction moves, 0 where it moves none or
	// its own amount.
	M
	Mb
	Mw
	Md
	Mq
	Mx // 16 bytes
	Mp // far pointer: 16:16, 16:32 or 16:64
	Ma // BOUND pair
	My // 32 bits, 64 with REX.W
	Mt // 10 bytes: x87 extended, packed BCD

	// ModRM.reg.
	Gb
	Gw
	Gd
	Gv
	Gy
	Gz
	Gd64 // 32 bits, 64 in 64-bit mode
	Sw   // segment register
	Cd   // control register
	Dd   // debug register

	// ModRM.rm as register whatever mod says.
	Ry // 32 bits, 64 in 64-bit mode

	// Immediates.
	Ib  // 8 bits, zero-extended
	Ibs // 8 bits, sign-extended to operand size
	Iw
	Iz  // 16 or 32 bits, sign-extended to operand size
	Iv  // 16, 32 or 64 bits (MOV)
	Jb  // branch displacement, 8 bits
	Jz  // branch displacement, 16 or 32 bits
	Ap  // far pointer immediate
	One // the constant 1

	// Memory at an immediate address; string operands.
	Ob
	Ov
	Xb // DS:rSI
	Xw
	Xv
	Xz
	Yb // ES:rDI
	Yw
	Yv
	Yz

	// Registers named by the opcode.
	AL
	CL
	DX
	RAXv // AX, EAX or RAX by operand size
	EAXz // AX or EAX (IN, OUT)
	Zb   // 8-bit register in opcode bits 2:0
	Zv   // operand-size register in opcode bits 2:0
	OpES
	OpCS
	OpSS
	OpDS
	OpFS
	OpGS

	// MMX: P in reg, Q in rm (register or 64-bit memory), N in rm (register).
	Pq
	Qq
	Qd // 32 bits of memory
	Nq

	// SSE: V in reg, W in rm, U in rm (register). The suffix is the memory width.
	Vx // 16 bytes
	Vq
	Vd
	Wx
	Wq
	Wd
	Ww
	Ux
	Uq

	// VEX: H in vvvv, L in immediate bits 7:4, B general register in vvvv.
	Hx
	Lx
	Bv

	// x87: ST(0), ST(i); memory operands are Mw, Md, Mq, Mt, M.
	ST0
	STi

	operandCount
)

// Feature is a CPUID feature that brings an encoding into existence.
type Feature uint8

// Features, named as CPUID names them. The zero Feature is always there.
const (
	Always Feature = iota
	FeatFPU
	FeatTSC
	FeatMSR
	FeatCX8
	FeatSEP
	FeatCMOV
	FeatMMX
	FeatFXSR
	FeatSSE
	FeatSSE2
	FeatSSE3
	FeatSSSE3
	FeatSSE41
	FeatSSE42
	FeatPOPCNT
	FeatPCLMUL
	FeatAES
	FeatSHA
	FeatMOVBE
	FeatCX16
	FeatXSAVE
	FeatXSAVEOPT
	FeatXSAVEC
	FeatXSAVES
	FeatLM
	FeatSYSCALL
	FeatLAHF64
	FeatRDTSCP
	FeatRDRAND
	FeatRDSEED
	FeatRDPID
	FeatFSGSBASE
	FeatINVPCID
	FeatSMAP
	FeatBMI1
	FeatBMI2
	FeatLZCNT
	FeatADX
	FeatF16C
	FeatFMA
	FeatAVX
	FeatAVX2
	FeatCLFLUSH
	FeatCLFLUSHOPT
	FeatCLWB
	FeatMONITOR
	FeatPKU
	FeatPREFETCHW
	FeatPerfmon // architectural performance monitoring, version 2: RDPMC and its MSRs
	FeatNOPL    // NOP with ModRM, which CPUID does not report: from the Pentium Pro on
	FeatNever   // encodings that no supported model has
	featureCount
)

// ArgKind is where a decoded operand is.
type ArgKind uint8

// Kinds of decoded operands.
const (
	ArgNone ArgKind = iota
	ArgReg          // general register Reg, low W bytes
	ArgHigh         // bits 15:8 of general register Reg (AH, CH, DH, BH)
	ArgMem          // memory at the effective address
	ArgImm          // Inst.Imm
	ArgSeg
	ArgCR
	ArgDR
	ArgMMX
	ArgXMM
	ArgST
	ArgStrSrc // DS:rSI
	ArgStrDst // ES:rDI
)

// An Arg is a decoded operand.
type Arg struct {
	Kind ArgKind
	Reg  uint8
	W    alu.Width // bytes; for vectors the number of bytes of memory moved
}

// An Inst is one decoded instruction. It is a pure function of its bytes and the code
// size, so it can be remembered.
type Inst struct {
	Op *Op
	// Dst, Src and Third are the operands of the row, located.
	Dst, Src, Third Arg

	Imm  uint64 // immediate, extended as the operand says; for Ap the offset
	Imm2 uint16 // second immediate: ENTER's level, Ap's selector
	Disp uint64 // displacement, sign-extended

	Len      uint8 // bytes
	CodeSize width // 2, 4 or 8: size of the code it was decoded for
	OpSize   width // 2, 4 or 8
	AddrSize width // 2, 4 or 8

	Seg    x86.Seg // segment of the memory operand, override applied
	Over   x86.Seg // segment override prefix, or NoSeg
	Base   uint8   // slots of State.R
	Index  uint8
	VIndex uint8 // vector register of indices; Index is RegZero then
	Scale  uint8 // shift count 0…3
	RIPRel bool  // Disp is relative to the next instruction

	Rep    uint8 // 0, F2h or F3h: last such prefix
	Lock   bool
	Opsize bool  // 66h prefix seen
	REX    uint8 // 40h…4Fh, or 0
	Code   uint8 // last opcode byte
	ModRM  uint8
	IsMem  bool // ModRM names memory

	VEX  bool
	VEXL uint8 // 0: 128 bits, 1: 256
	VEXV uint8 // register in vvvv, already inverted

	// Bad is the reason the bytes are no instruction; NoReason when they are.
	Bad x86.Reason

	Bytes [15]byte // the first Len are the instruction
}

// Mod is ModRM.mod.
func (in *Inst) Mod() uint8 { return in.ModRM >> 6 }

// Reg is ModRM.reg without REX.R.
func (in *Inst) Reg() uint8 { return in.ModRM >> 3 & 7 }

// RM is ModRM.rm without REX.B.
func (in *Inst) RM() uint8 { return in.ModRM & 7 }

// RexW says whether REX.W (or VEX.W) is set.
func (in *Inst) RexW() bool { return in.REX&8 != 0 }
