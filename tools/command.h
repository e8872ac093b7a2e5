/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.h - run a command that the user named, under observation from its first instruction
 * on.
 */
#ifndef GVT_TOOLS_COMMAND_H
#define GVT_TOOLS_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/**
 * struct command - a command
 * @argv: what to run
 * @out: what its standard output becomes; -1: it is ours
 * @pid: its process
 * @exec_err: why it could not be run; 0: it ran
 * @status: as waitpid() says
 * @ru: what it used, with its children that were waited for
 * @stopped: somebody, or the terminal, wanted it to end
 * @go: write a byte to the second: it begins
 * @failed: where it says why it didn't
 * @set: the signals that are passed on
 */
struct command {
	char **argv;
	int out;
	pid_t pid;
	int exec_err, status;
	struct rusage ru;
	bool stopped;
	int go[2], failed;
	sigset_t set;
};

/*
 * Signals that are passed on are blocked from here on, until gvt ends: for who makes files
 * before the command is there.
 */
void command_hold_signals(struct command *c);

/* Its process is there, and waits; its signals are held. Return: 0, or a negative errno. */
int command_start(struct command *c);

/* It begins. */
void command_go(struct command *c);

/* Wait for its end; signals that somebody sends to gvt go on to it. */
void command_wait(struct command *c);

/* The exit status to pass on: as a shell's. */
int command_status(const struct command *c);

/* Before its beginning, or after its end: is somebody at the terminal tired of waiting for us? */
bool command_interrupted(void);

#endif /* GVT_TOOLS_COMMAND_H */
