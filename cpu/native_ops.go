//go:build linux && amd64 && !purego

package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/emit"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// emit writes the present instruction, one that has a special operation; false if there is no
// machine code for it. What it wrote until then is undone.
func (n *nativeBuilder) emit(fam fam, last bool) bool {
	in := n.in
	if in.Dst.Kind == ArgHigh || in.Src.Kind == ArgHigh {
		return n.high(fam)
	}
	switch {
	case fam == famAdc || fam == famSbb:
		return n.withCarry(fam)
	case fam <= famTest:
		return n.alu(fam)
	case fam <= famNot:
		return n.unary(fam)
	case fam <= famSar:
		return n.shift(fam)
	case fam <= famRor:
		return n.rotate(fam)
	case fam == famImul:
		return n.imul()
	case fam == famMul:
		return n.mul()
	case fam <= famIdiv:
		return n.div(fam)
	case fam == famMov:
		return n.mov()
	case fam <= famMovsx:
		return n.extendMove(fam)
	case fam == famLea:
		return n.lea()
	case fam <= famLeave:
		return n.stack(fam)
	case fam <= famJcc:
		return n.branch(fam)
	}
	return n.rest(fam)
}

var nativeALU = [...]emit.Op{famAdd: emit.Add, famOr: emit.Or, famAdc: emit.Adc, famSbb: emit.Sbb, famAnd: emit.And, famSub: emit.Sub, famXor: emit.Xor, famCmp: emit.Cmp, famTest: emit.And}

// lazyOf is the kind of lazy flags of a two-operand instruction.
func lazyOf(fam fam) uint32 {
	switch fam {
	case famAdd:
		return ccAdd
	case famSub, famCmp:
		return ccSub
	}
	return ccLogic
}

const hostAll = x86.FlagsStatus &^ x86.FlagAF

// imm32 is the immediate of the present instruction as operands of w bytes see it.
func (n *nativeBuilder) imm32(w width) int32 { return int32(w.SignExtend(n.in.Imm & w.Mask())) }

// alu is ADD, OR, AND, SUB, XOR, CMP and TEST.
func (n *nativeBuilder) alu(fam fam) bool {
	d, s := n.in.Dst, n.in.Src
	switch {
	case d.Kind == ArgMem && s.Kind != ArgMem:
		return n.aluMem(fam)
	case d.Kind == ArgReg && s.Kind == ArgMem:
		return n.aluFromMem(fam)
	case d.Kind == ArgReg:
		return n.aluReg(fam)
	}
	return false
}

// aluReg is alu with a register and a register or an immediate.
func (n *nativeBuilder) aluReg(fam fam) bool {
	in, need := n.in, n.effect.need
	d, s, w := in.Dst.Reg, in.Src.Reg, int(in.Dst.W)
	imm := in.Src.Kind == ArgImm
	second := place{kind: inReg, reg: s}
	if imm {
		second = place{kind: asImm, imm: n.imm32(in.Dst.W)}
	}
	switch {
	case fam == famCmp || fam == famTest && (imm || d != s):
		return !need && n.nothing() || n.compare(fam, d, second, w)
	case fam == famTest:
		if !need {
			return n.nothing()
		}
		n.setLazy(ccLogic, w, place{kind: inReg, reg: d}, place{})
		n.testResult(w)
		n.host = hostAll
		return true
	case fam == famXor && !imm && d == s && w >= 4:
		if h, ok := hostOf(d); ok {
			n.RR(4, emit.Xor+1, h, h)
		} else {
			n.StoreImm(8, guestMem(d), 0)
		}
	default:
		if need && lazyOf(fam) != ccLogic && !imm && d == s {
			n.StoreR(8, stateMem(offCCB), n.use(d, emit.R15, 8))
			second = place{}
		}
		n.aluTo(nativeALU[fam], d, second, w, s)
	}
	n.host = hostAll
	if fam == famXor && !imm && d == s {
		if _, ok := hostOf(d); !ok {
			n.host = 0
		}
	}
	n.flagsOf(fam, w, place{kind: inReg, reg: d}, second)
	return true
}

// nothing is an instruction whose only effect are flags that nobody looks at.
func (n *nativeBuilder) nothing() bool {
	n.deadLazy()
	return true
}

