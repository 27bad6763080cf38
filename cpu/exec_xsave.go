package cpu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// LDMXCSR, STMXCSR, and saving of the x87, SSE and AVX state as one image: FXSAVE, XSAVE
// and their counterparts.
//
// Layout of the image, SDM Vol. 1, "XSAVE-Managed Features"; Vol. 2A, "FXSAVE":
//
//	0    FCW, FSW, FTW (abridged), FOP, FIP, FDP, MXCSR, MXCSR_MASK
//	32   ST0…ST7, 16 bytes each
//	160  XMM0…XMM15
//	512  header: XSTATE_BV, XCOMP_BV, zeroes
//	576  upper halves of YMM0…YMM15
//	2688 PKRU
//
// The compacted format is in exec_xsavec.go. Not modelled: the "modified" optimisation of
// XSAVEOPT and XSAVES.

// Components of the extended state: bits of XCR0 and of XSTATE_BV.
const (
	xstateX87  uint64 = 1 << 0
	xstateSSE  uint64 = 1 << 1
	xstateAVX  uint64 = 1 << 2
	xstatePKRU uint64 = 1 << 9

	xstateKnown = xstateX87 | xstateSSE | xstateAVX | xstatePKRU
)

const (
	fxImageSize = 512
	fxST        = 32
	fxXMM       = 160
	fxMXCSR     = 24
	xsaveHeader = 512
	xsavePKRU   = 2688
)

// ldmxcsr is LDMXCSR; reserved bits are #GP(0).
//
// SDM Vol. 2A, "LDMXCSR—Load MXCSR Register".
func ldmxcsr(c *CPU, in *Inst) Fault {
	if f := c.sseReady(in); f.Raised {
		return f
	}
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	if v&^uint64(simd.MXCSRMask) != 0 {
		return x86.GP(0, x86.ReasonMXCSRReserved)
	}
	c.S.MXCSR = uint32(v)
	return Fault{}
}

// stmxcsr is STMXCSR.
//
// SDM Vol. 2B, "STMXCSR—Store MXCSR Register State".
func stmxcsr(c *CPU, in *Inst) Fault {
	if f := c.sseReady(in); f.Raised {
		return f
	}
	return c.store(in, uint64(c.S.MXCSR))
}

// imageBase returns the offset of the image after the checks of FXSAVE and FXRSTOR (align
// 16) or XSAVE and XRSTOR (align 64).
func (c *CPU) imageBase(in *Inst, align uint64, size uint64, a access) (uint64, Fault) {
	off := c.ea(in)
	la, f := c.linear(in.Seg, off, size, a)
	switch {
	case f.Raised:
	case c.alignMask != 0 && la&3 != 0:
		f = x86.Raise(x86.VecAC, 0, x86.ReasonAlignment)
	case uint64(la)&(align-1) != 0:
		f = x86.GP(0, x86.ReasonAligned16)
	}
	if f.Raised {
		return 0, f
	}
	if size == fxImageSize {
		return off, c.probeLast(la, int(size), a)
	}
	return off, Fault{}
}

// fxReady is the check of FXSAVE and FXRSTOR: both bits give #NM.
func (c *CPU) fxReady() Fault {
	switch {
	case c.CR0&x86.CR0_EM != 0:
		return x86.Raise(x86.VecNM, 0, x86.ReasonFPUEmulated)
	case c.CR0&x86.CR0_TS != 0:
		return x86.Raise(x86.VecNM, 0, x86.ReasonFPUTaskSwitched)
	}
	return Fault{}
}

// xmmInImage is how many XMM registers an image holds.
func (c *CPU) xmmInImage() int {
	if c.long64() {
		return 16
	}
	return 8
}

