// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_again.c - go_run() any number of times: nothing of an earlier run is left,
 * neither threads nor descriptors, mappings or memory.
 */
#include "test.h"

static struct go_chan *ch;
static unsigned int received;

static void give(void *arg)
{
	go_send(ch, &arg);
}

static void take_all(void *arg)
{
	int n = (intptr_t)arg, i;
	void *v;

	ch = make_chan(sizeof(void *), 1);
	start_n(n, give);
	for (i = 0; i < n; i++) {
		CHECK(go_recv(ch, &v));
		received++;
	}
	go_chan_free(ch);
}

/* Leaves waiters, sleepers and runnable ones behind. */
static void park(void *arg)
{
	go_recv(NULL, NULL);
}

static void sleep_long(void *arg)
{
	go_sleep(3600000 * MS);
}

static void leave_some(void *arg)
{
	take_all(arg);
	start_n(5, park);
	start_n(5, sleep_long);
	go_yield();
	go_sleep(10000);
	start_n(5, park);
}

static void nothing(void *arg)
{
}

static void *no_thread(void *arg)
{
	return arg;
}

/* A thread that was joined may be listed for a moment longer. */
static void threads_are_gone(int before)
{
	thread_until(count_entries("/proc/self/task") <= before);
}

static long resident_kb(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long size, pages;

	CHECK(f && fscanf(f, "%ld %ld", &size, &pages) == 2);
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int c, n = 0;

	CHECK(f);
	while ((c = fgetc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

TEST(twice)
{
	run_on(2, take_all, (void *)10);
	ASSERT_EQ(10, received);
	run_on(2, take_all, (void *)20);
	ASSERT_EQ(30, received);
}

TEST(hundred_times_leaves_no_thread_or_descriptor)
{
	int threads, fds, i;

	/* The first thread that a program makes brings TSan's own with it. */
	if (TEST_TSAN)
		pthread_join(start_thread(no_thread, NULL), NULL);
	threads = count_entries("/proc/self/task");
	fds = count_fds();
	for (i = 0; i < 100; i++) {
		run_on(i % 4 + 1, leave_some, (void *)10);
		threads_are_gone(threads);
		ASSERT_EQ(fds, count_fds());
	}
	ASSERT_EQ(1000, received);
}

TEST(hundred_times_leaves_no_memory)
{
	long rss, maps;
	int i;

	if (TEST_ASAN || TEST_TSAN || has_hidden_thread())
		SKIP(return, "the own memory of a sanitizer or of qemu grows");
	for (i = 0; i < 30; i++)
		run_on(2, leave_some, (void *)100);
	rss = resident_kb();
	maps = mappings();
	for (i = 0; i < 100; i++)
		run_on(2, leave_some, (void *)100);
	/* One leaked page per goroutine would be 46,000 KiB. */
	ASSERT_LT(resident_kb(), rss + 12 * 1024);
	ASSERT_LT(mappings(), maps + 40);
}

TEST(empty_mains)
{
	int i;

	for (i = 0; i < 300; i++)
		run_on(i % 8 + 1, nothing, NULL);
}

#if TEST_ASAN
int __lsan_do_recoverable_leak_check(void);

TEST(leak_sanitizer_finds_nothing)
{
	int i;

	for (i = 0; i < 20; i++)
		run_on(2, leave_some, (void *)50);
	ASSERT_EQ(0, __lsan_do_recoverable_leak_check());
}
#endif

TEST_HARNESS_MAIN
