// SPDX-License-Identifier: GPL-2.0-only
/*
 * parallel.c - concurrency is not parallelism.
 *
 * A few tasks compute in slices and yield after each. Concurrent: all are in progress at
 * the same time. Parallel: more than one computes at the same time, which is what the
 * process's CPU time tells, beside the clock. First on one P (one CPU), then on all.
 *
 * When all is measured both sides do it once more, for the timelines: goroutines while the
 * scheduler records what it does (LIBGO_TRACE), threads while the kernel does. Where that isn't
 * allowed, the threads' own notes of their slices are drawn.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "crew.h"
#include "experiment.h"
#include "host.h"
#include "kswitch.h"
#include "timeline.h"

#define TASKS		4
#define MAX_SLICES	200

/*
 * Longer than what a thread that has run is taken to be hot in its CPU's cache for
 * (sched_migration_cost_ns, 0.5 ms): with 0.2 ms the kernel left three of four on one CPU beside an idle
 * one, 1.33 CPUs, on a machine that does 200,000 steps in that time.
 */
#define SLICE_NS	2000000
#define PROBE_STEPS	100000

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
	uint64_t slices, steps;
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
		burn(t->steps);
		s->end = now_ns();
		/* On a thread this is sched_yield(). */
		go_yield();
	}
	__atomic_sub_fetch(&t->now, 1, __ATOMIC_SEQ_CST);
}

/* -------------------------------------------------------------------- spans */

/* Of the threads' process, in memory that gvt has too. */
#define MAX_SPANS	16384

/* What rep->scratch has: from when to when it was done on one CPU, and on all. */
enum { BEGIN_1, END_1, BEGIN_ALL, END_ALL };

/**
 * struct spans - what is drawn of the threads
 * @by_kernel: they are the kernel's word
 * @n: how many
 * @span: where each was, on one CPU and on all, one after the other
 */
struct spans {
	bool by_kernel;
	size_t n;
	struct span span[MAX_SPANS];
};

/* What the sides are told. @spans: NULL: only measure. */
struct drawing {
	struct spans *spans;
};

static void add_span(struct spans *s, uint64_t begin, uint64_t end, uint32_t where, uint32_t task)
{
	if (s->n < MAX_SPANS)
		s->span[s->n++] = (struct span){ begin, end, where, task };
}

/* With whose eyes the kernel's stays are seen. */
struct stays {
	struct spans *spans;
	const struct tasks *tasks;
};

static int add_stay(void *arg, const struct kswitch_stay *s, const struct kswitch_thread *thread)
{
	const struct stays *stays = arg;

	(void)thread;
	for (uint32_t i = 0; i < TASKS; i++) {
		if (stays->tasks->slice[i][0].tid == s->tid)
			add_span(stays->spans, s->begin, s->end, s->cpu, i);
	}
	return 0;
}

/* Each thread has a row, where the kernel didn't tell which CPU. */
static void add_notes(struct spans *to, const struct tasks *t)
{
	for (uint32_t i = 0; i < TASKS; i++) {
		for (uint64_t k = 0; k < t->slices; k++)
			add_span(to, t->slice[i][k].begin, t->slice[i][k].end, i + 1, i);
	}
}

/* What the threads have just done. @k: the kernel's word, or NULL. */
static void keep(struct spans *to, struct kswitch *k, const struct tasks *t)
{
	struct stays stays = { to, t };

	to->by_kernel = k && !kswitch_stop(k) && !kswitch_each(k, add_stay, &stays);
	if (!to->by_kernel)
		add_notes(to, t);
	if (k)
		kswitch_close(k);
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
	const struct drawing *d = p->arg;
	struct spans *spans = p->s == SIDE_THREAD && metric >= 0 ? d->spans : NULL;
	struct kswitch *k = NULL;
	static struct tasks t;
	double cpu, took;
	int64_t t0;
	int err;

	memset(&t, 0, sizeof(t));
	t.slices = p->n[0];
	t.steps = p->n[1];
	if (p->s == SIDE_THREAD)
		cpus_use(procs);
	else
		go_maxprocs(procs);
	if (spans && kswitch_open(&k, 0, temporary_folder()))
		k = NULL;
	cpu = cpu_ns();
	t0 = now_ns();
	err = crew_run(rep, p->s, TASKS, task, &t);
	took = elapsed_ns(t0);
	if (spans)
		keep(spans, k, &t);
	if (err || metric < 0)
		return err;
	rep_set(rep, metric, t.most);
	rep_set(rep, metric + 1, (cpu_ns() - cpu) / took);
	rep->scratch[metric == AT_ONCE_1 ? BEGIN_1 : BEGIN_ALL] = t0;
	rep->scratch[metric == AT_ONCE_1 ? END_1 : END_ALL] = now_ns();
	return 0;
}

static void side(const struct plan *p, struct rep *rep)
{
	int err = compute(p, rep, 1, -1);

	if (!err)
		err = compute(p, rep, 1, AT_ONCE_1);
	if (!err && p->procs > 1)
		err = compute(p, rep, p->procs, AT_ONCE);
	rep_fail(rep, NR_METRICS, "%s: %s", side_plural[p->s],
		 err ? strerror(-err) : "one CPU: nothing can be parallel");
}

/* ------------------------------------------------------------------ timelines */

