// SPDX-License-Identifier: GPL-2.0-only
/* /proc/gvt/stat and cpu, against the kernel's counters and against themselves. */
#include <linux/io_uring.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "counters.h"
#include "child.h"

#define ROUNDS		200
#define CREATIONS	50

/* A thousand tries are no proof; one that no attempt passes is no accident. */
#define ATTEMPTS	10

struct readings {
	long gvt, kernel;
};

static struct readings difference(struct readings a, struct readings b)
{
	return (struct readings){ b.gvt - a.gvt, b.kernel - a.kernel };
}

static long read_kernel(const char *key)
{
	return read_key("/proc/stat", key);
}

/* What both count during @work, ours read inside the kernel's. */
static struct readings gvt_inside(const char *gvt_key, const char *kernel_key, void (*work)(void))
{
	struct readings a, b;

	a.kernel = read_kernel(kernel_key);
	settle();
	a.gvt = gvt_stat(gvt_key);
	work();
	b.gvt = gvt_stat(gvt_key);
	settle();
	b.kernel = read_kernel(kernel_key);
	return difference(a, b);
}

/* The other way round. */
static struct readings kernel_inside(const char *gvt_key, const char *kernel_key,
				     void (*work)(void))
{
	struct readings a, b;

	a.gvt = gvt_stat(gvt_key);
	settle();
	a.kernel = read_kernel(kernel_key);
	work();
	b.kernel = read_kernel(kernel_key);
	settle();
	b.gvt = gvt_stat(gvt_key);
	return difference(a, b);
}

static void echo_child(struct child *me, void *arg)
{
	while (hear(me))
		say(me);
}

/* At least two switches for each round. */
static void ping_pong(void)
{
	struct child c = child_start(echo_child, NULL);
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		say(&c);
		hear(&c);
	}
	close(c.to);
	c.to = -1;
	child_wait(&c);
}

TEST(ctxt_switches_are_the_kernels)
{
	struct readings r;

	r = gvt_inside("ctxt_switches", "ctxt", ping_pong);
	EXPECT_LE(r.gvt, r.kernel);
	EXPECT_LE(2 * ROUNDS, r.gvt);
	r = kernel_inside("ctxt_switches", "ctxt", ping_pong);
	EXPECT_LE(r.kernel, r.gvt);
	EXPECT_LE(2 * ROUNDS, r.kernel);
}

static const char *const creation_keys[] = {
	"thread_creations", "process_creations", "vfork_creations", "kthread_creations",
	"worker_creations",
};

static long all_creations(void)
{
	char *text = read_file(GVT_DIR "stat");
	long sum = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(creation_keys); i++)
		sum += find_key(text, creation_keys[i]);
	free(text);
	return sum;
}

