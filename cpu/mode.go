package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Bits of the mode word State.Mode: everything that decides how bytes decode and which
// checks an access needs, apart from register contents.
const (
	Mode16     uint32 = 1 << iota // code size 16 bits
	Mode32                        // code size 32 bits
	Mode64                        // code size 64 bits
	ModeUser                      // CPL 3
	ModeProt                      // protected mode
	ModeVM                        // virtual-8086 mode
	ModeSS16                      // 16-bit stack
	ModeSegs                      // CS, DS, ES or SS is not flat
	ModePaging                    // paging is on
	ModeSMAP                      // supervisor data accesses to user pages fault
	ModeAlign                     // alignment checking is on
	ModeSlow                      // TF or a debug-register breakpoint is armed
	ModeLong                      // IA-32e mode is active
	ModeNoFPU                     // x87 and MMX instructions fault
	ModeNoSSE                     // SSE instructions fault
	ModeNoAVX                     // AVX instructions fault
)

// updateMode derives what depends on CR0, CR4, EFER, RFLAGS, CPL and the segment
// registers. Whoever changes one of these calls it; nothing derives them per instruction.
func (c *CPU) updateMode() {
	cs := &c.Seg[x86.CS]
	switch {
	case c.longMode() && cs.Attr.has(AttrL):
		c.codeSize, c.ripMask = 8, ^uint64(0)
	case c.protected() && cs.Attr.has(AttrDB), c.real() && cs.Attr.has(AttrDB):
		c.codeSize, c.ripMask = 4, 1<<32-1
	default:
		c.codeSize, c.ripMask = 2, 1<<32-1
	}
	switch {
	case c.codeSize == 8:
		c.stackMask = ^uint64(0)
	case c.Seg[x86.SS].Attr.has(AttrDB):
		c.stackMask = 1<<32 - 1
	default:
		c.stackMask = 1<<16 - 1
	}
	c.canonical = 48
	if c.CR4&x86.CR4_LA57 != 0 {
		c.canonical = 57
	}
	c.updateRights()
	c.dbgArmed = c.DR[7]&0xff != 0 || c.flag(x86.FlagTF)
	c.noting = c.dbgArmed || c.stops != nil && len(c.stops.Watches) != 0
	before := c.S.Mode
	c.S.Mode = c.modeWord()
	if c.stops != nil {
		c.stopMode(before, c.S.Mode)
	}
}

// updateRights derives the access class and alignment checking: the part of the mode
// that CPL, RFLAGS.AC, CR0.AM and CR4.SMAP decide.
func (c *CPU) updateRights() {
	smap := c.CR4&x86.CR4_SMAP != 0
	c.implicit = mmu.ClassSuper
	if smap {
		c.implicit = mmu.ClassSuperSMAP
	}
	switch {
	case c.CPL == 3:
		c.class = mmu.ClassUser
	case smap && !c.flag(x86.FlagAC):
		c.class = mmu.ClassSuperSMAP
	default:
		c.class = mmu.ClassSuper
	}
	c.tlb = &c.S.TLB.Data[c.class]
	c.alignMask = 0
	if c.CPL == 3 && c.CR0&x86.CR0_AM != 0 && c.flag(x86.FlagAC) {
		c.alignMask = ^uint64(0)
	}
}

func (c *CPU) modeWord() uint32 {
	var w uint32
	set := func(on bool, bit uint32) {
		if on {
			w |= bit
		}
	}
	set(c.codeSize == 2, Mode16)
	set(c.codeSize == 4, Mode32)
	set(c.codeSize == 8, Mode64)
	set(c.CPL == 3, ModeUser)
	set(c.CR0&x86.CR0_PE != 0, ModeProt)
	set(c.vm(), ModeVM)
	set(c.stackMask == 1<<16-1, ModeSS16)
	set(c.codeSize != 8 && !c.flat(), ModeSegs)
	set(c.CR0&x86.CR0_PG != 0, ModePaging)
	set(c.class == mmu.ClassSuperSMAP, ModeSMAP)
	set(c.alignMask != 0, ModeAlign)
	set(c.dbgArmed, ModeSlow)
	set(c.longMode(), ModeLong)
	off := c.CR0&(x86.CR0_EM|x86.CR0_TS) != 0
	set(off, ModeNoFPU)
	set(off || c.CR4&x86.CR4_OSFXSR == 0, ModeNoSSE)
	set(c.avxReady().Raised, ModeNoAVX)
	return w
}

