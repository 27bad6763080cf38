// smc modifies code that then runs: a constant written from outside, and an instruction
// that rewrites the one right behind it.
#include "rt.h"

enum { READ_WRITE_EXECUTE = 7, PRIVATE_ANONYMOUS = 0x22 };

static const u8 constant[] = {
	0xb8, 0, 0, 0, 0, // mov eax, imm32
	0xc3,             // ret
};

static const u8 itself[] = {
	0x89, 0x3d, 1, 0, 0, 0, // mov [rip+1], edi: the constant of the next instruction
	0xb8, 0, 0, 0, 0,       // mov eax, imm32
	0xc3,                   // ret
};

u64 bench(long reps)
{
	long m = sys(SYS_mmap, 0, 8192, READ_WRITE_EXECUTE, PRIVATE_ANONYMOUS, -1, 0);
	u64 a = 0, b = 0, n = 1000 * (u64)reps;
	check(m > 0);
	memcpy((u8 *)m, constant, sizeof constant);
	memcpy((u8 *)m + 4096, itself, sizeof itself);
	u32 (*outside)(void) = (u32(*)(void))m;
	u32 (*inside)(u32) = (u32(*)(u32))(m + 4096);
	for (u64 i = 0; i < n; i++) {
		*(volatile u32 *)(m + 1) = (u32)i;
		a += outside();
		b += inside((u32)i);
	}
	check(a == n * (n - 1) / 2 && a == b);
	return a;
}
