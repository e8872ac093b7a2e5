// SPDX-License-Identifier: GPL-2.0-only
/*
 * schedtrace.c - LIBGO_DEBUG=schedtrace=MS: Go's SCHED line on stderr, from time to time.
 *
 * The lines are read while they are written, until one tells what has to come.
 */
#include "test.h"

struct line {
	long long ms;
	unsigned int procs, idle, threads, spinning, need, idle_threads, global, nlocal;
	unsigned int local;	/* sum */
};

static FILE *trace;
static struct go_chan *ch;
static int flag;

/* The next line; whatever is not of its shape fails. */
static struct line next_line(void)
{
	struct line l = { 0 };
	char buf[4096], *at;
	int n = 0;

	CHECK(fgets(buf, sizeof(buf), trace));
	sscanf(buf,
	       "SCHED %lldms: gomaxprocs=%u idleprocs=%u threads=%u spinningthreads=%u needspinning=%u idlethreads=%u runqueue=%u [%n",
	       &l.ms, &l.procs, &l.idle, &l.threads, &l.spinning, &l.need, &l.idle_threads,
	       &l.global, &n);
	if (!n) {
		dprintf(2, "# not a SCHED line: %s", buf);
		_exit(1);
	}
	for (at = buf + n; *at != ']'; l.nlocal++) {
		l.local += (unsigned int)strtoul(at, &at, 10);
		CHECK(*at == ' ' || *at == ']');
		at += *at == ' ';
	}
	CHECK(!strcmp(at, "]\n"));
	CHECK_EQ(l.procs, l.nlocal);
	CHECK(l.idle <= l.procs && l.need <= 1 && l.threads >= 2);
	CHECK(l.idle_threads < l.threads && l.spinning < l.threads);
	return l;
}

static void trace_to_pipe(void)
{
	int fds[2];

	CHECK_EQ(0, setenv("LIBGO_DEBUG", "schedtrace=5", 1));
	CHECK_EQ(0, pipe(fds));
	/* What is wrong is told by the exit status alone from here on. */
	CHECK_EQ(2, dup2(fds[1], 2));
	trace = fdopen(fds[0], "r");
	CHECK(trace);
}

static void *reads_three(void *arg)
{
	struct line first = next_line(), second = next_line(), third = next_line();

	CHECK(first.ms >= 5 && second.ms >= first.ms && third.ms >= second.ms);
	CHECK_EQ(3, first.procs);
	go_close(ch);
	return NULL;
}

static void waits(void *arg)
{
	pthread_t t;

	ch = make_chan(0, 0);
	t = start_thread(arg, NULL);
	go_recv(ch, NULL);
	pthread_join(t, NULL);
}

TEST(lines)
{
	trace_to_pipe();
	run_on(3, waits, reads_three);
}

/* All Ps are idle: lines come nevertheless, and say so. */
static void *reads_idle(void *arg)
{
	struct line l;
	int n = 0;

	while (n < 20) {
		l = next_line();
		n += l.idle == l.procs && !l.global && !l.local;
	}
	CHECK_EQ(2, l.procs);
	go_close(ch);
	return NULL;
}

TEST(all_idle)
{
	trace_to_pipe();
	run_on(2, waits, reads_idle);
}

/* All are busy, and more is to do. */
static void spins(void *arg)
{
	while (!rd(flag))
		;
}

static void *reads_busy(void *arg)
{
	struct line l;

	do
		l = next_line();
	while (l.idle || l.global + l.local < 5);
	CHECK_EQ(1, l.procs);
	wr(flag, 1);
	return NULL;
}

static void busy(void *arg)
{
	pthread_t t;

	start_n(8, spins);
	t = start_thread(reads_busy, NULL);
	spins(NULL);
	until(go_num() == 1);
	pthread_join(t, NULL);
}

TEST(queued)
{
	trace_to_pipe();
	run_on(1, busy, NULL);
}

/* As many queues as there are Ps, now. */
static void *reads_changes(void *arg)
{
	while (next_line().procs != 2)
		;
	go_maxprocs(5);
	while (next_line().procs != 5)
		;
	go_maxprocs(1);
	while (next_line().procs != 1)
		;
	go_close(ch);
	return NULL;
}

TEST(changing_procs)
{
	trace_to_pipe();
	run_on(2, waits, reads_changes);
}

static void nothing(void *arg)
{
	go_sleep(20 * MS);
}

static void run_untraced(void *arg)
{
	if (arg)
		setenv("LIBGO_DEBUG", arg, 1);
	run_on(2, nothing, NULL);
}

TEST(not_asked_for)
{
	static struct child c;

	unsetenv("LIBGO_DEBUG");
	run_child(&c, run_untraced, NULL);
	EXPECT_TRUE(exited_with(&c, 0) && !c.len)
		show_child(&c);
	run_child(&c, run_untraced, "schedtrace=0");
	EXPECT_TRUE(exited_with(&c, 0) && !c.len)
		show_child(&c);
}

TEST_HARNESS_MAIN
