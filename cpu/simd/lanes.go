package simd

// Integer lanes of one 64-bit operand: MMX, or half of an XMM register. Additions and
// comparisons work on all lanes at once; the rest lane by lane.

const (
	signsB = 0x8080808080808080
	signsW = 0x8000800080008000
	signsD = 0x8000000080000000
	onesB  = 0x0101010101010101
	onesW  = 0x0001000100010001
	onesD  = 0x0000000100000001
)

// addLanes adds without carry between the lanes whose top bits are in signs.
func addLanes(a, b, signs uint64) uint64 { return (a&^signs + b&^signs) ^ (a^b)&signs }

// subLanes subtracts without borrow between the lanes whose top bits are in signs.
func subLanes(a, b, signs uint64) uint64 {
	return (a | signs) - b&^signs ^ (a^^b)&signs
}

// PAddB is PADDB.
func PAddB(a, b uint64) uint64 { return addLanes(a, b, signsB) }

// PAddW is PADDW.
func PAddW(a, b uint64) uint64 { return addLanes(a, b, signsW) }

// PAddD is PADDD.
func PAddD(a, b uint64) uint64 { return addLanes(a, b, signsD) }

// PAddQ is PADDQ.
func PAddQ(a, b uint64) uint64 { return a + b }

// PSubB is PSUBB.
func PSubB(a, b uint64) uint64 { return subLanes(a, b, signsB) }

// PSubW is PSUBW.
func PSubW(a, b uint64) uint64 { return subLanes(a, b, signsW) }

// PSubD is PSUBD.
func PSubD(a, b uint64) uint64 { return subLanes(a, b, signsD) }

// PSubQ is PSUBQ.
func PSubQ(a, b uint64) uint64 { return a - b }

// PAnd is PAND, ANDPS and ANDPD.
func PAnd(a, b uint64) uint64 { return a & b }

// PAndN is PANDN, ANDNPS and ANDNPD: the first operand is complemented.
func PAndN(a, b uint64) uint64 { return ^a & b }

// POr is POR, ORPS and ORPD.
func POr(a, b uint64) uint64 { return a | b }

// PXor is PXOR, XORPS and XORPD.
func PXor(a, b uint64) uint64 { return a ^ b }

// lanesB applies f to each byte.
func lanesB(a, b uint64, f func(x, y uint8) uint8) (r uint64) {
	for s := 0; s < 64; s += 8 {
		r |= uint64(f(uint8(a>>s), uint8(b>>s))) << s
	}
	return r
}

// lanesW applies f to each word.
func lanesW(a, b uint64, f func(x, y uint16) uint16) (r uint64) {
	for s := 0; s < 64; s += 16 {
		r |= uint64(f(uint16(a>>s), uint16(b>>s))) << s
	}
	return r
}

// lanesD applies f to each doubleword.
func lanesD(a, b uint64, f func(x, y uint32) uint32) uint64 {
	return uint64(f(uint32(a), uint32(b))) | uint64(f(uint32(a>>32), uint32(b>>32)))<<32
}

// clamp limits v to lo…hi.
func clamp(v, lo, hi int) int { return max(lo, min(v, hi)) }

// PAddSB is PADDSB: signed saturation.
func PAddSB(a, b uint64) uint64 {
	return lanesB(a, b, func(x, y uint8) uint8 { return uint8(clamp(int(int8(x))+int(int8(y)), -1<<7, 1<<7-1)) })
}

// PAddSW is PADDSW.
func PAddSW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 {
		return uint16(clamp(int(int16(x))+int(int16(y)), -1<<15, 1<<15-1))
	})
}

// PAddUSB is PADDUSB: unsigned saturation.
func PAddUSB(a, b uint64) uint64 {
	return lanesB(a, b, func(x, y uint8) uint8 { return uint8(min(int(x)+int(y), 1<<8-1)) })
}

// PAddUSW is PADDUSW.
func PAddUSW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 { return uint16(min(int(x)+int(y), 1<<16-1)) })
}

// PSubSB is PSUBSB.
func PSubSB(a, b uint64) uint64 {
	return lanesB(a, b, func(x, y uint8) uint8 { return uint8(clamp(int(int8(x))-int(int8(y)), -1<<7, 1<<7-1)) })
}

// PSubSW is PSUBSW.
func PSubSW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 {
		return uint16(clamp(int(int16(x))-int(int16(y)), -1<<15, 1<<15-1))
	})
}

// PSubUSB is PSUBUSB.
func PSubUSB(a, b uint64) uint64 {
	return lanesB(a, b, func(x, y uint8) uint8 { return uint8(max(int(x)-int(y), 0)) })
}

// PSubUSW is PSUBUSW.
func PSubUSW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 { return uint16(max(int(x)-int(y), 0)) })
}

// zeroes returns the top bit of each lane of v that is zero; signs are the top bits.
func zeroes(v, signs uint64) uint64 { return ^((v&^signs + ^signs) | v | ^signs) }

