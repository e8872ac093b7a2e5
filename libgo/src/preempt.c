// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * preempt.c - a goroutine that is stuck keeps its thread and loses its P.
 *
 * Code in C can be anywhere when its time is over: in malloc() with a lock held, between
 * reading the thread's register and using it. So no goroutine is ever moved to another
 * thread from outside. What moves is the P. (Shiina et al., PPoPP 2021, call it KLT
 * switching: the kernel-level thread stays with what it runs.)
 *
 * The monitor (sysmon.c) finds a P that has not switched for some milliseconds. Its M is
 * in user code: it computes, or it is blocked in the kernel.
 *
 * Blocked: the P is taken from outside, and nothing is sent to the thread: no call of
 * the user's ends with EINTR for it. Each call into the runtime begins with
 *
 *	M: in_rt = 1; retake?		monitor: retake = ASKED; membarrier; in_rt?
 *
 * M's store and load may change places in its processor, but the membarrier is a full
 * barrier on every running thread of the process. So either M's load comes after the
 * monitor's store, and M sees that it is asked; or M's store comes before the monitor's
 * load, and the monitor sees that M is inside and leaves its P alone. Where both see the
 * other one, the exchange of ASKED by NO (M) or TAKEN (the monitor) decides. What M wrote
 * to its P before it left the runtime is published by m_leave()'s release, which pairs
 * with the monitor's acquire of in_rt.
 *
 * Computing: if it went on without a P, more than GOMAXPROCS would run. So its thread
 * is sent a signal. The handler, in user code still, exchanges ASKED by TAKEN itself,
 * puts the thread's ticket into the global queue, and waits there, in the handler. Whichever M
 * draws a ticket from a queue gives its P to that thread, and goes idle. A ticket queues with
 * the goroutines: fair. Where the P has nothing of its own to run, and a ticket is next, the handler
 * draws that itself; else it leaves the P to the monitor, who may start a thread for it. The
 * handler takes no lock but the runtime's, and these not while this thread could hold one: inside
 * the runtime (in_rt) it returns at once, and the goroutine yields at its next call instead
 * (preempt_enter).
 *
 * Who goes on is brought to the CPU that becomes free: preempt_bring(). And nobody is woken under a
 * lock: the thread may be put on the waker's CPU, and compute there while all others wait for the
 * lock. Without these two, two Ps were 1.5 times as fast as one.
 *
 * A held thread may hold locks of libc's, or of the user's. Who waits for one in user code
 * is blocked, loses its P, and the held one's turn comes. The runtime itself must not wait
 * for it for ever. So the monitor starts no thread while one is held: the M that takes the
 * P of a held one sees to it that the next one finds an M too (idle_find()). Where there is
 * none nevertheless, the held ones are let go first (preempt_unstick()), and none is held
 * while a thread is started (sched.nstarting). And where no P gets on, since its M waits for
 * malloc's lock inside the runtime, a held thread runs for a while without one. The same
 * where the thread that is being started doesn't come, since who starts it waits for such a
 * lock, while all others spin for it (as in ASan's report of an error).
 *
 * Out of the kernel again, a thread whose P was taken runs on without one (loose) until
 * it calls the runtime and gets an idle P there, or waits in the global queue; or until
 * the monitor sees that it uses its processor, and holds it by the signal.
 *
 * Thieves use the same door for runnext: STEAL keeps the M out for a moment. m->retake is
 * NO, ASKED or STEAL exactly while the M has a P, unless it is inside the runtime.
 *
 * Rejected: signalling blocked threads too (Go's users met EINTR where none was before:
 * nanosleep(), poll() and epoll_wait() are never restarted); moving a goroutine from the
 * handler (nothing that a compiler has read from thread-local storage may move); a pair of
 * entersyscall() and exitsyscall() around each system call as in Go (libc makes them).
 */
#include "rt.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runq.h"
#include "san.h"

/* So many looks in a row without anybody to leave a P to: what is awaited is held. */
#define WITHOUT_M	20

/* m->retake */
enum { RETAKE_NO, RETAKE_ASKED, RETAKE_TAKEN, RETAKE_STEAL };

/* m->hold, a futex; changed under sched.lock */
enum { HOLD_NO, HOLD_YES, HOLD_STOP };

/*
 * A call that isn't restarted would show its thread an EINTR before it is suspended, at the
 * end of a run. But TSan calls a handler only when the call has returned.
 */
#ifdef SAN_THREAD
#define RESTART		0
#else
#define RESTART		SA_RESTART
#endif

static struct sigaction before;
static bool installed;
static uint32_t without_m;	/* looks at Ps that nobody was there for: the monitor's */
static uint32_t nloose;		/* threads that were robbed of their P, and are not held */

/* Nanoseconds that @m's thread has run. */
static int64_t thread_time(const struct m *m)
{
	struct timespec t;

	if (clock_gettime(m->clock, &t))
		return 0;
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static void count_shared(uint64_t *what)
{
	__atomic_add_fetch(what, 1, __ATOMIC_RELAXED);
}

/* For probes and traces. @held: its thread waits where it is. */
static void preempted(struct m *m, const struct p *p, bool held)
{
	probe3(preempt, m->cur->id, p->id, held);
	if (unlikely(trace_on))
		trace_preempt(m, p, held);
}

/* ------------------------------------------------------------ at the runtime's door */

/* A thief is at @m's runnext: some microseconds, if it isn't stopped in the midst. */
static void wait_for_thief(const struct m *m)
{
	for (unsigned int i = 0; load_acquire(&m->retake) == RETAKE_STEAL; i++) {
		if (i < 1000)
			arch_pause();
		else
			sched_yield();
	}
}

/* GOMAXPROCS was lowered, and it is one of those that go. */
static inline bool beyond(const struct p *p)
{
	return p->id >= load_relaxed(&sched.np);
}

/*
 * m_enter() found that @m is asked for its P, or has lost it. Returns the M on which the
 * goroutine goes on, with a P.
 */
NOINLINE struct m *preempt_enter(struct m *m)
{
	uint32_t retake;

	if (!m->cur)
		return m;
	wait_for_thief(m);
	/* It is inside before the P is gone: the others get their turn, if there are any. */
	if (cas_seq(&m->retake, RETAKE_ASKED, RETAKE_NO)) {
		count(m->p, goroutine_preemptions);
		preempted(m, m->p, false);
		return beyond(m->p) ? sched_requeue(m) : sched_yield_here(m);
	}
	/* Another thief may have come meanwhile. */
	for (retake = load_acquire(&m->retake); retake != RETAKE_TAKEN;
	     retake = load_acquire(&m->retake)) {
		if (retake != RETAKE_STEAL)
			return m;
		wait_for_thief(m);
	}
	if (load_relaxed(&sched.stopping))
		sched_stop_here(m);
	m->p = NULL;
	if (m->blocking) {
		store_relaxed(&m->blocking, false);
		rcu_thread_wake();
	} else {
		add_seq(&nloose, (uint32_t)-1);
	}
	store_relaxed(&m->retake, RETAKE_NO);
	if (idle_take_p(m))
		return m;
	return sched_requeue(m);
}

void *go_blocking(void *(*fn)(void *), void *arg)
{
	const int reason = 1;	/* of the probe: it wants to */
	struct m *m = m_enter();
	struct p *p;
	void *ret;

	if (!m)
		return fn(arg);
	p = m_drop_p(m);
	probe4(handoff, m->cur->id, p->id, reason, m->tid);
	store_relaxed(&m->cur->why, WAIT_BLOCKING);
	store_relaxed(&m->blocking, true);
	while (!cas_seq(&m->retake, RETAKE_NO, RETAKE_TAKEN) &&
	       !cas_seq(&m->retake, RETAKE_ASKED, RETAKE_TAKEN))
		wait_for_thief(m);
	rcu_thread_sleep();
	idle_handoff_p(p, -1);
	m_leave(m);

	ret = fn(arg);

	m = m_enter();
	/* Unless @fn forked, and this is the child. */
	if (likely(m != NULL)) {
		store_relaxed(&m->cur->why, WAIT_NONE);
		m_leave(m);
	}
	return ret;
}

/* ----------------------------------------------------------------------- the handler */

/* Under sched.lock: @m waits for a P, in the list and, by its ticket, in the queue. */
static void add_held(struct m *m)
{
	store_relaxed(&m->hold, HOLD_YES);
	m->next_held = NULL;
	*sched.held_end = m;
	sched.held_end = &m->next_held;
	store_relaxed(&sched.nheld, sched.nheld + 1);
	m->cpu = sched_getcpu();
	if (!m->queued) {
		m->queued = true;
		m->ticket.flags = G_TICKET;
		gq_put(&m->ticket);
	}
}

/*
 * Under sched.lock: @m is to go on, with @p or (NULL) without, and is told so after that. Its ticket
 * may still be queued.
 */
static void remove_held(struct m *m, struct p *p)
{
	struct m **at = &sched.held;

	while (*at != m)
		at = &(*at)->next_held;
	*at = m->next_held;
	if (!*at)
		sched.held_end = at;
	store_relaxed(&sched.nheld, sched.nheld - 1);
	m->next_p = p;
	store_release(&m->hold, HOLD_NO);
}

/*
 * @m was removed, and goes on. Not under a lock: the thread may be put on this processor, and
 * run at once; all that want the lock then would wait for as long as it computes.
 */
void preempt_tell(struct m *m)
{
	futex_wake(&m->hold, 1);
}

/*
 * Under sched.lock: @m, which sleeps and is woken next, will run on @cpu, whose thread goes to sleep.
 * The kernel puts a thread that is woken where it ran last, or where its waker runs, if no CPU is
 * idle, and this one isn't yet; so it would often stand beside another one that computes, with @cpu
 * idle, until the kernel balances, for milliseconds. When it runs it allows all its CPUs again:
 * preempt_arrive().
 */
void preempt_bring(struct m *m, int cpu)
{
	cpu_set_t here;

	if (cpu < 0 || cpu >= CPU_SETSIZE || m->brought ||
	    sched_getaffinity(m->tid, sizeof(m->cpus), &m->cpus) || !CPU_ISSET(cpu, &m->cpus))
		return;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	m->brought = !sched_setaffinity(m->tid, sizeof(here), &here);
}

void preempt_arrive(struct m *m)
{
	m->brought = false;
	sched_setaffinity(0, sizeof(m->cpus), &m->cpus);
}

/*
 * The ticket of @to was drawn for @p, which nobody has: it goes on with that. False: it has gone on
 * meanwhile. Who calls this sleeps next.
 */
static bool give(struct m *to, struct p *p)
{
	bool waits;

	spin_lock(&sched.lock);
	to->queued = false;
	waits = load_relaxed(&to->hold) == HOLD_YES;
	if (waits) {
		int cpu = sched_getcpu();

		if (cpu != to->cpu)
			preempt_bring(to, cpu);
		count(p, goroutine_switches);
		remove_held(to, p);
	}
	spin_unlock(&sched.lock);
	if (waits)
		preempt_tell(to);
	return waits;
}

/*
 * In the handler, which is about to wait: @p, which nobody has, has nothing of its own to do. Where a
 * ticket is next in the global queue, a thread goes on with it at once, and nobody has to be woken to
 * draw it. False: somebody has to be found for @p.
 */
static bool hand_to_held(struct p *p)
{
	struct g *g;

	if (runq_len(p) || beyond(p) || load_relaxed(&sched.nwant_p) ||
	    load_relaxed(&sched.stopping) || (timer_any(p) && timer_first(p) <= go_now()))
		return false;
	while ((g = gq_get(p, 1)) != NULL) {
		struct m *to = container_of(g, struct m, ticket);

		if (!(g->flags & G_TICKET)) {
			runq_put_seen(p, g);
			return false;
		}
		if (give(to, p))
			return true;
	}
	return false;
}

enum held { GOES_ON, WAITS, ENDS };

/* In the handler, under sched.lock: has @m to wait for a P? *@left: that which it had, or NULL. */
static enum held hold(struct m *m, struct p **left)
{
	if (load_relaxed(&sched.stopping))
		return ENDS;
	/*
	 * Once more, later. Its last P may not be handed on yet: the monitor had begun to look at
	 * it when it was left, and then asked for the one that the thread had got since.
	 */
	if (sched.nstarting || m->left_p)
		return GOES_ON;
	if (cas_seq(&m->retake, RETAKE_ASKED, RETAKE_TAKEN)) {
		*left = m->p;
		preempted(m, m->p, true);
		store_relaxed(&m->p->m, NULL);
		count_shared((uint64_t *)&page_shared_slot()->goroutine_preemptions);
	} else if (load_acquire(&m->retake) == RETAKE_TAKEN && !m->blocking) {
		struct p *p = idle_pop_p();

		add_seq(&nloose, (uint32_t)-1);
		if (p) {
			m_take_p(m, p);
			store_relaxed(&m->retake, RETAKE_NO);
			return GOES_ON;
		}
	} else {
		return GOES_ON;
	}
	m->p = NULL;
	add_held(m);
	return WAITS;
}

/* To the monitor, which may start a thread. */
static void leave_p(struct m *m, struct p *p)
{
	spin_lock(&sched.lock);
	m->left_p = p;
	m->next_released = sched.released;
	sched.released = m;
	spin_unlock(&sched.lock);
}

/* In the handler. False: the run ends, and the thread with it. */
static bool hold_here(struct m *m)
{
	struct p *left = NULL;
	enum held what;

	store_relaxed(&m->in_rt, 1);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	spin_lock(&sched.lock);
	what = hold(m, &left);
	spin_unlock(&sched.lock);
	/* It may have taken the first P that is not idle. */
	if (what == GOES_ON && unlikely(load_seq(&sched.sysmon_asleep)))
		sysmon_wake();
	if (what == WAITS) {
		if (!left || !hand_to_held(left)) {
			if (left)
				leave_p(m, left);
			sysmon_kick();
		}
		while (load_acquire(&m->hold) == HOLD_YES)
			futex_wait(&m->hold, HOLD_YES, 0);
		if (m->brought)
			preempt_arrive(m);
		if (load_relaxed(&m->hold) == HOLD_STOP) {
			store_relaxed(&m->hold, HOLD_NO);
			add_seq(&nloose, 1);
			what = ENDS;
		} else if (m->next_p) {
			m_take_next(m);
			store_relaxed(&m->retake, RETAKE_NO);
		}
	}
	m_leave(m);
	return what != ENDS;
}

static void on_signal(int sig, siginfo_t *info, void *ctx)
{
	int err = errno;
	struct m *m = arch_m();

	if (info->si_code != SI_TKILL || info->si_pid != getpid()) {
		if (before.sa_flags & SA_SIGINFO)
			before.sa_sigaction(sig, info, ctx);
		else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
			before.sa_handler(sig);
	} else if (m && m->cur && !load_relaxed(&m->in_rt)) {
		/* stop_on_signal() returns where the thread should first come out of libc. */
		if (load_relaxed(&sched.stopping) || !hold_here(m))
			stop_on_signal(m, ctx);
	}
	errno = err;
}

/* ------------------------------------------------------------------ for the scheduler */

/* @m drew the ticket of m->give: if it still waits it gets the P, else @m keeps that. */
void preempt_give(struct m *m)
{
	struct m *to = m->give;
	struct p *p = m_drop_p(m);

	m->give = NULL;
	if (!give(to, p))
		m_take_p(m, p);
}

/* Where the kernel has no membarrier, what is in runnext comes on by preemption alone. */
bool preempt_can_steal(void)
{
	return load_relaxed(&barrier_registered) && !sched.no_steal;
}

/*
 * A thief: what @victim would run next, if its M is in user code; NULL: nothing. As the
 * monitor when it takes a P: either the M sees STEAL when it enters the runtime, and waits
 * for NO, or it is seen to be inside. What it wrote before it left is published by
 * m_leave(), what is written here by the exchange.
 */
struct g *preempt_steal_next(struct p *victim)
{
	struct m *m = load_acquire(&victim->m);
	struct g *g = NULL;

	if (!m || !load_relaxed(&barrier_registered) || !cas_seq(&m->retake, RETAKE_NO, RETAKE_STEAL))
		return NULL;
	if (barrier_everywhere() && !load_acquire(&m->in_rt) && m->p == victim) {
		g = load_relaxed(&victim->runnext);
		store_relaxed(&victim->runnext, NULL);
	}
	cas_seq(&m->retake, RETAKE_STEAL, RETAKE_NO);
	return g;
}

/*
 * Under sched.lock: the thread that has been held longest, which goes on with @p: to be told.
 * NULL: there is none.
 */
struct m *preempt_resume(struct p *p)
{
	struct m *m = sched.held;

	if (m)
		remove_held(m, p);
	return m;
}

/* No P gets on, or no thread is to be held: @n of those that are run without a P. */
void preempt_unstick(uint32_t n)
{
	if (n > load_relaxed(&sched.nheld))
		n = load_relaxed(&sched.nheld);
	while (n--) {
		struct m *m;

		spin_lock(&sched.lock);
		m = sched.held;
		if (m) {
			m->loose_since = thread_time(m);
			add_seq(&nloose, 1);
			remove_held(m, NULL);
		}
		spin_unlock(&sched.lock);
		if (!m)
			break;
		preempt_tell(m);
	}
}

/* The run ends: those in the handler go no further. */
void preempt_stop(void)
{
	spin_lock(&sched.lock);
	for (struct m *m = sched.held; m; m = m->next_held) {
		store_release(&m->hold, HOLD_STOP);
		futex_wake(&m->hold, 1);
	}
	sched.held = NULL;
	sched.held_end = &sched.held;
	store_relaxed(&sched.nheld, 0);
	spin_unlock(&sched.lock);
}

/* @m slept, and gets a P: what it was asked for before is no longer true. */
void preempt_forget(struct m *m)
{
	cas_seq(&m->retake, RETAKE_ASKED, RETAKE_NO);
}

/* -------------------------------------------------------------------- for the monitor */

/* Does it run, or want to? Where the kernel doesn't say, yes. */
static bool thread_runs(const struct m *m)
{
	char name[64], buf[512];
	const char *end;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/self/task/%d/stat", load_relaxed(&m->tid));
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return true;
	buf[n] = '\0';
	/* The name, in brackets, may hold anything. */
	end = strrchr(buf, ')');
	return !end || end[1] != ' ' || end[2] == 'R';
}

static void send(const struct m *m)
{
	/* TSan calls a handler when the program calls it, which a loop does not. */
#ifndef SAN_THREAD
	if (installed)
		tgkill(getpid(), load_relaxed(&m->tid), SIGURG);
#else
	(void)m;
#endif
}

/* What @m runs; it may just be coming back, and find that its P is gone. */
static NO_TSAN NOINLINE uint64_t goroutine_on(const struct m *m)
{
	const struct g *g = ((const volatile struct m *)m)->cur;

	return g ? g->id : 0;
}

/* @m's P is taken, if it is in user code. */
static bool take(struct m *m)
{
	const int reason = 0;	/* of the probe: it is blocked */
	pid_t tid = load_relaxed(&m->tid);
	int64_t now = 0;
	uint64_t id;
	struct p *p;

	/* Inside: it yields at its next call. */
	if (!barrier_everywhere() || load_acquire(&m->in_rt))
		return false;
	/* Its own until the exchange: M sets it to NULL when it finds that it is taken. */
	p = m->p;
	id = goroutine_on(m);
	if (unlikely(trace_on))
		now = trace_robs(m);
	m->loose_since = thread_time(m);
	add_seq(&nloose, 1);
	if (!cas_seq(&m->retake, RETAKE_ASKED, RETAKE_TAKEN)) {
		add_seq(&nloose, (uint32_t)-1);
		return true;
	}
	store_relaxed(&p->m, NULL);
	probe4(handoff, id, p->id, reason, tid);
	if (unlikely(trace_on))
		trace_handoff(p, now);
	count_shared((uint64_t *)&page_shared_slot()->goroutine_handoffs);
	idle_handoff_p(p, -1);
	return true;
}

/* False: @m is blocked inside the runtime. */
static bool retake(struct m *m, bool blocked)
{
	if (!cas_seq(&m->retake, RETAKE_NO, RETAKE_ASKED) &&
	    load_relaxed(&m->retake) != RETAKE_ASKED)
		return true;
	if (blocked && load_relaxed(&barrier_registered))
		return take(m);
	send(m);
	return true;
}

/*
 * Looks at @p: has it not switched, and run for half of @slice, though somebody waits for it
 * (@wanted)? One that is blocked loses its P in any case, if later: so that the monitor can sleep.
 * Returns false where it does not get on: its M is blocked inside the runtime, or on its way.
 */
bool preempt_look(struct p *p, int64_t now, int64_t slice, bool wanted)
{
	struct m *m = load_acquire(&p->m);
	uint32_t tick = load_relaxed(&p->tick);
	int64_t ran;
	bool blocked;

	if (m != p->seen_m || tick != p->seen_tick) {
		p->seen_m = m;
		p->seen_tick = tick;
		p->seen_at = now;
		p->seen_time = m ? thread_time(m) : 0;
		return true;
	}
	/* On its way to somebody who has no processor yet, or waits for a lock of libc's. */
	if (!m)
		return now - p->seen_at < slice;
	if (!wanted && now - p->seen_at < 8 * slice)
		return true;
	ran = thread_time(m) - p->seen_time;
	/* One that had no processor meanwhile, because others of the machine did, is not blocked. */
	blocked = ran * 8 < now - p->seen_at && !thread_runs(m);
	if (blocked)
		return retake(m, true);
	if (!wanted) {
		/* It computes, and may. */
		p->seen_at = now;
		p->seen_time += ran;
	} else if (2 * ran >= slice) {
		/* The P is left to somebody who is there already: see the head of this file. */
		if (idle_have_m(true)) {
			without_m = 0;
			retake(m, false);
		} else if (++without_m >= WITHOUT_M) {
			without_m = 0;
			preempt_unstick(1);
		}
	}
	return true;
}

/*
 * Is @p beyond GOMAXPROCS, and has it an M nevertheless? That one gives it up at its next call;
 * if there is none for long, preempt_look() sees to it. Asked by the monitor alone, which relies
 * on that: take().
 */
bool preempt_evict(const struct p *p)
{
	struct m *m = load_acquire(&p->m);

	if (likely(!beyond(p)) || !m)
		return false;
	cas_seq(&m->retake, RETAKE_NO, RETAKE_ASKED);
	return true;
}

/*
 * There are more threads without a P than there may be at once that run: if they came out of the
 * kernel now, none of them would tell anybody. So the monitor stays awake, though all Ps are idle.
 */
bool preempt_may_crowd(void)
{
	return load_seq(&nloose) > load_seq(&sched.np);
}

/* Up to @n Ms that run, or may run, without a P, from the @from-th on; how many. */
static uint32_t find_loose(struct m *found[], uint32_t n, uint32_t from)
{
	uint32_t i = 0, k = 0;

	spin_lock(&sched.lock);
	for (struct m *m = sched.ms; m && k < n; m = m->next) {
		if (i++ < from)
			continue;
		if (load_relaxed(&m->retake) == RETAKE_TAKEN && !load_relaxed(&m->blocking) &&
		    load_relaxed(&m->hold) == HOLD_NO && !load_relaxed(&m->in_rt))
			found[k++] = m;
	}
	spin_unlock(&sched.lock);
	return k;
}

/*
 * Threads that run without a P, being back from the kernel: see that they get one. Some of
 * them at each look: there may be thousands in the kernel.
 */
void preempt_look_loose(void)
{
	static uint32_t from;
	struct m *found[64];
	uint32_t n;

	if (!load_relaxed(&nloose))
		return;
	n = find_loose(found, ARRAY_SIZE(found), from);
	/* An M stays where it is, unless newer ones come before it. */
	from = n < ARRAY_SIZE(found) ? 0 : from + n;
	for (uint32_t i = 0; i < n; i++) {
		struct m *m = found[i];

		if (thread_time(m) - m->loose_since > NSEC_PER_MSEC && thread_runs(m))
			send(m);
	}
}

/* Ps that were left to the monitor: handed on. */
void preempt_hand_on(void)
{
	for (;;) {
		struct p *p = NULL;
		int cpu = -1;

		spin_lock(&sched.lock);
		if (sched.released) {
			p = sched.released->left_p;
			cpu = sched.released->cpu;
			sched.released->left_p = NULL;
			sched.released = sched.released->next_released;
		}
		spin_unlock(&sched.lock);
		if (!p)
			return;
		idle_handoff_p(p, cpu);
	}
}

/* ------------------------------------------------------------------------------------ */

void preempt_init(void)
{
	struct sigaction act = { .sa_sigaction = on_signal,
				 .sa_flags = SA_SIGINFO | SA_ONSTACK | RESTART };

	sched.held_end = &sched.held;
	nloose = 0;
	sigfillset(&act.sa_mask);
	if (!installed)
		installed = !sigaction(SIGURG, &act, &before);
}

/* @all: no thread was left that still has to be stopped. */
void preempt_exit(bool all)
{
	if (all && installed) {
		sigaction(SIGURG, &before, NULL);
		installed = false;
	}
}