// flagsOf plans the flags of a two-operand instruction.
func (n *nativeBuilder) flagsOf(fam fam, w int, r, b place) {
	if !n.effect.need {
		n.deadLazy()
		return
	}
	if lazyOf(fam) == ccLogic {
		b = place{}
	}
	n.setLazy(lazyOf(fam), w, r, b)
}

// aluTo is guest register d ← d op second; where second is stored already, register s.
func (n *nativeBuilder) aluTo(op emit.Op, d uint8, second place, w int, s uint8) {
	h, ok := hostOf(d)
	if !ok {
		h = emit.R15
		n.LoadR(max(w, 4), h, guestMem(d))
	}
	if second.kind == asImm {
		n.ALUImm(w, op, h, second.imm)
	} else if src, ok := hostOf(s); ok {
		n.ALU(w, op, h, src)
	} else {
		n.ALUFrom(w, op, h, guestMem(s))
	}
	if !ok {
		n.put(d, h, w)
	}
}

// compare is CMP, and TEST of different operands, of registers and immediates.
func (n *nativeBuilder) compare(fam fam, d uint8, second place, w int) bool {
	h, ok := hostOf(d)
	if fam == famCmp && ok && !n.branchNext() {
		n.setLazy(ccSub, w, place{kind: asDiff, reg: d}, second)
		n.aluSecond(w, emit.Cmp, h)
		n.host = hostAll
		return true
	}
	op := emit.Sub
	if fam == famTest {
		op = emit.And
	}
	if ok {
		n.Mov(emit.R15, h)
	} else {
		n.LoadR(8, emit.R15, guestMem(d))
	}
	n.fl.b = second
	n.aluSecond(w, op, emit.R15)
	n.storeExtended(w)
	n.host = hostAll
	n.flagsOf(fam, w, place{}, second)
	return true
}

// branchNext says whether the flags of the present instruction are stored right away: before
// the branch at the end of a block.
func (n *nativeBuilder) branchNext() bool { return n.o == n.blk.b.last }

// aluFromMem is alu with a register and memory.
func (n *nativeBuilder) aluFromMem(fam fam) bool {
	in, need := n.in, n.effect.need
	d, w := in.Dst.Reg, int(in.Dst.W)
	if !n.access(w, false) {
		return false
	}
	h, ok := hostOf(d)
	if fam == famCmp || fam == famTest {
		if !need {
			return n.nothing()
		}
		op := emit.Sub
		if fam == famTest {
			op = emit.And
		}
		n.LoadR(w, emit.R15, nativeMem)
		if fam == famCmp {
			n.StoreR(8, stateMem(offCCB), emit.R15)
		}
		n.fetch(emit.R14, d)
		n.ALU(w, op, emit.R14, emit.R15)
		n.extend(emit.R14, w)
		n.StoreR(8, stateMem(offCCR), emit.R14)
		n.host = hostAll
		n.flagsOf(fam, w, place{}, place{})
		return true
	}
	if need && lazyOf(fam) != ccLogic {
		n.LoadR(w, emit.R15, nativeMem)
		n.StoreR(8, stateMem(offCCB), emit.R15)
		if !ok {
			h = emit.R14
			n.LoadR(max(w, 4), h, guestMem(d))
		}
		n.ALU(w, nativeALU[fam], h, emit.R15)
	} else {
		if !ok {
			h = emit.R15
			n.LoadR(max(w, 4), h, guestMem(d))
		}
		n.ALUFrom(w, nativeALU[fam], h, nativeMem)
	}
	if !ok {
		n.put(d, h, w)
	}
	n.host = hostAll
	n.flagsOf(fam, w, place{kind: inReg, reg: d}, place{})
	return true
}

