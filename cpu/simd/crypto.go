package simd

import (
	"hash/crc32"
	"math/bits"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CRC32C is CRC32: n bytes (1…8) of v added to the checksum crc.
//
// SDM Vol. 2A, "CRC32—Accumulate CRC32 Value".
func CRC32C(crc uint32, v uint64, n int) uint32 {
	for range n {
		crc = castagnoli[uint8(crc)^uint8(v)] ^ crc>>8
		v >>= 8
	}
	return crc
}

// CarrylessMul is PCLMULQDQ of two selected quadwords.
//
// SDM Vol. 2B, "PCLMULQDQ—Carry-Less Multiplication Quadword".
func CarrylessMul(a, b uint64) (r Vec) {
	for ; b != 0; b &= b - 1 {
		n := bits.TrailingZeros64(b)
		r[0] ^= a << n
		r[1] ^= a >> 1 >> (63 - n)
	}
	return r
}

// times2 multiplies by x in the field of AES, modulo x⁸+x⁴+x³+x+1.
func times2(x uint8) uint8 { return x<<1 ^ x>>7*0x1b }

// times multiplies in the field of AES.
func times(x, y uint8) (r uint8) {
	for ; y != 0; y >>= 1 {
		r ^= x & -(y & 1)
		x = times2(x)
	}
	return r
}

// sbox returns SubBytes, or its inverse, of every byte. FIPS 197, "SubBytes".
func sbox(inverse bool) (box [256]uint8) {
	for p, q := uint8(1), uint8(1); ; {
		p ^= times2(p) // times 3, a generator
		q = times(q, 0xf6)
		s := q ^ bits.RotateLeft8(q, 1) ^ bits.RotateLeft8(q, 2) ^ bits.RotateLeft8(q, 3) ^ bits.RotateLeft8(q, 4) ^ 0x63
		if inverse {
			box[s] = p
		} else {
			box[p] = s
		}
		if p == 1 {
			break
		}
	}
	if inverse {
		box[0x63] = 0
	} else {
		box[0] = 0x63
	}
	return box
}

var (
	subBytes    = sbox(false)
	invSubBytes = sbox(true)
)

// substitute is SubBytes after ShiftRows with rows turned by step columns: 1, or 3 for the
// inverse.
func substitute(a Vec, box *[256]uint8, step int) (r Vec) {
	for i := range 16 {
		col, row := i>>2, i&3
		r.SetB(i, box[a.B((col+row*step)&3<<2|row)])
	}
	return r
}

// mix is MixColumns with the first row of coefficients c.
func mix(a Vec, c [4]uint8) (r Vec) {
	for i := range 16 {
		var x uint8
		for j := range 4 {
			x ^= times(a.B(i&^3|j), c[(j-i)&3])
		}
		r.SetB(i, x)
	}
	return r
}

func xor(a, b Vec) Vec { return Vec{a[0] ^ b[0], a[1] ^ b[1]} }

// AESEnc is AESENC: one round of encryption of a with round key k.
func AESEnc(a, k Vec) Vec {
	return xor(mix(substitute(a, &subBytes, 1), [4]uint8{2, 3, 1, 1}), k)
}

// AESEncLast is AESENCLAST: the last round, without MixColumns.
func AESEncLast(a, k Vec) Vec { return xor(substitute(a, &subBytes, 1), k) }

// AESDec is AESDEC: one round of the equivalent inverse cipher.
func AESDec(a, k Vec) Vec {
	return xor(AESIMC(substitute(a, &invSubBytes, 3)), k)
}

// AESDecLast is AESDECLAST.
func AESDecLast(a, k Vec) Vec { return xor(substitute(a, &invSubBytes, 3), k) }

// AESIMC is AESIMC: InvMixColumns.
func AESIMC(a Vec) Vec { return mix(a, [4]uint8{14, 11, 13, 9}) }

// AESKeyGen is AESKEYGENASSIST with round constant imm.
func AESKeyGen(a Vec, imm uint8) Vec {
	sub := func(d uint32) (r uint32) {
		for s := 0; s < 32; s += 8 {
			r |= uint32(subBytes[uint8(d>>s)]) << s
		}
		return r
	}
	x1, x3 := sub(a.D(1)), sub(a.D(3))
	rc := uint32(imm)
	return Dwords(x1, bits.RotateLeft32(x1, -8)^rc, x3, bits.RotateLeft32(x3, -8)^rc)
}
