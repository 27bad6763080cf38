package alu

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// when returns f if cond holds.
func when(f x86.Flags, cond bool) x86.Flags {
	if cond {
		return f
	}
	return 0
}

// Result returns the flags that depend on the result alone: SF, ZF and PF.
func Result(w Width, r uint64) x86.Flags {
	r &= w.Mask()
	return when(x86.FlagSF, r&w.Sign() != 0) |
		when(x86.FlagZF, r == 0) |
		when(x86.FlagPF, bits.OnesCount8(uint8(r))&1 == 0) // low byte only
}

// Add returns x+y+carry and the six status flags of ADD and ADC. carry is 0 or 1.
//
// SDM Vol. 2A, "ADD—Add" and "ADC—Add With Carry".
func Add(w Width, x, y, carry uint64) (sum uint64, f x86.Flags) {
	sum = (x + y + carry) & w.Mask()
	carries := x&y | (x|y)&^sum // bit i is set when a carry left bit i
	f = Result(w, sum)
	f |= when(x86.FlagCF, carries&w.Sign() != 0)
	f |= when(x86.FlagAF, carries&0x08 != 0)
	f |= when(x86.FlagOF, (x^sum)&(y^sum)&w.Sign() != 0)
	return sum, f
}

// Sub returns x-y-borrow and the six status flags of SUB, SBB and CMP. borrow is 0 or 1.
//
// SDM Vol. 2B, "SUB—Subtract" and "SBB—Integer Subtraction With Borrow".
func Sub(w Width, x, y, borrow uint64) (diff uint64, f x86.Flags) {
	diff = (x - y - borrow) & w.Mask()
	borrows := ^x&y | (^x|y)&diff // bit i is set when bit i borrowed from above
	f = Result(w, diff)
	f |= when(x86.FlagCF, borrows&w.Sign() != 0)
	f |= when(x86.FlagAF, borrows&0x08 != 0)
	f |= when(x86.FlagOF, (x^y)&(x^diff)&w.Sign() != 0)
	return diff, f
}

// Logic returns the flags of AND, OR, XOR and TEST for result r: CF and OF clear, AF
// (undefined) clear as Intel processors leave it.
func Logic(w Width, r uint64) x86.Flags { return Result(w, r) }

// Inc returns x+1 and its flags; CF is not among them.
func Inc(w Width, x uint64) (uint64, x86.Flags) {
	r, f := Add(w, x, 1, 0)
	return r, f &^ x86.FlagCF
}

// Dec returns x-1 and its flags; CF is not among them.
func Dec(w Width, x uint64) (uint64, x86.Flags) {
	r, f := Sub(w, x, 1, 0)
	return r, f &^ x86.FlagCF
}

// DAA adjusts AL after the addition of packed decimal digits; f is the flags before.
//
// SDM Vol. 2A, "DAA—Decimal Adjust AL After Addition".
func DAA(al uint8, f x86.Flags) (uint8, x86.Flags) {
	old, cf := al, f&x86.FlagCF != 0
	out := x86.Flags(0)
	if al&15 > 9 || f&x86.FlagAF != 0 {
		al += 6
		out |= x86.FlagAF
	}
	if old > 0x99 || cf {
		al += 0x60
		out |= x86.FlagCF
	}
	return al, out | Result(1, uint64(al))
}

// DAS adjusts AL after the subtraction of packed decimal digits; f is the flags before.
//
// SDM Vol. 2A, "DAS—Decimal Adjust AL After Subtraction".
func DAS(al uint8, f x86.Flags) (uint8, x86.Flags) {
	old, cf := al, f&x86.FlagCF != 0
	out := x86.Flags(0)
	if al&15 > 9 || f&x86.FlagAF != 0 {
		out |= when(x86.FlagCF, cf || al < 6) | x86.FlagAF
		al -= 6
	}
	if old > 0x99 || cf {
		al -= 0x60
		out |= x86.FlagCF
	}
	return al, out | Result(1, uint64(al))
}

// AAA adjusts AX after the addition of unpacked decimal digits. OF, SF, ZF and PF are
// undefined; Intel processors clear OF and take the rest from AL.
//
// SDM Vol. 2A, "AAA—ASCII Adjust After Addition".
func AAA(ax uint16, f x86.Flags) (uint16, x86.Flags) {
	return adjust(ax, f, 0x106)
}

// AAS adjusts AX after the subtraction of unpacked decimal digits. OF, SF, ZF and PF are
// undefined; Intel processors clear OF and take the rest from AL.
//
// SDM Vol. 2A, "AAS—ASCII Adjust AL After Subtraction".
func AAS(ax uint16, f x86.Flags) (uint16, x86.Flags) {
	return adjust(ax, f, -0x106&0xffff)
}

func adjust(ax uint16, f x86.Flags, delta uint16) (uint16, x86.Flags) {
	out := x86.Flags(0)
	if ax&15 > 9 || f&x86.FlagAF != 0 {
		ax += delta
		out = x86.FlagAF | x86.FlagCF
	}
	ax &= 0xff0f
	return ax, out | Result(1, uint64(ax&0xff))
}

// AAM splits AL into unpacked digits of base; base must not be 0. CF, OF and AF are
// undefined and clear.
//
// SDM Vol. 2A, "AAM—ASCII Adjust AX After Multiply".
func AAM(al, base uint8) (ax uint16, f x86.Flags) {
	ax = uint16(al/base)<<8 | uint16(al%base)
	return ax, Result(1, uint64(ax&0xff))
}

// AAD joins unpacked digits of base into AL. CF, OF and AF are undefined and set as by
// the final 8-bit addition.
//
// SDM Vol. 2A, "AAD—ASCII Adjust AX Before Division".
func AAD(ax uint16, base uint8) (uint16, x86.Flags) {
	sum, f := Add(1, uint64(ax&0xff), uint64(uint8(ax>>8)*base), 0)
	return uint16(sum), f
}
