// SPDX-License-Identifier: GPL-2.0-only
/*
 * dropped.c - when main returns, no other goroutine runs user code again: not
 * the waiting, not the runnable, not one in a loop, not one in a system call.
 *
 * That something doesn't happen can only be watched for a while: a counter is
 * read when go_run() has returned, and again later.
 */
#include "test.h"

#include <malloc.h>
#if TEST_ASAN
int __lsan_do_recoverable_leak_check(void);
#endif

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

static struct go_chan *others[20];
static struct go_sem sem;
static struct go_ctx *ctx;

static void selects(void *arg)
{
	struct go_case cases[20];
	size_t i, n = (uintptr_t)arg;

	for (i = 0; i < n; i++)
		cases[i] = (struct go_case){ .op = GO_RECV, .chan = others[i] };
	inc(started);
	go_select(cases, n);
	inc(after);
}

static void acquires(void *arg)
{
	inc(started);
	go_sem_acquire_ctx(&sem, ctx, 1);
	inc(after);
}

/* One is woken at one of its channels, and doesn't come to leave the queues of the others. */
static void leave_selected(void *arg)
{
	size_t i;

	wr(started, 0);
	for (i = 0; i < 20; i++)
		others[i] = make_chan(0, 0);
	start(selects, arg);
	until(rd(started) == 1);
	go_yield();
	CHECK_EQ(0, go_try_send(others[1], NULL));
}

static void leave_acquired(void *arg)
{
	wr(started, 0);
	memset(&sem, 0, sizeof(sem));
	ctx = go_ctx_with_cancel(go_ctx_background());
	CHECK(ctx);
	start(acquires, NULL);
	until(rd(started) == 1);
	go_yield();
	go_sem_release(&sem, 1);
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

static void others_are_free(void)
{
	size_t i;

	CHECK_EQ(0, rd(after));
	for (i = 0; i < 20; i++) {
		CHECK_EQ(-EAGAIN, go_try_send(others[i], NULL));
		go_chan_free(others[i]);
	}
}

TEST(woken_from_a_select)
{
	UNDISTURBED(leave_selected, (void *)2);
	others_are_free();
	UNDISTURBED(leave_selected, (void *)20);
	others_are_free();
}

static void leave_selects(void *arg)
{
	size_t i;

	wr(started, 0);
	for (i = 0; i < 20; i++)
		others[i] = make_chan(0, 0);
	for (i = 0; i < 20; i++)
		start(selects, (void *)20);
	until(rd(started) == 20);
	go_yield();
}

/* What a select of many cases has taken goes with it. */
TEST(selects_leave_no_memory)
{
	if (TEST_TSAN || TEST_VALGRIND)
		SKIP(return, "this tool's malloc() doesn't say how much is in use");
#if TEST_ASAN
	run_on(1, leave_selects, NULL);
	others_are_free();
	EXPECT_EQ(0, __lsan_do_recoverable_leak_check());
#else
	size_t before = 0;
	int i;

	/* Otherwise what other threads took is not counted. */
	ASSERT_EQ(1, mallopt(M_ARENA_MAX, 1));
	for (i = 0; i < 30; i++) {
		run_on(1, leave_selects, NULL);
		others_are_free();
		if (i == 9)
			before = mallinfo2().uordblks;
	}
	/* Of each that was left over there would be more than 64 bytes. */
	EXPECT_GT(before + 20 * 20 * 64, mallinfo2().uordblks);
#endif
}

TEST(woken_from_a_semaphore_with_a_context)
{
	UNDISTURBED(leave_acquired, NULL);
	ASSERT_EQ(0, rd(after));
	go_ctx_cancel(ctx);
	go_ctx_free(ctx);
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
