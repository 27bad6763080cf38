package f80

// TwoToXMinus1 is F2XM1: 2ᵃ-1 for -1 ≤ a ≤ 1. Beyond that the manual leaves the result
// undefined; see the package comment.
//
// SDM Vol. 2A, "F2XM1—Compute 2^x–1".
func TwoToXMinus1(c Control, a Float) (Float, Status) {
	r, st, done := screen1(c, a)
	switch {
	case done || a.IsZero():
		return r, st
	case a.IsInf():
		if a.Neg() {
			return One(true), st
		}
		return a, st
	case a == One(true):
		return Float{jBit, signBit | expBias - 1}, PE
	case a.SE&expMask >= expBias:
		return a, PE
	}
	t := a.widen().mul(ln2)
	z := t.fraction()
	var v wide
	if a.Neg() {
		v = t.mul(alternating(z, expTerms[:]).oneMinus())
	} else {
		v = t.mul(ascending(z, expTerms[:]).onePlus())
	}
	r, rst := v.pack(c, a.Neg())
	return r, st | rst
}

// YLog2X is FYL2X: y·log₂ x. y is ST(1), x is ST(0); the result replaces y and x is popped.
//
// SDM Vol. 2A, "FYL2X—Compute y ∗ log2x".
func YLog2X(c Control, y, x Float) (Float, Status) {
	r, st, done := screen2(c, y, x)
	below := x.SE&expMask < expBias // log₂ x is negative
	switch {
	case x.IsZero() && y.IsDenormal():
		return Inf(!y.Neg()), ZE // goes before DE
	case x.Neg() && !x.IsZero() && !x.IsNaN() && !y.IsNaN():
		return invalid()
	case done:
		return r, st
	case x.IsZero() && y.IsZero(), x == One(false) && y.IsInf(), x.IsInf() && y.IsZero():
		return invalid()
	case x.IsZero() && y.IsInf():
		return Inf(!y.Neg()), st
	case x.IsZero():
		return Inf(!y.Neg()), st | ZE
	case x.IsInf(), y.IsInf():
		return Inf(y.Neg() != below), st
	case x == One(false):
		return Zero(y.Neg()), st
	case y.IsZero():
		return Zero(y.Neg() != below), st
	}
	v, neg, exact := log2(x.widen())
	v = v.mul(y.widen())
	neg = neg != y.Neg()
	if exact { // the hardware says inexact all the same
		r, rst := v.packInexact(c, neg)
		return r, st | rst
	}
	r, rst := v.pack(c, neg)
	return r, st | rst
}

// sqrt2 is the significand of √2, truncated.
const sqrt2 = 0xb504f333f9de6484

// log2 is |log₂ x| for x other than 1, and whether it is negative. With x = 2ᵏ·m and m near 1
// it is k + 2/ln 2 · atanh((m-1)/(m+1)); it is exact when m is 1.
func log2(x wide) (v wide, neg, exact bool) {
	one := wide{0, jBit, 0}
	k, m := x.exp, wide{0, x.hi, x.lo}
	switch {
	case x.hi == jBit && x.lo == 0:
		return integerWide(k), k < 0, true
	case x.hi > sqrt2:
		k, m.exp = k+1, -1
		v, neg = one.sub(m), true
	default:
		v = m.sub(one)
	}
	v = atanh(v.div(one.add(m))).mul(twoByLn2)
	switch {
	case k == 0:
		return v, neg, false
	case k < 0 == neg:
		return integerWide(k).add(v), k < 0, false
	}
	return integerWide(k).sub(v), k < 0, false
}

// integerWide is |k| for k other than 0.
func integerWide(k int) wide {
	if k < 0 {
		k = -k
	}
	return wideOf(63, uint64(k), 0)
}

// atanh is atanh s for 0 < s < 0.18.
func atanh(s wide) wide {
	z := s.mul(s).fraction()
	return s.mul(ascending(z, atanTerms[:]).onePlus())
}

// YLog2XPlus1 is FYL2XP1: y·log₂(x+1) for |x| < 1-√½. y is ST(1), x is ST(0); the result
// replaces y and x is popped. Beyond that range the manual leaves the result undefined; see
// the package comment.
//
// SDM Vol. 2A, "FYL2XP1—Compute y ∗ log2(x +1)".
func YLog2XPlus1(c Control, y, x Float) (Float, Status) {
	r, st, done := screen2(c, y, x)
	switch {
	case x.IsInf() && x.Neg() && !y.IsNaN():
		return invalid()
	case done:
		return r, st
	case x.IsInf() && y.IsZero(), x.IsZero() && y.IsInf():
		return invalid()
	case x.IsInf(), y.IsInf():
		return Inf(x.Neg() != y.Neg()), st
	case x.IsZero(), y.IsZero():
		return Zero(x.Neg() != y.Neg()), st
	case x.Neg() && x.SE&expMask >= expBias: // x ≤ -1
		return x, st | PE
	}
	v := log2p1(x.widen(), x.Neg()).mul(y.widen())
	r, rst := v.pack(c, x.Neg() != y.Neg())
	return r, st | rst
}

// log2p1 is |log₂(1±x)| for x > 0, and x < 1 when it is subtracted.
func log2p1(x wide, minus bool) (v wide) {
	two := wide{1, jBit, 0}
	switch {
	case x.exp < -1 && minus:
		return atanh(x.div(two.sub(x))).mul(twoByLn2)
	case x.exp < -1:
		return atanh(x.div(two.add(x))).mul(twoByLn2)
	case minus:
		v, _, _ = log2(wide{0, jBit, 0}.sub(x))
	default:
		v, _, _ = log2(wide{0, jBit, 0}.add(x))
	}
	return v
}
