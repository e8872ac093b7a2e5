// SPDX-License-Identifier: GPL-2.0-only
/*
 * stack_overflow.c - a goroutine that uses up its stack ends the process; it
 * does not write into its neighbour's.
 */
#include "test.h"

static struct go_waitgroup wg;
static struct go_chan *gate;
static unsigned long guarded;

static noinline int endless(volatile int *up)
{
	volatile int here[64];

	here[0] = *up + 1;
	if (here[0] < 0)
		return 0;
	return endless(here) + here[0];
}

static void overflows(void *arg)
{
	volatile int begin = 0;

	dprintf(2, "begins\n");
	dprintf(2, "ends %d\n", endless(&begin));
}

static void neighbour(void *arg)
{
	go_wg_done(&wg);
	go_recv(gate, NULL);
}

static void overflow(void *arg)
{
	const struct go_attr attr = { .stack_size = (uintptr_t)arg, .name = "deep one" };

	/* Stacks on both sides of it. */
	gate = make_chan(0, 0);
	go_wg_add(&wg, 64);
	start_n(32, neighbour);
	CHECK_EQ(0, go_with(&attr, overflows, NULL));
	start_n(32, neighbour);
	go_wg_wait(&wg);
	for (;;)
		go_yield();
}

static void run_overflow(void *arg)
{
	run_on(1, overflow, arg);
}

static void look_for_guards(void *arg)
{
	struct go_stats s;

	go_wg_add(&wg, 10);
	gate = make_chan(0, 0);
	start_n(10, neighbour);
	go_wg_wait(&wg);
	go_stats(&s);
	guarded = s.guards_installed + s.guards_protected;
	CHECK(guarded + s.guards_canary > 0);
}

/* A sanitizer that catches the signal reports it and exits. */
static bool died(const struct child *c)
{
	if (WIFSIGNALED(c->status))
		return WTERMSIG(c->status) == SIGSEGV || WTERMSIG(c->status) == SIGBUS ||
		       WTERMSIG(c->status) == SIGABRT;
	return WEXITSTATUS(c->status) && strstr(c->err, "overflow");
}

static void overflow_dies(struct __test_metadata *_metadata, size_t size)
{
	static struct child c;

	run_child(&c, run_overflow, (void *)size);
	ASSERT_TRUE(find_whole_line(c.err, "begins") && died(&c))
		show_child(&c);
	ASSERT_TRUE(!find_line(c.err, "ends"))
		show_child(&c);
}

static void run_ask_guards(void *arg)
{
	run_on(1, look_for_guards, NULL);
	_exit(guarded ? 10 : 11);
}

#define NEEDS_GUARDS() do {						\
	static struct child c_;						\
									\
	run_child(&c_, run_ask_guards, NULL);				\
	if (exited_with(&c_, 11))					\
		SKIP(return, "no guards can be had for stacks here");	\
	ASSERT_TRUE(exited_with(&c_, 10))				\
		show_child(&c_);					\
} while (0)

TEST(default_size)
{
	NEEDS_GUARDS();
	overflow_dies(_metadata, 0);
}

TEST(small)
{
	NEEDS_GUARDS();
	overflow_dies(_metadata, 16384);
}

TEST(large)
{
	NEEDS_GUARDS();
	overflow_dies(_metadata, 1 << 20);
}

TEST_HARNESS_MAIN
