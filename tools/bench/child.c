// SPDX-License-Identifier: GPL-2.0-only
/*
 * child.c - the processes that do the repetitions. Whatever language they are written in,
 * they are run alike and answer alike: one line, and a status.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "forked.h"
#include "interrupt.h"

/* One that takes longer hangs. */
#define TIMEOUT_NS	(300 * NSEC_PER_SEC)

static void child(char *const argv[], int out)
{
	interrupt_in_child();
	unset_runtimes();
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv(argv[0], argv);
	printf("%s: %s\n", argv[0], strerror(errno));
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

/*
 * The first line of what comes in; what comes after is read, and dropped, so that its
 * writer goes on. To the end of the pipe, or of the process, of which others may hold
 * the pipe. Return: 0; -ETIMEDOUT; another negative errno.
 */
static int read_line(int in, int process, char *line, size_t size)
{
	struct pollfd pfd[2] = { { .fd = in, .events = POLLIN },
				 { .fd = process, .events = POLLIN } };
	int64_t end = now_ns() + TIMEOUT_NS, left;
	size_t len = 0;
	char text[512];
	ssize_t got;

	line[0] = '\0';
	while ((left = end - now_ns()) > 0) {
		if (poll(pfd, 2, left / 1000000 + 1) <= 0)
			continue;
		if (!pfd[0].revents)
			break;
		got = read(in, text, sizeof(text));
		if (!got)
			break;
		if (got < 0 && errno != EINTR)
			return -errno;
		for (ssize_t i = 0; i < got && len + 1 < size; i++) {
			line[len++] = text[i];
			line[len] = '\0';
		}
	}
	line[strcspn(line, "\n")] = '\0';
	return left > 0 ? 0 : -ETIMEDOUT;
}

static int run_child(char *const argv[], int pipe_fd[2], char *line, size_t size)
{
	int status, err, wait_err, process;
	pid_t pid;

	fflush(NULL);
	pid = fork_child();
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(pipe_fd[0]);
		child(argv, pipe_fd[1]);
	}
	interrupt_kills(pid);
	close(pipe_fd[1]);
	pipe_fd[1] = -1;
	process = pidfd_open(pid, 0);
	err = process < 0 ? -errno : read_line(pipe_fd[0], process, line, size);
	if (err)
		kill(pid, SIGKILL);
	/* It may have closed the pipe and run on. */
	while (waitid(P_PID, pid, NULL, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	interrupt_spares();
	if (process >= 0)
		close(process);
	wait_err = wait_for_child(pid, &status);
	if (err || wait_err)
		return err ? err : wait_err;
	if (WIFSIGNALED(status)) {
		snprintf(line, size, "killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
		return -ECHILD;
	}
	return WEXITSTATUS(status);
}

int bench_child(char *const argv[], char *line, size_t size)
{
	int pipe_fd[2] = { -1, -1 }, status;

	line[0] = '\0';
	status = pipe(pipe_fd) ? -errno : run_child(argv, pipe_fd, line, size);
	if (status == -ETIMEDOUT)
		snprintf(line, size, "no end after %lld s", TIMEOUT_NS / NSEC_PER_SEC);
	else if (status < 0 && !line[0])
		snprintf(line, size, "%s", strerror(-status));
	else if (status > 0 && !line[0])
		snprintf(line, size, "ended early with status %d", status);
	for (int i = 0; i < 2; i++) {
		if (pipe_fd[i] >= 0)
			close(pipe_fd[i]);
	}
	return status;
}
