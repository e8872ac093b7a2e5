// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.c - LIBGO_TRACE: the file is JSON, and says what happened.
 *
 * What holds of every file is in tracefile.h: slices on a P, runs of a goroutine and slices of
 * a thread don't overlap, each arrow has its two ends, tracks have names. Where nothing was
 * lost its events are as many as the library counted.
 */
#include "tracefile.h"

static char dir[64], path[128];
static struct go_waitgroup wg;
static struct go_mutex mu;
static struct go_chan *ch, *other;
static int flag;

static void trace_to(const char *name)
{
	if (!dir[0]) {
		strcpy(dir, "/tmp/libgo-trace.XXXXXX");
		CHECK(mkdtemp(dir));
	}
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	CHECK_EQ(0, setenv("LIBGO_TRACE", path, 1));
}

static void clean_up(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK_EQ(0, system(command));
	dir[0] = '\0';
}

/* ------------------------------------------------------------ what is in the file */

static void works(void *arg)
{
	int i, v = 0, n = scaled(40);

	for (i = 0; i < n; i++) {
		struct go_case cases[2] = { { GO_RECV, ch, &v, false }, { GO_SEND, other, &i, false } };

		go_mutex_lock(&mu);
		go_yield();
		go_mutex_unlock(&mu);
		go_select(cases, 2);
		if (i % 8 == 0)
			go_sleep(1000);
	}
	go_wg_done(&wg);
}

static void feeds(void *arg)
{
	int v = 0;

	while (!rd(flag)) {
		go_try_send(ch, &v);
		go_try_recv(other, NULL);
		go_yield();
	}
	go_wg_done(&wg);
}

static void mixed(void *arg)
{
	int i;

	wr(flag, 0);
	wg = (struct go_waitgroup){ 0 };
	ch = make_chan(sizeof(int), 0);
	other = make_chan(sizeof(int), 0);
	go_wg_add(&wg, 6);
	for (i = 0; i < 6; i++)
		start(works, NULL);
	start(feeds, NULL);
	go_wg_wait(&wg);
	go_wg_add(&wg, 1);
	wr(flag, 1);
	go_wg_wait(&wg);
}

static void check_mixed(int procs)
{
	struct trace *t;
	struct go_stats s;

	trace_to("mixed");
	run_on(procs, mixed, NULL);
	go_stats(&s);
	t = read_trace(path, getpid());
	check_counts(t);
	CHECK_EQ(s.created, t->created);
	CHECK_EQ(s.parks, t->parks);
	CHECK_EQ(s.steals, t->steals);
	CHECK_EQ(s.switches, t->of_switches);
	CHECK_EQ(8, t->created);
	CHECK(slices_of(t, "works") >= 6 && slices_of(t, "feeds") && slices_of(t, "main"));
	CHECK_EQ(8, slices_left(t, "exit") + slices_left(t, "the run ends"));
	CHECK(slices_left(t, "sleep") && slices_left(t, "select") && slices_left(t, "yield"));
	CHECK(slices_left(t, "sync.WaitGroup.Wait"));
	CHECK(t->timers && t->arrows > 8);
	clean_up();
}

TEST(one_p)
{
	check_mixed(1);
}

TEST(two_ps)
{
	check_mixed(2);
}

TEST(eight_ps)
{
	check_mixed(8);
}

static void ends(void *arg)
{
	go_wg_done(&wg);
}

static void named(void *arg)
{
	static const char *const names[] = { "plain", "\"quoted\" \\ back", "line\nbreak\ttab\001",
					     "\xc3\xa4\xe2\x82\xac", "bad \xff\xc3(", "cut \xe2\x82" };
	char longer[200];
	struct go_attr attr = { 0 };
	size_t i;

	go_wg_add(&wg, 7);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		attr.name = names[i];
		CHECK_EQ(0, go_with(&attr, ends, NULL));
	}
	memset(longer, 'x', sizeof(longer));
	longer[199] = '\0';
	attr.name = longer;
	CHECK_EQ(0, go_with(&attr, ends, NULL));
	go_wg_wait(&wg);
	until(go_num() == 1);
}

