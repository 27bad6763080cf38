package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Far transfers, far pointers, interrupts and flags on the stack, of 16 bits, where selectors are
// paragraph numbers: real-address mode and virtual-8086 mode. CS keeps its limit there, so it does
// not become flat and the mode does not change. What these operations store or load on the stack
// lies within one page; else the plain engine does it.

// regSelector is the slot of State.R for the selector of a far pointer; its offset is in
// regOperand.
const regSelector = regOperand + 1

// paragraphs says whether selectors are paragraph numbers and loading one does not change the mode.
func (t *translator) paragraphs() bool {
	return !t.c.protected() && t.c.Seg[x86.CS].Limit != 1<<32-1
}

// farOf makes the operations of an instruction of this kind; false where there are none.
func (s *segmentOps) farOf(name string) bool {
	in, real := s.in, s.paragraphs() && s.c.real()
	switch {
	case name == "PUSHF" && !s.c.vm():
		s.add(opSegFlags)
		s.pushPop(opSegPush, regOperand)
	case name == "POPF" && in.OpSize == 2 && !s.c.vm():
		s.pushPop(opSegPopf, 0)
	case name == "PUSHA":
		s.pushPop(opSegPusha, 0)
	case name == "POPA":
		s.pushPop(opSegPopa, 0)
	case name == "LES" || name == "LDS" || name == "LFS" || name == "LGS":
		return s.paragraphs() && s.farPointer() && s.loadFar(name)
	case in.OpSize != 2 || !s.paragraphs():
		return false
	case name == "CALLF" && s.farPointer():
		s.pushPop(opSegCallFar, 0)
	case name == "JMPF" && s.farPointer():
		s.add(opSegJmpFar)
	case name == "RETF":
		s.pushPop(opSegRetFar, 0).imm = in.Imm
	case name == "INT" && real:
		s.add(opSegInt).imm = in.Imm
	case name == "IRET" && real:
		s.add(opSegIret)
	default:
		return false
	}
	return true
}

// farPointer brings a far pointer into the slots for it.
func (s *segmentOps) farPointer() bool {
	in := s.in
	switch in.Src.Kind {
	case ArgImm:
		o := s.add(opSegPointer)
		o.imm, o.aux = in.Imm, uint32(in.Imm2)
	case ArgMem:
		s.memory(segLoads[log2(in.OpSize)], regOperand)
		o := s.memory(segLoads[1], regSelector)
		o.disp += uint64(in.OpSize)
	default:
		return false
	}
	return true
}

func (s *segmentOps) loadFar(name string) bool {
	o := s.add(opSegLoadFar)
	o.dst, o.cc = s.in.Dst.Reg, uint8(s.in.Dst.W)
	o.seg = uint8(RegSeg + map[string]x86.Seg{"LES": x86.ES, "LDS": x86.DS, "LFS": x86.FS, "LGS": x86.GS}[name])
	return true
}

// opSegPointer is a far pointer in the instruction.
func opSegPointer(c *CPU, o *op) *op {
	c.S.R[regOperand], c.S.R[regSelector] = o.imm, uint64(o.aux)
	return o.after()
}

// opSegLoadFar is LES and its kin.
func opSegLoadFar(c *CPU, o *op) *op {
	c.setReg(o.dst, width(o.cc), c.S.R[regOperand])
	c.loadRealSegment(x86.Seg(o.seg-RegSeg), uint16(c.S.R[regSelector]))
	return opFall(c, o)
}

// roomBelow is where in the backing n bytes below the top of the stack are, if they may be pushed.
func (c *CPU) roomBelow(n uint64) (off uint64, ok bool) {
	sp := c.stackAt(-int(n))
	la, ok := c.writable(RegSeg+uint8(x86.SS), sp, n)
	if !ok || sp+n-1 > c.stackMask {
		return 0, false
	}
	if off, ok = c.MMU.Span(la, mmu.AccessWrite, c.class); ok {
		return off, off%mmuPage <= mmuPage-n
	}
	off, ok = c.MMU.Beside(la, n, c.class)
	return off, ok && c.isData(off, int(n))
}

// onTop is the linear address of n bytes at the top of the stack, if they may be popped.
func (c *CPU) onTop(n uint64) (la mmu.LinAddr, ok bool) {
	sp := c.stackAt(0)
	la, ok = c.readable(RegSeg+uint8(x86.SS), sp, n)
	if !ok || sp+n-1 > c.stackMask {
		return 0, false
	}
	_, ok = c.MMU.Span(la, mmu.AccessRead, c.class)
	return la, ok && la%mmuPage <= mmuPage-mmu.LinAddr(n)
}

// pop16 is the 16 bits at la, which onTop has found.
func (c *CPU) pop16(la mmu.LinAddr) uint64 {
	v, _ := c.load16(la)
	return v
}

// goFar goes on at offset rip of the segment at paragraph sel.
func (c *CPU) goFar(sel uint16, rip uint64) *op {
	c.loadRealSegment(x86.CS, sel)
	return c.jumpSegs(rip)
}

func opSegJmpFar(c *CPU, o *op) *op {
	rip := c.S.R[regOperand] & 0xffff
	if rip > uint64(c.Seg[x86.CS].Limit) {
		return c.bail(o)
	}
	return c.goFar(uint16(c.S.R[regSelector]), rip)
}

