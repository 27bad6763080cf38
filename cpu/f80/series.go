package f80

import "math/bits"

// A fraction is a number in [0, 1) in units of 2⁻¹²⁸.
type fraction struct{ hi, lo uint64 }

func (a fraction) mul(b fraction) fraction {
	hi, lo := mul128(a.hi, a.lo, b.hi, b.lo)
	return fraction{hi, lo}
}

func (a fraction) add(b fraction) fraction {
	lo, c := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, c)
	return fraction{hi, lo}
}

func (a fraction) sub(b fraction) fraction {
	lo, c := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, c)
	return fraction{hi, lo}
}

// alternating is z·(c[0] - z·(c[1] - z·(c[2] - …))).
func alternating(z fraction, c []fraction) fraction {
	var sum fraction
	for i := len(c) - 1; i >= 0; i-- {
		sum = z.mul(c[i].sub(sum))
	}
	return sum
}

// ascending is z·(c[0] + z·(c[1] + z·(c[2] + …))).
func ascending(z fraction, c []fraction) fraction {
	var sum fraction
	for i := len(c) - 1; i >= 0; i-- {
		sum = z.mul(c[i].add(sum))
	}
	return sum
}

// onePlus is 1+a as a wide.
func (a fraction) onePlus() wide { return wide{0, jBit | a.hi>>1, a.hi<<63 | a.lo>>1} }

// oneMinus is 1-a as a wide, for a < 1/2. It is below 1 even when a is nothing.
func (a fraction) oneMinus() wide {
	if a.hi|a.lo == 0 {
		a.lo = 1
	}
	a = fraction{}.sub(a)
	return wideOf(-1, a.hi, a.lo)
}

// sinTerms is 1/3!, 1/5!, 1/7!, …: sin r = r·(1 - r²/3! + r⁴/5! - …).
var sinTerms = [...]fraction{
	{0x2aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa},
	{0x0222222222222222, 0x2222222222222222},
	{0x000d00d00d00d00d, 0x00d00d00d00d00d0},
	{0x00002e3bc74aad8e, 0x671f5583911ca002},
	{0x0000006b99159fd5, 0x138e3f9d1f92e0df},
	{0x00000000b092309d, 0x43684be51c198e91},
	{0x0000000000d73f9f, 0x399dc0f88ec32b58},
	{0x000000000000ca96, 0x3b81856a53593028},
	{0x0000000000000097, 0xa4da340a0ab92650},
	{0x0000000000000000, 0x5c6e3bdb73d5c62f},
	{0x0000000000000000, 0x002ec368262c7033},
	{0x0000000000000000, 0x000013f3ccdd165f},
	{0x0000000000000000, 0x0000000746ac70b7},
	{0x0000000000000000, 0x00000000024b3f31},
	{0x0000000000000000, 0x000000000000a1a6},
}

// cosTerms is 1/2!, 1/4!, 1/6!, …: cos r = 1 - r²/2! + r⁴/4! - ….
var cosTerms = [...]fraction{
	{0x8000000000000000, 0x0000000000000000},
	{0x0aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa},
	{0x005b05b05b05b05b, 0x05b05b05b05b05b0},
	{0x0001a01a01a01a01, 0xa01a01a01a01a01a},
	{0x0000049f93edde27, 0xd71cbbc05b4fa999},
	{0x00000008f76c77fc, 0x6c4bdaa26d4c3d67},
	{0x000000000c9cba54, 0x603e4e905d6f8a2e},
	{0x00000000000d73f9, 0xf399dc0f88ec32b5},
	{0x0000000000000b41, 0x3c31dcbecbbdd802},
	{0x0000000000000007, 0x950ae900808941ea},
	{0x0000000000000000, 0x04338e5b6dfe14a5},
	{0x0000000000000000, 0x0001f2cf01972f57},
	{0x0000000000000000, 0x000000c4742fe352},
	{0x0000000000000000, 0x0000000042862898},
	{0x0000000000000000, 0x000000000013932c},
}

