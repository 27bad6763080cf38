package cpu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// The compacted format of the XSAVE image: components above SSE follow the header without
// gaps, those in XCOMP_BV only. No supervisor components exist, so IA32_XSS is zero and
// XSAVES differs from XSAVEC in privilege alone.
//
// SDM Vol. 1, "Compacted Format of the Extended Region of an XSAVE Area".

const xcompCompact uint64 = 1 << 63 // XCOMP_BV: the image is compacted

// compactOffset is where component bit lies in a compacted image with components bv;
// compactOffset(bv, 0) is its end.
func compactOffset(bv, bit uint64) (off uint64) {
	off = xsaveBase
	if bit == xstateAVX {
		return off
	}
	if bv&xstateAVX != 0 {
		off += avxSize
	}
	if bit == 0 && bv&xstatePKRU != 0 {
		off += 8
	}
	return off
}

// xsavec is XSAVEC. Components in their initial configuration are not written.
//
// SDM Vol. 2D, "XSAVEC—Save Processor Extended States With Compaction".
func xsavec(c *CPU, in *Inst) Fault {
	if f := c.xReady(); f.Raised {
		return f
	}
	return c.saveCompact(in)
}

// xsaves is XSAVES. SDM Vol. 2D, "XSAVES—Save Processor Extended States Supervisor".
func xsaves(c *CPU, in *Inst) Fault {
	if f := c.xsReady(); f.Raised {
		return f
	}
	return c.saveCompact(in)
}

// xsReady is the check of XSAVES and XRSTORS.
func (c *CPU) xsReady() Fault {
	if c.CR4&x86.CR4_OSXSAVE == 0 {
		return x86.UD(x86.ReasonFeatureDisabled)
	}
	if f := c.needCPL0(); f.Raised {
		return f
	}
	return c.xReady()
}

func (c *CPU) saveCompact(in *Inst) Fault {
	rfbm := c.requested()
	off, f := c.imageBase(in, 64, compactOffset(rfbm, 0), forWrite)
	if f.Raised {
		return f
	}
	bv := rfbm & c.inUse()
	if c.S.MXCSR != uint32(simd.MXCSRDefault) {
		bv |= rfbm & xstateSSE
	}
	var p [xsaveBase + avxSize + 8]byte
	c.putX87(in, p[:])
	c.putMXCSR(p[:])
	c.putXMM(p[:])
	for i := range c.xmmInImage() {
		copy(p[avxOffset+16*i:], c.S.XMM[i][16:32])
	}
	pkru := compactOffset(rfbm, xstatePKRU)
	if bv&xstatePKRU != 0 {
		binary.LittleEndian.PutUint64(p[pkru:], uint64(c.PKRU))
	}
	binary.LittleEndian.PutUint64(p[xsaveHeader:], bv)
	binary.LittleEndian.PutUint64(p[xsaveHeader+8:], rfbm|xcompCompact)
	regs := uint64(16 * c.xmmInImage())
	return c.writeParts(in, off, p[:], []imagePart{
		{0, fxMXCSR, bv&xstateX87 != 0},
		{fxMXCSR, 8, bv&xstateSSE != 0},
		{fxST, fxXMM - fxST, bv&xstateX87 != 0},
		{fxXMM, regs, bv&xstateSSE != 0},
		{xsaveHeader, 16, true},
		{avxOffset, regs, bv&xstateAVX != 0},
		{pkru, 8, bv&xstatePKRU != 0},
	})
}

// xrstors is XRSTORS: the image must be compacted.
//
// SDM Vol. 2D, "XRSTORS—Restore Processor Extended States Supervisor".
func xrstors(c *CPU, in *Inst) Fault {
	if f := c.xsReady(); f.Raised {
		return f
	}
	return c.restoreImage(in, true)
}

// restoreImage is XRSTOR and XRSTORS. Requested components are loaded, or put into their
// initial configuration when XSTATE_BV says so.
//
// SDM Vol. 1, "Operation of XRSTOR".
func (c *CPU) restoreImage(in *Inst, onlyCompact bool) Fault {
	rfbm := c.requested()
	off, f := c.imageBase(in, 64, xsaveBase, forRead)
	if f.Raised {
		return f
	}
	var p [xsavePKRU + 8]byte
	if f := c.readBytes(in.Seg, off, p[:xsaveBase]); f.Raised {
		return f
	}
	bv, comp, ok := c.imageHeader(p[xsaveHeader:], onlyCompact)
	if !ok {
		return x86.GP(0, x86.ReasonXSAVEHeader)
	}
	for _, part := range [...]struct{ bit, at, n uint64 }{{xstateAVX, avxOffset, avxSize}, {xstatePKRU, xsavePKRU, 8}} {
		if rfbm&bv&part.bit == 0 {
			continue
		}
		at := part.at
		if comp != 0 {
			at = compactOffset(comp, part.bit)
		}
		if f := c.readBytes(in.Seg, (off+at)&in.AddrSize.Mask(), p[part.at:part.at+part.n]); f.Raised {
			return f
		}
	}
	sse := rfbm & (xstateSSE | xstateAVX)
	if comp != 0 {
		if sse = rfbm & xstateSSE; bv&xstateSSE == 0 {
			binary.LittleEndian.PutUint32(p[fxMXCSR:], uint32(simd.MXCSRDefault))
		}
	}
	if sse != 0 && c.badMXCSR(p[:]) {
		return x86.GP(0, x86.ReasonMXCSRReserved)
	}
	c.xrstorParts(in, rfbm, bv, p[:], sse != 0)
	return Fault{}
}

// imageHeader reads the header h of an image: comp is 0 for the standard format.
func (c *CPU) imageHeader(h []byte, onlyCompact bool) (bv, comp uint64, ok bool) {
	le := binary.LittleEndian
	bv, comp = le.Uint64(h), le.Uint64(h[8:])
	if comp&xcompCompact == 0 {
		return bv, 0, !onlyCompact && comp == 0 && bv&^c.XCR0 == 0 && le.Uint64(h[16:]) == 0
	}
	if !c.Model.Has(FeatXSAVEC) || comp&^xcompCompact&^c.XCR0 != 0 || bv&^comp != 0 {
		return 0, 0, false
	}
	for i := 16; i < 64; i += 8 {
		if le.Uint64(h[i:]) != 0 {
			return 0, 0, false
		}
	}
	return bv, comp, true
}
