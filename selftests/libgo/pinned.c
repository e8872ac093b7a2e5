// SPDX-License-Identifier: GPL-2.0-only
/*
 * pinned.c - GO_PINNED: a goroutine that never changes its thread, whatever it
 * waits for, among others that do.
 */
#include "test.h"

#define PINNED 6

static struct go_waitgroup wg, others;
static struct go_chan *ping, *pong;
static struct go_mutex mutex;
static bool end;
static __thread int mark;

static noinline int *mark_of_thread(void)
{
	int *p = &mark;

	__asm__ volatile("" : "+r"(p));
	return p;
}

static void churn(void *arg)
{
	uint64_t v;

	while (!rd(end)) {
		if ((intptr_t)arg % 2) {
			go_mutex_lock(&mutex);
			go_yield();
			go_mutex_unlock(&mutex);
		}
		if (!go_try_recv(ping, &v))
			go_send(pong, &v);
		go_yield();
	}
	go_wg_done(&others);
}

static void pinned(void *arg)
{
	pid_t tid = syscall(SYS_gettid);
	int *own = mark_of_thread();
	size_t i, n = scaled(2000);
	uint64_t v = 0;

	for (i = 0; i < n; i++) {
		switch (i % 4) {
		case 0:
			go_yield();
			break;
		case 1:
			go_send(ping, &i);
			go_recv(pong, &v);
			break;
		case 2:
			go_mutex_lock(&mutex);
			go_mutex_unlock(&mutex);
			break;
		case 3:
			if (!(i % 100))
				go_sleep(1000);
			break;
		}
		CHECK_EQ(tid, syscall(SYS_gettid));
		CHECK(own == mark_of_thread());
	}
	go_wg_done(&wg);
}

static void many(void *arg)
{
	const struct go_attr attr = { .flags = GO_PINNED, .name = "pinned" };
	int i;

	ping = make_chan(sizeof(uint64_t), 0);
	pong = make_chan(sizeof(uint64_t), 0);
	go_wg_add(&others, 8);
	go_wg_add(&wg, PINNED);
	start_n(8, churn);
	for (i = 0; i < PINNED; i++)
		CHECK_EQ(0, go_with(&attr, pinned, NULL));
	go_wg_wait(&wg);
	wr(end, true);
	go_wg_wait(&others);
}

static void brief(void *arg)
{
	pid_t tid = syscall(SYS_gettid);

	go_yield();
	CHECK_EQ(tid, syscall(SYS_gettid));
	go_wg_done(&wg);
}

static void come_and_go(void *arg)
{
	const struct go_attr attr = { .flags = GO_PINNED };
	int i, n = scaled(1000);

	for (i = 0; i < n; i++) {
		go_wg_add(&wg, 2);
		CHECK_EQ(0, go_with(&attr, brief, NULL));
		CHECK_EQ(0, go_with(&attr, brief, NULL));
		go_wg_wait(&wg);
	}
}

/* ------------------------------------------------- every way to wait, one by one */

static struct go_mutex busy_mutex;
static struct go_waitgroup round_wg;
static struct go_chan *to, *from;

static void helps(void *arg)
{
	int v;

	while (go_recv(to, &v)) {
		go_mutex_lock(&busy_mutex);
		go_send(from, &v);
		/* The other one is waiting for these two. */
		go_yield();
		go_mutex_unlock(&busy_mutex);
		go_yield();
		go_wg_done(&round_wg);
	}
	go_wg_done(&others);
}

static void *sleeps(void *arg)
{
	usleep(100);
	return arg;
}

static void waits_in_select(void)
{
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = NULL },
		{ .op = GO_RECV, .chan = from },
	};

	CHECK_EQ(1, go_select(c, 2));
}

/* Long enough that others who want the P get it. */
static void computes(void)
{
	int64_t until_then = go_now() + 15 * MS;

	while (go_now() < until_then)
		;
}

static void every_wait(void *arg)
{
	const int me = 1 + (intptr_t)arg;
	pid_t tid = syscall(SYS_gettid);
	size_t i, n = scaled(100);
	int v = 0;

	*mark_of_thread() = me;
#define STILL_HERE() do {						\
	CHECK_EQ(tid, syscall(SYS_gettid));				\
	CHECK_EQ(me, *mark_of_thread());				\
} while (0)
	for (i = 0; i < n; i++) {
		go_yield();
		STILL_HERE();
		go_wg_add(&round_wg, 1);
		go_send(to, &v);
		STILL_HERE();
		waits_in_select();
		STILL_HERE();
		go_mutex_lock(&busy_mutex);
		STILL_HERE();
		go_mutex_unlock(&busy_mutex);
		go_wg_wait(&round_wg);
		STILL_HERE();
		go_sleep(1000);
		STILL_HERE();
		CHECK_EQ(-ETIMEDOUT, go_recv_until(NULL, NULL, go_now() + 1000));
		STILL_HERE();
		CHECK(go_blocking(sleeps, &v) == &v);
		STILL_HERE();
		usleep(100);
		CHECK_EQ(-EAGAIN, go_try_recv(from, NULL));
		STILL_HERE();
		if (i % 20 == 19) {
			computes();
			go_try_recv(from, NULL);
			STILL_HERE();
		}
	}
	go_wg_done(&wg);
}

