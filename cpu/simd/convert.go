package simd

import "math/bits"

// Convert is one lane of CVTSS2SD, CVTPS2PD, CVTSD2SS and CVTPD2PS: v of format f in
// format to.
//
// SDM Vol. 2A, "CVTPD2PS—Convert Packed Double Precision Floating-Point Values to Packed
// Single Precision Floating-Point Values".
func (f Format) Convert(m MXCSR, to Format, v uint64) (uint64, Status) {
	neg := f.neg(v)
	if f.isNaN(v) {
		q, st := f.nan(v, v)
		frac := q & f.fracMask()
		if to > f {
			frac <<= to - f
		} else {
			frac >>= f - to
		}
		return to.withSign(neg, to.inf()|frac), st
	}
	v = f.daz(m, v)
	switch {
	case f.isInf(v):
		return to.withSign(neg, to.inf()), 0
	case f.isZero(v):
		return to.withSign(neg, 0), 0
	}
	exp, sig := f.unpack(v)
	r, st := to.pack(m, neg, exp, sig)
	return r, st | f.denormals(v, v)
}

// ToInt is CVTSS2SI and its kin: v as a signed integer of n bits (32 or 64), rounded as m
// says; in the low n bits. What does not fit is the integer indefinite, 1<<(n-1), and
// invalid. Denormal operands are not reported.
//
// SDM Vol. 2A, "CVTSD2SI—Convert Scalar Double Precision Floating-Point Value to Doubleword
// Integer".
func (f Format) ToInt(m MXCSR, n uint, v uint64) (uint64, Status) {
	indefinite := uint64(1) << (n - 1)
	v = f.daz(m, v)
	if f.isZero(v) {
		return 0, 0
	}
	if f.isNaN(v) || f.isInf(v) {
		return indefinite, IE
	}
	exp, sig := f.unpack(v)
	neg := f.neg(v)
	if exp >= int(n) {
		return indefinite, IE
	}
	q, inexact := integer(m, neg, exp, sig)
	if q > indefinite || q == indefinite && !neg {
		return indefinite, IE
	}
	var st Status
	if inexact {
		st = PE
	}
	if neg {
		q = -q
	}
	return q & (indefinite<<1 - 1), st
}

// ToIntTruncated is CVTTSS2SI and its kin: ToInt, rounding toward zero.
func (f Format) ToIntTruncated(m MXCSR, n uint, v uint64) (uint64, Status) {
	return f.ToInt(m|RoundZero, n, v)
}

// integer rounds sig·2^(exp-63), below 2^64, to an integer.
func integer(m MXCSR, neg bool, exp int, sig uint64) (q uint64, inexact bool) {
	if exp == 63 {
		return sig, false
	}
	if exp < -1 {
		sig, exp = 1<<61|1, -1 // less than a half, not zero
	}
	if exp == -1 {
		return roundBits(m, neg, sig>>1|sig&1, 63)
	}
	return roundBits(m, neg, sig, uint(63-exp))
}

// FromInt is CVTSI2SS and its kin: the signed integer v, rounded to the format.
//
// SDM Vol. 2A, "CVTSI2SS—Convert Doubleword Integer to Scalar Single Precision
// Floating-Point Value".
func (f Format) FromInt(m MXCSR, v int64) (uint64, Status) {
	if v == 0 {
		return 0, 0
	}
	u, neg := uint64(v), v < 0
	if neg {
		u = -u
	}
	n := bits.LeadingZeros64(u)
	return f.pack(m, neg, 63-n, u<<n)
}

// RoundToInt is one lane of ROUNDPS, ROUNDPD, ROUNDSS and ROUNDSD: v as a number without
// fraction. imm is the immediate: bits 1:0 rounding, bit 2 use the rounding of m, bit 3
// suppress the precision exception.
//
// SDM Vol. 2B, "ROUNDPD—Round Packed Double Precision Floating-Point Values".
func (f Format) RoundToInt(m MXCSR, v uint64, imm uint8) (uint64, Status) {
	if f.isNaN(v) {
		return f.nan(v, v)
	}
	v = f.daz(m, v)
	if f.isZero(v) || f.isInf(v) {
		return v, 0
	}
	if imm&4 == 0 {
		m = m&^RC | MXCSR(imm&3)<<13
	}
	exp, sig := f.unpack(v)
	if exp >= int(f) {
		return v, 0
	}
	neg := f.neg(v)
	q, inexact := integer(m, neg, exp, sig)
	var st Status
	if inexact && imm&8 == 0 {
		st = PE
	}
	if q == 0 {
		return f.withSign(neg, 0), st
	}
	n := bits.LeadingZeros64(q)
	r, _ := f.pack(m, neg, 63-n, q<<n) // exact
	return r, st
}
