package f80

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// toBig is the exact value of a finite f.
func toBig(f Float) *big.Float {
	exp := int(f.SE & expMask)
	if exp == 0 {
		exp = 1
	}
	r := new(big.Float).SetPrec(64).SetUint64(f.Sig)
	r.SetMantExp(r, exp-expBias-63)
	if f.Neg() {
		r.Neg(r)
	}
	return r
}

// fromBig is a Float with the value of b, which has at most 64 bits and is in range.
func fromBig(b *big.Float) Float {
	if b.Sign() == 0 {
		return Zero(b.Signbit())
	}
	m := new(big.Float)
	exp := b.MantExp(m) // m in [½, 1)
	sig, _ := m.Abs(m).SetMantExp(m, 64).Uint64()
	return Float{sig, uint16(exp-1+expBias) | signOf(b.Signbit())}
}

var (
	precisions = map[Control]uint{Precision24: 24, Precision53: 53, Precision64: 64}
	roundings  = map[Control]big.RoundingMode{
		RoundNearest: big.ToNearestEven, RoundDown: big.ToNegativeInf, RoundUp: big.ToPositiveInf, RoundZero: big.ToZero,
	}
)

// TestArithmeticAgainstBig compares sums, products, quotients and roots that stay in range
// with math/big, in every precision and rounding mode.
func TestArithmeticAgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	number := func() Float {
		f := Float{r.Uint64()<<r.IntN(64) | jBit, uint16(expBias - 40 + r.IntN(80))}
		f.SE |= signOf(r.IntN(2) == 0)
		return f
	}
	for pc, prec := range precisions {
		for rc, mode := range roundings {
			for range 2000 {
				c := Control(ControlMasks) | pc | rc
				a, b := number(), number()
				x, y := toBig(a), toBig(b)
				z := func() *big.Float { return new(big.Float).SetPrec(prec).SetMode(mode) }
				check := func(name string, want *big.Float, got Float, st Status) {
					require.Equal(t, fromBig(want), got, "%s %v %v control %04x", name, a, b, c)
					require.Equal(t, want.Acc() != big.Exact, st&PE != 0, "%s %v %v PE", name, a, b)
					up := want.Acc() != big.Exact && want.Acc() == big.Above == (want.Sign() > 0)
					require.Equal(t, up, st&C1 != 0, "%s %v %v C1", name, a, b)
				}
				got, st := Add(c, a, b)
				check("add", z().Add(x, y), got, st)
				got, st = Sub(c, a, b)
				check("sub", z().Sub(x, y), got, st)
				got, st = Mul(c, a, b)
				check("mul", z().Mul(x, y), got, st)
				got, st = Div(c, a, b)
				check("div", z().Quo(x, y), got, st)
				if mode == big.ToNearestEven { // the only mode of big.Float.Sqrt that rounds right
					a, x = a.Abs(), x.Abs(x)
					got, _ = Sqrt(c, a)
					require.Equal(t, fromBig(z().Sqrt(x)), got, "sqrt %v", a)
				}
			}
		}
	}
}

// TestRemainderAgainstBig checks a = b·q + r for the chopped and the nearest quotient.
func TestRemainderAgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		a := Float{r.Uint64() | jBit, uint16(expBias + r.IntN(64))}
		b := Float{r.Uint64()<<r.IntN(63) | jBit, uint16(expBias + r.IntN(64))}
		x, y := toBig(a), toBig(b)
		q, _ := new(big.Float).SetPrec(300).Quo(x, y).Int(nil)
		rest := new(big.Float).SetPrec(300).SetInt(q)
		rest.Sub(x, rest.Mul(rest, y))
		got, st := Rem(ControlInit, a, b)
		if a.SE-b.SE < 64 || a.SE < b.SE {
			require.Zero(t, rest.Cmp(toBig(got)), "%v rem %v", a, b)
			require.Equal(t, quotient(q.Uint64()), st)
			require.Zero(t, st&C2)
		}
		twice := new(big.Float).SetPrec(300).Add(rest, rest)
		if d := twice.Cmp(y); d > 0 || d == 0 && q.Bit(0) == 1 {
			rest.Sub(rest, y)
			q.Add(q, big.NewInt(1))
		}
		got, st = Rem1(ControlInit, a, b)
		require.Zero(t, rest.Cmp(toBig(got)), "%v rem1 %v", a, b)
		require.Equal(t, quotient(q.Uint64()), st)
	}
}

// TestPartialRemainderConverges runs the loop that every guest runs around FPREM.
func TestPartialRemainderConverges(t *testing.T) {
	a, b := Float{0xfedcba9876543211, expMax}, Float{0x8000000000000003, 1}
	for n := 0; ; n++ {
		require.Less(t, n, 600)
		r, st := Rem(ControlInit, a, b)
		a = r
		if st&C2 == 0 {
			break
		}
	}
	assert.Negative(t, magnitude(a, b))
}

