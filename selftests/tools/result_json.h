/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * result_json.h - reads what `gvt run --json` prints, and checks what holds for every result.
 */
#ifndef SELFTESTS_TOOLS_RESULT_JSON_H
#define SELFTESTS_TOOLS_RESULT_JSON_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "kselftest_harness.h"

#define REPETITIONS	5

/* Output of `gvt ARGS`, to be freed; NULL where its exit status isn't 0. */
static inline char *gvt(const char *args)
{
	const char *path = getenv("GVT"), *top = getenv("GVT_O");
	char command[1024], *text = NULL;
	size_t len = 0, room = 0;
	FILE *f;

	if (path)
		snprintf(command, sizeof(command), "'%s' %s", path, args);
	else
		snprintf(command, sizeof(command), "'%s/gvt' %s", top ? top : "../../build", args);
	f = popen(command, "re");
	if (!f)
		return NULL;
	do {
		if (room - len < 4096) {
			room += 65536;
			text = realloc(text, room);
		}
		len += fread(text + len, 1, room - len - 1, f);
	} while (!feof(f) && !ferror(f));
	text[len] = '\0';
	if (!pclose(f))
		return text;
	free(text);
	return NULL;
}

static inline struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(o, key, &value);
	return value;
}

static inline bool has(struct json_object *o, const char *key)
{
	return json_object_object_get_ex(o, key, NULL);
}

static inline const char *text_of(struct json_object *o, const char *key)
{
	const char *text = json_object_get_string(get(o, key));

	return text ? text : "";
}

/* counts.SIDE.NAME; -1: null or not there */
static inline int64_t count_of(struct json_object *experiment, const char *side, const char *name)
{
	struct json_object *value = get(get(get(experiment, "counters"), side), name);

	return value ? json_object_get_int64(value) : -1;
}

static inline int64_t made(struct json_object *experiment, const char *side)
{
	return json_object_get_int64(get(get(experiment, "made"), side));
}

static inline struct json_object *metric(struct json_object *experiment, const char *name)
{
	struct json_object *list = get(experiment, "metrics");

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *m = json_object_array_get_idx(list, i);

		if (!strcmp(text_of(m, "name"), name))
			return m;
	}
	return NULL;
}

static inline double number(struct json_object *m, const char *key)
{
	return json_object_get_double(get(m, key));
}

static inline void check_spread(struct __test_metadata *_metadata, struct json_object *m,
				const char *side)
{
	struct json_object *value = get(m, side), *spread = get(get(m, "spread"), side);

	ASSERT_TRUE(has(m, side));
	ASSERT_TRUE(has(get(m, "spread"), side));
	if (!value) {
		EXPECT_EQ(NULL, spread);
		return;
	}
	ASSERT_EQ(2, json_object_array_length(spread));
	EXPECT_LE(json_object_get_double(json_object_array_get_idx(spread, 0)),
		  json_object_get_double(value));
	EXPECT_GE(json_object_get_double(json_object_array_get_idx(spread, 1)),
		  json_object_get_double(value));
}

static inline void check_ratio(struct __test_metadata *_metadata, struct json_object *m)
{
	double thread = number(m, "thread"), goroutine = number(m, "goroutine"), expected;

	ASSERT_TRUE(has(m, "ratio"));
	if (!get(m, "thread") || !get(m, "goroutine") || goroutine == 0) {
		EXPECT_EQ(NULL, get(m, "ratio"));
		return;
	}
	ASSERT_NE(NULL, get(m, "ratio"));
	expected = thread / goroutine;
	EXPECT_LE(fabs(number(m, "ratio") - expected), 1e-6 * expected) {
		TH_LOG("%s: %.9g / %.9g is not %.9g", text_of(m, "name"), thread, goroutine,
		       number(m, "ratio"));
	}
}

static inline void check_metrics(struct __test_metadata *_metadata, struct json_object *e)
{
	static const char *const units[] = { "ns", "bytes", "count", "switches", "percent",
					     "factor" };
	struct json_object *list = get(e, "metrics");
	bool missing = false;

	ASSERT_LT(0, json_object_array_length(list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *m = json_object_array_get_idx(list, i);
		bool known = false;

		for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++)
			known |= !strcmp(units[u], text_of(m, "unit"));
		EXPECT_TRUE(known);
		EXPECT_NE(0, strlen(text_of(m, "name")));
		EXPECT_LT(0, json_object_get_int64(get(m, "n")));
		EXPECT_TRUE(json_object_is_type(get(m, "peers"), json_type_object));
		EXPECT_TRUE(json_object_is_type(get(m, "unsure"), json_type_boolean));
		check_spread(_metadata, m, "thread");
		check_spread(_metadata, m, "goroutine");
		check_ratio(_metadata, m);
		missing |= !get(m, "thread") || !get(m, "goroutine");
	}
	/* A side that is null has its reason. */
	EXPECT_TRUE(!missing || strstr(text_of(e, "why"), ":"));
}

static inline void check_verdict(struct __test_metadata *_metadata, struct json_object *e)
{
	static const char *const verdicts[] = { "holds", "fails", "not measured" };
	bool known = false;

	EXPECT_NE(0, strlen(text_of(e, "claim")));
	EXPECT_NE(0, strlen(text_of(e, "why")));
	EXPECT_EQ(REPETITIONS, json_object_get_int(get(get(e, "params"), "repetitions")));
	for (size_t v = 0; v < 3; v++)
		known |= !strcmp(verdicts[v], text_of(e, "verdict"));
	EXPECT_TRUE(known);
}

/* What it says that it made is what was counted. */
static inline void check_made(struct __test_metadata *_metadata, struct json_object *e, bool exact)
{
	int64_t threads = made(e, "thread"), goroutines = made(e, "goroutine");
	int64_t counted = count_of(e, "thread", "thread_creations");

	TH_LOG("%s: made %ld threads, %ld goroutines", text_of(e, "name"), threads, goroutines);
	EXPECT_LE(threads, counted);
	EXPECT_TRUE(!exact || threads == counted);
	EXPECT_EQ(goroutines, count_of(e, "goroutine", "goroutine_creations"));
	EXPECT_EQ(0, count_of(e, "thread", "goroutine_creations"));
	EXPECT_LE(0, count_of(e, "thread", "voluntary_ctxt_switches"));
	EXPECT_LT(0, count_of(e, "goroutine", "goroutine_switches"));
}

#endif /* SELFTESTS_TOOLS_RESULT_JSON_H */