// fxsave is FXSAVE. XMM registers and MXCSR are stored whether CR4.OSFXSR is set or not.
//
// SDM Vol. 2A, "FXSAVE—Save x87 FPU, MMX Technology, and SSE State".
func fxsave(c *CPU, in *Inst) Fault {
	if f := c.fxReady(); f.Raised {
		return f
	}
	off, f := c.imageBase(in, 16, fxImageSize, forWrite)
	if f.Raised {
		return f
	}
	// The last bytes of the image are left to software and keep their value.
	var p [fxImageSize - 96]byte
	c.putX87(in, p[:])
	c.putMXCSR(p[:])
	n := fxXMM + 16*c.xmmInImage()
	c.putXMM(p[:])
	return c.writeBytes(in.Seg, off, p[:n])
}

// fxrstor is FXRSTOR. A reserved bit of MXCSR in the image is #GP(0).
//
// SDM Vol. 2A, "FXRSTOR—Restore x87 FPU, MMX, XMM, and MXCSR State".
func fxrstor(c *CPU, in *Inst) Fault {
	if f := c.fxReady(); f.Raised {
		return f
	}
	off, f := c.imageBase(in, 16, fxImageSize, forRead)
	if f.Raised {
		return f
	}
	var p [fxImageSize]byte
	if f := c.readBytes(in.Seg, off, p[:]); f.Raised {
		return f
	}
	if c.badMXCSR(p[:]) {
		return x86.GP(0, x86.ReasonMXCSRReserved)
	}
	c.takeX87(in, p[:])
	c.S.MXCSR = binary.LittleEndian.Uint32(p[fxMXCSR:])
	c.takeXMM(p[:])
	return Fault{}
}

// putX87 writes the x87 part of an image: bytes 0…23 and 32…159.
func (c *CPU) putX87(in *Inst, p []byte) {
	x, le := &c.X87, binary.LittleEndian
	le.PutUint16(p, x.CW)
	le.PutUint16(p[2:], x.SW)
	p[4] = x.Tag
	le.PutUint16(p[6:], x.FOP)
	if in.RexW() {
		le.PutUint64(p[8:], x.FIP)
		le.PutUint64(p[16:], x.FDP)
	} else {
		le.PutUint32(p[8:], uint32(x.FIP))
		le.PutUint16(p[12:], x.FCS)
		le.PutUint32(p[16:], uint32(x.FDP))
		le.PutUint16(p[20:], x.FDS)
	}
	for i := range uint8(8) {
		r := x.st(i)
		le.PutUint64(p[fxST+16*int(i):], r.Sig)
		le.PutUint16(p[fxST+16*int(i)+8:], r.SE)
	}
}

// takeX87 loads the x87 part of an image. Exceptions it brings along are pending after.
func (c *CPU) takeX87(in *Inst, p []byte) {
	x, le := &c.X87, binary.LittleEndian
	x.CW = le.Uint16(p)&0x1f7f | 0x40
	const summary = uint16(f80.ES) | swBusy
	x.SW = x.SW&summary | le.Uint16(p[2:])&^summary
	x.Tag = p[4]
	x.FOP = le.Uint16(p[6:]) & 0x7ff
	if in.RexW() {
		x.FIP, x.FDP = signed57(le.Uint64(p[8:])), le.Uint64(p[16:])
		x.FCS, x.FDS = 0, 0
	} else {
		x.FIP, x.FCS = uint64(le.Uint32(p[8:])), le.Uint16(p[12:])
		x.FDP, x.FDS = uint64(le.Uint32(p[16:])), le.Uint16(p[20:])
	}
	for i := range uint8(8) {
		q := p[fxST+16*int(i):]
		*x.st(i) = f80.Float{Sig: le.Uint64(q), SE: le.Uint16(q[8:])}
	}
	c.fpSummary()
}

// signed57 makes an address canonical for 57 bits, as processors keep FIP but not FDP.
func signed57(v uint64) uint64 { return uint64(int64(v<<7) >> 7) }

// putMXCSR writes MXCSR and MXCSR_MASK.
func (c *CPU) putMXCSR(p []byte) {
	binary.LittleEndian.PutUint32(p[fxMXCSR:], c.S.MXCSR)
	binary.LittleEndian.PutUint32(p[fxMXCSR+4:], uint32(simd.MXCSRMask))
}

