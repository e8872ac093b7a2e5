// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stats.c - reading the counters.
 */
#include "runq.h"

static struct go_stats last_run;

/* All slots in sum. Exits are read before creations: so never more ended than were made. */
void stats_sum(struct gvt_runtime_slot *sum)
{
	struct gvt_runtime_page *page = page_get();
	const struct p_array *a = rcu_ps();

	memset(sum, 0, sizeof(*sum));
	for (uint32_t i = 0; a && i < a->n; i++)
		sum->goroutine_parks += page_parks(a->p[i]);
	for (int i = 0; i < GVT_RUNTIME_SLOTS; i++)
		sum->goroutine_exits += load_acquire(&page->slot[i].goroutine_exits);
	for (int i = 0; i < GVT_RUNTIME_SLOTS; i++) {
		struct gvt_runtime_slot *s = &page->slot[i];

		sum->goroutine_creations += load_relaxed(&s->goroutine_creations);
		sum->goroutine_switches += load_relaxed(&s->goroutine_switches);
		sum->goroutine_steals += load_relaxed(&s->goroutine_steals);
		sum->goroutine_handoffs += load_relaxed(&s->goroutine_handoffs);
		sum->goroutine_preemptions += load_relaxed(&s->goroutine_preemptions);
	}
}

/* Only the slots that are in use: this is called often. */
uint64_t stats_alive(void)
{
	const struct p_array *a = rcu_ps();
	struct gvt_runtime_page *page = page_get();
	struct gvt_runtime_slot *shared = page_shared_slot();
	uint32_t n = a && a->n < GVT_RUNTIME_SLOTS - 1 ? a->n : GVT_RUNTIME_SLOTS - 1;
	uint64_t exits = load_acquire(&shared->goroutine_exits), creations;

	for (uint32_t i = 0; i < n; i++)
		exits += load_acquire(&page->slot[i].goroutine_exits);
	creations = load_relaxed(&shared->goroutine_creations);
	for (uint32_t i = 0; i < n; i++)
		creations += load_relaxed(&page->slot[i].goroutine_creations);
	return creations > exits ? creations - exits : 0;
}

static void read_stats(struct go_stats *s)
{
	struct gvt_runtime_slot sum;
	uint64_t guards[NR_GUARDS];

	run_count_peak();
	stats_sum(&sum);
	memset(s, 0, sizeof(*s));
	s->created = sum.goroutine_creations;
	s->alive = s->created - sum.goroutine_exits;
	s->peak = load_relaxed((uint64_t *)&page_get()->goroutine_peak);
	s->switches = sum.goroutine_switches;
	s->parks = sum.goroutine_parks;
	s->steals = sum.goroutine_steals;
	s->handoffs = sum.goroutine_handoffs;
	s->preemptions = sum.goroutine_preemptions;
	s->threads = load_relaxed(&sched.threads_started);
	s->procs = load_relaxed(&sched.np);
	s->published = page_published();
	stack_stats(guards, &s->stack_bytes);
	s->guards_installed = guards[GUARD_INSTALLED];
	s->guards_protected = guards[GUARD_PROTECTED];
	s->guards_canary = guards[GUARD_CANARY];
}

/* The run ends: go_stats() answers from these afterwards. */
void stats_keep(void)
{
	read_stats(&last_run);
}

void go_stats(struct go_stats *s)
{
	struct m *m = m_enter();

	if (m) {
		read_stats(s);
		m_leave(m);
		return;
	}
	if (foreign_enter())
		read_stats(s);
	else
		*s = last_run;
	foreign_exit();
}

/* ---------------------------------------------------------------- P by P */

_Static_assert(NR_WAIT_WHY <= GO_PARK_REASONS, "each reason has a place");

static void add_slot(struct go_p_stats *s, const struct gvt_runtime_slot *slot)
{
	s->ended += load_acquire(&slot->goroutine_exits);
	s->created += load_relaxed(&slot->goroutine_creations);
	s->switches += load_relaxed(&slot->goroutine_switches);
	s->steals += load_relaxed(&slot->goroutine_steals);
	s->handoffs += load_relaxed(&slot->goroutine_handoffs);
	s->preemptions += load_relaxed(&slot->goroutine_preemptions);
}

static void add_p(struct go_p_stats *s, const struct p *p)
{
	s->queued += runq_len(p);
	for (int i = 0; i < NR_WAIT_WHY; i++) {
		uint64_t n = load_relaxed(&p->parks[i]);

		s->parks_for[i] += n;
		s->parks += n;
	}
}

/* The runtime is held in place by the caller. */
static int read_p(int n, struct go_p_stats *s)
{
	const struct p_array *a = rcu_ps();

	memset(s, 0, sizeof(*s));
	if (n < -1 || n >= (int)a->n)
		return -EINVAL;
	if (n >= 0) {
		add_slot(s, a->p[n]->cnt);
		add_p(s, a->p[n]);
		return 0;
	}
	for (int i = 0; i < GVT_RUNTIME_SLOTS; i++)
		add_slot(s, &page_get()->slot[i]);
	for (uint32_t i = 0; i < a->n; i++)
		add_p(s, a->p[i]);
	s->queued += gq_len();
	return 0;
}

int go_stats_p(int p, struct go_p_stats *s)
{
	struct m *m = m_enter();
	int err = -EPERM;

	if (m) {
		err = read_p(p, s);
		m_leave(m);
		return err;
	}
	if (foreign_enter())
		err = read_p(p, s);
	foreign_exit();
	return err;
}

const char *go_park_reason(int i)
{
	return i >= 0 && i < NR_WAIT_WHY ? wait_names[i] : NULL;
}

int go_num(void)
{
	struct m *m = m_enter();
	uint64_t n = 0;

	if (m) {
		n = stats_alive();
		m_leave(m);
	} else {
		if (foreign_enter())
			n = stats_alive();
		foreign_exit();
	}
	return n > INT_MAX ? INT_MAX : (int)n;
}
