// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * context.c - context: cancellation, deadlines and values along a tree of calls.
 *
 * A context is one of two things: a value, or something that can be cancelled (struct
 * cancel). Both point to their parent, and to the nearest one above, or themselves, that
 * can be cancelled: what go_ctx_done() and go_ctx_err() ask. That one is in the list of
 * the next above, which cancels it.
 *
 * References. @refs are handles of the user's, and children: so a parent lives as long as
 * its children, whoever gave up what. When there are none left, a context leaves its
 * parent's list and stops its timer. What may still look at it then holds @memory:
 * somebody who cancels a tree and took it out of the list just before; a timer that has
 * fired. That one is a goroutine on its way; where the run ends before it begins, it
 * gives back what it holds: context_drop().
 *
 * Cancelling. The lock is the one of the done channel, which lies inside: a context is
 * cancelled, its error set and its channel closed, in one section. So go_ctx_err() tells
 * an error exactly when the channel is closed. Children are taken out of the list one at a
 * time, each section is short, and no two locks are held at once. There is no recursion: a
 * chain of 100,000 contexts must not need a stack for it. Once the error is set nobody is
 * added to the list: who comes finds it, and is cancelled at once.
 *
 * Rejected: closing the children under the parent's lock, as Go does: a lock here spins. A
 * lock for the whole tree: those who only make and free contexts of one server would queue
 * for it.
 *
 * Order: the error is stored with release, after the cause; who reads an error with
 * acquire may read the cause.
 */
#include "chan.h"

#include <stdlib.h>

/* struct go_ctx - what all have; a value is no more than this. */
struct go_ctx {
	uint32_t refs;
	struct go_ctx *parent;		/* NULL: the background */
	struct cancel *cancel;		/* NULL: nothing cancels it */
	const void *key;		/* NULL: no value */
	void *value;
};

/* struct deadline - what cancels a context at a time. */
struct deadline {
	struct func_timer timer;
	uint32_t gen;			/* the run whose timer it is */
	uint32_t armed;			/* who sets it to 0 sees to the timer */
};

/* struct cancel - one that can be cancelled. */
struct cancel {
	struct go_ctx ctx;
	uint32_t memory;		/* all @refs together, and who else may look */
	int err;			/* 0: not cancelled; under done.lock, as the next two */
	int cause;
	struct cancel *children;
	struct cancel *above;		/* whose child it is; NULL: nobody's */
	struct cancel *next, *prev;	/* its siblings, under above's lock */
	bool linked;			/* in above's list; the same */
	struct cancel *todo;		/* in the list of one who cancels a tree */
	int64_t when;			/* deadline, also one from above; 0: none */
	struct deadline *deadline;	/* behind it; NULL: none of its own */
	void (*fn)(void *);		/* of go_ctx_after() */
	void *arg;
	struct go_chan done;		/* ends in the buffer, which has no size */
};

static struct go_ctx background = { .refs = 1 };

struct go_ctx *go_ctx_background(void)
{
	return &background;
}

/* False: no runtime runs. Either way leave() has to follow. */
static bool enter_run(struct m **m)
{
	*m = m_enter();
	return *m || foreign_enter();
}

static struct m *enter(void)
{
	struct m *m;

	enter_run(&m);
	return m;
}

static void leave(struct m *m)
{
	if (m)
		m_leave(m);
	else
		foreign_exit();
}

/* ---------------------------------------------------------------- references */

static void memory_put(struct cancel *c)
{
	if (__atomic_sub_fetch(&c->memory, 1, __ATOMIC_ACQ_REL))
		return;
	chan_mark_freed(&c->done, CHAN_FREED_CONTEXT);
	free(c);
}

struct go_ctx *go_ctx_ref(struct go_ctx *ctx)
{
	if (ctx != &background)
		__atomic_add_fetch(&ctx->refs, 1, __ATOMIC_RELAXED);
	return ctx;
}

static void unlink_child(struct cancel *c)
{
	struct cancel *above = c->above;
	struct m *m;

	if (!above)
		return;
	m = enter();
	chan_lock(&above->done);
	if (c->linked) {
		c->linked = false;
		if (c->prev)
			c->prev->next = c->next;
		else
			above->children = c->next;
		if (c->next)
			c->next->prev = c->prev;
	}
	spin_unlock(&above->done.lock);
	leave(m);
}

/*
 * Its timer is no longer needed. One that was still to fire has held the memory; so has one
 * that went with its run. One that has fired gives it back itself.
 */
static void disarm(struct cancel *c)
{
	struct deadline *d = c->deadline;
	struct m *m;
	bool ours;

	if (!d)
		return;
	/* Inside: the run doesn't end, and drop what has fired, between the two. */
	ours = !enter_run(&m);
	if (!__atomic_exchange_n(&d->armed, 0, __ATOMIC_ACQ_REL))
		ours = false;
	else if (!ours)
		ours = d->gen != load_relaxed(&sched.gen) || func_timer_stop(&d->timer);
	leave(m);
	if (ours)
		memory_put(c);
}

