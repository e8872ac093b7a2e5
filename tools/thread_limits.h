/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * thread_limits.h - what bounds the number of threads, each limit with its name, what is
 * used of it, and how many more threads it allows.
 */
#ifndef GVT_TOOLS_THREAD_LIMITS_H
#define GVT_TOOLS_THREAD_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum limit {
	LIMIT_PID_MAX,
	LIMIT_THREADS_MAX,
	LIMIT_PIDS_CGROUP,
	LIMIT_NPROC,
	LIMIT_MAP_COUNT,
	LIMIT_ADDRESS_SPACE,
	LIMIT_MEMORY,
	LIMIT_NR
};

/**
 * struct thread_limit - one limit
 * @name: as its file, resource or sysctl is called
 * @applies: false where nothing limits
 * @shared: others live from it too: it must not be used up
 * @value: the limit
 * @room: how many more threads it allows now
 */
struct thread_limit {
	const char *name;
	bool applies, shared;
	uint64_t value, room;
};

/* Of a thread: kernel memory and touched stack, generously: to bound, not to report. */
#define THREAD_BYTES	(48 * 1024)

/* Of a parked goroutine. */
#define GOROUTINE_BYTES	6144

/* Read all limits as they are now. */
void limits_read(struct thread_limit l[LIMIT_NR]);

/* "NAME = VALUE"; "nothing" for LIMIT_NR. */
#define LIMIT_TEXT	80
char *limit_text(char text[LIMIT_TEXT], const struct thread_limit l[LIMIT_NR], enum limit which);

/* The one that ends first; LIMIT_NR where none applies. */
enum limit limits_nearest(const struct thread_limit l[LIMIT_NR]);

/**
 * limits_safe() - threads that may be made without taking a shared limit from others
 * @l: the limits
 * @which: the limit that bounds it
 *
 * Of limits that other programs live from too, a 64th (at least 256) is left to them.
 */
uint64_t limits_safe(const struct thread_limit l[LIMIT_NR], enum limit *which);

#endif /* GVT_TOOLS_THREAD_LIMITS_H */
