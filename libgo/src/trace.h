/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace.h - between what records (trace.c) and what writes the file (tracefile.c): the
 * records, and the rings that they lie in.
 */
#ifndef GVTGO_TRACE_H
#define GVTGO_TRACE_H

#include "rt.h"

/*
 * A record: words of 64 bits.
 *
 *   0  when, CLOCK_MONOTONIC
 *   1  type, words, why, flags and length of a name (bytes, from the lowest on), value
 *   2  REC_RUN, REC_TAKE, REC_GAP, REC_CREATE: a goroutine's number
 *   3  and its function
 *   4  g->woken of it; REC_TAKE, REC_GAP: since when its thread had no P
 *   5  and its name, if it has one
 */
enum trace_type {
	REC_RUN,	/* value: thread; why: how the one before it left */
	REC_END,	/* nothing runs on the P any more; why */
	REC_TAKE,	/* value: the thread that has the P now; 2: 0, or what it runs, without a P so far */
	REC_DROP,	/* the thread gives it up, or it was taken */
	REC_GAP,	/* value: thread; it was without a P and is rid of its goroutine now */
	REC_CREATE,
	REC_STEAL,	/* value: from which P; 2: how many */
	REC_PREEMPT,
	REC_HANDOFF,
	REC_LOST,	/* since then as many records as value found no room */
	REC_THREAD,	/* value: a thread of the runtime; 2: which one; why: 1, go_run()'s */
};

/* why: enum wait_why, or */
enum trace_why {
	LEFT_YIELD = 128,
	LEFT_EXIT,
	LEFT_PREEMPTED,		/* held in the handler of the signal */
	LEFT_TAKEN,		/* blocked; the monitor took the P */
	LEFT_STOP,		/* the run ends */
	LEFT_UNKNOWN,		/* the record of it was lost */
	LEFT_OPEN,		/* it still runs */
};

#define TRACE_FIRST	0x80u	/* flags: it has never run before */
#define TRACE_RESUMED	0x40u	/* it had kept its thread; no switch that counts */
#define TRACE_NAME	48	/* bytes of a name, at most */
#define TRACE_WORDS	(5 + TRACE_NAME / 8)

/*
 * g->woken, of one that can run: when it was readied, in nanoseconds from trace_base on,
 * and below that, in TRACE_BY_BITS, by whom: a P's number, for the goroutine that runs there;
 * + TRACE_RUNTIME: for a timer, a descriptor; from TRACE_THREADS on: a thread.
 */
#define TRACE_BY_BITS	12
#define TRACE_RUNTIME	1024u
#define TRACE_THREADS	2048u
#define TRACE_NTHREADS	2048u	/* the last one stands for all others */
#define TRACE_M		(1u << 31)	/* in trace_thread: an M that had no P */

_Static_assert(TRACE_RUNTIME >= GO_MAXPROCS_LIMIT, "Ps fit below");
_Static_assert(TRACE_THREADS + TRACE_NTHREADS == 1u << TRACE_BY_BITS, "threads fit");

/*
 * struct trace_ring - records on their way to the file. One writes: the owner of the P, or
 * whoever holds trace_shared_lock. One reads: who holds the lock in tracefile.c.
 */
struct trace_ring {
	CACHE_ALIGNED uint64_t head;	/* release: what is before it is there */
	uint64_t seen;			/* the reader's tail when it was last looked at */
	uint64_t lost, lost_since;	/* not said yet */
	bool open;			/* a goroutine runs on the P, by what was recorded */
	uint8_t left;			/* enum trace_why of the one that just ended; 0: none */

	CACHE_ALIGNED uint64_t tail;	/* release: what is before it was read */

	CACHE_ALIGNED uint64_t mask;	/* words - 1 */
	uint64_t word[];
};

extern struct trace_ring *trace_ring[GO_MAXPROCS_LIMIT + 1];	/* of each P; the last: shared */
extern uint32_t trace_thread[TRACE_NTHREADS];	/* numbers of threads that readied somebody */
extern int64_t trace_base;

bool tracefile_begin(void);
void tracefile_end(void);
void tracefile_kick(void);

#endif /* GVTGO_TRACE_H */
