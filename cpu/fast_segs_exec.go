package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Operations of fast_segs.go. Those with a memory operand have the mask of the address size in
// o.aux and the slot of the segment's base in o.seg.

// segOffset is the offset of the memory operand in its segment.
func (s *State) segOffset(o *op) uint64 {
	return uint64(uint32(*s.r(o.base)+*s.r(o.index)<<(o.scale&63)+o.disp) & o.aux)
}

// readable and writable are the linear address of n bytes at an offset in the segment with the
// base in slot seg, if that allows them to be read or written. A flat segment, whose operands may
// wrap, says no there.
func (c *CPU) readable(seg uint8, off, n uint64) (la mmu.LinAddr, ok bool) {
	g := c.segment(seg)
	return mmu.LinAddr(uint32(*c.S.r(seg) + off)), off >= g.rdLo && off+n-1 <= g.rdHi
}

func (c *CPU) writable(seg uint8, off, n uint64) (la mmu.LinAddr, ok bool) {
	g := c.segment(seg)
	return mmu.LinAddr(uint32(*c.S.r(seg) + off)), off >= g.wrLo && off+n-1 <= g.wrHi
}

// isBeside says whether w bytes at la may be written as data beside code.
func (c *CPU) isBeside(la mmu.LinAddr, w width) bool {
	off, ok := c.MMU.Beside(la, uint64(w), c.class)
	return ok && c.isData(off, int(w))
}

// isData says whether n bytes at off, on a page with blocks, belong to none, and nobody else
// would hear of stores there either.
func (c *CPU) isData(off uint64, n int) bool {
	p := &c.fast.pages[off/mmuPage]
	if p.blocks == nil || c.first.monitored {
		return false
	}
	if i := int(off % 64); i+n <= 64 {
		line := off % mmuPage / 64
		return p.lines>>line&1 == 0 || p.bytes[line]>>i&(1<<n-1) == 0
	}
	return !p.holds(off, n)
}

// storeBeside stores to data beside code.
func (c *CPU) storeBeside(la mmu.LinAddr, v uint64, w width) bool {
	off, ok := c.MMU.Beside(la, uint64(w), c.class)
	if !ok || !c.isData(off, int(w)) {
		return false
	}
	c.putAt(off, v, w)
	return true
}

// putAt stores w bytes at offset off of the backing.
func (c *CPU) putAt(off, v uint64, w width) {
	switch w {
	case 1:
		c.put8(off, v)
	case 2:
		c.put16(off, v)
	case 4:
		c.put32(off, v)
	default:
		c.put64(off, v)
	}
}

// segLoads are loads and segStores stores of slots, by log2 of the size.
var (
	segLoads  = [4]handler{opSegLoad8, opSegLoad16, opSegLoad32}
	segStores = [4]handler{opSegStore8, opSegStore16, opSegStore32}
)

func opSegLoad8(c *CPU, o *op) *op {
	la, ok := c.readable(o.seg, c.S.segOffset(o), 1)
	if !ok {
		return c.bail(o)
	}
	v, ok := c.load8(la)
	if !ok {
		return c.missLoad(o, la, 1)
	}
	r := c.S.r(o.dst)
	*r = *r&^0xff | v
	return o.after()
}

func opSegLoadHigh(c *CPU, o *op) *op {
	la, ok := c.readable(o.seg, c.S.segOffset(o), 1)
	if !ok {
		return c.bail(o)
	}
	v, ok := c.load8(la)
	if !ok {
		return c.missLoad(o, la, 1)
	}
	r := c.S.r(o.dst)
	*r = *r&^0xff00 | v<<8
	return o.after()
}

func opSegLoad16(c *CPU, o *op) *op {
	la, ok := c.readable(o.seg, c.S.segOffset(o), 2)
	if !ok {
		return c.bail(o)
	}
	v, ok := c.load16(la)
	if !ok {
		return c.missLoad(o, la, 2)
	}
	r := c.S.r(o.dst)
	*r = *r&^0xffff | v
	return o.after()
}

func opSegLoad32(c *CPU, o *op) *op {
	la, ok := c.readable(o.seg, c.S.segOffset(o), 4)
	if !ok {
		return c.bail(o)
	}
	v, ok := c.load32(la)
	if !ok {
		return c.missLoad(o, la, 4)
	}
	*c.S.r(o.dst) = v
	return o.after()
}

