//go:build linux && amd64 && !purego

package cpu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/emit"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Registers of the host in generated code:
//
//	RSP             the State
//	R13             Budget
//	R14, R15        scratch
//	R12             the guest's rSP
//	RAX…RDI, R8…R11 the guest's registers of these names
//
// The guest's R12 to R15 stay in the State.

// hostOf is the host register that holds guest register g; not ok for those in the State.
func hostOf(g uint8) (r emit.Reg, ok bool) {
	switch {
	case g == x86.RSP:
		return emit.R12, true
	case g < 12:
		return emit.Reg(g), true
	}
	return emit.None, false
}

// stateMem is the field of the State at offset off, guestMem slot g of its registers.
func stateMem(off uintptr) emit.Mem { return emit.At(emit.RSP, int32(off)) }
func guestMem(g uint8) emit.Mem     { return emit.At(emit.RSP, int32(g)*8) }

// A nativeBuilder turns the instructions of one block into machine code.
type nativeBuilder struct {
	emit.Asm
	tier *nativeTier
	t    translator
	blk  *nativeBlock

	long       bool  // 64-bit code
	w          int   // its natural width
	data, code int32 // offsets in the State of the TLBs

	fl      lazyPlan
	host    x86.Flags // status flags that the host's flags register has
	entryCC uint32    // State.CCOp when the block was entered to be translated

	in     *Inst
	effect flagUse
	o      *op
	start  int // where the code of the present instruction starts
	here   uint32
	float  bool // MXCSR is the guest's
	cold   []nativeStub
	alone  int // instructions left to the fast engine
}

// A nativeStub is a way out that is written behind the block.
type nativeStub struct {
	site int
	fl   lazyPlan
	exit uint32
	back bool // gives back the budget of the block
	// flags, if not 0, is where to go on with the guest's flags in the host's.
	flags int
}

// translate makes machine code of b, in whose first operation the processor c is; false if it
// is not worth it.
func (t *nativeTier) translate(c *CPU, b *block) bool {
	if t.code.N+nativeRoom > len(t.code.Code) {
		t.full = true
		return false
	}
	insts := c.decodeAgain(b)
	if insts == nil {
		return false
	}
	n := &t.builder
	*n = nativeBuilder{Asm: t.code, tier: t, cold: n.cold[:0], entryCC: c.S.CCOp}
	n.t = translator{c: c, rip: b.rip, fast: true}
	n.long, n.w = b.mode&Mode64 != 0, 4
	if n.long {
		n.w = 8
	}
	n.tables(b.mode)
	n.blk = &nativeBlock{b: b, mode: b.mode, ops: b.first}
	exits := t.exits.n
	if !n.block(insts) || n.Full() {
		t.exits.n = exits
		return false
	}
	t.code.N = n.N
	b.native = n.blk
	b.first.imm = uint64(n.blk.entry)
	b.first.fn = opNative
	t.built++
	t.insts += uint64(len(insts))
	t.alone += uint64(n.alone)
	return true
}

// decodeAgain decodes the instructions of b, which no write has changed.
func (c *CPU) decodeAgain(b *block) []Inst {
	f := c.fast
	code := c.Phys.Backing()[b.off : b.off+uint64(b.size)]
	insts := f.decoded[:b.n]
	for i := range insts {
		if !c.decode(code, &insts[i]) || insts[i].Bad != x86.NoReason {
			return nil
		}
		code = code[insts[i].Len:]
	}
	return insts
}

// tables chooses the TLBs by the mode.
func (n *nativeBuilder) tables(mode uint32) {
	class, user := mmu.ClassSuper, 0
	switch {
	case mode&ModeUser != 0:
		class, user = mmu.ClassUser, 1
	case mode&ModeSMAP != 0:
		class = mmu.ClassSuperSMAP
	}
	n.data = int32(offData + uintptr(class)*sizeData)
	n.code = int32(offCode + uintptr(user)*sizeCode)
}

