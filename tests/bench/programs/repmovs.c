// repmovs copies and fills with REP MOVSB, REP MOVSQ and REP STOSQ, in lengths from 32 bytes
// to 64 KiB.
#include "rt.h"

enum { N = 64 << 10 };
static u8 from[N] __attribute__((aligned(4096))), to[N] __attribute__((aligned(4096)));

static void movsb(void *d, const void *s, u64 n) { asm volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory"); }
static void movsq(void *d, const void *s, u64 n) { asm volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(n) : : "memory"); }
static void stosq(void *d, u64 v, u64 n) { asm volatile("rep stosq" : "+D"(d), "+c"(n) : "a"(v) : "memory"); }

u64 bench(long reps)
{
	u64 seed = 11, sum = 0;
	for (long i = 0; i < N; i++)
		from[i] = (u8)next(&seed);
	for (long r = 0; r < reps; r++) {
		for (u64 n = 32; n <= N; n *= 2) {
			from[n - 1] = (u8)r;
			stosq(to, 0, n / 8);
			check(to[0] == 0 && to[n - 1] == 0);
			movsb(to, from, n);
			check(to[0] == from[0] && to[n - 1] == (u8)r);
			to[n / 2] ^= 1;
			movsq(to, from, n / 8);
			check(to[n / 2] == from[n / 2]);
		}
		sum += to[r & (N - 1)];
	}
	return sum;
}