// aluMem is alu with memory and a register or an immediate.
func (n *nativeBuilder) aluMem(fam fam) bool {
	in, need := n.in, n.effect.need
	w := int(in.Dst.W)
	imm := in.Src.Kind == ArgImm
	compares := fam == famCmp || fam == famTest
	if !n.access(w, !compares) {
		return false
	}
	second := place{kind: inReg, reg: in.Src.Reg}
	if imm {
		second = place{kind: asImm, imm: n.imm32(in.Dst.W)}
	}
	if !need {
		switch {
		case compares:
		case imm:
			n.ALUMemImm(w, nativeALU[fam], nativeMem, second.imm)
		default:
			n.ALUTo(w, nativeALU[fam], nativeMem, n.use(in.Src.Reg, emit.R15, w))
		}
		return n.nothing()
	}
	op := nativeALU[fam]
	switch fam {
	case famCmp:
		op = emit.Sub
	case famTest:
		op = emit.And
	}
	n.LoadR(w, emit.R15, nativeMem)
	n.fl.b = second
	n.aluSecond(w, op, emit.R15)
	if !compares {
		n.StoreR(w, nativeMem, emit.R15)
	}
	n.storeExtended(w)
	n.host = hostAll
	n.flagsOf(fam, w, place{}, second)
	return true
}

// withCarry is ADC and SBB between registers and immediates. Flags are stored at once.
func (n *nativeBuilder) withCarry(fam fam) bool {
	in := n.in
	if in.Dst.Kind != ArgReg || in.Src.Kind == ArgMem {
		return false
	}
	cc, ok := n.condition(emit.B)
	if !ok {
		return false
	}
	if cc == emit.NE { // the flag is not CF on the host: make it so
		n.Setcc(cc, emit.R15)
		n.ALUImm(1, emit.Add, emit.R15, 0xff-256)
	}
	n.complete()
	second := place{kind: inReg, reg: in.Src.Reg}
	if in.Src.Kind == ArgImm {
		second = place{kind: asImm, imm: n.imm32(in.Dst.W)}
	}
	n.aluTo(nativeALU[fam], in.Dst.Reg, second, int(in.Dst.W), in.Src.Reg)
	if !n.effect.need {
		return n.nothing()
	}
	n.eager()
	return true
}

// eager stores the host's status flags, all of which the guest defines as the host does.
func (n *nativeBuilder) eager() {
	n.PushFlags()
	n.Pop(emit.R15)
	n.ALUImm(4, emit.And, emit.R15, int32(x86.FlagsStatus))
	n.ALUMemImm(4, emit.And, stateMem(offRFLAGS), ^int32(x86.FlagsStatus))
	n.ALUTo(4, emit.Or, stateMem(offRFLAGS), emit.R15)
	n.StoreImm(4, stateMem(offCCOp), 0)
	n.host = 0
	n.fl = lazyPlan{known: true, stored: true, touched: true}
}

// unary is INC, DEC, NEG and NOT.
func (n *nativeBuilder) unary(fam fam) bool {
	in, need := n.in, n.effect.need
	w := int(in.Dst.W)
	if fam == famNot {
		need = false
	}
	counts := fam == famInc || fam == famDec
	if in.Dst.Kind == ArgMem && !n.access(w, true) { // first: begun again, the host's CF is gone
		return false
	}
	if need && counts && n.effect.live&x86.FlagCF != 0 && !n.keepCF() {
		return false
	}
	apply := func(r emit.Reg) {
		switch fam {
		case famInc, famDec:
			n.IncDec(w, emit.Reg(fam-famInc), r)
		case famNeg:
			if need {
				n.StoreR(8, stateMem(offCCB), r)
			}
			n.Group3(w, emit.Neg, r)
		default:
			n.Group3(w, emit.Not, r)
		}
	}
	result := place{kind: inReg, reg: in.Dst.Reg}
	if in.Dst.Kind == ArgMem {
		result = place{}
		n.LoadR(w, emit.R15, nativeMem)
		apply(emit.R15)
		n.StoreR(w, nativeMem, emit.R15)
		if need {
			n.storeExtended(w)
		}
	} else {
		if !need {
			n.clobber(in.Dst.Reg)
		}
		h, ok := hostOf(in.Dst.Reg)
		if !ok {
			h = emit.R15
			n.LoadR(max(w, 4), h, guestMem(in.Dst.Reg))
		}
		apply(h)
		if !ok {
			n.put(in.Dst.Reg, h, w)
		}
	}
	n.unaryFlags(fam, w, need, result)
	return true
}

