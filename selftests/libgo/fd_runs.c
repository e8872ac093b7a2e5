// SPDX-License-Identifier: GPL-2.0-only
/*
 * fd_runs.c - descriptors and the rest of the world: deadlocks, dumps, the end of a run and the
 * next one, the child of a fork(), threads that are no goroutines, pinned goroutines, busy Ps.
 */
#include "fdtest.h"

static struct go_waitgroup wg;
static int fds[2];

static void waits(void *arg)
{
	char c;

	go_read(fds[0], &c, 1);
	go_wg_done(&wg);
}

/* ------------------------------------------------------- deadlock, and no deadlock */

static void quiet(void *arg)
{
	char c = 0;

	/* Nobody in this process will wake it; somebody else does, after a while. */
	CHECK_EQ(1, go_read(fds[0], &c, 1));
	CHECK_EQ('q', c);
}

TEST(waiting_is_no_deadlock)
{
	int status;
	pid_t pid;

	CHECK_EQ(0, pipe(fds));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		usleep(150000);
		_exit(write(fds[1], "q", 1) == 1 ? 0 : 1);
	}
	run_on(2, quiet, NULL);
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	CHECK_EQ(0, status);
}

static void then_nothing(void *arg)
{
	struct go_chan *c = make_chan(0, 0);

	make_pair(fds, SOCK_STREAM);
	go_wg_add(&wg, 1);
	start(waits, NULL);
	go_sleep(2 * MS);
	CHECK_EQ(1, go_write(fds[1], "x", 1));
	go_wg_wait(&wg);
	go_recv(c, NULL);
}

static void run_then_nothing(void *arg)
{
	run_on(2, then_nothing, NULL);
}

/* Descriptors were in play, and nobody waits for one any more. */
TEST(deadlock_after_descriptors)
{
	static struct child c;

	NEEDS_DEADLOCKS();
	run_child(&c, run_then_nothing, NULL);
	if (!exited_with(&c, 2) ||
	    !find_whole_line(c.err, "fatal error: all goroutines are asleep - deadlock!"))
		show_child(&c);
	EXPECT_TRUE(exited_with(&c, 2));
	EXPECT_NE(NULL, find_whole_line(c.err, "fatal error: all goroutines are asleep - deadlock!"));
	EXPECT_NE(NULL, strstr(c.err, "[chan receive]"));
}

static void dumps(void *arg)
{
	uint64_t before = parks();

	make_pair(fds, SOCK_STREAM);
	go_wg_add(&wg, 1);
	start(waits, NULL);
	until_parked(before, 1);
	CHECK_EQ(0, go_dump(2));
}

static void run_dumps(void *arg)
{
	run_on(1, dumps, NULL);
}

TEST(dump_says_io_wait)
{
	static struct child c;

	run_child(&c, run_dumps, NULL);
	if (!exited_with(&c, 0) || !strstr(c.err, "[IO wait]: waits"))
		show_child(&c);
	EXPECT_TRUE(exited_with(&c, 0));
	EXPECT_NE(NULL, strstr(c.err, "[IO wait]: waits"));
}

/* ------------------------------------------------------------- one run after the other */

static void leaves_one(void *arg)
{
	uint64_t before = parks();
	int i;

	for (i = 0; i < 3; i++)
		start(waits, NULL);
	until_parked(before, 3);
}

static void uses(void *arg)
{
	char c;

	CHECK_EQ(1, go_write(fds[1], "x", 1));
	CHECK_EQ(1, go_read(fds[0], &c, 1));
	CHECK_EQ(0, go_fd_deadline(fds[0], go_now() + MS));
	CHECK_EQ(-ETIMEDOUT, go_read(fds[0], &c, 1));
}

/* Those that wait are dropped; the next run can use the same descriptors. */
TEST(run_again)
{
	int i;

	make_pair(fds, SOCK_STREAM);
	for (i = 0; i < 5; i++) {
		run_on(i % 2 ? 4 : 1, leaves_one, NULL);
		run_on(i % 2 ? 1 : 4, uses, NULL);
	}
}

static void waits_once(void *arg)
{
	int p[2];
	char c;

	make_tcp(p);
	CHECK_EQ(0, go_fd_deadline(p[0], go_now() + MS));
	CHECK_EQ(-ETIMEDOUT, go_read(p[0], &c, 1));
	close_both(p);
}

