// chase follows pointers through 8 MiB in random order, one step for each cache line. The
// order is one cycle (Sattolo's shuffle), so it comes home after exactly NODES steps.
#include "rt.h"

enum { NODES = 1 << 17 };
static struct node {
	struct node *next;
	long unused[7];
} nodes[NODES];
static u32 order[NODES];

u64 bench(long reps)
{
	u64 seed = 5, sum = 0;
	for (u32 i = 0; i < NODES; i++)
		order[i] = i;
	for (u32 i = NODES - 1; i > 0; i--) {
		u32 j = (u32)(next(&seed) >> 16) % i, t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
	for (u32 i = 0; i < NODES; i++)
		nodes[i].next = &nodes[order[i]];
	while (reps-- > 0) {
		struct node *n = nodes;
		long steps = 0;
		do {
			n = n->next;
			steps++;
		} while (n != nodes);
		check(steps == NODES);
		sum += steps;
	}
	return sum;
}