func (n *nativeBuilder) unaryFlags(fam fam, w int, need bool, result place) {
	switch {
	case fam == famNot:
	case !need && fam == famNeg:
		n.deadLazy()
	case !need: // CF may be alive
		n.host = 0
	case fam == famNeg:
		n.setLazy(ccSub, w, result, place{})
		n.host = hostAll
	case fam == famInc:
		n.setLazy(ccInc, w, result, place{})
		n.host = hostAll &^ x86.FlagCF
	default:
		n.setLazy(ccDec, w, result, place{})
		n.host = hostAll &^ x86.FlagCF
	}
}

// shift is SHL, SHR and SAR.
func (n *nativeBuilder) shift(fam fam) bool {
	in, need := n.in, n.effect.need
	w := int(in.Dst.W)
	op := [...]emit.Reg{emit.Shl, emit.Shr, emit.Sar}[fam-famShl]
	kind := [...]uint32{ccShl, ccShr, ccSar}[fam-famShl]
	if in.Src.Kind != ArgImm {
		return in.Dst.Kind == ArgReg && n.shiftCL(op, kind, w)
	}
	count := uint8(in.Imm) & 31
	if w == 8 {
		count = uint8(in.Imm) & 63
	}
	apply := func(r emit.Reg) {
		if need {
			n.StoreR(8, stateMem(offCCB), r)
		}
		n.Shift(w, op, r, count)
	}
	result := place{kind: inReg, reg: in.Dst.Reg}
	if in.Dst.Kind == ArgMem {
		result = place{}
		if !n.access(w, true) {
			return false
		}
		n.LoadR(w, emit.R15, nativeMem)
		apply(emit.R15)
		n.StoreR(w, nativeMem, emit.R15)
		if need {
			n.storeExtended(w)
		}
	} else if h, ok := hostOf(in.Dst.Reg); ok {
		apply(h)
	} else {
		n.LoadR(max(w, 4), emit.R15, guestMem(in.Dst.Reg))
		apply(emit.R15)
		n.put(in.Dst.Reg, emit.R15, w)
	}
	if !need {
		return n.nothing()
	}
	n.setLazy(kind, w, result, place{})
	n.fl.a = place{kind: asImm, imm: int32(count)}
	n.host = x86.FlagZF | x86.FlagSF | x86.FlagPF
	return true
}

// shiftCL is shift of a register by CL. A count of 0 leaves the flags alone.
func (n *nativeBuilder) shiftCL(op emit.Reg, kind uint32, w int) bool {
	d := n.in.Dst.Reg
	if n.effect.live == 0 {
		if h, ok := hostOf(d); ok {
			n.ShiftCL(w, op, h)
		} else {
			n.LoadR(max(w, 4), emit.R15, guestMem(d))
			n.ShiftCL(w, op, emit.R15)
			n.put(d, emit.R15, w)
		}
		return n.nothing()
	}
	h, ok := hostOf(d)
	if !ok || d == x86.RCX {
		return false
	}
	n.complete()
	n.Mov(emit.R14, h)
	n.Mov32(emit.R15, emit.RCX)
	n.ShiftCL(w, op, h)
	mask := int32(31)
	if w == 8 {
		mask = 63
	}
	n.ALUImm(4, emit.And, emit.R15, mask)
	over := n.Jcc(emit.E, 0)
	n.StoreR(8, stateMem(offCCA), emit.R15)
	n.StoreR(8, stateMem(offCCB), emit.R14)
	n.loadExtended(d, w)
	n.StoreR(8, stateMem(offCCR), emit.R15)
	n.StoreImm(4, stateMem(offCCOp), int32(kind<<2|uint32(log2(width(w)))))
	n.Here(over)
	n.anyLazy()
	return true
}

// rotate is ROL and ROR of a register by an immediate. They change CF alone, and OF when the
// count is 1.
func (n *nativeBuilder) rotate(fam fam) bool {
	in, w := n.in, int(n.in.Dst.W)
	if in.Src.Kind != ArgImm || in.Dst.Kind != ArgReg {
		return false
	}
	count := uint8(in.Imm) & 31
	if w == 8 {
		count = uint8(in.Imm) & 63
	}
	keep := n.effect.live&(x86.FlagCF|x86.FlagOF) != 0
	if keep && (count == 1 || int(count)%(8*w) == 0) {
		return false
	}
	if keep {
		n.complete()
	} else {
		n.clobber(in.Dst.Reg)
	}
	h, ok := hostOf(in.Dst.Reg)
	if !ok {
		h = emit.R15
		n.LoadR(max(w, 4), h, guestMem(in.Dst.Reg))
	}
	n.Shift(w, emit.Reg(fam-famRol), h, count)
	if !ok {
		n.put(in.Dst.Reg, h, w)
	}
	n.host = 0
	if keep {
		n.overlayCF()
	}
	return true
}

