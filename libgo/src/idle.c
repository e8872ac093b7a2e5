// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * idle.c - looking for work, going to sleep, being woken.
 *
 * An M without work looks in the global queue, at the timers, and steals from the
 * other Ps ("spinning", at most half as many as there are busy Ps). Then it gives its
 * P to sched.idle_ps, itself to sched.idle_ms, and sleeps on a futex of its own.
 *
 * No wake-up is lost: who makes work first publishes it (a queue's tail, runnext, the
 * global queue's length), then reads nidle and nspinning; who goes idle first raises
 * nidle and lowers nspinning, then looks at all queues once more. Both sides' second
 * step is ordered after their first (sequentially consistent accesses), so at least
 * one sees the other. Where the maker sees somebody spinning it wakes nobody: the
 * last one to stop spinning looks once more, or finds work and wakes the next.
 * An idle P is only passed on under sched.lock.
 *
 * A few goroutines that take turns on one P ready each other millions of times a second. A
 * thief leaves runnext alone while its owner switches that fast (runq_steal()), finds the
 * queue empty before it is there, and to wake it up for nothing each time would cost more
 * than the switches. So a thief that finds nothing but such a P hushes it: for some thousand
 * switches it wakes nobody for a short queue, which it will have run sooner itself. Where it
 * computes for long after all, the monitor sees a queue that doesn't move, and wakes a
 * thief; one that finds something there ends the hush.
 *
 * Those that only yield take turns as fast, but each has work of its own. A P that has made
 * CROWD_TICKS switches in which nobody waited or ended, and has somebody in its ring, says so
 * (crowded), wakes a thief whether it is hushed or not, and lets it take from the shortest ring.
 * Where a thousand yields lie between two parks that is, at worst, a wake-up each time.
 *
 * An M with a pinned goroutine runs no other. It never spins, passes its P on where that
 * goroutine waits or yields, and sleeps in a list of its own, from which only that goroutine's
 * becoming ready, or the time of a watcher, takes it; where there is no idle P then, it wants one
 * (want_p), and gets that of the next M that comes by.
 *
 * The watcher is the sleeping M that wakes by itself when the earliest timer is due.
 * It is needed only while all Ps are idle: otherwise a running M sees its own timers,
 * and sysmon those of others. So whoever falls asleep with an earlier timer in sight
 * takes the role over; nobody has to be woken to set a timer.
 *
 * The poller is the sleeping M that waits for descriptors, while any goroutine may wait for one
 * (netpoll_on()). It may be the watcher as well. It is the last one to be given other work. As
 * with timers, whoever falls asleep takes the role if nobody has it; and a P whose M is blocked
 * gets another one for it. It keeps the role until it is out of epoll_wait(), though it has been
 * given work meanwhile: the next one would else take the eventfd's word, by which it is told of
 * that, away from it, and it would sleep on, with a P, and as one that looks for work.
 *
 * LIBGO_DEBUG=nosteal: nobody looks into another P's queue, or is woken to; what waits behind
 * one that computes comes on by preemption, as on a single P. For comparison only: a P that no
 * thread could be had for keeps what is in its queue until it is the first of the idle ones.
 *
 * The last M to fall asleep, with no timer pending and nobody waiting for a descriptor,
 * knows that no goroutine can ever wake another: deadlock.c.
 */
#include "rt.h"

#include "netpoll.h"
#include "runq.h"

#include <sched.h>
#include <stdlib.h>

/* While other threads of the process might still wake somebody, look again so often. */
#define RECHECK	(100 * NSEC_PER_MSEC)
/* While the system refuses threads. */
#define RETRY	NSEC_PER_MSEC

/*
 * How long a P has to be without a switch before what it would run next is taken. With 3 us,
 * 4 goroutines at one mutex took 95 ns for each lock on 2 Ps, with 20 us 34, with 100 us 21: to keep its
 * owner out meanwhile takes some microseconds of both.
 */
#define PATIENCE	(50 * NSEC_PER_USEC)
/* And how long before that is done again, if it hasn't switched since: the monitor wakes a thief. */
#define ROB_AGAIN	NSEC_PER_MSEC
/* The same where no more than SHORT are queued, which it will soon have run itself. */
#define PATIENCE_RING	NSEC_PER_USEC
#define SHORT		2

/* How many Ps a thief hushes, and for how many switches. */
#define HUSH_PS		8
#define HUSH_MIN	1024u
#define HUSH_MAX	65536u

static void push_idle_p(struct p *p)
{
	store_relaxed(&p->m, NULL);
	p->held = false;
	p->idle = true;
	p->next_idle = sched.idle_ps;
	sched.idle_ps = p;
	add_seq(&sched.nidle, 1);
}

/* Under sched.lock. */
struct p *idle_pop_p(void)
{
	struct p *p = sched.idle_ps;

	if (p) {
		sched.idle_ps = p->next_idle;
		p->idle = false;
		p->held = true;
		add_seq(&sched.nidle, (uint32_t)-1);
	}
	return p;
}

static struct m **idle_list(const struct m *m)
{
	return m_pinned(m) ? &sched.idle_pinned_ms : &sched.idle_ms;
}

static void remove_idle_m(struct m *m)
{
	struct m **at = idle_list(m);

	while (*at != m)
		at = &(*at)->next_idle;
	*at = m->next_idle;
	m->idle = false;
	store_relaxed(&sched.nidle_ms, sched.nidle_ms - 1);
	if (sched.watcher == m)
		sched.watcher = NULL;
	if (m->want_p) {
		m->want_p = false;
		store_relaxed(&sched.nwant_p, sched.nwant_p - 1);
	}
}

/* Under sched.lock: @m, which is idle, goes on with @p (NULL: to stop). Then call wake(). */
static void hand_over(struct m *m, struct p *p, bool spinning)
{
	remove_idle_m(m);
	m->next_p = p;
	m->spinning = spinning;
}

static void wake(struct m *m)
{
	/* Its own again once it has seen m->park. */
	bool polling = m->polling;

	store_release(&m->park, 1);
	if (unlikely(polling))
		netpoll_interrupt();
	else
		futex_wake(&m->park, 1);
	if (unlikely(load_relaxed(&sched.sysmon_asleep)))
		sysmon_wake();
}

/*
 * A new thread for @p (NULL: to be there), @sched.nstarting having been raised. Where there
 * can be none, @p stays idle: the others do its work.
 */
static void start_m(struct p *p, bool spinning)
{
	struct m *m = run_new_m();
	bool started = false;

	if (m) {
		m->next_p = p;
		m->spinning = spinning;
		started = !pthread_create(&m->thread, NULL, run_m_thread, m);
		if (!started)
			run_forget_m(m);
	}
	spin_lock(&sched.lock);
	sched.nstarting--;
	if (!started && p) {
		push_idle_p(p);
		sched.refused = true;
	}
	spin_unlock(&sched.lock);
	if (!started && spinning)
		add_seq(&sched.nspinning, (uint32_t)-1);
	if (started && unlikely(load_relaxed(&sched.sysmon_asleep)))
		sysmon_wake();
}

/* Who goes on with a P: an idle M, a thread that was held, or (both NULL) a new one. */
struct heir {
	struct m *idle, *held;
};

/*
 * Under sched.lock: who goes on with @p? To be told so after that: tell().
 * No thread is held while another one is started: it may have locks of libc's.
 */
static struct heir find_heir(struct p *p, bool spinning)
{
	struct m *m = sched.idle_ms;

	if (m) {
		if (m == sched.poller && m->next_idle)
			m = m->next_idle;
		hand_over(m, p, spinning);
		return (struct heir){ m, NULL };
	}
	m = preempt_resume(p);
	if (!m)
		sched.nstarting++;
	return (struct heir){ NULL, m };
}

static void tell(struct heir heir, struct p *p, bool spinning)
{
	if (heir.idle) {
		wake(heir.idle);
		return;
	}
	if (heir.held) {
		if (spinning)
			add_seq(&sched.nspinning, (uint32_t)-1);
		preempt_tell(heir.held);
		return;
	}
	start_m(p, spinning);
}

/* There is an idle P and nobody is looking for work: let somebody. */
void idle_wake_p(void)
{
	struct heir heir = { NULL, NULL };
	struct p *p;

	if (!cas_seq(&sched.nspinning, 0, 1))
		return;
	spin_lock(&sched.lock);
	p = load_relaxed(&sched.stopping) ? NULL : idle_pop_p();
	if (p)
		heir = find_heir(p, true);
	spin_unlock(&sched.lock);
	if (p)
		tell(heir, p, true);
	else
		add_seq(&sched.nspinning, (uint32_t)-1);
}

/*
 * It has nothing but what it would run next, and has not switched since that was last stolen from
 * it. Whoever it is that it readies again and again wants something of it, a mutex most likely.
 */
static inline bool robbed(const struct p *p)
{
	return load_relaxed(&p->robbed_tick) == load_relaxed(&p->tick) && !runq_ring_len(p);
}

/* idle_wake_next(), with an idle P, and @p not hushed. */
NOINLINE void idle_wake_unhushed(const struct p *p)
{
	if (!load_seq(&sched.nspinning) && !robbed(p) && !sched.no_steal)
		idle_wake_p();
}

/*
 * Each CROWD_TICKS switches of @p: has it done nothing but let goroutines yield that have more to
 * do, and could one of them run elsewhere? Those that wait for each other are not meant: they park.
 * And a hush that is over is brought along: 2^31 switches later it would be one that is to come.
 */
void idle_spread(struct p *p)
{
	uint64_t left_off = page_parks(p) + p->cnt->goroutine_exits;
	bool crowded = left_off == p->left_off && runq_ring_len(p) && !p->solo;

	if (!in_hush(p))
		store_relaxed(&p->hush, p->tick);
	p->left_off = left_off;
	store_relaxed(&p->crowded, crowded);
	if (crowded && !sched.no_steal)
		idle_wake();
}

/*
 * Is there an M that sleeps? If not, one is started. The monitor lets those go that are
 * held meanwhile: they may hold locks of libc's (preempt.c).
 */
bool idle_have_m(bool monitor)
{
	bool have, start;

	spin_lock(&sched.lock);
	have = sched.idle_ms;
	start = !have && !sched.nstarting && !load_relaxed(&sched.stopping);
	if (start)
		sched.nstarting++;
	spin_unlock(&sched.lock);
	if (start && monitor)
		preempt_unstick(UINT_MAX);
	if (start)
		start_m(NULL, false);
	return have;
}

/* Under sched.lock: @m, which has no P, has its pinned goroutine to run. */
static void want_p(struct m *m)
{
	m->want_p = true;
	store_relaxed(&sched.nwant_p, sched.nwant_p + 1);
}

/* @g, which is pinned, waits no longer: if its M sleeps, that needs a P. */
void idle_ready_pinned(struct g *g)
{
	struct m *m = g_bound_to(g);
	struct p *p = NULL;

	spin_lock(&sched.lock);
	store_relaxed(&m->pinned_ready, true);
	if (m->idle) {
		p = idle_pop_p();
		if (p)
			hand_over(m, p, false);
		else if (!m->want_p)
			want_p(m);
	}
	spin_unlock(&sched.lock);
	if (p)
		wake(m);
}

/* All that sleep: the runtime stops. */
void idle_wake_all(void)
{
	struct m *m;

	do {
		spin_lock(&sched.lock);
		m = sched.idle_ms ? sched.idle_ms : sched.idle_pinned_ms;
		if (m)
			hand_over(m, NULL, false);
		spin_unlock(&sched.lock);
		if (m)
			wake(m);
	} while (m);
}

/* @p is new, or may run again after GOMAXPROCS was raised. */
void idle_add_p(struct p *p)
{
	spin_lock(&sched.lock);
	if (!p->held && !p->idle)
		push_idle_p(p);
	spin_unlock(&sched.lock);
}

/*
 * GOMAXPROCS is @n now: idle Ps beyond it go. Those that run are asked for by the monitor, and
 * notice by themselves when they look beyond their own queue, each FAIR_TICKS at the latest.
 */
void idle_set_procs(uint32_t n)
{
	struct p **at;

	spin_lock(&sched.lock);
	store_seq(&sched.np, n);
	for (at = &sched.idle_ps; *at;) {
		struct p *p = *at;

		if (p->id < n) {
			at = &p->next_idle;
			continue;
		}
		*at = p->next_idle;
		p->idle = false;
		add_seq(&sched.nidle, (uint32_t)-1);
		/* What there was no thread for: start_m(). */
		runq_drain(p);
	}
	spin_unlock(&sched.lock);
}

/* Under sched.lock: an M that sleeps and wants a P for its pinned goroutine, or NULL. */
static struct m *who_wants_p(void)
{
	struct m *m = sched.nwant_p ? sched.idle_pinned_ms : NULL;

	while (m && !m->want_p)
		m = m->next_idle;
	return m;
}

/* An M that wants a P gets @m's. */
static bool give_p_away(struct m *m)
{
	struct p *p = m->p;
	struct m *to;

	spin_lock(&sched.lock);
	to = who_wants_p();
	if (to) {
		m_drop_p(m);
		hand_over(to, p, false);
	}
	spin_unlock(&sched.lock);
	if (to)
		wake(to);
	return to;
}

/* ------------------------------------------------------------------- looking */

/* Is there work that somebody should be looking for? @next: what a P would run next counts, too. */
static bool work_to_find(bool next)
{
	struct p_array *a = rcu_ps();

	if (gq_len() || sched.no_steal)
		return gq_len();
	for (uint32_t i = 0; i < a->n; i++) {
		const struct p *p = a->p[i];

		if ((next ? !runq_empty(p) : runq_ring_len(p) > 0) && !load_acquire(&p->solo) &&
		    !hushed(p) && !robbed(p))
			return true;
	}
	return false;
}

static bool work_anywhere(void)
{
	return work_to_find(true);
}

static bool any_stealable(void)
{
	return work_to_find(false);
}

/* Nothing was found. Ps that switch fast should not wake anybody for that. */
static void hush(const struct p_array *a, const struct p *p, uint32_t start)
{
	for (uint32_t i = 0; i < a->n && i < HUSH_PS; i++) {
		struct p *victim = a->p[(start + i) % a->n];
		uint32_t tick = load_relaxed(&victim->tick), len;

		if (victim == p || !load_relaxed(&victim->m))
			continue;
		for (int k = 0; k < 20 && load_relaxed(&victim->tick) == tick; k++)
			arch_pause();
		if (load_relaxed(&victim->tick) == tick)
			continue;
		len = 2 * load_relaxed(&victim->hush_len);
		if (len < HUSH_MIN)
			len = HUSH_MIN;
		if (len > HUSH_MAX)
			len = HUSH_MAX;
		store_relaxed(&victim->hush_len, len);
		store_relaxed(&victim->hush, load_relaxed(&victim->tick) + len);
	}
}

/* Does @victim not switch for so long? Asked no longer where there is something better to do. */
static bool stays(const struct p *victim, int64_t ns, bool alone)
{
	uint32_t tick = load_relaxed(&victim->tick);
	int64_t until = go_now() + ns;

	do {
		for (int i = 0; i < 10; i++)
			arch_pause();
		if (load_relaxed(&victim->tick) != tick || load_relaxed(&sched.stopping) ||
		    (alone && any_stealable()))
			return false;
	} while (go_now() < until);
	return true;
}

/*
 * From a short queue, or what @victim would run next, if it seems to get on too slowly.
 * Goroutines that take turns are not torn apart then, and who keeps the others waiting (because
 * it locks and unlocks the mutex that they want, say) is not stopped again and again.
 */
static struct g *steal_slow(struct p *p, struct p *victim, bool *waited)
{
	uint32_t tick;
	struct g *g;

	if (runq_ring_len(victim))
		return stays(victim, PATIENCE_RING, false) ? runq_steal(p, victim, 1) : NULL;
	if (*waited || !load_acquire(&victim->runnext))
		return NULL;
	if (robbed(victim) && go_now() - load_relaxed(&victim->robbed_at) < ROB_AGAIN)
		return NULL;
	*waited = true;
	if (!stays(victim, PATIENCE, true))
		return NULL;
	tick = load_relaxed(&victim->tick);
	g = runq_steal_next(p, victim);
	if (g) {
		store_relaxed(&victim->robbed_tick, tick);
		store_relaxed(&victim->robbed_at, go_now());
	}
	return g;
}

static struct g *steal(struct m *m)
{
	struct p *p = m->p;
	struct p_array *a = rcu_ps();
	uint32_t start = 0;
	bool waited = false;

	if (a->n == 1 || sched.no_steal)
		return NULL;
	if (!m->spinning) {
		uint32_t busy = busy_ps();

		if (2 * load_relaxed(&sched.nspinning) >= busy)
			return NULL;
		m->spinning = true;
		add_seq(&sched.nspinning, 1);
	}
	for (int round = 0; round < 4; round++) {
		start = (uint32_t)(rng_next(&p->rng) % a->n);
		for (uint32_t i = 0; i < a->n; i++) {
			struct p *victim = a->p[(start + i) % a->n];
			struct g *g;

			if (victim == p)
				continue;
			g = runq_steal(p, victim, load_relaxed(&victim->crowded) ? 1 : SHORT + 1);
			if (!g && round == 3)
				g = steal_slow(p, victim, &waited);
			if (g)
				return g;
		}
		if (load_relaxed(&sched.stopping))
			return NULL;
	}
	if (waited && any_stealable())
		return NULL;
	hush(a, p, start);
	return NULL;
}

/* @m found work. If it was the last one to look, another one should. */
static void stop_spinning(struct m *m)
{
	if (!m->spinning)
		return;
	m->spinning = false;
	if (add_seq(&sched.nspinning, (uint32_t)-1) == 0)
		idle_wake();
}

static struct g *look(struct m *m)
{
	struct p *p = m->p;
	struct g *g = sched_pick(m);

	if (!g)
		g = gq_get(p, RUNQ_SIZE / 2);
	if (!g && timer_next_all() != NEVER) {
		timer_run_all(m, go_now());
		g = runq_get(p);
	}
	/* Nobody to steal from: it sleeps next, and is told of descriptors there at once. */
	if (!g && load_relaxed(&sched.nidle) + 1 >= load_relaxed(&sched.np) && !work_anywhere())
		return NULL;
	if (!g && netpoll_on() && !load_relaxed(&sched.poller)) {
		netpoll_look(m);
		g = runq_get(p);
	}
	if (!g)
		g = steal(m);
	return g;
}

/* -------------------------------------------------------------------- asleep */

/*
 * Takes sched.lock for who gives @p up. If @p is beyond GOMAXPROCS then, which may have been
 * lowered until just now, nothing is left in it that only its owner could take: it has none.
 */
static void lock_leaving(struct p *p)
{
	for (;;) {
		bool goes = p->id >= load_relaxed(&sched.np);

		if (goes) {
			/* P 0 never goes away. */
			runq_drain(p);
			timer_move_all(p, rcu_ps()->p[0]);
		}
		spin_lock(&sched.lock);
		if (likely(goes || p->id < sched.np))
			return;
		spin_unlock(&sched.lock);
	}
}

/* Gives the P up. False: there is work after all, and the P is still, or again, @m's. */
static bool release_p(struct m *m)
{
	struct p *p = m->p;

	lock_leaving(p);
	/* An M may have come to want a P since idle_find() asked, when none was idle. */
	if (load_relaxed(&sched.stopping) || gq_len() || sched.nwant_p) {
		if (p->id < sched.np || load_relaxed(&sched.stopping)) {
			spin_unlock(&sched.lock);
			return false;
		}
	}
	m_drop_p(m);
	p->held = false;
	if (p->id < sched.np)
		push_idle_p(p);
	spin_unlock(&sched.lock);
	if (m->spinning) {
		m->spinning = false;
		add_seq(&sched.nspinning, (uint32_t)-1);
	}
	if (!work_anywhere())
		return true;
	spin_lock(&sched.lock);
	p = idle_pop_p();
	if (p)
		m_take_p(m, p);
	spin_unlock(&sched.lock);
	if (!p)
		return true;
	m->spinning = true;
	add_seq(&sched.nspinning, 1);
	return false;
}

/* @m has lost its P, and takes an idle one. False: there is none. */
bool idle_take_p(struct m *m)
{
	struct p *p;

	spin_lock(&sched.lock);
	p = load_relaxed(&sched.stopping) ? NULL : idle_pop_p();
	if (p)
		m_take_p(m, p);
	spin_unlock(&sched.lock);
	if (p && unlikely(load_relaxed(&sched.sysmon_asleep)))
		sysmon_wake();
	return p;
}

/* Is there anything for @p to run? */
bool idle_others_wait(const struct p *p)
{
	return runq_len(p) || gq_len();
}

/* Under sched.lock: is there a timer that no M that sleeps watches? */
static bool timer_unwatched(void)
{
	int64_t first = timer_next_all();

	return first != NEVER && (!sched.watcher || first < sched.watch_until);
}

/* Under sched.lock: are there timers, or descriptors, that nobody watches who sleeps? */
static bool unwatched_anything(void)
{
	return timer_unwatched() || (netpoll_on() && !sched.poller);
}

/*
 * @p has lost its M, and goes to another one; to the idle ones where it has nothing to do.
 * @sleeps: the one that it had is about to sleep, and watches the timers.
 */
static void handoff_p(struct p *p, bool sleeps, int cpu)
{
	bool idle = false, unwatched = false;
	struct heir heir = { NULL, NULL };
	struct m *m;

	lock_leaving(p);
	m = who_wants_p();
	if (p->id >= sched.np || load_relaxed(&sched.stopping)) {
		p->held = false;
		idle = true;
		/* Timers were just moved, descriptors were its to look at: all others may be asleep. */
		unwatched = unwatched_anything();
	} else if (m) {
		hand_over(m, p, false);
		heir.idle = m;
	} else if (idle_others_wait(p) || (!sleeps && unwatched_anything())) {
		heir = find_heir(p, false);
	} else {
		push_idle_p(p);
		idle = true;
	}
	if (heir.idle && cpu >= 0)
		preempt_bring(heir.idle, cpu);
	spin_unlock(&sched.lock);
	if (!idle)
		tell(heir, p, false);
	/* First idle, then looked: as release_p(). */
	else if (unwatched || work_anywhere())
		idle_wake();
}

/* @cpu: of the thread that left @p, and sleeps: for the one that goes on with it; -1: it may compute. */
void idle_handoff_p(struct p *p, int cpu)
{
	handoff_p(p, false, cpu);
}

static bool any_queued(void)
{
	struct p_array *a = rcu_ps();

	for (uint32_t i = 0; i < a->n; i++)
		if (!runq_empty(a->p[i]))
			return true;
	return false;
}

/* Under sched.lock, @m being the last one to sleep: until when, at the most. */
static int64_t last_one(void)
{
	if (gq_len() || sched.nwant_p || load_relaxed(&sched.stopping))
		return NEVER;
	/* What no thread could be had for is tried again. */
	if (sched.refused && any_queued())
		return go_now() + RETRY;
	if (deadlock_foreign_threads())
		return go_now() + RECHECK;
	/* By a thread that was there before, and is not any more. */
	if (gq_len())
		return NEVER;
	spin_unlock(&sched.lock);
	deadlock_report();
}

/* Under sched.lock: @m is idle. Returns until when it sleeps, 0: until it is woken. */
static int64_t go_idle(struct m *m)
{
	bool net = netpoll_on();
	int64_t until;

	m->park = 0;
	m->idle = true;
	m->next_idle = *idle_list(m);
	*idle_list(m) = m;
	store_relaxed(&sched.nidle_ms, sched.nidle_ms + 1);
	until = timer_next_all();
	if (until == NEVER && sched.nidle_ms == sched.nms && !net)
		until = last_one();
	m->polling = net && !sched.poller;
	if (m->polling)
		store_relaxed(&sched.poller, m);
	if (until == NEVER || (sched.watcher && until >= sched.watch_until))
		return 0;
	sched.watcher = m;
	sched.watch_until = until;
	return until;
}

/* Handed over; who did it may not have come to the wake-up yet. */
static void wait_for_wake(struct m *m)
{
	while (!load_acquire(&m->park)) {
		if (m->polling)
			sched_yield();
		else
			futex_wait(&m->park, 0, 0);
	}
	m_take_next(m);
}

/*
 * Sleeps until somebody hands over a P; or until a timer is due, or a descriptor ready, and a P
 * is free.
 */
static void sleep_m(struct m *m)
{
	for (;;) {
		struct net_events ev;
		int64_t until;
		struct p *p;

		spin_lock(&sched.lock);
		if (load_relaxed(&sched.stopping)) {
			spin_unlock(&sched.lock);
			return;
		}
		/* Something may have come for it since it gave its P up. */
		if (m->pinned_ready) {
			p = idle_pop_p();
			if (p) {
				m_take_p(m, p);
				spin_unlock(&sched.lock);
				return;
			}
			want_p(m);
		}
		until = go_idle(m);
		spin_unlock(&sched.lock);

		rcu_thread_sleep();
		ev.n = 0;
		if (m->polling)
			netpoll_wait(&ev, until);
		else
			futex_wait(&m->park, 0, until);
		rcu_thread_wake();
		preempt_forget(m);

		spin_lock(&sched.lock);
		if (m->brought)
			preempt_arrive(m);
		if (m->polling)
			store_relaxed(&sched.poller, NULL);
		if (!m->idle) {
			spin_unlock(&sched.lock);
			wait_for_wake(m);
			netpoll_ready(m->p ? m : NULL, &ev);
			return;
		}
		/* By itself: the watcher's time has come, the poller has something, or a signal. */
		remove_idle_m(m);
		p = idle_pop_p();
		spin_unlock(&sched.lock);
		if (p) {
			m_take_p(m, p);
			if (unlikely(load_relaxed(&sched.sysmon_asleep)))
				sysmon_wake();
		}
		netpoll_ready(p ? m : NULL, &ev);
		if (p)
			return;
	}
}

/*
 * @m's pinned goroutine, if that is ready. Else the P goes to who has a use for it, after
 * what only its M would see: timers that are due.
 */
static struct g *pinned_find(struct m *m)
{
	struct p *p = m->p;
	struct g *g = NULL;

	if (p->id < load_relaxed(&sched.np))
		g = sched_pick(m);
	if (!g && timer_next_all() != NEVER) {
		timer_run_all(m, go_now());
		g = sched_pick(m);
	}
	if (g)
		return g;
	run_count_peak();
	page_flush(p);
	handoff_p(m_drop_p(m), true, -1);
	return NULL;
}

/*
 * The next goroutine for @m, on its own stack. Returns with m->p held, or NULL where
 * the runtime stops. Blocks.
 */
struct g *idle_find(struct m *m)
{
	for (;;) {
		struct p *p = m->p;
		struct g *g;

		if (load_acquire(&sched.stopping))
			return NULL;
		if (!p) {
			if (m->spinning) {
				m->spinning = false;
				add_seq(&sched.nspinning, (uint32_t)-1);
			}
			sleep_m(m);
			continue;
		}
		store_release(&p->solo, rcu_ps()->n == 1);
		rcu_thread_quiescent();
		/* First: those that want a P and are given one would else hand it round for ever. */
		if (unlikely(m_pinned(m) != NULL)) {
			g = pinned_find(m);
			if (g)
				return g;
			continue;
		}
		if (load_relaxed(&sched.nwant_p) && give_p_away(m))
			continue;
		/* It may have taken the place of a held thread, and be held itself. */
		if (unlikely(load_relaxed(&sched.nheld)) && !load_relaxed(&sched.idle_ms))
			idle_have_m(false);
		if (netpoll_due(p))
			netpoll_look(m);
		if (p->id < load_relaxed(&sched.np)) {
			g = look(m);
			if (g && unlikely(p->id >= load_relaxed(&sched.np))) {
				/* GOMAXPROCS was lowered meanwhile; it may have been made since. */
				gq_put(g);
				g = NULL;
			}
			if (g) {
				stop_spinning(m);
				return g;
			}
		}
		run_count_peak();
		page_flush(p);
		if (release_p(m))
			sleep_m(m);
	}
}
