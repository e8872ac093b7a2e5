// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c - run a command that the user named, under observation from its first instruction
 * on.
 *
 * It waits at a pipe until it is observed, so nothing of it is missed and nothing of gvt's is
 * seen. Signals are taken synchronously, all in one place: those that somebody sends to gvt
 * go on to the command; those that a terminal sends reach the command anyway.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "gvt.h"

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
				 SIGCONT, SIGWINCH };

/* By who started us, as nohup does. It goes on to the command all the same. */
static bool is_ignored(int sig)
{
	struct sigaction act;

	return !sigaction(sig, NULL, &act) && act.sa_handler == SIG_IGN;
}

/* Who sends these wants an end. */
static bool is_stop(int sig)
{
	return (sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM) &&
	       !is_ignored(sig);
}

/* What was blocked before the first command: the next one gets that, too. */
static sigset_t before;

void command_hold_signals(struct command *c)
{
	static bool held;

	/* Who started us may have left this one ignored: then nothing could be waited for. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&c->set);
	sigaddset(&c->set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		sigaddset(&c->set, forwarded[i]);
	if (!held)
		sigprocmask(SIG_BLOCK, &c->set, &before);
	held = true;
}

/* In its process: wait at @go for the word, run, tell through @failed what went wrong. */
static void __attribute__((noreturn)) run(const struct command *c, int go, int failed)
{
	int err = 0;
	char word;

	/* gvt is gone: nobody waits for this command. */
	if (read(go, &word, 1) != 1)
		_exit(EXIT_FAILURE);
	if (c->out >= 0 && dup2(c->out, STDOUT_FILENO) < 0)
		err = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!err) {
		execvp(c->argv[0], c->argv);
		err = errno;
	}
	if (write(failed, &err, sizeof(err)) != sizeof(err))
		_exit(EXIT_FAILURE);
	_exit(EXIT_NOT_FOUND);
}

int command_start(struct command *c)
{
	int go[2], failed[2], err;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failed, O_CLOEXEC)) {
		err = -errno;
		goto err_go;
	}
	command_hold_signals(c);
	c->pid = fork();
	if (!c->pid) {
		close(go[1]);
		close(failed[0]);
		run(c, go[0], failed[1]);
	}
	err = c->pid < 0 ? -errno : 0;
	close(failed[1]);
	/* With both ends of it: no SIGPIPE, whatever becomes of who is to read it. */
	memcpy(c->go, go, sizeof(go));
	c->failed = failed[0];
	if (!err)
		return 0;
	close(failed[0]);
	close(go[0]);
	close(go[1]);
	return err;

err_go:
	close(go[0]);
	close(go[1]);
	return err;
}

void command_go(struct command *c)
{
	if (write(c->go[1], "", 1) != 1)
		complain(c->argv[0], "can't be told to begin: %s", strerror(errno));
	close(c->go[0]);
	if (read(c->failed, &c->exec_err, sizeof(c->exec_err)) != sizeof(c->exec_err))
		c->exec_err = 0;
	close(c->go[1]);
	close(c->failed);
}

/* Only its end counts, not that it stops. */
void command_wait(struct command *c)
{
	siginfo_t info;

	for (;;) {
		pid_t got = wait4(c->pid, &c->status, WNOHANG, &c->ru);

		if (got == c->pid || (got < 0 && errno != EINTR))
			return;
		if (sigwaitinfo(&c->set, &info) < 0)
			continue;
		c->stopped |= is_stop(info.si_signo);
		/* si_code > 0: from the kernel, so from the terminal, to the whole group. */
		if (info.si_signo != SIGCHLD && info.si_code <= 0)
			kill(c->pid, info.si_signo);
	}
}

int command_status(const struct command *c)
{
	if (c->exec_err)
		return c->exec_err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
	if (WIFSIGNALED(c->status))
		return 128 + WTERMSIG(c->status);
	return WEXITSTATUS(c->status);
}

bool command_interrupted(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	static bool was;
	sigset_t pending;

	if (was || sigpending(&pending))
		return was;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		was |= sigismember(&pending, ends[i]) && is_stop(ends[i]);
	return was;
}
