// SPDX-License-Identifier: GPL-2.0-only
/*
 * parallel.c - concurrency is not parallelism.
 *
 * A few tasks compute in slices and yield after each. Concurrent: all are in progress at
 * the same time. Parallel: more than one computes at the same time, which is what the
 * process's CPU time tells, beside the clock. First on one P (one CPU), then on all.
 * Each slice is noted, and drawn.
 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "crew.h"
#include "experiment.h"
#include "host.h"

#define TASKS		4
#define MAX_SLICES	200
#define SLICE_STEPS	200000

/* Of the picture. */
#define WIDTH		72
#define ROWS		6

enum { AT_ONCE_1, CPUS_1, AT_ONCE, CPUS, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[AT_ONCE_1] = { "in_progress_1", "count", "one CPU / P: tasks in progress at once" },
	[CPUS_1] = { "cpus_used_1", "factor", "  CPUs that computed at once" },
	[AT_ONCE] = { "in_progress", "count", "all CPUs / Ps: tasks in progress at once" },
	[CPUS] = { "cpus_used", "factor", "  CPUs that computed at once" },
};

/* When a slice was done, and by which kernel thread. */
struct slice {
	int64_t begin, end;
	uint32_t tid;
};

struct tasks {
	uint64_t slices;
	uint64_t now, most;	/* in progress */
	struct slice slice[TASKS][MAX_SLICES];
};

static void note_progress(struct tasks *t)
{
	uint64_t now = __atomic_add_fetch(&t->now, 1, __ATOMIC_SEQ_CST);
	uint64_t most = __atomic_load_n(&t->most, __ATOMIC_SEQ_CST);

	while (most < now && !__atomic_compare_exchange_n(&t->most, &most, now, false,
							  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static void task(void *arg, uint64_t i)
{
	struct tasks *t = arg;

	note_progress(t);
	for (uint64_t k = 0; k < t->slices; k++) {
		struct slice *s = &t->slice[i][k];

		s->tid = syscall(SYS_gettid);
		s->begin = now_ns();
		burn(SLICE_STEPS);
		s->end = now_ns();
		/* On a thread this is sched_yield(). */
		go_yield();
	}
	__atomic_sub_fetch(&t->now, 1, __ATOMIC_SEQ_CST);
}

/* ------------------------------------------------------------------- picture */

static int row_of(uint32_t *tids, int *rows, uint32_t tid)
{
	int i = 0;

	while (i < *rows && tids[i] != tid)
		i++;
	if (i == *rows && *rows < ROWS)
		tids[(*rows)++] = tid;
	return i < ROWS ? i : -1;
}

/* A row for each kernel thread, a letter for the task that it computes. */
static void draw(const struct tasks *t, char *to, size_t room, const char *title)
{
	int64_t first = INT64_MAX, last = 0;
	char row[ROWS][WIDTH + 1];
	uint32_t tids[ROWS];
	int rows = 0, used;

	memset(row, '.', sizeof(row));
	for (int i = 0; i < TASKS; i++) {
		if (t->slice[i][0].begin < first)
			first = t->slice[i][0].begin;
		if (t->slice[i][t->slices - 1].end > last)
			last = t->slice[i][t->slices - 1].end;
	}
	for (int i = 0; i < TASKS; i++) {
		for (uint64_t k = 0; k < t->slices; k++) {
			const struct slice *s = &t->slice[i][k];
			int r = row_of(tids, &rows, s->tid);
			int64_t a = (s->begin - first) * WIDTH / (last - first + 1);
			int64_t b = (s->end - first) * WIDTH / (last - first + 1);

			for (; r >= 0 && a <= b; a++)
				row[r][a] = 'A' + i;
		}
	}
	used = snprintf(to, room, "  %s: %.1f ms\n", title, (last - first) / 1e6);
	for (int r = 0; r < rows && used < (int)room; r++)
		used += snprintf(to + used, room - used, "    thread %d |%.*s|\n", r + 1, WIDTH,
				 row[r]);
}

/* ------------------------------------------------------------------- measuring */

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int compute(const struct plan *p, struct rep *rep, int procs, int metric)
{
	static struct tasks t;
	size_t len = strlen(rep->picture);
	double cpu = cpu_ns(), took;
	char title[80];
	int64_t t0;
	int err;

	memset(&t, 0, sizeof(t));
	t.slices = p->n[0];
	if (p->s == SIDE_THREAD)
		cpus_use(procs);
	else
		go_maxprocs(procs);
	t0 = now_ns();
	err = crew_run(rep, p->s, TASKS, task, &t);
	took = elapsed_ns(t0);
	if (err || metric < 0)
		return err;
	rep_set(rep, metric, t.most);
	rep_set(rep, metric + 1, (cpu_ns() - cpu) / took);
	snprintf(title, sizeof(title), "%d %ss on %d %s%s", TASKS, side_name[p->s], procs,
		 p->s == SIDE_THREAD ? "CPU" : "P", procs > 1 ? "s" : "");
	draw(&t, rep->picture + len, sizeof(rep->picture) - len, title);
	return 0;
}

static void side(const struct plan *p, struct rep *rep)
{
	int err = compute(p, rep, 1, -1);

	if (!err)
		err = compute(p, rep, 1, AT_ONCE_1);
	if (!err && p->procs > 1)
		err = compute(p, rep, p->procs, AT_ONCE);
	rep_fail(rep, NR_METRICS, "%ss: %s", side_name[p->s],
		 err ? strerror(-err) : "one CPU: nothing can be parallel");
}

static int run(struct result *r, const struct options *o)
{
	struct plan p;
	int cpus;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[0] = experiment_n(o, 30, 10);
	cpus = host_cpus() < p.procs ? host_cpus() : p.procs;
	if (cpus > TASKS)
		cpus = TASKS;
	result_param(r, "tasks", TASKS);

	const struct expectation expected[] = {
		{ EXPECT_GROUND_MIN, "cpus_used", SIDE_THREAD, 0.7 * cpus },
		{ EXPECT_SIDE_MIN, "in_progress_1", SIDE_GOROUTINE, TASKS },
		{ EXPECT_SIDE_MAX, "cpus_used_1", SIDE_GOROUTINE, 1.1 },
		{ EXPECT_SIDE_MIN, "cpus_used", SIDE_GOROUTINE, 0.7 * cpus },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};

	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"Four tasks compute in --n slices and yield after each, first on one P (threads: one\n"
	"CPU), then on all. How many were in progress at once is counted; how many CPUs computed\n"
	"at once is the process's CPU time by the clock's.\n"
	"\n"
	"Read: on one P all four are in progress, and one CPU computes: concurrent, not\n"
	"parallel. On more Ps the same program is parallel too; nothing in it was changed.\n"
	"The picture has a row for each kernel thread and a letter for the task that it\n"
	"computes: goroutines take turns on a thread, threads take turns on a CPU. Dots: it\n"
	"did none of them.\n"
	"\n"
	"Distorts: others who compute take CPUs away, also from what was counted as all.\n";

const struct experiment experiment_parallel = {
	.name = "parallel",
	.claim = "Concurrency is not parallelism: many are in progress on one CPU, one computes",
	.about = about,
	.n_means = "slices that each task computes",
	.n_max = MAX_SLICES,
	.run = run,
};
