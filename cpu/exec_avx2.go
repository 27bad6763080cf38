package cpu

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Shifts, permutations, broadcasts and inserts of AVX and AVX2.

// A vecShift is a shift of a whole vector by a count.
type vecShift func(a simd.Vec, n uint64) simd.Vec

// shiftAll is a shift of lanes as a vecShift.
func shiftAll(op func(a, n uint64) uint64) vecShift {
	return func(a simd.Vec, n uint64) simd.Vec { return simd.Vec{op(a[0], n), op(a[1], n)} }
}

// vshiftImm makes a shift by an immediate: vvvv ← op(register, imm8).
func vshiftImm(op vecShift) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.avxReady(); f.Raised {
			return f
		}
		v := c.ymm(in.Src.Reg)
		r := ymm{op(v[0], in.Imm)}
		if in.VEXL == 1 {
			r[1] = op(v[1], in.Imm)
		}
		c.setYMM(in.Dst.Reg, r)
		return Fault{}
	}
}

// vshift makes a shift of vvvv by the low quadword of a register or 16 bytes of memory.
func vshift(op func(a, n uint64) uint64) Exec {
	all := shiftAll(op)
	return func(c *CPU, in *Inst) Fault {
		if f := c.avxReady(); f.Raised {
			return f
		}
		n, f := c.ymmRead(in, in.Third, 16)
		if f.Raised {
			return f
		}
		v := c.ymm(in.VEXV)
		r := ymm{all(v[0], n[0][0])}
		if in.VEXL == 1 {
			r[1] = all(v[1], n[0][0])
		}
		c.setYMM(in.Dst.Reg, r)
		return Fault{}
	}
}

// eachD applies op to every doubleword of a and b.
func eachD(a, b simd.Vec, op func(x, y uint32) uint32) simd.Vec {
	for i := range 4 {
		a.SetD(i, op(a.D(i), b.D(i)))
	}
	return a
}

func vpsrlvd(a, b simd.Vec) simd.Vec { return eachD(a, b, func(x, y uint32) uint32 { return x >> y }) }
func vpsllvd(a, b simd.Vec) simd.Vec { return eachD(a, b, func(x, y uint32) uint32 { return x << y }) }
func vpsravd(a, b simd.Vec) simd.Vec {
	return eachD(a, b, func(x, y uint32) uint32 { return uint32(int32(x) >> min(y, 31)) })
}
func vpsrlvq(a, b simd.Vec) simd.Vec { return simd.Vec{a[0] >> b[0], a[1] >> b[1]} }
func vpsllvq(a, b simd.Vec) simd.Vec { return simd.Vec{a[0] << b[0], a[1] << b[1]} }

// vpermilps is VPERMILPS with a register of selectors.
func vpermilps(a, b simd.Vec) simd.Vec {
	return simd.Dwords(a.D(int(b.D(0)&3)), a.D(int(b.D(1)&3)), a.D(int(b.D(2)&3)), a.D(int(b.D(3)&3)))
}

// vpermilpd is VPERMILPD with a register of selectors, in bit 1 of each quadword.
func vpermilpd(a, b simd.Vec) simd.Vec { return simd.Vec{a[b[0]>>1&1], a[b[1]>>1&1]} }

// vpermd is VPERMD and VPERMPS: doublewords of the source, named by those of vvvv.
func vpermd(c *CPU, in *Inst) Fault {
	a, b, _, f := c.avxLoad(in)
	if f.Raised {
		return f
	}
	var r ymm
	for i := range 8 {
		n := int(a[i>>2].D(i & 3))
		r[i>>2].SetD(i&3, b[n>>2&1].D(n&3))
	}
	c.setYMM(in.Dst.Reg, r)
	return Fault{}
}

// vpermq is VPERMQ and VPERMPD: quadwords named by the immediate.
func vpermq(c *CPU, in *Inst) Fault {
	_, b, _, f := c.avxLoad(in)
	if f.Raised {
		return f
	}
	var r ymm
	for i := range 4 {
		n := in.Imm >> (2 * i) & 3
		r[i>>1][i&1] = b[n>>1][n&1]
	}
	c.setYMM(in.Dst.Reg, r)
	return Fault{}
}

// vperm2x128 is VPERM2F128 and VPERM2I128: halves named by the immediate, or zero.
func vperm2x128(c *CPU, in *Inst) Fault {
	a, b, _, f := c.avxLoad(in)
	if f.Raised {
		return f
	}
	all := [4]simd.Vec{a[0], a[1], b[0], b[1]}
	var r ymm
	for i := range r {
		if sel := in.Imm >> (4 * i); sel&8 == 0 {
			r[i] = all[sel&3]
		}
	}
	c.setYMM(in.Dst.Reg, r)
	return Fault{}
}

// vinsert128 is VINSERTF128 and VINSERTI128.
func vinsert128(c *CPU, in *Inst) Fault {
	if f := c.avxReady(); f.Raised {
		return f
	}
	b, f := c.ymmRead(in, in.Src, 16)
	if f.Raised {
		return f
	}
	r := c.ymm(in.VEXV)
	r[in.Imm&1] = b[0]
	c.setYMM(in.Dst.Reg, r)
	return Fault{}
}

// vextract128 is VEXTRACTF128 and VEXTRACTI128.
func vextract128(c *CPU, in *Inst) Fault {
	if f := c.avxReady(); f.Raised {
		return f
	}
	v := c.ymm(in.Src.Reg)[in.Imm&1]
	if in.Dst.Kind == ArgMem {
		var p [16]byte
		v.PutBytes(p[:])
		return c.writeBytes(in.Seg, c.ea(in), p[:])
	}
	c.setYMM(in.Dst.Reg, ymm{v})
	return Fault{}
}

