// SPDX-License-Identifier: GPL-2.0-only
/*
 * timer_many.c - a million timers in a heap: each is where it says that it is, and they come
 * out in order.
 */
#include "test.h"

#define FAR	(3600 * 1000 * MS)

static struct go_waitgroup wg;
static int calls;

static void counts(void *arg)
{
	inc(calls);
}

static struct go_timer *many;

static void a_million(void *arg)
{
	size_t i, n = scaled(scaled(1000000));
	uint64_t seed = 88172645463325252;
	bool *pending = calloc(n, sizeof(*pending));

	many = calloc(n, sizeof(*many));
	CHECK(many && pending);
	wr(calls, 0);
	for (i = 0; i < n; i++)
		go_timer_start(&many[i], FAR + (int64_t)(random_next(&seed) % FAR), counts, NULL);
	memset(pending, true, n);
	for (i = 0; i < n; i++) {
		size_t k = random_next(&seed) % n;

		if (i % 3) {
			CHECK_EQ(pending[k], go_timer_stop(&many[k]));
			pending[k] = false;
		} else {
			CHECK_EQ(pending[k], go_timer_reset(&many[k], FAR + seed % FAR));
			pending[k] = true;
		}
	}
	for (i = 0; i < n; i++)
		CHECK_EQ(pending[i], go_timer_stop(&many[i]));
	free(pending);
	CHECK_EQ(0, rd(calls));
	free(many);
}

TEST(a_million_are_pending)
{
	run_on(1, a_million, NULL);
}

/*
 * Of many in the heap some are left, which are called in the order of their times: on one P
 * that is the order in which they come out. What is known of each time is between when.
 */
#define ORDERED	5000
#define LEFT	150		/* no more than a P's ring holds */

static struct {
	int64_t earliest, latest;
} when[ORDERED];
static int order[ORDERED], nth;
static bool late;

static void notes_order(void *arg)
{
	order[nth++] = (int)(intptr_t)arg;
	go_wg_done(&wg);
}

static void some_are_left(void *arg)
{
	uint64_t seed = 362436069;
	int i;

	many = calloc(ORDERED, sizeof(*many));
	CHECK(many);
	nth = 0;
	late = false;
	go_wg_add(&wg, ORDERED);
	for (i = 0; i < ORDERED; i++) {
		int64_t ns = (intptr_t)arg * MS + (int64_t)(random_next(&seed) % (4 * MS));

		when[i].earliest = go_now() + ns;
		go_timer_start(&many[i], ns, notes_order, (void *)(intptr_t)i);
		when[i].latest = go_now() + ns;
	}
	for (i = 0; i < ORDERED; i++) {
		int k = i * 7919 % ORDERED;

		if (k % (ORDERED / LEFT) == 0)
			continue;
		if (go_timer_stop(&many[k]))
			go_wg_done(&wg);
		else
			late = true;
	}
	go_wg_wait(&wg);
	free(many);
}

TEST(what_is_left_in_the_heap_fires_in_order)
{
	intptr_t ms = 10;
	int64_t latest = 0;
	int i;

	do {
		UNDISTURBED(some_are_left, (void *)ms);
		ms *= 2;
	} while (late);
	ASSERT_LE(LEFT, nth);
	for (i = 0; i < nth; i++) {
		ASSERT_LE(latest, when[order[i]].latest);
		if (latest < when[order[i]].earliest)
			latest = when[order[i]].earliest;
	}
}

TEST_HARNESS_MAIN