// imul is IMUL with two or three operands.
func (n *nativeBuilder) imul() bool {
	in, need := n.in, n.effect.need
	w := int(in.Dst.W)
	if in.Dst.Kind != ArgReg || w < 4 {
		return false
	}
	mem := in.Src.Kind == ArgMem
	if mem && !n.access(w, false) {
		return false
	}
	d, ok := hostOf(in.Dst.Reg)
	if !ok {
		d = emit.R15
	}
	if in.Third.Kind == ArgImm {
		v := n.imm32(in.Dst.W)
		if mem {
			n.ImulMemImm(w, d, nativeMem, v)
		} else {
			n.ImulImm(w, d, n.use(in.Src.Reg, emit.R14, w), v)
		}
	} else {
		if !ok {
			n.LoadR(w, d, guestMem(in.Dst.Reg))
		}
		if mem {
			n.RM(w, emit.Imul, d, nativeMem)
		} else {
			n.RR(w, emit.Imul, d, n.use(in.Src.Reg, emit.R14, w))
		}
	}
	if !ok {
		n.put(in.Dst.Reg, d, w)
	}
	if !need {
		return n.nothing()
	}
	n.Setcc(emit.O, emit.R15)
	n.ByteRR(4, emit.Movzx8, emit.R15, emit.R15)
	n.StoreR(8, stateMem(offCCB), emit.R15)
	n.setLazy(ccMul, w, place{kind: inReg, reg: in.Dst.Reg}, place{})
	n.host = x86.FlagCF | x86.FlagOF
	return true
}

// mul is MUL of rAX.
func (n *nativeBuilder) mul() bool {
	in := n.in
	w := int(in.Src.W)
	switch {
	case w < 4:
		return false
	case in.Src.Kind == ArgMem:
		if !n.access(w, false) {
			return false
		}
		n.Group3Mem(w, emit.Mul, nativeMem)
	default:
		n.Group3(w, emit.Mul, n.use(in.Src.Reg, emit.R15, w))
	}
	if !n.effect.need {
		return n.nothing()
	}
	n.setLazy(ccMul, w, place{kind: inReg, reg: x86.RAX}, place{kind: inReg, reg: x86.RDX})
	n.host = x86.FlagCF | x86.FlagOF
	return true
}

// div is DIV and IDIV. What could fault, and what is rare, is left to the fast engine.
func (n *nativeBuilder) div(fam fam) bool {
	in := n.in
	w := int(in.Src.W)
	if w < 4 {
		return false
	}
	if in.Src.Kind == ArgMem {
		if !n.access(w, false) {
			return false
		}
		n.LoadR(w, emit.R15, nativeMem)
	} else if h, ok := hostOf(in.Src.Reg); ok {
		n.RR(w, emit.Load+1, emit.R15, h)
	} else {
		n.LoadR(w, emit.R15, guestMem(in.Src.Reg))
	}
	n.host = 0
	if fam == famDiv {
		n.ALU(w, emit.Cmp, emit.RDX, emit.R15)
		n.exitIf(emit.AE)
	} else {
		n.RR(w, emit.Load+1, emit.R14, emit.RAX)
		n.Shift(w, emit.Sar, emit.R14, uint8(8*w-1))
		n.ALU(w, emit.Cmp, emit.R14, emit.RDX)
		n.exitIf(emit.NE)
		n.RM(w, emit.Lea, emit.R14, emit.At(emit.R15, 1))
		n.ALUImm(w, emit.Cmp, emit.R14, 1)
		n.exitIf(emit.BE)
	}
	if n.fl.r.reg == x86.RAX || n.fl.r.reg == x86.RDX || n.fl.b.reg == x86.RAX || n.fl.b.reg == x86.RDX {
		n.Mov(emit.R14, emit.R15) // clobber uses R15
		n.clobber(x86.RAX)
		n.clobber(x86.RDX)
		n.Mov(emit.R15, emit.R14)
	}
	if fam == famDiv {
		n.Group3(w, emit.Div, emit.R15)
	} else {
		n.Group3(w, emit.Idiv, emit.R15)
	}
	return true
}

