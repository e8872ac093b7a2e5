// SPDX-License-Identifier: GPL-2.0-only
/*
 * preempt.c - a goroutine that computes, or blocks its thread, and never calls the
 * runtime, does not keep the others from running.
 *
 * Where it says "alone", there is one P, and main polls: that it gets on at all is what
 * is tested.
 */
#include "test.h"

#include <poll.h>
#include <sys/wait.h>

static unsigned long counts[8], started, ended;
static int stop, fds[2];

/* Never calls the runtime. */
static void hog(void *arg)
{
	unsigned long i = (unsigned long)arg;

	while (!rd(stop))
		inc(counts[i]);
	inc(ended);
}

#define NEEDS_HANDLER() do {							\
	if (TEST_TSAN)								\
		SKIP(return, "TSan calls no signal handler in a loop");		\
} while (0)

static void begin(void)
{
	wr(stop, 0);
	wr(ended, 0);
	wr(started, 0);
	memset(counts, 0, sizeof(counts));
}

static void start_hogs(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		CHECK_EQ(0, go(hog, (void *)i));
}

static void main_runs_beside_one(void *arg)
{
	struct go_stats s;

	begin();
	start_hogs(1);
	until(rd(counts[0]) > 0);
	for (int i = 0; i < 5; i++) {
		unsigned long seen = rd(counts[0]);

		until(rd(counts[0]) > seen);
		go_yield();
	}
	go_stats(&s);
	CHECK(s.preemptions > 0);
	wr(stop, 1);
	until(rd(ended) == 1);
}

TEST(alone_with_a_loop)
{
	NEEDS_HANDLER();
	go_maxprocs(1);
	ASSERT_EQ(0, go_run(main_runs_beside_one, NULL));
}

static void all_loops_get_on(void *arg)
{
	unsigned long seen[8];

	begin();
	start_hogs(8);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 8; i++)
			seen[i] = rd(counts[i]);
		for (int i = 0; i < 8; i++)
			until(rd(counts[i]) > seen[i]);
	}
	wr(stop, 1);
	until(rd(ended) == 8);
}

TEST(eight_loops_alone)
{
	NEEDS_HANDLER();
	go_maxprocs(1);
	ASSERT_EQ(0, go_run(all_loops_get_on, NULL));
}

TEST(eight_loops_on_two)
{
	NEEDS_HANDLER();
	go_maxprocs(2);
	ASSERT_EQ(0, go_run(all_loops_get_on, NULL));
}

/* Threads of this process that run, or want to. */
static int running_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	const struct dirent *e;
	int n = 0;

	CHECK(d);
	while ((e = readdir(d)) != NULL) {
		char name[300], text[256], *end;
		size_t len;
		FILE *f;

		snprintf(name, sizeof(name), "/proc/self/task/%s/stat", e->d_name);
		f = e->d_name[0] == '.' ? NULL : fopen(name, "r");
		if (!f)
			continue;
		len = fread(text, 1, sizeof(text) - 1, f);
		text[len] = '\0';
		fclose(f);
		end = strrchr(text, ')');
		n += end && !strncmp(end, ") R", 3);
	}
	closedir(d);
	return n;
}

/* While main has the only P, those that compute are held: main's own thread runs alone. */
static void only_one_at_a_time(void *arg)
{
	begin();
	start_hogs(8);
	for (int i = 0; i < 8; i++)
		until(rd(counts[i]) > 0);
	for (int round = 0; round < 3; round++) {
		until(running_threads() == 1);
		go_yield();
	}
	wr(stop, 1);
	until(rd(ended) == 8);
}

TEST(no_more_than_gomaxprocs_run)
{
	NEEDS_HANDLER();
	go_maxprocs(1);
	ASSERT_EQ(0, go_run(only_one_at_a_time, NULL));
}

static struct go_chan *all_ended;

static void reads_then_computes(void *arg)
{
	char c;

	inc(started);
	CHECK_EQ(1, read(fds[0], &c, 1));
	hog(arg);
}

