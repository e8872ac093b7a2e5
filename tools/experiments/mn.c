// SPDX-License-Identifier: GPL-2.0-only
/*
 * mn.c - M goroutines on N threads: how many kernel threads do they take?
 *
 * Each worker notes the kernel thread that it is on, waits until all are there, and notes
 * it once more. So all are alive at once, and each has run before and after a wait.
 */
#include <string.h>

#include "crew.h"
#include "experiment.h"
#include "parked.h"

#define NOTES	2

enum { KERNEL_THREADS, MOST, ALIVE, EACH, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[KERNEL_THREADS] = { "kernel_threads", "count", "kernel threads that ran them" },
	[MOST] = { "most_by_one_thread", "count", "  the most that one of these ran" },
	[ALIVE] = { "threads_alive", "count", "kernel threads alive while all waited" },
	[EACH] = { "each_ns", "ns", "each: made, waited, woken, ended" },
};

struct many {
	struct gate gate;
	struct who who;
};

static void worker(void *arg, uint64_t i)
{
	struct many *m = arg;

	(void)i;
	who_note(&m->who);
	gate_pass(&m->gate);
	who_note(&m->who);
}

static int run_many(const struct plan *p, struct rep *rep, struct many *m, uint64_t n)
{
	struct crew crew;
	int err;

	memset(&m->who, 0, sizeof(m->who));
	err = gate_init(&m->gate, p->s, n);
	if (!err)
		err = crew_start(&crew, rep, p->s, n, worker, m);
	/* Those that wait for the others end with this process. */
	if (err)
		return err;
	gate_gather(&m->gate);
	rep_set(rep, ALIVE, threads_alive());
	gate_open(&m->gate);
	crew_wait(&crew);
	gate_exit(&m->gate);
	return 0;
}

static void side(const struct plan *p, struct rep *rep)
{
	static struct many m;
	uint64_t n = p->n[0], least, most;
	int err = run_many(p, rep, &m, n / 10 + 1);
	int64_t t0 = now_ns();

	if (!err)
		err = run_many(p, rep, &m, n);
	if (err) {
		memset(rep->set, 0, sizeof(rep->set));
		side_fail(p, rep, NR_METRICS, err);
		return;
	}
	rep_set(rep, EACH, elapsed_ns(t0) / n);
	rep_set(rep, KERNEL_THREADS, who_count(&m.who, &least, &most));
	rep_set(rep, MOST, (double)most / NOTES);
}

static int run(struct result *r, const struct options *o)
{
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	if (!o->procs)
		p.procs = 4;
	p.n[0] = parked_choose_n(o, 10000, 1000);

	const struct expectation expected[] = {
		/* A thread that lost its P finishes what it is in: there may be a few more. */
		{ EXPECT_SIDE_MAX, "kernel_threads", SIDE_GOROUTINE, 2. * p.procs + 4 },
		{ EXPECT_SIDE_MIN, "kernel_threads", SIDE_THREAD, p.n[0] },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};

	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"--n workers note the kernel thread they are on (gettid), wait until all are there, are\n"
	"let go, and note it once more. Goroutines run on --procs Ps, 4 otherwise.\n"
	"\n"
	"Read: each thread is a kernel thread, so the first row is --n there. Goroutines share\n"
	"one kernel thread for each P. There may be a few more: a thread that lost its P in the\n"
	"midst of something goes on later; one waits idle; and the monitor runs no goroutine.\n"
	"\n"
	"Distorts: on a busy machine Ps are taken from threads that got no CPU, and others\n"
	"take their place.\n";

const struct experiment experiment_mn = {
	.name = "mn",
	.claim = "Any number of goroutines runs on a few kernel threads",
	.about = about,
	.n_means = "threads, and goroutines, alive at once",
	.n_max = 30000,
	.run = run,
};
