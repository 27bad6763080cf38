package f80

import "math/bits"

// Atan is FPATAN: the angle of the point (x, y), in [-π, π]. y is ST(1), x is ST(0); the
// result replaces y and x is popped.
//
// SDM Vol. 2A, "FPATAN—Partial Arctangent".
func Atan(c Control, y, x Float) (Float, Status) {
	r, st, done := screen2(c, y, x)
	if done {
		return r, st
	}
	neg := y.Neg()
	switch {
	case y.IsInf() && x.IsInf():
		v := atanEighths[7] // π/4
		if x.Neg() {
			v = pi.sub(v)
		}
		r, rst := v.pack(c, neg)
		return r, st | rst
	case y.IsZero() && x.IsZero(), y.IsZero(), x.IsInf():
		if !x.Neg() {
			return Zero(neg), st
		}
		r, rst := pi.pack(c, neg)
		return r, st | rst
	case x.IsZero(), y.IsInf():
		r, rst := halfPi.pack(c, neg)
		return r, st | rst
	}
	if !x.Neg() && y.widen().exp-x.widen().exp < -40 {
		r, rst := y.widen().div(x.widen()).packInexact(c, neg)
		return r, st | rst
	}
	r, rst := angleOf(y.widen(), x.widen(), x.Neg()).pack(c, neg)
	return r, st | rst
}

// angleOf is the angle of (±x, y) for positive x and y.
func angleOf(y, x wide, xneg bool) wide {
	var v wide
	if x.less(y) {
		v = arc(x, y)
		if xneg {
			return halfPi.add(v)
		}
		return halfPi.sub(v)
	}
	v = arc(y, x)
	if xneg {
		return pi.sub(v)
	}
	return v
}

// arc is atan(y/x) for y ≤ x, both with 64-bit significands. With k/8 the eighth nearest to
// y/x, it is atan(k/8) + atan(u), where u = (8y - kx)/(8x + ky) is at most 1/16.
func arc(y, x wide) wide {
	k, d := uint64(0), uint(x.exp-y.exp)
	if d > 5 {
		return atanSmall(y.div(x))
	}
	s := y.hi >> d
	carryLo, carry := bits.Add64(s<<3, x.hi>>1, 0)
	k, _ = bits.Div64(s>>61+carry, carryLo, x.hi)
	if k == 0 {
		return atanSmall(y.div(x))
	}
	// Both numbers in the same unit, with room for factors up to 8 and their sum.
	xhi, xlo := x.hi>>6, x.hi<<58
	yhi, ylo := shiftRight(y.hi>>6, y.hi<<58, d)
	kxhi, kxlo := scale128(xhi, xlo, k)
	kyhi, kylo := scale128(yhi, ylo, k)
	y8hi, y8lo := scale128(yhi, ylo, 8)
	x8hi, x8lo := scale128(xhi, xlo, 8)
	denLo, c := bits.Add64(x8lo, kylo, 0)
	denHi := x8hi + kyhi + c
	numLo, borrow := bits.Sub64(y8lo, kxlo, 0)
	numHi, borrow := bits.Sub64(y8hi, kxhi, borrow)
	base := atanEighths[k-1]
	if borrow != 0 {
		numLo, borrow = bits.Sub64(kxlo, y8lo, 0)
		numHi, _ = bits.Sub64(kxhi, y8hi, borrow)
		return base.sub(atanSmall(wideOf(0, numHi, numLo).div(wideOf(0, denHi, denLo))))
	}
	if numHi|numLo == 0 {
		return base
	}
	return base.add(atanSmall(wideOf(0, numHi, numLo).div(wideOf(0, denHi, denLo))))
}

// scale128 multiplies by a small k.
func scale128(hi, lo, k uint64) (uint64, uint64) {
	c, l := bits.Mul64(lo, k)
	return hi*k + c, l
}

// atanSmall is atan u for 0 < u ≤ 1/16.
func atanSmall(u wide) wide {
	z := u.mul(u).fraction()
	return u.mul(alternating(z, atanTerms[:16]).oneMinus())
}
