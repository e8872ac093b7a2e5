// SPDX-License-Identifier: GPL-2.0-only
/*
 * jobs.c - background jobs, some of which fail: is each one's result heard of, and what
 * does it cost to give one away?
 *
 * First each job is a worker of its own, as many at once as there are tickets; then the
 * same jobs go to a pool of workers. Results come back by a channel (threads: a queue).
 */
#include <errno.h>
#include <string.h>

#include "crew.h"
#include "experiment.h"

#define POOL		8
#define CAPACITY	64
#define FAILS_EACH	100
#define STEPS		500

enum { OWN, POOLED, HEARD, FAILED, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[OWN] = { "own_ns", "ns", "a job as a worker of its own" },
	[POOLED] = { "pool_ns", "ns", "a job by a pool of 8" },
	[HEARD] = { "results", "count", "results heard of" },
	[FAILED] = { "failed", "count", "  errors among them" },
};

/**
 * struct office - where jobs are handed out
 * @tickets: who has one may run
 * @jobs: for the pool
 * @results: of all jobs
 * @n: how many jobs there are
 * @begun: how many have begun, of those that are workers of their own
 */
struct office {
	struct link tickets, jobs, results;
	uint64_t n, begun;
};

/* What came of all jobs. */
struct account {
	uint64_t heard, failed;
	int64_t sum;
};

/* A job's error, or its number. */
static int64_t do_job(int64_t number)
{
	burn(STEPS);
	return number % FAILS_EACH ? number : -EIO;
}

static int64_t sum_of_good(uint64_t n)
{
	int64_t bad = n / FAILS_EACH;

	return n * (n + 1) / 2 - FAILS_EACH * bad * (bad + 1) / 2;
}

static void own(void *arg, uint64_t i)
{
	struct office *o = arg;
	int64_t ticket;

	(void)i;
	link_recv(&o->tickets, &ticket);
	link_send(&o->results, do_job(__atomic_add_fetch(&o->begun, 1, __ATOMIC_RELAXED)));
	link_send(&o->tickets, ticket);
}

static void pooled(void *arg, uint64_t i)
{
	struct office *o = arg;
	int64_t number;

	(void)i;
	while (link_recv(&o->jobs, &number))
		link_send(&o->results, do_job(number));
}

/* Hears all results, while jobs are still handed out. */
struct clerk {
	struct office *office;
	struct account account;
};

static void listen_to(void *arg, uint64_t i)
{
	struct clerk *c = arg;
	int64_t value;

	(void)i;
	while (link_recv(&c->office->results, &value)) {
		c->account.heard++;
		c->account.failed += value < 0;
		c->account.sum += value < 0 ? 0 : value;
	}
}

/* At most POOL threads are alive at once; goroutines may all be there, and wait. */
static int hand_out_own(const struct plan *p, struct rep *rep, struct office *o)
{
	uint64_t at_once = p->s == SIDE_THREAD ? POOL : o->n;
	int err = 0;

	for (int i = 0; i < POOL; i++)
		link_send(&o->tickets, i);
	for (uint64_t done = 0; done < o->n && !err; done += at_once)
		err = crew_run(rep, p->s, at_once, own, o);
	return err;
}

static int hand_out_pooled(const struct plan *p, struct rep *rep, struct office *o)
{
	struct crew crew;
	int err = crew_start(&crew, rep, p->s, POOL, pooled, o);

	for (uint64_t i = 1; i <= o->n && !err; i++)
		link_send(&o->jobs, i);
	link_close(&o->jobs);
	crew_wait(&crew);
	return err;
}

static int all_jobs(const struct plan *p, struct rep *rep, uint64_t n,
		    int (*hand_out)(const struct plan *p, struct rep *rep, struct office *o),
		    struct account *a)
{
	struct office o = { .n = n };
	struct clerk clerk = { .office = &o };
	struct crew crew;
	int err;

	err = link_init(&o.tickets, p->s, POOL);
	if (!err)
		err = link_init(&o.jobs, p->s, CAPACITY);
	if (!err)
		err = link_init(&o.results, p->s, CAPACITY);
	if (!err)
		err = crew_start(&crew, rep, p->s, 1, listen_to, &clerk);
	if (err)
		return err;
	err = hand_out(p, rep, &o);
	link_close(&o.results);
	crew_wait(&crew);
	*a = clerk.account;
	/* Each result was heard of once. */
	if (!err && a->sum != sum_of_good(n))
		err = -EBADMSG;
	link_exit(&o.tickets);
	link_exit(&o.jobs);
	link_exit(&o.results);
	return err;
}

static void side(const struct plan *p, struct rep *rep)
{
	uint64_t n = p->n[0];
	struct account own, pool;
	int64_t t0;
	int err = all_jobs(p, rep, POOL, hand_out_own, &own);

	t0 = now_ns();
	if (!err)
		err = all_jobs(p, rep, n, hand_out_own, &own);
	if (!err) {
		rep_set(rep, OWN, elapsed_ns(t0) / n);
		t0 = now_ns();
		err = all_jobs(p, rep, n, hand_out_pooled, &pool);
	}
	if (err) {
		side_fail(p, rep, NR_METRICS, err);
		return;
	}
	rep_set(rep, POOLED, elapsed_ns(t0) / n);
	rep_set(rep, HEARD, own.heard + pool.heard);
	rep_set(rep, FAILED, own.failed + pool.failed);
}

static int run(struct result *r, const struct options *o)
{
	uint64_t n = (experiment_n(o, 20000, 4000) + POOL - 1) / POOL * POOL;
	const struct expectation expected[] = {
		{ EXPECT_SIDE_MIN, "results", SIDE_GOROUTINE, 2. * n },
		{ EXPECT_SIDE_MIN, "failed", SIDE_GOROUTINE, 2. * (n / FAILS_EACH) },
		{ EXPECT_SIDE_MAX, "failed", SIDE_GOROUTINE, 2. * (n / FAILS_EACH) },
		{ EXPECT_RATIO_MIN, "own_ns", SIDE_THREAD, 5 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[0] = n;
	result_param(r, "pool", POOL);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"--n jobs, each computing for less than a microsecond; every hundredth fails. First each\n"
	"is a worker of its own, 8 of which run at once; then they go to a pool of 8 workers.\n"
	"Results and errors come back by a channel (threads: a queue). Each has to arrive once.\n"
	"\n"
	"Read: with threads a pool is needed, as making one costs more than the job. With\n"
	"goroutines there is little to gain by a pool.\n"
	"\n"
	"Distorts: others who compute at the same time. Threads that are jobs of their own are\n"
	"made 8 at a time, goroutines all at once: what waits costs memory only.\n";

const struct experiment experiment_jobs = {
	.name = "jobs",
	.claim = "A background job may be a goroutine of its own, and its error is heard of",
	.about = about,
	.n_means = "jobs",
	.n_max = 10000000,
	.run = run,
};
