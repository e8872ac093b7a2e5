/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sample.h - processes and their threads at one moment, as procfs shows them to anybody,
 * and what happened between two such moments.
 */
#ifndef GVT_TOOLS_SAMPLE_H
#define GVT_TOOLS_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "counters.h"

#define SAMPLE_NAME	32

/**
 * struct thread_sample - a thread; all counts since it began
 * @tid: its number
 * @state: as in /proc/PID/status: R, S, D, T, Z, ...
 * @name: its name, in printable ASCII
 * @voluntary: switches when it waited
 * @nonvoluntary: switches when it could have gone on
 * @run_ns: time on a CPU
 * @wait_ns: time that it could have run and waited for a CPU
 */
struct thread_sample {
	pid_t tid;
	char state;
	char name[SAMPLE_NAME];
	uint64_t voluntary, nonvoluntary, run_ns, wait_ns;
};

/**
 * struct process_sample - a process
 * @pid: its number
 * @tgid: the process that it belongs to: another number where @pid is only a thread
 * @peak_rss: the most resident memory, in bytes; 0: a kernel thread, or it has ended
 * @times: run_ns and wait_ns of its threads are known
 * @nr: how many threads
 * @threads: by rising number
 */
struct process_sample {
	pid_t pid, tgid;
	uint64_t peak_rss;
	bool times;
	size_t nr;
	struct thread_sample *threads;
};

/**
 * struct activity - what threads did between two moments
 * @created: threads that there were not before
 * @voluntary: switches when they waited
 * @nonvoluntary: switches when they could have gone on
 * @run_ns: time on a CPU
 * @wait_ns: time that they waited for a CPU
 */
struct activity {
	uint64_t created, voluntary, nonvoluntary, run_ns, wait_ns;
};

/**
 * struct snapshot - all processes, or some, at one moment
 * @when: by now_ns()
 * @switches: of the whole system since it was booted
 * @nr: how many processes
 * @processes: by rising number
 * @nr_rows: how many of gvt.ko's rows
 * @rows: those that live, by rising number
 */
struct snapshot {
	int64_t when;
	uint64_t switches;
	size_t nr;
	struct process_sample *processes;
	size_t nr_rows;
	struct counters_row *rows;
};

/**
 * process_read() - a process and its threads now
 * @pid: the process
 * @s: where to put it; to be freed by process_free()
 *
 * Threads that come or go meanwhile may be in it or not. Return: 0; -ESRCH: there is no
 * such process; another negative errno.
 */
int process_read(pid_t pid, struct process_sample *s);
void process_free(struct process_sample *s);

/* Does it still run? Not one that ended and wasn't waited for yet. */
bool process_lives(const struct process_sample *s);

const struct thread_sample *process_thread(const struct process_sample *s, pid_t tid);

/**
 * thread_add() - add what a thread did between two moments
 * @sum: to what
 * @before: the thread then; NULL: there was none
 * @now: the thread now
 *
 * A thread that counts less than before is another one with its number.
 */
void thread_add(struct activity *sum, const struct thread_sample *before,
		const struct thread_sample *now);

/*
 * The same for all threads of a process. What those did that have ended meanwhile is not
 * known. Where @before is NULL the process is new, and its first thread is no creation.
 */
void process_add(struct activity *sum, const struct process_sample *before,
		 const struct process_sample *now);

/**
 * snapshot_take() - the system now
 * @s: where to put it; to be freed by snapshot_free()
 * @only: these processes, where there are any; NULL: all that may be seen
 * @nr_only: how many
 *
 * Return: 0, or a negative errno.
 */
int snapshot_take(struct snapshot *s, const pid_t *only, size_t nr_only);
void snapshot_free(struct snapshot *s);

const struct process_sample *snapshot_process(const struct snapshot *s, pid_t pid);
const struct counters_row *snapshot_row(const struct snapshot *s, pid_t pid);

#endif /* GVT_TOOLS_SAMPLE_H */
