package f80

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The slow, obvious versions: Taylor series with 320 bits.

const slowPrec = 320

func slow(x float64) *big.Float       { return new(big.Float).SetPrec(slowPrec).SetFloat64(x) }
func slowOf(f Float) *big.Float       { return slow(0).Set(toBig(f)) }
func mulB(a, b *big.Float) *big.Float { return slow(0).Mul(a, b) }
func quoB(a, b *big.Float) *big.Float { return slow(0).Quo(a, b) }
func addB(a, b *big.Float) *big.Float { return slow(0).Add(a, b) }
func subB(a, b *big.Float) *big.Float { return slow(0).Sub(a, b) }

// series sums terms from the first on until they no longer count; next makes term n+1 of
// term n.
func series(first *big.Float, next func(n int, term *big.Float) *big.Float) *big.Float {
	sum, term := slow(0).Set(first), first
	for n := 1; term.Sign() != 0 && term.MantExp(nil) > sum.MantExp(nil)-slowPrec; n++ {
		term = next(n, term)
		sum = addB(sum, term)
	}
	return sum
}

func slowSin(x *big.Float) *big.Float {
	z := mulB(x, x)
	return series(x, func(n int, t *big.Float) *big.Float {
		return quoB(mulB(t, z), slow(float64(-2*n*(2*n+1))))
	})
}

func slowCos(x *big.Float) *big.Float {
	z := mulB(x, x)
	return series(slow(1), func(n int, t *big.Float) *big.Float {
		return quoB(mulB(t, z), slow(float64(-2*n*(2*n-1))))
	})
}

func slowExpm1(x *big.Float) *big.Float {
	return series(x, func(n int, t *big.Float) *big.Float { return quoB(mulB(t, x), slow(float64(n+1))) })
}

// odd is x + s·x³/3 + x⁵/5 + s·x⁷/7 + …: atanh for s = 1, atan for s = -1.
func odd(x *big.Float, s float64) *big.Float {
	power, z := x, mulB(mulB(x, x), slow(s))
	return series(x, func(n int, _ *big.Float) *big.Float {
		power = mulB(power, z)
		return quoB(power, slow(float64(2*n+1)))
	})
}

// slowAtan halves the angle until the series is quick.
func slowAtan(x *big.Float) *big.Float {
	n := 0
	for ; x.MantExp(nil) > -3; n++ {
		root := slow(0).Sqrt(addB(slow(1), mulB(x, x)))
		x = quoB(x, addB(slow(1), root))
	}
	r := odd(x, -1)
	return r.SetMantExp(r, n)
}

// slowLog is the natural logarithm of x near 1.
func slowLog(x *big.Float) *big.Float {
	return mulB(slow(2), odd(quoB(subB(x, slow(1)), addB(x, slow(1))), 1))
}

func slowLn2() *big.Float { return slowLog(slow(2)) }

// slowPi is Machin's formula.
func slowPi() *big.Float {
	return subB(mulB(slow(16), odd(quoB(slow(1), slow(5)), -1)), mulB(slow(4), odd(quoB(slow(1), slow(239)), -1)))
}

// nearlyExact fails unless got is want rounded: less than 0.5001 units of the last place away.
func nearlyExact(t *testing.T, name string, got Float, want *big.Float, in ...Float) {
	t.Helper()
	err := subB(slowOf(got), want)
	ulp := slow(0).SetMantExp(slow(1), int(got.SE&expMask)-expBias-63)
	require.Negative(t, err.Abs(err).Cmp(mulB(ulp, slow(0.5001))), "%s %x = %x", name, in, got)
}

