// sieve finds the primes below a million; there are 78,498.
#include "rt.h"

enum { N = 1000000 };
static u8 composite[N];

u64 bench(long reps)
{
	u64 sum = 0;
	while (reps-- > 0) {
		long primes = 0;
		for (long i = 0; i < N; i++)
			composite[i] = 0;
		for (long i = 2; i < N; i++) {
			if (composite[i])
				continue;
			primes++;
			for (long j = i * i; j < N; j += i)
				composite[j] = 1;
		}
		check(primes == 78498);
		sum += primes;
	}
	return sum;
}
