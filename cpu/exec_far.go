package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// farPointer is the selector and offset that a far transfer or LDS names.
func (c *CPU) farPointer(in *Inst) (sel uint16, off uint64, f Fault) {
	if in.Src.Kind == ArgImm {
		return in.Imm2, in.Imm, Fault{}
	}
	ea, w := c.ea(in), in.OpSize
	if off, f = c.read(in.Seg, ea, w); f.Raised {
		return 0, 0, f
	}
	s, f := c.read(in.Seg, (ea+uint64(w))&in.AddrSize.Mask(), 2)
	return uint16(s), off, f
}

// jmpFar is JMP to another segment, through a call gate, or to another task.
//
// SDM Vol. 2A, "JMP—Jump".
func jmpFar(c *CPU, in *Inst) Fault {
	sel, off, f := c.farPointer(in)
	if f.Raised {
		return f
	}
	if !c.protected() {
		return c.jmpFarReal(sel, off)
	}
	d, f := c.farTarget(sel)
	if f.Raised {
		return f
	}
	switch {
	case d.isCode():
		if f := c.checkDirect(&d); f.Raised {
			return f
		}
		return c.jmpTo(&d, off)
	case c.isCallGate(&d):
		g, cs, f := c.throughCallGate(&d)
		switch {
		case f.Raised:
			return f
		case !cs.conforming() && cs.Attr.DPL() != c.CPL:
			return x86.GP(errCode(g.sel), x86.ReasonConformingPrivilege)
		case !cs.Attr.has(AttrP):
			return x86.Raise(x86.VecNP, errCode(g.sel), x86.ReasonSegmentNotPresent)
		}
		return c.jmpTo(&cs, g.off)
	}
	return c.farTask(&d, byJump)
}

func (c *CPU) jmpFarReal(sel uint16, off uint64) Fault {
	if off > uint64(c.Seg[x86.CS].Limit) {
		return x86.GP(0, x86.ReasonCodeLimit)
	}
	c.loadRealSegment(x86.CS, sel)
	c.nextRIP = off
	c.updateMode()
	return Fault{}
}

// jmpTo goes on at rip in the code segment cs, at the same privilege level.
func (c *CPU) jmpTo(cs *Descriptor, rip uint64) Fault {
	if f := c.checkTarget(cs, rip); f.Raised {
		return f
	}
	if f := c.markAccessed(cs); f.Raised {
		return f
	}
	c.enterCode(cs, c.CPL, rip)
	return Fault{}
}

// farTarget fetches what the selector of a far transfer names.
func (c *CPU) farTarget(sel uint16) (Descriptor, Fault) {
	if null(sel) {
		return Descriptor{}, x86.GP(0, x86.ReasonSelectorNull)
	}
	return c.descriptor(sel, x86.VecGP)
}

// checkDirect checks a code segment that a far transfer names itself.
func (c *CPU) checkDirect(d *Descriptor) Fault {
	code, dpl := errCode(d.Sel), d.Attr.DPL()
	switch {
	case c.longMode() && d.Attr.has(AttrL|AttrDB):
		return x86.GP(code, x86.ReasonCodeLAndD)
	case d.conforming() && dpl > c.CPL:
		return x86.GP(code, x86.ReasonConformingPrivilege)
	case !d.conforming() && (uint8(d.Sel&3) > c.CPL || dpl != c.CPL):
		return x86.GP(code, x86.ReasonConformingPrivilege)
	case !d.Attr.has(AttrP):
		return x86.Raise(x86.VecNP, code, x86.ReasonSegmentNotPresent)
	}
	return Fault{}
}

// isCallGate says whether a descriptor is a call gate in the present mode.
func (c *CPU) isCallGate(d *Descriptor) bool {
	return d.isType(typeCall32) || !c.longMode() && d.isType(typeCall16)
}

// throughCallGate checks a call gate and fetches the code segment behind it. Privilege is
// checked as for CALL, which may go to an inner level; the caller checks presence.
//
// SDM Vol. 2A, "CALL—Call Procedure", label CALL-GATE.
func (c *CPU) throughCallGate(d *Descriptor) (g gate, cs Descriptor, f Fault) {
	if f := c.gatePrivilege(d); f.Raised {
		return g, cs, f
	}
	if f := c.widen(d, x86.VecGP); f.Raised {
		return g, cs, f
	}
	g = decodeGate(d.raw, d.high, c.longMode())
	if null(g.sel) {
		return g, cs, x86.GP(0, x86.ReasonSelectorNull)
	}
	code := errCode(g.sel)
	cs, f = c.descriptor(g.sel, x86.VecGP)
	switch {
	case f.Raised:
	case !cs.isCode() || cs.Attr.DPL() > c.CPL:
		f = x86.GP(code, x86.ReasonGateTarget)
	case c.longMode() && (!cs.Attr.has(AttrL) || cs.Attr.has(AttrDB)):
		f = x86.GP(code, x86.ReasonGateTarget)
	}
	return g, cs, f
}

