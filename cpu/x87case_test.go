package cpu

import (
	"encoding/binary"
	"math/rand/v2"
)

// Cases for x87 instructions. The digests in testdata/x87.txt were made by running the same
// cases on a processor, so a change here needs new ones.

// casesPerEncoding is how many cases a digest covers.
const casesPerEncoding = 100

// An x87Case is the state before an instruction: an FNSAVE image in the 32-bit
// protected-mode format, the memory operand and the status flags.
type x87Case struct {
	image [108]byte
	mem   [112]byte
	flags uint64
}

// newX87Case draws a case: interesting numbers, any control word, registers full, one empty
// or empty at random, and no unmasked exception pending.
func newX87Case(r *rand.Rand) (k x87Case) {
	cw := 0x7f | uint16(r.IntN(16))<<8
	if r.IntN(4) == 0 {
		cw = cw&^0x3f | uint16(r.IntN(64))
	}
	top := uint16(r.IntN(8))
	sw := top<<11 | uint16(r.IntN(8))<<8 | uint16(r.IntN(2))<<14
	if r.IntN(4) == 0 {
		sw |= uint16(r.IntN(128)) & (cw | 0x40)
	}
	var tw uint16
	switch r.IntN(3) {
	case 0:
		tw = 3 << (2 * ((top - 1) & 7))
	case 1:
		for i := range 8 {
			tw |= uint16(r.IntN(2)*3) << (2 * i)
		}
	}
	le := binary.LittleEndian
	le.PutUint16(k.image[0:], cw)
	le.PutUint16(k.image[4:], sw)
	le.PutUint16(k.image[8:], tw)
	for i := range 8 {
		sig, se := x87Number(r)
		le.PutUint64(k.image[28+10*i:], sig)
		le.PutUint16(k.image[36+10*i:], se)
	}
	for i := range k.mem {
		k.mem[i] = uint8(r.Uint32())
	}
	switch r.IntN(4) {
	case 0: // an m80fp; small as an integer when its low bytes are 0
		sig, se := x87Number(r)
		le.PutUint64(k.mem[0:], sig)
		le.PutUint16(k.mem[8:], se)
	case 1: // a denormal or zero m32fp and m64fp
		k.mem[3], k.mem[2] = k.mem[3]&0x80, k.mem[2]&0x7f
		k.mem[7], k.mem[6] = k.mem[7]&0x80, k.mem[6]&0x0f
	case 2: // an infinite or NaN m32fp and m64fp
		k.mem[3], k.mem[2] = k.mem[3]|0x7f, k.mem[2]|0x80
		k.mem[7], k.mem[6] = k.mem[7]|0x7f, k.mem[6]|0xf0
	}
	k.flags = uint64(r.Uint32()) & 0x8d5
	return k
}

// x87Number draws significand, sign and exponent, mostly near 1 and near the limits.
func x87Number(r *rand.Rand) (sig uint64, se uint16) {
	switch r.IntN(4) {
	case 0:
		sig = r.Uint64()<<r.IntN(64) | 1<<63
	case 1:
		sig = [...]uint64{0, 1, 1 << 63, 1<<63 | 1, ^uint64(0), 3 << 62, 3<<62 | 1, 1 << 62}[r.IntN(8)]
	default:
		sig = r.Uint64() | 1<<63
	}
	switch r.IntN(5) {
	case 0:
		se = [...]uint16{0, 0, 0, 1, 0x3ffe, 0x3fff, 0x4000, 0x7ffe, 0x7fff, 0x7fff}[r.IntN(10)]
	case 1:
		se = uint16(r.IntN(0x8000))
	default:
		se = uint16(0x3fff - 70 + r.IntN(140))
	}
	if se != 0 && r.IntN(32) != 0 {
		sig |= 1 << 63
	}
	return sig, se | uint16(r.IntN(2))<<15
}