func opSegCallFar(c *CPU, o *op) *op {
	rip := c.S.R[regOperand] & 0xffff
	at, ok := c.roomBelow(4)
	if !ok || rip > uint64(c.Seg[x86.CS].Limit) {
		return c.bail(o)
	}
	c.put16(at+2, uint64(c.Seg[x86.CS].Sel))
	c.put16(at, o.rip+uint64(o.size))
	c.setSP(c.stackAt(-4))
	return c.goFar(uint16(c.S.R[regSelector]), rip)
}

// opSegRetFar is RETF, which drops o.imm bytes behind the return address.
func opSegRetFar(c *CPU, o *op) *op {
	la, ok := c.onTop(4)
	if !ok {
		return c.bail(o)
	}
	rip, sel := c.pop16(la), c.pop16(la+2)
	if rip > uint64(c.Seg[x86.CS].Limit) {
		return c.bail(o)
	}
	c.setSP(c.stackAt(4 + int(o.imm)))
	return c.goFar(uint16(sel), rip)
}

// opSegInt is INT in real-address mode.
func opSegInt(c *CPU, o *op) *op {
	at := o.imm & 0xff * 4
	if at+3 > uint64(c.IDTR.Limit) || c.OnInterrupt != nil || c.stops != nil || c.class != c.implicit || c.flag(x86.FlagAC) {
		return c.bail(o)
	}
	entry, ok := c.load32(c.tableAddr(c.IDTR.Base + at))
	if !ok {
		return c.bail(o)
	}
	to, ok := c.roomBelow(6)
	if !ok {
		return c.bail(o)
	}
	c.flushFlags()
	rip := o.rip + uint64(o.size)
	c.LastEvent = Event{x86.Vector(o.imm), EventSoftware, c.Seg[x86.CS].Sel, rip & c.ripMask, c.CPL, c.Count()}
	c.put16(to+4, c.S.RFLAGS)
	c.put16(to+2, uint64(c.Seg[x86.CS].Sel))
	c.put16(to, rip)
	c.setSP(c.stackAt(-6))
	c.setFlags(x86.FlagIF|x86.FlagTF|x86.FlagRF, 0)
	return c.goFar(uint16(entry>>16), entry&0xffff)
}

// opSegIret is IRET in real-address mode.
func opSegIret(c *CPU, o *op) *op {
	la, ok := c.onTop(6)
	if !ok {
		return c.bail(o)
	}
	rip, sel, flags := c.pop16(la), c.pop16(la+2), x86.Flags(c.pop16(la+4))
	if rip > uint64(c.Seg[x86.CS].Limit) || flags&x86.FlagTF != 0 {
		return c.bail(o)
	}
	c.nmiBlocked = false
	c.setSP(c.stackAt(6))
	c.S.CCOp = 0
	c.setFlags(flagsOf(2, popfReal), flags)
	if c.INTR || c.NMI {
		c.loadRealSegment(x86.CS, uint16(sel))
		return c.leaveAt(rip)
	}
	return c.goFar(uint16(sel), rip)
}

// leaveAt leaves the block, for the loop to look at the pins before the instruction at rip.
func (c *CPU) leaveAt(rip uint64) *op {
	c.S.RIP = rip
	c.fast.from = nil
	return nil
}

// opSegFlags puts the image of PUSHF into the slot of the memory operand.
func opSegFlags(c *CPU, o *op) *op {
	c.flushFlags()
	c.S.R[regOperand] = c.S.RFLAGS &^ uint64(x86.FlagVM|x86.FlagRF)
	return o.after()
}

// opSegPopf is POPF of 16 bits, not in virtual-8086 mode.
func opSegPopf(c *CPU, o *op) *op {
	v, ok := c.segTop(o, c.stackAt(0))
	if !ok || x86.Flags(v)&x86.FlagTF != 0 {
		return c.bail(o)
	}
	mask := x86.FlagsStatus | x86.FlagDF | x86.FlagNT
	if c.CPL <= c.iopl() {
		mask |= x86.FlagIF
	}
	if c.CPL == 0 {
		mask |= x86.FlagIOPL
	}
	c.setSP(c.stackAt(2))
	c.S.CCOp = 0
	c.setFlags(mask, x86.Flags(v))
	if c.INTR || c.NMI {
		return c.leaveAt((o.rip + uint64(o.size)) & c.ripMask)
	}
	return opFall(c, o)
}

// opSegPusha and opSegPopa are PUSHA and POPA, of o.scale bytes each.
func opSegPusha(c *CPU, o *op) *op {
	w := uint64(o.scale)
	at, ok := c.roomBelow(8 * w)
	if !ok {
		return c.bail(o)
	}
	for i := range uint64(8) {
		c.putAt(at+(7-i)*w, c.S.R[i], width(w))
	}
	c.setSP(c.stackAt(-8 * int(w)))
	return o.after()
}

func opSegPopa(c *CPU, o *op) *op {
	w := uint64(o.scale)
	la, ok := c.onTop(8 * w)
	if !ok {
		return c.bail(o)
	}
	for i := range uint64(8) {
		if r := uint8(7 - i); r != x86.RSP {
			v, _ := c.loadHit(la+mmu.LinAddr(i*w), width(w))
			c.setReg(r, width(w), v)
		}
	}
	c.setSP(c.stackAt(8 * int(w)))
	return o.after()
}
