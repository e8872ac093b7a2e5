// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * defer.c - frames and deferred calls.
 *
 * In Go each function can defer calls, and a panic that is recovered ends at a function's
 * edge. A C compiler knows of neither; so the functions that have these edges are told
 * by name: what go_call() runs, and, as in Go, each deferred call, and the goroutine's own
 * function. An edge is a struct frame on the stack.
 *
 * The deferred calls of a goroutine are one stack, of pieces that are made as they are
 * needed; a frame remembers how high it was. The first piece lies in the struct stack, so
 * a few calls cost no allocation. An empty piece is kept by the one below until that is
 * empty as well: so nothing is left when nothing is deferred.
 *
 * A frame's way back is valid while its function runs, and also while calls run that it
 * deferred: any of them may panic, and the next one recover. So these are run from
 * another gvtgo_call() with the same frame: frame_run().
 *
 * Which goroutine this is, is asked anew after each call of the user's: it may go on
 * as another thread, or in the child of a fork(), where it is none any more and what it
 * deferred is the thread's (fork.c).
 *
 * Rejected: setjmp(): 200 bytes for each frame, and it mangles pointers; a function that
 * returns twice, which keeps the compiler from using registers in go_call(). C++ exceptions:
 * a panic runs deferred calls before anything is unwound, so that the backtrace of one that
 * nobody recovers shows where it happened; and C programs are built without tables for
 * cleaning up. A list with a record for each deferred call: an allocation each, or room that
 * the caller has to give, which a loop can't.
 */
#include "panic.h"

#include <stdlib.h>

/* As many as fit into some cache lines at first, then a page. */
#define SMALL	((512 - sizeof(struct defers)) / sizeof(struct deferred))
#define LARGE	((4096 - sizeof(struct defers)) / sizeof(struct deferred))

/* What a thread has that is no goroutine. */
struct thread_unwinding {
	struct unwinding u;
	union defers_few few;
};

/* Called, never inlined: the address of what is a thread's own is not to be remembered. */
static NOINLINE struct thread_unwinding *thread_self(void)
{
	static __thread struct thread_unwinding self;
	struct thread_unwinding *t = &self;

	__asm__ volatile("" : "+r"(t));
	return t;
}

struct unwinding *defer_self(void)
{
	struct m *m = arch_m();

	return likely(m != NULL) ? &m->cur->stack->unwinding : &thread_self()->u;
}

/* ------------------------------------------------------------- deferred calls */

/* @u's topmost piece is full, or there is none. */
static NOINLINE struct defers *grow(struct unwinding *u)
{
	struct m *m = arch_m();
	struct defers *c = u->defers, *new;

	if (!c) {
		new = m ? &m->cur->stack->few.head : &thread_self()->few.head;
		*new = (struct defers){ .cap = DEFERS_FEW };
		return new;
	}
	if (!c->newer) {
		uint32_t cap = c->older ? LARGE : SMALL;

		new = malloc(sizeof(*new) + cap * sizeof(struct deferred));
		if (!new)
			fatal("runtime: out of memory for a deferred call");
		*new = (struct defers){ .older = c, .cap = cap };
		c->newer = new;
	}
	return c->newer;
}

static void push(struct unwinding *u, void (*fn)(void *), void *arg)
{
	struct defers *c = u->defers;

	if (unlikely(!c || c->n == c->cap)) {
		c = grow(u);
		c->call[0] = (struct deferred){ fn, arg };
		c->n = 1;
		/* Last: who looks when the run ends finds what is whole. */
		store_relaxed(&u->defers, c);
		return;
	}
	c->call[c->n] = (struct deferred){ fn, arg };
	c->n++;
}

void go_defer(void (*fn)(void *), void *arg)
{
	struct m *m = arch_m();
	struct unwinding *u;

	if (unlikely(!fn))
		go_panic("go_defer: nil function");
	if (likely(m != NULL)) {
		u = &m->cur->stack->unwinding;
	} else {
		u = &thread_self()->u;
		if (!u->frame)
			go_panic("go_defer: not in a goroutine, nor in go_call");
	}
	push(u, fn, arg);
}

