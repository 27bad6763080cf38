// Package alu is the integer arithmetic of the processor: results and flags as pure
// functions, so that every 8-bit case can be checked.
//
// The functions return all status flags an instruction defines, and the ones the manual
// leaves undefined as Intel processors of the Skylake family set them.
package alu

// A Width is an operand size in bytes: 1, 2, 4 or 8 (16, 32 and more for vectors, where
// only Bits applies).
type Width uint8

// Mask is the value with all bits of the width set; the width is 1, 2, 4 or 8.
func (w Width) Mask() uint64 { return ^uint64(0) >> (64 - 8*w) }

// Sign is the value with the top bit of the width set.
func (w Width) Sign() uint64 { return 1 << (8*w - 1) }

// Bits is the width in bits.
func (w Width) Bits() uint { return 8 * uint(w) }

// SignExtend widens the low w bytes of v to 64 bits.
func (w Width) SignExtend(v uint64) uint64 {
	s := 64 - 8*w
	return uint64(int64(v<<s) >> s)
}
