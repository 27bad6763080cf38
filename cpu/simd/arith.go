package simd

import "math/bits"

// Add is one lane of ADDPS, ADDPD, ADDSS and ADDSD: a+b.
//
// SDM Vol. 2A, "ADDPS—Add Packed Single Precision Floating-Point Values".
func (f Format) Add(m MXCSR, a, b uint64) (uint64, Status) {
	if r, ok := f.hostAdd(m, a, b); ok {
		return r, 0
	}
	return f.add(m, a, b, false)
}

// Sub is one lane of SUBPS, SUBPD, SUBSS and SUBSD: a-b.
//
// SDM Vol. 2B, "SUBPS—Subtract Packed Single Precision Floating-Point Values".
func (f Format) Sub(m MXCSR, a, b uint64) (uint64, Status) {
	if r, ok := f.hostAdd(m, a, b^f.signBit()); ok {
		return r, 0
	}
	return f.add(m, a, b, true)
}

func (f Format) add(m MXCSR, a, b uint64, sub bool) (uint64, Status) {
	if f.isNaN(a) || f.isNaN(b) {
		return f.nan(a, b)
	}
	a, b = f.daz(m, a), f.daz(m, b)
	st := f.denormals(a, b)
	if sub {
		b ^= f.signBit()
	}
	aneg, bneg := f.neg(a), f.neg(b)
	switch {
	case f.isInf(a) && f.isInf(b) && aneg != bneg:
		return f.invalid()
	case f.isInf(a):
		return a, st
	case f.isInf(b):
		return b, st
	case f.isZero(a) && f.isZero(b):
		if aneg != bneg {
			aneg = m&RC == RoundDown
		}
		return f.withSign(aneg, 0), st
	case f.isZero(a):
		r, rst := f.repack(m, b)
		return r, st | rst
	case f.isZero(b):
		r, rst := f.repack(m, a)
		return r, st | rst
	}
	aexp, asig := f.unpack(a)
	bexp, bsig := f.unpack(b)
	r, rst := f.addSig(m, aneg, aexp, asig, bneg, bexp, bsig)
	return r, st | rst
}

// repack rounds finite v, not zero: only a denormal can change, by FTZ.
func (f Format) repack(m MXCSR, v uint64) (uint64, Status) {
	exp, sig := f.unpack(v)
	return f.pack(m, f.neg(v), exp, sig)
}

// addSig adds two unpacked numbers.
func (f Format) addSig(m MXCSR, aneg bool, aexp int, asig uint64, bneg bool, bexp int, bsig uint64) (uint64, Status) {
	if aexp < bexp || aexp == bexp && asig < bsig {
		aneg, bneg, aexp, bexp, asig, bsig = bneg, aneg, bexp, aexp, bsig, asig
	}
	asig, bsig = asig>>1, jam(bsig>>1, uint(aexp-bexp)) // the lowest bits are zero
	aexp++
	sum := asig + bsig
	if aneg != bneg {
		sum = asig - bsig
	}
	if sum == 0 {
		return f.withSign(m&RC == RoundDown, 0), 0
	}
	n := bits.LeadingZeros64(sum)
	return f.pack(m, aneg, aexp-n, sum<<n)
}

// Mul is one lane of MULPS, MULPD, MULSS and MULSD: a·b.
//
// SDM Vol. 2B, "MULPS—Multiply Packed Single Precision Floating-Point Values".
func (f Format) Mul(m MXCSR, a, b uint64) (uint64, Status) {
	if r, ok := f.hostMul(m, a, b); ok {
		return r, 0
	}
	return f.mul(m, a, b)
}

func (f Format) mul(m MXCSR, a, b uint64) (uint64, Status) {
	if f.isNaN(a) || f.isNaN(b) {
		return f.nan(a, b)
	}
	a, b = f.daz(m, a), f.daz(m, b)
	st := f.denormals(a, b)
	neg := f.neg(a) != f.neg(b)
	inf, zero := f.isInf(a) || f.isInf(b), f.isZero(a) || f.isZero(b)
	switch {
	case inf && zero:
		return f.invalid()
	case inf:
		return f.withSign(neg, f.inf()), st
	case zero:
		return f.withSign(neg, 0), st
	}
	aexp, asig := f.unpack(a)
	bexp, bsig := f.unpack(b)
	hi, lo := bits.Mul64(asig, bsig)
	n := bits.LeadingZeros64(hi) // 0 or 1
	hi, lo = hi<<n|lo>>(64-n), lo<<n
	if lo != 0 {
		hi |= 1
	}
	r, rst := f.pack(m, neg, aexp+bexp+1-n, hi)
	return r, st | rst
}

