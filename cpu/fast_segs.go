package cpu

import "github.com/glassbox-vm/glassbox/cpu/x86"

// Code whose segments count: 16-bit code, and 32-bit code where CS, DS, ES or SS is not flat.
// Instructions on registers have the operations of flat code. One with a memory operand becomes
// up to three operations: the operand is loaded into a slot of the register file of its own, the
// operation on registers works on that slot, and the slot is stored. So there are few operations
// more (fast_segs_exec.go), which take sizes, segments and address sizes from the op.
//
// Only the first of the three may leave the block, or the last where the second cannot change
// anything: the plain engine then does the whole instruction.
//
// Blocks belong to an offset within CS and to its limit, at any base. Branches that stay in
// their page are linked as elsewhere; all others go through the jump cache.

// regOperand is the slot of State.R for the memory operand.
const regOperand = RegZero + 1

// blockRIP is how a block that begins at rip knows itself: with the limit of CS above, where
// segments count.
func (c *CPU) blockRIP(rip uint64) uint64 {
	if c.S.Mode&ModeSegs != 0 {
		rip |= uint64(c.Seg[x86.CS].Limit) << 32
	}
	return rip
}

// jumpSlot is where the jump cache would have b.
func (b *block) jumpSlot() uint64 {
	if b.mode&ModeSegs != 0 {
		return jumpSlot(b.off) // many segments have the same offsets
	}
	return jumpSlot(b.rip)
}

// inCode is how many of n bytes at RIP lie within the limit of CS.
func (c *CPU) inCode(n uint64) uint64 {
	if limit := uint64(c.Seg[x86.CS].Limit); c.codeSize != 8 {
		return min(n, max(limit+1, c.S.RIP)-c.S.RIP)
	}
	return n
}

// elsewhere says whether a branch from one offset to another must not be linked: it leads to
// another page, or a breakpoint may lie there.
func (c *CPU) elsewhere(from, to uint64) bool {
	if c.S.Mode&ModeSegs != 0 {
		from, to = uint64(c.codeLinear(from)), uint64(c.codeLinear(to))
		if c.stops != nil {
			return true
		}
	}
	return (from^to)&^uint64(mmuPage-1) != 0
}

// jumpAny is jump in code of any kind.
func (c *CPU) jumpAny(rip uint64) *op {
	if c.S.Mode&ModeSegs != 0 {
		return c.jumpSegs(rip)
	}
	return c.jump(rip)
}

// jumpSegs is jump where segments count; rip is within the limit of CS.
func (c *CPU) jumpSegs(rip uint64) *op {
	c.S.RIP = rip
	c.fast.from = nil
	u := 0
	if c.CPL == 3 {
		u = 1
	}
	la := uint64(c.codeLinear(rip))
	t := &c.S.TLB.Code[u]
	e := &t[la/mmuPage%uint64(len(t))]
	d := la ^ e.RTag
	if d >= mmuPage || c.stops != nil {
		return nil
	}
	j := &c.fast.jumps[jumpSlot(e.Off+d)]
	if j.rip != c.blockRIP(rip) || j.off != e.Off+d || j.mode != c.S.Mode {
		return nil
	}
	if left := c.S.Budget - int64(j.n); left >= 0 {
		c.S.Budget = left
		return j.first
	}
	return nil
}

// room is how many operations n instructions may need, and one to end the block.
func (t *translator) room(n int) int {
	if t.segs {
		n *= 3
	}
	return n + 1
}

// onRegisters says whether, where segments count, an instruction touches only registers and so
// has the operation of flat code.
func (t *translator) onRegisters(in *Inst, fam fam) bool {
	if !t.segs {
		return false
	}
	for _, a := range [...]Arg{in.Dst, in.Src, in.Third} {
		if a.Kind == ArgMem && fam != famNop || a.Kind == ArgSeg {
			return false
		}
	}
	return onValues(fam) || fam == famMov || fam == famCbw || fam == famCwd || fam == famXchg || fam == famBswap || fam == famNop
}

// onValues says whether the operations of a family that work on registers may work on the slot
// of a memory operand.
func onValues(fam fam) bool {
	return fam != famNone && fam <= famIdiv || fam == famMovzx || fam == famMovsx || fam == famSetcc || fam == famCmov || fam == famBits
}

// A segmentOps makes the operations of one instruction.
type segmentOps struct {
	*translator
	in    *Inst
	need  bool
	ops   []op
	empty op // what all begin as
	n     int
}

