package simd

// Moves of lanes within and between operands. Functions on uint64 are the MMX form, or a
// building block of the XMM form.

// PMovMskB is PMOVMSKB: the top bits of the eight bytes.
func PMovMskB(a uint64) uint64 { return a & signsB >> 7 * 0x0102040810204080 >> 56 }

// packW narrows the words of a, low four bytes of the result.
func packW(a uint64, lo, hi int) (r uint64) {
	for i := range 4 {
		r |= uint64(uint8(clamp(int(int16(a>>(16*i))), lo, hi))) << (8 * i)
	}
	return r
}

// packD narrows the doublewords of a, low two words of the result.
func packD(a uint64, lo, hi int) (r uint64) {
	for i := range 2 {
		r |= uint64(uint16(clamp(int(int32(a>>(32*i))), lo, hi))) << (16 * i)
	}
	return r
}

// PackSSWB is PACKSSWB: words narrowed to bytes with signed saturation, those of a below
// those of b.
func PackSSWB(a, b uint64) uint64 {
	return packW(a, -1<<7, 1<<7-1) | packW(b, -1<<7, 1<<7-1)<<32
}

// PackUSWB is PACKUSWB: signed words narrowed with unsigned saturation.
func PackUSWB(a, b uint64) uint64 { return packW(a, 0, 1<<8-1) | packW(b, 0, 1<<8-1)<<32 }

// PackSSDW is PACKSSDW.
func PackSSDW(a, b uint64) uint64 {
	return packD(a, -1<<15, 1<<15-1) | packD(b, -1<<15, 1<<15-1)<<32
}

// PackUSDW is PACKUSDW.
func PackUSDW(a, b uint64) uint64 { return packD(a, 0, 1<<16-1) | packD(b, 0, 1<<16-1)<<32 }

// spreadB puts zero bytes between the four low bytes of a.
func spreadB(a uint64) uint64 {
	a = (a | a<<16) & 0x0000ffff0000ffff & (1<<48 - 1)
	return (a | a<<8) & 0x00ff00ff00ff00ff
}

// spreadW puts zero words between the two low words of a.
func spreadW(a uint64) uint64 { return a&0xffff | a&0xffff0000<<16 }

// PUnpckLBW is PUNPCKLBW: the low bytes of a and b, interleaved.
func PUnpckLBW(a, b uint64) uint64 { return spreadB(a&0xffffffff) | spreadB(b&0xffffffff)<<8 }

// PUnpckLWD is PUNPCKLWD.
func PUnpckLWD(a, b uint64) uint64 { return spreadW(a) | spreadW(b)<<16 }

// PUnpckLDQ is PUNPCKLDQ.
func PUnpckLDQ(a, b uint64) uint64 { return a&0xffffffff | b<<32 }

// PUnpckHBW is PUNPCKHBW: the high bytes of a and b, interleaved.
func PUnpckHBW(a, b uint64) uint64 { return PUnpckLBW(a>>32, b>>32) }

// PUnpckHWD is PUNPCKHWD.
func PUnpckHWD(a, b uint64) uint64 { return PUnpckLWD(a>>32, b>>32) }

// PUnpckHDQ is PUNPCKHDQ.
func PUnpckHDQ(a, b uint64) uint64 { return PUnpckLDQ(a>>32, b>>32) }

// PShufW is PSHUFW, and each half of PSHUFLW and PSHUFHW: word i is the one that bits
// 2i+1:2i of imm name.
func PShufW(a uint64, imm uint8) (r uint64) {
	for i := range 4 {
		r |= a >> (16 * (imm >> (2 * i) & 3)) & 0xffff << (16 * i)
	}
	return r
}

// PShufD is PSHUFD.
func PShufD(a Vec, imm uint8) Vec { return ShufPS(a, a, imm) }

// ShufPS is SHUFPS: two doublewords of a, then two of b.
func ShufPS(a, b Vec, imm uint8) Vec {
	at := func(v Vec, i int) uint32 { return v.D(int(imm >> (2 * i) & 3)) }
	return Dwords(at(a, 0), at(a, 1), at(b, 2), at(b, 3))
}

// ShufPD is SHUFPD: a quadword of a, then one of b.
func ShufPD(a, b Vec, imm uint8) Vec { return Vec{a[imm&1], b[imm>>1&1]} }

// PShufB64 is PSHUFB of MMX registers: byte i is the one of a that bits 2:0 of byte i of b
// name, or zero when its bit 7 is set.
func PShufB64(a, b uint64) uint64 {
	return lanesB(0, b, func(_, n uint8) uint8 {
		if n&0x80 != 0 {
			return 0
		}
		return uint8(a >> (8 * (n & 7)))
	})
}

// PShufB is PSHUFB of XMM registers: bits 3:0 name the byte.
func PShufB(a, b Vec) Vec {
	pick := func(_, n uint8) uint8 {
		if n&0x80 != 0 {
			return 0
		}
		return a.B(int(n & 15))
	}
	return Vec{lanesB(0, b[0], pick), lanesB(0, b[1], pick)}
}

// ShiftBytesLeft is PSLLDQ: n bytes up; 16 and more give zero.
func ShiftBytesLeft(a Vec, n uint64) Vec {
	switch {
	case n >= 16:
		return Vec{}
	case n >= 8:
		return Vec{0, a[0] << (8 * (n - 8))}
	}
	return Vec{a[0] << (8 * n), a[1]<<(8*n) | a[0]>>(64-8*n)}
}

