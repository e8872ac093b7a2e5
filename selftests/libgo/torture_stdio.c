// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_stdio.c - one FILE written by all: no line is torn or lost; and conversions,
 * which have locks of their own.
 */
#include "torture.h"

#define LINES scaled(1500)

static FILE *file;

static void writes(int me)
{
	size_t i;
	char buf[64];

	for (i = 0; i < LINES; i++) {
		switch (i % 3) {
		case 0:
			CHECK(fprintf(file, "%d %zu %.3f\n", me, i, i / 8.0) > 0);
			break;
		case 1:
			snprintf(buf, sizeof(buf), "%d %zu %.3f\n", me, i, i / 8.0);
			CHECK(fputs(buf, file) >= 0);
			break;
		case 2:
			/* In pieces, the lock held over all of them. */
			flockfile(file);
			fprintf(file, "%d ", me);
			fprintf(file, "%zu ", i);
			fprintf(file, "%.3f", i / 8.0);
			fputc('\n', file);
			funlockfile(file);
			break;
		}
	}
}

static void count_lines(int runs)
{
	size_t next[TORTURERS] = { 0 }, i, line = 0;
	char buf[128];
	double x;
	int me, end;

	rewind(file);
	while (fgets(buf, sizeof(buf), file)) {
		end = 0;
		CHECK(sscanf(buf, "%d %zu %lf%n", &me, &i, &x, &end) == 3);
		CHECK(buf[end] == '\n' && me >= 0 && me < TORTURERS);
		CHECK_EQ(next[me] % LINES, i);
		CHECK(x == i / 8.0);
		next[me]++;
		line++;
	}
	CHECK_EQ(runs * TORTURERS * LINES, line);
}

static bool shared_file(int procs)
{
	int runs;

	file = tmpfile();
	CHECK(file);
	runs = torture(procs, writes);
	if (runs)
		count_lines(runs);
	fclose(file);
	return runs;
}

#define SHARED_FILE(procs) do {						\
	if (!shared_file(procs))					\
		SKIP(return, NOT_PREEMPTED);				\
} while (0)

TEST(shared_file_on_1_p)
{
	SHARED_FILE(1);
}

TEST(shared_file_on_2_ps)
{
	SHARED_FILE(2);
}

TEST(shared_file_on_8_ps)
{
	SHARED_FILE(8);
}

static void converts(int me)
{
	size_t i, n = scaled(1500), len;
	char *text;

	for (i = 0; i < n; i++) {
		double want = (me + 1) * 1e10 / (i + 1), seen;
		FILE *f = open_memstream(&text, &len);
		int k;

		CHECK(f);
		CHECK(fprintf(f, "%a %d", want, me) > 0);
		CHECK_EQ(0, fclose(f));
		CHECK_EQ(2, sscanf(text, "%lf %d", &seen, &k));
		CHECK(seen == want && k == me);
		free(text);
	}
}

TORTURE(conversions, NULL, converts)

TEST_HARNESS_MAIN
