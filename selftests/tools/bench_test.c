// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_test.c - ratios and targets of `gvt bench`, on synthetic figures.
 */
#include <string.h>

#include "bench/bench.h"
#include "kselftest_harness.h"

/* Below 0: not measured. */
static struct figure figure(double value)
{
	return figure_from(&value, value >= 0);
}

static struct bench_point point(double libgo, double go)
{
	struct bench_point p;

	memset(&p, 0, sizeof(p));
	p.side[BENCH_LIBGO] = figure(libgo);
	p.side[BENCH_GO] = figure(go);
	return p;
}

static enum reached reached(enum target_kind kind, double value, double libgo, double go)
{
	const struct target t = { kind, value };
	struct bench_point p = point(libgo, go);

	return bench_reached(&t, &p);
}

TEST(ratio_is_go_by_libgo)
{
	struct bench_point p = point(20, 120);
	double ratio = 0;

	ASSERT_TRUE(bench_ratio(&p, &ratio));
	EXPECT_EQ(6, ratio);
}

TEST(no_ratio_without_both_or_by_zero)
{
	struct bench_point no_libgo = point(-1, 120), no_go = point(20, -1), zero = point(0, 120);
	double ratio;

	EXPECT_FALSE(bench_ratio(&no_libgo, &ratio));
	EXPECT_FALSE(bench_ratio(&no_go, &ratio));
	EXPECT_FALSE(bench_ratio(&zero, &ratio));
}

TEST(ratio_of_least_is_of_the_least)
{
	double libgo[] = { 30, 20, 10 }, go[] = { 50, 900, 120 }, ratio = 0;
	struct bench_point p = point(-1, -1);

	EXPECT_FALSE(bench_ratio_of_least(&p, &ratio));
	p.side[BENCH_LIBGO] = figure_from(libgo, 3);
	EXPECT_FALSE(bench_ratio_of_least(&p, &ratio));
	p.side[BENCH_GO] = figure_from(go, 3);
	ASSERT_TRUE(bench_ratio_of_least(&p, &ratio));
	EXPECT_EQ(5, ratio);
	ASSERT_TRUE(bench_ratio(&p, &ratio));
	EXPECT_EQ(6, ratio);
}

TEST(threads_are_not_in_the_ratio)
{
	struct bench_point p = point(20, 120);
	double ratio = 0;

	p.side[BENCH_PTHREAD] = figure(1);
	ASSERT_TRUE(bench_ratio(&p, &ratio));
	EXPECT_EQ(6, ratio);
}

TEST(target_of_a_ratio)
{
	EXPECT_EQ(REACHED_YES, reached(TARGET_RATIO, 6, 10, 60));
	EXPECT_EQ(REACHED_YES, reached(TARGET_RATIO, 6, 10, 600));
	EXPECT_EQ(REACHED_NO, reached(TARGET_RATIO, 6, 10, 59.999));
	EXPECT_EQ(REACHED_YES, reached(TARGET_RATIO, 1, 10, 10));
	EXPECT_EQ(REACHED_NO, reached(TARGET_RATIO, 1, 10, 9));
	EXPECT_EQ(REACHED_UNKNOWN, reached(TARGET_RATIO, 6, 10, -1));
	EXPECT_EQ(REACHED_UNKNOWN, reached(TARGET_RATIO, 6, -1, 60));
}

TEST(target_of_a_size_needs_no_go)
{
	EXPECT_EQ(REACHED_YES, reached(TARGET_MOST, 256, 256, -1));
	EXPECT_EQ(REACHED_NO, reached(TARGET_MOST, 256, 256.5, 1));
	EXPECT_EQ(REACHED_YES, reached(TARGET_MOST, 256, 0, 2048));
	EXPECT_EQ(REACHED_UNKNOWN, reached(TARGET_MOST, 256, -1, 2048));
}

/* libgo's figure on @procs[0] and @procs[1] Ps */
static enum reached scales(const char *unit, int first, double a, int second, double b)
{
	const struct workload w = { .name = "w", .unit = unit };
	struct bench bench = { .procs = { first, second }, .nr_procs = 2 };
	struct bench_row row;

	memset(&row, 0, sizeof(row));
	row.w = &w;
	row.at[0] = point(a, 1);
	row.at[1] = point(b, 1);
	return bench_scales(&bench, &row);
}

TEST(two_may_be_a_tenth_slower_than_one)
{
	EXPECT_EQ(REACHED_YES, scales("ns", 1, 100, 2, 50));
	EXPECT_EQ(REACHED_YES, scales("ns", 1, 100, 2, 110));
	EXPECT_EQ(REACHED_NO, scales("ns", 1, 100, 2, 110.5));
}

TEST(two_before_one_is_the_same)
{
	EXPECT_EQ(REACHED_YES, scales("ns", 2, 110, 1, 100));
	EXPECT_EQ(REACHED_NO, scales("ns", 2, 111, 1, 100));
}

TEST(no_growth_without_one_and_two_or_of_bytes)
{
	EXPECT_EQ(REACHED_UNKNOWN, scales("ns", 1, 100, 4, 500));
	EXPECT_EQ(REACHED_UNKNOWN, scales("ns", 2, 100, 4, 500));
	EXPECT_EQ(REACHED_UNKNOWN, scales("ns", 1, -1, 2, 500));
	EXPECT_EQ(REACHED_UNKNOWN, scales("ns", 1, 100, 2, -1));
	EXPECT_EQ(REACHED_UNKNOWN, scales("bytes", 1, 100, 2, 500));
}

TEST_HARNESS_MAIN