// badMXCSR says whether the MXCSR of an image has reserved bits set.
func (c *CPU) badMXCSR(p []byte) bool {
	return binary.LittleEndian.Uint32(p[fxMXCSR:])&^uint32(simd.MXCSRMask) != 0
}

// putXMM writes the XMM registers.
func (c *CPU) putXMM(p []byte) {
	for i := range c.xmmInImage() {
		copy(p[fxXMM+16*i:], c.S.XMM[i][:16])
	}
}

// takeXMM loads the XMM registers.
func (c *CPU) takeXMM(p []byte) {
	for i := range c.xmmInImage() {
		copy(c.S.XMM[i][:16], p[fxXMM+16*i:])
	}
}

// xReady is the check of XSAVE and XRSTOR.
func (c *CPU) xReady() Fault {
	switch {
	case c.CR4&x86.CR4_OSXSAVE == 0:
		return x86.UD(x86.ReasonFeatureDisabled)
	case c.CR0&x86.CR0_TS != 0:
		return x86.Raise(x86.VecNM, 0, x86.ReasonFPUTaskSwitched)
	}
	return Fault{}
}

// requested is the components that EDX:EAX asks for and XCR0 enables: RFBM.
func (c *CPU) requested() uint64 {
	return (c.reg(x86.RDX, 4)<<32 | c.reg(x86.RAX, 4)) & c.XCR0 & xstateKnown
}

// inUse is the components that are not in their initial configuration: XINUSE.
//
// SDM Vol. 1, "Processor Tracking of XSAVE-Managed State".
func (c *CPU) inUse() (bv uint64) {
	if c.X87 != initX87 {
		bv |= xstateX87
	}
	for i := range c.xmmInImage() {
		r := &c.S.XMM[i]
		if simd.FromBytes(r[:16]) != (simd.Vec{}) {
			bv |= xstateSSE
		}
		if simd.FromBytes(r[16:32]) != (simd.Vec{}) {
			bv |= xstateAVX
		}
	}
	if c.PKRU != 0 {
		bv |= xstatePKRU
	}
	return bv
}

// initX87 is the initial configuration of the x87: that of FNINIT, with registers zero.
var initX87 = X87{CW: 0x37f}

// xsave is XSAVE: all requested components in standard format.
//
// SDM Vol. 2D, "XSAVE—Save Processor Extended States".
func xsave(c *CPU, in *Inst) Fault { return c.xsaveParts(in, ^uint64(0)) }

// xsaveopt is XSAVEOPT: like XSAVE, but components in their initial configuration are
// not written.
//
// SDM Vol. 2D, "XSAVEOPT—Save Processor Extended States Optimized".
func xsaveopt(c *CPU, in *Inst) Fault { return c.xsaveParts(in, c.inUse()) }

// xsaveParts saves the requested components that are in write. What may fault is probed
// before the first byte is written.
func (c *CPU) xsaveParts(in *Inst, write uint64) Fault {
	if f := c.xReady(); f.Raised {
		return f
	}
	rfbm := c.requested()
	size := imageSize(rfbm)
	off, f := c.imageBase(in, 64, size, forWrite)
	if f.Raised {
		return f
	}
	var old [8]byte // XSTATE_BV
	if f := c.readBytes(in.Seg, off+xsaveHeader, old[:]); f.Raised {
		return f
	}
	bv := binary.LittleEndian.Uint64(old[:])
	binary.LittleEndian.PutUint64(old[:], bv&^rfbm|rfbm&c.inUse())

	var p [xsavePKRU + 8]byte
	c.putX87(in, p[:])
	c.putMXCSR(p[:])
	c.putXMM(p[:])
	for i := range c.xmmInImage() {
		copy(p[avxOffset+16*i:], c.S.XMM[i][16:32])
	}
	binary.LittleEndian.PutUint32(p[xsavePKRU:], c.PKRU)
	copy(p[xsaveHeader:], old[:])
	parts := c.imageParts(rfbm, write)
	return c.writeParts(in, off, p[:], parts[:])
}

