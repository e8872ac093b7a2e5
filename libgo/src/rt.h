/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rt.h - what the files of the runtime share.
 *
 * The words are Go's. A G is a goroutine. An M is a kernel thread. A P is the
 * right to run goroutines, and the state that goes with it: a run queue, caches,
 * timers, counters. An M that runs goroutines holds a P; there are GOMAXPROCS of
 * them. M, P and the G that runs belong together while it runs, so most state
 * needs no lock.
 *
 *   sched.c   switch, park, ready, and where the next goroutine comes from
 *   idle.c    going to sleep and waking up: the idle Ps and Ms
 *   runq.c    a P's run queue          rcu.c     the global queue, lists under RCU
 *   g.c       descriptors, numbers     stack.c   stacks and their guards
 *   run.c     go_run(), go(), the end  stop.c    suspending what still runs then
 *   arena.c   address space for stacks  overflow.c  faults, alternate signal stacks
 *   preempt.c what is stuck loses its P; barrier.c: a barrier in all threads
 *   timer.c   timers, go_sleep()       sysmon.c  the monitor thread
 *   time.c    package time, on top of them
 *   netpoll.c goroutines that wait for descriptors; fd.c, fdio.c, fdconn.c, net.c: the calls
 *   wait.c    waiters and their queues, for everything that blocks
 *   chan.c select.c mutex.c rwmutex.c cond.c sem.c waitgroup.c once.c
 *   group.c context.c
 *   dump.c    what every goroutine does; frames.c, symbol.c, lines.c: their frames and names
 *   fork.c    the child of a fork()    thread.c  what others keep for each thread
 *   defer.c   frames, deferred calls   panic.c   running them out of turn; die.c
 *   trace.c   LIBGO_TRACE: recorded;   tracefile.c tracejson.c tracekernel.c: written
 *   stats.c page.c deadlock.c symbol.c cpus.c debug.c
 *
 * Lock order: a timer's own lock, then an object's (channel, mutex, waitgroup), then
 * a P's timer lock, then sched.lock, then the locks of the depots (global queue, G,
 * stack).
 */
#ifndef GVTGO_RT_H
#define GVTGO_RT_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <urcu/wfcqueue.h>

#include <linux/gvt.h>

/* Everything else is hidden. */
#pragma GCC visibility push(default)
#include <libgo.h>
#pragma GCC visibility pop

#include "arch.h"
#include "probe.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define CACHE_ALIGNED	__attribute__((__aligned__(64)))
#define NOINLINE	__attribute__((__noinline__))
/* Also for what does nothing but fetch: calls of that gcc drops where it inlines it later. */
#define ALWAYS_INLINE	__attribute__((__always_inline__))
/* After a call at a function's end: the function stays on the stack, where dumps show it. */
#define NO_TAIL_CALL()	__asm__ volatile("")
/* Stays, though nothing refers to it. */
#if __has_attribute(__retain__)
#define KEEP		__attribute__((__used__, __retain__))
#else
#define KEEP		__attribute__((__used__))
#endif
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define load_relaxed(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define load_seq(p)		__atomic_load_n(p, __ATOMIC_SEQ_CST)
#define store_relaxed(p, v)	__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define store_seq(p, v)		__atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define add_seq(p, v)		__atomic_add_fetch(p, v, __ATOMIC_SEQ_CST)

/* Compare @p with @old and, where equal, store @new; full order. */
#define cas_seq(p, old, new) ({							\
	__typeof__(*(p)) expected_ = (old);					\
	__atomic_compare_exchange_n(p, &expected_, new, false,			\
				    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);	\
})

#define NSEC_PER_USEC	1000LL
#define NSEC_PER_MSEC	1000000LL
#define NSEC_PER_SEC	1000000000LL
#define NEVER		INT64_MAX

#define PAGE		4096UL
#define STACK_DEFAULT	(256UL << 10)
#define STACK_MIN	(16UL << 10)
#define RUNQ_SIZE	256		/* a power of two */
#define POPULATE_WRITE	23		/* MADV_POPULATE_WRITE, which older headers lack */
#define GFREE_MOST	512		/* free descriptors of a P */
#define FAIR_TICKS	64		/* look beyond the own queue every so many switches */
#define CROWD_TICKS	1024		/* look for somebody to share with: a multiple of it */

/* Why a goroutine waits: names in wait_names[], deadlock.c. */
enum wait_why {
	WAIT_NONE,
	WAIT_CHAN_RECV,
	WAIT_CHAN_SEND,
	WAIT_CHAN_RECV_NIL,
	WAIT_CHAN_SEND_NIL,
	WAIT_SELECT,
	WAIT_SELECT_NONE,
	WAIT_SLEEP,
	WAIT_MUTEX,
	WAIT_WAITGROUP,
	WAIT_RWMUTEX_LOCK,
	WAIT_RWMUTEX_RLOCK,
	WAIT_COND,
	WAIT_SEM,
	WAIT_IO,
	WAIT_BLOCKING,		/* it runs, in go_blocking() */
	NR_WAIT_WHY,
};
extern const char *const wait_names[NR_WAIT_WHY];

enum g_state {
	G_DEAD,		/* free */
	G_RUNNABLE,	/* in a run queue */
	G_RUNNING,	/* on an M */
	G_WAITING,	/* parked; whoever readies it knows where it is */
};

struct g;
struct m;
struct p;

/* The C++ runtime's state of a thread, as its ABI has it: see thread.c. */
struct eh_globals {
	void *caught;			/* exceptions in catch blocks, the innermost first */
	unsigned int uncaught;		/* on their way to one */
};

struct frame;

struct deferred {
	void (*fn)(void *);
	void *arg;
};

/* Deferred calls, a piece of a stack of them: defer.c. */
struct defers {
	struct defers *older;		/* full; NULL: the first one */
	struct defers *newer;		/* empty, kept; NULL: none */
	uint32_t n, cap;
	struct deferred call[];
};

#define DEFERS_FEW	5

