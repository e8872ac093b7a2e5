/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * echo_load.h - a client that keeps an echo server busy: any number of connections, each of
 * which has one request under way at any time.
 */
#ifndef GVT_TOOLS_ECHO_LOAD_H
#define GVT_TOOLS_ECHO_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ECHO_BYTES		32	/* of a request, and of its answer, if nothing is said */
#define ECHO_MOST_BYTES		65536
#define ECHO_CONNECTIONS	10000	/* at most */

/* Latencies are counted by size, 32 for each power of two: within 3 %. */
#define ECHO_SUB_BITS		5
#define ECHO_PLACES		(64 << ECHO_SUB_BITS)

/**
 * struct echo_load - what the client tells; shared with it
 * @connected: it has all connections, and each has been served once; or @err is set
 * @go_on: set by the server's side: ECHO_MEASURE; then, when it has looked at what it took, and
 *	the connections may close, ECHO_CLOSE
 * @warm: each connection had an answer since then, or @err is set: what follows is counted
 * @over: that is over, or @err is set; the connections are still there
 * @err: why it could not
 * @bytes: of a request, and of its answer; told to it; 0: ECHO_BYTES
 * @requests: that were answered
 * @ns: how long that took
 * @place: how many latencies fell where
 * @since: when each connection's request was sent; the client's own, as what follows
 * @fd: the connections
 * @answered: those that had an answer after the burst of first requests
 */
struct echo_load {
	uint32_t connected, go_on, warm, over;
	int err;
	uint32_t bytes;
	uint64_t requests;
	int64_t ns;
	uint64_t place[ECHO_PLACES];
	int64_t since[ECHO_CONNECTIONS];
	int fd[ECHO_CONNECTIONS];
	bool answered[ECHO_CONNECTIONS];
};

/* echo_load.go_on */
#define ECHO_MEASURE		1
#define ECHO_CLOSE		2

/* Memory that is shared with a client, all zero; NULL: there is none. */
struct echo_load *echo_load_make(void);
void echo_load_clear(struct echo_load *l);

/**
 * echo_load_start() - fork the client
 * @l: cleared
 * @n: connections
 * @port: of the server, on this machine
 * @ns: how long to measure, at least
 *
 * It may be forked in the midst of a run: it makes system calls, and uses memory that was
 * there before. Its connections end with it, not before ECHO_CLOSE where all went well.
 *
 * Return: its pid, or a negative errno.
 */
pid_t echo_load_start(struct echo_load *l, uint64_t n, int port, int64_t ns);

/* What that process does, in this one. */
void echo_load_run(struct echo_load *l, uint64_t n, int port, int64_t ns);

/*
 * Only the connections, each of which was served once. Return: an epoll instance that has
 * them, or a negative errno.
 */
int echo_load_connect(struct echo_load *l, uint64_t n, int port);

/* The least latency that falls into a place, nanoseconds. */
double echo_load_value(int place);

/* The latency that a share of the requests, 0 to 1, had at most: nanoseconds. */
double echo_load_percentile(const struct echo_load *l, double share);

#endif /* GVT_TOOLS_ECHO_LOAD_H */
