/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench.h - `gvt bench`: the same work in libgo, in pthreads and in Go, and whether libgo
 * is as much faster as it is meant to be.
 *
 * A workload is a line of the table in workloads.c: a function for libgo, one for threads
 * where threads can do it, and a function of the same name in tools/peers/go-bench. Each
 * repetition is a process of its own, of the same form on each side: a program that is told
 * workload, number and Ps, and prints one number.
 */
#ifndef GVT_TOOLS_BENCH_H
#define GVT_TOOLS_BENCH_H

#include "gvt.h"
#include "result.h"

enum bench_side { BENCH_LIBGO, BENCH_PTHREAD, BENCH_GO, BENCH_SIDES };

extern const char *const bench_side_name[BENCH_SIDES];

/* Exit statuses of a process that does one repetition. */
#define BENCH_NO_ROOM	3	/* the machine has no room for it: no figure, no error */
#define BENCH_DISTURBED	4	/* something else came in between: another try may do */

/**
 * struct bench_run - one repetition, in the process that does it
 * @n: operations
 * @procs: Ps; for threads: CPUs
 * @figure: nanoseconds, or bytes, for each; what the workload's function has to set
 * @status: exit status that says more than "failed"; 0: it does not
 * @why: what kept it from its end; may stay empty, then the error says it
 */
struct bench_run {
	uint64_t n;
	int procs;
	double figure;
	int status;
	char why[WHY_SIZE];
};

/* Why there is no figure where it would be 0 ns: of BENCH_NO_ROOM, too. */
#define BENCH_TOO_SHORT	"it took less than the clock can tell"

