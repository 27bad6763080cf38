package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// An access is what a memory operand is used for.
type access uint8

const (
	forRead  access = iota
	forWrite        // also read-modify-write: all rights of a write are checked first
)

// ea is the effective address of the memory operand: the offset within its segment.
// SDM Vol. 1, "Specifying an Offset".
func (c *CPU) ea(in *Inst) uint64 {
	r := &c.S.R
	a := r[in.Base&regMask] + r[in.Index&regMask]<<in.Scale + in.Disp
	if in.RIPRel {
		a += c.nextRIP
	}
	switch in.AddrSize {
	case 8:
		return a
	case 4:
		return uint64(uint32(a))
	}
	return uint64(uint16(a))
}

// linear turns an offset in a segment into a linear address and checks limit, rights,
// canonical form and alignment for an access of n bytes.
//
// SDM Vol. 3A, "Limit Checking", "Type Checking" and "Canonical Addressing".
func (c *CPU) linear(seg x86.Seg, off uint64, n uint64, a access) (mmu.LinAddr, Fault) {
	base := c.S.R[(RegSeg+seg)&regMask]
	if c.codeSize == 8 {
		la := off
		if seg >= x86.FS {
			la += base
		}
		if !c.isCanonical(la) || n > 1 && !c.isCanonical(la+n-1) {
			return 0, c.canonicalFault(seg)
		}
		if c.alignMask != 0 && misaligned(la, n) {
			return 0, x86.Raise(x86.VecAC, 0, x86.ReasonAlignment)
		}
		return mmu.LinAddr(la), Fault{}
	}
	s := &c.Seg[seg]
	lo, hi := s.rdLo, s.rdHi
	if a == forWrite {
		lo, hi = s.wrLo, s.wrHi
	}
	if off < lo || off > hi || n-1 > hi-off && !(lo == 0 && hi == 1<<32-1) { // a flat segment wraps
		return 0, c.segmentFault(seg, a)
	}
	la := base + off
	if c.alignMask != 0 && misaligned(la, n) {
		return 0, x86.Raise(x86.VecAC, 0, x86.ReasonAlignment)
	}
	return mmu.LinAddr(uint32(la)), Fault{}
}

// linearUnchecked is linear for operands that alignment checking does not look at.
func (c *CPU) linearUnchecked(seg x86.Seg, off uint64, n uint64, a access) (mmu.LinAddr, Fault) {
	saved := c.alignMask
	c.alignMask = 0
	la, f := c.linear(seg, off, n, a)
	c.alignMask = saved
	return la, f
}

// segBase is the base that addresses in segment seg are relative to.
func (c *CPU) segBase(seg x86.Seg) uint64 {
	if c.codeSize == 8 && seg < x86.FS {
		return 0
	}
	return c.S.R[(RegSeg+seg)&regMask]
}

// misaligned says whether an operand of n bytes is off its natural boundary; alignment
// checking looks at operands of 2, 4 and 8 bytes only.
func misaligned(la, n uint64) bool { return n <= 8 && n&(n-1) == 0 && la&(n-1) != 0 }

// isCanonical says whether the upper bits of a linear address are copies of the highest
// implemented one.
func (c *CPU) isCanonical(la uint64) bool {
	s := 64 - c.canonical
	return uint64(int64(la<<s)>>s) == la
}

// isCanonicalBase is isCanonical for what registers that hold addresses may be loaded with:
// it depends on the model, not on CR4.LA57. SDM Vol. 3A, "Canonicality Checking", of
// base addresses, MSRs and INVLPG.
func (c *CPU) isCanonicalBase(v uint64) bool {
	if c.Model.Has(FeatLA57) {
		return uint64(int64(v<<7)>>7) == v
	}
	return c.isCanonical(v)
}

// canonicalFault is #SS(0) for the stack segment and #GP(0) for all others.
func (c *CPU) canonicalFault(seg x86.Seg) Fault {
	if seg == x86.SS {
		return x86.Raise(x86.VecSS, 0, x86.ReasonNonCanonicalStack)
	}
	return x86.GP(0, x86.ReasonNonCanonical)
}

