package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Lazy flags. While State.CCOp is not 0, the status flags in RFLAGS are out of date and
// follow from an operation and its operands:
//
//	CCOp  kind<<2 | log2 of the operand size in bytes
//	CCR   the result, sign-extended to 64 bits
//	CCB   the second operand of additions and subtractions, the first of shifts
//	CCA   the count of shifts
//
// Only the low bytes of CCB, as many as the operand has, count. The kinds of INC and DEC
// keep CF in RFLAGS. So does any kind with lazyHasCF added to CCOp, and OF with lazyHasOF:
// bit tests and rotations change these and leave the others as they were.
const (
	ccNone uint32 = iota
	ccInc
	ccDec
	ccAdd
	ccSub
	ccLogic
	ccShl
	ccShr
	ccSar
	ccMul // CCB is not 0 when the product does not fit
)

const (
	lazyHasCF uint32 = 1 << 8
	lazyHasOF uint32 = 1 << 9
	lazyKind  uint32 = 0xff // the rest of CCOp
)

// overlay sets the flags in mask, CF or CF and OF, and leaves the others to be computed;
// has is lazyHasCF or both bits.
func (c *CPU) overlay(has uint32, mask, f x86.Flags) {
	c.setFlags(mask, f)
	if c.S.CCOp != 0 {
		c.S.CCOp |= has
	}
}

// flushFlags brings RFLAGS up to date.
func (c *CPU) flushFlags() {
	s := c.S
	if s.CCOp == 0 {
		return
	}
	w := width(1) << (s.CCOp & 3)
	kind := s.CCOp & lazyKind >> 2
	var f x86.Flags
	changed := x86.FlagsStatus
	if s.CCOp&lazyHasCF != 0 {
		changed &^= x86.FlagCF
	}
	if s.CCOp&lazyHasOF != 0 {
		changed &^= x86.FlagOF
	}
	s.CCOp = 0
	switch kind {
	case ccInc:
		_, f = alu.Inc(w, (s.CCR-1)&w.Mask())
		changed &^= x86.FlagCF
	case ccDec:
		_, f = alu.Dec(w, (s.CCR+1)&w.Mask())
		changed &^= x86.FlagCF
	case ccAdd:
		_, f = alu.Add(w, (s.CCR-s.CCB)&w.Mask(), s.CCB&w.Mask(), 0)
	case ccSub:
		_, f = alu.Sub(w, (s.CCR+s.CCB)&w.Mask(), s.CCB&w.Mask(), 0)
	case ccLogic:
		f = alu.Logic(w, s.CCR)
	case ccShl:
		_, f, _ = alu.Shl(w, s.CCB, s.CCA)
	case ccShr:
		_, f, _ = alu.Shr(w, s.CCB, s.CCA)
	case ccSar:
		_, f, _ = alu.Sar(w, s.CCB, s.CCA)
	case ccMul:
		f = alu.Logic(w, s.CCR) &^ x86.FlagZF
		if s.CCB != 0 {
			f |= x86.FlagCF | x86.FlagOF
		}
	}
	c.setFlags(changed, f)
}

// lazyCF is CF as a number.
func (c *CPU) lazyCF() uint64 {
	s := c.S
	if s.CCOp&lazyHasCF != 0 {
		return c.carry()
	}
	m := (width(1) << (s.CCOp & 3)).Mask()
	switch s.CCOp & lazyKind >> 2 {
	case ccNone, ccInc, ccDec:
		return c.carry()
	case ccAdd:
		if s.CCR&m < s.CCB&m {
			return 1
		}
		return 0
	case ccSub:
		if (s.CCR+s.CCB)&m < s.CCB&m {
			return 1
		}
		return 0
	case ccLogic:
		return 0
	}
	c.flushFlags()
	return c.carry()
}

// keepCF brings CF in RFLAGS up to date, for an instruction that changes all others.
func (c *CPU) keepCF() {
	if c.S.CCOp >= ccAdd<<2 {
		c.S.RFLAGS = c.S.RFLAGS&^uint64(x86.FlagCF) | c.lazyCF()
	}
}

// lazyCond is cond without bringing RFLAGS up to date where that is cheap.
func (c *CPU) lazyCond(code uint8) bool {
	s := c.S
	kind := s.CCOp & lazyKind >> 2
	if kind == ccNone {
		return c.cond(code)
	}
	var v bool
	switch code >> 1 & 7 {
	case 1:
		v = c.lazyCF() != 0
	case 2:
		v = s.CCR == 0 && kind != ccMul
	case 3:
		v = s.CCR == 0 && kind != ccMul || c.lazyCF() != 0
	case 4:
		v = int64(s.CCR) < 0
	case 6, 7:
		if s.CCOp&lazyHasOF != 0 {
			c.flushFlags()
			return c.cond(code)
		}
		w := width(1) << (s.CCOp & 3)
		switch kind {
		case ccSub:
			y := w.SignExtend(s.CCB)
			v = int64(w.SignExtend(s.CCR+y)) < int64(y)
		case ccLogic:
			v = int64(s.CCR) < 0
		default:
			c.flushFlags()
			return c.cond(code)
		}
		v = v || code>>1&7 == 7 && s.CCR == 0
	default:
		c.flushFlags()
		return c.cond(code)
	}
	return v != (code&1 != 0)
}
