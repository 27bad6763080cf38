// strings counts, searches, compares and converts in a text of known words, byte by byte.
#include "rt.h"

enum { WORDS = 20000, KINDS = 8 };
static const char *const words[KINDS] = {"the", "machine", "needle", "of", "instruction", "nee", "Interrupt", "needles"};
static char text[WORDS * 16], upper[WORDS * 16];
static long made[KINDS];

static __attribute__((noinline)) int compare(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

static __attribute__((noinline)) const char *find(const char *in, const char *what)
{
	for (; *in; in++) {
		const char *a = in, *b = what;
		while (*b && *a == *b)
			a++, b++;
		if (!*b)
			return in;
	}
	return 0;
}

static void make(void)
{
	u64 seed = 7;
	char *to = text;
	for (int i = 0; i < WORDS; i++) {
		int kind = (int)(next(&seed) >> 20 & (KINDS - 1));
		made[kind]++;
		for (const char *from = words[kind]; *from;)
			*to++ = *from++;
		*to++ = ' ';
	}
}

u64 bench(long reps)
{
	u64 sum = 0;
	make();
	while (reps-- > 0) {
		long found = 0, counted = 0, same = 0;
		u64 n = length(text);
		for (const char *p = text; (p = find(p, "needle")); p++)
			found++;
		for (u64 i = 0; i <= n; i++) {
			char c = text[i];
			upper[i] = c >= 'a' && c <= 'z' ? c - 32 : c;
			counted += c == ' ';
		}
		char word[16];
		for (const char *p = upper; *p; p++) {
			int i = 0;
			while (*p != ' ')
				word[i++] = *p++;
			word[i] = 0;
			same += compare(word, "NEEDLES") == 0;
		}
		check(found == made[2] + made[7] && counted == WORDS && same == made[7]);
		sum += found + n;
	}
	return sum;
}