// segmentFault finds the rule that an access through seg broke.
func (c *CPU) segmentFault(seg x86.Seg, a access) Fault {
	s := &c.Seg[seg]
	reason := x86.ReasonSegmentLimit
	switch {
	case !s.Attr.has(AttrP):
		reason = x86.ReasonSegmentNull
	case a == forRead && s.rdLo > s.rdHi && s.Attr.has(AttrCode) && !s.Attr.has(AttrReadable):
		reason = x86.ReasonSegmentNotReadable
	case a == forWrite && (s.Attr.has(AttrCode) || !s.Attr.has(AttrWritable)):
		reason = x86.ReasonSegmentNotWritable
	}
	if seg == x86.SS {
		return x86.Raise(x86.VecSS, 0, reason)
	}
	return x86.GP(0, reason)
}

// wraps says whether n bytes at la run over the 4-GiB end of a 32-bit linear space.
func (c *CPU) wraps(la mmu.LinAddr, n uint64) bool {
	return c.codeSize != 8 && la < 1<<32 && uint64(la)+n > 1<<32
}

// read returns w bytes (1, 2, 4 or 8) at offset off of segment seg.
func (c *CPU) read(seg x86.Seg, off uint64, w width) (uint64, Fault) {
	la, f := c.linear(seg, off, uint64(w), forRead)
	if f.Raised {
		return 0, f
	}
	return c.readLin(la, w, c.class)
}

// readRMW is read for an operand that will be written back: it checks, and page-walks,
// as the write would.
func (c *CPU) readRMW(seg x86.Seg, off uint64, w width) (uint64, Fault) {
	la, f := c.linear(seg, off, uint64(w), forWrite)
	if f.Raised {
		return 0, f
	}
	if f := c.probeWrite(la, int(w), c.class); f.Raised {
		return 0, f
	}
	return c.readLin(la, w, c.class)
}

// write stores the low w bytes (1, 2, 4 or 8) of v at offset off of segment seg.
func (c *CPU) write(seg x86.Seg, off uint64, v uint64, w width) Fault {
	la, f := c.linear(seg, off, uint64(w), forWrite)
	if f.Raised {
		return f
	}
	return c.writeLin(la, v, w, c.class)
}

// readLin reads w bytes at a linear address with the rights of class.
func (c *CPU) readLin(la mmu.LinAddr, w width, class mmu.Class) (uint64, Fault) {
	if !c.noting {
		return c.readAt(la, w, class)
	}
	v, f := c.readAt(la, w, class)
	if !f.Raised {
		c.noteAccess(la, w, false, v, class)
	}
	return v, f
}

// readAt is readLin without a look at debug registers.
func (c *CPU) readAt(la mmu.LinAddr, w width, class mmu.Class) (uint64, Fault) {
	if c.wraps(la, uint64(w)) {
		return c.readWrapped(la, w, class)
	}
	switch w {
	case 1:
		return c.MMU.Read8(la, class)
	case 2:
		return c.MMU.Read16(la, class)
	case 4:
		return c.MMU.Read32(la, class)
	}
	return c.MMU.Read64(la, class)
}

// writeLin writes w bytes at a linear address with the rights of class.
func (c *CPU) writeLin(la mmu.LinAddr, v uint64, w width, class mmu.Class) Fault {
	if !c.noting {
		return c.writeAt(la, v, w, class)
	}
	f := c.writeAt(la, v, w, class)
	if !f.Raised {
		c.noteAccess(la, w, true, v, class)
	}
	return f
}

// writeAt is writeLin without a look at debug registers.
func (c *CPU) writeAt(la mmu.LinAddr, v uint64, w width, class mmu.Class) Fault {
	if c.wraps(la, uint64(w)) {
		return c.writeWrapped(la, v, w, class)
	}
	switch w {
	case 1:
		return c.MMU.Write8(la, v, class)
	case 2:
		return c.MMU.Write16(la, v, class)
	case 4:
		return c.MMU.Write32(la, v, class)
	}
	return c.MMU.Write64(la, v, class)
}

