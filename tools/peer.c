// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer.c - runs programs in other languages, and reads what they found.
 *
 * A peer is not trusted to end, to say what it should, or to clean up. What it says is
 * bounded, and so is its time; when it has ended, whoever it left behind has become a child
 * of gvt (interrupt_begin()), and is killed.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forked.h"
#include "host.h"
#include "interrupt.h"
#include "peer.h"
#include "thread_limits.h"

/* One that takes longer than so many seconds hangs. --n may ask for much. */
#define PEER_TIMEOUT		180
#define PEER_TIMEOUT_QUICK	60
#define PEER_TIMEOUT_N		1200

/* Numbers of gvt's children, each with a blank after it. */
#define CHILDREN	"/proc/thread-self/children"

void peer_fault(struct peer_process *x, const char *fmt, ...)
{
	va_list ap;

	if (x->fault[0])
		return;
	va_start(ap, fmt);
	vsnprintf(x->fault, sizeof(x->fault), fmt, ap);
	va_end(ap);
	kill(x->pid, SIGKILL);
}

/* What others wrote, for a terminal. */
static void printable(char *text)
{
	for (; *text; text++) {
		if (!isascii(*text) || !isprint(*text))
			*text = '?';
	}
}

/* --------------------------------------------------------------- what it is told */

/* Return: the length of the line; 0: there is no room for it. */
static size_t write_line(const struct plan *p, const struct result *r, const struct peer *peer,
			 char *line, size_t size)
{
	struct thread_limit limits[LIMIT_NR];
	enum limit which;
	size_t len;

	limits_read(limits);
	len = snprintf(line, size, "%s threads=%lu memory=%lu", p->name,
		       (unsigned long)limits_safe(limits, &which),
		       (unsigned long)host_memory_available() / 2);
	for (size_t i = 0; i < r->nr_params && len < size; i++)
		len += snprintf(line + len, size - len, " %s=%ld", r->params[i].name,
				(long)r->params[i].value);
	if (peer->variant && len < size)
		len += snprintf(line + len, size - len, " %s", peer->variant);
	for (size_t i = 0; i < r->nr_metrics && len < size; i++)
		len += snprintf(line + len, size - len, " %s=%lu", r->metrics[i].name,
				r->metrics[i].n);
	if (len < size)
		len += snprintf(line + len, size - len, "\n");
	return len < size ? len : 0;
}

/* -------------------------------------------------------------------- its process */

struct pipes {
	int in[2], out[2], err[2], go[2];
};

static void pipes_close(struct pipes *f)
{
	int *all = f->in;

	for (size_t i = 0; i < sizeof(*f) / sizeof(int); i++) {
		if (all[i] >= 0)
			close(all[i]);
		all[i] = -1;
	}
}

static int pipes_open(struct pipes *f)
{
	int err = 0;

	memset(f, -1, sizeof(*f));
	if (pipe2(f->in, O_CLOEXEC) || pipe2(f->out, O_CLOEXEC) || pipe2(f->err, O_CLOEXEC) ||
	    pipe2(f->go, O_CLOEXEC) || fcntl(f->out[0], F_SETFL, O_NONBLOCK) ||
	    fcntl(f->err[0], F_SETFL, O_NONBLOCK))
		err = -errno;
	if (err)
		pipes_close(f);
	return err;
}

/* It waits at @go until it is watched, if it can be. */
static void __attribute__((noreturn)) run_program(const struct plan *p, const char *const *argv,
						  const struct pipes *f)
{
	struct rlimit files;
	char c;

	close(f->go[1]);
	if (read(f->go[0], &c, 1) != 1)
		_exit(1);
	interrupt_in_child();
	if (p->o->pin)
		cpus_use(1);
	/* A server has a descriptor for each connection. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	unset_runtimes();
	dup2(f->in[0], STDIN_FILENO);
	dup2(f->out[1], STDOUT_FILENO);
	dup2(f->err[1], STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int fork_program(struct peer_process *x, const struct plan *p, const char *const *argv,
			struct pipes *f)
{
	int err = counters_mark(&x->mark);

	if (err)
		return err;
	x->others = read_file(CHILDREN);
	fflush(NULL);
	x->pid = fork_child();
	if (x->pid < 0)
		return -errno;
	if (!x->pid)
		run_program(p, argv, f);
	x->pidfd = pidfd_open(x->pid, 0);
	if (x->pidfd < 0) {
		err = -errno;
		kill(x->pid, SIGKILL);
		wait_for_child(x->pid, NULL);
		return err;
	}
	interrupt_kills(x->pid);
	x->watched = !counters_watch_tree(x->pid);
	/* We have the other end, too: no signal, whatever became of it. */
	if (write(f->go[1], "", 1) != 1)
		peer_fault(x, "could not be started");
	return 0;
}

