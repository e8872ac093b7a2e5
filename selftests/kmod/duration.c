// SPDX-License-Identifier: GPL-2.0-only
/*
 * hist/creation, hist/runqueue, hist/slice, and migrations: against the kernel's own
 * numbers of how often, and against themselves. Nothing here says how long a thing
 * should take.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "counters.h"
#include "child.h"

#define ROUNDS	200

static const char *const names[] = { "creation", "runqueue", "slice" };
static const char *const counts[] = {
	"creation_to_run_count",
	"runqueue_wait_count",
	"slice_count",
};
static const char *const sums[] = {
	"creation_to_run_ns_total",
	"runqueue_wait_ns_total",
	"slice_ns_total",
};

struct hist {
	unsigned int rows;
	long count;
	double low, high;	/* what the sum of times lies between */
};

/* False: not as it should be written. */
static bool read_hist(const char *name, struct hist *h)
{
	char path[64], *text, *line;
	long bound, count, before = -1;

	memset(h, 0, sizeof(*h));
	snprintf(path, sizeof(path), GVT_DIR "hist/%s", name);
	text = read_file(path);
	if (!text || strncmp(text, "version 1\nlower_bound_ns count\n", 31))
		return false;
	for (line = text + 31; *line; line = strchr(line, '\n') + 1, h->rows++) {
		if (sscanf(line, "%ld %ld\n", &bound, &count) != 2)
			return false;
		if (h->rows ? bound != (before ? 2 * before : 1) : bound)
			return false;
		h->count += count;
		h->low += (double)bound * count;
		h->high += (bound ? 2.0 * bound : 1.0) * count;
		before = bound;
	}
	free(text);
	return true;
}

static void echo_child(struct child *me, void *arg)
{
	while (hear(me))
		say(me);
}

static void ping_pong(void)
{
	struct child c = child_start(echo_child, NULL);
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		say(&c);
		hear(&c);
	}
	child_wait(&c);
}

FIXTURE(durations) {
};

FIXTURE_SETUP(durations)
{
	ASSERT_EQ(0, control("hist on"));
}

FIXTURE_TEARDOWN(durations)
{
	EXPECT_EQ(0, control("hist off"));
}

TEST_F(durations, doubling_rows_and_modes)
{
	struct hist h;
	struct stat st;
	char path[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_TRUE(read_hist(names[i], &h));
		EXPECT_EQ(42, h.rows);
		snprintf(path, sizeof(path), GVT_DIR "hist/%s", names[i]);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(0444, st.st_mode & 07777);
		EXPECT_GT(0, write_bytes(path, "0", 1));
	}
	ASSERT_EQ(0, stat(GVT_DIR "hist", &st));
	EXPECT_EQ(0555, st.st_mode & 07777);
}

/* Each is counted in one bucket: what `stat` says is read before and after. */
TEST_F(durations, buckets_sum_to_stat)
{
	long before, after, ns_before, ns_after;
	struct hist h;
	unsigned int i;

	ping_pong();
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ns_before = gvt_stat(sums[i]);
		before = gvt_stat(counts[i]);
		ASSERT_TRUE(read_hist(names[i], &h));
		after = gvt_stat(counts[i]);
		ns_after = gvt_stat(sums[i]);
		EXPECT_LE(before, h.count);
		EXPECT_GE(after, h.count);
		EXPECT_LT(0, h.count);
		/* The time is added just before the bucket is raised, and read at another moment. */
		EXPECT_GE((double)ns_after, h.low);
		EXPECT_LE((double)ns_before, h.high + 1);
	}
}

TEST_F(durations, every_first_run_is_in_creation)
{
	long runs = gvt_stat("creation_to_run_count"), created;
	struct hist before, after;

	ASSERT_TRUE(read_hist("creation", &before));
	created = gvt_stat("thread_creations");
	run_threads(ROUNDS);
	created = gvt_stat("thread_creations") - created;
	EXPECT_LE(ROUNDS, created);
	ASSERT_TRUE(read_hist("creation", &after));
	EXPECT_LE(created, after.count - before.count);
	EXPECT_GE(gvt_stat("creation_to_run_count") - runs, after.count - before.count);
}

