/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * peer.h - programs in other languages that do the same work.
 *
 * A peer is a small program under tools/peers/. It is run by its language's own command,
 * as often as both sides, in turn with them, and writes a line for each figure: the
 * metric's name, a blank, and the number.
 */
#ifndef GVT_TOOLS_PEER_H
#define GVT_TOOLS_PEER_H

#include "measure.h"

/**
 * struct peer - one of them
 * @name: in JSON and in tables
 * @command: what runs it, looked for in PATH
 * @package: what brings that, on Debian
 * @script: the program, in the folder of peers
 * @args: what it is told, beside what the plan says; NULL ends them
 */
struct peer {
	const char *name, *command, *package, *script;
	const char *args[6];
};

/**
 * peer_once() - one repetition of a peer
 * @r: whose metrics it measures
 * @peer: it
 * @rep: what it tells
 *
 * Where it can't be run, or says something else, each metric is missing, with the reason.
 */
void peer_once(const struct result *r, const struct peer *peer, struct rep *rep);

#endif /* GVT_TOOLS_PEER_H */
