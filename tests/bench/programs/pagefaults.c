// pagefaults maps 4 MiB, touches each page, which the kernel must zero, and unmaps it.
#include "rt.h"

enum { SIZE = 4 << 20, PAGE = 4096, READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22, NO_HUGE_PAGES = 15 };

u64 bench(long reps)
{
	u64 sum = 0;
	while (reps-- > 0) {
		long m = sys(SYS_mmap, 0, SIZE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
		check(m > 0);
		sys3(SYS_madvise, m, SIZE, NO_HUGE_PAGES);
		volatile u8 *p = (volatile u8 *)m;
		for (long i = 0; i < SIZE; i += PAGE) {
			check(p[i + 1] == 0);
			p[i] = 1;
			sum += p[i];
		}
		check(sys2(SYS_munmap, m, SIZE) == 0);
	}
	return sum;
}
