package simd

// A Relation is how two numbers compare.
type Relation uint8

// Relations.
const (
	Less Relation = iota
	Equal
	Greater
	Unordered
)

// Relate is COMISS, COMISD (signal) and UCOMISS, UCOMISD: how a compares to b. With signal
// a quiet NaN is invalid too.
//
// SDM Vol. 2A, "COMISS—Compare Scalar Ordered Single Precision Floating-Point Values and
// Set EFLAGS".
func (f Format) Relate(m MXCSR, a, b uint64, signal bool) (Relation, Status) {
	if f.isNaN(a) || f.isNaN(b) {
		if signal || f.isSNaN(a) || f.isSNaN(b) {
			return Unordered, IE
		}
		return Unordered, 0
	}
	a, b = f.daz(m, a), f.daz(m, b)
	st := f.denormals(a, b)
	x, y := f.order(a), f.order(b)
	switch {
	case x < y:
		return Less, st
	case x > y:
		return Greater, st
	}
	return Equal, st
}

// order maps numbers to integers that compare alike; both zeros are 0.
func (f Format) order(v uint64) int64 {
	if f.neg(v) {
		return -int64(f.abs(v))
	}
	return int64(v)
}

// A Predicate is the immediate of CMPPS and its kin: 0…7, and 8…31 in VEX encodings.
type Predicate uint8

// predicates[p] has bit r set when predicate p holds for relation r. The upper sixteen
// repeat the lower ones with the signalling of quiet NaNs turned around.
//
// SDM Vol. 2A, "CMPPD", table "Comparison Predicate for CMPPD and CMPPS Instructions".
var predicates = [16]struct {
	holds  uint8
	signal bool
}{
	0:  {1 << Equal, false},                                     // EQ
	1:  {1 << Less, true},                                       // LT
	2:  {1<<Less | 1<<Equal, true},                              // LE
	3:  {1 << Unordered, false},                                 // UNORD
	4:  {1<<Less | 1<<Greater | 1<<Unordered, false},            // NEQ
	5:  {1<<Equal | 1<<Greater | 1<<Unordered, true},            // NLT
	6:  {1<<Greater | 1<<Unordered, true},                       // NLE
	7:  {1<<Less | 1<<Equal | 1<<Greater, false},                // ORD
	8:  {1<<Equal | 1<<Unordered, false},                        // EQ_UQ
	9:  {1<<Less | 1<<Unordered, true},                          // NGE
	10: {1<<Less | 1<<Equal | 1<<Unordered, true},               // NGT
	11: {0, false},                                              // FALSE
	12: {1<<Less | 1<<Greater, false},                           // NEQ_OQ
	13: {1<<Equal | 1<<Greater, true},                           // GE
	14: {1 << Greater, true},                                    // GT
	15: {1<<Less | 1<<Equal | 1<<Greater | 1<<Unordered, false}, // TRUE
}

// Compare is one lane of CMPPS, CMPPD, CMPSS and CMPSD: all ones in the format's width when
// predicate p holds for a and b, else zero.
//
// SDM Vol. 2A, "CMPPS—Compare Packed Single Precision Floating-Point Values".
func (f Format) Compare(m MXCSR, a, b uint64, p Predicate) (uint64, Status) {
	row := &predicates[p&15]
	r, st := f.Relate(m, a, b, row.signal != (p&16 != 0))
	if row.holds>>r&1 == 0 {
		return 0, st
	}
	return f.signBit()<<1 - 1, st
}

// Min is one lane of MINPS, MINPD, MINSS and MINSD: a if a < b, else b; so b when either is
// a NaN or both are zeros.
//
// SDM Vol. 2B, "MINPS—Minimum of Packed Single Precision Floating-Point Values".
func (f Format) Min(m MXCSR, a, b uint64) (uint64, Status) { return f.choose(m, a, b, Less) }

// Max is one lane of MAXPS, MAXPD, MAXSS and MAXSD: a if a > b, else b.
//
// SDM Vol. 2B, "MAXPS—Maximum of Packed Single Precision Floating-Point Values".
func (f Format) Max(m MXCSR, a, b uint64) (uint64, Status) { return f.choose(m, a, b, Greater) }

func (f Format) choose(m MXCSR, a, b uint64, first Relation) (uint64, Status) {
	r, st := f.Relate(m, a, b, true)
	if r == first {
		return f.daz(m, a), st
	}
	return f.daz(m, b), st // a NaN as it is: a signalling one stays so
}
