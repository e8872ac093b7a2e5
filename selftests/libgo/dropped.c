// SPDX-License-Identifier: GPL-2.0-only
/*
 * dropped.c - when main returns, no other goroutine runs user code again: not
 * the waiting, not the runnable, not one in a loop, not one in a system call.
 *
 * That something doesn't happen can only be watched for a while: a counter is
 * read when go_run() has returned, and again later.
 */
#include "test.h"

static unsigned long ticks, started, after;
static int fds[2];
static struct go_chan *ch;

static void stands_still(void)
{
	unsigned long seen = rd(ticks);
	int i;

	for (i = 0; i < 30; i++) {
		usleep(1000);
		CHECK_EQ(seen, rd(ticks));
	}
	CHECK_EQ(0, rd(after));
}

static void parked(void *arg)
{
	inc(started);
	go_recv(ch, NULL);
	inc(after);
}

static void sleeper(void *arg)
{
	inc(started);
	go_sleep(5 * MS);
	inc(after);
}

/* What lay in frames that are gone is not there any more. */
static noinline void overwrite_frames(void)
{
	volatile unsigned char room[4096];
	size_t i;

	for (i = 0; i < sizeof(room); i++)
		room[i] = 0x5a;
}

static void sleeper_that_received(void *arg)
{
	inc(started);
	go_recv(ch, NULL);
	overwrite_frames();
	inc(started);
	go_sleep(3600000 * MS);
	inc(after);
}

static void yielder(void *arg)
{
	for (;;) {
		inc(ticks);
		go_yield();
	}
}

static void looper(void *arg)
{
	for (;;)
		inc(ticks);
}

static void reader(void *arg)
{
	char c;

	inc(started);
	while (read(fds[0], &c, 1) < 0 && errno == EINTR)
		;
	inc(after);
}

static void leave_parked(void *arg)
{
	wr(started, 0);
	ch = make_chan(0, 0);
	start_n(100, parked);
	until(rd(started) == 100);
}

static void leave_sleepers(void *arg)
{
	wr(started, 0);
	start_n(100, sleeper);
	until(rd(started) == 100);
}

static void leave_sleepers_that_received(void *arg)
{
	int i;

	wr(started, 0);
	ch = make_chan(0, 0);
	start_n(10, sleeper_that_received);
	until(rd(started) == 10);
	for (i = 0; i < 10; i++)
		go_send(ch, NULL);
	until(rd(started) == 20);
}

static void leave_never_run(void *arg)
{
	start_n(1000, yielder);
}

static void leave_yielders(void *arg)
{
	unsigned long before = rd(ticks);

	start_n(10, yielder);
	until(rd(ticks) - before > 100);
}

static void leave_loopers(void *arg)
{
	unsigned long before = rd(ticks);

	start_n((intptr_t)arg, looper);
	until(rd(ticks) - before > 100);
}

static void leave_reader(void *arg)
{
	wr(started, 0);
	start(reader, NULL);
	until(rd(started) == 1);
	/* Likely inside read() by now; the test holds if it isn't. */
	go_sleep(20 * MS);
}

TEST(parked_stay)
{
	run_on(2, leave_parked, NULL);
	stands_still();
	/* Their places in the queue are gone too. */
	ASSERT_EQ(-EAGAIN, go_try_send(ch, NULL));
}

TEST(sleeping_stay)
{
	run_on(2, leave_sleepers, NULL);
	/* They may have woken before main returned, not later. */
	wr(after, 0);
	stands_still();
}

/* What they waited in before is not looked at when they are dropped. */
TEST(sleeping_stay_that_received)
{
	run_on(1, leave_sleepers_that_received, NULL);
	stands_still();
	run_on(2, leave_sleepers_that_received, NULL);
	stands_still();
	ASSERT_EQ(-EAGAIN, go_try_send(ch, NULL));
}

TEST(never_run)
{
	run_on(1, leave_never_run, NULL);
	stands_still();
	run_on(4, leave_never_run, NULL);
	stands_still();
}

TEST(runnable)
{
	run_on(1, leave_yielders, NULL);
	stands_still();
	run_on(4, leave_yielders, NULL);
	stands_still();
}

TEST(tight_loop)
{
	run_on(2, leave_loopers, (void *)1);
	stands_still();
}

TEST(several_tight_loops_and_on)
{
	int i;

	for (i = 0; i < 5; i++) {
		run_on(4, leave_loopers, (void *)3);
		stands_still();
	}
	run_on(4, leave_parked, NULL);
	stands_still();
}

TEST(blocking_read)
{
	ASSERT_EQ(0, pipe(fds));
	run_on(2, leave_reader, NULL);
	ASSERT_EQ(1, write(fds[1], "x", 1));
	stands_still();
	/* And the library can be used on. */
	run_on(2, leave_parked, NULL);
	stands_still();
}

TEST_HARNESS_MAIN
