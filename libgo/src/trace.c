// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace.c - LIBGO_TRACE=FILE: what happens to goroutines, Ps and Ms, recorded as it happens.
 *
 * Ideas:
 *
 * - Off costs nothing. What a switch and a wake-up test anyway is true while there is a
 *   trace: m->pinned is never 0 (M_TRACED), so each choice of a goroutine goes by
 *   pick_slow(); and no goroutine is plain (G_TRACED), so each that can run again goes by
 *   the path of pinned ones. There, and at places that are cold, trace_on is asked.
 * - A ring of records for each P, written by who holds the P; so no lock, and no atomic
 *   instruction. That passes from M to M with the P itself. What belongs to no P goes into a
 *   shared ring, under a lock.
 * - All that a slice in the file needs is in one ring, in order: rings need not be merged.
 *   A wake-up is no record: who readies a goroutine leaves in it when that was and where
 *   (g->woken), and the record of its next run takes it along. So an arrow has both ends or
 *   none, whatever is lost.
 * - Who records never waits. A ring that is full drops what comes, counts it, and says so in
 *   the next record that fits: what ran then is cut off at the first record that was lost.
 * - Names are copied along: a goroutine's may be gone when the file is written.
 *
 * The clock is CLOCK_MONOTONIC: go_now()'s, and that of perf and of the kernel's own traces if
 * they are asked for it, so that files can be laid side by side. Rejected: the processor's
 * counter. It is read in less than half the time, but has to be calibrated, and to be the same on
 * all processors, which not each virtual machine's is; clock_gettime() knows whether it is.
 *
 * Records are made inside the runtime (m->in_rt), or by the handler of SIGURG outside of
 * it, so no record is made in the midst of another one of the same thread.
 */
#include "trace.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RING_WORDS	(64u << 10)	/* 512 KiB; touched as used */
#define MIN_WORDS	256u

uintptr_t trace_on;
int64_t trace_base;
struct trace_ring *trace_ring[GO_MAXPROCS_LIMIT + 1];
uint32_t trace_thread[TRACE_NTHREADS];

static uint32_t shared_lock;
static uint32_t nthreads;	/* of the runtime, in this run */

static struct trace_ring *shared_ring(void)
{
	return trace_ring[GO_MAXPROCS_LIMIT];
}

/* ------------------------------------------------------------------ recording */

static void push(struct trace_ring *r, const uint64_t *w, uint32_t n)
{
	uint64_t head = r->head;

	for (uint32_t i = 0; i < n; i++)
		r->word[(head + i) & r->mask] = w[i];
	store_release(&r->head, head + n);
	/* A quarter of the ring further: time to read it. */
	if (unlikely((head ^ (head + n)) & ~(r->mask >> 2)))
		tracefile_kick();
}

static bool has_room(struct trace_ring *r, uint64_t n)
{
	if (likely(r->head + n - r->seen <= r->mask))
		return true;
	r->seen = load_acquire(&r->tail);
	return r->head + n - r->seen <= r->mask;
}

static uint64_t head_word(enum trace_type type, uint32_t n, unsigned int why, unsigned int flags,
			  uint32_t value)
{
	return type | n << 8 | (why & 0xff) << 16 | (uint64_t)flags << 24 | (uint64_t)value << 32;
}

/* @w: @n words, but for the second; @flags: with the length of a name. */
static void record(struct trace_ring *r, uint64_t *w, uint32_t n, enum trace_type type,
		   unsigned int why, unsigned int flags, uint32_t value)
{
	/* Goroutines made by other threads may be many, and must not push out what names a track. */
	uint64_t keep = type == REC_CREATE ? r->mask / 8 : 0;

	w[1] = head_word(type, n, why, flags, value);
	if (unlikely(!has_room(r, n + 2 + keep))) {
		if (!r->lost)
			r->lost_since = w[0];
		/* Looked at where the process ends in the midst of it. */
		store_relaxed(&r->lost, r->lost + 1);
		return;
	}
	if (unlikely(r->lost)) {
		uint64_t lost[2] = { r->lost_since };

		lost[1] = head_word(REC_LOST, 2, 0, 0, (uint32_t)r->lost);
		store_relaxed(&r->lost, 0);
		push(r, lost, 2);
	}
	push(r, w, n);
}

static void record_short(struct trace_ring *r, int64_t now, enum trace_type type,
			 unsigned int why, uint32_t value)
{
	uint64_t w[2] = { (uint64_t)now };

	record(r, w, 2, type, why, 0, value);
}

/* All words but the second of what is said of @g now. Returns its flags; *@n: how many. */
static unsigned int put_g(uint64_t *w, const struct g *g, uint64_t when, uint32_t *n)
{
	size_t len = g_name(g) ? strnlen(g_name(g), TRACE_NAME) : 0;

	w[0] = (uint64_t)go_now();
	w[2] = g->id;
	w[3] = (uintptr_t)g->fn;
	w[4] = when;
	*n = 5;
	if (len) {
		w[5 + (len - 1) / 8] = 0;
		memcpy(&w[5], g_name(g), len);
		*n += (uint32_t)(len + 7) / 8;
	}
	return (unsigned int)len;
}

