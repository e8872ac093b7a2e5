/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stress.h - what the stress programs share
 *
 *   PROGRAM			each test for a moment, as any other test (make check)
 *   PROGRAM NAME|all [SECONDS [SEED [PROCS]]]
 *				that test, or each, for so long; KTAP (make stress)
 *
 * A test is the main goroutine of a run of its own. It starts workers, lets time go by with
 * let_them_work(), waits until they have ended, and counts: all that was put in was taken
 * out. In the first half of the time there are PROCS Ps, in the second their number changes
 * all the time. A worker says moved() each time that it has done something. A thread
 * watches; when nothing has moved for long, it shows what every goroutine does, and ends
 * the process.
 *
 * The seed decides what the workers choose, not how they interleave.
 */
#ifndef LIBGO_STRESS_H
#define LIBGO_STRESS_H

#include "test.h"

#define LANES 64

/* Nothing moved for so long: it hangs. A busy machine may stop a process for a while. */
#define HANGS_AFTER (TEST_VALGRIND ? 600 : TEST_ASAN || TEST_TSAN ? 150 : 60)

struct stress {
	const char *name;
	void (*body)(void *arg);
	struct stress *next;
};

static struct stress *stress_all, **stress_end = &stress_all;
static int64_t stress_ns = 600 * MS;
static uint64_t stress_seed;
static int stress_procs = 8;
static bool stress_over;
static struct {
	unsigned long moves;
	char own_line[56];
} lanes[LANES];

static inline void moved(unsigned int who)
{
	__atomic_add_fetch(&lanes[who % LANES].moves, 1, __ATOMIC_RELAXED);
}

static inline bool over(void)
{
	return rd(stress_over);
}

/* The start of a worker's own choices. */
static inline uint64_t seed_of(unsigned long who)
{
	uint64_t s = (stress_seed + who) * 0x9e3779b97f4a7c15;

	random_next(&s);
	return s | 1;
}

static unsigned long all_moves(void)
{
	unsigned long sum = 0;
	int i;

	for (i = 0; i < LANES; i++)
		sum += __atomic_load_n(&lanes[i].moves, __ATOMIC_RELAXED);
	return sum;
}

/* By the main goroutine, when the workers are started. Then they are to end. */
static inline void let_them_work(void)
{
	int64_t begin = go_now();
	uint64_t seed = seed_of(999999);

	go_sleep(stress_ns / 2);
	while (go_now() - begin < stress_ns) {
		go_maxprocs((int)(random_next(&seed) % (uint64_t)stress_procs) + 1);
		go_sleep((int64_t)(seed % (2 * MS)));
	}
	go_maxprocs(stress_procs);
	wr(stress_over, true);
}

#define CREW_THREADS 8

static struct {
	void (*work)(unsigned int me);
	struct go_waitgroup wg;
} crew;

static inline void crew_goroutine(void *arg)
{
	crew.work((unsigned int)(uintptr_t)arg);
	go_wg_done(&crew.wg);
}

static inline void *crew_thread(void *arg)
{
	crew.work((unsigned int)(uintptr_t)arg);
	return NULL;
}

/*
 * By the main goroutine: so many goroutines, and threads that are none, at the same work, each with
 * a number of its own, from 0 on. Returns when all have ended.
 */
static inline void crew_works(void (*work)(unsigned int me), unsigned int goroutines,
			      unsigned int nthreads)
{
	pthread_t threads[CREW_THREADS];
	unsigned int i;

	CHECK(nthreads <= CREW_THREADS);
	crew.work = work;
	go_wg_add(&crew.wg, (int)goroutines);
	start_n((int)goroutines, crew_goroutine);
	for (i = 0; i < nthreads; i++)
		threads[i] = start_thread(crew_thread, (void *)(uintptr_t)(goroutines + i));
	let_them_work();
	go_wg_wait(&crew.wg);
	for (i = 0; i < nthreads; i++)
		pthread_join(threads[i], NULL);
}

