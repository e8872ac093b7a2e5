/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure.h - repeats what an experiment does, threads and goroutines in turn.
 *
 * Each repetition of each side is a process of its own: what is counted for that
 * process is what that repetition did, to the last thread, and no side finds the
 * other's caches, stacks or threads. libgo's own threads belong to the goroutine
 * side, so its runtime starts and works inside the counted interval.
 */
#ifndef GVT_TOOLS_MEASURE_H
#define GVT_TOOLS_MEASURE_H

#include "gvt.h"
#include "result.h"

/**
 * struct rep - what one repetition of one side tells; shared between the measuring
 *	process and gvt
 * @done: it came to its end
 * @done_at: when
 * @uncounted: @counters lacks something
 * @made: threads, goroutines or processes that it made; on the goroutine side the main one is
 *	already among them
 * @counters: what was counted from before its first to after its last step
 * @picture: lines of text to look at
 * @scratch: the side's own, to be looked at when its process has ended
 * @set: value[i] was measured
 * @value: the figure of metric i
 * @why: what kept it from measuring metric i
 * @error: what kept it from measuring anything
 */
struct rep {
	bool done, uncounted;
	int64_t done_at;
	uint64_t made;
	struct counters counters;
	uint64_t scratch[MAX_METRICS];
	char picture[PICTURE_SIZE / 2];
	bool set[MAX_METRICS];
	double value[MAX_METRICS];
	char why[MAX_METRICS][WHY_SIZE];
	char error[WHY_SIZE];
};

struct peer;
struct peer_process;

#define MAX_VARIANTS	3
#define ENDING_TEXT	16384

/**
 * struct ending - how the process of a repetition ended
 * @status: as waitpid() says
 * @killed: by gvt, which had waited as long as the plan says
 * @ns: from rep->done_at to its end
 * @text: the first that it wrote to standard error
 */
struct ending {
	int status;
	bool killed;
	int64_t ns;
	char text[ENDING_TEXT];
};

/**
 * struct plan - how an experiment measures
 * @name: of the experiment, for progress
 * @side: one repetition of a side: fills rep->value and adds to rep->made. The
 *	goroutine side runs as the main goroutine. NULL: there is no such side.
 * @n: operations of metric i
 * @asked: the number that --n would set; 0: n[0]
 * @arg: whatever the experiment's sides need
 * @o: what was asked for
 * @procs: Ps of the goroutine side
 * @rounds: how often the goroutine side does its n operations in one repetition: they are
 *	so short that n of them, chosen for threads, make no reliable figure
 * @variants: of a side: processes of one repetition, which fill the same rep; else 1
 * @debug: LIBGO_DEBUG of each variant of the goroutine side; NULL: none
 * @trace: LIBGO_TRACE of the goroutine side; NULL: as it is
 * @linger_ns: how long the process of the goroutine side lives on after go_run()
 * @ending: called in gvt when a process has ended, which then may end in any way after
 *	rep->done was set; its standard error is read
 * @patience_ns: with @ending: how long a side may live on after rep->done; 0: as long as
 *	any other
 * @peer: programs in other languages that do the same, whatever --peers says
 * @nr_peers: how many
 * @talk: called while a peer runs, where there is more to it than to read its figures
 * @s: the side that runs now
 * @variant: the variant of it
 */
struct plan {
	const char *name;
	void (*side[SIDES])(const struct plan *p, struct rep *rep);
	uint64_t n[MAX_METRICS];
	uint64_t asked;
	const void *arg;
	const struct options *o;
	int procs;
	uint64_t rounds;
	int variants[SIDES];
	const char *debug[MAX_VARIANTS];
	const char *trace;
	int64_t linger_ns;
	void (*ending)(const struct plan *p, struct rep *rep, const struct ending *e);
	int64_t patience_ns[SIDES];
	const struct peer *peer;
	size_t nr_peers;
	void (*talk)(const struct plan *p, const struct result *r, struct peer_process *x,
		     struct rep *rep);
	enum side s;
	int variant;
};

static inline void rep_set(struct rep *rep, size_t i, double value)
{
	rep->set[i] = true;
	rep->value[i] = value;
}

void rep_missing(struct rep *rep, size_t i, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Whatever is not measured yet, and has no reason of its own, has this one. */
void rep_fail(struct rep *rep, size_t nr, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Metric @i: kernel switches of the process since @from, for each of @n operations. */
void rep_switches(struct rep *rep, size_t i, const struct counters *from, uint64_t n);

/*
 * The repetition is at its end here, not where the side returns: for one that never does.
 */
void rep_end(struct rep *rep);

/* Nanoseconds since @t0, without what it costs to read the clock. */
double elapsed_ns(int64_t t0);

/* What reading the clock costs, in nanoseconds: subtracted by elapsed_ns(). */
int64_t clock_cost(void);

/*
 * By how much the clock goes on at a time, in nanoseconds: next to nothing, or a tick of 1 to
 * 10 ms where it has nothing finer. What took less reads 0, and is not measured.
 */
int64_t clock_step(void);

/* From here on a step is said, and not only what it costs to read the clock. */
#define CLOCK_COARSE_NS	1000

/*
 * Bind the calling thread, and those that it makes, to the first @n CPUs it may use; 0: all.
 * Return: 0, or a negative errno.
 */
int cpus_use(int n);

/* Fill what every plan has. */
void plan_init(struct plan *p, const char *name, const struct options *o);

/* The same function does both sides: p->s tells it which. */
void plan_both(struct plan *p, void (*side)(const struct plan *p, struct rep *rep));

/*
 * The side that runs now failed with @err, a negative errno: that is why whatever it has not
 * measured is missing. Where threads can't be made, the limit that is nearest is named.
 */
void side_fail(const struct plan *p, struct rep *rep, size_t nr, int err);

/* How often the side that runs now does its n operations. */
static inline uint64_t side_rounds(const struct plan *p)
{
	return p->s == SIDE_GOROUTINE ? p->rounds : 1;
}

/* At least @n Ps, where --procs doesn't say otherwise. */
void plan_procs(struct plan *p, int n);

/* The params that every result has. */
void plan_params(const struct plan *p, struct result *r);

/**
 * measure_once() - one repetition of one side, in a process of its own
 * @p: the plan
 * @s: the side
 * @rep: what it tells
 * @why: where it came to no end: why, WHY_SIZE bytes
 *
 * Return: 0, or a negative errno.
 */
int measure_once(struct plan *p, enum side s, struct rep *rep, char *why);

/**
 * calibrate() - choose how many operations fit the time that a figure may take
 * @p: the plan; n[i] becomes what fits
 * @nr: metrics
 * @probe: operations to try with first
 * @max: the most for metric i
 *
 * Threads decide, so that both do the same number, goroutines in as many rounds as fill
 * their time. Where --n is given, that is it, in one round. The trial is also the warm-up
 * of the machine.
 */
void calibrate(struct plan *p, size_t nr, uint64_t probe, const uint64_t *max);

/**
 * measure() - repeat both sides in turn and make figures of it
 * @p: the plan
 * @r: its metrics named; figures and counts are filled in
 */
int measure(struct plan *p, struct result *r);

#endif /* GVT_TOOLS_MEASURE_H */
