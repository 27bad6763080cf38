package simd

import (
	"math"
	"math/bits"
)

// The Format methods use the host's arithmetic where the result is exact, too: a program
// whose results are all exact never sets the precision flag.

func (f Format) hostAdd(m MXCSR, a, b uint64) (uint64, bool) {
	if f == Single {
		r, ok := AddSingle(m, uint32(a), uint32(b))
		return uint64(r), ok || m&RC == RoundNearest && exactSumSingle(uint32(a), uint32(b), r)
	}
	r, ok := AddDouble(m, a, b)
	return r, ok || m&RC == RoundNearest && exactSumDouble(a, b, r)
}

func (f Format) hostMul(m MXCSR, a, b uint64) (uint64, bool) {
	if f == Single {
		r, ok := MulSingle(m, uint32(a), uint32(b))
		return uint64(r), ok || m&RC == RoundNearest && exactProductSingle(uint32(a), uint32(b), r)
	}
	r, ok := MulDouble(m, a, b)
	return r, ok || m&RC == RoundNearest && exactProductDouble(a, b, r)
}

// A quotient is exact when the divisor times it is the dividend, exactly; a root when its
// square is.
func (f Format) hostDiv(m MXCSR, a, b uint64) (uint64, bool) {
	if f == Single {
		r, ok := DivSingle(m, uint32(a), uint32(b))
		return uint64(r), ok || m&RC == RoundNearest && safeSingle(r) && exactProductSingle(r, uint32(b), uint32(a))
	}
	r, ok := DivDouble(m, a, b)
	return r, ok || m&RC == RoundNearest && safeDouble(r) && exactProductDouble(r, b, a)
}

func (f Format) hostSqrt(m MXCSR, a uint64) (uint64, bool) {
	if f == Single {
		r, ok := SqrtSingle(m, 0, uint32(a))
		return uint64(r), ok || m&RC == RoundNearest && safeSingle(r) && exactProductSingle(r, r, uint32(a))
	}
	r, ok := SqrtDouble(m, 0, a)
	return r, ok || m&RC == RoundNearest && safeDouble(r) && exactProductDouble(r, r, a)
}

// exactSumDouble says whether the sum of a and b, which the host rounded to r, is r: by
// Knuth's error term, which is itself never rounded.
func exactSumDouble(a, b, r uint64) bool {
	x, y, s := math.Float64frombits(a), math.Float64frombits(b), math.Float64frombits(r)
	t := s - x
	return !tinyDouble(a) && !tinyDouble(b) && (safeDouble(r) || r<<1 == 0) && x-(s-t)+(y-t) == 0
}

func exactSumSingle(a, b, r uint32) bool {
	x, y, s := math.Float32frombits(a), math.Float32frombits(b), math.Float32frombits(r)
	t := s - x
	return !tinySingle(a) && !tinySingle(b) && (safeSingle(r) || r<<1 == 0) && x-(s-t)+(y-t) == 0
}

// exactProductDouble says whether a·b is r: the significant bits of the factors must fit into
// one significand together. (One bit less than both have together would do sometimes.)
func exactProductDouble(a, b, r uint64) bool {
	if tinyDouble(a) || tinyDouble(b) {
		return false
	}
	if !safeDouble(r) {
		return r<<1 == 0 && (a<<1 == 0 || b<<1 == 0)
	}
	const one = 1 << 52
	return bits.TrailingZeros64(a|one)+bits.TrailingZeros64(b|one) >= 53 &&
		math.Float64frombits(a)*math.Float64frombits(b) == math.Float64frombits(r)
}

// exactProductSingle uses that the product of two binary32 is exact in binary64.
func exactProductSingle(a, b, r uint32) bool {
	if tinySingle(a) || tinySingle(b) {
		return false
	}
	if !safeSingle(r) {
		return r<<1 == 0 && (a<<1 == 0 || b<<1 == 0)
	}
	return float64(math.Float32frombits(a))*float64(math.Float32frombits(b)) == float64(math.Float32frombits(r))
}
