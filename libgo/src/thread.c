// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * thread.c - what others keep for each kernel thread, where a goroutine needs its own.
 *
 * The C++ runtime keeps the exceptions that are being handled in a list for each thread
 * (__cxa_get_globals() in the Itanium C++ ABI). A goroutine that waits in a catch block,
 * or in a destructor while an exception is on its way, takes its list with it: it is
 * swapped at each switch, where the program has a C++ runtime at all. The reference to
 * that is weak; in a C program m->eh is NULL, which is one test in a switch.
 *
 * A goroutine that ends its thread (pthread_exit(), or somebody cancelled it) would take
 * a P and its own stack with it, and all would wait for it. A thread-specific value with
 * a destructor is the one place that every such end comes by, so that the process dies
 * of it with a message.
 *
 * Rejected: defining __cxa_get_globals() here, as the goroutine's own. Nothing would have
 * to be done at a switch. But a C++ runtime that is linked statically calls its own, and
 * the one of a shared library is found by a version that only it has.
 */
#include "rt.h"

#include "san.h"

/* Of the C++ runtime, if there is one in the process when libgo is loaded. */
extern struct eh_globals *__cxa_get_globals(void) __attribute__((__weak__));

static pthread_key_t ends;
static bool has_key;

static void thread_ended(void *arg)
{
	struct m *m = arg;

	san_thread_ends(m);
	fatal("goroutine %llu ended its thread (pthread_exit, or it was cancelled): a goroutine ends by go_exit()",
	      (unsigned long long)(m->cur ? m->cur->id : 0));
}

/* Before the first M begins. */
int thread_init(void)
{
	if (!has_key) {
		int err = pthread_key_create(&ends, thread_ended);

		if (err)
			return -err;
		has_key = true;
	}
	return 0;
}

/* The calling thread is @m's. */
int thread_enter(struct m *m)
{
	m->eh = __cxa_get_globals ? __cxa_get_globals() : NULL;
	if (m->eh)
		m->pinned |= M_EH;
	return -pthread_setspecific(ends, m);
}

/* It is nobody's any more. */
void thread_leave(void)
{
	pthread_setspecific(ends, NULL);
}

/* Of a thread that is no M; NULL: there is no C++. */
struct eh_globals *eh_of_thread(void)
{
	return __cxa_get_globals ? __cxa_get_globals() : NULL;
}

/* @m's thread goes on with @to (NULL: what it does on its own stack). */
NOINLINE void eh_load(struct m *m, const struct g *to)
{
	if (!to)
		*m->eh = m->g0_eh;
	else if (to->sp)
		*m->eh = (struct eh_globals){ to->eh_caught, to->eh_uncaught };
	else
		*m->eh = (struct eh_globals){ NULL, 0 };
}

/* And leaves @from, which comes back. */
NOINLINE void eh_switch(struct m *m, struct g *from, const struct g *to)
{
	if (from) {
		from->eh_caught = m->eh->caught;
		from->eh_uncaught = m->eh->uncaught;
	} else {
		m->g0_eh = *m->eh;
	}
	eh_load(m, to);
}