static void record_g(struct trace_ring *r, enum trace_type type, const struct g *g, uint64_t when,
		     unsigned int why, unsigned int flags, uint32_t value)
{
	uint64_t w[TRACE_WORDS];
	uint32_t n;

	flags |= put_g(w, g, when, &n);
	record(r, w, n, type, why, flags, value);
}

static struct trace_ring *ring_of(const struct p *p)
{
	return trace_ring[p->id];
}

/* ------------------------------------------------------------- slices on a P */

static void run(const struct m *m, struct trace_ring *r, struct g *g, unsigned int why,
		unsigned int flags)
{
	if (!g->sp)
		flags |= TRACE_FIRST;
	record_g(r, REC_RUN, g, g->woken, why, flags, (uint32_t)m->tid);
	g->woken = 0;
	r->open = true;
}

static bool is_ticket(const struct g *g)
{
	return !g->sp && g->flags & G_TICKET;
}

/* The goroutine of @m leaves its P, or not (a yield among nobody): @next was chosen, NULL: none. */
void trace_pick(struct m *m, struct g *next)
{
	struct trace_ring *r = ring_of(m->p);
	unsigned int why = 0;

	/* On its own stack, where sched_loop() sees to it. */
	if (!m->cur || !r)
		return;
	if (r->left) {
		why = r->left;
		r->left = 0;
	} else if (r->open) {
		why = load_relaxed(&m->cur->state) == G_WAITING ? load_relaxed(&m->cur->why) :
								  LEFT_YIELD;
	}
	if (next && !is_ticket(next)) {
		run(m, r, next, why, 0);
	} else if (next || why != LEFT_YIELD) {
		record_short(r, go_now(), REC_END, why, 0);
		r->open = false;
	}
}

/* The goroutine of @m has ended. Its descriptor may be another one's any moment. */
void trace_exit(const struct m *m)
{
	struct trace_ring *r = ring_of(m->p);

	if (r)
		r->left = LEFT_EXIT;
}

/* @m begins to run @g, from its own stack. */
void trace_run(const struct m *m, struct g *g)
{
	struct trace_ring *r = ring_of(m->p);

	if (r && !is_ticket(g))
		run(m, r, g, 0, 0);
}

/* Back on a thread's own stack, with @p. */
void trace_left(const struct p *p)
{
	struct trace_ring *r = ring_of(p);

	if (!r || !r->open)
		return;
	record_short(r, go_now(), REC_END, load_relaxed(&sched.stopping) ? LEFT_STOP : LEFT_YIELD, 0);
	r->open = false;
}

/* ------------------------------------------------------------------- Ps and Ms */

/* @m has @p from now on. */
void trace_take(struct m *m, const struct p *p)
{
	struct trace_ring *r = ring_of(p);
	int64_t since = load_relaxed(&m->without_p);

	store_relaxed(&m->without_p, 0);
	if (!r)
		return;
	if (!m->cur) {
		record_short(r, go_now(), REC_TAKE, 0, (uint32_t)m->tid);
		return;
	}
	record_g(r, REC_TAKE, m->cur, (uint64_t)since, 0, 0, (uint32_t)m->tid);
	/* It had kept its thread, and goes on. */
	run(m, r, m->cur, 0, TRACE_RESUMED);
}

static void end_slice(struct trace_ring *r, int64_t now, unsigned int why)
{
	if (r->open)
		record_short(r, now, REC_END, why, 0);
	r->open = false;
	record_short(r, now, REC_DROP, why, 0);
}

/* @m gives its P up: idle, or it goes on in go_blocking(). */
void trace_drop(struct m *m, const struct p *p)
{
	struct trace_ring *r = ring_of(p);
	int64_t now = go_now();

	store_relaxed(&m->without_p, m->cur ? now : 0);
	if (r)
		end_slice(r, now, m->cur ? WAIT_BLOCKING : 0);
}

/*
 * The monitor is about to take the P of @m, which is blocked. It says so before it does it,
 * since afterwards @m may be back. If it doesn't come to that nobody looks at it: whoever
 * loses a P in another way says so too.
 */
int64_t trace_robs(struct m *m)
{
	int64_t now = go_now();

	store_relaxed(&m->without_p, now);
	return now;
}

/* It has taken @p, which was m->p at the time of @now. */
void trace_handoff(const struct p *p, int64_t now)
{
	struct trace_ring *r = ring_of(p);

	if (!r)
		return;
	record_short(r, now, REC_HANDOFF, 0, 0);
	end_slice(r, now, LEFT_TAKEN);
}

/* @m is asked to let others run: it yields, or (@held) waits in the handler without its P. */
void trace_preempt(struct m *m, const struct p *p, bool held)
{
	struct trace_ring *r = ring_of(p);
	int64_t now = go_now();

	if (held)
		store_relaxed(&m->without_p, now);
	if (!r)
		return;
	record_short(r, now, REC_PREEMPT, 0, 0);
	if (held)
		end_slice(r, now, LEFT_PREEMPTED);
}

