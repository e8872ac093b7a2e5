// SPDX-License-Identifier: GPL-2.0-only
/*
 * thread_limits.c - what bounds the number of threads.
 *
 * Two kinds: limits of this process alone (vm.max_map_count), which an experiment may
 * run into, and limits that other programs live from too (kernel.pid_max, memory, ...),
 * of which a reserve is left.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host.h"
#include "result.h"
#include "thread_limits.h"

/* glibc maps a thread's stack as two mappings: the guard and the stack. */
#define MAPS_PER_THREAD	2

static uint64_t read_number(const char *path)
{
	uint64_t value = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	if (fscanf(f, "%lu", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

/* Tasks of the whole system: the number after the slash in /proc/loadavg. */
static uint64_t system_tasks(void)
{
	unsigned long tasks = 0;
	FILE *f = fopen("/proc/loadavg", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%*f %*f %*f %*u/%lu", &tasks) != 1)
		tasks = 0;
	fclose(f);
	return tasks;
}

static uint64_t own_maps(void)
{
	uint64_t lines = 0;
	int c;
	FILE *f = fopen("/proc/self/maps", "re");

	if (!f)
		return 0;
	while ((c = getc(f)) != EOF)
		lines += c == '\n';
	fclose(f);
	return lines;
}

/* Threads of this user, which RLIMIT_NPROC counts. */
static uint64_t user_tasks(void)
{
	uint64_t tasks = 0;
	struct dirent *e;
	DIR *d = opendir("/proc");

	if (!d)
		return 0;
	while ((e = readdir(d))) {
		unsigned long uid = ~0ul, threads = 0;
		char path[300], line[128];
		FILE *f;

		if (e->d_name[0] < '0' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/status", e->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		while (fgets(line, sizeof(line), f)) {
			sscanf(line, "Uid: %lu", &uid);
			sscanf(line, "Threads: %lu", &threads);
		}
		fclose(f);
		if (uid == getuid())
			tasks += threads;
	}
	closedir(d);
	return tasks;
}

static void set(struct thread_limit *l, const char *name, bool shared, uint64_t value,
		uint64_t used, uint64_t each)
{
	l->name = name;
	l->applies = value > 0;
	l->shared = shared;
	l->value = value;
	l->room = value > used ? (value - used) / each : 0;
}

/* Bytes for each: a stack as glibc maps it. */
static void set_address_space(struct thread_limit *l)
{
	uint64_t each = 8 << 20, used = read_number("/proc/self/statm") * sysconf(_SC_PAGESIZE);
	struct rlimit r;

	l->name = "RLIMIT_AS";
	if (!getrlimit(RLIMIT_STACK, &r) && r.rlim_cur != RLIM_INFINITY)
		each = r.rlim_cur;
	if (!getrlimit(RLIMIT_AS, &r) && r.rlim_cur != RLIM_INFINITY)
		set(l, l->name, false, r.rlim_cur, used, each ? each : 1);
}

void limits_read(struct thread_limit l[LIMIT_NR])
{
	uint64_t tasks = system_tasks(), room, limit;
	struct rlimit r;

	memset(l, 0, LIMIT_NR * sizeof(*l));
	set(&l[LIMIT_PID_MAX], "kernel.pid_max", true, read_number("/proc/sys/kernel/pid_max"),
	    tasks, 1);
	set(&l[LIMIT_THREADS_MAX], "kernel.threads-max", true,
	    read_number("/proc/sys/kernel/threads-max"), tasks, 1);
	set(&l[LIMIT_MAP_COUNT], "vm.max_map_count", false,
	    read_number("/proc/sys/vm/max_map_count"), own_maps(), MAPS_PER_THREAD);
	/* Half of what is available: the rest of the machine goes on. */
	set(&l[LIMIT_MEMORY], "memory", false, host_memory_available() / 2, 0, THREAD_BYTES);

	l[LIMIT_PIDS_CGROUP].name = "pids.max";
	l[LIMIT_PIDS_CGROUP].shared = true;
	room = cgroup_room("pids", &limit);
	if (room != UINT64_MAX) {
		l[LIMIT_PIDS_CGROUP].applies = true;
		l[LIMIT_PIDS_CGROUP].value = limit;
		l[LIMIT_PIDS_CGROUP].room = room;
	}

	l[LIMIT_NPROC].name = "RLIMIT_NPROC";
	l[LIMIT_NPROC].shared = true;
	/* The kernel doesn't hold root to it. */
	if (geteuid() && !getrlimit(RLIMIT_NPROC, &r) && r.rlim_cur != RLIM_INFINITY)
		set(&l[LIMIT_NPROC], "RLIMIT_NPROC", true, r.rlim_cur, user_tasks(), 1);
	set_address_space(&l[LIMIT_ADDRESS_SPACE]);
}

char *limit_text(char text[LIMIT_TEXT], const struct thread_limit l[LIMIT_NR], enum limit which)
{
	char value[TEXT_SIZE];

	if (which == LIMIT_NR) {
		strcpy(text, "nothing");
		return text;
	}
	if (which == LIMIT_MEMORY || which == LIMIT_ADDRESS_SPACE)
		text_value(value, "bytes", l[which].value);
	else
		text_count(value, l[which].value);
	snprintf(text, LIMIT_TEXT, "%.24s = %s", l[which].name, value);
	return text;
}

enum limit limits_nearest(const struct thread_limit l[LIMIT_NR])
{
	enum limit nearest = LIMIT_NR;

	for (int i = 0; i < LIMIT_NR; i++) {
		if (l[i].applies && (nearest == LIMIT_NR || l[i].room < l[nearest].room))
			nearest = i;
	}
	return nearest;
}

uint64_t limits_safe(const struct thread_limit l[LIMIT_NR], enum limit *which)
{
	uint64_t safe = UINT64_MAX;

	*which = LIMIT_NR;
	for (int i = 0; i < LIMIT_NR; i++) {
		uint64_t reserve = 0, room = l[i].room;

		if (!l[i].applies)
			continue;
		if (l[i].shared)
			reserve = l[i].value / 64 > 256 ? l[i].value / 64 : 256;
		room = room > reserve ? room - reserve : 0;
		if (room < safe) {
			safe = room;
			*which = i;
		}
	}
	return safe;
}