// TestNaNRules is SDM Vol. 1, "Rules for Handling NaNs".
func TestNaNRules(t *testing.T) {
	const nan = expMask
	qnan := Float{jBit | quietBit | 5, nan}
	bigger := Float{jBit | quietBit | 6, nan | signBit}
	snan := Float{jBit | 7, nan}
	biggerSNaN := Float{jBit | 9, nan | signBit}
	one := One(false)
	for _, tc := range []struct {
		name string
		a, b Float
		want Float
		st   Status
	}{
		{"quiet and number", qnan, one, qnan, 0},
		{"number and quiet", one, qnan, qnan, 0},
		{"signalling and number", snan, one, snan.quiet(), IE},
		{"signalling and quiet", snan, qnan, qnan, IE},
		{"quiet and signalling", bigger, snan, bigger, IE},
		{"two quiet, larger wins", qnan, bigger, bigger, 0},
		{"two signalling, larger wins", biggerSNaN, snan, biggerSNaN.quiet(), IE},
		{"equal, positive wins", qnan.Chs(), qnan, qnan, 0},
		{"unsupported wins over all", Float{1, 5}, qnan, Indefinite(), IE},
		{"quiet and denormal raises nothing", qnan, Float{Sig: 1}, qnan, 0},
	} {
		for name, f := range map[string]binary2{"Add": Add, "Sub": Sub, "Mul": Mul, "Div": Div, "Rem": Rem, "Scale": Scale, "Atan": Atan} {
			got, st := f(ControlInit, tc.a, tc.b)
			assert.Equal(t, tc.want, got, "%s: %s", name, tc.name)
			assert.Equal(t, tc.st, st, "%s: %s", name, tc.name)
		}
	}
}

// TestSpecialOperands is the tables of SDM Vol. 2A on FADD, FMUL, FDIV, FSQRT, FSCALE,
// FXTRACT, FPATAN and FYL2X.
func TestSpecialOperands(t *testing.T) {
	inf, zero, one := Inf(false), Zero(false), One(false)
	two := Float{jBit, expBias + 1}
	ind := Indefinite()
	for _, tc := range []struct {
		name string
		f    binary2
		a, b Float
		want Float
		st   Status
	}{
		{"inf - inf", Sub, inf, inf, ind, IE},
		{"inf + -inf", Add, inf, inf.Chs(), ind, IE},
		{"inf + inf", Add, inf, inf, inf, 0},
		{"1 - 1", Sub, one, one, zero, 0},
		{"-0 + -0", Add, zero.Chs(), zero.Chs(), zero.Chs(), 0},
		{"0 · inf", Mul, zero, inf, ind, IE},
		{"-1 · inf", Mul, one.Chs(), inf, inf.Chs(), 0},
		{"0 / 0", Div, zero, zero, ind, IE},
		{"inf / inf", Div, inf, inf, ind, IE},
		{"1 / -0", Div, one, zero.Chs(), inf.Chs(), ZE},
		{"inf / 0", Div, inf, zero, inf, 0},
		{"1 / inf", Div, one, inf, zero, 0},
		{"sqrt -1", oneOperand(Sqrt), one.Chs(), one, ind, IE},
		{"sqrt -0", oneOperand(Sqrt), zero.Chs(), one, zero.Chs(), 0},
		{"inf scaled by -inf", Scale, inf, inf.Chs(), ind, IE},
		{"0 scaled by inf", Scale, zero, inf, ind, IE},
		{"1 scaled by inf", Scale, one, inf, inf, 0},
		{"1 scaled by -inf", Scale, one, inf.Chs(), zero, 0},
		{"1 scaled by 1", Scale, one, one, two, 0},
		{"atan 0/-1 is π", Atan, zero, one.Chs(), Float{0xc90fdaa22168c235, 0x4000}, PE | C1},
		{"atan -0/1 is -0", Atan, zero.Chs(), one, zero.Chs(), 0},
		{"atan inf/inf is π/4", Atan, inf, inf, Float{0xc90fdaa22168c235, 0x3ffe}, PE | C1},
		{"atan inf/-inf is 3π/4", Atan, inf, inf.Chs(), Float{0x96cbe3f9990e91a8, 0x4000}, PE | C1},
		{"1·log 0", YLog2X, one, zero, inf.Chs(), ZE},
		{"0·log 0", YLog2X, zero, zero, ind, IE},
		{"inf·log 1", YLog2X, inf, one, ind, IE},
		{"1·log -1", YLog2X, one, one.Chs(), ind, IE},
		{"2·log 1", YLog2X, two, one, zero, 0},
		{"inf·log 2", YLog2X, inf, two, inf, 0},
	} {
		got, st := tc.f(ControlInit, tc.a, tc.b)
		assert.Equal(t, tc.want, got, tc.name)
		assert.Equal(t, tc.st, st, tc.name)
	}
}

