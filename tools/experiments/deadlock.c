// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadlock.c - everybody waits for somebody: who notices?
 *
 * Main sends on a channel that nobody receives from, beside others that wait as well.
 * libgo's report is read from the standard error of the process, which then ends. Main of
 * the thread side waits for a semaphore that nobody posts: gvt waits for a while, and kills.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "crew.h"
#include "experiment.h"

#define PATIENCE_NS		(1 * NSEC_PER_SEC)
#define PATIENCE_QUICK_NS	(200 * 1000000LL)

enum { ENDED, NOTICED, NAMED, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[ENDED] = { "ended", "count", "processes that ended by themselves, of 1" },
	[NOTICED] = { "noticed_ns", "ns", "  after" },
	[NAMED] = { "named", "count", "  waiting ones that the report names" },
};

/* What all wait for. */
static sem_t never_posted;
static struct go_chan *never_received;

static void waits(void *arg, uint64_t i)
{
	uint64_t *here = arg;
	int64_t value = i;

	__atomic_add_fetch(here, 1, __ATOMIC_SEQ_CST);
	if (never_received)
		go_send(never_received, &value);
	else
		sem_wait(&never_posted);
}

static void side(const struct plan *p, struct rep *rep)
{
	/* Whoever is killed in the midst of it leaves it to nobody. */
	static struct crew crew;
	static uint64_t here;
	int err = 0;

	sem_init(&never_posted, 0, 0);
	if (p->s == SIDE_GOROUTINE) {
		never_received = go_chan_make(sizeof(int64_t), 0);
		err = never_received ? 0 : -ENOMEM;
	}
	if (!err)
		err = crew_start(&crew, rep, p->s, p->n[0], waits, &here);
	if (err) {
		side_fail(p, rep, NR_METRICS, err);
		return;
	}
	while (__atomic_load_n(&here, __ATOMIC_SEQ_CST) < p->n[0])
		go_sleep(1000000);
	rep_end(rep);
	waits(&here, 0);
}

/* How often a goroutine stands in the report with this state. */
static int count_named(const char *text)
{
	int n = 0;

	while ((text = strstr(text, "[chan send"))) {
		text++;
		n++;
	}
	return n;
}

static void ending(const struct plan *p, struct rep *rep, const struct ending *e)
{
	static const char report[] = "fatal error: all goroutines are asleep - deadlock!";

	/* It could not even begin. */
	if (rep->why[ENDED][0])
		return;
	rep_set(rep, ENDED, !e->killed);
	if (e->killed) {
		rep_fail(rep, NR_METRICS, "%s: nobody notices: killed after %lld ms",
			 side_plural[p->s], (long long)(p->patience_ns[p->s] / 1000000));
		return;
	}
	if (!WIFEXITED(e->status) || WEXITSTATUS(e->status) != 2 || !strstr(e->text, report)) {
		rep_fail(rep, NR_METRICS, "%s: ended without a report: %.80s", side_plural[p->s],
			 e->text);
		return;
	}
	rep_set(rep, NOTICED, e->ns);
	rep_set(rep, NAMED, count_named(e->text));
	snprintf(rep->picture, sizeof(rep->picture), "  %.*s\n",
		 (int)strcspn(e->text, "\n"), e->text);
}

static int run(struct result *r, const struct options *o)
{
	uint64_t n = experiment_n(o, 3, 3);
	const struct expectation expected[] = {
		{ EXPECT_SIDE_MIN, "ended", SIDE_GOROUTINE, 1 },
		{ EXPECT_SIDE_MIN, "named", SIDE_GOROUTINE, n + 1. },
		{ EXPECT_SIDE_MAX, "ended", SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[0] = n;
	p.ending = ending;
	p.patience_ns[SIDE_THREAD] = o->quick ? PATIENCE_QUICK_NS : PATIENCE_NS;
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"A process makes --n goroutines that send on a channel from which nobody receives; then\n"
	"main does, too. libgo sees that nothing is left that could wake one: it prints \"fatal\n"
	"error: all goroutines are asleep - deadlock!\" with every goroutine, what it waits for and\n"
	"where, and ends the process with status 2. With threads all wait for a semaphore\n"
	"that nobody posts.\n"
	"\n"
	"Read: the first process ends by itself, at once, and says why. The other hangs for ever:\n"
	"gvt kills it after 1 s (--quick: 200 ms). The kernel could not know that nobody will come.\n"
	"\n"
	"Distorts: nothing. The first 16 KiB of the report are read.\n";

const struct experiment experiment_deadlock = {
	.name = "deadlock",
	.claim = "A send that nobody receives is a deadlock, and the runtime says so",
	.about = about,
	.n_means = "threads, and goroutines, that wait beside main",
	.n_max = 20,
	.run = run,
};
