//go:build linux && amd64 && !purego

package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/emit"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Flags in generated code are those of fast_flags.go, with two additions. What State.CCR,
// CCB and CCA would hold stays, as long as it can, where it is anyway, in a register or an
// immediate, and is stored only on the way out. And right behind an instruction that sets
// flags the host's own are the guest's.

// A place says where one of the values behind lazy flags is.
type place struct {
	kind placeKind
	reg  uint8 // guest register
	imm  int32
}

type placeKind uint8

const (
	inState placeKind = iota // State.CCR, CCB or CCA
	inReg                    // the low bytes of a guest register
	asImm                    // a constant
	asDiff                   // CCR alone: a guest register minus what CCB is
)

// A lazyPlan is what is known of the lazy flags at a point of a block.
type lazyPlan struct {
	known   bool // ccop is State.CCOp, or what it has to become
	stored  bool // State.CCOp is right, and r, b and a are in the State
	touched bool // an instruction of the block changed flags before
	ccop    uint32
	r, b, a place
}

func (p lazyPlan) ccKind() uint32 { return p.ccop & lazyKind >> 2 }
func (p lazyPlan) width() int     { return 1 << (p.ccop & 3) }

// setLazy is the plan after an instruction of w bytes that set all flags, if somebody needs
// them.
func (n *nativeBuilder) setLazy(kind uint32, w int, r, b place) {
	n.fl = lazyPlan{known: true, touched: true, ccop: kind<<2 | uint32(log2(width(w))), r: r, b: b}
}

// deadLazy is the plan after an instruction whose flags nobody looks at.
func (n *nativeBuilder) deadLazy() {
	n.fl = lazyPlan{stored: true, touched: true}
	n.host = 0
}

// anyLazy is the plan after code that leaves flags in the State, of a kind not known here.
func (n *nativeBuilder) anyLazy() {
	n.fl = lazyPlan{stored: true, touched: true}
	n.host = 0
}

// clobber is called before guest register g is changed: what lazy flags need of it is stored.
// It changes no flags of the host; it uses R15.
func (n *nativeBuilder) clobber(g uint8) {
	if n.fl.stored {
		return
	}
	f := &n.fl
	if (f.r.kind == inReg || f.r.kind == asDiff) && f.r.reg == g {
		n.storeResult()
	}
	if f.b.kind == inReg && f.b.reg == g {
		if f.r.kind == asDiff {
			n.storeResult()
		}
		n.storeSecond()
	}
}

// complete stores what is still to be stored, by instructions that change no flags of the
// host. It uses R15.
func (n *nativeBuilder) complete() {
	f := &n.fl
	if f.stored {
		return
	}
	n.storeResult()
	n.storeSecond()
	if f.a.kind == asImm {
		n.StoreImm(8, stateMem(offCCA), f.a.imm)
		f.a.kind = inState
	}
	n.StoreImm(4, stateMem(offCCOp), int32(f.ccop))
	f.stored = true
}

// storeResult stores CCR, sign-extended.
func (n *nativeBuilder) storeResult() {
	f := &n.fl
	w := f.width()
	switch f.r.kind {
	case inState:
		return
	case asDiff:
		n.difference()
		n.storeExtended(w)
	default:
		if h, ok := hostOf(f.r.reg); ok && w == 8 {
			n.StoreR(8, stateMem(offCCR), h)
		} else {
			n.loadExtended(f.r.reg, w)
			n.StoreR(8, stateMem(offCCR), emit.R15)
		}
	}
	f.r.kind = inState
}

// difference is R15 ← register − second operand, without touching flags. Its upper bytes
// mean nothing.
func (n *nativeBuilder) difference() {
	f := &n.fl
	x, _ := hostOf(f.r.reg) // planned only for those
	switch f.b.kind {
	case asImm:
		if f.b.imm != -1<<31 {
			n.RM(8, emit.Lea, emit.R15, emit.At(x, -f.b.imm))
			return
		}
		n.MovImm(emit.R15, uint64(int64(f.b.imm)))
	case inReg:
		n.fetch(emit.R15, f.b.reg)
	default:
		n.LoadR(8, emit.R15, stateMem(offCCB))
	}
	n.Group3(8, emit.Not, emit.R15)
	n.RM(8, emit.Lea, emit.R15, emit.Mem{Base: x, Index: emit.R15, Disp: 1})
}

