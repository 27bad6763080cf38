// matmul multiplies matrices of doubles whose product has a closed form: with A = i+k and
// B = k-j, (AB)ij = sum k^2 + (i-j) sum k - n i j, exact in double precision.
#include "rt.h"

enum { N = 96 };
static double a[N][N], b[N][N], c[N][N];

static __attribute__((noinline)) void multiply(void)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			c[i][j] = 0;
		for (int k = 0; k < N; k++) {
			double x = a[i][k];
			for (int j = 0; j < N; j++)
				c[i][j] += x * b[k][j];
		}
	}
}

u64 bench(long reps)
{
	u64 sum = 0;
	long s1 = N * (N - 1) / 2, s2 = (N - 1) * N * (2 * N - 1) / 6;
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i][j] = i + j;
			b[i][j] = i - j;
		}
	while (reps-- > 0) {
		multiply();
		for (int i = 0; i < N; i += 5)
			for (int j = 0; j < N; j += 7)
				check((long)c[i][j] == s2 + (i - j) * s1 - (long)N * i * j);
		sum += (u64)(long)c[N - 1][1];
	}
	return sum;
}
