// SPDX-License-Identifier: GPL-2.0-only
/*
 * A CPU goes offline and comes back while threads are made and switched. What it
 * counted stays: no number of any file goes back, and ours stay the kernel's.
 */
#include <pthread.h>

#include "counters.h"
#include "child.h"

#define ROUNDS	3
#define PAIRS	3
#define SOME	20

static int the_cpu;	/* that goes and comes */
static char online_path[64];

static void __attribute__((constructor)) need_hotplug(void)
{
	the_cpu = sysconf(_SC_NPROCESSORS_CONF) - 1;
	if (!the_cpu)
		ksft_exit_skip("there is one CPU\n");
	snprintf(online_path, sizeof(online_path), "/sys/devices/system/cpu/cpu%d/online", the_cpu);
	if (access(online_path, W_OK))
		ksft_exit_skip("%s: %s: this CPU can't be taken offline\n", online_path,
			       strerror(errno));
}

static int put_online(bool on)
{
	return write_bytes(online_path, on ? "1" : "0", 1);
}

static void *echo_thread(void *arg)
{
	struct child *end = arg;

	while (hear(end))
		say(end);
	return NULL;
}

/* Wakes the other side and waits for it, without end. */
static void *call_thread(void *arg)
{
	struct child *end = arg;

	do
		say(end);
	while (hear(end));
	return NULL;
}

