// quicksort sorts 100,000 random numbers.
#include "rt.h"

enum { N = 100000 };
static u32 a[N];

static void sort(u32 *lo, u32 *hi) // both inclusive
{
	while (lo < hi) {
		u32 pivot = lo[(hi - lo) / 2], *i = lo, *j = hi;
		while (i <= j) {
			while (*i < pivot)
				i++;
			while (*j > pivot)
				j--;
			if (i <= j) {
				u32 t = *i;
				*i++ = *j;
				*j-- = t;
			}
		}
		if (j - lo < hi - i) {
			sort(lo, j);
			lo = i;
		} else {
			sort(i, hi);
			hi = j;
		}
	}
}

u64 bench(long reps)
{
	u64 seed = 42, sum = 0;
	while (reps-- > 0) {
		u64 before = 0, after = 0;
		for (long i = 0; i < N; i++)
			before += a[i] = (u32)next(&seed);
		sort(a, a + N - 1);
		for (long i = 0; i < N; i++) {
			check(i == 0 || a[i - 1] <= a[i]);
			after += a[i];
		}
		check(before == after);
		sum += a[N / 2];
	}
	return sum;
}