TEST(no_descriptor_is_left)
{
	int before = count_fds(), i;

	for (i = 0; i < 5; i++)
		run_on(2, waits_once, NULL);
	EXPECT_EQ(before, count_fds());
}

static void counts(void *arg)
{
	int before = *(int *)arg;
	char c;

	make_pair(fds, SOCK_STREAM);
	CHECK_EQ(1, go_write(fds[1], "x", 1));
	CHECK_EQ(1, go_read(fds[0], &c, 1));
	close_both(fds);
	CHECK_EQ(before, count_fds());
}

/* Who doesn't wait needs no epoll instance. */
TEST(none_is_made_before_a_wait)
{
	int before = count_fds();

	run_on(2, counts, &before);
}

/* ---------------------------------------------------------------------------- fork */

static void forks(void *arg)
{
	int status, p[2];
	pid_t pid;
	char c;

	make_pair(p, SOCK_STREAM);
	make_pair(fds, SOCK_STREAM);
	CHECK_EQ(0, go_fd_deadline(fds[0], go_now() + MS));
	CHECK_EQ(-ETIMEDOUT, go_read(fds[0], &c, 1));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		/* A thread that waits as one; what it closes is its own. */
		if (go_read(p[0], &c, 1) != 1 || c != 'a' || go_write(p[0], "b", 1) != 1 ||
		    go_fd_close(p[0]) || go_fd_close(fds[0]) || go_poll_fd(fds[1], POLLIN, 0) < 0)
			_exit(1);
		_exit(0);
	}
	go_sleep(2 * MS);
	CHECK_EQ(1, go_write(p[1], "a", 1));
	CHECK_EQ(1, go_read(p[1], &c, 1));
	CHECK_EQ('b', c);
	/* The parent's is as it was. */
	CHECK_EQ(0, go_fd_close(p[0]));
	CHECK_EQ(0, go_fd_close(fds[0]));
	CHECK_EQ(0, go_read(p[1], &c, 1));
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	CHECK_EQ(0, status);
	CHECK_EQ(0, go_fd_close(p[1]));
	CHECK_EQ(0, go_fd_close(fds[1]));
}

TEST(child_of_a_fork)
{
	run_on(2, forks, NULL);
}

/* ------------------------------------------------------- threads that are no goroutines */

static void *reads_as_thread(void *arg)
{
	char c;

	CHECK_EQ(1, go_read(fds[0], &c, 1));
	CHECK_EQ(1, go_write(fds[0], &c, 1));
	CHECK(go_poll_fd(fds[0], POLLIN, 0) & POLLIN);
	CHECK_EQ(0, go_fd_deadline(fds[0], 1));
	CHECK_EQ(1, go_read(fds[0], &c, 1));
	CHECK_EQ(-ETIMEDOUT, go_read(fds[0], &c, 1));
	CHECK_EQ(-ETIMEDOUT, go_poll_fd(fds[0], POLLIN, go_now() + MS));
	return NULL;
}

static void beside_a_thread(void *arg)
{
	pthread_t t = start_thread(reads_as_thread, NULL);
	char c;

	go_sleep(2 * MS);
	CHECK_EQ(1, go_write(fds[1], "t", 1));
	CHECK_EQ(1, go_read(fds[1], &c, 1));
	CHECK_EQ('t', c);
	go_sleep(2 * MS);
	CHECK_EQ(1, go_write(fds[1], "u", 1));
	pthread_join(t, NULL);
	CHECK_EQ(0, go_fd_deadline(fds[0], 0));
}

/* A thread closes what goroutines wait for. */
static void *closes_as_thread(void *arg)
{
	CHECK_EQ(0, go_fd_close(fds[0]));
	return NULL;
}

static void is_cancelled(void *arg)
{
	char c;

	CHECK_EQ(-ECANCELED, go_read(fds[0], &c, 1));
	go_wg_done(&wg);
}

