package cpu

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Bit tests, rotations and the instructions for locks. They serve several operand sizes;
// o.aux is the size in bytes.

// loadOp returns w bytes at la, modifyOp too but for an operand that will be written back;
// storeOp stores them. All are false where the plain engine must.
func (c *CPU) loadOp(la mmu.LinAddr, w width) (v uint64, ok bool) {
	if v, ok = c.loadHit(la, w); !ok {
		v, ok = c.loadMiss(la, w)
	}
	return v, ok
}

func (c *CPU) modifyOp(la mmu.LinAddr, w width) (v uint64, ok bool) {
	switch w {
	case 1:
		v, ok = c.modify8(la)
	case 2:
		v, ok = c.modify16(la)
	case 4:
		v, ok = c.modify32(la)
	default:
		v, ok = c.modify64(la)
	}
	if !ok {
		v, ok = c.modifyMiss(la, w)
	}
	return v, ok
}

func (c *CPU) storeOp(la mmu.LinAddr, v uint64, w width) bool {
	switch w {
	case 1:
		return c.store8(la, v) || c.storeMiss(la, v, w)
	case 2:
		return c.store16(la, v) || c.storeMiss(la, v, w)
	case 4:
		return c.store32(la, v) || c.storeMiss(la, v, w)
	}
	return c.store64(la, v) || c.storeMiss(la, v, w)
}

// A bitFn is what BT, BTS, BTR and BTC make of the bit.
type bitFn uint8

const (
	bitTest bitFn = iota
	bitSet
	bitReset
	bitComplement
)

func bitFnOf(name string) bitFn {
	switch name {
	case "BTS":
		return bitSet
	case "BTR":
		return bitReset
	case "BTC":
		return bitComplement
	}
	return bitTest
}

func (f bitFn) apply(v, m uint64) uint64 {
	switch f {
	case bitSet:
		return v | m
	case bitReset:
		return v &^ m
	case bitComplement:
		return v ^ m
	}
	return v
}

// opBitsRI and its kin are BT, BTS, BTR and BTC by o.cc, of a register or memory by an
// immediate or a register.
func opBitsRI(c *CPU, o *op) *op { return c.bitsOfReg(o, o.imm) }
func opBitsRR(c *CPU, o *op) *op { return c.bitsOfReg(o, c.S.R[o.src&31]) }
func opBitsMI(c *CPU, o *op) *op { return c.bitsOfMem(o, c.opAddr(o), o.imm) }

func (c *CPU) bitsOfReg(o *op, n uint64) *op {
	w := width(o.aux)
	n &= uint64(w.Bits()) - 1
	v := c.S.R[o.dst&31]
	if f := bitFn(o.cc); f != bitTest {
		c.setReg(o.dst, w, f.apply(v, 1<<(n&63)))
	}
	c.overlay(lazyHasCF, x86.FlagCF, x86.Flags(v>>(n&63)&1))
	return o.after()
}

// opBitsMR takes the bit from where the number leads, also beyond the operand. Its segment
// has no base: the address wraps with the code size.
func opBitsMR(c *CPU, o *op) *op {
	w := width(o.aux)
	n := w.SignExtend(c.S.R[o.src&31])
	words := int64(n) >> bits.TrailingZeros(w.Bits())
	return c.bitsOfMem(o, mmu.LinAddr((uint64(c.opAddr(o))+uint64(words)*uint64(w))&c.ripMask), n)
}

func (c *CPU) bitsOfMem(o *op, la mmu.LinAddr, n uint64) *op {
	w, f := width(o.aux), bitFn(o.cc)
	n &= uint64(w.Bits()) - 1
	if f == bitTest {
		v, ok := c.loadOp(la, w)
		if !ok {
			return c.bail(o)
		}
		c.overlay(lazyHasCF, x86.FlagCF, x86.Flags(v>>(n&63)&1))
		return o.after()
	}
	v, ok := c.modifyOp(la, w)
	if !ok || !c.storeOp(la, f.apply(v, 1<<(n&63)), w) {
		return c.bail(o)
	}
	c.overlay(lazyHasCF, x86.FlagCF, x86.Flags(v>>(n&63)&1))
	return o.after()
}