// storeSecond stores CCB.
func (n *nativeBuilder) storeSecond() {
	f := &n.fl
	switch f.b.kind {
	case inState:
		return
	case asImm:
		n.StoreImm(8, stateMem(offCCB), f.b.imm)
	default:
		n.StoreR(8, stateMem(offCCB), n.use(f.b.reg, emit.R15, 8))
	}
	f.b.kind = inState
}

// extend sign-extends the low w bytes of r.
func (n *nativeBuilder) extend(r emit.Reg, w int) {
	switch w {
	case 4:
		n.RR(8, emit.Movsxd, r, r)
	case 2:
		n.RR(8, emit.Movsxw, r, r)
	case 1:
		n.ByteRR(8, emit.Movsx8, r, r)
	}
}

// storeExtended stores the low w bytes of R15 as CCR.
func (n *nativeBuilder) storeExtended(w int) {
	n.extend(emit.R15, w)
	n.StoreR(8, stateMem(offCCR), emit.R15)
}

// loadExtended is R15 ← the low w bytes of a guest register, sign-extended.
func (n *nativeBuilder) loadExtended(g uint8, w int) {
	h, ok := hostOf(g)
	switch {
	case !ok && w == 8:
		n.LoadR(8, emit.R15, guestMem(g))
	case !ok:
		n.LoadR(4, emit.R15, guestMem(g))
		n.extend(emit.R15, w)
	case w == 4:
		n.RR(8, emit.Movsxd, emit.R15, h)
	case w == 2:
		n.RR(8, emit.Movsxw, emit.R15, h)
	case w == 1:
		n.ByteRR(8, emit.Movsx8, emit.R15, h)
	default:
		n.Mov(emit.R15, h)
	}
}

// reads are the flags that a condition looks at, by the upper three of its four bits.
var reads = [8]x86.Flags{
	x86.FlagOF, x86.FlagCF, x86.FlagZF, x86.FlagCF | x86.FlagZF,
	x86.FlagSF, x86.FlagPF, x86.FlagSF | x86.FlagOF, x86.FlagSF | x86.FlagOF | x86.FlagZF,
}

// condition brings the host's flags to where a condition of the host, which it returns, says
// what cc says of the guest. Not ok where that is not done here. It uses R15.
func (n *nativeBuilder) condition(cc uint8) (host uint8, ok bool) {
	want := reads[cc>>1]
	if want&^n.host == 0 {
		return cc, true
	}
	if !n.known() {
		return 0, false
	}
	f := &n.fl
	kind, w := f.ccKind(), f.width()
	switch {
	case f.ccop == 0:
		return n.fromRFLAGS(cc)
	case f.ccop&lazyHasCF != 0 && want&x86.FlagCF != 0, f.ccop&lazyHasOF != 0 && want&x86.FlagOF != 0:
		if want == x86.FlagCF {
			return n.fromRFLAGS(cc)
		}
		return 0, false
	case kind == ccSub || kind == ccAdd:
		n.again(kind, w)
		n.host = hostAll
	case kind == ccLogic:
		n.testResult(w)
		n.host = hostAll
	case kind == ccMul || want&^(x86.FlagZF|x86.FlagSF|x86.FlagPF) != 0:
		return 0, false
	default:
		n.testResult(w)
		n.host = x86.FlagZF | x86.FlagSF | x86.FlagPF
	}
	if f.ccop&lazyHasCF != 0 {
		n.host &^= x86.FlagCF
	}
	if f.ccop&lazyHasOF != 0 {
		n.host &^= x86.FlagOF
	}
	return cc, true
}

// testResult compares the result with 0.
func (n *nativeBuilder) testResult(w int) {
	f := &n.fl
	if f.r.kind == inReg {
		if h, ok := hostOf(f.r.reg); ok {
			n.RR(w, testOp(w), h, h)
			return
		}
		n.ALUMemImm(w, emit.Cmp, guestMem(f.r.reg), 0)
		return
	}
	n.ALUMemImm(8, emit.Cmp, stateMem(offCCR), 0)
}