/*
 * The kernel counts how often a task came from the queue to a CPU (the last number of
 * the lines of CPUs in /proc/schedstat), at the very switch at which we do.
 */
static long kernel_arrivals(void)
{
	char *text = read_file("/proc/schedstat"), *line, *end;
	long sum = 0;

	for (line = text; line && *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (strncmp(line, "cpu", 3))
			continue;
		while (end[-1] == ' ')
			end--;
		while (end[-1] != ' ')
			end--;
		sum += strtol(end, &end, 10);
	}
	free(text);
	return sum;
}

TEST_F(durations, waits_are_as_many_as_the_kernels)
{
	long gvt, kernel;

	if (access("/proc/schedstat", R_OK))
		SKIP(return, "this kernel has no /proc/schedstat");
	kernel = kernel_arrivals();
	settle();
	gvt = gvt_stat("runqueue_wait_count");
	ping_pong();
	gvt = gvt_stat("runqueue_wait_count") - gvt;
	settle();
	kernel = kernel_arrivals() - kernel;
	EXPECT_LE(gvt, kernel);
	EXPECT_LT(ROUNDS, gvt);

	gvt = gvt_stat("runqueue_wait_count");
	settle();
	kernel = kernel_arrivals();
	ping_pong();
	kernel = kernel_arrivals() - kernel;
	settle();
	gvt = gvt_stat("runqueue_wait_count") - gvt;
	EXPECT_LE(kernel, gvt);
}

/* A slice ends with each switch from a task, so they are as many as those. */
TEST_F(durations, slices_are_the_switches_from_tasks)
{
	char *text;
	long slices, switches;

	text = read_file(GVT_DIR "stat");
	slices = find_key(text, "slice_count");
	switches = find_key(text, "ctxt_switches") - find_key(text, "idle_ctxt_switches");
	free(text);
	ping_pong();
	settle();
	text = read_file(GVT_DIR "stat");
	slices = find_key(text, "slice_count") - slices;
	switches = find_key(text, "ctxt_switches") - find_key(text, "idle_ctxt_switches") - switches;
	free(text);
	/* A reading isn't atomic over CPUs: one switch under way on each may be in one of the two. */
	EXPECT_LT(ROUNDS, slices);
	EXPECT_GE(sysconf(_SC_NPROCESSORS_CONF), labs(slices - switches));
}

/* ------------------------------------------------- times beside the kernel's own */

struct times {
	long run, wait;
};

static void add_times(struct times *sum, int pid)
{
	long run = 0, wait = 0;
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	text = read_file(path);
	if (text && sscanf(text, "%ld %ld", &run, &wait) == 2) {
		sum->run += run;
		sum->wait += wait;
	}
	free(text);
}

/* It is off its CPU, so its last slice is over. */
static bool rests(int pid)
{
	char path[64], *text;
	unsigned int i;
	bool asleep;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	for (i = 0; i < 1000; i++) {
		text = read_file(path);
		asleep = text && strstr(text, "State:\tS");
		free(text);
		if (asleep) {
			settle();
			return true;
		}
		usleep(10000);
	}
	return false;
}

/* On the first CPU it may use: two of them wait for each other there, and never move. */
static void competes(struct child *me, void *arg)
{
	volatile unsigned int spin;
	cpu_set_t set;
	unsigned int i;
	int cpu = 0;

	sched_getaffinity(0, sizeof(set), &set);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	say(me);
	hear(me);
	for (i = 0; i < ROUNDS; i++) {
		for (spin = 0; spin < 10000; spin++)
			;
		sched_yield();
	}
	say(me);
	hear(me);
}

/*
 * The kernel's clock of a switch is read a moment before ours. So for all that ran, ours can't
 * be less than the kernel's for two of them, whose times are read inside ours.
 */
