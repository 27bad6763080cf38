//go:build linux && amd64 && !purego

package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/emit"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// The stack, branches and what depends on conditions.

// stackAt is R14 ← the linear address d bytes from the stack pointer.
func (n *nativeBuilder) stackAt(d int32) { n.RM(n.w, emit.Lea, emit.R14, emit.At(emit.R12, d)) }

// moveStack adds d to the stack pointer, without touching flags.
func (n *nativeBuilder) moveStack(d int32) {
	n.clobber(x86.RSP)
	n.RM(n.w, emit.Lea, emit.R12, emit.At(emit.R12, d))
}

// stack is PUSH, POP and LEAVE.
func (n *nativeBuilder) stack(fam fam) bool {
	w := n.w
	switch {
	case fam == famPush:
		return n.push()
	case fam == famPop:
		d := n.in.Dst.Reg
		n.stackAt(0)
		n.check(w, false)
		if d == x86.RSP {
			n.clobber(d)
			n.LoadR(w, emit.R12, nativeMem)
			return true
		}
		n.clobber(d)
		n.loadTo(d, w)
		n.moveStack(int32(w))
		return true
	}
	n.RM(w, emit.Lea, emit.R14, emit.At(emit.RBP, 0))
	n.check(w, false)
	n.clobber(x86.RSP)
	n.clobber(x86.RBP)
	n.RM(w, emit.Lea, emit.R12, emit.At(emit.RBP, int32(w)))
	n.LoadR(w, emit.RBP, nativeMem)
	return true
}

func (n *nativeBuilder) push() bool {
	s, w := n.in.Src, n.w
	if s.Kind == ArgMem {
		if !n.access(w, false) {
			return false
		}
		n.LoadR(w, emit.R15, nativeMem)
		n.StoreR(8, stateMem(offTarget), emit.R15)
	}
	n.stackAt(int32(-w))
	n.check(w, true)
	switch {
	case s.Kind == ArgMem:
		n.LoadR(8, emit.R15, stateMem(offTarget))
		n.StoreR(w, nativeMem, emit.R15)
	case s.Kind == ArgImm:
		n.storeConst(n.in.Imm & width(w).Mask())
	default:
		n.StoreR(w, nativeMem, n.use(s.Reg, emit.R15, w))
	}
	n.moveStack(int32(-w))
	return true
}

// storeConst stores v, of the natural width, at R14. It uses R15.
func (n *nativeBuilder) storeConst(v uint64) {
	if n.w == 4 || v == uint64(int64(int32(v))) {
		n.StoreImm(n.w, nativeMem, int32(v))
		return
	}
	n.MovImm(emit.R15, v)
	n.StoreR(8, nativeMem, emit.R15)
}

// next is the address of the instruction that follows.
func (n *nativeBuilder) next() uint64 {
	return (n.t.rip + uint64(n.in.Len)) & n.t.c.ripMask
}

// branch is JMP, CALL, RET and Jcc.
func (n *nativeBuilder) branch(fam fam) bool {
	in := n.in
	target := (n.next() + in.Imm) & n.t.c.ripMask
	direct := in.Src.Kind == ArgImm && fam != famRet
	switch {
	case fam == famJcc:
		cc, ok := n.condition(in.Code & 15)
		if !ok {
			return false
		}
		n.complete()
		taken := n.Jcc(cc, 0)
		n.edge(wayNext, n.next(), n.Jmp(0))
		n.edge(wayTaken, target, taken)
	case fam == famJmp && direct:
		n.complete()
		n.edge(wayTaken, target, n.Jmp(0))
	case fam == famCall && direct:
		n.stackAt(int32(-n.w))
		n.check(n.w, true)
		n.storeConst(n.next())
		n.moveStack(int32(-n.w))
		n.complete()
		n.edge(wayTaken, target, n.Jmp(0))
	case fam == famRet:
		n.stackAt(0)
		n.check(n.w, false)
		n.LoadR(n.w, emit.R14, nativeMem)
		n.clobber(x86.RSP)
		n.indirect(func() { n.moveStack(int32(in.Imm) + int32(n.w)) })
	default:
		return n.branchTo(fam == famCall)
	}
	return true
}

// branchTo is JMP and CALL to an address in a register or memory.
func (n *nativeBuilder) branchTo(call bool) bool {
	in := n.in
	if call {
		n.stackAt(int32(-n.w))
		n.check(n.w, true)
		n.StoreR(8, stateMem(offTarget), emit.R14)
		n.clobber(x86.RSP)
	}
	if in.Src.Kind == ArgMem {
		if !n.access(n.w, false) {
			return false
		}
		n.LoadR(n.w, emit.R14, nativeMem)
	} else {
		if n.long {
			n.fetch(emit.R14, in.Src.Reg)
		} else {
			n.Mov32(emit.R14, n.use(in.Src.Reg, emit.R14, 4))
		}
	}
	n.indirect(func() {
		if !call {
			return
		}
		n.LoadR(8, emit.R14, stateMem(offTarget))
		v := n.next()
		if n.w == 4 || v == uint64(int64(int32(v))) {
			n.StoreImm(n.w, nativeMem, int32(v))
		} else {
			n.MovImm(emit.R13, v)
			n.StoreR(8, nativeMem, emit.R13)
		}
		n.moveStack(int32(-n.w))
	})
	return true
}

