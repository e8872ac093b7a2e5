// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * run.c - the runtime's beginning and end, and the beginning and end of a goroutine.
 *
 * go_run() sets everything up in order, makes the calling thread the first M, and
 * undoes everything in reverse. Between two runs nothing is left but the counters of
 * the last one, for go_stats().
 *
 * The end: main's function returns, on whatever M. From then on no thread that is no
 * goroutine gets in; every M stops at its next scheduling point; those that don't
 * come to one are suspended where they are (stop.c). Then the waiters of the dropped
 * goroutines are taken out of the channels, which outlive the run, and all memory
 * goes.
 */
#include "rt.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "runq.h"
#include "san.h"

/* As in Go: who has so many in blocking calls has lost control of them. */
#define MAX_THREADS	10000u

static int procs_wanted;	/* by go_maxprocs(); 0: nobody asked yet */
static pthread_mutex_t procs_mutex = PTHREAD_MUTEX_INITIALIZER;
static sigset_t mask;		/* of the thread that called go_run(), as it was then */

/* --------------------------------------------------------------- goroutines */

static void raise_peak(uint64_t alive)
{
	uint64_t *peak = (uint64_t *)&page_get()->goroutine_peak;
	uint64_t old = load_relaxed(peak);

	while (alive > old && !__atomic_compare_exchange_n(peak, &old, alive, true,
							   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void run_count_peak(void)
{
	raise_peak(stats_alive());
}

/* Counted by the P that makes it. The sum over several Ps is only looked at now and then. */
static inline void count_creation(struct p *p)
{
	count(p, goroutine_creations);
	if (p->solo) {
		uint64_t alive = p->cnt->goroutine_creations - p->cnt->goroutine_exits;

		if (alive > p->peak) {
			p->peak = alive;
			run_count_peak();
		}
	} else if (p->cnt->goroutine_creations <= 64 || p->cnt->goroutine_creations % 64 == 0) {
		run_count_peak();
	}
}

static inline void init_g(struct g *g, void (*fn)(void *), void *arg, const void *site)
{
	g->sp = NULL;
	g->fn = fn;
	g->stack = NULL;
	g->arg = arg;
	g->site = site;
	g->flags = trace_on ? G_TRACED : 0;
}

static int init_with(struct g *g, const struct go_attr *attr)
{
	size_t size = attr->stack_size;

	g->name = attr->name;
	g->stack_size = 0;
	g->flags |= (uint16_t)attr->flags | G_ATTR;
	if (size == 0 || size == STACK_DEFAULT)
		return 0;
	if (size < STACK_MIN)
		size = STACK_MIN;
	if (size > PTRDIFF_MAX - 2 * PAGE)
		return -ENOMEM;
	g->stack_size = size;
	g->stack = stack_new(size);
	return g->stack ? 0 : -ENOMEM;
}

/* From a thread that is no goroutine. */
static NOINLINE int go_foreign(const struct go_attr *attr, void (*fn)(void *), void *arg,
			       const void *site)
{
	struct gvt_runtime_slot *shared;
	struct g *g;
	int err = -EPERM;

	if (!foreign_enter())
		goto out;
	err = 0;
	g = g_get_foreign(&err);
	if (!g)
		goto out;
	init_g(g, fn, arg, site);
	if (attr)
		err = init_with(g, attr);
	if (err) {
		g_put_foreign(g);
		goto out;
	}
	probe3(create, g->id, PROBE_NO_P, g->fn);
	shared = page_shared_slot();
	__atomic_add_fetch(&shared->goroutine_creations, 1, __ATOMIC_RELAXED);
	run_count_peak();
	sched_ready(NULL, g);
out:
	foreign_exit();
	return err;
}

static inline int start(const struct go_attr *attr, void (*fn)(void *), void *arg,
			const void *site)
{
	struct m *m = m_enter();
	struct g *g;
	int err = 0;

	if (unlikely(!m))
		return go_foreign(attr, fn, arg, site);
	g = g_get(m->p, &err);
	if (unlikely(!g))
		goto out;
	init_g(g, fn, arg, site);
	if (attr) {
		err = init_with(g, attr);
		if (err) {
			g_put(m->p, g);
			goto out;
		}
	}
	probe3(create, g->id, m->p->id, g->fn);
	count_creation(m->p);
	/* It wants nothing of who makes it, as far as anybody knows: see robbed() in idle.c. */
	store_relaxed(&m->p->robbed_tick, m->p->tick - 1);
	if (likely(!trace_on))
		ready_plain(m->p, g);
	else
		sched_ready(m, g);
out:
	m_leave(m);
	return err;
}

int go(void (*fn)(void *), void *arg)
{
	if (unlikely(!fn))
		return -EINVAL;
	return start(NULL, fn, arg, __builtin_return_address(0));
}

int go_with(const struct go_attr *attr, void (*fn)(void *), void *arg)
{
	if (!fn || (attr && attr->flags & ~GO_PINNED))
		return -EINVAL;
	return start(attr, fn, arg, __builtin_return_address(0));
}

/* A goroutine behind all others, for a timer that fires on @m. Return: 0, or why not. */
int run_start_last(struct m *m, void (*fn)(void *), void *arg, const void *site)
{
	int err = 0;
	struct g *g = g_get(m->p, &err);

	if (!g)
		return err;
	init_g(g, fn, arg, site);
	probe3(create, g->id, m->p->id, g->fn);
	count_creation(m->p);
	sched_ready_quiet(m, g);
	return 0;
}

uint64_t go_id(void)
{
	struct m *m = arch_m();

	return m && m->cur ? m->cur->id : 0;
}

/* -------------------------------------------- threads that are no goroutines */

/*
 * Holds the runtime as it is until foreign_exit(), whether it runs (true) or not. While
 * it ends, who comes waits for that: there are waiters then that must not be woken.
 */
bool foreign_enter(void)
{
	for (;;) {
		uint32_t how_far;

		add_seq(&sched.foreign, 1);
		how_far = load_seq(&sched.running);
		if (unlikely(how_far == RUN_FROZEN))
			fork_refuse();
		if (how_far != RUN_ENDING)
			return how_far == RUN_YES;
		foreign_exit();
		usleep(100);
	}
}

void foreign_exit(void)
{
	add_seq(&sched.foreign, (uint32_t)-1);
}

/* ------------------------------------------------------------------- M and P */

static struct p *new_p(uint32_t id)
{
	struct p *p = aligned_alloc(_Alignof(struct p), sizeof(*p));

	/* Free stacks in its cache are out of others' reach. */
	if (!p || stack_reserve(STACK_CACHE)) {
		free(p);
		return NULL;
	}
	memset(p, 0, sizeof(*p));
	p->id = id;
	/* For tests: ticks come round after 2^32. */
	p->tick = (uint32_t)debug_number("tick", 0);
	p->rng = 0x9e3779b97f4a7c15u * (id + 1) ^ (uint64_t)go_now();
	p->timers.first = NEVER;
	page_join(p);
	trace_new_p(id);
	return p;
}

/* Makes the array of Ps at least @n long. */
static int grow_ps(uint32_t n)
{
	struct p_array *old = rcu_ps(), *a;
	uint32_t have = old ? old->n : 0;

	if (n <= have)
		return 0;
	a = malloc(sizeof(*a) + n * sizeof(a->p[0]));
	if (!a)
		return -ENOMEM;
	a->n = n;
	for (uint32_t i = 0; i < n; i++) {
		a->p[i] = i < have ? old->p[i] : new_p(i);
		if (!a->p[i]) {
			while (i-- > have)
				free(a->p[i]);
			free(a);
			return -ENOMEM;
		}
	}
	rcu_publish_ps(a);
	return 0;
}

/* An M, on the list of all; NULL: no memory. */
struct m *run_new_m(void)
{
	struct m *m = calloc(1, sizeof(*m));
	uint32_t n;

	if (!m)
		return NULL;
	m->in_rt = 1;
	m->pinned = trace_on;
	spin_lock(&sched.lock);
	m->next = sched.ms;
	sched.ms = m;
	n = ++sched.nms;
	spin_unlock(&sched.lock);
	if (n > MAX_THREADS)
		fatal("thread exhaustion: %u goroutines are pinned or in blocking calls, each on a thread of its own",
		      MAX_THREADS);
	return m;
}

/* Its thread could not be started. */
void run_forget_m(struct m *m)
{
	spin_lock(&sched.lock);
	for (struct m **at = &sched.ms; *at; at = &(*at)->next) {
		if (*at == m) {
			*at = m->next;
			break;
		}
	}
	sched.nms--;
	spin_unlock(&sched.lock);
	free(m);
}

/*
 * The calling thread begins with the mask that was there at first: who started it may have another
 * one by now, its goroutine's. SIGURG is the runtime's own.
 */
static void set_mask(void)
{
	sigset_t set = mask;

	sigdelset(&set, SIGURG);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
}

/* The thread that called go_run() has its SIGURG back as it was. */
static void restore_mask(void)
{
	sigset_t urg;

	sigemptyset(&urg);
	sigaddset(&urg, SIGURG);
	if (sigismember(&mask, SIGURG))
		pthread_sigmask(SIG_BLOCK, &urg, NULL);
}

/* The thread's own part of an M. */
static void init_thread(struct m *m)
{
	set_mask();
	m->errno_p = &errno;
	pthread_getcpuclockid(pthread_self(), &m->clock);
	store_relaxed(&m->tid, gettid());
	if (thread_enter(m))
		fatal("no memory for a thread's own data");
#ifdef SAN_ADDRESS
	pthread_attr_t attr;
	void *lo;

	if (!pthread_getattr_np(pthread_self(), &attr)) {
		pthread_attr_getstack(&attr, &lo, &m->g0_size);
		m->g0_lo = lo;
		pthread_attr_destroy(&attr);
	}
#endif
#ifdef SAN_THREAD
	m->g0_fiber = __tsan_get_current_fiber();
#endif
	__atomic_add_fetch(&sched.threads_started, 1, __ATOMIC_RELAXED);
	altstack_init(m);
	if (trace_on)
		trace_new_thread(m);
	arch_set_m(m);
}

/* An M's thread, but for the first. */
void *run_m_thread(void *arg)
{
	struct m *m = arg;

	init_thread(m);
	rcu_thread_init();
	m_take_next(m);
	sched_loop(m);
	rcu_thread_exit();
	if (m == sched.ender)
		sched.keep_stacks = stop_others(m);
	arch_set_m(NULL);
	altstack_exit(m);
	thread_leave();
	store_release(&m->stopped, 1);
	if (m == sched.ender) {
		store_release(&sched.all_stopped, 1);
		futex_wake(&sched.all_stopped, 1);
	}
	return NULL;
}

/* main's function has returned, on @m. */
void run_main_ended(struct m *m)
{
	sched.ender = m;
	store_seq(&sched.running, RUN_ENDING);
	/* Who is inside may still wake somebody; from now on nobody gets in. */
	while (load_seq(&sched.foreign))
		arch_pause();
	store_seq(&sched.stopping, 1);
	idle_wake_all();
	preempt_stop();
}

/* -------------------------------------------------------------------- go_run */

/* What is not zero when a run begins. */
static int begin(void (*fn)(void *), void *arg, struct m **mp)
{
	struct m *m;
	struct g *g;
	struct p *p;
	int err;

	memset(&sched, 0, offsetof(struct sched, running));
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	store_relaxed(&sched.gen, sched.gen + 1);
	sched.next_id = 1;
	sched.np = (uint32_t)go_maxprocs(0);
	debug_init();
	sched.no_steal = debug_number("nosteal", 0);
	schedtrace_init();
	deadlock_init();
	err = fork_init();
	if (!err)
		err = thread_init();
	if (!err)
		err = page_init();
	if (err)
		return err;
	trace_begin();
	err = stack_init();
	rcu_init();
	if (!err)
		err = grow_ps(sched.np);
	if (err)
		goto err_ps;
	m = run_new_m();
	err = -ENOMEM;
	if (!m)
		goto err_ps;
	m->main = true;
	p = rcu_ps()->p[0];
	p->solo = sched.np == 1;
	p->held = true;
	m->p = p;
	g = g_get(p, &err);
	if (!g)
		goto err_g;
	init_g(g, fn, arg, NULL);
	g->name = "main";
	g->stack_size = 0;
	g->flags |= G_ATTR;
	sched.main_g = g;
	count_creation(p);
	g->state = G_RUNNABLE;
	dump_init();
	preempt_init();
	netpoll_begin();
	err = sysmon_start();
	if (err)
		goto err_sysmon;
	init_thread(m);
	if (trace_on)
		trace_main(m, g);
	/* From here on the monitor looks at it. */
	m_take_p(m, p);
	overflow_init();
	*mp = m;
	return 0;

err_sysmon:
	preempt_exit(true);
	dump_exit();
err_g:
	free(m);
	sched.ms = NULL;
err_ps:
	trace_end();
	g_exit();
	for (uint32_t i = 0; rcu_ps() && i < rcu_ps()->n; i++)
		free(rcu_ps()->p[i]);
	stack_exit(false);
	rcu_exit();
	page_exit();
	return err;
}

/* A dropped goroutine's stack goes, unless a suspended thread is on it. */
static void drop_stack(struct g *g, void *arg)
{
	if (!g->stack || load_relaxed(&g->state) == G_RUNNING)
		return;
	defer_drop(g->stack);
	if (g->stack->in_arena)
		stack_put(arg, g->stack);
	else
		stack_free(g->stack);
}

/* Everything has stopped. */
static void end(struct m *m0)
{
	struct p_array *a = rcu_ps();
	struct m *m, *next;

	overflow_exit();
	sysmon_stop();
	netpoll_exit();
	dump_exit();
	trace_end();
	preempt_exit(!sched.unstopped);
	for (uint32_t i = 0; i < a->n; i++)
		page_flush(a->p[i]);
	stats_keep();
	leaks_report();
	/* Of mutexes and waitgroups: see struct syncq. */
	store_relaxed(&sched.gen, sched.gen + 1);
	g_drop_waiters();
	rcu_each_g(drop_stack, a->p[0]);
	for (uint32_t i = 0; i < a->n; i++) {
		stack_flush(a->p[i]);
		timer_exit(a->p[i]);
		free(a->p[i]);
	}
	for (m = sched.ms; m; m = next) {
		next = m->next;
		if (m == m0)
			continue;
		if (load_acquire(&m->stopped)) {
			pthread_join(m->thread, NULL);
			altstack_free(m);
			free(m);
		} else {
			/* Suspended for good: its thread goes on using its M. */
			pthread_detach(m->thread);
			deadlock_left_behind(1);
		}
	}
	g_exit();
	stack_exit(sched.keep_stacks);
	rcu_exit();
	page_exit();
	altstack_free(m0);
	free(m0);
	sched.ms = NULL;
}

int go_run(void (*fn)(void *), void *arg)
{
	uint32_t not = RUN_NOT;
	struct m *m = NULL;
	int err;

	if (!fn)
		return -EINVAL;
	if (!__atomic_compare_exchange_n(&sched.running, &not, RUN_STARTING, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
		if (not == RUN_FROZEN)
			fork_refuse();
		return -EBUSY;
	}
	err = begin(fn, arg, &m);
	if (!err) {
		/* In this order: main may run on another thread as soon as it is queued. */
		store_seq(&sched.running, RUN_YES);
		runq_put_next(m->p, sched.main_g);
		for (uint32_t i = sched.np; i-- > 1;)
			idle_add_p(rcu_ps()->p[i]);
		sched_loop(m);
		if (m == sched.ender) {
			sched.keep_stacks = stop_others(m);
		} else {
			store_release(&m->stopped, 1);
			while (!load_acquire(&sched.all_stopped))
				futex_wait(&sched.all_stopped, 0, 0);
		}
		arch_set_m(NULL);
		altstack_exit(m);
		thread_leave();
		end(m);
		restore_mask();
	}
	store_seq(&sched.running, RUN_NOT);
	return err;
}

/* Where GOMAXPROCS was lowered on a P that goes: whoever lowers it continues on one that stays. */
static void leave_p(void)
{
	struct m *m = m_enter();

	if (!m)
		return;
	if (m->p->id >= load_relaxed(&sched.np))
		m = sched_requeue(m);
	m_leave(m);
}

int go_maxprocs(int n)
{
	int old;

	if (n > GO_MAXPROCS_LIMIT)
		n = GO_MAXPROCS_LIMIT;
	pthread_mutex_lock(&procs_mutex);
	if (!procs_wanted)
		procs_wanted = cpus_default();
	old = procs_wanted;
	if (n >= 1 && n != old) {
		struct m *m = m_enter();
		bool inside = m || foreign_enter();

		procs_wanted = n;
		if (inside && n > old && grow_ps((uint32_t)n))
			procs_wanted = n = old;
		/* The only P is this goroutine's own: from here on there may be thieves. */
		if (m && rcu_ps()->n > 1)
			store_release(&m->p->solo, false);
		if (inside && n != old) {
			idle_set_procs((uint32_t)n);
			for (int i = old; i < n; i++)
				idle_add_p(rcu_ps()->p[i]);
			idle_wake();
		}
		if (inside && n < old)
			sysmon_kick();
		if (m)
			m_leave(m);
		else
			foreign_exit();
	}
	pthread_mutex_unlock(&procs_mutex);
	if (n >= 1 && n < old)
		leave_p();
	return old;
}

/* fork() in the midst of go_maxprocs() on another thread would leave its lock to nobody. */
void run_before_fork(void)
{
	pthread_mutex_lock(&procs_mutex);
}

void run_after_fork(void)
{
	pthread_mutex_unlock(&procs_mutex);
}

/* Whoever else was inside the runtime, or ran it, is not here. */
void run_in_child(void)
{
	pthread_mutex_unlock(&procs_mutex);
	store_seq(&sched.foreign, 0);
	if (load_relaxed(&sched.running) != RUN_NOT)
		store_seq(&sched.running, RUN_FROZEN);
}
