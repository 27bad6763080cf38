package f80

import "math/bits"

// RndInt is FRNDINT: a rounded to an integer as the rounding control says. It ignores the
// precision control.
//
// SDM Vol. 2A, "FRNDINT—Round to Integer".
func RndInt(c Control, a Float) (Float, Status) {
	r, st, done := screen1(c, a)
	if done || a.IsInf() || a.IsZero() {
		return r, st
	}
	exp, sig := a.unpack()
	frac := expBias + 63 - exp // how many bits of sig are below the point
	if frac <= 0 {
		return a, st
	}
	hi, lo := shiftRight(sig, 0, uint(min(frac, 127)))
	n, _, rst := roundAt(c, 0, a.Neg(), hi, lo)
	if n == 0 {
		return Zero(a.Neg()), st | rst
	}
	z := bits.LeadingZeros64(n)
	return Float{n << z, uint16(expBias+63-z) | signOf(a.Neg())}, st | rst
}

// Scale is FSCALE: a times two to the power of b chopped to an integer. It ignores the
// precision control.
//
// SDM Vol. 2A, "FSCALE—Scale".
func Scale(c Control, a, b Float) (Float, Status) {
	r, st, done := screen2(c, a, b)
	switch {
	case done:
		return r, st
	case b.IsInf() && b.Neg():
		if a.IsInf() {
			return invalid()
		}
		return Zero(a.Neg()), st
	case b.IsInf():
		if a.IsZero() {
			return invalid()
		}
		return Inf(a.Neg()), st
	case a.IsInf() || a.IsZero() || b.IsZero():
		return a.settled(), st
	}
	exp, sig := a.unpack()
	r, rst := packAt(c, 0, a.Neg(), exp+chop(b), sig, 0)
	return r, st | rst
}

// chop returns b chopped to an integer and limited to ±2¹⁶, which is beyond every exponent.
func chop(b Float) int {
	if b.IsZero() {
		return 0
	}
	exp, sig := b.unpack()
	n := 0
	switch {
	case exp < expBias:
		return 0
	case exp >= expBias+16:
		n = 1 << 16
	default:
		n = int(sig >> uint(expBias+63-exp))
	}
	if b.Neg() {
		return -n
	}
	return n
}

// Extract is FXTRACT: the unbiased exponent of a, which replaces ST(0), and its significand
// with the exponent of 1, which is then pushed.
//
// SDM Vol. 2A, "FXTRACT—Extract Exponent and Significand".
func Extract(c Control, a Float) (exponent, significand Float, st Status) {
	r, st, done := screen1(c, a)
	switch {
	case done:
		return r, r, st
	case a.IsZero():
		return Inf(true), a, ZE
	case a.IsInf():
		return Inf(false), a, st
	}
	exp, sig := a.unpack()
	return FromInt64(int64(exp - expBias)), Float{sig, expBias | a.SE&signBit}, st
}