// rest is SETcc, CMOVcc, extensions of the accumulator, exchanges and bit tests.
func (n *nativeBuilder) rest(fam fam) bool {
	in := n.in
	switch fam {
	case famSetcc:
		return n.setcc()
	case famCmov:
		return n.cmov()
	case famCbw:
		if in.OpSize < 4 {
			return false
		}
		n.clobber(x86.RAX)
		n.Extend(int(in.OpSize))
		return true
	case famCwd:
		if in.OpSize < 4 {
			return false
		}
		n.clobber(x86.RDX)
		n.ExtendD(int(in.OpSize))
		return true
	case famXchg:
		return n.xchg()
	case famBswap:
		d := in.Dst.Reg
		n.clobber(d)
		if h, ok := hostOf(d); ok {
			n.Bswap(int(in.Dst.W), h)
			return true
		}
		n.LoadR(int(in.Dst.W), emit.R15, guestMem(d))
		n.Bswap(int(in.Dst.W), emit.R15)
		n.put(d, emit.R15, int(in.Dst.W))
		return true
	case famBits:
		return n.bits()
	case famXadd:
		return n.xadd()
	case famCmpxchg:
		return n.cmpxchg()
	}
	return false
}

func (n *nativeBuilder) setcc() bool {
	d := n.in.Dst
	if d.Kind == ArgMem && !n.access(1, true) {
		return false
	}
	cc, ok := n.condition(n.in.Code & 15)
	if !ok {
		return false
	}
	if d.Kind == ArgMem {
		n.SetccMem(cc, nativeMem)
		return true
	}
	n.clobber(d.Reg)
	if h, ok := hostOf(d.Reg); ok {
		n.Setcc(cc, h)
	} else {
		n.SetccMem(cc, guestMem(d.Reg))
	}
	return true
}

func (n *nativeBuilder) cmov() bool {
	d, s, w := n.in.Dst.Reg, n.in.Src, int(n.in.Dst.W)
	if w < 4 || s.Kind == ArgMem && !n.access(w, false) {
		return false
	}
	cc, ok := n.condition(n.in.Code & 15)
	if !ok {
		return false
	}
	n.clobber(d)
	h, ok := hostOf(d)
	if !ok {
		h = emit.R15
		n.LoadR(w, h, guestMem(d))
	}
	op := emit.Cmov + emit.Op(cc)
	if s.Kind == ArgMem {
		n.RM(w, op, h, nativeMem)
	} else if src, ok := hostOf(s.Reg); ok {
		n.RR(w, op, h, src)
	} else {
		n.RM(w, op, h, guestMem(s.Reg))
	}
	if !ok {
		n.put(d, h, w)
	}
	return true
}

// xchg is XCHG.
func (n *nativeBuilder) xchg() bool {
	d, s, w := n.in.Dst, n.in.Src, int(n.in.Dst.W)
	switch {
	case d.Kind == ArgMem && s.Kind == ArgReg:
		return n.xchgMem(s.Reg, w)
	case d.Kind == ArgReg && s.Kind == ArgMem:
		return n.xchgMem(d.Reg, w)
	case d.Kind != ArgReg || s.Kind != ArgReg || w < 4:
		return false
	}
	n.clobber(d.Reg)
	n.clobber(s.Reg)
	x, okx := hostOf(d.Reg)
	y, oky := hostOf(s.Reg)
	if okx && oky {
		n.RR(w, emit.Xchg+1, x, y)
		return true
	}
	n.RR(w, emit.Load+1, emit.R14, n.use(d.Reg, emit.R14, w))
	n.RR(w, emit.Load+1, emit.R15, n.use(s.Reg, emit.R15, w))
	set := func(g uint8, v emit.Reg) {
		if h, ok := hostOf(g); ok {
			n.Mov(h, v)
		} else {
			n.put(g, v, 8)
		}
	}
	set(d.Reg, emit.R15)
	set(s.Reg, emit.R14)
	return true
}

// xchgMem exchanges guest register g with memory. Processors of the guest take turns, so no
// instruction for locks needs to be more than what it does to one of them.
func (n *nativeBuilder) xchgMem(g uint8, w int) bool {
	if !n.access(w, true) {
		return false
	}
	n.clobber(g)
	if h, ok := hostOf(g); ok {
		n.LoadR(w, emit.R15, nativeMem)
		n.StoreR(w, nativeMem, h)
		n.RR(w, sizedMov(w), h, emit.R15)
		return true
	}
	n.LoadR(max(w, 4), emit.R15, guestMem(g))
	n.RM(w, sizedTo(emit.Xchg, w), emit.R15, nativeMem)
	n.put(g, emit.R15, w)
	return true
}

