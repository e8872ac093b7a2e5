// SPDX-License-Identifier: GPL-2.0-only
/* /proc/gvt/thread: the live threads of watched processes, as the kernel knows them. */
#include <dirent.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "counters.h"
#include "child.h"

#define THREADS	GVT_DIR "thread"

/* For as long as a busy machine may need until all sleep. */
#define TRIES	500

static unsigned int count_rows(const char *text, int pid)
{
	const char *line = NULL;
	unsigned int n = 0;
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	while ((line = find_row(text, line, "pid", number)))
		n++;
	return n;
}

static unsigned int rows_of(int pid)
{
	char *text = read_file(THREADS);
	unsigned int n = count_rows(text, pid);

	free(text);
	return n;
}

static long number_of(const char *text, int tid, const char *column)
{
	char number[16], value[32];
	const char *line;

	snprintf(number, sizeof(number), "%d", tid);
	line = find_row(text, NULL, "tid", number);
	if (!line)
		return NONE;
	find_column(strchr(text, '\n') + 1, line, column, value, sizeof(value));
	return strtol(value, NULL, 10);
}

/* ------------------------------------------- N threads that switch K times */

#define N	16	/* threads, in pairs */
#define K	100	/* times that each waits for its partner */

struct pair {
	sem_t to[2];
};

struct player {
	struct pair *pair;
	int side;
};

static pthread_barrier_t gate;

static void *play(void *arg)
{
	struct player *me = arg;
	unsigned int i;

	for (i = 0; i < K; i++) {
		if (me->side)
			sem_wait(&me->pair->to[1]);
		sem_post(&me->pair->to[!me->side]);
		if (!me->side)
			sem_wait(&me->pair->to[0]);
	}
	pthread_barrier_wait(&gate);	/* all have played */
	pthread_barrier_wait(&gate);	/* all have been looked at */
	return NULL;
}

static void players(struct child *me, void *arg)
{
	struct player player[N];
	struct pair pair[N / 2];
	pthread_t t[N];
	cpu_set_t one;
	unsigned int i;

	/* On one CPU whoever waits has to sleep: the partner can't run meanwhile. */
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	pthread_barrier_init(&gate, NULL, N + 1);
	say(me);
	hear(me);
	for (i = 0; i < N; i++) {
		if (!(i % 2)) {
			sem_init(&pair[i / 2].to[0], 0, 0);
			sem_init(&pair[i / 2].to[1], 0, 0);
		}
		player[i] = (struct player){ &pair[i / 2], i % 2 };
		if (pthread_create(&t[i], NULL, play, &player[i]))
			_exit(98);
	}
	pthread_barrier_wait(&gate);
	say(me);
	hear(me);
	pthread_barrier_wait(&gate);
	for (i = 0; i < N; i++)
		pthread_join(t[i], NULL);
	say(me);
	hear(me);
}

struct sums {
	unsigned int threads, asleep;
	long voluntary, nonvoluntary;
};

/* What /proc/PID/task says, and what the rows in @text say of the same threads. */
static void add_up(int pid, const char *text, struct sums *kernel, struct sums *gvt)
{
	char path[352], *status;
	struct dirent *e;
	DIR *dir;

	memset(kernel, 0, sizeof(*kernel));
	memset(gvt, 0, sizeof(*gvt));
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		if (*e->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, e->d_name);
		status = read_file(path);
		if (!status)
			continue;
		kernel->threads++;
		kernel->asleep += !!strstr(status, "State:\tS");
		kernel->voluntary += find_key(status, "voluntary_ctxt_switches");
		kernel->nonvoluntary += find_key(status, "nonvoluntary_ctxt_switches");
		gvt->threads += number_of(text, atoi(e->d_name), "pid") == pid;
		gvt->voluntary += number_of(text, atoi(e->d_name), "voluntary_ctxt_switches");
		gvt->nonvoluntary += number_of(text, atoi(e->d_name), "nonvoluntary_ctxt_switches");
		free(status);
	}
	if (dir)
		closedir(dir);
}

/* Both files and the kernel's own, at one moment: all asleep, twice the same. */
static bool at_one_moment(int pid, struct row *row, struct sums *kernel, struct sums *gvt)
{
	struct sums before, unused;
	unsigned int i;
	char *text;

	for (i = 0; i < TRIES; i++) {
		text = read_file(THREADS);
		add_up(pid, text, &before, &unused);
		free(text);
		settle();
		if (!get_row(row, pid, "live"))
			return false;
		text = read_file(THREADS);
		add_up(pid, text, kernel, gvt);
		free(text);
		if (kernel->asleep == kernel->threads && !memcmp(&before, kernel, sizeof(before)))
			return true;
		put_row(row);
		usleep(10000);
	}
	return false;
}

