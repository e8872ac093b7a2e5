// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults.c - a fault that is no stack overflow goes where it would go without libgo: to
 * the program's handler, else the process dies of the signal.
 */
#include "test.h"
#include <setjmp.h>
#include <sys/mman.h>

/* In the page of NULL, but not NULL itself, which UBSan would report before it is touched. */
static char *volatile nowhere = (char *)16;
static char *page;

/* A sanitizer that catches the signal reports it and exits. */
static bool died_of(const struct child *c, int sig)
{
	if (WIFSIGNALED(c->status))
		return WTERMSIG(c->status) == sig ||
		       (TEST_ASAN && WTERMSIG(c->status) == SIGABRT);
	return (TEST_ASAN || TEST_TSAN) && WEXITSTATUS(c->status) && strstr(c->err, "SEGV");
}

static void touches_null(void *arg)
{
	*nowhere = 1;
}

static void main_touches_null(void *arg)
{
	run_on(1, touches_null, NULL);
}

static void starts(void *fn)
{
	start((void (*)(void *))fn, NULL);
	for (;;)
		go_yield();
}

static void run_start(void *fn)
{
	run_on(2, starts, fn);
}

TEST(null_in_main)
{
	static struct child c;

	run_child(&c, main_touches_null, NULL);
	ASSERT_TRUE(died_of(&c, SIGSEGV) && !strstr(c.err, "stack overflow"))
		show_child(&c);
}

TEST(null_in_goroutine)
{
	static struct child c;

	run_child(&c, run_start, touches_null);
	ASSERT_TRUE(died_of(&c, SIGSEGV) && !strstr(c.err, "stack overflow"))
		show_child(&c);
}

static void *null_thread(void *arg)
{
	touches_null(NULL);
	return NULL;
}

static void waits_for_thread(void *arg)
{
	pthread_join(start_thread(null_thread, NULL), NULL);
}

static void run_waits_for_thread(void *arg)
{
	run_on(1, waits_for_thread, NULL);
}

/* A thread that is no goroutine's. */
TEST(null_in_thread)
{
	static struct child c;

	run_child(&c, run_waits_for_thread, NULL);
	ASSERT_TRUE(died_of(&c, SIGSEGV))
		show_child(&c);
}

/* One that another process, or kill(), sends: there is no instruction that repeats it. */
static void kills_itself(void *arg)
{
	kill(getpid(), SIGSEGV);
	for (;;)
		go_yield();
}

static void main_kills_itself(void *arg)
{
	run_on(1, kills_itself, NULL);
}

TEST(sent)
{
	static struct child c;

	run_child(&c, main_kills_itself, NULL);
	ASSERT_TRUE(died_of(&c, SIGSEGV))
		show_child(&c);
}

static void raises_bus(void *arg)
{
	raise(SIGBUS);
}

static void main_raises_bus(void *arg)
{
	run_on(1, raises_bus, NULL);
}

TEST(bus_error)
{
	static struct child c;

	if (TEST_ASAN || TEST_TSAN)
		SKIP(return, "the sanitizers report SIGBUS in their own way");
	run_child(&c, main_raises_bus, NULL);
	ASSERT_TRUE(died_of(&c, SIGBUS))
		show_child(&c);
}

/* -------------------------------------------------------- the program's handler */

static int caught, sent_value;
static void *caught_at;

static void on_segv(int sig, siginfo_t *info, void *ctx)
{
	caught++;
	caught_at = info->si_addr;
	sent_value = info->si_value.sival_int;
	if (info->si_code > 0)
		mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void handle(void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction act = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags };

	CHECK_EQ(0, sigaction(SIGSEGV, &act, NULL));
}

static void map_page(void)
{
	page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
}

static void touches_page(void *arg)
{
	int i;

	for (i = 1; i <= 3; i++) {
		mprotect(page, 4096, PROT_NONE);
		*(volatile char *)(page + 100) = 7;
		CHECK_EQ(i, rd(caught));
		CHECK(caught_at == page + 100);
		CHECK_EQ(7, page[100]);
		go_yield();
	}
}

TEST(handler_set_before)
{
	map_page();
	handle(on_segv, 0);
	run_on(1, touches_page, NULL);
	ASSERT_EQ(3, caught);
	/* And it is there still. */
	mprotect(page, 4096, PROT_NONE);
	*(volatile char *)(page + 5) = 1;
	ASSERT_EQ(4, caught);
}

static void handles_and_touches(void *arg)
{
	handle(on_segv, 0);
	touches_page(NULL);
}

