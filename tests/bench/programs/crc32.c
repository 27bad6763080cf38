// crc32 is the CRC of Ethernet and gzip, table driven. Data followed by their own CRC leave
// a residue that does not depend on the data.
#include "rt.h"

enum { N = 1 << 20 };
static u32 table[256];
static u8 data[N + 4];

static u32 crc(const u8 *p, long n)
{
	u32 c = ~0u;
	for (long i = 0; i < n; i++)
		c = table[(c ^ p[i]) & 255] ^ c >> 8;
	return ~c;
}

u64 bench(long reps)
{
	u64 seed = 1, sum = 0;
	for (u32 i = 0; i < 256; i++) {
		u32 c = i;
		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320 ^ c >> 1 : c >> 1;
		table[i] = c;
	}
	check(crc((const u8 *)"123456789", 9) == 0xcbf43926);
	for (long i = 0; i < N; i++)
		data[i] = (u8)next(&seed);
	while (reps-- > 0) {
		u32 c = crc(data, N);
		for (int i = 0; i < 4; i++)
			data[N + i] = (u8)(c >> 8 * i);
		check(crc(data, N + 4) == 0x2144df1c);
		sum += c;
		data[reps & (N - 1)]++;
	}
	return sum;
}