// ShiftBytesRight is PSRLDQ.
func ShiftBytesRight(a Vec, n uint64) Vec {
	switch {
	case n >= 16:
		return Vec{}
	case n >= 8:
		return Vec{a[1] >> (8 * (n - 8)), 0}
	}
	return Vec{a[0]>>(8*n) | a[1]<<(64-8*n), a[1] >> (8 * n)}
}

// PAlignR64 is PALIGNR of MMX registers: a:b shifted right by n bytes, the low half.
func PAlignR64(a, b uint64, n uint8) uint64 {
	v := ShiftBytesRight(Vec{b, a}, uint64(n))
	return v[0]
}

// PAlignR is PALIGNR of XMM registers.
func PAlignR(a, b Vec, n uint8) Vec {
	if n >= 16 {
		return ShiftBytesRight(a, uint64(n-16))
	}
	lo, hi := ShiftBytesRight(b, uint64(n)), ShiftBytesLeft(a, uint64(16-n))
	return Vec{lo[0] | hi[0], lo[1] | hi[1]}
}

// pairsW combines neighbouring words of a and of b with f.
func pairsW(a, b uint64, f func(x, y int16) uint16) (r uint64) {
	for i := range 2 {
		r |= uint64(f(int16(a>>(32*i)), int16(a>>(32*i+16)))) << (16 * i)
		r |= uint64(f(int16(b>>(32*i)), int16(b>>(32*i+16)))) << (16*i + 32)
	}
	return r
}

// PHAddW is PHADDW: sums of neighbours, those of a below those of b.
func PHAddW(a, b uint64) uint64 {
	return pairsW(a, b, func(x, y int16) uint16 { return uint16(x + y) })
}

// PHAddSW is PHADDSW, with signed saturation.
func PHAddSW(a, b uint64) uint64 {
	return pairsW(a, b, func(x, y int16) uint16 { return uint16(clamp(int(x)+int(y), -1<<15, 1<<15-1)) })
}

// PHSubW is PHSUBW: the lower of two neighbours less the upper.
func PHSubW(a, b uint64) uint64 {
	return pairsW(a, b, func(x, y int16) uint16 { return uint16(x - y) })
}

// PHSubSW is PHSUBSW, with signed saturation.
func PHSubSW(a, b uint64) uint64 {
	return pairsW(a, b, func(x, y int16) uint16 { return uint16(clamp(int(x)-int(y), -1<<15, 1<<15-1)) })
}

// PHAddD is PHADDD.
func PHAddD(a, b uint64) uint64 {
	return uint64(uint32(a)+uint32(a>>32)) | uint64(uint32(b)+uint32(b>>32))<<32
}

// PHSubD is PHSUBD.
func PHSubD(a, b uint64) uint64 {
	return uint64(uint32(a)-uint32(a>>32)) | uint64(uint32(b)-uint32(b>>32))<<32
}

// Extend is PMOVSX and PMOVZX: lanes of from bytes, widened to lanes of to bytes.
func Extend(a Vec, from, to int, signed bool) (r Vec) {
	s := 64 - 8*from
	for i := range 16 / to {
		x := a[i*from>>3] >> (8 * (i * from & 7)) << s
		if signed {
			x = uint64(int64(x) >> s)
		} else {
			x >>= s
		}
		at := i * to
		r[at>>3] |= x & (1<<(8*to) - 1) << (8 * (at & 7))
	}
	return r
}

// PHMinPosUW is PHMINPOSUW: the least word, and above it its number.
func PHMinPosUW(a Vec) Vec {
	at := 0
	for i := range 8 {
		if a.W(i) < a.W(at) {
			at = i
		}
	}
	return Vec{uint64(a.W(at)) | uint64(at)<<16, 0}
}

// MPSadBW is MPSADBW: eight sums of absolute differences between four bytes of b and the
// groups of four bytes at successive positions of a.
func MPSadBW(a, b Vec, imm uint8) (r Vec) {
	aoff, boff := int(imm>>2&1)*4, int(imm&3)*4
	for i := range 8 {
		var sum int
		for j := range 4 {
			x, y := int(a.B(aoff+i+j)), int(b.B(boff+j))
			sum += max(x, y) - min(x, y)
		}
		r.SetW(i, uint16(sum))
	}
	return r
}

// Blend takes lanes of size bytes from b where sel has the bit of the lane set, else from a.
func Blend(a, b Vec, size int, sel uint64) (r Vec) {
	for i := range 16 {
		v := a
		if sel>>(i/size)&1 != 0 {
			v = b
		}
		r.SetB(i, v.B(i))
	}
	return r
}

// Signs is the top bit of each lane of size bytes, lowest lane in bit 0: MOVMSKPS,
// MOVMSKPD, PMOVMSKB, and the selection of PBLENDVB and BLENDVPS.
func Signs(a Vec, size int) (r uint64) {
	if size == 1 {
		return PMovMskB(a[0]) | PMovMskB(a[1])<<8
	}
	for i := range 16 / size {
		r |= uint64(a.B((i+1)*size-1)>>7) << i
	}
	return r
}

// InsertPS is INSERTPS: doubleword d into the lane that bits 5:4 of imm name, then the
// lanes in bits 3:0 cleared.
func InsertPS(a Vec, d uint32, imm uint8) Vec {
	a.SetD(int(imm>>4&3), d)
	for i := range 4 {
		if imm>>i&1 != 0 {
			a.SetD(i, 0)
		}
	}
	return a
}
