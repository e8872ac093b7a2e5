// SPDX-License-Identifier: GPL-2.0-only
/*
 * signals.c - a goroutine's signal mask is its thread's; handlers run on the stack of the
 * goroutine that is interrupted, or on an alternate one; what they may call; how a
 * signal becomes a value in a channel.
 */
#include "test.h"
#include <poll.h>
#include <sys/time.h>

static struct go_waitgroup wg;

static bool blocked(int sig)
{
	sigset_t now;

	CHECK_EQ(0, pthread_sigmask(SIG_BLOCK, NULL, &now));
	return sigismember(&now, sig);
}

/* ------------------------------------------------------------------- masks */

static pthread_barrier_t barrier;

static void sees_mask(void *arg)
{
	pthread_barrier_wait(&barrier);
	CHECK(blocked(SIGUSR1));
	CHECK(!blocked(SIGUSR2));
	pthread_barrier_wait(&barrier);
	go_wg_done(&wg);
}

static void masks(void *arg)
{
	pthread_barrier_init(&barrier, NULL, 4);
	go_wg_add(&wg, 4);
	start_n(4, sees_mask);
	go_wg_wait(&wg);
}

/* All threads of the runtime have the mask of the one that called go_run(). */
TEST(mask_of_all_threads)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	ASSERT_EQ(0, pthread_sigmask(SIG_BLOCK, &set, NULL));
	run_on(4, masks, NULL);
	ASSERT_TRUE(blocked(SIGUSR1));
}

static void has_first_mask(void *arg)
{
	pthread_barrier_wait(&barrier);
	CHECK(!blocked(SIGUSR1));
	pthread_barrier_wait(&barrier);
	go_wg_done(&wg);
}

static void changes_its_own(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_EQ(0, pthread_sigmask(SIG_BLOCK, &set, NULL));
	pthread_barrier_init(&barrier, NULL, 5);
	go_wg_add(&wg, 4);
	/* Others' threads begin now, started by this one. */
	start_n(4, has_first_mask);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	CHECK(blocked(SIGUSR1));
	CHECK_EQ(0, pthread_sigmask(SIG_UNBLOCK, &set, NULL));
	go_wg_wait(&wg);
}

/* Also those that begin when a goroutine has changed its thread's. */
TEST(mask_of_later_threads)
{
	/* No goroutine continues on another thread. */
	setenv("LIBGO_DEBUG", "preempt=0", 1);
	run_on(5, changes_its_own, NULL);
}

static int over;
static unsigned long rounds;

static void computes(void *arg)
{
	while (!rd(over))
		inc(rounds);
	go_wg_done(&wg);
}

static void beside_one_that_computes(void *arg)
{
	CHECK(blocked(SIGUSR1));
	go_wg_add(&wg, 1);
	start(computes, NULL);
	until(rd(rounds) > 0);
	wr(over, 1);
	go_wg_wait(&wg);
}

/* The runtime has its own signal all the same. */
TEST(all_blocked)
{
	sigset_t set;

	if (TEST_TSAN)
		SKIP(return, "TSan calls no signal handler in a loop");
	sigfillset(&set);
	ASSERT_EQ(0, pthread_sigmask(SIG_BLOCK, &set, NULL));
	run_on(1, beside_one_that_computes, NULL);
	ASSERT_TRUE(blocked(SIGUSR1));
	ASSERT_TRUE(blocked(SIGURG));
}

static void own_mask(void *arg)
{
	sigset_t set;
	int i;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_EQ(0, pthread_sigmask(SIG_BLOCK, &set, NULL));
	for (i = 0; i < 100; i++) {
		CHECK(blocked(SIGUSR1));
		if (i % 10 == 9)
			go_sleep(1000);
		else
			go_yield();
	}
	CHECK_EQ(0, pthread_sigmask(SIG_UNBLOCK, &set, NULL));
	go_wg_done(&wg);
}

static void own_masks(void *arg)
{
	const struct go_attr attr = { .flags = GO_PINNED };

	go_wg_add(&wg, 2);
	CHECK_EQ(0, go_with(&attr, own_mask, NULL));
	CHECK_EQ(0, go_with(&attr, own_mask, NULL));
	go_wg_wait(&wg);
}

/* With one P there is one thread: two pinned ones would share a mask. */
TEST(a_pinned_one_keeps_a_mask)
{
	run_on(1, own_masks, NULL);
}

/* ------------------------------------------------------------------- stacks */

static volatile uintptr_t handler_at;
static volatile uint64_t handler_id;

static void note(int sig)
{
	char here;

	handler_at = (uintptr_t)&here;
	handler_id = go_id();
}

static void on_its_stack(void *arg)
{
	char here;

	CHECK_EQ(0, raise(SIGUSR1));
	/* The handler's frame is below this one, within the goroutine's stack. */
	CHECK(handler_at < (uintptr_t)&here);
	CHECK((uintptr_t)&here - handler_at < 64 << 10);
	CHECK_EQ(go_id(), handler_id);
	go_wg_done(&wg);
}

static void handler_on_stack(void *arg)
{
	int i;

	go_wg_add(&wg, 10);
	for (i = 0; i < 10; i++)
		start(on_its_stack, NULL);
	go_wg_wait(&wg);
}

static void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction act = { .sa_handler = fn, .sa_flags = flags };

	CHECK_EQ(0, sigaction(sig, &act, NULL));
}