// fill turns the top bit of each lane into the whole lane; width is the lane's bits.
func fill(tops uint64, width uint) uint64 { return tops<<1 - tops>>(width-1) }

// PCmpEqB is PCMPEQB.
func PCmpEqB(a, b uint64) uint64 { return fill(zeroes(a^b, signsB), 8) }

// PCmpEqW is PCMPEQW.
func PCmpEqW(a, b uint64) uint64 { return fill(zeroes(a^b, signsW), 16) }

// PCmpEqD is PCMPEQD.
func PCmpEqD(a, b uint64) uint64 { return fill(zeroes(a^b, signsD), 32) }

// PCmpEqQ is PCMPEQQ.
func PCmpEqQ(a, b uint64) uint64 { return ones64(a == b) }

func ones8(b bool) uint8 {
	if b {
		return 1<<8 - 1
	}
	return 0
}

func ones16(b bool) uint16 {
	if b {
		return 1<<16 - 1
	}
	return 0
}

func ones32(b bool) uint32 {
	if b {
		return 1<<32 - 1
	}
	return 0
}

func ones64(b bool) uint64 {
	if b {
		return 1<<64 - 1
	}
	return 0
}

// PCmpGtB is PCMPGTB: signed.
func PCmpGtB(a, b uint64) uint64 {
	return lanesB(a, b, func(x, y uint8) uint8 { return ones8(int8(x) > int8(y)) })
}

// PCmpGtW is PCMPGTW.
func PCmpGtW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 { return ones16(int16(x) > int16(y)) })
}

// PCmpGtD is PCMPGTD.
func PCmpGtD(a, b uint64) uint64 {
	return lanesD(a, b, func(x, y uint32) uint32 { return ones32(int32(x) > int32(y)) })
}

// PCmpGtQ is PCMPGTQ.
func PCmpGtQ(a, b uint64) uint64 { return ones64(int64(a) > int64(b)) }

// PMaxUB is PMAXUB.
func PMaxUB(a, b uint64) uint64 { return lanesB(a, b, func(x, y uint8) uint8 { return max(x, y) }) }

// PMinUB is PMINUB.
func PMinUB(a, b uint64) uint64 { return lanesB(a, b, func(x, y uint8) uint8 { return min(x, y) }) }

// PMaxUW is PMAXUW.
func PMaxUW(a, b uint64) uint64 { return lanesW(a, b, func(x, y uint16) uint16 { return max(x, y) }) }

// PMinUW is PMINUW.
func PMinUW(a, b uint64) uint64 { return lanesW(a, b, func(x, y uint16) uint16 { return min(x, y) }) }

// PMaxUD is PMAXUD.
func PMaxUD(a, b uint64) uint64 { return lanesD(a, b, func(x, y uint32) uint32 { return max(x, y) }) }

// PMinUD is PMINUD.
func PMinUD(a, b uint64) uint64 { return lanesD(a, b, func(x, y uint32) uint32 { return min(x, y) }) }

// PMaxSB is PMAXSB.
func PMaxSB(a, b uint64) uint64 {
	return lanesB(a, b, func(x, y uint8) uint8 { return uint8(max(int8(x), int8(y))) })
}

// PMinSB is PMINSB.
func PMinSB(a, b uint64) uint64 {
	return lanesB(a, b, func(x, y uint8) uint8 { return uint8(min(int8(x), int8(y))) })
}

// PMaxSW is PMAXSW.
func PMaxSW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 { return uint16(max(int16(x), int16(y))) })
}

// PMinSW is PMINSW.
func PMinSW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 { return uint16(min(int16(x), int16(y))) })
}

// PMaxSD is PMAXSD.
func PMaxSD(a, b uint64) uint64 {
	return lanesD(a, b, func(x, y uint32) uint32 { return uint32(max(int32(x), int32(y))) })
}

// PMinSD is PMINSD.
func PMinSD(a, b uint64) uint64 {
	return lanesD(a, b, func(x, y uint32) uint32 { return uint32(min(int32(x), int32(y))) })
}

// PAvgB is PAVGB: (a+b+1)/2.
func PAvgB(a, b uint64) uint64 {
	return lanesB(a, b, func(x, y uint8) uint8 { return uint8((int(x) + int(y) + 1) / 2) })
}

// PAvgW is PAVGW.
func PAvgW(a, b uint64) uint64 {
	return lanesW(a, b, func(x, y uint16) uint16 { return uint16((int(x) + int(y) + 1) / 2) })
}

// PSadBW is PSADBW: the sum of the absolute differences of bytes, in the low word.
func PSadBW(a, b uint64) (sum uint64) {
	for s := 0; s < 64; s += 8 {
		x, y := a>>s&0xff, b>>s&0xff
		sum += max(x, y) - min(x, y)
	}
	return sum
}