// sizedTo is the opcode for operands of w bytes of an instruction that has a byte form.
func sizedTo(op emit.Op, w int) emit.Op {
	if w > 1 {
		return op + 1
	}
	return op
}

// xadd is XADD with memory.
func (n *nativeBuilder) xadd() bool {
	in, need := n.in, n.effect.need
	w, g := int(in.Dst.W), in.Src.Reg
	if in.Dst.Kind != ArgMem || in.Src.Kind != ArgReg || !n.access(w, true) {
		return false
	}
	n.fetch(emit.R15, g)
	if need {
		n.StoreR(8, stateMem(offCCB), emit.R15)
	}
	n.RM(w, sizedTo(emit.Xadd, w), emit.R15, nativeMem)
	if h, ok := hostOf(g); ok {
		n.RR(w, sizedMov(w), h, emit.R15)
	} else {
		n.put(g, emit.R15, w)
	}
	if !need {
		return n.nothing()
	}
	n.LoadR(w, emit.R15, nativeMem)
	n.storeExtended(w)
	n.setLazy(ccAdd, w, place{}, place{})
	n.host = hostAll
	return true
}

// cmpxchg is CMPXCHG with memory.
func (n *nativeBuilder) cmpxchg() bool {
	in, need := n.in, n.effect.need
	w := int(in.Dst.W)
	if in.Dst.Kind != ArgMem || in.Src.Kind != ArgReg || !n.access(w, true) {
		return false
	}
	if need {
		n.LoadR(w, emit.R15, nativeMem)
		n.StoreR(8, stateMem(offCCB), emit.R15)
		n.Mov(emit.R15, emit.RAX)
		n.ALUFrom(w, emit.Sub, emit.R15, nativeMem)
		n.storeExtended(w)
	}
	n.RM(w, sizedTo(emit.Cmpxchg, w), n.use(in.Src.Reg, emit.R15, w), nativeMem)
	if !need {
		return n.nothing()
	}
	n.setLazy(ccSub, w, place{}, place{})
	n.host = hostAll
	return true
}

// bits is BT, BTS, BTR and BTC. They change CF alone.
func (n *nativeBuilder) bits() bool {
	in, w := n.in, int(n.in.Dst.W)
	keep := n.effect.live&x86.FlagCF != 0
	f := bitFnOf(in.Op.Name)
	switch {
	case in.Dst.Kind == ArgMem:
		if !n.bitsMem(f, w) {
			return false
		}
	case in.Dst.Kind == ArgReg && w >= 4:
		n.bitsReg(f, w, keep)
	default:
		return false
	}
	n.host = 0
	if keep {
		n.overlayCF()
		n.host = 0
	}
	return true
}

func (n *nativeBuilder) bitsReg(f bitFn, w int, keep bool) {
	in := n.in
	if keep {
		n.complete()
	} else {
		n.clobber(in.Dst.Reg)
	}
	h, ok := hostOf(in.Dst.Reg)
	if !ok {
		h = emit.R15
		n.LoadR(w, h, guestMem(in.Dst.Reg))
	}
	if in.Src.Kind == ArgImm {
		n.RR(w, emit.BtImm, emit.Reg(4+f), h)
		n.Byte(uint8(in.Imm) & uint8(8*w-1))
	} else {
		n.RR(w, emit.Bt+8*emit.Op(f), n.use(in.Src.Reg, emit.R14, w), h)
	}
	if !ok && f != bitTest {
		n.put(in.Dst.Reg, h, w)
	}
}

// bitsMem takes the bit from where its number leads, also beyond the operand.
func (n *nativeBuilder) bitsMem(f bitFn, w int) bool {
	in := n.in
	n.host = 0
	if !n.address() {
		return false
	}
	if in.Src.Kind == ArgReg {
		n.loadExtended(in.Src.Reg, w)
		shift := uint8(log2(width(w)))
		n.Shift(8, emit.Sar, emit.R15, shift+3)
		n.Shift(8, emit.Shl, emit.R15, shift)
		n.ALU(n.w, emit.Add, emit.R14, emit.R15)
	}
	n.check(w, f != bitTest)
	n.complete()
	if in.Src.Kind == ArgImm {
		n.RM(w, emit.BtImm, emit.Reg(4+f), nativeMem)
		n.Byte(uint8(in.Imm) & uint8(8*w-1))
		return true
	}
	n.fetch(emit.R15, in.Src.Reg)
	n.ALUImm(4, emit.And, emit.R15, int32(8*w-1))
	n.RM(w, emit.Bt+8*emit.Op(f), emit.R15, nativeMem)
	return true
}
