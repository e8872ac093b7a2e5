// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.c - what one takes that is alive and waits.
 *
 * Taken ("committed") is resident memory, the page tables for it, and the kernel's stack
 * for each thread; reserved is address space. The kernel's other records of a thread
 * (task_struct and more, some 10 KiB) can't be read per process and are left out, in the
 * threads' favour. A goroutine that was made and has not run has no stack yet. Of a
 * process, resident are the pages that it has to itself: what fork() leaves shared is not
 * taken again.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <libgo.h>

#include "crew.h"
#include "experiment.h"
#include "measure.h"
#include "memuse.h"
#include "parked.h"

enum { COMMITTED, RSS, PAGE_TABLES, KERNEL_STACK, RESERVED, NOT_STARTED, NR_METRICS };

static const struct metric_def metrics[NR_METRICS] = {
	[COMMITTED] = { "committed_bytes", "bytes", "taken by a parked one, in sum" },
	[RSS] = { "rss_bytes", "bytes", "  resident memory" },
	[PAGE_TABLES] = { "page_tables_bytes", "bytes", "  page tables" },
	[KERNEL_STACK] = { "kernel_stack_bytes", "bytes", "  kernel stack" },
	[RESERVED] = { "reserved_bytes", "bytes", "address space reserved" },
	[NOT_STARTED] = { "not_started_bytes", "bytes", "made and not started, in sum" },
};

static const struct expectation expected[] = {
	{ EXPECT_RATIO_MIN, "committed_bytes", SIDE_THREAD, 3 },
	{ EXPECT_RATIO_MIN, "reserved_bytes", SIDE_THREAD, 4 },
	{ EXPECT_MADE, NULL, SIDE_THREAD, 0 },
	{ EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 },
};

static void set_each(struct rep *rep, const struct memuse *from, const struct memuse *to,
		     uint64_t n)
{
	struct memuse each = memuse_each(from, to, n);

	rep_set(rep, COMMITTED, memuse_committed(&each));
	rep_set(rep, RSS, each.rss);
	rep_set(rep, PAGE_TABLES, each.page_tables);
	rep_set(rep, KERNEL_STACK, each.kernel_stacks);
	rep_set(rep, RESERVED, each.reserved);
}

static void thread_side(const struct plan *p, struct rep *rep)
{
	struct parked_threads parked;
	struct memuse from, to;
	uint64_t n = p->n[COMMITTED];
	int err;

	rep_missing(rep, NOT_STARTED,
		    "threads: one can't be made without being started, clone() makes it runnable");
	/* Touches what the first ones of a process touch, stacks' caches and all. */
	err = parked_threads_make(&parked, 8, 0);
	rep->made += parked.nr;
	parked_threads_release(&parked);
	if (!err)
		err = -memuse_read(&from);
	if (!err) {
		err = parked_threads_make(&parked, n, 0);
		rep->made += parked.nr;
	}
	if (!err)
		err = -memuse_read(&to);
	if (err) {
		side_fail(p, rep, NR_METRICS, -err);
		return;
	}
	set_each(rep, &from, &to, n);
	parked_threads_release(&parked);
}

/*
 * libgo maps stacks in arenas of hundreds, so the growth of the process would say nothing
 * exact about one of them: the slots that are in use do.
 */
static int goroutine_memuse(struct memuse *m)
{
	int err = memuse_read(m);
	struct go_stats s;

	go_stats(&s);
	m->reserved = s.stack_bytes;
	return err;
}