// block writes the whole block; false if too much of it is left to the fast engine.
func (n *nativeBuilder) block(insts []Inst) bool {
	uses := n.t.c.fast.flags[:len(insts)]
	n.t.liveness(insts, uses)
	b := n.blk.b
	n.blk.chained = n.N
	n.ALUImm(8, emit.Sub, emit.R13, int32(b.n))
	n.cold = append(n.cold, nativeStub{site: n.Jcc(emit.S, 0), fl: lazyPlan{stored: true}, exit: n.exit(nativeExit{kind: exitEntry}), back: true})
	n.blk.entry = n.N
	n.fl = lazyPlan{stored: true}
	o := b.first.after()
	for i := range insts {
		in := &insts[i]
		fused := false
		if !n.t.idle(in) {
			fused = n.o != nil && n.t.rip-n.o.rip < uint64(n.o.size) // the second of two
			if !fused {
				n.o = o
				o = o.after()
			}
		}
		n.in, n.effect, n.here, n.start = in, uses[i], noExit, n.N
		n.instruction(fused, i == len(insts)-1)
		n.t.rip = (n.t.rip + uint64(in.Len)) & n.t.c.ripMask
	}
	last := &insts[len(insts)-1]
	if !ends(last) {
		n.o = b.last
		n.complete()
		n.edge(wayNext, n.t.rip, n.Jmp(0))
	}
	if n.tier.heat > 1 && n.alone*2 > len(insts) {
		return false
	}
	n.stubs()
	n.dead()
	return true
}

// instruction writes one instruction, or has the fast engine execute it.
func (n *nativeBuilder) instruction(fused, last bool) {
	if n.t.idle(n.in) {
		return
	}
	var probe op
	saved, exits, cold, fl, host, float := n.Asm, n.tier.exits.n, len(n.cold), n.fl, n.host, n.float
	if fused || n.t.special(&probe, n.in, n.effect.need) {
		if n.emit(family(n.in), last) {
			return
		}
	} else if n.simd() {
		return
	}
	n.Asm, n.tier.exits.n, n.cold, n.fl, n.host, n.float, n.here = saved, exits, n.cold[:cold], fl, host, float, noExit
	n.leave(last)
}

// leave has the fast engine execute the present instruction.
func (n *nativeBuilder) leave(last bool) {
	n.alone++
	n.complete()
	x := n.exit(nativeExit{kind: exitOp, op: n.o})
	n.goOut(x)
	if !last {
		n.tier.exits.at(x).after = n.N
	}
	n.anyLazy()
	n.float = false
}

// exit makes a way out and returns its number.
func (n *nativeBuilder) exit(x nativeExit) uint32 {
	x.blk = n.blk
	i := uint32(n.tier.exits.n)
	*n.tier.exits.takeOne() = x
	return i
}

// goOut leaves by way out x, with all flags in the State.
func (n *nativeBuilder) goOut(x uint32) {
	n.StoreImm(4, stateMem(offExit), int32(x))
	n.Jmp(n.tier.common)
}

// exitIf leaves before the present instruction if cc holds on the host. When the fast engine
// has done what was missing, the instruction is begun again.
func (n *nativeBuilder) exitIf(cc uint8) {
	if n.here == noExit {
		n.here = n.exit(nativeExit{kind: exitOp, op: n.o, again: n.start})
	}
	n.cold = append(n.cold, nativeStub{site: n.Jcc(cc, 0), fl: n.fl, exit: n.here})
	n.float = false // not where the instruction is begun again
}

// stubs writes the ways out.
func (n *nativeBuilder) stubs() {
	for i := range n.cold {
		s := &n.cold[i]
		n.Here(s.site)
		if s.back {
			n.ALUImm(8, emit.Add, emit.R13, int32(n.blk.b.n))
		}
		if s.flags != 0 {
			n.callFlags(s.exit)
			n.Jmp(s.flags)
			continue
		}
		if x := n.tier.exits.at(s.exit); x.kind == exitEdge {
			x.stub = n.N
		}
		n.fl = s.fl
		n.complete()
		n.goOut(s.exit)
	}
}

// dead writes where a block is entered that was removed.
func (n *nativeBuilder) dead() {
	n.blk.deadCode = n.N
	n.goOut(n.exit(nativeExit{kind: exitDead}))
}