// vinsert makes VPINSRB, VPINSRW, VPINSRD and VPINSRQ (size 0: of the source).
func vinsert(size int) Exec {
	return func(c *CPU, in *Inst) Fault {
		_, b, f := c.sseLoad16(in)
		if f.Raised {
			return f
		}
		n := size
		if n == 0 {
			n = int(in.Src.W)
		}
		a := c.xmm(in.VEXV)
		at := int(in.Imm) % (16 / n) * n
		s, m := 8*(at&7), width(n).Mask()
		a[at>>3] = a[at>>3]&^(m<<s) | b&m<<s
		c.setYMM(in.Dst.Reg, ymm{a})
		return Fault{}
	}
}

// vbroadcast makes VBROADCASTSS, VPBROADCASTB and their kin: the low size bytes of the
// source in all lanes.
func vbroadcast(size int) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.avxReady(); f.Raised {
			return f
		}
		src, f := c.ymmRead(in, in.Src, size)
		if f.Raised {
			return f
		}
		v := src[0]
		for i := size; i < 16; i++ {
			v.SetB(i, v.B(i-size))
		}
		r := ymm{v}
		if in.VEXL == 1 {
			r[1] = v
		}
		c.setYMM(in.Dst.Reg, r)
		return Fault{}
	}
}

// vblendVar makes VBLENDVPS, VBLENDVPD and VPBLENDVB: the register in the immediate selects.
func vblendVar(size int) Exec {
	return func(c *CPU, in *Inst) Fault {
		sel := c.ymm(in.Third.Reg)
		return c.avxApply(in, func(a, b simd.Vec, half int) (simd.Vec, simd.Status) {
			return simd.Blend(a, b, size, simd.Signs(sel[half], size)), 0
		})
	}
}

// vtest makes VPTEST, VTESTPS and VTESTPD: only the bits in mask count.
func vtest(mask uint64) Exec {
	return func(c *CPU, in *Inst) Fault {
		_, b, wide, f := c.avxLoad(in)
		if f.Raised {
			return f
		}
		a := c.ymm(in.Dst.Reg)
		var and, andn uint64
		for h := range 1 + b2i(wide) {
			for i := range 2 {
				and |= a[h][i] & b[h][i] & mask
				andn |= ^a[h][i] & b[h][i] & mask
			}
		}
		var fl x86.Flags
		if and == 0 {
			fl |= x86.FlagZF
		}
		if andn == 0 {
			fl |= x86.FlagCF
		}
		c.setStatus(fl)
		return Fault{}
	}
}

// signsD64 is the top bits of both doublewords of a quadword.
const signsD64 = 0x8000000080000000

// vmaskmov makes VMASKMOVPS, VMASKMOVPD, VPMASKMOVD and VPMASKMOVQ: the lanes of size bytes
// whose mask, in vvvv, has its top bit set are loaded (the others cleared) or stored. Lanes
// that are not selected cannot fault; a store checks all before it writes one.
//
// SDM Vol. 2C, "VMASKMOV—Conditional SIMD Packed Loads and Stores".
func vmaskmov(size int) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.avxReady(); f.Raised {
			return f
		}
		mask := c.ymm(in.VEXV)
		sel := simd.Signs(mask[0], size) | simd.Signs(mask[1], size)<<(16/size)
		if in.VEXL == 0 {
			sel &= 1<<(16/size) - 1
		}
		if in.Dst.Kind == ArgMem {
			return c.storeLanes(in, c.ymm(in.Third.Reg), size, sel)
		}
		var r ymm
		for i := 0; sel>>i != 0; i++ {
			if sel>>i&1 == 0 {
				continue
			}
			la, f := c.linearUnchecked(in.Seg, c.laneAt(in, i*size), uint64(size), forRead)
			if f.Raised {
				return f
			}
			v, f := c.readLin(la, width(size), c.class)
			if f.Raised {
				return f
			}
			at := i * size
			r[at>>4][at>>3&1] |= v << (8 * (at & 7))
		}
		c.setYMM(in.Dst.Reg, r)
		return Fault{}
	}
}

// laneAt is the offset of the byte d of the memory operand.
func (c *CPU) laneAt(in *Inst, d int) uint64 { return (c.ea(in) + uint64(d)) & in.AddrSize.Mask() }

// storeLanes writes the lanes of v whose bit in sel is set. As on processors, the rights to
// the first and the last byte are looked at before those in between.
func (c *CPU) storeLanes(in *Inst, v ymm, size int, sel uint64) Fault {
	if sel != 0 {
		first, last := bits.TrailingZeros64(sel)*size, bits.Len64(sel)*size-1
		for _, at := range [2]int{first, last} {
			la, f := c.linear(in.Seg, c.laneAt(in, at), 1, forWrite)
			if f.Raised {
				return f
			}
			if f := c.probeWrite(la, 1, c.class); f.Raised {
				return f
			}
		}
	}
	for _, doIt := range [2]bool{false, true} {
		for i := 0; sel>>i != 0; i++ {
			if sel>>i&1 == 0 {
				continue
			}
			at := i * size
			la, f := c.linearUnchecked(in.Seg, c.laneAt(in, at), uint64(size), forWrite)
			switch {
			case f.Raised:
			case doIt:
				f = c.writeLin(la, v[at>>4][at>>3&1]>>(8*(at&7)), width(size), c.class)
			default:
				f = c.probeWrite(la, size, c.class)
			}
			if f.Raised {
				return f
			}
		}
	}
	return Fault{}
}