// add adds an operation of h.
func (s *segmentOps) add(h handler) *op {
	o := &s.ops[s.n]
	if s.n > 0 {
		*o = s.empty
		o.next = &s.ops[s.n+1]
	}
	o.fn = h
	s.n++
	return o
}

// value adds the operation on registers of an instruction; false where there is none.
func (s *segmentOps) value(in *Inst, fam fam) bool {
	o := s.add(nil)
	return s.operands(o, in, fam) && s.handler(o, in, fam, s.need) && o.fn != nil
}

// memory adds an operation on the memory operand and slot r.
func (s *segmentOps) memory(h handler, r uint8) *op {
	in, o := s.in, s.add(h)
	o.base, o.index, o.scale, o.disp = in.Base, in.Index, in.Scale, in.Disp
	o.seg, o.aux = uint8(RegSeg+in.Seg), uint32(in.AddrSize.Mask())
	o.dst, o.src = r, r
	return o
}

// segmented makes the operations from ops[*n] on those of an instruction where segments count,
// and *n the last of them; false where there are none. Flat 32-bit code has those of strings and
// loops from here, one for an instruction.
func (t *translator) segmented(ops []op, n *int, in *Inst, need bool) bool {
	if in.VEX || in.CodeSize == 8 {
		return false
	}
	o := &ops[*n]
	*o = op{rip: o.rip, left: o.left, size: o.size, base: RegZero, index: RegZero, seg: RegZero, next: o.next}
	s := segmentOps{translator: t, in: in, need: need, ops: ops[*n:], empty: *o}
	if t.segs && !s.make() || !t.segs && !s.others() {
		*o = s.empty
		return false
	}
	*n += s.n - 1
	return true
}

func (s *segmentOps) make() bool {
	in := s.in
	switch fam := family(in); {
	case in.Dst.Kind == ArgSeg || in.Src.Kind == ArgSeg:
		return s.selector(fam)
	case fam == famMov:
		return s.move()
	case fam == famLea:
		o := s.memory(opSegLea, in.Dst.Reg)
		o.cc = uint8(in.Dst.W)
		return true
	case fam == famPush || fam == famPop || fam == famLeave:
		return s.stack(fam)
	case fam == famCall || fam == famJmp || fam == famRet || fam == famJcc:
		return s.branch(fam)
	case fam == famXchg:
		return s.exchange()
	case fam != famNone && (in.Dst.Kind == ArgMem || in.Src.Kind == ArgMem):
		return onValues(fam) && s.onMemory(fam)
	case fam != famNone && fam != famRepMovs && fam != famRepStos:
		return s.words(in, fam)
	}
	return s.others()
}

// move is MOV with memory.
func (s *segmentOps) move() bool {
	in := s.in
	switch d, src := in.Dst, in.Src; {
	case d.Kind == ArgReg && src.Kind == ArgMem:
		s.memory(segLoads[log2(d.W)], d.Reg)
	case d.Kind == ArgHigh && src.Kind == ArgMem:
		s.memory(opSegLoadHigh, d.Reg)
	case d.Kind == ArgMem && src.Kind == ArgReg:
		s.memory(segStores[log2(d.W)], src.Reg)
	case d.Kind == ArgMem && src.Kind == ArgHigh:
		s.memory(opSegStoreHigh, src.Reg)
	case d.Kind == ArgMem && src.Kind == ArgImm:
		s.add(opSegImm).imm = in.Imm & d.W.Mask()
		s.memory(segStores[log2(d.W)], regOperand)
	default:
		return false
	}
	return true
}

// onMemory is an instruction that computes with a memory operand.
func (s *segmentOps) onMemory(fam fam) bool {
	in := *s.in
	m := &in.Src
	writes := in.Dst.Kind == ArgMem && in.Op.Attr&RMW != 0
	if in.Dst.Kind == ArgMem {
		m = &in.Dst
	}
	if fam == famBits && in.Src.Kind != ArgImm || fam == famRol || fam == famRor {
		return false // the first leads beyond the operand, the others have another OF
	}
	w := m.W
	if w != 1 && w != 2 && w != 4 {
		return false
	}
	*m = Arg{ArgReg, regOperand, w}
	if fam == famSetcc {
		if !s.value(&in, fam) {
			return false
		}
		s.memory(segStores[0], regOperand)
		return true
	}
	if !writes {
		s.memory(segLoads[log2(w)], regOperand)
	} else {
		s.memory(opSegModify, regOperand).cc = uint8(w)
	}
	if !s.value(&in, fam) {
		s.n--
		if writes || !s.words(&in, fam) {
			return false
		}
	}
	if writes {
		s.back(regOperand, w)
	}
	return true
}