static void fork_some(void)
{
	unsigned int i;
	int pid;

	for (i = 0; i < CREATIONS; i++) {
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void vfork_some(void)
{
	unsigned int i;
	int pid;

	for (i = 0; i < CREATIONS; i++) {
		pid = vfork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void thread_some(void)
{
	run_threads(CREATIONS);
}

static void create_all(void)
{
	fork_some();
	vfork_some();
	thread_some();
}

/*
 * Between the kernel's counter and ours, a fork may be preempted: so somebody
 * else's fork can be in between at either end of one attempt, but not of each.
 */
TEST(creations_are_the_kernels)
{
	long k0, k1, g0, g1;
	bool no_more = false, no_less = false;
	unsigned int i;

	for (i = 0; i < ATTEMPTS && !(no_more && no_less); i++) {
		k0 = read_kernel("processes");
		g0 = all_creations();
		create_all();
		g1 = all_creations();
		k1 = read_kernel("processes");
		no_more |= g1 - g0 <= k1 - k0;
		ASSERT_LE(3 * CREATIONS, g1 - g0);

		g0 = all_creations();
		k0 = read_kernel("processes");
		create_all();
		k1 = read_kernel("processes");
		g1 = all_creations();
		no_less |= k1 - k0 <= g1 - g0;
	}
	EXPECT_TRUE(no_more);
	EXPECT_TRUE(no_less);
}

static long grows_by(const char *key, void (*work)(void))
{
	long before = gvt_stat(key);

	work();
	return gvt_stat(key) - before;
}

TEST(kinds_of_creation)
{
	EXPECT_LE(CREATIONS, grows_by("process_creations", fork_some));
	EXPECT_LE(CREATIONS, grows_by("vfork_creations", vfork_some));
	EXPECT_LE(CREATIONS, grows_by("thread_creations", thread_some));
}

/* The least of several attempts: others create tasks too, but not all the time. */
static long least_growth(const char *key, void (*work)(void))
{
	long least = NONE, n;
	unsigned int i;

	for (i = 0; i < ATTEMPTS && least; i++) {
		n = grows_by(key, work);
		least = least == NONE || n < least ? n : least;
	}
	return least;
}

TEST(kinds_are_kept_apart)
{
	EXPECT_EQ(0, least_growth("vfork_creations", fork_some));
	EXPECT_EQ(0, least_growth("thread_creations", fork_some));
	EXPECT_EQ(0, least_growth("process_creations", vfork_some));
	EXPECT_EQ(0, least_growth("process_creations", thread_some));
	EXPECT_EQ(0, least_growth("worker_creations", thread_some));
	EXPECT_EQ(0, least_growth("kthread_creations", thread_some));
}

static int ring = -1;

/* io_uring makes a kernel worker inside the process to poll the queue. */
static void start_worker(void)
{
	struct io_uring_params p = { .flags = IORING_SETUP_SQPOLL };

	ring = syscall(__NR_io_uring_setup, 1, &p);
}

TEST(workers)
{
	long n = grows_by("worker_creations", start_worker);

	if (ring < 0)
		SKIP(return, "io_uring with SQPOLL: %s", strerror(errno));
	EXPECT_LE(1, n);
	close(ring);
}

#define WQ_NICE	"/sys/devices/virtual/workqueue/writeback/nice"

static char new_nice[8];
static int nice_error;

static void change_nice(void)
{
	nice_error = write_bytes(WQ_NICE, new_nice, strlen(new_nice));
}

/* A work queue with a priority of its own gets a pool of its own, with a first worker. */
TEST(kernel_threads)
{
	char *old = read_file(WQ_NICE);
	long n;

	if (!old)
		SKIP(return, "%s: %s", WQ_NICE, strerror(errno));
	snprintf(new_nice, sizeof(new_nice), "%d", atoi(old) == -7 ? -8 : -7);
	n = grows_by("kthread_creations", change_nice);
	write_bytes(WQ_NICE, old, strlen(old));
	free(old);
	ASSERT_EQ(0, nice_error);
	EXPECT_LE(1, n);
}

/* A joined thread is done with our memory, but not yet quite with the kernel. */
static bool reaches(const char *key, long value)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		if (gvt_stat(key) >= value)
			return true;
		usleep(10000);
	}
	return false;
}

TEST(exits)
{
	long threads = gvt_stat("thread_exits"), processes = gvt_stat("process_exits");

	thread_some();
	EXPECT_TRUE(reaches("thread_exits", threads + CREATIONS));
	fork_some();
	EXPECT_TRUE(reaches("process_exits", processes + CREATIONS));
	EXPECT_EQ(0, least_growth("thread_exits", fork_some));
	EXPECT_EQ(0, least_growth("process_exits", thread_some));
}

static long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

/* Each of them ran, once for the first time, and none before it was made. */
TEST(first_runs)
{
	long runs, ns, made, begin;

	begin = now_ns();
	made = all_creations();
	runs = gvt_stat("creation_to_run_count");
	ns = gvt_stat("creation_to_run_ns_total");
	create_all();
	settle();
	runs = gvt_stat("creation_to_run_count") - runs;
	ns = gvt_stat("creation_to_run_ns_total") - ns;
	made = all_creations() - made;
	EXPECT_LE(3 * CREATIONS, runs);
	/* A few may have been made before, and have run since. */
	EXPECT_LE(runs, made + CREATIONS);
	EXPECT_LT(0, ns);
	/* They were made after we began. */
	EXPECT_LT(ns / runs, now_ns() - begin);
}

/* The partitions of one text; 0: they add up. */
static int check_sums(const char *t)
{
	long all = find_key(t, "ctxt_switches");
	long vol = find_key(t, "voluntary_ctxt_switches");
	long non = find_key(t, "nonvoluntary_ctxt_switches");
	long idle = find_key(t, "idle_ctxt_switches");

	if (all != vol + non + idle)
		return 1;
	if (all != find_key(t, "same_process_switches") + find_key(t, "same_mm_switches") +
			   find_key(t, "other_mm_switches") + find_key(t, "to_kthread_switches") +
			   find_key(t, "to_idle_switches"))
		return 2;
	if (vol != find_key(t, "sleep_switches") + find_key(t, "disk_sleep_switches") +
			   find_key(t, "stop_switches") + find_key(t, "exit_switches"))
		return 3;
	if (non != find_key(t, "runnable_switches") + find_key(t, "preempted_switches"))
		return 4;
	return 0;
}

static void busy_child(struct child *me, void *arg)
{
	for (;;)
		ping_pong();
}

TEST(sums_add_up_in_one_reading)
{
	struct child c = child_start(busy_child, NULL);
	long first = gvt_stat("ctxt_switches");
	unsigned int i;
	char *text;

	for (i = 0; i < 500; i++) {
		text = read_file(GVT_DIR "stat");
		ASSERT_NE(NULL, text);
		ASSERT_EQ(0, check_sums(text));
		free(text);
	}
	EXPECT_LT(first, gvt_stat("ctxt_switches"));
	kill(c.pid, SIGKILL);
	child_wait(&c);
}

/* One open is one snapshot: while each byte is read, switches go on. */
TEST(one_byte_at_a_time)
{
	struct child c = child_start(busy_child, NULL);
	long before, after, n;
	unsigned int i;
	char *text;

	for (i = 0; i < 5; i++) {
		before = gvt_stat("ctxt_switches");
		text = read_steps(GVT_DIR "stat", 1);
		after = gvt_stat("ctxt_switches");
		ASSERT_NE(NULL, text);
		ASSERT_EQ(0, check_sums(text));
		n = find_key(text, "ctxt_switches");
		ASSERT_LE(before, n);
		ASSERT_LE(n, after);
		ASSERT_EQ(0, strncmp(text, "version 1\n", 10));
		free(text);
	}
	kill(c.pid, SIGKILL);
	child_wait(&c);
}

/* The sum of a column of `cpu` over its rows. */
static long sum_cpus(const char *text, const char *column, unsigned int *rows)
{
	const char *header = strchr(text, '\n') + 1, *line;
	long sum = 0;
	char value[32];

	*rows = 0;
	for (line = strchr(header, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
		find_column(header, line, column, value, sizeof(value));
		if (!*value)
			return NONE;
		sum += strtol(value, NULL, 10);
		++*rows;
	}
	return sum;
}

TEST(rows_of_cpu_sum_to_stat)
{
	static const char *const keys[] = {
		"thread_creations", "process_creations", "vfork_creations",
		"kthread_creations", "worker_creations", "thread_exits",
		"process_exits", "ctxt_switches", "voluntary_ctxt_switches",
		"nonvoluntary_ctxt_switches", "idle_ctxt_switches", "same_process_switches",
		"same_mm_switches", "other_mm_switches", "to_kthread_switches",
		"to_idle_switches", "creation_to_run_ns_total", "creation_to_run_count",
		"runnable_switches", "preempted_switches", "sleep_switches",
		"disk_sleep_switches", "stop_switches", "exit_switches",
	};
	char *before, *cpu, *after;
	unsigned int i, rows;
	long sum;

	create_all();
	before = read_file(GVT_DIR "stat");
	cpu = read_steps(GVT_DIR "cpu", 1);
	after = read_file(GVT_DIR "stat");
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		sum = sum_cpus(cpu, keys[i], &rows);
		EXPECT_NE(NONE, find_key(before, keys[i]));
		EXPECT_LE(find_key(before, keys[i]), sum);
		EXPECT_LE(sum, find_key(after, keys[i]));
	}
	EXPECT_EQ(sysconf(_SC_NPROCESSORS_CONF), rows);
	EXPECT_LT(0, sum_cpus(cpu, "ctxt_switches", &rows));
	EXPECT_LT(0, sum_cpus(cpu, "process_exits", &rows));
	free(before);
	free(cpu);
	free(after);
}

TEST(cannot_be_written)
{
	struct stat st;

	ASSERT_EQ(0, stat(GVT_DIR "stat", &st));
	EXPECT_EQ(0444, st.st_mode & 07777);
	ASSERT_EQ(0, stat(GVT_DIR "cpu", &st));
	EXPECT_EQ(0444, st.st_mode & 07777);
	ASSERT_EQ(0, stat(GVT_DIR "process", &st));
	EXPECT_EQ(0444, st.st_mode & 07777);
	EXPECT_NE(0, write_bytes(GVT_DIR "stat", "0", 1));
}

TEST_HARNESS_MAIN