TEST(names)
{
	struct trace *t;

	trace_to("names");
	run_on(1, named, NULL);
	t = read_trace(path, getpid());
	check_counts(t);
	CHECK_EQ(1, slices_of(t, "plain"));
	CHECK_EQ(1, slices_of(t, "\"quoted\" \\ back"));
	CHECK_EQ(1, slices_of(t, "line\nbreak\ttab\001"));
	CHECK_EQ(1, slices_of(t, "\xc3\xa4\xe2\x82\xac"));
	CHECK_EQ(1, slices_of(t, "bad \xef\xbf\xbd\xef\xbf\xbd("));
	CHECK_EQ(1, slices_of(t, "cut \xef\xbf\xbd\xef\xbf\xbd"));
	CHECK_EQ(1, slices_of(t, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
	clean_up();
}

static void pair(void *arg)
{
	int i;

	for (i = 0; i < 10; i++)
		go_recv(ch, NULL);
}

static void ping(void *arg)
{
	int i;

	ch = make_chan(0, 0);
	start(pair, NULL);
	for (i = 0; i < 10; i++)
		go_send(ch, NULL);
	until(go_num() == 1);
}

/* Each arrow tells who readied whom: nobody else is there. */
TEST(arrows)
{
	struct trace *t;

	trace_to("arrows");
	UNDISTURBED(ping, NULL);
	unlink(path);
	go_maxprocs(1);
	ASSERT_EQ(0, go_run(ping, NULL));
	t = read_trace(path, getpid());
	check_counts(t);
	ASSERT_EQ(slices_left(t, "chan receive") + slices_left(t, "chan send") + 1, t->arrows);
	ASSERT_EQ(0, t->timers + t->threads);
	clean_up();
}

/* ------------------------------------------------------------- without a P */

static void *naps(void *arg)
{
	struct timespec ms = { 0, 1000000 };

	nanosleep(&ms, NULL);
	return arg;
}

static void blocks(void *arg)
{
	go_blocking(naps, NULL);
	go_wg_done(&wg);
}

static void blocking(void *arg)
{
	go_wg_add(&wg, 3);
	start_n(3, blocks);
	go_wg_wait(&wg);
}

TEST(blocking_calls)
{
	struct trace *t;

	/* On a slow machine the monitor would take a P elsewhere, too. */
	setenv("LIBGO_DEBUG", "preempt=0", 1);
	trace_to("blocking");
	run_on(2, blocking, NULL);
	t = read_trace(path, getpid());
	check_counts(t);
	ASSERT_EQ(3, slices_left(t, "blocking call"));
	ASSERT_EQ(3, t->gaps);
	clean_up();
}

static void spins(void *arg)
{
	while (!rd(flag))
		;
	go_wg_done(&wg);
}

static void *sets_flag(void *arg)
{
	struct timespec ms = { 0, 20000000 };

	nanosleep(&ms, NULL);
	wr(flag, 1);
	return NULL;
}

static void lose_ps(void *arg)
{
	pthread_t t = start_thread(sets_flag, NULL);
	int i;

	go_wg_add(&wg, 3);
	start_n(3, spins);
	/* Blocked in the kernel, with others waiting. */
	for (i = 0; i < 5; i++)
		naps(NULL);
	go_wg_wait(&wg);
	pthread_join(t, NULL);
}

TEST(handoffs_and_preemptions)
{
	struct trace *t;
	struct go_stats s;

	trace_to("lose");
	setenv("LIBGO_DEBUG", "preempt=200", 1);
	run_on(2, lose_ps, NULL);
	go_stats(&s);
	t = read_trace(path, getpid());
	check_counts(t);
	ASSERT_EQ(s.handoffs, t->handoffs);
	ASSERT_EQ(s.preemptions, t->preempts);
	clean_up();
}

/* ----------------------------------------------------- threads that are no goroutines */

static void *sends(void *arg)
{
	int i;

	for (i = 0; i < 5; i++)
		go_send(ch, NULL);
	go_wg_add(&wg, 1);
	CHECK_EQ(0, go(ends, NULL));
	return NULL;
}

static void receives(void *arg)
{
	pthread_t t;
	int i;

	ch = make_chan(0, 0);
	t = start_thread(sends, NULL);
	for (i = 0; i < 5; i++)
		go_recv(ch, NULL);
	pthread_join(t, NULL);
	go_wg_wait(&wg);
	until(go_num() == 1);
}

TEST(woken_by_a_thread)
{
	struct trace *t;

	trace_to("thread");
	run_on(2, receives, NULL);
	t = read_trace(path, getpid());
	check_counts(t);
	ASSERT_EQ(2, t->created);
	/* At least the goroutine that it made. */
	ASSERT_LE(1, t->threads);
	clean_up();
}

/* --------------------------------------------------------------------- lost ones */

static void yields(void *arg)
{
	int i;

	for (i = 0; i < 2000; i++)
		go_yield();
	go_wg_done(&wg);
}

static void many_yields(void *arg)
{
	go_wg_add(&wg, 2);
	start_n(2, yields);
	go_wg_wait(&wg);
}

/* With little room: what is there is still true, and what is missing is counted. */
TEST(lost)
{
	struct trace *t;

	setenv("LIBGO_DEBUG", "tracebuf=1", 1);
	do {
		trace_to("lost");
		run_on(1, many_yields, NULL);
		t = read_trace(path, getpid());
		CHECK(t->slices <= t->of_switches + t->resumed);
		clean_up();
	} while (!t->lost);
}

/* ------------------------------------------------------------------ how it ends */

static void in_the_midst(void *arg)
{
	ch = make_chan(0, 0);
	wr(flag, 0);
	go_wg_add(&wg, 2);
	start(pair, NULL);
	start_n(2, spins);
	go_send(ch, NULL);
	go_send(ch, NULL);
	if (!arg)
		exit(0);
	if (!strcmp(arg, "panic"))
		go_panic("as wanted");
	if (!strcmp(arg, "term")) {
		naps(NULL);
		kill(getpid(), SIGTERM);
	}
	if (!strcmp(arg, "kill")) {
		naps(NULL);
		kill(getpid(), SIGKILL);
	}
	for (;;)
		pause();
}

static void run_in_the_midst(void *arg)
{
	run_on(2, in_the_midst, arg);
}

static struct child child;

/* The file of a process that ended like that. */
static struct trace *trace_of_end(const char *how)
{
	struct json *e;
	long long pid;

	trace_to("end");
	run_child(&child, run_in_the_midst, (void *)how);
	e = json_get(json_read(path), "otherData");
	pid = json_int(e, "pid");
	return read_trace(path, pid);
}

static void has_all(const struct trace *t)
{
	CHECK(slices_of(t, "main") >= 2 && slices_of(t, "pair") >= 1);
	CHECK_EQ(4, t->created);
	CHECK_EQ(1, t->runs);
	clean_up();
}

TEST(exit_in_a_goroutine)
{
	has_all(trace_of_end(NULL));
	ASSERT_TRUE(exited_with(&child, 0));
}

TEST(panic)
{
	has_all(trace_of_end("panic"));
	ASSERT_TRUE(exited_with(&child, 2));
	ASSERT_TRUE(find_whole_line(child.err, "panic: as wanted") != NULL);
}

TEST(killed_by_a_signal)
{
	trace_of_end("term");
	ASSERT_TRUE(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGTERM);
	trace_of_end("kill");
	ASSERT_TRUE(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGKILL);
	clean_up();
}

static void waits_for_good(void *arg)
{
	ch = make_chan(0, 0);
	start(pair, NULL);
	go_recv(ch, NULL);
}

static void run_deadlock(void *arg)
{
	run_on(2, waits_for_good, NULL);
}

TEST(deadlock)
{
	struct trace *t;

	NEEDS_DEADLOCKS();
	trace_to("deadlock");
	run_child(&child, run_deadlock, NULL);
	ASSERT_TRUE(exited_with(&child, 2))
		show_child(&child);
	t = read_trace(path, json_int(json_get(json_read(path), "otherData"), "pid"));
	check_counts(t);
	ASSERT_EQ(2, slices_left(t, "chan receive"));
	clean_up();
}

/* --------------------------------------------------------- several runs, processes */

TEST(two_runs)
{
	struct trace *t;

	trace_to("two");
	run_on(1, ping, NULL);
	run_on(3, ping, NULL);
	t = read_trace(path, getpid());
	check_counts(t);
	ASSERT_EQ(2, t->runs);
	ASSERT_EQ(4, t->created);
	clean_up();
}

static void run_ping(void *arg)
{
	run_on(2, ping, NULL);
	wr(*(pid_t *)arg, getpid());
}

static void forks(void *arg)
{
	pid_t pid = fork();

	if (!pid) {
		/* ASan's search for leaks at exit() waits for locks of threads that aren't here. */
		if (TEST_ASAN)
			_exit(0);
		exit(0);
	}
	CHECK_EQ(pid, waitpid(pid, NULL, 0));
	ping(NULL);
}

/* A child has a file of its own, and its parent's stays what it was. */
TEST(children)
{
	static pid_t *pid;
	struct trace *t;
	char own[192];

	pid = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, pid);
	trace_to("fork");
	run_on(2, forks, NULL);
	t = read_trace(path, getpid());
	check_counts(t);
	ASSERT_EQ(2, t->created);
	run_child(&child, run_ping, pid);
	ASSERT_TRUE(exited_with(&child, 0))
		show_child(&child);
	snprintf(own, sizeof(own), "%s.%d", path, rd(*pid));
	t = read_trace(own, rd(*pid));
	check_counts(t);
	t = read_trace(path, getpid());
	ASSERT_EQ(1, t->runs);
	ASSERT_EQ(2, t->created);
	clean_up();
}

TEST(number_in_the_name)
{
	char own[192];

	trace_to("of-%p");
	run_on(1, ping, NULL);
	snprintf(own, sizeof(own), "%s/of-%d", dir, getpid());
	check_counts(read_trace(own, getpid()));
	clean_up();
}

static void keeps_writing(void *arg)
{
	int *fds = arg;
	char c = 'x';

	CHECK_EQ(1, write(fds[1], &c, 1));
	CHECK_EQ(1, read(fds[2], &c, 1));
}

/* Another process that found the same setting while this one writes. */
TEST(shared_setting)
{
	int fds[4];
	char c, own[192];
	pid_t first, second;
	struct trace *t;

	trace_to("shared");
	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(0, pipe(fds + 2));
	first = fork();
	if (!first) {
		run_on(1, keeps_writing, fds);
		_exit(0);
	}
	ASSERT_EQ(1, read(fds[0], &c, 1));
	second = fork();
	if (!second) {
		run_on(1, ping, NULL);
		_exit(0);
	}
	ASSERT_EQ(second, waitpid(second, NULL, 0));
	ASSERT_EQ(1, write(fds[3], &c, 1));
	ASSERT_EQ(first, waitpid(first, NULL, 0));
	snprintf(own, sizeof(own), "%s.%d", path, second);
	t = read_trace(own, second);
	check_counts(t);
	ASSERT_EQ(2, t->created);
	t = read_trace(path, first);
	check_counts(t);
	ASSERT_EQ(1, t->created);
	clean_up();
}

/* The file is looked at while it is written: as text. */
static bool says(const char *what)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	CHECK(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	CHECK(n >= 0);
	close(fd);
	text[n] = '\0';
	return strstr(text, what);
}

static void until_counted(void *arg)
{
	bool module = !access("/proc/gvt/thread", R_OK);

	while (!says(module ? "\"kernel_preemptions\":\"/proc/gvt/thread\"" :
			      "\"kernel_preemptions\":\"/proc/PID/task\""))
		go_sleep(2 * MS);
}

/* gvt.ko's counters where it is loaded, else procfs's. */
TEST(counters_of_the_kernel)
{
	trace_to("kernel");
	run_on(2, until_counted, NULL);
	check_counts(read_trace(path, getpid()));
	clean_up();
}

static void run_to_nowhere(void *arg)
{
	setenv("LIBGO_TRACE", "/nowhere/to/be/found", 1);
	run_on(1, ping, NULL);
	_exit(7);
}

TEST(cannot_be_written)
{
	run_child(&child, run_to_nowhere, NULL);
	ASSERT_TRUE(exited_with(&child, 7) &&
		    find_whole_line(child.err,
				    "gvt: LIBGO_TRACE: /nowhere/to/be/found: No such file or directory"))
		show_child(&child);
}

TEST(not_wanted)
{
	unsetenv("LIBGO_TRACE");
	run_on(1, ping, NULL);
	setenv("LIBGO_TRACE", "", 1);
	run_on(1, ping, NULL);
}

TEST_HARNESS_MAIN
