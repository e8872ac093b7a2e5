// SPDX-License-Identifier: GPL-2.0-only
/*
 * race.c - many add to one counter: what is lost, and what does it cost to lose nothing?
 *
 * The unsynchronised way reads and writes in two steps that are each a whole one, as
 * counter++ is compiled on most machines; that the compiler may do worse with a race is
 * not what is measured here.
 */
#include <pthread.h>
#include <string.h>

#include "crew.h"
#include "experiment.h"

#define WORKERS		4
#define CAPACITY	128

enum { NONE, MUTEX, RWMUTEX, CHANNEL, ATOMIC, WAYS };
enum { LOST, EACH, PER_WAY, NR_METRICS = WAYS * PER_WAY };

#define METRICS(way, name, text)							\
	[PER_WAY * (way) + LOST] = { "lost_" name, "count", text ": additions lost" },	\
	[PER_WAY * (way) + EACH] = { name "_ns", "ns", "  each" }

static const struct metric_def metrics[NR_METRICS] = {
	METRICS(NONE, "none", "not synchronised"),
	METRICS(MUTEX, "mutex", "a mutex"),
	METRICS(RWMUTEX, "rwmutex", "a reader/writer mutex, to write"),
	METRICS(CHANNEL, "channel", "a channel / queue to one who adds"),
	METRICS(ATOMIC, "atomic", "an atomic addition"),
};

/* @start: all begin at the same time, or the first have ended before the last begin */
struct shared {
	struct gate start;
	enum side s;
	int way;
	uint64_t each;
	uint64_t counter;
	struct go_mutex go_lock;
	pthread_mutex_t lock;
	struct go_rwmutex go_rwlock;
	pthread_rwlock_t rwlock;
	struct link link;
};

static uint64_t read_counter(struct shared *s)
{
	return __atomic_load_n(&s->counter, __ATOMIC_RELAXED);
}

static void add_one(struct shared *s)
{
	__atomic_store_n(&s->counter, read_counter(s) + 1, __ATOMIC_RELAXED);
}

static void add_locked(struct shared *s)
{
	if (s->s == SIDE_GOROUTINE)
		go_mutex_lock(&s->go_lock);
	else
		pthread_mutex_lock(&s->lock);
	add_one(s);
	if (s->s == SIDE_GOROUTINE)
		go_mutex_unlock(&s->go_lock);
	else
		pthread_mutex_unlock(&s->lock);
}

static void add_to_write(struct shared *s)
{
	if (s->s == SIDE_GOROUTINE)
		go_rwmutex_lock(&s->go_rwlock);
	else
		pthread_rwlock_wrlock(&s->rwlock);
	add_one(s);
	if (s->s == SIDE_GOROUTINE)
		go_rwmutex_unlock(&s->go_rwlock);
	else
		pthread_rwlock_unlock(&s->rwlock);
}

static void worker(void *arg, uint64_t i)
{
	struct shared *s = arg;

	(void)i;
	gate_pass(&s->start);
	for (uint64_t k = 0; k < s->each; k++) {
		if (s->way == NONE)
			add_one(s);
		else if (s->way == MUTEX)
			add_locked(s);
		else if (s->way == RWMUTEX)
			add_to_write(s);
		else if (s->way == ATOMIC)
			__atomic_add_fetch(&s->counter, 1, __ATOMIC_SEQ_CST);
		else
			link_send(&s->link, 1);
	}
}

/* The only one who adds. */
static void owner(void *arg, uint64_t i)
{
	struct shared *s = arg;
	int64_t value;

	(void)i;
	while (link_recv(&s->link, &value))
		s->counter += value;
}

