// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dump.c - go_dump(): what every goroutine is doing, and SIGQUIT, which asks for that.
 *
 * Nothing is stopped: who asks has to be told also where the runtime hangs. So
 * everything is read while it may change. A descriptor is never given back while the
 * runtime runs (g.c); what it points to may be: the stack and the name are read by the
 * kernel (dump_peek()), which refuses what isn't there. A descriptor is read once more after
 * its stack was: if it changed, all is read again. What is left: a goroutine that
 * parks twice in the same place meanwhile may show frames of both times.
 *
 * A dump takes no memory from malloc() and no lock but sched.lock, for that only tries:
 * it may come while anything is held.
 *
 * Since when a goroutine waits is not known to the one that parks: reading a clock costs
 * more than the switch. The monitor stamps what it finds parked, every ten seconds; whoever
 * parks clears the stamp. Go shows minutes, and gets them the same way, from its collector.
 *
 * SIGQUIT: the handler only leaves a mark and wakes the monitor, which dumps and ends the
 * process. It runs no goroutine, so it is not the one that hangs. The handler is
 * used up by that: a second SIGQUIT has its default action. It is installed only where
 * the program has no action of its own for the signal, for the time of go_run().
 */
#include "rt.h"

#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unwind.h>

#include "dump.h"
#include "frames.h"
#include "lines.h"
#include "san.h"

#define FRAMES		64			/* shown at most */
#define SYMBOLS		512			/* names remembered; a power of two */
#define STAMP_EVERY	(10 * NSEC_PER_SEC)

/* What is read of a goroutine at once. */
struct seen {
	uint64_t id;
	unsigned int state, why, flags;
	uint32_t since;
	void *sp;
	struct stack *stack;
	const struct waiter *waiting;
	void (*fn)(void *);
	const char *name;
	const void *site;
};

struct symbol {
	uintptr_t pc;
	char text[248];
};

/* struct dump - one of them, in memory of its own. */
struct dump {
	int fd, err;
	const struct g *self;		/* the goroutine that dumps; NULL: it is none */
	int64_t now;
	uint64_t shown;
	size_t nout;
	char out[4096];
	int pipe[2];			/* for dump_peek(), where that needs one; else -1 */
	uintptr_t own_lo, own_hi;	/* code of the runtime; empty: the program's own */

	/* What was last read of a stack, and how far the stack goes. */
	uintptr_t window, window_end, stack_end;
	char bytes[4096];
	struct unwind unwind;
	struct lines lines;
	struct symbol symbol[SYMBOLS];
};

/* -------------------------------------------------------------------- reading */

/* By way of a pipe: where the other is not there (an emulator), or not allowed. */
static bool peek_by_pipe(struct dump *d, const void *at, void *to, size_t n)
{
	/* Not by write() and read(): the sanitizers would look at the memory first. */
	if (d->pipe[0] < 0 && syscall(SYS_pipe2, d->pipe, O_CLOEXEC | O_NONBLOCK))
		return false;
	return syscall(SYS_write, d->pipe[1], at, n) == (long)n &&
	       syscall(SYS_read, d->pipe[0], to, n) == (long)n;
}

/*
 * Copies @n bytes, at most a page, from @at, where there may be nothing: then false. Not
 * in line: the caller may change its thread, and errno's address with it.
 */
NOINLINE bool dump_peek(struct dump *d, const void *at, void *to, size_t n)
{
	struct iovec here = { to, n }, there = { (void *)at, n };

	if (d->pipe[0] < 0) {
		/* As longs: of an int on the stack the upper half is anything. */
		long got = syscall(SYS_process_vm_readv, getpid(), &here, 1L, &there, 1L, 0L);

		if (got >= 0 || (errno != ENOSYS && errno != EPERM))
			return got == (long)n;
	}
	return peek_by_pipe(d, at, to, n);
}

/* As much of the string at @at as fits into @n bytes, and as there is. */
static void peek_string(struct dump *d, const char *at, char *to, size_t n)
{
	size_t here = PAGE - (uintptr_t)at % PAGE;	/* the next page may be out of reach */

	memset(to, 0, n--);
	if (here > n)
		here = n;
	if (!dump_peek(d, at, to, here))
		to[0] = '\0';
	else if (here < n && !memchr(to, 0, here) && !dump_peek(d, at + here, to + here, n - here))
		to[here] = '\0';
}

/* For the unwinder: a word of the stack that is looked at. */
static bool stack_word(void *arg, uintptr_t at, uintptr_t *word)
{
	struct dump *d = arg;

	if (at % sizeof(*word))
		return false;
	if (at < d->window || at + sizeof(*word) > d->window_end) {
		/* To the page's end: the next page may be out of reach. */
		uintptr_t end = (at & ~(PAGE - 1)) + PAGE;

		if (end > d->stack_end)
			end = d->stack_end;
		if (at >= end || !dump_peek(d, (void *)at, d->bytes, end - at))
			return false;
		d->window = at;
		d->window_end = end;
	}
	memcpy(word, d->bytes + (at - d->window), sizeof(*word));
	return true;
}