/* The first piece. */
union defers_few {
	struct defers head;
	char room[sizeof(struct defers) + DEFERS_FEW * sizeof(struct deferred)];
};

/* What a goroutine, or a thread that is none, has of go_call() and go_defer(). */
struct unwinding {
	struct frame *frame;		/* the innermost; NULL: the goroutine's function */
	struct defers *defers;		/* the piece with the last one; NULL: nothing is deferred */
};

/*
 * struct stack - one goroutine stack. It lies at the upper end of the stack that
 * it describes, in the page that is touched first anyway. What each goroutine uses
 * comes first: a cache line.
 */
struct stack {
	char *lo;		/* lowest usable address */
	struct stack *next;	/* in a cache, or in its batch */
	char *top;		/* where frames begin: 16-byte aligned */
	struct unwinding unwinding;	/* of the goroutine that is on it */
	union {
		void *fiber;		/* TSan's */
		uintptr_t registered;	/* Valgrind's number for it */
	};
	union {
		void *fake;		/* ASan's, while switched away */
		struct stack *newer;	/* in the depot, of the first one of a batch */
	};
	uint16_t batch;		/* how many they are */
	uint8_t guard;		/* enum stack_guard */
	uint8_t in_arena;	/* 0: a mapping of its own */
	uint8_t left;		/* TSan: its frames were left by go_exit() */

	struct arena *arena;	/* NULL: a mapping of its own */
	struct stack *older;
	union defers_few few;
} CACHE_ALIGNED;
_Static_assert(offsetof(struct stack, arena) == 64, "what each goroutine uses: a cache line");

/*
 * struct g - a goroutine. 128 bytes: one that has not started costs no more. To make one, to start
 * and end it, to park, to be readied and to be switched to touch its first cache line only. So what
 * else go_with() was told is in the second, where G_ATTR says that it is.
 */
struct g {
	void *sp;			/* saved context; NULL: not started */
	void (*fn)(void *);
	struct stack *stack;		/* before it starts: NULL, or one of its own */
	union {
		void *arg;		/* before it starts */
		struct waiter *waiting;	/* what it waits in, while it waits */
	};
	uint64_t id;
	const void *site;		/* where it was made; NULL: by go_run() */
	int err;			/* its errno, while it doesn't run */
	uint8_t state;			/* enum g_state, for dumps and go_run()'s end */
	uint8_t why;			/* enum wait_why */
	uint16_t flags;			/* GO_PINNED, G_ANY and the like */
	uint32_t since;			/* seconds: seen parked by sysmon; sched_park(): 0; see dump.c */
	uint32_t eh_uncaught;		/* its C++ state, while it doesn't run: thread.c */

	struct cds_wfcq_node link;	/* global queue */
	const char *name;		/* g_name() */
	size_t stack_size;		/* g_stack_size() */
	struct m *bound_to;		/* g_bound_to() */
	void *eh_caught;
	uint64_t woken;			/* while it is traced: when and by whom, trace.h */
	uint64_t unused[2];
};
_Static_assert(sizeof(struct g) == 128, "a goroutine that has not started: 128 bytes");
_Static_assert(offsetof(struct g, link) == 64, "what a switch touches: a cache line");

/*
 * @g, which is in no cache, runs soon: what it touches first then is on its way meanwhile, its
 * frames and its end. Nothing may be missing: a single line that is waited for takes as long as all
 * of them together.
 */
static ALWAYS_INLINE inline void fetch_stack(const struct g *g)
{
	const char *sp = g->sp;

	if (!sp)
		return;
	for (int i = 0; i < 5; i++)
		__builtin_prefetch(sp + 64 * i, 1);
	__builtin_prefetch(g->stack, 1);
}

struct timer_slot {
	int64_t when;
	uintptr_t what;			/* a struct timer, or a struct g that sleeps: timer.c */
};

struct timer_heap {
	uint32_t lock;
	uint32_t n, cap;
	struct timer_slot *heap;	/* 8-ary; times beside the pointers, for the cache */
	int64_t first;			/* when the earliest is due, NEVER if none; read unlocked */
	bool missed;			/* something was due, and its P's owner had the lock: timer.c */
};

/*
 * What the next context has to do for the one that was left: low bits of what arch_switch()
 * hands over, a pointer being the others. 0: nothing.
 */
enum after {
	AFTER_UNLOCK,		/* release the spinlock */
	AFTER_READY,		/* queue the goroutine, behind the others */
	AFTER_STACK,		/* put the stack back */
	AFTER_UNLOCKS,		/* release the spinlocks of a struct unlocks */
	AFTER_MASK = 3,
};

/*
 * Spinlocks that are held over a switch, released in order. The list lies on the
 * stack of the one who parked. It stays valid until the last one is released: who is
 * woken under one of them takes all the others once before it returns, and the next
 * is read before its predecessor is released.
 */
struct unlocks {
	uint32_t n;
	uint32_t *lock[];
};

/* A P's own counters are written by one thread and read by any. */
#define count(p, what) arch_count64((uint64_t *)&(p)->cnt->what)
#define count_n(p, what, k) store_relaxed(&(p)->cnt->what, (p)->cnt->what + (k))

/*
 * struct p - the right to run goroutines. First line: owner only. Second: what
 * thieves write. Then what only the owner uses, less often.
 */
struct p {
	struct m *m;			/* who holds it, NULL: idle */
	uint32_t tick;			/* switches */
	bool solo;			/* the only P: nobody steals from it */
	struct gvt_runtime_slot *cnt;	/* its counters: the published page, or own */
	uint32_t ngfree;		/* how many are in @gfree */
	uint32_t nstacks;
	struct stack *stacks;		/* free ones: see stack.c */
	uint32_t hush;			/* until this tick nobody is woken for runnext: idle.c */
	uint32_t hush_len;
	uint32_t robbed_tick;		/* at which what would run next was last stolen from it, */
	int64_t robbed_at;		/* and when: idle.c */
	uint32_t clock_tick;		/* the switch for which the clock was read already, */
	int64_t clock;			/* and what it said: go_sleep() */

