// SPDX-License-Identifier: GPL-2.0-only
/*
 * experiments_test.c - each experiment end to end, with a small number: its result has the
 * shape of all results, what it says that it made was counted, and what must be so
 * however fast the machine is, is so. create, switch, memory and scale are run_test.c's.
 */
#include "result_json.h"

/* At load, emulated, or under a sanitizer. */
#define LIMIT	300

/* A run of one experiment: what it printed, and the experiment in it. */
struct ran {
	struct json_object *document, *e;
};

FIXTURE(experiment) {
	struct ran ran;
};

FIXTURE_SETUP(experiment)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(experiment)
{
	json_object_put(self->ran.document);
}

/* Run one of them and check what holds for all. */
static void run(struct __test_metadata *_metadata, struct ran *ran, const char *name, int n)
{
	char args[128], *text;

	snprintf(args, sizeof(args), "run %s --quick --json --n %d", name, n);
	text = gvt(args);
	ASSERT_NE(NULL, text);
	ran->document = json_tokener_parse(text);
	free(text);
	ASSERT_NE(NULL, ran->document);
	ran->e = json_object_array_get_idx(get(ran->document, "experiments"), 0);
	EXPECT_STREQ(name, text_of(ran->e, "name"));
	TH_LOG("%s: %s", text_of(ran->e, "verdict"), text_of(ran->e, "why"));
	check_verdict(_metadata, ran->e);
	check_metrics(_metadata, ran->e);
	check_made(_metadata, ran->e,
		   !strcmp(text_of(get(ran->document, "host"), "counters"), "gvt"));
}

/* A side's figure; -1 where it has none. */
static double figure(struct ran *ran, const char *name, const char *side)
{
	struct json_object *value = get(metric(ran->e, name), side);

	return value ? json_object_get_double(value) : -1;
}

TEST_F_TIMEOUT(experiment, stack, LIMIT)
{
	run(_metadata, &self->ran, "stack", 100);
	EXPECT_LE(100 * 1024, figure(&self->ran, "deep_bytes", "thread"));
	EXPECT_LE(100 * 1024, figure(&self->ran, "deep_bytes", "goroutine"));
	EXPECT_GT(100 * 1024, figure(&self->ran, "fresh_bytes", "goroutine"));
}

TEST_F_TIMEOUT(experiment, mn, LIMIT)
{
	run(_metadata, &self->ran, "mn", 60);
	EXPECT_EQ(60, figure(&self->ran, "kernel_threads", "thread"));
	EXPECT_EQ(1, figure(&self->ran, "most_by_one_thread", "thread"));
	EXPECT_GT(60, figure(&self->ran, "kernel_threads", "goroutine"));
	EXPECT_LT(1, figure(&self->ran, "most_by_one_thread", "goroutine"));
	EXPECT_LE(60, figure(&self->ran, "threads_alive", "thread"));
}

TEST_F_TIMEOUT(experiment, steal, LIMIT)
{
	run(_metadata, &self->ran, "steal", 20);
	EXPECT_EQ(100, figure(&self->ran, "busiest_share", "thread"));
	EXPECT_EQ(0, figure(&self->ran, "stolen", "thread"));
	EXPECT_LE(0, figure(&self->ran, "stolen", "goroutine"));
	EXPECT_GE(100, figure(&self->ran, "busiest_share", "goroutine"));
	/* Switched off it is off, however busy the machine is. */
	EXPECT_EQ(0, figure(&self->ran, "stolen_off", "goroutine"));
	EXPECT_LT(0, figure(&self->ran, "job_off_ns", "goroutine"));
	EXPECT_NE(NULL, strstr(text_of(self->ran.e, "picture"), "stealing on:\n    P 0 "));
	EXPECT_NE(NULL, strstr(text_of(self->ran.e, "picture"), "stealing off:\n    P 0 "));
}