// mov is MOV between general registers, memory and immediates.
func (n *nativeBuilder) mov() bool {
	d, s, w := n.in.Dst, n.in.Src, int(n.in.Dst.W)
	switch {
	case d.Kind == ArgMem && s.Kind == ArgReg:
		if !n.access(w, true) {
			return false
		}
		n.StoreR(w, nativeMem, n.use(s.Reg, emit.R15, w))
	case d.Kind == ArgMem && s.Kind == ArgImm:
		if !n.access(w, true) {
			return false
		}
		n.StoreImm(w, nativeMem, n.imm32(d.W))
	case s.Kind == ArgMem:
		if !n.access(w, false) {
			return false
		}
		n.clobber(d.Reg)
		n.loadTo(d.Reg, w)
	case s.Kind == ArgReg:
		n.clobber(d.Reg)
		n.moveReg(d.Reg, s.Reg, w)
	case s.Kind == ArgImm:
		n.clobber(d.Reg)
		n.moveImm(d.Reg, w)
	default:
		return false
	}
	return true
}

// loadTo is guest register d ← w bytes of memory.
func (n *nativeBuilder) loadTo(d uint8, w int) {
	if h, ok := hostOf(d); ok {
		n.LoadR(w, h, nativeMem)
		return
	}
	n.LoadR(w, emit.R15, nativeMem)
	n.put(d, emit.R15, w)
}

func (n *nativeBuilder) moveReg(d, s uint8, w int) {
	if h, ok := hostOf(d); ok {
		if src, ok := hostOf(s); ok {
			n.RR(w, sizedMov(w), h, src)
		} else {
			n.LoadR(w, h, guestMem(s))
		}
		return
	}
	src, ok := hostOf(s)
	switch {
	case !ok:
		n.LoadR(w, emit.R15, guestMem(s))
		src = emit.R15
	case w == 4:
		n.Mov32(emit.R15, src)
		src = emit.R15
	}
	n.put(d, src, w)
}

func sizedMov(w int) emit.Op {
	if w == 1 {
		return emit.Load
	}
	return emit.Load + 1
}

// moveImm is guest register d ← the immediate.
func (n *nativeBuilder) moveImm(d uint8, w int) {
	v := n.in.Imm & width(w).Mask()
	h, ok := hostOf(d)
	switch {
	case w < 4 && ok:
		n.RR(w, sizedMov(w)+0xc6-0x8a, 0, h)
		n.Imm(v, w)
	case w < 4:
		n.StoreImm(w, guestMem(d), n.imm32(width(w)))
	case ok:
		n.MovImm(h, v)
	case v == uint64(int64(int32(v))):
		n.StoreImm(8, guestMem(d), int32(v))
	default:
		n.MovImm(emit.R15, v)
		n.StoreR(8, guestMem(d), emit.R15)
	}
}

// extendMove is MOVZX, MOVSX and MOVSXD.
func (n *nativeBuilder) extendMove(fam fam) bool {
	d, s := n.in.Dst, n.in.Src
	w := int(d.W)
	op := emit.Movzx8
	switch {
	case w < 4 || d.Kind != ArgReg:
		return false
	case fam == famMovzx && s.W == 2:
		op = emit.Movzxw
	case fam == famMovsx && s.W == 1:
		op = emit.Movsx8
	case fam == famMovsx && s.W == 2:
		op = emit.Movsxw
	case fam == famMovsx && s.W == 4 && w == 8:
		op = emit.Movsxd
	case fam == famMovsx:
		return false
	}
	if s.Kind == ArgMem && !n.access(int(s.W), false) {
		return false
	}
	n.clobber(d.Reg)
	h, ok := hostOf(d.Reg)
	if !ok {
		h = emit.R15
	}
	if s.Kind == ArgMem {
		n.RM(w, op, h, nativeMem)
	} else if src, ok := hostOf(s.Reg); !ok {
		n.RM(w, op, h, guestMem(s.Reg))
	} else if s.W == 1 {
		n.ByteRR(w, op, h, src)
	} else {
		n.RR(w, op, h, src)
	}
	if !ok {
		n.put(d.Reg, h, w)
	}
	return true
}

