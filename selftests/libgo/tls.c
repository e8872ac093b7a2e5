// SPDX-License-Identifier: GPL-2.0-only
/*
 * tls.c - libgo's own code holds no address of thread-local storage over a switch.
 *
 * A goroutine is made to continue on another thread, and what libgo keeps for each
 * thread (which M it is, where its errno is) must then be the new thread's. The test is
 * of most use at -O3 -flto, where the compiler sees libgo and the test as one.
 */
#include "mover.h"

static struct go_waitgroup wg;

static void errno_moves(void *arg)
{
	struct go_chan *back = make_chan(0, 0);
	int me = 1000 + (intptr_t)arg;
	size_t i, n = scaled(100);

	set_errno(me);
	for (i = 0; i < n; i++) {
		change_thread(back);
		CHECK_EQ(me, get_errno());
	}
	go_chan_free(back);
	go_wg_done(&wg);
}

static void errno_of_many(void *arg)
{
	start_movers();
	go_wg_add(&wg, 4);
	start_n(4, errno_moves);
	go_wg_wait(&wg);
	stop_movers();
}

/*
 * Every way to wait, each followed by another thread: what a wait remembered of its own
 * thread would be wrong.
 */
static void every_wait(void *arg)
{
	struct go_chan *back = make_chan(0, 0), *c = make_chan(sizeof(int), 1);
	struct go_case cases[] = {
		{ .op = GO_RECV, .chan = NULL },
		{ .op = GO_SEND, .chan = c, .elem = &(int){ 5 } },
	};
	uint64_t id = go_id();
	size_t i, n = scaled(40);
	struct go_mutex mu = { 0 };
	struct go_waitgroup none = { 0 };
	int v;

	set_errno(77);
	for (i = 0; i < n; i++) {
		go_yield();
		change_thread(back);
		CHECK_EQ(1, go_select(cases, 2));
		change_thread(back);
		CHECK(go_recv(c, &v));
		CHECK_EQ(5, v);
		go_sleep(1000);
		change_thread(back);
		go_mutex_lock(&mu);
		change_thread(back);
		go_mutex_unlock(&mu);
		CHECK_EQ(-ETIMEDOUT, go_recv_until(c, &v, go_now() + 1000));
		change_thread(back);
		go_wg_wait(&none);
		CHECK_EQ(77, get_errno());
		CHECK_EQ(id, go_id());
	}
	go_chan_free(c);
	go_chan_free(back);
	go_wg_done(&wg);
}

static void waits(void *arg)
{
	start_movers();
	go_wg_add(&wg, 3);
	start_n(3, every_wait);
	go_wg_wait(&wg);
	stop_movers();
}

/* What a goroutine does last, it does on a thread on which it did not begin. */
static void ends_elsewhere(void *arg)
{
	struct go_chan *back = make_chan(0, 0);

	change_thread(back);
	go_chan_free(back);
	go_wg_done(&wg);
	if (arg)
		go_exit();
}

static void many_end_elsewhere(void *arg)
{
	size_t i, n = scaled(200);

	start_movers();
	for (i = 0; i < n; i++) {
		go_wg_add(&wg, 2);
		start(ends_elsewhere, NULL);
		start(ends_elsewhere, &wg);
		go_wg_wait(&wg);
	}
	stop_movers();
}

/* go_run() returns on its own thread, wherever main ended. */
static void main_moves(void *arg)
{
	struct go_chan *back = make_chan(0, 0);

	start_movers();
	do
		change_thread(back);
	while (thread_id() == *(pid_t *)arg);
	stop_movers();
	go_chan_free(back);
}

TEST(errno_follows)
{
	run_on(MOVER_PROCS, errno_of_many, NULL);
}

TEST(after_every_wait)
{
	run_on(MOVER_PROCS, waits, NULL);
}

TEST(at_the_end)
{
	run_on(MOVER_PROCS, many_end_elsewhere, NULL);
}

TEST(main_too)
{
	int i;

	for (i = 0; i < 20; i++) {
		pid_t before = thread_id();

		run_on(MOVER_PROCS, main_moves, &before);
		ASSERT_EQ(before, thread_id());
		ASSERT_EQ(0, go_id());
	}
}

TEST_HARNESS_MAIN
