// SPDX-License-Identifier: GPL-2.0-only
/*
 * stack_overflow.c - a goroutine that uses up its stack ends the process, which says
 * which one it was; it does not write into its neighbour's. Status 2, as for a panic.
 *
 * Each step of the ladder of guards is asked for in turn (LIBGO_GUARD), since only one
 * of them is what this machine has by default.
 */
#include "test.h"

static struct go_waitgroup wg;
static struct go_chan *gate;

static noinline int endless(volatile int *up)
{
	volatile int here[64];

	here[0] = *up + 1;
	if (here[0] < 0)
		return 0;
	return endless(here) + here[0];
}

void overflows(void *arg);
void overflows(void *arg)
{
	volatile int begin = 0;

	dprintf(2, "begins %lu\n", (unsigned long)go_id());
	dprintf(2, "ends %d\n", endless(&begin));
}

static void neighbour(void *arg)
{
	go_wg_done(&wg);
	go_recv(gate, NULL);
}

struct overflow {
	struct go_attr attr;
	const char *guard;
	void (*fn)(void *);
};

static void overflow(void *arg)
{
	const struct overflow *o = arg;

	/* Stacks on both sides of it. */
	gate = make_chan(0, 0);
	go_wg_add(&wg, 64);
	start_n(32, neighbour);
	CHECK_EQ(0, go_with(&o->attr, o->fn ? o->fn : overflows, NULL));
	start_n(32, neighbour);
	go_wg_wait(&wg);
	for (;;)
		go_yield();
}

static void run_overflow(void *arg)
{
	struct overflow *o = arg;

	if (o->guard)
		setenv("LIBGO_GUARD", o->guard, 1);
	run_on(1, overflow, arg);
}

/* "goroutine N [running]:" with the number that it wrote itself, and what is said of it. */
static bool reported(const struct child *c, const char *who, size_t size)
{
	const char *line = find_line(c->err, "begins ");
	unsigned long id = line ? strtoul(line + strlen("begins "), NULL, 10) : 0;
	char number[64], stack[96];

	snprintf(number, sizeof(number), "goroutine %lu [running]:", id);
	snprintf(stack, sizeof(stack), "its stack is %zu bytes; go_with() makes a larger one",
		 size);
	line = find_whole_line(c->err, "fatal error: stack overflow");
	line = line ? find_whole_line(line, number) : NULL;
	line = line ? find_whole_line(line, who) : NULL;
	return exited_with(c, 2) && id && line && find_whole_line(line, stack) &&
	       !find_line(c->err, "ends");
}

static void overflow_reported(struct __test_metadata *_metadata, struct overflow *o,
			      const char *who)
{
	static struct child c;

	run_child(&c, run_overflow, o);
	ASSERT_TRUE(reported(&c, who, o->attr.stack_size ? o->attr.stack_size : 256 * 1024))
		show_child(&c);
}

static void look_for_guards(void *arg)
{
	const struct overflow *o = arg;
	struct go_stats s;

	go_wg_add(&wg, 10);
	gate = make_chan(0, 0);
	start_n(10, neighbour);
	go_wg_wait(&wg);
	go_stats(&s);
	CHECK(s.guards_installed + s.guards_protected + s.guards_canary > 0);
	if (!o->guard)
		_exit(s.guards_installed + s.guards_protected ? 10 : 11);
	if (!strcmp(o->guard, "mprotect"))
		_exit(s.guards_protected ? 10 : 11);
	_exit(s.guards_canary ? 10 : 11);
}

static void run_look_for_guards(void *arg)
{
	const struct overflow *o = arg;

	if (o->guard)
		setenv("LIBGO_GUARD", o->guard, 1);
	run_on(1, look_for_guards, arg);
}

#define NEEDS_GUARDS(which) do {					\
	static struct overflow o_ = { .guard = which };			\
	static struct child c_;						\
									\
	run_child(&c_, run_look_for_guards, &o_);			\
	if (exited_with(&c_, 11))					\
		SKIP(return, "such guards can't be had for stacks here");	\
	ASSERT_TRUE(exited_with(&c_, 10))				\
		show_child(&c_);					\
} while (0)

TEST(default_size)
{
	struct overflow o = {};

	NEEDS_GUARDS(NULL);
	overflow_reported(_metadata, &o, "overflows");
}

TEST(named)
{
	struct overflow o = { .attr.name = "deep one" };

	NEEDS_GUARDS(NULL);
	overflow_reported(_metadata, &o, "deep one: overflows");
}

TEST(small)
{
	struct overflow o = { .attr = { .stack_size = 16384, .name = "small" } };

	NEEDS_GUARDS(NULL);
	overflow_reported(_metadata, &o, "small: overflows");
}

TEST(large)
{
	struct overflow o = { .attr.stack_size = 1 << 20 };

	NEEDS_GUARDS(NULL);
	overflow_reported(_metadata, &o, "overflows");
}

TEST(guarded_by_mprotect)
{
	struct overflow o = { .guard = "mprotect" };

	NEEDS_GUARDS("mprotect");
	overflow_reported(_metadata, &o, "overflows");
}

TEST(small_guarded_by_mprotect)
{
	struct overflow o = { .guard = "mprotect", .attr.stack_size = 16384 };

	NEEDS_GUARDS("mprotect");
	overflow_reported(_metadata, &o, "overflows");
}

/* What lies where a frame would be that is too much: in a mapping of 16 KiB and a page. */
void writes_below(void *arg);
void writes_below(void *arg)
{
	uintptr_t top = ((uintptr_t)__builtin_frame_address(0) | 4095) + 1;
	volatile char *lowest = (volatile char *)(top - 16384 - 4096);

	dprintf(2, "begins %lu\n", (unsigned long)go_id());
	*lowest = 1;
}

/* Nothing stops it, but who has written there is told when it ends. */
TEST(canary)
{
	struct overflow o = { .guard = "canary",
			      .fn = writes_below,
			      .attr = { .stack_size = 16384, .name = "low" } };

	NEEDS_GUARDS("canary");
	overflow_reported(_metadata, &o, "low: writes_below");
}

/* ------------------------------------------- signals that find no room on a stack */

static void on_usr1(int sig)
{
	dprintf(2, "ends: handled\n");
}

static noinline int low(uintptr_t until)
{
	volatile char here[256];

	here[0] = 1;
	if ((uintptr_t)here > until)
		return low(until) + here[0];
	return syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1) + here[0];
}

void low_on_stack(void *arg);
void low_on_stack(void *arg)
{
	uintptr_t top = ((uintptr_t)__builtin_frame_address(0) | 4095) + 1;

	dprintf(2, "begins %lu\n", (unsigned long)go_id());
	signal(SIGUSR1, on_usr1);
	/* No frame of a signal is as small as what is left then. */
	dprintf(2, "ends %d\n", low(top - 16384 + 700));
}

static bool emulated(void)
{
	/* Only an emulator of one process has a thread of its own in this one. */
	return has_hidden_thread() && !TEST_TSAN && !TEST_ASAN;
}

TEST(no_room_for_a_signal)
{
	struct overflow o = { .fn = low_on_stack, .attr.stack_size = 16384 };

	if (TEST_TSAN)
		SKIP(return, "TSan calls handlers later, where there is room");
	if (TEST_ASAN)
		SKIP(return, "frames are larger under ASan than what is left here");
	if (emulated())
		SKIP(return, "the emulator does not lay frames of signals down as a kernel does");
	NEEDS_GUARDS(NULL);
	overflow_reported(_metadata, &o, "low_on_stack");
}

TEST_HARNESS_MAIN
