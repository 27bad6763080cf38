// Package emit writes machine code for x86-64 hosts: the few forms that the native tier of
// package cpu needs, each a method. It knows nothing of guests.
//
// Intel 64 and IA-32 Architectures Software Developer's Manual, Vol. 2A, chapter 2,
// "Instruction Format".
package emit

import "encoding/binary"

// A Reg is a general register of the host, by its number in instructions.
type Reg uint8

// Registers.
const (
	RAX Reg = iota
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
	None Reg = 0xff // no base, no index
)

// A Mem is the address Base + Index<<Scale + Disp. Index is not RSP.
type Mem struct {
	Base, Index Reg
	Scale       uint8 // 0 to 3
	Disp        int32
}

// At is the address Base + Disp.
func At(base Reg, disp int32) Mem { return Mem{Base: base, Index: None, Disp: disp} }

// An Op is an opcode: its bytes in the order of the manual, with a mandatory prefix, if any,
// in bits 16 to 23 (660F6Fh) and a map of three bytes as 0F38xxh with the prefix in bits 24
// to 31.
type Op uint32

// Opcodes. Those with two operand sizes are the byte form; the methods add 1 for others.
const (
	Add Op = 8 * iota // reg/mem ← reg; +2 reg ← reg/mem
	Or
	Adc
	Sbb
	And
	Sub
	Xor
	Cmp
)

const (
	Test    Op = 0x84
	Xchg    Op = 0x86
	Store   Op = 0x88 // MOV reg/mem ← reg
	Load    Op = 0x8a // MOV reg ← reg/mem
	Lea     Op = 0x8d
	Movsxd  Op = 0x63
	Movzx8  Op = 0x0fb6
	Movzxw  Op = 0x0fb7
	Movsx8  Op = 0x0fbe
	Movsxw  Op = 0x0fbf
	Imul    Op = 0x0faf
	Cmov    Op = 0x0f40 // + condition
	Bt      Op = 0x0fa3 // + 8 for BTS, 10h for BTR, 18h for BTC
	BtImm   Op = 0x0fba
	Xadd    Op = 0x0fc0
	Cmpxchg Op = 0x0fb0
)

// Groups: the number of the instruction in ModRM.reg.
const (
	Rol = iota
	Ror
	Rcl
	Rcr
	Shl
	Shr
	_
	Sar
)

// Instructions of opcode F6h and F7h.
const (
	_ = iota + 1
	Not
	Neg
	Mul
	Imul1
	Div
	Idiv
)

// Conditions of Jcc, SETcc and CMOVcc.
const (
	O = iota
	NO
	B
	AE
	E
	NE
	BE
	A
	S
	NS
	P
	NP
	L
	GE
	LE
	G
)

// An Asm appends instructions to Code from N on. Whoever uses it sees to room; what does not
// fit is lost, and Full says so.
type Asm struct {
	Code []byte
	N    int
}

// Full says whether instructions were lost.
func (a *Asm) Full() bool { return a.N > len(a.Code) }

// Byte appends one byte.
func (a *Asm) Byte(b byte) {
	if a.N < len(a.Code) {
		a.Code[a.N] = b
	}
	a.N++
}

// Imm appends the low n bytes of v, the lowest first.
func (a *Asm) Imm(v uint64, n int) {
	if n == 4 && a.N+4 <= len(a.Code) {
		binary.LittleEndian.PutUint32(a.Code[a.N:], uint32(v))
		a.N += 4
		return
	}
	for range n {
		a.Byte(byte(v))
		v >>= 8
	}
}

