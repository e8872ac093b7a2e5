// SPDX-License-Identifier: GPL-2.0-only
/* chan_make.c - making channels: sizes of values, of buffers, impossible sizes. */
#include "test.h"

static struct go_chan *ch;
static size_t size;

static void send_patterns(void *arg)
{
	size_t n = size;
	unsigned char *p = malloc(n + 1);
	int i;

	CHECK(p);
	for (i = 0; i < 40; i++) {
		memset(p, i + 1, n);
		go_send(ch, p);
		/* The value was copied: what was sent may change now. */
		memset(p, 0xff, n);
	}
	free(p);
}

static void receive_patterns(void)
{
	unsigned char *p = malloc(size + 1);
	size_t k;
	int i;

	CHECK(p);
	for (i = 0; i < 40; i++) {
		memset(p, 0xee, size + 1);
		CHECK(go_recv(ch, p));
		for (k = 0; k < size; k++)
			CHECK_EQ(i + 1, p[k]);
		/* And nothing beyond it was written. */
		CHECK_EQ(0xee, p[size]);
	}
	free(p);
}

static void all_sizes(void *arg)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 7, 8, 9, 16, 24, 100, 1000, 4096, 65536 };
	static const size_t caps[] = { 0, 1, 3, 40, 64 };
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (k = 0; k < ARRAY_SIZE(caps); k++) {
			size = sizes[i];
			ch = make_chan(size, caps[k]);
			CHECK_EQ(caps[k], go_chan_cap(ch));
			CHECK_EQ(0, go_chan_len(ch));
			start(send_patterns, NULL);
			receive_patterns();
			CHECK_EQ(0, go_chan_len(ch));
			until(go_num() == 1);
			go_chan_free(ch);
		}
	}
}

static void no_element(void *arg)
{
	struct go_chan *c = make_chan(0, 2);

	go_send(c, NULL);
	go_send(c, NULL);
	CHECK_EQ(2, go_chan_len(c));
	CHECK_EQ(-EAGAIN, go_try_send(c, NULL));
	CHECK(go_recv(c, NULL));
	CHECK(go_recv(c, NULL));
	CHECK_EQ(-EAGAIN, go_try_recv(c, NULL));
	go_close(c);
	CHECK(!go_recv(c, NULL));
	go_chan_free(c);
}

TEST(sizes_of_values)
{
	run_on(1, all_sizes, NULL);
	run_on(4, all_sizes, NULL);
}

TEST(nothing_as_value)
{
	run_on(1, no_element, NULL);
}

/* Only the number is kept of values of no size. */
TEST(nothing_takes_no_memory)
{
	struct go_chan *c = go_chan_make(0, (size_t)1 << 40);

	ASSERT_NE(NULL, c);
	ASSERT_EQ((size_t)1 << 40, go_chan_cap(c));
	go_chan_free(c);
}

TEST(impossible_sizes)
{
	static const size_t bad[][2] = {
		{ SIZE_MAX, 1 },
		{ SIZE_MAX, 2 },
		{ 1, SIZE_MAX },
		{ 2, SIZE_MAX },
		{ 2, SIZE_MAX / 2 + 1 },	/* wraps to 0 */
		{ 16, SIZE_MAX / 16 + 1 },
		{ (size_t)1 << 33, (size_t)1 << 33 },
		{ SIZE_MAX, SIZE_MAX },
		{ 1, SIZE_MAX - 8 },		/* only with a header it wraps */
		{ 1, SIZE_MAX - 64 },
		{ 1, SIZE_MAX - 128 },
		{ 3, SIZE_MAX / 3 },
		{ 1, SIZE_MAX / 2 },		/* merely too large */
		{ SIZE_MAX / 2, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ASSERT_EQ(NULL, go_chan_make(bad[i][0], bad[i][1]))
			TH_LOG("elem_size %zu, cap %zu", bad[i][0], bad[i][1]);
}

/* Before any run, by a thread: buffered values wait for the goroutines. */
static void drain(void *arg)
{
	int v, i;

	for (i = 0; i < 3; i++) {
		CHECK(go_recv(ch, &v));
		CHECK_EQ(i, v);
	}
	CHECK(!go_recv(ch, &v));
}

TEST(before_the_run)
{
	int i;

	ch = make_chan(sizeof(int), 3);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, go_try_send(ch, &i));
	ASSERT_EQ(-EAGAIN, go_try_send(ch, &i));
	go_close(ch);
	run_on(2, drain, NULL);
	go_chan_free(ch);
}

TEST_HARNESS_MAIN
