//go:build linux && amd64 && !purego

package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/emit"
)

// SSE and SSE2, and the AVX forms of these instructions, run as themselves: XMM0 and XMM1 of
// the host are scratch, the guest's registers stay in the State. An instruction on 256 bits is
// two on 128. Those that look at MXCSR run with the guest's; that is loaded before the first
// one and stored on the way out of generated code, and only while it masks all exceptions.

// mxcsrMasks are the masks of all exceptions, and Go's MXCSR.
const mxcsrMasks = 0x1f80

// Scratch registers for vectors.
const (
	xmm0 emit.Reg = iota
	xmm1
)

// vecMem is lane 0 or 1 of 128 bits of vector register v.
func vecMem(v uint8, lane int) emit.Mem {
	return emit.At(emit.RSP, int32(offXMM)+int32(v)*sizeXMM+int32(16*lane))
}

// A vecForm is how an instruction of map 0F uses its operands.
type vecForm uint8

const (
	vfNone    vecForm = iota
	vfBoth            // dst ← dst op src; of 128 bits or a scalar
	vfFloat           // the same, with MXCSR
	vfShift           // dst ← dst op src, src is a count
	vfByImm           // rm ← rm op imm
	vfLoad            // register ← register or memory
	vfStore           // register or memory ← register
	vfToGPR           // general register ← vector
	vfFromGPR         // vector ← general register or memory
	vfOrder           // flags ← dst compared with src, with MXCSR
	vfCvtTo           // general register ← scalar or memory, with MXCSR
	vfCvtFrom         // scalar ← general register or memory, with MXCSR
)

// vecFormOf is the form of the opcode op with mandatory prefix p.
func vecFormOf(p, op byte) vecForm {
	scalar := p == 0xf2 || p == 0xf3
	switch {
	case op == 0x10, op == 0x28 && !scalar, op == 0x6f && (p == 0x66 || p == 0xf3), op == 0x7e && p == 0xf3:
		return vfLoad
	case op == 0x11, op == 0x29 && !scalar, op == 0x7f && (p == 0x66 || p == 0xf3), op == 0xd6 && p == 0x66,
		op == 0x2b && !scalar, op == 0xe7 && p == 0x66:
		return vfStore
	case (op == 0x14 || op == 0x15 || op >= 0x54 && op <= 0x57 || op == 0xc6) && !scalar:
		return vfBoth
	case op == 0x51, op >= 0x58 && op <= 0x5f && (op != 0x5b || p != 0xf2), op == 0xc2, op == 0xe6 && p != 0:
		return vfFloat
	case (op == 0x2e || op == 0x2f) && !scalar:
		return vfOrder
	case op == 0x2a && scalar:
		return vfCvtFrom
	case (op == 0x2c || op == 0x2d) && scalar:
		return vfCvtTo
	case op == 0x70 && p != 0:
		return vfBoth
	case p != 0x66:
		return vfNone
	}
	switch {
	case op == 0x6e:
		return vfFromGPR
	case op == 0x7e, op == 0xd7, op == 0x50:
		return vfToGPR
	case op >= 0x71 && op <= 0x73:
		return vfByImm
	case op >= 0xd1 && op <= 0xd3, op == 0xe1, op == 0xe2, op >= 0xf1 && op <= 0xf3:
		return vfShift
	case op >= 0x60 && op <= 0x6d, op >= 0x74 && op <= 0x76, op == 0xd4, op == 0xd5, op >= 0xd8 && op <= 0xe0,
		op >= 0xe3 && op <= 0xe5, op >= 0xe8 && op <= 0xef, op >= 0xf4 && op <= 0xf6, op >= 0xf8 && op <= 0xfe:
		return vfBoth
	}
	return vfNone
}

// vecOpcode is the mandatory prefix and the opcode of an instruction of map 0F.
func (in *Inst) vecOpcode() (p, op byte, ok bool) {
	b := in.Bytes[:in.Len]
	if in.VEX {
		for b[0] != 0xc4 && b[0] != 0xc5 {
			b = b[1:] // segment and address size
		}
		pp := b[1] & 3
		if b[0] == 0xc4 {
			if b[1]&31 != 1 {
				return 0, 0, false
			}
			pp = b[2] & 3
		}
		return [...]byte{0, 0x66, 0xf3, 0xf2}[pp], in.Code, true
	}
	for len(b) > 2 && b[0] != 0x0f {
		b = b[1:] // prefixes
	}
	if b[1] != in.Code {
		return 0, 0, false
	}
	switch {
	case in.Rep != 0:
		p = in.Rep
	case in.Opsize:
		p = 0x66
	}
	return p, in.Code, true
}