// gatePrivilege checks a call gate, task gate or TSS against CPL and RPL, and call and
// task gates for presence.
func (c *CPU) gatePrivilege(d *Descriptor) Fault {
	code, dpl := errCode(d.Sel), d.Attr.DPL()
	if dpl < c.CPL || dpl < uint8(d.Sel&3) {
		return x86.GP(code, x86.ReasonGatePrivilege)
	}
	if !d.Attr.has(AttrP) {
		return x86.Raise(x86.VecNP, code, x86.ReasonGateNotPresent)
	}
	return Fault{}
}

// farTask is JMP and CALL to a TSS or through a task gate.
//
// SDM Vol. 2A, "JMP—Jump", labels TASK-GATE and TASK-STATE-SEGMENT.
func (c *CPU) farTask(d *Descriptor, cause taskCause) Fault {
	if c.longMode() {
		return x86.GP(errCode(d.Sel), x86.ReasonDescriptorType)
	}
	s := taskSwitch{cause: cause, rip: c.nextRIP, flags: c.S.RFLAGS}
	switch {
	case d.isType(typeTaskGate):
		if f := c.gatePrivilege(d); f.Raised {
			return f
		}
		g := decodeGate(d.raw, 0, false)
		tss, f := c.taskOfGate(&g)
		if f.Raised {
			return f
		}
		return c.switchTask(&tss, s)
	case d.isType(typeTSS16, typeTSS32, typeTSS16Busy, typeTSS32Busy):
		code, dpl := errCode(d.Sel), d.Attr.DPL()
		switch {
		case dpl < c.CPL || dpl < uint8(d.Sel&3):
			return x86.GP(code, x86.ReasonDescriptorPrivilege)
		case d.Sel&4 != 0:
			return x86.GP(code, x86.ReasonTSSType)
		case d.Attr.Type()&typeBusyBit != 0:
			return x86.GP(code, x86.ReasonTSSBusy)
		case !d.Attr.has(AttrP):
			return x86.Raise(x86.VecNP, code, x86.ReasonTSSNotPresent)
		}
		return c.switchTask(d, s)
	}
	return x86.GP(errCode(d.Sel), x86.ReasonDescriptorType)
}

// callFar is CALL to another segment, through a call gate, or to another task.
//
// SDM Vol. 2A, "CALL—Call Procedure".
func callFar(c *CPU, in *Inst) Fault {
	sel, off, f := c.farPointer(in)
	if f.Raised {
		return f
	}
	if !c.protected() {
		return c.callFarReal(in.OpSize, sel, off)
	}
	d, f := c.farTarget(sel)
	if f.Raised {
		return f
	}
	switch {
	case d.isCode():
		if f := c.checkDirect(&d); f.Raised {
			return f
		}
		return c.callTo(in.OpSize, &d, off)
	case c.isCallGate(&d):
		g, cs, f := c.throughCallGate(&d)
		switch {
		case f.Raised:
			return f
		case !cs.Attr.has(AttrP):
			return x86.Raise(x86.VecNP, errCode(g.sel), x86.ReasonSegmentNotPresent)
		case cs.conforming() || cs.Attr.DPL() == c.CPL:
			return c.callTo(g.w, &cs, g.off)
		}
		return c.callInner(&g, &cs)
	}
	return c.farTask(&d, byCall)
}

func (c *CPU) callFarReal(w width, sel uint16, off uint64) Fault {
	st := c.presentStack()
	if f := st.room(2, w); f.Raised {
		return f
	}
	if off > uint64(c.Seg[x86.CS].Limit) {
		return x86.GP(0, x86.ReasonCodeLimit)
	}
	if f := st.push(w, uint64(c.Seg[x86.CS].Sel), c.nextRIP); f.Raised {
		return f
	}
	c.S.R[x86.RSP] = st.sp
	return c.jmpFarReal(sel, off)
}

