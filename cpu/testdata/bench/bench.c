/* Small programs for the benchmarks of the engines. Each runs for ever.
 *
 *   gcc -O2 -DPROGRAM=n -static -nostdlib -ffreestanding -fno-pic -fno-pie -no-pie \
 *       -fno-stack-protector -fcf-protection=none -mgeneral-regs-only -fno-builtin \
 *       -fno-tree-loop-distribute-patterns -fno-asynchronous-unwind-tables \
 *       ... -o x bench.c && objcopy -O binary x name.bin
 *
 * See Makefile. They are loaded at 1 MiB with a stack below.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Variables lie at 4 MiB, so that they need no room in the file. */
#define AT(type, off) ((type *)(0x400000UL + (off)))

#define seed (*AT(u32, 0x3ffff0))
static inline u32 rnd(void) { seed = seed * 1664525 + 1013904223; return seed >> 8; }

#if PROGRAM == 1 /* sieve */
static u32 sieve(u8 *p, u32 n)
{
	u32 count = 0;
	for (u32 i = 0; i < n; i++) p[i] = 1;
	for (u32 i = 2; i < n; i++) {
		if (!p[i]) continue;
		count++;
		for (u32 j = 2 * i; j < n; j += i) p[j] = 0;
	}
	return count;
}
static void once(void) { *AT(u32, 0) = sieve(AT(u8, 64), 65536); }

