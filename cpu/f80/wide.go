package f80

import "math/bits"

// A wide is a positive number with twice the significand of a Float, for the inside of the
// transcendental functions: (hi·2⁶⁴+lo)·2^(exp-127). hi has its top bit set; operations
// truncate, with an error of a few units of the last of the 128 bits.
type wide struct {
	exp    int
	hi, lo uint64
}

// wideOf normalises (hi·2⁶⁴+lo)·2^(exp-127), which is not zero.
func wideOf(exp int, hi, lo uint64) wide {
	hi, lo, n := normalize(hi, lo)
	return wide{exp - n, hi, lo}
}

// widen is the magnitude of a finite Float other than zero.
func (f Float) widen() wide {
	exp, sig := f.unpack()
	return wide{exp - expBias, sig, 0}
}

// mul128 returns the upper half of the product of two 128-bit fractions.
func mul128(ahi, alo, bhi, blo uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(ahi, bhi)
	x, xl := bits.Mul64(ahi, blo)
	y, yl := bits.Mul64(alo, bhi)
	_, c0 := bits.Add64(xl, yl, 0)
	lo, c := bits.Add64(lo, x, c0)
	hi += c
	lo, c = bits.Add64(lo, y, 0)
	return hi + c, lo
}

func (a wide) mul(b wide) wide {
	hi, lo := mul128(a.hi, a.lo, b.hi, b.lo)
	return wideOf(a.exp+b.exp+1, hi, lo)
}

// div is a/b; the lowest bit is sticky.
func (a wide) div(b wide) wide {
	exp := a.exp - b.exp
	var out uint64
	if a.hi > b.hi || a.hi == b.hi && a.lo >= b.lo {
		out = a.lo & 1
		a.hi, a.lo = a.hi>>1, a.lo>>1|a.hi<<63
	} else {
		exp--
	}
	q1, r1, r0 := div3by2(a.hi, a.lo, b.hi, b.lo)
	q0, r1, r0 := div3by2(r1, r0, b.hi, b.lo)
	return wide{exp, q1, q0 | sticky(r1|r0|out)}
}

// div3by2 divides a1:a0:0 by b1:b0, whose top bit is set and which is above a1:a0.
func div3by2(a1, a0, b1, b0 uint64) (q, r1, r0 uint64) {
	q = ^uint64(0)
	if a1 < b1 {
		q, _ = bits.Div64(a1, a0, b1)
	}
	h0, p0 := bits.Mul64(q, b0)
	p2, p1 := bits.Mul64(q, b1)
	p1, c := bits.Add64(p1, h0, 0)
	p2 += c
	r0, borrow := bits.Sub64(0, p0, 0)
	r1, borrow = bits.Sub64(a0, p1, borrow)
	r2, borrow := bits.Sub64(a1, p2, borrow)
	for borrow != 0 { // at most twice
		q--
		r0, c = bits.Add64(r0, b0, 0)
		r1, c = bits.Add64(r1, b1, c)
		r2, c = bits.Add64(r2, 0, c)
		borrow -= c
	}
	return q, r1, r0
}

// add is a+b.
func (a wide) add(b wide) wide {
	if a.exp < b.exp {
		a, b = b, a
	}
	bhi, blo := shiftRight(b.hi, b.lo, uint(a.exp-b.exp))
	lo, c := bits.Add64(a.lo, blo, 0)
	hi, c := bits.Add64(a.hi, bhi, c)
	if c != 0 {
		return wide{a.exp + 1, hi>>1 | jBit, lo>>1 | hi<<63 | lo&1}
	}
	return wide{a.exp, hi, lo}
}

// sub is a-b for a > b.
func (a wide) sub(b wide) wide {
	bhi, blo := shiftRight(b.hi, b.lo, uint(a.exp-b.exp))
	lo, borrow := bits.Sub64(a.lo, blo, 0)
	hi, _ := bits.Sub64(a.hi, bhi, borrow)
	return wideOf(a.exp, hi, lo)
}

// less reports whether a < b.
func (a wide) less(b wide) bool {
	if a.exp != b.exp {
		return a.exp < b.exp
	}
	return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo
}

// fraction returns a as a 128-bit fraction of 1, for a < 1.
func (a wide) fraction() fraction {
	hi, lo := shiftRight(a.hi, a.lo, uint(-1-a.exp))
	return fraction{hi, lo}
}

// pack rounds ±a to 64 bits. The transcendental functions are never exact where they come
// here, so PE is always raised.
func (a wide) pack(c Control, neg bool) (Float, Status) {
	return packAt(c, 0, neg, a.exp+expBias, a.hi, a.lo|1)
}

// packExact is pack for a number that is exact.
func (a wide) packExact(c Control, neg bool) (Float, Status) {
	return packAt(c, 0, neg, a.exp+expBias, a.hi, a.lo)
}
