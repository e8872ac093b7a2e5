// SPDX-License-Identifier: GPL-2.0-only
/*
 * timer.c - timers where C and this runtime come in: memory that is freed, threads that are no
 * goroutines, Ps that are taken, go or sleep, runs that end. What Go promises of them
 * is in rules_time.c, those that several handle at once are in timer_race.c, many of
 * them in timer_many.c.
 */
#include "test.h"

#define FAR	(3600 * 1000 * MS)

static struct go_waitgroup wg;
static struct go_chan *ch;
static int calls, stop;
static void *got;

static void on_one_and_four(void (*fn)(void *))
{
	run_on(1, fn, NULL);
	run_on(4, fn, NULL);
}

static void counts(void *arg)
{
	inc(calls);
}

static void counts_beside(void *arg)
{
	__atomic_add_fetch(&calls, 1000, __ATOMIC_ACQ_REL);
}

static void gives(void *arg)
{
	go_send(ch, &arg);
}

/* ------------------------------------------------------------------------ memory */

static void frees(void *arg)
{
	memset(arg, 0xa5, sizeof(struct go_timer));
	free(arg);
	go_wg_done(&wg);
}

static void freed_by_function(void *arg)
{
	size_t i, n = scaled(2000);

	go_wg_add(&wg, n);
	for (i = 0; i < n; i++) {
		struct go_timer *t = calloc(1, sizeof(*t));

		CHECK(t);
		go_timer_start(t, (int64_t)(i % 20) * 10000, frees, t);
	}
	go_wg_wait(&wg);
}

/* Under ASan, and TSan, nobody but it touches the timer any more. */
TEST(the_function_may_free_its_timer)
{
	on_one_and_four(freed_by_function);
}

static void tells_and_waits(void *arg)
{
	go_send(ch, NULL);
	go_recv(ch, NULL);
	go_wg_done(&wg);
}

static void freed_meanwhile(void *arg)
{
	int i, n = scaled(500);

	ch = make_chan(0, 0);
	for (i = 0; i < n; i++) {
		struct go_timer *t = calloc(1, sizeof(*t));

		CHECK(t);
		go_wg_add(&wg, 1);
		go_timer_start(t, i % 5 * 1000, tells_and_waits, NULL);
		go_recv(ch, NULL);
		memset(t, 0xa5, sizeof(*t));
		free(t);
		go_send(ch, NULL);
		go_wg_wait(&wg);
	}
	go_chan_free(ch);
}

TEST(it_may_be_freed_while_its_function_runs)
{
	on_one_and_four(freed_meanwhile);
}

/* ------------------------------------------------------------- started once more */

static void again(void *arg)
{
	struct go_timer t = { 0 };
	int i;

	wr(calls, 0);
	for (i = 1; i <= 20; i++) {
		go_timer_start(&t, 1000, counts, NULL);
		until(rd(calls) == i);
		go_timer_start(&t, FAR, counts_beside, NULL);
		CHECK(go_timer_stop(&t));
	}
	CHECK_EQ(20, rd(calls));
}

TEST(may_be_started_again)
{
	on_one_and_four(again);
}

static void replaced(void *arg)
{
	struct go_timer t = { 0 };

	wr(calls, 0);
	go_timer_start(&t, FAR, counts_beside, NULL);
	go_timer_start(&t, 0, counts, NULL);
	until(rd(calls));
	go_sleep(2 * MS);
	CHECK_EQ(1, rd(calls));
	CHECK(!go_timer_stop(&t));
}

TEST(start_of_a_pending_one_is_stop_and_start)
{
	on_one_and_four(replaced);
}

/* Its function starts it anew; what it was before was its own. */
static struct go_timer own;

static void starts_itself(void *arg)
{
	if (inc(calls) < 50)
		go_timer_start(&own, 1000, starts_itself, NULL);
	else
		go_wg_done(&wg);
}

static void restarted(void *arg)
{
	wr(calls, 0);
	go_wg_add(&wg, 1);
	go_timer_start(&own, 0, starts_itself, NULL);
	go_wg_wait(&wg);
	CHECK_EQ(50, rd(calls));
}

TEST(the_function_may_start_its_timer)
{
	on_one_and_four(restarted);
}

/* ------------------------------------------------- threads that are no goroutines */

static struct go_timer theirs;

static void *starts_one(void *arg)
{
	/* All are asleep by then, until an hour from now. */
	usleep(20000);
	go_timer_start(&theirs, (intptr_t)arg, gives, &theirs);
	return NULL;
}

