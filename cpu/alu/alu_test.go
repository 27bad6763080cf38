package alu

import (
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// has says whether flag f is set.
func has(f, bit x86.Flags) bool { return f&bit != 0 }

// checkResult compares SF, ZF and PF with their definitions.
func checkResult(t *testing.T, w Width, r uint64, f x86.Flags) {
	t.Helper()
	ones := bits.OnesCount8(uint8(r))
	if has(f, x86.FlagZF) != (r == 0) || has(f, x86.FlagSF) != (r>>(w.Bits()-1) == 1) || has(f, x86.FlagPF) != (ones%2 == 0) {
		t.Fatalf("result %#x of width %d: flags %#x", r, w, f)
	}
}

// TestAddEveryByte checks all 8-bit sums, with and without carry, against arithmetic in
// a wider type.
func TestAddEveryByte(t *testing.T) {
	for x := range 256 {
		for y := range 256 {
			for carry := range 2 {
				sum, f := Add(1, uint64(x), uint64(y), uint64(carry))
				unsigned := x + y + carry
				signed := int(int8(x)) + int(int8(y)) + carry
				if sum != uint64(uint8(unsigned)) ||
					has(f, x86.FlagCF) != (unsigned > 0xff) ||
					has(f, x86.FlagOF) != (signed != int(int8(signed))) ||
					has(f, x86.FlagAF) != (x&15+y&15+carry > 15) {
					t.Fatalf("Add(1, %#x, %#x, %d) = %#x, %#x", x, y, carry, sum, f)
				}
				checkResult(t, 1, sum, f)
			}
		}
	}
}

// TestSubEveryByte does the same for differences.
func TestSubEveryByte(t *testing.T) {
	for x := range 256 {
		for y := range 256 {
			for borrow := range 2 {
				diff, f := Sub(1, uint64(x), uint64(y), uint64(borrow))
				unsigned := x - y - borrow
				signed := int(int8(x)) - int(int8(y)) - borrow
				if diff != uint64(uint8(unsigned)) ||
					has(f, x86.FlagCF) != (unsigned < 0) ||
					has(f, x86.FlagOF) != (signed != int(int8(signed))) ||
					has(f, x86.FlagAF) != (x&15-y&15-borrow < 0) {
					t.Fatalf("Sub(1, %#x, %#x, %d) = %#x, %#x", x, y, borrow, diff, f)
				}
				checkResult(t, 1, diff, f)
			}
		}
	}
}

// TestWideSumsAgreeWithBigIntegers checks carries and overflow of the other widths.
func TestWideSumsAgreeWithBigIntegers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, w := range []Width{2, 4, 8} {
		for range 20000 {
			x, y, carry := corner(r, w), corner(r, w), r.Uint64N(2)
			sum, f := Add(w, x, y, carry)
			big := new(big.Int).Add(new(big.Int).SetUint64(x), new(big.Int).SetUint64(y))
			big.Add(big, bigInt(carry))
			assert.Equal(t, big.Uint64()&w.Mask(), sum)
			assert.Equal(t, big.BitLen() > int(w.Bits()), has(f, x86.FlagCF))
			diff, g := Sub(w, sum, y, carry)
			assert.Equal(t, x, diff)
			assert.Equal(t, sum < y || sum-y < carry, has(g, x86.FlagCF))
		}
	}
}

func bigInt(v uint64) *big.Int { return new(big.Int).SetUint64(v) }

// corner is a random value of width w, often one where something special happens.
func corner(r *rand.Rand, w Width) uint64 {
	switch r.IntN(6) {
	case 0:
		return r.Uint64N(3)
	case 1:
		return w.Mask() - r.Uint64N(3)
	case 2:
		return (w.Sign() + r.Uint64N(3) - 1) & w.Mask()
	}
	return r.Uint64() & w.Mask()
}