func opSegStore8(c *CPU, o *op) *op {
	la, ok := c.writable(o.seg, c.S.segOffset(o), 1)
	v := *c.S.r(o.src)
	if !ok || !c.store8(la, v) && !c.storeMiss(la, v, 1) {
		return c.bail(o)
	}
	return o.after()
}

func opSegStoreHigh(c *CPU, o *op) *op {
	la, ok := c.writable(o.seg, c.S.segOffset(o), 1)
	v := *c.S.r(o.src) >> 8
	if !ok || !c.store8(la, v) && !c.storeMiss(la, v, 1) {
		return c.bail(o)
	}
	return o.after()
}

func opSegStore16(c *CPU, o *op) *op {
	la, ok := c.writable(o.seg, c.S.segOffset(o), 2)
	v := *c.S.r(o.src)
	if !ok || !c.store16(la, v) && !c.storeMiss(la, v, 2) {
		return c.bail(o)
	}
	return o.after()
}

func opSegStore32(c *CPU, o *op) *op {
	la, ok := c.writable(o.seg, c.S.segOffset(o), 4)
	v := *c.S.r(o.src)
	if !ok || !c.store32(la, v) && !c.storeMiss(la, v, 4) {
		return c.bail(o)
	}
	return o.after()
}

// opSegImm puts an immediate into the slot of the memory operand.
func opSegImm(c *CPU, o *op) *op {
	c.S.R[regOperand] = o.imm
	return o.after()
}

// opSegModify loads an operand of o.cc bytes that opSegBack will store, and makes sure that it
// can: where in the backing is c.operand.
func opSegModify(c *CPU, o *op) *op {
	w := width(o.cc)
	la, ok := c.writable(o.seg, c.S.segOffset(o), uint64(w))
	if !ok {
		return c.bail(o)
	}
	off, ok := c.MMU.Span(la, mmu.AccessWrite, c.class)
	if !ok || off%mmuPage > mmuPage-uint64(w) {
		off, ok = c.MMU.Beside(la, uint64(w), c.class)
		if !ok || !c.isData(off, int(w)) {
			return c.modifyMissed(o, la, w)
		}
	}
	v, ok := c.loadHit(la, w)
	if !ok {
		return c.bail(o)
	}
	c.operand, c.S.R[regOperand] = off, v
	return o.after()
}

// modifyMissed is for an operand to be modified that the TLB does not allow to be written.
func (c *CPU) modifyMissed(o *op, la mmu.LinAddr, w width) *op {
	if c.fillWrite(la, w) && c.mayStore(la) {
		return opSegModify(c, o)
	}
	return c.bail(o)
}

// opSegBack stores slot o.src where opSegModify was.
func opSegBack(c *CPU, o *op) *op {
	c.putAt(c.operand, *c.S.r(o.src), width(o.cc))
	return o.after()
}

func opSegLea(c *CPU, o *op) *op {
	c.setReg(o.dst, width(o.cc), c.S.segOffset(o))
	return o.after()
}

// opSegSelector puts the selector of a segment register into a slot, opSegLoadReal loads it from
// one as in real-address and virtual-8086 mode. That ends a block.
func opSegSelector(c *CPU, o *op) *op {
	c.setReg(o.dst, width(o.cc), uint64(c.segment(o.seg).Sel))
	return o.after()
}

func opSegLoadReal(c *CPU, o *op) *op {
	c.loadRealSegment(x86.Seg(o.seg-RegSeg), uint16(*c.S.r(o.src)))
	return opFall(c, o)
}

// opSegXchg exchanges registers of o.cc bytes.
func opSegXchg(c *CPU, o *op) *op {
	w := width(o.cc)
	x, y := *c.S.r(o.dst), *c.S.r(o.src)
	c.setReg(o.src, w, x)
	c.setReg(o.dst, w, y)
	return o.after()
}

func opSegCbw(c *CPU, o *op) *op {
	c.setReg(x86.RAX, 2, uint64(int8(c.S.R[x86.RAX])))
	return o.after()
}

func opSegCwd(c *CPU, o *op) *op {
	c.setReg(x86.RDX, 2, uint64(int16(c.S.R[x86.RAX])>>15))
	return o.after()
}

