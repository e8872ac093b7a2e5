// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cpus.c - how many Ps there are unless somebody says: the environment's GOMAXPROCS,
 * else the CPUs that this process may use: its affinity mask, and its cgroup's quota.
 * And how many of the machine's CPUs are left over for another thread.
 */
#include "rt.h"

#include "netpoll.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

static int from_affinity(void)
{
	/* The kernel refuses a mask that is smaller than its own. */
	for (int max = 1024; max <= 1 << 20; max *= 2) {
		cpu_set_t *set = CPU_ALLOC((size_t)max);
		size_t size = CPU_ALLOC_SIZE((size_t)max);
		int n = 0;

		if (!set)
			break;
		if (!sched_getaffinity(0, size, set))
			n = CPU_COUNT_S(size, set);
		CPU_FREE(set);
		if (n > 0)
			return n;
	}
	return 1;
}

/* CPUs that "QUOTA PERIOD" in microseconds comes to, rounded up; 0: no limit. */
static int read_quota(const char *path)
{
	FILE *f = fopen(path, "re");
	long long quota, period;
	int n = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%lld %lld", &quota, &period) == 2 && quota > 0 && period > 0)
		n = (int)((quota + period - 1) / period);
	fclose(f);
	return n;
}

/* The tightest quota from this process's cgroup (version 2) up to the root; 0: none. */
static int from_cgroup(void)
{
	char line[PATH_MAX], path[PATH_MAX + 32];
	FILE *f = fopen("/proc/self/cgroup", "re");
	int least = 0;
	bool found = false;

	if (!f)
		return 0;
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "0::/", 4);
	fclose(f);
	if (!found)
		return 0;
	line[strcspn(line, "\n")] = 0;
	for (char *group = line + 3;;) {
		char *slash = strrchr(group, '/');
		int n;

		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cpu.max", group);
		n = read_quota(path);
		if (n && (!least || n < least))
			least = n;
		if (!slash)
			break;
		*slash = 0;
	}
	return least;
}

int cpus_default(void)
{
	const char *env = getenv("GOMAXPROCS");
	int n, quota;

	if (env) {
		char *end;
		long v = strtol(env, &end, 10);

		if (*env && !*end && v >= 1)
			return v > GO_MAXPROCS_LIMIT ? GO_MAXPROCS_LIMIT : (int)v;
	}
	n = from_affinity();
	quota = from_cgroup();
	if (quota && quota < n)
		n = quota;
	return n > GO_MAXPROCS_LIMIT ? GO_MAXPROCS_LIMIT : n;
}

/*
 * How many of the machine's threads run, or wait for a CPU, as /proc/loadavg (@fd) tells: the number
 * before its slash. 0: it doesn't tell.
 */
static uint32_t machine_running(int fd)
{
	char text[128], *slash;
	long n = SYS(pread64, fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	slash = strchr(text, '/');
	while (slash && slash > text && slash[-1] >= '0' && slash[-1] <= '9')
		slash--;
	return slash ? (uint32_t)strtoul(slash, NULL, 10) : 0;
}

/* Of the machine: those that were there at first, whoever may use them. 0: nothing tells. */
uint32_t cpus_online(void)
{
	static long n;

	if (!n)
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (uint32_t)n : 0;
}

/*
 * By a thread without a P: how many CPUs have others than this process's @busy Ps to run? More than
 * there are where they wait for each other; 0, too, where nothing tells. @fd: of /proc/loadavg, or
 * -1.
 */
uint32_t cpus_taken(int fd, uint32_t busy)
{
	uint32_t running = machine_running(fd);

	/* This thread is one of them. */
	return running > busy + 1 ? running - busy - 1 : 0;
}