TEST_F(durations, times_are_no_less_than_the_kernels)
{
	struct times before = { 0 }, after = { 0 };
	struct child c[2];
	long run, wait;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		c[i] = child_start(competes, NULL);
		ASSERT_TRUE(hear(&c[i]));
	}
	run = gvt_stat("slice_ns_total");
	wait = gvt_stat("runqueue_wait_ns_total");
	for (i = 0; i < 2; i++)
		add_times(&before, c[i].pid);
	for (i = 0; i < 2; i++)
		say(&c[i]);
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(hear(&c[i]));
		ASSERT_TRUE(rests(c[i].pid));
	}
	for (i = 0; i < 2; i++)
		add_times(&after, c[i].pid);
	settle();
	run = gvt_stat("slice_ns_total") - run;
	wait = gvt_stat("runqueue_wait_ns_total") - wait;
	EXPECT_LT(0, after.run - before.run);
	EXPECT_LT(0, after.wait - before.wait);
	EXPECT_LE(after.run - before.run, run);
	EXPECT_LE(after.wait - before.wait, wait);
	for (i = 0; i < 2; i++) {
		say(&c[i]);
		child_wait(&c[i]);
	}
}

TEST(off_nothing_is_measured_but_first_runs)
{
	struct hist before[3], after[3];
	unsigned int i;

	ASSERT_EQ(0, control("hist off"));
	settle();
	for (i = 0; i < 3; i++)
		ASSERT_TRUE(read_hist(names[i], &before[i]));
	run_threads(10);
	for (i = 0; i < 3; i++)
		ASSERT_TRUE(read_hist(names[i], &after[i]));
	EXPECT_LE(before[0].count + 10, after[0].count);
	EXPECT_EQ(before[1].count, after[1].count);
	EXPECT_EQ(before[2].count, after[2].count);
}

/* ------------------------------------------------------------ migrations */

/* Back and forth between two CPUs; each is one migration at least. */
static void wander(void)
{
	cpu_set_t all, one;
	int cpu[2], n = 0, i;

	sched_getaffinity(0, sizeof(all), &all);
	for (i = 0; i < CPU_SETSIZE && n < 2; i++) {
		if (CPU_ISSET(i, &all))
			cpu[n++] = i;
	}
	for (i = 0; i < ROUNDS; i++) {
		CPU_ZERO(&one);
		CPU_SET(cpu[i % 2], &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

/* How often the kernel's own event of that name hit, by the kernel's own tracing. */
#define TRACEFS	"/sys/kernel/tracing"
#define TRIGGER	TRACEFS "/events/sched/sched_migrate_task/trigger"

static bool count_events(void)
{
	if (access(TRIGGER, W_OK))
		mount("nodev", TRACEFS, "tracefs", 0, NULL);
	return !write_bytes(TRIGGER, "hist:keys=common_type", 21);
}

static long events(void)
{
	char *text = read_file(TRACEFS "/events/sched/sched_migrate_task/hist");
	char *hits = text ? strstr(text, "\n    Hits: ") : NULL;
	long n = hits ? strtol(hits + 11, NULL, 10) : NONE;

	free(text);
	return n;
}

TEST(migrations_are_the_kernels)
{
	long gvt, kernel;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "there is one CPU only");
	gvt = gvt_stat("migrations");
	wander();
	EXPECT_LE(ROUNDS - 1, gvt_stat("migrations") - gvt);

	if (!count_events())
		SKIP(return, "this kernel can't count its events (CONFIG_HIST_TRIGGERS)");
	kernel = events();
	settle();
	gvt = gvt_stat("migrations");
	wander();
	gvt = gvt_stat("migrations") - gvt;
	settle();
	kernel = events() - kernel;
	EXPECT_LE(gvt, kernel);

	gvt = gvt_stat("migrations");
	settle();
	kernel = events();
	wander();
	kernel = events() - kernel;
	settle();
	gvt = gvt_stat("migrations") - gvt;
	EXPECT_LE(kernel, gvt);
	EXPECT_LE(ROUNDS - 1, kernel);
	write_bytes(TRIGGER, "!hist:keys=common_type", 22);
}

TEST_HARNESS_MAIN
