// calls is Fibonacci by recursion, and the Ackermann function: CALL, RET, PUSH and POP.
#include "rt.h"

static __attribute__((noinline, optimize("no-optimize-sibling-calls", "no-inline"))) u64 fib(u64 n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static __attribute__((noinline, optimize("no-optimize-sibling-calls", "no-inline"))) u64 ackermann(u64 m, u64 n)
{
	if (m == 0)
		return n + 1;
	if (n == 0)
		return ackermann(m - 1, 1);
	return ackermann(m - 1, ackermann(m, n - 1));
}

u64 bench(long reps)
{
	u64 sum = 0;
	while (reps-- > 0) {
		u64 f = fib(22), a = ackermann(2, 100);
		check(f == 17711 && a == 203);
		sum += f + a;
	}
	return sum;
}