// simd is SSE and AVX; false for what is not done here.
func (n *nativeBuilder) simd() bool {
	in, mode := n.in, n.blk.mode
	off := ModeNoSSE
	if in.VEX {
		off = ModeNoAVX
	}
	if in.Op.Attr&Vec == 0 || in.Op.Attr&Ends != 0 || mode&off != 0 {
		return false
	}
	if in.Op.Name == "VZEROUPPER" {
		return n.zeroUpper()
	}
	for _, a := range [...]Arg{in.Dst, in.Src, in.Third} {
		if a.Kind == ArgMMX {
			return false
		}
	}
	p, op, ok := in.vecOpcode()
	if !ok {
		return false
	}
	switch form := vecFormOf(p, op); form {
	case vfBoth, vfFloat, vfShift:
		return n.vecArith(form, p, op)
	case vfByImm:
		return n.vecImm(p, op)
	case vfLoad:
		return n.vecMove(p, op)
	case vfStore:
		return n.vecSave(p, op)
	case vfToGPR, vfCvtTo:
		return n.vecGPR(form, p, op)
	case vfFromGPR, vfCvtFrom:
		return n.gprVec(form, p, op)
	case vfOrder:
		return n.vecCompare(p, op)
	}
	return false
}

// zeroUpper is VZEROUPPER.
func (n *nativeBuilder) zeroUpper() bool {
	regs := uint8(8)
	if n.long {
		regs = 16
	}
	n.Vec(4, 0, 0x57, xmm0, xmm0)
	for v := range regs {
		n.VecMem(4, 0, 0x29, xmm0, vecMem(v, 1))
	}
	return true
}

// lanes is how many times 128 bits the instruction, with mandatory prefix p, works on. Those on
// scalars ignore VEX.L.
func (n *nativeBuilder) lanes(p byte) int {
	if !n.in.VEX || n.in.VEXL == 0 {
		return 1
	}
	switch op := n.in.Code; {
	case p <= 0x66, op == 0x5b, op == 0x6f, op == 0x70, op == 0x7f, op == 0xe6:
		return 2
	}
	return 1
}

// clearUpper clears what a VEX encoding of 128 bits or of a scalar clears.
func (n *nativeBuilder) clearUpper(v uint8, lanes int) {
	if n.in.VEX && lanes == 1 {
		n.Vec(4, 0, 0x57, xmm1, xmm1)
		n.VecMem(4, 0, 0x29, xmm1, vecMem(v, 1))
	}
}

// memory is access for a vector operand, with the alignment that it must have.
func (n *nativeBuilder) memory(a Arg, write bool) bool {
	if a.W == 0 || a.W > 32 || !n.access(int(a.W), write) {
		return false
	}
	if n.in.Op.Attr&Align16 != 0 && a.W >= 16 {
		n.TestImm(4, emit.R14, int32(a.W)-1)
		n.exitIf(emit.NE)
	}
	return true
}

// lastVector is the source operand of an instruction beside VEX.vvvv or dst.
func (in *Inst) lastVector() Arg {
	if in.VEX {
		return in.vexSource()
	}
	return in.Src
}

// vecArith is an instruction with two sources, or one, and a vector destination.
func (n *nativeBuilder) vecArith(form vecForm, p, op byte) bool {
	in := n.in
	s, lanes := in.lastVector(), n.lanes(p)
	if in.Dst.Kind != ArgXMM || s.Kind != ArgXMM && s.Kind != ArgMem {
		return false
	}
	if lanes == 2 && (form == vfShift || op == 0x5a || op == 0x5b || op == 0xe6) {
		return false
	}
	if s.Kind == ArgMem && !n.memory(s, false) || form == vfFloat && !n.floats() {
		return false
	}
	if in.VEX && op == 0xc2 && in.Imm&0x1f > 7 {
		return false // predicates that AVX alone has
	}
	first := in.Dst.Reg
	if in.VEX {
		first = in.VEXV // of no effect where the instruction has one source
	}
	imm := op == 0x70 || op == 0xc2 || op == 0xc6
	for lane := range lanes {
		n.VecMem(4, 0, 0x28, xmm0, vecMem(first, lane))
		src := vecMem(s.Reg, lane)
		if s.Kind == ArgMem {
			src = emit.At(emit.R14, int32(16*lane))
			if in.VEX && s.W >= 16 { // may be unaligned
				n.VecMem(4, 0, 0x10, xmm1, src)
				n.Vec(4, p, op, xmm0, xmm1)
			} else {
				n.VecMem(4, p, op, xmm0, src)
			}
		} else {
			n.VecMem(4, p, op, xmm0, src)
		}
		if imm && op == 0xc6 && p == 0x66 { // SHUFPD has two bits for each lane
			n.Byte(byte(in.Imm) >> (2 * lane))
		} else if imm {
			n.Byte(byte(in.Imm))
		}
		n.VecMem(4, 0, 0x29, xmm0, vecMem(in.Dst.Reg, lane))
	}
	n.clearUpper(in.Dst.Reg, lanes)
	return true
}