TEST(handler_set_while_it_runs)
{
	map_page();
	run_on(1, handles_and_touches, NULL);
	ASSERT_EQ(3, caught);
	mprotect(page, 4096, PROT_NONE);
	*(volatile char *)(page + 5) = 1;
	ASSERT_EQ(4, caught);
	caught = 0;
	run_on(1, touches_page, NULL);
	ASSERT_EQ(3, caught);
}

static void sends_value(void *arg)
{
	const union sigval v = { .sival_int = 4711 };

	sigqueue(getpid(), SIGSEGV, v);
	while (!rd(caught))
		go_yield();
	CHECK_EQ(4711, sent_value);
}

TEST(handler_gets_what_was_sent)
{
	handle(on_segv, 0);
	run_on(1, sends_value, NULL);
	ASSERT_EQ(1, caught);
}

static sigjmp_buf back;

static void on_segv_jumps(int sig, siginfo_t *info, void *ctx)
{
	siglongjmp(back, 1);
}

static void comes_back(void *arg)
{
	volatile int i;

	for (i = 0; i < 5; i++) {
		if (!sigsetjmp(back, 1)) {
			*nowhere = 1;
			CHECK(!"reached");
		}
		inc(caught);
		go_yield();
	}
}

/* Leaving the handler by a jump, as some programs do. */
TEST(handler_that_jumps)
{
	handle(on_segv_jumps, 0);
	run_on(1, comes_back, NULL);
	ASSERT_EQ(5, caught);
}

static bool was_blocked[2];

static void on_segv_mask(int sig, siginfo_t *info, void *ctx)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	was_blocked[0] = sigismember(&now, SIGUSR2);
	was_blocked[1] = sigismember(&now, SIGSEGV);
	on_segv(sig, info, ctx);
}

static void touches_once(void *arg)
{
	sigset_t now;

	*(volatile char *)page = 1;
	CHECK_EQ(1, caught);
	sigprocmask(SIG_BLOCK, NULL, &now);
	CHECK(!sigismember(&now, SIGUSR2) && !sigismember(&now, SIGSEGV));
}

/* What the program wants blocked in its handler is, and no longer. */
TEST(handler_with_a_mask)
{
	struct sigaction act = { .sa_sigaction = on_segv_mask, .sa_flags = SA_SIGINFO };

	map_page();
	sigemptyset(&act.sa_mask);
	sigaddset(&act.sa_mask, SIGUSR2);
	CHECK_EQ(0, sigaction(SIGSEGV, &act, NULL));
	run_on(1, touches_once, NULL);
	ASSERT_TRUE(was_blocked[0]);
	ASSERT_TRUE(was_blocked[1]);
}

static void touches_two_pages(void *arg)
{
	touches_once(NULL);
	*nowhere = 1;
}

static void run_once_only(void *arg)
{
	map_page();
	handle(on_segv, SA_RESETHAND);
	run_on(1, touches_two_pages, NULL);
}

TEST(handler_for_one_signal)
{
	static struct child c;

	run_child(&c, run_once_only, NULL);
	ASSERT_TRUE(WIFSIGNALED(c.status) && WTERMSIG(c.status) == SIGSEGV)
		show_child(&c);
}

static void ignored(void *arg)
{
	kill(getpid(), SIGSEGV);
	go_yield();
	wr(caught, 1);
}

/* What was sent may be ignored; a fault can't be. */
TEST(ignored_by_the_program)
{
	static struct child c;

	signal(SIGSEGV, SIG_IGN);
	run_on(1, ignored, NULL);
	ASSERT_EQ(1, caught);
	run_child(&c, main_touches_null, NULL);
	ASSERT_TRUE(WIFSIGNALED(c.status) && WTERMSIG(c.status) == SIGSEGV)
		show_child(&c);
}

/* ---------------------------------------------------------- alternate stacks */

static void nothing(void *arg)
{
}

TEST(own_alternate_stack)
{
	static char mine[65536];
	stack_t s = { .ss_sp = mine, .ss_size = sizeof(mine) }, now, before;

	if (TEST_ASAN)
		sigaltstack(NULL, &before);
	ASSERT_EQ(0, sigaltstack(&s, TEST_ASAN ? NULL : &before));
	run_on(2, nothing, NULL);
	ASSERT_EQ(0, sigaltstack(NULL, &now));
	ASSERT_TRUE(now.ss_sp == mine && now.ss_size == sizeof(mine));
	ASSERT_EQ(0, sigaltstack(&before, NULL));
}

TEST_HARNESS_MAIN