TEST(n_threads_that_switch_k_times)
{
	struct child c = child_start(players, NULL);
	struct sums start, kernel, gvt;
	long vol, non;
	struct row row;

	hear(&c);
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	ASSERT_TRUE(at_one_moment(c.pid, &row, &start, &gvt));
	put_row(&row);
	ASSERT_EQ(0, watch_pid("-", c.pid, ""));
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	say(&c);
	ASSERT_TRUE(hear(&c));
	ASSERT_TRUE(at_one_moment(c.pid, &row, &kernel, &gvt));

	EXPECT_EQ(N, row_number(&row, "thread_creations"));
	EXPECT_EQ(N + 1, row_number(&row, "threads_alive"));
	EXPECT_EQ(N + 1, kernel.threads);
	EXPECT_EQ(kernel.threads, gvt.threads);
	EXPECT_EQ(kernel.voluntary, gvt.voluntary);
	EXPECT_EQ(kernel.nonvoluntary, gvt.nonvoluntary);

	vol = row_number(&row, "voluntary_ctxt_switches");
	non = row_number(&row, "nonvoluntary_ctxt_switches");
	TH_LOG("%d threads, %d waits each: %ld voluntary (kernel %ld), %ld nonvoluntary (kernel %ld)",
	       N, K, vol, kernel.voluntary - start.voluntary, non,
	       kernel.nonvoluntary - start.nonvoluntary);
	EXPECT_EQ(kernel.voluntary + kernel.nonvoluntary - start.voluntary - start.nonvoluntary,
		  vol + non);
	EXPECT_LE(vol, kernel.voluntary - start.voluntary);
	if (!sleeps_are_taken_back())
		EXPECT_EQ(kernel.voluntary - start.voluntary, vol);
	/* In a pair each sleeps once for each turn, but for one who was preempted before it. */
	EXPECT_LE(N * (K - 1), vol + non);
	put_row(&row);
	child_wait(&c);
}

/* ----------------------------------------------------------- which threads */

static void *waits(void *arg)
{
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	return NULL;
}

static void many_threads(struct child *me, void *arg)
{
	unsigned int n = *(unsigned int *)arg, i;
	pthread_t *t = calloc(n, sizeof(*t));
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_barrier_init(&gate, NULL, n + 1);
	for (i = 0; i < n; i++) {
		if (pthread_create(&t[i], &small, waits, NULL))
			_exit(98);
	}
	pthread_barrier_wait(&gate);
	say(me);
	hear(me);
	pthread_barrier_wait(&gate);
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	say(me);
	hear(me);
}

TEST(all_of_many_and_none_that_ended)
{
	unsigned int n = 1000;
	struct child c = child_start(many_threads, &n);
	unsigned int i;

	ASSERT_TRUE(hear(&c));
	EXPECT_EQ(0, rows_of(c.pid));
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	EXPECT_EQ(n + 1, rows_of(c.pid));
	say(&c);
	ASSERT_TRUE(hear(&c));
	/* pthread_join() returns a moment before a thread is through. */
	for (i = 0; i < TRIES && rows_of(c.pid) > 1; i++)
		usleep(10000);
	EXPECT_EQ(1, rows_of(c.pid));
	child_wait(&c);
	EXPECT_EQ(0, rows_of(c.pid));
}

TEST(one_snapshot_a_byte_at_a_time)
{
	unsigned int n = 20;
	struct child c = child_start(many_threads, &n);
	char *text;

	ASSERT_TRUE(hear(&c));
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	text = read_steps(THREADS, 1);
	ASSERT_NE(NULL, text);
	EXPECT_EQ(0, strncmp(text, "version 1\npid tid comm cpu ", 27));
	EXPECT_EQ(n + 1, count_rows(text, c.pid));
	free(text);
	child_wait(&c);
}

static void on_cpu_0(struct child *me, void *arg)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	prctl(PR_SET_NAME, "a b\\c");
	say(me);
	hear(me);
}

TEST(cpu_and_name)
{
	struct child c = child_start(on_cpu_0, NULL);
	char *text, number[16], value[64];
	const char *line;

	ASSERT_TRUE(hear(&c));
	ASSERT_EQ(0, watch_pid("", c.pid, ""));
	text = read_file(THREADS);
	snprintf(number, sizeof(number), "%d", c.pid);
	line = find_row(text, NULL, "tid", number);
	ASSERT_NE(NULL, line);
	find_column(strchr(text, '\n') + 1, line, "comm", value, sizeof(value));
	EXPECT_STREQ("a\\040b\\134c", value);
	EXPECT_EQ(0, number_of(text, c.pid, "cpu"));
	free(text);
	child_wait(&c);
}

TEST(anybody_may_read)
{
	struct stat st;

	ASSERT_EQ(0, stat(THREADS, &st));
	EXPECT_EQ(0444, st.st_mode & 07777);
	EXPECT_EQ(-EIO, write_bytes(THREADS, "x", 1));
}

TEST_HARNESS_MAIN
