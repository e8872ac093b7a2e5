// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_fails_test.c - a run in which an experiment fails: what was finished before is printed in
 * each format, and what failed is named.
 *
 * `gvt run` is the command's own objects; measure() is wrapped by the linker: it has no memory
 * for the experiment called deadlock, and figures that nobody measured for others.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "kselftest_harness.h"
/* The same of both: the harness has it first. */
#undef ARRAY_SIZE
#include "gvt.h"
#include "measure.h"

int __wrap_measure(struct plan *p, struct result *r);

int __wrap_measure(struct plan *p, struct result *r)
{
	if (!strcmp(p->name, "deadlock"))
		return -ENOMEM;
	for (size_t i = 0; i < r->nr_metrics; i++) {
		for (int s = 0; s < SIDES; s++)
			r->metrics[i].side[s] = (struct figure){ true, 1, 1, 1 };
	}
	return 0;
}

#define OUT	16384

FIXTURE(run_fails) {
	int status;
	char out[OUT], err[OUT];
};

/* What a stream that is a file had written to it until then. */
static void read_back(FILE *f, int fd, char *text)
{
	ssize_t got;

	fflush(f);
	got = pread(fd, text, OUT - 1, 0);
	text[got < 0 ? 0 : got] = '\0';
}

FIXTURE_VARIANT(run_fails) {
	const char *format;
};

FIXTURE_VARIANT_ADD(run_fails, json) {
	.format = "--json",
};

FIXTURE_VARIANT_ADD(run_fails, csv) {
	.format = "--csv",
};

FIXTURE_VARIANT_ADD(run_fails, openmetrics) {
	.format = "--openmetrics",
};

FIXTURE_VARIANT_ADD(run_fails, table) {
	.format = "--quick",
};

/* The second of three. */
FIXTURE_SETUP(run_fails)
{
	char *argv[] = { "run", (char *)variant->format, "order", "deadlock", "mainexit", NULL };
	FILE *out = tmpfile(), *err = tmpfile();
	int saved[2] = { dup(1), dup(2) };

	ASSERT_NE(NULL, out);
	ASSERT_NE(NULL, err);
	/* What the harness has not written yet is its own. */
	fflush(NULL);
	dup2(fileno(out), 1);
	dup2(fileno(err), 2);
	self->status = cmd_run(5, argv);
	read_back(stdout, 1, self->out);
	read_back(stderr, 2, self->err);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	fclose(out);
	fclose(err);
}

FIXTURE_TEARDOWN(run_fails)
{
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void check_json(struct __test_metadata *_metadata, const char *text)
{
	struct json_object *o = json_tokener_parse(text), *list, *failed, *value;

	ASSERT_NE(NULL, o);
	ASSERT_TRUE(json_object_object_get_ex(o, "experiments", &list));
	ASSERT_EQ(1u, json_object_array_length(list));
	ASSERT_TRUE(json_object_object_get_ex(json_object_array_get_idx(list, 0), "name", &value));
	EXPECT_STREQ("order", json_object_get_string(value));
	ASSERT_TRUE(json_object_object_get_ex(o, "interrupted", &value));
	EXPECT_FALSE(json_object_get_boolean(value));
	ASSERT_TRUE(json_object_object_get_ex(o, "failed", &failed));
	ASSERT_TRUE(json_object_object_get_ex(failed, "experiment", &value));
	EXPECT_STREQ("deadlock", json_object_get_string(value));
	ASSERT_TRUE(json_object_object_get_ex(failed, "why", &value));
	EXPECT_STREQ("Cannot allocate memory", json_object_get_string(value));
	json_object_put(o);
}

TEST_F(run_fails, nothing_that_was_finished_is_lost)
{
	EXPECT_EQ(EXIT_FAILURE, self->status);
	EXPECT_STREQ("gvt: deadlock: Cannot allocate memory; 1 of 3 experiments were finished\n",
		     self->err);
	EXPECT_EQ(0u, count(self->out, "mainexit"));
	if (!strcmp(variant->format, "--json")) {
		check_json(_metadata, self->out);
	} else if (!strcmp(variant->format, "--csv")) {
		EXPECT_EQ(1u, count(self->out, "\norder,verdict,"));
		EXPECT_EQ(1u, count(self->out, "\ndeadlock,failed,,,,,,,,,,,"
					       "\"Cannot allocate memory\",,,,,,,\n"));
	} else if (!strcmp(variant->format, "--openmetrics")) {
		EXPECT_EQ(3u, count(self->out, "\ngvt_run_verdict{experiment=\"order\""));
		EXPECT_EQ(1u, count(self->out, "\ngvt_run_failed 1\n"));
		EXPECT_EQ(1u, count(self->out, "\ngvt_run_interrupted 0\n"));
		EXPECT_EQ(1u, count(self->out, "\n# EOF\n"));
	} else {
		EXPECT_EQ(1u, count(self->out, "\norder - "));
		EXPECT_EQ(1u, count(self->out, "\nfailed: deadlock: Cannot allocate memory; "
					       "1 of 3 experiments were finished\n"));
	}
}

TEST_HARNESS_MAIN
