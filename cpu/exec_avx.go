package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// What AVX adds to the makers in exec_sse.go: a third operand in VEX.vvvv, 256 bits, memory
// operands that need no alignment, and results that clear the register above them.
//
// Inaccuracy: in instructions with an immediate that do not use VEX.vvvv, one other than
// 1111b is ignored instead of #UD.

// A ymm is a YMM register, low half first.
type ymm [2]simd.Vec

// avxReady is what the control registers forbid of AVX.
//
// SDM Vol. 2A, "Exceptions Type 4" and "VEX-encoded instructions".
func (c *CPU) avxReady() Fault {
	const need = xstateSSE | xstateAVX
	switch {
	case c.CR4&x86.CR4_OSXSAVE == 0 || c.XCR0&need != need:
		return x86.UD(x86.ReasonSIMDNotEnabled)
	case c.CR0&x86.CR0_TS != 0:
		return x86.Raise(x86.VecNM, 0, x86.ReasonFPUTaskSwitched)
	}
	return Fault{}
}

// ymm is YMM register n.
func (c *CPU) ymm(n uint8) ymm {
	r := c.S.XMM[n&31][:32]
	return ymm{simd.FromBytes(r), simd.FromBytes(r[16:])}
}

// setYMM writes YMM register n and clears what is above.
func (c *CPU) setYMM(n uint8, v ymm) {
	r := &c.S.XMM[n&31]
	clear(r[32:])
	v[0].PutBytes(r[:16])
	v[1].PutBytes(r[16:32])
}

// ymmRead returns operand a: a register, or n bytes of memory (1, 2, 4, 8, 16 or 32)
// extended with zeroes.
func (c *CPU) ymmRead(in *Inst, a Arg, n int) (v ymm, f Fault) {
	if a.Kind == ArgXMM {
		return c.ymm(a.Reg), Fault{}
	}
	var p [32]byte
	f = c.readBytes(in.Seg, c.ea(in), p[:n])
	return ymm{simd.FromBytes(p[:]), simd.FromBytes(p[16:])}, f
}

// vexSource is the operand of a row that is register or memory: the third, or the second
// where that is an immediate or a mask or missing.
func (in *Inst) vexSource() Arg {
	if in.Op.Src == Hx {
		return in.Third
	}
	return in.Src
}

// avxLoad makes the checks and returns the operands in vvvv and in ModRM. wide: the
// operation is on 256 bits.
func (c *CPU) avxLoad(in *Inst) (a, b ymm, wide bool, f Fault) {
	if f := c.avxReady(); f.Raised {
		return a, b, false, f
	}
	src := in.vexSource()
	b, f = c.ymmRead(in, src, int(src.W))
	return c.ymm(in.VEXV), b, in.VEXL == 1 && src.W == 32, f
}

// avxApply does dst ← op(vvvv, source) in each half, whose number is the last argument.
func (c *CPU) avxApply(in *Inst, op func(a, b simd.Vec, half int) (simd.Vec, simd.Status)) Fault {
	a, b, wide, f := c.avxLoad(in)
	if f.Raised {
		return f
	}
	var r ymm
	var st, s simd.Status
	r[0], st = op(a[0], b[0], 0)
	if wide {
		r[1], s = op(a[1], b[1], 1)
	}
	if f := c.simdRaise(st | s); f.Raised {
		return f
	}
	c.setYMM(in.Dst.Reg, r)
	return Fault{}
}

// avxImm makes an operation whose halves use different bits of the immediate: each takes
// the next n.
func avxImm(n int, op func(a, b simd.Vec, imm uint8) simd.Vec) Exec {
	return func(c *CPU, in *Inst) Fault {
		return c.avxApply(in, func(a, b simd.Vec, half int) (simd.Vec, simd.Status) {
			return op(a, b, uint8(in.Imm)>>(n*half)), 0
		})
	}
}

// avxBlend makes VBLENDPS, VBLENDPD and VPBLENDD.
func avxBlend(size int) Exec {
	return avxImm(16/size, func(a, b simd.Vec, imm uint8) simd.Vec { return simd.Blend(a, b, size, uint64(imm)) })
}

