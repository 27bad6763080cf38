package alu

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Mul returns the double-width product of unsigned x and y, and the flags: CF and OF
// when the upper half is not 0. SF and PF (undefined) follow the low half, ZF and AF are
// clear.
//
// SDM Vol. 2B, "MUL—Unsigned Multiply".
func Mul(w Width, x, y uint64) (hi, lo uint64, f x86.Flags) {
	hi, lo = bits.Mul64(x&w.Mask(), y&w.Mask())
	if w != 8 {
		hi, lo = lo>>w.Bits(), lo&w.Mask()
	}
	return hi, lo, mulFlags(w, lo, hi != 0)
}

// IMul returns the double-width product of signed x and y, and the flags: CF and OF when
// the upper half is not the sign of the lower. The rest as Mul.
//
// SDM Vol. 2A, "IMUL—Signed Multiply".
func IMul(w Width, x, y uint64) (hi, lo uint64, f x86.Flags) {
	a, b := int64(w.SignExtend(x)), int64(w.SignExtend(y))
	if w == 8 {
		hi, lo = bits.Mul64(x, y)
		if a < 0 {
			hi -= y
		}
		if b < 0 {
			hi -= x
		}
	} else {
		p := uint64(a * b)
		hi, lo = p>>w.Bits()&w.Mask(), p&w.Mask()
	}
	sign := uint64(0)
	if lo&w.Sign() != 0 {
		sign = w.Mask()
	}
	return hi, lo, mulFlags(w, lo, hi != sign)
}

func mulFlags(w Width, lo uint64, over bool) x86.Flags {
	return Result(w, lo)&^x86.FlagZF | when(x86.FlagCF|x86.FlagOF, over)
}

// Div returns quotient and remainder of the unsigned double-width hi:lo by y. ok is
// false when y is 0 or the quotient does not fit. DIV changes no flags on Intel
// processors.
//
// SDM Vol. 2A, "DIV—Unsigned Divide".
func Div(w Width, hi, lo, y uint64) (q, r uint64, ok bool) {
	hi, lo, y = hi&w.Mask(), lo&w.Mask(), y&w.Mask()
	if hi >= y { // includes y = 0
		return 0, 0, false
	}
	if w == 8 {
		q, r = bits.Div64(hi, lo, y)
		return q, r, true
	}
	n := hi<<w.Bits() | lo
	return n / y, n % y, true
}

// IDiv returns quotient and remainder of the signed double-width hi:lo by y. ok is false
// when y is 0 or the quotient does not fit.
//
// SDM Vol. 2A, "IDIV—Signed Divide".
func IDiv(w Width, hi, lo, y uint64) (q, r uint64, ok bool) {
	negN, negD := hi&w.Sign() != 0, y&w.Sign() != 0
	hi, lo, y = hi&w.Mask(), lo&w.Mask(), y&w.Mask()
	if negN {
		hi, lo = negate(w, hi, lo)
	}
	if negD {
		y = -y & w.Mask()
	}
	q, r, ok = Div(w, hi, lo, y)
	limit := w.Sign() // magnitude of the most negative quotient
	if negN == negD {
		limit--
	}
	if !ok || q > limit {
		return 0, 0, false
	}
	if negN != negD {
		q = -q & w.Mask()
	}
	if negN {
		r = -r & w.Mask()
	}
	return q, r, true
}

// negate returns the two's complement of the double-width hi:lo.
func negate(w Width, hi, lo uint64) (uint64, uint64) {
	lo = -lo & w.Mask()
	hi = ^hi & w.Mask()
	if lo == 0 {
		hi = (hi + 1) & w.Mask()
	}
	return hi, lo
}