// TestShiftsBitByBit compares shifts and rotates with a loop that moves one bit at a
// time, as the manual's pseudo-code does.
func TestShiftsBitByBit(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, w := range []Width{1, 2, 4, 8} {
		for range 20000 {
			x, n, carry := corner(r, w), r.Uint64N(256), r.Uint64N(2)
			count := n & 31
			if w == 8 {
				count = n & 63
			}
			var shl, shr, sar, rol, ror, rcl, rcr uint64 = x, x, w.SignExtend(x), x, x, x, x
			var cshl, cshr, csar, crcl, crcr uint64 = 0, 0, 0, carry, carry
			top := w.Bits() - 1
			for range count {
				cshl, shl = shl>>top&1, shl<<1&w.Mask()
				cshr, shr = shr&1, shr>>1
				csar, sar = sar&1, uint64(int64(sar)>>1)
				rol = (rol<<1 | rol>>top) & w.Mask()
				ror = (ror>>1 | ror<<top) & w.Mask()
				crcl, rcl = rcl>>top&1, (rcl<<1|crcl)&w.Mask()
				crcr, rcr = rcr&1, rcr>>1|crcr<<top
			}
			check := func(name string, got uint64, f, changed x86.Flags, want, cf uint64) {
				t.Helper()
				if got != want || changed != 0 && has(f, x86.FlagCF) != (cf == 1) || (changed == 0) != (count == 0) && name[0] == 'S' {
					t.Fatalf("%s width %d of %#x by %d: %#x flags %#x/%#x, want %#x carry %d", name, w, x, n, got, f, changed, want, cf)
				}
			}
			got, f, ch := Shl(w, x, n)
			check("SHL", got, f, ch, shl, cshl)
			got, f, ch = Shr(w, x, n)
			check("SHR", got, f, ch, shr, cshr)
			got, f, ch = Sar(w, x, n)
			check("SAR", got, f, ch, sar&w.Mask(), csar)
			got, f, ch = Rol(w, x, n, false)
			check("ROL", got, f, ch, rol, rol&1)
			got, f, ch = Ror(w, x, n, false)
			check("ROR", got, f, ch, ror, ror>>top)
			got, f, ch = Rcl(w, x, n, carry)
			check("RCL", got, f, ch, rcl, crcl)
			got, f, ch = Rcr(w, x, n, carry)
			check("RCR", got, f, ch, rcr, crcr)
		}
	}
}

// TestProductsAndQuotientsAgreeWithBigIntegers checks all widths of multiplication and
// division.
func TestProductsAndQuotientsAgreeWithBigIntegers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	signed := func(w Width, v uint64) *big.Int { return big.NewInt(int64(w.SignExtend(v))) }
	join := func(w Width, hi, lo uint64) *big.Int {
		v := new(big.Int).Lsh(bigInt(hi), w.Bits())
		return v.Or(v, bigInt(lo))
	}
	for _, w := range []Width{1, 2, 4, 8} {
		modulus := new(big.Int).Lsh(big.NewInt(1), 2*w.Bits())
		for range 20000 {
			x, y, z := corner(r, w), corner(r, w), corner(r, w)
			hi, lo, _ := Mul(w, x, y)
			assert.Zero(t, join(w, hi, lo).Cmp(new(big.Int).Mul(bigInt(x), bigInt(y))))
			hi, lo, _ = IMul(w, x, y)
			p := new(big.Int).Mul(signed(w, x), signed(w, y))
			assert.Zero(t, join(w, hi, lo).Cmp(p.Mod(p, modulus)), "IMUL %d %#x %#x", w, x, y)

			q, rem, ok := Div(w, z, x, y)
			n := join(w, z, x)
			if y == 0 {
				assert.False(t, ok)
				continue
			}
			bq, br := new(big.Int).DivMod(n, bigInt(y), new(big.Int))
			assert.Equal(t, bq.BitLen() <= int(w.Bits()), ok)
			if ok {
				assert.Equal(t, bq.Uint64(), q)
				assert.Equal(t, br.Uint64(), rem)
			}
			if n.Bit(int(2*w.Bits()-1)) == 1 {
				n.Sub(n, modulus)
			}
			q, rem, ok = IDiv(w, z, x, y)
			sq, sr := new(big.Int).QuoRem(n, signed(w, y), new(big.Int))
			fits := sq.IsInt64() && int64(w.SignExtend(uint64(sq.Int64()))) == sq.Int64()
			assert.Equal(t, fits, ok, "IDIV width %d %v / %v", w, n, signed(w, y))
			if ok {
				assert.Equal(t, uint64(sq.Int64())&w.Mask(), q)
				assert.Equal(t, uint64(sr.Int64())&w.Mask(), rem)
			}
		}
	}
}

// TestDecimalAdjust compares with decimal arithmetic on valid digits.
func TestDecimalAdjust(t *testing.T) {
	bcd := func(n int) uint64 { return uint64(n/10<<4 | n%10) }
	for x := range 100 {
		for y := range 100 {
			sum, f := Add(1, bcd(x), bcd(y), 0)
			al, f := DAA(uint8(sum), f)
			assert.Equal(t, bcd((x+y)%100), uint64(al), "%d+%d", x, y)
			assert.Equal(t, x+y > 99, has(f, x86.FlagCF))
			diff, f := Sub(1, bcd(x), bcd(y), 0)
			al, f = DAS(uint8(diff), f)
			assert.Equal(t, bcd((x-y+100)%100), uint64(al), "%d-%d", x, y)
			assert.Equal(t, x < y, has(f, x86.FlagCF))
		}
	}
	ax, f := AAM(99, 10)
	assert.Equal(t, uint16(0x0909), ax)
	assert.Equal(t, x86.FlagPF, f)
	ax, _ = AAD(0x0909, 10)
	assert.Equal(t, uint16(99), ax)
}