static int timeout_of(const struct plan *p)
{
	const char *asked = getenv("GVT_PEER_SECONDS");
	int seconds = asked ? atoi(asked) : 0;

	if (seconds > 0)
		return seconds;
	seconds = p->o->n ? PEER_TIMEOUT_N : p->o->quick ? PEER_TIMEOUT_QUICK : PEER_TIMEOUT;
	return seconds * host_slowness();
}

bool peer_start(struct peer_process *x, const struct plan *p, const struct result *r,
		const struct peer *peer, struct rep *rep)
{
	const char *argv[PEER_ARGS];
	char line[4096];
	struct pipes f;
	size_t len;
	int err;

	memset(x, 0, sizeof(*x));
	x->peer = peer;
	if (!peer_command(peer->language, p->name, argv, rep->error))
		return false;
	len = write_line(p, r, peer, line, sizeof(line));
	err = len ? pipes_open(&f) : -E2BIG;
	if (err)
		goto err_why;
	/* It fits into the pipe: the line is there before its reader. */
	if (write(f.in[1], line, len) != (ssize_t)len)
		err = -EIO;
	if (!err)
		err = fork_program(x, p, argv, &f);
	if (err)
		goto err_close;
	x->seconds = timeout_of(p);
	x->end = now_ns() + x->seconds * NSEC_PER_SEC;
	x->in = f.in[1];
	x->said.fd = f.out[0];
	x->complaint.fd = f.err[0];
	f.in[1] = f.out[0] = f.err[0] = -1;
	pipes_close(&f);
	return true;

err_close:
	pipes_close(&f);
	free(x->others);
err_why:
	snprintf(rep->error, sizeof(rep->error), "%s: %s", peer->name, strerror(-err));
	return false;
}

/* -------------------------------------------------------------------- what it says */

/* What is there. Return: false where it was more than there is room for. */
static bool take(struct peer_text *t)
{
	char rest[512];
	bool room = true;

	/* One that writes without end is not read without end. */
	for (int i = 0; i < 64 && t->fd >= 0; i++) {
		size_t free = sizeof(t->text) - 1 - t->len;
		ssize_t got = read(t->fd, free ? t->text + t->len : rest,
				   free ? free : sizeof(rest));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			break;
		if (got <= 0) {
			close(t->fd);
			t->fd = -1;
		} else if (free) {
			t->len += got;
			t->text[t->len] = '\0';
		} else {
			room = false;
		}
	}
	return room;
}

/* How many threads it has by now. It has said something, so what it measures stands still. */
static void count_threads(struct peer_process *x)
{
	char path[64], *text, *at;
	unsigned long threads;

	snprintf(path, sizeof(path), "/proc/%d/status", x->pid);
	text = read_file(path);
	at = text ? strstr(text, "\nThreads:") : NULL;
	threads = at ? strtoul(at + strlen("\nThreads:"), NULL, 10) : 0;
	if (threads > x->threads)
		x->threads = threads;
	free(text);
}

