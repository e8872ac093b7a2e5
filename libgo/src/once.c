// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * once.c - sync.Once. The flag is set after @fn, not before: who finds it set may
 * rely on what @fn did. It is set by a deferred call, so that a @fn that panics counts as
 * done; that needs a frame, and so @fn has one of its own, as a function in Go has.
 */
#include "rt.h"

struct once_call {
	struct go_once *once;
	void (*fn)(void *);
	void *arg;
};

static void done(void *arg)
{
	struct go_once *o = arg;

	store_release(&o->_done, 1);
	go_mutex_unlock(&o->_m);
}

static void do_it(void *arg)
{
	const struct once_call *c = arg;

	go_defer(done, c->once);
	c->fn(c->arg);
}

static NOINLINE void do_slow(struct go_once *o, void (*fn)(void *), void *arg)
{
	struct once_call c = { .once = o, .fn = fn, .arg = arg };

	if (!fn)
		go_panic("go_once_do: no function");
	go_mutex_lock(&o->_m);
	if (!o->_done)
		go_call(do_it, &c, NULL);
	else
		go_mutex_unlock(&o->_m);
}

void go_once_do(struct go_once *o, void (*fn)(void *), void *arg)
{
	if (unlikely(!load_acquire(&o->_done)))
		do_slow(o, fn, arg);
}