// prefix appends the prefixes and the opcode of an instruction on operands of w bytes, 0 for
// opcodes whose size is fixed. r, x and b are the registers that REX extends; force asks for
// REX where a byte register needs one.
func (a *Asm) prefix(w int, op Op, r, x, b Reg, force bool) {
	if w == 2 {
		a.Byte(0x66)
	}
	opcode := uint64(op)
	switch {
	case op > 0xffffff:
		a.Byte(byte(op >> 24))
		opcode &= 0xffffff
	case op > 0xffff && op>>8&0xff == 0x0f:
		a.Byte(byte(op >> 16))
		opcode &= 0xffff
	}
	rex := byte(0)
	if w == 8 {
		rex |= 8
	}
	if r != None {
		rex |= byte(r) >> 3 & 1 << 2
	}
	if x != None {
		rex |= byte(x) >> 3 & 1 << 1
	}
	if b != None {
		rex |= byte(b) >> 3 & 1
	}
	if rex != 0 || force {
		a.Byte(0x40 | rex)
	}
	if opcode > 0xffff {
		a.Byte(byte(opcode >> 16))
	}
	if opcode > 0xff {
		a.Byte(byte(opcode >> 8))
	}
	a.Byte(byte(opcode))
}

// odd says whether a byte register needs REX: SPL, BPL, SIL and DIL.
func odd(r Reg) bool { return r >= RSP && r <= RDI }

// sized is the opcode for operands of w bytes of an instruction that has a byte form.
func sized(op Op, w int) Op {
	if w > 1 {
		return op + 1
	}
	return op
}

func (a *Asm) modRR(reg, rm Reg) { a.Byte(0xc0 | byte(reg)&7<<3 | byte(rm)&7) }

// modMem appends ModRM, SIB and displacement.
func (a *Asm) modMem(reg Reg, m Mem) {
	r := byte(reg) & 7 << 3
	if m.Base == None {
		a.Byte(0x04 | r)
		x := byte(4)
		if m.Index != None {
			x = byte(m.Index) & 7
		}
		a.Byte(m.Scale<<6 | x<<3 | 5)
		a.Imm(uint64(uint32(m.Disp)), 4)
		return
	}
	mod, size := byte(0x80), 4
	switch {
	case m.Disp == 0 && m.Base&7 != RBP:
		mod, size = 0, 0
	case m.Disp == int32(int8(m.Disp)):
		mod, size = 0x40, 1
	}
	if m.Index != None || m.Base&7 == RSP {
		x := byte(4)
		if m.Index != None {
			x = byte(m.Index) & 7
		}
		a.Byte(mod | r | 4)
		a.Byte(m.Scale<<6 | x<<3 | byte(m.Base)&7)
	} else {
		a.Byte(mod | r | byte(m.Base)&7)
	}
	a.Imm(uint64(uint32(m.Disp)), size)
}

// RR is op with ModRM.reg = reg and ModRM.rm = rm, on w bytes; op is the exact opcode.
func (a *Asm) RR(w int, op Op, reg, rm Reg) {
	a.prefix(w, op, reg, None, rm, w == 1 && (odd(reg) || odd(rm)))
	a.modRR(reg, rm)
}

// RM is op with ModRM.reg = reg and a memory operand.
func (a *Asm) RM(w int, op Op, reg Reg, m Mem) {
	a.prefix(w, op, reg, m.Index, m.Base, w == 1 && odd(reg))
	a.modMem(reg, m)
}

// ByteRR is op on w bytes whose rm is a byte register: MOVZX and MOVSX.
func (a *Asm) ByteRR(w int, op Op, reg, rm Reg) {
	a.prefix(w, op, reg, None, rm, odd(rm))
	a.modRR(reg, rm)
}

// ALU is dst ← dst op src between registers, of the eight instructions Add to Cmp.
func (a *Asm) ALU(w int, op Op, dst, src Reg) { a.RR(w, sized(op, w), src, dst) }

// ALUFrom is dst ← dst op memory, ALUTo memory ← memory op src.
func (a *Asm) ALUFrom(w int, op Op, dst Reg, m Mem) { a.RM(w, sized(op+2, w), dst, m) }

// ALUTo is memory ← memory op src.
func (a *Asm) ALUTo(w int, op Op, m Mem, src Reg) { a.RM(w, sized(op, w), src, m) }

