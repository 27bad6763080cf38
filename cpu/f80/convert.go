package f80

import "math/bits"

// A layout is an IEEE interchange format narrower than 80 bits.
type layout struct {
	fraction uint // width of the stored fraction
	expMax   int  // exponent field of infinity
	bias     int
}

var (
	single = layout{fraction: 23, expMax: 0xff, bias: 127}
	double = layout{fraction: 52, expMax: 0x7ff, bias: 1023}
)

// Widen32 is the value of an m32fp operand, a signalling NaN left signalling. denormal tells
// that the operand was a denormal: arithmetic must then run with DenormalOperand.
func Widen32(v uint32) (f Float, denormal bool) {
	return single.widen(uint64(v&0x7fffffff), v>>31 != 0)
}

// Widen64 is Widen32 for an m64fp operand.
func Widen64(v uint64) (f Float, denormal bool) {
	return double.widen(v&^(1<<63), v>>63 != 0)
}

func (l layout) widen(v uint64, neg bool) (f Float, denormal bool) {
	exp := int(v >> l.fraction)
	sig := v << (63 - l.fraction) &^ jBit
	switch {
	case exp == l.expMax:
		return Float{sig | jBit, expMask | signOf(neg)}, false
	case exp != 0:
		return Float{sig | jBit, uint16(exp-l.bias+expBias) | signOf(neg)}, false
	case sig == 0:
		return Zero(neg), false
	}
	n := bits.LeadingZeros64(sig)
	return Float{sig << n, uint16(1-n-l.bias+expBias) | signOf(neg)}, true
}

// FromFloat32 is FLD m32fp: a denormal raises DE, a signalling NaN raises IE and becomes quiet.
// An unmasked IE withholds the push; with an unmasked DE processors push the value all the same.
//
// SDM Vol. 2A, "FLD—Load Floating Point Value".
func FromFloat32(v uint32) (Float, Status) { return loaded(Widen32(v)) }

// FromFloat64 is FLD m64fp; see FromFloat32.
func FromFloat64(v uint64) (Float, Status) { return loaded(Widen64(v)) }

func loaded(f Float, denormal bool) (Float, Status) {
	switch {
	case denormal:
		return f, DE
	case f.IsSNaN():
		return f.quiet(), IE
	}
	return f, 0
}

// ToFloat32 is FST m32fp: f rounded to single precision. With an unmasked OE or UE (see
// Status.WithholdsStore) nothing is to be stored and v has no meaning.
//
// SDM Vol. 2A, "FST/FSTP—Store Floating Point Value".
func ToFloat32(c Control, f Float) (v uint32, st Status) {
	w, st := single.narrow(c, f)
	return uint32(w), st
}

// ToFloat64 is FST m64fp; see ToFloat32.
func ToFloat64(c Control, f Float) (v uint64, st Status) { return double.narrow(c, f) }

func (l layout) narrow(c Control, f Float) (uint64, Status) {
	sign := l.signOf(f)
	inf := uint64(l.expMax) << l.fraction
	switch {
	case f.Unsupported():
		return l.signOf(Indefinite()) | inf | 1<<(l.fraction-1), IE
	case f.IsNaN():
		v := sign | inf | 1<<(l.fraction-1) | f.Sig&^jBit>>(63-l.fraction)
		if f.IsSNaN() {
			return v, IE
		}
		return v, 0
	case f.IsInf():
		return sign | inf, 0
	case f.IsZero():
		return sign, 0
	}
	v, st := l.round(c, f)
	return sign | v, st
}

// signOf is the sign bit of f in its place in the format.
func (l layout) signOf(f Float) uint64 {
	return uint64(f.SE>>15) << (l.fraction + uint(bits.Len(uint(l.expMax))))
}

// round is the magnitude of a finite f in the format.
func (l layout) round(c Control, f Float) (uint64, Status) {
	drop := 63 - l.fraction
	exp, hi := f.unpack()
	exp += l.bias - expBias
	sig, carry, st := roundAt(c, drop, f.Neg(), hi, 0)
	rexp := exp
	if carry {
		sig, rexp = jBit, exp+1
	}
	switch {
	case rexp >= l.expMax && !c.masks(OE):
		return 0, OE
	case rexp >= l.expMax:
		if c.increments(f.Neg(), 1, 1<<63) {
			return uint64(l.expMax) << l.fraction, OE | PE | C1
		}
		return uint64(l.expMax)<<l.fraction - 1, OE | PE
	case rexp > 0:
		return uint64(rexp)<<l.fraction | sig&^jBit>>drop, st
	case !c.masks(UE):
		return 0, UE
	}
	hi, lo := shiftRight(hi, 0, uint(1-exp))
	sig, _, st = roundAt(c, drop, f.Neg(), hi, lo)
	if st&PE != 0 {
		st |= UE
	}
	return sig >> drop, st // a carry into the integer bit is the exponent field 1
}

// FromInt64 is FILD: every integer is exact.
//
// SDM Vol. 2A, "FILD—Load Integer".
func FromInt64(v int64) Float {
	if v == 0 {
		return Float{}
	}
	mag := uint64(v)
	if v < 0 {
		mag = -mag
	}
	return fromUint(v < 0, mag)
}

// fromUint is ±mag, which is not 0.
func fromUint(neg bool, mag uint64) Float {
	n := bits.LeadingZeros64(mag)
	return Float{mag << n, uint16(expBias+63-n) | signOf(neg)}
}

// ToInt16 is FIST m16int: f rounded to an integer as the rounding control says. What does not
// fit raises IE and gives the integer indefinite, the smallest integer of the width.
// FISTTP is the same with RoundZero.
//
// SDM Vol. 2A, "FIST/FISTP—Store Integer".
func ToInt16(c Control, f Float) (int16, Status) {
	v, st := toInt(c, f, 15)
	return int16(v), st
}

// ToInt32 is FIST m32int; see ToInt16.
func ToInt32(c Control, f Float) (int32, Status) {
	v, st := toInt(c, f, 31)
	return int32(v), st
}

// ToInt64 is FISTP m64int; see ToInt16.
func ToInt64(c Control, f Float) (int64, Status) { return toInt(c, f, 63) }

// toInt converts to an integer of width+1 bits.
func toInt(c Control, f Float, width uint) (int64, Status) {
	mag, st, ok := integer(c, f)
	limit := uint64(1) << width
	if f.Neg() {
		if ok && mag <= limit {
			return int64(-mag), st
		}
	} else if ok && mag < limit {
		return int64(mag), st
	}
	return -1 << width, IE
}

// integer rounds |f| to an integer; ok is false when it does not fit 64 bits or f is no number.
func integer(c Control, f Float) (mag uint64, st Status, ok bool) {
	switch {
	case f.IsZero():
		return 0, 0, true
	case f.SE&expMask == expMask || f.Unsupported():
		return 0, 0, false
	}
	exp, sig := f.unpack()
	frac := expBias + 63 - exp
	if frac < 0 {
		return 0, 0, false
	}
	hi, lo := shiftRight(sig, 0, uint(min(frac, 127)))
	mag, _, st = roundAt(c, 0, f.Neg(), hi, lo)
	return mag, st, true
}
