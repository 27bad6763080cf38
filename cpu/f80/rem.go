package f80

import "math/bits"

// Rem is FPREM: a - b·q with the quotient q chopped toward zero. When the exponents differ
// by 64 or more only a part of the reduction is done and C2 is set; otherwise C0, C3 and C1
// are bits 2, 1 and 0 of q.
//
// SDM Vol. 2A, "FPREM—Partial Remainder".
func Rem(c Control, a, b Float) (Float, Status) { return rem(c, a, b, false) }

// Rem1 is FPREM1: as Rem, with the quotient rounded to nearest (IEEE 754 remainder).
//
// SDM Vol. 2A, "FPREM1—Partial Remainder".
func Rem1(c Control, a, b Float) (Float, Status) { return rem(c, a, b, true) }

func rem(c Control, a, b Float, nearest bool) (Float, Status) {
	r, st, done := screen2(c, a, b)
	switch {
	case (a.IsInf() || b.IsZero()) && (!done || st == DE):
		return invalid() // goes before DE
	case done:
		return r, st
	case a.IsZero():
		return a, st
	case b.IsInf():
		return a.settled(), st
	}
	r, rst := remSig(c, a, b, nearest)
	return r, st | rst
}

// remSig reduces a by b, both finite and not zero.
func remSig(c Control, a, b Float, nearest bool) (Float, Status) {
	neg := a.Neg()
	aexp, asig := a.unpack()
	bexp, bsig := b.unpack()
	diff := aexp - bexp
	if diff >= 64 {
		// The hardware takes 32 to 63 bits off the exponent difference at a time.
		n := uint(diff&31 | 32)
		_, rest := bits.Div64(asig>>(64-n), asig<<n, bsig)
		r, st := packRem(c, neg, aexp-int(n), rest)
		return r, st | C2
	}
	var q, rest uint64
	switch {
	case diff >= 0:
		q, rest = bits.Div64(asig>>(64-uint(diff)), asig<<uint(diff), bsig)
	case diff == -1 && nearest && asig > bsig: // a is more than half of b
		r, st := packRem(c, !neg, aexp, bsig-(asig-bsig))
		return r, st | C1
	default:
		return packRem(c, neg, aexp, asig)
	}
	if nearest && (rest > bsig-rest || rest == bsig-rest && q&1 != 0) {
		rest, neg, q = bsig-rest, !neg, q+1
	}
	if rest == 0 {
		return Zero(a.Neg()), quotient(q)
	}
	r, st := packRem(c, neg, bexp, rest)
	return r, st | quotient(q)
}

// packRem packs a remainder, which is exact whatever the precision control says.
func packRem(c Control, neg bool, exp int, sig uint64) (Float, Status) {
	if sig == 0 {
		return Zero(neg), 0
	}
	n := bits.LeadingZeros64(sig)
	return packAt(c, 0, neg, exp-n, sig<<n, 0)
}

// quotient places the low three bits of q in C0, C3 and C1.
func quotient(q uint64) (st Status) {
	if q&4 != 0 {
		st |= C0
	}
	if q&2 != 0 {
		st |= C3
	}
	if q&1 != 0 {
		st |= C1
	}
	return st
}