/* Nobody has a handle or a child of it any more. */
static void destroy(struct cancel *c)
{
	struct m *m;
	bool waited_on;

	unlink_child(c);
	m = enter();
	chan_lock(&c->done);
	waited_on = c->done.receivers.first != NULL;
	spin_unlock(&c->done.lock);
	leave(m);
	if (waited_on)
		go_panic("context: freed while goroutines wait for it");
	disarm(c);
	memory_put(c);
}

/* A value has nothing to tell it by. */
static void check_freed(const struct go_ctx *ctx)
{
	if (ctx && ctx->cancel && ctx == &ctx->cancel->ctx &&
	    unlikely(load_relaxed(&ctx->cancel->done.freed)))
		fatal_here("use of a freed context");
}

void go_ctx_free(struct go_ctx *ctx)
{
	check_freed(ctx);
	while (ctx && ctx != &background &&
	       !__atomic_sub_fetch(&ctx->refs, 1, __ATOMIC_ACQ_REL)) {
		struct go_ctx *parent = ctx->parent;

		if (ctx->cancel && ctx == &ctx->cancel->ctx)
			destroy(ctx->cancel);
		else
			free(ctx);
		ctx = parent;
	}
}

/* ---------------------------------------------------------------- cancelling */

/* This one alone; false: it was cancelled before. */
static bool cancel_one(struct cancel *c, int err, int cause)
{
	struct waitq all = { NULL, NULL };
	struct m *m = enter();
	bool first;

	chan_lock(&c->done);
	first = !c->err;
	if (first) {
		c->cause = cause;
		chan_close_locked(&c->done, &all);
		store_release(&c->err, err);
	}
	spin_unlock(&c->done.lock);
	chan_wake_closed(m, all.first, 0);
	leave(m);
	if (first)
		disarm(c);
	return first;
}

/* One of @c's children, out of the list, its memory held; NULL: there is none left. */
static struct cancel *pop_child(struct cancel *c)
{
	struct m *m = enter();
	struct cancel *child;

	chan_lock(&c->done);
	child = c->children;
	if (child) {
		c->children = child->next;
		if (child->next)
			child->next->prev = NULL;
		child->linked = false;
		__atomic_add_fetch(&child->memory, 1, __ATOMIC_RELAXED);
	}
	spin_unlock(&c->done.lock);
	leave(m);
	return child;
}

/* What go_ctx_after() arranged. */
static void run_after(struct cancel *c)
{
	if (c->fn && go(c->fn, c->arg))
		go_panic("context: no goroutine could be made for go_ctx_after()");
}

/*
 * @root, whose memory the caller holds, and all below it. What was cancelled before has seen
 * to its own. False: that is @root.
 */
static bool cancel_tree(struct cancel *root, int err, int cause)
{
	struct cancel *todo = root;

	if (!cancel_one(root, err, cause))
		return false;
	root->todo = NULL;
	while (todo) {
		struct cancel *c = todo, *child = pop_child(c);

		if (!child) {
			todo = c->todo;
			if (c != root)
				memory_put(c);
		} else if (cancel_one(child, err, cause)) {
			run_after(child);
			child->todo = todo;
			todo = child;
		} else {
			memory_put(child);
		}
	}
	return true;
}

/* By its owner; false: it was cancelled before. */
static bool cancel_own(struct go_ctx *ctx, int cause)
{
	struct cancel *c = ctx->cancel;
	bool first;

	if (!c || ctx != &c->ctx)
		go_panic("context: a context without a cancel function of its own");
	/* Who sees it cancelled may free it. */
	go_ctx_ref(ctx);
	first = cancel_tree(c, -ECANCELED, cause);
	unlink_child(c);
	go_ctx_free(ctx);
	return first;
}

void go_ctx_cancel_cause(struct go_ctx *ctx, int cause)
{
	cancel_own(ctx, cause ? cause : -ECANCELED);
}

void go_ctx_cancel(struct go_ctx *ctx)
{
	cancel_own(ctx, -ECANCELED);
}

/* The timer's goroutine. */
static void expired(void *arg)
{
	struct cancel *c = arg;

	store_release(&c->deadline->armed, 0);
	cancel_tree(c, -ETIMEDOUT, -ETIMEDOUT);
	memory_put(c);
}

/* The run has ended, and what was to run @fn never began: as expired(), but for cancelling. */
void context_drop(void (*fn)(void *), void *arg)
{
	struct cancel *c = arg;

	if (fn != expired)
		return;
	store_release(&c->deadline->armed, 0);
	memory_put(c);
}

/* -------------------------------------------------------------------- making */

static void check_parent(const struct go_ctx *parent)
{
	if (!parent)
		go_panic("cannot create context from nil parent");
}

