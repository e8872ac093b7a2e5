// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * timer.c - what happens at a time: a heap per P.
 *
 * A timer goes into the heap of the P on which it was set. That P looks at it at
 * each switch; Ms without work look at all heaps, and the last one to go to sleep
 * sleeps until the earliest (idle.c); sysmon wakes somebody where a P with a due
 * timer is stuck in a long computation. So nothing has to be woken to set a timer,
 * but by a thread that is no goroutine: it sets them on P 0, which may sleep.
 *
 * The heap's lock is held over the switch of the one who waits, and while a timer's
 * function runs. So the function never readies a goroutine that is still on its
 * stack, and whoever has had the lock since knows that it has returned: that is all that
 * timer_del() and timer_hold() need.
 *
 * So a switch that begins with setting a timer can't run those that are due. Where all
 * switches of a P are such (goroutines that only ever wait with a deadline), none would
 * ever run: the switch leaves a note, and who sets the next timer runs them first.
 *
 * Those who start and stop the same timer take turns by the lock of the heap that it belongs to,
 * also while it is not in it: most start and stop theirs on the same P. Where it belongs to
 * none, or to another P's, its own lock comes first, and while somebody has that and
 * carries the timer from one heap to the other, it belongs to none: the others wait for
 * that lock. It is released before the new heap's: from then on the function may
 * run, and wake somebody who frees the timer.
 *
 * A sleeper is in the heap by its descriptor, and has no timer: nobody takes it out before its
 * time, so it need not know its place. To tell each that is moved in the heap where it stands is
 * to write into as many stacks, which are in no cache where there are many: a fifth of a sleep.
 *
 * What is stopped leaves the heap at once: each timer knows its place there. Rejected: Go's
 * way, to mark it and throw it out when it comes to the top or when a quarter are such. The
 * heap would refer to timers that their owners have freed, so each needs a node of its own
 * besides; and stopping is cheap anyway, as most timers stand at the bottom of the heap.
 * Rejected: a wheel, which is cheaper still and rounds times.
 */
#include "rt.h"

#include <stdlib.h>

#include "san.h"

/* So many of those that are due are run at a look: others want the heap's lock, and the P. */
#define AT_ONCE		256

/* Children of each in a heap. */
#define ARITY		8	/* see first_of() */

int64_t go_now(void)
{
	return clock_now();
}

/* A goroutine that sleeps, and nothing else: nobody takes it out before its time. */
#define SLEEPER	((uintptr_t)1)

static inline struct timer_slot slot_of(struct timer *t)
{
	return (struct timer_slot){ t->when, (uintptr_t)t };
}

static inline struct g *sleeper_of(struct timer_slot s)
{
	return (struct g *)(s.what - SLEEPER);
}

/* NULL: a sleeper. */
static inline struct timer *timer_of(struct timer_slot s)
{
	return s.what & SLEEPER ? NULL : (struct timer *)s.what;
}

static inline void place(struct timer_heap *h, uint32_t i, struct timer_slot s)
{
	struct timer *t = timer_of(s);

	h->heap[i] = s;
	if (t)
		t->index = i + 1;
}

static void sift_up(struct timer_heap *h, uint32_t i, struct timer_slot s)
{
	while (i > 0) {
		uint32_t parent = (i - 1) / ARITY;

		if (h->heap[parent].when <= s.when)
			break;
		place(h, i, h->heap[parent]);
		i = parent;
	}
	place(h, i, s);
}

struct contender {
	int64_t when;
	uint32_t i;
};

/* Chosen, not branched to: any guess would be wrong half of the time. */
static inline struct contender sooner(struct contender a, struct contender b)
{
	bool second = b.when < a.when;

	return (struct contender){ second ? b.when : a.when, second ? b.i : a.i };
}

static inline struct contender first_of_four(const struct timer_slot *s, uint32_t i)
{
	struct contender a = { s[i].when, i }, b = { s[i + 1].when, i + 1 };
	struct contender c = { s[i + 2].when, i + 2 }, d = { s[i + 3].when, i + 3 };

	return sooner(sooner(a, b), sooner(c, d));
}

