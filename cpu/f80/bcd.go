package f80

// A BCD is an 80-bit packed decimal: 18 digits, two to a byte, in Lo (digits 0 to 15) and the
// low byte of Hi (digits 16 and 17); bit 15 of Hi is the sign, bits 14:8 mean nothing.
//
// SDM Vol. 1, "BCD and Packed BCD Integers".
type BCD struct {
	Lo uint64
	Hi uint16
}

// maxBCD is the first integer that does not fit 18 digits.
const maxBCD = 1e18

// FromBCD is FBLD: always exact. Digits above 9 are not checked by the hardware; they count
// with their value.
//
// SDM Vol. 2A, "FBLD—Load Binary Coded Decimal".
func FromBCD(b BCD) Float {
	mag := uint64(b.Hi>>4&15)*10 + uint64(b.Hi&15)
	for shift := 60; shift >= 0; shift -= 4 {
		mag = mag*10 + b.Lo>>uint(shift)&15
	}
	neg := b.Hi>>15 != 0
	if mag == 0 {
		return Zero(neg)
	}
	return fromUint(neg, mag)
}

// ToBCD is FBSTP: f rounded to an integer as the rounding control says. What does not fit 18
// digits raises IE and gives the packed BCD indefinite.
//
// SDM Vol. 2A, "FBSTP—Store BCD Integer and Pop".
func ToBCD(c Control, f Float) (BCD, Status) {
	mag, st, ok := integer(c, f)
	if !ok || mag >= maxBCD {
		return BCD{Lo: 0xc000000000000000, Hi: 0xffff}, IE
	}
	b := BCD{Hi: f.SE & signBit}
	for shift := uint(0); shift < 64; shift += 4 {
		b.Lo |= mag % 10 << shift
		mag /= 10
	}
	b.Hi |= uint16(mag/10<<4 | mag%10)
	return b, st
}