/* Without TSan: races are what this is about. */
static NO_TSAN NOINLINE void look(const struct g *g, struct seen *s)
{
	const volatile struct g *v = g;

	s->state = v->state;
	s->why = v->why;
	s->id = v->id;
	s->flags = v->flags;
	s->since = v->since;
	s->sp = v->sp;
	s->stack = v->stack;
	s->waiting = v->waiting;
	s->fn = v->fn;
	s->name = s->flags & G_ATTR ? v->name : NULL;
	s->site = v->site;
}

static bool same(const struct seen *a, const struct seen *b)
{
	return a->id == b->id && a->state == b->state && a->why == b->why && a->sp == b->sp &&
	       a->stack == b->stack;
}

/* The thread on which @g runs; 0: none, or it can't be found out. */
static NO_TSAN NOINLINE pid_t thread_of(const struct g *g)
{
	struct m *self = m_enter();
	pid_t tid = 0;

	for (int i = 0; !spin_trylock(&sched.lock); i++) {
		if (i == 1000)
			goto out;
		usleep(10);
	}
	for (const struct m *m = sched.ms; m && !tid; m = m->next)
		if (((const volatile struct m *)m)->cur == g)
			tid = load_relaxed(&m->tid);
	spin_unlock(&sched.lock);
out:
	if (self)
		m_leave(self);
	return tid;
}

/* -------------------------------------------------------------------- writing */

static NOINLINE void flush(struct dump *d)
{
	for (size_t at = 0; at < d->nout && !d->err;) {
		ssize_t n = write(d->fd, d->out + at, d->nout - at);

		if (n >= 0)
			at += (size_t)n;
		else if (errno != EINTR)
			d->err = -errno;
	}
	d->nout = 0;
}

void dump_say(struct dump *d, const char *fmt, ...)
{
	va_list args;
	int n;

	for (int i = 0; i < 2; i++) {
		size_t room = sizeof(d->out) - d->nout;

		va_start(args, fmt);
		n = vsnprintf(d->out + d->nout, room, fmt, args);
		va_end(args);
		if (n < 0)
			return;
		if ((size_t)n < room) {
			d->nout += (size_t)n;
			return;
		}
		flush(d);
	}
	d->nout = sizeof(d->out) - 1;	/* cut: longer than the whole buffer */
}

/* Goroutines share the few places at which they wait: names are remembered. */
static const char *symbol(struct dump *d, const void *pc, bool offset)
{
	uintptr_t key = (uintptr_t)pc << 1 | offset;
	struct symbol *s = &d->symbol[(key * 0x9e3779b97f4a7c15u) >> 32 & (SYMBOLS - 1)];

	if (s->pc != key) {
		if (offset) {
			symbol_place(pc, s->text, sizeof(s->text));
			lines_add(&d->lines, pc, s->text, sizeof(s->text));
		} else {
			symbol_name(pc, s->text, sizeof(s->text));
		}
		s->pc = key;
	}
	return s->text;
}

/*
 * @n frames from the innermost on. Of the runtime's own only the outermost of those at
 * the top is shown, the function that the program called.
 */
static void say_frames(struct dump *d, const uintptr_t *pc, size_t n)
{
	size_t i = 0;

	while (i + 1 < n && pc[i + 1] >= d->own_lo && pc[i + 1] < d->own_hi)
		i++;
	for (; i < n; i++)
		dump_say(d, "\t%s\n", symbol(d, (const char *)pc[i] - 1, true));
}

/* -------------------------------------------------------------- one goroutine */

/* The frames of a goroutine that is switched away. */
static size_t parked_frames(struct dump *d, const struct seen *s, uintptr_t *pc)
{
	struct unwind *u = &d->unwind;
	size_t n = 0;

	/* The struct lies at the stack's end. */
	d->stack_end = (uintptr_t)s->stack;
	d->window = d->window_end = 0;
	if ((uintptr_t)s->sp >= d->stack_end)
		return 0;
	u->read = stack_word;
	u->arg = d;
	unwind_begin(u, (uintptr_t)gvtgo_switched, (uintptr_t)s->sp);
	while (n < FRAMES && unwind_step(u)) {
		if (u->func == (uintptr_t)gvtgo_main)
			return n - 1;
		pc[n++] = u->pc;
	}
	return n;
}

struct own_frames {
	uintptr_t *pc;
	size_t n;
};

