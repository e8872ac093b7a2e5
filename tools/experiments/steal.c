// SPDX-License-Identifier: GPL-2.0-only
/*
 * steal.c - all work starts on one P; do the others come and take of it?
 *
 * The goroutine side does it twice, in processes of their own: as always, and with the
 * scheduler's stealing switched off (LIBGO_DEBUG=nosteal). The thread side has no stealing to
 * switch off: as many threads, each with a queue of its own, all jobs in the first one's. That
 * is also what a program has that deals its work out to threads beforehand, and deals badly.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "experiment.h"

#define ROUNDS		5
#define JOB_STEPS	100000

/* What a P's queue holds without handing some on to the global one, which is everybody's. */
#define QUEUE		256

/* Of the picture. */
#define DRAWN_PS	8
#define WIDTH		40

/* Processes of the goroutine side; the figures of the second come after those of the first. */
enum { ON, OFF };
enum { EACH, BUSIEST, STOLEN, EACH_OFF, BUSIEST_OFF, STOLEN_OFF, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[EACH] = { "job_ns", "ns", "all in one queue: each job" },
	[BUSIEST] = { "busiest_share", "percent", "  jobs of the busiest P / thread" },
	[STOLEN] = { "stolen", "count", "  steals, of so many jobs" },
	[EACH_OFF] = { "job_off_ns", "ns", "without stealing: each job" },
	[BUSIEST_OFF] = { "busiest_share_off", "percent", "  jobs of the busiest P / thread" },
	[STOLEN_OFF] = { "stolen_off", "count", "  steals, of so many jobs" },
};

/*
 * @queue: of each thread that does jobs
 * @who: which thread did how many
 * @ended: the same of each P, until the measurement began. By Ps, not by the threads that had
 *	   them: one that gets no CPU loses its P, and another one goes on with it.
 */
struct shop {
	struct link *queue;
	struct who who;
	uint64_t ended[GO_MAXPROCS_LIMIT];
};

static void goroutine(void *arg, uint64_t i)
{
	(void)arg;
	(void)i;
	burn(JOB_STEPS);
}

static void thread(void *arg, uint64_t i)
{
	struct shop *s = arg;
	int64_t value;

	/* By its place: each round has threads of its own. */
	while (link_recv(&s->queue[i], &value)) {
		burn(JOB_STEPS);
		who_note_as(&s->who, i + 1);
	}
}

/* As many threads as Ps, a queue for each; all jobs come to the first. */
static int without_stealing(const struct plan *p, struct rep *rep, struct shop *s, uint64_t n)
{
	int err = 0;

	s->queue = calloc(p->procs, sizeof(*s->queue));
	if (!s->queue)
		return -ENOMEM;
	for (int i = 0; i < p->procs && !err; i++)
		err = link_init(&s->queue[i], p->s, i ? 1 : n);
	for (uint64_t i = 0; i < n && !err; i++)
		link_send(&s->queue[0], i);
	for (int i = 0; i < p->procs && !err; i++)
		link_close(&s->queue[i]);
	if (!err)
		err = crew_run(rep, p->s, p->procs, thread, s);
	for (int i = 0; i < p->procs; i++)
		link_exit(&s->queue[i]);
	free(s->queue);
	return err;
}

static int with_stealing(const struct plan *p, struct rep *rep, struct shop *s, uint64_t n)
{
	return crew_run(rep, p->s, n, goroutine, s);
}

/* Jobs that a P has done since note_ps(). */
static uint64_t done_by(const struct shop *s, int i)
{
	struct go_p_stats stats;

	return go_stats_p(i, &stats) ? 0 : stats.ended - s->ended[i];
}

/* Who did how many of them: a line for each P. */
static void draw(const struct plan *p, struct rep *rep, const struct shop *s, uint64_t jobs)
{
	size_t len = strlen(rep->picture), room = sizeof(rep->picture) - len;
	char *to = rep->picture + len;
	int n = p->procs < DRAWN_PS ? p->procs : DRAWN_PS;

	len = snprintf(to, room, "  jobs done by each P, stealing %s:\n", p->variant ? "off" : "on");
	for (int i = 0; i < n && len < room; i++) {
		uint64_t done = done_by(s, i);
		int bar = jobs ? done * WIDTH / jobs : 0;

		bar = bar < WIDTH ? bar : WIDTH;
		len += snprintf(to + len, room - len, "    P %d %6lu %.*s\n", i, done, bar,
				"########################################");
	}
}

static void note_ps(const struct plan *p, struct shop *s)
{
	struct go_p_stats stats;

	for (int i = 0; i < p->procs; i++)
		s->ended[i] = go_stats_p(i, &stats) ? 0 : stats.ended;
}

