/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * gvt.h - the one contract between gvt.ko and user space.
 *
 * A user-space runtime that multiplexes goroutines (or fibers, or green
 * threads) on kernel threads opens /proc/gvt/runtime, maps one page of it
 * MAP_SHARED and counts into it. The module reads the page whenever somebody
 * reads /proc/gvt/process or /proc/gvt/stat. Counting is a plain store to
 * memory: no system call, no lock, nothing on the runtime's hot path that
 * would not be there without the module.
 *
 * Who writes what:
 *   - the runtime fills the header once, magic last, with a release store;
 *   - a slot has one writer at a time (a P), except the last slot of the page,
 *     to which several may add, with atomic additions;
 *   - the module writes only @state, once, when it goes away.
 *
 * The page is the runtime's word, not the kernel's: the module reads each word
 * once, sums slots and prints numbers; it never uses one as an index, a length
 * or an address.
 */
#ifndef _UAPI_LINUX_GVT_H
#define _UAPI_LINUX_GVT_H

#include <linux/types.h>

#define GVT_RUNTIME_FILE	"/proc/gvt/runtime"

#define GVT_RUNTIME_MAGIC	0x67767401u	/* "gvt", 1 */
#define GVT_RUNTIME_VERSION	1u

/* The page is 4096 bytes on every machine, however large its pages are. */
#define GVT_RUNTIME_SIZE	4096
#define GVT_RUNTIME_SLOTS	63

/* enum gvt_runtime_state - gvt_runtime_page.state */
enum gvt_runtime_state {
	GVT_RUNTIME_LIVE = 0,	/* somebody reads this page */
	GVT_RUNTIME_DEAD = 1,	/* the module has gone: nobody reads it any more */
};

/**
 * struct gvt_runtime_slot - the counters of one writer
 * @goroutine_creations: goroutines that this writer made
 * @goroutine_exits: goroutines that ended on this writer
 * @goroutine_switches: times that this writer went from running one
 *	goroutine to running another one, or the same one after it had waited
 * @goroutine_parks: times that a goroutine began to wait
 * @goroutine_steals: goroutines taken from another writer's run queue
 * @goroutine_handoffs: times that a P was taken from a blocked thread
 * @goroutine_preemptions: times that a goroutine lost its P by running too long
 * @reserved: zero
 *
 * All of them only grow. A writer may bring some of them up to date only now and then, but
 * does so before it goes idle. 64 bytes: a cache line, so that writers don't share.
 */
struct gvt_runtime_slot {
	__u64	goroutine_creations;
	__u64	goroutine_exits;
	__u64	goroutine_switches;
	__u64	goroutine_parks;
	__u64	goroutine_steals;
	__u64	goroutine_handoffs;
	__u64	goroutine_preemptions;
	__u64	reserved;
};

/**
 * struct gvt_runtime_page - what a runtime publishes
 * @magic: GVT_RUNTIME_MAGIC, stored last; anything else: the page is not in use
 * @version: GVT_RUNTIME_VERSION
 * @nslots: slots that may hold something, at most GVT_RUNTIME_SLOTS
 * @state: enum gvt_runtime_state, written by the module
 * @goroutine_peak: the most goroutines that were alive at once
 * @reserved: zero
 * @slot: the counters
 */
struct gvt_runtime_page {
	__u32	magic;
	__u32	version;
	__u32	nslots;
	__u32	state;
	__u64	goroutine_peak;
	__u64	reserved[5];
	struct gvt_runtime_slot slot[GVT_RUNTIME_SLOTS];
};

#endif /* _UAPI_LINUX_GVT_H */
