// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * deadlock.c - all goroutines wait, and nothing is left that could wake one.
 *
 * The last M that falls asleep, with no timer pending, asks (idle.c). A goroutine in a
 * blocking call has an M that is not asleep. What else could wake one is a thread of the
 * process that is none of ours: the user's own. As long as there is one that runs, or will
 * by itself, there is no deadlock. Which threads there are, the kernel says. (Go gives up
 * where there is C code, since it can't know of its threads.) Not counted are
 *
 * - threads that wait inside libgo, without a deadline, for a channel, a mutex or the like:
 *   what wakes them is a goroutine, or another thread, which is counted;
 * - threads that a tool runs in the process (a sanitizer's, an emulator's): they were there
 *   before main() and before the first pthread_create();
 * - as many as LIBGO_DEBUG=helpers=N says. A library's own threads may never call libgo,
 *   but only the user can know that.
 *
 * Never too early: what is decided is that no thread runs but the one that asks. A thread
 * that has begun to wait is counted as waiting after that, by itself; one that is woken
 * is no longer, by the one who wakes it, who runs. So there are never more counted as
 * waiting than wait, but while somebody else runs: a goroutine, and then nobody asks; or a
 * thread, and that is counted. The number of those that wait is read before the kernel's
 * list: who begins to wait in between is in the list. One that has made a goroutine ready and
 * has ended since is in neither: the global queue is looked at once more (idle.c).
 *
 * Rejected: counting only threads that have called libgo before. One that has just been
 * made to wake a goroutine has not. A look at where a thread hangs in the kernel
 * (/proc/self/task/N/wchan): a futex doesn't tell who will wake it.
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

/* Threads that are no goroutines and wait for one: whoever runs. */
static int waiting;
static int helpers;

void deadlock_thread_sleeps(void)
{
	add_seq(&waiting, 1);
}

void deadlock_thread_woken(void)
{
	add_seq(&waiting, -1);
}

/* After fork() there is one thread. */
void deadlock_in_child(void)
{
	left_behind = 0;
	store_relaxed(&waiting, 0);
}

void deadlock_init(void)
{
	int64_t n = debug_number("helpers", 0);

	helpers = n < INT_MAX / 2 ? (int)n : INT_MAX / 2;
}

/* Is there a thread that could still wake a goroutine? Without /proc: yes, to be safe. */
bool deadlock_foreign_threads(void)
{
	int64_t others = (int64_t)load_seq(&waiting) + helpers;
	int n = count_threads();
	int ours = (int)sched.nms + 1 + trace_threads() + left_behind + tools_threads; /* 1: sysmon */

	return n < 0 || n > ours + others;
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
	if (load_relaxed(&waiting) > 0)
		dprintf(STDERR_FILENO, "\nthreads that are no goroutines, and wait too: %d\n",
			load_relaxed(&waiting));
	die_now();
}
