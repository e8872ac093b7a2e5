/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * peer_load.h - a server in another language, kept busy by the client that both sides have, and
 * looked at from outside.
 */
#ifndef GVT_TOOLS_PEER_LOAD_H
#define GVT_TOOLS_PEER_LOAD_H

#include "echo_load.h"
#include "peer.h"

/**
 * struct peer_load - what it took
 * @cpu_ns: CPU time
 * @bytes: memory for each connection
 * @switches: of the kernel; less than 0: threads that ended took their count with them
 */
struct peer_load {
	double cpu_ns, bytes, switches;
};

/**
 * peer_load() - a client's load on a peer
 * @x: it listens
 * @port: there
 * @l: cleared
 * @n: connections
 * @ns: how long to measure, at least
 * @out: what it took; requests and latencies are in @l
 *
 * Return: 0, or a negative errno: -ETIMEDOUT where the peer's time is over.
 */
int peer_load(struct peer_process *x, int port, struct echo_load *l, uint64_t n, int64_t ns,
	      struct peer_load *out);

#endif /* GVT_TOOLS_PEER_LOAD_H */
