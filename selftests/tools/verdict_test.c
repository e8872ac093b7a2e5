// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict_test.c - the result type's arithmetic and the verdict, on synthetic results.
 */
#include <string.h>

#include "kselftest_harness.h"
#include "result.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* A result with one metric "m" whose figures are given; below 0: not measured. */
static void fill(struct result *r, double thread, double goroutine)
{
	double value[SIDES] = { thread, goroutine };

	memset(r, 0, sizeof(*r));
	r->name = "synthetic";
	r->claim = "none";
	r->nr_metrics = 1;
	r->metrics[0].name = "m";
	r->metrics[0].unit = "ns";
	for (int s = 0; s < SIDES; s++) {
		if (value[s] >= 0)
			r->metrics[0].side[s] = figure_from(&value[s], 1);
		else
			strcpy(r->metrics[0].missing[s], "no luck");
	}
}

static enum verdict judge(struct result *r, enum expect kind, enum side side, double bound)
{
	const struct expectation e = { kind, "m", side, bound };

	verdict_compute(r, &e, 1, true);
	return r->verdict;
}

TEST(median_of_odd_and_even)
{
	double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 9, 2 };
	struct figure f = figure_from(odd, N(odd));

	ASSERT_TRUE(f.measured);
	EXPECT_EQ(5, f.median);
	EXPECT_EQ(1, f.min);
	EXPECT_EQ(9, f.max);
	f = figure_from(even, N(even));
	EXPECT_EQ(3, f.median);
	EXPECT_EQ(1, f.min);
	EXPECT_EQ(9, f.max);
}

TEST(no_values_are_no_figure)
{
	EXPECT_FALSE(figure_from(NULL, 0).measured);
}

TEST(ratio_is_thread_by_goroutine)
{
	struct result r;
	double ratio = 0;

	fill(&r, 3000, 20);
	ASSERT_TRUE(metric_ratio(&r.metrics[0], &ratio));
	EXPECT_EQ(150, ratio);
}

TEST(no_ratio_without_both_sides_or_by_zero)
{
	struct result r;
	double ratio;

	fill(&r, -1, 20);
	EXPECT_FALSE(metric_ratio(&r.metrics[0], &ratio));
	fill(&r, 20, -1);
	EXPECT_FALSE(metric_ratio(&r.metrics[0], &ratio));
	fill(&r, 20, 0);
	EXPECT_FALSE(metric_ratio(&r.metrics[0], &ratio));
}

TEST(ratio_at_least)
{
	struct result r;

	fill(&r, 1000, 10);
	EXPECT_EQ(VERDICT_HOLDS, judge(&r, EXPECT_RATIO_MIN, SIDE_THREAD, 100));
	EXPECT_EQ(VERDICT_FAILS, judge(&r, EXPECT_RATIO_MIN, SIDE_THREAD, 100.5));
	EXPECT_NE(NULL, strstr(r.why, "m 100x, but expected at least"));
}

TEST(ratio_at_most)
{
	struct result r;

	fill(&r, 10, 1000);
	EXPECT_EQ(VERDICT_HOLDS, judge(&r, EXPECT_RATIO_MAX, SIDE_THREAD, 0.01));
	EXPECT_EQ(VERDICT_FAILS, judge(&r, EXPECT_RATIO_MAX, SIDE_THREAD, 0.009));
}

TEST(one_side_at_least_and_at_most)
{
	struct result r;

	fill(&r, 10, 1000);
	EXPECT_EQ(VERDICT_HOLDS, judge(&r, EXPECT_SIDE_MIN, SIDE_THREAD, 10));
	EXPECT_EQ(VERDICT_FAILS, judge(&r, EXPECT_SIDE_MIN, SIDE_THREAD, 11));
	EXPECT_EQ(VERDICT_HOLDS, judge(&r, EXPECT_SIDE_MAX, SIDE_GOROUTINE, 1000));
	EXPECT_EQ(VERDICT_FAILS, judge(&r, EXPECT_SIDE_MAX, SIDE_GOROUTINE, 999));
}

TEST(missing_side_is_not_measured_with_its_reason)
{
	struct result r;

	fill(&r, -1, 10);
	EXPECT_EQ(VERDICT_NOT_MEASURED, judge(&r, EXPECT_RATIO_MIN, SIDE_THREAD, 100));
	EXPECT_NE(NULL, strstr(r.why, "no luck"));
	EXPECT_EQ(VERDICT_NOT_MEASURED, judge(&r, EXPECT_SIDE_MIN, SIDE_THREAD, 1));
	EXPECT_EQ(VERDICT_HOLDS, judge(&r, EXPECT_SIDE_MIN, SIDE_GOROUTINE, 1));
	EXPECT_NE(NULL, strstr(r.why, "no luck"));
}

