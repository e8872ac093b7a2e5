// SPDX-License-Identifier: GPL-2.0-only
/*
 * known_threads.c - a program of which it is known what the kernel has to do for it.
 *
 * known_threads [COMMAND N]... does the commands and ends; without any it reads them from the
 * standard input, a line each, answers each with "done", and ends with the input.
 *
 *	stay N	make N threads that wait until the end
 *	pass N	make N threads, one after the other, each of which ends at once
 *	wait N	wait in the kernel until that was N voluntary switches
 *	move N	go to another CPU N times, to and fro; where there is only one: nothing
 *	tick N	make N threads that wait in the kernel again and again, until the end
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what, int err)
{
	fprintf(stderr, "known_threads: %s: %s\n", what, strerror(err));
	exit(1);
}

static void *end_at_once(void *arg)
{
	return arg;
}

static void *stay(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void sleep_once(void)
{
	static const struct timespec t = { 0, 200000 };

	nanosleep(&t, NULL);
}

static long waits(void)
{
	struct rusage r;

	if (getrusage(RUSAGE_THREAD, &r))
		die("getrusage", errno);
	return r.ru_nvcsw;
}

/*
 * The thread leaves its CPU. A sleep alone does not see to that: a thread that is preempted, or
 * whose emulated CPU is, between setting the timer and the switch, finds the time over.
 */
static void wait_once(void)
{
	long before = waits();

	while (waits() == before)
		sleep_once();
}

static void *tick(void *arg)
{
	(void)arg;
	for (;;)
		sleep_once();
	return NULL;
}

static pthread_t make(void *(*fn)(void *arg))
{
	pthread_t t;
	int err = pthread_create(&t, NULL, fn, NULL);

	if (err)
		die("pthread_create", err);
	return t;
}

static void move(long n)
{
	int cpu[2], found = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		die("sched_getaffinity", errno);
	for (int i = 0; i < CPU_SETSIZE && found < 2; i++) {
		if (CPU_ISSET(i, &set))
			cpu[found++] = i;
	}
	for (long i = 0; found == 2 && i <= n; i++) {
		CPU_ZERO(&set);
		CPU_SET(cpu[i % 2], &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			die("sched_setaffinity", errno);
	}
}

static void obey(const char *command, long n)
{
	if (!strcmp(command, "move")) {
		move(n);
		return;
	}
	for (long i = 0; i < n; i++) {
		if (!strcmp(command, "stay"))
			make(stay);
		else if (!strcmp(command, "tick"))
			make(tick);
		else if (!strcmp(command, "pass"))
			pthread_join(make(end_at_once), NULL);
		else if (!strcmp(command, "wait"))
			wait_once();
		else
			die(command, EINVAL);
	}
}

int main(int argc, char **argv)
{
	char command[16];
	long n;

	for (int i = 1; i + 1 < argc; i += 2)
		obey(argv[i], strtol(argv[i + 1], NULL, 10));
	while (argc == 1 && scanf("%15s %ld", command, &n) == 2) {
		obey(command, n);
		puts("done");
		fflush(stdout);
	}
	return 0;
}