static void closed_by_a_thread(void *arg)
{
	uint64_t before = parks();
	pthread_t t;
	int i;

	go_wg_add(&wg, 3);
	for (i = 0; i < 3; i++)
		start(is_cancelled, NULL);
	until_parked(before, 3);
	t = start_thread(closes_as_thread, NULL);
	go_wg_wait(&wg);
	pthread_join(t, NULL);
	CHECK_EQ(0, go_fd_close(fds[1]));
}

TEST(thread)
{
	make_pair(fds, SOCK_STREAM);
	run_on(1, beside_a_thread, NULL);
	run_on(4, beside_a_thread, NULL);
	run_on(1, closed_by_a_thread, NULL);
	make_pair(fds, SOCK_STREAM);
	run_on(4, closed_by_a_thread, NULL);
}

/* No runtime at all. */
TEST(without_a_run)
{
	char c;

	make_pair(fds, SOCK_STREAM);
	EXPECT_EQ(2, go_write(fds[1], "xy", 2));
	EXPECT_EQ(1, go_read(fds[0], &c, 1));
	EXPECT_EQ(POLLIN, go_poll_fd(fds[0], POLLIN, 0));
	EXPECT_EQ(1, go_read(fds[0], &c, 1));
	EXPECT_EQ(0, go_fd_deadline(fds[0], go_now() + MS));
	EXPECT_EQ(-ETIMEDOUT, go_read(fds[0], &c, 1));
	EXPECT_EQ(0, go_fd_close(fds[0]));
	EXPECT_EQ(-EBADF, go_fd_close(fds[0]));
	EXPECT_EQ(-EPIPE, go_write(fds[1], "x", 1));
	EXPECT_EQ(0, go_fd_close(fds[1]));
}

/* ----------------------------------------------------------------- the scheduler's ways */

static void pinned(void *arg)
{
	pid_t tid = gettid();
	char c;
	int i;

	for (i = 0; i < 20; i++) {
		CHECK_EQ(1, go_read(fds[0], &c, 1));
		CHECK_EQ(tid, gettid());
		CHECK_EQ(1, go_write(fds[0], &c, 1));
	}
	go_wg_done(&wg);
}

static void beside_a_pinned(void *arg)
{
	const struct go_attr attr = { .flags = GO_PINNED };
	char c;
	int i;

	make_pair(fds, SOCK_STREAM);
	go_wg_add(&wg, 1);
	CHECK_EQ(0, go_with(&attr, pinned, NULL));
	for (i = 0; i < 20; i++) {
		if (i % 3 == 0)
			go_sleep(MS / 5);
		CHECK_EQ(1, go_write(fds[1], "p", 1));
		CHECK_EQ(1, go_read(fds[1], &c, 1));
	}
	go_wg_wait(&wg);
	close_both(fds);
}

TEST(pinned_goroutine)
{
	run_on(1, beside_a_pinned, NULL);
	run_on(4, beside_a_pinned, NULL);
}

static bool over;

static void yields(void *arg)
{
	while (!rd(over))
		go_yield();
	go_wg_done(&wg);
}

static void *writes_from_outside(void *arg)
{
	int i;

	for (i = 0; i < 5; i++) {
		usleep(2000);
		CHECK_EQ(1, write(fds[1], "b", 1));
	}
	return NULL;
}

/* No P is ever idle: who waits is seen all the same. */
static void busy(void *arg)
{
	pthread_t t;
	char c;
	int i;

	over = false;
	make_pair(fds, SOCK_STREAM);
	go_wg_add(&wg, 4);
	start_n(4, yields);
	t = start_thread(writes_from_outside, NULL);
	for (i = 0; i < 5; i++)
		CHECK_EQ(1, go_read(fds[0], &c, 1));
	wr(over, true);
	go_wg_wait(&wg);
	pthread_join(t, NULL);
	close_both(fds);
}

TEST(busy_processors)
{
	run_on(1, busy, NULL);
	run_on(2, busy, NULL);
}

#define MANY	20

static int begun;

/* Sends back what it gets; but what is long needs the other one beside it, on another P. */
static void short_then_long(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char c;

	while (go_read(fd, &c, 1) == 1 && c == 's')
		CHECK_EQ(1, go_write(fd, &c, 1));
	CHECK_EQ('l', c);
	inc(begun);
	while (rd(begun) < 2)
		;
	go_wg_done(&wg);
}

