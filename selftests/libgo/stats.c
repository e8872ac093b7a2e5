// SPDX-License-Identifier: GPL-2.0-only
/* stats.c - go_stats(): the counters agree with what the test did. */
#include "test.h"

#define N 500

static struct go_waitgroup wg;
static struct go_chan *gate, *there, *back;

static void parks(void *arg)
{
	go_wg_done(&wg);
	go_recv(gate, NULL);
}

static void ends(void *arg)
{
	go_wg_done(&wg);
}

static void counted(void *arg)
{
	struct go_stats s;
	int procs = (intptr_t)arg, i;
	uint64_t created = 1;

	gate = make_chan(0, 0);
	go_stats(&s);
	CHECK_EQ(1, s.created);
	CHECK_EQ(1, s.alive);
	CHECK_EQ(procs, s.procs);
	CHECK(s.threads >= 1);
	/* Ended ones don't count as alive. */
	for (i = 0; i < 3; i++) {
		go_wg_add(&wg, 100);
		start_n(100, ends);
		go_wg_wait(&wg);
		created += 100;
	}
	until(go_num() == 1);
	go_stats(&s);
	CHECK_EQ(created, s.created);
	CHECK_EQ(1, s.alive);
	go_wg_add(&wg, N);
	start_n(N, parks);
	go_wg_wait(&wg);
	created += N;
	go_stats(&s);
	CHECK_EQ(created, s.created);
	CHECK_EQ(N + 1, s.alive);
	CHECK_EQ(go_num(), s.alive);
	if (procs == 1)
		CHECK(s.peak >= N + 1);
	CHECK(s.peak + 64 * procs >= N + 1);
	/* One stack for each, page by page at the least. */
	CHECK(s.stack_bytes >= N * 4096);
	CHECK(s.guards_installed + s.guards_protected + s.guards_canary > 0);
	go_close(gate);
	until(go_num() == 1);
	go_stats(&s);
	CHECK_EQ(created, s.created);
	CHECK_EQ(1, s.alive);
	CHECK(s.peak <= created);
	CHECK(s.parks >= N);
	go_chan_free(gate);
}

static void afterwards(void *arg)
{
	gate = make_chan(0, 0);
	go_wg_add(&wg, 10);
	start_n(10, parks);
	go_wg_wait(&wg);
}

static void echoes(void *arg)
{
	while (go_recv(there, NULL))
		go_send(back, NULL);
	go_wg_done(&wg);
}

/* On one P every hand-over is a wait and a switch; nothing can be stolen. */
static void round_trips(void *arg)
{
	struct go_stats a, b;
	int i;

	there = make_chan(0, 0);
	back = make_chan(0, 0);
	go_wg_add(&wg, 1);
	start(echoes, NULL);
	go_stats(&a);
	for (i = 0; i < 1000; i++) {
		go_send(there, NULL);
		CHECK(go_recv(back, NULL));
	}
	go_stats(&b);
	go_close(there);
	go_wg_wait(&wg);
	CHECK(b.parks - a.parks >= 1000);
	CHECK(b.switches - a.switches >= 1000);
	CHECK_EQ(0, b.steals);
}

/* Never backwards, while much goes on. */
static bool end;

static void busy(void *arg)
{
	while (!rd(end)) {
		go_wg_add(&wg, 1);
		start(ends, NULL);
		go_yield();
	}
	go_wg_done(&wg);
}

static void monotonic(void *arg)
{
	struct go_stats a, b;
	int i;

	wr(end, false);
	go_wg_add(&wg, 4);
	start_n(4, busy);
	go_stats(&a);
	for (i = 0; i < 2000; i++) {
		go_stats(&b);
		CHECK(b.created >= a.created && b.switches >= a.switches);
		CHECK(b.parks >= a.parks && b.steals >= a.steals);
		CHECK(b.peak >= a.peak && b.handoffs >= a.handoffs);
		CHECK(b.alive >= 1);
		a = b;
		go_yield();
	}
	wr(end, true);
	go_wg_wait(&wg);
}

TEST(add_up)
{
	run_on(1, counted, (void *)1);
	run_on(4, counted, (void *)4);
}