// avxDot is VDPPS and VDPPD, both halves of which report exceptions step by step.
func (c *CPU) avxDot(in *Inst, format simd.Format) Fault {
	a, b, wide, f := c.avxLoad(in)
	if f.Raised {
		return f
	}
	r := ymm{a[0], a[1]}
	m0 := simd.MXCSR(c.S.MXCSR)
	m, unmasked := m0, simd.Status(0)
	for step := 0; step < simd.DotSteps && unmasked == 0; step++ { // both halves in step
		var st, s simd.Status
		r[0], st = format.DotStep(m0, r[0], b[0], uint8(in.Imm), step)
		if wide {
			r[1], s = format.DotStep(m0, r[1], b[1], uint8(in.Imm), step)
		}
		m, unmasked = m.Raise(st|s), m0.Unmasked(st|s)
	}
	if !wide {
		r[1] = simd.Vec{}
	}
	c.S.MXCSR = uint32(m)
	if f := c.simdFault(unmasked); f.Raised {
		return f
	}
	c.setYMM(in.Dst.Reg, r)
	return Fault{}
}

// vmovVec is VMOVAPS, VMOVUPS, VMOVDQA, VMOVDQU and their kin: 16 or 32 bytes.
func vmovVec(c *CPU, in *Inst) Fault {
	if f := c.avxReady(); f.Raised {
		return f
	}
	n := 16 << in.VEXL
	if in.IsMem {
		if f := c.avxAligned(in, n); f.Raised {
			return f
		}
	}
	v, f := c.ymmRead(in, in.Src, n)
	if f.Raised {
		return f
	}
	if in.Dst.Kind == ArgMem {
		var p [32]byte
		v[0].PutBytes(p[:])
		v[1].PutBytes(p[16:])
		return c.writeBytes(in.Seg, c.ea(in), p[:n])
	}
	if n == 16 {
		v[1] = simd.Vec{}
	}
	c.setYMM(in.Dst.Reg, v)
	return Fault{}
}

// avxAligned is #GP(0) for a memory operand that must be and is not aligned to n bytes.
func (c *CPU) avxAligned(in *Inst, n int) Fault {
	if in.Op.Attr&Align16 == 0 {
		return Fault{}
	}
	if (c.segBase(in.Seg)+c.ea(in))&uint64(n-1) != 0 {
		return x86.GP(0, x86.ReasonAligned16)
	}
	return Fault{}
}

// vmovScalar is VMOVSS, VMOVSD and VMOVQ with one register: a load clears the rest.
func vmovScalar(c *CPU, in *Inst) Fault {
	if f := c.avxReady(); f.Raised {
		return f
	}
	v, f := c.vec(in, in.Src)
	if f.Raised {
		return f
	}
	m := in.Dst.W.Mask()
	if in.Dst.Kind == ArgMem {
		return c.store(in, v[0]&m)
	}
	c.setYMM(in.Dst.Reg, ymm{simd.Vec{v[0] & m, 0}})
	return Fault{}
}

// vmovMerge is VMOVSS and VMOVSD between registers: the low lane of the last, the rest of
// vvvv.
func vmovMerge(c *CPU, in *Inst) Fault {
	if f := c.avxReady(); f.Raised {
		return f
	}
	m := width(4).Mask()
	if in.mandatory() == 3 {
		m = width(8).Mask()
	}
	a, b := c.xmm(in.VEXV), c.xmm(in.Third.Reg)
	c.setYMM(in.Dst.Reg, ymm{simd.Vec{a[0]&^m | b[0]&m, a[1]}})
	return Fault{}
}

// vmovd is VMOVD and VMOVQ from a general register or memory.
func vmovd(c *CPU, in *Inst) Fault {
	_, v, f := c.sseLoad16(in)
	if f.Raised {
		return f
	}
	c.setYMM(in.Dst.Reg, ymm{simd.Vec{v, 0}})
	return Fault{}
}

// vmovmsk makes VMOVMSKPS, VMOVMSKPD and VPMOVMSKB.
func vmovmsk(size int) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.avxReady(); f.Raised {
			return f
		}
		v := c.ymm(in.Src.Reg)
		r := simd.Signs(v[0], size)
		if in.VEXL == 1 {
			r |= simd.Signs(v[1], size) << (16 / size)
		}
		return c.store(in, r)
	}
}

// vcvtsi2 makes VCVTSI2SS and VCVTSI2SD.
func vcvtsi2(f simd.Format) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.avxReady(); f.Raised {
			return f
		}
		v, fault := c.get(in, in.Third)
		if fault.Raised {
			return fault
		}
		r, st := f.FromInt(simd.MXCSR(c.S.MXCSR), int64(in.Third.W.SignExtend(v)))
		if f := c.simdRaise(st); f.Raised {
			return f
		}
		a := c.xmm(in.VEXV)
		f.SetLane(&a, 0, r)
		c.setYMM(in.Dst.Reg, ymm{a})
		return Fault{}
	}
}

