// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rwmutex.c - sync.RWMutex: any number of readers, or one writer.
 *
 * readers counts those that read or wait to; a writer that comes subtracts WRITER, more
 * than there can be. So a reader sees by its own addition whether it may go on, and
 * where no writer is about, locking for reading and unlocking are one addition each. Writers
 * compete for a mutex first: so at most one of them deals with the readers.
 *
 * The writer that comes waits for those that read (leaving, as many as it found); readers
 * that come after it wait until it unlocks. It lets in all that came meanwhile, and only
 * then the next writer may subtract. So writers and readers take turns, and
 * neither starves.
 *
 * Under the lock, while a writer is announced (readers < 0):
 *   - leaving: readers that it found and that have not left; it holds when that is 0;
 *   - queued: those that wait in the queue, for its unlock.
 * A reader that saw the writer but got the lock only after it had unlocked is not in the queue
 * when that is emptied: passes tells how many such there are. It may go on, though the next
 * writer may be announced already: that one has counted it as reading. Where another reader
 * takes the pass, that one is waited for in its place: the sum is the same.
 *
 * Order: what a writer did is seen by readers since its addition to readers releases, theirs
 * acquire; what readers did, by the writer, since their subtractions release, its own
 * acquires. Those that wait have it by the lock.
 *
 * Rejected: one state word with a queue for both kinds, first come, first served. A reader
 * between two writers would wait for both; and each switch between the kinds is a wake-up.
 */
#include "rt.h"

#define WRITER	(1 << 30)

_Static_assert(sizeof(struct syncq) ==
		       sizeof(struct go_rwmutex) - offsetof(struct go_rwmutex, _lock),
	       "a rwmutex ends in a syncq");

static struct syncq *queue_of(struct go_rwmutex *rw)
{
	return (struct syncq *)&rw->_lock;
}

/* ------------------------------------------------------------------- writers */

/*
 * With the lock held: the writer gives it back. Those that wait are moved to @all, to be
 * woken. Goroutines of an earlier run, which are gone, don't count as readers any more.
 */
static void let_readers_in(struct go_rwmutex *rw, struct waitq *all)
{
	struct syncq *q = queue_of(rw);
	struct waiter *w;
	uint32_t woken = 0;
	int32_t readers;

	while ((w = syncq_take(q)) != NULL) {
		waitq_add(all, w);
		woken++;
	}
	readers = __atomic_add_fetch(&rw->_readers, WRITER - (int32_t)(rw->_queued - woken),
				     __ATOMIC_RELEASE);
	rw->_queued = 0;
	rw->_passes = (uint32_t)readers - woken;
}