/* By a thread: while main waits, and so many compute. */
static void see_one_at_a_time(int n)
{
	for (int i = 0; i < n; i++)
		thread_until(rd(counts[i]) > 0);
	/* It, and this thread. */
	for (int round = 0; round < 3; round++)
		thread_until(running_threads() <= 2);
	wr(stop, 1);
	thread_until(rd(ended) == (unsigned long)n);
	go_send(all_ended, NULL);
}

/* They have a P each, and nobody waits for it. */
static void *lowers_procs(void *arg)
{
	for (int i = 0; i < 4; i++)
		thread_until(rd(counts[i]) > 0);
	CHECK_EQ(4, go_maxprocs(1));
	see_one_at_a_time(4);
	return NULL;
}

/* How often threads but the calling one have gone to sleep. */
static long others_slept(void)
{
	struct rusage all, own;

	CHECK_EQ(0, getrusage(RUSAGE_SELF, &all));
	CHECK_EQ(0, getrusage(RUSAGE_THREAD, &own));
	return all.ru_nvcsw - own.ru_nvcsw;
}

/*
 * All Ps are idle, and they are in the kernel: more than may run. Out of it they compute, and call
 * nobody. So the monitor doesn't fall asleep, but looks again and again.
 */
static void *lets_them_compute(void *arg)
{
	long seen;

	thread_until(rd(started) == 4);
	seen = others_slept();
	thread_until(others_slept() > seen + 60);
	CHECK_EQ(4, write(fds[1], "xxxx", 4));
	see_one_at_a_time(4);
	return NULL;
}

struct crowd {
	void (*each)(void *arg);
	void *(*thread)(void *arg);
};

static void main_waits_for(void *arg)
{
	const struct crowd *c = arg;
	pthread_t t;

	begin();
	CHECK_EQ(0, pipe(fds));
	all_ended = make_chan(0, 0);
	t = start_thread(c->thread, NULL);
	for (long i = 0; i < 4; i++)
		CHECK_EQ(0, go(c->each, (void *)i));
	CHECK(go_recv(all_ended, NULL));
	pthread_join(t, NULL);
	go_chan_free(all_ended);
	close(fds[0]);
	close(fds[1]);
}

TEST(no_more_than_a_lowered_gomaxprocs_run)
{
	struct crowd c = { hog, lowers_procs };

	NEEDS_HANDLER();
	run_on(4, main_waits_for, &c);
}

TEST(no_more_run_that_come_out_of_the_kernel)
{
	struct crowd c = { reads_then_computes, lets_them_compute };

	NEEDS_HANDLER();
	/* It has nothing else to do. */
	setenv("LIBGO_DEBUG", "cool=0", 1);
	run_on(1, main_waits_for, &c);
}

/*
 * In a system call that is not restarted after a signal: none is sent to a thread that is
 * blocked already, but one to a thread that computes may come when it begins to wait.
 */
static void poller(void *arg)
{
	struct pollfd p = { .fd = fds[0], .events = POLLIN };

	inc(started);
	while (poll(&p, 1, -1) < 0)
		CHECK_EQ(EINTR, errno);
	inc(ended);
}

static void blocked_ones(void *arg)
{
	struct go_stats s;

	begin();
	CHECK_EQ(0, pipe(fds));
	for (int i = 0; i < 20; i++)
		CHECK_EQ(0, go(poller, NULL));
	/* All come to their calls, each on a thread of its own, and main still runs. */
	until(rd(started) == 20);
	go_stats(&s);
	CHECK(s.handoffs + s.preemptions > 0);
	CHECK(s.threads >= 20);
	CHECK_EQ(0, rd(ended));
	CHECK_EQ(1, write(fds[1], "x", 1));
	until(rd(ended) == 20);
	close(fds[0]);
	close(fds[1]);
}

TEST(alone_with_blocked_calls)
{
	go_maxprocs(1);
	ASSERT_EQ(0, go_run(blocked_ones, NULL));
}

TEST(blocked_calls_on_two)
{
	go_maxprocs(2);
	ASSERT_EQ(0, go_run(blocked_ones, NULL));
}