TEST(kept_after_the_run)
{
	struct go_stats s;

	run_on(2, afterwards, NULL);
	go_stats(&s);
	ASSERT_EQ(11, s.created);
	ASSERT_LE(s.peak, 11);
	/* And of the next run alone. */
	run_on(2, afterwards, NULL);
	go_stats(&s);
	ASSERT_EQ(11, s.created);
}

TEST(waits_and_switches)
{
	run_on(1, round_trips, NULL);
}

TEST(never_backwards)
{
	run_on(4, monotonic, NULL);
}

/* ------------------------------------------------------- P by P, and by reason */

static uint64_t parks_for(const struct go_p_stats *s, const char *reason)
{
	const char *name;
	int i;

	for (i = 0; (name = go_park_reason(i)); i++)
		if (!strcmp(name, reason))
			return s->parks_for[i];
	dprintf(2, "# no reason is called %s\n", reason);
	_exit(1);
}

static void sleeps(void *arg)
{
	int i;

	for (i = 0; i < 3; i++)
		go_sleep(1000);
	go_wg_done(&wg);
}

/* What waits, and how often, does not depend on who runs when. */
static void for_reasons(void *arg)
{
	struct go_p_stats s;
	struct go_stats all;
	uint64_t sum = 0;
	int i;

	wg = (struct go_waitgroup){ 0 };
	gate = make_chan(0, 0);
	go_wg_add(&wg, 4);
	for (i = 0; i < 4; i++)
		start(sleeps, NULL);
	go_wg_wait(&wg);
	go_wg_add(&wg, 10);
	start_n(10, parks);
	go_wg_wait(&wg);
	/* The last of them may not have come to it yet. */
	do {
		go_yield();
		CHECK_EQ(0, go_stats_p(-1, &s));
	} while (parks_for(&s, "chan receive") < 10);
	CHECK_EQ(12, parks_for(&s, "sleep"));
	CHECK_EQ(10, parks_for(&s, "chan receive"));
	CHECK_EQ(0, parks_for(&s, "select") + parks_for(&s, "chan send"));
	CHECK(parks_for(&s, "sync.WaitGroup.Wait") >= 1);
	for (i = 0; i < GO_PARK_REASONS; i++)
		sum += s.parks_for[i];
	CHECK_EQ(s.parks, sum);
	go_stats(&all);
	CHECK_EQ(s.parks, all.parks);
	go_close(gate);
	until(go_num() == 1);
	go_chan_free(gate);
}

TEST(parks_by_reason)
{
	run_on(1, for_reasons, NULL);
	run_on(4, for_reasons, NULL);
	ASSERT_EQ(NULL, go_park_reason(-1));
	ASSERT_EQ(NULL, go_park_reason(GO_PARK_REASONS));
	ASSERT_NE(NULL, go_park_reason(0));
}

static void each_p(void *arg)
{
	struct go_p_stats one, sum = { 0 }, all;
	int i;

	wr(end, false);
	go_wg_add(&wg, 8);
	start_n(8, busy);
	for (i = 0; i < 200; i++)
		go_yield();
	wr(end, true);
	go_wg_wait(&wg);
	until(go_num() == 1);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(0, go_stats_p(i, &one));
		sum.created += one.created;
		sum.ended += one.ended;
		sum.parks += one.parks;
	}
	CHECK_EQ(0, go_stats_p(-1, &all));
	/* No other thread made any; this goroutine is the one that has not ended. */
	CHECK_EQ(all.created, sum.created);
	CHECK_EQ(all.created, sum.ended + 1);
	CHECK_EQ(all.ended, sum.ended);
	CHECK_EQ(all.parks, sum.parks);
	CHECK_EQ(0, all.queued);
	CHECK_EQ(-EINVAL, go_stats_p(4, &one));
	CHECK_EQ(-EINVAL, go_stats_p(-2, &one));
}

static void *reads_stats(void *arg)
{
	struct go_p_stats s;

	CHECK_EQ(0, go_stats_p(0, &s));
	CHECK(s.created >= 1);
	return NULL;
}

static void by_thread(void *arg)
{
	pthread_join(start_thread(reads_stats, NULL), NULL);
}

TEST(p_by_p)
{
	struct go_p_stats s;

	ASSERT_EQ(-EPERM, go_stats_p(-1, &s));
	run_on(4, each_p, NULL);
	run_on(1, by_thread, NULL);
	ASSERT_EQ(-EPERM, go_stats_p(0, &s));
}

TEST_HARNESS_MAIN