static _Unwind_Reason_Code own_frame(struct _Unwind_Context *ctx, void *arg)
{
	struct own_frames *f = arg;

	if (f->n == FRAMES || _Unwind_GetRegionStart(ctx) == (uintptr_t)gvtgo_main)
		return _URC_END_OF_STACK;
	/* What called a thread's first function is unknown, and no frame. */
	if (!_Unwind_GetIP(ctx))
		return _URC_END_OF_STACK;
	f->pc[f->n++] = _Unwind_GetIP(ctx);
	return _URC_NO_REASON;
}

/* @self: it is the caller, who runs, wherever it is. */
static void say_header(struct dump *d, const struct seen *s, bool self)
{
	const char *state = s->state == G_RUNNING ? "running" : "runnable";
	int64_t minutes = 0;
	char name[64] = "";

	/* Set in go_blocking() only. */
	if (s->state == G_RUNNING && s->why == WAIT_BLOCKING && !self)
		state = wait_names[WAIT_BLOCKING];
	if (s->state == G_WAITING && s->why < NR_WAIT_WHY) {
		state = wait_names[s->why];
		if (s->since)
			minutes = (d->now / NSEC_PER_SEC - s->since) / 60;
	}
	if (s->name)
		peek_string(d, s->name, name, sizeof(name));
	dump_say(d, "goroutine %llu [%s", (unsigned long long)s->id, state);
	if (minutes >= 1)
		dump_say(d, ", %lld minutes", (long long)minutes);
	dump_say(d, "%s]: %s%s%s\n", s->flags & GO_PINNED ? ", locked to thread" : "", name,
		 name[0] ? ": " : "", symbol(d, (const void *)(uintptr_t)s->fn, false));
}

/*
 * Reads what there is of @g, until it held still meanwhile: *@s, and the frames of one that
 * is switched away. Returns how many; *@s is of one that is dead where it has ended.
 */
static size_t see(struct dump *d, const struct g *g, struct seen *s, uintptr_t *pc)
{
	struct seen again;
	size_t n = 0;

	look(g, &again);
	for (int tries = 0; tries < 8; tries++) {
		*s = again;
		if (s->state == G_DEAD || s->state == G_RUNNING || !s->sp || !s->stack)
			break;
		n = parked_frames(d, s, pc);
		look(g, &again);
		if (same(s, &again))
			break;
		n = 0;
	}
	return n;
}

static void dump_g(struct g *g, void *arg)
{
	struct dump *d = arg;
	uintptr_t pc[FRAMES];
	struct own_frames own = { .pc = pc };
	struct seen s;
	size_t n = see(d, g, &s, pc);

	if (s.state == G_DEAD)
		return;
	if (d->shown++)
		dump_say(d, "\n");
	say_header(d, &s, d->self == g);
	if (d->self == g) {
		_Unwind_Backtrace(own_frame, &own);
		n = own.n;
	} else if (s.state == G_RUNNING) {
		pid_t tid = thread_of(g);

		if (tid)
			dump_say(d, "\tgoroutine running on thread %d; stack unavailable\n", (int)tid);
	}
	say_frames(d, pc, n);
	if (s.state == G_WAITING && s.waiting)
		dump_waits(d, (enum wait_why)s.why, s.waiting);
	if (s.site)
		dump_say(d, "created by %s\n", symbol(d, (const char *)s.site - 1, true));
	flush(d);
}

/* @g, which doesn't run: where it is, and where it was made. */
void dump_where(struct dump *d, const struct g *g)
{
	uintptr_t pc[FRAMES];
	struct seen s;
	size_t n = see(d, g, &s, pc);

	say_frames(d, pc, n);
	if (s.site)
		dump_say(d, "created by %s\n", symbol(d, (const char *)s.site - 1, true));
}

/* A function's name. */
const char *dump_name(struct dump *d, const void *fn)
{
	return symbol(d, fn, false);
}

/* The caller, whatever it is. */
NOINLINE void dump_self(struct dump *d)
{
	uintptr_t pc[FRAMES];
	struct own_frames own = { .pc = pc };

	if (d->self) {
		dump_g((struct g *)d->self, d);
		return;
	}
	_Unwind_Backtrace(own_frame, &own);
	dump_say(d, "thread %d, no goroutine [running]:\n", gettid());
	say_frames(d, pc, own.n);
}

/* ------------------------------------------------------------------ all of them */

/* Where the runtime's code is, if it is not part of the program itself. */
static int find_own(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct dump *d = arg;
	uintptr_t own = (uintptr_t)&go_dump;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *ph = &info->dlpi_phdr[i];
		uintptr_t lo = info->dlpi_addr + ph->p_vaddr, hi = lo + ph->p_memsz;

		if (ph->p_type != PT_LOAD || own < lo || own >= hi)
			continue;
		if (info->dlpi_name && *info->dlpi_name) {
			d->own_lo = lo;
			d->own_hi = hi;
		}
		return 1;
	}
	return 0;
}

