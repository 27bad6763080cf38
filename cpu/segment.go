package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Types of system descriptors: the type bits of a descriptor with S = 0. In IA-32e mode
// the 32-bit codes mean the 64-bit forms and the 16-bit ones are reserved.
//
// SDM Vol. 3A, "System Descriptor Types".
const (
	typeTSS16     = 1
	typeLDT       = 2
	typeTSS16Busy = 3
	typeCall16    = 4
	typeTaskGate  = 5
	typeInt16     = 6
	typeTrap16    = 7
	typeTSS32     = 9
	typeTSS32Busy = 11
	typeCall32    = 12
	typeInt32     = 14
	typeTrap32    = 15

	typeBusyBit = 2 // what makes an available TSS a busy one
)

// A Descriptor is an entry of the GDT or of an LDT, decoded.
//
// SDM Vol. 3A, "Segment Descriptors".
type Descriptor struct {
	Sel   uint16 // the selector that named it
	Attr  Attr
	Base  uint64
	Limit uint32 // in bytes, granularity applied

	raw, high uint64      // first and second 8 bytes; high is 0 unless widened
	at        mmu.LinAddr // where it is
}

// decodeDescriptor takes the 8 bytes of a descriptor apart.
func decodeDescriptor(sel uint16, raw uint64) Descriptor {
	d := Descriptor{
		Sel:   sel,
		Attr:  Attr(raw >> 40 & 0xf0ff),
		Base:  raw>>16&0xffffff | raw>>56<<24,
		Limit: uint32(raw&0xffff | raw>>32&0xf0000),
		raw:   raw,
	}
	if d.Attr.has(AttrG) {
		d.Limit = d.Limit<<12 | 0xfff
	}
	return d
}

// isCode, isData and system say what kind of descriptor it is.
func (d *Descriptor) isCode() bool { return d.Attr.has(AttrS | AttrCode) }
func (d *Descriptor) isData() bool { return d.Attr.has(AttrS) && !d.Attr.has(AttrCode) }
func (d *Descriptor) system() bool { return !d.Attr.has(AttrS) }

// conforming says whether it is a conforming code segment.
func (d *Descriptor) conforming() bool { return d.isCode() && d.Attr.has(AttrConforming) }

// isType says whether it is a system descriptor of one of the types.
func (d *Descriptor) isType(types ...uint8) bool {
	if !d.system() {
		return false
	}
	for _, t := range types {
		if d.Attr.Type() == t {
			return true
		}
	}
	return false
}

// errCode is the error code that names a selector: its RPL replaced by IDT and EXT, 0.
func errCode(sel uint16) uint16 { return sel &^ 3 }

// null says whether a selector is null whatever its RPL.
func null(sel uint16) bool { return sel&^3 == 0 }

// tableAddr is a linear address in a descriptor table or TSS: 32 bits outside IA-32e mode.
func (c *CPU) tableAddr(a uint64) mmu.LinAddr {
	if !c.longMode() {
		a = uint64(uint32(a))
	}
	return mmu.LinAddr(a)
}

// descriptor fetches the entry that sel names. A selector outside its table is exception
// v with the selector as error code.
func (c *CPU) descriptor(sel uint16, v x86.Vector) (Descriptor, Fault) {
	base, limit := c.GDTR.Base, uint32(c.GDTR.Limit)
	if sel&4 != 0 {
		if !c.LDTR.Attr.has(AttrP) {
			return Descriptor{}, x86.Raise(v, errCode(sel), x86.ReasonLDTInvalid)
		}
		base, limit = c.LDTR.Base, c.LDTR.Limit
	}
	off := uint32(sel &^ 7)
	if off+7 > limit {
		return Descriptor{}, x86.Raise(v, errCode(sel), x86.ReasonSelectorIndex)
	}
	at := c.tableAddr(base + uint64(off))
	raw, f := c.readLin(at, 8, c.implicit)
	if f.Raised {
		return Descriptor{}, f
	}
	d := decodeDescriptor(sel, raw)
	d.at = at
	return d, Fault{}
}

// widen reads the second half of a system descriptor or call gate, which has 16 bytes in
// IA-32e mode. The type field there must be 0.
//
// SDM Vol. 3A, "Segment Descriptor Tables in IA-32e Mode".
func (c *CPU) widen(d *Descriptor, v x86.Vector) Fault {
	if !c.longMode() {
		return Fault{}
	}
	limit := uint32(c.GDTR.Limit)
	if d.Sel&4 != 0 {
		limit = c.LDTR.Limit
	}
	if uint32(d.Sel&^7)+15 > limit {
		return x86.Raise(v, errCode(d.Sel), x86.ReasonSelectorIndex)
	}
	high, f := c.readLin(d.at+8, 8, c.implicit)
	if f.Raised {
		return f
	}
	if high>>40&0x1f != 0 {
		return x86.Raise(v, errCode(d.Sel), x86.ReasonDescriptorType)
	}
	d.high = high
	d.Base |= high << 32
	return Fault{}
}

