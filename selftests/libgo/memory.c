// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.c - what a goroutine takes, and that it goes back to the system after it ended.
 *
 * The kernel's word counts: resident memory and page tables. Memory goes back after a
 * while, so it is waited for, without a limit but the harness' own.
 */
#include "test.h"

/* Hundreds of megabytes are touched for the first time: slow in an emulated machine. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#define KIB	1024L

static long proc_bytes(const char *path, const char *key)
{
	FILE *f = fopen(path, "r");
	char line[256];
	long n = -1;

	CHECK(f);
	while (n < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			n = atol(line + strlen(key)) * KIB;
	fclose(f);
	CHECK(n >= 0);
	return n;
}

/* Exact, but it takes a walk over all page tables. */
static long resident_exactly(void)
{
	return proc_bytes("/proc/self/smaps_rollup", "Rss:");
}

/* May lag by some pages for each CPU. */
static long resident(void)
{
	return proc_bytes("/proc/self/status", "VmRSS:");
}

static long page_tables(void)
{
	return proc_bytes("/proc/self/status", "VmPTE:");
}

/* The emulator's memory, and a sanitizer's, is more than what is measured here. */
#define NEEDS_BARE_MEMORY() do {						\
	if (TEST_ASAN || TEST_TSAN)						\
		SKIP(return, "the sanitizer's own memory would be measured");	\
	if (has_hidden_thread())						\
		SKIP(return, "the emulator's own memory would be measured");	\
	if (access("/proc/self/smaps_rollup", R_OK))				\
		SKIP(return, "this kernel doesn't tell what is resident");	\
} while (0)

static struct go_waitgroup ready, done;
static struct go_chan *gate;

static void parked(void *arg)
{
	go_wg_done(&ready);
	go_recv(gate, NULL);
	go_wg_done(&done);
}

static void make(long n, void (*fn)(void *))
{
	long i;

	gate = make_chan(0, 0);
	go_wg_add(&ready, n);
	go_wg_add(&done, n);
	for (i = 0; i < n; i++)
		start(fn, NULL);
}

static void release(void)
{
	go_close(gate);
	go_wg_wait(&done);
	go_chan_free(gate);
}

/* ----------------------------------------------------------------- what it takes */

#define MANY	20000L

static void costs(void *arg)
{
	long rss, tables, each;

	make(64, parked);
	go_wg_wait(&ready);
	release();
	rss = resident_exactly();
	tables = page_tables();
	make(MANY, parked);
	each = (resident_exactly() - rss + page_tables() - tables) / MANY;
	/* None has run yet, on the only P. */
	if (each > 256)
		dprintf(2, "# made: %ld bytes each\n", each);
	CHECK(each <= 256);
	go_wg_wait(&ready);
	/* What so many took while they stood in the queue together goes back a second later. */
	for (int i = 0; i < 200; i++) {
		each = (resident_exactly() - rss + page_tables() - tables) / MANY;
		if (each <= 4812)
			break;
		go_sleep(50 * MS);
	}
	if (each > 4812)
		dprintf(2, "# parked: %ld bytes each\n", each);
	CHECK(each <= 4812);
	release();
}

/* 256 bytes for one that was made, 4.7 KiB for one that is parked. */
TEST(each)
{
	NEEDS_BARE_MEMORY();
	/* Else main may lose its P, and those that it made begin. */
	setenv("LIBGO_DEBUG", "preempt=0", 1);
	run_on(1, costs, NULL);
}

/* ------------------------------------------------------------------- going back */

/* Waits until @bytes() are at most @most more than @before, doing nothing, or working. */
static void goes_back(long (*bytes)(void), long before, long most, bool work)
{
	while (bytes() - before > most) {
		int64_t until = go_now() + 20 * MS;

		if (!work)
			go_sleep(20 * MS);
		while (work && go_now() < until)
			go_yield();
	}
}

