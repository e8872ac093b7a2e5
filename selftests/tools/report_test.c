// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_test.c - the arithmetic of reports: differences of two results, and axes.
 */
#include <string.h>

#include "kselftest_harness.h"

#include "report.h"
#include "report_axis.h"

static struct figure figure(double min, double median, double max)
{
	return (struct figure){ true, median, min, max };
}

TEST(larger_where_ranges_are_apart)
{
	struct figure before = figure(1000, 1100, 1200), after = figure(500, 550, 600);
	struct report_diff d = report_diff(&before, &after);

	EXPECT_TRUE(d.known);
	EXPECT_TRUE(d.larger);
	EXPECT_EQ(-550, d.diff);
	EXPECT_EQ(-700, d.low);
	EXPECT_EQ(-400, d.high);
	d = report_diff(&after, &before);
	EXPECT_TRUE(d.larger);
	EXPECT_EQ(550, d.diff);
	EXPECT_EQ(400, d.low);
	EXPECT_EQ(700, d.high);
}

TEST(within_where_ranges_meet)
{
	struct figure before = figure(10, 20, 30), after = figure(30, 35, 40);
	struct report_diff d = report_diff(&before, &after);

	EXPECT_TRUE(d.known);
	EXPECT_FALSE(d.larger);
	EXPECT_EQ(15, d.diff);
	EXPECT_EQ(0, d.low);
	EXPECT_EQ(30, d.high);
}

TEST(the_same_is_no_difference)
{
	struct figure f = figure(7, 7, 7);
	struct report_diff d = report_diff(&f, &f);

	EXPECT_TRUE(d.known);
	EXPECT_FALSE(d.larger);
	EXPECT_EQ(0, d.diff);
}

TEST(without_a_figure_nothing_is_known)
{
	struct figure f = figure(7, 7, 7), none = { .measured = false };

	EXPECT_FALSE(report_diff(&f, &none).known);
	EXPECT_FALSE(report_diff(&none, &f).known);
	EXPECT_FALSE(report_diff(&none, &none).larger);
}

TEST(same_metric_by_name_and_unit)
{
	struct report_metric of_other[] = { { .name = "a", .unit = "ns" },
					    { .name = "b", .unit = "bytes" } };
	struct report_experiment other = { .metric = of_other, .nr_metrics = 2 };
	struct report_metric b = { .name = "b", .unit = "bytes" },
			     c = { .name = "b", .unit = "ns" };

	EXPECT_EQ(&of_other[1], report_same_metric(&other, &b));
	EXPECT_EQ(NULL, report_same_metric(&other, &c));
	EXPECT_EQ(NULL, report_same_metric(NULL, &b));
}

TEST(the_second_of_a_name_with_the_second)
{
	struct report_experiment before[] = { { .name = "a" }, { .name = "b" }, { .name = "a" } };
	struct report_experiment after[] = {
		{ .name = "a" }, { .name = "a" }, { .name = "a" }, { .name = "c" }
	};
	struct report_result first = { .experiment = before, .nr = 3 };
	struct report_result r = { .experiment = after, .nr = 4 };

	EXPECT_EQ(&before[0], report_same_experiment(&first, &r, 0));
	EXPECT_EQ(&before[2], report_same_experiment(&first, &r, 1));
	EXPECT_EQ(NULL, report_same_experiment(&first, &r, 2));
	EXPECT_EQ(NULL, report_same_experiment(&first, &r, 3));
	EXPECT_EQ(NULL, report_same_experiment(NULL, &r, 0));
}

/* The texts of all tics, with a blank between them. */
static char *tics(char *to, size_t room, const struct axis *a)
{
	char text[TEXT_SIZE];
	size_t len = 0;

	to[0] = '\0';
	for (size_t i = 0; i < a->nr && len < room; i++)
		len += snprintf(to + len, room - len, "%s%s", i ? "|" : "",
				axis_text(text, a, a->tic[i]));
	return to;
}

static char *axis(char *to, size_t room, const char *unit, bool log, double least, double most)
{
	struct axis a = { .unit = unit, .log = log };

	axis_include(&a, least);
	axis_include(&a, most);
	axis_finish(&a, !log, 6);
	return tics(to, room, &a);
}

TEST(tics_are_round)
{
	char text[400];

	EXPECT_STREQ("100 ns|1 us|10 us|100 us|1 ms", axis(text, 400, "ns", true, 80, 2e6));
	EXPECT_STREQ("10|100|1k|10k|100k|1M", axis(text, 400, "count", true, 10, 1e6));
	EXPECT_STREQ("1 KiB|4 KiB|16 KiB|64 KiB", axis(text, 400, "bytes", true, 900, 80000));
	EXPECT_STREQ("0 %|20 %|40 %|60 %|80 %|100 %", axis(text, 400, "percent", false, 3, 100));
	EXPECT_STREQ("0|10 us|20 us|30 us|40 us|50 us", axis(text, 400, "ns", false, 9000, 48000));
	EXPECT_STREQ("0.1x|1x|10x|100x|1,000x|10,000x", axis(text, 400, "ratio", true, 0.08, 9000));
}

/* Whatever the figures, there are two tics at least, and no more than there is room for. */
TEST(tics_for_any_range)
{
	static const char *const units[] = { "ns", "bytes", "count", "percent", "ratio", "parsec" };

	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		for (double least = 1e-9; least < 1e18; least *= 37) {
			for (double by = 1; by < 1e18; by *= 7.3) {
				struct axis a = { .unit = units[u], .log = true };
				struct axis b = { .unit = units[u] };

				axis_include(&a, least);
				axis_include(&a, least * by);
				axis_finish(&a, false, 6);
				ASSERT_LE(2, a.nr)
				{
					TH_LOG("%s from %g by %g", units[u], least, by);
				}
				ASSERT_GT(AXIS_MAX_TICS, a.nr)
				{
					TH_LOG("%s from %g by %g", units[u], least, by);
				}
				axis_include(&b, least);
				axis_include(&b, least * by);
				axis_finish(&b, true, 6);
				ASSERT_LE(2, b.nr);
				ASSERT_GT(AXIS_MAX_TICS, b.nr);
			}
		}
	}
}

TEST(zero_has_no_place_on_a_logarithmic_axis)
{
	struct axis a = { .unit = "ns", .log = true };

	axis_include(&a, 0);
	axis_include(&a, -1);
	EXPECT_FALSE(a.any);
	axis_include(&a, 5);
	axis_finish(&a, false, 6);
	EXPECT_LT(0, a.from);
}

TEST_HARNESS_MAIN
