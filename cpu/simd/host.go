package simd

import "math"

// The host's arithmetic. It may be used where IEEE 754 leaves only one result and no flag
// can come but precision:
//
//   - rounding is to nearest, which is all Go offers;
//   - no operand is denormal, and none is infinite or a NaN;
//   - the result is well inside the normal range, so that neither overflow nor underflow
//     could have been involved, or is a zero that is exact;
//   - precision is set already and masked, or the result is exact.
//
// AddDouble and its kin test all this but exactness in a few instructions, small enough for
// the compiler to copy them into their callers; the Format methods try exactness as well.

// Bits of MXCSR that decide, and their value when inexact results change no flag.
const (
	hostMask  = RC | PM | MXCSR(PE)
	hostReady = PM | MXCSR(PE)
)

// tinyDouble says whether v is denormal, not zero. safeDouble says whether v is normal and
// not next to either end of the range: its exponent field is in 2…2045.
func tinyDouble(v uint64) bool { return v<<1-1 < 1<<53-1 }
func safeDouble(v uint64) bool { return v<<1-2<<53 < 2044<<53 }

// tinySingle and safeSingle are the same for binary32; the exponent field is in 2…253.
func tinySingle(v uint32) bool { return v<<1-1 < 1<<24-1 }
func safeSingle(v uint32) bool { return v<<1-2<<24 < 252<<24 }

// AddDouble is a+b by the host, if that is known to be right and MXCSR stays as it is.
// SubDouble, MulDouble, DivDouble and SqrtDouble likewise, and the same for binary32.
func AddDouble(m MXCSR, a, b uint64) (uint64, bool) {
	r := math.Float64bits(math.Float64frombits(a) + math.Float64frombits(b))
	return r, m&hostMask == hostReady && !tinyDouble(a) && !tinyDouble(b) && safeDouble(r)
}

// SubDouble is a-b.
func SubDouble(m MXCSR, a, b uint64) (uint64, bool) {
	r := math.Float64bits(math.Float64frombits(a) - math.Float64frombits(b))
	return r, m&hostMask == hostReady && !tinyDouble(a) && !tinyDouble(b) && safeDouble(r)
}

// MulDouble is a·b.
func MulDouble(m MXCSR, a, b uint64) (uint64, bool) {
	r := math.Float64bits(math.Float64frombits(a) * math.Float64frombits(b))
	return r, m&hostMask == hostReady && !tinyDouble(a) && !tinyDouble(b) && safeDouble(r)
}

// DivDouble is a/b.
func DivDouble(m MXCSR, a, b uint64) (uint64, bool) {
	r := math.Float64bits(math.Float64frombits(a) / math.Float64frombits(b))
	return r, m&hostMask == hostReady && !tinyDouble(a) && !tinyDouble(b) && safeDouble(r)
}

// SqrtDouble is √b.
func SqrtDouble(m MXCSR, _, b uint64) (uint64, bool) {
	r := math.Float64bits(math.Sqrt(math.Float64frombits(b)))
	return r, m&hostMask == hostReady && !tinyDouble(b) && safeDouble(r)
}

// AddSingle is a+b.
func AddSingle(m MXCSR, a, b uint32) (uint32, bool) {
	r := math.Float32bits(math.Float32frombits(a) + math.Float32frombits(b))
	return r, m&hostMask == hostReady && !tinySingle(a) && !tinySingle(b) && safeSingle(r)
}

// SubSingle is a-b.
func SubSingle(m MXCSR, a, b uint32) (uint32, bool) {
	r := math.Float32bits(math.Float32frombits(a) - math.Float32frombits(b))
	return r, m&hostMask == hostReady && !tinySingle(a) && !tinySingle(b) && safeSingle(r)
}

// MulSingle is a·b.
func MulSingle(m MXCSR, a, b uint32) (uint32, bool) {
	r := math.Float32bits(math.Float32frombits(a) * math.Float32frombits(b))
	return r, m&hostMask == hostReady && !tinySingle(a) && !tinySingle(b) && safeSingle(r)
}

// DivSingle is a/b.
func DivSingle(m MXCSR, a, b uint32) (uint32, bool) {
	r := math.Float32bits(math.Float32frombits(a) / math.Float32frombits(b))
	return r, m&hostMask == hostReady && !tinySingle(a) && !tinySingle(b) && safeSingle(r)
}

// SqrtSingle is √b. The root of a binary32, rounded first to binary64 and then to binary32,
// is the correctly rounded one: 53 ≥ 2·24+2.
func SqrtSingle(m MXCSR, _, b uint32) (uint32, bool) {
	r := math.Float32bits(float32(math.Sqrt(float64(math.Float32frombits(b)))))
	return r, m&hostMask == hostReady && !tinySingle(b) && safeSingle(r)
}

// MinDouble is a if a < b, else b; MaxDouble is a if a > b, else b. They never round.
func MinDouble(_ MXCSR, a, b uint64) (uint64, bool) {
	x, y := math.Float64frombits(a), math.Float64frombits(b)
	r := b
	if x < y {
		r = a
	}
	return r, !tinyDouble(a) && !tinyDouble(b) && x-x == y-y
}

// MaxDouble is a if a > b, else b.
func MaxDouble(_ MXCSR, a, b uint64) (uint64, bool) {
	x, y := math.Float64frombits(a), math.Float64frombits(b)
	r := b
	if x > y {
		r = a
	}
	return r, !tinyDouble(a) && !tinyDouble(b) && x-x == y-y
}

// MinSingle is MinDouble for binary32.
func MinSingle(_ MXCSR, a, b uint32) (uint32, bool) {
	x, y := math.Float32frombits(a), math.Float32frombits(b)
	r := b
	if x < y {
		r = a
	}
	return r, !tinySingle(a) && !tinySingle(b) && x-x == y-y
}

// MaxSingle is MaxDouble for binary32.
func MaxSingle(_ MXCSR, a, b uint32) (uint32, bool) {
	x, y := math.Float32frombits(a), math.Float32frombits(b)
	r := b
	if x > y {
		r = a
	}
	return r, !tinySingle(a) && !tinySingle(b) && x-x == y-y
}

// RelateDouble is how a compares to b, if neither is a NaN or denormal.
func RelateDouble(a, b uint64) (Relation, bool) {
	x, y := math.Float64frombits(a), math.Float64frombits(b)
	r := Equal
	if x < y {
		r = Less
	}
	if x > y {
		r = Greater
	}
	return r, !tinyDouble(a) && !tinyDouble(b) && x == x && y == y
}
