// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * deadlock.c - all goroutines wait, and nothing is left that could wake one.
 *
 * The last M that falls asleep, with no timer pending, asks (idle.c). What else could
 * wake a goroutine is a thread of the process that is none of ours: the user's own. As
 * long as there is one, there is no deadlock. Which threads there are, the kernel says.
 * Threads that a tool runs in the process (a sanitizer's, an emulator's) were there
 * before main() and before the first pthread_create(), and don't count.
 */
#include "rt.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/single_threaded.h>
#include <unistd.h>

const char *const wait_names[NR_WAIT_WHY] = {
	[WAIT_NONE] = "runnable",
	[WAIT_CHAN_RECV] = "chan receive",
	[WAIT_CHAN_SEND] = "chan send",
	[WAIT_CHAN_RECV_NIL] = "chan receive (nil chan)",
	[WAIT_CHAN_SEND_NIL] = "chan send (nil chan)",
	[WAIT_SELECT] = "select",
	[WAIT_SELECT_NONE] = "select (no cases)",
	[WAIT_SLEEP] = "sleep",
	[WAIT_MUTEX] = "sync.Mutex.Lock",
	[WAIT_WAITGROUP] = "sync.WaitGroup.Wait",
	[WAIT_RWMUTEX_LOCK] = "sync.RWMutex.Lock",
	[WAIT_RWMUTEX_RLOCK] = "sync.RWMutex.RLock",
	[WAIT_COND] = "sync.Cond.Wait",
	[WAIT_SEM] = "semacquire",
	[WAIT_IO] = "IO wait",
	[WAIT_BLOCKING] = "blocking call",
};

static int tools_threads;

/* Threads of this process, -1: the kernel doesn't say. */
static int count_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	const struct dirent *e;
	int n = 0;

	if (!d)
		return -1;
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static __attribute__((__constructor__)) void count_tools_threads(void)
{
	/* With threads of the user's already (dlopen), nobody could tell them apart. */
	if (__libc_single_threaded) {
		int n = count_threads();

		tools_threads = n > 1 ? n - 1 : 0;
	}
}

/* Ms that earlier runs left suspended count as ours. */
static int left_behind;

void deadlock_left_behind(int n)
{
	left_behind += n;
}

/* After fork() there is one thread. */
void deadlock_in_child(void)
{
	left_behind = 0;
}

/* Is there a thread that could still wake a goroutine? Without /proc: yes, to be safe. */
bool deadlock_foreign_threads(void)
{
	int n = count_threads();
	int ours = (int)sched.nms + 1 + trace_threads() + left_behind + tools_threads; /* 1: sysmon */

	return n < 0 || n > ours;
}

/* No M runs a goroutine, and there is no other thread: nothing changes any more. */
void deadlock_report(void)
{
	if (stats_alive() == 0)
		fatal("no goroutines (main called go_exit) - deadlock!");
	/* Another M may wake up by itself meanwhile, be the last one, and come here too. */
	die_alone();
	dprintf(STDERR_FILENO, "fatal error: all goroutines are asleep - deadlock!\n\n");
	dump_all(STDERR_FILENO, NULL);
	die_now();
}