// probeWrite checks that n bytes at la can be written, so that a later write cannot
// fault.
func (c *CPU) probeWrite(la mmu.LinAddr, n int, class mmu.Class) Fault {
	if c.wraps(la, uint64(n)) {
		for i := range n {
			if f := c.MMU.ProbeWrite(mmu.LinAddr(uint32(uint64(la)+uint64(i))), 1, class); f.Raised {
				return f
			}
		}
		return Fault{}
	}
	return c.MMU.ProbeWrite(la, n, class)
}

// readWrapped reads byte by byte across the end of the 32-bit linear space.
func (c *CPU) readWrapped(la mmu.LinAddr, w width, class mmu.Class) (v uint64, f Fault) {
	for i := range int(w) {
		b, f := c.MMU.Read8(mmu.LinAddr(uint32(uint64(la)+uint64(i))), class)
		if f.Raised {
			return 0, f
		}
		v |= b << (8 * i)
	}
	return v, Fault{}
}

// writeWrapped writes byte by byte across the end of the 32-bit linear space.
func (c *CPU) writeWrapped(la mmu.LinAddr, v uint64, w width, class mmu.Class) Fault {
	if f := c.probeWrite(la, int(w), class); f.Raised {
		return f
	}
	for i := range int(w) {
		if f := c.MMU.Write8(mmu.LinAddr(uint32(uint64(la)+uint64(i))), v>>(8*i), class); f.Raised {
			return f
		}
	}
	return Fault{}
}

// readBytes fills p, of at most a page, from offset off of segment seg: operands wider
// than 8 bytes. Checks come first.
func (c *CPU) readBytes(seg x86.Seg, off uint64, p []byte) Fault {
	la, f := c.linear(seg, off, uint64(len(p)), forRead)
	if f.Raised {
		return f
	}
	return c.readBytesLin(la, p, c.class)
}

func (c *CPU) readBytesLin(la mmu.LinAddr, p []byte, class mmu.Class) Fault {
	i := 0
	for ; i+8 <= len(p); i += 8 {
		v, f := c.readLin(c.wrapLin(la, i), 8, class)
		if f.Raised {
			return f
		}
		for j := range 8 {
			p[i+j] = byte(v >> (8 * j))
		}
	}
	for ; i < len(p); i++ {
		v, f := c.readLin(c.wrapLin(la, i), 1, class)
		if f.Raised {
			return f
		}
		p[i] = byte(v)
	}
	return Fault{}
}

// writeBytes stores p, of at most a page, at offset off of segment seg; nothing is
// stored when a part of it would fault.
func (c *CPU) writeBytes(seg x86.Seg, off uint64, p []byte) Fault {
	la, f := c.linear(seg, off, uint64(len(p)), forWrite)
	if f.Raised {
		return f
	}
	return c.writeBytesLin(la, p, c.class)
}

func (c *CPU) writeBytesLin(la mmu.LinAddr, p []byte, class mmu.Class) Fault {
	if f := c.probeWrite(la, len(p), class); f.Raised {
		return f
	}
	i := 0
	for ; i+8 <= len(p); i += 8 {
		var v uint64
		for j := range 8 {
			v |= uint64(p[i+j]) << (8 * j)
		}
		if f := c.writeLin(c.wrapLin(la, i), v, 8, class); f.Raised {
			return f
		}
	}
	for ; i < len(p); i++ {
		if f := c.writeLin(c.wrapLin(la, i), uint64(p[i]), 1, class); f.Raised {
			return f
		}
	}
	return Fault{}
}

// wrapLin is la+i within the linear space of the code size.
func (c *CPU) wrapLin(la mmu.LinAddr, i int) mmu.LinAddr {
	if c.codeSize != 8 && la < 1<<32 {
		return mmu.LinAddr(uint32(la) + uint32(i))
	}
	return la + mmu.LinAddr(i)
}
