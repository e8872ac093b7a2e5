// SPDX-License-Identifier: GPL-2.0-only
/*
 * no_threads.c - the system refuses threads for a while: nothing is lost, and what could
 * not be run then is run later.
 *
 * pthread_create() is this program's own; the library finds it before libc's.
 */
#include "test.h"
#include <dlfcn.h>

static int refusing;
static unsigned long refusals;

#if !TEST_ASAN && !TEST_TSAN
int pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	__typeof__(&pthread_create) libcs;

	if (rd(refusing)) {
		inc(refusals);
		return EAGAIN;
	}
	libcs = (__typeof__(libcs))dlsym(RTLD_NEXT, "pthread_create");
	CHECK(libcs);
	return libcs(t, attr, fn, arg);
}
#endif

#define NEEDS_OWN_PTHREAD_CREATE() do {						\
	if (TEST_ASAN || TEST_TSAN)						\
		SKIP(return, "the sanitizer has a pthread_create() of its own");	\
} while (0)

static int fds[2];

static void writes(void *arg)
{
	CHECK_EQ(1, write(fds[1], "x", 1));
}

/* Its P is taken, and there is nobody to run what is in its queue: what it waits for. */
static void reads(void *arg)
{
	char c;

	wr(refusing, 1);
	start(writes, NULL);
	CHECK_EQ(1, read(fds[0], &c, 1));
}

static void *relents(void *arg)
{
	/* It is tried again and again, though all Ps are idle. */
	thread_until(rd(refusals) >= 50);
	wr(refusing, 0);
	return NULL;
}

TEST(tried_again)
{
	pthread_t t;

	NEEDS_OWN_PTHREAD_CREATE();
	ASSERT_EQ(0, pipe(fds));
	t = start_thread(relents, NULL);
	run_on(1, reads, NULL);
	pthread_join(t, NULL);
}

static int up, go_on, ran;

static void runs(void *arg)
{
	wr(ran, 1);
}

static void *waits(void *arg)
{
	inc(up);
	thread_until(rd(go_on));
	return NULL;
}

static void leaves_its_p(void *arg)
{
	inc(up);
	thread_until(rd(refusing));
	start(runs, NULL);
	go_blocking(waits, NULL);
	inc(up);
}

/* Its P lies idle with somebody in its queue, and then there is one P less. */
static void lowers(void *arg)
{
	start(leaves_its_p, NULL);
	thread_until(rd(up) == 1);
	wr(refusing, 1);
	thread_until(rd(up) == 2 && rd(refusals) > 0);
	go_maxprocs(1);
	until(rd(ran));
	wr(refusing, 0);
	wr(go_on, 1);
	until(rd(up) == 3);
}

TEST(a_p_goes_that_has_none)
{
	NEEDS_OWN_PTHREAD_CREATE();
	setenv("LIBGO_DEBUG", "preempt=0", 1);
	run_on(2, lowers, NULL);
	ASSERT_TRUE(rd(ran));
}

TEST_HARNESS_MAIN
