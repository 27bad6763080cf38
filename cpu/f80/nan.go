package f80

// invalid is the response to an invalid operation.
func invalid() (Float, Status) { return Indefinite(), IE }

// propagate chooses the result when at least one operand is a NaN: a signalling one raises
// IE; of a signalling and a quiet one the quiet one is taken; of two of a kind the one with
// the larger significand, and of equal ones the positive one. The result is always quiet.
//
// SDM Vol. 1, "Rules for Handling NaNs".
func propagate(a, b Float) (Float, Status) {
	var st Status
	if a.IsSNaN() || b.IsSNaN() {
		st = IE
	}
	switch {
	case !b.IsNaN():
		return a.quiet(), st
	case !a.IsNaN():
		return b.quiet(), st
	case a.IsSNaN() && !b.IsSNaN():
		return b, st
	case b.IsSNaN() && !a.IsSNaN():
		return a, st
	case a.Sig > b.Sig || a.Sig == b.Sig && !a.Neg():
		return a.quiet(), st
	}
	return b.quiet(), st
}

// screen1 deals with what is common to one-operand instructions: unsupported encodings, NaNs
// and denormals. done means r and st are the answer; otherwise st holds DE, if it applies.
func screen1(c Control, a Float) (r Float, st Status, done bool) {
	switch {
	case a.Unsupported():
		return Indefinite(), IE, true
	case a.IsSNaN():
		return a.quiet(), IE, true
	case a.IsNaN():
		return a, 0, true
	case a.IsDenormal():
		return a, DE, !c.masks(DE)
	}
	return a, 0, false
}

// screen2 is screen1 for instructions with two operands.
func screen2(c Control, a, b Float) (r Float, st Status, done bool) {
	switch {
	case a.Unsupported() || b.Unsupported():
		return Indefinite(), IE, true
	case a.IsNaN() || b.IsNaN():
		r, st = propagate(a, b)
		return r, st, true
	case a.IsDenormal() || b.IsDenormal() || c&DenormalOperand != 0:
		return a, DE, !c.masks(DE)
	}
	return a, 0, false
}
