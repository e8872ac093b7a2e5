// SPDX-License-Identifier: GPL-2.0-only
/*
 * errno.c - each goroutine has its own errno value, across waits and threads,
 * and no call of libgo's changes it.
 *
 * errno is read and written in functions of their own: a compiler remembers
 * where a thread's errno is, and a goroutine may have changed its thread.
 */
#include "test.h"

static struct go_waitgroup wg;
static struct go_chan *ch, *tiny;
static struct go_mutex mutex;

static void keeps(void *arg)
{
	int me = (intptr_t)arg + 1, i;
	uint64_t v = me;

	set_errno(me);
	for (i = 0; i < 200; i++) {
		switch (i % 6) {
		case 0:
			go_yield();
			break;
		case 1:
			if (me % 2)
				go_send(ch, &v);
			else
				go_recv(ch, &v);
			break;
		case 2:
			go_sleep(1000);
			break;
		case 3:
			go_mutex_lock(&mutex);
			go_yield();
			go_mutex_unlock(&mutex);
			break;
		case 4:
			go_recv_until(NULL, NULL, go_now() + 1000);
			break;
		case 5:
			CHECK(go_try_recv(tiny, &v) == -EAGAIN);
			break;
		}
		CHECK_EQ(me, get_errno());
		if (i % 50 == 49) {
			/* A call that really fails; the value stays with us. */
			CHECK_EQ(-1, close(-1));
			go_yield();
			CHECK_EQ(EBADF, get_errno());
			set_errno(me);
		}
	}
	go_wg_done(&wg);
}

static void own_errno(void *arg)
{
	ch = make_chan(sizeof(uint64_t), 0);
	tiny = make_chan(sizeof(uint64_t), 1);
	go_wg_add(&wg, 40);
	start_n(40, keeps);
	go_wg_wait(&wg);
}

static void silent(void *arg)
{
	struct go_stats s;
	struct go_case c = { .op = GO_DEFAULT };

	set_errno(4711);
	start(keeps, NULL);
	CHECK_EQ(4711, get_errno());
	CHECK(!go_chan_make(SIZE_MAX, SIZE_MAX));
	CHECK_EQ(4711, get_errno());
	CHECK_EQ(0, go_select(&c, 1));
	go_stats(&s);
	go_maxprocs(3);
	CHECK_EQ(-EBUSY, go_run(silent, NULL));
	CHECK_EQ(-EINVAL, go(NULL, NULL));
	CHECK_EQ(4711, get_errno());
}

static void fails(void *arg)
{
	set_errno(EXDEV);
	go_wg_done(&wg);
}

/* One goroutine's errno is not what the next one on its stack begins with. */
static void others_dont_show(void *arg)
{
	int i;

	set_errno(0);
	for (i = 0; i < 100; i++) {
		go_wg_add(&wg, 1);
		start(fails, NULL);
		go_wg_wait(&wg);
		CHECK_EQ(0, get_errno());
	}
}

TEST(own_on_one_p)
{
	run_on(1, own_errno, NULL);
}

TEST(own_on_four_ps)
{
	run_on(4, own_errno, NULL);
}

TEST(libgo_is_silent)
{
	run_on(2, silent, NULL);
}

TEST(not_inherited)
{
	run_on(1, others_dont_show, NULL);
}

TEST_HARNESS_MAIN
