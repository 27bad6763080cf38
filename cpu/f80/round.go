package f80

import "math/bits"

// biasAdjust is what an unmasked overflow takes off the exponent, and an unmasked underflow
// adds to it. SDM Vol. 1, "Numeric Overflow Exception (#O)".
const biasAdjust = 24576

// pack rounds to the precision of c; see packAt.
func pack(c Control, neg bool, exp int, hi, lo uint64) (Float, Status) {
	if c&(ControlPrecision|ControlRounding) == Precision64|RoundNearest && uint(exp-1) < expMax-1 {
		if lo == 0 {
			return Float{hi, uint16(exp) | signOf(neg)}, 0
		}
		if lo < 1<<63 || lo == 1<<63 && hi&1 == 0 {
			return Float{hi, uint16(exp) | signOf(neg)}, PE
		}
		if hi++; hi == 0 {
			hi, exp = jBit, exp+1
		}
		return Float{hi, uint16(exp) | signOf(neg)}, PE | C1
	}
	return packAt(c, c.dropped(), neg, exp, hi, lo)
}

// packAt rounds ±(hi + lo·2⁻⁶⁴)·2^(exp-bias-63) to a significand of 64-drop bits. hi has its
// top bit set; the lowest bit of lo may be sticky. The exponent may be out of range: packAt
// gives the masked or unmasked response to overflow and underflow. Tininess is judged after
// rounding.
func packAt(c Control, drop uint, neg bool, exp int, hi, lo uint64) (Float, Status) {
	sig, carry, st := roundAt(c, drop, neg, hi, lo)
	rexp := exp
	if carry {
		sig, rexp = jBit, exp+1
	}
	switch {
	case rexp > expMax:
		return overflow(c, drop, neg, rexp, sig, st)
	case rexp > 0:
		return Float{sig, uint16(rexp) | signOf(neg)}, st
	case !c.masks(UE):
		return adjusted(neg, rexp+biasAdjust, sig, st|UE)
	}
	hi, lo = shiftRight(hi, lo, uint(1-exp))
	sig, _, st = roundAt(c, drop, neg, hi, lo)
	if st&PE != 0 {
		st |= UE
	}
	return Float{sig, uint16(sig>>63) | signOf(neg)}, st
}

// overflow is the response to a rounded result whose exponent is above the range.
func overflow(c Control, drop uint, neg bool, exp int, sig uint64, st Status) (Float, Status) {
	if !c.masks(OE) {
		return adjusted(neg, exp-biasAdjust, sig, st|OE)
	}
	if c.increments(neg, 1, 1<<63) {
		return Inf(neg), OE | PE | C1
	}
	return Float{^uint64(0) << drop, expMax | signOf(neg)}, OE | PE
}

// adjusted delivers a result whose exponent has been wrapped for an exception handler. Only
// FSCALE can leave the range in spite of that; the answer is then zero or infinity, inexact.
func adjusted(neg bool, exp int, sig uint64, st Status) (Float, Status) {
	switch {
	case exp > expMax:
		return Inf(neg), st | PE | C1
	case exp < 1:
		return Zero(neg), st&^C1 | PE
	}
	return Float{sig, uint16(exp) | signOf(neg)}, st
}

// roundAt rounds hi + lo·2⁻⁶⁴ to a multiple of 1<<drop. st is PE and C1, as they apply; carry
// means that the sum left 64 bits and sig is 0.
func roundAt(c Control, drop uint, neg bool, hi, lo uint64) (sig uint64, carry bool, st Status) {
	sig, tail := hi, lo
	if drop != 0 {
		sig = hi >> drop << drop
		tail = hi<<(64-drop) | sticky(lo)
	}
	if tail == 0 {
		return sig, false, 0
	}
	if !c.increments(neg, sig>>drop, tail) {
		return sig, false, PE
	}
	sig += 1 << drop
	return sig, sig < 1<<drop, PE | C1
}

// sticky is 1 unless x is 0.
func sticky(x uint64) uint64 {
	if x != 0 {
		return 1
	}
	return 0
}

// shiftRight shifts the 128-bit hi:lo right by n; bits that fall off stick to the lowest one.
func shiftRight(hi, lo uint64, n uint) (uint64, uint64) {
	switch {
	case n == 0:
		return hi, lo
	case n < 64:
		return hi >> n, lo>>n | hi<<(64-n) | sticky(lo<<(64-n))
	case n == 64:
		return 0, hi | sticky(lo)
	case n < 128:
		return 0, hi>>(n-64) | sticky(hi<<(128-n)|lo)
	}
	return 0, sticky(hi | lo)
}

// normalize shifts the non-zero hi:lo left until the top bit is set and returns by how much.
func normalize(hi, lo uint64) (uint64, uint64, int) {
	if hi == 0 {
		n := bits.LeadingZeros64(lo)
		return lo << n, 0, 64 + n
	}
	n := bits.LeadingZeros64(hi)
	return hi<<n | lo>>(64-n), lo << n, n // a shift by 64 gives 0
}
