package simd

import (
	"crypto/aes"
	"hash/crc32"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operand draws a bit pattern: any, near the ends of the range, or with a short fraction.
func operand(r *rand.Rand, f Format) uint64 {
	v := r.Uint64()
	switch r.IntN(6) {
	case 0:
		v &^= f.fracMask() >> r.IntN(int(f))
	case 1: // near one
		v = v&(f.fracMask()|f.signBit()) | uint64(f.bias()-2+r.IntN(4))<<f
	case 2: // denormal
		v &= f.fracMask() | f.signBit()
	case 3: // near the top
		v = v&(f.fracMask()|f.signBit()) | uint64(f.expMax()-1-r.IntN(3))<<f
	case 4:
		v = v&(f.fracMask()|f.signBit()) | uint64(f.bias()/2-3+r.IntN(6))<<f
	}
	return v & (f.signBit()<<1 - 1)
}

// value is finite v as a float64, which holds both formats.
func value(f Format, v uint64) *big.Float {
	if f == Single {
		return big.NewFloat(float64(math.Float32frombits(uint32(v))))
	}
	return big.NewFloat(math.Float64frombits(v))
}

// modes are the rounding modes of math/big for those of MXCSR.
var modes = map[MXCSR]big.RoundingMode{
	RoundNearest: big.ToNearestEven, RoundDown: big.ToNegativeInf, RoundUp: big.ToPositiveInf, RoundZero: big.ToZero,
}

// TestArithmeticAgreesWithMathBig checks results and PE wherever the exact result is normal.
func TestArithmeticAgreesWithMathBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ops := []struct {
		name string
		op   Binary
		ref  func(z, x, y *big.Float) *big.Float
	}{
		{"add", Format.Add, (*big.Float).Add},
		{"sub", Format.Sub, (*big.Float).Sub},
		{"mul", Format.Mul, (*big.Float).Mul},
		{"div", Format.Div, (*big.Float).Quo},
	}
	for range 50000 {
		f := [2]Format{Single, Double}[r.IntN(2)]
		rc := MXCSR(r.IntN(4)) << 13
		a, b := operand(r, f), operand(r, f)
		if f.isNaN(a) || f.isInf(a) || f.isNaN(b) || f.isInf(b) || f.isZero(b) {
			continue
		}
		for _, o := range ops {
			got, st := o.op(f, MXCSRDefault|rc, a, b)
			z := new(big.Float).SetMode(modes[rc]).SetPrec(uint(f) + 1)
			o.ref(z, value(f, a), value(f, b))
			exp := z.MantExp(nil) - 1
			if z.Sign() == 0 || exp > f.bias() || exp < 1-f.bias() {
				continue
			}
			require.Zero(t, z.Cmp(value(f, got)), "%s %x %x rounding %x gives %x", o.name, a, b, rc, got)
			require.Equal(t, z.Acc() != big.Exact, st&PE != 0, "%s %x %x: PE", o.name, a, b)
		}
	}
}

// TestHostArithmeticChangesNothing compares the host's arithmetic with the integer one, with
// the precision flag set before and not, on operands whose results are often exact.
func TestHostArithmeticChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	ops := []struct{ host, soft Binary }{
		{Format.Add, func(f Format, m MXCSR, a, b uint64) (uint64, Status) { return f.add(m, a, b, false) }},
		{Format.Sub, func(f Format, m MXCSR, a, b uint64) (uint64, Status) { return f.add(m, a, b, true) }},
		{Format.Mul, Format.mul},
		{Format.Div, Format.div},
		{func(f Format, m MXCSR, a, _ uint64) (uint64, Status) { return f.Sqrt(m, a) },
			func(f Format, m MXCSR, a, _ uint64) (uint64, Status) { return f.sqrt(m, a) }},
	}
	some := func(f Format) uint64 {
		switch v := operand(r, f); r.IntN(4) {
		case 0: // a small integer
			if f == Single {
				return uint64(math.Float32bits(float32(r.IntN(400) - 200)))
			}
			return math.Float64bits(float64(r.IntN(400) - 200))
		case 1: // few significant bits
			return v &^ (f.fracMask() >> r.IntN(int(f)))
		default:
			return v
		}
	}
	for range 400000 {
		f := [2]Format{Single, Double}[r.IntN(2)]
		m := MXCSRDefault | MXCSR(r.IntN(2))*MXCSR(PE)
		if r.IntN(8) == 0 {
			m ^= MXCSR(r.Uint32()) & MXCSRMask
		}
		a, b := some(f), some(f)
		for i, op := range ops {
			x, xs := op.host(f, m, a, b)
			y, ys := op.soft(f, m, a, b)
			if x != y || m.Raise(xs) != m.Raise(ys) || m.Unmasked(xs) != m.Unmasked(ys) {
				t.Fatalf("operation %d on %x, %x under %x: %x %x, want %x %x", i, a, b, m, x, xs, y, ys)
			}
		}
	}
}

// TestChoiceByTheHost compares MinDouble and its kin with the integer comparison.
func TestChoiceByTheHost(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	taken := 0
	for range 200000 {
		a, b := operand(r, Double), operand(r, Double)
		c, d := operand(r, Single), operand(r, Single)
		for _, o := range []struct {
			double func(MXCSR, uint64, uint64) (uint64, bool)
			single func(MXCSR, uint32, uint32) (uint32, bool)
			soft   Binary
		}{{MinDouble, MinSingle, Format.Min}, {MaxDouble, MaxSingle, Format.Max}} {
			if x, ok := o.double(0, a, b); ok {
				y, st := o.soft(Double, 0, a, b)
				require.Equal(t, y, x, "%x %x", a, b)
				require.Zero(t, st)
				taken++
			}
			if x, ok := o.single(0, uint32(c), uint32(d)); ok {
				y, st := o.soft(Single, 0, c, d)
				require.Equal(t, y, uint64(x), "%x %x", c, d)
				require.Zero(t, st)
			}
		}
	}
	require.NotZero(t, taken)
}