// A widening converts the low half of v to a whole vector.
type widening func(m simd.MXCSR, v simd.Vec) (simd.Vec, simd.Status)

func singlesToDoubles(m simd.MXCSR, v simd.Vec) (r simd.Vec, st simd.Status) {
	for i := range 2 {
		x, s := simd.Single.Convert(m, simd.Double, uint64(v.D(i)))
		r[i], st = x, st|s
	}
	return r, st
}

func integersToDoubles(m simd.MXCSR, v simd.Vec) (simd.Vec, simd.Status) {
	return integersToFloats(simd.Double, m, simd.Vec{}, v, 2)
}

// vwiden makes VCVTPS2PD and VCVTDQ2PD.
func vwiden(op widening) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.avxReady(); f.Raised {
			return f
		}
		saved := c.alignMask
		if in.Code == 0x13 { // VCVTPH2PS: alignment checking does not look at it
			c.alignMask = 0
		}
		v, f := c.ymmRead(in, in.Src, 8<<in.VEXL)
		c.alignMask = saved
		if f.Raised {
			return f
		}
		m := simd.MXCSR(c.S.MXCSR)
		var r ymm
		var st, s simd.Status
		r[0], st = op(m, v[0])
		if in.VEXL == 1 {
			r[1], s = op(m, simd.Vec{v[0][1], 0})
		}
		if f := c.simdRaise(st | s); f.Raised {
			return f
		}
		c.setYMM(in.Dst.Reg, r)
		return Fault{}
	}
}

func doublesToSingles(m simd.MXCSR, v simd.Vec) (r simd.Vec, st simd.Status) {
	for i := range 2 {
		x, s := simd.Double.Convert(m, simd.Single, v[i])
		r.SetD(i, uint32(x))
		st |= s
	}
	return r, st
}

func doublesToIntegers(m simd.MXCSR, v simd.Vec) (simd.Vec, simd.Status) {
	return floatsToIntegers(simd.Double, simd.Format.ToInt, m, v, 2)
}

func doublesTruncated(m simd.MXCSR, v simd.Vec) (simd.Vec, simd.Status) {
	return floatsToIntegers(simd.Double, simd.Format.ToIntTruncated, m, v, 2)
}

// narrow makes VCVTPD2PS, VCVTPD2DQ and VCVTTPD2DQ: the result is half as long.
func narrow(op widening) Exec {
	return func(c *CPU, in *Inst) Fault {
		_, b, wide, f := c.avxLoad(in)
		if f.Raised {
			return f
		}
		m := simd.MXCSR(c.S.MXCSR)
		r, st := op(m, b[0])
		if wide {
			hi, s := op(m, b[1])
			r[1], st = hi[0], st|s
		}
		if f := c.simdRaise(st); f.Raised {
			return f
		}
		c.setYMM(in.Dst.Reg, ymm{r})
		return Fault{}
	}
}

// vextend makes VPMOVSX and VPMOVZX.
func vextend(from, to int, signed bool) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.avxReady(); f.Raised {
			return f
		}
		n := 16 * from / to // bytes that make one half
		v, f := c.ymmRead(in, in.Src, n<<in.VEXL)
		if f.Raised {
			return f
		}
		r := ymm{simd.Extend(v[0], from, to, signed)}
		if in.VEXL == 1 {
			r[1] = simd.Extend(simd.ShiftBytesRight(v[0], uint64(n)), from, to, signed)
		}
		c.setYMM(in.Dst.Reg, r)
		return Fault{}
	}
}

// vzeroupper is VZEROUPPER: the upper halves of all YMM registers are cleared.
//
// SDM Vol. 2C, "VZEROUPPER—Zero Upper Bits of YMM and ZMM Registers".
func vzeroupper(c *CPU, in *Inst) Fault {
	if f := c.avxReady(); f.Raised {
		return f
	}
	for i := range c.xmmInImage() {
		clear(c.S.XMM[i][16:])
	}
	return Fault{}
}

// vzeroall is VZEROALL.
func vzeroall(c *CPU, in *Inst) Fault {
	if f := c.avxReady(); f.Raised {
		return f
	}
	for i := range c.xmmInImage() {
		c.S.XMM[i] = [64]byte{}
	}
	return Fault{}
}
