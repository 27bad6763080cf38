package alu

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Shift counts are masked to 5 bits, 6 for 64-bit operands. A masked count of 0 changes
// no flag; the functions below then return changed = 0.
//
// Every function returns the new flags and which of them change, so that the caller
// merges: flags = flags&^changed | f&changed.

func maskCount(w Width, n uint64) uint {
	if w == 8 {
		return uint(n & 63)
	}
	return uint(n & 31)
}

// Shl is SHL (SAL). AF is undefined and clear; OF is undefined for counts above 1 and
// keeps the formula of count 1 on the source.
//
// SDM Vol. 2B, "SAL/SAR/SHL/SHR—Shift".
func Shl(w Width, x, n uint64) (r uint64, f, changed x86.Flags) {
	c := maskCount(w, n)
	x &= w.Mask()
	if c == 0 {
		return x, 0, 0
	}
	r = x << c & w.Mask()
	f = Result(w, r)
	if c <= w.Bits() {
		f |= when(x86.FlagCF, x>>(w.Bits()-c)&1 != 0)
	}
	f |= when(x86.FlagOF, (x^x<<1)&w.Sign() != 0)
	return r, f, x86.FlagsStatus
}

// Shr is SHR.
//
// SDM Vol. 2B, "SAL/SAR/SHL/SHR—Shift".
func Shr(w Width, x, n uint64) (r uint64, f, changed x86.Flags) {
	c := maskCount(w, n)
	x &= w.Mask()
	if c == 0 {
		return x, 0, 0
	}
	r = x >> c
	f = Result(w, r) | when(x86.FlagCF, x>>(c-1)&1 != 0) | when(x86.FlagOF, x&w.Sign() != 0)
	return r, f, x86.FlagsStatus
}

// Sar is SAR.
//
// SDM Vol. 2B, "SAL/SAR/SHL/SHR—Shift".
func Sar(w Width, x, n uint64) (r uint64, f, changed x86.Flags) {
	c := maskCount(w, n)
	if c == 0 {
		return x & w.Mask(), 0, 0
	}
	s := int64(w.SignExtend(x))
	r = uint64(s>>c) & w.Mask()
	return r, Result(w, r) | when(x86.FlagCF, s>>(c-1)&1 != 0), x86.FlagsStatus
}

const flagsRotate = x86.FlagCF | x86.FlagOF

// Rol is ROL. keepOF says that OF stays for masked counts above 1, as Intel processors
// do for a register rotated by an immediate; otherwise OF follows the formula of count 1.
//
// SDM Vol. 2B, "RCL/RCR/ROL/ROR—Rotate".
func Rol(w Width, x, n uint64, keepOF bool) (r uint64, f, changed x86.Flags) {
	c := maskCount(w, n)
	x &= w.Mask()
	if c == 0 {
		return x, 0, 0
	}
	s := c % w.Bits()
	r = (x<<s | x>>(w.Bits()-s)) & w.Mask()
	f = when(x86.FlagCF, r&1 != 0) | when(x86.FlagOF, (x^x<<1)&w.Sign() != 0)
	return r, f, rotateChanged(c, keepOF)
}

// Ror is ROR; keepOF as for Rol.
//
// SDM Vol. 2B, "RCL/RCR/ROL/ROR—Rotate".
func Ror(w Width, x, n uint64, keepOF bool) (r uint64, f, changed x86.Flags) {
	c := maskCount(w, n)
	x &= w.Mask()
	if c == 0 {
		return x, 0, 0
	}
	s := c % w.Bits()
	r = (x>>s | x<<(w.Bits()-s)) & w.Mask()
	f = when(x86.FlagCF, r&w.Sign() != 0) | when(x86.FlagOF, (x&1 != 0) != (x&w.Sign() != 0))
	return r, f, rotateChanged(c, keepOF)
}

func rotateChanged(c uint, keepOF bool) x86.Flags {
	if keepOF && c >= 2 {
		return x86.FlagCF
	}
	return flagsRotate
}

