// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * panic.c - go_panic(), go_recover(), go_exit(): running deferred calls out of turn.
 *
 * A panic goes from frame to frame outwards (defer.c) and runs what was deferred there, on
 * top of the stack of the one that panicked: nothing is left yet. So, where nobody
 * recovers it, the backtrace shows where it began. Where one of the calls did, the
 * frame in which that was deferred ends: what else was deferred there runs, as at any end
 * of it, and the stack is left up to there. The goroutine's own function is such a frame
 * too: then the goroutine ends, and go_run() returns if it is main.
 *
 * go_exit() is the same course, which can't be recovered.
 *
 * In a deferred call that a panic runs another one may begin. It goes on outwards by the same
 * frames; when it comes by the edge of that deferred call, the older one is aborted: its code
 * will never go on. What the older one had not run yet the newer one runs. If that is
 * recovered further out, both are over. But a go_exit() is not to be ended by that: it goes
 * on where the panic that aborted it was recovered. These are Go's rules (runtime/panic.go).
 *
 * u->frame is where the course is: the frames inside of it have been dealt with, and are
 * no frames any more, though their memory still stands.
 *
 * go_recover() counts only in a deferred call itself. Its frame has to be the innermost
 * one, run by a panic: so not in a go_call() inside of it, nor in a call deferred by
 * that, if it ends as usual. A function that the deferred call calls is told by unwinding:
 * one frame must lie between go_recover() and gvtgo_call(). That is only done while there
 * is something to recover, and once for each call of go_recover() in a program: for that
 * one, the distance between the two frames is remembered, which is the size of the
 * deferred function's. A function that was reached by a jump at the end of the deferred
 * call (a tail call), or is inlined into it, can't be told from it; nor is it refused where
 * there are no tables to unwind by.
 *
 * Rejected: comparing the function that called go_recover() with the deferred one by the
 * address of its table. Compilers put cold code into a second one, and of two functions
 * that are equal make one and a jump (gcc's -fipa-icf): a deferred call would be refused.
 */
#include "panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unwind.h>

/* Recovered texts that are over, the latest of them: whoever kept the pointer still reads it. */
#define KEPT	256

static char *kept[KEPT];
static uint32_t nkept;

/* @p is over. */
void panic_drop(struct panic *p)
{
	uint32_t i = __atomic_fetch_add(&nkept, 1, __ATOMIC_RELAXED) % KEPT;

	if (p->kept)
		free(__atomic_exchange_n(&kept[i], p->kept, __ATOMIC_ACQ_REL));
	p->kept = NULL;
}

/* The panic, or go_exit(), in one of whose deferred calls the caller is; NULL: none. */
static struct panic *innermost(const struct unwinding *u)
{
	for (const struct frame *f = u->frame; f; f = f->up)
		if (f->panic)
			return f->panic;
	return NULL;
}

/* @p was recovered. A go_exit() that it had aborted, if any, which goes on in its place. */
static struct panic *resumed(struct panic *p)
{
	struct panic *q = p->link;

	panic_drop(p);
	while (q && q->aborted && !q->goexit)
		q = q->link;
	if (!q || !q->aborted)
		return NULL;
	q->aborted = false;
	return q;
}

/* @p was recovered by a call that was deferred in @f; NULL: by the goroutine's function. */
static GO_NORETURN void leave(struct frame *f, const char *text)
{
	if (f) {
		if (f->out)
			snprintf(f->out->text, sizeof(f->out->text), "%s", text);
		frame_unwind(f);
	}
	frame_run_deferred(NULL);
	sched_exit(true);
}

/*
 * Runs what is deferred, from the innermost frame on. Returns when nothing is left, with
 * what has not been recovered: @p, or a go_exit() that @p had aborted.
 */
static struct panic *run(struct panic *p)
{
	for (;;) {
		struct unwinding *u = defer_self();
		struct frame *f = u->frame;

		while (deferred_in(u, f)) {
			struct deferred d = defer_pop(u);
			struct frame one;

			one.panic = p;
			one.out = NULL;
			frame_run(&one, d.fn, d.arg);
			if (p->recovered) {
				const char *text = p->text;

				p = resumed(p);
				if (!p)
					leave(f, text);
			}
			u = defer_self();
		}
		if (!f)
			return p;
		if (f->panic) {
			f->panic->aborted = true;
			panic_drop(f->panic);
		}
		u->frame = f->up;
	}
}

static GO_NORETURN void begin(struct panic *p)
{
	struct m *m = arch_m();

	/* Misuse is found inside the runtime, where the caller holds no lock. */
	if (m)
		m_leave(m);
	if (!m || m->cur) {
		p->link = innermost(defer_self());
		p = run(p);
		if (p->goexit)
			sched_exit(false);
	}
	panic_die(p);
}

void go_panic(const char *fmt, ...)
{
	struct go_panic own;
	struct panic p = { .text = own.text };
	va_list args;

	va_start(args, fmt);
	vsnprintf(own.text, sizeof(own.text), fmt, args);
	va_end(args);
	begin(&p);
}

NOINLINE void go_exit(void)
{
	struct panic p = { .text = "go_exit", .goexit = true };

	if (!arch_m() && fork_frozen())
		fork_refuse();
	if (!arch_m())
		go_panic("go_exit: not a goroutine");
	begin(&p);
}

/* ------------------------------------------------------------------- recovering */

/* seems_in_deferred_call(), go_recover(), the deferred call, and what called that. */
#define FRAMES	4

struct callers {
	int n;
	bool found;
};

static _Unwind_Reason_Code look(struct _Unwind_Context *ctx, void *arg)
{
	struct callers *c = arg;

	c->found = _Unwind_GetRegionStart(ctx) == frame_caller();
	return ++c->n == FRAMES || c->found ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* Is it a deferred call itself that called go_recover()? */
static NOINLINE bool seems_in_deferred_call(bool *sure)
{
	struct callers c = { 0 };

	_Unwind_Backtrace(look, &c);
	*sure = c.found;
	return c.found || c.n < FRAMES;
}

/*
 * Places that called go_recover() from a deferred call: where they return to, and, in the
 * upper 16 bits, how far below gvtgo_call()'s frame that was. One word, so that it is whole.
 */
#define PLACES	64

static uint64_t places[PLACES];

/* @pc: where go_recover() returns to; @below: how far its frame is below that of the caller. */
static ALWAYS_INLINE inline bool in_deferred_call(uintptr_t pc, uintptr_t below)
{
	uint64_t *at = &places[pc * 0x9e3779b97f4a7c15u >> 58];
	uint64_t place = (uint64_t)below << 48 | (pc & ((UINT64_C(1) << 48) - 1));
	bool sure;

	if (below <= UINT16_MAX && load_relaxed(at) == place)
		return true;
	if (!seems_in_deferred_call(&sure))
		return false;
	if (sure && below <= UINT16_MAX)
		store_relaxed(at, place);
	return true;
}

NOINLINE const char *go_recover(void)
{
	const struct frame *f = defer_self()->frame;
	struct panic *p = f ? f->panic : NULL;

	if (!p || p->recovered || p->goexit ||
	    !in_deferred_call((uintptr_t)__builtin_return_address(0),
			      frame_edge(f) - (uintptr_t)__builtin_frame_address(0)))
		return NULL;
	p->recovered = true;
	p->kept = strdup(p->text);
	return p->kept ? p->kept : p->text;
}
