// SPDX-License-Identifier: GPL-2.0-only
/* Rows of watched processes, against /proc/PID/task/TID/status and schedstat. */
#include <dirent.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "counters.h"
#include "child.h"

#define THREADS		1000
#define BATCH		100

/* Readings until nothing moved between two of them. */
#define TRIES		400

static pthread_barrier_t gate;

static void *wait_at_gate(void *arg)
{
	pthread_barrier_wait(&gate);
	return NULL;
}

/* BATCH at once are alive, and none goes before all are there. */
static void thread_batches(struct child *me, void *arg)
{
	pthread_t t[BATCH];
	unsigned int i, j;

	say(me);
	hear(me);
	pthread_barrier_init(&gate, NULL, BATCH + 1);
	for (i = 0; i < THREADS / BATCH; i++) {
		for (j = 0; j < BATCH; j++) {
			if (pthread_create(&t[j], NULL, wait_at_gate, NULL))
				_exit(98);
		}
		pthread_barrier_wait(&gate);
		for (j = 0; j < BATCH; j++)
			pthread_join(t[j], NULL);
	}
	say(me);
	hear(me);
}

TEST(a_thousand_threads)
{
	struct child c = child_start(thread_batches, NULL);
	struct row row;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	say(&c);
	ASSERT_TRUE(hear(&c));
	ASSERT_TRUE(get_row(&row, c.pid, "live"));
	EXPECT_EQ(THREADS, row_number(&row, "thread_creations"));
	EXPECT_EQ(1, row_number(&row, "threads_alive"));
	EXPECT_EQ(BATCH + 1, row_number(&row, "threads_peak"));
	EXPECT_EQ(0, row_number(&row, "process_creations"));
	EXPECT_EQ(c.pid, row_number(&row, "root"));
	EXPECT_STREQ("-", row_text(&row, "goroutines_alive"));
	EXPECT_STREQ("-", row_text(&row, "goroutine_switches_per_kernel_switch"));
	put_row(&row);
	say(&c);
	EXPECT_EQ(0, child_wait(&c));
}

/* ---------------------------------------- what the kernel says of each thread */

struct totals {
	long voluntary, nonvoluntary, run_ns, wait_ns;
	bool asleep;
};

static void add_thread(const char *dir, struct totals *sum)
{
	long run = 0, wait = 0;
	char path[400], *text;

	snprintf(path, sizeof(path), "%s/status", dir);
	text = read_file(path);
	if (!text)
		return;
	sum->voluntary += find_key(text, "voluntary_ctxt_switches");
	sum->nonvoluntary += find_key(text, "nonvoluntary_ctxt_switches");
	sum->asleep &= !!strstr(text, "State:\tS");
	free(text);
	snprintf(path, sizeof(path), "%s/schedstat", dir);
	text = read_file(path);
	if (text && sscanf(text, "%ld %ld", &run, &wait) == 2) {
		sum->run_ns += run;
		sum->wait_ns += wait;
	}
	free(text);
}

static struct totals kernel_totals(int pid)
{
	struct totals sum = { .asleep = true };
	char dir[64], path[352];
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%d/task", pid);
	d = opendir(dir);
	while (d && (e = readdir(d))) {
		if (*e->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		add_thread(path, &sum);
	}
	if (d)
		closedir(d);
	return sum;
}

static bool same(struct totals a, struct totals b)
{
	return a.asleep && b.asleep && a.voluntary == b.voluntary &&
	       a.nonvoluntary == b.nonvoluntary && a.run_ns == b.run_ns && a.wait_ns == b.wait_ns;
}

/* All threads asleep, twice the same: nothing happened between. */
static bool kernel_at_rest(int pid, struct totals *t)
{
	struct totals again;
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		*t = kernel_totals(pid);
		settle();
		again = kernel_totals(pid);
		if (same(*t, again))
			return true;
		usleep(10000);
	}
	return false;
}

