// SPDX-License-Identifier: GPL-2.0-only
/*
 * cancel.c - how long from the word "stop" to the end of the last one?
 *
 * Goroutines select over work, of which none comes, and the done channel of one context.
 * Threads wait for work at a condition variable, and for a flag beside it, which is what a
 * program of threads does that can be stopped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "crew.h"
#include "experiment.h"
#include "host.h"
#include "thread_limits.h"

#define MAX_STEPS	6

/* Numbers of workers; metric i < nr is step i, then comes how many ended. */
struct steps {
	uint64_t n[MAX_STEPS];
	char name[MAX_STEPS][32], label[MAX_STEPS][64];
	size_t nr;
};

/* @work: never comes */
struct stoppable {
	struct go_ctx *ctx;
	struct go_chan *work;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;
	uint64_t here, ended;
};

static void until_cancelled(struct stoppable *s)
{
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = s->work },
		{ .op = GO_RECV, .chan = go_ctx_done(s->ctx) },
	};

	go_select(c, ARRAY_SIZE(c));
}

static void worker(void *arg, uint64_t i)
{
	struct stoppable *s = arg;

	(void)i;
	__atomic_add_fetch(&s->here, 1, __ATOMIC_SEQ_CST);
	if (s->ctx) {
		until_cancelled(s);
	} else {
		pthread_mutex_lock(&s->lock);
		while (!s->stop)
			pthread_cond_wait(&s->changed, &s->lock);
		pthread_mutex_unlock(&s->lock);
	}
	__atomic_add_fetch(&s->ended, 1, __ATOMIC_SEQ_CST);
}

static void stop(struct stoppable *s)
{
	if (s->ctx) {
		go_ctx_cancel(s->ctx);
		return;
	}
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static int stop_all(const struct plan *p, struct rep *rep, uint64_t n, double *ns, uint64_t *ended)
{
	struct stoppable s = { .stop = false };
	struct crew crew;
	int64_t t0;
	int err;

	pthread_mutex_init(&s.lock, NULL);
	pthread_cond_init(&s.changed, NULL);
	if (p->s == SIDE_GOROUTINE) {
		s.ctx = go_ctx_with_cancel(go_ctx_background());
		s.work = go_chan_make(0, 0);
		if (!s.ctx || !s.work)
			return -ENOMEM;
	}
	err = crew_start(&crew, rep, p->s, n, worker, &s);
	while (__atomic_load_n(&s.here, __ATOMIC_SEQ_CST) < crew.nr)
		go_sleep(100000);
	t0 = now_ns();
	stop(&s);
	crew_wait(&crew);
	*ns = elapsed_ns(t0);
	*ended = s.ended;
	if (s.ctx) {
		go_ctx_free(s.ctx);
		go_chan_free(s.work);
	}
	pthread_mutex_destroy(&s.lock);
	pthread_cond_destroy(&s.changed);
	return err;
}

/* May there be so many? Else *why says why not. */
static bool room_for(enum side s, uint64_t n, char *why)
{
	struct thread_limit limits[LIMIT_NR];
	char text[TEXT_SIZE], limit[LIMIT_TEXT];
	enum limit which;

	if (s == SIDE_GOROUTINE) {
		if (n <= host_memory_available() / 2 / GOROUTINE_BYTES)
			return true;
		snprintf(why, WHY_SIZE, "goroutines: %s might take more than half of the memory",
			 text_count(text, n));
		return false;
	}
	limits_read(limits);
	if (limits_safe(limits, &which) >= n)
		return true;
	snprintf(why, WHY_SIZE, "threads: %s are too many (limit: %s)", text_count(text, n),
		 limit_text(limit, limits, which));
	return false;
}

static void side(const struct plan *p, struct rep *rep)
{
	const struct steps *s = p->arg;
	char why[WHY_SIZE] = "";
	uint64_t ended, all = 0;
	double ns;
	int err = stop_all(p, rep, 10, &ns, &ended);
	size_t i;

	for (i = 0; i < s->nr && !err && room_for(p->s, s->n[i], why); i++) {
		err = stop_all(p, rep, s->n[i], &ns, &ended);
		if (!err)
			rep_set(rep, i, ns);
		all += ended;
	}
	if (i == s->nr && !err)
		rep_set(rep, s->nr, all);
	if (err)
		snprintf(why, sizeof(why), "%s: %s", side_plural[p->s], strerror(-err));
	rep_fail(rep, s->nr + 1, "%s", why);
}

static void choose_steps(struct steps *s, uint64_t most)
{
	char text[TEXT_SIZE];

	memset(s, 0, sizeof(*s));
	for (uint64_t n = 1; n < most && s->nr < MAX_STEPS - 1; n *= 10)
		s->n[s->nr++] = n;
	s->n[s->nr++] = most;
	for (size_t i = 0; i < s->nr; i++) {
		snprintf(s->name[i], sizeof(s->name[i]), "stop_%lu_ns", s->n[i]);
		snprintf(s->label[i], sizeof(s->label[i]), "from cancel to the end of %.30s",
			 text_count(text, s->n[i]));
	}
}

static int run(struct result *r, const struct options *o)
{
	/* Metrics point to their names, so these live as long as the program. */
	static struct steps s;
	struct metric_def defs[MAX_STEPS + 1];
	uint64_t most = experiment_n(o, 100000, 1000), all = 0;
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	choose_steps(&s, most);
	p.arg = &s;
	for (size_t i = 0; i < s.nr; i++) {
		defs[i] = (struct metric_def){ s.name[i], "ns", s.label[i] };
		p.n[i] = s.n[i];
		all += s.n[i];
	}
	defs[s.nr] = (struct metric_def){ "stopped", "count", "as many had ended, in all steps" };
	p.n[s.nr] = all;
	p.asked = most;

	const struct expectation expected[] = {
		{ EXPECT_SIDE_MIN, "stopped", SIDE_GOROUTINE, all },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};

	return experiment_finish(r, &p, defs, s.nr + 1, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"1, 10, 100, ... --n workers wait for work, of which none comes: goroutines in a select with\n"
	"the done channel of one context, threads at a condition variable with a flag. Then the\n"
	"context is cancelled (the flag is set, all are woken), and the time until the last one has\n"
	"ended is taken.\n"
	"\n"
	"Read: all of them end, and each costs about as much as a wake-up. A thread that waits for\n"
	"something else than this condition variable could not be stopped that way at all.\n"
	"\n"
	"Distorts: threads wake up one after the other, as each has to have the mutex first.\n";

const struct experiment experiment_cancel = {
	.name = "cancel",
	.claim = "A context is a way to stop any number of goroutines",
	.about = about,
	.n_means = "the most workers to stop",
	.n_max = 1000000,
	.run = run,
};