/* Threads had no second CPU: that goroutines had none either says nothing about them. */
TEST(without_ground_nothing_is_told)
{
	const struct expectation e[] = {
		{ EXPECT_GROUND_MIN, "m", SIDE_THREAD, 5 },
		{ EXPECT_SIDE_MIN, "m", SIDE_GOROUTINE, 5 },
	};
	struct result r;

	fill(&r, 4, 4);
	verdict_compute(&r, e, N(e), true);
	EXPECT_EQ(VERDICT_NOT_MEASURED, r.verdict);
	EXPECT_NE(NULL, strstr(r.why, "others use the machine"));
	fill(&r, 6, 4);
	verdict_compute(&r, e, N(e), true);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);
	fill(&r, 6, 6);
	verdict_compute(&r, e, N(e), true);
	EXPECT_EQ(VERDICT_HOLDS, r.verdict);
	fill(&r, -1, 6);
	verdict_compute(&r, e, N(e), true);
	EXPECT_EQ(VERDICT_NOT_MEASURED, r.verdict);
}

TEST(peers_are_judged_by_their_place)
{
	const struct expectation e[] = {
		{ EXPECT_PEER_MIN, "m", PEER(1), 5 },
		{ EXPECT_PEER_MAX, "m", PEER(1), 7 },
	};
	struct result r;
	double six = 6, eight = 8;

	fill(&r, 1, 1);
	r.peers[0] = "first";
	r.peers[1] = "second";
	r.nr_peers = 2;
	strcpy(r.metrics[0].peer_missing[1], "second: no luck");
	verdict_compute(&r, e, N(e), true);
	EXPECT_EQ(VERDICT_NOT_MEASURED, r.verdict);
	EXPECT_NE(NULL, strstr(r.why, "second: no luck"));
	r.metrics[0].peer[1] = figure_from(&six, 1);
	verdict_compute(&r, e, N(e), true);
	EXPECT_EQ(VERDICT_HOLDS, r.verdict);
	EXPECT_NE(NULL, strstr(r.why, "m of second 6"));
	r.metrics[0].peer[1] = figure_from(&eight, 1);
	verdict_compute(&r, e, N(e), true);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);
}

TEST(metric_that_is_not_there_is_not_measured)
{
	const struct expectation e = { EXPECT_RATIO_MIN, "other", SIDE_THREAD, 1 };
	struct result r;

	fill(&r, 10, 1);
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_NOT_MEASURED, r.verdict);
}

TEST(nothing_expected_is_not_measured)
{
	struct result r;

	fill(&r, 10, 1);
	verdict_compute(&r, NULL, 0, true);
	EXPECT_EQ(VERDICT_NOT_MEASURED, r.verdict);
}

TEST(failing_outweighs_missing)
{
	const struct expectation e[] = {
		{ EXPECT_RATIO_MIN, "other", SIDE_THREAD, 1 },
		{ EXPECT_RATIO_MIN, "m", SIDE_THREAD, 100 },
		{ EXPECT_RATIO_MIN, "m", SIDE_THREAD, 1 },
	};
	struct result r;

	fill(&r, 10, 1);
	verdict_compute(&r, e, N(e), true);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);
}

TEST(verdict_is_computed_anew)
{
	struct result r;

	fill(&r, 10, 1);
	EXPECT_EQ(VERDICT_FAILS, judge(&r, EXPECT_RATIO_MIN, SIDE_THREAD, 100));
	EXPECT_EQ(VERDICT_HOLDS, judge(&r, EXPECT_RATIO_MIN, SIDE_THREAD, 10));
	EXPECT_EQ(NULL, strstr(r.why, "but"));
}

/* What was made is what was counted: one more, or one less, is seen. */
TEST(creations_are_compared_exactly)
{
	const struct expectation e = { EXPECT_MADE, NULL, SIDE_THREAD, 0 };
	struct side_counts *c;
	struct result r;

	fill(&r, 10, 1);
	c = &r.counts[SIDE_THREAD];
	c->made = 1000;
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_NOT_MEASURED, r.verdict);
	counters_set(&c->counters, CTR_THREAD_CREATIONS, 1000);
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_HOLDS, r.verdict);
	counters_set(&c->counters, CTR_THREAD_CREATIONS, 1001);
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);
	counters_set(&c->counters, CTR_THREAD_CREATIONS, 999);
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);
}