// immOp is the opcode and the size of an immediate v of an operand of w bytes.
func immOp(w int, v int32) (Op, int) {
	switch {
	case w == 1:
		return 0x80, 1
	case v == int32(int8(v)):
		return 0x83, 1
	case w == 2:
		return 0x81, 2
	}
	return 0x81, 4
}

// ALUImm is dst ← dst op v.
func (a *Asm) ALUImm(w int, op Op, dst Reg, v int32) {
	code, n := immOp(w, v)
	a.RR(w, code, Reg(op>>3), dst)
	a.Imm(uint64(uint32(v)), n)
}

// ALUMemImm is memory ← memory op v.
func (a *Asm) ALUMemImm(w int, op Op, m Mem, v int32) {
	code, n := immOp(w, v)
	a.RM(w, code, Reg(op>>3), m)
	a.Imm(uint64(uint32(v)), n)
}

// TestImm is TEST of a register with v.
func (a *Asm) TestImm(w int, r Reg, v int32) {
	a.RR(w, sized(0xf6, w), 0, r)
	a.Imm(uint64(uint32(v)), min(w, 4))
}

// Mov copies 64 bits between registers, Mov32 32 bits.
func (a *Asm) Mov(dst, src Reg)   { a.RR(8, Load+1, dst, src) }
func (a *Asm) Mov32(dst, src Reg) { a.RR(4, Load+1, dst, src) }

// LoadR and StoreR move w bytes, 1 to 8.
func (a *Asm) LoadR(w int, dst Reg, m Mem)  { a.RM(w, sized(Load, w), dst, m) }
func (a *Asm) StoreR(w int, m Mem, src Reg) { a.RM(w, sized(Store, w), src, m) }

// StoreImm stores the low w bytes of v, sign-extended from 32 bits.
func (a *Asm) StoreImm(w int, m Mem, v int32) {
	a.RM(w, sized(0xc6, w), 0, m)
	a.Imm(uint64(uint32(v)), min(w, 4))
}

// MovImm sets a register to v in the shortest way.
func (a *Asm) MovImm(dst Reg, v uint64) {
	switch {
	case v <= 1<<32-1:
		a.prefix(4, 0xb8+Op(dst&7), None, None, dst, false)
		a.Imm(v, 4)
	case v == uint64(int64(int32(v))):
		a.RR(8, 0xc7, 0, dst)
		a.Imm(v, 4)
	default:
		a.MovAbs(dst, v)
	}
}

// MovAbs sets a register to v by the form with eight bytes, which can be patched.
func (a *Asm) MovAbs(dst Reg, v uint64) {
	a.prefix(8, 0xb8+Op(dst&7), None, None, dst, false)
	a.Imm(v, 8)
}

// Shift is the shift or rotation op of a register by n.
func (a *Asm) Shift(w int, op Reg, dst Reg, n uint8) {
	a.RR(w, sized(0xc0, w), op, dst)
	a.Byte(n)
}

// ShiftCL is the shift or rotation op of a register by CL.
func (a *Asm) ShiftCL(w int, op Reg, dst Reg) { a.RR(w, sized(0xd2, w), op, dst) }

// Group3 is NOT, NEG, MUL, IMUL, DIV and IDIV of a register, Group3Mem of memory.
func (a *Asm) Group3(w int, op Reg, dst Reg)  { a.RR(w, sized(0xf6, w), op, dst) }
func (a *Asm) Group3Mem(w int, op Reg, m Mem) { a.RM(w, sized(0xf6, w), op, m) }

// IncDec is INC (0) or DEC (1) of a register.
func (a *Asm) IncDec(w int, op Reg, dst Reg) { a.RR(w, sized(0xfe, w), op, dst) }

// Setcc sets the low byte of a register to a condition.
func (a *Asm) Setcc(cc uint8, dst Reg) { a.ByteRR(4, 0x0f90+Op(cc), 0, dst) }

