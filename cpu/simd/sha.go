package simd

import "math/bits"

// The SHA extensions. SDM Vol. 2B, "SHA1RNDS4" to "SHA256MSG2". Word order in the operands
// is the manual's: for SHA-1 the first word is in the highest doubleword.

// SHA1Rounds4 is SHA1RNDS4: four rounds on state a = A:B:C:D with words b (E added to the
// first), logic function and constant number imm.
func SHA1Rounds4(a, b Vec, imm uint8) Vec {
	k := [4]uint32{0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6}[imm&3]
	va, vb, vc, vd, ve := a.D(3), a.D(2), a.D(1), a.D(0), uint32(0)
	for i := range 4 {
		var f uint32
		switch imm & 3 {
		case 0:
			f = vb&vc ^ ^vb&vd
		case 2:
			f = vb&vc ^ vb&vd ^ vc&vd
		default:
			f = vb ^ vc ^ vd
		}
		next := f + bits.RotateLeft32(va, 5) + b.D(3-i) + ve + k
		va, vb, vc, vd, ve = next, va, bits.RotateLeft32(vb, 30), vc, vd
	}
	return Dwords(vd, vc, vb, va)
}

// SHA1NextE is SHA1NEXTE: E after four rounds, added to the words of b.
func SHA1NextE(a, b Vec) Vec {
	b.SetD(3, b.D(3)+bits.RotateLeft32(a.D(3), 30))
	return b
}

// SHA1Msg1 is SHA1MSG1.
func SHA1Msg1(a, b Vec) Vec {
	return Dwords(b.D(2)^a.D(0), b.D(3)^a.D(1), a.D(0)^a.D(2), a.D(1)^a.D(3))
}

// SHA1Msg2 is SHA1MSG2.
func SHA1Msg2(a, b Vec) Vec {
	w16 := bits.RotateLeft32(a.D(3)^b.D(2), 1)
	w17 := bits.RotateLeft32(a.D(2)^b.D(1), 1)
	w18 := bits.RotateLeft32(a.D(1)^b.D(0), 1)
	return Dwords(bits.RotateLeft32(a.D(0)^w16, 1), w18, w17, w16)
}

// SHA256Rounds2 is SHA256RNDS2: two rounds on a = C:D:G:H and b = A:B:E:F with words plus
// constants wk.
func SHA256Rounds2(a, b, wk Vec) Vec {
	va, vb, vc, vd := b.D(3), b.D(2), a.D(3), a.D(2)
	ve, vf, vg, vh := b.D(1), b.D(0), a.D(1), a.D(0)
	for i := range 2 {
		s1 := bits.RotateLeft32(ve, -6) ^ bits.RotateLeft32(ve, -11) ^ bits.RotateLeft32(ve, -25)
		s0 := bits.RotateLeft32(va, -2) ^ bits.RotateLeft32(va, -13) ^ bits.RotateLeft32(va, -22)
		t1 := (ve&vf ^ ^ve&vg) + s1 + wk.D(i) + vh
		t2 := (va&vb ^ va&vc ^ vb&vc) + s0
		va, vb, vc, vd, ve, vf, vg, vh = t1+t2, va, vb, vc, t1+vd, ve, vf, vg
	}
	return Dwords(vf, ve, vb, va)
}

// SHA256Msg1 is SHA256MSG1.
func SHA256Msg1(a, b Vec) Vec {
	s0 := func(w uint32) uint32 { return bits.RotateLeft32(w, -7) ^ bits.RotateLeft32(w, -18) ^ w>>3 }
	return Dwords(a.D(0)+s0(a.D(1)), a.D(1)+s0(a.D(2)), a.D(2)+s0(a.D(3)), a.D(3)+s0(b.D(0)))
}

// SHA256Msg2 is SHA256MSG2.
func SHA256Msg2(a, b Vec) Vec {
	s1 := func(w uint32) uint32 { return bits.RotateLeft32(w, -17) ^ bits.RotateLeft32(w, -19) ^ w>>10 }
	w16 := a.D(0) + s1(b.D(2))
	w17 := a.D(1) + s1(b.D(3))
	return Dwords(w16, w17, a.D(2)+s1(w16), a.D(3)+s1(w17))
}
