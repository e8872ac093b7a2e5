// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * timer.c - what happens at a time: a heap per P.
 *
 * A timer goes into the heap of the P on which it was set. That P looks at it at
 * each switch; Ms without work look at all heaps, and the last one to go to sleep
 * sleeps until the earliest (idle.c); sysmon wakes somebody where a P with a due
 * timer is stuck in a long computation. So nothing has to be woken to set a timer.
 *
 * The heap's lock is held over the switch of the one who waits, and while a timer's
 * function runs. So the function never readies a goroutine that is still on its
 * stack, and after timer_del() it doesn't run any more.
 *
 * So a switch that begins with setting a timer can't run those that are due. Where all
 * switches of a P are such (goroutines that only ever wait with a deadline), none would
 * ever run: the switch leaves a note, and who sets the next timer runs them first.
 */
#include "rt.h"

#include <stdlib.h>
#include <time.h>

int64_t go_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static void place(struct timer_heap *h, uint32_t i, struct timer_slot s)
{
	h->heap[i] = s;
	s.t->index = i + 1;
}

static void sift_up(struct timer_heap *h, uint32_t i, struct timer_slot s)
{
	while (i > 0) {
		uint32_t parent = (i - 1) / 4;

		if (h->heap[parent].when <= s.when)
			break;
		place(h, i, h->heap[parent]);
		i = parent;
	}
	place(h, i, s);
}

static void sift_down(struct timer_heap *h, uint32_t i, struct timer_slot s)
{
	for (;;) {
		uint32_t child = 4 * i + 1, least = child;

		if (child >= h->n)
			break;
		for (uint32_t c = child + 1; c < child + 4 && c < h->n; c++)
			if (h->heap[c].when < h->heap[least].when)
				least = c;
		if (h->heap[least].when >= s.when)
			break;
		place(h, i, h->heap[least]);
		i = least;
	}
	place(h, i, s);
}

static void set_first(struct timer_heap *h)
{
	store_relaxed(&h->first, h->n ? h->heap[0].when : NEVER);
}

/* Puts @t into @p's heap, whose lock the caller holds. */
int timer_add_locked(struct p *p, struct timer *t)
{
	struct timer_heap *h = &p->timers;

	if (h->n == h->cap) {
		uint32_t cap = h->cap ? 2 * h->cap : 64;
		struct timer_slot *heap = realloc(h->heap, cap * sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		h->heap = heap;
		h->cap = cap;
	}
	store_release(&t->p, p);
	h->n++;
	sift_up(h, h->n - 1, (struct timer_slot){ t->when, t });
	set_first(h);
	return 0;
}

static void remove_at(struct timer_heap *h, uint32_t i)
{
	struct timer_slot last = h->heap[--h->n];

	h->heap[i].t->index = 0;
	if (i < h->n) {
		if (i > 0 && last.when < h->heap[(i - 1) / 4].when)
			sift_up(h, i, last);
		else
			sift_down(h, i, last);
	}
	set_first(h);
}

/* Afterwards @t's function doesn't run, and no longer runs. */
void timer_del(struct timer *t)
{
	for (;;) {
		struct p *p = load_acquire(&t->p);
		struct timer_heap *h = &p->timers;

		spin_lock(&h->lock);
		/* Its P may have gone, and left it to another: timer_move_all(). */
		if (load_relaxed(&t->p) == p) {
			if (t->index)
				remove_at(h, t->index - 1);
			spin_unlock(&h->lock);
			return;
		}
		spin_unlock(&h->lock);
	}
}

/*
 * @from goes away: @to takes its timers over. Nobody else ever holds two heaps' locks.
 * Where there is no memory they stay, and are seen when some M is idle, or by sysmon.
 */
void timer_move_all(struct p *from, struct p *to)
{
	struct timer_heap *h = &from->timers;

	if (timer_first(from) == NEVER)
		return;
	spin_lock(&h->lock);
	spin_lock(&to->timers.lock);
	while (h->n) {
		struct timer *t = h->heap[h->n - 1].t;

		if (timer_add_locked(to, t))
			break;
		h->n--;
	}
	set_first(h);
	spin_unlock(&to->timers.lock);
	spin_unlock(&h->lock);
}

/*
 * Runs the timers of @p that are due; what they ready runs on @m's P. Where the heap is
 * locked, its owner may be the caller itself, on its way to sleep; or somebody sees to
 * it already.
 */
void timer_run(struct m *m, struct p *p, int64_t now)
{
	struct timer_heap *h = &p->timers;

	if (timer_first(p) > now)
		return;
	if (!spin_trylock(&h->lock)) {
		if (p == m->p)
			h->missed = true;
		return;
	}
	while (h->n && h->heap[0].when <= now) {
		struct timer *t = h->heap[0].t;

		remove_at(h, 0);
		t->fn(m, t);
	}
	spin_unlock(&h->lock);
}

/* No lock is held: much may be due. */
NOINLINE void timer_run_missed(struct m *m)
{
	m->p->timers.missed = false;
	timer_run(m, m->p, go_now());
}

/* When the earliest timer of all Ps is due. */
int64_t timer_next_all(void)
{
	struct p_array *a = rcu_ps();
	int64_t first = NEVER;

	for (uint32_t i = 0; i < a->n; i++) {
		int64_t t = timer_first(a->p[i]);

		if (t < first)
			first = t;
	}
	return first;
}

/* Runs what is due on any P. */
void timer_run_all(struct m *m, int64_t now)
{
	struct p_array *a = rcu_ps();

	for (uint32_t i = 0; i < a->n; i++)
		timer_run(m, a->p[i], now);
}

void timer_exit(struct p *p)
{
	free(p->timers.heap);
}

static void wake_sleeper(struct m *m, struct timer *t)
{
	sched_ready_last(m, t->arg);
}

void go_sleep(int64_t ns)
{
	struct m *m;
	struct timer t = { .fn = wake_sleeper };
	int64_t now;

	if (ns <= 0)
		return;
	now = go_now();
	t.when = ns < NEVER - now ? now + ns : NEVER - 1;
	m = m_enter();
	if (m) {
		struct p *p = m->p;

		timer_catch_up(m);
		t.arg = m->cur;
		spin_lock(&p->timers.lock);
		if (!timer_add_locked(p, &t)) {
			m = sched_park(m, (uintptr_t)&p->timers.lock | AFTER_UNLOCK, WAIT_SLEEP);
			m_leave(m);
			return;
		}
		spin_unlock(&p->timers.lock);
		m_leave(m);
	}
	/* No goroutine, or no memory for the heap: the thread sleeps. */
	struct timespec until = { t.when / NSEC_PER_SEC, t.when % NSEC_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}