/* Give up with a reason. Return: -ECANCELED. */
int bench_give_up(struct bench_run *r, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What libgo is meant to be. */
enum target_kind {
	TARGET_RATIO,	/* Go's figure is at least @value times libgo's */
	TARGET_MOST,	/* libgo's figure is at most @value */
};

struct target {
	enum target_kind kind;
	double value;
};

enum reached { REACHED_NO, REACHED_YES, REACHED_UNKNOWN };

/**
 * struct workload - what is measured
 * @name: what is typed, and what the Go program knows it by
 * @label: in tables
 * @unit: "ns" or "bytes"
 * @does: one line for `gvt bench --list`
 * @n: operations of libgo and of Go
 * @n_thread: operations of threads
 * @quick_div: --quick does this part of them
 * @room: bytes that libgo and Go may need for each of @n that is alive at once; 0: few are
 * @target: what libgo has to reach
 * @libgo: one repetition, as the main goroutine. Return: 0 or a negative errno
 * @pthread: one repetition; NULL: threads have no such thing
 * @no_pthread: why not
 */
struct workload {
	const char *name, *label, *unit, *does;
	uint64_t n, n_thread;
	unsigned int quick_div;
	uint64_t room;
	struct target target;
	int (*libgo)(struct bench_run *r);
	int (*pthread)(struct bench_run *r);
	const char *no_pthread;
};

extern const struct workload workloads[];
extern const size_t nr_workloads;

const struct workload *workload_find(const char *name);

/* How many operations a side does. */
uint64_t workload_n(const struct workload *w, enum bench_side s, bool quick);

/* ------------------------------------------------------- figures and targets */

#define BENCH_MAX_PROCS	8	/* different numbers of Ps in one run */

/**
 * struct bench_point - a workload on some number of Ps
 * @n: operations of each side
 * @side: the figures
 * @missing: why a side has none
 */
struct bench_point {
	uint64_t n[BENCH_SIDES];
	struct figure side[BENCH_SIDES];
	char missing[BENCH_SIDES][WHY_SIZE];
};

/**
 * struct bench_row - a workload, measured
 * @w: which
 * @at: on each number of Ps, in the run's order
 */
struct bench_row {
	const struct workload *w;
	struct bench_point at[BENCH_MAX_PROCS];
};

/**
 * struct bench - a run
 * @o: format and quick
 * @repetitions: of each side of each workload on each number of Ps
 * @procs: the numbers of Ps
 * @nr_procs: how many
 * @go_program: what does Go's repetitions; empty: there is none
 * @go_version: as it says itself
 * @rows: the workloads
 * @nr_rows: how many
 * @nr_done: those at the front that are measured: all, unless a signal or an error came
 * @load: how many wanted a CPU when it began, and when it ended; below 0: not known
 * @failed: a side came to no end, where the machine had room for it
 */
struct bench {
	struct options o;
	uint64_t repetitions;
	int procs[BENCH_MAX_PROCS];
	size_t nr_procs;
	char go_program[4096], go_version[64];
	struct bench_row *rows;
	size_t nr_rows, nr_done;
	double load[2];
	bool failed;
};

/* Go / libgo. Return: false where a side is missing, or libgo's figure is 0. */
bool bench_ratio(const struct bench_point *p, double *ratio);

/* The same of the least figures, which others on the machine disturb the least. */
bool bench_ratio_of_least(const struct bench_point *p, double *ratio);

enum reached bench_reached(const struct target *t, const struct bench_point *p);

/*
 * libgo's figure on 2 Ps by that on 1. Return: false where one of the two was not measured,
 * or the workload counts no time.
 */
bool bench_growth(const struct bench *b, const struct bench_row *row, double *growth);

/* On 2 Ps it may be slower than on 1 by no more than a tenth. */
enum reached bench_scales(const struct bench *b, const struct bench_row *row);

/* -------------------------------------------------------------- the processes */

/* One repetition in this process: print the figure, or why not. Return: an exit status. */
int bench_one(const struct workload *w, enum bench_side s, uint64_t n, int procs);

/**
 * bench_child() - run a program that prints one line
 * @argv: the program by its path, and its arguments; ends with NULL
 * @line: what it printed first, without the newline, on either of its streams
 * @size: of @line
 *
 * Return: its exit status; a negative errno, with the reason in @line, where it could not be
 *	run, was killed, or took too long.
 */
int bench_child(char *const argv[], char *line, size_t size);

/* The Go program: where it is, and its version. Return: false, and says so, if there is none. */
bool bench_find_go(struct bench *b);

/* All repetitions of a row, sides in turn. Return: 0; -EINTR, or another negative errno. */
int bench_measure(struct bench *b, struct bench_row *row);

int bench_tables(const struct bench *b);
int bench_json(const struct bench *b);

/* ----------------------------------------------------- libgo's and threads' own */

int libgo_yield(struct bench_run *r);
int libgo_yield_100(struct bench_run *r);
int libgo_create(struct bench_run *r);
int libgo_batch(struct bench_run *r);
int libgo_skynet(struct bench_run *r);
int libgo_sleep(struct bench_run *r);
int libgo_wake(struct bench_run *r);
int libgo_parked(struct bench_run *r);
int libgo_made(struct bench_run *r);
int libgo_roundtrip(struct bench_run *r);
int libgo_oneway(struct bench_run *r);
int libgo_buffer(struct bench_run *r);
int libgo_select(struct bench_run *r);
int libgo_mutex(struct bench_run *r);
int libgo_mutex_4(struct bench_run *r);
int libgo_defer(struct bench_run *r);
int libgo_panic(struct bench_run *r);
int libgo_timer(struct bench_run *r);
int libgo_timers(struct bench_run *r);
int libgo_timers_memory(struct bench_run *r);
int libgo_tick_50(struct bench_run *r);
int libgo_tick_99(struct bench_run *r);

int thread_yield(struct bench_run *r);
int thread_yield_100(struct bench_run *r);
int thread_create(struct bench_run *r);
int thread_batch(struct bench_run *r);
int thread_wake(struct bench_run *r);
int thread_parked(struct bench_run *r);
int thread_roundtrip(struct bench_run *r);
int thread_buffer(struct bench_run *r);
int thread_mutex(struct bench_run *r);
int thread_mutex_4(struct bench_run *r);
int thread_timer(struct bench_run *r);
int thread_tick_50(struct bench_run *r);
int thread_tick_99(struct bench_run *r);

/* For qsort() of int64_t. */
int bench_later(const void *a, const void *b);

#endif /* GVT_TOOLS_BENCH_H */
