// SPDX-License-Identifier: GPL-2.0-only
/*
 * leak.c - what has no way to stop stays until the end of the process: who tells?
 *
 * First some workers wait for a word that comes, and end. Then as many wait for what nobody
 * does, and main returns. libgo's report of them, LIBGO_DEBUG=leaks, is read from the
 * standard error of the process.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "crew.h"
#include "experiment.h"
#include "memuse.h"
#include "parked.h"

/* What has ended may be counted for a moment yet. */
#define SETTLE_NS	(2 * NSEC_PER_SEC)
#define LOOK_NS		1000000

enum { STOPPED, LEFT, BYTES, REPORTED, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[STOPPED] = { "alive_stopped", "count", "alive after all were told to stop" },
	[LEFT] = { "alive_left", "count", "alive where nobody can tell them" },
	[BYTES] = { "left_bytes", "bytes", "  memory that each of these holds" },
	[REPORTED] = { "reported", "count", "  told of at the end" },
};

/* @here: how many wait */
struct leaky {
	struct go_chan *nobody_sends;
	pthread_mutex_t lock;
	pthread_cond_t nobody_signals;
	uint64_t here;
};

static void stoppable(void *arg, uint64_t i)
{
	(void)i;
	gate_pass(arg);
}

/* By these names the report calls them. */
static void waits_for_nobody(void *arg)
{
	struct leaky *l = arg;

	__atomic_add_fetch(&l->here, 1, __ATOMIC_SEQ_CST);
	go_recv(l->nobody_sends, NULL);
}

static void *thread_waits_for_nobody(void *arg)
{
	struct leaky *l = arg;

	pthread_mutex_lock(&l->lock);
	__atomic_add_fetch(&l->here, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pthread_cond_wait(&l->nobody_signals, &l->lock);
	return NULL;
}

static __attribute__((noinline)) int leak_goroutines(struct leaky *l, struct rep *rep, uint64_t n)
{
	int err = 0;

	while (n-- && !err) {
		err = go(waits_for_nobody, l);
		rep->made += !err;
	}
	return err;
}

static int leak_threads(struct leaky *l, struct rep *rep, uint64_t n)
{
	pthread_t t;
	int err = 0;

	while (n-- && !err) {
		err = -pthread_create(&t, NULL, thread_waits_for_nobody, l);
		rep->made += !err;
	}
	return err;
}

/* Beside main. */
static uint64_t alive(const struct plan *p)
{
	uint64_t all = p->s == SIDE_GOROUTINE ? (uint64_t)go_num() : threads_alive();

	return all - 1;
}

static int stop_all(const struct plan *p, struct rep *rep, uint64_t n)
{
	int64_t end = now_ns() + SETTLE_NS;
	uint64_t before = alive(p);
	struct crew crew;
	struct gate gate;
	int err;

	err = gate_init(&gate, p->s, n);
	if (!err)
		err = crew_start(&crew, rep, p->s, n, stoppable, &gate);
	/* Those that wait for the others end with this process. */
	if (err)
		return err;
	gate_gather(&gate);
	gate_open(&gate);
	crew_wait(&crew);
	gate_exit(&gate);
	while (alive(p) > before && now_ns() < end)
		go_sleep(LOOK_NS);
	rep_set(rep, STOPPED, alive(p) - before);
	return 0;
}

/* @before: before any of those that stopped, whose stacks these may have */
static int leave_all(const struct plan *p, struct rep *rep, uint64_t n,
		     const struct memuse *before)
{
	/* They are still there when this function isn't. */
	static struct leaky l = { .lock = PTHREAD_MUTEX_INITIALIZER,
				  .nobody_signals = PTHREAD_COND_INITIALIZER };
	uint64_t others = alive(p);
	struct memuse now, each;
	int err;

	l.nobody_sends = go_chan_make(0, 0);
	if (!l.nobody_sends)
		return -ENOMEM;
	if (p->s == SIDE_GOROUTINE)
		err = leak_goroutines(&l, rep, n);
	else
		err = leak_threads(&l, rep, n);
	if (err)
		return err;
	while (__atomic_load_n(&l.here, __ATOMIC_SEQ_CST) < n)
		go_sleep(LOOK_NS);
	err = memuse_read(&now);
	if (err)
		return err;
	each = memuse_each(before, &now, n);
	rep_set(rep, BYTES, memuse_committed(&each));
	rep_set(rep, LEFT, alive(p) - others);
	return 0;
}

static void side(const struct plan *p, struct rep *rep)
{
	struct memuse before;
	int err = memuse_read(&before);

	if (!err)
		err = stop_all(p, rep, p->n[0]);
	if (!err)
		err = leave_all(p, rep, p->n[0], &before);
	if (err)
		side_fail(p, rep, NR_METRICS, err);
}

/* "LIBGO_DEBUG=leaks: 100 goroutines alive when main returned", then a list by kind. */
static void ending(const struct plan *p, struct rep *rep, const struct ending *e)
{
	static const char head[] = "LIBGO_DEBUG=leaks: ";
	const char *at = strstr(e->text, head);
	uint64_t reported;

	if (p->s == SIDE_THREAD) {
		rep_fail(rep, NR_METRICS, "threads: nothing tells of those that are left");
		return;
	}
	if (!at || !WIFEXITED(e->status) || WEXITSTATUS(e->status) ||
	    !strstr(at, "waits_for_nobody")) {
		rep_fail(rep, NR_METRICS, "goroutines: there was no report of them");
		return;
	}
	reported = strtoull(at + strlen(head), NULL, 10);
	rep_set(rep, REPORTED, reported);
	/* As much of it as there is room for, in whole lines. */
	for (const char *line = at; *line; line += strcspn(line, "\n") + 1) {
		size_t used = strlen(rep->picture), len = strcspn(line, "\n");

		if (used + len + 4 > sizeof(rep->picture) || !line[len])
			break;
		snprintf(rep->picture + used, sizeof(rep->picture) - used, "%s%.*s\n",
			 len ? "  " : "", (int)len, line);
	}
}

static int run(struct result *r, const struct options *o)
{
	uint64_t n = parked_choose_n(o, 1000, 200);
	const struct expectation expected[] = {
		{ EXPECT_SIDE_MAX, "alive_stopped", SIDE_GOROUTINE, 0 },
		{ EXPECT_SIDE_MIN, "alive_left", SIDE_GOROUTINE, n },
		{ EXPECT_SIDE_MIN, "reported", SIDE_GOROUTINE, n },
		{ EXPECT_SIDE_MIN, "alive_left", SIDE_THREAD, n },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[0] = n;
	p.debug[0] = "leaks=1";
	p.ending = ending;
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"--n workers wait for a word that is said, and end. Then --n wait for what nobody does: a\n"
	"channel that nobody sends on, a condition variable that nobody signals; and main returns,\n"
	"with LIBGO_DEBUG=leaks.\n"
	"\n"
	"Read: those that have no way to stop are there until the end, and so is their memory.\n"
	"libgo's report has them by where they were made and what they wait for; of threads\n"
	"nothing tells. A way to stop is a channel that is closed, or a context (`cancel`).\n"
	"\n"
	"Distorts: nothing much; kernel stacks are read for the whole system.\n";

const struct experiment experiment_leak = {
	.name = "leak",
	.claim = "Goroutines without a way to stop leak, and a report says where they were made",
	.about = about,
	.n_means = "threads, and goroutines, that nobody stops",
	.n_max = 20000,
	.run = run,
};