// callTo calls rip in the code segment cs at the same privilege level.
func (c *CPU) callTo(w width, cs *Descriptor, rip uint64) Fault {
	st := c.presentStack()
	if st.flat = c.longMode() && cs.Attr.has(AttrL); st.flat { // the stack as the target uses it
		st.mask = ^uint64(0)
	}
	if c.alignMask != 0 && misaligned(st.base*uint64(b2i(!st.flat))+st.below(uint64(w)), uint64(w)) {
		return x86.Raise(x86.VecAC, 0, x86.ReasonAlignment)
	}
	if f := st.room(2, w); f.Raised {
		return f
	}
	if f := c.markAccessed(cs); f.Raised {
		return f
	}
	if f := st.push(w, uint64(c.Seg[x86.CS].Sel), c.nextRIP); f.Raised {
		return f
	}
	if f := c.checkTarget(cs, rip); f.Raised { // what was pushed stays, as on processors
		return f
	}
	c.S.R[x86.RSP] = st.sp
	c.enterCode(cs, c.CPL, rip)
	return Fault{}
}

// callInner is CALL through a gate to an inner privilege level: parameters move to the
// stack of that level.
//
// SDM Vol. 2A, "CALL—Call Procedure", label MORE-PRIVILEGE.
func (c *CPU) callInner(g *gate, cs *Descriptor) Fault {
	cpl := cs.Attr.DPL()
	st, f := c.stackFromTSS(cpl)
	if f.Raised {
		return f
	}
	n := int(g.params)
	if f := st.room(4+n, g.w); f.Raised {
		return f
	}
	if f := c.checkTarget(cs, g.off); f.Raised {
		return f
	}
	var params [31]uint64
	for i := range n {
		if params[i], f = c.read(x86.SS, c.stackAt(i*int(g.w)), g.w); f.Raised {
			return f
		}
	}
	if f := c.markStack(&st); f.Raised {
		return f
	}
	if f := c.markAccessed(cs); f.Raised {
		return f
	}
	if f := st.push(g.w, uint64(c.Seg[x86.SS].Sel), c.S.R[x86.RSP]); f.Raised {
		return f
	}
	for i := n - 1; i >= 0; i-- {
		if f := st.push(g.w, params[i]); f.Raised {
			return f
		}
	}
	if f := st.push(g.w, uint64(c.Seg[x86.CS].Sel), c.nextRIP); f.Raised {
		return f
	}
	c.takeStack(&st)
	c.enterCode(cs, cpl, g.off)
	return Fault{}
}

// retFar is RET to another segment; the immediate is the number of bytes of parameters to
// drop, on both stacks when the privilege level changes.
//
// SDM Vol. 2B, "RET—Return From Procedure".
func retFar(c *CPU, in *Inst) Fault {
	w, drop := in.OpSize, int(in.Imm)
	sel, f := c.read(x86.SS, c.stackAt(int(w)), w)
	if f.Raised {
		return f
	}
	rip, f := c.read(x86.SS, c.stackAt(0), w)
	if f.Raised {
		return f
	}
	if !c.protected() {
		if rip > uint64(c.Seg[x86.CS].Limit) {
			return x86.GP(0, x86.ReasonCodeLimit)
		}
		c.setSP(c.stackAt(2*int(w) + drop))
		return c.jmpFarReal(uint16(sel), rip)
	}
	cs, f := c.returnCode(uint16(sel))
	if f.Raised {
		return f
	}
	if uint8(sel&3) == c.CPL {
		if f := c.checkTarget(&cs, rip); f.Raised {
			return f
		}
		if f := c.markAccessed(&cs); f.Raised {
			return f
		}
		c.enterCode(&cs, c.CPL, rip)
		c.setSP(c.stackAt(2*int(w) + drop)) // as wide as the stack now is
		return Fault{}
	}
	return c.returnOuter(&cs, rip, w, 2*int(w)+drop, drop)
}

// returnCode fetches and checks the code segment that RET or IRET returns to.
func (c *CPU) returnCode(sel uint16) (Descriptor, Fault) {
	if null(sel) {
		return Descriptor{}, x86.GP(0, x86.ReasonSelectorNull)
	}
	code, rpl := errCode(sel), uint8(sel&3)
	d, f := c.descriptor(sel, x86.VecGP)
	switch {
	case f.Raised:
	case !d.isCode():
		f = x86.GP(code, x86.ReasonDescriptorType)
	case rpl < c.CPL:
		f = x86.GP(code, x86.ReasonReturnPrivilege)
	case c.longMode() && d.Attr.has(AttrL|AttrDB):
		f = x86.GP(code, x86.ReasonCodeLAndD)
	case d.conforming() && d.Attr.DPL() > rpl, !d.conforming() && d.Attr.DPL() != rpl:
		f = x86.GP(code, x86.ReasonConformingPrivilege)
	case !d.Attr.has(AttrP):
		f = x86.Raise(x86.VecNP, code, x86.ReasonSegmentNotPresent)
	}
	return d, f
}

