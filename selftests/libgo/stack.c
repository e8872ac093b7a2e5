// SPDX-License-Identifier: GPL-2.0-only
/* stack.c - stacks are aligned as the ABI says, deep enough, and one's own. */
#include "test.h"
#include <alloca.h>

static struct go_waitgroup wg;

static void aligned(void *arg)
{
	__attribute__((__aligned__(16))) volatile char a16[16];
	__attribute__((__aligned__(64))) volatile char a64[64];
	char text[128];

	CHECK_EQ(0, (uintptr_t)__builtin_frame_address(0) % 16);
	a16[0] = a64[0] = 1;
	CHECK_EQ(0, (uintptr_t)a16 % 16);
	CHECK_EQ(0, (uintptr_t)a64 % 64);
	/* libc's own aligned stores, and variable arguments in vector registers. */
	snprintf(text, sizeof(text), "%.3f %.2e %d %.1Lf", 1234.5678, 0.00012, 42, 2.5L);
	CHECK(!strcmp(text, "1234.568 1.20e-04 42 2.5"));
	if ((intptr_t)arg % 2)
		go_yield();
	snprintf(text, sizeof(text), "%.3f", 8765.4321);
	CHECK(!strcmp(text, "8765.432"));
	go_wg_done(&wg);
}

static void all_aligned(void *arg)
{
	int n = scaled(2000);

	/* The stacks begin at different offsets, if only for the cache's sake. */
	go_wg_add(&wg, n);
	start_n(n, aligned);
	go_wg_wait(&wg);
}

#define FRAME 4096

static noinline uint64_t recurse(uint64_t seed, int depth)
{
	volatile unsigned char frame[FRAME];
	uint64_t sum;
	int i;

	for (i = 0; i < FRAME; i += 64)
		frame[i] = (unsigned char)(seed + depth + i);
	if (!depth) {
		go_yield();
		sum = seed;
	} else {
		sum = recurse(seed, depth - 1) + 1;
	}
	for (i = 0; i < FRAME; i += 64)
		CHECK_EQ((unsigned char)(seed + depth + i), frame[i]);
	return sum;
}

static void deep(void *arg)
{
	uint64_t seed = (uintptr_t)arg;
	int i;

	/* 200 KiB of the 256 that a goroutine has unless told otherwise. */
	for (i = 0; i < 3; i++)
		CHECK_EQ(seed + 48, recurse(seed, 48));
	go_wg_done(&wg);
}

static void all_deep(void *arg)
{
	go_wg_add(&wg, 200);
	start_n(200, deep);
	go_wg_wait(&wg);
}

static noinline void fill(unsigned char *p, size_t n, unsigned char with)
{
	memset(p, with, n);
	__asm__ volatile("" : : "r"(p) : "memory");
}

static void wide(void *arg)
{
	unsigned char me = (intptr_t)arg + 1;
	size_t n = 192 * 1024, i;
	unsigned char *p = alloca(n);

	fill(p, n, me);
	go_yield();
	for (i = 0; i < n; i += 97)
		CHECK_EQ(me, p[i]);
	go_wg_done(&wg);
}

static void all_wide(void *arg)
{
	go_wg_add(&wg, 100);
	start_n(100, wide);
	go_wg_wait(&wg);
}

/* Memory that another goroutine is given a pointer to, on a waiting one's stack. */
static void pokes(void *arg)
{
	*(volatile int *)arg += 1;
	go_wg_done(&wg);
}

static void shared(void *arg)
{
	volatile int on_stack = 0;
	int i;

	for (i = 1; i <= 1000; i++) {
		go_wg_add(&wg, 1);
		start(pokes, (void *)&on_stack);
		go_wg_wait(&wg);
		CHECK_EQ(i, on_stack);
	}
}

TEST(alignment)
{
	run_on(1, all_aligned, NULL);
	run_on(4, all_aligned, NULL);
}

TEST(deep_recursion)
{
	run_on(1, all_deep, NULL);
	run_on(4, all_deep, NULL);
}

TEST(large_frames)
{
	run_on(1, all_wide, NULL);
	run_on(4, all_wide, NULL);
}

TEST(pointers_into_stacks)
{
	run_on(1, shared, NULL);
	run_on(4, shared, NULL);
}

TEST_HARNESS_MAIN
