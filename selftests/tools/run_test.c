// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_test.c - what `gvt run` prints for programs: the JSON's exact shape, its arithmetic,
 * counts against what the experiments say that they made, and CSV that parses.
 *
 * Nothing here depends on how long anything takes.
 */
#include "result_json.h"

#define N		1000
#define BATCH		100

/* One run of all four, made by main(), read by every test. */
static char *output;
static struct json_object *document;

FIXTURE(run) {
	struct json_object *list;
	bool exact;
};

FIXTURE_SETUP(run)
{
	ASSERT_NE(NULL, output);
	document = json_tokener_parse(output);
	ASSERT_NE(NULL, document);
	self->list = get(document, "experiments");
	ASSERT_EQ(4, json_object_array_length(self->list));
	self->exact = !strcmp(text_of(get(document, "host"), "counters"), "gvt");
}

FIXTURE_TEARDOWN(run)
{
	json_object_put(document);
}

static struct json_object *experiment(struct json_object *list, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *e = json_object_array_get_idx(list, i);

		if (!strcmp(text_of(e, "name"), name))
			return e;
	}
	return NULL;
}

TEST_F(run, host)
{
	struct json_object *host = get(document, "host");

	EXPECT_EQ(1, json_object_get_int(get(document, "version")));
	EXPECT_NE(0, strlen(text_of(host, "kernel")));
	EXPECT_LE(1, json_object_get_int(get(host, "cpus")));
	EXPECT_NE(0, strlen(text_of(host, "virtual")));
	EXPECT_TRUE(self->exact || !strcmp(text_of(host, "counters"), "procfs"));
	/* What is missing is said where, and only where, something is. */
	EXPECT_EQ(self->exact, !strlen(text_of(host, "counters_note")));
}

TEST_F(run, shape)
{
	static const char *const names[] = { "create", "switch", "memory", "scale" };

	for (size_t i = 0; i < 4; i++) {
		struct json_object *e = json_object_array_get_idx(self->list, i);

		EXPECT_STREQ(names[i], text_of(e, "name"));
		EXPECT_EQ(N, json_object_get_int(get(get(e, "params"), "n")));
		check_verdict(_metadata, e);
		check_metrics(_metadata, e);
	}
}

/* All four: what they say that they made is what was counted. */
TEST_F(run, made_is_counted)
{
	for (size_t i = 0; i < 4; i++) {
		struct json_object *e = json_object_array_get_idx(self->list, i);

		check_made(_metadata, e, self->exact);
		EXPECT_LT(0, count_of(e, "thread", "voluntary_ctxt_switches"));
	}
}

/* Not only that both numbers agree: they are the ones that follow from --n. */
TEST_F(run, create_makes_what_it_was_asked_for)
{
	struct json_object *e = experiment(self->list, "create");
	int64_t each = N / 10 + 1 + N + BATCH + N;

	EXPECT_EQ(REPETITIONS * each, made(e, "thread"));
	EXPECT_EQ(REPETITIONS * (each + 1), made(e, "goroutine"));
	/* A handful: the runtime's own threads. */
	EXPECT_TRUE(!self->exact || made(e, "goroutine") / 10 >
					    count_of(e, "goroutine", "thread_creations"));
}

/* A tenth as many, and a tenth of these first; then a hundred at once. */
TEST_F(run, processes_are_made_as_many_as_it_says)
{
	struct json_object *e = experiment(self->list, "create");
	int64_t n = json_object_get_int64(get(get(e, "params"), "processes"));

	EXPECT_EQ(N / 10, n);
	EXPECT_EQ(REPETITIONS * (n / 10 + 1 + n + n), made(e, "process"));
	EXPECT_LT(0, number(metric(e, "create_join_ns"), "process"));
	EXPECT_LE(made(e, "process"), count_of(e, "process", "voluntary_ctxt_switches"));
	/* Of those that have ended nobody can tell. */
	EXPECT_EQ(-1, count_of(e, "process", "to_idle_switches"));
}

TEST_F(run, processes_switch_and_take_memory)
{
	struct json_object *m = metric(experiment(self->list, "memory"), "committed_bytes");
	struct json_object *s = experiment(self->list, "switch");

	EXPECT_LT(number(m, "thread"), number(m, "process"));
	EXPECT_FALSE(has(metric(experiment(self->list, "memory"), "not_started_bytes"), "process"));
	EXPECT_LE(1, number(metric(s, "round_trip_kernel_switches"), "process"));
	EXPECT_LT(0, number(metric(s, "round_trip_ns"), "process"));
	EXPECT_LT(0, number(metric(s, "round_trip_pipe_ns"), "process"));
	EXPECT_LT(0, number(metric(s, "yield_ns"), "process"));
	EXPECT_FALSE(has(get(experiment(self->list, "scale"), "made"), "process"));
}

/* The claim of the experiment, in counts: the kernel switches for threads only. */
TEST_F(run, switch_counts_kernel_switches)
{
	struct json_object *e = experiment(self->list, "switch");
	struct json_object *m = metric(e, "round_trip_kernel_switches");
	int64_t trips = REPETITIONS * (N + N / 10);

	ASSERT_NE(NULL, m);
	ASSERT_NE(NULL, get(m, "thread"));
	ASSERT_NE(NULL, get(m, "goroutine"));
	EXPECT_LE(1, number(m, "thread"));
	EXPECT_GT(number(m, "thread") / 2, number(m, "goroutine"));
	/* Two goroutine switches for each round trip, at least. */
	EXPECT_LE(2 * trips, count_of(e, "goroutine", "goroutine_switches"));
}

