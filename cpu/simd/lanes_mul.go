package simd

// Multiplication, shifts, signs and absolute values of the lanes of a 64-bit operand.

// PMulLW is PMULLW: the low half of each product.
func PMulLW(a, b uint64) uint64 { return lanesW(a, b, func(x, y uint16) uint16 { return x * y }) }

// PMulHW is PMULHW: the high half of each signed product.
func PMulHW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 { return uint16(int32(int16(x)) * int32(int16(y)) >> 16) })
}

// PMulHUW is PMULHUW: the high half of each unsigned product.
func PMulHUW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 { return uint16(uint32(x) * uint32(y) >> 16) })
}

// PMulHRSW is PMULHRSW: bits 30:15 of each signed product, rounded.
func PMulHRSW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 {
		return uint16((int32(int16(x))*int32(int16(y))>>14 + 1) >> 1)
	})
}

// PMulLD is PMULLD: the low half of each product.
func PMulLD(a, b uint64) uint64 { return lanesD(a, b, func(x, y uint32) uint32 { return x * y }) }

// PMulUDQ is PMULUDQ: the unsigned product of the low doublewords.
func PMulUDQ(a, b uint64) uint64 { return uint64(uint32(a)) * uint64(uint32(b)) }

// PMulDQ is PMULDQ: the signed product of the low doublewords.
func PMulDQ(a, b uint64) uint64 { return uint64(int64(int32(a)) * int64(int32(b))) }

// PMAddWD is PMADDWD: signed products of words, summed in pairs.
func PMAddWD(a, b uint64) (r uint64) {
	for s := 0; s < 64; s += 32 {
		lo := int32(int16(a>>s)) * int32(int16(b>>s))
		hi := int32(int16(a>>(s+16))) * int32(int16(b>>(s+16)))
		r |= uint64(uint32(lo+hi)) << s
	}
	return r
}

// PMAddUBSW is PMADDUBSW: products of the unsigned bytes of a and signed bytes of b, summed
// in pairs with signed saturation.
func PMAddUBSW(a, b uint64) (r uint64) {
	for s := 0; s < 64; s += 16 {
		sum := int(uint8(a>>s))*int(int8(b>>s)) + int(uint8(a>>(s+8)))*int(int8(b>>(s+8)))
		r |= uint64(uint16(clamp(sum, -1<<15, 1<<15-1))) << s
	}
	return r
}

// PSllW is PSLLW; counts above 15 give zero.
func PSllW(a, n uint64) uint64 {
	if n > 15 {
		return 0
	}
	return a << n &^ (onesW<<n - onesW)
}

// PSllD is PSLLD.
func PSllD(a, n uint64) uint64 {
	if n > 31 {
		return 0
	}
	return a << n &^ (onesD<<n - onesD)
}

// PSllQ is PSLLQ.
func PSllQ(a, n uint64) uint64 { return a << min(n, 64) }

// PSrlW is PSRLW; counts above 15 give zero.
func PSrlW(a, n uint64) uint64 {
	if n > 15 {
		return 0
	}
	return a >> n & keep(onesW, 16-uint(n))
}

// PSrlD is PSRLD.
func PSrlD(a, n uint64) uint64 {
	if n > 31 {
		return 0
	}
	return a >> n & keep(onesD, 32-uint(n))
}

// keep is a mask of the low n bits of each lane; ones has their lowest bits.
func keep(ones uint64, n uint) uint64 { return ones * (1<<n - 1) }

// PSrlQ is PSRLQ.
func PSrlQ(a, n uint64) uint64 { return a >> min(n, 64) }

// PSraW is PSRAW; counts above 15 count as 15.
func PSraW(a, n uint64) uint64 {
	return lanesW(a, 0, func(x, _ uint16) uint16 { return uint16(int16(x) >> min(n, 15)) })
}

// PSraD is PSRAD; counts above 31 count as 31.
func PSraD(a, n uint64) uint64 {
	return lanesD(a, 0, func(x, _ uint32) uint32 { return uint32(int32(x) >> min(n, 31)) })
}

// PSignB is PSIGNB: a negated, kept or cleared by the sign of b.
func PSignB(a, b uint64) uint64 {
	return lanesB(a, b, func(x, y uint8) uint8 {
		switch {
		case int8(y) < 0:
			return -x
		case y == 0:
			return 0
		}
		return x
	})
}

// PSignW is PSIGNW.
func PSignW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 {
		switch {
		case int16(y) < 0:
			return -x
		case y == 0:
			return 0
		}
		return x
	})
}

// PSignD is PSIGND.
func PSignD(a, b uint64) uint64 {
	return lanesD(a, b, func(x, y uint32) uint32 {
		switch {
		case int32(y) < 0:
			return -x
		case y == 0:
			return 0
		}
		return x
	})
}

// PAbsB is PABSB: the absolute values of b.
func PAbsB(_, b uint64) uint64 { return PSignB(b, b) }

// PAbsW is PABSW.
func PAbsW(_, b uint64) uint64 { return PSignW(b, b) }

// PAbsD is PABSD.
func PAbsD(_, b uint64) uint64 { return PSignD(b, b) }
