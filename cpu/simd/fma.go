package simd

import (
	"math"
	"math/bits"
)

// FMA is one lane of the FMA instructions: a·b+c rounded once, with the product negated if
// negProduct and c negated if negAddend. Of several NaNs the result is the first, and its
// sign does not change.
//
// SDM Vol. 1, "Fused-Multiply-ADD (FMA) Numeric Behavior".
func (f Format) FMA(m MXCSR, a, b, c uint64, negProduct, negAddend bool) (uint64, Status) {
	if r, ok := f.hostFMA(m, a, b, c, negProduct, negAddend); ok {
		return r, 0
	}
	if f.isNaN(a) || f.isNaN(b) || f.isNaN(c) {
		return f.fmaNaN(a, b, c)
	}
	a, b, c = f.daz(m, a), f.daz(m, b), f.daz(m, c)
	pneg := (f.neg(a) != f.neg(b)) != negProduct
	cneg := f.neg(c) != negAddend
	pinf := f.isInf(a) || f.isInf(b)
	if pinf && (f.isZero(a) || f.isZero(b) || f.isInf(c) && pneg != cneg) {
		return f.invalid()
	}
	st := f.denormals(a, b) | f.denormals(c, c)
	switch {
	case pinf:
		return f.withSign(pneg, f.inf()), st
	case f.isInf(c):
		return f.withSign(cneg, f.inf()), st
	}
	r, rst := f.fmaFinite(m, a, b, c, pneg, cneg)
	return r, st | rst
}

// fmaNaN is FMA when an operand is a NaN. Zero times infinity is invalid only if the addend
// is no quiet NaN.
func (f Format) fmaNaN(a, b, c uint64) (uint64, Status) {
	if f.isNaN(a) || f.isNaN(b) {
		r, st := f.nan(a, b)
		if f.isSNaN(c) {
			st = IE
		}
		return r, st
	}
	return f.nan(c, c)
}

// fmaFinite is FMA of finite numbers, given the signs of product and addend.
func (f Format) fmaFinite(m MXCSR, a, b, c uint64, pneg, cneg bool) (uint64, Status) {
	if f.isZero(a) || f.isZero(b) {
		if !f.isZero(c) {
			return f.repack(m, f.withSign(cneg, f.abs(c)))
		}
		if pneg != cneg {
			pneg = m&RC == RoundDown
		}
		return f.withSign(pneg, 0), 0
	}
	aexp, asig := f.unpack(a)
	bexp, bsig := f.unpack(b)
	hi, lo := bits.Mul64(asig, bsig)
	exp := aexp + bexp + 1
	if f.isZero(c) {
		return f.pack128(m, pneg, exp, hi, lo)
	}
	if hi>>63 == 0 {
		hi, lo, exp = hi<<1|lo>>63, lo<<1, exp-1
	}
	cexp, chi := f.unpack(c)
	clo := uint64(0)
	if exp < cexp || exp == cexp && hi < chi {
		pneg, cneg, exp, cexp = cneg, pneg, cexp, exp
		hi, lo, chi, clo = chi, 0, hi, lo
	}
	// The lowest bits of both are zero: a carry needs one more at the top.
	lo, hi = lo>>1|hi<<63, hi>>1
	chi, clo = jam128(chi, clo, uint(exp-cexp)+1)
	exp++
	var carry uint64
	if pneg == cneg {
		lo, carry = bits.Add64(lo, clo, 0)
		hi += chi + carry
	} else {
		lo, carry = bits.Sub64(lo, clo, 0)
		hi -= chi + carry
	}
	if hi|lo == 0 {
		return f.withSign(m&RC == RoundDown, 0), 0
	}
	return f.pack128(m, pneg, exp, hi, lo)
}

// pack128 rounds ±(hi:lo)·2^(exp-127), which is not zero.
func (f Format) pack128(m MXCSR, neg bool, exp int, hi, lo uint64) (uint64, Status) {
	if hi == 0 {
		hi, lo, exp = lo, 0, exp-64
	}
	n := bits.LeadingZeros64(hi)
	hi, lo = hi<<n|lo>>(64-n), lo<<n
	if lo != 0 {
		hi |= 1
	}
	return f.pack(m, neg, exp-n, hi)
}

// jam128 is jam of a number of 128 bits.
func jam128(hi, lo uint64, n uint) (uint64, uint64) {
	switch {
	case n == 0:
		return hi, lo
	case n < 64:
		rest := lo << (64 - n)
		lo, hi = lo>>n|hi<<(64-n), hi>>n
		return hi, lo | sticky(rest)
	case n < 128:
		rest := lo | hi<<(128-n)
		if n == 64 {
			rest = lo
		}
		return 0, hi>>(n-64) | sticky(rest)
	}
	return 0, sticky(hi | lo)
}

// sticky is 1 unless v is zero.
func sticky(v uint64) uint64 {
	if v != 0 {
		return 1
	}
	return 0
}

// hostFMA is FMA by the host's arithmetic, for binary64 only: Go has no other.
func (f Format) hostFMA(m MXCSR, a, b, c uint64, negProduct, negAddend bool) (uint64, bool) {
	if f != Double || m&hostMask != hostReady || tinyDouble(a) || tinyDouble(b) || tinyDouble(c) {
		return 0, false
	}
	if negProduct {
		a ^= f.signBit()
	}
	if negAddend {
		c ^= f.signBit()
	}
	r := math.Float64bits(math.FMA(math.Float64frombits(a), math.Float64frombits(b), math.Float64frombits(c)))
	return r, safeDouble(r)
}
