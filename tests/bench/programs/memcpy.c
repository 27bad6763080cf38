// memcpy copies with 16-byte loads and stores, as C libraries do, aligned and not.
#include "rt.h"

enum { N = 64 << 10 };
typedef long vec __attribute__((vector_size(16), aligned(1)));
static u8 from[N + 64] __attribute__((aligned(64))), to[N + 64] __attribute__((aligned(64)));

static __attribute__((noinline)) void copy(u8 *d, const u8 *s, long n)
{
	for (long i = 0; i < n; i += 64) {
		vec a = *(const vec *)(s + i), b = *(const vec *)(s + i + 16);
		vec c = *(const vec *)(s + i + 32), e = *(const vec *)(s + i + 48);
		*(vec *)(d + i) = a;
		*(vec *)(d + i + 16) = b;
		*(vec *)(d + i + 32) = c;
		*(vec *)(d + i + 48) = e;
	}
}

u64 bench(long reps)
{
	u64 seed = 9, sum = 0;
	for (long i = 0; i < N + 64; i++)
		from[i] = (u8)next(&seed);
	for (long r = 0; r < reps; r++) {
		long shift = r & 15;
		from[shift] = (u8)r;
		copy(to, from + shift, N);
		for (long i = 0; i < N; i += 4093)
			check(to[i] == from[i + shift]);
		sum += to[N / 2];
	}
	return sum;
}