/* The steps that there are follow from the number of Ps. */
TEST_F_TIMEOUT(experiment, gomaxprocs, LIMIT)
{
	int procs;
	char name[32];

	run(_metadata, &self->ran, "gomaxprocs", 100000);
	procs = json_object_get_int(get(get(self->ran.e, "params"), "procs"));
	snprintf(name, sizeof(name), "time_%d_ns", procs);
	EXPECT_LT(0, figure(&self->ran, "time_1_ns", "thread"));
	EXPECT_LT(0, figure(&self->ran, name, "goroutine"));
	EXPECT_EQ(procs > 1, figure(&self->ran, "speedup", "goroutine") > 0);
}

/* With one P some claims can't be tested, and are not called false. */
TEST_F_TIMEOUT(experiment, one_p_is_not_measured, LIMIT)
{
	static const char *const names[] = { "steal --procs 1", "gomaxprocs --procs 1",
					     "parallel --procs 1" };

	for (int i = 0; i < 3; i++) {
		char args[128], *text;
		struct json_object *e;

		snprintf(args, sizeof(args), "run %s --quick --json --n 5", names[i]);
		text = gvt(args);
		ASSERT_NE(NULL, text);
		self->ran.document = json_tokener_parse(text);
		free(text);
		ASSERT_NE(NULL, self->ran.document);
		e = json_object_array_get_idx(get(self->ran.document, "experiments"), 0);
		EXPECT_STREQ("not measured", text_of(e, "verdict"));
		EXPECT_NE(NULL, strstr(text_of(e, "why"), i ? "one CPU: " : "one P: "));
		json_object_put(self->ran.document);
		self->ran.document = NULL;
	}
}

/* One timeline: each task is in it, and no track has two at once. Return: how many tracks. */
static int check_timeline(struct __test_metadata *_metadata, struct json_object *series)
{
	struct json_object *rows = get(series, "rows");
	char tasks[8] = "", tracks[16][32];
	double until[16] = { 0 };
	int nr = 0;

	EXPECT_STREQ("timeline", text_of(series, "kind"));
	EXPECT_EQ(0, json_object_get_int(get(series, "dropped")));
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		const char *what = text_of(row, "what"), *of = text_of(row, "track");
		double begin = number(row, "begin"), end = number(row, "end");
		int t = 0;

		while (t < nr && strcmp(tracks[t], of))
			t++;
		ASSERT_GT(16, t);
		if (t == nr)
			snprintf(tracks[nr++], sizeof(tracks[0]), "%s", of);
		EXPECT_LE(until[t], begin + 20000);
		EXPECT_LE(begin, end);
		until[t] = end;
		if (!strncmp(what, "task ", 5) && !strchr(tasks, what[5]) && strlen(tasks) < 7)
			strncat(tasks, what + 5, 1);
	}
	EXPECT_EQ(4, (int)strlen(tasks)) {
		TH_LOG("%s: tasks %s", text_of(series, "name"), tasks);
	}
	return nr;
}

static struct json_object *series_of(struct ran *ran, const char *name)
{
	struct json_object *list = get(ran->e, "series");

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		if (!strcmp(name, text_of(json_object_array_get_idx(list, i), "name")))
			return json_object_array_get_idx(list, i);
	}
	return NULL;
}

TEST_F_TIMEOUT(experiment, parallel, LIMIT)
{
	int procs, tracks;
	const char *picture;

	run(_metadata, &self->ran, "parallel", 5);
	EXPECT_LE(1, figure(&self->ran, "in_progress_1", "goroutine"));
	EXPECT_GE(4, figure(&self->ran, "in_progress_1", "goroutine"));
	picture = text_of(self->ran.e, "picture");
	EXPECT_NE(NULL, strstr(picture, "4 threads on 1 CPU"));
	EXPECT_NE(NULL, strstr(picture, "4 goroutines on 1 P"));
	/* Each task is in it. */
	for (char task = 'A'; task <= 'D'; task++)
		EXPECT_NE(NULL, strchr(strstr(picture, "goroutines on 1 P"), task));
	procs = json_object_get_int(get(get(self->ran.e, "params"), "procs"));
	ASSERT_NE(NULL, series_of(&self->ran, "goroutines_1"));
	EXPECT_EQ(1, check_timeline(_metadata, series_of(&self->ran, "goroutines_1")));
	ASSERT_NE(NULL, series_of(&self->ran, "threads_1"));
	check_timeline(_metadata, series_of(&self->ran, "threads_1"));
	if (procs == 1)
		return;
	ASSERT_NE(NULL, series_of(&self->ran, "goroutines_all"));
	tracks = check_timeline(_metadata, series_of(&self->ran, "goroutines_all"));
	EXPECT_GE(procs, tracks);
	ASSERT_NE(NULL, series_of(&self->ran, "threads_all"));
	check_timeline(_metadata, series_of(&self->ran, "threads_all"));
}

