// SPDX-License-Identifier: GPL-2.0-only
/*
 * workloads.c - what `gvt bench` measures, and what libgo is meant to reach.
 *
 * Numbers of operations are such that a repetition takes some tenths of a second on either
 * side; threads do fewer, as one of theirs takes a hundred times as long.
 */
#include <string.h>

#include "bench/bench.h"

const char *const bench_side_name[BENCH_SIDES] = { "libgo", "pthread", "go" };

#define RATIO(x)	{ TARGET_RATIO, x }
#define MOST(x)		{ TARGET_MOST, x }

static const char no_channel[] = "threads have no channels: nothing hands a value over unbuffered";

static const char no_defer[] = "threads bring nothing for this";

static const char no_timers[] = "a process may not have so many timers of the kernel's";

int bench_later(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

const struct workload workloads[] = {
	{ .name = "yield", .label = "yield, 2 of them", .unit = "ns",
	  .does = "2 goroutines do nothing but yield",
	  .n = 4000000, .n_thread = 200000, .quick_div = 20, .target = RATIO(6),
	  .libgo = libgo_yield, .pthread = thread_yield },
	{ .name = "yield-100", .label = "yield, 100 of them", .unit = "ns",
	  .does = "100 goroutines do nothing but yield",
	  .n = 4000000, .n_thread = 200000, .quick_div = 20, .target = RATIO(6),
	  .libgo = libgo_yield_100, .pthread = thread_yield_100 },
	{ .name = "create", .label = "create and end, in turn", .unit = "ns",
	  .does = "make one, receive from a channel that it has ended, make the next",
	  .n = 1000000, .n_thread = 5000, .quick_div = 20, .target = RATIO(4),
	  .libgo = libgo_create, .pthread = thread_create },
	{ .name = "batch", .label = "batch, one waitgroup", .unit = "ns",
	  .does = "make 1,000,000, then wait for all by one waitgroup",
	  .n = 1000000, .n_thread = 5000, .quick_div = 20, .room = 3072, .target = RATIO(6),
	  .libgo = libgo_batch, .pthread = thread_batch },
	{ .name = "roundtrip", .label = "channel, round trip", .unit = "ns",
	  .does = "ping-pong by two unbuffered channels",
	  .n = 1000000, .n_thread = 20000, .quick_div = 20, .target = RATIO(3),
	  .libgo = libgo_roundtrip, .pthread = thread_roundtrip },
	{ .name = "oneway", .label = "channel, one way", .unit = "ns",
	  .does = "one sends, one receives, by an unbuffered channel",
	  .n = 2000000, .quick_div = 20, .target = RATIO(3),
	  .libgo = libgo_oneway, .no_pthread = no_channel },
	{ .name = "buffer", .label = "channel, buffer of 128", .unit = "ns",
	  .does = "one sends, one receives, by a channel that buffers 128",
	  .n = 5000000, .n_thread = 500000, .quick_div = 20, .target = RATIO(2),
	  .libgo = libgo_buffer, .pthread = thread_buffer },
	{ .name = "select", .label = "select over 2 channels", .unit = "ns",
	  .does = "two send, each by its own unbuffered channel; one selects over both",
	  .n = 1000000, .quick_div = 20, .target = RATIO(3),
	  .libgo = libgo_select,
	  .no_pthread = "threads have no select: one can't wait for two semaphores" },
	{ .name = "skynet", .label = "skynet, a tree of tens", .unit = "ns",
	  .does = "each makes 10 and adds up what they send, down to 1,000,000 leaves",
	  .n = 1000000, .quick_div = 100, .room = 6144, .target = RATIO(4),
	  .libgo = libgo_skynet, .no_pthread = "so many threads can't be alive at once" },
	{ .name = "sleep", .label = "sleep 1 ms, all at once", .unit = "ns",
	  .does = "make 100,000 that sleep 1 ms each, wait until all have slept",
	  .n = 100000, .quick_div = 20, .room = 6144, .target = RATIO(3),
	  .libgo = libgo_sleep, .no_pthread = "so many threads can't be alive at once" },
	{ .name = "mutex", .label = "mutex, uncontended", .unit = "ns",
	  .does = "one locks and unlocks",
	  .n = 20000000, .n_thread = 20000000, .quick_div = 20, .target = RATIO(1),
	  .libgo = libgo_mutex, .pthread = thread_mutex },
	{ .name = "mutex-4", .label = "mutex, 4 at it", .unit = "ns",
	  .does = "4 lock and unlock the same one",
	  .n = 10000000, .n_thread = 2000000, .quick_div = 20, .target = RATIO(1),
	  .libgo = libgo_mutex_4, .pthread = thread_mutex_4 },
	{ .name = "defer", .label = "call, deferred call", .unit = "ns",
	  .does = "call a function that defers a call",
	  .n = 5000000, .quick_div = 20, .target = MOST(100),
	  .libgo = libgo_defer, .no_pthread = no_defer },
	{ .name = "panic", .label = "panic, recovered", .unit = "ns",
	  .does = "call a function that panics, which a call that it deferred recovers",
	  .n = 1000000, .quick_div = 20, .target = RATIO(0.5),
	  .libgo = libgo_panic, .no_pthread = no_defer },
	{ .name = "wake", .label = "wake and end parked ones", .unit = "ns",
	  .does = "close the channel that 1,000,000 wait for, wait until all have ended",
	  .n = 1000000, .n_thread = 5000, .quick_div = 20, .room = 8192, .target = RATIO(3),
	  .libgo = libgo_wake, .pthread = thread_wake },
	{ .name = "parked", .label = "one that is parked", .unit = "bytes",
	  .does = "resident memory and page tables, for each of 100,000 that wait",
	  .n = 100000, .n_thread = 1000, .quick_div = 10, .room = 8192, .target = MOST(4.7 * 1024),
	  .libgo = libgo_parked, .pthread = thread_parked },
	{ .name = "made", .label = "one made, not started", .unit = "bytes",
	  .does = "the same, for each of 2,000 that were made and have not run; on one P",
	  .n = 2000, .quick_div = 1, .target = MOST(256),
	  .libgo = libgo_made,
	  .no_pthread = "a thread can't be made without being started" },
	{ .name = "timer", .label = "timer, started and stopped", .unit = "ns",
	  .does = "start a timer that is an hour away, and stop it",
	  .n = 5000000, .n_thread = 200000, .quick_div = 20, .target = RATIO(1),
	  .libgo = libgo_timer, .pthread = thread_timer },
	{ .name = "timers", .label = "timer, one of 1,000,000", .unit = "ns",
	  .does = "start 1,000,000 timers, then stop them in that order; for each, both",
	  .n = 1000000, .quick_div = 20, .room = 512, .target = RATIO(1),
	  .libgo = libgo_timers, .no_pthread = no_timers },
	{ .name = "timer-mem", .label = "one pending timer", .unit = "bytes",
	  .does = "resident memory and page tables, for each of 1,000,000 that are pending",
	  .n = 1000000, .quick_div = 10, .room = 512, .target = MOST(128),
	  .libgo = libgo_timers_memory, .no_pthread = no_timers },
	{ .name = "tick-50", .label = "tick, late, median", .unit = "ns",
	  .does = "hear a ticker of 1 ms; how late it was heard, the middle of all",
	  .n = 400, .n_thread = 400, .quick_div = 4, .target = RATIO(1),
	  .libgo = libgo_tick_50, .pthread = thread_tick_50 },
	{ .name = "tick-99", .label = "tick, late, 99 of 100", .unit = "ns",
	  .does = "the same; 99 of 100 were heard sooner",
	  .n = 400, .n_thread = 400, .quick_div = 4, .target = RATIO(1),
	  .libgo = libgo_tick_99, .pthread = thread_tick_99 },
};

const size_t nr_workloads = ARRAY_SIZE(workloads);

const struct workload *workload_find(const char *name)
{
	for (size_t i = 0; i < nr_workloads; i++) {
		if (!strcmp(workloads[i].name, name))
			return &workloads[i];
	}
	return NULL;
}

uint64_t workload_n(const struct workload *w, enum bench_side s, bool quick)
{
	return (s == BENCH_PTHREAD ? w->n_thread : w->n) / (quick ? w->quick_div : 1);
}