/* One pinned goroutine, others beside it that move about. */
static void each_wait(void *arg)
{
	const struct go_attr attr = { .flags = GO_PINNED, .name = "pinned" };

	ping = make_chan(sizeof(uint64_t), 0);
	pong = make_chan(sizeof(uint64_t), 0);
	to = make_chan(sizeof(int), 0);
	from = make_chan(sizeof(int), 0);
	wr(end, false);
	go_wg_add(&others, 5);
	start_n(4, churn);
	start(helps, NULL);
	go_wg_add(&wg, 1);
	CHECK_EQ(0, go_with(&attr, every_wait, NULL));
	go_wg_wait(&wg);
	wr(end, true);
	go_close(to);
	go_wg_wait(&others);
}

TEST(over_every_wait)
{
	run_on(1, each_wait, NULL);
	run_on(2, each_wait, NULL);
	run_on(4, each_wait, NULL);
}

TEST(stay_on_their_thread)
{
	run_on(4, many, NULL);
}

TEST(stay_with_one_p)
{
	run_on(1, many, NULL);
}

/* --------------------------------------------------- a thread that is nobody else's */

static int stop, hogs_run;

static void answers(void *arg)
{
	const int me = 7;
	int v;

	*mark_of_thread() = me;
	while (go_recv(to, &v)) {
		CHECK_EQ(me, *mark_of_thread());
		go_send(from, &v);
	}
	*mark_of_thread() = 0;
	go_wg_done(&wg);
}

/* Computes, and never calls the runtime, where a pinned goroutine's thread must not be. */
static void hog(void *arg)
{
	CHECK_EQ(0, *mark_of_thread());
	inc(hogs_run);
	while (!rd(stop))
		;
	go_wg_done(&others);
}

static void beside_hogs(void *arg)
{
	const struct go_attr attr = { .flags = GO_PINNED, .name = "answers" };
	int i, v = 0, hogs = 4;

	to = make_chan(sizeof(int), 0);
	from = make_chan(sizeof(int), 0);
	wr(stop, 0);
	wr(hogs_run, 0);
	go_wg_add(&wg, 1);
	go_wg_add(&others, hogs);
	CHECK_EQ(0, go_with(&attr, answers, NULL));
	go_send(to, &v);
	go_recv(from, &v);
	start_n(hogs, hog);
	until(rd(hogs_run) == hogs);
	/* All of them compute, on threads of their own, and it still gets its turn. */
	for (i = 0; i < 3; i++) {
		go_send(to, &i);
		go_recv(from, &v);
		CHECK_EQ(i, v);
	}
	wr(stop, 1);
	go_wg_wait(&others);
	go_close(to);
	go_wg_wait(&wg);
	go_chan_free(to);
	go_chan_free(from);
}

TEST(not_behind_one_that_computes)
{
	if (TEST_TSAN)
		SKIP(return, "TSan calls no signal handler in a loop");
	run_on(1, beside_hogs, NULL);
	run_on(2, beside_hogs, NULL);
}

/* It lets others run where it yields, and they it. */
static void yields(void *arg)
{
	int i, n = scaled(1000);

	*mark_of_thread() = 7;
	for (i = 0; i < n; i++)
		go_yield();
	CHECK_EQ(7, *mark_of_thread());
	*mark_of_thread() = 0;
	go_wg_done(&wg);
}

static void other_yields(void *arg)
{
	while (!rd(stop)) {
		CHECK_EQ(0, *mark_of_thread());
		inc(hogs_run);
		go_yield();
	}
	go_wg_done(&others);
}

static void yields_to_others(void *arg)
{
	const struct go_attr attr = { .flags = GO_PINNED, .name = "yields" };

	wr(stop, 0);
	wr(hogs_run, 0);
	go_wg_add(&others, 3);
	go_wg_add(&wg, 2);
	start_n(3, other_yields);
	CHECK_EQ(0, go_with(&attr, yields, NULL));
	CHECK_EQ(0, go_with(&attr, yields, NULL));
	until(rd(hogs_run) > 100);
	go_wg_wait(&wg);
	wr(stop, 1);
	go_wg_wait(&others);
}

TEST(lets_others_run)
{
	run_on(1, yields_to_others, NULL);
	run_on(3, yields_to_others, NULL);
}

/* Several want the same P at any time, and no thread is there but theirs. */

#define RING 6

static struct go_chan *ring[RING];

static void passes_on(void *arg)
{
	intptr_t i = (intptr_t)arg;
	size_t k, n = scaled(1000);
	int v;

	for (k = 0; k < n; k++) {
		go_recv(ring[i], &v);
		go_yield();
		go_send(ring[(i + 1) % RING], &v);
	}
	go_wg_done(&wg);
}

static void in_a_ring(void *arg)
{
	const struct go_attr attr = { .flags = GO_PINNED };
	intptr_t i;
	int v = 0;

	go_wg_add(&wg, RING);
	for (i = 0; i < RING; i++)
		ring[i] = make_chan(sizeof(int), RING);
	for (i = 0; i < RING; i++)
		CHECK_EQ(0, go_with(&attr, passes_on, (void *)i));
	for (i = 0; i < RING; i++)
		go_send(ring[i], &v);
	go_wg_wait(&wg);
	for (i = 0; i < RING; i++)
		go_chan_free(ring[i]);
}

TEST(only_pinned_ones)
{
	run_on(1, in_a_ring, NULL);
	run_on(3, in_a_ring, NULL);
}

TEST(many_short_ones)
{
	run_on(1, come_and_go, NULL);
	run_on(4, come_and_go, NULL);
}

TEST_HARNESS_MAIN