static void two_at_once(void *arg)
{
	size_t n = *(size_t *)arg, i;
	int p[2][2], k;
	char c = 's';

	begun = 0;
	go_wg_add(&wg, 2);
	for (k = 0; k < 2; k++) {
		make_tcp(p[k]);
		start(short_then_long, (void *)(intptr_t)p[k][0]);
	}
	for (i = 0; i < n; i++) {
		for (k = 0; k < 2; k++)
			CHECK_EQ(1, go_write(p[k][1], "s", 1));
		for (k = 0; k < 2; k++)
			CHECK_EQ(1, go_read(p[k][1], &c, 1));
	}
	for (k = 0; k < 2; k++)
		CHECK_EQ(1, go_write(p[k][1], "l", 1));
	go_wg_wait(&wg);
	for (k = 0; k < 2; k++)
		close_both(p[k]);
}

/*
 * Two become ready at once, and the first computes until the other has begun: that one is not left
 * in its queue beside an idle P, though all those before them were soon done.
 */
TEST(two_ready_at_once)
{
	size_t n[] = { 0, 1, scaled(300) };

	for (size_t i = 0; i < ARRAY_SIZE(n); i++)
		run_on(2, two_at_once, &n[i]);
}

/*
 * The same where other processes have all CPUs, so that no P is woken for the second one: the
 * monitor sees that it waits.
 */
TEST(two_ready_at_once_on_a_full_machine)
{
	size_t n[] = { 0, 1, scaled(300) };

	setenv("LIBGO_DEBUG", "cpus=1", 1);
	for (size_t i = 0; i < ARRAY_SIZE(n); i++)
		run_on(2, two_at_once, &n[i]);
}

static int read_there;

static void counts_what_it_reads(void *arg)
{
	char c;

	CHECK_EQ(1, go_read((int)(intptr_t)arg, &c, 1));
	if (inc(read_there) == 1)
		/* It keeps its P until all others, which are ready with it, have run elsewhere. */
		while (rd(read_there) < MANY)
			;
	go_wg_done(&wg);
}

static void *writes_to_all(void *arg)
{
	int (*p)[2] = arg;

	for (int i = 0; i < MANY; i++)
		CHECK_EQ(1, write(p[i][1], "a", 1));
	return NULL;
}

/* More than are left in a queue for its owner. */
static void many_at_once(void *arg)
{
	uint64_t before = parks();
	int p[MANY][2];
	pthread_t t;

	read_there = 0;
	go_wg_add(&wg, MANY);
	for (int i = 0; i < MANY; i++) {
		make_pair(p[i], SOCK_STREAM);
		start(counts_what_it_reads, (void *)(intptr_t)p[i][0]);
	}
	until_parked(before, MANY);
	t = start_thread(writes_to_all, p);
	go_wg_wait(&wg);
	pthread_join(t, NULL);
	for (int i = 0; i < MANY; i++)
		close_both(p[i]);
}

TEST(many_ready_at_once_on_a_full_machine)
{
	setenv("LIBGO_DEBUG", "cpus=1", 1);
	for (int i = 0; i < 3; i++)
		run_on(2, many_at_once, NULL);
}

/* The only P has no thread while that is in a blocking call: somebody has to look nevertheless. */
static void *waits_outside(void *arg)
{
	int *ready = arg;

	thread_until(rd(*ready));
	return NULL;
}

static void reads_meanwhile(void *arg)
{
	char c;

	CHECK_EQ(1, go_read(fds[0], &c, 1));
	inc(*(int *)arg);
	go_wg_done(&wg);
}

static void blocked(void *arg)
{
	uint64_t before = parks();
	int ready = 0;
	pid_t pid;

	go_wg_add(&wg, 1);
	start(reads_meanwhile, &ready);
	until_parked(before, 1);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		usleep(20000);
		_exit(write(fds[1], "x", 1) != 1);
	}
	go_blocking(waits_outside, &ready);
	go_wg_wait(&wg);
	CHECK_EQ(pid, waitpid(pid, NULL, 0));
}

TEST(looks_beside_a_blocking_call)
{
	make_pair(fds, SOCK_STREAM);
	run_on(1, blocked, NULL);
	run_on(2, blocked, NULL);
}

TEST_HARNESS_MAIN
