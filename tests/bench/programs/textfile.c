// textfile writes /tmp/data, the input of the BusyBox workloads: reps KiB of lines of
// random words and numbers.
#include "rt.h"

enum { WRITE_CREATE_TRUNCATE = 01101 };
static const char *const words[16] = {"alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel",
				      "india", "juliett", "kilo", "lima", "mike", "november", "oscar", "papa"};

u64 bench(long reps)
{
	static char buffer[4096];
	u64 seed = 13, lines = 0;
	sys2(SYS_mkdir, "/tmp", 0777);
	long file = sys3(SYS_open, "/tmp/data", WRITE_CREATE_TRUNCATE, 0644);
	check(file >= 0);
	for (long done = 0; done < reps << 10; done += 1024) {
		long at = 0;
		while (at < 1024) {
			u64 r = next(&seed);
			for (const char *w = words[r >> 8 & 15]; *w && at < 1024;)
				buffer[at++] = *w++;
			for (int digit = 0; digit < 4 && at < 1024; digit++)
				buffer[at++] = '0' + (char)((r >> (16 + 4 * digit) & 15) % 10);
			if (at < 1024)
				buffer[at++] = r >> 40 & 3 ? ' ' : '\n';
		}
		buffer[1023] = '\n';
		for (long i = 0; i < 1024; i++)
			lines += buffer[i] == '\n';
		check(sys3(SYS_write, file, buffer, 1024) == 1024);
	}
	check(sys1(SYS_close, file) == 0);
	return lines;
}
