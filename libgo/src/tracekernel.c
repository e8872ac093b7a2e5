// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tracekernel.c - the kernel's part of a trace: how often it took the processor from a thread,
 * and how long that waited for one.
 *
 * The kernel counts that, it doesn't say when. So from time to time the counters are looked
 * at (gvt.ko's where it is loaded and watches this process, else procfs's), and what came to
 * them since is an event on the thread's track.
 *
 * Rejected: perf_event_open() with context-switch records, which has the moments: it needs a
 * setting that not all systems have (perf_event_paranoid), and a ring for each CPU. `gvt trace`
 * does that, from outside.
 */
#include "tracefile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return false;
	while (n < size - 1 && (got = read(fd, buf + n, size - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	buf[n] = '\0';
	return n;
}

/* What came to the counters of @tid since the last look. */
static void compare(struct file *f, struct kernel_counts *c, uint32_t tid, uint64_t times,
		    uint64_t waited, uint64_t now)
{
	if (c->tid == tid && times > c->times) {
		json_instant(f, "preempted by the kernel", "kernel", tid, now);
		json_text(f, ",\"args\":{\"times\":");
		json_number(f, times - c->times);
		json_text(f, ",\"waited_us\":");
		json_us(f, waited - c->waited);
		json_text(f, ",\"within_us\":");
		json_us(f, now - c->at);
		json_text(f, "}}");
	}
	*c = (struct kernel_counts){ tid, times, waited, now };
}

static uint64_t number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static bool look_procfs(struct file *f, struct kernel_counts *c, uint32_t tid, uint64_t now)
{
	uint64_t times, waited = 0;
	char path[64], *at;

	snprintf(path, sizeof(path), "/proc/self/task/%u/status", tid);
	if (!read_file(path, f->procfs, sizeof(f->procfs)) ||
	    !strstr(f->procfs, "nonvoluntary_ctxt_switches:"))
		return false;
	times = number_after(f->procfs, "nonvoluntary_ctxt_switches:");
	/* Time run, time waited for a processor, how often it got one. */
	snprintf(path, sizeof(path), "/proc/self/task/%u/schedstat", tid);
	if (read_file(path, f->procfs, sizeof(f->procfs))) {
		at = strchr(f->procfs, ' ');
		waited = at ? strtoull(at, NULL, 10) : 0;
	}
	compare(f, c, tid, times, waited, now);
	return true;
}

/* The row of @tid in what /proc/gvt/thread says: its columns are named in the second line. */
static bool look_gvt(struct file *f, struct kernel_counts *c, uint32_t tid, uint64_t now)
{
	static const char *const want[] = { "pid", "tid", "nonvoluntary_ctxt_switches",
					    "runqueue_wait_ns" };
	uint64_t value[ARRAY_SIZE(want)];
	const char *names = strchr(f->gvt, '\n'), *line, *end;

	for (end = names ? strchr(names + 1, '\n') : NULL; end; end = strchr(line, '\n')) {
		const char *head = names + 1, *at = line = end + 1;
		size_t found = 0;

		while (*at && *at != '\n') {
			size_t name = strcspn(head, " \t\n"), n = strcspn(at, " \t\n");

			for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
				if (strlen(want[i]) == name && !memcmp(want[i], head, name)) {
					value[i] = strtoull(at, NULL, 10);
					found++;
				}
			}
			head += name + strspn(head + name, " \t");
			at += n + strspn(at + n, " \t");
		}
		if (found == ARRAY_SIZE(want) && value[0] == f->pid && value[1] == tid) {
			compare(f, c, tid, value[2], value[3], now);
			return true;
		}
	}
	return false;
}

void trace_look_at_kernel(struct file *f)
{
	uint32_t tid[LOOK_THREADS], n = 0;
	uint64_t now = (uint64_t)go_now();
	bool gvt = read_file("/proc/gvt/thread", f->gvt, sizeof(f->gvt));

	spin_lock(&sched.lock);
	for (const struct m *m = sched.ms; m && n < LOOK_THREADS; m = m->next)
		if (load_relaxed(&m->tid))
			tid[n++] = (uint32_t)load_relaxed(&m->tid);
	spin_unlock(&sched.lock);
	for (uint32_t i = 0; i < n; i++) {
		struct kernel_counts *c = &f->counts[0];

		for (uint32_t k = 0; k < LOOK_THREADS && c->tid != tid[i]; k++)
			if (f->counts[k].tid == tid[i] || !f->counts[k].tid)
				c = &f->counts[k];
		/* No row: too many processes are watched, or they don't fit in here. */
		if (gvt && look_gvt(f, c, tid[i], now))
			f->counts_from = "/proc/gvt/thread";
		else if (look_procfs(f, c, tid[i], now))
			f->counts_from = "/proc/PID/task";
	}
}
