// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * overflow.c - a goroutine that has used up its stack, told from all other faults.
 *
 * The guard below a stack makes a signal of an overflow. Its handler can't run on that
 * stack, so each M has an alternate one. Where the fault's address is in the guard of the
 * goroutine that runs here, the process ends with that goroutine's number, name, entry
 * function and stack size, status 2. Every other fault goes to whom it would have gone
 * to without libgo: the handler that was there before go_run(), or the default action, by
 * which the process dies of the same signal at the same instruction, with a core.
 *
 * The handlers are there while the runtime runs. One that the program sets in the
 * meantime stays, then and afterwards; overflows are its affair then, and it may pass
 * them on to the one that it found.
 *
 * Between the moment when an M names its next goroutine (m->cur) and the switch it still
 * runs on the stack of the one before. This code is the runtime's own (m->in_rt), so
 * there, and only there, all goroutines are looked at. What is read of them is in their
 * descriptors, which are never given back while the runtime runs; stacks are.
 *
 * A signal for which there is no room on a goroutine's stack shows as a fault without an
 * address: the kernel could not lay down its handler's frame.
 *
 * The sanitizers have handlers of their own for these signals; ours is asked first, and
 * theirs is the one that was there before: so their reports of other faults stay.
 *
 * Rejected: telling an overflow by the stack pointer alone. A frame that is larger than
 * the guard steps over it without a fault, whoever looks; -fstack-clash-protection is the
 * remedy, and faults in the guard. A pointer that has gone astray into another
 * goroutine's guard is no overflow and is not reported as one.
 */
#include "rt.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ	51
#endif

#define FRAME_LEAST	((size_t)2048)	/* where the kernel doesn't say */
/* For the handlers themselves: beside what the kernel saves. */
#define HANDLERS_NEED	(64UL << 10)

/* Lies at the upper end of the alternate stack that it describes; below that is its guard. */
struct altstack {
	stack_t before;			/* put back when the thread leaves the runtime */
	char *map;
	size_t size;
};

static const int signals[] = { SIGSEGV, SIGBUS };
static struct sigaction before[ARRAY_SIZE(signals)];

/* ---------------------------------------------------------- alternate stacks */

/* What the kernel lays down for a signal, at the most: registers, vector registers. */
static size_t signal_frame(void)
{
	size_t size = getauxval(AT_MINSIGSTKSZ);

	return size > FRAME_LEAST ? size : FRAME_LEAST;
}

/* The calling thread's, for @m. Without memory for one it does without. */
void altstack_init(struct m *m)
{
	size_t size = (HANDLERS_NEED + signal_frame() + sizeof(struct altstack) + 2 * PAGE - 1) &
		      ~(PAGE - 1);
	struct altstack *a;
	stack_t new;
	char *map;

	map = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return;
	stack_guard(map);
	a = (struct altstack *)(map + size) - 1;
	a->map = map;
	a->size = size;
	new = (stack_t){ .ss_sp = map + PAGE };
	new.ss_size = (size_t)((char *)a - map) - PAGE;
	if (sigaltstack(&new, &a->before))
		munmap(map, size);	/* called from a handler on such a stack */
	else
		m->altstack = a;
}

/* On the thread's own stack, at its end or main's. */
void altstack_exit(struct m *m)
{
	struct altstack *a = m->altstack;
	stack_t now;

	/* Unless the program has set one of its own on this thread. */
	if (a && !sigaltstack(NULL, &now) && now.ss_sp == a->map + PAGE)
		sigaltstack(&a->before, NULL);
}

/*
 * When no signal of libgo's can reach @m's thread any more: Valgrind delivers them on an
 * alternate stack that is disabled too, as long as there is no other.
 */
void altstack_free(struct m *m)
{
	struct altstack *a = m->altstack;

	if (a)
		munmap(a->map, a->size);
}

/* ------------------------------------------------------------------- reports */

/* Not dprintf(): that allocates, and the goroutine may have been inside malloc(). */
static GO_PRINTF(1, 2) void say(const char *fmt, ...)
{
	char buf[512];
	size_t left;
	va_list args;
	ssize_t n;

	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	left = strlen(buf);
	for (const char *at = buf; left; at += n, left -= (size_t)n) {
		n = write(STDERR_FILENO, at, left);
		if (n <= 0)
			break;
	}
}