// flat says whether CS, SS, DS and ES all start at 0, end at 4 GiB and may be read and,
// but for CS, written: then segmentation changes and checks nothing.
func (c *CPU) flat() bool {
	for s := x86.ES; s <= x86.DS; s++ {
		g := &c.Seg[s]
		if c.S.R[RegSeg+s] != 0 || g.rdLo != 0 || g.rdHi != 1<<32-1 {
			return false
		}
		if s != x86.CS && (g.wrLo != 0 || g.wrHi != 1<<32-1) {
			return false
		}
	}
	return true
}

// setSegment loads a segment register with its hidden part. limit is in bytes. The
// caller runs updateMode when it has loaded CS or SS, or is done with several.
func (c *CPU) setSegment(seg x86.Seg, sel uint16, base uint64, limit uint32, a Attr) {
	c.S.R[(RegSeg+seg)&regMask] = base
	s := &c.Seg[seg]
	s.Sel, s.Attr, s.Limit = sel, a, limit
	s.deriveRanges()
}

// deriveRanges computes the offsets that may be read and written.
// SDM Vol. 3A, "Limit Checking" and "Segment Type Checking".
func (s *Segment) deriveRanges() {
	lo, hi := uint64(0), uint64(s.Limit)
	a := s.Attr
	if !a.has(AttrCode) && a.has(AttrExpandDown) {
		lo, hi = uint64(s.Limit)+1, 0xffff
		if a.has(AttrDB) {
			hi = 1<<32 - 1
		}
	}
	const never = 1 // as lo, with hi = 0
	s.rdLo, s.rdHi, s.wrLo, s.wrHi = never, 0, never, 0
	if !a.has(AttrP) {
		return
	}
	if !a.has(AttrCode) || a.has(AttrReadable) {
		s.rdLo, s.rdHi = lo, hi
	}
	if !a.has(AttrCode) && a.has(AttrWritable) {
		s.wrLo, s.wrHi = lo, hi
	}
}

// Attributes of segments in real-address and virtual-8086 mode.
const (
	attrReal  = AttrP | AttrS | AttrWritable | AttrAccessed
	attrVM    = attrReal | 3<<5
	realLimit = 0xffff
)

// loadRealSegment is a segment load in real-address or virtual-8086 mode: the base is
// the selector times 16. In real mode limit and rights stay as they were ("unreal
// mode"); in virtual-8086 mode they are fixed.
func (c *CPU) loadRealSegment(seg x86.Seg, sel uint16) {
	s := &c.Seg[seg]
	a, limit := s.Attr, s.Limit
	switch {
	case c.vm():
		a, limit = attrVM, realLimit
	case !a.has(AttrP) || seg == x86.CS:
		a = attrReal | a&AttrDB
		if !s.Attr.has(AttrP) {
			limit = realLimit
		}
	}
	if a == s.Attr && limit == s.Limit { // so are the ranges, for the commonest load of all
		s.Sel, c.S.R[RegSeg+seg] = sel, uint64(sel)<<4
		return
	}
	c.setSegment(seg, sel, uint64(sel)<<4, limit, a)
}

// writeFlags replaces the flags in mask, whatever they control. Flag1 stays set.
func (c *CPU) writeFlags(mask, f x86.Flags) {
	const control = x86.FlagTF | x86.FlagVM | x86.FlagAC
	old := c.Flags()
	c.setFlags(mask, f)
	c.S.RFLAGS |= uint64(x86.Flag1)
	if (old^c.Flags())&control != 0 {
		c.updateMode()
	}
}

// setCPL changes the current privilege level.
func (c *CPU) setCPL(cpl uint8) {
	counts := c.pmcOn && (cpl == 0) != (c.CPL == 0)
	if counts {
		c.syncPMC()
	}
	c.CPL = cpl
	if counts {
		c.pmcChanged()
	}
}

// updatePaging tells the MMU about the registers that govern paging.
func (c *CPU) updatePaging() {
	c.MMU.SetMode(c.CR0, c.CR3, c.CR4, c.EFER)
}
