// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer_load.c - load on a server in another language. Its CPU time is that of its process's
 * clock; its switches are in sum over the threads that it has.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <libgo.h>

#include "forked.h"
#include "memuse.h"
#include "peer_load.h"

/* @switches: of @threads that are there */
struct reading {
	double cpu_ns, switches;
	int threads;
};

static double key_number(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtod(at + strlen(key), NULL) : 0;
}

static void add_thread(pid_t pid, const char *tid, struct reading *r)
{
	char path[300], *text;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", pid, tid);
	text = read_file(path);
	if (!text)
		return;
	r->threads++;
	r->switches += key_number(text, "\nvoluntary_ctxt_switches:") +
		       key_number(text, "\nnonvoluntary_ctxt_switches:");
	free(text);
}

static int read_process(pid_t pid, struct reading *r)
{
	const struct dirent *e;
	struct timespec t;
	char path[64];
	clockid_t id;
	DIR *d;

	memset(r, 0, sizeof(*r));
	if (clock_getcpuclockid(pid, &id) || clock_gettime(id, &t))
		return -ESRCH;
	r->cpu_ns = t.tv_sec * 1e9 + t.tv_nsec;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	if (!d)
		return -errno;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.')
			add_thread(pid, e->d_name, r);
	}
	closedir(d);
	return 0;
}

/* It has, and was not waited for. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

/* Return: 0 when the client has said so; or its failure; or the peer's time is over. */
static int wait_for_client(struct peer_process *x, const struct echo_load *l, pid_t client,
			   const uint32_t *word)
{
	bool ended = false;

	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE)) {
		/* What it said last it said before its end. */
		if (ended)
			return -EPIPE;
		if (now_ns() > x->end)
			return -ETIMEDOUT;
		go_sleep(1000000);
		/* It would not get on for a pipe that is full. */
		peer_hear(x);
		ended = has_ended(client);
	}
	return l->err;
}

static int under_load(struct peer_process *x, struct echo_load *l, uint64_t n, pid_t client,
		      const struct memuse *before, struct peer_load *out)
{
	struct reading from, to;
	struct memuse now, each;
	int err;

	err = wait_for_client(x, l, client, &l->connected);
	if (!err)
		err = memuse_of(&x->pid, 1, &now);
	if (err)
		return err;
	each = memuse_each(before, &now, n);
	out->bytes = memuse_committed(&each);
	__atomic_store_n(&l->go_on, ECHO_MEASURE, __ATOMIC_RELEASE);
	err = wait_for_client(x, l, client, &l->warm);
	if (!err)
		err = read_process(x->pid, &from);
	/* It measures for a time; but not where it is never answered. */
	if (!err)
		err = wait_for_client(x, l, client, &l->over);
	if (!err)
		err = read_process(x->pid, &to);
	if (err)
		return err;
	__atomic_store_n(&l->go_on, ECHO_CLOSE, __ATOMIC_RELEASE);
	out->cpu_ns = to.cpu_ns - from.cpu_ns;
	out->switches = to.threads < from.threads ? -1 : to.switches - from.switches;
	return 0;
}

int peer_load(struct peer_process *x, int port, struct echo_load *l, uint64_t n, int64_t ns,
	      struct peer_load *out)
{
	struct memuse before;
	pid_t client;
	int err = memuse_of(&x->pid, 1, &before);

	if (err)
		return err;
	client = echo_load_start(l, n, port, ns);
	if (client < 0)
		return client;
	err = under_load(x, l, n, client, &before, out);
	if (err)
		kill(client, SIGKILL);
	wait_for_child(client, NULL);
	return err;
}