/* Ends the process. @pc: where it was, NULL: not known any more. */
void overflow_report(const struct g *g, const void *pc)
{
	size_t size = g_stack_size(g) ? g_stack_size(g) : STACK_DEFAULT;
	char buf[256];

	die_alone();
	say("fatal error: stack overflow\n\ngoroutine %llu [running]:\n",
	    (unsigned long long)g->id);
	say("%s%s%s\n", g_name(g) ? g_name(g) : "", g_name(g) ? ": " : "",
	    symbol_name((void *)(uintptr_t)g->fn, buf, sizeof(buf)));
	if (pc)
		say("\tin %s\n", symbol_name(pc, buf, sizeof(buf)));
	say("its stack is %zu bytes; go_with() makes a larger one\n", size);
	die_now();
}

/* ------------------------------------------------------------------- telling */

/* What lies @g's stack in: nothing of the stack itself is read, it may be gone. */
static bool in_guard(const struct g *g, uintptr_t addr)
{
	const struct stack *s = load_relaxed(&g->stack);

	return s && addr - (uintptr_t)stack_slot(s, g_stack_size(g)) < PAGE;
}

struct search {
	uintptr_t addr;
	const struct g *found;
};

static void look_at(struct g *g, void *arg)
{
	struct search *s = arg;

	if (in_guard(g, s->addr))
		s->found = g;
}

/* Whose overflow it is; NULL: something else. */
static const struct g *overflown(const struct m *m, const siginfo_t *info, const void *ctx)
{
	struct search search = { .addr = (uintptr_t)info->si_addr };
	const struct g *g = m->cur;

	if (info->si_code <= 0)		/* sent by somebody: there is no address */
		return NULL;
	if (info->si_code == SI_KERNEL) {
		/* Perhaps there was no room for a signal. */
		if (g && g->stack && arch_context_sp(ctx) - (uintptr_t)g->stack->lo < signal_frame())
			return g;
		return NULL;
	}
	if (g && in_guard(g, search.addr))
		return g;
	if (load_relaxed(&m->in_rt))
		rcu_each_g(look_at, &search);
	return search.found;
}

/* --------------------------------------------------------------- the handlers */

/*
 * Where there was no handler: the signal gets its default action. A fault repeats itself
 * when this handler returns; a signal that was sent is sent again, just as it was.
 */
static void by_default(int sig, siginfo_t *info)
{
	const struct sigaction act = { .sa_handler = SIG_DFL };

	sigaction(sig, &act, NULL);
	if (info->si_code <= 0 || info->si_code == SI_KERNEL)
		syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), sig, info);
}

/* As the kernel would have called @act, but always on the alternate stack. */
static void pass_on(struct sigaction *act, int sig, siginfo_t *info, void *ctx)
{
	void (*handler)(int) = act->sa_handler;
	sigset_t mask = ((ucontext_t *)ctx)->uc_sigmask;

	/* The kernel doesn't let a fault be ignored. */
	if (handler == SIG_IGN && info->si_code <= 0)
		return;
	if (handler == SIG_DFL || handler == SIG_IGN) {
		by_default(sig, info);
		return;
	}
	sigorset(&mask, &mask, &act->sa_mask);
	if (!(act->sa_flags & SA_NODEFER))
		sigaddset(&mask, sig);
	/* What was blocked before is blocked again when this handler returns. */
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (act->sa_flags & SA_SIGINFO) {
		void (*action)(int, siginfo_t *, void *) = act->sa_sigaction;

		if (act->sa_flags & SA_RESETHAND)
			*act = (struct sigaction){ .sa_handler = SIG_DFL };
		action(sig, info, ctx);
	} else {
		if (act->sa_flags & SA_RESETHAND)
			*act = (struct sigaction){ .sa_handler = SIG_DFL };
		handler(sig);
	}
}

static void on_fault(int sig, siginfo_t *info, void *ctx)
{
	const struct m *m = arch_m();
	const struct g *g = m ? overflown(m, info, ctx) : NULL;

	if (g)
		overflow_report(g, (const void *)arch_context_pc(ctx));
	pass_on(&before[sig == SIGBUS], sig, info, ctx);
}

static bool is_ours(const struct sigaction *act)
{
	return act->sa_flags & SA_SIGINFO && act->sa_sigaction == on_fault;
}

/* Before the first goroutine runs. */
void overflow_init(void)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction old;

		sigaction(signals[i], &act, &old);
		/* Ours may be there still, set again by a handler of the program's. */
		if (!is_ours(&old))
			before[i] = old;
	}
}

/* When no goroutine runs any more. */
void overflow_exit(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction now;

		if (!sigaction(signals[i], NULL, &now) && is_ours(&now))
			sigaction(signals[i], &before[i], NULL);
	}
}