/* One in a system call has its thread with it; one that sleeps doesn't need one. */
TEST_F_TIMEOUT(experiment, block, LIMIT)
{
	run(_metadata, &self->ran, "block", 12);
	EXPECT_LT(12, figure(&self->ran, "threads_sleep", "thread"));
	EXPECT_LT(12, figure(&self->ran, "threads_read", "thread"));
	EXPECT_LT(12, figure(&self->ran, "threads_read", "goroutine"));
	EXPECT_LT(12, figure(&self->ran, "threads_call", "goroutine"));
	EXPECT_GT(12, figure(&self->ran, "threads_sleep", "goroutine"));
	EXPECT_LT(0, figure(&self->ran, "progress_read", "goroutine"));
}

TEST_F_TIMEOUT(experiment, preempt, LIMIT)
{
	run(_metadata, &self->ran, "preempt", 40);
	EXPECT_EQ(-1, figure(&self->ran, "ticks_off", "thread"));
	EXPECT_NE(NULL, strstr(text_of(self->ran.e, "why"), "the kernel always preempts them"));
	EXPECT_LE(0, figure(&self->ran, "ticks_off", "goroutine"));
	EXPECT_GE(40, figure(&self->ran, "ticks", "goroutine"));
	EXPECT_GE(40, figure(&self->ran, "ticks", "thread"));
}

TEST_F_TIMEOUT(experiment, order, LIMIT)
{
	static const char *const names[] = { "orders_1", "orders" };

	run(_metadata, &self->ran, "order", 30);
	for (int i = 0; i < 2; i++) {
		EXPECT_LE(1, figure(&self->ran, names[i], "thread"));
		EXPECT_GE(30, figure(&self->ran, names[i], "thread"));
		EXPECT_LE(1, figure(&self->ran, names[i], "goroutine"));
		EXPECT_GE(30, figure(&self->ran, names[i], "goroutine"));
	}
	EXPECT_LT(0, figure(&self->ran, "commonest", "goroutine"));
}

TEST_F_TIMEOUT(experiment, mainexit, LIMIT)
{
	run(_metadata, &self->ran, "mainexit", 30);
	EXPECT_EQ(30, figure(&self->ran, "finished_waited", "thread"));
	EXPECT_EQ(30, figure(&self->ran, "finished_waited", "goroutine"));
	EXPECT_LE(0, figure(&self->ran, "finished_returned", "thread"));
	EXPECT_LE(0, figure(&self->ran, "finished_returned", "goroutine"));
}

/* As many are left as were made, and are told of by the name of what they run. */
TEST_F_TIMEOUT(experiment, leak, LIMIT)
{
	run(_metadata, &self->ran, "leak", 30);
	EXPECT_EQ(0, figure(&self->ran, "alive_stopped", "goroutine"));
	EXPECT_EQ(30, figure(&self->ran, "alive_left", "thread"));
	EXPECT_EQ(30, figure(&self->ran, "alive_left", "goroutine"));
	EXPECT_EQ(30, figure(&self->ran, "reported", "goroutine"));
	EXPECT_EQ(-1, figure(&self->ran, "reported", "thread"));
	EXPECT_NE(NULL, strstr(text_of(self->ran.e, "picture"), "waits_for_nobody"));
	EXPECT_NE(NULL, strstr(text_of(self->ran.e, "why"), "nothing tells"));
}

