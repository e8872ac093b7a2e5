// SPDX-License-Identifier: GPL-2.0-only
/*
 * skynet.c - each makes ten, which make ten, ... and adds up what they send.
 *
 * A leaf sends its number, so the sum tells whether all of them were there. Threads, as
 * many as that alone can be alive at once, do a tree of 1,000 leaves.
 */
#include <errno.h>
#include <string.h>

#include "crew.h"
#include "experiment.h"
#include "host.h"
#include "thread_limits.h"

#define BRANCHES	10
#define SMALL_LEAVES	1000

enum { LARGE, COUNT, SMALL, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[LARGE] = { "node_ns", "ns", "each of the large tree" },
	[COUNT] = { "nodes", "count", "  of which it has so many" },
	[SMALL] = { "node_small_ns", "ns", "each of a tree of 1,000 leaves" },
};

/**
 * struct node - one that makes others, or a leaf
 * @rep: what it was made in
 * @s: what it is
 * @to: where its sum goes
 * @number: of its first leaf
 * @leaves: how many are below it; 1: it is one
 * @err: why it could not make others
 */
struct node {
	struct rep *rep;
	enum side s;
	struct link *to;
	int64_t number, leaves;
	int err;
};

static void grow(struct node *me);

static void child(void *arg, uint64_t i)
{
	const struct node *parent = arg;
	struct node me = {
		.rep = parent->rep,
		.s = parent->s,
		.to = parent->to,
		.leaves = parent->leaves / BRANCHES,
		.number = parent->number + i * (parent->leaves / BRANCHES),
	};

	grow(&me);
}

/* A failure anywhere makes the sum wrong: that many are not there. */
static void grow(struct node *me)
{
	struct node inner = *me;
	struct link from;
	struct crew crew;
	int64_t sum = 0, part;

	if (me->leaves == 1) {
		link_send(me->to, me->number);
		return;
	}
	/* Threads can't meet without a buffer. */
	me->err = link_init(&from, me->s, me->s == SIDE_THREAD);
	if (!me->err) {
		inner.to = &from;
		me->err = crew_start(&crew, me->rep, me->s, BRANCHES, child, &inner);
		for (uint64_t i = 0; i < crew.nr; i++) {
			link_recv(&from, &part);
			sum += part;
		}
		crew_wait(&crew);
		link_exit(&from);
	}
	link_send(me->to, sum);
}

static uint64_t nodes_of(int64_t leaves)
{
	uint64_t n = 0;

	for (; leaves; leaves /= BRANCHES)
		n += leaves;
	return n;
}

/* One tree; the calling one is its root. */
static int tree(const struct plan *p, struct rep *rep, int64_t leaves)
{
	struct node root = { .rep = rep, .s = p->s, .leaves = leaves };
	struct link sums;
	int64_t sum;
	int err = link_init(&sums, p->s, 1);

	if (err)
		return err;
	root.to = &sums;
	grow(&root);
	link_recv(&sums, &sum);
	link_exit(&sums);
	if (!root.err && sum != leaves * (leaves - 1) / 2)
		return -EBADMSG;
	return root.err;
}

static int time_tree(const struct plan *p, struct rep *rep, int64_t leaves, int metric)
{
	int err = tree(p, rep, leaves);
	int64_t t0 = now_ns();

	if (!err)
		err = tree(p, rep, leaves);
	if (!err)
		rep_set(rep, metric, elapsed_ns(t0) / nodes_of(leaves));
	return err;
}

/* The large tree is not for threads; are there enough for the small one? */
static int thread_room(const struct plan *p, struct rep *rep)
{
	uint64_t safe, need = nodes_of(p->n[SMALL]);
	struct thread_limit limits[LIMIT_NR];
	char text[LIMIT_TEXT], large[TEXT_SIZE];
	enum limit which;

	limits_read(limits);
	safe = limits_safe(limits, &which);
	limit_text(text, limits, which);
	for (int i = LARGE; i <= COUNT; i++)
		rep_missing(rep, i, "threads: a tree of %s is not tried with them (next limit: %s)",
			    text_count(large, nodes_of(p->n[LARGE])), text);
	if (need <= safe)
		return 0;
	rep_missing(rep, SMALL, "threads: no room for %s (limit: %s)", text_count(large, need), text);
	return -EAGAIN;
}

static void side(const struct plan *p, struct rep *rep)
{
	uint64_t available = host_memory_available();
	char text[TEXT_SIZE];
	int err;

	if (p->s == SIDE_THREAD && thread_room(p, rep))
		return;
	err = time_tree(p, rep, p->n[SMALL], SMALL);
	if (!err && p->s == SIDE_GOROUTINE) {
		if (nodes_of(p->n[LARGE]) > available / 2 / GOROUTINE_BYTES) {
			rep_fail(rep, NR_METRICS,
				 "goroutines: the large tree might take more than half of %s available",
				 text_value(text, "bytes", available));
			return;
		}
		err = time_tree(p, rep, p->n[LARGE], LARGE);
		if (!err)
			rep_set(rep, COUNT, nodes_of(p->n[LARGE]));
	}
	if (err == -EBADMSG)
		rep_fail(rep, NR_METRICS, "%s: the leaves don't add up", side_plural[p->s]);
	else if (err)
		side_fail(p, rep, NR_METRICS, err);
}

static int run(struct result *r, const struct options *o)
{
	uint64_t most = experiment_n(o, 1000000, 100000), leaves = 1;

	while (leaves * BRANCHES <= most)
		leaves *= BRANCHES;

	const struct expectation expected[] = {
		{ EXPECT_RATIO_MIN, "node_small_ns", SIDE_THREAD, 10 },
		{ EXPECT_SIDE_MIN, "nodes", SIDE_GOROUTINE, nodes_of(leaves) },
		{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
		{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
	};
	struct plan p;

	plan_init(&p, r->name, o);
	plan_both(&p, side);
	p.n[SMALL] = leaves < SMALL_LEAVES ? leaves : SMALL_LEAVES;
	p.n[LARGE] = p.n[COUNT] = leaves;
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"Each makes ten others, which make ten, down to --n leaves (the next lower power of ten;\n"
	"1,000,000: 1,111,111 goroutines); a leaf sends its number, and everyone adds up what its\n"
	"ten send. The sum has to be right. Threads do a tree of 1,000 leaves.\n"
	"\n"
	"Read: what one costs hardly changes from a thousand to a million.\n"
	"\n"
	"Distorts: free memory: it is asked for first, and no more than half of it is taken.\n"
	"What one costs depends on how many run before the next ones are made: with more Ps\n"
	"they are taken elsewhere.\n";

const struct experiment experiment_skynet = {
	.name = "skynet",
	.claim = "A million goroutines at once are nothing special",
	.about = about,
	.n_means = "leaves of the large tree",
	.n_max = 10000000,
	.run = run,
};
