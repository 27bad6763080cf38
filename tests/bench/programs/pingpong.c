// pingpong passes a number between two processes through two pipes: a context switch each
// way.
#include "rt.h"

u64 bench(long reps)
{
	int there[2], back[2], status = 0;
	u64 ball = 0;
	check(sys1(SYS_pipe, there) == 0 && sys1(SYS_pipe, back) == 0);
	long child = sys0(SYS_fork);
	check(child >= 0);
	if (child == 0) {
		sys1(SYS_close, there[1]);
		while (sys3(SYS_read, there[0], &ball, 8) == 8) {
			ball++;
			check(sys3(SYS_write, back[1], &ball, 8) == 8);
		}
		leave(0);
	}
	for (long i = 0; i < 100 * reps; i++) {
		check(sys3(SYS_write, there[1], &ball, 8) == 8);
		check(sys3(SYS_read, back[0], &ball, 8) == 8);
		ball++;
	}
	sys1(SYS_close, there[1]);
	check(sys(SYS_wait4, child, (long)&status, 0, 0, 0, 0) == child && status == 0);
	check(ball == 200 * (u64)reps);
	return ball;
}
