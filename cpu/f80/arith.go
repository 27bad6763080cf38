package f80

import "math/bits"

// Add is FADD: a+b, rounded to the precision of c.
//
// SDM Vol. 2A, "FADD/FADDP/FIADD—Add".
func Add(c Control, a, b Float) (Float, Status) { return add(c, a, b, false) }

// Sub is FSUB: a-b, rounded to the precision of c.
//
// SDM Vol. 2A, "FSUB/FSUBP/FISUB—Subtract".
func Sub(c Control, a, b Float) (Float, Status) { return add(c, a, b, true) }

func add(c Control, a, b Float, sub bool) (Float, Status) {
	neg, bneg := a.Neg(), b.Neg() != sub
	if a.isNormal() && b.isNormal() && c&DenormalOperand == 0 {
		return addSig(c, neg, int(a.SE&expMask), a.Sig, bneg, int(b.SE&expMask), b.Sig)
	}
	r, st, done := screen2(c, a, b)
	switch {
	case done:
		return r, st
	case a.IsInf() && b.IsInf() && neg != bneg:
		return invalid()
	case a.IsInf():
		return a, st
	case b.IsInf():
		return Inf(bneg), st
	case a.IsZero() && b.IsZero():
		if neg != bneg {
			neg = c&ControlRounding == RoundDown
		}
		return Zero(neg), st
	case a.IsZero():
		r, rst := packExact(c, bneg, b)
		return r, st | rst
	case b.IsZero():
		r, rst := packExact(c, neg, a)
		return r, st | rst
	}
	aexp, asig := a.unpack()
	bexp, bsig := b.unpack()
	r, rst := addSig(c, neg, aexp, asig, bneg, bexp, bsig)
	return r, st | rst
}

// packExact rounds f, finite and not zero, to the precision of c under a new sign.
func packExact(c Control, neg bool, f Float) (Float, Status) {
	exp, sig := f.unpack()
	return pack(c, neg, exp, sig, 0)
}

// addSig adds two unpacked numbers.
func addSig(c Control, aneg bool, aexp int, asig uint64, bneg bool, bexp int, bsig uint64) (Float, Status) {
	if aexp < bexp || aexp == bexp && asig < bsig {
		aneg, bneg, aexp, bexp, asig, bsig = bneg, aneg, bexp, aexp, bsig, asig
	}
	hi, lo := shiftRight(bsig, 0, uint(aexp-bexp))
	if aneg == bneg {
		sum, carry := bits.Add64(asig, hi, 0)
		if carry != 0 {
			lo = lo>>1 | lo&1 | sum<<63
			return pack(c, aneg, aexp+1, sum>>1|jBit, lo)
		}
		return pack(c, aneg, aexp, sum, lo)
	}
	lo, borrow := bits.Sub64(0, lo, 0)
	hi, _ = bits.Sub64(asig, hi, borrow)
	if hi|lo == 0 {
		return Zero(c&ControlRounding == RoundDown), 0
	}
	hi, lo, n := normalize(hi, lo)
	return pack(c, aneg, aexp-n, hi, lo)
}

// Mul is FMUL: a·b, rounded to the precision of c.
//
// SDM Vol. 2A, "FMUL/FMULP/FIMUL—Multiply".
func Mul(c Control, a, b Float) (Float, Status) {
	neg := (a.SE^b.SE)&signBit != 0
	if a.isNormal() && b.isNormal() && c&DenormalOperand == 0 {
		return mulSig(c, neg, int(a.SE&expMask)+int(b.SE&expMask), a.Sig, b.Sig)
	}
	r, st, done := screen2(c, a, b)
	switch {
	case done:
		return r, st
	case a.IsInf() && b.IsZero() || a.IsZero() && b.IsInf():
		return invalid()
	case a.IsInf() || b.IsInf():
		return Inf(neg), st
	case a.IsZero() || b.IsZero():
		return Zero(neg), st
	}
	aexp, asig := a.unpack()
	bexp, bsig := b.unpack()
	r, rst := mulSig(c, neg, aexp+bexp, asig, bsig)
	return r, st | rst
}