// back stores the w bytes of slot r where opSegModify was.
func (s *segmentOps) back(r uint8, w width) {
	o := s.add(opSegBack)
	o.src, o.cc = r, uint8(w)
}

// words is what flat code does not have operations for: 16-bit operands, and bytes.
func (s *segmentOps) words(in *Inst, fam fam) bool {
	if in.Src.Kind == ArgHigh || in.Dst.Kind == ArgHigh {
		return false
	}
	var h handler
	w := in.Src.W
	switch {
	case fam == famCbw && in.OpSize == 2:
		h = opSegCbw
	case fam == famCwd && in.OpSize == 2:
		h = opSegCwd
	case (fam == famMovzx || fam == famMovsx) && in.Dst.W == 2 && w == 1:
		h = [...]handler{opSegMovzx, opSegMovsx}[fam-famMovzx]
	case fam == famImul && in.Dst.Kind == ArgReg && in.Dst.W == 2 && in.Third.Kind == ArgImm:
		h = opSegImulImm
	case fam == famImul && in.Dst.Kind == ArgReg && in.Dst.W == 2:
		h = opSegImul
	case fam >= famImul && fam <= famIdiv && in.Dst.Kind == ArgNone && w <= 2:
		h = [...]handler{opSegImul1, opSegMul, opSegDiv, opSegIdiv}[fam-famImul]
	default:
		return false
	}
	o := s.add(h)
	o.dst, o.src, o.imm, o.cc = in.Dst.Reg, in.Src.Reg, in.Imm, uint8(w)
	return true
}

// exchange is XCHG that flat code has no operation for.
func (s *segmentOps) exchange() bool {
	in := s.in
	if in.Src.Kind == ArgHigh || in.Dst.Kind == ArgHigh {
		return false
	}
	if in.Dst.Kind == ArgReg {
		o := s.add(opSegXchg)
		o.dst, o.src, o.cc = in.Dst.Reg, in.Src.Reg, uint8(in.Dst.W)
		return true
	}
	w, r := in.Dst.W, in.Src.Reg
	s.memory(opSegModify, regOperand).cc = uint8(w)
	s.back(r, w)
	o := s.add(movOps[formRR][log2(w)])
	o.dst, o.src = r, regOperand
	return true
}

// selector is MOV, PUSH and POP of a segment register: all but loads in protected mode, and of
// SS. A load changes nothing of the mode, as a segment with such a limit is not flat.
func (s *segmentOps) selector(fam fam) bool {
	in := s.in
	if in.Dst.Kind == ArgSeg {
		seg := x86.Seg(in.Dst.Reg)
		if seg == x86.SS || seg == x86.CS || !s.paragraphs() {
			return false
		}
		r := uint8(regOperand)
		switch {
		case fam == famPop && in.OpSize == 2:
			s.pushPop(opSegPop16, r)
		case fam == famMov && in.Src.Kind == ArgMem:
			s.memory(segLoads[1], r)
		case fam == famMov && in.Src.Kind == ArgReg:
			r = in.Src.Reg
		default:
			return false
		}
		o := s.add(opSegLoadReal)
		o.src, o.seg = r, uint8(RegSeg+seg)
		return true
	}
	o := s.add(opSegSelector)
	o.dst, o.seg, o.cc = regOperand, uint8(RegSeg+in.Src.Reg), 2
	switch {
	case fam == famPush && in.OpSize == 2:
		s.pushPop(opSegPush16, regOperand)
	case fam == famMov && in.Dst.Kind == ArgReg:
		o.dst, o.cc = in.Dst.Reg, uint8(in.Dst.W)
	case fam == famMov && in.Dst.Kind == ArgMem:
		s.memory(segStores[1], regOperand)
	default:
		return false
	}
	return true
}

// pushPop adds an operation on the stack and slot r.
func (s *segmentOps) pushPop(h handler, r uint8) *op {
	o := s.add(h)
	o.dst, o.src, o.scale = r, r, uint8(s.in.OpSize)
	return o
}

