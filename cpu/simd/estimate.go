package simd

// Reciprocal is one lane of RCPPS and RCPSS: an estimate of 1/v, v a binary32.
//
// Processors look the upper 11 bits of the fraction up in a table. The table holds the
// reciprocals of the middle of each interval, rounded to 13 bits, so it need not be kept.
// Tiny operands count as zero and tiny results become zero; there are no exceptions.
//
// SDM Vol. 2B, "RCPPS—Compute Reciprocals of Packed Single Precision Floating-Point
// Values". The interval and rounding were found by measurement of an Intel processor (family 6,
// model 167) and agree with it for every operand.
func Reciprocal(v uint64) uint64 {
	const f = Single
	neg := f.neg(v)
	e := int(f.abs(v) >> f)
	switch {
	case f.isNaN(v):
		return v | f.quietBit()
	case e == 0:
		return f.withSign(neg, f.inf())
	case e >= 253:
		return f.withSign(neg, 0)
	}
	d := 2*(1<<11+v>>12&(1<<11-1)) + 1 // the middle of the interval, times 2^12
	q := (1<<26 + d) / (2 * d)         // 2^13/middle, rounded to nearest
	return f.withSign(neg, uint64(253-e)<<f|(q-1<<12)<<11)
}

// ReciprocalSqrt is one lane of RSQRTPS and RSQRTSS: an estimate of 1/√v, v a binary32,
// made like Reciprocal with 10 bits of the fraction.
//
// SDM Vol. 2B, "RSQRTPS—Compute Reciprocals of Square Roots of Packed Single Precision
// Floating-Point Values".
func ReciprocalSqrt(v uint64) uint64 {
	const f = Single
	e := int(f.abs(v) >> f)
	switch {
	case f.isNaN(v):
		return v | f.quietBit()
	case e == 0:
		return f.withSign(f.neg(v), f.inf())
	case f.neg(v):
		return f.Default()
	case f.isInf(v):
		return 0
	}
	exp := e - f.bias()
	d := 2*(1<<10+v>>13&(1<<10-1)) + 1 // the middle of the interval, times 2^11
	d <<= exp & 1
	root, _ := sqrt128(0, 1<<39/d) // 2^14/√middle
	q := (root + 1) / 2
	return f.withSign(false, uint64(126-exp>>1)<<f|(q-1<<12)<<11)
}