// TestEstimatesKeepTheirPromise checks the error bound of the manual, 1.5·2⁻¹².
func TestEstimatesKeepTheirPromise(t *testing.T) {
	for v := uint64(0x3f800000); v < 0x40800000; v += 97 {
		x := float64(math.Float32frombits(uint32(v)))
		r := float64(math.Float32frombits(uint32(Reciprocal(v))))
		s := float64(math.Float32frombits(uint32(ReciprocalSqrt(v))))
		if math.Abs(r*x-1) > 1.5/4096 || math.Abs(s*math.Sqrt(x)-1) > 1.5/4096 {
			t.Fatalf("%x", v)
		}
	}
}

// TestAddAndSubtractEveryByte checks the additions that work on all lanes at once.
func TestAddAndSubtractEveryByte(t *testing.T) {
	for x := range uint64(256) {
		for y := range uint64(256) {
			a, b := x*onesB, y*onesB^0xff00ff00
			for i := 0; i < 64; i += 8 {
				p, q := uint8(a>>i), uint8(b>>i)
				if uint8(PAddB(a, b)>>i) != p+q || uint8(PSubB(a, b)>>i) != p-q || uint8(PCmpEqB(a, b)>>i) != ones8(p == q) {
					t.Fatalf("%x %x", a, b)
				}
			}
		}
	}
}

// TestStringCompareAllBytesAtOnce compares what works on all bytes at once with the rule for
// each.
func TestStringCompareAllBytesAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	few := func() (v Vec) {
		for i := range 16 {
			v.SetB(i, uint8(r.IntN(4)))
		}
		return v
	}
	for range 20000 {
		a, b, la, lb := few(), few(), r.IntN(17), r.IntN(17)
		for _, s := range []StringCompare{0, 2, 8, 10} {
			want := uint32(0)
			for j := range 16 {
				if s.element(a, b, la, lb, j) {
					want |= 1 << j
				}
			}
			require.Equal(t, want, s.Run(a, b, la, lb), "%x %x %d %d %d", a, b, la, lb, s)
		}
		n := 0
		for n < 16 && a.B(n) != 0 {
			n++
		}
		require.Equal(t, n, StringCompare(0).Length(a))
	}
}

func TestAESAgreesWithTheStandardLibrary(t *testing.T) {
	key := []byte("0123456789abcdef")
	block := []byte("the plain text!!")
	keys := [11]Vec{FromBytes(key)}
	rcon := uint8(1)
	for i := range 10 { // key expansion as in the manual's example for AESKEYGENASSIST
		k := keys[i]
		g := AESKeyGen(k, rcon).D(3)
		rcon = times2(rcon)
		d0 := k.D(0) ^ g
		d1 := k.D(1) ^ d0
		d2 := k.D(2) ^ d1
		keys[i+1] = Dwords(d0, d1, d2, k.D(3)^d2)
	}
	v := xor(FromBytes(block), keys[0])
	for _, k := range keys[1:10] {
		v = AESEnc(v, k)
	}
	var got, want [16]byte
	AESEncLast(v, keys[10]).PutBytes(got[:])
	c, err := aes.NewCipher(key)
	require.NoError(t, err)
	c.Encrypt(want[:], block)
	assert.Equal(t, want, got)

	v = xor(FromBytes(got[:]), keys[10])
	for i := 9; i > 0; i-- {
		v = AESDec(v, AESIMC(keys[i]))
	}
	AESDecLast(v, keys[0]).PutBytes(got[:])
	assert.Equal(t, block, got[:])
}

func TestCRC32CAgreesWithTheStandardLibrary(t *testing.T) {
	want := crc32.Update(0, crc32.MakeTable(crc32.Castagnoli), []byte("abcdefgh"))
	assert.Equal(t, want, ^CRC32C(0xffffffff, 0x6867666564636261, 8))
}

// FuzzArithmetic checks what must hold whatever the operands: results fit the format, NaN
// results are quiet, and unmasked bits follow the masks.
func FuzzArithmetic(f *testing.F) {
	f.Add(uint64(0x3ff0000000000000), uint64(1), uint32(0x1f80))
	f.Add(uint64(0x7ff0000000000001), uint64(0xfff8000000000000), uint32(0xffff))
	f.Fuzz(func(t *testing.T, a, b uint64, m uint32) {
		mx := MXCSR(m) & MXCSRMask
		for _, f := range [2]Format{Single, Double} {
			all := f.signBit()<<1 - 1
			x, y := a&all, b&all
			for _, op := range []Binary{Format.Add, Format.Sub, Format.Mul, Format.Div} {
				r, st := op(f, mx, x, y)
				if r&^all != 0 || st&^allExceptions != 0 || f.isSNaN(r) {
					t.Fatalf("%x %x %x: %x %x", mx, x, y, r, st)
				}
				if mx.Unmasked(st)&^Status(^mx>>maskShift) != 0 {
					t.Fatalf("%x: masked exception reported", mx)
				}
			}
			f.Sqrt(mx, x)
			f.ToInt(mx, 32, x)
			f.ToInt(mx, 64, x)
			f.RoundToInt(mx, x, uint8(b))
			f.Compare(mx, x, y, Predicate(m&31))
		}
	})
}