static void shared(enum trace_type type, const struct g *g, uint64_t when, uint32_t value)
{
	spin_lock(&shared_lock);
	record_g(shared_ring(), type, g, when, 0, 0, value);
	spin_unlock(&shared_lock);
}

/* @m, which has lost its P, finds none, and leaves its goroutine to a queue. */
void trace_gap(struct m *m)
{
	int64_t since = load_relaxed(&m->without_p);

	/* It has one: pinned, and it yields. */
	if (m->p)
		return;
	store_relaxed(&m->without_p, 0);
	if (since)
		shared(REC_GAP, m->cur, (uint64_t)since, (uint32_t)m->tid);
}

void trace_new_thread(const struct m *m)
{
	struct trace_ring *r = shared_ring();
	uint64_t w[3];

	spin_lock(&shared_lock);
	w[0] = (uint64_t)go_now();
	w[2] = nthreads++;
	record(r, w, 3, REC_THREAD, m->main, 0, (uint32_t)m->tid);
	spin_unlock(&shared_lock);
}

void trace_steal(const struct p *p, const struct p *victim, uint32_t n)
{
	struct trace_ring *r = ring_of(p);
	uint64_t w[3];

	if (!r)
		return;
	w[0] = (uint64_t)go_now();
	w[2] = n;
	record(r, w, 3, REC_STEAL, 0, 0, victim->id);
}

/* -------------------------------------------------------------------- goroutines */

/* The calling thread, which has no P: the program's, or an M that found something for others. */
static uint32_t this_thread(void)
{
	uint32_t tid = (uint32_t)gettid(), i = tid % (TRACE_NTHREADS - 1);

	if (arch_m())
		tid |= TRACE_M;

	for (uint32_t n = 0; n < TRACE_NTHREADS - 1; n++) {
		uint32_t is = load_relaxed(&trace_thread[i]);

		if (is == tid || (!is && cas_seq(&trace_thread[i], 0, tid)))
			return TRACE_THREADS + i;
		i = (i + 1) % (TRACE_NTHREADS - 1);
	}
	return TRACE_THREADS + TRACE_NTHREADS - 1;
}

/* @g is made, by a goroutine or (@by, @m has no P) by a thread. */
static void created(const struct m *m, const struct g *g, uint32_t by)
{
	if (by >= TRACE_THREADS)
		shared(REC_CREATE, g, 0, by);
	else if (ring_of(m->p))
		record_g(ring_of(m->p), REC_CREATE, g, 0, 0, 0, 0);
}

/*
 * @g can run, or is new: before anybody may find it in a queue. @timer: @m's goroutine has
 * no part in it.
 */
void trace_ready(const struct m *m, struct g *g, bool timer)
{
	uint32_t by;

	if (!m || !m->p)
		by = this_thread();
	else
		by = m->p->id + (timer || !m->cur ? TRACE_RUNTIME : 0);
	if (!g->sp)
		created(m, g, by);
	g->woken = (uint64_t)(go_now() - trace_base + 1) << TRACE_BY_BITS | by;
}

/* The first one: nobody made it. */
void trace_main(const struct m *m, struct g *g)
{
	g->woken = 0;
	created(m, g, 0);
}

/* ---------------------------------------------------------------- begin and end */

static size_t ring_size(uint64_t words)
{
	return (sizeof(struct trace_ring) + words * sizeof(uint64_t) + PAGE - 1) & ~(PAGE - 1);
}

static struct trace_ring *new_ring(void)
{
	int64_t kib = debug_number("tracebuf", 0);
	uint64_t words = RING_WORDS;
	struct trace_ring *r;

	if (kib > 0 && kib <= 1 << 20)
		for (words = MIN_WORDS; words * sizeof(uint64_t) < (uint64_t)kib << 10;)
			words *= 2;
	r = mmap(NULL, ring_size(words), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r == MAP_FAILED)
		return NULL;
	r->mask = words - 1;
	return r;
}

/* A P is made. Without memory for its ring it is left out. */
void trace_new_p(uint32_t id)
{
	if (trace_on && !trace_ring[id])
		store_release(&trace_ring[id], new_ring());
}

/* Before the first P and the first M are made. */
void trace_begin(void)
{
	struct trace_ring *r;

	trace_on = 0;
	if (!tracefile_begin())
		return;
	r = new_ring();
	if (!r) {
		tracefile_end();
		return;
	}
	nthreads = 0;
	shared_lock = 0;
	store_release(&trace_ring[GO_MAXPROCS_LIMIT], r);
	trace_on = M_TRACED;
}

/* No M runs any more. */
void trace_end(void)
{
	if (!trace_on)
		return;
	tracefile_end();
	for (size_t i = 0; i < ARRAY_SIZE(trace_ring); i++) {
		if (trace_ring[i])
			munmap(trace_ring[i], ring_size(trace_ring[i]->mask + 1));
		trace_ring[i] = NULL;
	}
	trace_on = 0;
}