static void waits_for_thread(void *arg)
{
	struct go_timer far = { 0 };
	int64_t begin;
	pthread_t t;
	int i;

	ch = make_chan(sizeof(void *), 0);
	go_timer_start(&far, FAR, counts, NULL);
	for (i = 0; i < 4; i++) {
		begin = go_now();
		t = start_thread(starts_one, (void *)(intptr_t)(i * 500000));
		CHECK(go_recv(ch, &got));
		CHECK(got == &theirs);
		CHECK(go_now() >= begin + i * 500000);
		pthread_join(t, NULL);
	}
	CHECK(go_timer_stop(&far));
	go_chan_free(ch);
}

/* Who sleeps until a later time, is woken for an earlier one. */
TEST(a_thread_starts_one_while_all_are_asleep)
{
	on_one_and_four(waits_for_thread);
}

static void *does_it_all(void *arg)
{
	struct go_timer t = { 0 };
	int i;

	for (i = 0; i < 200; i++) {
		go_timer_start(&t, FAR, counts_beside, NULL);
		CHECK(go_timer_reset(&t, FAR / 2));
		CHECK(go_timer_stop(&t));
		CHECK(!go_timer_stop(&t));
		wr(calls, 0);
		CHECK(!go_timer_reset(&t, FAR));
		go_timer_start(&t, i * 1000, counts, NULL);
		thread_until(rd(calls));
		CHECK_EQ(1, rd(calls));
	}
	wr(stop, 1);
	return NULL;
}

static void sleeps_beside(void *arg)
{
	pthread_t t;

	wr(stop, 0);
	t = start_thread(does_it_all, NULL);
	while (!rd(stop))
		go_sleep(100000);
	pthread_join(t, NULL);
}

TEST(a_thread_starts_resets_and_stops)
{
	on_one_and_four(sleeps_beside);
}

/* ----------------------------------------------------------- Ps that are not there */

/* Never calls the runtime. */
static void hog(void *arg)
{
	while (!rd(stop))
		;
	inc(calls);
}

static void stops_the_hog(void *arg)
{
	wr(stop, 1);
}

static void hogged(void *arg)
{
	struct go_timer t = { 0 };

	wr(stop, 0);
	wr(calls, 0);
	start(hog, NULL);
	go_timer_start(&t, 1 * MS, stops_the_hog, NULL);
	until(rd(calls) == 1);
}

TEST(fires_beside_a_loop_that_never_calls)
{
	if (TEST_TSAN)
		SKIP(return, "TSan calls no signal handler in a loop");
	on_one_and_four(hogged);
}

/* The timer is on the P of one that then computes, or blocks. */
static int fds[2];

static void writes(void *arg)
{
	CHECK_EQ(1, write(fds[1], "x", 1));
}

static void timer_then_read(void *arg)
{
	struct go_timer t = { 0 };
	char c;

	go_timer_start(&t, 3 * MS, writes, NULL);
	CHECK_EQ(1, read(fds[0], &c, 1));
	CHECK(!go_timer_stop(&t));
}

static void *reads(void *arg)
{
	char c;

	CHECK_EQ(1, read(fds[0], &c, 1));
	return NULL;
}

static void timer_then_blocking(void *arg)
{
	struct go_timer t = { 0 };

	go_timer_start(&t, 3 * MS, writes, NULL);
	go_blocking(reads, NULL);
	CHECK(!go_timer_stop(&t));
}

TEST(fires_while_its_own_thread_is_in_the_kernel)
{
	int i;

	ASSERT_EQ(0, pipe(fds));
	for (i = 0; i < 5; i++) {
		on_one_and_four(timer_then_read);
		on_one_and_four(timer_then_blocking);
	}
	close(fds[0]);
	close(fds[1]);
}

/*
 * Two goroutines on two Ps, of which one goes while both are blocked. The timer of
 * one is moved to the P that stays (if it was not there, which is tried often), and all
 * others are asleep. The monitor sees it some ten seconds later, which is too late for this
 * test's limit of time.
 */
static int ready_ones, lowered, blocked;

static void with_timer(void *arg)
{
	struct go_timer t = { 0 };
	int64_t end;

	inc(ready_ones);
	while (!rd(lowered))
		;
	wr(blocked, 1);
	for (end = go_now() + 2 * MS; go_now() < end;)
		;
	go_timer_start(&t, 40 * MS, writes, NULL);
	go_blocking(reads, NULL);
	writes(NULL);
	go_wg_done(&wg);
}

static void without_timer(void *arg)
{
	inc(ready_ones);
	while (!rd(blocked))
		;
	go_blocking(reads, NULL);
	writes(NULL);
	go_wg_done(&wg);
}

