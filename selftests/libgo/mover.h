/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mover.h - making a goroutine continue on another thread.
 *
 * Two pinned goroutines sit on two threads. Who wants to move waits until the one whose
 * thread is not its own wakes it: it then runs there, unless somebody else stole it. That
 * is repeated until the thread is another one.
 */
#ifndef LIBGO_MOVER_H
#define LIBGO_MOVER_H

#include "test.h"

#define MOVER_PROCS 4

static struct go_chan *mover_ask[2];
static pid_t mover_tid[2];
static pthread_barrier_t mover_barrier;
static struct go_waitgroup mover_wg;

static inline pid_t thread_id(void)
{
	return syscall(SYS_gettid);
}

/* What the movers leave in their own threads' errno; a goroutine must not see it. */
static __maybe_unused void mover(void *arg)
{
	int i = (intptr_t)arg;
	struct go_chan *back;

	mover_tid[i] = thread_id();
	/* Blocks the thread, so that the other one gets another. */
	pthread_barrier_wait(&mover_barrier);
	while (go_recv(mover_ask[i], &back)) {
		CHECK_EQ(mover_tid[i], thread_id());
		set_errno(EOWNERDEAD);
		go_send(back, NULL);
	}
	go_wg_done(&mover_wg);
}

/* In the main goroutine, with MOVER_PROCS Ps. */
static __maybe_unused void start_movers(void)
{
	const struct go_attr attr = { .flags = GO_PINNED, .name = "mover" };
	int i;

	pthread_barrier_init(&mover_barrier, NULL, 3);
	go_wg_add(&mover_wg, 2);
	for (i = 0; i < 2; i++) {
		mover_ask[i] = make_chan(sizeof(struct go_chan *), 0);
		CHECK_EQ(0, go_with(&attr, mover, (void *)(intptr_t)i));
	}
	pthread_barrier_wait(&mover_barrier);
	CHECK(mover_tid[0] != mover_tid[1]);
}

static __maybe_unused void stop_movers(void)
{
	int i;

	for (i = 0; i < 2; i++)
		go_close(mover_ask[i]);
	go_wg_wait(&mover_wg);
	for (i = 0; i < 2; i++)
		go_chan_free(mover_ask[i]);
}

/* When it returns, the goroutine is on another thread. @back is a channel of its own. */
static noinline __maybe_unused void change_thread(struct go_chan *back)
{
	pid_t before = thread_id();
	int i;

	do {
		i = mover_tid[0] == before;
		go_send(mover_ask[i], &back);
		go_recv(back, NULL);
	} while (thread_id() == before);
}

#endif /* LIBGO_MOVER_H */