void go_rwmutex_lock(struct go_rwmutex *rw)
{
	struct syncq *q = queue_of(rw);
	struct waiter w = { .index = 0 };
	int32_t none = 0;
	struct m *m;

	go_mutex_lock(&rw->_w);
	if (likely(__atomic_compare_exchange_n(&rw->_readers, &none, -WRITER, false,
					       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		return;
	m = m_enter();
	spin_lock(&q->lock);
	rw->_leaving = (uint32_t)__atomic_fetch_sub(&rw->_readers, WRITER, __ATOMIC_ACQUIRE);
	if (rw->_leaving) {
		w.g = m ? m->cur : NULL;
		rw->_writer = &w;
		rw->_writer_gen = m ? load_relaxed(&sched.gen) + 1 : 0;
		m = wait_one(m, &w, &q->lock, WAIT_RWMUTEX_LOCK);
	} else {
		spin_unlock(&q->lock);
	}
	if (m)
		m_leave(m);
}

bool go_rwmutex_trylock(struct go_rwmutex *rw)
{
	int32_t none = 0;

	if (!go_mutex_trylock(&rw->_w))
		return false;
	if (__atomic_compare_exchange_n(&rw->_readers, &none, -WRITER, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED))
		return true;
	go_mutex_unlock(&rw->_w);
	return false;
}

static NOINLINE void unlock_slow(struct go_rwmutex *rw)
{
	struct m *m = m_enter();
	struct syncq *q = queue_of(rw);
	struct waitq all = { NULL, NULL };
	bool held;

	if (!m)
		foreign_enter();
	spin_lock(&q->lock);
	held = load_relaxed(&rw->_readers) < 0 && !rw->_leaving;
	if (held)
		let_readers_in(rw, &all);
	spin_unlock(&q->lock);
	if (held) {
		/* While the readers sleep: one that was woken might free it. */
		mutex_unlock_inside(m, &rw->_w);
		wait_wake_all(m, &all);
	}
	if (m)
		m_leave(m);
	else
		foreign_exit();
	if (!held)
		go_panic("sync: Unlock of unlocked RWMutex");
}

void go_rwmutex_unlock(struct go_rwmutex *rw)
{
	int32_t alone = -WRITER;

	if (load_relaxed(&rw->_leaving) ||
	    !__atomic_compare_exchange_n(&rw->_readers, &alone, 0, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		unlock_slow(rw);
	else
		go_mutex_unlock(&rw->_w);
}

/* ------------------------------------------------------------------- readers */

static NOINLINE void rdlock_slow(struct go_rwmutex *rw)
{
	struct m *m = m_enter();
	struct syncq *q = queue_of(rw);

	spin_lock(&q->lock);
	if (rw->_passes) {
		rw->_passes--;
		spin_unlock(&q->lock);
	} else {
		rw->_queued++;
		m = syncq_wait(m, q, 0, WAIT_RWMUTEX_RLOCK);
	}
	if (m)
		m_leave(m);
}

void go_rwmutex_rdlock(struct go_rwmutex *rw)
{
	if (unlikely(__atomic_add_fetch(&rw->_readers, 1, __ATOMIC_ACQUIRE) < 0)) {
		rdlock_slow(rw);
		NO_TAIL_CALL();
	}
}

bool go_rwmutex_tryrdlock(struct go_rwmutex *rw)
{
	int32_t readers = load_relaxed(&rw->_readers);

	while (readers >= 0)
		if (__atomic_compare_exchange_n(&rw->_readers, &readers, readers + 1, true,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/*
 * With the lock held, the last reader that the writer waited for has left. Returns the
 * writer, to be woken; where that was a goroutine of an earlier run, it lets in the
 * readers in its place, and *@orphan is set: its mutex is to be unlocked too.
 */
static struct waiter *writers_turn(struct go_rwmutex *rw, struct waitq *readers, bool *orphan)
{
	*orphan = rw->_writer_gen && rw->_writer_gen != load_relaxed(&sched.gen) + 1;
	if (!*orphan)
		return rw->_writer;
	let_readers_in(rw, readers);
	return NULL;
}

/* @readers: what is left of them. */
static NOINLINE void rdunlock_slow(struct go_rwmutex *rw, int32_t readers)
{
	struct m *m = m_enter();
	struct syncq *q = queue_of(rw);
	struct waitq all = { NULL, NULL };
	struct waiter *w = NULL;
	bool orphan = false, held;

	if (!m)
		foreign_enter();
	spin_lock(&q->lock);
	held = readers != -1 && rw->_leaving;
	if (held && !--rw->_leaving)
		w = writers_turn(rw, &all, &orphan);
	spin_unlock(&q->lock);
	if (w)
		wait_wake(m, w);
	if (orphan) {
		mutex_unlock_inside(m, &rw->_w);
		wait_wake_all(m, &all);
	}
	if (m)
		m_leave(m);
	else
		foreign_exit();
	if (!held) {
		__atomic_add_fetch(&rw->_readers, 1, __ATOMIC_RELAXED);
		go_panic("sync: RUnlock of unlocked RWMutex");
	}
}

void go_rwmutex_rdunlock(struct go_rwmutex *rw)
{
	int32_t readers = __atomic_sub_fetch(&rw->_readers, 1, __ATOMIC_RELEASE);

	if (unlikely(readers < 0))
		rdunlock_slow(rw, readers);
}
