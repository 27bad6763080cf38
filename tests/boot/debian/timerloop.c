/* timerloop SECONDS: four threads, each on a processor of its own, sleep until every
 * millisecond of CLOCK_MONOTONIC, as cyclictest does. A thread that wakes too early, or sees
 * the clock go back, fails; how late they wake is printed. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { threads = 4, period = 1000000 };
static long loops;

struct result {
	long done, early, back, max, sum; /* times in nanoseconds */
};

static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *loop(void *arg)
{
	struct result *r = arg;
	long last = now(), next = last;
	for (long i = 0; i < loops; i++) {
		next += period;
		struct timespec until = { next / 1000000000, next % 1000000000 };
		if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
			continue;
		long t = now(), late = t - next;
		r->done++;
		r->early += late < 0;
		r->back += t < last;
		r->sum += late;
		if (late > r->max)
			r->max = late;
		last = t;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[threads];
	struct result result[threads] = { 0 };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), bad = 0;
	loops = (argc > 1 ? atol(argv[1]) : 10) * 1000;
	for (int i = 0; i < threads; i++) {
		cpu_set_t set;
		pthread_create(&thread[i], NULL, loop, &result[i]);
		CPU_ZERO(&set);
		CPU_SET(i % cpus, &set);
		pthread_setaffinity_np(thread[i], sizeof set, &set);
	}
	for (int i = 0; i < threads; i++) {
		struct result *r = &result[i];
		pthread_join(thread[i], NULL);
		printf("thread %d: %ld loops, late by %ld us, at most %ld us\n", i, r->done, r->sum / loops / 1000, r->max / 1000);
		bad += r->early + r->back + (r->done != loops);
	}
	printf("timer loop: %s\n", bad ? "FAILED" : "good");
	return bad != 0;
}
