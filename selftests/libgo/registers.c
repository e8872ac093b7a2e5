// SPDX-License-Identifier: GPL-2.0-only
/*
 * registers.c - what a function keeps in registers survives every switch: more
 * live values than there are callee-saved registers, integer and floating point,
 * so that the compiler uses all of these.
 */
#include "test.h"

static struct go_waitgroup wg;
static struct go_chan *ch;

/* In general registers; in vector registers. */
#define GENERAL		"+r"
#ifdef __aarch64__
#define VECTOR		"+w"
#else
#define VECTOR		"+x"
#endif

/*
 * Add to six variables; the compiler may not know what comes out, nor put them off.
 * With 0: just that, so that it can't compute the whole loop in advance.
 */
#define GROW(in, n, u, v, w, x, y, z) do {				\
	u += 1 * (n);							\
	v += 2 * (n);							\
	w += 3 * (n);							\
	x += 4 * (n);							\
	y += 5 * (n);							\
	z += 6 * (n);							\
	__asm__ volatile("" : in(u), in(v), in(w), in(x), in(y), in(z));	\
} while (0)

static void wait_somehow(int i)
{
	uint64_t v = i;

	switch (i % 3) {
	case 0:
		go_yield();
		break;
	case 1:
		go_send(ch, &v);
		break;
	case 2:
		go_recv(ch, &v);
		break;
	}
}

static noinline void integers(uint64_t seed, int rounds)
{
	uint64_t a = seed, b = seed, c = seed, d = seed, e = seed, f = seed;
	uint64_t g = seed, h = seed, i = seed, j = seed, k = seed, l = seed;
	int n;

	GROW(GENERAL, 0, a, b, c, d, e, f);
	GROW(GENERAL, 0, g, h, i, j, k, l);
	for (n = 1; n <= rounds; n++) {
		wait_somehow(n);
		GROW(GENERAL, 1, a, b, c, d, e, f);
		GROW(GENERAL, 7, g, h, i, j, k, l);
	}
	CHECK_EQ(seed + 1 * rounds, a);
	CHECK_EQ(seed + 2 * rounds, b);
	CHECK_EQ(seed + 3 * rounds, c);
	CHECK_EQ(seed + 4 * rounds, d);
	CHECK_EQ(seed + 5 * rounds, e);
	CHECK_EQ(seed + 6 * rounds, f);
	CHECK_EQ(seed + 7 * rounds, g);
	CHECK_EQ(seed + 14 * rounds, h);
	CHECK_EQ(seed + 21 * rounds, i);
	CHECK_EQ(seed + 28 * rounds, j);
	CHECK_EQ(seed + 35 * rounds, k);
	CHECK_EQ(seed + 42 * rounds, l);
}

/* Small whole numbers and quarters: exact. */
static noinline void doubles(double seed, int rounds)
{
	double a = seed, b = seed, c = seed, d = seed, e = seed, f = seed;
	double g = seed, h = seed, i = seed, j = seed, k = seed, l = seed;
	long double x = (long double)seed + 0.5L;
	int n;

	GROW(VECTOR, 0, a, b, c, d, e, f);
	GROW(VECTOR, 0, g, h, i, j, k, l);
	for (n = 1; n <= rounds; n++) {
		wait_somehow(n);
		GROW(VECTOR, 1, a, b, c, d, e, f);
		GROW(VECTOR, 7, g, h, i, j, k, l);
		x += 0.25L;
	}
	CHECK(a == seed + 1 * rounds && b == seed + 2 * rounds && c == seed + 3 * rounds);
	CHECK(d == seed + 4 * rounds && e == seed + 5 * rounds && f == seed + 6 * rounds);
	CHECK(g == seed + 7 * rounds && h == seed + 14 * rounds && i == seed + 21 * rounds);
	CHECK(j == seed + 28 * rounds && k == seed + 35 * rounds && l == seed + 42 * rounds);
	CHECK(x == (long double)seed + 0.5L + 0.25L * rounds);
}

#define ROUNDS 300	/* divisible by 3: as many sends as receives each */

static void works(void *arg)
{
	int me = (intptr_t)arg;

	integers((uint64_t)me * 1000003, ROUNDS);
	doubles(me * 1000.0, ROUNDS);
	go_wg_done(&wg);
}

static void many(void *arg)
{
	/* As many slots as goroutines: everybody may be sending at once. */
	ch = make_chan(sizeof(uint64_t), 32);
	go_wg_add(&wg, 32);
	start_n(32, works);
	go_wg_wait(&wg);
	go_chan_free(ch);
}

TEST(survive_on_one_p)
{
	run_on(1, many, NULL);
}

TEST(survive_on_four_ps)
{
	run_on(4, many, NULL);
}

TEST_HARNESS_MAIN