/* The same with a reading of the row in the middle. */
static bool both_at_rest(int pid, struct totals *kernel, struct row *row)
{
	struct totals again;
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		if (!kernel_at_rest(pid, kernel) || !get_row(row, pid, "live"))
			return false;
		again = kernel_totals(pid);
		if (same(*kernel, again))
			return true;
		put_row(row);
	}
	return false;
}

/* ------------------------------------------------------------- what it compares */

static void *some_work(void *arg)
{
	volatile unsigned int spin;
	unsigned int i;

	for (i = 0; i < 30; i++) {
		usleep(500);
		sched_yield();
		for (spin = 0; spin < 20000; spin++)
			;
	}
	/* Still alive when it is looked at. */
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	return NULL;
}

#define WORKERS	8

static void working_threads(struct child *me, void *arg)
{
	pthread_t t[WORKERS];
	unsigned int i;

	say(me);
	hear(me);
	pthread_barrier_init(&gate, NULL, WORKERS + 1);
	for (i = 0; i < WORKERS; i++) {
		if (pthread_create(&t[i], NULL, some_work, NULL))
			_exit(98);
	}
	pthread_barrier_wait(&gate);
	say(me);
	hear(me);
	pthread_barrier_wait(&gate);
	for (i = 0; i < WORKERS; i++)
		pthread_join(t[i], NULL);
	say(me);
	hear(me);
}

static long by_what_changed(const struct row *row)
{
	return row_number(row, "same_process_switches") + row_number(row, "same_mm_switches") +
	       row_number(row, "other_mm_switches") + row_number(row, "to_kthread_switches") +
	       row_number(row, "to_idle_switches");
}

TEST(switches_and_times_are_the_kernels)
{
	struct child c = child_start(working_threads, NULL);
	struct totals k0, k1;
	long vol, non;
	struct row row;

	hear(&c);
	ASSERT_TRUE(kernel_at_rest(c.pid, &k0));
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	say(&c);
	ASSERT_TRUE(hear(&c));
	ASSERT_TRUE(both_at_rest(c.pid, &k1, &row));

	vol = row_number(&row, "voluntary_ctxt_switches");
	non = row_number(&row, "nonvoluntary_ctxt_switches");
	EXPECT_EQ(k1.voluntary - k0.voluntary + k1.nonvoluntary - k0.nonvoluntary, vol + non);
	EXPECT_LE(vol, k1.voluntary - k0.voluntary);
	if (!sleeps_are_taken_back())
		EXPECT_EQ(k1.voluntary - k0.voluntary, vol);
	/* All of them wait now. How often before, is a matter of time. */
	EXPECT_LE(WORKERS + 1, vol);
	EXPECT_LT(0, non);
	EXPECT_EQ(vol + non, by_what_changed(&row));
	EXPECT_EQ(k1.run_ns - k0.run_ns, row_number(&row, "run_ns"));
	EXPECT_EQ(k1.wait_ns - k0.wait_ns, row_number(&row, "runqueue_wait_ns"));
	EXPECT_EQ(WORKERS + 1, row_number(&row, "threads_alive"));
	put_row(&row);
	child_wait(&c);
}

/* On one CPU they wait for each other; what they waited isn't lost with them. */
TEST(times_of_threads_that_ended)
{
	struct child c = child_start(working_threads, NULL);
	struct totals k0, k1;
	cpu_set_t one;
	struct row row;

	hear(&c);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	ASSERT_EQ(0, sched_setaffinity(c.pid, sizeof(one), &one));
	ASSERT_TRUE(kernel_at_rest(c.pid, &k0));
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	say(&c);
	ASSERT_TRUE(hear(&c));
	say(&c);
	ASSERT_TRUE(hear(&c));
	/* Only the first thread is left for the kernel to tell of. */
	ASSERT_TRUE(both_at_rest(c.pid, &k1, &row));
	EXPECT_EQ(1, row_number(&row, "threads_alive"));
	EXPECT_LT(k1.run_ns - k0.run_ns, row_number(&row, "run_ns"));
	EXPECT_LT(k1.wait_ns - k0.wait_ns, row_number(&row, "runqueue_wait_ns"));
	EXPECT_LT(k1.voluntary - k0.voluntary, row_number(&row, "voluntary_ctxt_switches"));
	put_row(&row);
	child_wait(&c);
}