	CACHE_ALIGNED uint32_t head;	/* of the run queue; moved by the owner and by thieves */
	uint32_t tail;			/* moved by the owner */
	struct g *runnext;		/* runs next, before the queue */
	struct g *runq[RUNQ_SIZE];

	CACHE_ALIGNED struct timer_heap timers;
	uint64_t id_next, id_end;	/* numbers for new goroutines */
	uint64_t peak;			/* the most alive that it has seen while solo */
	uint64_t rng;
	const struct go_waitgroup *wg;	/* of which it has passes: waitgroup.c; NULL: of none */
	uint32_t wg_tag;
	uint32_t wg_passes;		/* the collector takes them */
	uint32_t id;
	bool idle;			/* in sched.idle_ps; under sched.lock */
	bool held;			/* by an M, or on its way to one; under sched.lock */
	struct p *next_idle;
	uint32_t seen_tick;		/* sysmon's, as the three below: */
	struct m *seen_m;		/* on which it stood, */
	int64_t seen_at;		/* since when it has seen that tick there, */
	int64_t seen_time;		/* and what that thread had run by then */
	struct g *gfree[GFREE_MOST];	/* free descriptors: see g.c */
	struct stack *spare;		/* a full batch of free stacks */
	bool spare_used;		/* taken or put there since it was asked for */
	bool trim;			/* sysmon asks for it: stack_trim() */
	uint32_t window_tick;		/* sysmon's: tick when the window began */
	uint64_t left_off;		/* parks and ends, when it was last asked whether it is */
	bool crowded;			/* what it runs only yields, and there are several: idle.c */
	uint64_t parks[NR_WAIT_WHY];	/* by reason; their sum is published now and then: page.c */
	struct gvt_runtime_slot own;	/* counters of a P that has no slot of its own */
	struct gvt_runtime_slot flushed; /* and what of them the page has already */
} CACHE_ALIGNED;

#define G_ATTR		(1u << 10)	/* in g->flags: go_with() gave it a name, or a stack's size */
#define G_BOUND		(1u << 11)	/* in g->flags: it has started, and is pinned */
#define G_TRACED	(1u << 12)	/* in g->flags: there is a trace */
#define G_BATCH		(1u << 13)	/* in g->flags: no goroutine, but a struct batch: rcu.c */
#define G_ANY		(1u << 14)	/* in g->flags: it has not come back from wait_any() yet */
#define G_TICKET	(1u << 15)	/* in g->flags: no goroutine, but an M's ticket: preempt.c */

/* struct m - a kernel thread of the runtime. */
struct m {
	struct p *p;			/* held; NULL while idle */
	struct g *cur;			/* running; NULL: the thread is on its own stack */
	int *errno_p;			/* this thread's errno */
	struct eh_globals *eh;		/* and C++ state; NULL: there is no C++ */
	void *g0_sp;			/* the thread's own stack, while a goroutine runs */
	uint32_t in_rt;			/* inside the runtime: don't suspend here, see stop.c */
	uint32_t retake;		/* its P is asked for, or taken: preempt.c */
	bool spinning;			/* looking for work, counted in sched.nspinning */
	bool main;			/* the thread that called go_run() */
	uint32_t park;			/* futex: 1, go on */
	struct p *next_p;		/* handed over with the wake-up */
	uintptr_t pinned;		/* the only goroutine that it runs, if any, and marks below */
	struct m *next_idle;		/* sched.idle_ms, or idle_pinned_ms where it has a pinned one */
	bool polling;			/* idle, in netpoll_wait() in place of the futex */
	bool idle;			/* in that list; under sched.lock, as the next two */
	bool want_p;			/* has its pinned goroutine to run and no P */
	bool pinned_ready;		/* that goroutine waits no longer; read unlocked */
	struct m *next;			/* sched.ms */
	uint32_t hold;			/* futex: its thread waits in the handler: preempt.c */
	bool blocking;			/* in go_blocking() */
	bool queued;			/* its ticket is in a queue; under sched.lock, as the next three */
	struct m *next_held;
	struct p *left_p;		/* P that was left to the monitor, */
	struct m *next_released;	/* in its list */
	int cpu;			/* on which its thread was held */
	bool brought;			/* to another one: it may run on @cpus again */
	cpu_set_t cpus;
	struct m *give;			/* whose ticket was drawn here: it gets this M's P */
	struct g *left;			/* goroutine that was left without a P: to be queued */
	int64_t loose_since;		/* what the thread had run when its P was taken */
	int64_t without_p;		/* while traced: since when, with a goroutine: trace.c */
	clockid_t clock;		/* what it has run */
	pthread_t thread;
	pid_t tid;
	void *g0_fiber;			/* TSan's */
	void *g0_fake;			/* ASan's */
	char *g0_lo;
	size_t g0_size;
	struct eh_globals g0_eh;	/* of what called go_run(), while a goroutine runs */
	uint32_t suspended;		/* stop.c: 1, it has stopped for good or left its goroutine */
	uint32_t stopped;		/* it has reached a scheduling point and ends */
	struct g ticket;		/* stands in a queue for a thread that waits for a P */
	struct altstack *altstack;	/* for signal handlers; NULL: none could be had */
};

/* How far go_run() is: sched.running. */
enum run_state {
	RUN_NOT,
	RUN_STARTING,
	RUN_YES,
	RUN_ENDING,
	RUN_FROZEN,	/* the child of a fork(): fork.c */
};

/*
 * struct sched - what is shared. Its lines are apart by who writes how often.
 */
struct sched {
	/* Read at each wake-up, written when Ps go idle or busy. */
	CACHE_ALIGNED uint32_t nidle;	/* idle Ps */
	uint32_t nspinning;		/* Ms that look for work */
	uint32_t stopping;		/* main has returned */
	uint32_t np;			/* GOMAXPROCS */