// opSegMovzx and opSegMovsx extend a byte to 16 bits.
func opSegMovzx(c *CPU, o *op) *op {
	c.setReg(o.dst, 2, *c.S.r(o.src)&0xff)
	return o.after()
}

func opSegMovsx(c *CPU, o *op) *op {
	c.setReg(o.dst, 2, uint64(int8(*c.S.r(o.src))))
	return o.after()
}

// opSegImul and opSegImulImm are IMUL of 16 bits with two and three operands; opSegMul,
// opSegImul1, opSegDiv and opSegIdiv work on AX or DX:AX and o.cc bytes.
func opSegImul(c *CPU, o *op) *op { return c.segImul(o, *c.S.r(o.dst), *c.S.r(o.src)) }

func opSegImulImm(c *CPU, o *op) *op { return c.segImul(o, *c.S.r(o.src), o.imm) }

func (c *CPU) segImul(o *op, x, y uint64) *op {
	p := int64(int16(x)) * int64(int16(y))
	c.setReg(o.dst, 2, uint64(p))
	c.S.CCOp, c.S.CCR, c.S.CCB = ccMul<<2|1, uint64(int16(p)), uint64(p-int64(int16(p)))
	return o.after()
}

func opSegMul(c *CPU, o *op) *op {
	w := width(o.cc)
	hi, lo, f := alu.Mul(w, c.reg(x86.RAX, w), c.reg(o.src, w))
	return c.segProduct(o, w, hi, lo, f)
}

func opSegImul1(c *CPU, o *op) *op {
	w := width(o.cc)
	hi, lo, f := alu.IMul(w, c.reg(x86.RAX, w), c.reg(o.src, w))
	return c.segProduct(o, w, hi, lo, f)
}

func (c *CPU) segProduct(o *op, w width, hi, lo uint64, f x86.Flags) *op {
	c.setPair(w, hi, lo)
	c.S.CCOp = 0
	c.setStatus(f)
	return o.after()
}

func opSegDiv(c *CPU, o *op) *op {
	w := width(o.cc)
	hi, lo := c.pair(w)
	q, r, ok := alu.Div(w, hi, lo, c.reg(o.src, w))
	if !ok {
		return c.bail(o)
	}
	c.setPair(w, r, q)
	return o.after()
}

func opSegIdiv(c *CPU, o *op) *op {
	w := width(o.cc)
	hi, lo := c.pair(w)
	q, r, ok := alu.IDiv(w, hi, lo, c.reg(o.src, w))
	if !ok {
		return c.bail(o)
	}
	c.setPair(w, r, q)
	return o.after()
}

// opSegCF is CLC and STC, by o.imm; opSegCmc is CMC.
func opSegCF(c *CPU, o *op) *op {
	c.overlay(lazyHasCF, x86.FlagCF, x86.Flags(o.imm))
	return o.after()
}

func opSegCmc(c *CPU, o *op) *op {
	c.overlay(lazyHasCF, x86.FlagCF, x86.Flags(c.lazyCF()^1))
	return o.after()
}

// segPush pushes o.scale bytes; false leaves it to the plain engine.
func (c *CPU) segPush(o *op, v uint64) bool {
	w := width(o.scale)
	sp := c.stackAt(-int(w))
	la, ok := c.writable(RegSeg+uint8(x86.SS), sp, uint64(w))
	if !ok || !(w == 2 && c.store16(la, v)) && !c.storeOp(la, v, w) {
		return false
	}
	c.setSP(sp)
	return true
}

// segTop is the o.scale bytes at offset sp of the stack.
func (c *CPU) segTop(o *op, sp uint64) (v uint64, ok bool) {
	w := width(o.scale)
	la, ok := c.readable(RegSeg+uint8(x86.SS), sp, uint64(w))
	if !ok {
		return 0, false
	}
	if w == 2 {
		if v, ok = c.load16(la); ok {
			return v, true
		}
	}
	return c.loadOp(la, w)
}

func opSegPush(c *CPU, o *op) *op {
	if !c.segPush(o, *c.S.r(o.src)) {
		return c.bail(o)
	}
	return o.after()
}

