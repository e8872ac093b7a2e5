// SPDX-License-Identifier: GPL-2.0-only
/*
 * threads_time.c - what threads have in the place of timers and tickers: timerfds, which are
 * the kernel's.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bench/bench.h"

#define HOUR_S	3600
#define TICK	INT64_C(1000000)

static int start_and_stop(int fd, uint64_t n)
{
	const struct itimerspec far = { .it_value.tv_sec = HOUR_S }, off = { .it_value.tv_sec = 0 };

	for (uint64_t i = 0; i < n; i++) {
		if (timerfd_settime(fd, 0, &far, NULL) || timerfd_settime(fd, 0, &off, NULL))
			return -errno;
	}
	return 0;
}

int thread_timer(struct bench_run *r)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), err;
	int64_t t0;

	if (fd < 0)
		return -errno;
	err = start_and_stop(fd, r->n / 10);
	t0 = now_ns();
	if (!err)
		err = start_and_stop(fd, r->n);
	r->figure = (double)(now_ns() - t0) / r->n;
	close(fd);
	return err;
}

static int hear_ticks(int64_t *late, uint64_t n)
{
	const struct itimerspec every = { { 0, TICK }, { 0, TICK } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), err = 0;
	int64_t due = now_ns() + TICK;
	uint64_t passed;

	if (fd < 0)
		return -errno;
	if (timerfd_settime(fd, 0, &every, NULL))
		err = -errno;
	for (uint64_t i = 0; i < n && !err; i++) {
		if (read(fd, &passed, sizeof(passed)) != sizeof(passed))
			err = -errno;
		late[i] = now_ns() - due;
		due += (int64_t)passed * TICK;
	}
	close(fd);
	qsort(late, n, sizeof(*late), bench_later);
	return err;
}

static int measure_ticks(struct bench_run *r, unsigned int percentile)
{
	int64_t *late = calloc(r->n, sizeof(*late));
	int err;

	if (!late)
		return -ENOMEM;
	err = hear_ticks(late, r->n);
	r->figure = late[r->n * percentile / 100];
	free(late);
	return err;
}

int thread_tick_50(struct bench_run *r)
{
	return measure_ticks(r, 50);
}

int thread_tick_99(struct bench_run *r)
{
	return measure_ticks(r, 99);
}
