package simd

import "math"

// exactEnough says whether the host's arithmetic may be used: rounding is to nearest, which
// is all Go offers, and the only flag that could come, precision, is set already and masked.
// With operands that are normal or zero and a result well inside the normal range nothing
// else can happen, and IEEE 754 leaves only one result.
func exactEnough(m MXCSR) bool { return m&(RC|PM|MXCSR(PE)) == PM|MXCSR(PE) }

// plain says whether v is zero or a normal number.
func (f Format) plain(v uint64) bool {
	e := f.abs(v) >> f
	return e-1 < uint64(f.expMax())-1 || v&^f.signBit() == 0
}

// safe says whether a result is normal and not so close to either end of the range that
// overflow or underflow could have been involved. Zero is not safe: it may be a product
// that vanished.
func (f Format) safe(v uint64) bool {
	e := f.abs(v) >> f
	return e-2 < uint64(f.expMax())-3
}

func (f Format) hostAdd(m MXCSR, a, b uint64) (uint64, bool) {
	if !exactEnough(m) || !f.plain(a) || !f.plain(b) {
		return 0, false
	}
	var r uint64
	if f == Single {
		r = uint64(math.Float32bits(math.Float32frombits(uint32(a)) + math.Float32frombits(uint32(b))))
	} else {
		r = math.Float64bits(math.Float64frombits(a) + math.Float64frombits(b))
	}
	return r, f.safe(r)
}

func (f Format) hostMul(m MXCSR, a, b uint64) (uint64, bool) {
	if !exactEnough(m) || !f.plain(a) || !f.plain(b) {
		return 0, false
	}
	var r uint64
	if f == Single {
		r = uint64(math.Float32bits(math.Float32frombits(uint32(a)) * math.Float32frombits(uint32(b))))
	} else {
		r = math.Float64bits(math.Float64frombits(a) * math.Float64frombits(b))
	}
	return r, f.safe(r)
}

func (f Format) hostDiv(m MXCSR, a, b uint64) (uint64, bool) {
	if !exactEnough(m) || !f.plain(a) || !f.plain(b) {
		return 0, false
	}
	var r uint64
	if f == Single {
		r = uint64(math.Float32bits(math.Float32frombits(uint32(a)) / math.Float32frombits(uint32(b))))
	} else {
		r = math.Float64bits(math.Float64frombits(a) / math.Float64frombits(b))
	}
	return r, f.safe(r)
}

// hostSqrt uses that the root of a binary32, rounded first to binary64 and then to
// binary32, is the correctly rounded one: 53 ≥ 2·24+2.
func (f Format) hostSqrt(m MXCSR, a uint64) (uint64, bool) {
	if !exactEnough(m) || !f.plain(a) || f.neg(a) {
		return 0, false
	}
	var r uint64
	if f == Single {
		r = uint64(math.Float32bits(float32(math.Sqrt(float64(math.Float32frombits(uint32(a)))))))
	} else {
		r = math.Float64bits(math.Sqrt(math.Float64frombits(a)))
	}
	return r, f.safe(r)
}
