// SPDX-License-Identifier: GPL-2.0-only
/*
 * memuse.c - what memory a process takes.
 *
 * VmRSS is summed from per-CPU counters that may lag since Linux 6.2; smaps_rollup walks
 * the page tables and is exact. Page tables are not part of either.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
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

/* One of them. */
static int add_process(pid_t pid, struct memuse *m)
{
	char path[64], *status, *rollup;
	int64_t clean = -1, dirty = -1, tables = -1, size = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = read_file(path);
	if (!status)
		return -errno;
	tables = key_bytes(status, "VmPTE:");
	size = key_bytes(status, "VmSize:");
	free(status);
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	rollup = read_file(path);
	if (!rollup)
		return -errno;
	clean = key_bytes(rollup, "Private_Clean:");
	dirty = key_bytes(rollup, "Private_Dirty:");
	free(rollup);
	if (clean < 0 || dirty < 0 || tables < 0 || size < 0)
		return -EPROTO;
	m->rss += clean + dirty;
	m->page_tables += tables;
	m->reserved += size;
	return 0;
}

int memuse_of(const pid_t *pid, uint64_t n, struct memuse *m)
{
	int err = 0;

	*m = (struct memuse){ .kernel_stacks = host_meminfo("KernelStack") };
	for (uint64_t i = 0; i < n && !err; i++)
		err = add_process(pid[i], m);
	return err;
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
