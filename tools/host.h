/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host.h - facts about the machine that results have to be read with.
 */
#ifndef GVT_TOOLS_HOST_H
#define GVT_TOOLS_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* The running kernel's release, as in `uname -r`. */
const char *host_kernel(void);

/* CPUs that this process may use. */
int host_cpus(void);

/*
 * What the machine runs in: "none", "kvm", "tcg" (QEMU's emulation), or another
 * hypervisor's name. In "tcg" times are only good for ratios.
 */
const char *host_virtual(void);

/* How many times as long something may take here before it counts as hung: 4 in "tcg", else 1. */
int host_slowness(void);

/*
 * How the kernel chooses the CPUs' frequency ("performance", "schedutil", ...); NULL where it
 * doesn't, as in most virtual machines.
 */
const char *host_governor(void);

/*
 * Bytes that can be had without taking them from anybody: MemAvailable, or what the
 * memory cgroups of this process leave, whichever is less.
 */
uint64_t host_memory_available(void);

/* A key of /proc/meminfo in bytes; 0 where there is no such key. */
uint64_t host_meminfo(const char *key);

/**
 * cgroup_room() - what the cgroups of this process leave of something, the least of all levels
 * @controller: "pids" or "memory"
 * @limit: the limit of that level; UINT64_MAX where none limits
 *
 * Reads both cgroup versions. Return: what may still be added; UINT64_MAX: no limit.
 */
uint64_t cgroup_room(const char *controller, uint64_t *limit);

/* CPUs by the least CPU quota of the cgroups of this process; 0: they have none. */
double cgroup_cpus(void);

/* False: what the cgroups of this process limit can't be seen, as they are not mounted. */
bool cgroup_visible(void);

#endif /* GVT_TOOLS_HOST_H */
