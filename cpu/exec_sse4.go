package cpu

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// What SSSE3, SSE4.1, SSE4.2, AES, SHA, PCLMULQDQ, MOVBE, CRC32 and ADX need beyond the
// makers in exec_sse.go.

// pabs, psign, phadd and the rest of SSSE3 are lanes or folded; only these have an immediate.

// palignr is PALIGNR.
//
// SDM Vol. 2B, "PALIGNR—Packed Align Right".
func palignr(c *CPU, in *Inst) Fault {
	imm := uint8(in.Imm)
	return either(
		func(a, b uint64) uint64 { return simd.PAlignR64(a, b, imm) },
		func(a, b simd.Vec) simd.Vec { return simd.PAlignR(a, b, imm) },
	)(c, in)
}

// blendVar makes PBLENDVB, BLENDVPS and BLENDVPD: the top bits of the lanes of XMM0 select.
//
// SDM Vol. 2B, "PBLENDVB—Variable Blend Packed Bytes".
func blendVar(size int) Exec {
	return func(c *CPU, in *Inst) Fault {
		a, b, f := c.sseLoad(in)
		if f.Raised {
			return f
		}
		c.setXMM(in.Dst.Reg, simd.Blend(a, b, size, simd.Signs(c.xmm(0), size)))
		return Fault{}
	}
}

// blendImm makes PBLENDW, BLENDPS and BLENDPD.
func blendImm(size int) Exec {
	return vectorImm(func(a, b simd.Vec, imm uint8) simd.Vec { return simd.Blend(a, b, size, uint64(imm)) })
}

// ptest is PTEST: ZF and CF tell whether the source has bits in common with the
// destination, and outside it.
//
// SDM Vol. 2B, "PTEST—Logical Compare".
func ptest(c *CPU, in *Inst) Fault {
	a, b, f := c.sseLoad(in)
	if f.Raised {
		return f
	}
	var fl x86.Flags
	if a[0]&b[0]|a[1]&b[1] == 0 {
		fl |= x86.FlagZF
	}
	if b[0]&^a[0]|b[1]&^a[1] == 0 {
		fl |= x86.FlagCF
	}
	c.setStatus(fl)
	return Fault{}
}

// extend makes PMOVSX and PMOVZX from lanes of from bytes to lanes of to bytes.
//
// SDM Vol. 2B, "PMOVSX—Packed Move With Sign Extend".
func extend(from, to int, signed bool) Exec {
	return vector(func(_, b simd.Vec) simd.Vec { return simd.Extend(b, from, to, signed) })
}

func phminposuw(_, b simd.Vec) simd.Vec { return simd.PHMinPosUW(b) }

// extract makes PEXTRB, PEXTRW, PEXTRD and PEXTRQ to a general register or memory, and
// EXTRACTPS: the lane that the immediate names, in the width of the destination or size.
//
// SDM Vol. 2B, "PEXTRB/PEXTRD/PEXTRQ—Extract Byte/Dword/Qword".
func extract(size int) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.sseReady(in); f.Raised {
			return f
		}
		n := size
		if n == 0 { // PEXTRD and PEXTRQ
			n = int(in.Dst.W)
		}
		at := int(in.Imm) % (16 / n) * n
		v := c.xmm(in.Src.Reg)
		return c.store(in, v[at>>3]>>(8*(at&7))&width(n).Mask())
	}
}

// insert makes PINSRB, PINSRD and PINSRQ.
//
// SDM Vol. 2B, "PINSRB/PINSRD/PINSRQ—Insert Byte/Dword/Qword".
func insert(size int) Exec {
	return func(c *CPU, in *Inst) Fault {
		a, b, f := c.sseLoad16(in)
		if f.Raised {
			return f
		}
		n := size
		if n == 0 {
			n = int(in.Src.W)
		}
		at := int(in.Imm) % (16 / n) * n
		s, m := 8*(at&7), width(n).Mask()
		a[at>>3] = a[at>>3]&^(m<<s) | b&m<<s
		c.setXMM(in.Dst.Reg, a)
		return Fault{}
	}
}

// insertps is INSERTPS; with a memory operand bits 7:6 of the immediate mean nothing.
//
// SDM Vol. 2A, "INSERTPS—Insert Scalar Single Precision Floating-Point Value".
func insertps(c *CPU, in *Inst) Fault {
	a, b, f := c.sseLoad(in)
	if f.Raised {
		return f
	}
	lane := 0
	if in.Src.Kind == ArgXMM {
		lane = int(in.Imm >> 6 & 3)
	}
	if in.VEX {
		a = c.xmm(in.VEXV)
	}
	c.setVec(in, in.Dst.Reg, simd.InsertPS(a, b.D(lane), uint8(in.Imm)))
	return Fault{}
}

