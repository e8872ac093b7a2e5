// SPDX-License-Identifier: GPL-2.0-only
/* The pure part of the module, here: every state to its reason, sums to keys. */
#include "cells.h"
#include "switch.h"

#include "kselftest_harness.h"

static int mm_a, mm_b;

/* A thread of process 10 that goes to sleep, for a thread of process 20. */
static struct gvt_switch some_switch(void)
{
	return (struct gvt_switch){
		.prev_state = 1, .prev_tgid = 10, .prev_mm = &mm_a,
		.next_tgid = 20, .next_mm = &mm_b,
	};
}

static enum gvt_reason reason_of_state(unsigned int state)
{
	struct gvt_switch s = some_switch();

	s.prev_state = state;
	return gvt_switch_reason(&s);
}

TEST(reason_follows_state)
{
	EXPECT_EQ(GVT_RUNNABLE, reason_of_state(0));
	EXPECT_EQ(GVT_SLEEP, reason_of_state(0x1));
	EXPECT_EQ(GVT_DISK_SLEEP, reason_of_state(0x2));
	EXPECT_EQ(GVT_DISK_SLEEP, reason_of_state(0x102));	/* killable */
	EXPECT_EQ(GVT_SLEEP, reason_of_state(0x402));		/* idle kernel thread */
	EXPECT_EQ(GVT_STOP, reason_of_state(0x104));
	EXPECT_EQ(GVT_STOP, reason_of_state(0x8));
	EXPECT_EQ(GVT_STOP, reason_of_state(0x40));
	EXPECT_EQ(GVT_EXIT, reason_of_state(0x80));
	EXPECT_EQ(GVT_SLEEP, reason_of_state(0x2001));		/* freezable */
	EXPECT_EQ(GVT_SLEEP, reason_of_state(0x8000));		/* frozen */
}

TEST(preempted_whatever_the_state)
{
	struct gvt_switch s = some_switch();

	s.preempt = true;
	EXPECT_EQ(GVT_PREEMPTED, gvt_switch_reason(&s));
	s.prev_state = 0;
	EXPECT_EQ(GVT_PREEMPTED, gvt_switch_reason(&s));
	s.prev_state = 0x2;
	EXPECT_EQ(GVT_PREEMPTED, gvt_switch_reason(&s));
}

TEST(idle_before_all)
{
	struct gvt_switch s = some_switch();

	/* As it always is. */
	s.prev_tgid = 0;
	s.prev_state = 0;
	EXPECT_EQ(GVT_FROM_IDLE, gvt_switch_reason(&s));
	s.preempt = true;
	EXPECT_EQ(GVT_FROM_IDLE, gvt_switch_reason(&s));
}

TEST(space)
{
	struct gvt_switch s = some_switch();

	EXPECT_EQ(GVT_OTHER_MM, gvt_switch_space(&s));
	s.next_mm = &mm_a;
	EXPECT_EQ(GVT_SAME_MM, gvt_switch_space(&s));
	s.next_tgid = s.prev_tgid;
	EXPECT_EQ(GVT_SAME_PROCESS, gvt_switch_space(&s));
	s.next_mm = NULL;
	EXPECT_EQ(GVT_TO_KTHREAD, gvt_switch_space(&s));
	s.next_tgid = 0;
	EXPECT_EQ(GVT_TO_IDLE, gvt_switch_space(&s));
}

/* Each cell has a weight of its own; so a cell in a wrong sum, or in none, shows. */
TEST(each_cell_in_its_sums)
{
	static const bool voluntary[GVT_NR_REASONS] = {
		[GVT_SLEEP] = true, [GVT_DISK_SLEEP] = true, [GVT_STOP] = true, [GVT_EXIT] = true,
	};
	unsigned long total = 0, vol = 0, idle = 0, space[GVT_NR_SPACES] = { 0 };
	unsigned long row[GVT_NR_REASONS] = { 0 }, key[GVT_NR_KEYS], n;
	struct gvt_cells cells = { 0 };
	unsigned int r, s;

	for (r = 0; r < GVT_NR_REASONS; r++) {
		for (s = 0; s < GVT_NR_SPACES; s++) {
			n = 1ul << (r * GVT_NR_SPACES + s);
			cells.switches[r][s] = n;
			total += n;
			row[r] += n;
			space[s] += n;
			vol += voluntary[r] ? n : 0;
			idle += r == GVT_FROM_IDLE ? n : 0;
		}
	}
	gvt_cells_keys(&cells, key);
	EXPECT_EQ(total, key[GVT_KEY_SWITCHES]);
	EXPECT_EQ(vol, key[GVT_KEY_VOLUNTARY]);
	EXPECT_EQ(idle, key[GVT_KEY_IDLE]);
	EXPECT_EQ(total - vol - idle, key[GVT_KEY_NONVOLUNTARY]);
	EXPECT_EQ(row[GVT_RUNNABLE], key[GVT_KEY_RUNNABLE]);
	EXPECT_EQ(row[GVT_PREEMPTED], key[GVT_KEY_PREEMPTED]);
	EXPECT_EQ(row[GVT_SLEEP], key[GVT_KEY_SLEEP]);
	EXPECT_EQ(row[GVT_DISK_SLEEP], key[GVT_KEY_DISK_SLEEP]);
	EXPECT_EQ(row[GVT_STOP], key[GVT_KEY_STOP]);
	EXPECT_EQ(row[GVT_EXIT], key[GVT_KEY_EXIT]);
	EXPECT_EQ(space[GVT_SAME_PROCESS], key[GVT_KEY_SAME_PROCESS]);
	EXPECT_EQ(space[GVT_SAME_MM], key[GVT_KEY_SAME_MM]);
	EXPECT_EQ(space[GVT_OTHER_MM], key[GVT_KEY_OTHER_MM]);
	EXPECT_EQ(space[GVT_TO_KTHREAD], key[GVT_KEY_TO_KTHREAD]);
	EXPECT_EQ(space[GVT_TO_IDLE], key[GVT_KEY_TO_IDLE]);
}