// vecImm is a shift by an immediate.
func (n *nativeBuilder) vecImm(p, op byte) bool {
	in := n.in
	s := in.Src
	if !in.VEX {
		s = in.Dst
	}
	if in.Dst.Kind != ArgXMM || s.Kind != ArgXMM {
		return false
	}
	for lane := range n.lanes(p) {
		n.VecMem(4, 0, 0x28, xmm0, vecMem(s.Reg, lane))
		n.Vec(4, p, op, emit.Reg(in.Reg()), xmm0)
		n.Byte(byte(in.Imm))
		n.VecMem(4, 0, 0x29, xmm0, vecMem(in.Dst.Reg, lane))
	}
	n.clearUpper(in.Dst.Reg, n.lanes(p))
	return true
}

// vecMove is a move into a register.
func (n *nativeBuilder) vecMove(p, op byte) bool {
	in := n.in
	d := in.Dst.Reg
	if in.Dst.Kind != ArgXMM || in.VEX && in.Third.Kind != ArgNone {
		return false
	}
	if in.Src.Kind == ArgMem {
		if !n.memory(in.Src, false) {
			return false
		}
		if in.Src.W < 16 { // clears the rest
			n.VecMem(4, p, op, xmm0, nativeMem)
			n.VecMem(4, 0, 0x29, xmm0, vecMem(d, 0))
		} else {
			for lane := range n.lanes(p) {
				n.VecMem(4, 0, 0x10, xmm0, emit.At(emit.R14, int32(16*lane)))
				n.VecMem(4, 0, 0x29, xmm0, vecMem(d, lane))
			}
		}
		n.clearUpper(d, n.lanes(p))
		return true
	}
	if in.Src.Kind != ArgXMM || in.VEX && op == 0x10 && p > 0x66 {
		return false
	}
	for lane := range n.lanes(p) {
		n.VecMem(4, 0, 0x28, xmm0, vecMem(in.Src.Reg, lane))
		switch {
		case op == 0x10 && p == 0xf2:
			n.VecMem(4, 0x66, 0xd6, xmm0, vecMem(d, 0))
		case op == 0x10 && p == 0xf3:
			n.VecMem(4, 0xf3, 0x11, xmm0, vecMem(d, 0))
		case op == 0x7e:
			n.Vec(4, 0xf3, 0x7e, xmm0, xmm0)
			n.VecMem(4, 0, 0x29, xmm0, vecMem(d, 0))
		default:
			n.VecMem(4, 0, 0x29, xmm0, vecMem(d, lane))
		}
	}
	n.clearUpper(d, n.lanes(p))
	return true
}

// vecSave is a move to memory, or to a register by the opcode of a store.
func (n *nativeBuilder) vecSave(p, op byte) bool {
	in := n.in
	if in.Dst.Kind != ArgMem || in.Src.Kind != ArgXMM || !n.memory(in.Dst, true) {
		return false
	}
	if in.Dst.W < 16 {
		n.VecMem(4, 0, 0x28, xmm0, vecMem(in.Src.Reg, 0))
		n.VecMem(4, p, op, xmm0, nativeMem)
		return true
	}
	for lane := range n.lanes(p) {
		n.VecMem(4, 0, 0x28, xmm0, vecMem(in.Src.Reg, lane))
		n.VecMem(4, 0, 0x11, xmm0, emit.At(emit.R14, int32(16*lane)))
	}
	return true
}