// opSegPush16 and opSegPop16 are for 16 bits, which are nearly all.
func opSegPush16(c *CPU, o *op) *op {
	sp, v := c.stackAt(-2), *c.S.r(o.src)
	la, ok := c.writable(RegSeg+uint8(x86.SS), sp, 2)
	if !ok || !c.store16(la, v) && !c.storeMiss(la, v, 2) {
		return c.bail(o)
	}
	c.setSP(sp)
	return o.after()
}

func opSegPop16(c *CPU, o *op) *op {
	la, ok := c.readable(RegSeg+uint8(x86.SS), c.stackAt(0), 2)
	if !ok {
		return c.bail(o)
	}
	v, ok := c.load16(la)
	if !ok {
		return c.missLoad(o, la, 2)
	}
	c.setSP(c.stackAt(2))
	r := c.S.r(o.dst)
	*r = *r&^0xffff | v
	return o.after()
}

func opSegPushImm(c *CPU, o *op) *op {
	if !c.segPush(o, o.imm) {
		return c.bail(o)
	}
	return o.after()
}

func opSegPop(c *CPU, o *op) *op {
	v, ok := c.segTop(o, c.stackAt(0))
	if !ok {
		return c.bail(o)
	}
	c.setSP(c.stackAt(int(o.scale)))
	c.setReg(o.dst, width(o.scale), v)
	return o.after()
}

// opSegTop and opSegDrop are POP in two steps.
func opSegTop(c *CPU, o *op) *op {
	v, ok := c.segTop(o, c.stackAt(0))
	if !ok {
		return c.bail(o)
	}
	*c.S.r(o.dst) = v
	return o.after()
}

func opSegDrop(c *CPU, o *op) *op {
	c.setSP(c.stackAt(int(o.scale)))
	return o.after()
}

func opSegLeave(c *CPU, o *op) *op {
	sp := c.S.R[x86.RBP] & c.stackMask
	v, ok := c.segTop(o, sp)
	if !ok {
		return c.bail(o)
	}
	c.setSP((sp + uint64(o.scale)) & c.stackMask)
	c.setReg(x86.RBP, width(o.scale), v)
	return o.after()
}

// opSegCall is CALL with a displacement, opSegCallReg and opSegJmpReg go to the offset in a slot.
func opSegCall(c *CPU, o *op) *op {
	if !c.segPush(o, o.rip+uint64(o.size)) {
		return c.bail(o)
	}
	return opJmp(c, o)
}

func opSegCallReg(c *CPU, o *op) *op {
	t := c.reg(o.src, width(o.scale))
	if t > uint64(c.Seg[x86.CS].Limit) || !c.segPush(o, o.rip+uint64(o.size)) {
		return c.bail(o)
	}
	return c.jumpAny(t)
}

func opSegJmpReg(c *CPU, o *op) *op {
	t := c.reg(o.src, width(o.scale))
	if t > uint64(c.Seg[x86.CS].Limit) {
		return c.bail(o)
	}
	return c.jumpAny(t)
}

// opSegRet is RET, which drops o.imm bytes behind the return address.
func opSegRet(c *CPU, o *op) *op {
	t, ok := c.segTop(o, c.stackAt(0))
	if !ok || t > uint64(c.Seg[x86.CS].Limit) {
		return c.bail(o)
	}
	c.setSP(c.stackAt(int(o.scale) + int(o.imm)))
	return c.jumpAny(t)
}

// opSegLoop is LOOPNE, LOOPE, LOOP and JCXZ by o.cc, the low bits of their opcodes; o.imm is the
// mask of the counter.
func opSegLoop(c *CPU, o *op) *op {
	n := c.S.R[x86.RCX] & o.imm
	if o.cc == 3 {
		if n == 0 {
			return opJmp(c, o)
		}
		return opFall(c, o)
	}
	taken := n != 1 && (o.cc == 2 || c.lazyCond(5^o.cc))
	c.setIndex(x86.RCX, o.imm, n-1)
	if taken {
		return opJmp(c, o)
	}
	return opFall(c, o)
}

// setIndex writes a register of the address size whose mask is m.
func (c *CPU) setIndex(r uint8, m, v uint64) {
	if m == 0xffff {
		c.S.R[r] = c.S.R[r]&^0xffff | v&0xffff
		return
	}
	c.S.R[r] = v & m
}
