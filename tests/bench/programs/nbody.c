// nbody moves the sun and four planets by 1,000 steps in double precision. The energy
// before and after is a published value of the Computer Language Benchmarks Game.
#include "rt.h"

enum { BODIES = 5 };
#define PI 3.141592653589793
#define SUN (4 * PI * PI)
#define YEAR 365.24

struct body {
	double x, y, z, vx, vy, vz, mass;
};

static const struct body start[BODIES] = {
	{0, 0, 0, 0, 0, 0, SUN},
	{4.84143144246472090e+00, -1.16032004402742839e+00, -1.03622044471123109e-01,
	 1.66007664274403694e-03 * YEAR, 7.69901118419740425e-03 * YEAR, -6.90460016972063023e-05 * YEAR, 9.54791938424326609e-04 * SUN},
	{8.34336671824457987e+00, 4.12479856412430479e+00, -4.03523417114321381e-01,
	 -2.76742510726411899e-03 * YEAR, 4.99852801234917238e-03 * YEAR, 2.30417297573763929e-05 * YEAR, 2.85885980666130812e-04 * SUN},
	{1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01,
	 2.96460137564761618e-03 * YEAR, 2.37847173959480950e-03 * YEAR, -2.96589568540237556e-05 * YEAR, 4.36624404335156298e-05 * SUN},
	{1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01,
	 2.68067772490389322e-03 * YEAR, 1.62824170038242295e-03 * YEAR, -9.51592254519715870e-05 * YEAR, 5.15138902046611451e-05 * SUN},
};

static double energy(const struct body *b)
{
	double e = 0;
	for (int i = 0; i < BODIES; i++) {
		e += 0.5 * b[i].mass * (b[i].vx * b[i].vx + b[i].vy * b[i].vy + b[i].vz * b[i].vz);
		for (int j = i + 1; j < BODIES; j++) {
			double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
			e -= b[i].mass * b[j].mass / __builtin_sqrt(dx * dx + dy * dy + dz * dz);
		}
	}
	return e;
}

static void step(struct body *b, double dt)
{
	for (int i = 0; i < BODIES; i++) {
		for (int j = i + 1; j < BODIES; j++) {
			double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
			double d2 = dx * dx + dy * dy + dz * dz, mag = dt / (d2 * __builtin_sqrt(d2));
			b[i].vx -= dx * b[j].mass * mag;
			b[i].vy -= dy * b[j].mass * mag;
			b[i].vz -= dz * b[j].mass * mag;
			b[j].vx += dx * b[i].mass * mag;
			b[j].vy += dy * b[i].mass * mag;
			b[j].vz += dz * b[i].mass * mag;
		}
	}
	for (int i = 0; i < BODIES; i++) {
		b[i].x += dt * b[i].vx;
		b[i].y += dt * b[i].vy;
		b[i].z += dt * b[i].vz;
	}
}

static long nano(double v) { return (long)(v * 1e9 + (v < 0 ? -0.5 : 0.5)); }

u64 bench(long reps)
{
	u64 sum = 0;
	while (reps-- > 0) {
		struct body b[BODIES];
		double px = 0, py = 0, pz = 0;
		for (int i = 0; i < BODIES; i++) {
			b[i] = start[i];
			px += b[i].vx * b[i].mass;
			py += b[i].vy * b[i].mass;
			pz += b[i].vz * b[i].mass;
		}
		b[0].vx = -px / SUN;
		b[0].vy = -py / SUN;
		b[0].vz = -pz / SUN;
		check(nano(energy(b)) == -169075164);
		for (int i = 0; i < 1000; i++)
			step(b, 0.01);
		check(nano(energy(b)) == -169087605);
		union {
			double d;
			u64 u;
		} x = {b[1].x};
		sum += x.u;
	}
	return sum;
}
