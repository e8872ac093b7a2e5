// SPDX-License-Identifier: GPL-2.0-only
/*
 * sample.c - the arithmetic of samples. Pure: what reads /proc is sample_read.c.
 *
 * The kernel keeps no count of a process's switches that can be seen from outside, only one for
 * each thread, which goes with the thread. So threads are compared by number between two
 * moments; what one did after the last of them before its end is lost.
 */
#include <stdlib.h>
#include <string.h>

#include "sample.h"

void process_free(struct process_sample *s)
{
	free(s->threads);
	memset(s, 0, sizeof(*s));
}

bool process_lives(const struct process_sample *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		if (!strchr("ZX", s->threads[i].state))
			return true;
	}
	return false;
}

static int by_tid(const void *key, const void *thread)
{
	pid_t a = *(const pid_t *)key, b = ((const struct thread_sample *)thread)->tid;

	return (a > b) - (a < b);
}

const struct thread_sample *process_thread(const struct process_sample *s, pid_t tid)
{
	if (!s->nr)
		return NULL;
	return bsearch(&tid, s->threads, s->nr, sizeof(*s->threads), by_tid);
}

void thread_add(struct activity *sum, const struct thread_sample *before,
		const struct thread_sample *now)
{
	static const struct thread_sample nothing;

	if (before && (now->voluntary < before->voluntary ||
		       now->nonvoluntary < before->nonvoluntary ||
		       now->run_ns < before->run_ns || now->wait_ns < before->wait_ns))
		before = NULL;
	if (!before) {
		sum->created++;
		before = &nothing;
	}
	sum->voluntary += now->voluntary - before->voluntary;
	sum->nonvoluntary += now->nonvoluntary - before->nonvoluntary;
	sum->run_ns += now->run_ns - before->run_ns;
	sum->wait_ns += now->wait_ns - before->wait_ns;
}

void process_add(struct activity *sum, const struct process_sample *before,
		 const struct process_sample *now)
{
	for (size_t i = 0; i < now->nr; i++)
		thread_add(sum, before ? process_thread(before, now->threads[i].tid) : NULL,
			   &now->threads[i]);
	if (!before && now->nr)
		sum->created--;
}

void snapshot_free(struct snapshot *s)
{
	for (size_t i = 0; i < s->nr; i++)
		process_free(&s->processes[i]);
	free(s->processes);
	free(s->rows);
	memset(s, 0, sizeof(*s));
}

static int by_pid(const void *key, const void *process)
{
	pid_t a = *(const pid_t *)key, b = ((const struct process_sample *)process)->pid;

	return (a > b) - (a < b);
}

const struct process_sample *snapshot_process(const struct snapshot *s, pid_t pid)
{
	if (!s->nr)
		return NULL;
	return bsearch(&pid, s->processes, s->nr, sizeof(*s->processes), by_pid);
}

static int by_row_pid(const void *key, const void *row)
{
	pid_t a = *(const pid_t *)key, b = ((const struct counters_row *)row)->pid;

	return (a > b) - (a < b);
}

const struct counters_row *snapshot_row(const struct snapshot *s, pid_t pid)
{
	if (!s->nr_rows)
		return NULL;
	return bsearch(&pid, s->rows, s->nr_rows, sizeof(*s->rows), by_row_pid);
}