/* One that can be cancelled, not yet known to its parent. */
static struct cancel *new_cancel(struct go_ctx *parent, bool deadline)
{
	struct cancel *c = calloc(1, sizeof(*c) + (deadline ? sizeof(*c->deadline) : 0));

	if (!c)
		return NULL;
	c->ctx.refs = 1;
	c->ctx.parent = go_ctx_ref(parent);
	c->ctx.cancel = c;
	c->above = parent->cancel;
	c->memory = 1;
	c->when = parent->cancel ? parent->cancel->when : 0;
	if (deadline)
		c->deadline = (struct deadline *)(c + 1);
	return c;
}

/* From here on its parent cancels it, or does so now. */
static void link_child(struct cancel *c)
{
	struct cancel *above = c->above;
	struct m *m;
	int err;

	if (!above)
		return;
	m = enter();
	chan_lock(&above->done);
	err = above->err;
	if (!err) {
		c->linked = true;
		c->prev = NULL;
		c->next = above->children;
		if (c->next)
			c->next->prev = c;
		above->children = c;
	}
	spin_unlock(&above->done.lock);
	leave(m);
	if (err && cancel_tree(c, err, above->cause))
		run_after(c);
}

/* Where no runtime runs, there is none to fire a timer. */
static void arm(struct cancel *c)
{
	struct deadline *d = c->deadline;
	struct m *m;

	if (enter_run(&m)) {
		c->memory++;
		d->gen = load_relaxed(&sched.gen);
		d->armed = 1;
		func_timer_start(m, &d->timer, c->when, expired, c);
	}
	leave(m);
}

struct go_ctx *go_ctx_with_cancel(struct go_ctx *parent)
{
	struct cancel *c;

	check_parent(parent);
	c = new_cancel(parent, false);
	if (!c)
		return NULL;
	link_child(c);
	return &c->ctx;
}

struct go_ctx *go_ctx_with_deadline(struct go_ctx *parent, int64_t t)
{
	struct cancel *c;
	bool passed;

	check_parent(parent);
	if (!t || (parent->cancel && parent->cancel->when && parent->cancel->when <= t))
		return go_ctx_with_cancel(parent);
	c = new_cancel(parent, true);
	if (!c)
		return NULL;
	c->when = t;
	passed = t <= go_now();
	/* Before its parent can cancel it: who does must find the timer. */
	if (!passed)
		arm(c);
	link_child(c);
	if (passed)
		cancel_tree(c, -ETIMEDOUT, -ETIMEDOUT);
	return &c->ctx;
}

struct go_ctx *go_ctx_with_timeout(struct go_ctx *parent, int64_t ns)
{
	return go_ctx_with_deadline(parent, timer_in(ns));
}

/* One that is not cancelled by itself: a value, or nothing but a new branch. */
static struct go_ctx *new_plain(struct go_ctx *parent, struct cancel *cancel)
{
	struct go_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	ctx->refs = 1;
	ctx->parent = go_ctx_ref(parent);
	ctx->cancel = cancel;
	return ctx;
}

struct go_ctx *go_ctx_with_value(struct go_ctx *parent, const void *key, void *value)
{
	struct go_ctx *ctx;

	check_parent(parent);
	if (!key)
		go_panic("nil key");
	ctx = new_plain(parent, parent->cancel);
	if (!ctx)
		return NULL;
	ctx->key = key;
	ctx->value = value;
	return ctx;
}

struct go_ctx *go_ctx_without_cancel(struct go_ctx *parent)
{
	check_parent(parent);
	return new_plain(parent, NULL);
}

struct go_ctx *go_ctx_after(struct go_ctx *parent, void (*fn)(void *), void *arg)
{
	struct cancel *c;

	check_parent(parent);
	if (!fn)
		go_panic("go_ctx_after: no function");
	c = new_cancel(parent, false);
	if (!c)
		return NULL;
	c->fn = fn;
	c->arg = arg;
	link_child(c);
	return &c->ctx;
}

bool go_ctx_after_stop(struct go_ctx *after)
{
	return cancel_own(after, -ECANCELED);
}

/* -------------------------------------------------------------------- asking */

struct go_chan *go_ctx_done(struct go_ctx *ctx)
{
	return ctx->cancel ? &ctx->cancel->done : NULL;
}

int go_ctx_err(struct go_ctx *ctx)
{
	return ctx->cancel ? load_acquire(&ctx->cancel->err) : 0;
}

int go_ctx_cause(struct go_ctx *ctx)
{
	return go_ctx_err(ctx) ? ctx->cancel->cause : 0;
}

int64_t go_ctx_deadline(struct go_ctx *ctx)
{
	return ctx->cancel ? ctx->cancel->when : 0;
}

void *go_ctx_value(struct go_ctx *ctx, const void *key)
{
	for (; ctx; ctx = ctx->parent)
		if (ctx->key && ctx->key == key)
			return ctx->value;
	return NULL;
}
