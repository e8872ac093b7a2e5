// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork.c - a fork() while goroutines run: the child may exec or _exit, and dies with a
 * message of what needs the goroutines that it doesn't have; the parent notices
 * nothing. A fork() while none run leaves a child that may run its own.
 */
#include "test.h"

#define REFUSED "fatal error: the child of a fork() made while goroutines ran "

static struct go_chan *ch, *full;
static struct go_mutex locked, unlocked;
static struct go_waitgroup wg, never;
static struct go_once once;
static bool end;
static struct child child;

/* ------------------------------------------------- what goes on meanwhile */

static void waits_for_good(void *arg)
{
	go_recv(ch, NULL);
}

static void busy(void *arg)
{
	uint64_t n = 0;

	while (!rd(end)) {
		inc(n);
		go_yield();
	}
	go_wg_done(&wg);
}

/* Goroutines that run, and one that waits in ch, in which the caller may find it. */
static void start_company(void)
{
	int v = 1;

	ch = make_chan(sizeof(int), 0);
	full = make_chan(sizeof(int), 1);
	go_send(full, &v);
	if (go_mutex_trylock(&locked))
		go_wg_add(&never, 1);
	start(waits_for_good, NULL);
	go_yield();
	go_wg_add(&wg, 4);
	start_n(4, busy);
}

static void stop_company(void)
{
	wr(end, true);
	go_wg_wait(&wg);
	wr(end, false);
}

/* ------------------------------------------------------------- the child may */

static int wait_for(pid_t pid)
{
	int status;

	CHECK(pid > 0);
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void exec_in_child(void *arg)
{
	pid_t pid;

	start_company();
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "exit 7", NULL);
		_exit(127);
	}
	CHECK_EQ(7, wait_for(pid));
	stop_company();
}

TEST(child_may_exec)
{
	run_on(1, exec_in_child, NULL);
	run_on(4, exec_in_child, NULL);
}

static void sets(void *arg)
{
	*(int *)arg = 4;
}

/* What needs no other goroutine, is libc's, or is the child's own. */
static void harmless(void)
{
	int64_t t = go_now();
	int four = 0;
	char *p = malloc(100000);

	CHECK(p);
	memset(p, 1, 100000);
	free(p);
	CHECK_EQ(0, go_id());
	go_sleep(1000);
	CHECK(go_now() > t);
	go_yield();
	go_mutex_lock(&unlocked);
	CHECK(!go_mutex_trylock(&unlocked));
	go_mutex_unlock(&unlocked);
	go_once_do(&once, sets, &four);
	CHECK_EQ(4, four);
	CHECK(go_maxprocs(0) > 0);
	go_chan_free(make_chan(1, 1));
}

static void harmless_in_child(void *arg)
{
	pid_t pid;

	start_company();
	pid = fork();
	if (!pid) {
		harmless();
		_exit(5);
	}
	CHECK_EQ(5, wait_for(pid));
	stop_company();
}

TEST(child_may_do_what_needs_no_other)
{
	run_on(1, harmless_in_child, NULL);
	run_on(4, harmless_in_child, NULL);
}

static void forks_again(void *arg)
{
	pid_t pid, again;

	start_company();
	pid = fork();
	if (!pid) {
		again = fork();
		if (!again) {
			execl("/bin/sh", "sh", "-c", "exit 8", NULL);
			_exit(127);
		}
		_exit(wait_for(again));
	}
	CHECK_EQ(8, wait_for(pid));
	stop_company();
}

static void *forks_in_blocking(void *arg)
{
	*(pid_t *)arg = fork();
	return arg;
}

static void fork_in_blocking(void *arg)
{
	pid_t pid;

	start_company();
	CHECK(go_blocking(forks_in_blocking, &pid) == &pid);
	if (!pid)
		_exit(go_blocking(forks_in_blocking, &pid) == &pid ? 6 : 1);
	CHECK_EQ(6, wait_for(pid));
	stop_company();
}

TEST(child_may_return_from_go_blocking)
{
	run_on(1, fork_in_blocking, NULL);
	run_on(4, fork_in_blocking, NULL);
}

TEST(child_may_fork)
{
	run_on(2, forks_again, NULL);
}

static void *ends_thread(void *arg)
{
	pthread_exit(NULL);
}

