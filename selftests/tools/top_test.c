// SPDX-License-Identifier: GPL-2.0-only
/*
 * top_test.c - what happened between two samples, and the rows of `gvt top`, on synthetic ones.
 */
#include <string.h>

#include "kselftest_harness.h"
#include "top.h"

static struct thread_sample thread(pid_t tid, uint64_t voluntary, uint64_t nonvoluntary)
{
	return (struct thread_sample){
		.tid = tid, .state = 'S', .name = "some",
		.voluntary = voluntary, .nonvoluntary = nonvoluntary,
		.run_ns = voluntary * 1000, .wait_ns = nonvoluntary * 1000,
	};
}

static struct process_sample process(pid_t pid, struct thread_sample *threads, size_t nr)
{
	return (struct process_sample){
		.pid = pid, .tgid = pid, .peak_rss = 4096, .times = true, .nr = nr,
		.threads = threads,
	};
}

TEST(differences_are_by_thread)
{
	struct thread_sample then[] = { thread(10, 5, 1), thread(12, 100, 9) };
	struct thread_sample now[] = { thread(10, 8, 1), thread(12, 130, 10), thread(15, 4, 2) };
	struct process_sample a = process(10, then, 2), b = process(10, now, 3);
	struct activity sum = { .created = 0 };

	process_add(&sum, &a, &b);
	EXPECT_EQ(1, sum.created);
	EXPECT_EQ(3 + 30 + 4, sum.voluntary);
	EXPECT_EQ(0 + 1 + 2, sum.nonvoluntary);
	EXPECT_EQ((3 + 30 + 4) * 1000, sum.run_ns);
	EXPECT_EQ((0 + 1 + 2) * 1000, sum.wait_ns);
}

TEST(a_thread_that_ended_takes_nothing_away)
{
	struct thread_sample then[] = { thread(10, 5, 1), thread(12, 100, 9) };
	struct thread_sample now[] = { thread(10, 8, 1) };
	struct process_sample a = process(10, then, 2), b = process(10, now, 1);
	struct activity sum = { .created = 0 };

	process_add(&sum, &a, &b);
	EXPECT_EQ(0, sum.created);
	EXPECT_EQ(3, sum.voluntary);
	EXPECT_EQ(0, sum.nonvoluntary);
}

TEST(a_number_used_again_is_another_thread)
{
	struct thread_sample then[] = { thread(10, 5, 1), thread(12, 100, 9) };
	struct thread_sample now[] = { thread(10, 5, 1), thread(12, 7, 0) };
	struct process_sample a = process(10, then, 2), b = process(10, now, 2);
	struct activity sum = { .created = 0 };

	process_add(&sum, &a, &b);
	EXPECT_EQ(1, sum.created);
	EXPECT_EQ(7, sum.voluntary);
	EXPECT_EQ(0, sum.nonvoluntary);
}

TEST(the_first_thread_of_a_new_process_is_no_creation)
{
	struct thread_sample now[] = { thread(10, 5, 1), thread(12, 7, 0) };
	struct process_sample b = process(10, now, 2);
	struct activity sum = { .created = 0 };

	process_add(&sum, NULL, &b);
	EXPECT_EQ(1, sum.created);
	EXPECT_EQ(12, sum.voluntary);
}

TEST(a_process_lives_as_long_as_any_thread)
{
	struct thread_sample threads[] = { thread(10, 5, 1), thread(12, 7, 0) };
	struct process_sample p = process(10, threads, 2);

	EXPECT_TRUE(process_lives(&p));
	threads[0].state = 'Z';
	EXPECT_TRUE(process_lives(&p));
	threads[1].state = 'X';
	EXPECT_FALSE(process_lives(&p));
}

/* Two processes over two seconds; gvt.ko watches the second one. */
FIXTURE(table) {
	struct thread_sample threads[2][4];
	struct process_sample processes[2][2];
	struct counters_row rows[2];
	struct snapshot before, now;
	struct top_table t;
	struct top_view view;
};

static struct counters_row watched(pid_t pid, uint64_t switches, uint64_t goroutine_switches)
{
	struct counters_row row = { .pid = pid, .root = pid, .runtime = true };

	row.goroutines_alive = 7;
	counters_set(&row.counters, CTR_VOLUNTARY, switches);
	counters_set(&row.counters, CTR_NONVOLUNTARY, 0);
	counters_set(&row.counters, CTR_RUN_NS, 0);
	counters_set(&row.counters, CTR_WAIT_NS, 0);
	counters_set(&row.counters, CTR_GOROUTINE_SWITCHES, goroutine_switches);
	return row;
}

static struct snapshot snapshot(int64_t when, uint64_t switches, struct process_sample *two,
				struct counters_row *one)
{
	return (struct snapshot){
		.when = when, .switches = switches, .nr = 2, .processes = two,
		.nr_rows = 1, .rows = one,
	};
}

FIXTURE_SETUP(table)
{
	for (int i = 0; i < 2; i++) {
		struct thread_sample *t = self->threads[i];

		t[0] = thread(100, 50 + 400 * i, 0);
		t[1] = thread(101, 0, 20 + 200 * i);
		t[2] = thread(200, 10 + 20 * i, 0);
		t[3] = thread(201, 0, 0);
		strcpy(t[0].name, "first");
		strcpy(t[2].name, "Second");
		self->processes[i][0] = process(100, &t[0], 2);
		self->processes[i][1] = process(200, &t[2], 2);
		self->rows[i] = watched(200, 1000 + 5000 * i, 100000 + 1000000 * i);
	}
	self->before = snapshot(1000000000, 10000, self->processes[0], &self->rows[0]);
	self->now = snapshot(3000000000, 50000, self->processes[1], &self->rows[1]);
	self->view = (struct top_view){ .sort = TOP_KERNEL };
}