// stack is PUSH, POP and LEAVE.
func (s *segmentOps) stack(fam fam) bool {
	in, push, pop := s.in, handler(opSegPush), handler(opSegPop)
	if in.OpSize == 2 {
		push, pop = opSegPush16, opSegPop16
	}
	switch {
	case fam == famLeave:
		s.pushPop(opSegLeave, x86.RBP)
	case fam == famPop && in.Dst.Kind == ArgReg:
		s.pushPop(pop, in.Dst.Reg)
	case fam == famPop: // its address sees rSP moved, but a fault leaves it
		if in.Base == x86.RSP || in.Index == x86.RSP {
			return false
		}
		s.pushPop(opSegTop, regOperand)
		s.memory(segStores[log2(in.OpSize)], regOperand)
		s.pushPop(opSegDrop, 0)
	case in.Src.Kind == ArgReg:
		s.pushPop(push, in.Src.Reg)
	case in.Src.Kind == ArgImm:
		s.pushPop(opSegPushImm, 0).imm = in.Imm & in.OpSize.Mask()
	case in.Src.Kind == ArgMem:
		s.memory(segLoads[log2(in.Src.W)], regOperand)
		s.pushPop(push, regOperand)
	default:
		return false
	}
	return true
}

// branch is near CALL, JMP, RET and Jcc of the code's size.
func (s *segmentOps) branch(fam fam) bool {
	in := s.in
	if in.OpSize != in.CodeSize {
		return false
	}
	if fam == famRet {
		s.pushPop(opSegRet, 0).imm = in.Imm
		return true
	}
	r := in.Src.Reg
	switch in.Src.Kind {
	case ArgImm:
		o := s.pushPop(opSegCall, 0)
		switch o.cc = in.Code & 15; {
		case fam == famJmp:
			o.fn = opJmp
		case fam == famJcc && in.Code>>1&7 == 2:
			o.fn = opJz
		case fam == famJcc:
			o.fn = opJcc
		}
		return s.displacement(o, in)
	case ArgMem:
		r = regOperand
		s.memory(segLoads[log2(in.Src.W)], r)
	case ArgReg:
	default:
		return false
	}
	if fam == famCall {
		s.pushPop(opSegCallReg, r)
	} else {
		s.pushPop(opSegJmpReg, r)
	}
	return true
}

// others is string instructions, loops and whatever else has no family.
func (s *segmentOps) others() bool {
	in := s.in
	var h handler
	switch name := in.Op.Name; name {
	case "LOOP", "LOOPE", "LOOPNE", "JRCXZ":
		o := s.add(opSegLoop)
		o.imm, o.cc = in.AddrSize.Mask(), in.Code&3
		return in.OpSize == in.CodeSize && s.displacement(o, in)
	case "XLAT":
		o := s.str(opSegXlat)
		o.src = RegSeg + uint8(x86.DS)
		if in.Over != x86.NoSeg {
			o.src = uint8(RegSeg + in.Over)
		}
		return true
	case "LODS", "STOS", "MOVS", "SCAS", "CMPS":
		if in.Rep != 0 {
			return s.repeated(name)
		}
		h = segStrings[name]
	case "CLC", "STC":
		s.add(opSegCF).imm = uint64(b2i(name == "STC"))
		return true
	case "CMC":
		h = opSegCmc
	default:
		return s.segs && s.farOf(name)
	}
	s.str(h)
	return true
}

// str adds an operation on strings; o.dst is a slot of the segment of rSI, o.seg of ES.
func (s *segmentOps) str(h handler) *op {
	in, o := s.in, s.add(h)
	o.imm, o.src, o.seg = in.AddrSize.Mask(), uint8(RegSeg+in.Seg), RegSeg+uint8(x86.ES)
	for _, a := range [...]Arg{in.Dst, in.Src} {
		if a.Kind == ArgStrSrc || a.Kind == ArgStrDst {
			o.scale = uint8(log2(a.W))
		}
	}
	return o
}

// repeated is REP MOVS, STOS, SCAS and CMPS; the instruction is kept for what they do not do. o.dst
// is 1 when the last two go on while elements are equal.
func (s *segmentOps) repeated(name string) bool {
	h := segRepeats[name]
	if h == nil {
		return false
	}
	o, f := s.str(h), s.c.fast
	o.aux, o.cc, o.dst = uint32(f.insts.n), 1, s.in.Rep&1
	*f.insts.takeOne() = *s.in
	return true
}