// edge ends the block with the jump, its displacement at offset site, to the instruction at
// rip: by way of a stub as long as there is no block.
func (n *nativeBuilder) edge(w way, rip uint64, site int) {
	far := (rip^n.o.rip)/mmuPage != 0
	x := n.exit(nativeExit{kind: exitEdge, op: n.o, way: w, rip: rip, far: far, site: site})
	if !far {
		n.cold = append(n.cold, nativeStub{site: site, fl: n.fl, exit: x})
		return
	}
	n.Here(site)
	n.farEdge(x, rip)
}

// farEdge goes to another page if the TLB for code still says that the block lies there.
func (n *nativeBuilder) farEdge(x uint32, rip uint64) {
	e := n.code + int32(rip/mmuPage%mmu.TLBSize)*sizeEntry
	n.MovImm(emit.R15, rip&^(mmuPage-1))
	n.RM(8, emit.Cmp+3, emit.R15, emit.At(emit.RSP, e))
	n.cold = append(n.cold, nativeStub{site: n.Jcc(emit.NE, 0), fl: n.fl, exit: x})
	n.MovAbs(emit.R15, ^uint64(0))
	at := n.N - 8
	n.RM(8, emit.Cmp+3, emit.R15, emit.At(emit.RSP, e+entryOff))
	n.cold = append(n.cold, nativeStub{site: n.Jcc(emit.NE, 0), fl: n.fl, exit: x})
	site := n.Jmp(0)
	n.cold = append(n.cold, nativeStub{site: site, fl: n.fl, exit: x})
	e2 := n.tier.exits.at(x)
	e2.site, e2.page = site, at
}

// address is R14 ← the linear address of the memory operand. It uses R15.
func (n *nativeBuilder) address() bool {
	var o op
	if !n.t.address(&o, n.in) {
		return false
	}
	n.effective(&o, emit.R14)
	if o.seg != RegZero {
		n.ALUFrom(8, emit.Add, emit.R14, guestMem(o.seg))
	}
	return true
}

// effective is dst ← base + index<<scale + displacement of o, without touching flags. It uses
// R14 and R15.
func (n *nativeBuilder) effective(o *op, dst emit.Reg) {
	m := emit.Mem{Base: emit.None, Index: emit.None, Scale: o.scale, Disp: int32(o.disp)} // beside a register 32 bits are all
	if o.base != RegZero {
		m.Base = n.use(o.base, emit.R14, 8)
	}
	if o.index != RegZero {
		m.Index = n.use(o.index, emit.R15, 8)
	}
	if m.Base == emit.None && m.Index == emit.None {
		v := o.disp
		if !n.long {
			v = uint64(uint32(v))
		}
		n.MovImm(dst, v)
		return
	}
	if m.Index == emit.None && m.Disp == 0 && n.long {
		n.Mov(dst, m.Base)
		return
	}
	n.RM(n.w, emit.Lea, dst, m)
}

// access is R14 ← the host's address of the memory operand of size bytes, or out. It uses R15
// and leaves no flags.
func (n *nativeBuilder) access(size int, write bool) bool {
	n.host = 0
	if !n.address() {
		return false
	}
	n.check(size, write)
	return true
}

// check is R14 ← the host's address of the size bytes at linear address R14.
func (n *nativeBuilder) check(size int, write bool) {
	n.host = 0
	tag := n.data
	if write {
		tag += entryWTag
	}
	n.Mov32(emit.R15, emit.R14)
	n.Shift(4, emit.Shr, emit.R15, 7)
	n.ALUImm(4, emit.And, emit.R15, (mmu.TLBSize-1)*sizeEntry)
	n.RM(8, emit.Xor+3, emit.R14, emit.Mem{Base: emit.RSP, Index: emit.R15, Disp: tag})
	n.ALUImm(8, emit.Cmp, emit.R14, int32(mmuPage-size))
	n.exitIf(emit.A)
	n.RM(8, emit.Add+3, emit.R14, emit.Mem{Base: emit.RSP, Index: emit.R15, Disp: n.data + entryHost})
}

// mem is what check found.
var nativeMem = emit.At(emit.R14, 0)