static void one_goes(void *arg)
{
	go_wg_add(&wg, 2);
	start(with_timer, NULL);
	start(without_timer, NULL);
	/* The timer wakes one of them, that one the other. */
	go_wg_wait(&wg);
}

/* A thread lowers it: a goroutine that does would leave its P. */
static void *lowers(void *arg)
{
	while (rd(ready_ones) < 2)
		sched_yield();
	go_maxprocs(1);
	wr(lowered, 1);
	return NULL;
}

/* In some rounds the one with the timer is on the P that goes, in others on the one that stays. */
TEST(fires_where_its_p_has_gone_and_all_are_asleep)
{
	int i, n = scaled(20);
	pthread_t thread;

	setenv("LIBGO_DEBUG", "cool=0", 1);
	for (i = 0; i < n; i++) {
		wr(ready_ones, 0);
		wr(lowered, 0);
		wr(blocked, 0);
		ASSERT_EQ(0, pipe(fds));
		ASSERT_EQ(0, pthread_create(&thread, NULL, lowers, NULL));
		run_on(2, one_goes, NULL);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		close(fds[0]);
		close(fds[1]);
	}
}

static void sets_some(void *arg)
{
	struct go_timer t[20];
	int64_t begin = go_now();
	int i, round;

	memset(t, 0, sizeof(t));
	for (round = 0; round < 10; round++) {
		for (i = 0; i < 20; i++)
			go_timer_start(&t[i], i * 50000, counts, NULL);
		go_sleep(300000);
		for (i = 0; i < 20; i++)
			if (go_timer_stop(&t[i]))
				inc(calls);
	}
	CHECK(go_now() - begin >= 10 * 300000);
	go_wg_done(&wg);
}

static void ps_come_and_go(void *arg)
{
	int i;

	wr(calls, 0);
	go_wg_add(&wg, 8);
	start_n(8, sets_some);
	for (i = 0; i < 60; i++) {
		go_maxprocs(i * 5 % 8 + 1);
		go_sleep(50000);
	}
	go_wg_wait(&wg);
	/* Each was stopped, or fires. */
	until(rd(calls) == 8 * 10 * 20);
}

TEST(none_is_lost_while_ps_come_and_go)
{
	run_on(1, ps_come_and_go, NULL);
}

/* -------------------------------------------------------------- before and after */

TEST(where_no_runtime_runs_nothing_happens)
{
	struct go_timer t = { 0 };

	go_timer_start(&t, 0, counts, NULL);
	EXPECT_FALSE(go_timer_stop(&t));
	EXPECT_FALSE(go_timer_reset(&t, 0));
	EXPECT_FALSE(go_timer_stop(&t));
	usleep(2000);
	EXPECT_EQ(0, calls);
}

static struct go_timer left[100];

static void leaves_some(void *arg)
{
	int i;

	for (i = 0; i < 100; i++)
		go_timer_start(&left[i], 2 * MS + i * 10000, counts, NULL);
	go_sleep(2 * MS + 500000);
}

static void finds_them_idle(void *arg)
{
	struct go_timer far = { 0 };
	int i;

	wr(calls, 0);
	go_timer_start(&far, FAR, counts_beside, NULL);
	for (i = 0; i < 100; i++)
		CHECK(!go_timer_stop(&left[i]));
	go_timer_start(&left[0], 0, counts, NULL);
	CHECK(!go_timer_reset(&left[1], 0));
	until(rd(calls) == 2);
	CHECK(go_timer_stop(&far));
}

/* Nothing of libgo's looks at them again, though they may be gone. */
TEST(those_pending_when_the_run_ends_never_fire_and_are_idle)
{
	int seen, i;

	for (i = 0; i < 5; i++) {
		on_one_and_four(leaves_some);
		seen = rd(calls);
		EXPECT_FALSE(go_timer_stop(&left[99]));
		usleep(3000);
		EXPECT_EQ(seen, rd(calls));
		on_one_and_four(finds_them_idle);
	}
}

static void leaves_own(void *arg)
{
	struct go_timer *t = calloc(20, sizeof(*t));
	int i;

	CHECK(t);
	for (i = 0; i < 20; i++)
		go_timer_start(&t[i], 100000, counts, NULL);
	got = t;
}

TEST(those_of_an_earlier_run_may_be_gone)
{
	int i;

	for (i = 0; i < 20; i++) {
		run_on(i % 2 ? 4 : 1, leaves_own, NULL);
		memset(got, 0xa5, sizeof(struct go_timer));
		free(got);
	}
}

TEST_HARNESS_MAIN