	CACHE_ALIGNED uint32_t lock;	/* protects the rest of this line and the next */
	struct p *idle_ps;
	struct m *idle_ms, *idle_pinned_ms;
	struct m *ms;			/* all Ms */
	uint32_t nms, nidle_ms;
	uint32_t nwant_p;		/* Ms with want_p */
	struct m *held, **held_end;	/* Ms that wait in the handler for a P: preempt.c */
	uint32_t nheld;
	struct m *released;		/* Ms that left their P to the monitor */
	bool refused;			/* a thread, for a P that there was work for */
	uint32_t nstarting;		/* threads that are being started: nobody may be held then */
	struct m *watcher;		/* the idle M that wakes by itself when a timer is due */
	int64_t watch_until;
	struct m *poller;		/* the idle M that waits for descriptors */

	CACHE_ALIGNED uint64_t next_id;
	struct g *main_g;
	struct m *ender;		/* the one on which main returned */
	bool keep_stacks;		/* a thread was suspended on one */
	uint32_t unstopped;		/* threads that could not be suspended */
	uint32_t all_stopped;		/* futex: no goroutine runs any more */
	uint32_t threads_started;
	bool no_steal;			/* LIBGO_DEBUG=nosteal; as it is throughout the run */
	uint32_t sysmon_asleep;		/* futex */

	/* From here on not cleared when a run begins. */
	CACHE_ALIGNED uint32_t running;	/* enum run_state */
	uint32_t foreign;		/* threads that are no goroutines inside libgo */
	uint32_t gen;			/* which go_run() this is */
};
extern struct sched sched;

/*
 * While there is a trace: two marks in what is tested on the hot paths anyway, and a word to
 * ask everywhere else. They don't change during a run.
 */
#define M_TRACED	((uintptr_t)1)	/* in m->pinned, as G_TRACED in g->flags */
#define M_EH		((uintptr_t)2)	/* in m->pinned: m->eh is there */
#define M_MARKS		(M_TRACED | M_EH)
extern uintptr_t trace_on;		/* M_TRACED or 0 */

/* Neither pinned nor traced: it may be readied and left without more ado. */
static inline bool g_plain(const struct g *g)
{
	return !(g->flags & (G_BOUND | G_TRACED));
}

/* The M that it is pinned to, if any. */
static inline struct m *g_bound_to(const struct g *g)
{
	return g->flags & G_BOUND ? g->bound_to : NULL;
}

static inline const char *g_name(const struct g *g)
{
	return g->flags & G_ATTR ? g->name : NULL;
}

/* What was asked for; 0: default. */
static inline size_t g_stack_size(const struct g *g)
{
	return g->flags & G_ATTR ? g->stack_size : 0;
}

static inline struct g *m_pinned(const struct m *m)
{
	return (struct g *)(m->pinned & ~M_MARKS);
}

/* ---------------------------------------------------------------- trace.c */

void trace_begin(void);
void trace_end(void);
void trace_new_p(uint32_t id);
void trace_new_thread(const struct m *m);
void trace_main(const struct m *m, struct g *g);
void trace_ready(const struct m *m, struct g *g, bool timer);
void trace_pick(struct m *m, struct g *next);
void trace_exit(const struct m *m);
void trace_run(const struct m *m, struct g *g);
void trace_left(const struct p *p);
void trace_take(struct m *m, const struct p *p);
void trace_drop(struct m *m, const struct p *p);
void trace_gap(struct m *m);
void trace_steal(const struct p *p, const struct p *victim, uint32_t n);
void trace_preempt(struct m *m, const struct p *p, bool held);
int64_t trace_robs(struct m *m);
void trace_handoff(const struct p *p, int64_t now);
int trace_threads(void);
void trace_die(void);
void trace_in_child(void);

/* ------------------------------------------------------------------- locks */

/*
 * A spinlock for sections of a few instructions. It stays locked over a switch
 * where the one who parks must be out of its stack before anybody may ready it;
 * the next context unlocks it then.
 */
bool spin_some(uint32_t *l);
void spin_slow(uint32_t *l);