/* @ns: from their start to the end of the last one. What a failure leaves ends with us. */
static int add_up(struct rep *rep, struct shared *s, double *ns)
{
	struct crew keeper, workers;
	int64_t t0;
	int err;

	err = gate_init(&s->start, s->s, WORKERS);
	if (!err)
		err = link_init(&s->link, s->s, CAPACITY);
	if (!err && s->way == CHANNEL)
		err = crew_start(&keeper, rep, s->s, 1, owner, s);
	if (!err)
		err = crew_start(&workers, rep, s->s, WORKERS, worker, s);
	if (err)
		return err;
	gate_gather(&s->start);
	t0 = now_ns();
	gate_open(&s->start);
	crew_wait(&workers);
	link_close(&s->link);
	if (s->way == CHANNEL)
		crew_wait(&keeper);
	*ns = elapsed_ns(t0);
	link_exit(&s->link);
	gate_exit(&s->start);
	return 0;
}

static void side(const struct plan *p, struct rep *rep)
{
	int err = 0;

	for (int way = 0; way < WAYS && !err; way++) {
		uint64_t n = p->n[PER_WAY * way + EACH] * side_rounds(p);
		struct shared s = { .s = p->s, .way = way, .each = n / WORKERS / 10 + 1 };
		double ns;

		pthread_mutex_init(&s.lock, NULL);
		pthread_rwlock_init(&s.rwlock, NULL);
		err = add_up(rep, &s, &ns);
		s.counter = 0;
		s.each = n / WORKERS;
		if (!err)
			err = add_up(rep, &s, &ns);
		if (err)
			break;
		rep_set(rep, PER_WAY * way + EACH, ns / n);
		rep_set(rep, PER_WAY * way + LOST, (double)(s.each * WORKERS) - read_counter(&s));
	}
	if (err)
		side_fail(p, rep, NR_METRICS, err);
}

static int run(struct result *r, const struct options *o)
{
	static const struct expectation expected[] = {
		{ EXPECT_SIDE_MIN, "lost_none", SIDE_GOROUTINE, 1 },
		{ EXPECT_SIDE_MAX, "lost_mutex", SIDE_GOROUTINE, 0 },
		{ EXPECT_SIDE_MAX, "lost_rwmutex", SIDE_GOROUTINE, 0 },
		{ EXPECT_SIDE_MAX, "lost_channel", SIDE_GOROUTINE, 0 },
		{ EXPECT_SIDE_MAX, "lost_atomic", SIDE_GOROUTINE, 0 },
		/* Where threads lose nothing either, no two CPUs worked at the same time. */
		{ EXPECT_GROUND_MIN, "lost_none", SIDE_THREAD, 1 },
		{ EXPECT_SIDE_MAX, "lost_mutex", SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;
	uint64_t n;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	plan_procs(&p, 2);
	n = experiment_n(o, 100000000, 40000000);
	if (n < WORKERS)
		n = WORKERS;
	for (int i = 0; i < NR_METRICS; i++)
		p.n[i] = n;
	/* These take longer for it. The first way needs time: to meet, or to be interrupted. */
	for (int i = 0; i < PER_WAY && n >= 10000; i++) {
		p.n[PER_WAY * MUTEX + i] = p.n[PER_WAY * RWMUTEX + i] = n / 100;
		p.n[PER_WAY * CHANNEL + i] = n / 1000;
		p.n[PER_WAY * ATOMIC + i] = n / 10;
	}
	result_param(r, "workers", WORKERS);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"Four workers, who begin together, add to one counter, --n times in sum: reading and\n"
	"writing without any care; under a mutex, or a reader/writer mutex locked to write (a\n"
	"hundredth as many); by sending to one who adds (a thousandth, by a buffer of 128); by an\n"
	"atomic addition (a tenth). What is missing in the end was lost.\n"
	"\n"
	"Read: without care much is lost, as soon as two work at the same time; goroutines are no\n"
	"different from threads there. Of the ways that lose nothing, the atomic one is the\n"
	"cheapest, and a channel costs most where it hands over nothing but a number.\n"
	"\n"
	"Distorts: with one CPU little is lost, as one of them is rarely interrupted just between\n"
	"reading and writing: on a busy machine the first row may be small.\n";

const struct experiment experiment_race = {
	.name = "race",
	.claim = "Unsynchronised writes are lost; a mutex, a channel or an atomic loses none",
	.about = about,
	.n_means = "additions, in sum",
	.n_max = 1000000000,
	.run = run,
};
