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
	if !n.fl.known {
		n.unknown()
		return cc, true
	}
	f := &n.fl
	switch {
	case f.ccop == 0:
		return n.fromRFLAGS(cc)
	case f.ccop&lazyHasCF != 0 && want&x86.FlagCF != 0, f.ccop&lazyHasOF != 0 && want&x86.FlagOF != 0:
		if want == x86.FlagCF {
			return n.fromRFLAGS(cc)
		}
		return 0, false
	}
	n.host = n.recompute(f.ccKind(), f.width())
	if f.ccop&lazyHasCF != 0 {
		n.host &^= x86.FlagCF
	}
	if f.ccop&lazyHasOF != 0 {
		n.host &^= x86.FlagOF
	}
	return cc, want&^n.host == 0
}

// recompute brings those of the guest's flags to the host's that it returns.
func (n *nativeBuilder) recompute(kind uint32, w int) x86.Flags {
	switch kind {
	case ccAdd, ccSub:
		n.again(kind, w)
		return hostAll
	case ccLogic:
		n.testResult(w)
		return hostAll
	case ccMul:
		return 0
	}
	n.testResult(w)
	return x86.FlagZF | x86.FlagSF | x86.FlagPF
}

// unknown brings all flags to the host's, whatever they follow from: quickly, if they are of
// the kind that they were when the block was translated; else by the routine.
func (n *nativeBuilder) unknown() {
	if n.here == noExit {
		n.here = n.exit(nativeExit{kind: exitOp, op: n.o, again: n.start})
	}
	kind := n.entryCC & lazyKind >> 2
	quick := !n.fl.touched && (kind == ccAdd || kind == ccSub || kind == ccLogic) && n.entryCC < lazyHasCF
	n.float = false
	if !quick {
		n.callFlags(n.here)
		n.host = hostAll
		return
	}
	n.ALUMemImm(4, emit.Cmp, stateMem(offCCOp), int32(n.entryCC))
	site := n.Jcc(emit.NE, 0)
	saved := n.fl
	n.fl = lazyPlan{known: true, stored: true, ccop: n.entryCC}
	n.recompute(kind, n.fl.width())
	n.fl = saved
	n.cold = append(n.cold, nativeStub{site: site, exit: n.here, flags: n.N})
	n.host = hostAll
}

// callFlags calls the routine; where that cannot tell, x is the way out.
func (n *nativeBuilder) callFlags(x uint32) {
	n.StoreImm(4, stateMem(offExit), int32(x))
	back := n.LeaHere(emit.R15, 0)
	n.StoreR(8, stateMem(offReturn), emit.R15)
	n.Jmp(n.tier.flags)
	n.Here(back)
}

// flagsRoutine writes a routine that brings the guest's status flags to the host's, but for
// AF, by State.CCOp, and goes on at State.Return; or leaves by State.Exit, for kinds that are
// rare. It uses R15.
func (t *nativeTier) flagsRoutine() {
	const entry = 64 // bytes for each value of CCOp
	a := &t.code
	kinds := int32(ccMul<<2) + 4
	t.flags = a.N
	a.StoreR(8, stateMem(offBudget), emit.R13)
	a.LoadR(4, emit.R15, stateMem(offCCOp))
	a.ALUImm(4, emit.Cmp, emit.R15, kinds)
	fail := a.Jcc(emit.AE, 0)
	a.Shift(4, emit.Shl, emit.R15, 6)
	table := a.LeaHere(emit.R13, 0)
	a.ALU(8, emit.Add, emit.R15, emit.R13)
	a.JmpReg(emit.R15)
	done := a.N
	a.LoadR(8, emit.R13, stateMem(offBudget))
	a.JmpMem(stateMem(offReturn))
	a.Here(fail)
	failed := a.N
	a.LoadR(8, emit.R13, stateMem(offBudget))
	a.Jmp(t.common)
	a.Here(table)
	start := a.N
	for op := range uint32(kinds) {
		a.N = start + int(op)*entry
		if flagsEntry(a, op>>2, 1<<(op&3), op) {
			a.Jmp(done)
		} else {
			a.Jmp(failed)
		}
	}
	a.N = start + int(kinds)*entry
}

// flagsEntry writes the part of the routine for one kind and size; false if there is none.
func flagsEntry(a *emit.Asm, kind uint32, w int, op uint32) bool {
	switch {
	case op == 0:
		a.LoadR(4, emit.R15, stateMem(offRFLAGS))
		a.ALUImm(4, emit.And, emit.R15, int32(x86.FlagsStatus))
		a.Push(emit.R15)
		a.PopFlags()
	case kind == ccAdd || kind == ccSub:
		before, again := emit.Sub, emit.Add
		if kind == ccSub {
			before, again = emit.Add, emit.Cmp
		}
		a.LoadR(8, emit.R15, stateMem(offCCR))
		a.ALUFrom(8, before, emit.R15, stateMem(offCCB))
		a.ALUFrom(w, again, emit.R15, stateMem(offCCB))
	case kind == ccLogic:
		a.ALUMemImm(8, emit.Cmp, stateMem(offCCR), 0)
	case kind == ccInc || kind == ccDec:
		d := int32(1)
		if kind == ccInc {
			d = -1
		}
		a.LoadR(8, emit.R15, stateMem(offCCR))
		a.ALUImm(8, emit.Add, emit.R15, d)
		a.RM(4, 0x0fba, 4, stateMem(offRFLAGS)) // BT
		a.Byte(0)
		a.IncDec(w, emit.Reg(kind-ccInc), emit.R15)
	default:
		return false
	}
	return true
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

// keepCF is CPU.keepCF: it brings CF in RFLAGS up to date.
func (n *nativeBuilder) keepCF() bool {
	if !n.fl.known {
		n.condition(emit.B)
		n.carryToRFLAGS()
		return true
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
