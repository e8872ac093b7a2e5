// SPDX-License-Identifier: GPL-2.0-only
/*
 * chan_values.c - no value is lost, none comes twice, and each producer's come in
 * order: N producers, M consumers, every kind of channel, 1, 2 and 8 Ps.
 */
#include "test.h"

#define PRODUCERS 4
#define CONSUMERS 3

FIXTURE(values)
{
	int not_used;
};

FIXTURE_VARIANT(values)
{
	size_t cap;
	int procs;
};

#define VALUES(c, p) \
FIXTURE_VARIANT_ADD(values, cap_##c##_procs_##p) { .cap = c, .procs = p }

VALUES(0, 1);
VALUES(0, 2);
VALUES(0, 8);
VALUES(1, 1);
VALUES(1, 2);
VALUES(1, 8);
VALUES(2, 1);
VALUES(2, 2);
VALUES(2, 8);
VALUES(128, 1);
VALUES(128, 2);
VALUES(128, 8);

FIXTURE_SETUP(values)
{
}

FIXTURE_TEARDOWN(values)
{
}

static struct go_chan *ch;
static struct go_waitgroup producers, consumers;
static uint32_t each;
static unsigned char *seen;
static uint64_t sum_in, sum_out, count_out;

static void produce(void *arg)
{
	uint64_t me = (uintptr_t)arg, v, sum = 0;
	uint32_t i;

	for (i = 0; i < each; i++) {
		v = me << 32 | i;
		sum += v * v;
		go_send(ch, &v);
	}
	__atomic_add_fetch(&sum_in, sum, __ATOMIC_RELAXED);
	go_wg_done(&producers);
}

static void consume(void *arg)
{
	int64_t last[PRODUCERS] = { -1, -1, -1, -1 };
	uint64_t v, who, n, sum = 0, count = 0;

	while (go_recv(ch, &v)) {
		who = v >> 32;
		n = (uint32_t)v;
		CHECK(who < PRODUCERS && n < each);
		CHECK(last[who] < (int64_t)n);
		last[who] = n;
		CHECK_EQ(0, __atomic_exchange_n(&seen[who * each + n], 1, __ATOMIC_RELAXED));
		sum += v * v;
		count++;
	}
	CHECK_EQ(0, v);
	__atomic_add_fetch(&sum_out, sum, __ATOMIC_RELAXED);
	__atomic_add_fetch(&count_out, count, __ATOMIC_RELAXED);
	go_wg_done(&consumers);
}

static void all(void *arg)
{
	uint32_t i;

	ch = make_chan(sizeof(uint64_t), (uintptr_t)arg);
	go_wg_add(&producers, PRODUCERS);
	go_wg_add(&consumers, CONSUMERS);
	start_n(CONSUMERS, consume);
	start_n(PRODUCERS, produce);
	go_wg_wait(&producers);
	go_close(ch);
	go_wg_wait(&consumers);
	CHECK_EQ((uint64_t)PRODUCERS * each, count_out);
	CHECK(sum_in == sum_out);
	for (i = 0; i < PRODUCERS * each; i++)
		CHECK_EQ(1, seen[i]);
	CHECK_EQ(0, go_chan_len(ch));
	go_chan_free(ch);
}

TEST_F(values, each_once_and_in_order)
{
	each = scaled(20000);
	seen = calloc(PRODUCERS, each);
	ASSERT_NE(NULL, seen);
	run_on(variant->procs, all, (void *)variant->cap);
}

TEST_HARNESS_MAIN
