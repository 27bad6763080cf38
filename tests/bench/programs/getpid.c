// getpid makes the cheapest system calls there are.
#include "rt.h"

u64 bench(long reps)
{
	long pid = sys0(SYS_getpid), parent = sys0(SYS_getppid);
	check(pid > 0 && pid != parent);
	for (long i = 0; i < 1000 * reps; i++)
		check(sys0(SYS_getpid) == pid);
	return 1000 * reps;
}