/* Its calls never switch: it is not stuck in user code, and yet the others wait. */
static void busy_with_calls(void *arg)
{
	struct go_chan *c = make_chan(0, 1);

	while (!rd(stop)) {
		CHECK_EQ(0, go_try_send(c, NULL));
		CHECK_EQ(0, go_try_recv(c, NULL));
		inc(counts[0]);
	}
	go_chan_free(c);
	inc(ended);
}

static void beside_calls(void *arg)
{
	begin();
	CHECK_EQ(0, go(busy_with_calls, NULL));
	until(rd(counts[0]) > 0);
	for (int i = 0; i < 3; i++) {
		unsigned long seen = rd(counts[0]);

		until(rd(counts[0]) > seen);
	}
	wr(stop, 1);
	until(rd(ended) == 1);
}

TEST(alone_with_calls_that_never_wait)
{
	NEEDS_HANDLER();
	go_maxprocs(1);
	ASSERT_EQ(0, go_run(beside_calls, NULL));
}

/* ---------------------------------------------------------------- go_blocking() */

static void *wait_for_byte(void *arg)
{
	char c = 0;

	inc(counts[0]);
	CHECK_EQ(1, read(fds[0], &c, 1));
	return (void *)(uintptr_t)c;
}

static void blocking(void *arg)
{
	CHECK_EQ('x', (long)go_blocking(wait_for_byte, NULL));
	inc(ended);
}

static void blocking_frees_the_p(void *arg)
{
	begin();
	CHECK_EQ(0, pipe(fds));
	for (int i = 0; i < 10; i++)
		CHECK_EQ(0, go(blocking, NULL));
	until(rd(counts[0]) == 10);
	CHECK_EQ(10, write(fds[1], "xxxxxxxxxx", 10));
	until(rd(ended) == 10);
	close(fds[0]);
	close(fds[1]);
}

/* Without the monitor's help. */
TEST(blocking_alone)
{
	setenv("LIBGO_DEBUG", "preempt=0", 1);
	go_maxprocs(1);
	ASSERT_EQ(0, go_run(blocking_frees_the_p, NULL));
}

static void *return_it(void *arg)
{
	return arg;
}

/* Calls of the runtime from within. */
static void *receive(void *arg)
{
	long v = 0;

	go_recv(arg, &v);
	go_yield();
	return (void *)v;
}

static void blocking_many(void *arg)
{
	struct go_chan *c = make_chan(sizeof(long), 1);
	long v = 42;

	for (long i = 0; i < 1000; i++)
		CHECK_EQ(i, (long)go_blocking(return_it, (void *)i));
	go_send(c, &v);
	CHECK_EQ(42, (long)go_blocking(receive, c));
	go_chan_free(c);
}

TEST(blocking_returns_the_result)
{
	go_maxprocs(2);
	ASSERT_EQ(0, go_run(blocking_many, NULL));
	/* No goroutine. */
	ASSERT_EQ(7, (long)go_blocking(return_it, (void *)7));
}

/* ------------------------------------------------------------------ how many threads */

static void *wait_for_ever(void *arg)
{
	inc(counts[0]);
	for (;;)
		pause();
	return NULL;
}

static void block(void *arg)
{
	go_blocking(wait_for_ever, NULL);
}

static void block_many(void *arg)
{
	begin();
	for (long i = 0; i < (long)arg; i++)
		CHECK_EQ(0, go(block, NULL));
	until(rd(counts[0]) == (unsigned long)arg);
}

static void run_blocked(void *arg)
{
	setenv("LIBGO_DEBUG", "preempt=0", 1);
	run_on(1, block_many, arg);
	_exit(0);
}

/* Does the system allow so many, and some for others? */
static bool room_for_threads(long n)
{
	static const char *const files[] = { "/proc/sys/kernel/threads-max",
					     "/proc/sys/kernel/pid_max",
					     "/sys/fs/cgroup/pids.max" };
	struct rlimit l;
	bool room = true;

	if (!getrlimit(RLIMIT_NPROC, &l) && l.rlim_cur != RLIM_INFINITY &&
	    l.rlim_cur < (rlim_t)n + 1000)
		return false;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = fopen(files[i], "r");
		long have;

		if (f && fscanf(f, "%ld", &have) == 1 && have < n + 1000)
			room = false;
		if (f)
			fclose(f);
	}
	return room;
}