/* On one, or on all, of what is called @what. */
static struct series *timeline(struct result *r, const struct plan *p, enum side s, bool all,
			       const char *what, const char *by)
{
	static const char *const names[SIDES][2] = {
		[SIDE_THREAD] = { "threads_1", "threads_all" },
		[SIDE_GOROUTINE] = { "goroutines_1", "goroutines_all" },
	};
	static char titles[SIDES][2][96];
	char *title = titles[s][all];

	snprintf(title, sizeof(titles[s][all]), "%d %ss on %d %s%s, %s", TASKS, side_name[s],
		 all ? p->procs : 1, what, all && p->procs > 1 ? "s" : "", by);
	return result_series(r, SERIES_TIMELINE, names[s][all], title, "ns", NULL);
}

static void draw(struct result *r, const struct series *s)
{
	size_t len = strlen(r->picture);

	if (s->nr)
		timeline_draw(s, r->picture + len, sizeof(r->picture) - len);
}

static void draw_threads(struct plan *p, struct result *r, struct rep *rep)
{
	const size_t size = sizeof(struct spans);
	struct spans *spans;
	char why[WHY_SIZE];

	spans = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (spans == MAP_FAILED)
		return;
	p->arg = &(struct drawing){ spans };
	if (measure_once(p, SIDE_THREAD, rep, why))
		goto out;
	for (int all = 0; all <= (p->procs > 1); all++) {
		struct series *s = timeline(r, p, SIDE_THREAD, all, "CPU", spans->by_kernel ?
					    "by the kernel's word" : "by their own");

		timeline_from_spans(s, spans->span, spans->n, spans->by_kernel ? "CPU" : "thread",
				    rep->scratch[all ? BEGIN_ALL : BEGIN_1],
				    rep->scratch[all ? END_ALL : END_1]);
		draw(r, s);
	}
out:
	munmap(spans, size);
}

/* The trace goes to memory that has a name as long as this process lives. */
static void draw_goroutines(struct plan *p, struct result *r, struct rep *rep)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);
	FILE *trace = fd < 0 ? NULL : fdopen(fd, "r");
	char path[64], why[WHY_SIZE];

	if (!trace)
		goto out;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	p->trace = path;
	p->arg = &(struct drawing){ NULL };
	if (measure_once(p, SIDE_GOROUTINE, rep, why))
		goto out;
	for (int all = 0; all <= (p->procs > 1); all++) {
		struct series *s = timeline(r, p, SIDE_GOROUTINE, all, "P",
					    "by the scheduler's trace");

		if (!timeline_from_trace(s, trace, rep->scratch[all ? BEGIN_ALL : BEGIN_1],
					 rep->scratch[all ? END_ALL : END_1]))
			draw(r, s);
	}
out:
	p->trace = NULL;
	if (trace)
		fclose(trace);
	else if (fd >= 0)
		close(fd);
}

/* A picture is no reason to fail: what can't be had is left out. */
static void draw_all(struct plan *p, struct result *r)
{
	struct rep *rep = calloc(1, sizeof(*rep));

	if (rep) {
		draw_threads(p, r, rep);
		draw_goroutines(p, r, rep);
	}
	free(rep);
}

/* Of a slice, on this machine as it is now. */
static uint64_t slice_steps(void)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 5; i++) {
		int64_t t0 = now_ns(), took;

		burn(PROBE_STEPS);
		took = now_ns() - t0;
		least = took < least ? took : least;
	}
	return least > 0 ? (uint64_t)SLICE_NS * PROBE_STEPS / (uint64_t)least + 1 : PROBE_STEPS;
}

static int run(struct result *r, const struct options *o)
{
	struct drawing none = { NULL };
	struct plan p;
	int cpus, err;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.arg = &none;
	p.n[0] = experiment_n(o, 30, 20);
	p.n[1] = slice_steps();
	cpus = host_cpus() < p.procs ? host_cpus() : p.procs;
	if (cpus > TASKS)
		cpus = TASKS;
	result_param(r, "tasks", TASKS);
	result_param(r, "steps", p.n[1]);

	const struct expectation expected[] = {
		{ EXPECT_GROUND_MIN, "cpus_used", SIDE_THREAD, 0.6 * cpus },
		{ EXPECT_SIDE_MIN, "in_progress_1", SIDE_GOROUTINE, TASKS },
		{ EXPECT_SIDE_MAX, "cpus_used_1", SIDE_GOROUTINE, 1.1 },
		{ EXPECT_SIDE_MIN, "cpus_used", SIDE_GOROUTINE, 0.7 * cpus },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};

	err = experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
	if (!err)
		draw_all(&p, r);
	return err;
}

static const char about[] =
	"Four tasks compute in --n slices of 2 ms and yield after each, first on one P (threads: one\n"
	"CPU), then on all. How many were in progress at once is counted; how many CPUs computed\n"
	"at once is the process's CPU time by the clock's.\n"
	"\n"
	"Read: on one P all four are in progress, and one CPU computes: concurrent, not\n"
	"parallel. On more Ps the same program is parallel too; nothing in it was changed.\n"
	"The timelines are those of a run of their own, after all was measured: a row for each P,\n"
	"from the scheduler's trace, and for each CPU, from the kernel's, with the task that was\n"
	"there. Where the kernel doesn't tell (kernel.perf_event_paranoid), threads have a row each\n"
	"with the slices that they noted themselves. Dots: none of them. --svg draws them too.\n"
	"\n"
	"Distorts: others who compute take CPUs away, also from what was counted as all. The kernel\n"
	"leaves a thread that ran a moment ago where it is, its cache being there, though another\n"
	"CPU is idle: with slices much shorter than these threads would stay together.\n";

const struct experiment experiment_parallel = {
	.name = "parallel",
	.claim = "Concurrency is not parallelism: many are in progress on one CPU, one computes",
	.about = about,
	.n_means = "slices that each task computes",
	.n_max = MAX_SLICES,
	.run = run,
};
