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
 * @counted: @counters is valid
 * @made: threads or goroutines that it made; on the goroutine side the main one is
 *	already among them
 * @counters: what was counted from before its first to after its last step
 * @set: value[i] was measured
 * @value: the figure of metric i
 * @why: what kept it from measuring metric i
 * @error: what kept it from measuring anything
 */
struct rep {
	bool done, counted;
	uint64_t made;
	struct counters counters;
	bool set[MAX_METRICS];
	double value[MAX_METRICS];
	char why[MAX_METRICS][WHY_SIZE];
	char error[WHY_SIZE];
};

/**
 * struct plan - how an experiment measures
 * @name: of the experiment, for progress
 * @side: one repetition of a side: fills rep->value and adds to rep->made. The
 *	goroutine side runs as the main goroutine.
 * @n: operations of metric i
 * @arg: whatever the experiment's sides need
 * @o: what was asked for
 * @procs: Ps of the goroutine side
 * @rounds: how often the goroutine side does its n operations in one repetition: they are
 *	so short that n of them, chosen for threads, make no reliable figure
 */
struct plan {
	const char *name;
	void (*side[SIDES])(const struct plan *p, struct rep *rep);
	uint64_t n[MAX_METRICS];
	const void *arg;
	const struct options *o;
	int procs;
	uint64_t rounds;
	bool no_preemption;	/* goroutines run until they wait, however long that takes */
};

static inline void rep_set(struct rep *rep, size_t i, double value)
{
	rep->set[i] = true;
	rep->value[i] = value;
}

void rep_missing(struct rep *rep, size_t i, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Fill what every plan has. */
void plan_init(struct plan *p, const char *name, const struct options *o);

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
int measure_once(const struct plan *p, enum side s, struct rep *rep, char *why);

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
int measure(const struct plan *p, struct result *r);

#endif /* GVT_TOOLS_MEASURE_H */
