// init is the first process. It runs what /w/list names, one line "name reps" each, and
// reports on the first serial port:
//
//	@READY tsc
//	@BEGIN name
//	@END name status tsc tsc output
//	@DONE tsc
//
// After @BEGIN it waits for a byte before the work begins: whoever measures must have read
// his clock, however late he comes. tsc is the time-stamp counter in hex, in @END when the
// work began and when it ended. The port is driven directly, not through the kernel's
// driver, which would still be sending when the work has begun.
#include "rt.h"

enum { COM1 = 0x3f8, INTERRUPT_ENABLE = COM1 + 1, LINE_STATUS = COM1 + 5, DATA_READY = 0x01, TRANSMITTER_EMPTY = 0x40 };

static u8 in(int port)
{
	u8 v;
	asm volatile("inb %w1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static void send(const char *s)
{
	for (; *s; s++) {
		while (!(in(LINE_STATUS) & TRANSMITTER_EMPTY))
			;
		asm volatile("outb %0, %w1" : : "a"(*s), "Nd"(COM1));
	}
}

// await takes a byte from the port, which must not raise interrupts: the kernel's driver
// would take it away.
static void await(void)
{
	sys1(SYS_iopl, 3);
	asm volatile("outb %b0, %w1" : : "a"(0), "Nd"(INTERRUPT_ENABLE));
	while (!(in(LINE_STATUS) & DATA_READY))
		;
	in(COM1);
	sys1(SYS_iopl, 0);
}

static char *append(char *to, const char *s)
{
	while (*s)
		*to++ = *s++;
	*to = 0;
	return to;
}

static u64 tsc(void)
{
	u32 low, high;
	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

// append_hex puts a blank and the last digits of v behind what is there.
static char *append_hex(char *to, u64 v, int digits)
{
	char all[17];
	hex(all, v);
	return append(append(to, " "), all + 16 - digits);
}

// report sends a line made of two parts.
static void report(const char *a, const char *b)
{
	static char line[8192];
	append(append(append(line, a), b), "\r\n");
	sys1(SYS_iopl, 3);
	send(line);
	sys1(SYS_iopl, 0); // children must not inherit the right: it costs them at each switch
}

// report_now sends a line with the time in it.
static void report_now(const char *what)
{
	char stamp[18];
	append_hex(stamp, tsc(), 16);
	report(what, stamp);
}

// run executes /w/name with its argument, collects its output on one line, returns its status.
static int run(const char *name, char *reps, char *output, long size)
{
	int pipe[2], status = -1;
	char path[64], *args[] = {path, reps, 0}, *env[] = {"PATH=/bin", 0};
	append(append(path, "/w/"), name);
	sys1(SYS_pipe, pipe);
	long child = sys0(SYS_fork), n = 0, got;
	if (child == 0) {
		sys2(SYS_dup2, pipe[1], 1);
		sys2(SYS_dup2, pipe[1], 2);
		sys1(SYS_close, pipe[0]);
		sys1(SYS_close, pipe[1]);
		sys3(SYS_execve, path, args, env);
		print("cannot execute");
		leave(127);
	}
	sys1(SYS_close, pipe[1]);
	while (n < size - 1 && (got = sys3(SYS_read, pipe[0], output + n, size - 1 - n)) > 0)
		n += got;
	sys1(SYS_close, pipe[0]);
	sys(SYS_wait4, child, (long)&status, 0, 0, 0, 0);
	output[n] = 0;
	for (char *p = output; *p; p++)
		if (*p < ' ')
			*p = ' ';
	return status >> 8 & 255 ? status >> 8 & 255 : status & 127;
}

// work runs one line of the list.
static void work(char *name, char *reps)
{
	static char output[4096];
	char begin[96], end[160];
	append(append(begin, "@BEGIN "), name);
	report(begin, "");
	await();
	u64 from = tsc();
	int status = run(name, reps, append(output, " "), sizeof output - 1);
	u64 to = tsc();
	append_hex(append_hex(append_hex(append(append(end, "@END "), name), (u64)status, 2), from, 16), to, 16);
	report(end, output);
}

u64 bench(long reps)
{
	static char list[4096];
	(void)reps;
	report_now("@READY");
	sys2(SYS_mkdir, "/dev", 0755);
	sys(SYS_mount, (long)"none", (long)"/dev", (long)"devtmpfs", 0, 0, 0);
	for (int i = 0; i < 3; i++)
		sys1(SYS_close, i); // the console: its driver lets go of the port
	for (int i = 0; i < 3; i++)
		sys2(SYS_open, "/dev/null", 2);
	long file = sys2(SYS_open, "/w/list", 0);
	sys3(SYS_read, file, list, sizeof list - 1);
	for (char *p = list; *p;) {
		char *name = p, *count;
		while (*p != ' ')
			p++;
		*p++ = 0;
		count = p;
		while (*p != '\n')
			p++;
		*p++ = 0;
		work(name, count);
	}
	report_now("@DONE");
	sys(SYS_reboot, 0xfee1dead, 0x28121969, 0x01234567, 0, 0, 0);
	return 0;
}