/* Whatever the machine does: libgo's process ends with its report, the other one never. */
TEST_F_TIMEOUT(experiment, deadlock, LIMIT)
{
	run(_metadata, &self->ran, "deadlock", 4);
	EXPECT_STREQ("holds", text_of(self->ran.e, "verdict"));
	EXPECT_EQ(1, figure(&self->ran, "ended", "goroutine"));
	EXPECT_EQ(5, figure(&self->ran, "named", "goroutine"));
	EXPECT_EQ(0, figure(&self->ran, "ended", "thread"));
	EXPECT_NE(NULL, strstr(text_of(self->ran.e, "why"), "nobody notices"));
	EXPECT_NE(NULL, strstr(text_of(self->ran.e, "picture"), "all goroutines are asleep"));
}

TEST_F_TIMEOUT(experiment, race, LIMIT)
{
	static const char *const names[] = { "lost_mutex", "lost_rwmutex", "lost_channel",
					     "lost_atomic" };

	run(_metadata, &self->ran, "race", 4000);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, figure(&self->ran, names[i], "thread"));
		EXPECT_EQ(0, figure(&self->ran, names[i], "goroutine"));
	}
	EXPECT_LE(0, figure(&self->ran, "lost_none", "thread"));
	EXPECT_LE(0, figure(&self->ran, "lost_none", "goroutine"));
}

TEST_F_TIMEOUT(experiment, channel, LIMIT)
{
	run(_metadata, &self->ran, "channel", 400);
	EXPECT_EQ(0, figure(&self->ran, "takes_0", "goroutine"));
	EXPECT_EQ(2, figure(&self->ran, "takes_2", "goroutine"));
	EXPECT_EQ(128, figure(&self->ran, "takes_128", "goroutine"));
	EXPECT_EQ(128, figure(&self->ran, "takes_128", "thread"));
	EXPECT_EQ(-1, figure(&self->ran, "takes_0", "thread"));
	EXPECT_NE(NULL, strstr(text_of(self->ran.e, "why"), "without a buffer"));
	EXPECT_EQ(-1, figure(&self->ran, "first_share", "thread"));
	/* 400 tosses of a coin that all five times gave less than a third: never. */
	EXPECT_LT(33, figure(&self->ran, "first_share", "goroutine"));
	EXPECT_GT(67, figure(&self->ran, "first_share", "goroutine"));
}

TEST_F_TIMEOUT(experiment, recover, LIMIT)
{
	run(_metadata, &self->ran, "recover", 300);
	EXPECT_EQ(300, figure(&self->ran, "recovered", "thread"));
	EXPECT_EQ(300, figure(&self->ran, "recovered", "goroutine"));
	EXPECT_EQ(20, figure(&self->ran, "groups_failed", "thread"));
	EXPECT_EQ(20, figure(&self->ran, "groups_failed", "goroutine"));
}

TEST_F_TIMEOUT(experiment, cancel, LIMIT)
{
	run(_metadata, &self->ran, "cancel", 50);
	/* Steps of 1, 10 and 50. */
	EXPECT_EQ(61, figure(&self->ran, "stopped", "thread"));
	EXPECT_EQ(61, figure(&self->ran, "stopped", "goroutine"));
	EXPECT_LT(0, figure(&self->ran, "stop_50_ns", "goroutine"));
	/* And 10 to warm up. */
	EXPECT_EQ(REPETITIONS * 71, made(self->ran.e, "thread"));
}

/* A step of 10 connections, and one of as many as asked for. */
TEST_F_TIMEOUT(experiment, server, LIMIT)
{
	static const char *const sides[] = { "thread", "goroutine" };

	run(_metadata, &self->ran, "server", 20);
	for (int i = 0; i < 2; i++) {
		EXPECT_LT(0, figure(&self->ran, "rate_10", sides[i]));
		EXPECT_LT(0, figure(&self->ran, "rate_20", sides[i]));
		EXPECT_LE(figure(&self->ran, "p50_20_ns", sides[i]),
			  figure(&self->ran, "p99_20_ns", sides[i]));
	}
	/* A worker for each connection, no more: 10 and 20 of them. */
	EXPECT_EQ(REPETITIONS * 30, made(self->ran.e, "thread"));
	EXPECT_EQ(REPETITIONS * 31, made(self->ran.e, "goroutine"));
}