// systemDescriptor fetches an LDT or TSS descriptor, which must stand in the GDT.
func (c *CPU) systemDescriptor(sel uint16, v x86.Vector) (Descriptor, Fault) {
	if sel&4 != 0 {
		return Descriptor{}, x86.Raise(v, errCode(sel), x86.ReasonSelectorIndex)
	}
	d, f := c.descriptor(sel, v)
	if f.Raised {
		return d, f
	}
	if d.system() {
		f = c.widen(&d, v)
	}
	return d, f
}

// setType stores the type byte of a descriptor with bits set and cleared.
func (c *CPU) setType(d *Descriptor, set, clear Attr) Fault {
	a := d.Attr&^clear | set
	if f := c.writeLin(d.at+5, uint64(a&0xff), 1, c.implicit); f.Raised {
		return f
	}
	d.Attr = a
	return Fault{}
}

// markAccessed sets the accessed bit of a code or data segment, in memory only if it is
// clear there.
func (c *CPU) markAccessed(d *Descriptor) Fault {
	if d.Attr.has(AttrAccessed) {
		return Fault{}
	}
	return c.setType(d, AttrAccessed, 0)
}

// setFrom loads a segment register from a descriptor that passed all checks.
func (c *CPU) setFrom(seg x86.Seg, sel uint16, d *Descriptor) {
	c.setSegment(seg, sel, d.Base, d.Limit, d.Attr)
}

// setNull loads a null selector. The base becomes 0, as Intel processors do it.
func (c *CPU) setNull(seg x86.Seg, sel uint16) { c.setSegment(seg, sel, 0, 0, 0) }

// loadSegment loads a segment register other than CS as MOV, POP and LDS do. The caller
// runs updateMode.
//
// SDM Vol. 2B, "MOV—Move", "Loading a segment register while in protected mode".
func (c *CPU) loadSegment(seg x86.Seg, sel uint16) Fault {
	if !c.protected() {
		c.loadRealSegment(seg, sel)
		return Fault{}
	}
	var d Descriptor
	var f Fault
	switch {
	case seg == x86.SS && null(sel):
		if !c.long64() || c.CPL == 3 || uint8(sel&3) != c.CPL {
			return x86.GP(0, x86.ReasonSelectorNull)
		}
		c.setNull(seg, sel)
		return Fault{}
	case seg == x86.SS:
		d, f = c.stackDescriptor(sel, c.CPL, x86.VecGP)
	case null(sel):
		c.setNull(seg, sel)
		return Fault{}
	default:
		d, f = c.dataDescriptor(sel, c.CPL, x86.VecGP)
	}
	if f.Raised {
		return f
	}
	if f := c.markAccessed(&d); f.Raised {
		return f
	}
	c.setFrom(seg, sel, &d)
	return Fault{}
}

// stackDescriptor fetches and checks what is to be loaded into SS at privilege level cpl.
// Broken rules are exception v, absence is #SS.
func (c *CPU) stackDescriptor(sel uint16, cpl uint8, v x86.Vector) (Descriptor, Fault) {
	code := errCode(sel)
	d, f := c.descriptor(sel, v)
	switch {
	case f.Raised:
		return d, f
	case uint8(sel&3) != cpl:
		return d, x86.Raise(v, code, x86.ReasonStackPrivilege)
	case !d.isData() || !d.Attr.has(AttrWritable):
		return d, x86.Raise(v, code, x86.ReasonStackNotWritable)
	case d.Attr.DPL() != cpl:
		return d, x86.Raise(v, code, x86.ReasonStackPrivilege)
	case !d.Attr.has(AttrP):
		return d, x86.Raise(x86.VecSS, code, x86.ReasonStackNotPresent)
	}
	return d, Fault{}
}

// dataDescriptor fetches and checks what is to be loaded into DS, ES, FS or GS at
// privilege level cpl. Broken rules are exception v, absence is #NP.
func (c *CPU) dataDescriptor(sel uint16, cpl uint8, v x86.Vector) (Descriptor, Fault) {
	code := errCode(sel)
	d, f := c.descriptor(sel, v)
	switch {
	case f.Raised:
		return d, f
	case !d.isData() && !(d.isCode() && d.Attr.has(AttrReadable)):
		return d, x86.Raise(v, code, x86.ReasonDescriptorType)
	case !d.conforming() && (uint8(sel&3) > d.Attr.DPL() || cpl > d.Attr.DPL()):
		return d, x86.Raise(v, code, x86.ReasonDescriptorPrivilege)
	case !d.Attr.has(AttrP):
		return d, x86.Raise(x86.VecNP, code, x86.ReasonSegmentNotPresent)
	}
	return d, Fault{}
}