/* Wait until it says something. Return: false when it has ended, or is over. */
static bool listen_on(struct peer_process *x)
{
	struct pollfd pfd[] = { { .fd = x->pidfd, .events = POLLIN },
				{ .fd = x->said.fd, .events = POLLIN },
				{ .fd = x->complaint.fd, .events = POLLIN } };
	int64_t left = x->end - now_ns();
	size_t said = x->said.len;

	if (left <= 0)
		peer_fault(x, "no end after %d s", x->seconds);
	else
		poll(pfd, ARRAY_SIZE(pfd), left / 1000000 + 1);
	if (!take(&x->said))
		peer_fault(x, "said more than %d bytes", PEER_TEXT);
	take(&x->complaint);
	if (x->said.len > said && !x->watched)
		count_threads(x);
	return !pfd[0].revents && !x->fault[0];
}

void peer_hear(struct peer_process *x)
{
	take(&x->complaint);
}

bool peer_line(struct peer_process *x, char line[PEER_LINE])
{
	const char *from = x->said.text + x->next;
	bool more = true;
	size_t len;

	while (!strchr(from, '\n') && more && x->said.fd >= 0)
		more = listen_on(x);
	/* What ends without a newline is a line all the same. */
	len = strcspn(from, "\n");
	if (x->fault[0] || !from[0])
		return false;
	snprintf(line, PEER_LINE, "%.*s", (int)len, from);
	x->next += len + (from[len] == '\n');
	return true;
}

static int metric_by_name(const struct result *r, const char *name)
{
	for (size_t i = 0; i < r->nr_metrics; i++) {
		if (!strcmp(r->metrics[i].name, name))
			return i;
	}
	return -1;
}

bool peer_understand(struct peer_process *x, const struct result *r, const char *line,
		     struct rep *rep)
{
	char name[64], text[64], rest, *end;
	const char *reason;
	double value;
	int metric;

	if (!strncmp(line, "version ", 8)) {
		snprintf(rep->picture, VERSION_SIZE, "%s", line + 8);
		printable(rep->picture);
		return true;
	}
	if (sscanf(line, "%63s", name) != 1)
		goto err_fault;
	metric = metric_by_name(r, name);
	if (metric < 0 || rep->set[metric] || rep->why[metric][0])
		goto err_fault;
	reason = line + strlen(name);
	if (!strncmp(reason, " - ", 3) && reason[3]) {
		rep_missing(rep, metric, "%s: %s", x->peer->name, reason + 3);
		printable(rep->why[metric]);
		return true;
	}
	if (sscanf(reason, "%63s %c", text, &rest) != 1)
		goto err_fault;
	value = strtod(text, &end);
	if (*end || !isfinite(value) || value < 0)
		goto err_fault;
	rep_set(rep, metric, value);
	return true;

err_fault:
	snprintf(text, sizeof(text), "%s", line);
	printable(text);
	peer_fault(x, "said `%s`, which is none of its figures", text);
	return false;
}

void peer_no_more(struct peer_process *x)
{
	if (x->in >= 0)
		close(x->in);
	x->in = -1;
}

/* -------------------------------------------------------------------------- its end */

/* A child that is not among @others; 0: there is none, or the kernel doesn't tell. */
static pid_t new_child(const char *others)
{
	char *text = read_file(CHILDREN), *save = NULL;
	pid_t found = 0;

	for (char *word = text ? strtok_r(text, " ", &save) : NULL; word && !found;
	     word = strtok_r(NULL, " ", &save)) {
		const char *at = strstr(others, word);
		size_t len = strlen(word);

		while (at && (at[len] != ' ' || (at != others && at[-1] != ' ')))
			at = strstr(at + 1, word);
		if (!at)
			found = atoi(word);
	}
	free(text);
	return found;
}

/* Those whom it left behind are ours now; what gvt was born with isn't. */
static void end_orphans(struct peer_process *x)
{
	pid_t pid;

	while (x->others && (pid = new_child(x->others)) > 0) {
		kill(pid, SIGKILL);
		if (waitpid(pid, NULL, 0) < 0 && errno != EINTR)
			break;
	}
	free(x->others);
	x->others = NULL;
}

