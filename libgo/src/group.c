// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * group.c - golang.org/x/sync/errgroup: goroutines that work on one task, the first error
 * of which counts.
 *
 * The waitgroup counts those that run. The limit is a semaphore of as many; who has
 * taken of it gives back, so a limit may be lifted while some run. The first error is set by
 * one exchange, before the last one is done: who waits for that sees it.
 *
 * The group's own reference to its context lasts until go_group_wait(): so the user may
 * free the context at any time.
 */
#include "rt.h"

#include <stdlib.h>

struct task {
	struct go_group *group;
	int (*fn)(void *);
	void *arg;
	bool limited;
};

static void fail(struct go_group *g, int err)
{
	int none = 0;
	struct go_ctx *ctx;

	if (!__atomic_compare_exchange_n(&g->_err, &none, err, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	ctx = load_acquire(&g->_ctx);
	if (ctx)
		go_ctx_cancel_cause(ctx, err);
}

/* The last thing that a task does with its group. */
static void finish(void *arg)
{
	const struct task *t = arg;
	struct go_group *g = t->group;

	if (t->limited)
		go_sem_release(&g->_places, 1);
	go_wg_done(&g->_wg);
}

/* finish() is deferred, for a function that leaves by go_exit(). */
static void do_task(void *arg)
{
	const struct task *t = arg;
	int err;

	go_defer(finish, arg);
	err = t->fn(t->arg);
	if (err)
		fail(t->group, err);
}

static void run_task(void *arg)
{
	struct task t = *(struct task *)arg;

	/* At once: one that is dropped when the run ends leaves nothing behind. */
	free(arg);
	go_call(do_task, &t, NULL);
}

/* The run has ended, and what was to run @fn never began. */
void group_drop(void (*fn)(void *), void *arg)
{
	if (fn == run_task)
		free(arg);
}

/* With its place taken, where there is a limit. False: it could not be started. */
static bool start(struct go_group *g, int (*fn)(void *), void *arg, bool limited)
{
	const struct task task = { .group = g, .fn = fn, .arg = arg, .limited = limited };
	struct task *t = malloc(sizeof(*t));
	int err = -ENOMEM;

	go_wg_add(&g->_wg, 1);
	if (t) {
		*t = task;
		err = go(run_task, t);
	}
	if (!err)
		return true;
	free(t);
	fail(g, err);
	finish((void *)&task);
	return false;
}

static void check(int (*fn)(void *))
{
	if (!fn)
		go_panic("errgroup: no function");
}

void go_group_go(struct go_group *g, int (*fn)(void *), void *arg)
{
	bool limited = g->_limit;

	check(fn);
	if (limited)
		go_sem_acquire(&g->_places, 1);
	start(g, fn, arg, limited);
}

bool go_group_try_go(struct go_group *g, int (*fn)(void *), void *arg)
{
	bool limited = g->_limit;

	check(fn);
	if (limited && !go_sem_try_acquire(&g->_places, 1))
		return false;
	return start(g, fn, arg, limited);
}

int go_group_wait(struct go_group *g)
{
	struct go_ctx *ctx;
	int err;

	go_wg_wait(&g->_wg);
	err = load_acquire(&g->_err);
	ctx = __atomic_exchange_n(&g->_ctx, NULL, __ATOMIC_ACQ_REL);
	if (ctx) {
		go_ctx_cancel_cause(ctx, err);
		go_ctx_free(ctx);
	}
	return err;
}

void go_group_limit(struct go_group *g, int n)
{
	struct m *m = m_enter();
	uint32_t active;

	if (!m)
		foreign_enter();
	active = wg_left(load_acquire(&g->_wg._state), &g->_wg, g->_wg._tag);
	if (!m)
		foreign_exit();
	else
		m_leave(m);
	if (n < 0) {
		g->_limit = false;
		return;
	}
	if (active)
		go_panic("errgroup: modify limit while %u goroutines in the group are still active",
			 active);
	g->_limit = true;
	memset(&g->_places, 0, sizeof(g->_places));
	go_sem_release(&g->_places, n);
}

struct go_ctx *go_group_with_context(struct go_group *g, struct go_ctx *parent)
{
	struct go_ctx *ctx = go_ctx_with_cancel(parent);

	memset(g, 0, sizeof(*g));
	if (ctx)
		g->_ctx = go_ctx_ref(ctx);
	return ctx;
}
