/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * example.h - what the examples share: how a program begins, and ends when something fails.
 *
 * With the library installed, each is built by
 * `cc NAME.c -o NAME $(pkg-config --cflags --libs libgo)`.
 */
#ifndef LIBGO_EXAMPLE_H
#define LIBGO_EXAMPLE_H

#include <errno.h>
#include <libgo.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* libgo's calls answer with a negative errno: a failure, in words, is the program's end. */
static inline int must(const char *what, long ret)
{
	if (ret < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror((int)-ret));
		exit(1);
	}
	return (int)ret;
}

/* The port that a socket listens on: the kernel chose one where it was to be 0. */
static inline int port_of(int fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	return getsockname(fd, (struct sockaddr *)&a, &len) ? -1 : ntohs(a.sin6_port);
}

/* A number on the command line, or @otherwise. */
static inline int argument(int argc, char **argv, int at, int otherwise)
{
	return argc > at ? atoi(argv[at]) : otherwise;
}

/* Descriptors and small numbers are handed to goroutines as they are. */
static inline void *as_arg(int n)
{
	return (void *)(intptr_t)n;
}

static inline int from_arg(void *arg)
{
	return (int)(intptr_t)arg;
}

#endif /* LIBGO_EXAMPLE_H */