static void *stress_watch(void *name)
{
	unsigned long seen = 0, now;
	struct go_stats s;
	int still = 0;

	for (;;) {
		sleep(1);
		now = all_moves();
		still = now == seen ? still + 1 : 0;
		seen = now;
		if (still < HANGS_AFTER)
			continue;
		go_stats(&s);
		dprintf(2, "# %s: nothing has moved for %d s, after %lu moves; seed %" PRIu64 "\n",
			(char *)name, still, now, stress_seed);
		dprintf(2, "# %" PRIu64 " goroutines alive, %" PRIu64 " Ps, %" PRIu64 " threads, %s\n",
			s.alive, s.procs, s.threads, over() ? "told to end" : "at work");
		go_dump(2);
		_exit(1);
	}
	return NULL;
}

static void stress_run(const struct stress *s)
{
	pthread_t watcher = start_thread(stress_watch, (void *)s->name);

	pthread_detach(watcher);
	wr(stress_over, false);
	run_on(stress_procs, s->body, NULL);
	CHECK(all_moves() > 0);
}

static inline void stress_add(struct stress *s)
{
	*stress_end = s;
	stress_end = &s->next;
}

#define STRESS(test) STRESS_UNLESS(test, false, "it runs everywhere")

/* @reason: why not, where @cond holds. */
#define STRESS_UNLESS(test, cond, reason)					\
	static void test##_body(void *arg);					\
	static struct stress test##_stress = { .name = #test, .body = test##_body }; \
	TEST(test)								\
	{									\
		if (cond)							\
			SKIP(return, reason);					\
		TH_LOG("seed %" PRIu64, stress_seed);				\
		stress_run(&test##_stress);					\
		TH_LOG("%lu moves", all_moves());				\
	}									\
	static void __attribute__((constructor)) test##_add(void)		\
	{									\
		stress_add(&test##_stress);					\
		_##test##_object.timeout = HANGS_AFTER + TEST_TIMEOUT_DEFAULT;	\
	}									\
	static void test##_body(void *arg)

/* In a process of its own: what one breaks is not the next one's. */
static bool stress_alone(const struct stress *s, int number)
{
	int fds[2], status;
	unsigned long moves = 0;
	pid_t pid;

	CHECK_EQ(0, pipe(fds));
	fflush(NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		stress_run(s);
		moves = all_moves();
		CHECK_EQ(sizeof(moves), write(fds[1], &moves, sizeof(moves)));
		_exit(0);
	}
	close(fds[1]);
	CHECK_EQ(pid, waitpid(pid, &status, 0));
	if (read(fds[0], &moves, sizeof(moves)) != sizeof(moves))
		moves = 0;
	close(fds[0]);
	if (WIFEXITED(status) && !WEXITSTATUS(status) && moves) {
		printf("# %s: %lu moves\nok %d %s\n", s->name, moves, number, s->name);
		return true;
	}
	printf("not ok %d %s # %s %d\n", number, s->name, WIFEXITED(status) ? "status" : "signal",
	       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return false;
}

static int stress_main(int argc, char **argv)
{
	bool all = argc > 1 && !strcmp(argv[1], "all"), good = true;
	const char *env = getenv("GVT_STRESS_SEED");
	struct stress *s;
	int n = 0;

	stress_seed = env ? strtoull(env, NULL, 0) : (uint64_t)go_now() % 1000000007;
	if (argc < 2)
		return test_harness_run(argc, argv);
	if (argc > 2)
		stress_ns = (int64_t)(atof(argv[2]) * 1000 * MS);
	if (argc > 3 && *argv[3])
		stress_seed = strtoull(argv[3], NULL, 0);
	if (argc > 4)
		stress_procs = atoi(argv[4]);
	if (stress_ns <= 0 || stress_procs < 1) {
		fprintf(stderr, "usage: %s [NAME|all [SECONDS [SEED [PROCS]]]]\n", argv[0]);
		return 2;
	}
	printf("KTAP version 1\n# seed %" PRIu64 ", %.1f s each, %d Ps\n", stress_seed,
	       (double)stress_ns / 1e9, stress_procs);
	for (s = stress_all; s; s = s->next)
		if (all || !strcmp(argv[1], s->name))
			good = stress_alone(s, ++n) && good;
	if (!n)
		printf("Bail out! no test is called %s\n", argv[1]);
	printf("1..%d\n", n);
	return n && good ? 0 : 1;
}

#define STRESS_MAIN							\
	int main(int argc, char **argv)					\
	{								\
		return stress_main(argc, argv);				\
	}

#endif /* LIBGO_STRESS_H */
