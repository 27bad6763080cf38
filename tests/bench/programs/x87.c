// x87 computes in 80 bits: pi by Machin's formula, square roots by Newton and by FSQRT, and
// FSIN and FCOS, whose squares add up to one.
#include "rt.h"

static long double arctan_inverse(long double x)
{
	long double square = x * x, power = 1 / x, sum = power;
	for (int i = 3; i < 60; i += 2) {
		power /= -square;
		sum += power / i;
	}
	return sum;
}

static long double size(long double v) { return v < 0 ? -v : v; }

u64 bench(long reps)
{
	const long double tiny = 1e-17L;
	long double sum = 0;
	for (long r = 0; r < reps; r++) {
		long double pi = 4 * (4 * arctan_inverse(5) - arctan_inverse(239));
		check(size(pi - 3.14159265358979323846264338327950288L) < tiny);
		long double v = 2 + (long double)(r & 1023), root = v;
		for (int i = 0; i < 12; i++)
			root = (root + v / root) / 2;
		check(size(root - __builtin_sqrtl(v)) < tiny * v);
		long double sine, cosine, angle = v / 1024;
		asm("fsin" : "=t"(sine) : "0"(angle));
		asm("fcos" : "=t"(cosine) : "0"(angle));
		check(size(sine * sine + cosine * cosine - 1) < 1e-15L); // QEMU computes these two in 64 bits
		sum += pi + root;
	}
	return (u64)(sum * 1024);
}
