package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/simd"
)

// F16C: conversions between binary16 and binary32.

// halvesToSingles is VCVTPH2PS of four lanes.
func halvesToSingles(m simd.MXCSR, v simd.Vec) (r simd.Vec, st simd.Status) {
	for i := range 4 {
		x, s := simd.HalfToSingle(m, v[0]>>(16*i)&0xffff)
		r.SetD(i, uint32(x))
		st |= s
	}
	return r, st
}

// vcvtps2ph is VCVTPS2PH: the destination is half as long as the source.
func vcvtps2ph(c *CPU, in *Inst) Fault {
	if f := c.avxReady(); f.Raised {
		return f
	}
	v := c.ymm(in.Src.Reg)
	m := simd.MXCSR(c.S.MXCSR)
	var r simd.Vec
	var st simd.Status
	for i := range 4 << in.VEXL {
		x, s := simd.SingleToHalf(m, uint64(v[i>>2].D(i&3)), uint8(in.Imm))
		r[i>>2] |= x << (16 * (i & 3))
		st |= s
	}
	if in.Dst.Kind != ArgMem {
		if f := c.simdRaise(st); f.Raised {
			return f
		}
		c.setYMM(in.Dst.Reg, ymm{r})
		return Fault{}
	}
	n := 8 << in.VEXL
	if f := c.simdRaise(st); f.Raised { // before the store, whose faults leave MXCSR changed
		return f
	}
	var p [16]byte
	r.PutBytes(p[:])
	la, f := c.linearUnchecked(in.Seg, c.ea(in), uint64(n), forWrite)
	if f.Raised {
		return f
	}
	return c.writeBytesLin(la, p[:n], c.class)
}
