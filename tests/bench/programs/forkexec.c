// forkexec starts itself again and again as a new process; the child (reps 0) leaves with
// status 7.
#include "rt.h"

u64 bench(long reps)
{
	if (reps == 0)
		leave(7);
	char *args[] = {rt_argv[0], "0", 0}, *env[] = {0};
	for (long i = 0; i < reps; i++) {
		int status = 0;
		long child = sys0(SYS_fork);
		check(child >= 0);
		if (child == 0) {
			sys3(SYS_execve, rt_argv[0], args, env);
			leave(1);
		}
		check(sys(SYS_wait4, child, (long)&status, 0, 0, 0, 0) == child && status == 7 << 8);
	}
	return reps;
}