// lea is LEA.
func (n *nativeBuilder) lea() bool {
	var o op
	w := int(n.in.Dst.W)
	if w < 4 || !n.t.address(&o, n.in) {
		return false
	}
	d := n.in.Dst.Reg
	n.clobber(d)
	h, ok := hostOf(d)
	if !ok {
		h = emit.R15
	}
	n.effective(&o, h)
	if w == 4 && n.long {
		n.Mov32(h, h)
	}
	if !ok {
		n.put(d, h, 8)
	}
	return true
}

// high is instructions with AH, CH, DH and BH: MOV, MOVZX, and the two-operand ones on one byte.
func (n *nativeBuilder) high(fam fam) bool {
	d, s := n.in.Dst, n.in.Src
	switch {
	case fam == famMovzx && d.Kind == ArgReg && d.W >= 4:
		n.clobber(d.Reg)
		n.byteOf(emit.R15, s)
		if h, ok := hostOf(d.Reg); ok {
			n.Mov32(h, emit.R15)
		} else {
			n.put(d.Reg, emit.R15, 8)
		}
		return true
	case d.Kind != ArgHigh && d.Kind != ArgReg || fam == famAdc || fam == famSbb:
		return false
	case fam == famMov:
		n.clobber(d.Reg)
		n.byteOf(emit.R15, s)
		n.setByte(d, emit.R15)
		return true
	case fam > famTest:
		return false
	}
	if !n.effect.need && (fam == famCmp || fam == famTest) {
		return n.nothing()
	}
	n.byteOf(emit.R15, s)
	n.byteOf(emit.R14, d)
	if n.effect.need && lazyOf(fam) != ccLogic {
		n.StoreR(8, stateMem(offCCB), emit.R15)
	}
	op := nativeALU[fam]
	if fam == famCmp {
		op = emit.Sub
	}
	n.ALU(1, op, emit.R14, emit.R15)
	if fam != famCmp && fam != famTest {
		n.setByte(d, emit.R14)
	}
	if n.effect.need {
		n.ByteRR(8, emit.Movsx8, emit.R15, emit.R14)
		n.StoreR(8, stateMem(offCCR), emit.R15)
	}
	n.flagsOf(fam, 1, place{}, place{})
	if n.effect.need && (fam == famCmp || fam == famTest) {
		n.host = hostAll
	}
	return true
}

// byteOf is tmp ← the byte operand a, zero-extended. It leaves no flags.
func (n *nativeBuilder) byteOf(tmp emit.Reg, a Arg) {
	n.host = 0
	switch {
	case a.Kind == ArgImm:
		n.MovImm(tmp, n.in.Imm&0xff)
	case a.Kind == ArgHigh:
		h, _ := hostOf(a.Reg) // these are of RAX to RBX
		n.Mov32(tmp, h)
		n.Shift(4, emit.Shr, tmp, 8)
		n.ByteRR(4, emit.Movzx8, tmp, tmp)
	default:
		if h, ok := hostOf(a.Reg); ok {
			n.ByteRR(4, emit.Movzx8, tmp, h)
		} else {
			n.RM(4, emit.Movzx8, tmp, guestMem(a.Reg))
		}
	}
}

// setByte is the byte register a ← the low byte of tmp. It leaves no flags.
func (n *nativeBuilder) setByte(a Arg, tmp emit.Reg) {
	n.host = 0
	h, ok := hostOf(a.Reg)
	switch {
	case !ok:
		n.StoreR(1, guestMem(a.Reg), tmp)
	case a.Kind == ArgHigh:
		n.Shift(8, emit.Ror, h, 8)
		n.RR(1, emit.Load, h, tmp)
		n.Shift(8, emit.Rol, h, 8)
	default:
		n.RR(1, emit.Load, h, tmp)
	}
}
