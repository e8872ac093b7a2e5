// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sched.c - which goroutine runs next, and going there.
 *
 * Ideas:
 *
 * - A goroutine that parks switches straight to the next one of its P. Only where
 *   there is none does it go to its thread's own stack, on which sched_loop() looks
 *   further and sleeps. (Go always goes through a scheduler stack: two switches.)
 * - Whatever must not happen before the old goroutine is out of its stack (release
 *   the lock under which it queued itself, queue it as runnable, give its stack
 *   back) is handed over by the switch, and done by the next context: sched_finish().
 * - A goroutine gets a stack when it first runs. One that ends without having to
 *   leave its stack to anybody calls the next fresh one in a loop, on the same hot
 *   stack: gvtgo_main(). No switch, no stack, no first touch.
 * - The M that a resumed context finds is handed to it as arch_switch()'s result, and that
 *   M's errno is its own already. So nothing is read from thread-local storage over a switch,
 *   and nothing that a compiler may have remembered from another thread is used.
 *
 * Invariants:
 *
 * - A goroutine is in at most one of: a run queue, a waiter's hands, m->cur.
 * - m->cur is NULL exactly while the thread is on its own stack.
 *
 * Rejected: a handshake flag in each G instead (Linux's on_cpu): two Ms
 * that each switch to what the other one is leaving would wait for each other. Go's
 * order of the local queue was kept: a slot for the one readied last, then first in,
 * first out; a Chase-Lev deque's owner end starves what was queued first.
 */
#include "rt.h"

#include <sched.h>

#include "runq.h"
#include "san.h"

struct sched sched = { .np = 0 };

/* Something that only sched_loop() can deal with. */
static inline bool loop_wanted(const struct p *p)
{
	return load_relaxed(&sched.stopping) || p->id >= load_relaxed(&sched.np) ||
	       load_relaxed(&sched.nwant_p) || netpoll_due(p);
}

/*
 * A pinned goroutine's M runs no other: one that computes there without an end, and loses
 * its P, would still be on the thread. So it begins where none is pinned yet, and the M
 * passes its P on whenever it waits.
 */
static inline void pin(struct m *m, struct g *g)
{
	g->bound_to = m;
	g->flags |= G_BOUND;
	m->pinned |= (uintptr_t)g;
}

/* @m's own goroutine, if that is ready. */
static struct g *pinned_get(struct m *m)
{
	struct g *g = NULL;

	if (!load_relaxed(&m->pinned_ready))
		return NULL;
	spin_lock(&sched.lock);
	if (m->pinned_ready)
		g = m_pinned(m);
	store_relaxed(&m->pinned_ready, false);
	spin_unlock(&sched.lock);
	return g;
}

/* Timers, pinned goroutines, and now and then what is not in the own queue. */
static struct g *look_around(struct m *m, struct p *p)
{
	struct g *g = NULL;

	if (p->tick % FAIR_TICKS == 0) {
		rcu_thread_quiescent();
		if (p->tick % (4 * FAIR_TICKS) == 0)
			page_flush(p);
		if (p->tick % CROWD_TICKS == 0)
			idle_spread(p);
		run_count_peak();
		if (unlikely(load_relaxed(&p->trim)))
			stack_trim(p);
		if (p->solo && rcu_ps()->n > 1)
			store_release(&p->solo, false);
		if (loop_wanted(p))
			return NULL;
	}
	if (timer_first(p) != NEVER)
		timer_run(m, p, p->clock_tick == p->tick ? p->clock : go_now());
	if (unlikely(m_pinned(m) != NULL))
		return pinned_get(m);
	if (p->tick % FAIR_TICKS == 0) {
		g = gq_get(p, 1);
		/* A pair that readies each other lives in runnext: not for ever. */
		if (!g)
			g = runq_get_fifo(p);
	}
	if (!g)
		g = runq_get(p);
	return g;
}

static NOINLINE struct g *pick_slow(struct m *m, struct p *p)
{
	struct g *g = look_around(m, p);

	if (unlikely(trace_on))
		trace_pick(m, g);
	return g;
}

/* A switch, or the try of one, begins. */
static inline void tick(struct p *p)
{
	arch_count32(&p->tick);
}

/* Is there nothing to ask for but the own queue? That nobody is pinned, then, nor traced. */
static inline bool is_plain(const struct p *p, uintptr_t pinned)
{
	return likely(p->tick % FAIR_TICKS && !timer_any(p) && !pinned);
}

/* pick() after tick(). */
static inline struct g *pick_ticked(struct m *m, struct p *p)
{
	if (unlikely(!is_plain(p, m->pinned & ~M_EH)))
		return pick_slow(m, p);
	return runq_get(p);
}

/* The next goroutine of this P, or NULL: see what sched_loop() finds. */
static inline struct g *pick(struct m *m, struct p *p)
{
	tick(p);
	return pick_ticked(m, p);
}

struct g *sched_pick(struct m *m)
{
	return pick(m, m->p);
}

/*
 * @g is about to run on @m: see that it has a stack. False: it is the ticket of a thread
 * (preempt.c), which gets the P, from @m's own stack.
 */
static inline bool enter(struct m *m, struct p *p, struct g *g)
{
	if (!g->sp) {
		if (unlikely(g->flags & G_TICKET)) {
			m->give = container_of(g, struct m, ticket);
			m->cur = NULL;
			if (unlikely(m->eh))
				eh_load(m, NULL);
			return false;
		}
		if (unlikely(g->flags & GO_PINNED))
			pin(m, g);
		stack_attach(g, stack_get(p, g));
	} else {
		*m->errno_p = g->err;
	}
	m->cur = g;
	store_relaxed(&g->state, G_RUNNING);
	count(p, goroutine_switches);
	return true;
}

/*
 * A goroutine is on again, on @m, with @after to be done, which may touch errno. Everything is
 * asked anew, so nothing has to be kept over the switch. Returns @m.
 */
static NOINLINE struct m *arrive_after(struct m *m, uintptr_t after)
{
	sched_finish(m->p, after);
	*m->errno_p = m->cur->err;
	return m;
}

/*
 * Leaves @g for @next, or for the thread's own stack, and @after to be done there. Returns when
 * @g runs again, with the M on which it then does.
 */
static NOINLINE struct m *switch_away(struct m *m, struct g *g, struct g *next, uintptr_t after)
{
	struct arch_arrival a;
	void *to;

	g->err = *m->errno_p;
	if (unlikely(m->eh))
		eh_switch(m, g, next);
	if (next && likely(enter(m, m->p, next))) {
		to = next->sp;
	} else {
		next = NULL;
		m->cur = NULL;
		to = m->g0_sp;
	}
	san_leave_for(&g->stack->fake, m, next);
	a = arch_switch(&g->sp, to, m, after);
	san_arrived(a.m->cur->stack->fake);
	return arrive_after(a.m, a.after);
}

/*
 * The same where @next has run before and there is no C++: returns with what was left still to
 * be done. The hot paths go by this one and by nothing else that is
 * called and comes back: so they need no register that a call would keep, and gvtgo_switch()
 * saves each once, not a function's prologue once more.
 */
static ALWAYS_INLINE inline struct arch_arrival
switch_straight(struct m *m, struct p *p, struct g *g, struct g *next, uintptr_t after)
{
	struct arch_arrival a;
	int *errno_p = m->errno_p, err = *errno_p;

	/* Mostly they are the same: then nothing is stored. */
	if (unlikely(g->err != err))
		g->err = err;
	if (unlikely(next->err != err))
		*errno_p = next->err;
	m->cur = next;
	store_relaxed(&next->state, G_RUNNING);
	count(p, goroutine_switches);
	san_leave_for(&g->stack->fake, m, next);
	a = arch_switch(&g->sp, next->sp, m, after);
	san_arrived(a.m->cur->stack->fake);
	return a;
}

/* The rest of sched_park() where there is more to ask for than the own queue. */
static NOINLINE struct m *park_slow(struct m *m, uintptr_t after)
{
	return switch_away(m, m->cur, pick_ticked(m, m->p), after);
}

/*
 * The current goroutine waits. @after releases the lock under which it made itself
 * known to whoever will ready it. Returns the M on which it goes on.
 */
NOINLINE struct m *sched_park(struct m *m, uintptr_t after, enum wait_why why)
{
	struct g *g = m->cur, *next;
	struct arch_arrival a;
	struct p *p = m->p;

	store_relaxed(&g->why, why);
	store_relaxed(&g->since, 0);
	store_relaxed(&g->state, G_WAITING);
	probe3(park, g->id, p->id, g->why);
	arch_count64(&p->parks[why]);
	tick(p);
	if (unlikely(!is_plain(p, m->pinned)))
		return park_slow(m, after);
	next = runq_get(p);
	if (unlikely(!next || !next->sp))
		return switch_away(m, g, next, after);
	a = switch_straight(m, p, g, next, after);
	if (a.after) {
		if (unlikely((a.after & AFTER_MASK) != AFTER_UNLOCK))
			return arrive_after(a.m, a.after);
		spin_unlock((uint32_t *)a.after);
	}
	return a.m;
}

/* Never comes back: the runtime is stopping, or there is nothing to wait for. */
NOINLINE void sched_stop_here(struct m *m)
{
	store_relaxed(&m->cur->state, G_RUNNABLE);
	switch_away(m, m->cur, NULL, 0);
	__builtin_unreachable();
}

/*
 * The current goroutine has no P, and there was none idle: it waits in a queue, and its
 * thread is free. Or it is pinned, and yields. Returns the M on which it goes on.
 */
NOINLINE struct m *sched_requeue(struct m *m)
{
	struct g *g = m->cur;

	store_relaxed(&g->state, G_RUNNABLE);
	if (unlikely(trace_on))
		trace_gap(m);
	m->left = g;
	return switch_away(m, g, NULL, 0);
}

static ALWAYS_INLINE inline void queue_next(struct m *m, struct g *g)
{
	if (likely(m != NULL)) {
		runq_put_next(m->p, g);
		idle_wake_next(m->p);
	} else {
		gq_put(g);
		idle_wake();
	}
}

static ALWAYS_INLINE inline void queue_last(struct m *m, struct g *g)
{
	runq_put(m->p, g);
	/* Pairs with that of who goes idle: see idle.c. */
	full_fence();
	idle_wake();
}

/* @g is pinned, or traced, or both. @last: behind all others. */
static NOINLINE void ready_slow(struct m *m, struct g *g, bool last)
{
	if (g->flags & G_TRACED)
		trace_ready(m, g, last);
	if (g_bound_to(g))
		idle_ready_pinned(g);
	else if (last)
		queue_last(m, g);
	else
		queue_next(m, g);
}

/*
 * Queues @g, which is new or waits no longer, to run next on this P. @m NULL: no goroutine's
 * thread.
 */
void sched_ready(struct m *m, struct g *g)
{
	store_relaxed(&g->state, G_RUNNABLE);
	if (likely(m != NULL))
		probe2(ready, g->id, m->p->id);
	else
		probe2(ready, g->id, PROBE_NO_P);
	if (unlikely(!g_plain(g)))
		ready_slow(m, g, false);
	else
		queue_next(m, g);
}

/* The same, behind all others: for a timer. */
void sched_ready_last(struct m *m, struct g *g)
{
	store_relaxed(&g->state, G_RUNNABLE);
	probe2(ready, g->id, m->p->id);
	if (unlikely(!g_plain(g)))
		ready_slow(m, g, true);
	else
		queue_last(m, g);
}

/* The same, and nobody is woken for it: the caller sees to that. */
void sched_ready_quiet(struct m *m, struct g *g)
{
	store_relaxed(&g->state, G_RUNNABLE);
	probe2(ready, g->id, m->p->id);
	if (unlikely(!g_plain(g)))
		ready_slow(m, g, true);
	else
		runq_put(m->p, g);
}

void sched_finish_slow(struct p *p, uintptr_t after)
{
	void *what = (void *)(after & ~(uintptr_t)AFTER_MASK);

	switch (after & AFTER_MASK) {
	case AFTER_READY:
		runq_put(p, what);
		break;
	case AFTER_STACK:
		stack_put(p, what);
		break;
	case AFTER_UNLOCKS: {
		struct unlocks *u = what;
		uint32_t n = u->n;
		uint32_t *l = u->lock[0];

		/* The next one is read before its predecessor is released: see struct unlocks. */
		for (uint32_t i = 1; i < n; i++) {
			uint32_t *next = u->lock[i];

			spin_unlock(l);
			l = next;
		}
		spin_unlock(l);
		break;
	}
	}
}

/* To the end of the queue, and @next runs. Returns the M on which the goroutine goes on. */
static NOINLINE struct m *yield_to(struct m *m, struct g *next)
{
	struct p *p = m->p;
	struct g *g = m->cur;
	uintptr_t after = 0;

	if (!next) {
		if (likely(!loop_wanted(p) && (!m_pinned(m) || !idle_others_wait(p))))
			return m;
		if (load_relaxed(&sched.stopping))
			sched_stop_here(m);
		if (unlikely(m_pinned(m) != NULL))
			return sched_requeue(m);
	}
	store_relaxed(&g->state, G_RUNNABLE);
	/* Nobody but this thread looks into the queue of the only P, and it is leaving. */
	if (p->solo && likely(g_plain(g)))
		runq_put(p, g);
	else
		after = (uintptr_t)g | AFTER_READY;
	return switch_away(m, g, next, after);
}

NOINLINE struct m *sched_yield_here(struct m *m)
{
	return yield_to(m, pick(m, m->p));
}

/*
 * go_yield() where there is more to do. @m NULL: from its beginning on; else it has come as far
 * as tick(), and @next, which may be NULL, was taken from the queue.
 */
static NOINLINE void yield_slow(struct m *m, struct g *next)
{
	if (!m) {
		m = m_enter();
		if (!m) {
			sched_yield();
			return;
		}
		tick(m->p);
	}
	m_leave(yield_to(m, next ? next : pick_ticked(m, m->p)));
}

/* Behind the switch: what is not yielded_back(). */
static NOINLINE void yield_after(struct m *m, uintptr_t after)
{
	m_leave(arrive_after(m, after));
}

/* Was it left by one that yields, for which there is room in the ring? That is there now. */
static ALWAYS_INLINE inline bool yielded_back(struct p *p, uintptr_t after)
{
	return likely((after & AFTER_MASK) == AFTER_READY) &&
	       runq_try_put(p, (struct g *)(after & ~(uintptr_t)AFTER_MASK));
}

NOINLINE void go_yield(void)
{
	struct m *m = m_enter_plain();
	struct g *g, *next = NULL;
	struct arch_arrival a;
	uintptr_t after = 0;
	struct p *p;

	if (unlikely(!m))
		goto slow;
	g = m->cur;
	p = m->p;
	tick(p);
	if (unlikely(!is_plain(p, (uintptr_t)p->runnext)))
		goto slow;
	if (likely(p->solo)) {
		next = runq_turn(p, g);
		if (unlikely(!next))
			goto slow;
	} else {
		next = runq_get_shared(p);
		if (!next) {
			/* Alone here: what else there may be is looked for each FAIR_TICKS. */
			m_leave(m);
			return;
		}
		if (unlikely(!next->sp))
			goto slow;
		after = (uintptr_t)g | AFTER_READY;
	}
	store_relaxed(&g->state, G_RUNNABLE);
	a = switch_straight(m, p, g, next, after);
	if (a.after && !yielded_back(a.m->p, a.after))
		yield_after(a.m, a.after);
	else
		m_leave(a.m);
	return;
slow:
	yield_slow(m, next);
	/* Else go_yield() would not be seen in a dump. */
	NO_TAIL_CALL();
}

/*
 * The goroutine that ran on @m has ended. Returns where the next one is fresh and can start
 * on the same stack. In line: a call that doesn't return is what the processor expects the next
 * two to return from, 5 ns each.
 */
static ALWAYS_INLINE inline NO_TSAN void finish_g(struct m *m)
{
	struct p *p = m->p;
	struct g *g = m->cur, *next;
	struct stack *s = g->stack;
	void *nowhere;

	if (unlikely(g == sched.main_g && load_relaxed(&sched.stopping)))
		sched_stop_here(m);
	if (unlikely(!g_plain(g)))
		trace_exit(m);
	stack_check(g);
	count(p, goroutine_exits);
	g_put(p, g);
	m->pinned &= M_MARKS;
	next = pick(m, p);
	if (unlikely(m->eh))
		eh_load(m, next);
	if (next && !next->sp && !next->stack && s->in_arena &&
	    likely(!(next->flags & G_TICKET))) {
		if (unlikely(next->flags & GO_PINNED))
			pin(m, next);
		next->stack = s;
		next->sp = s;	/* started; overwritten by the first switch */
		m->cur = next;
		store_relaxed(&next->state, G_RUNNING);
		count(p, goroutine_switches);
		return;
	}
	if (!next || !enter(m, p, next)) {
		next = NULL;
		m->cur = NULL;
	}
	san_leave_for(NULL, m, next);
	arch_switch(&nowhere, next ? next->sp : m->g0_sp, m, (uintptr_t)s | AFTER_STACK);
	__builtin_unreachable();
}

/* Not inlined into gvtgo_main() for TSan, which sees no release there. */
static IN_TSAN void finish(struct p *p, uintptr_t after)
{
	sched_finish(p, after);
}

static IN_TSAN void leave(struct m *m)
{
	m_leave(m);
}

static IN_TSAN struct m *come_in(void)
{
	return m_enter();
}

/* What runs on a goroutine's stack: one goroutine after the other. */
NO_TSAN void gvtgo_main(struct m *m, uintptr_t after)
{
	struct arch_fpu fpu;

	san_arrived(NULL);
	finish(m->p, after);
	for (;;) {
		struct g *g = m->cur;

		void *arg = g->arg;

		g->waiting = NULL;
		*m->errno_p = 0;
		leave(m);
		g->fn(arg);
		if (unlikely(g->stack->unwinding.defers))
			frame_run_deferred(NULL);
		/* As early as nobody changes it any more: it takes as long as much of what follows. */
		arch_look_at_fpu(&fpu);
		m = come_in();
		if (unlikely(!m))
			fork_refuse();
		if (g == sched.main_g)
			run_main_ended(m);
		finish_g(m);
		arch_fresh_fpu(&fpu);
	}
	__builtin_unreachable();
}

/*
 * The current goroutine ends here, with nothing deferred any more. @returned: as if its
 * function had returned, so that with main's the run ends.
 */
NOINLINE NO_TSAN void sched_exit(bool returned)
{
	struct m *m = m_enter();
	struct arch_fpu fpu;
	struct stack *s;

	if (!m)
		fork_refuse();
	s = m->cur->stack;
	store_relaxed(&m->cur->why, WAIT_NONE);
	san_stack_left(s);
	if (returned && m->cur == sched.main_g)
		run_main_ended(m);
	finish_g(m);
	/* The frames above are of no use any more. */
	arch_look_at_fpu(&fpu);
	arch_fresh_fpu(&fpu);
	san_restart(m, s);
	gvtgo_restart(s->top, m);
}

/*
 * @m's goroutine was left because it has no P, or because it is pinned and lets others run:
 * sched_requeue(). Then these get the P first.
 */
static void queue_left(struct m *m)
{
	struct g *g = m->left;

	m->left = NULL;
	if (g_bound_to(g)) {
		if (m->p)
			idle_handoff_p(m_drop_p(m), -1);
		idle_ready_pinned(g);
	} else {
		gq_put(g);
		/* A P may have become idle since none was found: see idle.c. */
		idle_wake();
	}
}

/* What an M does on its own stack, until the runtime stops. */
NOINLINE void sched_loop(struct m *m)
{
	struct g *g;

	while ((g = idle_find(m)) != NULL) {
		struct p *p = m->p;

		/* Before it is entered: it may be fresh, or a ticket, and have none to load. */
		if (unlikely(m->eh))
			eh_switch(m, NULL, g);
		if (unlikely(trace_on))
			trace_run(m, g);
		if (likely(enter(m, p, g))) {
			struct arch_arrival a;

			san_leave_for(&m->g0_fake, m, g);
			a = arch_switch(&m->g0_sp, g->sp, m, 0);
			san_arrived(m->g0_fake);
			p = m->p;
			/* Without a P: it was taken. */
			if (likely(p)) {
				sched_finish(p, a.after);
				if (unlikely(trace_on))
					trace_left(p);
			}
			if (unlikely(m->left))
				queue_left(m);
		}
		if (unlikely(m->give))
			preempt_give(m);
	}
}
