// SPDX-License-Identifier: GPL-2.0-only
/*
 * memuse.c - what memory a process takes.
 *
 * VmRSS is summed from per-CPU counters that may lag since Linux 6.2; smaps_rollup walks
 * the page tables and is exact. Page tables are not part of either.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "counters_source.h"
#include "host.h"
#include "memuse.h"

/* "Key:   123 kB" */
static int64_t key_bytes(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoll(at + strlen(key), NULL, 10) * 1024 : -1;
}

int memuse_read(struct memuse *m)
{
	char *status = read_file("/proc/self/status"), *rollup;

	if (!status)
		return -errno;
	m->rss = key_bytes(status, "VmRSS:");
	m->page_tables = key_bytes(status, "VmPTE:");
	m->reserved = key_bytes(status, "VmSize:");
	m->kernel_stacks = host_meminfo("KernelStack");
	free(status);
	rollup = read_file("/proc/self/smaps_rollup");
	if (rollup) {
		int64_t rss = key_bytes(rollup, "\nRss:");

		if (rss >= 0)
			m->rss = rss;
		free(rollup);
	}
	return m->rss < 0 || m->page_tables < 0 || m->reserved < 0 ? -EPROTO : 0;
}

static int64_t each(int64_t from, int64_t to, uint64_t n)
{
	return to > from ? (to - from) / (int64_t)n : 0;
}

struct memuse memuse_each(const struct memuse *from, const struct memuse *to, uint64_t n)
{
	return (struct memuse){
		.rss = each(from->rss, to->rss, n),
		.page_tables = each(from->page_tables, to->page_tables, n),
		.kernel_stacks = each(from->kernel_stacks, to->kernel_stacks, n),
		.reserved = each(from->reserved, to->reserved, n),
	};
}

int64_t memuse_committed(const struct memuse *m)
{
	return m->rss + m->page_tables + m->kernel_stacks;
}
