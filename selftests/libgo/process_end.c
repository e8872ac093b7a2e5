// SPDX-License-Identifier: GPL-2.0-only
/*
 * process_end.c - exit(), abort() and pthread_exit() in a goroutine, and what ends the
 * process beside goroutines that go on meanwhile.
 */
#include "test.h"

static struct go_chan *question, *answer;
static bool end;

static void answers(void *arg)
{
	int v;

	while (go_recv(question, &v)) {
		v *= 2;
		go_send(answer, &v);
	}
}

static void busy(void *arg)
{
	while (!rd(end))
		go_yield();
}

/* Still a goroutine, among others that run. */
static void at_exit(void)
{
	int v = 21;

	go_send(question, &v);
	go_recv(answer, &v);
	dprintf(2, "handler: %d from goroutine %d\n", v, (int)go_id());
}

static void first_registered(void)
{
	dprintf(2, "handler: last\n");
}

static void exits(void *arg)
{
	exit(23);
}

static void leaves(void *arg)
{
	question = make_chan(sizeof(int), 0);
	answer = make_chan(sizeof(int), 0);
	CHECK_EQ(0, atexit(first_registered));
	CHECK_EQ(0, atexit(at_exit));
	start(answers, NULL);
	start(busy, NULL);
	printf("in stdio's buffer\n");
	if (arg)
		exit(23);
	start(exits, NULL);
	for (;;)
		go_yield();
}

struct how {
	int procs;
	void (*fn)(void *);
	void *arg;
};

static void run_how(void *arg)
{
	const struct how *h = arg;

	/* Into what the parent reads, and in full only when it is flushed. */
	dup2(2, 1);
	setvbuf(stdout, NULL, _IOFBF, 4096);
	run_on(h->procs, h->fn, h->arg);
	dprintf(2, "go_run returned\n");
}

static struct child child;

static void run_child_how(int procs, void (*fn)(void *), void *arg)
{
	struct how h = { .procs = procs, .fn = fn, .arg = arg };

	run_child(&child, run_how, &h);
}

static bool exited_well(void)
{
	const char *first = find_line(child.err, "handler: 42 from goroutine ");

	return exited_with(&child, 23) && first && find_whole_line(first, "handler: last") &&
	       find_whole_line(child.err, "in stdio's buffer") &&
	       !find_line(child.err, "go_run returned");
}

TEST(exit_in_a_goroutine)
{
	int procs;

	for (procs = 1; procs <= 4; procs *= 2) {
		run_child_how(procs, leaves, NULL);
		ASSERT_TRUE(exited_well())
			show_child(&child);
	}
}

TEST(exit_in_main)
{
	int procs;

	for (procs = 1; procs <= 4; procs *= 2) {
		run_child_how(procs, leaves, &child);
		ASSERT_TRUE(exited_well())
			show_child(&child);
	}
}

static void leaves_at_once(void *arg)
{
	start(busy, NULL);
	printf("in stdio's buffer\n");
	_exit(24);
}

TEST(_exit_flushes_nothing)
{
	if (TEST_TSAN)
		SKIP(return, "TSan's own _exit() flushes");
	run_child_how(2, leaves_at_once, NULL);
	ASSERT_TRUE(exited_with(&child, 24) && !find_line(child.err, "in stdio's buffer"))
		show_child(&child);
}

static void aborts(void *arg)
{
	start(busy, NULL);
	abort();
}

TEST(abort_is_a_signal)
{
	run_child_how(2, aborts, NULL);
	ASSERT_TRUE(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGABRT)
		show_child(&child);
}

/* ------------------------------------------------- the end of a goroutine's thread */

static void ends_thread(void *arg)
{
	dprintf(2, "number %d\n", (int)go_id());
	pthread_exit(NULL);
}

static void other_ends_thread(void *arg)
{
	start(busy, NULL);
	if (arg)
		ends_thread(NULL);
	start(ends_thread, NULL);
	for (;;)
		go_yield();
}

static bool died_of_its_thread(void)
{
	const char *line = find_line(child.err, "number ");
	char want[64];
	int id;

	if (!line || sscanf(line, "number %d", &id) != 1)
		return false;
	snprintf(want, sizeof(want), "fatal error: goroutine %d ended its thread ", id);
	return exited_with(&child, 2) && find_line(child.err, want);
}

#define NEEDS_PTHREAD_EXIT() do {					\
	if (TEST_TSAN)							\
		SKIP(return, "TSan takes no pthread_exit() on a stack that it didn't make"); \
} while (0)

TEST(pthread_exit_is_fatal)
{
	int procs;

	NEEDS_PTHREAD_EXIT();
	for (procs = 1; procs <= 4; procs *= 2) {
		run_child_how(procs, other_ends_thread, NULL);
		ASSERT_TRUE(died_of_its_thread())
			show_child(&child);
	}
}

TEST(pthread_exit_in_main_is_fatal)
{
	NEEDS_PTHREAD_EXIT();
	run_child_how(2, other_ends_thread, &child);
	ASSERT_TRUE(died_of_its_thread())
		show_child(&child);
}

static void cancelled(void *arg)
{
	dprintf(2, "number %d\n", (int)go_id());
	pthread_cancel(pthread_self());
	pthread_testcancel();
}

TEST(cancelling_its_thread_is_fatal)
{
	run_child_how(2, cancelled, NULL);
	ASSERT_TRUE(died_of_its_thread())
		show_child(&child);
}

static void nothing(void *arg)
{
}

static void *run_and_end(void *arg)
{
	run_on(2, nothing, NULL);
	pthread_exit(arg);
}

/* A thread that has been in go_run() is its own again. */
TEST(a_thread_may_end_after_go_run)
{
	pthread_t t = start_thread(run_and_end, &child);
	void *ret;

	ASSERT_EQ(0, pthread_join(t, &ret));
	ASSERT_EQ((void *)&child, ret);
	run_on(2, nothing, NULL);
}

TEST_HARNESS_MAIN
