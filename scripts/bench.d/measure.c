// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure - what a command costs, by the clock that charges tasks; and two commands that
 * perf bench lacks.
 *
 *	measure run [-w] COMMAND...	run it; print the time on a CPU of its tasks, the
 *					time that passed, both in ns, and how often its tasks
 *					were switched away from. -w: watched by gvt.ko,
 *					with all that it forks
 *	measure storm N			create and join N threads one by one; print seconds
 *	measure loop N			run 2 * N instructions; print what they took in ns
 *
 * The scheduler reads its clock before the probe on sched_switch runs and charges what
 * comes after to the next task. So the sum over all tasks of a command holds every probe
 * on the way from one to another of them, and nothing of tasks that aren't its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WATCH	"/proc/gvt/watch"

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list args;

	fputs("gvt: measure: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

static long ns(struct timeval t)
{
	return t.tv_sec * 1000000000l + t.tv_usec * 1000l;
}

static void watch_self(void)
{
	int fd = open(WATCH, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "self+", 5) != 5)
		fail("cannot be watched: %s: %s", WATCH, strerror(errno));
	close(fd);
}

static void run(bool watched, char **command)
{
	struct rusage usage;
	long begin, end;
	int status;
	pid_t pid;

	/* Where stacks and libraries come to lie costs page tables: the same each time. */
	if (personality(ADDR_NO_RANDOMIZE) < 0)
		fail("personality: %s", strerror(errno));
	begin = now(CLOCK_MONOTONIC);
	pid = fork();
	if (!pid) {
		if (watched)
			watch_self();
		execvp(command[0], command);
		fail("cannot run %s: %s", command[0], strerror(errno));
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		fail("cannot run %s: %s", command[0], strerror(errno));
	end = now(CLOCK_MONOTONIC);
	if (status)
		fail("%s failed: wait status %#x", command[0], status);
	printf("%ld %ld %ld\n", ns(usage.ru_utime) + ns(usage.ru_stime), end - begin,
	       usage.ru_nvcsw + usage.ru_nivcsw);
}

static void *no_work(void *arg)
{
	return arg;
}

static void storm(long n)
{
	long begin = now(CLOCK_MONOTONIC), i;
	pthread_t thread;
	int error;

	for (i = 0; i < n; i++) {
		error = pthread_create(&thread, NULL, no_work, NULL);
		if (error)
			fail("pthread_create: %s", strerror(error));
		pthread_join(thread, NULL);
	}
	printf("%.6f\n", (now(CLOCK_MONOTONIC) - begin) / 1e9);
}

static void loop(long n)
{
	long begin = now(CLOCK_PROCESS_CPUTIME_ID);

#ifdef __x86_64__
	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(n) : : "cc");
#else
#error "the loop of known length is written for x86-64, as scripts/vm is"
#endif
	printf("%ld\n", now(CLOCK_PROCESS_CPUTIME_ID) - begin);
}

int main(int argc, char **argv)
{
	bool watched;

	if (argc > 2 && !strcmp(argv[1], "run")) {
		watched = !strcmp(argv[2], "-w");
		if (argc > 2 + watched) {
			run(watched, argv + 2 + watched);
			return 0;
		}
	} else if (argc == 3 && !strcmp(argv[1], "storm")) {
		storm(atol(argv[2]));
		return 0;
	} else if (argc == 3 && !strcmp(argv[1], "loop") && atol(argv[2]) > 0) {
		loop(atol(argv[2]));
		return 0;
	}
	fputs("usage: measure run [-w] COMMAND... | storm N | loop N\n", stderr);
	return 2;
}
