// SPDX-License-Identifier: GPL-2.0-only
/*
 * forked.c - processes that gvt, or one that measures for it, makes: none outlives its maker,
 * each is waited for.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forked.h"
#include "gvt.h"

pid_t fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before that. */
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	return 0;
}

int wait_for_child(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

void unset_runtimes(void)
{
	static const char *const settings[] = {
		"GOMAXPROCS", "GOGC", "GODEBUG", "GOMEMLIMIT", "GOTRACEBACK", "LIBGO_DEBUG",
		"NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS",
		"PYTHONPATH", "PYTHONSTARTUP", "PYTHONDEVMODE", "PYTHONASYNCIODEBUG",
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		unsetenv(settings[i]);
}
