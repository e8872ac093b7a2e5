// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor_quiet.c - checks of `gvt doctor`: what makes figures differ from one time to the
 * next, or keeps an experiment from its full size; and what would make them steadier.
 *
 * A file that isn't there is no fault: the kernel, or the machine it runs in, has no such
 * thing to set. Where all of its folder is missing nothing is known, and that is said.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doctor.h"
#include "host.h"
#include "measure.h"

/* What `server` opens for 10,000 connections. */
#define FILES_WANTED	10064

/* Reading the clock takes a few dozen ns by the vDSO; by a system call, hundreds. */
#define CLOCK_SLOW_NS	200

/* The first line of a file, without its end. Return: whether there is one. */
static bool line_of(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool is;

	if (!f)
		return false;
	is = fgets(line, size, f);
	fclose(f);
	if (is)
		line[strcspn(line, "\n")] = '\0';
	return is;
}

/* Without sysfs a file that isn't there tells nothing. Return: whether that was found. */
static bool no_sysfs(struct finding *f)
{
	if (!access("/sys/devices/system/cpu", X_OK))
		return false;
	found(f, STATE_NOTE, "not known: /sys is not mounted");
	remedy(f, "mount -t sysfs none /sys");
	return true;
}

bool no_cgroups(struct finding *f)
{
	if (cgroup_visible())
		return false;
	found(f, STATE_NOTE, "not known: no cgroups are mounted at /sys/fs/cgroup");
	remedy(f, "mount -t cgroup2 none /sys/fs/cgroup");
	return true;
}

void check_governor(struct finding *f)
{
	const char *governor = host_governor();

	if (no_sysfs(f))
		return;
	if (!governor) {
		found(f, STATE_OK, "this kernel doesn't choose the frequency");
	} else if (!strcmp(governor, "performance")) {
		found(f, STATE_OK, "%s", governor);
	} else {
		found(f, STATE_NOTE, "%s: a CPU that was idle begins slowly", governor);
		remedy(f, "cpupower frequency-set -g performance (package linux-cpupower)");
	}
}

void check_turbo(struct finding *f)
{
	static const char intel[] = "/sys/devices/system/cpu/intel_pstate/no_turbo";
	static const char boost[] = "/sys/devices/system/cpu/cpufreq/boost";
	char line[16];
	bool is_intel = line_of(intel, line, sizeof(line));

	if (no_sysfs(f))
		return;
	if (!is_intel && !line_of(boost, line, sizeof(line))) {
		found(f, STATE_OK, "not to be set here");
	} else if (!strcmp(line, is_intel ? "1" : "0")) {
		found(f, STATE_OK, "off");
	} else {
		found(f, STATE_NOTE, "on: the first moments, and one CPU alone, are faster");
		remedy(f, "echo %d > %s", is_intel, is_intel ? intel : boost);
	}
}

void check_smt(struct finding *f)
{
	char line[16];

	if (no_sysfs(f))
		return;
	if (!line_of("/sys/devices/system/cpu/smt/active", line, sizeof(line)) ||
	    strcmp(line, "1")) {
		found(f, STATE_OK, "no two CPUs share a core");
		return;
	}
	found(f, STATE_NOTE, "CPUs share cores in pairs: two of them are not twice one");
	remedy(f, "echo off > /sys/devices/system/cpu/smt/control");
}

void check_load(struct finding *f)
{
	double load[2];

	if (getloadavg(load, 2) != 2) {
		found(f, STATE_NOTE, "the load can't be read");
		return;
	}
	found(f, load[0] > 0.3 * host_cpus() ? STATE_NOTE : STATE_OK,
	      "%.2f in the last minute, %.2f in the last five", load[0], load[1]);
	if (f->state != STATE_OK)
		remedy(f, "let nothing else run: others take CPU from whichever side runs");
}