static void ends(void *arg)
{
	long rss = resident(), tables = page_tables(), peak, peak_tables;
	/*
	 * Beside work each page that goes takes an interrupt of the other processor, which
	 * an emulated one is slow to see.
	 */
	long n = arg ? 2000 : 100000;

	make(n, parked);
	go_wg_wait(&ready);
	peak = resident() - rss;
	peak_tables = page_tables() - tables;
	CHECK(peak > n * 4096);
	CHECK(peak_tables > n * 512);
	release();
	/* Descriptors stay, 128 bytes each: that is 4 % of what it was. */
	goes_back(resident, rss, peak / (arg ? 4 : 16), arg);
	goes_back(page_tables, tables, peak_tables / (arg ? 2 : 8), arg);
	/* And it is all there again when it is wanted. */
	make(n, parked);
	go_wg_wait(&ready);
	CHECK_EQ(n + 1, go_num());
	release();
}

TEST(parked_ones_ended)
{
	NEEDS_BARE_MEMORY();
	run_on(2, ends, NULL);
}

/* One P has work all the time, and keeps some stacks for it. */
/* So that the tests are quick: memory goes back that was not needed for so many milliseconds. */
static void cool_after(const char *ms)
{
	char text[32];

	snprintf(text, sizeof(text), "cool=%s", ms);
	setenv("LIBGO_DEBUG", text, 1);
}

TEST(parked_ones_ended_beside_work)
{
	NEEDS_BARE_MEMORY();
	cool_after("100");
	run_on(2, ends, (void *)1);
}

#define DEEP	(200 * KIB)

static noinline void use(char *p)
{
	memset(p, 1, DEEP);
	__asm__ volatile("" : : "r"(p) : "memory");
}

static void deep(void *arg)
{
	char here[DEEP];

	use(here);
	go_wg_done(&ready);
	go_recv(gate, NULL);
	use(here);
	go_wg_done(&done);
}

static void deep_ones(void *arg)
{
	long rss = resident(), peak, n = 1000;

	make(n, deep);
	go_wg_wait(&ready);
	peak = resident() - rss;
	CHECK(peak > n * DEEP);
	release();
	/* A P that works keeps some few, as they are. */
	goes_back(resident, rss, peak / 20, arg);
	make(n, deep);
	go_wg_wait(&ready);
	release();
}

TEST(deep_ones_ended)
{
	NEEDS_BARE_MEMORY();
	cool_after("100");
	run_on(2, deep_ones, NULL);
}

TEST(deep_ones_ended_beside_work)
{
	NEEDS_BARE_MEMORY();
	cool_after("100");
	run_on(1, deep_ones, (void *)1);
}

/* ------------------------------------------------------------ what was given back */

static void zeroes(void *arg)
{
	volatile char here[64 * KIB];

	/* Ours to use, whatever was here before. */
	here[0] = here[sizeof(here) - 1] = 1;
	go_yield();
	CHECK_EQ(2, here[0] + here[sizeof(here) - 1]);
	go_wg_done(&done);
}

/* Goroutines come in bursts, with time between them in which stacks go back. */
static void in_bursts(void *arg)
{
	long i, n = scaled(2000), burst;

	for (burst = 0; burst < 4; burst++) {
		go_wg_add(&done, n);
		for (i = 0; i < n; i++)
			start(zeroes, NULL);
		go_wg_wait(&done);
		go_sleep(burst < 3 ? 120 * MS : 0);
	}
}

static void run_in_bursts(const char *guard)
{
	if (guard)
		setenv("LIBGO_GUARD", guard, 1);
	cool_after("20");
	run_on(1, in_bursts, NULL);
	run_on(4, in_bursts, NULL);
}

TEST(used_in_bursts)
{
	run_in_bursts(NULL);
}

/* The other steps of the ladder of guards: a stack that comes back has its own again. */
TEST(used_in_bursts_mprotect)
{
	run_in_bursts("mprotect");
}

TEST(used_in_bursts_canary)
{
	run_in_bursts("canary");
}

/* Some are always just being given back, while others are wanted. */
static void always_cooling(void *arg)
{
	uint64_t seed = 4711;
	long i, n, round, rounds = scaled(400);

	for (round = 0; round < rounds; round++) {
		n = random_next(&seed) % 400 + 1;
		go_wg_add(&done, n);
		for (i = 0; i < n; i++)
			start(zeroes, NULL);
		if (round % 2)
			go_sleep(random_next(&seed) % (3 * MS));
		go_wg_wait(&done);
	}
}

TEST(always_given_back)
{
	cool_after("1");
	run_on(1, always_cooling, NULL);
	run_on(4, always_cooling, NULL);
}

TEST_HARNESS_MAIN
