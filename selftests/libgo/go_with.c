// SPDX-License-Identifier: GPL-2.0-only
/* go_with.c - goroutines with attributes: their stacks' sizes, bad arguments. */
#include "test.h"
#include <alloca.h>

static struct go_waitgroup wg;
static unsigned long ran;

static void tick(void *arg)
{
	inc(ran);
	go_wg_done(&wg);
}

static void errors(void *arg)
{
	const struct go_attr bad = { .flags = 1u << 31 };
	const struct go_attr worse = { .flags = GO_PINNED | 1u << 30 };
	const struct go_attr huge = { .stack_size = SIZE_MAX };
	const struct go_attr fine = { .name = "fine" };

	go_wg_add(&wg, 3);
	CHECK_EQ(-EINVAL, go(NULL, NULL));
	CHECK_EQ(-EINVAL, go_with(&fine, NULL, NULL));
	CHECK_EQ(-EINVAL, go_with(&bad, tick, NULL));
	CHECK_EQ(-EINVAL, go_with(&worse, tick, NULL));
	CHECK(go_with(&huge, tick, NULL) < 0);
	CHECK_EQ(0, go_with(NULL, tick, NULL));
	CHECK_EQ(0, go_with(&fine, tick, NULL));
	CHECK_EQ(0, go(tick, NULL));
	go_wg_wait(&wg);
	CHECK_EQ(3, rd(ran));
}

static noinline void fill(char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i += 512)
		p[i] = (char)(i >> 9);
	go_yield();
	for (i = 0; i < n; i += 512)
		CHECK_EQ((char)(i >> 9), p[i]);
}

/* Uses a good part of the stack that it was given, across switches. */
static void use(void *arg)
{
	size_t size = (uintptr_t)arg;
	size_t n = size <= 65536 ? size / 4 : size - size / 16;
	char *p = alloca(n);

	fill(p, n);
	inc(ran);
	go_wg_done(&wg);
}

static void sizes(void *arg)
{
	static const size_t size[] = { 16384, 65536, 262144, 1 << 20, 8 << 20 };
	struct go_attr attr = { 0 };
	size_t i, round;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < ARRAY_SIZE(size); i++) {
			attr.stack_size = size[i];
			go_wg_add(&wg, 1);
			CHECK_EQ(0, go_with(&attr, use, (void *)size[i]));
		}
		go_wg_wait(&wg);
	}
	CHECK_EQ(20 * ARRAY_SIZE(size), rd(ran));
}

/* Less than the least, and not whole pages: rounded up. */
static void odd_sizes(void *arg)
{
	static const size_t size[] = { 1, 4095, 16385, 100001 };
	struct go_attr attr = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(size); i++) {
		attr.stack_size = size[i];
		go_wg_add(&wg, 1);
		CHECK_EQ(0, go_with(&attr, use, (void *)(size[i] < 16384 ? 16384 : size[i])));
	}
	go_wg_wait(&wg);
	CHECK_EQ(ARRAY_SIZE(size), rd(ran));
}

TEST(bad_arguments)
{
	run_on(2, errors, NULL);
}

TEST(stack_sizes)
{
	run_on(1, sizes, NULL);
	ran = 0;
	run_on(4, sizes, NULL);
}

TEST(odd_stack_sizes)
{
	run_on(2, odd_sizes, NULL);
}

TEST_HARNESS_MAIN
