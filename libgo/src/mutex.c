// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mutex.c - sync.Mutex, with Go's two modes; unlocked without an atomic operation.
 *
 * Normal: a woken waiter competes with whoever comes along, who has the advantage of
 * running already; that is fast. A waiter that has lost for 1 ms makes the mutex
 * starving: then unlock hands it to the first waiter, newcomers queue up behind. Who was
 * handed it ends that mode if it is the last, or has not waited for 1 ms itself.
 *
 * _owner: 0, or whose it is, and LIGHT, if it may be given back by a plain store. It is taken by
 * compare-and-swap only.
 * _due: not 0, unlock has something to do: there are waiters, and none is on its way. Written
 * under the lock only, read by each unlock, before its store (to hand over, where that is due)
 * and after it.
 * _ways: WOKEN, a waiter is on its way: it was taken out of the queue, and will come and see
 * what is in it. STARVING. Both under the lock, as the queue.
 *
 * Nobody is forgotten. Where the queue isn't empty, and the lock is free, either one is on its
 * way, or _due is set and whoever owns the mutex, now or next, sees that when it unlocks:
 *
 *	unlock				lock, under the lock
 *	_owner = 0			_due = 1
 *	barrier_light()			barrier_heavy()
 *	_due?				_owner free? Else it queues
 *
 * Say that _due is set by one that waits. An owner whose second look misses it has made its store
 * before the heavy barrier: the one that waits finds the mutex free, or taken by a later owner.
 * So the owner that it finds sees _due, and so does each one after that, until somebody under the
 * lock clears it. Those that come meanwhile find it set, and just queue. Where the owner itself
 * sets _due, or who owns it for another (handing over), it is seen by that owner, and by those
 * after it, since they acquire what it released.
 *
 * Unlock looks twice. The first look, before its store, is for a mutex that starves: that one it
 * keeps until it has the lock, and gives it to the first waiter there. Otherwise it frees it, and
 * then, if it is due, takes the lock and wakes the first waiter. What it sees at the second look
 * only, having been overtaken or interrupted between the two, for however long, may say that it
 * should have handed over; but it may be somebody else's by now. So it takes it once more, as
 * anybody would, to hand it over. Where it doesn't get it, it need not: whoever has it sees _due.
 *
 * Where nobody waits, or one is on its way, neither call enters the runtime: they touch nothing
 * of the runtime's, and who is suspended in the midst is as one in user code.
 *
 * Rejected: Go's single word with all of that in it, changed by compare-and-swap. Of a pair's 6.7
 * ns 5.5 were its two locked instructions, and while a waiter was on its way each lock had to go
 * into the runtime to see that it is free. Waiters' barriers outside the lock: others may
 * change all meanwhile, and come to the same barrier; it is held for a microsecond, not more often
 * than somebody begins to wait.
 */
#include "rt.h"

#include "runq.h"

#define WOKEN_GOROUTINE	1u
#define WOKEN_THREAD	2u	/* one that is no goroutine, and survives the run */
#define WOKEN		(WOKEN_GOROUTINE | WOKEN_THREAD)
#define STARVING	4u

#define SPINS		4
#define SPIN_PAUSES	30

#define STARVE_AFTER	NSEC_PER_MSEC

_Static_assert(sizeof(struct syncq) == sizeof(struct go_mutex) - offsetof(struct go_mutex, _lock),
	       "a mutex ends in a syncq");

static struct syncq *queue_of(struct go_mutex *mu)
{
	return (struct syncq *)&mu->_lock;
}

/* What the goroutine @id leaves in a mutex. */
static inline uint64_t name_of(uint64_t id)
{
	return id * 2 + load_relaxed(&barrier_light_ok);
}

/* A goroutine's own doesn't change, whichever thread it is on. */
static inline uint64_t own_name(void)
{
	const struct m *m = arch_m();

	return name_of(likely(m != NULL) ? m->cur->id : MUTEX_BY_THREAD);
}

