// SPDX-License-Identifier: GPL-2.0-only
/*
 * gdb_sample.c - a program for gdb.sh to look at: goroutines in known places.
 *
 * All of them but one are parked before it is started: with one P they take turns. It
 * runs on the second P, and one that never started waits behind main. No goroutine
 * loses its P meanwhile (gdb.sh sets LIBGO_DEBUG). "core": then it dies.
 */
#include <fenv.h>
#include <libgo.h>
#include <stdlib.h>
#include <string.h>

#define noinline __attribute__((__noinline__))
#define here() __asm__ volatile("" ::: "memory")
/* @x is still needed here, so its value is kept, and the call before is no jump. */
#define keep(x) __asm__ volatile("" : : "r"(x) : "memory")

void sample_ready(void);
void steps_done(void);

static struct go_chan *ch;
static struct go_waitgroup wg;
static volatile int spinning;

static noinline void recv_inner(int depth)
{
	if (depth)
		recv_inner(depth - 1);
	else
		go_recv(ch, NULL);
	keep(depth);
}

static void sample_recv(void *arg)
{
	recv_inner(3);
	keep(arg);
}

static void sample_wait(void *arg)
{
	go_wg_wait(&wg);
	here();
}

static int compare(const void *a, const void *b)
{
	go_sleep(INT64_C(1000000000000));
	return 0;
}

/* With frames of libc's between its own. */
static void sample_sort(void *arg)
{
	int n[] = { 3, 1, 2 };

	qsort(n, 3, sizeof(n[0]), compare);
}

static void sample_spin(void *arg)
{
	spinning = 1;
	while (spinning)
		;
}

static void sample_fresh(void *arg)
{
}

noinline void sample_ready(void)
{
	here();
}

/* ------------------------------------------------- switches to step through */

static void step_c(void *arg)
{
	go_yield();
	here();
	steps_done();
}

static void step_b(void *arg)
{
	for (;;) {
		go_yield();
		here();
	}
}

static noinline void step_a(void *arg)
{
	go_yield();		/* to one that started, with the same control words */
	fesetround(FE_UPWARD);
	go_yield();		/* with others */
	fesetround(FE_TONEAREST);
	go(step_c, NULL);
	go_yield();		/* to a new stack */
	go_recv(ch, NULL);
	here();
}

noinline void steps_done(void)
{
	here();
}

static void sample_main(void *arg)
{
	const struct go_attr alice = { .name = "alice" };

	ch = go_chan_make(0, 0);
	go_wg_add(&wg, 1);
	if (!strcmp(arg, "steps")) {
		go(step_b, NULL);
		go_yield();
		step_a(NULL);
		here();		/* this function stays in the frames: no tail call */
		return;
	}
	go(sample_recv, NULL);
	go_with(&alice, sample_wait, NULL);
	go(sample_sort, NULL);
	go_yield();
	go_maxprocs(2);
	go(sample_spin, NULL);
	while (!spinning)
		;
	go(sample_fresh, NULL);
	sample_ready();
	if (!strcmp(arg, "core"))
		abort();
}

int main(int argc, char **argv)
{
	go_maxprocs(1);
	return go_run(sample_main, argc > 1 ? argv[1] : "") ? 1 : 0;
}