// stringResult runs a string comparison and sets the flags. explicit: the lengths are in
// EAX and EDX (RAX and RDX with REX.W) instead of where the first zero is.
//
// SDM Vol. 2B, "PCMPESTRI—Packed Compare Explicit Length Strings, Return Index".
func (c *CPU) stringResult(in *Inst, explicit bool) (s simd.StringCompare, r uint32, f Fault) {
	a, b, f := c.sseLoad(in)
	if f.Raised {
		return 0, 0, f
	}
	s = simd.StringCompare(in.Imm)
	la, lb := s.Length(a), s.Length(b)
	if explicit {
		la, lb = c.stringLength(in, s, x86.RAX), c.stringLength(in, s, x86.RDX)
	}
	r = s.Run(a, b, la, lb)
	var fl x86.Flags
	set := func(on bool, f x86.Flags) {
		if on {
			fl |= f
		}
	}
	set(r != 0, x86.FlagCF)
	set(lb < s.Elements(), x86.FlagZF)
	set(la < s.Elements(), x86.FlagSF)
	set(r&1 != 0, x86.FlagOF)
	c.setStatus(fl)
	return s, r, Fault{}
}

// stringLength is the absolute value of a length register, at most the number of elements.
func (c *CPU) stringLength(in *Inst, s simd.StringCompare, reg uint8) int {
	w := width(4)
	if in.RexW() && c.long64() {
		w = 8
	}
	n := w.SignExtend(c.reg(reg, w))
	if int64(n) < 0 {
		n = -n
	}
	return int(min(n, uint64(s.Elements())))
}

// pcmpstri makes PCMPESTRI and PCMPISTRI: the index goes to ECX.
func pcmpstri(explicit bool) Exec {
	return func(c *CPU, in *Inst) Fault {
		s, r, f := c.stringResult(in, explicit)
		if f.Raised {
			return f
		}
		c.setReg(x86.RCX, 4, uint64(s.Index(r)))
		return Fault{}
	}
}

// pcmpstrm makes PCMPESTRM and PCMPISTRM: the mask goes to XMM0.
func pcmpstrm(explicit bool) Exec {
	return func(c *CPU, in *Inst) Fault {
		s, r, f := c.stringResult(in, explicit)
		if f.Raised {
			return f
		}
		c.setVec(in, 0, s.Mask(r))
		return Fault{}
	}
}

func aesimc(_, b simd.Vec) simd.Vec               { return simd.AESIMC(b) }
func aeskeygen(_, b simd.Vec, imm uint8) simd.Vec { return simd.AESKeyGen(b, imm) }
func pclmulqdq(a, b simd.Vec, imm uint8) simd.Vec { return simd.CarrylessMul(a[imm&1], b[imm>>4&1]) }
func sha256rnds2(c *CPU, in *Inst) Fault {
	wk := c.xmm(0)
	return vector(func(a, b simd.Vec) simd.Vec { return simd.SHA256Rounds2(a, b, wk) })(c, in)
}

// movbe is MOVBE: a move with the bytes in reverse order.
//
// SDM Vol. 2B, "MOVBE—Move Data After Swapping Bytes".
func movbe(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	return c.store(in, bits.ReverseBytes64(v)>>(64-in.Src.W.Bits()))
}

// crc32 is CRC32.
//
// SDM Vol. 2A, "CRC32—Accumulate CRC32 Value".
func crc32(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	crc := uint32(c.reg(in.Dst.Reg, 4))
	return c.store(in, uint64(simd.CRC32C(crc, v, int(in.Src.W))))
}

// addWith makes ADCX and ADOX: an addition whose carry goes in and out by one flag only.
//
// SDM Vol. 2A, "ADCX—Unsigned Integer Addition of Two Operands With Carry Flag".
func addWith(flag x86.Flags) Exec {
	return func(c *CPU, in *Inst) Fault {
		dst, src, f := c.load(in)
		if f.Raised {
			return f
		}
		carry := uint64(b2i(c.flag(flag)))
		sum, out := bits.Add64(dst, src, carry)
		if in.Dst.W == 4 {
			out = sum >> 32
		}
		c.setReg(in.Dst.Reg, in.Dst.W, sum)
		c.setFlags(flag, x86.Flags(-out)&flag)
		return Fault{}
	}
}