// use returns the host register of guest register g, or loads its low w bytes into tmp.
func (n *nativeBuilder) use(g uint8, tmp emit.Reg, w int) emit.Reg {
	if h, ok := hostOf(g); ok {
		return h
	}
	n.LoadR(max(w, 4), tmp, guestMem(g))
	return tmp
}

// fetch is tmp ← guest register g, 64 bits.
func (n *nativeBuilder) fetch(tmp emit.Reg, g uint8) {
	if h, ok := hostOf(g); ok {
		n.Mov(tmp, h)
		return
	}
	n.LoadR(8, tmp, guestMem(g))
}

// put stores the low w bytes of tmp into guest register g, which is in the State. With 4 the
// upper half of tmp is 0.
func (n *nativeBuilder) put(g uint8, tmp emit.Reg, w int) {
	if w == 4 {
		w = 8
	}
	n.StoreR(w, guestMem(g), tmp)
}

// indirect ends the block with a jump to linear address R14, if that has a block that was
// entered this way before; else out, with nothing done. before is written ahead of the jump;
// it may use R13 and R14.
func (n *nativeBuilder) indirect(before func()) {
	n.complete()
	n.StoreR(8, stateMem(offBudget), emit.R13)
	n.Mov32(emit.R15, emit.R14)
	n.Shift(4, emit.Shr, emit.R15, 7)
	n.ALUImm(4, emit.And, emit.R15, (mmu.TLBSize-1)*sizeEntry)
	n.Mov(emit.R13, emit.R14)
	n.RM(8, emit.Xor+3, emit.R13, emit.Mem{Base: emit.RSP, Index: emit.R15, Disp: n.code})
	n.ALUImm(8, emit.Cmp, emit.R13, mmuPage)
	miss := []int{n.Jcc(emit.AE, 0)}
	n.RM(8, emit.Add+3, emit.R13, emit.Mem{Base: emit.RSP, Index: emit.R15, Disp: n.code + entryOff})
	n.Mov(emit.R15, emit.R14)
	n.Shift(4, emit.Shr, emit.R15, 12)
	n.ALU(4, emit.Xor, emit.R15, emit.R14)
	n.ALUImm(4, emit.And, emit.R15, nativeJumps-1)
	n.Shift(4, emit.Shl, emit.R15, 5)
	at := func(off uintptr) emit.Mem {
		return emit.Mem{Base: emit.RSP, Index: emit.R15, Disp: int32(offJump + off)}
	}
	n.RM(8, emit.Cmp+3, emit.R14, at(jumpRIP))
	miss = append(miss, n.Jcc(emit.NE, 0))
	n.RM(8, emit.Cmp+3, emit.R13, at(jumpOff))
	miss = append(miss, n.Jcc(emit.NE, 0))
	n.ALUMemImm(4, emit.Cmp, at(jumpMode), int32(n.blk.mode))
	miss = append(miss, n.Jcc(emit.NE, 0))
	before()
	n.LoadR(8, emit.R13, stateMem(offBudget))
	n.JmpMem(at(jumpHost))
	for _, site := range miss {
		n.Here(site)
	}
	n.LoadR(8, emit.R13, stateMem(offBudget))
	n.goOut(n.exit(nativeExit{kind: exitOp, op: n.o, jumps: true}))
}

// link makes way out x go to block b from now on.
func (t *nativeTier) link(i uint32, b *nativeBlock) {
	x := t.exits.at(i)
	if x.linked {
		return
	}
	x.linked = true
	t.links++
	x.next, b.in = b.in, i+1
	if x.far {
		binary.LittleEndian.PutUint64(t.code.Code[x.page:], b.b.off&^(mmuPage-1))
	}
	t.code.Patch(x.site, b.chained)
}

// kill makes everything that leads to b lead out.
func (t *nativeTier) kill(b *nativeBlock) {
	for i := b.in; i != 0; {
		x := t.exits.at(i - 1)
		t.code.Patch(x.site, x.stub)
		x.linked = false
		i = x.next
	}
	b.in = 0
	a := t.code
	a.N = b.chained
	a.Jmp(b.deadCode)
}
