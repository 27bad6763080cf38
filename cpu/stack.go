package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// A newStack is a stack that far transfers and deliveries push to before SS and rSP
// change: the present one, or the one of an inner privilege level. Nothing the guest can
// see in registers changes until the caller takes sp over.
type newStack struct {
	c     *CPU
	sp    uint64 // whole register; only the bits in mask move
	mask  uint64
	flat  bool // 64-bit: no segment, canonical addresses
	base  uint64
	seg   Segment   // allowed offsets, unless flat
	class mmu.Class // access rights
	code  uint16    // error code of #SS
}

// presentStack is the stack in use.
func (c *CPU) presentStack() newStack {
	return newStack{
		c: c, sp: c.S.R[x86.RSP], mask: c.stackMask, flat: c.long64(),
		base: c.S.R[RegSeg+x86.SS], seg: c.Seg[x86.SS], class: c.class,
	}
}

// stackIn is a stack in the segment ss at privilege level cpl.
func (c *CPU) stackIn(ss *Descriptor, sp uint64, cpl uint8) newStack {
	s := newStack{
		c: c, sp: sp, mask: 1<<16 - 1, base: ss.Base, class: c.classAt(cpl), code: errCode(ss.Sel),
		seg: Segment{Sel: ss.Sel, Attr: ss.Attr, Limit: ss.Limit},
	}
	if ss.Attr.has(AttrDB) {
		s.mask = 1<<32 - 1
	}
	s.seg.deriveRanges()
	return s
}

// flatStack is a 64-bit stack at privilege level cpl.
func (c *CPU) flatStack(sp uint64, cpl uint8) newStack {
	return newStack{c: c, sp: sp, mask: ^uint64(0), flat: true, class: c.classAt(cpl)}
}

// below is the stack pointer n bytes lower.
func (s *newStack) below(n uint64) uint64 {
	if s.mask == 1<<32-1 {
		return (s.sp - n) & s.mask // a 32-bit pointer clears the upper half
	}
	return (s.sp-n)&s.mask | s.sp&^s.mask
}

// linear checks w bytes at the stack pointer sp and gives their linear address.
func (s *newStack) linear(sp uint64, w width) (mmu.LinAddr, Fault) {
	off := sp & s.mask
	if s.flat {
		if !s.c.isCanonical(off) || !s.c.isCanonical(off+uint64(w)-1) {
			return 0, x86.Raise(x86.VecSS, s.code, x86.ReasonNonCanonicalStack)
		}
		return mmu.LinAddr(off), Fault{}
	}
	if off < s.seg.wrLo || off > s.seg.wrHi || uint64(w)-1 > s.seg.wrHi-off {
		return 0, x86.Raise(x86.VecSS, s.code, x86.ReasonSegmentLimit)
	}
	return mmu.LinAddr(uint32(s.base + off)), Fault{}
}

// room checks that n items of w bytes can be pushed, so that pushing them cannot fault.
func (s *newStack) room(n int, w width) Fault {
	for i := 1; i <= n; i++ {
		la, f := s.linear(s.below(uint64(i)*uint64(w)), w)
		if f.Raised {
			return f
		}
		if f := s.c.probeWrite(la, int(w), s.class); f.Raised {
			return f
		}
	}
	return Fault{}
}

// push stores the values, first the first. The caller has asked for room.
func (s *newStack) push(w width, values ...uint64) Fault {
	for _, v := range values {
		sp := s.below(uint64(w))
		la, f := s.linear(sp, w)
		if f.Raised {
			return f
		}
		if f := s.c.writeLin(la, v, w, s.class); f.Raised {
			return f
		}
		s.sp = sp
	}
	return Fault{}
}

// An innerStack is where a TSS says that the stack of an inner privilege level is.
type innerStack struct {
	newStack
	ss  Descriptor // not used in IA-32e mode
	sel uint16
}

// stackFromTSS finds and checks the stack for privilege level cpl.
//
// SDM Vol. 3A, "Stack Switching", and Vol. 2A, "CALL—Call Procedure", label
// MORE-PRIVILEGE.
func (c *CPU) stackFromTSS(cpl uint8) (s innerStack, f Fault) {
	if c.longMode() {
		return c.stackFromTSS64(4+8*uint32(cpl), cpl)
	}
	var sel, sp uint64
	ts := x86.Raise(x86.VecTS, errCode(c.TR.Sel), x86.ReasonTSSLimit)
	if c.TR.Attr.Type()&8 != 0 {
		at := 4 + 8*uint32(cpl)
		if at+5 > c.TR.Limit {
			return s, ts
		}
		if sp, f = c.readTSS(at, 4); f.Raised {
			return s, f
		}
		sel, f = c.readTSS(at+4, 2)
	} else {
		at := 2 + 4*uint32(cpl)
		if at+3 > c.TR.Limit {
			return s, ts
		}
		if sp, f = c.readTSS(at, 2); f.Raised {
			return s, f
		}
		sel, f = c.readTSS(at+2, 2)
	}
	if f.Raised {
		return s, f
	}
	s.sel = uint16(sel)
	if null(s.sel) {
		return s, x86.Raise(x86.VecTS, 0, x86.ReasonSelectorNull)
	}
	if s.ss, f = c.stackDescriptor(s.sel, cpl, x86.VecTS); f.Raised {
		return s, f
	}
	s.newStack = c.stackIn(&s.ss, sp, cpl)
	return s, Fault{}
}

// stackFromTSS64 reads a stack pointer at offset at of a 64-bit TSS. SS becomes null with
// the new privilege level.
func (c *CPU) stackFromTSS64(at uint32, cpl uint8) (s innerStack, f Fault) {
	if at+7 > c.TR.Limit {
		return s, x86.Raise(x86.VecTS, errCode(c.TR.Sel), x86.ReasonTSSLimit)
	}
	sp, f := c.readTSS(at, 8)
	if f.Raised {
		return s, f
	}
	if !c.isCanonical(sp) {
		return s, x86.Raise(x86.VecSS, 0, x86.ReasonNonCanonicalStack)
	}
	s.sel = uint16(cpl)
	s.newStack = c.flatStack(sp, cpl)
	return s, Fault{}
}

// markStack sets the accessed bit of the new stack segment: the last step that may fault.
func (c *CPU) markStack(s *innerStack) Fault {
	if c.longMode() {
		return Fault{}
	}
	return c.markAccessed(&s.ss)
}

// takeStack loads SS and rSP.
func (c *CPU) takeStack(s *innerStack) {
	if c.longMode() {
		c.setNull(x86.SS, s.sel)
	} else {
		c.setFrom(x86.SS, s.sel, &s.ss)
	}
	c.S.R[x86.RSP] = s.sp
}

// readTSS reads w bytes at offset off of the present TSS.
func (c *CPU) readTSS(off uint32, w width) (uint64, Fault) {
	return c.readLin(c.tableAddr(c.TR.Base+uint64(off)), w, c.implicit)
}
