/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memuse.h - what memory a process takes, the parts that the kernel takes for it too.
 */
#ifndef GVT_TOOLS_MEMUSE_H
#define GVT_TOOLS_MEMUSE_H

#include <stdint.h>
#include <sys/types.h>

/**
 * struct memuse - one reading, in bytes
 * @rss: resident memory of this process
 * @page_tables: its page tables
 * @kernel_stacks: kernel stacks of the whole system (no process has its own count)
 * @reserved: address space
 */
struct memuse {
	int64_t rss, page_tables, kernel_stacks, reserved;
};

/* Return: 0, or a negative errno. Exact, so slow with many pages: milliseconds. */
int memuse_read(struct memuse *m);

/*
 * memuse_of() - what other processes take, in sum
 * @pid: them
 * @n: how many
 * @m: resident are the pages that a process has to itself; kernel stacks: all, as above
 *
 * Pages that a forked process still shares with its parent are nobody's.
 *
 * Return: 0, or a negative errno.
 */
int memuse_of(const pid_t *pid, uint64_t n, struct memuse *m);

/* What each of @n takes more than at @from; at least 0. */
struct memuse memuse_each(const struct memuse *from, const struct memuse *to, uint64_t n);

/* Resident, page tables and kernel stacks together: what is really taken. */
int64_t memuse_committed(const struct memuse *m);

#endif /* GVT_TOOLS_MEMUSE_H */
