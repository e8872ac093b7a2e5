// SPDX-License-Identifier: GPL-2.0-only
/*
 * load.c - tools/echo_load.c as a program: load for a server that sends back what it gets.
 * Its arguments:
 *
 *   load PORT CONNECTIONS SECONDS BYTES
 *	each connection sends BYTES, waits for all of them, and sends again; prints the number of
 *	answers for each second, and of all
 *   hold PORT CONNECTIONS
 *	opens them, has each served once, prints "ready", and keeps them until its standard
 *	input ends
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "echo_load.h"
#include "gvt.h"

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static int failed(int err)
{
	fprintf(stderr, "load: %s\n", strerror(-err));
	return 1;
}

static int load(struct echo_load *l, int port, uint64_t n, double seconds)
{
	l->go_on = ECHO_MEASURE;
	echo_load_run(l, n, port, (int64_t)(seconds * 1e9));
	if (l->err)
		return failed(l->err);
	/* Each connection was served twice before it counted. */
	printf("%.1f %llu\n", (double)l->requests * 1e9 / (double)l->ns,
	       (unsigned long long)(l->requests + 2 * n));
	return 0;
}

static int hold(struct echo_load *l, int port, uint64_t n)
{
	int err = echo_load_connect(l, n, port);
	char c;

	if (err < 0)
		return failed(err);
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	struct echo_load *l = echo_load_make();
	int conns = argc > 3 ? atoi(argv[3]) : 0;
	struct rlimit most;

	if (!l)
		return failed(-ENOMEM);
	if (!getrlimit(RLIMIT_NOFILE, &most)) {
		most.rlim_cur = most.rlim_max;
		setrlimit(RLIMIT_NOFILE, &most);
	}
	if (conns > 0 && conns <= ECHO_CONNECTIONS) {
		l->bytes = argc == 6 ? (uint32_t)atoi(argv[5]) : 0;
		if (argc == 6 && !strcmp(argv[1], "load") && l->bytes && l->bytes <= ECHO_MOST_BYTES)
			return load(l, atoi(argv[2]), (uint64_t)conns, atof(argv[4]));
		if (argc == 4 && !strcmp(argv[1], "hold"))
			return hold(l, atoi(argv[2]), (uint64_t)conns);
	}
	fprintf(stderr, "usage: load PORT CONNECTIONS SECONDS BYTES, or hold PORT CONNECTIONS\n");
	return 2;
}