// loadLDT is LLDT after its privilege check. Broken rules are exception v; absence is
// #NP, or #TS in a task switch.
//
// SDM Vol. 2A, "LLDT—Load Local Descriptor Table Register".
func (c *CPU) loadLDT(sel uint16, v, absent x86.Vector) Fault {
	if null(sel) {
		c.LDTR = SystemSegment{Sel: sel}
		return Fault{}
	}
	d, f := c.systemDescriptor(sel, v)
	switch {
	case f.Raised:
		return f
	case !d.isType(typeLDT):
		return x86.Raise(v, errCode(sel), x86.ReasonDescriptorType)
	case !d.Attr.has(AttrP):
		return x86.Raise(absent, errCode(sel), x86.ReasonSegmentNotPresent)
	case c.longMode() && !c.isCanonicalBase(d.Base):
		return x86.Raise(v, errCode(sel), x86.ReasonNonCanonical)
	}
	c.LDTR = SystemSegment{Sel: sel, Attr: d.Attr, Limit: d.Limit, Base: d.Base}
	return Fault{}
}

// loadTR is LTR after its privilege check.
//
// SDM Vol. 2A, "LTR—Load Task Register".
func (c *CPU) loadTR(sel uint16) Fault {
	if null(sel) {
		return x86.GP(0, x86.ReasonSelectorNull)
	}
	d, f := c.systemDescriptor(sel, x86.VecGP)
	switch {
	case f.Raised:
		return f
	case !d.isType(typeTSS32) && (c.longMode() || !d.isType(typeTSS16)):
		return x86.GP(errCode(sel), x86.ReasonTSSType)
	case !d.Attr.has(AttrP):
		return x86.Raise(x86.VecNP, errCode(sel), x86.ReasonTSSNotPresent)
	case c.longMode() && !c.isCanonicalBase(d.Base):
		return x86.GP(errCode(sel), x86.ReasonNonCanonical)
	}
	if f := c.setType(&d, typeBusyBit, 0); f.Raised {
		return f
	}
	c.TR = SystemSegment{Sel: sel, Attr: d.Attr, Limit: d.Limit, Base: d.Base}
	return Fault{}
}

// inspect fetches a descriptor for LAR, LSL, VERR and VERW. ok is false for selectors that
// are null or outside their table; only a page fault is a Fault.
func (c *CPU) inspect(sel uint16) (d Descriptor, ok bool, f Fault) {
	if null(sel) {
		return d, false, Fault{}
	}
	d, f = c.descriptor(sel, x86.VecGP)
	if f.Raised && f.Vector == x86.VecGP {
		return d, false, Fault{}
	}
	return d, !f.Raised, f
}

// visible says whether the program may know about a descriptor: conforming code always,
// others if neither CPL nor RPL exceeds DPL.
func (c *CPU) visible(d *Descriptor) bool {
	return d.conforming() || c.CPL <= d.Attr.DPL() && uint8(d.Sel&3) <= d.Attr.DPL()
}

// dropPrivileged makes DS, ES, FS and GS null where the new, lower privilege level may
// not use what they hold. SDM Vol. 2B, "RET—Return From Procedure".
func (c *CPU) dropPrivileged() {
	for _, seg := range [...]x86.Seg{x86.ES, x86.DS, x86.FS, x86.GS} {
		a := c.Seg[seg].Attr
		if !a.has(AttrP) || a.has(AttrCode|AttrConforming) {
			continue
		}
		if a.DPL() < c.CPL {
			c.setNull(seg, 0)
		}
	}
}

// classAt is the access class of data accesses at privilege level cpl.
func (c *CPU) classAt(cpl uint8) mmu.Class {
	switch {
	case cpl == 3:
		return mmu.ClassUser
	case c.CR4&x86.CR4_SMAP != 0 && !c.flag(x86.FlagAC):
		return mmu.ClassSuperSMAP
	}
	return mmu.ClassSuper
}

// checkTarget checks an instruction pointer against the code segment it will run in.
func (c *CPU) checkTarget(cs *Descriptor, rip uint64) Fault {
	if c.longMode() && cs.Attr.has(AttrL) {
		if !c.isCanonical(rip) {
			return x86.GP(0, x86.ReasonNonCanonical)
		}
	} else if uint32(rip) > cs.Limit { // 64-bit offsets lose their upper half
		return x86.GP(0, x86.ReasonCodeLimit)
	}
	return Fault{}
}

// enterCode loads CS, privilege level and instruction pointer after all checks, and
// derives the mode.
func (c *CPU) enterCode(cs *Descriptor, cpl uint8, rip uint64) {
	c.setFrom(x86.CS, cs.Sel&^3|uint16(cpl), cs)
	c.setCPL(cpl)
	c.nextRIP = rip
	c.updateMode()
	c.nextRIP &= c.ripMask
}