TEST_F(run, memory_is_measured_on_both_sides)
{
	struct json_object *e = experiment(self->list, "memory");
	static const char *const names[] = { "committed_bytes", "rss_bytes", "reserved_bytes" };

	for (size_t i = 0; i < 3; i++) {
		struct json_object *m = metric(e, names[i]);

		ASSERT_NE(NULL, m);
		EXPECT_LT(0, number(m, "thread"));
		EXPECT_LT(0, number(m, "goroutine"));
	}
	EXPECT_EQ(NULL, get(metric(e, "not_started_bytes"), "thread"));
	EXPECT_NE(NULL, get(metric(e, "not_started_bytes"), "goroutine"));
	EXPECT_NE(NULL, strstr(text_of(e, "why"), "clone()"));
	/* One that has not run has no stack yet. */
	EXPECT_LT(number(metric(e, "not_started_bytes"), "goroutine"),
		  number(metric(e, "committed_bytes"), "goroutine"));
}

TEST_F(run, scale_reaches_what_it_was_asked_for)
{
	struct json_object *e = experiment(self->list, "scale");

	/* Whoever needs a fourth of the time, or more, may not reach all within it at times. */
	if (number(metric(e, "alive_1000_ns"), "goroutine") * N < 250e6)
		EXPECT_EQ(N, number(metric(e, "max_alive"), "goroutine"));
	EXPECT_LT(0, number(metric(e, "max_alive"), "goroutine"));
	/* Threads: all of them, and then the most is not known, or they were stopped. */
	EXPECT_GT(N, number(metric(e, "max_alive"), "thread"));
	EXPECT_TRUE(get(metric(e, "max_alive"), "thread") ||
		    strstr(text_of(e, "why"), "no limit was met"));
	EXPECT_NE(NULL, metric(e, "alive_10_ns"));
	EXPECT_NE(NULL, metric(e, "alive_1000_ns"));
	/* The peak may lag behind by up to 64 for each P, see go_stats(). */
	EXPECT_LE(N - 64 * json_object_get_int(get(get(e, "params"), "procs")),
		  count_of(e, "goroutine", "goroutines_peak"));
}

TEST(procs_and_pin_are_params)
{
	char *text = gvt("run create --n 50 --procs 3 --pin --json");
	struct json_object *params;

	ASSERT_NE(NULL, text);
	document = json_tokener_parse(text);
	free(text);
	ASSERT_NE(NULL, document);
	params = get(json_object_array_get_idx(get(document, "experiments"), 0), "params");
	EXPECT_EQ(3, json_object_get_int(get(params, "procs")));
	EXPECT_EQ(50, json_object_get_int(get(params, "n")));
	EXPECT_TRUE(json_object_get_boolean(get(params, "pinned")));
	EXPECT_FALSE(json_object_get_boolean(get(params, "quick")));
	json_object_put(document);
}

/*
 * Split a row of CSV as RFC 4180 says, in place. Return: the number of fields, -1 where a
 * quote isn't closed or doesn't stand where it may.
 */
static int split(char *row, char **fields, int max)
{
	int n = 0;

	for (;;) {
		char *to = row;

		if (n == max)
			return -1;
		fields[n++] = row;
		if (*row == '"') {
			for (row++; *row && !(*row == '"' && row[1] != '"'); row++) {
				row += *row == '"';
				*to++ = *row;
			}
			if (*row++ != '"')
				return -1;
		} else {
			while (*row && *row != ',') {
				if (*row == '"')
					return -1;
				*to++ = *row++;
			}
		}
		if (*row && *row != ',')
			return -1;
		if (!*row) {
			*to = '\0';
			return n;
		}
		row++;
		*to = '\0';
	}
}

TEST(csv_parses)
{
	enum { EXPERIMENT, KIND, NAME, UNIT, COUNT, THREAD, GOROUTINE, RATIO, NOTE = 12 };
	enum { PROCESS = NOTE + 1, FIELDS = 20 };
	int rows = 0, metrics = 0, verdicts = 0, counters = 0, processes = 0;
	char *text = gvt("run create memory --n 50 --csv"), *line, *save = NULL;
	char *f[FIELDS + 1];

	ASSERT_NE(NULL, text);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		ASSERT_EQ(FIELDS, split(line, f, FIELDS + 1)) {
			TH_LOG("row %d", rows + 1);
		}
		if (!rows++) {
			EXPECT_STREQ("experiment", f[EXPERIMENT]);
			EXPECT_STREQ("goroutine", f[GOROUTINE]);
			EXPECT_STREQ("note", f[NOTE]);
			continue;
		}
		EXPECT_TRUE(!strcmp(f[EXPERIMENT], "create") || !strcmp(f[EXPERIMENT], "memory"));
		counters += !strcmp(f[KIND], "counter");
		verdicts += !strcmp(f[KIND], "verdict");
		if (strcmp(f[KIND], "metric"))
			continue;
		metrics++;
		EXPECT_STREQ("50", f[COUNT]);
		processes += *f[PROCESS] != 0;
		/* Empty is "not measured", and then there is a note. */
		EXPECT_TRUE((*f[THREAD] && *f[GOROUTINE]) || *f[NOTE]);
		if (!*f[RATIO])
			continue;
		EXPECT_LE(fabs(atof(f[RATIO]) * atof(f[GOROUTINE]) - atof(f[THREAD])),
			  1e-6 * atof(f[THREAD]));
	}
	EXPECT_EQ(2, verdicts);
	EXPECT_EQ(3 + 6, metrics);
	/* All but "made and not started". */
	EXPECT_EQ(3 + 5, processes);
	EXPECT_EQ(0, counters % 2);
	EXPECT_LT(0, counters);
	free(text);
}

int main(int argc, char **argv)
{
	output = gvt("run create switch memory scale --quick --n 1000 --json");
	return test_harness_run(argc, argv);
}
