package f80

import "math/bits"

// π/2 as the hardware has it, 66 bits: piHi·2⁶⁴+piLo in units of 2⁻⁶⁵. Arguments are reduced
// with this number and no better one, so the results near multiples of π are the hardware's.
//
// SDM Vol. 1, "Pi".
const (
	piHi = 3
	piLo = 0x243f6a8885a308d3
)

// An angle is a reduced argument: |x| = quadrant·π/2 ± r with r ≤ π/4.
type angle struct {
	r        wide
	below    bool // r is to be subtracted
	quadrant uint
}

// reduce takes multiples of π/2 off a positive number below 2⁶³. The rest is exact.
func reduce(x wide) angle {
	if x.exp < -1 {
		return angle{r: x}
	}
	hi, lo := x.hi>>(62-uint(x.exp)), x.hi<<(uint(x.exp)+2) // in units of 2⁻⁶⁵
	const quarter = piHi<<62 | piLo>>2                      // a little low, so that q is high
	q, _ := bits.Div64(hi>>2, hi<<62|lo>>2, quarter)
	phi, plo := bits.Mul64(q, piLo)
	lo, borrow := bits.Sub64(lo, plo, 0)
	hi, _ = bits.Sub64(hi, phi+q*piHi, borrow)
	var c uint64
	for int64(hi) < 0 {
		q--
		lo, c = bits.Add64(lo, piLo, 0)
		hi += piHi + c
	}
	otherLo, borrow := bits.Sub64(piLo, lo, 0)
	otherHi, _ := bits.Sub64(piHi, hi, borrow)
	if otherHi < hi || otherHi == hi && otherLo < lo {
		return angle{wideOf(62, otherHi, otherLo), true, uint(q + 1)}
	}
	return angle{wideOf(62, hi, lo), false, uint(q)}
}

// sine is sin r and cosine cos r, for 0 < r ≤ π/4.
func (a angle) sine() wide {
	z := a.r.mul(a.r).fraction()
	return a.r.mul(alternating(z, sinTerms[:]).oneMinus())
}

func (a angle) cosine() wide {
	z := a.r.mul(a.r).fraction()
	s := alternating(z, cosTerms[:])
	return s.oneMinus()
}

// sin is the sine of the whole angle and its sign.
func (a angle) sin() (v wide, neg bool) {
	if a.quadrant&1 != 0 {
		return a.cosine(), a.quadrant&2 != 0
	}
	return a.sine(), a.quadrant&2 != 0 != a.below
}

// screenTrig answers what all of FSIN, FCOS, FSINCOS and FPTAN answer alike. C2 means that
// the operand is out of range and stays.
func screenTrig(c Control, a Float) (r Float, st Status, done bool) {
	r, st, done = screen1(c, a)
	switch {
	case done:
	case a.IsInf():
		return Indefinite(), IE, true
	case a.SE&expMask >= expBias+63:
		return a, C2, true
	}
	return r, st, done
}

// Sin is FSIN. When |a| ≥ 2⁶³ it returns a and C2.
//
// SDM Vol. 2A, "FSIN—Sine".
func Sin(c Control, a Float) (Float, Status) {
	r, st, done := screenTrig(c, a)
	if done || a.IsZero() {
		return r, st
	}
	if tiny(a) {
		r, rst := a.widen().packInexact(c, a.Neg())
		return r, st | rst
	}
	v, neg := reduce(a.widen()).sin()
	r, rst := v.pack(c, neg != a.Neg())
	return r, st | rst
}

// tiny reports whether |a| < 2⁻⁶⁸. There the hardware takes sin a and tan a for a and cos a
// for 1, inexact but not rounded, whatever the rounding control says.
func tiny(a Float) bool { return a.SE&expMask < expBias-68 }

// packInexact delivers an inexact result that is not rounded.
func (a wide) packInexact(c Control, neg bool) (Float, Status) {
	r, st := a.packExact(c, neg)
	if a.exp+expBias < 1 {
		st |= UE
	}
	return r, st | PE
}

// Cos is FCOS. When |a| ≥ 2⁶³ it returns a and C2.
//
// SDM Vol. 2A, "FCOS—Cosine".
func Cos(c Control, a Float) (Float, Status) {
	r, st, done := screenTrig(c, a)
	switch {
	case done:
		return r, st
	case a.IsZero():
		return One(false), st
	case tiny(a):
		return One(false), st | PE
	}
	x := reduce(a.widen())
	x.quadrant++
	v, neg := x.sin()
	r, rst := v.pack(c, neg)
	return r, st | rst
}

// SinCos is FSINCOS: the sine, which replaces ST(0), and the cosine, which is then pushed.
// When |a| ≥ 2⁶³ it returns C2 and nothing is pushed.
//
// SDM Vol. 2A, "FSINCOS—Sine and Cosine".
func SinCos(c Control, a Float) (sin, cos Float, st Status) {
	sin, sst := Sin(c, a)
	cos, cst := Cos(c, a)
	return sin, cos, sst&^C1 | cst
}

// Tan is FPTAN: the tangent, which replaces ST(0); the instruction then pushes 1, or the same
// NaN. When |a| ≥ 2⁶³ it returns a and C2 and nothing is pushed.
//
// SDM Vol. 2A, "FPTAN—Partial Tangent".
func Tan(c Control, a Float) (Float, Status) {
	r, st, done := screenTrig(c, a)
	if done || a.IsZero() {
		return r, st
	}
	x := reduce(a.widen())
	switch {
	case tiny(a):
		r, rst := x.r.packInexact(c, a.Neg())
		return r, st | rst
	case a.SE&expMask < expBias-33:
		// The hardware's tangent is too small here, as the sine is, until |a| reaches 2⁻³³.
		r, rst := x.r.sub(wide{x.r.exp - 100, jBit, 0}).pack(c, a.Neg())
		return r, st | rst
	}
	sin, cos, neg := x.sine(), x.cosine(), a.Neg() != x.below
	if x.quadrant&1 != 0 {
		sin, cos, neg = cos, sin, !neg
	}
	r, rst := sin.div(cos).pack(c, neg)
	return r, st | rst
}