/* What it complained of, in a line: the first one, but Python ends with what matters. */
static const char *complaint(struct peer_process *x)
{
	char *text = x->complaint.text, *last;

	while (x->complaint.len && isspace(text[x->complaint.len - 1]))
		text[--x->complaint.len] = '\0';
	last = strrchr(text, '\n');
	if (last && !strncmp(text, "Traceback", strlen("Traceback")))
		text = last + 1;
	text[strcspn(text, "\n")] = '\0';
	printable(text);
	return text;
}

static void explain(struct peer_process *x, int status, char *why)
{
	const char *name = x->peer->name, *text = complaint(x);

	if (interrupted())
		snprintf(why, WHY_SIZE, "%s: interrupted", name);
	else if (x->fault[0])
		snprintf(why, WHY_SIZE, "%s: %.160s", name, x->fault);
	else if (WIFSIGNALED(status))
		snprintf(why, WHY_SIZE, "%s: killed by signal %d (%s)", name, WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(why, WHY_SIZE, "%s: ended with status %d%s%.120s", name,
			 WEXITSTATUS(status), *text ? ": " : "", text);
}

bool peer_end(struct peer_process *x, struct rep *rep, struct rusage *usage)
{
	int status = 0;

	peer_no_more(x);
	while (listen_on(x))
		;
	/* It has ended, or been killed: its number is its own until it was waited for. */
	interrupt_spares();
	while (wait4(x->pid, &status, 0, usage) < 0 && errno == EINTR)
		;
	end_orphans(x);
	if (counters_tree(&x->mark, x->pid, x->watched, usage, &rep->counters))
		rep->uncounted = true;
	if (x->threads)
		counters_set(&rep->counters, CTR_THREADS_PEAK, x->threads);
	close(x->pidfd);
	if (x->said.fd >= 0)
		close(x->said.fd);
	if (x->complaint.fd >= 0)
		close(x->complaint.fd);
	rep->done = !x->fault[0] && WIFEXITED(status) && !WEXITSTATUS(status);
	if (!rep->done)
		explain(x, status, rep->error);
	return rep->done;
}

static bool any_figure(const struct result *r, const struct rep *rep)
{
	for (size_t i = 0; i < r->nr_metrics; i++) {
		if (rep->set[i] || rep->why[i][0])
			return true;
	}
	return false;
}

void peer_once(const struct plan *p, const struct result *r, const struct peer *peer,
	       struct rep *rep)
{
	const char *senseless = peer_senseless(p->name, peer->language);
	struct peer_process x;
	struct rusage usage;
	char line[PEER_LINE];

	memset(rep, 0, sizeof(*rep));
	if (senseless) {
		snprintf(rep->error, sizeof(rep->error), "%s: %s", peer->name, senseless);
		return;
	}
	if (interrupted() || !peer_start(&x, p, r, peer, rep))
		return;
	if (p->talk) {
		p->talk(p, r, &x, rep);
	} else {
		peer_no_more(&x);
		while (peer_line(&x, line) && peer_understand(&x, r, line, rep))
			;
	}
	if (!peer_end(&x, rep, &usage))
		return;
	if (!any_figure(r, rep)) {
		rep->done = false;
		snprintf(rep->error, sizeof(rep->error), "%s: said nothing", peer->name);
	}
	/* What it can't do mostly takes away the next figure, too. */
	for (size_t i = 0; i < r->nr_metrics; i++) {
		if (rep->set[i] || rep->why[i][0])
			continue;
		if (i && rep->why[i - 1][0])
			memcpy(rep->why[i], rep->why[i - 1], WHY_SIZE);
		else
			rep_missing(rep, i, "%s: has no figure for %s", peer->name,
				    r->metrics[i].name);
	}
}

size_t peers_choose(const struct plan *p, struct peer *peers)
{
	size_t nr = 0;

	while (nr < p->nr_peers) {
		peers[nr] = p->peer[nr];
		nr++;
	}
	for (int i = 0; i < LANGUAGES; i++) {
		const struct peer asked = { language_name[i], i, NULL };
		bool there = false;

		for (size_t k = 0; k < p->nr_peers; k++)
			there |= !strcmp(p->peer[k].name, asked.name);
		if (!there && p->o->peers & 1u << i)
			peers[nr++] = asked;
	}
	return nr;
}
