package cpu

import "github.com/glassbox-vm/glassbox/cpu/x86"

// A Context is the registers an exception found, before its delivery changed any: what is
// needed to say, afterwards, which rule was broken by what.
type Context struct {
	GPR         [16]uint64
	RIP, RFLAGS uint64
	Seg         [6]SegmentSnapshot
	LDTR, TR    SystemSegment
	GDTR, IDTR  Table

	CR0, CR3, CR4, EFER uint64
	CPL                 uint8
	Count               uint64 // instructions executed, the faulting one included
}

// Context returns the present registers. Call it between calls of Run, or from a hook.
func (c *CPU) Context() (x Context) {
	c.context(&x)
	return x
}

func (c *CPU) context(x *Context) {
	copy(x.GPR[:], c.S.R[:])
	x.RIP, x.RFLAGS = c.S.RIP, c.S.RFLAGS
	for i := range x.Seg {
		g := &c.Seg[i]
		x.Seg[i] = SegmentSnapshot{Sel: g.Sel, Attr: g.Attr, Limit: g.Limit, Base: c.S.R[RegSeg+i]}
	}
	x.LDTR, x.TR, x.GDTR, x.IDTR = c.LDTR, c.TR, c.GDTR, c.IDTR
	x.CR0, x.CR3, x.CR4, x.EFER = c.CR0, c.CR3, c.CR4, c.EFER
	x.CPL, x.Count = c.CPL, c.Count()
}

// CodeBits is the size of the code that was being executed: 16, 32 or 64.
func (x *Context) CodeBits() int {
	attr := x.Seg[x86.CS].Attr
	switch {
	case x.EFER&x86.EFER_LMA != 0 && attr.has(AttrL):
		return 64
	case attr.has(AttrDB) && !x.VM():
		return 32
	}
	return 16
}

// Protected says whether selectors meant descriptors: protected mode and not virtual-8086.
func (x *Context) Protected() bool { return x.CR0&x86.CR0_PE != 0 && !x.VM() }

// VM says whether it was virtual-8086 mode.
func (x *Context) VM() bool { return x.RFLAGS&uint64(x86.FlagVM) != 0 }

// LongMode says whether IA-32e mode was active.
func (x *Context) LongMode() bool { return x.EFER&x86.EFER_LMA != 0 }

// CodeLinear is the linear address of the instruction.
func (x *Context) CodeLinear() uint64 {
	if x.CodeBits() == 64 {
		return x.RIP
	}
	return uint64(uint32(x.Seg[x86.CS].Base + x.RIP))
}

// An Event is an exception or interrupt whose delivery began, and where it found the
// processor.
type Event struct {
	Vector x86.Vector
	Kind   EventKind
	CS     uint16
	RIP    uint64 // what is pushed: of the next instruction, or of the faulting one
	CPL    uint8
	Count  uint64 // instructions executed
}