/* A process of which some threads wait for each other, and others come and go. */
static void busy(struct child *me, void *arg)
{
	static struct child call[PAIRS], echo[PAIRS];
	int there[2], back[2];
	unsigned int i;
	pthread_t t;

	for (i = 0; i < PAIRS; i++) {
		if (pipe(there) || pipe(back))
			_exit(97);
		call[i] = (struct child){ .to = there[1], .from = back[0] };
		echo[i] = (struct child){ .to = back[1], .from = there[0] };
		if (pthread_create(&t, NULL, echo_thread, &echo[i]) ||
		    pthread_create(&t, NULL, call_thread, &call[i]))
			_exit(98);
	}
	say(me);
	for (;;)
		run_threads(1);
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Everywhere that there is: also on a CPU that was offline when we were asked last. */
static void run_anywhere(void)
{
	cpu_set_t set;
	int cpu;

	CPU_ZERO(&set);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

FIXTURE(hotplug)
{
	struct child busy;
};

FIXTURE_SETUP(hotplug)
{
	ASSERT_EQ(0, put_online(true));
	self->busy = child_start(busy, NULL);
	ASSERT_TRUE(hear(&self->busy));
	ASSERT_EQ(0, watch_pid("", self->busy.pid, ""));
}

FIXTURE_TEARDOWN(hotplug)
{
	EXPECT_EQ(0, put_online(true));
	run_anywhere();
	kill(self->busy.pid, SIGKILL);
	child_wait(&self->busy);
}

/* ------------------------------------------------------------ nothing goes back */

/*
 * Two readings of one file, word by word: the first number that is smaller in the
 * later one; NULL: there is none. Their other words must be the same.
 */
static const char *first_less(const char *before, const char *after)
{
	const char *key = "";
	size_t n, m;

	while (*before && *after) {
		n = strcspn(before, " \n");
		m = strcspn(after, " \n");
		if (!isdigit(*before)) {
			if (n != m || strncmp(before, after, n))
				return before;
			key = before;
		} else if (strncmp(key, "processes_watched ", 18) &&
			   strtoul(after, NULL, 10) < strtoul(before, NULL, 10)) {
			return before;
		}
		before += n + !!before[n];
		after += m + !!after[m];
	}
	return *before ? before : NULL;
}

static const char *const columns[] = {
	"thread_creations", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches",
	"same_process_switches", "same_mm_switches", "other_mm_switches", "to_kthread_switches",
	"to_idle_switches", "run_ns", "runqueue_wait_ns",
};

#define NR_COLUMNS ARRAY_SIZE(columns)

static bool read_columns(int pid, long value[NR_COLUMNS])
{
	struct row row;
	unsigned int i;

	if (!get_row(&row, pid, "live"))
		return false;
	for (i = 0; i < NR_COLUMNS; i++)
		value[i] = row_number(&row, columns[i]);
	put_row(&row);
	return true;
}

struct toggler {
	unsigned int offline;	/* how often it was */
	int error;
	bool done;
};

static void *toggle(void *arg)
{
	struct toggler *t = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS && !t->error; i++) {
		t->error = put_online(false);
		t->offline += !t->error;
		run_threads(SOME);
		t->error = t->error ?: put_online(true);
		run_threads(SOME);
	}
	__atomic_store_n(&t->done, true, __ATOMIC_RELEASE);
	return NULL;
}

TEST_F(hotplug, nothing_goes_back)
{
	long row[NR_COLUMNS], next_row[NR_COLUMNS], first_row[NR_COLUMNS];
	struct toggler toggler = { 0 };
	unsigned int i, rounds = 0;
	char *stat, *cpu, *next;
	const char *less;
	pthread_t t;
	bool last;

	stat = read_file(GVT_DIR "stat");
	cpu = read_file(GVT_DIR "cpu");
	ASSERT_TRUE(stat && cpu && read_columns(self->busy.pid, row));
	memcpy(first_row, row, sizeof(row));
	ASSERT_EQ(0, pthread_create(&t, NULL, toggle, &toggler));
	do {
		last = __atomic_load_n(&toggler.done, __ATOMIC_ACQUIRE);

		next = read_file(GVT_DIR "stat");
		ASSERT_NE(NULL, next);
		less = first_less(stat, next);
		ASSERT_EQ(NULL, less)
			TH_LOG("stat went back at: %.60s", less);
		free(stat);
		stat = next;

		next = read_file(GVT_DIR "cpu");
		ASSERT_NE(NULL, next);
		less = first_less(cpu, next);
		ASSERT_EQ(NULL, less)
			TH_LOG("cpu went back at: %.60s", less);
		free(cpu);
		cpu = next;

		ASSERT_TRUE(read_columns(self->busy.pid, next_row));
		for (i = 0; i < NR_COLUMNS; i++)
			ASSERT_LE(row[i], next_row[i])
				TH_LOG("process: %s went back", columns[i]);
		memcpy(row, next_row, sizeof(row));
		rounds++;
	} while (!last);
	pthread_join(t, NULL);
	EXPECT_EQ(0, toggler.error)
		TH_LOG("%s: %s", online_path, strerror(-toggler.error));
	EXPECT_EQ(ROUNDS, toggler.offline);
	EXPECT_LE(ROUNDS, rounds);
	for (i = 0; i < 2; i++)
		EXPECT_LT(first_row[i], row[i]);
	free(stat);
	free(cpu);
}

/* ------------------------------------------------------------- the row of the CPU */

/* The row of a CPU in a reading of `cpu`, without the newline; NULL: it has none. */
static char *cpu_row(int cpu)
{
	char *text = read_file(GVT_DIR "cpu"), number[16], *row = NULL;
	const char *line;

	snprintf(number, sizeof(number), "%d", cpu);
	line = text ? find_row(text, NULL, "cpu", number) : NULL;
	if (line)
		row = strndup(line, strcspn(line, "\n"));
	free(text);
	return row;
}

TEST_F(hotplug, an_offline_cpu_keeps_its_row)
{
	char *before, *off, *still, *again;

	run_on(the_cpu);
	run_threads(SOME);
	run_anywhere();
	before = cpu_row(the_cpu);
	ASSERT_NE(NULL, before);
	ASSERT_EQ(0, put_online(false));
	off = cpu_row(the_cpu);
	ASSERT_NE(NULL, off);
	EXPECT_EQ(NULL, first_less(before, off));
	run_threads(SOME);
	still = cpu_row(the_cpu);
	ASSERT_NE(NULL, still);
	EXPECT_STREQ(off, still);

	/* Back again, it goes on from there. */
	ASSERT_EQ(0, put_online(true));
	run_on(the_cpu);
	run_threads(SOME);
	run_anywhere();
	again = cpu_row(the_cpu);
	ASSERT_NE(NULL, again);
	EXPECT_EQ(NULL, first_less(still, again));
	EXPECT_STRNE(still, again);
	free(before);
	free(off);
	free(still);
	free(again);
}

/* ---------------------------------------------------------- beside the kernel's own */

static int off_and_on(void)
{
	int error = put_online(false);

	run_threads(SOME);
	error = error ?: put_online(true);
	run_threads(SOME);
	return error;
}

TEST_F(hotplug, switches_stay_the_kernels)
{
	long k0, k1, g0, g1;

	k0 = read_key("/proc/stat", "ctxt");
	settle();
	g0 = gvt_stat("ctxt_switches");
	ASSERT_EQ(0, off_and_on());
	g1 = gvt_stat("ctxt_switches");
	run_anywhere();
	settle();
	k1 = read_key("/proc/stat", "ctxt");
	EXPECT_LE(g1 - g0, k1 - k0);
	EXPECT_LT(SOME, g1 - g0);

	g0 = gvt_stat("ctxt_switches");
	settle();
	k0 = read_key("/proc/stat", "ctxt");
	ASSERT_EQ(0, off_and_on());
	k1 = read_key("/proc/stat", "ctxt");
	run_anywhere();
	settle();
	g1 = gvt_stat("ctxt_switches");
	EXPECT_LE(k1 - k0, g1 - g0);
	EXPECT_LT(SOME, k1 - k0);
}

TEST_HARNESS_MAIN