// writeParts writes those parts of image p that are on, after probing all of them.
func (c *CPU) writeParts(in *Inst, off uint64, p []byte, parts []imagePart) Fault {
	for _, doIt := range [2]bool{false, true} {
		for _, part := range parts {
			if !part.on {
				continue
			}
			if f := c.writePart(in, off+part.at, p[part.at:part.at+part.n], doIt); f.Raised {
				return f
			}
		}
	}
	return Fault{}
}

// An imagePart is a piece of the image that is written or not.
type imagePart struct {
	at, n uint64
	on    bool
}

// imageParts is what to write for the requested components rfbm of which only those in
// write need be. In 32-bit code the space of XMM8…XMM15 is left alone.
func (c *CPU) imageParts(rfbm, write uint64) [7]imagePart {
	regs := uint64(16 * c.xmmInImage())
	now := rfbm & write
	return [7]imagePart{
		{0, fxMXCSR, now&xstateX87 != 0},
		{fxMXCSR, 8, rfbm&(xstateSSE|xstateAVX) != 0},
		{fxST, fxXMM - fxST, now&xstateX87 != 0},
		{fxXMM, regs, now&xstateSSE != 0},
		{avxOffset, regs, now&xstateAVX != 0},
		{xsaveHeader, 8, true},
		{xsavePKRU, 8, now&xstatePKRU != 0},
	}
}

// writePart writes p at off, or only checks that it can be written.
func (c *CPU) writePart(in *Inst, off uint64, p []byte, doIt bool) Fault {
	off &= in.AddrSize.Mask()
	if doIt {
		return c.writeBytes(in.Seg, off, p)
	}
	la, f := c.linear(in.Seg, off, uint64(len(p)), forWrite)
	if f.Raised {
		return f
	}
	return c.probeWrite(la, len(p), c.class)
}

// imageSize is the size in bytes of a standard image with components rfbm.
func imageSize(rfbm uint64) uint64 {
	switch {
	case rfbm&xstatePKRU != 0:
		return xsavePKRU + 8
	case rfbm&xstateAVX != 0:
		return avxOffset + avxSize
	}
	return xsaveBase
}

// xrstor is XRSTOR, of a standard or compacted image.
//
// SDM Vol. 2D, "XRSTOR—Restore Processor Extended States".
func xrstor(c *CPU, in *Inst) Fault {
	if f := c.xReady(); f.Raised {
		return f
	}
	return c.restoreImage(in, false)
}

// xrstorParts loads components rfbm from image p in standard format, those not in bv as
// initial.
func (c *CPU) xrstorParts(in *Inst, rfbm, bv uint64, p []byte, mxcsr bool) {
	if rfbm&xstateX87 != 0 {
		if bv&xstateX87 != 0 {
			c.takeX87(in, p)
		} else {
			c.X87 = initX87
			c.fpSummary()
		}
	}
	if mxcsr {
		c.S.MXCSR = binary.LittleEndian.Uint32(p[fxMXCSR:])
	}
	for i := range c.xmmInImage() {
		r := &c.S.XMM[i]
		if rfbm&xstateSSE != 0 {
			clear(r[:16])
			if bv&xstateSSE != 0 {
				copy(r[:16], p[fxXMM+16*i:])
			}
		}
		if rfbm&xstateAVX != 0 {
			clear(r[16:32])
			if bv&xstateAVX != 0 {
				copy(r[16:32], p[avxOffset+16*i:])
			}
		}
	}
	if rfbm&xstatePKRU != 0 {
		v := uint32(0)
		if bv&xstatePKRU != 0 {
			v = binary.LittleEndian.Uint32(p[xsavePKRU:])
		}
		c.setPKRU(v)
	}
}