/* procfs counts the whole system: more is possible, less is not. */
TEST(creations_of_the_whole_system_are_an_upper_bound)
{
	const struct expectation e = { EXPECT_MADE, NULL, SIDE_THREAD, 0 };
	struct side_counts *c;
	struct result r;

	fill(&r, 10, 1);
	c = &r.counts[SIDE_THREAD];
	c->made = 1000;
	counters_set(&c->counters, CTR_THREAD_CREATIONS, 1001);
	verdict_compute(&r, &e, 1, false);
	EXPECT_EQ(VERDICT_HOLDS, r.verdict);
	counters_set(&c->counters, CTR_THREAD_CREATIONS, 999);
	verdict_compute(&r, &e, 1, false);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);
}

/* Goroutines are counted for one process by either source. */
TEST(goroutine_creations_are_always_exact)
{
	const struct expectation e = { EXPECT_MADE, NULL, SIDE_GOROUTINE, 0 };
	struct side_counts *c;
	struct result r;

	fill(&r, 10, 1);
	c = &r.counts[SIDE_GOROUTINE];
	c->made = 1000;
	counters_set(&c->counters, CTR_GOROUTINE_CREATIONS, 1001);
	verdict_compute(&r, &e, 1, false);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);
}

/* However many reasons there are, the text ends inside its room. */
TEST(reasons_do_not_overflow)
{
	static struct expectation e[200];
	struct result r;

	fill(&r, 10, 1);
	for (size_t i = 0; i < N(e); i++)
		e[i] = (struct expectation){ EXPECT_RATIO_MIN, "m", SIDE_THREAD, 100 };
	verdict_compute(&r, e, N(e), true);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);
	EXPECT_GT(sizeof(r.why), strlen(r.why));
}

/* The medians differ, but either side has had the other's figures. */
TEST(overlapping_repetitions_are_unsure)
{
	double low[] = { 1, 2, 6 }, high[] = { 5, 8, 9 }, higher[] = { 7, 8, 9 };
	const struct expectation e = { EXPECT_RATIO_MIN, "m", SIDE_THREAD, 2 };
	struct result r;

	fill(&r, 1, 1);
	r.metrics[0].side[SIDE_THREAD] = figure_from(high, N(high));
	r.metrics[0].side[SIDE_GOROUTINE] = figure_from(low, N(low));
	EXPECT_TRUE(metric_unsure(&r.metrics[0]));
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_HOLDS, r.verdict);
	EXPECT_NE(NULL, strstr(r.why, "unsure"));

	r.metrics[0].side[SIDE_THREAD] = figure_from(higher, N(higher));
	EXPECT_FALSE(metric_unsure(&r.metrics[0]));
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(NULL, strstr(r.why, "unsure"));
}

/* What the spread may turn around is not told; a bound far beyond it is missed for certain. */
TEST(a_bound_within_the_spread_is_not_missed)
{
	double low[] = { 1, 2, 6 }, high[] = { 5, 8, 9 }, higher[] = { 7, 8, 9 };
	struct expectation e = { EXPECT_RATIO_MIN, "m", SIDE_THREAD, 1 };
	struct result r;

	fill(&r, 1, 1);
	r.metrics[0].side[SIDE_THREAD] = figure_from(low, N(low));
	r.metrics[0].side[SIDE_GOROUTINE] = figure_from(high, N(high));
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_NOT_MEASURED, r.verdict);
	EXPECT_NE(NULL, strstr(r.why, "can't be told, as the repetitions of both sides overlap"));
	EXPECT_NE(NULL, strstr(r.why, "without --quick"));
	EXPECT_EQ(NULL, strstr(r.why, "but expected"));
	/* 6 by 5 at best. */
	e.bound = 1.3;
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);
	e = (struct expectation){ EXPECT_RATIO_MAX, "m", SIDE_THREAD, 0.2 };
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_NOT_MEASURED, r.verdict);
	/* 1 by 9 at best. */
	e.bound = 0.1;
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);

	/* Apart. */
	r.metrics[0].side[SIDE_GOROUTINE] = figure_from(higher, N(higher));
	e = (struct expectation){ EXPECT_RATIO_MIN, "m", SIDE_THREAD, 0.8 };
	verdict_compute(&r, &e, 1, true);
	EXPECT_EQ(VERDICT_FAILS, r.verdict);
}

