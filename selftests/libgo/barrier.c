// SPDX-License-Identifier: GPL-2.0-only
/*
 * barrier.c - a program that forbids itself membarrier(2), by a filter, after it has started:
 * whoever waits for a mutex goes on all the same.
 */
#include "test.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#define LOCKERS 6

static struct go_mutex mutex;
static struct go_waitgroup wg;
static unsigned long counter, filtered;

/* For all threads. False: this system has no filters, or must not. */
static bool forbid_membarrier(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { ARRAY_SIZE(code), code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
}

static void counts(void *arg)
{
	size_t i, n = scaled(20000);

	for (i = 0; i < n; i++) {
		go_mutex_lock(&mutex);
		counter++;
		/* Held over a wait: others find it locked, and wait too. */
		if (i % 64 == 0)
			go_yield();
		go_mutex_unlock(&mutex);
	}
	go_wg_done(&wg);
}

static void locks(void *arg)
{
	go_wg_add(&wg, LOCKERS);
	start_n(LOCKERS, counts);
	go_yield();
	if (arg && !rd(filtered))
		wr(filtered, forbid_membarrier() ? 1 : 2);
	go_wg_wait(&wg);
}

TEST(forbidden_while_it_runs)
{
	run_on(4, locks, (void *)1);
	if (filtered == 2)
		SKIP(return, "this system has no filters of system calls");
	ASSERT_NE(0, syscall(SYS_membarrier, 0, 0, 0));
	run_on(4, locks, NULL);
	run_on(1, locks, NULL);
	ASSERT_EQ(3 * LOCKERS * scaled(20000), counter);
	ASSERT_TRUE(go_mutex_trylock(&mutex));
}

static void *thread_counts(void *arg)
{
	size_t i, n = scaled(20000);

	for (i = 0; i < n; i++) {
		go_mutex_lock(&mutex);
		counter++;
		go_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(forbidden_before_it_runs)
{
	pthread_t threads[2];

	if (!forbid_membarrier())
		SKIP(return, "this system has no filters of system calls");
	threads[0] = start_thread(thread_counts, NULL);
	threads[1] = start_thread(thread_counts, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	ASSERT_EQ(2 * scaled(20000), counter);
	run_on(4, locks, NULL);
	ASSERT_EQ((2 + LOCKERS) * scaled(20000), counter);
}

TEST_HARNESS_MAIN
