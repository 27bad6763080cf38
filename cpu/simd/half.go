package simd

// Half is binary16, which only conversions know.
const Half Format = 10

// HalfToSingle is one lane of VCVTPH2PS. DAZ has no effect and denormal operands are not
// reported: every binary16 is a normal binary32.
//
// SDM Vol. 2C, "VCVTPH2PS—Convert Packed FP16 Values to Single Precision Floating-Point
// Values".
func HalfToSingle(m MXCSR, v uint64) (uint64, Status) {
	r, st := Half.Convert(m&^DAZ, Single, v)
	return r, st &^ DE
}

// SingleToHalf is one lane of VCVTPS2PH: imm bits 1:0 are the rounding unless bit 2 selects
// that of m. FTZ has no effect.
//
// SDM Vol. 2C, "VCVTPS2PH—Convert Single Precision FP Value to 16-bit FP Value".
func SingleToHalf(m MXCSR, v uint64, imm uint8) (uint64, Status) {
	if imm&4 == 0 {
		m = m&^RC | MXCSR(imm&3)<<13
	}
	r, st := Single.Convert(m&^FTZ, Half, v)
	if st&(UE|DE) == UE|DE {
		st |= PE // also with underflow unmasked and few bits set, as processors do
	}
	return r, st
}