// again repeats the addition or subtraction behind the flags.
func (n *nativeBuilder) again(kind uint32, w int) {
	f := &n.fl
	if f.r.kind == asDiff {
		x, _ := hostOf(f.r.reg)
		n.aluSecond(w, emit.Cmp, x)
		return
	}
	if f.r.kind == inReg {
		n.fetch(emit.R15, f.r.reg)
	} else {
		n.LoadR(8, emit.R15, stateMem(offCCR))
	}
	if kind == ccSub {
		n.aluSecond(8, emit.Add, emit.R15)
		n.aluSecond(w, emit.Cmp, emit.R15)
		return
	}
	n.aluSecond(8, emit.Sub, emit.R15)
	n.aluSecond(w, emit.Add, emit.R15)
}

// aluSecond is x ← x op second operand.
func (n *nativeBuilder) aluSecond(w int, op emit.Op, x emit.Reg) {
	f := &n.fl
	switch f.b.kind {
	case asImm:
		n.ALUImm(w, op, x, f.b.imm)
	case inReg:
		if h, ok := hostOf(f.b.reg); ok {
			n.ALU(w, op, x, h)
		} else {
			n.ALUFrom(w, op, x, guestMem(f.b.reg))
		}
	default:
		n.ALUFrom(w, op, x, stateMem(offCCB))
	}
}

// fromRFLAGS is condition for flags in State.RFLAGS, of those that are one bit.
func (n *nativeBuilder) fromRFLAGS(cc uint8) (host uint8, ok bool) {
	var m x86.Flags
	switch m = reads[cc>>1]; m {
	case x86.FlagCF, x86.FlagZF, x86.FlagSF, x86.FlagPF, x86.FlagOF, x86.FlagCF | x86.FlagZF:
	default:
		return 0, false
	}
	n.StateTest(int32(m))
	n.host = 0
	return emit.NE ^ cc&1, true
}

// StateTest tests bits of State.RFLAGS.
func (n *nativeBuilder) StateTest(m int32) {
	n.RM(4, 0xf7, 0, stateMem(offRFLAGS))
	n.Imm(uint64(uint32(m)), 4)
}

// known makes sure that the kind of the lazy flags is known. At the start of a block they are
// of the kind they had when it was translated, or the fast engine goes on.
func (n *nativeBuilder) known() bool {
	if n.fl.known {
		return true
	}
	if n.fl.touched {
		return false
	}
	n.ALUMemImm(4, emit.Cmp, stateMem(offCCOp), int32(n.entryCC))
	n.exitIf(emit.NE)
	n.host = 0
	n.fl = lazyPlan{known: true, stored: true, ccop: n.entryCC}
	return true
}

// keepCF is CPU.keepCF: it brings CF in RFLAGS up to date.
func (n *nativeBuilder) keepCF() bool {
	if !n.known() {
		return false
	}
	f := &n.fl
	switch kind := f.ccKind(); {
	case f.ccop&lazyHasCF != 0, kind == ccNone, kind == ccInc, kind == ccDec:
		return true
	case kind == ccLogic:
		n.ALUMemImm(4, emit.And, stateMem(offRFLAGS), ^1)
		n.host = 0
		return true
	}
	if _, ok := n.condition(emit.B); !ok {
		return false
	}
	n.carryToRFLAGS()
	return true
}

// carryToRFLAGS copies the host's CF to RFLAGS. It uses R15.
func (n *nativeBuilder) carryToRFLAGS() {
	n.Setcc(emit.B, emit.R15)
	n.ByteRR(4, emit.Movzx8, emit.R15, emit.R15)
	n.ALUMemImm(4, emit.And, stateMem(offRFLAGS), ^1)
	n.ALUTo(4, emit.Or, stateMem(offRFLAGS), emit.R15)
	n.host = 0
}

// overlayCF is CPU.overlay of the host's CF. The other flags are as they were, and complete.
func (n *nativeBuilder) overlayCF() {
	n.carryToRFLAGS()
	if n.fl.known {
		if n.fl.ccop != 0 {
			n.fl.ccop |= lazyHasCF
			n.StoreImm(4, stateMem(offCCOp), int32(n.fl.ccop))
		}
		return
	}
	n.ALUMemImm(4, emit.Cmp, stateMem(offCCOp), 0)
	over := n.Jcc(emit.E, 0)
	n.ALUMemImm(4, emit.Or, stateMem(offCCOp), int32(lazyHasCF))
	n.Here(over)
	n.anyLazy()
}

func testOp(w int) emit.Op {
	if w == 1 {
		return emit.Test
	}
	return emit.Test + 1
}
