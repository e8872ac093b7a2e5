// SPDX-License-Identifier: GPL-2.0-only
/*
 * fenv.c - the floating-point control state (x87 control word and mxcsr, FPCR) is
 * a goroutine's own, as the ABI demands of whatever looks like a function call.
 */
#include "test.h"
#include <fenv.h>

static struct go_waitgroup wg;
static struct go_chan *ch;

static const int mode[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
/* Does 1 plus very little come out as more than 1; -1 minus very little as less? */
static const bool up[] = { false, true, false, false };
static const bool down[] = { false, false, true, false };

static void rounds(void *arg)
{
	int me = (intptr_t)arg % 4, i;
	volatile double one = 1, little = 0x1p-60, x;
	volatile long double long_one = 1, long_little = 0x1p-120L, y;

	CHECK_EQ(0, fesetround(mode[me]));
	for (i = 0; i < 300; i++) {
		if (i % 3 == 0)
			go_yield();
		else if (i % 3 == 1)
			go_send(ch, &i);
		else
			go_recv(ch, NULL);
		CHECK_EQ(mode[me], fegetround());
		x = one + little;
		CHECK_EQ(up[me], x > 1);
		x = -one - little;
		CHECK_EQ(down[me], x < -1);
		y = long_one + long_little;
		CHECK_EQ(up[me], y > 1);
		y = -long_one - long_little;
		CHECK_EQ(down[me], y < -1);
	}
	go_wg_done(&wg);
}

static void own_modes(void *arg)
{
	ch = make_chan(sizeof(int), 32);
	go_wg_add(&wg, 32);
	start_n(32, rounds);
	go_wg_wait(&wg);
	CHECK_EQ(FE_TONEAREST, fegetround());
}

static void leaves_it_changed(void *arg)
{
	fesetround(FE_UPWARD);
	go_wg_done(&wg);
}

static void begins_clean(void *arg)
{
	CHECK_EQ(FE_TONEAREST, fegetround());
	go_wg_done(&wg);
}

/* Whoever ran on this stack, or this thread, before. */
static void clean_start(void *arg)
{
	int i;

	for (i = 0; i < 200; i++) {
		go_wg_add(&wg, 2);
		start(leaves_it_changed, NULL);
		start(begins_clean, NULL);
		go_wg_wait(&wg);
		CHECK_EQ(FE_TONEAREST, fegetround());
	}
}

TEST(own_rounding_on_one_p)
{
	run_on(1, own_modes, NULL);
	ASSERT_EQ(FE_TONEAREST, fegetround());
}

TEST(own_rounding_on_four_ps)
{
	run_on(4, own_modes, NULL);
	ASSERT_EQ(FE_TONEAREST, fegetround());
}

TEST(begins_with_default)
{
	run_on(1, clean_start, NULL);
	run_on(4, clean_start, NULL);
}

TEST_HARNESS_MAIN