TEST(creations_and_exits)
{
	struct gvt_cells cells = { 0 }, sum = { 0 };
	unsigned long key[GVT_NR_KEYS];

	cells.creations[GVT_THREAD] = 1;
	cells.creations[GVT_PROCESS] = 2;
	cells.creations[GVT_VFORK] = 3;
	cells.creations[GVT_KTHREAD] = 4;
	cells.creations[GVT_WORKER] = 5;
	cells.exits[GVT_THREAD_EXIT] = 6;
	cells.exits[GVT_PROCESS_EXIT] = 7;
	gvt_cells_add(&sum, &cells);
	gvt_cells_add(&sum, &cells);
	gvt_cells_keys(&sum, key);
	EXPECT_EQ(2, key[GVT_KEY_THREAD_CREATIONS]);
	EXPECT_EQ(4, key[GVT_KEY_PROCESS_CREATIONS]);
	EXPECT_EQ(6, key[GVT_KEY_VFORK_CREATIONS]);
	EXPECT_EQ(8, key[GVT_KEY_KTHREAD_CREATIONS]);
	EXPECT_EQ(10, key[GVT_KEY_WORKER_CREATIONS]);
	EXPECT_EQ(12, key[GVT_KEY_THREAD_EXITS]);
	EXPECT_EQ(14, key[GVT_KEY_PROCESS_EXITS]);
}

TEST(bucket_of_each_time)
{
	unsigned long ns;
	unsigned int i;

	EXPECT_EQ(0, gvt_hist_bucket(0));
	EXPECT_EQ(0, gvt_hist_lower_bound(0));
	for (i = 1; i < GVT_NR_BUCKETS; i++) {
		ns = gvt_hist_lower_bound(i);
		EXPECT_EQ(i, gvt_hist_bucket(ns));
		EXPECT_EQ(i - 1, gvt_hist_bucket(ns - 1));
		EXPECT_EQ(i, gvt_hist_bucket(2 * ns - 1));
	}
	EXPECT_EQ(GVT_NR_BUCKETS - 1, gvt_hist_bucket(2 * ns));
	EXPECT_EQ(GVT_NR_BUCKETS - 1, gvt_hist_bucket(-1ul));
}

/* Every word its own number: a key that shows the wrong one, or a sum of the wrong ones, shows. */
TEST(times_and_migrations)
{
	struct gvt_system one = { 0 }, sum = { 0 };
	unsigned long *words = (unsigned long *)&one;
	unsigned long key[GVT_NR_KEYS], count;
	unsigned int i, t;
	static const enum gvt_key ns_keys[] = {
		GVT_KEY_CREATION_NS,
		GVT_KEY_RUNQUEUE_NS,
		GVT_KEY_SLICE_NS,
	};
	static const enum gvt_key count_keys[] = {
		GVT_KEY_CREATION_COUNT,
		GVT_KEY_RUNQUEUE_COUNT,
		GVT_KEY_SLICE_COUNT,
	};

	for (i = 0; i < sizeof(one) / sizeof(*words); i++)
		words[i] = 1000 + i * i;
	gvt_system_add(&sum, &one);
	gvt_system_add(&sum, &one);
	gvt_system_keys(&sum, key);
	for (t = 0; t < GVT_NR_DURATIONS; t++) {
		for (i = count = 0; i < GVT_NR_BUCKETS; i++)
			count += 2 * one.hist[t].bucket[i];
		EXPECT_EQ(2 * one.hist[t].ns, key[ns_keys[t]]);
		EXPECT_EQ(count, key[count_keys[t]]);
	}
	EXPECT_EQ(2 * one.migrations, key[GVT_KEY_MIGRATIONS]);
	EXPECT_EQ(2 * one.negative, key[GVT_KEY_NEGATIVE]);
	EXPECT_EQ(2 * one.cells.creations[GVT_THREAD], key[GVT_KEY_THREAD_CREATIONS]);

	gvt_system_subtract(&sum, &one);
	EXPECT_EQ(0, memcmp(&sum, &one, sizeof(sum)));
	gvt_system_subtract(&sum, &one);
	for (words = (unsigned long *)&sum, i = 0; i < sizeof(sum) / sizeof(*words); i++)
		EXPECT_EQ(0, words[i]);
}

TEST(each_key_has_its_name)
{
	unsigned int i, j;

	for (i = 0; i < GVT_NR_KEYS; i++) {
		ASSERT_NE(NULL, gvt_key_names[i]);
		for (j = 0; j < i; j++)
			EXPECT_STRNE(gvt_key_names[j], gvt_key_names[i]);
	}
}

TEST_HARNESS_MAIN
