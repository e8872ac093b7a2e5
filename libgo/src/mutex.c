// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mutex.c - sync.Mutex, with Go's two modes.
 *
 * Normal: a woken waiter competes with whoever comes along, who has the advantage of
 * running already; that is fast. A waiter that has lost for 1 ms makes the mutex
 * starving: then unlock hands it to the first waiter, newcomers queue up behind. The
 * one that got it ends that mode if it is the last, or has not waited for 1 ms itself.
 *
 * state: LOCKED, WOKEN (somebody is on its way, unlock need not wake another),
 * STARVING, and above these the number of waiters. The waiters queue on a semaphore
 * (sema and the list, under lock), of which unlock releases one.
 *
 * Where nobody waits, neither call enters the runtime: one exchange touches nothing of the
 * runtime's, and who is suspended right after it holds the mutex like any user code.
 */
#include "rt.h"

#include "runq.h"

#define LOCKED		1u
#define WOKEN		2u
#define STARVING	4u
#define WAITER		8u	/* one of them */

#define SPINS		4
#define SPIN_PAUSES	30

#define STARVE_AFTER	NSEC_PER_MSEC

_Static_assert(sizeof(struct syncq) == sizeof(struct go_mutex) - offsetof(struct go_mutex, _lock),
	       "a mutex ends in a syncq");

static struct syncq *queue_of(struct go_mutex *mu)
{
	return (struct syncq *)&mu->_lock;
}

static struct m *sema_acquire(struct m *m, struct go_mutex *mu, int64_t since)
{
	struct syncq *q = queue_of(mu);

	spin_lock(&q->lock);
	if (mu->_sema) {
		mu->_sema--;
		spin_unlock(&q->lock);
		return m;
	}
	return syncq_wait(m, q, since, WAIT_MUTEX);
}

static void sema_release(struct m *m, struct go_mutex *mu)
{
	struct syncq *q = queue_of(mu);
	struct waiter *w;

	spin_lock(&q->lock);
	w = syncq_take(q);
	if (!w)
		mu->_sema++;
	spin_unlock(&q->lock);
	if (w)
		wait_wake(m, w);
}

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

/* Inside the runtime: returns the M on which the caller goes on. */
static struct m *lock_inside(struct m *m, struct go_mutex *mu)
{
	int64_t since = 0;
	bool starving = false, woken = false;
	uint32_t old = load_relaxed(&mu->_state), new;
	int spins = 0;

	for (;;) {
		if ((old & (LOCKED | STARVING)) == LOCKED && spins < SPINS && spin_pays(m)) {
			/* Then unlock need not wake another one. */
			if (!woken && !(old & WOKEN) && old / WAITER)
				woken = __atomic_compare_exchange_n(&mu->_state, &old, old | WOKEN,
								    false, __ATOMIC_RELAXED,
								    __ATOMIC_RELAXED);
			for (int i = 0; i < SPIN_PAUSES; i++)
				arch_pause();
			spins++;
			old = load_relaxed(&mu->_state);
			continue;
		}
		new = old;
		if (!(old & STARVING))
			new |= LOCKED;
		if (old & (LOCKED | STARVING))
			new += WAITER;
		if (starving && old & LOCKED)
			new |= STARVING;
		if (woken)
			new &= ~WOKEN;
		if (!__atomic_compare_exchange_n(&mu->_state, &old, new, false, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED))
			continue;
		if (!(old & (LOCKED | STARVING)))
			return m;

		if (!since)
			since = go_now();
		m = sema_acquire(m, mu, since);
		starving = starving || go_now() - since > STARVE_AFTER;
		old = load_relaxed(&mu->_state);
		if (old & STARVING) {
			/* It was handed over: locked for us, we still count as a waiter. */
			uint32_t delta = LOCKED - WAITER;

			if (!starving || old / WAITER == 1)
				delta -= STARVING;
			__atomic_add_fetch(&mu->_state, delta, __ATOMIC_ACQUIRE);
			return m;
		}
		woken = true;
		spins = 0;
	}
}

static NOINLINE void lock_slow(struct go_mutex *mu)
{
	struct m *m = lock_inside(m_enter(), mu);

	if (m)
		m_leave(m);
}

/* For dumps only: whoever locks it says so. 0: a thread that is no goroutine. */
static inline void set_owner(struct go_mutex *mu)
{
	const struct m *m = arch_m();

	store_relaxed(&mu->_owner, m ? m->cur->id : 0);
}

void go_mutex_lock(struct go_mutex *mu)
{
	uint32_t old = 0;

	if (unlikely(!__atomic_compare_exchange_n(&mu->_state, &old, LOCKED, false,
						  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		lock_slow(mu);
	set_owner(mu);
}

bool go_mutex_trylock(struct go_mutex *mu)
{
	uint32_t old = load_relaxed(&mu->_state);

	if (old & (LOCKED | STARVING) ||
	    !__atomic_compare_exchange_n(&mu->_state, &old, old | LOCKED, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	set_owner(mu);
	return true;
}

/* For who is about to unlock it: cond.c. */
bool mutex_locked(const struct go_mutex *mu)
{
	return load_relaxed(&mu->_state) & LOCKED;
}

/* Unlocks it. Returns what is left. Where it panics nothing was changed. */
static inline uint32_t drop_lock(struct go_mutex *mu)
{
	uint32_t old = load_relaxed(&mu->_state);

	do {
		if (unlikely(!(old & LOCKED)))
			go_panic("sync: unlock of unlocked mutex");
	} while (!__atomic_compare_exchange_n(&mu->_state, &old, old - LOCKED, false,
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	return old - LOCKED;
}

/* It is unlocked, and @new is left, not 0. */
static void wake_next(struct m *m, struct go_mutex *mu, uint32_t new)
{
	if (new & STARVING) {
		/* Not unlocked: handed to the first waiter, who sets LOCKED itself. */
		sema_release(m, mu);
	} else {
		uint32_t old = new;

		while (old / WAITER && !(old & (LOCKED | WOKEN | STARVING))) {
			new = (old - WAITER) | WOKEN;
			if (__atomic_compare_exchange_n(&mu->_state, &old, new, false,
							__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
				sema_release(m, mu);
				break;
			}
		}
	}
}

/* By who is inside the runtime already: by foreign_enter(), if @m is NULL. */
void mutex_unlock_inside(struct m *m, struct go_mutex *mu)
{
	uint32_t new = drop_lock(mu);

	if (new)
		wake_next(m, mu, new);
}

static NOINLINE void unlock_slow(struct go_mutex *mu, uint32_t new)
{
	struct m *m = m_enter();

	if (!m)
		foreign_enter();
	wake_next(m, mu, new);
	if (m)
		m_leave(m);
	else
		foreign_exit();
}

void go_mutex_unlock(struct go_mutex *mu)
{
	uint32_t new = drop_lock(mu);

	/* Else there is nobody to wake: no waiter, or one is on its way. */
	if (unlikely(new >= WAITER && (new & (WOKEN | STARVING)) != WOKEN))
		unlock_slow(mu, new);
}