TEST(equal_or_missing_figures_are_not_unsure)
{
	struct result r;

	fill(&r, 0, 0);
	EXPECT_FALSE(metric_unsure(&r.metrics[0]));
	fill(&r, -1, 5);
	EXPECT_FALSE(metric_unsure(&r.metrics[0]));
	fill(&r, 5, -1);
	EXPECT_FALSE(metric_unsure(&r.metrics[0]));
}

TEST(texts)
{
	struct figure f = { .measured = true, .median = 1500, .min = 900, .max = 21000 };
	char text[TEXT_SIZE];

	EXPECT_STREQ("48.0 ns", text_value(text, "ns", 48));
	EXPECT_STREQ("1.50 us", text_value(text, "ns", 1500));
	EXPECT_STREQ("213 us", text_value(text, "ns", 213000));
	EXPECT_STREQ("4.69 KiB", text_value(text, "bytes", 4800));
	EXPECT_STREQ("1,000,000", text_value(text, "count", 1000000));
	EXPECT_STREQ("2.00", text_value(text, "switches", 2));
	EXPECT_STREQ("0.00013", text_value(text, "switches", 0.00013));
	EXPECT_STREQ("0 ns", text_value(text, "ns", 0));
	EXPECT_STREQ("12.3 %", text_value(text, "percent", 12.34));
	EXPECT_STREQ("1.98x", text_value(text, "factor", 1.984));
	EXPECT_STREQ("0.90..21.00", text_spread(text, "ns", &f));
	EXPECT_STREQ("0", text_count(text, 0));
	EXPECT_STREQ("18,446,744,073,709,551,615", text_count(text, UINT64_MAX));
	EXPECT_STREQ("1.00 us", text_value(text, "ns", 999.6));
	EXPECT_STREQ("999 ns", text_value(text, "ns", 999.4));
	EXPECT_STREQ("10.0 ns", text_value(text, "ns", 9.996));
	EXPECT_STREQ("100 ns", text_value(text, "ns", 99.96));
	EXPECT_STREQ("1.00 MiB", text_value(text, "bytes", 1048570));
	EXPECT_STREQ("100x", text_ratio(text, 99.96));
	EXPECT_STREQ("10.0x", text_ratio(text, 9.997));
	EXPECT_STREQ("1.2e-05x", text_ratio(text, 0.0000123));
	EXPECT_STREQ("0.0000x", text_ratio(text, 0));
	EXPECT_STREQ("12,346x", text_ratio(text, 12345.6));
	EXPECT_STREQ("40.6x", text_ratio(text, 40.62));
	EXPECT_STREQ("0.0321x", text_ratio(text, 0.0321));
}

/* What finds no room is counted, not forgotten. */
TEST(series_end_somewhere)
{
	static struct result r;
	struct series *s;
	double x;

	memset(&r, 0, sizeof(r));
	s = result_series(&r, SERIES_LINE, "a", "A", "count", "ns");
	for (x = 0; x < SERIES_ROWS + 3; x++)
		series_add(s, "thread", x, 2 * x, "");
	EXPECT_EQ((size_t)SERIES_ROWS, s->nr);
	EXPECT_EQ((size_t)3, s->dropped);
	EXPECT_EQ(2. * (SERIES_ROWS - 1), s->row[SERIES_ROWS - 1].y);
	EXPECT_STREQ("thread", s->row[SERIES_ROWS - 1].of);
	EXPECT_EQ(s, &r.series[0]);
	EXPECT_EQ((size_t)1, r.nr_series);
	result_exit(&r);
	EXPECT_EQ((size_t)0, r.nr_series);
}

/* A name that is too long is cut, and ends. */
TEST(series_names_are_cut)
{
	static struct result r;
	struct series *s;

	memset(&r, 0, sizeof(r));
	s = result_series(&r, SERIES_TIMELINE, "a", "A", "ns", NULL);
	series_add(s, "0123456789012345678901234567890123456789", 0, 1, "task A");
	EXPECT_EQ((size_t)SERIES_TEXT - 1, strlen(s->row[0].of));
	EXPECT_STREQ("task A", s->row[0].what);
	result_exit(&r);
}

TEST_HARNESS_MAIN