void check_steal(struct finding *f)
{
	unsigned long long t[8], sum = 0;
	char line[256];
	double share;

	if (!line_of("/proc/stat", line, sizeof(line)) ||
	    sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
		   &t[4], &t[5], &t[6], &t[7]) != 8) {
		found(f, STATE_OK, "not counted by this kernel");
		return;
	}
	for (int i = 0; i < 8; i++)
		sum += t[i];
	share = sum ? 100.0 * t[7] / sum : 0;
	found(f, share > 0.5 ? STATE_NOTE : STATE_OK, "%.2f %% of the time since the boot", share);
	if (f->state != STATE_OK)
		remedy(f, "a machine, or a time, in which other virtual machines want less");
}

void check_quota(struct finding *f)
{
	double cpus = cgroup_cpus();

	if (no_cgroups(f))
		return;
	if (cpus <= 0) {
		found(f, STATE_OK, "none");
		return;
	}
	found(f, STATE_NOTE, "%.2f CPUs: who has used them up stands still for a while", cpus);
	remedy(f, "a container without a CPU quota (cpu.max, cpu.cfs_quota_us), or --procs within it");
}

void check_clock(struct finding *f)
{
	char line[64], step[TEXT_SIZE];

	if (!line_of("/sys/devices/system/clocksource/clocksource0/current_clocksource", line,
		     sizeof(line)))
		strcpy(line, "unknown");
	if (clock_step() < CLOCK_COARSE_NS)
		found(f, clock_cost() > CLOCK_SLOW_NS ? STATE_NOTE : STATE_OK,
		      "%s: reading it takes %ld ns, which is subtracted", line, clock_cost());
	else
		found(f, STATE_NOTE, "%s: it goes in steps of %s: what takes less is not measured", line,
		      text_value(step, "ns", clock_step()));
	if (f->state != STATE_OK)
		remedy(f, "boot with clocksource=tsc, where the processor has a steady one");
}

void check_huge_pages(struct finding *f)
{
	char line[64];

	if (no_sysfs(f))
		return;
	if (!line_of("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof(line))) {
		found(f, STATE_OK, "none in this kernel");
	} else if (!strstr(line, "[always]")) {
		found(f, STATE_OK, "%s", line);
	} else {
		found(f, STATE_NOTE, "%s: memory may come 2 MiB at a time", line);
		remedy(f, "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
	}
}

/* An event as `gvt trace` opens it, which needs no privilege. Return: 0, or an errno. */
static int try_perf(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

void check_perf(struct finding *f)
{
	int err = try_perf();
	char line[16];

	if (!line_of("/proc/sys/kernel/perf_event_paranoid", line, sizeof(line))) {
		found(f, STATE_NOTE, "this kernel has no perf events");
		remedy(f, "none needed: gvt counts without; perf stat could not be compared");
	} else if (atoi(line) > 2) {
		found(f, STATE_NOTE, "%s: perf stat is for root alone", line);
		remedy(f, "sysctl kernel.perf_event_paranoid=2, to compare with perf stat");
	} else if (err) {
		found(f, STATE_NOTE, "%s, but perf_event_open: %s", line, strerror(err));
		remedy(f, "a container whose filter (seccomp) lets it pass: --cap-add PERFMON");
	} else {
		found(f, STATE_OK, "%s", line);
	}
}

void check_files(struct finding *f)
{
	struct rlimit limit = { .rlim_max = 0 };
	char text[TEXT_SIZE];

	getrlimit(RLIMIT_NOFILE, &limit);
	text_count(text, limit.rlim_max);
	if (limit.rlim_max >= FILES_WANTED) {
		found(f, STATE_OK, "%s", limit.rlim_max == RLIM_INFINITY ? "no limit" : text);
		return;
	}
	found(f, STATE_NOTE, "%s: fewer than `gvt run server` opens for 10,000 connections", text);
	remedy(f, "ulimit -Hn 65536, as root");
}

void check_address_space(struct finding *f)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY };
	char text[TEXT_SIZE];

	getrlimit(RLIMIT_AS, &limit);
	if (limit.rlim_cur == RLIM_INFINITY) {
		found(f, STATE_OK, "no limit");
		return;
	}
	found(f, STATE_NOTE, "%s: stacks are address space first, and memory when touched",
	      text_value(text, "bytes", limit.rlim_cur));
	remedy(f, "ulimit -v unlimited");
}
