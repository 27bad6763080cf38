package simd

import "math/bits"

// A StringCompare is the control byte of PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM.
//
//	bit  meaning
//	1:0  0 unsigned bytes, 1 unsigned words, 2 signed bytes, 3 signed words
//	3:2  0 equal any, 1 ranges, 2 equal each, 3 equal ordered
//	5:4  1 negate the result, 3 negate it for valid elements of the second operand
//	6    index: 0 lowest, 1 highest; mask: 0 bits, 1 whole elements
//
// SDM Vol. 2B, "Imm8 Control Byte Operation for PCMPESTRI / PCMPESTRM / PCMPISTRI /
// PCMPISTRM".
type StringCompare uint8

// Elements is the number of elements in an operand: 16 bytes or 8 words.
func (s StringCompare) Elements() int { return 16 >> (s & 1) }

func (s StringCompare) at(v Vec, i int) int {
	switch s & 3 {
	case 0:
		return int(v.B(i))
	case 1:
		return int(v.W(i))
	case 2:
		return int(int8(v.B(i)))
	}
	return int(int16(v.W(i)))
}

// Length is the number of elements before the first zero: the implicit length.
func (s StringCompare) Length(v Vec) int {
	if s&1 == 0 {
		return bits.TrailingZeros32(equalBytes(v, Vec{}) | 1<<16)
	}
	for i := range s.Elements() {
		if s.at(v, i) == 0 {
			return i
		}
	}
	return s.Elements()
}

// Run compares a, of which la elements count, with b, of which lb count, and returns the
// result with one bit per element ("IntRes2").
func (s StringCompare) Run(a, b Vec, la, lb int) (r uint32) {
	n := s.Elements()
	switch s & 0xd {
	case 0: // equal any, of bytes
		for i := range la {
			k := uint64(a.B(i)) * onesB
			r |= equalBytes(b, Vec{k, k})
		}
		r &= 1<<lb - 1
	case 8: // equal each, of bytes
		r = equalBytes(a, b)&(1<<min(la, lb)-1) | (1<<16-1)&^(1<<max(la, lb)-1)
	default:
		for j := range n {
			if s.element(a, b, la, lb, j) {
				r |= 1 << j
			}
		}
	}
	switch s >> 4 & 3 {
	case 1:
		r ^= 1<<n - 1
	case 3:
		r ^= 1<<lb - 1
	}
	return r
}

// equalBytes has a bit for each byte that is the same in a and b.
func equalBytes(a, b Vec) uint32 {
	return uint32(PMovMskB(PCmpEqB(a[0], b[0])) | PMovMskB(PCmpEqB(a[1], b[1]))<<8)
}

// element is bit j of the result before negation ("IntRes1").
func (s StringCompare) element(a, b Vec, la, lb, j int) bool {
	n := s.Elements()
	switch s >> 2 & 3 {
	case 0: // equal any: b[j] is in the set a
		for i := range la {
			if j < lb && s.at(a, i) == s.at(b, j) {
				return true
			}
		}
		return false
	case 1: // ranges: b[j] lies between a pair of a
		for i := 0; i+1 < la; i += 2 {
			if x := s.at(b, j); j < lb && s.at(a, i) <= x && x <= s.at(a, i+1) {
				return true
			}
		}
		return false
	case 2: // equal each; two elements past the ends are equal
		if j >= la || j >= lb {
			return j >= la && j >= lb
		}
		return s.at(a, j) == s.at(b, j)
	}
	for i := 0; i < la && i+j < n; i++ { // equal ordered: a stands in b at j
		if i+j >= lb || s.at(a, i) != s.at(b, i+j) {
			return false
		}
	}
	return true
}

// Index is the number of the lowest or highest bit of r, or Elements when r is 0: what
// ECX gets.
func (s StringCompare) Index(r uint32) int {
	switch {
	case r == 0:
		return s.Elements()
	case s&0x40 != 0:
		return bits.Len32(r) - 1
	}
	return bits.TrailingZeros32(r)
}

// Mask is r as PCMPESTRM and PCMPISTRM put it into XMM0: as bits or as whole elements.
func (s StringCompare) Mask(r uint32) (v Vec) {
	if s&0x40 == 0 {
		return Vec{uint64(r), 0}
	}
	for i := range s.Elements() {
		switch {
		case r>>i&1 == 0:
		case s&1 == 0:
			v.SetB(i, 0xff)
		default:
			v.SetW(i, 0xffff)
		}
	}
	return v
}