func TestTranscendentalsAreRoundedRight(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	number := func(lo, hi int) Float { // 2^lo ≤ |f| < 2^hi
		return Float{r.Uint64() | jBit, uint16(expBias+lo+r.IntN(hi-lo)) | signOf(r.IntN(2) == 0)}
	}
	ln2 := slowLn2()
	for range 300 {
		a := number(-70, -1) // below π/4: no reduction
		got, _ := Sin(ControlInit, a)
		nearlyExact(t, "sin", got, slowSin(slowOf(a)), a)
		got, _ = Cos(ControlInit, a)
		nearlyExact(t, "cos", got, slowCos(slowOf(a)), a)
		got, _ = Tan(ControlInit, a)
		nearlyExact(t, "tan", got, quoB(slowSin(slowOf(a)), slowCos(slowOf(a))), a)

		a = number(-80, 0)
		got, _ = TwoToXMinus1(ControlInit, a)
		nearlyExact(t, "2^x-1", got, slowExpm1(mulB(slowOf(a), ln2)), a)

		x, y := number(-40, 40).Abs(), number(-40, 40)
		got, _ = Atan(ControlInit, y, x)
		nearlyExact(t, "atan", got, slowAtanAny(quoB(slowOf(y), slowOf(x))), y, x)

		x = Float{r.Uint64() | jBit, uint16(expBias - 50 + r.IntN(100))}
		log := addB(slowLog(slowOf(Float{x.Sig, expBias})), mulB(ln2, slow(float64(int(x.SE)-expBias))))
		got, _ = YLog2X(ControlInit, y, x)
		nearlyExact(t, "y·log x", got, mulB(slowOf(y), quoB(log, ln2)), y, x)

		a = number(-60, -2)
		log = mulB(slow(2), odd(quoB(slowOf(a), addB(slow(2), slowOf(a))), 1))
		got, _ = YLog2XPlus1(ControlInit, y, a)
		nearlyExact(t, "y·log(x+1)", got, mulB(slowOf(y), quoB(log, ln2)), y, a)
	}
}

// slowAtanAny is slowAtan for either sign.
func slowAtanAny(x *big.Float) *big.Float {
	if x.Sign() < 0 {
		r := slowAtan(slow(0).Neg(x))
		return r.Neg(r)
	}
	return slowAtan(x)
}

// TestReductionUsesThe66BitPi checks sines of large numbers against the series, reduced with
// the 66-bit π of the processor.
func TestReductionUsesThe66BitPi(t *testing.T) {
	half := slow(piHi)
	half.SetMantExp(half, 64)
	half.Add(half, slow(0).SetUint64(piLo))
	half.SetMantExp(half, -65)
	r := rand.New(rand.NewPCG(13, 14))
	for range 300 {
		a := Float{r.Uint64() | jBit, uint16(expBias + r.IntN(63))}
		q, _ := addB(quoB(slowOf(a), half), slow(0.5)).Int(nil)
		rest := subB(slowOf(a), mulB(half, slow(0).SetInt(q)))
		sin, cos := slowSin(rest), slowCos(rest)
		if q.Bit(0) == 1 {
			sin, cos = cos, sin.Neg(sin)
		}
		if q.Bit(1) == 1 {
			sin.Neg(sin)
			cos.Neg(cos)
		}
		s, c, st := SinCos(ControlInit, a)
		require.Equal(t, PE, st&^C1)
		nearlyExact(t, "sin", s, sin, a)
		nearlyExact(t, "cos", c, cos, a)
	}
	_, st := Sin(ControlInit, Float{jBit, expBias + 63})
	require.Equal(t, C2, st)
}

// TestConstantsOfTheReductions recomputes what the tables hold.
func TestConstantsOfTheReductions(t *testing.T) {
	near := func(name string, w wide, want *big.Float) {
		got := slow(0).SetUint64(w.hi)
		got.SetMantExp(got, 64).Add(got, slow(0).SetUint64(w.lo))
		got.SetMantExp(got, w.exp-127)
		err := quoB(subB(want, got), want)
		require.True(t, err.Sign() >= 0 && err.Cmp(slow(0x1p-126)) < 0, name)
	}
	near("π", pi, slowPi())
	near("π/2", halfPi, quoB(slowPi(), slow(2)))
	near("ln 2", ln2, slowLn2())
	near("2/ln 2", twoByLn2, quoB(slow(2), slowLn2()))
	for i, w := range atanEighths {
		near("atan", w, slowAtan(slow(float64(i+1)/8)))
	}
}
