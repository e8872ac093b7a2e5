// SPDX-License-Identifier: GPL-2.0-only
/*
 * jump.c - setjmp() and longjmp() within a goroutine, also where it has changed its
 * thread in between; and a context of the program's own (swapcontext()) inside one.
 */
#include "mover.h"
#include <setjmp.h>
#include <ucontext.h>

static struct go_waitgroup wg;

/* Behind a pointer, so that the compiler doesn't conclude that deep() never ends. */
static void (*volatile jump)(jmp_buf env, int val) = longjmp;

static noinline void deep(jmp_buf env, struct go_chan *back, int n)
{
	volatile char frame[200];

	frame[0] = n;
	if (n) {
		deep(env, back, n - 1);
		frame[1] = frame[0];
		return;
	}
	change_thread(back);
	jump(env, 1000);
}

static void jumps(void *arg)
{
	struct go_chan *back = make_chan(0, 0);
	uint64_t id = go_id();
	volatile size_t i;
	size_t n = scaled(200);
	jmp_buf env;

	for (i = 0; i < n; i++) {
		volatile pid_t before = thread_id();
		int ret = setjmp(env);

		if (!ret)
			deep(env, back, i % 20);
		CHECK_EQ(1000, ret);
		CHECK(before != thread_id());
		CHECK_EQ(id, go_id());
	}
	go_chan_free(back);
	go_wg_done(&wg);
}

static void many_jump(void *arg)
{
	start_movers();
	go_wg_add(&wg, 4);
	start_n(4, jumps);
	go_wg_wait(&wg);
	stop_movers();
}

TEST(longjmp_on_another_thread)
{
	run_on(MOVER_PROCS, many_jump, NULL);
}

/* ------------------------------------------------------- contexts of its own */

/* Valgrind takes a jump to memory that it doesn't know as a stack for a large frame. */
#ifdef VALGRIND_STACK_REGISTER
static unsigned int valgrind_stack(char *stack, size_t size)
{
	return VALGRIND_STACK_REGISTER(stack, stack + size);
}

static void valgrind_no_stack(unsigned int id)
{
	VALGRIND_STACK_DEREGISTER(id);
}
#else
static unsigned int valgrind_stack(char *stack, size_t size)
{
	return 0;
}

static void valgrind_no_stack(unsigned int id)
{
}
#endif

struct generator {
	ucontext_t self, caller;
	struct go_chan *back;
	int value;
	char stack[64 << 10] __attribute__((__aligned__(16)));
};

static void generate(unsigned int hi, unsigned int lo)
{
	struct generator *g = (void *)((uintptr_t)hi << 32 | lo);

	for (g->value = 0; g->value < 50; g->value++) {
		/* The goroutine waits, and goes on elsewhere, on this stack. */
		change_thread(g->back);
		swapcontext(&g->self, &g->caller);
	}
	g->value = -1;
}

static void generates(void *arg)
{
	struct generator *g = malloc(sizeof(*g));
	uint64_t id = go_id();
	unsigned int stack;
	int i;

	CHECK(g);
	stack = valgrind_stack(g->stack, sizeof(g->stack));
	g->back = make_chan(0, 0);
	CHECK_EQ(0, getcontext(&g->self));
	g->self.uc_stack.ss_sp = g->stack;
	g->self.uc_stack.ss_size = sizeof(g->stack);
	g->self.uc_link = &g->caller;
	makecontext(&g->self, (void (*)(void))generate, 2,
		    (unsigned int)((uintptr_t)g >> 32), (unsigned int)(uintptr_t)g);
	for (i = 0; i <= 50; i++) {
		CHECK_EQ(0, swapcontext(&g->caller, &g->self));
		CHECK_EQ(i < 50 ? i : -1, g->value);
		CHECK_EQ(id, go_id());
		change_thread(g->back);
	}
	go_chan_free(g->back);
	valgrind_no_stack(stack);
	free(g);
	go_wg_done(&wg);
}

static void many_generate(void *arg)
{
	start_movers();
	go_wg_add(&wg, 4);
	start_n(4, generates);
	go_wg_wait(&wg);
	stop_movers();
}

TEST(swapcontext_inside)
{
	if (TEST_ASAN || TEST_TSAN)
		SKIP(return, "a sanitizer isn't told of a stack that is the program's own");
	run_on(MOVER_PROCS, many_generate, NULL);
}

TEST_HARNESS_MAIN
