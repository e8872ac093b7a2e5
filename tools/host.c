// SPDX-License-Identifier: GPL-2.0-only
/*
 * host.c - facts about the machine that results have to be read with.
 */
#include <linux/magic.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "gvt.h"
#include "host.h"

#define CGROUP_MOUNT	"/sys/fs/cgroup"

const char *host_kernel(void)
{
	static struct utsname u;

	if (!u.release[0] && uname(&u))
		return "unknown";
	return u.release;
}

int host_cpus(void)
{
	cpu_set_t set;
	long n;

	if (!sched_getaffinity(0, sizeof(set), &set))
		return CPU_COUNT(&set);
	/* More CPUs than cpu_set_t holds. */
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? n : 1;
}

#if defined(__x86_64__) || defined(__i386__)
/* Hypervisors sign with twelve characters in CPUID leaf 0x40000000. */
const char *host_virtual(void)
{
	static const struct { const char *sign, *name; } known[] = {
		{ "KVMKVMKVM", "kvm" },		{ "TCGTCGTCGTCG", "tcg" },
		{ "Microsoft Hv", "hyperv" },	{ "VMwareVMware", "vmware" },
		{ "XenVMMXenVMM", "xen" },	{ "VBoxVBoxVBox", "virtualbox" },
	};
	unsigned int a, b, c, d;
	char sign[13] = "";

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 31)))
		return "none";
	__cpuid(0x40000000, a, b, c, d);
	memcpy(sign, &b, 4);
	memcpy(sign + 4, &c, 4);
	memcpy(sign + 8, &d, 4);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(sign, known[i].sign))
			return known[i].name;
	}
	return "unknown";
}
#else
/* No such leaf elsewhere: QEMU's machines name themselves, with or without KVM. */
const char *host_virtual(void)
{
	char text[64] = "";
	FILE *f = fopen("/sys/class/dmi/id/sys_vendor", "re");

	if (!f)
		return "none";
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strncmp(text, "QEMU", 4) ? "none" : "unknown";
}
#endif

int host_slowness(void)
{
	return strcmp(host_virtual(), "tcg") ? 1 : 4;
}

const char *host_governor(void)
{
	static char text[32];
	FILE *f = fopen("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "re");

	if (!f)
		return NULL;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return *text ? text : NULL;
}

uint64_t host_meminfo(const char *key)
{
	char line[128];
	uint64_t kb = 0;
	size_t len = strlen(key);
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, len) && line[len] == ':') {
			kb = strtoull(line + len + 1, NULL, 10);
			break;
		}
	}
	fclose(f);
	return kb * 1024;
}

/* A file with one number; "max", or no file, is no limit. */
static uint64_t read_limit(const char *dir, const char *name)
{
	char path[512], word[32];
	uint64_t value = UINT64_MAX;
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return UINT64_MAX;
	f = fopen(path, "re");
	if (!f)
		return UINT64_MAX;
	if (fscanf(f, "%31s", word) == 1 && word[0] >= '0' && word[0] <= '9')
		value = strtoull(word, NULL, 10);
	fclose(f);
	return value;
}

/* Is @name one of the words in the comma-separated @list? */
static bool in_list(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncmp(list, name, len) && (!list[len] || list[len] == ','))
			return true;
	}
	return false;
}

/* A limit holds for the group and all above it, so walk up to the mount. */
static void each_level(const char *mount, const char *group, bool v2,
		       void (*look)(const char *dir, bool v2, void *arg), void *arg)
{
	char dir[400];
	char *slash;

	if (snprintf(dir, sizeof(dir), "%s%s", mount, group) >= (int)sizeof(dir))
		return;
	for (;;) {
		/* In another cgroup namespace the path isn't here: only the mount counts. */
		look(dir, v2, arg);
		slash = strrchr(dir, '/');
		if (!slash || (size_t)(slash - dir) < strlen(mount))
			return;
		*slash = '\0';
	}
}

/*
 * Each level of the groups of this process that may limit what @controller gives: @look reads
 * files in the folder @dir, named as in version 2 of cgroups, or 1.
 */
static void each_group(const char *controller, void (*look)(const char *dir, bool v2, void *arg),
		       void *arg)
{
	char line[400], mount[64];
	FILE *f = fopen("/proc/self/cgroup", "re");

	if (!f)
		return;
	snprintf(mount, sizeof(mount), CGROUP_MOUNT "/%s", controller);
	/* Lines are HIERARCHY:CONTROLLERS:PATH; hierarchy 0 is version 2. */
	while (fgets(line, sizeof(line), f)) {
		char *list = strchr(line, ':'), *group = list ? strchr(list + 1, ':') : NULL;

		if (!group)
			continue;
		*list++ = '\0';
		*group++ = '\0';
		group[strcspn(group, "\n")] = '\0';
		if (!strcmp(line, "0"))
			each_level(CGROUP_MOUNT, group, true, look, arg);
		else if (in_list(list, controller))
			each_level(mount, group, false, look, arg);
	}
	fclose(f);
}

struct room {
	bool pids;	/* else memory */
	uint64_t room, limit;
};

static void look_for_room(const char *dir, bool v2, void *arg)
{
	struct room *r = arg;
	const char *limit = v2 ? "memory.max" : "memory.limit_in_bytes";
	const char *usage = v2 ? "memory.current" : "memory.usage_in_bytes";
	uint64_t max = read_limit(dir, r->pids ? "pids.max" : limit), used;

	if (max == UINT64_MAX)
		return;
	used = read_limit(dir, r->pids ? "pids.current" : usage);
	if (used == UINT64_MAX)
		used = 0;
	used = used < max ? max - used : 0;
	if (used < r->room) {
		r->room = used;
		r->limit = max;
	}
}

uint64_t cgroup_room(const char *controller, uint64_t *limit)
{
	struct room r = { !strcmp(controller, "pids"), UINT64_MAX, UINT64_MAX };

	each_group(controller, look_for_room, &r);
	*limit = r.limit;
	return r.room;
}

/* "QUOTA PERIOD" in one file, or each in its own; "max", and -1, are no quota. */
static void look_for_cpus(const char *dir, bool v2, void *arg)
{
	double *least = arg, quota, period;
	char path[512], text[64] = "";
	FILE *f;

	if (v2) {
		snprintf(path, sizeof(path), "%s/cpu.max", dir);
		f = fopen(path, "re");
		if (!f)
			return;
		if (!fgets(text, sizeof(text), f) ||
		    sscanf(text, "%lf %lf", &quota, &period) != 2)
			quota = period = 0;
		fclose(f);
	} else {
		uint64_t us = read_limit(dir, "cpu.cfs_quota_us");

		quota = us == UINT64_MAX ? 0 : us;
		us = read_limit(dir, "cpu.cfs_period_us");
		period = us == UINT64_MAX ? 0 : us;
	}
	if (quota > 0 && period > 0 && (*least <= 0 || quota / period < *least))
		*least = quota / period;
}

double cgroup_cpus(void)
{
	double least = 0;

	each_group("cpu", look_for_cpus, &least);
	return least;
}

bool cgroup_visible(void)
{
	struct statfs fs;

	/* Without cgroups there is nothing to be seen. The mount point itself is sysfs's. */
	if (access("/proc/self/cgroup", R_OK))
		return true;
	return !statfs(CGROUP_MOUNT, &fs) && fs.f_type != SYSFS_MAGIC;
}

uint64_t host_memory_available(void)
{
	uint64_t limit, room = cgroup_room("memory", &limit), available;

	available = host_meminfo("MemAvailable");
	return room < available ? room : available;
}