// mulSig multiplies normalised significands; exps is the sum of the biased exponents.
func mulSig(c Control, neg bool, exps int, asig, bsig uint64) (Float, Status) {
	hi, lo := bits.Mul64(asig, bsig)
	exp := exps - expBias + 1
	if hi&jBit == 0 {
		hi, lo, exp = hi<<1|lo>>63, lo<<1, exp-1
	}
	return pack(c, neg, exp, hi, lo)
}

// Div is FDIV: a/b, rounded to the precision of c.
//
// SDM Vol. 2A, "FDIV/FDIVP/FIDIV—Divide".
func Div(c Control, a, b Float) (Float, Status) {
	neg := (a.SE^b.SE)&signBit != 0
	if a.isNormal() && b.isNormal() && c&DenormalOperand == 0 {
		return divSig(c, neg, int(a.SE&expMask)-int(b.SE&expMask), a.Sig, b.Sig)
	}
	if b.IsZero() && !a.IsZero() && !a.IsInf() && !a.IsNaN() && !a.Unsupported() {
		return Inf(neg), ZE // the hardware does not say DE as well
	}
	r, st, done := screen2(c, a, b)
	switch {
	case done:
		return r, st
	case a.IsInf() && b.IsInf() || a.IsZero() && b.IsZero():
		return invalid()
	case a.IsInf():
		return Inf(neg), st
	case b.IsInf() || a.IsZero():
		return Zero(neg), st
	}
	aexp, asig := a.unpack()
	bexp, bsig := b.unpack()
	r, rst := divSig(c, neg, aexp-bexp, asig, bsig)
	return r, st | rst
}

// divSig divides normalised significands; exps is the difference of the biased exponents.
func divSig(c Control, neg bool, exps int, asig, bsig uint64) (Float, Status) {
	exp := exps + expBias
	var q, rem uint64
	if asig >= bsig {
		q, rem = bits.Div64(asig>>1, asig<<63, bsig)
	} else {
		q, rem = bits.Div64(asig, 0, bsig)
		exp--
	}
	return pack(c, neg, exp, q, tailOf(rem, bsig))
}

// tailOf turns the remainder of a division by d (top bit set) into the discarded part of the
// quotient: bit 63 tells whether it reaches one half, bit 0 whether anything else is left.
func tailOf(rem, d uint64) uint64 {
	switch {
	case rem == 0:
		return 0
	case rem < d-rem:
		return 1
	case rem == d-rem:
		return 1 << 63
	}
	return 1<<63 | 1
}

// Sqrt is FSQRT: the square root, rounded to the precision of c. The root of -0 is -0.
//
// SDM Vol. 2A, "FSQRT—Square Root".
func Sqrt(c Control, a Float) (Float, Status) {
	r, st, done := screen1(c, a)
	switch {
	case a.Neg() && !a.IsZero() && !a.IsNaN():
		return invalid()
	case done || a.IsInf() || a.IsZero():
		return r, st
	}
	exp, sig := a.unpack()
	exp -= expBias
	hi, lo := sig>>1, sig<<63 // sig·2⁶³: the root of it has 64 bits when the exponent is even
	if exp&1 != 0 {
		hi, lo = sig, 0
	}
	root, tail := sqrt128(hi, lo)
	r, rst := pack(c, false, exp>>1+expBias, root, tail)
	return r, st | rst
}

// sqrt128 returns the 64-bit integer root of hi:lo ≥ 2¹²⁶ and, as tailOf does, what is left.
func sqrt128(hi, lo uint64) (root, tail uint64) {
	// A tangent is never below the root; Newton's steps then come down to it.
	const offset = 0x5d30000000000000 // 4/11, a little rounded up, for the slope 11/16
	root = hi>>1 + hi>>3 + hi>>4 + offset
	if root < offset {
		root = ^uint64(0)
	}
	for {
		if hi >= root {
			break // root is 2⁶⁴-1 and the quotient would not fit
		}
		q, _ := bits.Div64(hi, lo, root)
		if q >= root {
			break
		}
		root = root>>1 + q>>1 + root&q&1
	}
	sqHi, sqLo := bits.Mul64(root, root)
	remLo, borrow := bits.Sub64(lo, sqLo, 0)
	remHi, _ := bits.Sub64(hi, sqHi, borrow)
	switch {
	case remHi|remLo == 0:
		return root, 0
	case remHi == 0 && remLo <= root: // (root+½)² = root² + root + ¼
		return root, 1
	}
	return root, 1<<63 | 1
}
