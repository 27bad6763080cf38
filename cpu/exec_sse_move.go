package cpu

import "github.com/glassbox-vm/glassbox/cpu/simd"

// Moves of whole XMM registers and parts of them.

// movVec is MOVAPS, MOVUPS, MOVDQA, MOVDQU, LDDQU, MOVNTPS and their kin: 16 bytes.
//
// SDM Vol. 2B, "MOVAPS—Move Aligned Packed Single Precision Floating-Point Values".
func movVec(c *CPU, in *Inst) Fault {
	if f := c.sseReady(in); f.Raised {
		return f
	}
	v, f := c.vec(in, in.Src)
	if f.Raised {
		return f
	}
	if in.Dst.Kind == ArgMem {
		return c.write128(in, v)
	}
	c.setXMM(in.Dst.Reg, v)
	return Fault{}
}

// movScalar is MOVSS and MOVSD: between registers only the low lane moves; a load from
// memory clears the rest.
//
// SDM Vol. 2B, "MOVSS—Move or Merge Scalar Single Precision Floating-Point Value".
func movScalar(c *CPU, in *Inst) Fault {
	if f := c.sseReady(in); f.Raised {
		return f
	}
	v, f := c.vec(in, in.Src)
	if f.Raised {
		return f
	}
	switch {
	case in.Dst.Kind == ArgMem:
		return c.store(in, v[0]&in.Dst.W.Mask())
	case in.Src.Kind == ArgXMM:
		m := in.Dst.W.Mask()
		d := c.xmm(in.Dst.Reg)
		v = simd.Vec{d[0]&^m | v[0]&m, d[1]}
	}
	c.setXMM(in.Dst.Reg, v)
	return Fault{}
}

// movqVec is MOVQ between XMM registers and memory: a register destination is cleared above.
//
// SDM Vol. 2B, "MOVQ—Move Quadword".
func movqVec(c *CPU, in *Inst) Fault {
	if f := c.sseReady(in); f.Raised {
		return f
	}
	v, f := c.vec(in, in.Src)
	if f.Raised {
		return f
	}
	if in.Dst.Kind == ArgMem {
		return c.store(in, v[0])
	}
	c.setXMM(in.Dst.Reg, simd.Vec{v[0], 0})
	return Fault{}
}

// movdToXMM is MOVD and MOVQ to an XMM register from a general register or memory.
//
// SDM Vol. 2B, "MOVD/MOVQ—Move Doubleword/Move Quadword".
func movdToXMM(c *CPU, in *Inst) Fault {
	_, v, f := c.sseLoad16(in)
	if f.Raised {
		return f
	}
	c.setXMM(in.Dst.Reg, simd.Vec{v, 0})
	return Fault{}
}

// movdFromXMM is MOVD and MOVQ from an XMM register.
func movdFromXMM(c *CPU, in *Inst) Fault {
	if f := c.sseReady(in); f.Raised {
		return f
	}
	return c.store(in, c.xmm(in.Src.Reg)[0]&in.Dst.W.Mask())
}

// movToHalf makes the moves into one half of a register: MOVLPS, MOVHPS, MOVLPD and MOVHPD
// from memory, MOVHLPS (from the upper half) and MOVLHPS.
//
// SDM Vol. 2B, "MOVHPS—Move High Packed Single Precision Floating-Point Values".
func movToHalf(dst, src int) Exec {
	return vector(func(a, b simd.Vec) simd.Vec {
		a[dst] = b[src]
		return a
	})
}

// movFromHalf makes MOVLPS, MOVHPS, MOVLPD and MOVHPD to memory.
func movFromHalf(src int) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.sseReady(in); f.Raised {
			return f
		}
		return c.store(in, c.xmm(in.Src.Reg)[src])
	}
}

// movddup is MOVDDUP. SDM Vol. 2B, "MOVDDUP—Replicate Double Precision Floating-Point Values".
func movddup(_, b simd.Vec) simd.Vec { return simd.Vec{b[0], b[0]} }

// movsldup is MOVSLDUP: even lanes twice.
func movsldup(_, b simd.Vec) simd.Vec { return simd.Dwords(b.D(0), b.D(0), b.D(2), b.D(2)) }

// movshdup is MOVSHDUP: odd lanes twice.
func movshdup(_, b simd.Vec) simd.Vec { return simd.Dwords(b.D(1), b.D(1), b.D(3), b.D(3)) }

// movmsk stores the top bits of the lanes of size bytes into a general register.
func movmsk(c *CPU, in *Inst, size int) Fault {
	if f := c.sseReady(in); f.Raised {
		return f
	}
	return c.store(in, simd.Signs(c.xmm(in.Src.Reg), size))
}

// movmskps is MOVMSKPS.
//
// SDM Vol. 2B, "MOVMSKPS—Extract Packed Single Precision Floating-Point Sign Mask".
func movmskps(c *CPU, in *Inst) Fault { return movmsk(c, in, 4) }

// movmskpd is MOVMSKPD.
func movmskpd(c *CPU, in *Inst) Fault { return movmsk(c, in, 8) }

// movnti is MOVNTI: a plain store, as caches have no effect. It uses no vector register and
// needs no permission.
//
// SDM Vol. 2B, "MOVNTI—Store Doubleword Using Non-Temporal Hint".
func movnti(c *CPU, in *Inst) Fault { return c.store(in, c.reg(in.Src.Reg, in.Src.W)) }

// noEffect is for what only caches and the order of memory accesses could notice: PREFETCHh,
// PREFETCHW, LFENCE, MFENCE and SFENCE.
func noEffect(*CPU, *Inst) Fault { return Fault{} }

// clflush is CLFLUSH, CLFLUSHOPT and CLWB: checked as a load of one byte, else without
// effect.
//
// SDM Vol. 2A, "CLFLUSH—Flush Cache Line".
func clflush(c *CPU, in *Inst) Fault {
	_, f := c.read(in.Seg, c.ea(in), 1)
	return f
}

// punpcklqdq is PUNPCKLQDQ, UNPCKLPD and MOVLHPS.
func punpcklqdq(a, b simd.Vec) simd.Vec { return simd.Vec{a[0], b[0]} }

// punpckhqdq is PUNPCKHQDQ and UNPCKHPD.
func punpckhqdq(a, b simd.Vec) simd.Vec { return simd.Vec{a[1], b[1]} }

// pshufd is PSHUFD. SDM Vol. 2B, "PSHUFD—Shuffle Packed Doublewords".
func pshufd(_, b simd.Vec, imm uint8) simd.Vec { return simd.PShufD(b, imm) }

// pshuflw is PSHUFLW.
func pshuflw(_, b simd.Vec, imm uint8) simd.Vec {
	return simd.Vec{simd.PShufW(b[0], imm), b[1]}
}

// pshufhw is PSHUFHW.
func pshufhw(_, b simd.Vec, imm uint8) simd.Vec {
	return simd.Vec{b[0], simd.PShufW(b[1], imm)}
}
