// interpreter runs a bytecode program that counts the primes below 5,000; there are 669.
#include "rt.h"

enum { LI, ADDI, MUL, MOD, JLT, JZ, JMP, HALT };

struct insn {
	u8 op, a, b, c;
	int imm;
};

static const struct insn program[] = {
	{LI, 0, 0, 0, 2},     // n = 2
	{LI, 1, 0, 0, 0},     // primes = 0
	{LI, 5, 0, 0, 5000},  // limit
	{LI, 2, 0, 0, 2},     // 3: d = 2
	{MUL, 3, 2, 2, 0},    // 4: d*d
	{JLT, 0, 3, 0, 10},    //    n < d*d: prime
	{MOD, 4, 0, 2, 0},    //    n % d
	{JZ, 4, 0, 0, 11},    //    divides: not prime
	{ADDI, 2, 2, 0, 1},   //    d++
	{JMP, 0, 0, 0, 4},
	{ADDI, 1, 1, 0, 1},   // 10: primes++
	{ADDI, 0, 0, 0, 1},   // 11: n++
	{JLT, 0, 5, 0, 3},
	{HALT, 0, 0, 0, 0},
};

static __attribute__((noinline)) long interpret(const struct insn *code)
{
	long r[8] = {0};
	for (const struct insn *i = code;; i++) {
		switch (i->op) {
		case LI: r[i->a] = i->imm; break;
		case ADDI: r[i->a] = r[i->b] + i->imm; break;
		case MUL: r[i->a] = r[i->b] * r[i->c]; break;
		case MOD: r[i->a] = (u32)r[i->b] % (u32)r[i->c]; break;
		case JLT: if (r[i->a] < r[i->b]) i = code + i->imm - 1; break;
		case JZ: if (r[i->a] == 0) i = code + i->imm - 1; break;
		case JMP: i = code + i->imm - 1; break;
		case HALT: return r[1];
		}
	}
}

u64 bench(long reps)
{
	u64 sum = 0;
	while (reps-- > 0) {
		long primes = interpret(program);
		check(primes == 669);
		sum += primes;
	}
	return sum;
}