/* It is an ordinary thread there, and the only one: its end is that of the process. */
static void thread_end_in_child(void *arg)
{
	pid_t pid;

	start_company();
	pid = fork();
	if (!pid)
		ends_thread(NULL);
	CHECK_EQ(0, wait_for(pid));
	stop_company();
}

TEST(child_may_end_its_thread)
{
	if (TEST_TSAN)
		SKIP(return, "TSan takes no pthread_exit() on a stack that it didn't make");
	if (TEST_ASAN)
		SKIP(return, "ASan, when a process exits, looks for threads that it has no more");
	run_on(2, thread_end_in_child, NULL);
}

/* --------------------------------------------------------- what it may not */

static void does_go(void *arg)
{
	go(waits_for_good, NULL);
}

static void does_run(void *arg)
{
	go_run(waits_for_good, NULL);
}

static void does_send_to_waiter(void *arg)
{
	int v = 1;

	go_send(ch, &v);
}

static void does_recv(void *arg)
{
	go_recv(make_chan(sizeof(int), 0), NULL);
}

static void does_recv_nil(void *arg)
{
	go_recv(NULL, NULL);
}

static void does_send_full(void *arg)
{
	int v = 1;

	go_send(full, &v);
}

static void does_select(void *arg)
{
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = make_chan(sizeof(int), 0) },
		{ .op = GO_RECV, .chan = ch },
	};

	go_select(c, 2);
}

static void does_recv_until(void *arg)
{
	go_recv_until(make_chan(sizeof(int), 0), NULL, go_now() + 3600000 * MS);
}

static void does_close(void *arg)
{
	go_close(ch);
}

static void does_lock(void *arg)
{
	go_mutex_lock(&locked);
}

static void does_wait(void *arg)
{
	go_wg_wait(&never);
}

static void does_exit(void *arg)
{
	go_exit();
}

static void (*const refused[])(void *) = {
	does_go,
	does_run,
	does_send_to_waiter,
	does_recv,
	does_recv_nil,
	does_send_full,
	does_select,
	does_recv_until,
	does_close,
	does_lock,
	does_wait,
	does_exit,
};

static void check_refused(size_t i)
{
	if (!exited_with(&child, 2) || !find_line(child.err, REFUSED)) {
		dprintf(2, "# refused[%zu]\n", i);
		show_child(&child);
		_exit(1);
	}
}

static void try_refused(void *arg)
{
	size_t i;

	start_company();
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		run_child(&child, refused[i], NULL);
		check_refused(i);
	}
	stop_company();
}

TEST(child_dies_of_what_needs_others)
{
	run_on(1, try_refused, NULL);
	run_on(4, try_refused, NULL);
}

/* The end of its function leads back into the runtime. */
static void returns_in_child(void *arg)
{
	const struct rlimit no_core = { 0, 0 };
	int *fds = arg;

	if (!fork()) {
		setrlimit(RLIMIT_CORE, &no_core);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		return;
	}
	close(fds[1]);
	go_wg_done(&wg);
}

static void child_returns(void *arg)
{
	ssize_t n = 0, got;
	int fds[2];

	CHECK_EQ(0, pipe(fds));
	if (arg) {
		returns_in_child(fds);
		if (!go_id())
			return;
	} else {
		go_wg_add(&wg, 1);
		start(returns_in_child, fds);
		go_wg_wait(&wg);
	}
	while ((got = read(fds[0], child.err + n, sizeof(child.err) - 1 - n)) > 0)
		n += got;
	child.err[n] = '\0';
	CHECK(wait(&child.status) > 0);
	check_refused(0);
}

TEST(child_does_not_return)
{
	run_on(1, child_returns, NULL);
	run_on(4, child_returns, NULL);
}

TEST(main_does_not_return_in_child)
{
	wg = (struct go_waitgroup){ 0 };
	go_wg_add(&wg, 1);
	run_on(2, child_returns, &wg);
}

/* --------------------------------------------------------------- by a thread */

static void *forks(void *arg)
{
	run_child(&child, does_go, NULL);
	check_refused(0);
	run_child(&child, does_run, NULL);
	check_refused(1);
	wr(end, true);
	return NULL;
}

