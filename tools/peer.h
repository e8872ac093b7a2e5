/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * peer.h - programs in other languages that do the same work.
 *
 * For each experiment that has a meaning in a language there is a small program under
 * tools/peers/LANGUAGE. It is run as often as both sides, in turn with them, each time as
 * a process of its own, and all that it is told and tells are lines of text:
 *
 *	in	EXPERIMENT KEY=NUMBER KEY=NUMBER ...
 *	out	version TEXT
 *	out	METRIC NUMBER
 *	out	METRIC - REASON
 *
 * It is told by one line, on its standard input: the experiment; its parameters, as they are
 * in the result, and the limits that it has to keep (threads: how many kernel threads it may
 * make, memory: how many bytes it may take); its variant, where a language has more than one
 * column; and each metric that is asked for, with its number of operations. It says which
 * version of the language it is, and each figure once, or why there is none; a metric that it
 * doesn't name has no meaning there. Then it ends with status 0. Whatever else it says, or
 * does, is a fault: its column stays empty, with the reason, and it isn't run again.
 *
 * A program that serves (`server`) says `port NUMBER`, and ends when its input does.
 *
 * What is counted is all of the process, from its first instruction to its end, with all
 * that it forks: the start of its runtime too, as on the goroutine side. What a language has
 * to compile is compiled once, before, into a cache (peer_language.c).
 */
#ifndef GVT_TOOLS_PEER_H
#define GVT_TOOLS_PEER_H

#include <sys/resource.h>

#include "measure.h"

enum language { LANG_GO, LANG_PYTHON, LANG_NODE, LANG_JAVA, LANGUAGES };

extern const char *const language_name[LANGUAGES];

/* The most that `gvt run --peers` can name, for options.peers. */
#define ALL_LANGUAGES	((1u << LANGUAGES) - 1)

/**
 * struct peer - a program, or a variant of one
 * @name: in JSON and in tables
 * @language: what it is written in
 * @variant: what it is told to be, beside its experiment: KEY=NUMBER; NULL: nothing
 */
struct peer {
	const char *name;
	enum language language;
	const char *variant;
};

/**
 * peers_choose() - who measures beside both sides
 * @p: the plan: its own peers come first, then the languages that were asked for
 * @peers: where to put them, MAX_PEERS
 *
 * Return: how many.
 */
size_t peers_choose(const struct plan *p, struct peer *peers);

/* Why an experiment has no program in a language; NULL: it has. */
const char *peer_senseless(const char *experiment, enum language language);

/* All of that for `gvt help NAME`, to stdout. */
void peer_print_help(const char *experiment);

/**
 * peer_once() - one repetition of a peer
 * @p: the plan
 * @r: whose metrics it measures, and its parameters
 * @peer: it
 * @rep: what it tells; its version, if it says one, in rep->picture
 *
 * Where it can't be run, or there is a fault, each metric is missing, with the reason.
 */
void peer_once(const struct plan *p, const struct result *r, const struct peer *peer,
	       struct rep *rep);

/* ------------------------------------------- for those that talk with it (server) */

#define PEER_TEXT	16384
#define PEER_LINE	512

/**
 * struct peer_process - a peer that runs
 * @peer: which one
 * @pid: of its process
 * @pidfd: tells of its end
 * @in: what it reads is written there; -1: closed
 * @said: what it has said
 * @complaint: what it wrote to standard error, as far as there is room
 * @next: where its next line begins
 * @threads: the most that were seen in it
 * @others: children that gvt had before it, a text of numbers
 * @watched: by the module
 * @mark: the system before it began
 * @seconds: that it may take
 * @end: when they are over
 * @fault: what it did that it may not do, or ""
 */
struct peer_process {
	const struct peer *peer;
	pid_t pid;
	int pidfd, in;
	struct peer_text {
		int fd;
		size_t len;
		char text[PEER_TEXT];
	} said, complaint;
	size_t next;
	unsigned long threads;
	char *others;
	bool watched;
	struct tree_mark mark;
	int seconds;
	int64_t end;
	char fault[WHY_SIZE];
};

/**
 * peer_start() - run it, and tell it what to do
 * @x: to be filled
 * @p: the plan
 * @r: metrics and parameters
 * @peer: which one
 * @rep: where it does not run: why, in rep->error
 *
 * Return: false where it does not run.
 */
bool peer_start(struct peer_process *x, const struct plan *p, const struct result *r,
		const struct peer *peer, struct rep *rep);

/* Take what it complains of meanwhile: it may have to write that before it goes on. */
void peer_hear(struct peer_process *x);

/* The next line that it says. Return: false: none will come. */
bool peer_line(struct peer_process *x, char line[PEER_LINE]);

/* It is told that there is no more. */
void peer_no_more(struct peer_process *x);

/**
 * peer_end() - wait for its end, and see that nothing is left of it
 * @x: it
 * @rep: its counters are filled in; where it ended badly, rep->error
 * @usage: of all of its life
 *
 * Return: it ended with status 0, without a fault.
 */
bool peer_end(struct peer_process *x, struct rep *rep, struct rusage *usage);

/* It did what it may not do: that is the reason why it has no figures, and its end. */
void peer_fault(struct peer_process *x, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What a line says of a figure, or of the version. Return: false after a fault. */
bool peer_understand(struct peer_process *x, const struct result *r, const char *line,
		     struct rep *rep);

/* -------------------------------------------------- languages (peer_language.c) */

#define PEER_ARGS	8

/**
 * peer_command() - what runs a program
 * @language: what it is written in
 * @experiment: what it measures
 * @argv: PEER_ARGS places for the command, ended by NULL; the texts live on
 * @why: where there is none: why, WHY_SIZE bytes
 *
 * What has to be compiled is, when this is called first. Return: false where it can't be run.
 */
bool peer_command(enum language language, const char *experiment, const char *argv[PEER_ARGS],
		  char *why);

#endif /* GVT_TOOLS_PEER_H */