struct dump *dump_begin(int fd, const struct g *self)
{
	struct dump *d = mmap(NULL, sizeof(*d), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (d == MAP_FAILED)
		return NULL;
	d->fd = fd;
	d->self = self;
	d->now = go_now();
	d->pipe[0] = d->pipe[1] = -1;
	lines_begin(&d->lines);
	dl_iterate_phdr(find_own, d);
	return d;
}

int dump_end(struct dump *d)
{
	int err;

	flush(d);
	err = d->err;
	lines_end(&d->lines);
	for (int i = 0; i < 2; i++)
		if (d->pipe[i] >= 0)
			close(d->pipe[i]);
	munmap(d, sizeof(*d));
	return err;
}

/* All goroutines that are alive, to @fd; the runtime is held in place by the caller. */
int dump_all(int fd, const struct g *self)
{
	struct dump *d = dump_begin(fd, self);

	if (!d)
		return -ENOMEM;
	rcu_each_g(dump_g, d);
	return dump_end(d);
}

int go_dump(int fd)
{
	struct m *m = m_enter();
	int err = -EPERM;

	if (m) {
		const struct g *self = m->cur;

		/*
		 * Outside of the runtime: who reads @fd may need this P. If the run ends
		 * meanwhile, this thread is stopped before anything goes away.
		 */
		m_leave(m);
		err = dump_all(fd, self);
		/* The call is none that ends in a jump: go_dump() is the frame that is shown. */
		__asm__ volatile("" : "+r"(err));
		return err;
	}
	if (foreign_enter())
		err = dump_all(fd, NULL);
	foreign_exit();
	return err;
}

/* --------------------------------------------------------------- the monitor's */

static int64_t next_stamp;
static uint32_t quit_wanted;
static bool installed;
static pid_t pid;
static struct sigaction old_action;

struct stamping {
	uint32_t second;
	uint64_t n;
};

static void stamp(struct g *g, void *arg)
{
	struct stamping *s = arg;

	/* If it goes on and parks again just now, it gets the stamp a little early. */
	if (load_relaxed(&g->state) == G_WAITING && !load_relaxed(&g->since)) {
		store_relaxed(&g->since, s->second);
		s->n++;
	}
}

bool dump_wanted(void)
{
	return load_seq(&quit_wanted);
}

static GO_NORETURN void quit(void)
{
	static const char head[] = "SIGQUIT: quit\n\n";
	static const char no_memory[] = "no memory to dump the goroutines\n";

	if (write(STDERR_FILENO, head, sizeof(head) - 1) > 0 &&
	    dump_all(STDERR_FILENO, NULL) == -ENOMEM &&
	    write(STDERR_FILENO, no_memory, sizeof(no_memory) - 1) < 0)
		die_now();
	die_now();
}

/*
 * Dumps if that is wanted, stamps if it is time. Returns when it will be. @idle: all Ps
 * are; once nothing is left to stamp then, there is nothing to wake up for.
 */
int64_t dump_tick(int64_t now, bool idle)
{
	struct stamping s = { .second = (uint32_t)(now / NSEC_PER_SEC) };

	if (dump_wanted())
		quit();
	if (now < next_stamp)
		return next_stamp;
	rcu_each_g(stamp, &s);
	/* At most a hundredth of a processor, however many there are. */
	next_stamp = go_now();
	next_stamp += 100 * (next_stamp - now);
	if (next_stamp < now + STAMP_EVERY)
		next_stamp = now + STAMP_EVERY;
	return idle && !s.n ? NEVER : next_stamp;
}

static void on_quit(int sig)
{
	int err = errno;

	(void)sig;
	if (getpid() == pid) {
		store_seq(&quit_wanted, 1);
		sysmon_kick();
	} else {
		/* In a child made by fork() there is no monitor. The default action comes next. */
		kill(getpid(), SIGQUIT);
	}
	errno = err;
}

void dump_init(void)
{
	struct sigaction act = { .sa_handler = on_quit,
				 .sa_flags = SA_RESETHAND | SA_RESTART | SA_ONSTACK };

	next_stamp = go_now() + STAMP_EVERY;
	pid = getpid();
	sigfillset(&act.sa_mask);
	installed = !sigaction(SIGQUIT, NULL, &old_action) &&
		    !(old_action.sa_flags & SA_SIGINFO) && old_action.sa_handler == SIG_DFL &&
		    !sigaction(SIGQUIT, &act, NULL);
}

/* The run ends, its goroutines are still there. A SIGQUIT that just came is not lost. */
void dump_exit(void)
{
	struct sigaction now;

	if (!installed)
		return;
	if (!sigaction(SIGQUIT, NULL, &now) && !(now.sa_flags & SA_SIGINFO) &&
	    now.sa_handler == on_quit)
		sigaction(SIGQUIT, &old_action, NULL);
	if (dump_wanted())
		quit();
}