TEST(handler_on_the_goroutines_stack)
{
	if (TEST_ASAN)
		SKIP(return, "ASan may move locals to a stack of its own");
	handle(SIGUSR1, note, 0);
	run_on(1, handler_on_stack, NULL);
}

static void on_alternate(void *arg)
{
	static char alt[64 << 10];
	stack_t st = { .ss_sp = alt, .ss_size = sizeof(alt) }, old;

	CHECK_EQ(0, sigaltstack(&st, &old));
	go_yield();
	CHECK_EQ(0, raise(SIGUSR1));
	CHECK(handler_at > (uintptr_t)alt && handler_at < (uintptr_t)alt + sizeof(alt));
	CHECK_EQ(go_id(), handler_id);
	CHECK_EQ(0, sigaltstack(&old, NULL));
	go_wg_done(&wg);
}

static void handler_on_alternate(void *arg)
{
	const struct go_attr attr = { .flags = GO_PINNED };

	go_wg_add(&wg, 1);
	CHECK_EQ(0, go_with(&attr, on_alternate, NULL));
	go_wg_wait(&wg);
}

TEST(handler_on_an_alternate_stack)
{
	if (TEST_ASAN)
		SKIP(return, "ASan may move locals to a stack of its own");
	handle(SIGUSR1, note, SA_ONSTACK);
	run_on(2, handler_on_alternate, NULL);
}

/* ------------------------------------------ what a handler may call, at any moment */

static unsigned long handled;

static void asks(int sig)
{
	int e = errno;
	int64_t t = go_now();

	if (go_id() > 1u << 30 || t <= 0)
		abort();
	errno = EPROTO;
	errno = e;
	inc(handled);
}

static void ping(void *arg)
{
	struct go_chan **c = arg;
	uint64_t i, v;

	for (i = 0; go_recv(c[0], &v); i++) {
		CHECK_EQ(i, v);
		go_send(c[1], &v);
	}
	go_wg_done(&wg);
}

/* Until many signals have come, in the midst of whatever libgo does. */
static void under_fire(void *arg)
{
	struct go_chan *c[2] = { make_chan(sizeof(uint64_t), 0), make_chan(sizeof(uint64_t), 0) };
	const struct itimerval fast = { { 0, 200 }, { 0, 200 } }, off = { { 0, 0 }, { 0, 0 } };
	uint64_t i, v;

	go_wg_add(&wg, 1);
	start(ping, c);
	CHECK_EQ(0, setitimer(ITIMER_REAL, &fast, NULL));
	for (i = 0; rd(handled) < scaled(1000); i++) {
		go_send(c[0], &i);
		CHECK(go_recv(c[1], &v));
		CHECK_EQ(i, v);
		if (i % 64 == 0)
			go_sleep(1000);
	}
	CHECK_EQ(0, setitimer(ITIMER_REAL, &off, NULL));
	go_close(c[0]);
	go_wg_wait(&wg);
}

TEST(at_any_moment)
{
	handle(SIGALRM, asks, SA_RESTART);
	run_on(1, under_fire, NULL);
	handled = 0;
	handle(SIGALRM, asks, 0);
	run_on(4, under_fire, NULL);
}

/* poll() ends with EINTR where a signal is pending, even if it isn't to wait. */
static void readiness_under_fire(void *arg)
{
	const struct itimerval fast = { { 0, 100 }, { 0, 100 } }, off = { { 0, 0 }, { 0, 0 } };
	int p[2], i;

	CHECK_EQ(0, pipe(p));
	CHECK_EQ(0, setitimer(ITIMER_REAL, &fast, NULL));
	while (rd(handled) < scaled(500)) {
		for (i = 0; i < 20; i++)
			CHECK_EQ(-ETIMEDOUT, go_poll_fd(p[0], POLLIN, go_now() - 1));
	}
	CHECK_EQ(0, setitimer(ITIMER_REAL, &off, NULL));
	close(p[0]);
	close(p[1]);
}

TEST(readiness_at_any_moment)
{
	handled = 0;
	handle(SIGALRM, asks, SA_RESTART);
	run_on(1, readiness_under_fire, NULL);
}

/* ------------------------------------------------------- from a signal to a channel */

static struct go_chan *notify;

/* As os/signal.Notify: a thread waits for signals, and sends them. */
static void *waits_for_signals(void *arg)
{
	int sig;

	do {
		CHECK_EQ(0, sigwait(arg, &sig));
		go_send(notify, &sig);
	} while (sig != SIGTERM);
	return NULL;
}

static void is_notified(void *arg)
{
	static const int sent[] = { SIGUSR1, SIGUSR2, SIGUSR1, SIGTERM };
	pthread_t t;
	size_t i;
	int sig;

	notify = make_chan(sizeof(int), 0);
	t = start_thread(waits_for_signals, arg);
	for (i = 0; i < ARRAY_SIZE(sent); i++) {
		CHECK_EQ(0, kill(getpid(), sent[i]));
		CHECK(go_recv(notify, &sig));
		CHECK_EQ(sent[i], sig);
	}
	pthread_join(t, NULL);
}

TEST(into_a_channel)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	ASSERT_EQ(0, pthread_sigmask(SIG_BLOCK, &set, NULL));
	run_on(1, is_notified, &set);
	run_on(4, is_notified, &set);
}

TEST_HARNESS_MAIN
