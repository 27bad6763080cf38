package simd

import "math/bits"

// A Format is a floating-point format, named by the number of its fraction bits. Values of
// both formats are passed as bit patterns in a uint64; the upper half of a binary32 is zero.
type Format uint

// Formats.
const (
	Single Format = 23 // binary32
	Double Format = 52 // binary64
)

// Bytes is the size of a value in bytes.
func (f Format) Bytes() int {
	if f == Single {
		return 4
	}
	return 8
}

// expMax is the biased exponent of infinities and NaNs.
func (f Format) expMax() int {
	switch f {
	case Half:
		return 1<<5 - 1
	case Single:
		return 1<<8 - 1
	}
	return 1<<11 - 1
}

func (f Format) bias() int        { return f.expMax() >> 1 }
func (f Format) signBit() uint64  { return (uint64(f.expMax()) + 1) << f }
func (f Format) fracMask() uint64 { return 1<<f - 1 }
func (f Format) quietBit() uint64 { return 1 << (f - 1) }

// inf is +∞.
func (f Format) inf() uint64 { return uint64(f.expMax()) << f }

// Default is the NaN that invalid operations give: "QNaN real indefinite".
func (f Format) Default() uint64 { return f.signBit() | f.inf() | f.quietBit() }

func (f Format) abs(v uint64) uint64  { return v &^ f.signBit() }
func (f Format) neg(v uint64) bool    { return v&f.signBit() != 0 }
func (f Format) isNaN(v uint64) bool  { return f.abs(v) > f.inf() }
func (f Format) isInf(v uint64) bool  { return f.abs(v) == f.inf() }
func (f Format) isZero(v uint64) bool { return f.abs(v) == 0 }
func (f Format) isSNaN(v uint64) bool { return f.isNaN(v) && v&f.quietBit() == 0 }

// isDenormal says whether v is denormal, not zero.
func (f Format) isDenormal(v uint64) bool { return f.abs(v)-1 < f.fracMask() }

// withSign returns magnitude v with the sign neg.
func (f Format) withSign(neg bool, v uint64) uint64 {
	if neg {
		return v | f.signBit()
	}
	return v
}

// daz returns v, or zero with its sign when v is denormal and DAZ is set.
func (f Format) daz(m MXCSR, v uint64) uint64 {
	if m&DAZ != 0 && f.isDenormal(v) {
		return v & f.signBit()
	}
	return v
}

// denormals is DE when a or b is denormal.
func (f Format) denormals(a, b uint64) Status {
	if f.isDenormal(a) || f.isDenormal(b) {
		return DE
	}
	return 0
}

// nan returns the NaN that an operation on a and b gives when one of them is a NaN: the
// first one, made quiet. SDM Vol. 1, "Rules for Handling NaNs".
func (f Format) nan(a, b uint64) (uint64, Status) {
	var st Status
	if f.isSNaN(a) || f.isSNaN(b) {
		st = IE
	}
	if f.isNaN(a) {
		return a | f.quietBit(), st
	}
	return b | f.quietBit(), st
}

func (f Format) invalid() (uint64, Status) { return f.Default(), IE }

// unpack returns finite v, not zero, as ±sig·2^(exp-63) with the top bit of sig set.
func (f Format) unpack(v uint64) (exp int, sig uint64) {
	e, frac := int(f.abs(v)>>f), v&f.fracMask()
	if e == 0 {
		n := bits.LeadingZeros64(frac)
		return 1 - f.bias() + 63 - int(f) - n, frac << n
	}
	return e - f.bias(), 1<<63 | frac<<(63-f)
}

// roundBits rounds sig down to a multiple of 2^drop, or up to the next one, and shifts it
// right by drop. inexact: bits were lost.
func roundBits(m MXCSR, neg bool, sig uint64, drop uint) (q uint64, inexact bool) {
	q, rest, half := sig>>drop, sig&(1<<drop-1), uint64(1)<<(drop-1)
	up := false
	switch m & RC {
	case RoundNearest:
		up = rest > half || rest == half && q&1 != 0
	case RoundDown:
		up = neg && rest != 0
	case RoundUp:
		up = !neg && rest != 0
	}
	if up {
		q++
	}
	return q, rest != 0
}

// jam shifts right by n and keeps in the lowest bit whether anything was lost.
func jam(v uint64, n uint) uint64 {
	if n == 0 {
		return v
	}
	if n > 63 {
		n = 63
		v = v>>1 | v&1
	}
	r := v >> n
	if r<<n != v {
		r |= 1
	}
	return r
}

// pack rounds ±sig·2^(exp-63) to the format. The top bit of sig is set, its lowest bit may
// be sticky. Tininess is judged after rounding.
//
// SDM Vol. 1, "Numeric Overflow Exception (#O)" and "Numeric Underflow Exception (#U)".
func (f Format) pack(m MXCSR, neg bool, exp int, sig uint64) (uint64, Status) {
	drop := 63 - uint(f)
	q, inexact := roundBits(m, neg, sig, drop)
	var st Status
	if inexact {
		st = PE
	}
	e := exp + f.bias()
	re := e
	if q>>(f+1) != 0 {
		q, re = q>>1, e+1
	}
	switch {
	case re >= f.expMax():
		return f.overflow(m, neg, st)
	case re > 0:
		return f.withSign(neg, uint64(re)<<f|q&f.fracMask()), st
	case !m.masks(UE):
		return f.withSign(neg, 0), st | UE
	case m&FTZ != 0:
		return f.withSign(neg, 0), UE | PE
	}
	q, inexact = roundBits(m, neg, jam(sig, uint(1-e)), drop)
	if inexact {
		return f.withSign(neg, q), UE | PE
	}
	return f.withSign(neg, q), 0 // q may have become the smallest normal number
}

// overflow is the response to a rounded result that is too large; st is PE if it was not
// exact before.
func (f Format) overflow(m MXCSR, neg bool, st Status) (uint64, Status) {
	if !m.masks(OE) {
		return f.withSign(neg, f.inf()), st | OE
	}
	rc := m & RC
	if rc == RoundZero || rc == RoundDown && !neg || rc == RoundUp && neg {
		return f.withSign(neg, f.inf()-1), OE | PE
	}
	return f.withSign(neg, f.inf()), OE | PE
}
