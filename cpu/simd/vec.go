package simd

import "encoding/binary"

// A Vec is 128 bits: an XMM register or half of a YMM register. Element 0 is the low half.
// Lanes are numbered from the lowest.
type Vec [2]uint64

// FromBytes returns the vector whose bytes are p, little-endian; len(p) is at least 16.
func FromBytes(p []byte) Vec {
	return Vec{binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:])}
}

// PutBytes stores the vector into p, little-endian; len(p) is at least 16.
func (v Vec) PutBytes(p []byte) {
	binary.LittleEndian.PutUint64(p, v[0])
	binary.LittleEndian.PutUint64(p[8:], v[1])
}

// B is byte i, i in 0…15.
func (v Vec) B(i int) uint8 { return uint8(v[i>>3&1] >> (8 * (i & 7))) }

// W is word i, i in 0…7.
func (v Vec) W(i int) uint16 { return uint16(v[i>>2&1] >> (16 * (i & 3))) }

// D is doubleword i, i in 0…3.
func (v Vec) D(i int) uint32 { return uint32(v[i>>1&1] >> (32 * (i & 1))) }

// SetB replaces byte i.
func (v *Vec) SetB(i int, x uint8) {
	s := 8 * (i & 7)
	v[i>>3&1] = v[i>>3&1]&^(0xff<<s) | uint64(x)<<s
}

// SetW replaces word i.
func (v *Vec) SetW(i int, x uint16) {
	s := 16 * (i & 3)
	v[i>>2&1] = v[i>>2&1]&^(0xffff<<s) | uint64(x)<<s
}

// SetD replaces doubleword i.
func (v *Vec) SetD(i int, x uint32) {
	s := 32 * (i & 1)
	v[i>>1&1] = v[i>>1&1]&^(0xffffffff<<s) | uint64(x)<<s
}

// Dwords makes a vector of four doublewords, lowest first.
func Dwords(d0, d1, d2, d3 uint32) Vec {
	return Vec{uint64(d0) | uint64(d1)<<32, uint64(d2) | uint64(d3)<<32}
}

// Lanes is the number of lanes of format f in a Vec.
func (f Format) Lanes() int {
	if f == Single {
		return 4
	}
	return 2
}

// Lane is lane i of v.
func (f Format) Lane(v Vec, i int) uint64 {
	if f == Single {
		return uint64(v.D(i))
	}
	return v[i&1]
}

// SetLane replaces lane i of v.
func (f Format) SetLane(v *Vec, i int, x uint64) {
	if f == Single {
		v.SetD(i, uint32(x))
	} else {
		v[i&1] = x
	}
}

// A Binary is an operation on one lane, such as Format.Add.
type Binary func(f Format, m MXCSR, a, b uint64) (uint64, Status)

// Packed applies op to every lane of a and b.
func (f Format) Packed(m MXCSR, op Binary, a, b Vec) (r Vec, st Status) {
	for i := range f.Lanes() {
		x, s := op(f, m, f.Lane(a, i), f.Lane(b, i))
		f.SetLane(&r, i, x)
		st |= s
	}
	return r, st
}

// Scalar applies op to the lowest lane; the others are those of a.
func (f Format) Scalar(m MXCSR, op Binary, a, b Vec) (Vec, Status) {
	x, st := op(f, m, f.Lane(a, 0), f.Lane(b, 0))
	f.SetLane(&a, 0, x)
	return a, st
}

// AddSub is ADDSUBPS and ADDSUBPD: even lanes are subtracted, odd ones added.
//
// SDM Vol. 2A, "ADDSUBPD—Packed Double Precision Floating-Point Add/Subtract".
func (f Format) AddSub(m MXCSR, a, b Vec) (r Vec, st Status) {
	for i := range f.Lanes() {
		op := Format.Sub
		if i&1 != 0 {
			op = Format.Add
		}
		x, s := op(f, m, f.Lane(a, i), f.Lane(b, i))
		f.SetLane(&r, i, x)
		st |= s
	}
	return r, st
}

// Horizontal is HADDPS, HADDPD, HSUBPS and HSUBPD: op between neighbours, those of a in the
// lower half of the result, those of b in the upper.
//
// SDM Vol. 2A, "HADDPS—Packed Single Precision Floating-Point Horizontal Add".
func (f Format) Horizontal(m MXCSR, op Binary, a, b Vec) (r Vec, st Status) {
	n := f.Lanes() / 2
	for i := range n {
		x, s := op(f, m, f.Lane(a, 2*i), f.Lane(a, 2*i+1))
		y, t := op(f, m, f.Lane(b, 2*i), f.Lane(b, 2*i+1))
		f.SetLane(&r, i, x)
		f.SetLane(&r, n+i, y)
		st |= s | t
	}
	return r, st
}

// Dot is DPPS and DPPD: the sum of those products that the upper half of imm selects, in
// the lanes that the lower half selects, the others zero. Products, sums of neighbours and
// the final sums are three steps that report exceptions one after the other; out is MXCSR
// after the last one begun, unmasked the exceptions that ended it.
//
// SDM Vol. 2A, "DPPS—Dot Product of Packed Single Precision Floating-Point Values". Which
// of several NaNs a lane gets the manual leaves open; the order here is the processor's.
func (f Format) Dot(m MXCSR, a, b Vec, imm uint8) (r Vec, out MXCSR, unmasked Status) {
	r, out = a, m
	for step := 0; step < DotSteps && unmasked == 0; step++ {
		var st Status
		r, st = f.DotStep(m, r, b, imm, step)
		out, unmasked = out.Raise(st), m.Unmasked(st)
	}
	return r, out, unmasked
}

// DotSteps is the number of steps of a dot product, each of which reports its exceptions.
const DotSteps = 3

// DotStep is one step of Dot: a is the first source, then the result of the step before.
func (f Format) DotStep(m MXCSR, a, b Vec, imm uint8, step int) (r Vec, st Status) {
	switch step {
	case 0:
		for i := range f.Lanes() {
			if imm>>(4+i)&1 == 0 {
				f.SetLane(&a, i, 0)
				f.SetLane(&b, i, 0)
			}
		}
		return f.Packed(m, Format.Mul, a, b)
	case 1:
		return f.Packed(m, Format.Add, a, f.exchange(a, 1))
	}
	r = a
	if f == Single {
		r, st = f.Packed(m, Format.Add, f.exchange(a, 1), f.exchange(a, 3))
	}
	for i := range f.Lanes() {
		if imm>>i&1 == 0 {
			f.SetLane(&r, i, 0)
		}
	}
	return r, st
}

// exchange returns v with lane i^x in lane i.
func (f Format) exchange(v Vec, x int) (r Vec) {
	for i := range f.Lanes() {
		f.SetLane(&r, i, f.Lane(v, i^x))
	}
	return r
}