/* Each page once, and never more than 32 at the same time. */
TEST_F_TIMEOUT(experiment, crawl, LIMIT)
{
	run(_metadata, &self->ran, "crawl", 60);
	EXPECT_EQ(60, figure(&self->ran, "pages", "thread"));
	EXPECT_EQ(60, figure(&self->ran, "pages", "goroutine"));
	EXPECT_GE(32, figure(&self->ran, "at_once", "thread"));
	EXPECT_GE(32, figure(&self->ran, "at_once", "goroutine"));
	EXPECT_LE(1, figure(&self->ran, "at_once", "goroutine"));
	EXPECT_LT(32, figure(&self->ran, "threads_alive", "thread"));
}

TEST_F_TIMEOUT(experiment, skynet, LIMIT)
{
	run(_metadata, &self->ran, "skynet", 150);
	EXPECT_EQ(111, figure(&self->ran, "nodes", "goroutine"));
	EXPECT_LT(0, figure(&self->ran, "node_small_ns", "thread"));
	EXPECT_EQ(-1, figure(&self->ran, "nodes", "thread"));
}

/* All values came out, or there would be no figure. */
TEST_F_TIMEOUT(experiment, pipeline, LIMIT)
{
	run(_metadata, &self->ran, "pipeline", 500);
	EXPECT_LT(0, figure(&self->ran, "value_ns", "thread"));
	EXPECT_LT(0, figure(&self->ran, "value_ns", "goroutine"));
}

TEST_F_TIMEOUT(experiment, jobs, LIMIT)
{
	run(_metadata, &self->ran, "jobs", 250);
	/* As many as fill the pool: 256. */
	EXPECT_EQ(2 * 256, figure(&self->ran, "results", "thread"));
	EXPECT_EQ(2 * 256, figure(&self->ran, "results", "goroutine"));
	EXPECT_EQ(2 * 2, figure(&self->ran, "failed", "thread"));
	EXPECT_EQ(2 * 2, figure(&self->ran, "failed", "goroutine"));
}

/* A peer's figure, or else the reason names what brings it. */
static void check_peer(struct __test_metadata *_metadata, struct ran *ran, const char *name,
		       const char *peer, const char *package)
{
	struct json_object *peers = get(metric(ran->e, name), "peers");
	char reason[64];

	snprintf(reason, sizeof(reason), "(package %s)", package);
	ASSERT_TRUE(has(peers, peer));
	EXPECT_TRUE(get(peers, peer) || strstr(text_of(ran->e, "why"), reason));
	EXPECT_TRUE(!get(peers, peer) || json_object_get_double(get(peers, peer)) > 0);
}

TEST_F_TIMEOUT(experiment, gil, LIMIT)
{
	run(_metadata, &self->ran, "gil", 400000);
	EXPECT_LT(0, figure(&self->ran, "speedup", "thread"));
	EXPECT_LT(0, figure(&self->ran, "speedup", "goroutine"));
	check_peer(_metadata, &self->ran, "speedup", "python", "python3");
	check_peer(_metadata, &self->ran, "speedup", "python_processes", "python3");
}

TEST_F_TIMEOUT(experiment, eventloop, LIMIT)
{
	run(_metadata, &self->ran, "eventloop", 50);
	EXPECT_LE(0, figure(&self->ran, "late_ns", "goroutine"));
	check_peer(_metadata, &self->ran, "late_ns", "node", "nodejs");
}

TEST_F_TIMEOUT(experiment, missing_peer_is_named, LIMIT)
{
	ASSERT_EQ(0, setenv("PATH", "/nowhere", 1));
	run(_metadata, &self->ran, "eventloop", 10);
	/* Without its figures the claim can fail, but not hold. */
	EXPECT_STRNE("holds", text_of(self->ran.e, "verdict"));
	EXPECT_TRUE(has(get(metric(self->ran.e, "late_ns"), "peers"), "node"));
	EXPECT_EQ(NULL, get(get(metric(self->ran.e, "late_ns"), "peers"), "node"));
	EXPECT_NE(NULL, strstr(text_of(self->ran.e, "why"), "(package nodejs)"));
	EXPECT_LE(0, figure(&self->ran, "late_ns", "goroutine"));
}

TEST_HARNESS_MAIN
