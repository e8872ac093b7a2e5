// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadlock_none.c - no deadlock is reported while somebody may still come: a
 * timer, a goroutine in a system call, a thread that is no goroutine.
 */
#include "test.h"

static struct go_chan *ch;
static int fds[2];
static unsigned long up;

static void gives_after_sleep(void *arg)
{
	go_sleep(30 * MS);
	go_send(ch, NULL);
}

static void sleeper_gives(void *arg)
{
	start(gives_after_sleep, NULL);
	CHECK(go_recv(ch, NULL));
}

static void deadline_ends(void *arg)
{
	CHECK_EQ(-ETIMEDOUT, go_recv_until(ch, NULL, go_now() + 30 * MS));
	CHECK_EQ(-ETIMEDOUT, go_send_until(ch, NULL, go_now() + 30 * MS));
	CHECK_EQ(-ETIMEDOUT, go_recv_until(NULL, NULL, go_now() + 30 * MS));
	go_sleep(30 * MS);
}

static void reads(void *arg)
{
	char c;

	while (read(fds[0], &c, 1) < 0 && errno == EINTR)
		;
	go_send(ch, NULL);
}

/* The writer is another process, so that this one has no other thread. */
static void reader_gives(void *arg)
{
	start(reads, NULL);
	CHECK(go_recv(ch, NULL));
}

static void *thread_gives(void *arg)
{
	usleep(100000);
	go_send(ch, NULL);
	return NULL;
}

static void takes(void *arg)
{
	CHECK(go_recv(ch, NULL));
}

static void goroutine_gives(void *arg)
{
	go_send(ch, NULL);
}

static void *thread_starts_one(void *arg)
{
	while (!rd(up))
		usleep(1000);
	usleep(100000);
	start(goroutine_gives, NULL);
	return NULL;
}

static void takes_when_up(void *arg)
{
	wr(up, 1);
	takes(arg);
}

static void on_one_and_four(void (*fn)(void *))
{
	ch = make_chan(0, 0);
	run_on(1, fn, NULL);
	run_on(4, fn, NULL);
	go_chan_free(ch);
}

TEST(sleeper)
{
	on_one_and_four(sleeper_gives);
}

TEST(deadline)
{
	on_one_and_four(deadline_ends);
}

TEST(system_call)
{
	int procs;

	for (procs = 1; procs <= 4; procs *= 4) {
		pid_t pid;

		ASSERT_EQ(0, pipe(fds));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			usleep(100000);
			_exit(write(fds[1], "x", 1) != 1);
		}
		ch = make_chan(0, 0);
		run_on(procs, reader_gives, NULL);
		go_chan_free(ch);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
		close(fds[0]);
		close(fds[1]);
	}
}

TEST(foreign_thread_sends)
{
	int procs;

	ch = make_chan(0, 0);
	for (procs = 1; procs <= 4; procs *= 4) {
		pthread_t t = start_thread(thread_gives, NULL);

		run_on(procs, takes, NULL);
		pthread_join(t, NULL);
	}
}

TEST(foreign_thread_starts_a_goroutine)
{
	int procs;

	ch = make_chan(0, 0);
	for (procs = 1; procs <= 4; procs *= 4) {
		pthread_t t;

		wr(up, 0);
		t = start_thread(thread_starts_one, NULL);
		run_on(procs, takes_when_up, NULL);
		pthread_join(t, NULL);
	}
}

TEST_HARNESS_MAIN