static inline bool take(struct go_mutex *mu, uint64_t self)
{
	uint64_t none = 0;

	return __atomic_compare_exchange_n(&mu->_owner, &none, self, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* -------------------------------------------------------------------- lock */

/*
 * To wait for who runs on another P, and will unlock soon, is cheaper than to park: where
 * others run at all, and nobody waits for this P.
 */
static bool spin_pays(const struct m *m)
{
	return m && runq_empty(m->p) &&
	       load_relaxed(&sched.np) >
		       load_relaxed(&sched.nidle) + load_relaxed(&sched.nspinning) + 1;
}

static bool take_soon(const struct m *m, struct go_mutex *mu, uint64_t self)
{
	for (int spins = 0;; spins++) {
		if (!load_relaxed(&mu->_owner) && take(mu, self))
			return true;
		if (spins == SPINS || load_relaxed(&mu->_ways) & STARVING || !spin_pays(m))
			return false;
		for (int i = 0; i < SPIN_PAUSES; i++)
			arch_pause();
	}
}

/* Under the lock: goroutines of an earlier run are on no way any more. */
static void forget_run(struct go_mutex *mu)
{
	struct syncq *q = queue_of(mu);

	if (unlikely(q->gen != load_relaxed(&sched.gen)))
		store_relaxed(&mu->_ways, mu->_ways & ~WOKEN_GOROUTINE);
}

/*
 * Under the lock: whoever owns the mutex is told to look at the queue; unless it is free. Where
 * there are no heavy barriers any more, an owner from before is told to unlock by an exchange.
 */
static bool announce(struct go_mutex *mu, uint64_t self)
{
	uint64_t none = 0;

	__atomic_exchange_n(&mu->_due, 1, __ATOMIC_SEQ_CST);
	if (unlikely(!barrier_heavy()) &&
	    __atomic_fetch_and(&mu->_owner, ~(uint64_t)MUTEX_LIGHT, __ATOMIC_SEQ_CST) & MUTEX_LIGHT)
		barrier_wait();
	return __atomic_compare_exchange_n(&mu->_owner, &none, self, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

/*
 * Under the lock, by who has got the mutex, or (@got false) couldn't. @woken: it was the one on
 * its way, and is the one to see to the others. Returns whether it has it now.
 */
static bool arrive(struct go_mutex *mu, uint64_t self, bool got, bool woken)
{
	forget_run(mu);
	if (woken)
		store_relaxed(&mu->_ways, mu->_ways & ~WOKEN);
	if (!got && !mu->_due && !(mu->_ways & WOKEN))
		got = announce(mu, self);
	if (got)
		store_relaxed(&mu->_due, syncq_first(queue_of(mu)) != NULL);
	return got;
}

/* Inside the runtime: returns the M on which the caller goes on. */
static struct m *lock_inside(struct m *m, struct go_mutex *mu, uint64_t self)
{
	struct syncq *q = queue_of(mu);
	int64_t since = 0, now;
	bool woken = false;

	for (;;) {
		bool got = take_soon(m, mu, self);
		struct waiter w = { .index = 0 };

		if (got && !woken)
			return m;
		now = go_now();
		spin_lock(&q->lock);
		if (arrive(mu, self, got, woken)) {
			spin_unlock(&q->lock);
			return m;
		}
		if (!since)
			since = now;
		else if (now - since > STARVE_AFTER)
			store_relaxed(&mu->_ways, mu->_ways | STARVING);
		w.since = since;
		syncq_add(m, q, &w);
		m = wait_one(m, &w, &q->lock, WAIT_MUTEX);
		if (w.ok)
			return m;
		woken = true;
	}
}

static NOINLINE void lock_slow(struct go_mutex *mu, uint64_t self)
{
	struct m *m = lock_inside(m_enter(), mu, self);

	if (m)
		m_leave(m);
}

void go_mutex_lock(struct go_mutex *mu)
{
	/* Before the exchange, which would wait for it. */
	uint64_t self = own_name();

	if (unlikely(!take(mu, self))) {
		lock_slow(mu, self);
		NO_TAIL_CALL();
	}
}

bool go_mutex_trylock(struct go_mutex *mu)
{
	return !load_relaxed(&mu->_owner) && take(mu, own_name());
}

/* For who is about to unlock it: cond.c. */
bool mutex_locked(const struct go_mutex *mu)
{
	return load_relaxed(&mu->_owner);
}

/* ------------------------------------------------------------------ unlock */

/* Under the lock: it is @w's, who was taken out of the queue and is woken next. */
static void hand_over(struct go_mutex *mu, struct waiter *w)
{
	bool more = syncq_first(queue_of(mu)) != NULL;

	w->ok = true;
	store_relaxed(&mu->_owner, name_of(w->g ? w->g->id : MUTEX_BY_THREAD));
	if (!more || go_now() - w->since <= STARVE_AFTER)
		store_relaxed(&mu->_ways, mu->_ways & ~STARVING);
	store_relaxed(&mu->_due, more);
}

/* Under the lock, where that is due: the first waiter is on its way. NULL: there is none. */
static struct waiter *let_come(struct go_mutex *mu)
{
	struct waiter *w = syncq_take(queue_of(mu));

	/* Those that it was due for may have gone with their run. */
	store_relaxed(&mu->_ways, !w ? 0 : w->g ? WOKEN_GOROUTINE : WOKEN_THREAD);
	store_relaxed(&mu->_due, 0);
	return w;
}

/* Under the lock, by its owner. Returns whom to wake; NULL: nobody. */
static struct waiter *pass_on(struct go_mutex *mu)
{
	struct waiter *w = NULL;

	if (mu->_due && mu->_ways & STARVING) {
		w = syncq_take(queue_of(mu));
		if (w) {
			hand_over(mu, w);
			return w;
		}
	}
	if (mu->_due)
		w = let_come(mu);
	store_release(&mu->_owner, 0);
	return w;
}

/* Under the lock, by who had it. As pass_on(). */
static struct waiter *look_again(struct go_mutex *mu)
{
	/* Otherwise whoever has it sees that it is due. */
	if (!mu->_due || load_relaxed(&mu->_owner))
		return NULL;
	if (!(mu->_ways & STARVING))
		return let_come(mu);
	return take(mu, name_of(MUTEX_BY_THREAD)) ? pass_on(mu) : NULL;
}

/* By who is inside the runtime already: by foreign_enter(), if @m is NULL. */
void mutex_unlock_inside(struct m *m, struct go_mutex *mu)
{
	struct syncq *q = queue_of(mu);
	struct waiter *w;

	spin_lock(&q->lock);
	w = pass_on(mu);
	spin_unlock(&q->lock);
	if (w)
		wait_wake(m, w);
}

/* @owned: it wasn't unlocked yet. */
static NOINLINE void unlock_slow(struct go_mutex *mu, bool owned)
{
	struct syncq *q = queue_of(mu);
	struct m *m = m_enter();
	struct waiter *w;

	if (!m)
		foreign_enter();
	spin_lock(&q->lock);
	w = owned ? pass_on(mu) : look_again(mu);
	spin_unlock(&q->lock);
	if (w)
		wait_wake(m, w);
	if (m)
		m_leave(m);
	else
		foreign_exit();
}

/* By go_mutex_unlock_(), which freed it, and then saw that it is due. */
void go_mutex_due_(struct go_mutex *mu)
{
	unlock_slow(mu, false);
}

/* As go_mutex_unlock_() in libgo.h, for whom that is not enough. */
#undef go_mutex_unlock
void go_mutex_unlock(struct go_mutex *mu)
{
	uint64_t owner = load_relaxed(&mu->_owner);

	if (unlikely(!owner))
		go_panic("sync: unlock of unlocked mutex");
	if (unlikely(load_relaxed(&mu->_due)) && load_relaxed(&mu->_ways) & STARVING) {
		unlock_slow(mu, true);
		return;
	}
	if (likely(owner & MUTEX_LIGHT)) {
		store_release(&mu->_owner, 0);
		barrier_light();
	} else {
		__atomic_exchange_n(&mu->_owner, 0, __ATOMIC_SEQ_CST);
	}
	if (unlikely(load_seq(&mu->_due)))
		unlock_slow(mu, false);
}