// Jcc jumps on a condition, Jmp always, to offset to of Code. They return the offset of
// their displacement for Patch.
func (a *Asm) Jcc(cc uint8, to int) int {
	a.Byte(0x0f)
	a.Byte(0x80 | cc)
	return a.rel(to)
}

// Jmp jumps to offset to of Code.
func (a *Asm) Jmp(to int) int {
	a.Byte(0xe9)
	return a.rel(to)
}

func (a *Asm) rel(to int) int {
	at := a.N
	a.Imm(uint64(uint32(to-at-4)), 4)
	return at
}

// Patch makes the jump with its displacement at offset at go to offset to.
func (a *Asm) Patch(at, to int) {
	if at+4 <= len(a.Code) {
		binary.LittleEndian.PutUint32(a.Code[at:], uint32(to-at-4))
	}
}

// Here makes the jump with its displacement at offset at go to where the next instruction
// will be.
func (a *Asm) Here(at int) { a.Patch(at, a.N) }

// JmpMem jumps to the address in memory.
func (a *Asm) JmpMem(m Mem) { a.RM(4, 0xff, 4, m) }

// Bswap reverses the bytes of a register.
func (a *Asm) Bswap(w int, r Reg) { a.prefix(w, 0x0fc8+Op(r&7), None, None, r, false) }

// Push and Pop move 64 bits; PushFlags is PUSHFQ, Ret is RET.
func (a *Asm) Push(r Reg)    { a.prefix(4, 0x50+Op(r&7), None, None, r, false) }
func (a *Asm) Pop(r Reg)     { a.prefix(4, 0x58+Op(r&7), None, None, r, false) }
func (a *Asm) PushFlags()    { a.Byte(0x9c) }
func (a *Asm) Ret()          { a.Byte(0xc3) }
func (a *Asm) Extend(w int)  { a.prefix(w, 0x98, None, None, None, false) } // CBW, CWDE, CDQE
func (a *Asm) ExtendD(w int) { a.prefix(w, 0x99, None, None, None, false) } // CWD, CDQ, CQO

// SetccMem sets a byte of memory to a condition.
func (a *Asm) SetccMem(cc uint8, m Mem) { a.RM(4, 0x0f90+Op(cc), 0, m) }

// ImulImm is dst ← src × v, ImulMemImm dst ← memory × v.
func (a *Asm) ImulImm(w int, dst, src Reg, v int32) {
	a.RR(w, 0x69, dst, src)
	a.Imm(uint64(uint32(v)), min(w, 4))
}

// ImulMemImm is dst ← memory × v.
func (a *Asm) ImulMemImm(w int, dst Reg, m Mem, v int32) {
	a.RM(w, 0x69, dst, m)
	a.Imm(uint64(uint32(v)), min(w, 4))
}

// LeaHere is dst ← the address of offset to of Code, relative to where the instruction is.
func (a *Asm) LeaHere(dst Reg, to int) int {
	a.prefix(8, Lea, dst, None, None, false)
	a.Byte(0x05 | byte(dst)&7<<3)
	return a.rel(to)
}

// JmpReg jumps to the address in a register. PopFlags is POPFQ.
func (a *Asm) JmpReg(r Reg) { a.RR(4, 0xff, 4, r) }
func (a *Asm) PopFlags()    { a.Byte(0x9d) }

// Vec is the instruction of map 0F with mandatory prefix p, 0 for none, and opcode op, with
// ModRM.reg = reg and ModRM.rm = rm; w is 8 for REX.W, else 4. VecMem has a memory operand.
func (a *Asm) Vec(w int, p, op byte, reg, rm Reg) { a.RR(w, vecOp(p, op), reg, rm) }

// VecMem is Vec with a memory operand.
func (a *Asm) VecMem(w int, p, op byte, reg Reg, m Mem) { a.RM(w, vecOp(p, op), reg, m) }

func vecOp(p, op byte) Op { return Op(p)<<16 | 0x0f00 | Op(op) }