/* Which of ARITY siblings from @s on is due first? */
static inline uint32_t first_of(const struct timer_slot *s)
{
	return sooner(first_of_four(s, 0), first_of_four(s, 4)).i;
}

/* The same of those from @child on, where the last ones are missing. */
static uint32_t first_of_few(const struct timer_heap *h, uint32_t child)
{
	uint32_t least = child;

	for (uint32_t c = child + 1; c < h->n; c++)
		if (h->heap[c].when < h->heap[least].when)
			least = c;
	return least;
}

static void sift_down(struct timer_heap *h, uint32_t i, struct timer_slot s)
{
	for (;;) {
		uint32_t child = ARITY * i + 1, least;

		if (child >= h->n)
			break;
		if (likely(child + ARITY <= h->n))
			least = child + first_of(&h->heap[child]);
		else
			least = first_of_few(h, child);
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

/* The root stands before two cache lines, so that each eight siblings have two to themselves. */
#define SIBLINGS	(ARITY * sizeof(struct timer_slot))
#define BEFORE_ROOT	(SIBLINGS - sizeof(struct timer_slot))

static void free_slots(struct timer_heap *h)
{
	if (h->heap)
		free((char *)h->heap - BEFORE_ROOT);
}

static int grow(struct timer_heap *h)
{
	uint32_t cap = h->cap ? 2 * h->cap : 64;
	char *mem = aligned_alloc(SIBLINGS, SIBLINGS + cap * sizeof(struct timer_slot));
	struct timer_slot *heap;

	if (!mem)
		return -ENOMEM;
	heap = (struct timer_slot *)(mem + BEFORE_ROOT);
	if (h->n)
		memcpy(heap, h->heap, h->n * sizeof(*heap));
	free_slots(h);
	h->heap = heap;
	h->cap = cap;
	return 0;
}

static inline int make_room(struct timer_heap *h)
{
	return unlikely(h->n == h->cap) ? grow(h) : 0;
}

/* There is room. */
static inline void add(struct timer_heap *h, struct timer_slot s)
{
	h->n++;
	sift_up(h, h->n - 1, s);
	set_first(h);
}

/* Puts @t into @p's heap, whose lock the caller holds. */
int timer_add_locked(struct p *p, struct timer *t)
{
	struct timer_heap *h = &p->timers;

	if (make_room(h))
		return -ENOMEM;
	store_release(&t->p, p);
	add(h, slot_of(t));
	return 0;
}

/* @s, to where it belongs, from @i on. */
static void sift(struct timer_heap *h, uint32_t i, struct timer_slot s)
{
	if (i > 0 && s.when < h->heap[(i - 1) / ARITY].when)
		sift_up(h, i, s);
	else
		sift_down(h, i, s);
}

static void remove_at(struct timer_heap *h, uint32_t i)
{
	struct timer_slot last = h->heap[--h->n];

	if (i < h->n)
		sift(h, i, last);
	set_first(h);
}

/*
 * Locks the heap in which @t is, or was last. Its P may go meanwhile and leave it to another:
 * timer_move_all().
 */
static struct timer_heap *lock_heap_of(struct timer *t)
{
	for (;;) {
		struct p *p = load_acquire(&t->p);

		spin_lock(&p->timers.lock);
		if (load_relaxed(&t->p) == p)
			return &p->timers;
		spin_unlock(&p->timers.lock);
	}
}

static void remove_timer(struct timer_heap *h, struct timer *t)
{
	uint32_t i = t->index - 1;

	t->index = 0;
	remove_at(h, i);
}

/* Afterwards @t's function doesn't run, and no longer runs. */
void timer_del(struct timer *t)
{
	struct timer_heap *h = lock_heap_of(t);

	if (t->index)
		remove_timer(h, t);
	spin_unlock(&h->lock);
}

/*
 * Locks the heap that @t belongs to; NULL: it belongs to none. @gen first: see set_gen().
 * Afterwards nobody else does anything with @t.
 */
static struct timer_heap *lock_home(struct timer *t)
{
	if (load_acquire(&t->gen) != load_relaxed(&sched.gen))
		return NULL;
	for (;;) {
		struct p *p = load_acquire(&t->p);

		if (!p)
			return NULL;
		spin_lock(&p->timers.lock);
		if (load_relaxed(&t->p) == p)
			return &p->timers;
		spin_unlock(&p->timers.lock);
	}
}

/* The P of an earlier run, which is gone, is not seen together with this run's number. */
static void set_gen(struct timer *t)
{
	store_relaxed(&t->p, NULL);
	store_release(&t->gen, load_relaxed(&sched.gen));
}

/* timer_put() where it is pending, or does not stand last. */
static NOINLINE bool put_slow(struct timer_heap *h, struct timer *t)
{
	uint32_t index = t->index;

	if (index) {
		sift(h, index - 1, slot_of(t));
		set_first(h);
	} else if (timer_add_locked(t->p, t)) {
		fatal("no memory for a timer");
	}
	spin_unlock(&h->lock);
	return index;
}

/* @t is due at @when, in @h, which it belongs to, and which is unlocked. True: it was pending. */
bool timer_put(struct timer_heap *h, struct timer *t, int64_t when)
{
	uint32_t i = h->n;

	t->when = when;
	if (unlikely(t->index || i == h->cap || (i && h->heap[(i - 1) / ARITY].when > when)))
		return put_slow(h, t);
	h->heap[i] = slot_of(t);
	t->index = h->n = i + 1;
	if (!i)
		store_relaxed(&h->first, when);
	spin_unlock(&h->lock);
	return false;
}

/* See struct timer. */
bool timer_start(struct m *m, struct timer *t, int64_t when)
{
	struct timer_heap *h = m ? timer_lock_own(m, t) : NULL;
	bool pending;

	if (likely(h))
		return timer_put(h, t, when);
	pending = timer_hold(t);
	timer_set(m, t, when);
	return pending;
}

/* @t belongs to @h, which is unlocked. */
static NOINLINE bool stop_locked(struct timer_heap *h, struct timer *t)
{
	bool pending = t->index;

	if (pending)
		remove_timer(h, t);
	spin_unlock(&h->lock);
	return pending;
}

static NOINLINE bool stop_slow(struct timer *t)
{
	struct timer_heap *h = lock_home(t);
	bool pending;

	if (h)
		return stop_locked(h, t);
	/* Idle; or somebody has it in hand, and is waited for. */
	pending = timer_hold(t);
	timer_release(t);
	return pending;
}

/* Short where it stands last, as the one that was started last mostly does. */
bool timer_stop(struct timer *t)
{
	struct timer_heap *h;
	struct p *p;
	uint32_t n;

	if (unlikely(load_acquire(&t->gen) != load_relaxed(&sched.gen)))
		return stop_slow(t);
	p = load_acquire(&t->p);
	if (unlikely(!p || !spin_trylock(&p->timers.lock)))
		return stop_slow(t);
	h = &p->timers;
	if (unlikely(load_relaxed(&t->p) != p)) {
		spin_unlock(&h->lock);
		return stop_slow(t);
	}
	n = h->n;
	if (!n || t->index != n)
		return stop_locked(h, t);
	t->index = 0;
	h->n = n - 1;
	if (n == 1)
		store_relaxed(&h->first, NEVER);
	spin_unlock(&h->lock);
	return true;
}

/*
 * Takes @t in hand: out of its heap, if it is in one (true), so that it belongs to none, and
 * nobody else starts or stops it, until timer_set() or timer_release(). Its function doesn't run.
 */
bool timer_hold(struct timer *t)
{
	struct timer_heap *h;
	bool pending = false;

	spin_lock(&t->lock);
	h = lock_home(t);
	if (h) {
		pending = t->index;
		if (pending)
			remove_timer(h, t);
		store_relaxed(&t->p, NULL);
		spin_unlock(&h->lock);
	}
	t->index = 0;
	return pending;
}

/* Ends timer_hold(): @t, which is not touched any more, is due at @when. */
void timer_set(struct m *m, struct timer *t, int64_t when)
{
	struct p *p = m ? m->p : rcu_ps()->p[0];
	struct timer_heap *h = &p->timers;
	bool first;

	t->when = when;
	set_gen(t);
	spin_lock(&h->lock);
	if (timer_add_locked(p, t))
		fatal("no memory for a timer");
	first = t->index == 1;
	spin_unlock(&t->lock);
	spin_unlock(&h->lock);
	/* Whoever sleeps may do so until later. Pairs with that of who goes idle: see idle.c. */
	if (!m && first) {
		full_fence();
		idle_wake();
	}
}

/* By @t's function only: it is called again, at @when. It was in the heap: there is room. */
void timer_again(struct timer *t, int64_t when)
{
	t->when = when;
	timer_add_locked(t->p, t);
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
		const struct timer_slot s = h->heap[h->n - 1];
		struct timer *t = timer_of(s);

		if (make_room(&to->timers))
			break;
		if (t)
			store_release(&t->p, to);
		add(&to->timers, s);
		h->n--;
	}
	set_first(h);
	spin_unlock(&to->timers.lock);
	spin_unlock(&h->lock);
}

/*
 * Descriptors of those that may be due next: where many sleep, they are in no cache. Of a timer
 * that is none its first line.
 */
static ALWAYS_INLINE inline void fetch_next(const struct timer_heap *h)
{
	uint32_t n = h->n < ARITY + 1 ? h->n : ARITY + 1;

	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch((const void *)(h->heap[i].what & ~SLEEPER), 1);
}

/* @g has slept. It runs after others: what it touches then, its frames, is on its way meanwhile. */
static ALWAYS_INLINE inline void wake_sleeper(struct m *m, struct g *g)
{
	fetch_stack(g);
	sched_ready_quiet(m, g);
}

/*
 * Runs the timers of @p that are due; what they ready runs on @m's P. Where the heap is
 * locked, its owner may be the caller itself, on its way to sleep; or somebody sees to
 * it already.
 */
void timer_run(struct m *m, struct p *p, int64_t now)
{
	struct timer_heap *h = &p->timers;
	int n = 0;

	if (timer_first(p) > now)
		return;
	if (!spin_trylock(&h->lock)) {
		if (p == m->p)
			h->missed = true;
		return;
	}
	for (; n < AT_ONCE && h->n && h->heap[0].when <= now; n++) {
		const struct timer_slot s = h->heap[0];
		struct timer *t = timer_of(s);

		if (t)
			t->index = 0;
		remove_at(h, 0);
		fetch_next(h);
		if (t)
			t->fn(m, t);
		else
			wake_sleeper(m, sleeper_of(s));
	}
	spin_unlock(&h->lock);
	/* Once for all that they readied. Pairs with that of who goes idle: see idle.c. */
	if (n) {
		full_fence();
		idle_wake();
	}
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
	free_slots(&p->timers);
}

void go_sleep(int64_t ns)
{
	int64_t now, when;
	struct m *m;

	if (ns <= 0)
		return;
	now = go_now();
	when = ns < NEVER - now ? now + ns : NEVER - 1;
	m = m_enter();
	if (m) {
		struct p *p = m->p;
		struct g *g = m->cur;

		timer_catch_up(m);
		/* sched_park() is the next switch. */
		p->clock = now;
		p->clock_tick = p->tick + 1;
		/* What it waited in before is gone. */
		g->waiting = NULL;
		spin_lock(&p->timers.lock);
		if (!make_room(&p->timers)) {
			add(&p->timers, (struct timer_slot){ when, (uintptr_t)g + SLEEPER });
			m = sched_park(m, (uintptr_t)&p->timers.lock | AFTER_UNLOCK, WAIT_SLEEP);
			m_leave(m);
			return;
		}
		spin_unlock(&p->timers.lock);
		m_leave(m);
	}
	/* No goroutine, or no memory for the heap: the thread sleeps. */
	struct timespec until = { when / NSEC_PER_SEC, when % NSEC_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}