// vecGPR is MOVD, MOVMSKPD, PMOVMSKB and conversions to integers.
func (n *nativeBuilder) vecGPR(form vecForm, p, op byte) bool {
	in := n.in
	w := int(in.Dst.W)
	if op == 0x7e { // the vector register is ModRM.reg
		return n.vecMovd(p, w)
	}
	if in.Dst.Kind != ArgReg || n.lanes(p) == 2 && (op != 0xd7 || in.Src.Kind != ArgXMM) || in.VEX && in.Third.Kind != ArgNone {
		return false
	}
	if in.Src.Kind == ArgMem && !n.memory(in.Src, false) || form == vfCvtTo && !n.floats() {
		return false
	}
	n.clobber(in.Dst.Reg)
	switch {
	case in.Src.Kind == ArgMem:
		n.VecMem(w, p, op, emit.R15, nativeMem)
	case form == vfCvtTo:
		n.VecMem(w, p, op, emit.R15, vecMem(in.Src.Reg, 0))
	default:
		n.VecMem(4, 0, 0x28, xmm0, vecMem(in.Src.Reg, 0))
		n.Vec(4, p, op, emit.R15, xmm0)
		w = 4
	}
	if n.lanes(p) == 2 {
		n.host = 0
		n.VecMem(4, 0, 0x28, xmm0, vecMem(in.Src.Reg, 1))
		n.Vec(4, p, op, emit.R14, xmm0)
		n.Shift(4, emit.Shl, emit.R14, 16)
		n.ALU(4, emit.Or, emit.R15, emit.R14)
	}
	if h, ok := hostOf(in.Dst.Reg); ok {
		n.Mov(h, emit.R15)
	} else {
		n.put(in.Dst.Reg, emit.R15, 8)
	}
	return true
}

// vecMovd is MOVD and MOVQ from a vector register.
func (n *nativeBuilder) vecMovd(p byte, w int) bool {
	in := n.in
	if in.Src.Kind != ArgXMM || w != 4 && w != 8 {
		return false
	}
	switch in.Dst.Kind {
	case ArgMem:
		if !n.memory(in.Dst, true) {
			return false
		}
		n.LoadR(w, emit.R15, vecMem(in.Src.Reg, 0))
		n.StoreR(w, nativeMem, emit.R15)
	case ArgReg:
		n.clobber(in.Dst.Reg)
		if h, ok := hostOf(in.Dst.Reg); ok {
			n.LoadR(w, h, vecMem(in.Src.Reg, 0))
		} else {
			n.LoadR(w, emit.R15, vecMem(in.Src.Reg, 0))
			n.put(in.Dst.Reg, emit.R15, w)
		}
	default:
		return false
	}
	return true
}

// gprVec is MOVD and MOVQ to a vector register, and conversions from integers.
func (n *nativeBuilder) gprVec(form vecForm, p, op byte) bool {
	in := n.in
	s := in.lastVector()
	w := int(s.W)
	if in.Dst.Kind != ArgXMM || s.Kind != ArgReg && s.Kind != ArgMem || w != 4 && w != 8 {
		return false
	}
	if s.Kind == ArgMem && !n.memory(s, false) || form == vfCvtFrom && !n.floats() {
		return false
	}
	if form == vfCvtFrom {
		first := in.Dst.Reg
		if in.VEX {
			first = in.VEXV
		}
		n.VecMem(4, 0, 0x28, xmm0, vecMem(first, 0))
	}
	if s.Kind == ArgMem {
		n.VecMem(w, p, op, xmm0, nativeMem)
	} else {
		n.Vec(w, p, op, xmm0, n.use(s.Reg, emit.R15, w))
	}
	n.VecMem(4, 0, 0x29, xmm0, vecMem(in.Dst.Reg, 0))
	n.clearUpper(in.Dst.Reg, 1)
	return true
}

// vecCompare is COMISS, UCOMISS, COMISD and UCOMISD.
func (n *nativeBuilder) vecCompare(p, op byte) bool {
	in := n.in
	if in.Dst.Kind != ArgXMM || in.Src.Kind == ArgMem && !n.memory(in.Src, false) || !n.floats() {
		return false
	}
	n.VecMem(4, 0, 0x28, xmm0, vecMem(in.Dst.Reg, 0))
	switch in.Src.Kind {
	case ArgMem:
		n.VecMem(4, p, op, xmm0, nativeMem)
	case ArgXMM:
		n.VecMem(4, p, op, xmm0, vecMem(in.Src.Reg, 0))
	default:
		return false
	}
	n.eager()
	return true
}

// floats makes sure that MXCSR is the guest's. It goes on behind the code of Go's that does
// so, or out where the guest has exceptions unmasked. It uses R15, and keeps R14.
func (n *nativeBuilder) floats() bool {
	if n.float {
		return true
	}
	n.host = 0
	n.ALUMemImm(4, emit.Cmp, stateMem(offFloats), 0)
	over := n.Jcc(emit.NE, 0)
	n.LoadR(4, emit.R15, stateMem(offMXCSR))
	n.ALUImm(4, emit.Xor, emit.R15, mxcsrMasks)
	n.TestImm(4, emit.R15, ^0xffff|mxcsrMasks) // reserved bits would fault on the host
	n.exitIf(emit.NE)
	n.VecMem(4, 0, 0xae, 2, stateMem(offMXCSR))
	n.StoreImm(4, stateMem(offFloats), 1)
	n.Here(over)
	n.float = true
	return true
}
