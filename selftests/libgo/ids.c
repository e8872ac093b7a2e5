// SPDX-License-Identifier: GPL-2.0-only
/* ids.c - go_id() is unique and stays, go_num() counts the living. */
#include "test.h"

#define N 1000

static uint64_t id[N + 1];
static struct go_waitgroup wg;
static struct go_chan *gate;

static void keep_id(void *arg)
{
	uint64_t mine = go_id();

	CHECK(mine > 1);
	id[(intptr_t)arg] = mine;
	go_yield();
	CHECK_EQ(mine, go_id());
	go_wg_done(&wg);
	go_recv(gate, NULL);
	CHECK_EQ(mine, go_id());
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void unique(void *arg)
{
	int round, i;

	CHECK_EQ(1, go_id());
	CHECK_EQ(1, go_num());
	id[N] = 0;
	for (round = 0; round < 3; round++) {
		uint64_t last = id[N];

		gate = make_chan(0, 0);
		go_wg_add(&wg, N);
		start_n(N, keep_id);
		go_wg_wait(&wg);
		CHECK_EQ(N + 1, go_num());
		go_close(gate);
		until(go_num() == 1);
		go_chan_free(gate);
		qsort(id, N, sizeof(id[0]), by_value);
		for (i = 1; i < N; i++)
			CHECK(id[i] != id[i - 1]);
		/* Never used twice: above all numbers of the earlier round. */
		id[N] = id[N - 1];
		if (round && go_maxprocs(0) == 1)
			CHECK(id[0] > last);
	}
}

static void *on_thread(void *arg)
{
	CHECK_EQ(0, go_id());
	CHECK(go_num() >= 1);
	return NULL;
}

static void foreign(void *arg)
{
	pthread_join(start_thread(on_thread, NULL), NULL);
}

TEST(unique_on_one_p)
{
	run_on(1, unique, NULL);
}

TEST(unique_on_four_ps)
{
	run_on(4, unique, NULL);
}

TEST(thread_has_none)
{
	run_on(1, foreign, NULL);
}

TEST_HARNESS_MAIN
