package oracle

import (
	"math"
	"math/bits"
)

// A random is a generator of pseudo-random numbers (SplitMix64). It is our own because the
// digest corpus must mean the same tests for ever.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// n is a number below n.
func (r *random) n(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
}

// percent is true in p of 100 cases.
func (r *random) percent(p int) bool { return r.n(100) < p }

func oneOf[T any](r *random, v ...T) T { return v[r.n(len(v))] }

// seed is the start of the sequence for block n of the form named key.
func seed(key string, n int) random {
	h := uint64(0xcbf29ce484222325)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 0x100000001b3
	}
	r := random(h + uint64(n)*0xd1342543de82ef95)
	r.next()
	return r
}

// integer is a number of up to 64 bits that is likely to be at the edge of something.
func (r *random) integer() uint64 {
	switch r.n(8) {
	case 0, 1, 2:
		return r.next()
	case 3:
		return uint64(int64(int32(r.next())))
	case 4:
		return uint64(r.n(256)) - uint64(r.n(2))*128
	case 5: // a power of two, or next to one
		return 1<<r.n(64) - uint64(r.n(3)) + 1
	case 6: // the same edge in several widths
		v := oneOf[uint64](r, 0, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff)
		return v | v<<16 | v<<32 | v<<48
	}
	return oneOf[uint64](r, 0, 1, ^uint64(0), 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0x100000000, 0xffffffff00000000, 0x0f0f0f0f0f0f0f0f,
		0x9999, 0x99, 0x9a, 0x90, 0x0a)
}

// float32 is a single-precision number in memory format.
func (r *random) float32() uint64 {
	s := r.next() >> 63 << 31
	switch r.n(10) {
	case 0, 1:
		return r.next() >> 32
	case 2, 3: // near 1
		return s | uint64(127-4+r.n(9))<<23 | r.next()>>41
	case 4: // few significant bits
		return s | uint64(127-24+r.n(60))<<23 | uint64(r.n(8))<<20
	case 5: // integers and halves
		return uint64(math.Float32bits(float32(int32(r.n(2048)-1024)) / 2))
	case 6: // denormal
		return s | r.next()>>41>>r.n(23)
	case 7: // close to overflow and underflow
		return s | uint64(oneOf(r, 1, 2, 0xfd, 0xfe, 158, 157, 150, 190, 189))<<23 | r.next()>>41
	}
	return s | oneOf[uint64](r, 0, 0, 0x3f800000, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fc12345, 0x7fa54321, 1, 0x7fffff, 0x800000, 0x7f7fffff,
		0x3f7fffff, 0x3f800001, 0x4f000000, 0x5f000000, 0x4effffff, 0x3f000000)
}

// float64 is a double-precision number in memory format.
func (r *random) float64() uint64 {
	s := r.next() >> 63 << 63
	switch r.n(10) {
	case 0, 1:
		return r.next()
	case 2, 3:
		return s | uint64(1023-4+r.n(9))<<52 | r.next()>>12
	case 4:
		return s | uint64(1023-60+r.n(140))<<52 | uint64(r.n(8))<<49
	case 5:
		return math.Float64bits(float64(r.n(2048)-1024) / 2)
	case 6:
		return s | r.next()>>12>>r.n(52)
	case 7:
		return s | uint64(oneOf(r, 1, 2, 0x7fd, 0x7fe, 1054, 1053, 1086, 1085, 896, 897, 1150, 1151))<<52 | r.next()>>12
	}
	return s | oneOf[uint64](r, 0, 0, 0x3ff0000000000000, 0x7ff0000000000000, 0x7ff0000000000001, 0x7ff8000000000000, 0x7ff8000012345678,
		0x7ff4000055555555, 1, 0xfffffffffffff, 0x10000000000000, 0x7fefffffffffffff, 0x3fefffffffffffff, 0x3ff0000000000001,
		0x41dfffffffc00000, 0x41e0000000000000, 0x43e0000000000000, 0x47efffffe0000000, 0x36a0000000000000, 0x3fe0000000000000)
}

// extended is an x87 number, encodings that are none included.
func (r *random) extended() (sig uint64, se uint16) {
	const j = 1 << 63
	s := uint16(r.next()>>63) << 15
	switch r.n(12) {
	case 0:
		return r.next(), uint16(r.next())
	case 1, 2, 3:
		return r.next() | j, s | uint16(0x3fff-4+r.n(9))
	case 4:
		return j | uint64(r.n(8))<<60, s | uint16(0x3fff-70+r.n(140))
	case 5: // integers
		v := uint64(r.n(4096) + 1)
		e := uint16(0x3fff + 63)
		for v&j == 0 {
			v, e = v<<1, e-1
		}
		return v, s | e
	case 6: // denormal, pseudo-denormal
		return r.next() >> r.n(64), s
	case 7: // near the range of double, single and extended
		return r.next() | j, s | oneOf[uint16](r, 1, 2, 0x7ffe, 0x7ffd, 0x3fff+1023, 0x3fff+1024, 0x3fff-1022, 0x3fff-1023, 0x3fff-1074, 0x3fff+127, 0x3fff+128, 0x3fff-126, 0x3fff-149, 0x3fff+63, 0x3fff+31, 0x3fff+15)
	case 8: // a double or a single
		if r.percent(50) {
			return r.next()>>11<<11 | j, s | uint16(0x3fff-40+r.n(80))
		}
		return r.next()>>40<<40 | j, s | uint16(0x3fff-40+r.n(80))
	case 9: // an MMX register
		return r.integer(), 0xffff
	}
	switch r.n(9) {
	case 0:
		return 0, s
	case 1:
		return j, s | 0x7fff // infinity
	case 2:
		return j | 1<<62 | r.next()>>2, s | 0x7fff // quiet NaN
	case 3:
		return j | r.next()>>2 | 1, s | 0x7fff // signalling NaN
	case 4:
		return 3 << 62, 0xffff // default NaN
	case 5:
		return j, s | 0x3fff
	case 6:
		return r.next() >> 1, s | uint16(1+r.n(0x7fff)) // not supported
	case 7:
		return ^uint64(0), s | 0x7ffe
	}
	return 0xc90fdaa22168c234 + uint64(r.n(3)), s | uint16(0x3ffc+r.n(6)) // multiples of π/2
}

// quad is eight bytes of a vector register or of memory.
func (r *random) quad(kind int) uint64 {
	switch kind {
	case 0:
		return r.float32() | r.float32()<<32
	case 1:
		return r.float64()
	case 2:
		return r.next()
	}
	return r.integer()
}