#elif PROGRAM == 2 /* SHA-256 */
static const u32 K[64] = {
0x428a2f98,0x71374491,0xb5c0fbcf,0xe9b5dba5,0x3956c25b,0x59f111f1,0x923f82a4,0xab1c5ed5,0xd807aa98,0x12835b01,0x243185be,0x550c7dc3,0x72be5d74,0x80deb1fe,0x9bdc06a7,0xc19bf174,
0xe49b69c1,0xefbe4786,0x0fc19dc6,0x240ca1cc,0x2de92c6f,0x4a7484aa,0x5cb0a9dc,0x76f988da,0x983e5152,0xa831c66d,0xb00327c8,0xbf597fc7,0xc6e00bf3,0xd5a79147,0x06ca6351,0x14292967,
0x27b70a85,0x2e1b2138,0x4d2c6dfc,0x53380d13,0x650a7354,0x766a0abb,0x81c2c92e,0x92722c85,0xa2bfe8a1,0xa81a664b,0xc24b8b70,0xc76c51a3,0xd192e819,0xd6990624,0xf40e3585,0x106aa070,
0x19a4c116,0x1e376c08,0x2748774c,0x34b0bcb5,0x391c0cb3,0x4ed8aa4a,0x5b9cca4f,0x682e6ff3,0x748f82ee,0x78a5636f,0x84c87814,0x8cc70208,0x90befffa,0xa4506ceb,0xbef9a3f7,0xc67178f2};
#define R(x, n) ((x) >> (n) | (x) << (32 - (n)))
static void block(u32 *h, const u8 *p)
{
	u32 w[64], s[8];
	for (int i = 0; i < 16; i++) w[i] = p[4*i] << 24 | p[4*i+1] << 16 | p[4*i+2] << 8 | p[4*i+3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i-16] + w[i-7] + (R(w[i-15], 7) ^ R(w[i-15], 18) ^ w[i-15] >> 3) + (R(w[i-2], 17) ^ R(w[i-2], 19) ^ w[i-2] >> 10);
	for (int i = 0; i < 8; i++) s[i] = h[i];
	for (int i = 0; i < 64; i++) {
		u32 t1 = s[7] + (R(s[4], 6) ^ R(s[4], 11) ^ R(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[i] + w[i];
		u32 t2 = (R(s[0], 2) ^ R(s[0], 13) ^ R(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		s[7] = s[6]; s[6] = s[5]; s[5] = s[4]; s[4] = s[3] + t1; s[3] = s[2]; s[2] = s[1]; s[1] = s[0]; s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++) h[i] += s[i];
}
static void once(void) { for (int i = 0; i < 256; i++) block(AT(u32, 0), AT(u8, 64 + 64 * i)); }

#elif PROGRAM == 3 /* CRC-32, table driven */
static void once(void)
{
	u32 *t = AT(u32, 0), c = ~0u;
	for (u32 i = 0; i < 256; i++) {
		u32 v = i;
		for (int k = 0; k < 8; k++) v = v & 1 ? v >> 1 ^ 0xedb88320 : v >> 1;
		t[i] = v;
	}
	u8 *p = AT(u8, 4096);
	for (int i = 0; i < 65536; i++) c = t[(c ^ p[i]) & 255] ^ c >> 8;
	*AT(u32, 2048) = c;
}

#elif PROGRAM == 4 /* quicksort */
static __attribute__((noinline)) void sort(u32 *a, long lo, long hi)
{
	while (lo < hi) {
		u32 p = a[(lo + hi) / 2];
		long i = lo, j = hi;
		while (i <= j) {
			while (a[i] < p) i++;
			while (a[j] > p) j--;
			if (i <= j) { u32 t = a[i]; a[i] = a[j]; a[j] = t; i++; j--; }
		}
		if (j - lo < hi - i) { sort(a, lo, j); lo = i; } else { sort(a, i, hi); hi = j; }
	}
}
static void once(void)
{
	u32 *a = AT(u32, 0);
	for (int i = 0; i < 20000; i++) a[i] = rnd();
	sort(a, 0, 19999);
}

#elif PROGRAM == 5 /* bytecode interpreter */
static const u8 code[] = { 0, 0, 1, 4, 2, 3, 0, 1, 5, 1, 6, 3, 7, 0, 8, 6, 9 };
static void once(void)
{
	u64 r[4] = { 0, 1, 20000, 0 };
	const u8 *pc = code;
	for (;;) switch (*pc++) {
	case 0: r[0] += r[1]; break;
	case 1: r[3] ^= r[0]; break;
	case 2: r[3] = r[3] << 1 | r[3] >> 63; break;
	case 3: r[1] += 3; break;
	case 4: r[0] -= r[3] & 15; break;
	case 5: r[1] ^= r[0] >> 7; break;
	case 6: if (r[0] & 1) r[3]++; break;
	case 7: r[0] *= 31; break;
	case 8: r[2]--; break;
	case 9: if (r[2]) { pc = code; break; } *AT(u64, 0) = r[3]; return;
	}
}

#elif PROGRAM == 6 /* strings */
static __attribute__((noinline)) u64 len(const u8 *s) { const u8 *p = s; while (*p) p++; return p - s; }
static __attribute__((noinline)) int cmp(const u8 *a, const u8 *b) { while (*a && *a == *b) a++, b++; return *a - *b; }
static __attribute__((noinline)) void cpy(u8 *d, const u8 *s) { while ((*d++ = *s++)); }
static void once(void)
{
	u8 *a = AT(u8, 0), *b = AT(u8, 4096);
	for (int i = 0; i < 200; i++) a[i] = 'a' + rnd() % 26;
	a[200] = 0;
	for (int i = 0; i < 100; i++) {
		cpy(b, a + i);
		*AT(u64, 8192) += len(b) + cmp(a + i, b);
		b[rnd() % 50] = 'z';
		*AT(u64, 8192) += cmp(a + i, b);
	}
}

#elif PROGRAM == 7 /* integer matrices */
static void once(void)
{
	int *a = AT(int, 0), *b = AT(int, 0x10000), *c = AT(int, 0x20000);
	for (int i = 0; i < 64 * 64; i++) a[i] = rnd(), b[i] = rnd();
	for (int i = 0; i < 64; i++)
		for (int j = 0; j < 64; j++) {
			int s = 0;
			for (int k = 0; k < 64; k++) s += a[i * 64 + k] * b[k * 64 + j];
			c[i * 64 + j] = s;
		}
}

#elif PROGRAM == 8 /* call and return */
static __attribute__((noinline)) u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static void once(void) { *AT(u32, 0) = fib(20); }

#elif PROGRAM == 9 /* pointer chase */
static void once(void)
{
	u32 *a = AT(u32, 0), n = 1 << 16;
	if (!a[0]) {
		for (u32 i = 0; i < n; i++) a[i] = i;
		for (u32 i = n - 1; i > 0; i--) { u32 j = rnd() % i, t = a[i]; a[i] = a[j]; a[j] = t; }
	}
	u32 p = 1;
	for (u32 i = 0; i < n; i++) p = a[p];
	*AT(u32, 0x80000) = p;
}

#elif PROGRAM == 10 /* rep movs, 64 KiB */
static void once(void)
{
	for (int i = 0; i < 16; i++) {
		void *d = AT(u8, 0x20000), *s = AT(u8, 0);
		u64 n = 8192;
		__asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(n) :: "memory");
	}
}

#elif PROGRAM == 11 /* code larger than the caches of the host: many different functions */
#define F(n) static __attribute__((noinline)) u64 f##n(u64 x, u64 y) { \
	u64 *p = AT(u64, (n * 72) & 0xffff); \
	x += y * n + *p; x ^= x >> (n & 7); if (x & (1 << (n & 15))) y += x; else x -= y; \
	*p = x; if ((n & 3) == 0) y ^= p[3]; if (y > x) { x = x * 3 + n; p[1] += 1; } \
	for (int i = 0; i < (n & 3); i++) x = (x << 3) + y; return x ^ (y << 1); }
#define F8(n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7)
#define F64(n) F8(n##0) F8(n##1) F8(n##2) F8(n##3) F8(n##4) F8(n##5) F8(n##6) F8(n##7)
#define F512(n) F64(n##0) F64(n##1) F64(n##2) F64(n##3) F64(n##4) F64(n##5) F64(n##6) F64(n##7)
F512(1) F512(2) F512(3) F512(4)
#define C(n) x += f##n(x, y);
#define C8(n) C(n##0) C(n##1) C(n##2) C(n##3) C(n##4) C(n##5) C(n##6) C(n##7)
#define C64(n) C8(n##0) C8(n##1) C8(n##2) C8(n##3) C8(n##4) C8(n##5) C8(n##6) C8(n##7)
#define C512(n) C64(n##0) C64(n##1) C64(n##2) C64(n##3) C64(n##4) C64(n##5) C64(n##6) C64(n##7)
static void once(void) { u64 x = rnd(), y = rnd(); C512(1) C512(2) C512(3) C512(4) *AT(u64, 0x20000) = x; }

#elif PROGRAM == 12 /* double precision: n-body like */
static double v[5][7] = {{0,0,0,0,0,0,39.47},{4.84,-1.16,-.10,.6,2.8,-.02,.037},{8.34,4.12,-.4,-1.01,1.8,.008,.011},{12.8,-15.1,-.22,1.08,.86,-.01,.0017},{15.3,-25.9,.17,.97,.59,-.03,.002}};
static double root(double x) { __asm__("sqrtsd %1, %0" : "=x"(x) : "x"(x)); return x; }
static void once(void)
{
	for (int n = 0; n < 100; n++) {
		for (int i = 0; i < 5; i++)
			for (int j = i + 1; j < 5; j++) {
				double dx = v[i][0] - v[j][0], dy = v[i][1] - v[j][1], dz = v[i][2] - v[j][2];
				double d = dx * dx + dy * dy + dz * dz, m = 0.001 / (d * root(d));
				v[i][3] -= dx * v[j][6] * m; v[i][4] -= dy * v[j][6] * m; v[i][5] -= dz * v[j][6] * m;
				v[j][3] += dx * v[i][6] * m; v[j][4] += dy * v[i][6] * m; v[j][5] += dz * v[i][6] * m;
			}
		for (int i = 0; i < 5; i++) for (int k = 0; k < 3; k++) v[i][k] += 0.001 * v[i][k + 3];
	}
}

#elif PROGRAM == 13 /* copies by SSE2, as memcpy does */
static void once(void)
{
	u8 *s = AT(u8, 0), *d = AT(u8, 0x10000);
	for (int i = 0; i < 32768; i += 64)
		__asm__ volatile("movdqu (%0),%%xmm0\n movdqu 16(%0),%%xmm1\n movdqu 32(%0),%%xmm2\n movdqu 48(%0),%%xmm3\n"
			"movups %%xmm0,(%1)\n movups %%xmm1,16(%1)\n movups %%xmm2,32(%1)\n movups %%xmm3,48(%1)" :: "r"(s + i), "r"(d + i) : "memory");
}

#elif PROGRAM == 14 /* self-modifying code: an immediate is changed before every call */
static void once(void)
{
	u8 *f = AT(u8, 0);
	f[0] = 0xb8; f[5] = 0xc3; /* mov eax, imm32; ret */
	for (u32 i = 0; i < 1000; i++) {
		*(u32 *)(f + 1) = i;
		*AT(u32, 0x10000) += ((u32 (*)(void))f)();
	}
}
#endif

__attribute__((section(".text.unlikely.start"), used, noreturn)) void _start(void)
{
	for (;;) once();
}
