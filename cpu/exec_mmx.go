package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// What the instructions on MMX registers share, and those that have no XMM form. The
// registers are the significands of the x87 registers; every instruction but EMMS marks all
// of them valid and makes register 0 the top of the stack.
//
// SDM Vol. 1, "MMX Instructions and the x87 FPU Tag Word".

// mmxReady is what the control registers forbid of MMX, and the x87 exception that is
// still pending.
//
// SDM Vol. 2A, "Exceptions Type 22"… "Type 25"; Vol. 3A, "Effect of MMX Instructions on
// Pending x87 Floating-Point Exceptions".
func (c *CPU) mmxReady() Fault {
	if c.CR0&x86.CR0_EM != 0 {
		return x86.UD(x86.ReasonFPUEmulated)
	}
	return c.fpWait()
}

// enterMMX marks all registers valid and makes register 0 the top of the stack.
func (c *CPU) enterMMX() {
	c.X87.setTop(0)
	c.X87.Tag = 0xff
}

// mmx is MMX register n.
func (c *CPU) mmx(n uint8) uint64 { return c.X87.Reg[n&7].Sig }

// setMMX writes MMX register n: the x87 register becomes a NaN or infinity.
func (c *CPU) setMMX(n uint8, v uint64) {
	c.enterMMX()
	c.X87.Reg[n&7] = f80.Float{Sig: v, SE: 0xffff}
}

// mmxGet returns operand a: an MMX or general register, memory or an immediate.
func (c *CPU) mmxGet(in *Inst, a Arg) (uint64, Fault) {
	if a.Kind == ArgMMX {
		return c.mmx(a.Reg), Fault{}
	}
	return c.get(in, a)
}

// mmxLoad makes the checks and returns the destination register and the source.
func (c *CPU) mmxLoad(in *Inst) (a, b uint64, f Fault) {
	if f := c.mmxReady(); f.Raised {
		return 0, 0, f
	}
	b, f = c.mmxGet(in, in.Src)
	return c.mmx(in.Dst.Reg), b, f
}

// emms is EMMS: all registers become empty.
//
// SDM Vol. 2A, "EMMS—Empty MMX Technology State".
func emms(c *CPU, _ *Inst) Fault {
	if f := c.mmxReady(); f.Raised {
		return f
	}
	c.X87.setTop(0)
	c.X87.Tag = 0
	return Fault{}
}

// movqMMX is MOVQ between MMX registers and memory, and MOVNTQ.
//
// SDM Vol. 2B, "MOVQ—Move Quadword".
func movqMMX(c *CPU, in *Inst) Fault {
	if f := c.mmxReady(); f.Raised {
		return f
	}
	v, f := c.mmxGet(in, in.Src)
	if f.Raised {
		return f
	}
	if in.Dst.Kind == ArgMem {
		c.X87.setTop(0) // also if the store faults
		if f := c.store(in, v); f.Raised {
			return f
		}
		c.enterMMX()
		return Fault{}
	}
	c.setMMX(in.Dst.Reg, v)
	return Fault{}
}

// movdToMMX is MOVD and MOVQ to an MMX register from a general register or memory.
//
// SDM Vol. 2B, "MOVD/MOVQ—Move Doubleword/Move Quadword".
func movdToMMX(c *CPU, in *Inst) Fault {
	_, v, f := c.mmxLoad(in)
	if f.Raised {
		return f
	}
	c.setMMX(in.Dst.Reg, v)
	return Fault{}
}

// movdFromMMX is MOVD and MOVQ from an MMX register.
func movdFromMMX(c *CPU, in *Inst) Fault {
	if f := c.mmxReady(); f.Raised {
		return f
	}
	v := c.mmx(in.Src.Reg)
	c.X87.setTop(0) // also if the store faults
	if f := c.store(in, v); f.Raised {
		return f
	}
	c.enterMMX()
	return Fault{}
}

// pshufw is PSHUFW.
//
// SDM Vol. 2B, "PSHUFW—Shuffle Packed Words".
func pshufw(c *CPU, in *Inst) Fault {
	_, v, f := c.mmxLoad(in)
	if f.Raised {
		return f
	}
	c.setMMX(in.Dst.Reg, simd.PShufW(v, uint8(in.Imm)))
	return Fault{}
}

// pinsrw is PINSRW: a word into the lane that the immediate names.
//
// SDM Vol. 2B, "PINSRW—Insert Word".
func pinsrw(c *CPU, in *Inst) Fault {
	if in.Dst.Kind == ArgMMX {
		a, b, f := c.mmxLoad(in)
		if f.Raised {
			return f
		}
		s := 16 * (in.Imm & 3)
		c.setMMX(in.Dst.Reg, a&^(0xffff<<s)|b&0xffff<<s)
		return Fault{}
	}
	a, b, f := c.sseLoad16(in)
	if f.Raised {
		return f
	}
	a.SetW(int(in.Imm&7), uint16(b))
	c.setXMM(in.Dst.Reg, a)
	return Fault{}
}

