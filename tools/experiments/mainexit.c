// SPDX-License-Identifier: GPL-2.0-only
/*
 * mainexit.c - what becomes of the others when main returns?
 *
 * Workers sleep, the first 1 ms, the next one 2 ms, and so on, and then say that they have
 * finished. Main makes them and waits for them; then it makes as many and returns. A
 * process whose main thread returns from main() ends; the goroutine side's process lives on
 * for a while after go_run(), so that one that went on would be seen.
 */
#include <string.h>
#include <sys/wait.h>

#include "crew.h"
#include "experiment.h"

#define LINGER_NS	(60 * 1000000LL)

enum { WAITED, RETURNED, LATER, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[WAITED] = { "finished_waited", "count", "finished where main waited for them" },
	[RETURNED] = { "finished_returned", "count", "finished when main returned at once" },
	[LATER] = { "finished_later", "count", "  and after that" },
};

/* In rep->scratch, which is there after the process's end. */
enum { FINISHED, AT_RETURN };

static void worker(void *arg, uint64_t i)
{
	uint64_t *finished = arg;

	go_sleep((i + 1) * 1000000);
	__atomic_add_fetch(finished, 1, __ATOMIC_SEQ_CST);
}

static void side(const struct plan *p, struct rep *rep)
{
	uint64_t *finished = &rep->scratch[FINISHED];
	/* It isn't there any more when the last ones look: so not on this stack. */
	static struct crew crew;
	int err = crew_run(rep, p->s, p->n[0], worker, finished);

	if (!err) {
		rep_set(rep, WAITED, *finished);
		__atomic_store_n(finished, 0, __ATOMIC_SEQ_CST);
		err = crew_start(&crew, rep, p->s, p->n[0], worker, finished);
	}
	if (err)
		side_fail(p, rep, NR_METRICS, err);
	rep_end(rep);
	rep->scratch[AT_RETURN] = __atomic_load_n(finished, __ATOMIC_SEQ_CST);
}

static void ending(const struct plan *p, struct rep *rep, const struct ending *e)
{
	if (!rep->set[WAITED])
		return;
	if (!WIFEXITED(e->status) || WEXITSTATUS(e->status)) {
		rep_fail(rep, NR_METRICS, "%s: the process did not end as it should",
			 side_plural[p->s]);
		return;
	}
	rep_set(rep, RETURNED, rep->scratch[AT_RETURN]);
	rep_set(rep, LATER, rep->scratch[FINISHED] - rep->scratch[AT_RETURN]);
}

static int run(struct result *r, const struct options *o)
{
	uint64_t n = experiment_n(o, 200, 100);
	const struct expectation expected[] = {
		{ EXPECT_SIDE_MIN, "finished_waited", SIDE_GOROUTINE, n },
		{ EXPECT_SIDE_MAX, "finished_returned", SIDE_GOROUTINE, n - 1. },
		/* One may have slept out just then. */
		{ EXPECT_SIDE_MAX, "finished_later", SIDE_GOROUTINE, n / 10. },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[0] = n;
	p.linger_ns = LINGER_NS;
	p.ending = ending;
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"--n are made; the first sleeps 1 ms, the next one 2 ms, and so on, and each then says that\n"
	"it has finished. Main waits for all of them. Then it makes as many once more and returns.\n"
	"\n"
	"Read: where main waits (waitgroup, join), all have finished. Where it returns, next to\n"
	"none have, and none does later: not even on the goroutine side, whose process lives on\n"
	"for 60 ms after go_run(). With threads the process ends when main() returns, and they\n"
	"with it; pthread_exit() in main would let them go on, for goroutines there is no such\n"
	"thing.\n"
	"\n"
	"Distorts: on a busy machine some finish while the others are being made.\n";

const struct experiment experiment_mainexit = {
	.name = "mainexit",
	.claim = "When main ends, all goroutines die, finished or not",
	.about = about,
	.n_means = "threads, and goroutines, to make; the last one sleeps as many milliseconds",
	.n_max = 10000,
	.run = run,
};