/* The most that one P, or thread, has done. */
static uint64_t busiest(const struct plan *p, struct shop *s)
{
	uint64_t least, most = 0;

	if (p->s == SIDE_THREAD)
		who_count(&s->who, &least, &most);
	for (int i = 0; i < p->procs && p->s == SIDE_GOROUTINE; i++) {
		uint64_t done = done_by(s, i);

		most = done > most ? done : most;
	}
	/* One that ended just before may be counted just after. */
	return most < p->n[0] * ROUNDS ? most : p->n[0] * ROUNDS;
}

/* The figures of one process, from metric @first on. */
static void tell(const struct plan *p, struct rep *rep, struct shop *s, int first, double each,
		 uint64_t steals)
{
	rep_set(rep, first + EACH, each);
	if (p->procs == 1)
		return;
	rep_set(rep, first + BUSIEST, 100. * busiest(p, s) / (p->n[0] * ROUNDS));
	rep_set(rep, first + STOLEN, steals);
}

static void side(const struct plan *p, struct rep *rep)
{
	int (*once)(const struct plan *p, struct rep *rep, struct shop *s, uint64_t n) =
		p->s == SIDE_THREAD ? without_stealing : with_stealing;
	uint64_t n = p->n[0], steals;
	struct go_stats stats = { .steals = 0 };
	static struct shop s;
	int64_t t0;
	double each;
	int err = once(p, rep, &s, n);

	memset(&s.who, 0, sizeof(s.who));
	if (p->s == SIDE_GOROUTINE) {
		go_stats(&stats);
		note_ps(p, &s);
	}
	steals = stats.steals;
	t0 = now_ns();
	for (int i = 0; i < ROUNDS && !err; i++)
		err = once(p, rep, &s, n);
	if (err) {
		side_fail(p, rep, NR_METRICS, err);
		return;
	}
	each = elapsed_ns(t0) / (n * ROUNDS);
	if (p->s == SIDE_GOROUTINE) {
		go_stats(&stats);
		draw(p, rep, &s, n * ROUNDS);
	}
	tell(p, rep, &s, p->variant == OFF ? EACH_OFF : EACH, each, stats.steals - steals);
	/* There is nothing to switch off. */
	if (p->s == SIDE_THREAD)
		tell(p, rep, &s, EACH_OFF, each, 0);
	if (p->procs == 1)
		rep_fail(rep, NR_METRICS, "one P: there is nobody to steal");
}

static int run(struct result *r, const struct options *o)
{
	static const struct expectation expected[] = {
		{ EXPECT_SIDE_MIN, "stolen", SIDE_GOROUTINE, 1 },
		{ EXPECT_SIDE_MIN, "busiest_share", SIDE_THREAD, 100 },
		{ EXPECT_SIDE_MAX, "busiest_share", SIDE_GOROUTINE, 90 },
		{ EXPECT_SIDE_MAX, "stolen_off", SIDE_GOROUTINE, 0 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
		/* Where all of them fit into one queue. */
		{ EXPECT_SIDE_MIN, "busiest_share_off", SIDE_GOROUTINE, 90 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	plan_procs(&p, 2);
	p.variants[SIDE_GOROUTINE] = 2;
	p.debug[OFF] = "nosteal";
	p.n[0] = experiment_n(o, 200, 100);
	result_param(r, "job_steps", JOB_STEPS);
	result_param(r, "rounds", ROUNDS);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected,
				 ARRAY_SIZE(expected) - (p.n[0] > QUEUE));
}

static const char about[] =
	"One goroutine makes --n others, each of which computes for a while; all of them come\n"
	"into the queue of the P that it runs on (which holds 256; more go to the global queue).\n"
	"Then the same with the scheduler's stealing switched off (LIBGO_DEBUG=nosteal). Threads\n"
	"have none: as many as Ps, each with a queue of its own, all jobs in the first one's.\n"
	"\n"
	"Read: without stealing one P, or thread, does it all, the busiest has 100 %. With it the\n"
	"others come for half of what is there, each time that they have nothing: with 2 Ps\n"
	"the busiest does some 50 %, and the jobs take half the time, if there are 2 CPUs.\n"
	"The picture has what each P did.\n"
	"\n"
	"Distorts: a machine on which others compute: a thread that gets no CPU steals late.\n";

const struct experiment experiment_steal = {
	.name = "steal",
	.claim = "Ps that are idle steal work from those that have it",
	.about = about,
	.n_means = "jobs that are in one queue at first",
	.n_max = 10000,
	.run = run,
};