FIXTURE_TEARDOWN(table)
{
	top_table_free(&self->t);
}

TEST_F(table, rates_are_by_the_second)
{
	ASSERT_EQ(0, top_table_make(&self->t, &self->before, &self->now, &self->view));
	ASSERT_EQ(2, self->t.nr);
	EXPECT_EQ(2, self->t.seconds);
	EXPECT_EQ(20000, self->t.switches);
	EXPECT_EQ(4, self->t.threads);
	/* Watched: gvt.ko's 5,000 in two seconds, not the 20 of procfs. */
	EXPECT_EQ(200, self->t.rows[0].id);
	EXPECT_EQ(2500, self->t.rows[0].kernel);
	EXPECT_TRUE(self->t.rows[0].runtime);
	EXPECT_EQ(500000, self->t.rows[0].switches);
	EXPECT_EQ(7, self->t.rows[0].goroutines);
	EXPECT_EQ(100, self->t.rows[1].id);
	EXPECT_EQ(300, self->t.rows[1].kernel);
	EXPECT_EQ(200, self->t.rows[1].waited);
	EXPECT_EQ(100, self->t.rows[1].made_to);
	EXPECT_FALSE(self->t.rows[1].runtime);
}

TEST_F(table, watched_meanwhile_is_not_compared_with_nothing)
{
	self->before.nr_rows = 0;
	ASSERT_EQ(0, top_table_make(&self->t, &self->before, &self->now, &self->view));
	/* Of procfs: 20 switches in two seconds. */
	EXPECT_EQ(100, self->t.rows[0].id);
	EXPECT_EQ(200, self->t.rows[1].id);
	EXPECT_EQ(10, self->t.rows[1].kernel);
}

TEST_F(table, sorted_by_each_key)
{
	static const pid_t first[TOP_SORTS] = {
		[TOP_KERNEL] = 200, [TOP_GOROUTINE] = 200, [TOP_CPU] = 100, [TOP_WAIT] = 100,
		[TOP_THREADS] = 100, [TOP_PID] = 100,
	};

	for (int i = 0; i < TOP_SORTS; i++) {
		self->view.sort = i;
		ASSERT_EQ(0, top_table_make(&self->t, &self->before, &self->now, &self->view));
		EXPECT_EQ(first[i], self->t.rows[0].id) {
			TH_LOG("sorted by %s", top_sort_name[i]);
		}
		top_table_free(&self->t);
	}
}

TEST_F(table, filter_by_name_and_by_number)
{
	strcpy(self->view.filter, "SECO");
	ASSERT_EQ(0, top_table_make(&self->t, &self->before, &self->now, &self->view));
	ASSERT_EQ(1, self->t.nr);
	EXPECT_EQ(200, self->t.rows[0].id);
	top_table_free(&self->t);
	strcpy(self->view.filter, "100");
	ASSERT_EQ(0, top_table_make(&self->t, &self->before, &self->now, &self->view));
	ASSERT_EQ(1, self->t.nr);
	EXPECT_EQ(100, self->t.rows[0].id);
	top_table_free(&self->t);
	strcpy(self->view.filter, "10");
	ASSERT_EQ(0, top_table_make(&self->t, &self->before, &self->now, &self->view));
	EXPECT_EQ(0, self->t.nr);
}

TEST_F(table, threads_of_one)
{
	self->view.threads_of = 100;
	ASSERT_EQ(0, top_table_make(&self->t, &self->before, &self->now, &self->view));
	EXPECT_TRUE(self->t.found);
	ASSERT_EQ(2, self->t.nr);
	EXPECT_EQ(100, self->t.rows[0].id);
	EXPECT_EQ(200, self->t.rows[0].waited);
	EXPECT_EQ(101, self->t.rows[1].id);
	EXPECT_EQ(100, self->t.rows[1].made_to);
	top_table_free(&self->t);
	self->view.threads_of = 300;
	ASSERT_EQ(0, top_table_make(&self->t, &self->before, &self->now, &self->view));
	EXPECT_FALSE(self->t.found);
	EXPECT_EQ(0, self->t.nr);
}

TEST_F(table, what_is_not_known_is_a_dash)
{
	char text[TOP_LINE], id[16], name[32], threads[16], kernel[16], goroutine[16], alive[16];

	ASSERT_EQ(0, top_table_make(&self->t, &self->before, &self->now, &self->view));
	top_text_row(text, &self->t.rows[1], &self->view);
	ASSERT_EQ(6, sscanf(text, "%15s %31s %15s %15s %15s %15s", id, name, threads, kernel,
			    goroutine, alive));
	EXPECT_STREQ("100", id);
	EXPECT_STREQ("first", name);
	EXPECT_STREQ("2", threads);
	EXPECT_STREQ("300.0", kernel);
	EXPECT_STREQ("-", goroutine);
	EXPECT_STREQ("-", alive);
	top_text_row(text, &self->t.rows[0], &self->view);
	ASSERT_EQ(6, sscanf(text, "%15s %31s %15s %15s %15s %15s", id, name, threads, kernel,
			    goroutine, alive));
	EXPECT_STREQ("2500", kernel);
	EXPECT_STREQ("500000", goroutine);
	EXPECT_STREQ("7", alive);
}

TEST_HARNESS_MAIN