static void goroutine_side(const struct plan *p, struct rep *rep)
{
	struct parked_goroutines parked;
	struct memuse from, made, to;
	uint64_t n = p->n[COMMITTED];
	int err;

	/* On one P, which nobody takes away, none of them starts before this goroutine waits. */
	go_maxprocs(1);
	err = parked_goroutines_make(&parked, 8);
	rep->made += parked.nr;
	parked_goroutines_settle(&parked);
	parked_goroutines_release(&parked);
	if (!err)
		err = goroutine_memuse(&from);
	if (!err) {
		err = parked_goroutines_make(&parked, n);
		rep->made += parked.nr;
	}
	if (!err)
		err = goroutine_memuse(&made);
	if (err)
		goto err_missing;
	made = memuse_each(&from, &made, n);
	rep_set(rep, NOT_STARTED, memuse_committed(&made));

	go_maxprocs(p->procs);
	parked_goroutines_settle(&parked);
	err = goroutine_memuse(&to);
	if (err)
		goto err_missing;
	set_each(rep, &from, &to, n);
	parked_goroutines_release(&parked);
	return;

err_missing:
	side_fail(p, rep, NR_METRICS, err);
}

/* ----------------------------------------------------------------- processes */

/* They are so alike that a hundred tell as much as a thousand. */
static uint64_t processes_of(const struct plan *p)
{
	uint64_t most = p->o->quick ? 100 : 300;

	return p->n[COMMITTED] < most ? p->n[COMMITTED] : most;
}

/* @here: it is there; it waits until nobody can write to @gate any more. */
struct parking {
	int here[2], gate[2];
};

static void park(void *arg, uint64_t i)
{
	const struct parking *at = arg;
	char c = i;

	close(at->gate[1]);
	if (write(at->here[1], &c, 1) == 1 && read(at->gate[0], &c, 1) > 0)
		_exit(1);
}

static void process_side(const struct plan *p, struct rep *rep)
{
	uint64_t n = processes_of(p);
	struct parking at;
	struct memuse from, to;
	struct crew crew;
	char c;
	int err;

	if (pipe(at.here) || pipe(at.gate)) {
		side_fail(p, rep, NR_METRICS, -errno);
		return;
	}
	err = memuse_read(&from);
	memset(&crew, 0, sizeof(crew));
	/* What this process takes is none of theirs; kernel stacks are the system's. */
	from = (struct memuse){ .kernel_stacks = from.kernel_stacks };
	if (!err)
		err = crew_start(&crew, rep, SIDE_PROCESS, n, park, &at);
	for (uint64_t i = 0; !err && i < n; i++)
		err = read(at.here[0], &c, 1) == 1 ? 0 : -EPIPE;
	if (!err)
		err = crew_memuse(&crew, &to);
	if (!err)
		set_each(rep, &from, &to, n);
	else
		side_fail(p, rep, NR_METRICS, err);
	/* They see the end of the pipe. */
	close(at.gate[1]);
	crew_wait(&crew);
}

static int run(struct result *r, const struct options *o)
{
	struct plan p;

	plan_init(&p, r->name, o);
	p.side[SIDE_THREAD] = thread_side;
	p.side[SIDE_GOROUTINE] = goroutine_side;
	p.side[SIDE_PROCESS] = process_side;
	p.n[COMMITTED] = parked_choose_n(o, 10000, 2000);
	/* Goroutines run until they wait, however long that takes. */
	p.debug[0] = "preempt=0";
	for (int i = 0; i < NR_METRICS; i++)
		p.n[i] = p.n[COMMITTED];
	result_param(r, "processes", processes_of(&p));
	return experiment_finish(r, &p, metrics, NR_METRICS, expected, ARRAY_SIZE(expected));
}

static const char about[] =
	"As many as fit are made and park. What the process takes more than before is divided by\n"
	"their number: resident memory, page tables, kernel stacks; and address space.\n"
	"\n"
	"Read: of a thread's 8 MiB of stack only what it touched is taken, and 16 KiB of kernel\n"
	"stack beside it. A parked goroutine takes its first page and its record; one that has\n"
	"not run yet, its record.\n"
	"\n"
	"Distorts: the kernel's other records of a thread (some 10 KiB) can't be read and are left\n"
	"out, in the threads' favour. Kernel stacks are read for the whole system: threads that\n"
	"others make meanwhile are in the figure.\n";

const struct experiment experiment_memory = {
	.name = "memory",
	.claim = "A parked goroutine takes a fraction of the memory of a parked thread",
	.about = about,
	.n_means = "threads, and goroutines, that are parked at once",
	.n_max = 1000000,
	.run = run,
};
