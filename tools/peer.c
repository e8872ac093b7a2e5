// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer.c - runs programs in other languages, and reads what they found.
 */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "interrupt.h"
#include "peer.h"

/* One that takes longer hangs: seconds. */
#define PEER_TIMEOUT	"120"

/*
 * Where they are: GVT_PEERS; beside gvt, where it was built; or where it was installed.
 * Return: false where there is no such program in any of them.
 */
static bool find_script(const char *script, char *path, size_t size)
{
	static const char *const places[] = { "peers", "../share/gvt/peers" };
	const char *folder = getenv("GVT_PEERS");
	char self[4096];
	ssize_t len;

	if (folder && *folder) {
		snprintf(path, size, "%s/%s", folder, script);
		return !access(path, R_OK);
	}
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return false;
	self[len] = '\0';
	folder = dirname(self);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, size, "%s/%s/%s", folder, places[i], script);
		if (!access(path, R_OK))
			return true;
	}
	return false;
}

static void run_script(const struct peer *peer, char *script, int out, pid_t parent)
{
	const char *argv[ARRAY_SIZE(peer->args) + 5] = { "timeout", PEER_TIMEOUT, peer->command,
							 script };

	/* Don't outlive a gvt that was killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	interrupt_in_child();
	for (size_t i = 0; i < ARRAY_SIZE(peer->args) && peer->args[i]; i++)
		argv[4 + i] = peer->args[i];
	dup2(out, STDOUT_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static void read_figures(const struct result *r, FILE *f, struct rep *rep)
{
	char line[256], name[128];
	double value;

	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%127s %lf", name, &value) != 2)
			continue;
		for (size_t i = 0; i < r->nr_metrics; i++) {
			if (!strcmp(r->metrics[i].name, name))
				rep_set(rep, i, value);
		}
	}
}

static bool in_path(const char *command)
{
	const char *path = getenv("PATH");
	char file[4096];

	while (path && *path) {
		size_t len = strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, command);
		if (!access(file, X_OK))
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

void peer_once(const struct result *r, const struct peer *peer, struct rep *rep)
{
	char script[4200] = "";
	pid_t parent = getpid(), pid;
	int fd[2], status = 0;
	FILE *f;

	memset(rep, 0, sizeof(*rep));
	if (!in_path(peer->command)) {
		rep_fail(rep, r->nr_metrics, "%s: %s is not installed here (package %s)",
			 peer->name, peer->command, peer->package);
		return;
	}
	if (!find_script(peer->script, script, sizeof(script))) {
		rep_fail(rep, r->nr_metrics, "%s: %.100s is not there", peer->name, script);
		return;
	}
	if (pipe(fd)) {
		rep_fail(rep, r->nr_metrics, "%s: %s", peer->name, strerror(errno));
		return;
	}
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(fd[0]);
		run_script(peer, script, fd[1], parent);
	}
	close(fd[1]);
	if (pid > 0)
		interrupt_kills(pid);
	f = fdopen(fd[0], "r");
	if (f) {
		read_figures(r, f, rep);
		fclose(f);
	}
	/* It ends, but its number is its own until it was waited for. */
	while (pid > 0 && waitid(P_PID, pid, NULL, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	interrupt_spares();
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	rep->done = pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status);
	if (!rep->done)
		rep_fail(rep, r->nr_metrics, "%s: %s ended with status %d", peer->name,
			 peer->command, WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}