// An outerStack is the stack that RET and IRET return to.
type outerStack struct {
	ss   Descriptor
	sel  uint16
	sp   uint64
	flat bool // it will be used by 64-bit code
}

// popStack reads rSP and SS at d bytes above the stack pointer and checks them for
// returning to the code segment cs.
func (c *CPU) popStack(cs *Descriptor, d int, w width) (s outerStack, f Fault) {
	if s.sp, f = c.read(x86.SS, c.stackAt(d), w); f.Raised {
		return s, f
	}
	sel, f := c.read(x86.SS, c.stackAt(d+int(w)), w)
	if f.Raised {
		return s, f
	}
	s.sel, s.flat = uint16(sel), c.longMode() && cs.Attr.has(AttrL)
	cpl := uint8(cs.Sel & 3)
	if null(s.sel) {
		if !s.flat || cpl == 3 {
			return s, x86.GP(0, x86.ReasonSelectorNull)
		}
		if uint8(s.sel&3) != cpl {
			return s, x86.GP(0, x86.ReasonStackPrivilege)
		}
		return s, Fault{}
	}
	s.ss, f = c.stackDescriptor(s.sel, cpl, x86.VecGP)
	return s, f
}

// loadStack loads SS and rSP, moved by drop bytes. A 16-bit stack takes the low half only.
func (c *CPU) loadStack(s *outerStack, drop int) {
	if null(s.sel) {
		c.setNull(x86.SS, s.sel)
	} else {
		c.setFrom(x86.SS, s.sel, &s.ss)
	}
	sp := s.sp + uint64(drop)
	switch {
	case s.flat:
		c.S.R[x86.RSP] = sp
	case s.ss.Attr.has(AttrDB):
		c.S.R[x86.RSP] = uint64(uint32(sp))
	default:
		c.S.R[x86.RSP] = c.S.R[x86.RSP]&^0xffff | sp&0xffff
	}
}

// returnOuter is the part of RET and IRET that returns to an outer privilege level (or,
// for IRET in IA-32e mode, to the same): rSP and SS are at bytes above the stack pointer.
//
// SDM Vol. 2B, "RET—Return From Procedure", label RETURN-TO-OUTER-PRIVILEGE-LEVEL.
func (c *CPU) returnOuter(cs *Descriptor, rip uint64, w width, at, drop int) Fault {
	s, f := c.popStack(cs, at, w)
	if f.Raised {
		return f
	}
	if f := c.checkTarget(cs, rip); f.Raised {
		return f
	}
	if f := c.markAccessed(cs); f.Raised {
		return f
	}
	if !null(s.sel) {
		if f := c.markAccessed(&s.ss); f.Raised {
			return f
		}
	}
	inner := c.CPL
	c.loadStack(&s, drop)
	c.enterCode(cs, uint8(cs.Sel&3), rip)
	if c.CPL != inner {
		c.dropPrivileged()
		c.updateMode()
	}
	return Fault{}
}

// lds, les, lss, lfs and lgs load a far pointer into a segment register and a general
// register. SDM Vol. 2A, "LDS/LES/LFS/LGS/LSS—Load Far Pointer".
func lds(c *CPU, in *Inst) Fault { return c.loadFarPointer(in, x86.DS) }
func les(c *CPU, in *Inst) Fault { return c.loadFarPointer(in, x86.ES) }
func lss(c *CPU, in *Inst) Fault { return c.loadFarPointer(in, x86.SS) }
func lfs(c *CPU, in *Inst) Fault { return c.loadFarPointer(in, x86.FS) }
func lgs(c *CPU, in *Inst) Fault { return c.loadFarPointer(in, x86.GS) }

func (c *CPU) loadFarPointer(in *Inst, seg x86.Seg) Fault {
	sel, off, f := c.farPointer(in)
	if f.Raised {
		return f
	}
	if f := c.loadSegment(seg, sel); f.Raised {
		return f
	}
	c.setReg(in.Dst.Reg, in.Dst.W, off)
	c.updateMode()
	return Fault{}
}
