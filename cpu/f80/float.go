package f80

import "math/bits"

// A Float is one 80-bit value as it lies in a register or in ten bytes of memory. Every bit
// pattern is a Float; some of them no instruction produces any more (see Unsupported).
//
// SDM Vol. 1, "x87 FPU Data Types".
type Float struct {
	Sig uint64 // significand: the integer bit (J, bit 63) and 63 fraction bits
	SE  uint16 // sign (bit 15) and biased exponent (bits 14:0)
}

const (
	signBit  = 0x8000
	expMask  = 0x7fff
	expBias  = 0x3fff
	expMax   = 0x7ffe // largest exponent field of a finite number
	jBit     = 1 << 63
	quietBit = 1 << 62
)

// Zero returns zero of the given sign.
func Zero(neg bool) Float { return Float{SE: signOf(neg)} }

// One returns one of the given sign.
func One(neg bool) Float { return Float{Sig: jBit, SE: expBias | signOf(neg)} }

// Inf returns infinity of the given sign.
func Inf(neg bool) Float { return Float{Sig: jBit, SE: expMask | signOf(neg)} }

// Indefinite returns the QNaN "floating-point indefinite", the masked answer to an invalid
// operation.
func Indefinite() Float { return Float{Sig: jBit | quietBit, SE: signBit | expMask} }

// Neg reports whether the sign bit is set.
func (f Float) Neg() bool { return f.SE&signBit != 0 }

// Chs is FCHS: the sign turned over, whatever the value is. It raises nothing.
func (f Float) Chs() Float { return Float{f.Sig, f.SE ^ signBit} }

// Abs is FABS: the sign cleared, whatever the value is. It raises nothing.
func (f Float) Abs() Float { return Float{f.Sig, f.SE &^ signBit} }

// IsZero reports whether f is +0 or -0.
func (f Float) IsZero() bool { return f.Sig == 0 && f.SE&expMask == 0 }

// IsInf reports whether f is an infinity (a pseudo-infinity is not).
func (f Float) IsInf() bool { return f.Sig == jBit && f.SE&expMask == expMask }

// IsNaN reports whether f is a NaN, quiet or signalling (a pseudo-NaN is not).
func (f Float) IsNaN() bool { return f.SE&expMask == expMask && f.Sig > jBit }

// IsSNaN reports whether f is a signalling NaN.
func (f Float) IsSNaN() bool { return f.IsNaN() && f.Sig&quietBit == 0 }

// IsDenormal reports whether f is a denormal or a pseudo-denormal (integer bit set with
// exponent field 0, which counts as exponent 1).
func (f Float) IsDenormal() bool { return f.SE&expMask == 0 && f.Sig != 0 }

// Unsupported reports whether f is an unnormal, a pseudo-infinity or a pseudo-NaN: integer
// bit clear with a non-zero exponent. As an operand it is an invalid operation.
//
// SDM Vol. 1, "Unsupported Double Extended-Precision Floating-Point Encodings and
// Pseudo-Denormals".
func (f Float) Unsupported() bool { return f.Sig&jBit == 0 && f.SE&expMask != 0 }

// A Tag is the two-bit contents of one register in the tag word.
type Tag uint8

// The tags, numbered as the tag word stores them.
const (
	TagValid   Tag = 0
	TagZero    Tag = 1
	TagSpecial Tag = 2 // NaN, infinity, denormal or unsupported
	TagEmpty   Tag = 3
)

// Tag returns the tag that FNSTENV and FNSAVE store for a register that is not empty.
func (f Float) Tag() Tag {
	switch {
	case f.isNormal():
		return TagValid
	case f.IsZero():
		return TagZero
	}
	return TagSpecial
}

// Examine is FXAM of a register that is not empty: the class in C3, C2 and C0, the sign in C1.
//
// SDM Vol. 2A, "FXAM—Examine Floating-Point".
func (f Float) Examine() Status {
	var s Status
	switch {
	case f.Unsupported():
	case f.IsNaN():
		s = C0
	case f.IsInf():
		s = C2 | C0
	case f.IsZero():
		s = C3
	case f.IsDenormal():
		s = C3 | C2
	default:
		s = C2
	}
	if f.Neg() {
		s |= C1
	}
	return s
}

// isNormal reports whether f is a normalised finite number other than zero.
func (f Float) isNormal() bool { return f.Sig&jBit != 0 && uint16(f.SE&expMask-1) < expMax }

// quiet returns the NaN f with its quiet bit set.
func (f Float) quiet() Float { return Float{f.Sig | quietBit, f.SE} }

// unpack returns the biased exponent and the normalised significand of a finite number other
// than zero; for a denormal the exponent is below 1.
func (f Float) unpack() (exp int, sig uint64) {
	exp, sig = int(f.SE&expMask), f.Sig
	if exp == 0 {
		n := bits.LeadingZeros64(sig)
		return 1 - n, sig << n
	}
	return exp, sig
}

// settled turns a pseudo-denormal into the normal number of the same value.
func (f Float) settled() Float {
	if f.IsDenormal() && f.Sig&jBit != 0 {
		f.SE++
	}
	return f
}

func signOf(neg bool) uint16 {
	if neg {
		return signBit
	}
	return 0
}
