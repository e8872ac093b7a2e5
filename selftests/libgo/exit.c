// SPDX-License-Identifier: GPL-2.0-only
/* exit.c - go_exit() ends the goroutine that calls it, from any depth. */
#include "test.h"

static struct go_waitgroup wg;
static unsigned long before, after;

/* Behind a pointer, so that the compiler doesn't conclude that deep() never ends. */
static void (*volatile ends)(void) = go_exit;

static noinline void deep(int n)
{
	volatile char frame[64];

	frame[0] = n;
	if (n) {
		deep(n - 1);
	} else {
		inc(before);
		go_wg_done(&wg);
		ends();
	}
	frame[1] = frame[0];
	inc(after);
}

static void exits(void *arg)
{
	deep((intptr_t)arg % 10);
	inc(after);
}

static void many(void *arg)
{
	int n = scaled(10000);

	go_wg_add(&wg, n);
	start_n(n, exits);
	go_wg_wait(&wg);
	CHECK_EQ(n, rd(before));
	until(go_num() == 1);
	CHECK_EQ(0, rd(after));
}

static void works_on(void *arg)
{
	int i;

	for (i = 0; i < 100; i++)
		go_yield();
	go_sleep(5 * MS);
	dprintf(2, "worker %d ends\n", (int)(intptr_t)arg);
}

static void main_exits(void *arg)
{
	start_n(3, works_on);
	go_exit();
}

static void run_main_exits(void *arg)
{
	run_on((intptr_t)arg, main_exits, NULL);
	dprintf(2, "go_run returned\n");
}

static void main_exits_other_ends_process(void *arg)
{
	dprintf(2, "the other one\n");
	_exit(7);
}

static void main_exits_alone(void *arg)
{
	start(main_exits_other_ends_process, NULL);
	go_exit();
}

static void run_main_exits_alone(void *arg)
{
	run_on(2, main_exits_alone, NULL);
}

static void exit_on_thread(void *arg)
{
	go_exit();
}

TEST(ends_only_the_caller)
{
	run_on(1, many, NULL);
	before = 0;
	run_on(4, many, NULL);
}

TEST(in_main_others_go_on)
{
	static struct child c;

	run_child(&c, run_main_exits_alone, NULL);
	ASSERT_TRUE(exited_with(&c, 7) && find_whole_line(c.err, "the other one"))
		show_child(&c);
}

TEST(in_main_then_deadlock)
{
	static struct child c;
	int procs;

	NEEDS_DEADLOCKS();
	for (procs = 1; procs <= 4; procs *= 4) {
		run_child(&c, run_main_exits, (void *)(intptr_t)procs);
		ASSERT_TRUE(exited_with(&c, 2))
			show_child(&c);
		ASSERT_TRUE(find_whole_line(c.err, "worker 0 ends") &&
			    find_whole_line(c.err, "worker 1 ends") &&
			    find_whole_line(c.err, "worker 2 ends"))
			show_child(&c);
		ASSERT_TRUE(find_line(c.err, "fatal error: ") && strstr(c.err, "deadlock!"))
			show_child(&c);
		ASSERT_TRUE(!find_line(c.err, "go_run returned"))
			show_child(&c);
	}
}

TEST(no_goroutine_panics)
{
	static struct child c;

	run_child(&c, exit_on_thread, NULL);
	ASSERT_TRUE(exited_with(&c, 2) && find_line(c.err, "panic: "))
		show_child(&c);
}

TEST_HARNESS_MAIN