/* As in Go: a program that has so many in blocking calls has lost control of them. */
TEST(ten_thousand_threads)
{
	static struct child c;

	if (TEST_TSAN || TEST_ASAN)
		SKIP(return, "ten thousand threads are too much for a sanitizer");
	if (TEST_VALGRIND || has_hidden_thread())
		SKIP(return, "ten thousand threads are too much for an emulator");
	if (!room_for_threads(10000))
		SKIP(return, "the system allows fewer threads");
	run_child(&c, run_blocked, (void *)10000);
	ASSERT_TRUE(exited_with(&c, 2))
		show_child(&c);
	ASSERT_TRUE(find_line(c.err, "fatal error: thread exhaustion: 10000 goroutines") != NULL)
		show_child(&c);
}

/* A timer that its P took along: somebody has to watch it. */
static void blocking_and_timer(void *arg)
{
	begin();
	CHECK_EQ(0, pipe(fds));
	CHECK_EQ(0, go(blocking, NULL));
	until(rd(counts[0]) == 1);
	go_sleep(5 * MS);
	CHECK_EQ(1, write(fds[1], "x", 1));
	until(rd(ended) == 1);
	close(fds[0]);
	close(fds[1]);
}

TEST(timers_go_on)
{
	setenv("LIBGO_DEBUG", "preempt=0", 1);
	go_maxprocs(1);
	ASSERT_EQ(0, go_run(blocking_and_timer, NULL));
}

/* ------------------------------------------------------------------------ the end */

static void leave_hogs(void *arg)
{
	begin();
	start_hogs(4);
	for (int i = 0; i < 4; i++)
		until(rd(counts[i]) > 0);
}

static void leave_pollers(void *arg)
{
	begin();
	CHECK_EQ(0, pipe(fds));
	for (int i = 0; i < 4; i++)
		CHECK_EQ(0, go(poller, NULL));
	until(rd(started) == 4);
}

/* Some of them held in the handler, some in a loop: none runs on. */
TEST(held_ones_are_dropped)
{
	unsigned long seen = 0;

	NEEDS_HANDLER();
	go_maxprocs(1);
	ASSERT_EQ(0, go_run(leave_hogs, NULL));
	for (int i = 0; i < 4; i++)
		seen += rd(counts[i]);
	for (int i = 0; i < 30; i++) {
		unsigned long now = 0;

		usleep(1000);
		for (int k = 0; k < 4; k++)
			now += rd(counts[k]);
		ASSERT_EQ(seen, now);
	}
}

TEST(those_without_a_p_are_dropped)
{
	go_maxprocs(1);
	ASSERT_EQ(0, go_run(leave_pollers, NULL));
	ASSERT_EQ(1, write(fds[1], "x", 1));
	for (int i = 0; i < 30; i++) {
		usleep(1000);
		ASSERT_EQ(0, rd(ended));
	}
	/* And the next run is a new one. */
	ASSERT_EQ(0, go_run(blocking_many, NULL));
}

/* -------------------------------------------------------------------- one's own SIGURG */

static int urgent;

static void on_urgent(int sig)
{
	inc(urgent);
}

static void raise_it(void *arg)
{
	/* From another process, or the network: not the runtime's. */
	pid_t pid = fork();

	if (!pid) {
		kill(getppid(), SIGURG);
		_exit(0);
	}
	CHECK(pid > 0);
	while (waitpid(pid, NULL, 0) < 0)
		CHECK_EQ(EINTR, errno);	/* the signal itself, where nothing is restarted */
	until(rd(urgent) == 1);
}

TEST(the_users_sigurg)
{
	struct sigaction act = { .sa_handler = on_urgent }, now;

	ASSERT_EQ(0, sigaction(SIGURG, &act, NULL));
	ASSERT_EQ(0, go_run(raise_it, NULL));
	ASSERT_EQ(0, sigaction(SIGURG, NULL, &now));
	ASSERT_EQ((void *)on_urgent, (void *)now.sa_handler);
}

TEST_HARNESS_MAIN
