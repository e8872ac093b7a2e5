// SPDX-License-Identifier: GPL-2.0-only
/*
 * block.c - some are blocked, one computes: how far does it get, and what do they take?
 *
 * Three ways to be blocked: asleep; in read() of an empty pipe, within go_blocking(); in
 * read() as any C code calls it, of which the runtime isn't told. Goroutines have one P,
 * so whoever kept it while blocked would stop the one that computes.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "crew.h"
#include "experiment.h"

#define COMPUTE_NS		(40 * 1000000LL)
#define COMPUTE_QUICK_NS	(15 * 1000000LL)
#define CHUNK			2000

enum { BY_SLEEP, BY_CALL, BY_READ, WAYS };
enum { PROGRESS, THREADS, EACH_WAY, NR_METRICS = WAYS * EACH_WAY };

static const struct metric_def metrics[NR_METRICS] = {
	[EACH_WAY * BY_SLEEP + PROGRESS] = { "progress_sleep", "percent",
					     "progress of one beside them: asleep" },
	[EACH_WAY * BY_SLEEP + THREADS] = { "threads_sleep", "count",
					    "  kernel threads meanwhile" },
	[EACH_WAY * BY_CALL + PROGRESS] = { "progress_call", "percent",
					    "  in read(), by go_blocking()" },
	[EACH_WAY * BY_CALL + THREADS] = { "threads_call", "count",
					   "  kernel threads meanwhile" },
	[EACH_WAY * BY_READ + PROGRESS] = { "progress_read", "percent", "  in plain read()" },
	[EACH_WAY * BY_READ + THREADS] = { "threads_read", "count",
					   "  kernel threads meanwhile" },
};

struct blocked {
	int way;
	int pipe[2];
	uint64_t here;
	int64_t sleep_ns;
	bool over;
};

static void *read_pipe(void *arg)
{
	struct blocked *b = arg;
	char c;

	while (read(b->pipe[0], &c, 1) > 0)
		;
	return NULL;
}

/* However slow the machine is: until all has been looked at. */
static void sleep_on(struct blocked *b)
{
	do
		go_sleep(b->sleep_ns);
	while (!__atomic_load_n(&b->over, __ATOMIC_ACQUIRE));
}

static void blocks(void *arg, uint64_t i)
{
	struct blocked *b = arg;

	(void)i;
	__atomic_add_fetch(&b->here, 1, __ATOMIC_SEQ_CST);
	if (b->way == BY_SLEEP)
		sleep_on(b);
	else if (b->way == BY_CALL)
		go_blocking(read_pipe, b);
	else
		read_pipe(b);
}

/* What is computed in the time, a nanosecond. */
static double progress(int64_t ns)
{
	int64_t t0 = now_ns(), now = t0;
	uint64_t chunks = 0;

	while (now - t0 < ns) {
		burn(CHUNK);
		chunks++;
		now = now_ns();
	}
	return (double)chunks / (now - t0);
}

static int beside(const struct plan *p, struct rep *rep, int way, int64_t ns, double alone)
{
	struct blocked b = { .way = way, .sleep_ns = 2 * ns };
	struct crew crew;
	int err;

	if (pipe(b.pipe))
		return -errno;
	err = crew_start(&crew, rep, p->s, p->n[0], blocks, &b);
	while (__atomic_load_n(&b.here, __ATOMIC_SEQ_CST) < crew.nr)
		go_sleep(100000);
	if (!err) {
		rep_set(rep, EACH_WAY * way + PROGRESS, 100 * progress(ns) / alone);
		rep_set(rep, EACH_WAY * way + THREADS, threads_alive());
	}
	__atomic_store_n(&b.over, true, __ATOMIC_RELEASE);
	close(b.pipe[1]);
	crew_wait(&crew);
	close(b.pipe[0]);
	return err;
}

static void side(const struct plan *p, struct rep *rep)
{
	int64_t ns = p->o->quick ? COMPUTE_QUICK_NS : COMPUTE_NS;
	int err = 0;

	progress(ns / 4);
	/* Alone anew each time, as near in time as can be: others use the machine, too. */
	for (int way = 0; way < WAYS && !err; way++)
		err = beside(p, rep, way, ns, progress(ns));
	if (err)
		side_fail(p, rep, NR_METRICS, err);
}

static int run(struct result *r, const struct options *o)
{
	static const struct expectation expected[] = {
		{ EXPECT_GROUND_MIN, "progress_sleep", SIDE_THREAD, 50 },
		{ EXPECT_GROUND_MIN, "progress_call", SIDE_THREAD, 50 },
		{ EXPECT_GROUND_MIN, "progress_read", SIDE_THREAD, 50 },
		{ EXPECT_SIDE_MIN, "progress_sleep", SIDE_GOROUTINE, 50 },
		{ EXPECT_SIDE_MIN, "progress_call", SIDE_GOROUTINE, 50 },
		{ EXPECT_SIDE_MIN, "progress_read", SIDE_GOROUTINE, 50 },
		{ EXPECT_SIDE_MAX, "threads_sleep", SIDE_GOROUTINE, 6 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	if (!o->procs)
		p.procs = 1;
	p.n[0] = experiment_n(o, 20, 10);
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"--n of them are blocked, and one computes for a while: what it gets done, in percent of\n"
	"what it gets done alone. They are blocked in three ways: asleep; in read() of an empty\n"
	"pipe, called by go_blocking(); in plain read(), of which libgo isn't told. Goroutines\n"
	"have one P unless --procs says otherwise.\n"
	"\n"
	"Read: it gets as far as alone, whatever the others do. What they take differs: a\n"
	"goroutine that sleeps takes no thread; one in a system call has its thread with it,\n"
	"and the P goes on with another. In plain read() the P is taken from it when the\n"
	"monitor sees that its thread doesn't run.\n"
	"\n"
	"Distorts: others who compute at the same time: then the progress is anything, also\n"
	"more than 100 %.\n";

const struct experiment experiment_block = {
	.name = "block",
	.claim = "A goroutine that blocks gives its P away, and the others go on",
	.about = about,
	.n_means = "threads, and goroutines, that are blocked",
	.n_max = 1000,
	.run = run,
};
