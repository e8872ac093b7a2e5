// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stats.c - reading the counters.
 */
#include "rt.h"

static struct go_stats last_run;

/* All slots in sum. Exits are read before creations: so never more ended than were made. */
void stats_sum(struct gvt_runtime_slot *sum)
{
	struct gvt_runtime_page *page = page_get();

	memset(sum, 0, sizeof(*sum));
	for (int i = 0; i < GVT_RUNTIME_SLOTS; i++)
		sum->goroutine_exits += load_acquire(&page->slot[i].goroutine_exits);
	for (int i = 0; i < GVT_RUNTIME_SLOTS; i++) {
		struct gvt_runtime_slot *s = &page->slot[i];

		sum->goroutine_creations += load_relaxed(&s->goroutine_creations);
		sum->goroutine_switches += load_relaxed(&s->goroutine_switches);
		sum->goroutine_parks += load_relaxed(&s->goroutine_parks);
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