// opRolRI and opRorRI rotate a register by an immediate, not 0, whose flags somebody needs.
// From a count of 2 on OF stays; see alu.Rol.
func opRolRI(c *CPU, o *op) *op {
	r, f, changed := alu.Rol(width(o.aux), c.S.R[o.dst&31], o.imm, true)
	return c.rotated(o, r, f, changed)
}

func opRorRI(c *CPU, o *op) *op {
	r, f, changed := alu.Ror(width(o.aux), c.S.R[o.dst&31], o.imm, true)
	return c.rotated(o, r, f, changed)
}

func (c *CPU) rotated(o *op, r uint64, f, changed x86.Flags) *op {
	c.setReg(o.dst, width(o.aux), r)
	has := lazyHasCF
	if changed&x86.FlagOF != 0 {
		has |= lazyHasOF
	}
	c.overlay(has, changed, f)
	return o.after()
}

// opCmpxchgM, opXaddM and opXchgM are CMPXCHG, XADD and XCHG with memory.
func opCmpxchgM(c *CPU, o *op) *op {
	la, w := c.opAddr(o), width(o.aux)
	v, ok := c.modifyOp(la, w)
	if !ok {
		return c.bail(o)
	}
	acc := c.reg(x86.RAX, w)
	if acc == v {
		if !c.storeOp(la, c.S.R[o.src&31], w) {
			return c.bail(o)
		}
	} else {
		if !c.storeOp(la, v, w) {
			return c.bail(o)
		}
		c.setReg(x86.RAX, w, v)
	}
	c.S.CCOp, c.S.CCR, c.S.CCB = ccSub<<2|uint32(bits.TrailingZeros8(uint8(w))), w.SignExtend(acc-v), v
	return o.after()
}

func opXaddM(c *CPU, o *op) *op {
	la, w := c.opAddr(o), width(o.aux)
	v, ok := c.modifyOp(la, w)
	y := c.reg(o.src, w)
	if !ok || !c.storeOp(la, v+y, w) {
		return c.bail(o)
	}
	c.setReg(o.src, w, v)
	c.S.CCOp, c.S.CCR, c.S.CCB = ccAdd<<2|uint32(bits.TrailingZeros8(uint8(w))), w.SignExtend(v+y), y
	return o.after()
}

// opXchgM has its memory operand in either place; o.dst is the register.
func opXchgM(c *CPU, o *op) *op {
	la, w := c.opAddr(o), width(o.aux)
	v, ok := c.modifyOp(la, w)
	if !ok || !c.storeOp(la, c.S.R[o.dst&31], w) {
		return c.bail(o)
	}
	c.setReg(o.dst, w, v)
	return o.after()
}

// opDivM64 and its kin are DIV and IDIV of RDX:RAX or EDX:EAX by memory.
func opDivM(c *CPU, o *op) *op {
	w := width(o.aux)
	y, ok := c.loadOp(c.opAddr(o), w)
	if !ok {
		return c.bail(o)
	}
	q, r, ok := alu.Div(w, c.reg(x86.RDX, w), c.reg(x86.RAX, w), y)
	return c.divided(o, q, r, ok)
}

func opIdivM(c *CPU, o *op) *op {
	w := width(o.aux)
	y, ok := c.loadOp(c.opAddr(o), w)
	if !ok {
		return c.bail(o)
	}
	q, r, ok := alu.IDiv(w, c.reg(x86.RDX, w), c.reg(x86.RAX, w), y)
	return c.divided(o, q, r, ok)
}

func (c *CPU) divided(o *op, q, r uint64, ok bool) *op {
	if !ok {
		return c.bail(o)
	}
	c.S.R[x86.RAX], c.S.R[x86.RDX] = q, r
	return o.after()
}

// opMulM is MUL with memory, of 4 or 8 bytes.
func opMulM(c *CPU, o *op) *op {
	w := width(o.aux)
	y, ok := c.loadOp(c.opAddr(o), w)
	if !ok {
		return c.bail(o)
	}
	hi, lo := bits.Mul64(c.reg(x86.RAX, w), y)
	if w == 4 {
		hi, lo = lo>>32, lo&0xffffffff
	}
	c.S.R[x86.RAX], c.S.R[x86.RDX] = lo, hi
	c.S.CCOp, c.S.CCR, c.S.CCB = ccMul<<2|uint32(bits.TrailingZeros8(uint8(w))), w.SignExtend(lo), hi
	return o.after()
}