// Rcl is RCL: a rotation through carry (0 or 1).
//
// SDM Vol. 2B, "RCL/RCR/ROL/ROR—Rotate".
func Rcl(w Width, x, n, carry uint64) (r uint64, f, changed x86.Flags) {
	c := rclCount(w, n)
	x &= w.Mask()
	if c == 0 {
		return x, 0, 0
	}
	of := (x ^ x<<1) & w.Sign()
	r = x
	for range c {
		out := r & w.Sign()
		r = (r<<1 | carry) & w.Mask()
		carry = b2u(out != 0)
	}
	f = when(x86.FlagCF, carry != 0) | when(x86.FlagOF, of != 0)
	return r, f, flagsRotate
}

// Rcr is RCR: a rotation through carry (0 or 1).
//
// SDM Vol. 2B, "RCL/RCR/ROL/ROR—Rotate".
func Rcr(w Width, x, n, carry uint64) (r uint64, f, changed x86.Flags) {
	c := rclCount(w, n)
	x &= w.Mask()
	if c == 0 {
		return x, 0, 0
	}
	of := (carry != 0) != (x&w.Sign() != 0)
	r = x
	for range c {
		out := r & 1
		r = r>>1 | carry<<(w.Bits()-1)
		carry = out
	}
	f = when(x86.FlagCF, carry != 0) | when(x86.FlagOF, of)
	return r, f, flagsRotate
}

// rclCount is the number of single rotations: modulo 9 and 17 for 8 and 16 bits.
func rclCount(w Width, n uint64) uint {
	c := maskCount(w, n)
	if w <= 2 {
		c %= w.Bits() + 1
	}
	return c
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// Shld shifts x left, filling from the top of y. Counts above 16 for 16-bit operands are
// undefined; Intel processors then rotate x:y:x.
//
// SDM Vol. 2B, "SHLD—Double Precision Shift Left".
func Shld(w Width, x, y, n uint64) (r uint64, f, changed x86.Flags) {
	c := maskCount(w, n)
	x, y = x&w.Mask(), y&w.Mask()
	if c == 0 {
		return x, 0, 0
	}
	var cf bool
	if w == 2 {
		t := x<<32 | y<<16 | x
		r = t << c >> 32 & 0xffff
		cf = t>>(48-c)&1 != 0
	} else {
		r = (x<<c | y>>(w.Bits()-c)) & w.Mask()
		cf = x>>(w.Bits()-c)&1 != 0
	}
	f = Result(w, r) | when(x86.FlagCF, cf) | when(x86.FlagOF, (x^x<<1)&w.Sign() != 0)
	return r, f, x86.FlagsStatus
}

// Shrd shifts x right, filling from the bottom of y; counts above 16 for 16-bit operands
// as for Shld.
//
// SDM Vol. 2B, "SHRD—Double Precision Shift Right".
func Shrd(w Width, x, y, n uint64) (r uint64, f, changed x86.Flags) {
	c := maskCount(w, n)
	x, y = x&w.Mask(), y&w.Mask()
	if c == 0 {
		return x, 0, 0
	}
	var cf bool
	if w == 2 {
		t := x<<32 | y<<16 | x
		r = t >> c & 0xffff
		cf = t>>(c-1)&1 != 0
	} else {
		r = (x>>c | y<<(w.Bits()-c)) & w.Mask()
		cf = x>>(c-1)&1 != 0
	}
	of := (y&1 != 0) != (x&w.Sign() != 0)
	f = Result(w, r) | when(x86.FlagCF, cf) | when(x86.FlagOF, of)
	return r, f, x86.FlagsStatus
}

// Bsf returns the number of the lowest set bit of x, which must not be 0, and the flags:
// ZF clear; CF, OF, SF and AF (undefined) clear, PF from the result.
//
// SDM Vol. 2A, "BSF—Bit Scan Forward".
func Bsf(x uint64) (uint64, x86.Flags) {
	r := uint64(bits.TrailingZeros64(x))
	return r, Result(8, r) & x86.FlagPF
}

// Bsr returns the number of the highest set bit of x, which must not be 0; flags as Bsf.
//
// SDM Vol. 2A, "BSR—Bit Scan Reverse".
func Bsr(x uint64) (uint64, x86.Flags) {
	r := uint64(bits.Len64(x) - 1)
	return r, Result(8, r) & x86.FlagPF
}
