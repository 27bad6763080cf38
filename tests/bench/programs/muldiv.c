// muldiv is modular exponentiation (MUL and DIV, 64 bits), Euclid's algorithm and decimal
// digits (DIV and IDIV, 32 bits). By Fermat's theorem a^(p-1) mod p is 1 for a prime p.
#include "rt.h"

static const u64 prime = (1ul << 61) - 1;

static u64 mulmod(u64 a, u64 b)
{
	u64 low, high, quotient, rest;
	asm("mulq %3" : "=a"(low), "=d"(high) : "a"(a), "r"(b) : "cc");
	asm("divq %4" : "=a"(quotient), "=d"(rest) : "a"(low), "d"(high), "r"(prime) : "cc");
	return rest;
}

static u64 power(u64 a, u64 e)
{
	u64 r = 1;
	for (; e; e >>= 1) {
		if (e & 1)
			r = mulmod(r, a);
		a = mulmod(a, a);
	}
	return r;
}

static u32 gcd(u32 a, u32 b)
{
	while (b) {
		u32 t = a % b;
		a = b;
		b = t;
	}
	return a;
}

u64 bench(long reps)
{
	u64 seed = 3, sum = 0;
	volatile int ten = 10; // keeps the compiler from multiplying by the inverse
	while (reps-- > 0) {
		u64 a = next(&seed) % (prime - 2) + 2;
		check(power(a, prime - 1) == 1);
		u32 x = (u32)a & 0xffff, y = (u32)(a >> 16) & 0x7fff, g = gcd(30030 * x, 30030 * y);
		check(g % 30030 == 0 && g / 30030 == gcd(x, y));
		int digits = 0, base = ten;
		for (int v = (int)(a >> 32); v; v /= base)
			digits += v % base;
		check((digits - (int)(a >> 32)) % 9 == 0); // a number and its digit sum agree mod 9
		sum += a + g + (u64)digits;
	}
	return sum;
}
