package f80

// Compare is FCOM: C3, C2 and C0 tell how a compares with b.
//
//	       C3 C2 C0   FCOMI: ZF PF CF
//	a > b  0  0  0
//	a < b  0  0  1
//	a = b  1  0  0
//	else   1  1  1    unordered: a NaN or an unsupported encoding
//
// Every NaN is an invalid operation. The condition codes are also given when the result is
// withheld; the caller decides.
//
// SDM Vol. 2A, "FCOM/FCOMP/FCOMPP—Compare Floating Point Values".
func Compare(c Control, a, b Float) Status {
	st := CompareUnordered(c, a, b)
	if st&C2 != 0 {
		st |= IE
	}
	return st
}

// CompareUnordered is FUCOM: as Compare, but a quiet NaN raises nothing.
//
// SDM Vol. 2A, "FUCOM/FUCOMP/FUCOMPP—Unordered Compare Floating Point Values".
func CompareUnordered(c Control, a, b Float) Status {
	var st Status
	switch {
	case a.Unsupported() || b.Unsupported() || a.IsSNaN() || b.IsSNaN():
		return IE | C3 | C2 | C0
	case a.IsNaN() || b.IsNaN():
		return C3 | C2 | C0
	case a.IsDenormal() || b.IsDenormal() || c&DenormalOperand != 0:
		st = DE
	}
	switch order(a, b) {
	case -1:
		st |= C0
	case 0:
		st |= C3
	}
	return st
}

// order compares two numbers: -1, 0 or 1.
func order(a, b Float) int {
	if a.IsZero() && b.IsZero() {
		return 0
	}
	if a.Neg() != b.Neg() {
		if a.Neg() {
			return -1
		}
		return 1
	}
	n := magnitude(a, b)
	if a.Neg() {
		return -n
	}
	return n
}

// magnitude compares |a| and |b|. A pseudo-denormal has the value of exponent 1.
func magnitude(a, b Float) int {
	ae, be := a.SE&expMask, b.SE&expMask
	if ae == 0 && a.Sig&jBit != 0 {
		ae = 1
	}
	if be == 0 && b.Sig&jBit != 0 {
		be = 1
	}
	switch {
	case ae < be || ae == be && a.Sig < b.Sig:
		return -1
	case ae == be && a.Sig == b.Sig:
		return 0
	}
	return 1
}
