/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kswitch.h - the kernel's switches of a command's threads: who was on which CPU from when to
 * when.
 */
#ifndef GVT_TOOLS_KSWITCH_H
#define GVT_TOOLS_KSWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How a stay on a CPU ended. */
enum kswitch_left {
	KSWITCH_WAITED,		/* it waits for something */
	KSWITCH_PREEMPTED,	/* it could have gone on */
	KSWITCH_EXITED,
	KSWITCH_RUNS,		/* it still was there when recording ended */
};

/**
 * struct kswitch_stay - a stay of a thread on a CPU
 * @begin: CLOCK_MONOTONIC, as @end, in nanoseconds
 * @end: not before @begin
 * @tid: the thread
 * @cpu: where
 * @left: enum kswitch_left
 */
struct kswitch_stay {
	uint64_t begin, end;
	uint32_t tid;
	uint16_t cpu, left;
};

/**
 * struct kswitch_thread - what is known of a thread
 * @tid: its number; 0: a free place
 * @pid: of its process
 * @waited: how often it left a CPU because it waited
 * @preempted: how often because it was made to
 * @begin: of its first stay
 * @end: of its last one
 * @on_ns: on CPUs, in sum
 * @last: kswitch_each(): when it left a CPU before the stay that is told; 0: it is the first
 * @last_left: and how, enum kswitch_left
 * @comm: its last name
 */
struct kswitch_thread {
	uint32_t tid, pid;
	uint64_t waited, preempted, begin, end, on_ns, last;
	uint32_t last_left;
	char comm[16];
};

/* Threads of which something is known, at most. */
#define KSWITCH_THREADS		(1u << 17)

struct kswitch;

/**
 * kswitch_open() - begin to record a process, and all threads and processes that it will make
 * @k: where to put the recorder
 * @pid: the process; 0: the calling one
 *
 * What is recorded goes to a file without a name in @dir, so that memory doesn't grow with it.
 *
 * Return: 0; -EACCES or -EPERM where that isn't allowed here (perf_event_paranoid), or another
 * negative errno.
 */
int kswitch_open(struct kswitch **k, pid_t pid, const char *dir);

/* Read what is recorded, from now on, in a thread of its own. Return: 0, or a negative errno. */
int kswitch_start(struct kswitch *k);

/* Stop, and read the rest. Return: 0; a negative errno where something could not be kept. */
int kswitch_stop(struct kswitch *k);

/* Records that found no room in the kernel's buffers; that fit no other one; threads left out. */
uint64_t kswitch_lost(const struct kswitch *k);
uint64_t kswitch_odd(const struct kswitch *k);

/* What is known of a thread, or NULL. */
const struct kswitch_thread *kswitch_thread(const struct kswitch *k, uint32_t tid);

/* The threads one by one: from @*at = 0 on, until NULL. */
const struct kswitch_thread *kswitch_next(const struct kswitch *k, size_t *at);

/**
 * kswitch_each() - all stays, in the order of their beginnings
 * @k: stopped
 * @fn: called for each, with its thread; not 0: no more
 * @arg: its argument
 *
 * Stays of one thread don't overlap.
 *
 * Return: 0; what @fn returned; a negative errno where they can't be read.
 */
int kswitch_each(struct kswitch *k,
		 int (*fn)(void *arg, const struct kswitch_stay *s, const struct kswitch_thread *t),
		 void *arg);

void kswitch_close(struct kswitch *k);

#endif /* GVT_TOOLS_KSWITCH_H */
