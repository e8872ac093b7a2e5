/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* panic.h - frames, deferred calls and panics from the inside: for defer.c and panic.c. */
#ifndef GVTGO_PANIC_H
#define GVTGO_PANIC_H

#include "rt.h"

#include "san.h"
#ifdef SAN_THREAD
#include <setjmp.h>
#endif

/*
 * struct panic - a panic on its way, or a go_exit(). It lies on the stack of the one that
 * began it, which is left only when it is over.
 */
struct panic {
	struct panic *link;	/* the one in whose deferred call this one began */
	const char *text;
	char *kept;		/* what go_recover() returned; NULL: nothing yet */
	bool goexit;		/* go_exit(): can't be recovered */
	bool recovered;
	bool aborted;		/* a newer one came by the deferred call that it was running */
};

/*
 * struct frame - one edge that a panic stops at: a go_call(), or a deferred call, which is a
 * function of its own as in Go. It lies on the stack. Around all of them is the
 * goroutine, which has none.
 */
struct frame {
	struct frame *up;
	const struct defers *chunk;	/* how much was deferred when it began */
	uint32_t n;
	struct panic *panic;		/* that runs this deferred call; NULL: none does */
	struct go_panic *out;		/* where to put the text of a recovered one; or NULL */
	struct eh_globals eh;
#ifdef SAN_THREAD
	jmp_buf edge;			/* by libc's, which TSan sees */
#else
	void *edge;			/* of gvtgo_call() */
#endif
};

/* Has anything been deferred in @f (NULL: by the goroutine's function) that has not run? */
static inline bool deferred_in(const struct unwinding *u, const struct frame *f)
{
	if (!f)
		return u->defers;
	return u->defers != f->chunk || (f->chunk && f->chunk->n != f->n);
}

struct unwinding *defer_self(void);
struct deferred defer_pop(struct unwinding *u);
bool frame_run(struct frame *f, void (*fn)(void *), void *arg);
GO_NORETURN void frame_unwind(struct frame *f);
uintptr_t frame_caller(void);

/* The stack pointer of what called @f's function: a fixed place in its frame. */
static inline uintptr_t frame_edge(const struct frame *f)
{
#ifdef SAN_THREAD
	/* Not known: no place is found twice. */
	(void)f;
	return 0;
#else
	return (uintptr_t)f->edge;
#endif
}

void panic_drop(struct panic *p);
GO_NORETURN void panic_die(const struct panic *p);

#endif /* GVTGO_PANIC_H */
