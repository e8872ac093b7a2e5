// SPDX-License-Identifier: GPL-2.0-only
/*
 * exceptions.c - C++ exceptions in goroutines. What throws and catches is in
 * parts/exceptions.cpp; the harness is C.
 */
#include "mover.h"
#include "parts/exceptions.h"

static struct go_waitgroup wg;

static void one_of_two(void *arg)
{
	catch_and_wait((intptr_t)arg, go_yield, 100);
	go_wg_done(&wg);
}

static void interleaved(void *arg)
{
	go_wg_add(&wg, 2);
	start_n(2, one_of_two);
	go_wg_wait(&wg);
	CHECK_EQ(0, exceptions_here());
}

TEST(two_in_catch_blocks)
{
	run_on(1, interleaved, NULL);
}

static struct go_chan *backs[8];

static int my_number(void)
{
	return go_id() % ARRAY_SIZE(backs);
}

static void move_me(void)
{
	change_thread(backs[my_number()]);
}

static void moves(void *arg)
{
	catch_and_wait(my_number(), move_me, scaled(50));
	go_wg_done(&wg);
}

static void in_between(void *arg)
{
	while (!rd(*(bool *)arg)) {
		CHECK_EQ(0, exceptions_here());
		go_yield();
	}
	go_wg_done(&mover_wg);
}

/* While others, on the same threads, are in no catch block. */
static void many_move(void *arg)
{
	bool end = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(backs); i++)
		backs[i] = make_chan(0, 0);
	start_movers();
	go_wg_add(&mover_wg, 4);
	for (i = 0; i < 4; i++)
		start(in_between, &end);
	for (i = 0; i < 4; i++) {
		go_wg_add(&wg, 1);
		start(moves, NULL);
	}
	go_wg_wait(&wg);
	wr(end, true);
	stop_movers();
}

TEST(on_another_thread)
{
	run_on(MOVER_PROCS, many_move, NULL);
}

static void waits_in_destructor(void *arg)
{
	wait_in_destructor((intptr_t)arg, go_yield);
	go_wg_done(&wg);
}

static void unwinding(void *arg)
{
	go_wg_add(&wg, 20);
	start_n(20, waits_in_destructor);
	while (go_num() > 1) {
		CHECK_EQ(0, uncaught_here());
		go_yield();
	}
}

TEST(waiting_while_unwinding)
{
	run_on(1, unwinding, NULL);
	run_on(4, unwinding, NULL);
}

static void exits(void *arg)
{
	exit_in_catch(go_yield, go_exit);
}

static void sees_none(void *arg)
{
	CHECK_EQ(0, exceptions_here());
	CHECK_EQ(0, uncaught_here());
	go_wg_done(&wg);
}

/*
 * What one leaves behind, on its thread and in its descriptor, is not what the next one
 * begins with, also where a P that was idle begins with it: then nobody else runs.
 */
static void after_exit(void *arg)
{
	int i;

	for (i = 0; i < 100; i++) {
		go_wg_add(&wg, 2);
		start(exits, NULL);
		start(sees_none, NULL);
		if (i % 2)
			go_sleep(100000);
		start(sees_none, NULL);
		go_wg_wait(&wg);
		CHECK_EQ(0, exceptions_here());
	}
}

static void *waits_in_catch(void *arg)
{
	catch_and_wait(99, go_yield, 3);
	return arg;
}

static void blocks_in_catch(void)
{
	CHECK(go_blocking(waits_in_catch, &wg) == &wg);
}

static void blocks(void *arg)
{
	catch_and_wait(50 + (intptr_t)arg, blocks_in_catch, 5);
	go_wg_done(&wg);
}

static void many_block(void *arg)
{
	go_wg_add(&wg, 4);
	start_n(4, blocks);
	go_wg_wait(&wg);
	CHECK_EQ(0, exceptions_here());
}

TEST(blocking_in_a_catch_block)
{
	run_on(1, many_block, NULL);
	run_on(2, many_block, NULL);
}

TEST(one_that_ends_in_a_catch_block)
{
	run_on(1, after_exit, NULL);
	run_on(4, after_exit, NULL);
}

static void none_in_main(void *arg)
{
	CHECK_EQ(0, exceptions_here());
	go_wg_add(&wg, 2);
	start_n(2, one_of_two);
	go_wg_wait(&wg);
	CHECK_EQ(0, exceptions_here());
}

static void run_here(void)
{
	run_on(2, none_in_main, NULL);
}

/* The caller of go_run() may be in a catch block, which is not main's. */
TEST(go_run_in_a_catch_block)
{
	catch_and_wait(4711, run_here, 3);
	ASSERT_EQ(0, exceptions_here());
}

static void leaves(void *arg)
{
	throw_it(5);
}

static void starts_leaving(void *arg)
{
	start(leaves, NULL);
	for (;;)
		go_yield();
}

static void run_leaving(void *arg)
{
	run_on((intptr_t)arg, starts_leaving, NULL);
}

static void run_main_leaving(void *arg)
{
	run_on((intptr_t)arg, leaves, NULL);
}

/* Nobody is above a goroutine's function: std::terminate(). */
TEST(out_of_the_goroutine)
{
	static void (*const fns[])(void *) = { run_leaving, run_main_leaving };
	static struct child c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fns); i++) {
		run_child(&c, fns[i], (void *)(i + 1));
		ASSERT_TRUE(WIFSIGNALED(c.status) && WTERMSIG(c.status) == SIGABRT)
			show_child(&c);
		ASSERT_TRUE(!!find_line(c.err, "terminate called after throwing"))
			show_child(&c);
	}
}

TEST_HARNESS_MAIN
