// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * schedtrace.c - LIBGO_DEBUG=schedtrace=MS: Go's SCHED line on stderr, every MS
 * milliseconds. Its readers know the words; what they stand for here:
 *
 *   gomaxprocs       Ps
 *   idleprocs        Ps that no M holds
 *   threads          Ms, and the monitor
 *   spinningthreads  Ms that look for work
 *   needspinning     1: there is work and an idle P for it, and nobody looks
 *   idlethreads      Ms that sleep
 *   runqueue         goroutines in the global queue; in brackets those of each P
 *
 * The numbers are read one after the other while the runtime goes on. The monitor
 * prints (sysmon.c): it needs no P, so a line comes also where all of them are stuck.
 */
#include "rt.h"

#include <stdio.h>
#include <unistd.h>

#include "runq.h"

#define LINE_MAX_BYTES	(256 + 12 * GO_MAXPROCS_LIMIT)

static int64_t period;		/* ns; 0: not wanted */
static int64_t begun, next;

void schedtrace_init(void)
{
	period = debug_number("schedtrace", 0) * NSEC_PER_MSEC;
	begun = go_now();
	next = begun + period;
}

static void print(int64_t now)
{
	static char line[LINE_MAX_BYTES];	/* one thread prints */
	struct p_array *a = rcu_ps();
	uint32_t idle = load_seq(&sched.nidle), spinning = load_seq(&sched.nspinning);
	uint32_t np = load_relaxed(&sched.np), queued = gq_len(), threads, idle_ms, all;
	size_t n;

	spin_lock(&sched.lock);
	threads = sched.nms + 1;
	idle_ms = sched.nidle_ms;
	spin_unlock(&sched.lock);
	all = queued;
	for (uint32_t i = 0; i < a->n; i++)
		all += runq_len(a->p[i]);
	n = (size_t)snprintf(line, sizeof(line),
			     "SCHED %lldms: gomaxprocs=%u idleprocs=%u threads=%u spinningthreads=%u needspinning=%u idlethreads=%u runqueue=%u [",
			     (long long)((now - begun) / NSEC_PER_MSEC), np, idle, threads, spinning,
			     all && idle && !spinning, idle_ms, queued);
	for (uint32_t i = 0; i < np && i < a->n && n < sizeof(line) - 16; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%u", i ? " " : "",
				      runq_len(a->p[i]));
	n += (size_t)snprintf(line + n, sizeof(line) - n, "]\n");
	/* Whether anybody reads it is not ours to deal with. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

/* Prints if it is time. Returns when it will be. */
int64_t schedtrace_tick(int64_t now)
{
	if (!period)
		return NEVER;
	if (now >= next) {
		print(now);
		/* Where lines were missed they are not made up for. */
		next += (now - next) / period * period + period;
	}
	return next;
}