/* --------------------------------------------------------------------- creations */

#define FORKS	7
#define VFORKS	5
#define CLONES	3

static void create_kinds(struct child *me, void *arg)
{
	struct io_uring_params p = { .flags = IORING_SETUP_SQPOLL };
	unsigned int i;
	int pid;

	say(me);
	hear(me);
	for (i = 0; i < FORKS; i++) {
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	for (i = 0; i < VFORKS; i++) {
		pid = vfork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	run_threads(CLONES);
	/* A worker of the kernel in our process is no thread that we created. */
	syscall(__NR_io_uring_setup, 1, &p);
	say(me);
	hear(me);
}

TEST(kinds_of_creation)
{
	struct child c = child_start(create_kinds, NULL);
	struct row row;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	say(&c);
	ASSERT_TRUE(hear(&c));
	ASSERT_TRUE(get_row(&row, c.pid, "live"));
	EXPECT_EQ(FORKS, row_number(&row, "process_creations"));
	EXPECT_EQ(VFORKS, row_number(&row, "vfork_creations"));
	EXPECT_EQ(CLONES, row_number(&row, "thread_creations"));
	EXPECT_EQ(0, row_number(&row, "forks_dropped"));
	put_row(&row);
	child_wait(&c);
}

/* ------------------------------------------------------------- ended processes */

static void ten_threads(struct child *me, void *arg)
{
	say(me);
	hear(me);
	run_threads(10);
}

TEST(ended_process_can_be_read)
{
	struct child c = child_start(ten_threads, NULL);
	struct row row;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	say(&c);
	ASSERT_EQ(0, child_wait(&c));
	EXPECT_FALSE(has_row(c.pid, "live"));
	ASSERT_TRUE(get_row(&row, c.pid, "ended"));
	EXPECT_EQ(10, row_number(&row, "thread_creations"));
	EXPECT_EQ(0, row_number(&row, "threads_alive"));
	EXPECT_LT(10, row_number(&row, "voluntary_ctxt_switches"));
	EXPECT_LT(0, row_number(&row, "run_ns"));
	EXPECT_STREQ("process", row_text(&row, "comm"));
	put_row(&row);
	EXPECT_EQ(0, watch_pid("-", c.pid, ""));
	EXPECT_FALSE(has_row(c.pid, "ended"));
}

static void at_once(struct child *me, void *arg)
{
	hear(me);
}

TEST(ended_processes_are_pushed_out)
{
	long max_ended = module_param("max_ended");
	struct child first = child_start(at_once, NULL), c;
	unsigned int i, n = 0;
	const char *line;
	char *text;

	ASSERT_EQ(0, watch_pid("", first.pid, ""));
	say(&first);
	child_wait(&first);
	ASSERT_TRUE(has_row(first.pid, "ended"));
	for (i = 0; i <= max_ended; i++) {
		c = child_start(at_once, NULL);
		ASSERT_EQ(0, watch_pid("", c.pid, ""));
		say(&c);
		child_wait(&c);
	}
	/* The next one that comes tidies up. */
	ASSERT_EQ(0, watch("self"));
	EXPECT_FALSE(has_row(first.pid, "ended"));
	EXPECT_TRUE(has_row(c.pid, "ended"));
	text = read_file(GVT_DIR "process");
	for (line = NULL; (line = find_row(text, line, "state", "ended")); n++)
		;
	free(text);
	EXPECT_EQ(max_ended, n);
}

/* ----------------------------------------------------------------------- columns */

static void named(struct child *me, void *name)
{
	prctl(PR_SET_NAME, name);
	say(me);
	hear(me);
}

TEST(comm_is_one_column)
{
	static const char *const names[][2] = {
		{ "a b\nc\\d\xff", "a\\040b\\012c\\134d\\377" },
		{ "", "-" },
	};
	struct child c;
	struct row row;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		c = child_start(named, (void *)names[i][0]);
		hear(&c);
		ASSERT_EQ(0, watch_pid("", c.pid, ""));
		ASSERT_TRUE(get_row(&row, c.pid, "live"));
		EXPECT_STREQ(names[i][1], row_text(&row, "comm"));
		EXPECT_EQ(c.pid, row_number(&row, "root"));
		put_row(&row);
		child_wait(&c);
	}
}

TEST(live_rows_first_and_one_byte_at_a_time)
{
	struct child a = child_start(idle_child, NULL), b = child_start(at_once, NULL);
	const char *live, *ended;
	char *text, number[16];

	hear(&a);
	ASSERT_EQ(0, watch_pid("", b.pid, ""));
	say(&b);
	child_wait(&b);
	ASSERT_EQ(0, watch_pid("", a.pid, ""));
	text = read_steps(GVT_DIR "process", 1);
	ASSERT_NE(NULL, text);
	EXPECT_EQ(0, strncmp(text, "version 1\npid comm state ", 25));
	snprintf(number, sizeof(number), "%d", a.pid);
	live = find_row(text, NULL, "pid", number);
	snprintf(number, sizeof(number), "%d", b.pid);
	ended = find_row(text, NULL, "pid", number);
	ASSERT_NE(NULL, live);
	ASSERT_NE(NULL, ended);
	EXPECT_LT(live, ended);
	free(text);
	say(&a);
	child_wait(&a);
}

static void do_exec(struct child *me, void *arg)
{
	say(me);
	hear(me);
	run_threads(4);
	execl("/proc/self/exe", "process", "--threads", NULL);
	_exit(97);
}

/* Runs before main: what do_exec() becomes. */
static void __attribute__((constructor)) after_exec(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--threads")) {
		run_threads(6);
		_exit(0);
	}
}