// sseLoad16 makes the checks and returns the destination register and a source that is a
// general register or memory.
func (c *CPU) sseLoad16(in *Inst) (a simd.Vec, b uint64, f Fault) {
	if f := c.sseReady(in); f.Raised {
		return a, 0, f
	}
	b, f = c.get(in, in.Src)
	return c.xmm(in.Dst.Reg), b, f
}

// pextrw is PEXTRW: the word that the immediate names, into a general register.
//
// SDM Vol. 2B, "PEXTRW—Extract Word".
func pextrw(c *CPU, in *Inst) Fault {
	if in.Src.Kind == ArgMMX {
		if f := c.mmxReady(); f.Raised {
			return f
		}
		c.enterMMX()
		return c.store(in, c.mmx(in.Src.Reg)>>(16*(in.Imm&3))&0xffff)
	}
	if f := c.sseReady(in); f.Raised {
		return f
	}
	return c.store(in, uint64(c.xmm(in.Src.Reg).W(int(in.Imm&7))))
}

// pmovmskb is PMOVMSKB: the top bits of all bytes.
//
// SDM Vol. 2B, "PMOVMSKB—Move Byte Mask".
func pmovmskb(c *CPU, in *Inst) Fault {
	if in.Src.Kind == ArgMMX {
		if f := c.mmxReady(); f.Raised {
			return f
		}
		c.enterMMX()
		return c.store(in, simd.PMovMskB(c.mmx(in.Src.Reg)))
	}
	return movmsk(c, in, 1)
}

// maskmov is MASKMOVQ and MASKMOVDQU: those bytes of the first operand whose mask byte has
// its top bit set go to DS:rDI.
//
// SDM Vol. 2B, "MASKMOVQ—Store Selected Bytes of Quadword".
func maskmov(c *CPU, in *Inst) Fault {
	var data, mask simd.Vec
	if in.Dst.Kind == ArgMMX {
		if f := c.mmxReady(); f.Raised {
			return f
		}
		data, mask = simd.Vec{c.mmx(in.Dst.Reg)}, simd.Vec{c.mmx(in.Src.Reg)}
	} else {
		if f := c.sseReady(in); f.Raised {
			return f
		}
		data, mask = c.xmm(in.Dst.Reg), c.xmm(in.Src.Reg)
	}
	if in.Dst.Kind == ArgMMX {
		c.enterMMX() // also if the store faults
		return c.storeSelected(in, data, simd.Signs(mask, 1), 8)
	}
	return c.storeSelected(in, data, simd.Signs(mask, 1), 16)
}

// storeSelected writes the bytes of v whose bit in sel is set to DS:rDI. The rights to all
// n bytes, 8 or 16, are checked even if none is selected, those to the upper half first.
func (c *CPU) storeSelected(in *Inst, v simd.Vec, sel uint64, n int) Fault {
	seg := x86.Seg(x86.DS)
	if in.Over != x86.NoSeg {
		seg = in.Over
	}
	off := c.reg(x86.RDI, in.AddrSize)
	for i := n - 8; i >= 0; i -= 8 {
		la, f := c.linear(seg, (off+uint64(i))&in.AddrSize.Mask(), 8, forWrite)
		if f.Raised {
			return f
		}
		if f := c.probeWrite(la, 8, c.class); f.Raised {
			return f
		}
	}
	for i := range n {
		if sel>>i&1 == 0 {
			continue
		}
		la, f := c.linear(seg, (off+uint64(i))&in.AddrSize.Mask(), 1, forWrite)
		if f.Raised {
			return f
		}
		if f := c.writeLin(la, uint64(v.B(i)), 1, c.class); f.Raised {
			return f
		}
	}
	return Fault{}
}

// movq2dq is MOVQ2DQ: an MMX register into the low half of an XMM register.
//
// SDM Vol. 2B, "MOVQ2DQ—Move Quadword from MMX Technology to XMM Register".
func movq2dq(c *CPU, in *Inst) Fault {
	if f := c.sseWithMMX(in); f.Raised {
		return f
	}
	c.enterMMX()
	c.setXMM(in.Dst.Reg, simd.Vec{c.mmx(in.Src.Reg), 0})
	return Fault{}
}

// movdq2q is MOVDQ2Q: the low half of an XMM register into an MMX register.
//
// SDM Vol. 2B, "MOVDQ2Q—Move Quadword from XMM to MMX Technology Register".
func movdq2q(c *CPU, in *Inst) Fault {
	if f := c.sseWithMMX(in); f.Raised {
		return f
	}
	c.setMMX(in.Dst.Reg, c.xmm(in.Src.Reg)[0])
	return Fault{}
}

// sseWithMMX is the check of instructions on both kinds of registers.
func (c *CPU) sseWithMMX(in *Inst) Fault {
	if f := c.sseReady(in); f.Raised {
		return f
	}
	return c.mmxReady()
}