/* The one that was deferred last; there is one. */
struct deferred defer_pop(struct unwinding *u)
{
	struct defers *c = u->defers;
	struct deferred d = c->call[--c->n];

	if (!c->n) {
		u->defers = c->older;
		if (c->newer)
			free(c->newer);
		c->newer = NULL;
	}
	return d;
}

/* The goroutine on @s is dropped: none of its deferred calls runs. */
void defer_drop(struct stack *s)
{
	struct defers *c = s->unwinding.defers;

	/* As long as they are on this stack: another one, of the program's own, may be gone. */
	for (struct frame *f = s->unwinding.frame;
	     f && (char *)f >= s->lo && (char *)f < (char *)s; f = f->up)
		if (f->panic)
			panic_drop(f->panic);
	s->unwinding = (struct unwinding){ NULL, NULL };
	if (!c)
		return;
	free(c->newer);
	while (c->older) {
		struct defers *older = c->older;

		free(c);
		c = older;
	}
}

/* The child of a fork() that @m's goroutine made: what it deferred is the thread's now. */
void defer_in_child(struct m *m)
{
	if (m->cur)
		thread_self()->u = m->cur->stack->unwinding;
}

/* ---------------------------------------------------------------------- frames */

/*
 * Calls fn(arg). False: it returned. True: frame_unwind() came back here. What @fn changes
 * in registers that are its caller's is as it was in both cases.
 */
#ifdef SAN_THREAD
static NOINLINE bool frame_enter(struct frame *f, void (*fn)(void *), void *arg)
{
	if (_setjmp(f->edge))
		return true;
	fn(arg);
	return false;
}

/* The function by which each of the user's is called. */
uintptr_t frame_caller(void)
{
	return (uintptr_t)frame_enter;
}
#else
static inline bool frame_enter(struct frame *f, void (*fn)(void *), void *arg)
{
	return gvtgo_call(&f->edge, fn, arg);
}

uintptr_t frame_caller(void)
{
	return (uintptr_t)gvtgo_call;
}
#endif

/* All that is deferred in frame @arg (NULL: by the goroutine's function), in its turn. */
void frame_run_deferred(void *arg)
{
	struct unwinding *u;

	while (u = defer_self(), deferred_in(u, arg)) {
		struct deferred d = defer_pop(u);
		struct frame one;

		one.panic = NULL;
		one.out = NULL;
		frame_run(&one, d.fn, d.arg);
	}
}

/*
 * Runs fn(arg) in @f, whose panic and out are set, and then what it deferred. True: one of
 * these calls recovered a panic.
 */
bool frame_run(struct frame *f, void (*fn)(void *), void *arg)
{
	struct unwinding *u = defer_self();
	struct eh_globals *eh = eh_here(arch_m());
	bool recovered;

	f->up = u->frame;
	f->chunk = u->defers;
	f->n = f->chunk ? f->chunk->n : 0;
	if (unlikely(eh))
		f->eh = *eh;
	u->frame = f;
	recovered = frame_enter(f, fn, arg);
	for (;;) {
		u = defer_self();
		if (likely(!deferred_in(u, f)))
			break;
		recovered |= frame_enter(f, frame_run_deferred, f);
	}
	u->frame = f->up;
	return recovered;
}

/* All frames inside of @f are left, and frame_run() of @f goes on. */
void frame_unwind(struct frame *f)
{
	struct m *m = m_enter();
	struct eh_globals *eh;

	/* It may have been in go_blocking(), without a P. */
	if (m) {
		store_relaxed(&m->cur->why, WAIT_NONE);
		m_leave(m);
	}
	eh = eh_here(m);
	if (eh)
		*eh = f->eh;
	san_frames_left();
#ifdef SAN_THREAD
	longjmp(f->edge, 1);
#else
	gvtgo_unwind(f->edge);
#endif
}

int go_call(void (*fn)(void *), void *arg, struct go_panic *out)
{
	struct frame f;

	if (unlikely(!fn))
		return -EINVAL;
	if (out)
		out->text[0] = '\0';
	f.panic = NULL;
	f.out = out;
	return unlikely(frame_run(&f, fn, arg)) ? -ECANCELED : 0;
}