static void thread_forks(void *arg)
{
	pthread_t t;

	go_wg_add(&wg, 4);
	start_n(4, busy);
	t = start_thread(forks, NULL);
	go_wg_wait(&wg);
	pthread_join(t, NULL);
}

TEST(by_a_thread_that_is_no_goroutine)
{
	run_on(2, thread_forks, NULL);
}

/* ---------------------------------------------------------- the parent goes on */

static void ping(void *arg)
{
	int i, v, n = scaled(2000);

	for (i = 0; i < n; i++) {
		go_recv(ch, &v);
		CHECK_EQ(i, v);
		go_send(full, &v);
	}
	go_wg_done(&wg);
}

static void forks_often(void *arg)
{
	int i;

	for (i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(i);
		CHECK_EQ(i, wait_for(pid));
		go_yield();
	}
	go_wg_done(&wg);
}

static void forks_among_others(void *arg)
{
	int i, v, n = scaled(2000);

	ch = make_chan(sizeof(int), 0);
	full = make_chan(sizeof(int), 1);
	go_wg_add(&wg, 5);
	start(ping, NULL);
	start_n(4, forks_often);
	for (i = 0; i < n; i++) {
		go_send(ch, &i);
		go_recv(full, &v);
		CHECK_EQ(i, v);
	}
	go_wg_wait(&wg);
}

TEST(parent_goes_on)
{
	run_on(1, forks_among_others, NULL);
	run_on(4, forks_among_others, NULL);
}

/* ------------------------------------------------- locks of those who are gone */

static void hammers(void *arg)
{
	int v = 0;

	while (!rd(end)) {
		go_try_send(full, &v);
		go_try_recv(full, &v);
	}
	go_wg_done(&wg);
}

static void frees(void *arg)
{
	go_chan_free(full);
}

/* The channel's lock may be held when it happens, for ever: freed, or refused. */
static void fork_under_lock(void *arg)
{
	size_t i, n = scaled(50);

	full = make_chan(sizeof(int), 4);
	go_wg_add(&wg, 1);
	start(hammers, NULL);
	for (i = 0; i < n; i++) {
		run_child(&child, frees, NULL);
		if (!exited_with(&child, 0))
			check_refused(i);
	}
	stop_company();
}

TEST(lock_of_a_thread_that_is_gone)
{
	run_on(2, fork_under_lock, NULL);
}

static void *sets_procs(void *arg)
{
	while (!rd(end))
		go_maxprocs(3 + (random_next(arg) & 1));
	return NULL;
}

/* go_maxprocs() has a lock of its own, before any go_run(). */
TEST(lock_of_go_maxprocs)
{
	uint64_t seed = 1;
	pthread_t t = start_thread(sets_procs, &seed);
	size_t i, n = scaled(100);
	int procs;

	thread_until(go_maxprocs(0) >= 3);
	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid) {
			alarm(60);
			_exit(go_maxprocs(0));
		}
		procs = wait_for(pid);
		ASSERT_TRUE(procs == 3 || procs == 4)
			TH_LOG("go_maxprocs: %d", procs);
	}
	wr(end, true);
	pthread_join(t, NULL);
}

/* -------------------------------------------------------- while none is running */

static uint64_t total;

static void adds(void *arg)
{
	__atomic_add_fetch(&total, (intptr_t)arg, __ATOMIC_RELAXED);
	go_yield();
	go_wg_done(&wg);
}

static void adds_up(void *arg)
{
	int i;

	wr(total, 0);
	go_wg_add(&wg, 100);
	for (i = 1; i <= 100; i++)
		start(adds, (void *)(intptr_t)i);
	go_wg_wait(&wg);
	CHECK_EQ(5050, rd(total));
}

static void run_in_child(void *arg)
{
	run_on(4, adds_up, NULL);
	run_on(1, adds_up, NULL);
	_exit(9);
}

TEST(child_of_none_may_run)
{
	run_child(&child, run_in_child, NULL);
	ASSERT_TRUE(exited_with(&child, 9))
		show_child(&child);
	run_on(4, adds_up, NULL);
	run_child(&child, run_in_child, NULL);
	ASSERT_TRUE(exited_with(&child, 9))
		show_child(&child);
	run_on(4, adds_up, NULL);
}

TEST_HARNESS_MAIN
