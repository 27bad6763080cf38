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

// xchg exchanges registers.
func (n *nativeBuilder) xchg() bool {
	d, s, w := n.in.Dst, n.in.Src, int(n.in.Dst.W)
	if d.Kind != ArgReg || s.Kind != ArgReg || w < 4 {
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

// bits is BT, BTS, BTR and BTC of a register. They change CF alone.
func (n *nativeBuilder) bits() bool {
	in, w := n.in, int(n.in.Dst.W)
	if in.Dst.Kind != ArgReg || w < 4 {
		return false
	}
	keep := n.use_.live&x86.FlagCF != 0
	if keep {
		n.complete()
	} else {
		n.clobber(in.Dst.Reg)
	}
	f := bitFnOf(in.Op.Name)
	h, ok := hostOf(in.Dst.Reg)
	if !ok {
		h = emit.R15
		n.LoadR(w, h, guestMem(in.Dst.Reg))
	}
	if in.Src.Kind == ArgImm {
		n.RR(w, 0x0fba, emit.Reg(4+f), h)
		n.Byte(uint8(in.Imm) & uint8(8*w-1))
	} else {
		n.RR(w, emit.Bt+8*emit.Op(f), n.use(in.Src.Reg, emit.R14, w), h)
	}
	if !ok && f != bitTest {
		n.put(in.Dst.Reg, h, w)
	}
	n.host = 0
	if keep {
		n.overlayCF()
		n.host = 0
	}
	return true
}