// TestFloat64RoundTrip widens and narrows doubles and singles, all kinds of them.
func TestFloat64RoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 100000 {
		v := r.Uint64()
		if i%4 == 0 {
			v &^= 0x7ff << 52 // denormal
		}
		f, st := FromFloat64(v)
		if f.IsNaN() {
			v |= 1 << 51
		}
		got, st2 := ToFloat64(ControlInit, f)
		require.Equal(t, v, got)
		require.Zero(t, st2)
		require.Equal(t, v&(0x7ff<<52) == 0 && v<<1 != 0, st&DE != 0)
		w := uint32(v >> 32)
		f, _ = FromFloat32(w)
		if f.IsNaN() {
			w |= 1 << 22
		}
		got32, _ := ToFloat32(ControlInit, f)
		require.Equal(t, w, got32)
	}
}

// TestNarrowingRoundsLikeTheHost compares double to single with Go's own conversion.
func TestNarrowingRoundsLikeTheHost(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 100000 {
		v := math.Float64frombits(r.Uint64()&(1<<63|1<<52-1) | uint64(1023-160+r.IntN(300))<<52)
		f, _ := FromFloat64(math.Float64bits(v))
		got, _ := ToFloat32(ControlInit, f)
		require.Equal(t, math.Float32bits(float32(v)), got, "%g", v)
	}
}

func TestIntegersRoundAndSaturateToIndefinite(t *testing.T) {
	half := Float{jBit, expBias - 1}
	for _, tc := range []struct {
		name string
		in   Float
		rc   Control
		want int16
		st   Status
	}{
		{"tie to even below", half, RoundNearest, 0, PE},
		{"up", half, RoundUp, 1, PE | C1},
		{"-½ down", half.Chs(), RoundDown, -1, PE | C1},
		{"-½ chopped", half.Chs(), RoundZero, 0, PE},
		{"smallest", FromInt64(-32768), RoundNearest, -32768, 0},
		{"one too many", FromInt64(32768), RoundNearest, -32768, IE},
		{"infinity", Inf(false), RoundNearest, -32768, IE},
		{"NaN", Indefinite(), RoundNearest, -32768, IE},
		{"unsupported", Float{5, expBias}, RoundNearest, -32768, IE},
	} {
		got, st := ToInt16(ControlInit|tc.rc, tc.in)
		assert.Equal(t, tc.want, got, tc.name)
		assert.Equal(t, tc.st, st, tc.name)
	}
	r := rand.New(rand.NewPCG(9, 10))
	for range 10000 {
		v := int64(r.Uint64()) >> r.IntN(64)
		got, st := ToInt64(ControlInit, FromInt64(v))
		require.Equal(t, v, got)
		require.Zero(t, st)
	}
}

func TestBCDRoundTrip(t *testing.T) {
	b := BCD{Lo: 0x4567890123456789, Hi: 0x8023}
	f := FromBCD(b)
	assert.Equal(t, FromInt64(-234567890123456789), f)
	got, st := ToBCD(ControlInit, f)
	assert.Equal(t, b, got)
	assert.Zero(t, st)
	got, st = ToBCD(ControlInit, FromInt64(1e18))
	assert.Equal(t, BCD{0xc000000000000000, 0xffff}, got)
	assert.Equal(t, IE, st)
}

// TestUnmaskedOverflowAndUnderflowWrapTheExponent is SDM Vol. 1, "Numeric Overflow
// Exception" and "Numeric Underflow Exception".
func TestUnmaskedOverflowAndUnderflowWrapTheExponent(t *testing.T) {
	huge, small := Float{jBit, expMax}, Float{jBit, 1}
	got, st := Mul(ControlInit&^Control(OE), huge, huge)
	assert.Equal(t, Float{jBit, 2*expMax - expBias - biasAdjust}, got)
	assert.Equal(t, OE, st)
	got, st = Mul(ControlInit&^Control(UE), small, small)
	assert.Equal(t, Float{jBit, 2 - expBias + biasAdjust}, got)
	assert.Equal(t, UE, st)
	got, st = Mul(ControlInit, small, small)
	assert.Equal(t, Float{}, got)
	assert.Equal(t, UE|PE, st)
	got, st = Mul(ControlInit|RoundZero, huge, huge)
	assert.Equal(t, Float{^uint64(0), expMax}, got)
	assert.Equal(t, OE|PE, st)
}

func BenchmarkAdd(b *testing.B)  { bench2(b, Add) }
func BenchmarkMul(b *testing.B)  { bench2(b, Mul) }
func BenchmarkDiv(b *testing.B)  { bench2(b, Div) }
func BenchmarkSqrt(b *testing.B) { bench2(b, oneOperand(Sqrt)) }
func BenchmarkSin(b *testing.B)  { bench2(b, oneOperand(Sin)) }
func BenchmarkLog(b *testing.B)  { bench2(b, YLog2X) }
func BenchmarkAtan(b *testing.B) { bench2(b, Atan) }

func bench2(b *testing.B, f binary2) {
	b.ReportAllocs()
	x, y := Float{0xc90fdaa22168c235, 0x4000}, Float{0xb504f333f9de6484, 0x3fff}
	for range b.N {
		f(ControlInit, x, y)
	}
}