// expTerms is 1/2!, 1/3!, 1/4!, …: eᵗ-1 = t·(1 + t/2! + t²/3! + …).
var expTerms = [...]fraction{
	{0x8000000000000000, 0x0000000000000000},
	{0x2aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa},
	{0x0aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa},
	{0x0222222222222222, 0x2222222222222222},
	{0x005b05b05b05b05b, 0x05b05b05b05b05b0},
	{0x000d00d00d00d00d, 0x00d00d00d00d00d0},
	{0x0001a01a01a01a01, 0xa01a01a01a01a01a},
	{0x00002e3bc74aad8e, 0x671f5583911ca002},
	{0x0000049f93edde27, 0xd71cbbc05b4fa999},
	{0x0000006b99159fd5, 0x138e3f9d1f92e0df},
	{0x00000008f76c77fc, 0x6c4bdaa26d4c3d67},
	{0x00000000b092309d, 0x43684be51c198e91},
	{0x000000000c9cba54, 0x603e4e905d6f8a2e},
	{0x0000000000d73f9f, 0x399dc0f88ec32b58},
	{0x00000000000d73f9, 0xf399dc0f88ec32b5},
	{0x000000000000ca96, 0x3b81856a53593028},
	{0x0000000000000b41, 0x3c31dcbecbbdd802},
	{0x0000000000000097, 0xa4da340a0ab92650},
	{0x0000000000000007, 0x950ae900808941ea},
	{0x0000000000000000, 0x5c6e3bdb73d5c62f},
	{0x0000000000000000, 0x04338e5b6dfe14a5},
	{0x0000000000000000, 0x002ec368262c7033},
	{0x0000000000000000, 0x0001f2cf01972f57},
	{0x0000000000000000, 0x000013f3ccdd165f},
	{0x0000000000000000, 0x000000c4742fe352},
	{0x0000000000000000, 0x0000000746ac70b7},
	{0x0000000000000000, 0x0000000042862898},
	{0x0000000000000000, 0x00000000024b3f31},
	{0x0000000000000000, 0x000000000013932c},
	{0x0000000000000000, 0x000000000000a1a6},
}

// atanTerms is 1/3, 1/5, 1/7, …: atan u = u·(1 - u²/3 + u⁴/5 - …), and atanh with all signs plus.
var atanTerms = [...]fraction{
	{0x5555555555555555, 0x5555555555555555},
	{0x3333333333333333, 0x3333333333333333},
	{0x2492492492492492, 0x4924924924924924},
	{0x1c71c71c71c71c71, 0xc71c71c71c71c71c},
	{0x1745d1745d1745d1, 0x745d1745d1745d17},
	{0x13b13b13b13b13b1, 0x3b13b13b13b13b13},
	{0x1111111111111111, 0x1111111111111111},
	{0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f},
	{0x0d79435e50d79435, 0xe50d79435e50d794},
	{0x0c30c30c30c30c30, 0xc30c30c30c30c30c},
	{0x0b21642c8590b216, 0x42c8590b21642c85},
	{0x0a3d70a3d70a3d70, 0xa3d70a3d70a3d70a},
	{0x097b425ed097b425, 0xed097b425ed097b4},
	{0x08d3dcb08d3dcb08, 0xd3dcb08d3dcb08d3},
	{0x0842108421084210, 0x8421084210842108},
	{0x07c1f07c1f07c1f0, 0x7c1f07c1f07c1f07},
	{0x0750750750750750, 0x7507507507507507},
	{0x06eb3e45306eb3e4, 0x5306eb3e45306eb3},
	{0x0690690690690690, 0x6906906906906906},
	{0x063e7063e7063e70, 0x63e7063e7063e706},
	{0x05f417d05f417d05, 0xf417d05f417d05f4},
	{0x05b05b05b05b05b0, 0x5b05b05b05b05b05},
	{0x0572620ae4c415c9, 0x882b9310572620ae},
	{0x05397829cbc14e5e, 0x0a72f05397829cbc},
}

// Numbers of the reductions, truncated to 128 bits.
var (
	pi       = wide{1, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}
	halfPi   = wide{0, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}
	ln2      = wide{-1, 0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af}
	twoByLn2 = wide{1, 0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88} // 2/ln 2
)

// atanEighths is the arc tangent of 1/8, 2/8, …, 8/8.
var atanEighths = [...]wide{
	{-4, 0xfeadd4d5617b6e32, 0xc897989f3e888ef7},
	{-3, 0xfadbafc96406eb15, 0x6dc79ef5f7a217e5},
	{-2, 0xb7b0ca0f26f78473, 0x8aa32122dcfe4483},
	{-2, 0xed63382b0dda7b45, 0x6fe445ecbc3a8d03},
	{-1, 0x8f005d5ef7f59f9b, 0x5c835e1665c43747},
	{-1, 0xa4bc7d1934f70924, 0x19a87f2a457dac9e},
	{-1, 0xb8053e2bc2319e73, 0xcb2da55210a4443d},
	{-1, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1},
}