static inline void spin_lock(uint32_t *l)
{
	uint32_t old = 0;

	if (unlikely(!__atomic_compare_exchange_n(l, &old, 1, false, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		spin_slow(l);
}

static inline bool spin_trylock(uint32_t *l)
{
	uint32_t old = 0;

	return __atomic_compare_exchange_n(l, &old, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void spin_unlock(uint32_t *l)
{
	store_release(l, 0);
}

void futex_wait(uint32_t *w, uint32_t val, int64_t deadline);
void futex_wake(uint32_t *w, int n);

/* ---------------------------------------------------------------- sched.c */

struct m *sched_park(struct m *m, uintptr_t after, enum wait_why why);
void sched_ready(struct m *m, struct g *g);
void sched_ready_last(struct m *m, struct g *g);
void sched_ready_quiet(struct m *m, struct g *g);
void sched_loop(struct m *m);
struct g *sched_pick(struct m *m);
GO_NORETURN void sched_stop_here(struct m *m);
GO_NORETURN void sched_exit(bool returned);
void sched_finish_slow(struct p *p, uintptr_t after);
struct m *sched_yield_here(struct m *m);
struct m *sched_requeue(struct m *m);
struct m *preempt_enter(struct m *m);

/* @m holds @p from here on; the monitor looks at it by way of p->m. */
static inline void m_take_p(struct m *m, struct p *p)
{
	m->p = p;
	store_release(&p->m, m);
	if (unlikely(trace_on))
		trace_take(m, p);
}

/* The one that was handed over to it, if any. */
static inline void m_take_next(struct m *m)
{
	struct p *p = m->next_p;

	m->next_p = NULL;
	if (p)
		m_take_p(m, p);
}

/* It no longer holds its P, which is returned. */
static inline struct p *m_drop_p(struct m *m)
{
	struct p *p = m->p;

	if (unlikely(trace_on))
		trace_drop(m, p);
	m->p = NULL;
	store_relaxed(&p->m, NULL);
	return p;
}

static inline struct m *m_self(void)
{
	return arch_m();
}

/*
 * Each public call that touches shared state enters and leaves the runtime. In
 * between an M is never suspended (stop.c), so it can't take a lock with it. Over a
 * switch the mark stays on the M: whichever context goes on there leaves the
 * runtime itself when it returns to the user.
 *
 * Returns the running goroutine's M, or NULL on a thread that is no goroutine. Where the
 * P was taken meanwhile it may wait for one, and come back on another M: preempt.c.
 */
static inline struct m *m_enter(void)
{
	struct m *m = arch_m();

	if (unlikely(!m))
		return NULL;
	store_relaxed(&m->in_rt, 1);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	/* Acquire: what a thief took from runnext is gone, preempt_steal_next(). */
	if (unlikely(load_acquire(&m->retake)))
		return preempt_enter(m);
	return m;
}

/*
 * m_enter() where that is short. NULL: the long way, which begins with m_enter(), for a thread
 * that is no goroutine and for who is asked for its P.
 */
static inline struct m *m_enter_short(void)
{
	struct m *m = arch_m();

	if (unlikely(!m))
		return NULL;
	store_relaxed(&m->in_rt, 1);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (unlikely(load_acquire(&m->retake)))
		return NULL;
	return m;
}

/* The same where nobody is pinned to it either, there is no trace and no C++: see m->pinned. */
static inline struct m *m_enter_plain(void)
{
	struct m *m = arch_m();

	if (unlikely(!m))
		return NULL;
	store_relaxed(&m->in_rt, 1);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (unlikely(load_acquire(&m->retake) | m->pinned))
		return NULL;
	return m;
}

static inline void m_leave(struct m *m)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	store_release(&m->in_rt, 0);
}

/* Done by the context that was switched to, before anything else. */
static inline void sched_finish(struct p *p, uintptr_t after)
{
	if (after) {
		if ((after & AFTER_MASK) == AFTER_UNLOCK)
			spin_unlock((uint32_t *)after);
		else
			sched_finish_slow(p, after);
	}
}

/* ----------------------------------------------------------------- idle.c */

struct g *idle_find(struct m *m);
void idle_wake_p(void);
void idle_wake_unhushed(const struct p *p);
void idle_spread(struct p *p);
void idle_ready_pinned(struct g *g);
bool idle_others_wait(const struct p *p);
void idle_wake_all(void);
void idle_add_p(struct p *p);
void idle_set_procs(uint32_t n);
struct p *idle_pop_p(void);
bool idle_take_p(struct m *m);
bool idle_have_m(bool monitor);
void idle_handoff_p(struct p *p, int cpu);

/* Those that have an M, about: they come and go. */
static inline uint32_t busy_ps(void)
{
	return load_relaxed(&sched.np) - load_relaxed(&sched.nidle);
}

/* Work was made: see that somebody looks for it, if anybody is free to. */
static inline void idle_wake(void)
{
	if (unlikely(load_seq(&sched.nidle)) && !load_seq(&sched.nspinning))
		idle_wake_p();
}

#define HUSH_LEN	16	/* with more in its queue than so many, no P is hushed */

/* Ticks come round: one that is over must not be left behind by 2^31 of them, see idle_spread(). */
static inline bool in_hush(const struct p *p)
{
	return (int32_t)(load_relaxed(&p->tick) - load_relaxed(&p->hush)) < 0;
}

/* It will have run what it has sooner than a thief would. */
static inline bool hushed(const struct p *p)
{
	return in_hush(p) &&
	       load_relaxed(&p->tail) - load_relaxed(&p->head) <= HUSH_LEN;
}

/* The same where runnext was filled on @p, which itself runs it soon. */
static inline void idle_wake_next(struct p *p)
{
	if (unlikely(load_seq(&sched.nidle)) && !hushed(p))
		idle_wake_unhushed(p);
}

/* ----------------------------------------------------------------- runq.c */

/* What each switch does is inline, in runq.h. */
struct g *runq_steal(struct p *p, struct p *victim, uint32_t least);
struct g *runq_steal_next(struct p *p, struct p *victim);
void runq_drain(struct p *p);

/* ------------------------------------------------------------------ rcu.c */

/* All Ps, in the order of their numbers; a new array replaces it when it grows. */
struct p_array {
	uint32_t n;
	struct p_array *older;
	struct p *p[];
};

int rcu_init(void);
void rcu_exit(void);
void rcu_thread_init(void);
void rcu_thread_exit(void);
void rcu_thread_quiescent(void);
void rcu_thread_sleep(void);
void rcu_thread_wake(void);
struct p_array *rcu_ps(void);
void rcu_publish_ps(struct p_array *a);
void rcu_each_g(void (*fn)(struct g *g, void *arg), void *arg);
void rcu_free_slabs(void);

#define GQ_BATCH	(RUNQ_SIZE / 2 + 1)	/* what overflows from a ring */

void gq_put(struct g *g);
void gq_put_all(struct g *const *g, uint32_t n);
struct g *gq_get(struct p *p, uint32_t max);
uint32_t gq_len(void);
bool gq_trim(void);

/* -------------------------------------------------------------------- g.c */

#define GFREE_AHEAD	8	/* fetched so many calls before it is wanted */

int g_refill(struct p *p);
void g_make_room(struct p *p);

/* A descriptor; NULL: none could be had, *@err says why. */
static ALWAYS_INLINE inline struct g *g_get(struct p *p, int *err)
{
	uint32_t n = p->ngfree;
	struct g *g;

	if (unlikely(!n)) {
		*err = g_refill(p);
		if (*err)
			return NULL;
		n = p->ngfree;
	}
	g = p->gfree[--n];
	p->ngfree = n;
	if (n >= GFREE_AHEAD) {
		/* It is in no cache, or in that of the P where it ended: on its way meanwhile. */
		__builtin_prefetch(p->gfree[n - GFREE_AHEAD], 1);
	}
	if (unlikely(p->id_next == p->id_end)) {
		p->id_end = __atomic_add_fetch(&sched.next_id, 16, __ATOMIC_RELAXED);
		p->id_next = p->id_end - 16;
	}
	g->id = p->id_next++;
	return g;
}

/* Nobody runs @g any more. */
static inline void g_put(struct p *p, struct g *g)
{
	store_relaxed(&g->state, G_DEAD);
	if (unlikely(p->ngfree == GFREE_MOST))
		g_make_room(p);
	p->gfree[p->ngfree++] = g;
}

struct g *g_get_foreign(int *err);
void g_put_foreign(struct g *g);
void g_drop_waiters(void);
void g_exit(void);

/* ---------------------------------------------------------------- stack.c */

enum stack_guard { GUARD_INSTALLED, GUARD_PROTECTED, GUARD_CANARY, NR_GUARDS };

#define STACK_CACHE	64	/* a P keeps at most so many free ones */

int stack_init(void);
void stack_exit(bool keep);
int stack_reserve(size_t n);
struct stack *stack_new(size_t size);
void stack_free(struct stack *s);
struct stack *stack_get(struct p *p, struct g *g);
void stack_put(struct p *p, struct stack *s);
void stack_flush(struct p *p);
void stack_trim(struct p *p);
int64_t stack_cool(int64_t now, bool idle);
void stack_attach(struct g *g, struct stack *s);
void stack_stats(uint64_t guards[NR_GUARDS], uint64_t *bytes);
enum stack_guard stack_guard(char *lo);
void stack_check_canary(const struct g *g);

/* @g ends: has it written below its stack, where nothing stopped it? */
static inline void stack_check(const struct g *g)
{
	if (unlikely(g->stack->guard == GUARD_CANARY))
		stack_check_canary(g);
}

/* The whole slot: @size: see g_stack_size(). */
static inline size_t stack_slot_size(size_t size)
{
	return size ? (size + 2 * PAGE - 1) & ~(PAGE - 1) : STACK_DEFAULT;
}

/* Its lowest address, which is the guard's. */
static inline char *stack_slot(const struct stack *s, size_t size)
{
	return (char *)(s + 1) - stack_slot_size(size);
}

/* ------------------------------------------------------------- overflow.c */

void overflow_init(void);
void overflow_exit(void);
GO_NORETURN void overflow_report(const struct g *g, const void *pc);
void altstack_init(struct m *m);
void altstack_exit(struct m *m);
void altstack_free(struct m *m);

/* ---------------------------------------------------------------- timer.c */

/*
 * struct timer - calls @fn once, at @when or later, never before.
 *
 * @fn runs in the scheduler, on some M with a P, with the lock of the timer's heap held. So
 * it is short, and never waits. What it may do: ready goroutines (sched_ready_quiet()), make
 * some (run_start_last()), set its own timer again (timer_again()), no other one. The lock of
 * an object it only tries, since who holds it may be waiting for the heap's; where it fails,
 * timer_again() a moment later. When it has returned nobody touches the timer: whom it woke
 * may free it.
 *
 * There are two ways to use one.
 *
 * Who waits has it on its own stack: timer_add_locked() with the heap's lock, which the next
 * context releases; timer_del() where something else may have woken it.
 *
 * Anywhere else, zero-filled to begin with: timer_start() and timer_stop(), by a goroutine
 * inside the runtime, or (@m NULL) by a thread between foreign_enter(), which said true, and
 * foreign_exit(). Both tell whether it was pending: true, @fn was not called for the time that
 * was set before, and won't be. False: it was, and has returned, or no time was set. They
 * wait for @fn, so no lock is held that @fn does more with than try. The timer must stay where
 * it is while it is pending. One of an earlier run is not.
 */
struct timer {
	int64_t when;
	uint32_t index;		/* in the heap, 1 up; 0: not in one */
	uint32_t lock;		/* of who carries it between heaps; before that of a heap */
	struct p *p;		/* to whose heap it belongs; NULL: to none */
	void (*fn)(struct m *m, struct timer *t);
	void *arg;
	uint32_t gen;		/* in which run */
};

int timer_add_locked(struct p *p, struct timer *t);
void timer_del(struct timer *t);
bool timer_start(struct m *m, struct timer *t, int64_t when);
bool timer_stop(struct timer *t);
bool timer_put(struct timer_heap *h, struct timer *t, int64_t when);
bool timer_hold(struct timer *t);
void timer_set(struct m *m, struct timer *t, int64_t when);
void timer_again(struct timer *t, int64_t when);
void timer_move_all(struct p *from, struct p *to);
void timer_run(struct m *m, struct p *p, int64_t now);
int64_t timer_next_all(void);
void timer_run_all(struct m *m, int64_t now);
void timer_run_missed(struct m *m);
void timer_exit(struct p *p);

/* Ends timer_hold() without a new time. */
static inline void timer_release(struct timer *t)
{
	spin_unlock(&t->lock);
}

/* go_now() */
static inline int64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

/* @m's own heap, locked, where @t belongs to it; else NULL. timer_put() has to follow. */
static inline struct timer_heap *timer_lock_own(struct m *m, struct timer *t)
{
	struct p *p = m->p;

	if (load_acquire(&t->gen) != load_relaxed(&sched.gen) || load_relaxed(&t->p) != p)
		return NULL;
	spin_lock(&p->timers.lock);
	if (likely(load_relaxed(&t->p) == p))
		return &p->timers;
	spin_unlock(&p->timers.lock);
	return NULL;
}

/* @ns from now. */
static inline int64_t timer_in(int64_t ns)
{
	int64_t now = clock_now();

	if (ns <= 0)
		return now;
	return ns < NEVER - now ? now + ns : NEVER - 1;
}

static inline int64_t timer_first(const struct p *p)
{
	return load_relaxed(&p->timers.first);
}

/* Is there any? No time but NEVER is followed by a negative one: no constant of 8 bytes. */
static inline bool timer_any(const struct p *p)
{
	return (int64_t)((uint64_t)timer_first(p) + 1) >= 0;
}

/* By whoever is about to park with the lock of its P's heap held: see timer.c. */
static inline void timer_catch_up(struct m *m)
{
	if (unlikely(m->p->timers.missed))
		timer_run_missed(m);
}

/* ----------------------------------------------------------------- time.c */

/*
 * struct func_timer - what struct go_timer is: calls @fn(@timer.arg) in a goroutine of its
 * own. These two are go_timer_start() and go_timer_stop() for who is inside the runtime
 * already, @when being a time of go_now().
 */
struct func_timer {
	struct timer timer;
	void (*fn)(void *);
};

bool func_timer_start(struct m *m, struct func_timer *t, int64_t when, void (*fn)(void *),
		      void *arg);

static inline bool func_timer_stop(struct func_timer *t)
{
	return timer_stop(&t->timer);
}

/* ----------------------------------------------------------------- wait.c */

/*
 * struct waiter - somebody who waits in a queue. It lies on the waiter's own stack:
 * C stacks don't move. There is one way to wait and one to be woken, whatever it is
 * that is waited for.
 *
 * A waiter that can be woken from several sides (the cases of a select, a deadline)
 * shares one @any among them: who sets its @fired from 0 to 1 has the right to wake.
 */
struct wait_any {
	uint32_t fired;
	uint32_t woke;			/* index of the waiter that was woken, or WOKE_BY_TIMER */
	uint32_t futex;			/* a thread waits here */
};

struct waiter {
	struct waiter *next, *prev;
	struct g *g;			/* NULL: a thread that is no goroutine */
	struct wait_any *any;		/* NULL: can only be woken from this queue */
	void *elem;			/* the value's place */
	struct go_chan *chan;		/* NULL: it waits for something else */
	struct syncq *q;		/* in a syncq: that one, for dumps */
	uint32_t futex;			/* a thread waits here, if @any is NULL */
	uint32_t index;			/* which of its siblings */
	int64_t since;			/* in a syncq: began to wait */
	uint32_t siblings;		/* in the first one: how many lie side by side */
	bool queued;
	bool send;			/* in chan->senders, else in chan->receivers */
	bool ok;			/* a value came; false: the channel was closed */
	bool parked;			/* cond.c: queued, and to be woken; before that only taken out */
};

/* Changed under the object's lock; @first is also peeked at without (select.c). */
struct waitq {
	struct waiter *first, *last;
};

/*
 * struct syncq - the waiters of an object that lies in the user's memory: the end of
 * struct go_mutex, struct go_waitgroup and the like. Those of a run that has ended are gone with
 * their stacks, and are forgotten (@gen tells); threads that are no goroutines still
 * wait, and so have a queue of their own. The one that waits longest is served first.
 */
struct syncq {
	uint32_t lock;
	uint32_t gen;
	struct waitq goroutines;
	struct waitq threads;
};

uint32_t wg_left(uint64_t state, const struct go_waitgroup *wg, uint32_t tag);

#define WOKE_BY_TIMER	UINT32_MAX

void waitq_add_front(struct waitq *q, struct waiter *w);
void waitq_del(struct waitq *q, struct waiter *w);
struct waiter *waitq_take_any(struct waitq *q);

static inline void waitq_add(struct waitq *q, struct waiter *w)
{
	w->next = NULL;
	w->prev = q->last;
	w->queued = true;
	if (q->last)
		q->last->next = w;
	else
		store_relaxed(&q->first, w);
	q->last = w;
}

/* With the lock of its queue held: whether the caller has the right to wake @w. */
static ALWAYS_INLINE inline bool waiter_claim(struct waiter *w)
{
	if (likely(!w->any))
		return true;
	if (unlikely(!cas_seq(&w->any->fired, 0, 1)))
		return false;
	w->any->woke = w->index;
	return true;
}

/* The first one that the caller has the right to wake; NULL: none. */
static inline struct waiter *waitq_take(struct waitq *q)
{
	struct waiter *w = q->first;

	if (!w)
		return NULL;
	if (unlikely(w->any))
		return waitq_take_any(q);
	store_relaxed(&q->first, w->next);
	if (w->next)
		w->next->prev = NULL;
	else
		q->last = NULL;
	w->queued = false;
	return w;
}
struct m *syncq_wait(struct m *m, struct syncq *q, int64_t since, enum wait_why why);
struct waiter *syncq_take(struct syncq *q);
struct waiter *syncq_first(struct syncq *q);
void syncq_add(struct m *m, struct syncq *q, struct waiter *w);
void wait_wake(struct m *m, struct waiter *w);
void wait_wake_all(struct m *m, const struct waitq *q);
struct m *wait_one(struct m *m, struct waiter *w, uint32_t *lock, enum wait_why why);
struct m *wait_any(struct m *m, struct waiter *w, uint32_t n, struct unlocks *u, int64_t deadline,
		   enum wait_why why, uint32_t *woke);
GO_NORETURN void wait_forever(struct m *m, enum wait_why why);
void chan_drop_waiters(struct waiter *w);

/* Threads that are no goroutines hold the runtime in place while they are inside. */
bool foreign_enter(void);
void foreign_exit(void);

/* -------------------------------------------------------------- barrier.c */

extern bool barrier_registered, barrier_light_ok;
bool barrier_everywhere(void);
bool barrier_heavy(void);
void barrier_wait(void);

/* Between a store and a load, for who is often there: see barrier.c. */
static inline void barrier_light(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* ---------------------------------------------------------------- mutex.c */

/* mu->_owner: 0, or a goroutine's number or MUTEX_BY_THREAD, and below it MUTEX_LIGHT. */
#define MUTEX_LIGHT	1u
#define MUTEX_OWNER(o)	((o) >> 1)
#define MUTEX_BY_THREAD	(UINT64_MAX >> 1)	/* one that is no goroutine */

bool mutex_locked(const struct go_mutex *mu);
void mutex_unlock_inside(struct m *m, struct go_mutex *mu);

/* ------------------------------------------------------ context.c, group.c */

void context_drop(void (*fn)(void *), void *arg);
void group_drop(void (*fn)(void *), void *arg);

/* ------------------------------------------------------------------ run.c */

void run_main_ended(struct m *m);
int run_start_last(struct m *m, void (*fn)(void *), void *arg, const void *site);
void run_count_peak(void);
struct m *run_new_m(void);
void run_forget_m(struct m *m);
void *run_m_thread(void *arg);
void run_before_fork(void);
void run_after_fork(void);
void run_in_child(void);

/* ----------------------------------------------------------------- fork.c */

int fork_init(void);
GO_NORETURN void fork_refuse(void);

/* In the child of a fork() that was made while goroutines ran? */
static inline bool fork_frozen(void)
{
	return load_relaxed(&sched.running) == RUN_FROZEN;
}

/* --------------------------------------------------------------- thread.c */

int thread_init(void);
int thread_enter(struct m *m);
void thread_leave(void);
struct eh_globals *eh_of_thread(void);
void eh_load(struct m *m, const struct g *to);
void eh_switch(struct m *m, struct g *from, const struct g *to);

/* Of the caller, who is no goroutine where @m is NULL. NULL: there is no C++. */
static inline struct eh_globals *eh_here(struct m *m)
{
	return likely(m != NULL) ? m->eh : eh_of_thread();
}

/* ---------------------------------------------------------------- defer.c */

void defer_drop(struct stack *s);
void defer_in_child(struct m *m);
void frame_run_deferred(void *f);

/* ----------------------------------------------------------------- stop.c */

bool stop_others(struct m *self);
void stop_on_signal(struct m *m, void *ctx);

/* -------------------------------------------------------------- netpoll.c */

/* A busy P looks at the descriptors each so many switches; a multiple of FAIR_TICKS. */
#define NET_TICKS	512

struct netpoll {
	CACHE_ALIGNED uint32_t on;	/* somebody may wait for a descriptor */
	int epoll, wake;		/* -1: not open yet */
	int loadavg;			/* -1: there is none */
	CACHE_ALIGNED uint32_t looks;
	uint32_t crowds;		/* that it told of more than one goroutine */
	uint32_t cpus;			/* of the machine; 0: nothing tells */
	uint32_t taken;			/* of them by others than this process, on the average; sixteenths */
};
extern struct netpoll netpoll;

/* Acquire: what it tells of was opened before. */
static inline bool netpoll_on(void)
{
	return unlikely(load_acquire(&netpoll.on));
}

/* Is it time that @p, which is busy, looks at the descriptors? */
static inline bool netpoll_due(const struct p *p)
{
	return netpoll_on() && p->tick % NET_TICKS == 0 && !load_relaxed(&sched.poller);
}

void netpoll_begin(void);
void netpoll_look(struct m *m);
void netpoll_interrupt(void);
void netpoll_monitor(int64_t now);
void netpoll_sweep(bool all);
void netpoll_exit(void);
void netpoll_in_child(void);

/* -------------------------------------------------------------- preempt.c */

void preempt_init(void);
void preempt_exit(bool all);
void preempt_give(struct m *m);
struct m *preempt_resume(struct p *p);
void preempt_tell(struct m *m);
void preempt_bring(struct m *m, int cpu);
void preempt_arrive(struct m *m);
struct g *preempt_steal_next(struct p *victim);
bool preempt_can_steal(void);
void preempt_stop(void);
void preempt_forget(struct m *m);
bool preempt_look(struct p *p, int64_t now, int64_t slice, bool wanted);
bool preempt_evict(const struct p *p);
bool preempt_may_crowd(void);
void preempt_unstick(uint32_t n);
void preempt_look_loose(void);
void preempt_hand_on(void);

/* --------------------------------------------------------------- sysmon.c */

int sysmon_start(void);
void sysmon_stop(void);
void sysmon_wake(void);
void sysmon_kick(void);

/* ----------------------------------------------------------- page.c, stats.c */

int page_init(void);
void page_exit(void);
void page_in_child(void);
void page_join(struct p *p);
void page_flush(struct p *p);
uint64_t page_parks(const struct p *p);
struct gvt_runtime_page *page_get(void);
struct gvt_runtime_slot *page_shared_slot(void);
bool page_published(void);

void stats_sum(struct gvt_runtime_slot *sum);
void stats_keep(void);
uint64_t stats_alive(void);

/* --------------------------------------------------- deadlock.c, die.c, ... */

GO_NORETURN void deadlock_report(void);
bool deadlock_foreign_threads(void);
void deadlock_left_behind(int n);
void deadlock_in_child(void);
void deadlock_init(void);
void deadlock_thread_sleeps(void);
void deadlock_thread_woken(void);
GO_NORETURN void fatal(const char *fmt, ...) GO_PRINTF(1, 2);
/* With the caller's frames. Inside the runtime; may hold a spin lock, which stays locked. */
GO_NORETURN void fatal_here(const char *text);
GO_NORETURN void die_now(void);
void die_alone(void);

/* LIBGO_DEBUG */
void debug_init(void);
int64_t debug_number(const char *key, int64_t dflt);

const char *symbol_name(const void *addr, char *buf, size_t size);
bool symbol_object(const void *addr, uintptr_t *base, const char **path);
int cpus_default(void);
uint32_t cpus_online(void);
uint32_t cpus_taken(int fd, uint32_t busy);

static inline uint64_t rng_next(uint64_t *s)
{
	uint64_t x = *s;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *s = x;
}

const char *symbol_place(const void *addr, char *buf, size_t size);

/* --------------------------------------------- dump.c, leaks.c, schedtrace.c */

void dump_init(void);
void dump_exit(void);
bool dump_wanted(void);
int dump_all(int fd, const struct g *self);
int64_t dump_tick(int64_t now, bool idle);
void leaks_report(void);
void schedtrace_init(void);
int64_t schedtrace_tick(int64_t now);

/* ---------------------------------------------------------- arch/ switch.S */

extern const char gvtgo_switched[];	/* code: where a context is that was left */

void gvtgo_entry(void);
GO_NORETURN void gvtgo_restart(void *top, struct m *m);
GO_NORETURN void gvtgo_main(struct m *m, uintptr_t after);
int gvtgo_call(void **edge, void (*fn)(void *), void *arg);
GO_NORETURN void gvtgo_unwind(void *edge);

#endif /* GVTGO_RT_H */
