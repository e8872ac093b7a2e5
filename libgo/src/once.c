// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * once.c - sync.Once. The flag is set after @fn, not before: who finds it set may
 * rely on what @fn did.
 */
#include "rt.h"

static NOINLINE void do_slow(struct go_once *o, void (*fn)(void *), void *arg)
{
	go_mutex_lock(&o->_m);
	if (!o->_done) {
		fn(arg);
		store_release(&o->_done, 1);
	}
	go_mutex_unlock(&o->_m);
}

void go_once_do(struct go_once *o, void (*fn)(void *), void *arg)
{
	if (unlikely(!load_acquire(&o->_done)))
		do_slow(o, fn, arg);
}