TEST(exec_goes_on_in_the_same_row)
{
	struct child c = child_start(do_exec, NULL);

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	say(&c);
	ASSERT_EQ(0, child_wait(&c));
	EXPECT_EQ(10, process_number(c.pid, "ended", "thread_creations"));
}

static void *exec_here(void *arg)
{
	execl("/proc/self/exe", "process", "--threads", NULL);
	_exit(97);
}

static void exec_by_thread(struct child *me, void *arg)
{
	pthread_t t;

	say(me);
	hear(me);
	pthread_create(&t, NULL, exec_here, NULL);
	pause();
}

/* The kernel puts that thread in the place of the first one. */
TEST(exec_by_another_thread)
{
	struct child c = child_start(exec_by_thread, NULL);

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	say(&c);
	ASSERT_EQ(0, child_wait(&c));
	EXPECT_EQ(7, process_number(c.pid, "ended", "thread_creations"));
	EXPECT_EQ(0, process_number(c.pid, "ended", "threads_alive"));
}

static void *last_thread(void *arg)
{
	struct child *me = arg;

	usleep(1000);
	run_threads(3);
	say(me);
	hear(me);
	_exit(0);
}

static void first_thread_leaves(struct child *me, void *arg)
{
	pthread_t t;

	say(me);
	hear(me);
	pthread_create(&t, NULL, last_thread, me);
	pthread_exit(NULL);
}

/* A process lives until its last thread ends, not its first. */
TEST(first_thread_ends_first)
{
	struct child c = child_start(first_thread_leaves, NULL);
	struct row row;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	say(&c);
	ASSERT_TRUE(hear(&c));
	ASSERT_TRUE(get_row(&row, c.pid, "live"));
	EXPECT_EQ(4, row_number(&row, "thread_creations"));
	put_row(&row);
	say(&c);
	ASSERT_EQ(0, child_wait(&c));
	EXPECT_TRUE(has_row(c.pid, "ended"));
}

TEST_HARNESS_MAIN