// Div is one lane of DIVPS, DIVPD, DIVSS and DIVSD: a/b.
//
// SDM Vol. 2A, "DIVPS—Divide Packed Single Precision Floating-Point Values".
func (f Format) Div(m MXCSR, a, b uint64) (uint64, Status) {
	if r, ok := f.hostDiv(m, a, b); ok {
		return r, 0
	}
	return f.div(m, a, b)
}

func (f Format) div(m MXCSR, a, b uint64) (uint64, Status) {
	if f.isNaN(a) || f.isNaN(b) {
		return f.nan(a, b)
	}
	a, b = f.daz(m, a), f.daz(m, b)
	neg := f.neg(a) != f.neg(b)
	switch {
	case f.isInf(a) && f.isInf(b), f.isZero(a) && f.isZero(b):
		return f.invalid()
	case f.isInf(a):
		return f.withSign(neg, f.inf()), f.denormals(a, b)
	case f.isZero(b):
		return f.withSign(neg, f.inf()), ZE
	case f.isInf(b), f.isZero(a):
		return f.withSign(neg, 0), f.denormals(a, b)
	}
	st := f.denormals(a, b)
	aexp, asig := f.unpack(a)
	bexp, bsig := f.unpack(b)
	q, rem := bits.Div64(asig>>1, asig<<63, bsig)
	exp := aexp - bexp
	if q>>63 == 0 {
		q, exp = q<<1, exp-1
	}
	if rem != 0 {
		q |= 1
	}
	r, rst := f.pack(m, neg, exp, q)
	return r, st | rst
}

// Sqrt is one lane of SQRTPS, SQRTPD, SQRTSS and SQRTSD: √a.
//
// SDM Vol. 2B, "SQRTPS—Square Root of Single Precision Floating-Point Values".
func (f Format) Sqrt(m MXCSR, a uint64) (uint64, Status) {
	if r, ok := f.hostSqrt(m, a); ok {
		return r, 0
	}
	return f.sqrt(m, a)
}

func (f Format) sqrt(m MXCSR, a uint64) (uint64, Status) {
	if f.isNaN(a) {
		return f.nan(a, a)
	}
	a = f.daz(m, a)
	switch {
	case f.isZero(a):
		return a, 0
	case f.neg(a):
		return f.invalid()
	case f.isInf(a):
		return a, 0
	}
	exp, sig := f.unpack(a)
	// a = sig·2^(exp-63). Make the exponent odd or even so that the root is exact.
	hi, lo := sig>>1, sig<<63 // sig·2^63 as 128 bits: value hi:lo·2^(exp-126)
	if exp&1 != 0 {
		hi, lo = sig, 0
		exp--
	}
	root, rem := sqrt128(hi, lo)
	n := bits.LeadingZeros64(root)
	root <<= n
	if rem {
		root |= 1
	}
	r, st := f.pack(m, false, exp/2-n, root)
	return r, st | f.denormals(a, a)
}

// sqrt128 returns ⌊√(hi:lo)⌋ and whether the root is not exact, digit by digit.
func sqrt128(hi, lo uint64) (root uint64, inexact bool) {
	var rhi, rlo uint64 // remainder
	for range 64 {
		// Bring down two bits and try a 1.
		rhi = rhi<<2 | rlo>>62
		rlo = rlo<<2 | hi>>62
		hi, lo = hi<<2|lo>>62, lo<<2
		thi, tlo := root>>62, root<<2|1
		dlo, borrow := bits.Sub64(rlo, tlo, 0)
		dhi, borrow := bits.Sub64(rhi, thi, borrow)
		root <<= 1
		if borrow == 0 {
			rhi, rlo = dhi, dlo
			root |= 1
		}
	}
	return root, rhi|rlo != 0
}
