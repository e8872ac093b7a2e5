// SPDX-License-Identifier: GPL-2.0-only
/*
 * sigquit.c - SIGQUIT: every goroutine on stderr, status 2, as Go does. A program that
 * has its own idea of the signal keeps it.
 */
#include "test.h"

#include <sys/ioctl.h>

static struct go_chan *ch;
static int flag, handled;

static void quit_self(void)
{
	CHECK_EQ(0, kill(getpid(), SIGQUIT));
}

/* Not static: looked up by name. */
void sq_waits(void *arg);
void sq_waits(void *arg)
{
	go_recv(ch, NULL);
	wr(flag, 1);
}

void sq_spins(void *arg);
void sq_spins(void *arg)
{
	wr(flag, 1);
	for (;;)
		wr(handled, 0);
}

static bool dumped(const struct child *c, const char *state)
{
	const char *head = find_whole_line(c->err, "SIGQUIT: quit"), *line;

	line = head ? strstr(head, state) : NULL;
	if (exited_with(c, 2) && line && strstr(head, "[chan receive]: sq_waits\n"))
		return true;
	show_child(c);
	return false;
}

/* Everything is busy, no goroutine ever comes to the scheduler. */
static void busy_main(void *arg)
{
	ch = make_chan(0, 0);
	start(sq_waits, NULL);
	go_yield();
	start(sq_spins, NULL);
	until(rd(flag));
	quit_self();
	for (;;)
		wr(handled, 0);
}

static void run_busy(void *arg)
{
	run_on(2, busy_main, NULL);
}

TEST(all_busy)
{
	static struct child c;

	run_child(&c, run_busy, NULL);
	EXPECT_TRUE(dumped(&c, "[running]: sq_spins\n"));
}

/* Everything sleeps, the monitor too: it has to be woken. */
static void *quit_later(void *arg)
{
	/* The longer, the surer it sleeps; the outcome is the same. */
	usleep(200 * 1000);
	quit_self();
	return NULL;
}

static void idle_main(void *arg)
{
	ch = make_chan(0, 0);
	start(sq_waits, NULL);
	start_thread(quit_later, NULL);
	go_sleep(INT64_MAX / 2);
}

static void run_idle(void *arg)
{
	run_on((int)(intptr_t)arg, idle_main, NULL);
}

TEST(all_asleep)
{
	static struct child c;
	intptr_t procs;

	if (TEST_TSAN)
		SKIP(return, "TSan calls a handler when its thread wakes up, and none does");
	for (procs = 1; procs <= 4; procs *= 4) {
		run_child(&c, run_idle, (void *)procs);
		EXPECT_TRUE(dumped(&c, "[sleep]: main: idle_main"));
	}
}

static void own_handler(int sig)
{
	wr(handled, sig);
}

static void own_main(void *arg)
{
	quit_self();
	until(rd(handled) == SIGQUIT);
}

TEST(the_programs_own_handler)
{
	struct sigaction act = { .sa_handler = own_handler }, now;

	ASSERT_EQ(0, sigaction(SIGQUIT, &act, NULL));
	run_on(2, own_main, NULL);
	ASSERT_EQ(0, sigaction(SIGQUIT, NULL, &now));
	EXPECT_TRUE(now.sa_handler == own_handler);
}

/* Set while it runs: kept as well. */
static void later_main(void *arg)
{
	struct sigaction act = { .sa_handler = own_handler };

	CHECK_EQ(0, sigaction(SIGQUIT, &act, NULL));
	own_main(NULL);
}

TEST(a_handler_set_later)
{
	struct sigaction now;

	run_on(2, later_main, NULL);
	ASSERT_EQ(0, sigaction(SIGQUIT, NULL, &now));
	EXPECT_TRUE(now.sa_handler == own_handler);
}

static void ignored_main(void *arg)
{
	quit_self();
	go_sleep(20 * MS);
}

TEST(ignored)
{
	ASSERT_TRUE(signal(SIGQUIT, SIG_IGN) != SIG_ERR);
	run_on(2, ignored_main, NULL);
}

static void nothing_main(void *arg)
{
}

static void run_then_quit(void *arg)
{
	run_on(2, nothing_main, NULL);
	quit_self();
	for (;;)
		pause();
}

/* Afterwards it is what it was. */
TEST(after_the_run)
{
	static struct child c;

	run_child(&c, run_then_quit, NULL);
	EXPECT_TRUE(WIFSIGNALED(c.status) && WTERMSIG(c.status) == SIGQUIT)
		show_child(&c);
}

/* A child that a goroutine forked has no runtime that could dump. */
static void forks(void *arg)
{
	const struct rlimit no_core = { 0, 0 };
	int status;
	pid_t child = fork();

	CHECK(child >= 0);
	if (!child) {
		setrlimit(RLIMIT_CORE, &no_core);
		quit_self();
		for (;;)
			pause();
	}
	CHECK_EQ(child, waitpid(child, &status, 0));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
}

TEST(in_a_forked_child)
{
	if (TEST_TSAN)
		SKIP(return, "TSan calls a handler late, or never, in a child of several threads");
	run_on(2, forks, NULL);
}

/* ---------------------------------------------------------- a second one */

static void many_main(void *arg)
{
	int i;

	ch = make_chan(0, 0);
	for (i = 0; i < 4000; i++)
		start(sq_waits, NULL);
	go_yield();
	quit_self();
	for (;;)
		go_yield();
}

/* Nobody reads what is dumped, more than a pipe holds: the dump hangs. */
TEST(a_second_one_kills)
{
	const struct rlimit no_core = { 0, 0 };
	int fds[2], status, n = 0;
	pid_t pid;

	ASSERT_EQ(0, pipe(fds));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		setrlimit(RLIMIT_CORE, &no_core);
		dup2(fds[1], 2);
		run_on(2, many_main, NULL);
		_exit(1);
	}
	while (n < 4096) {
		ASSERT_EQ(0, ioctl(fds[0], FIONREAD, &n));
		usleep(1000);
	}
	ASSERT_EQ(0, kill(pid, SIGQUIT));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
}

TEST_HARNESS_MAIN
