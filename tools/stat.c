// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat.c - `gvt stat`: run a command, then show what was counted for it and its children.
 *
 * The command waits at a pipe until it is watched, so its first instruction counts and
 * nothing of gvt's does. Signals are taken synchronously, all in one place: those that
 * somebody sends to gvt go on to the command; those that a terminal sends reach the
 * command anyway.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"
#include "gvt.h"
#include "output.h"

/**
 * struct stat_run - a command and what is known of it
 * @argv: the command
 * @json: print JSON
 * @path: write there; NULL: standard error
 * @pid: of the command
 * @watched: the module counts it
 * @watch_err: why it doesn't
 * @exec_err: why it could not be run; 0: it ran
 * @status: as waitpid tells
 * @wall_ns: from its release to its end
 * @ru: what its processes used, of those that were waited for
 * @counters: what was counted
 */
struct stat_run {
	char **argv;
	bool json;
	const char *path;
	pid_t pid;
	bool watched;
	int watch_err, exec_err, status;
	int64_t wall_ns;
	struct rusage ru;
	struct counters counters;
};

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
				 SIGCONT, SIGWINCH };

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		sigaddset(set, forwarded[i]);
}

/* Wait at @go for the word, run, tell through @failed what went wrong. */
static void __attribute__((noreturn)) run_command(char **argv, int go, int failed,
						  const sigset_t *mask)
{
	int err;
	char c;

	/* gvt is gone: nobody waits for this command. */
	if (read(go, &c, 1) != 1)
		_exit(EXIT_FAILURE);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	err = errno;
	if (write(failed, &err, sizeof(err)) != sizeof(err))
		_exit(EXIT_FAILURE);
	_exit(EXIT_NOT_FOUND);
}

/* Pass signals on until the command has ended. Only its end counts, not that it stops. */
static void wait_for_command(struct stat_run *s, const sigset_t *set)
{
	siginfo_t info;

	for (;;) {
		pid_t got = waitpid(s->pid, &s->status, WNOHANG);

		if (got == s->pid || (got < 0 && errno != EINTR))
			return;
		if (sigwaitinfo(set, &info) < 0)
			continue;
		/* si_code > 0: from the kernel, so from the terminal, to the whole group. */
		if (info.si_signo != SIGCHLD && info.si_code <= 0)
			kill(s->pid, info.si_signo);
	}
}

/* Return: an exit status of gvt's own, or -1: the command was run, or tried to. */
static int run_and_wait(struct stat_run *s)
{
	int go[2] = { -1, -1 }, failed[2] = { -1, -1 }, err;
	struct tree_mark mark;
	sigset_t set, old;
	int64_t t0;

	err = counters_mark(&mark);
	if (!err && (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC)))
		err = -errno;
	if (err) {
		complain("stat", "%s", strerror(-err));
		return EXIT_FAILURE;
	}
	/* Who started us may have left this one ignored: then nothing could be waited for. */
	signal(SIGCHLD, SIG_DFL);
	signal_set(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	fflush(NULL);
	s->pid = fork();
	if (s->pid < 0) {
		complain("fork", "%s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (!s->pid) {
		close(go[1]);
		close(failed[0]);
		run_command(s->argv, go[0], failed[1], &old);
	}
	close(go[0]);
	close(failed[1]);

	s->watch_err = -counters_watch_tree(s->pid);
	s->watched = !s->watch_err;
	t0 = now_ns();
	if (write(go[1], "", 1) != 1)
		complain(s->argv[0], "ended before it began");
	if (read(failed[0], &s->exec_err, sizeof(s->exec_err)) != sizeof(s->exec_err))
		s->exec_err = 0;
	wait_for_command(s, &set);
	s->wall_ns = now_ns() - t0;
	close(go[1]);
	close(failed[0]);

	getrusage(RUSAGE_CHILDREN, &s->ru);
	err = counters_tree(&mark, s->pid, s->watched, &s->ru, &s->counters);
	if (err)
		complain("counters", "%s: nothing to show", strerror(-err));
	return err ? EXIT_FAILURE : -1;
}

static const char *note(const struct stat_run *s, char *text, size_t size)
{
	if (s->watched)
		return counters_note();
	if (s->watch_err != ENOSYS)
		snprintf(text, size, "gvt.ko did not watch the command (%s%s): ",
			 strerror(s->watch_err),
			 s->watch_err == ENOSPC ? "; see its parameter max_watch" : "");
	else
		snprintf(text, size, "gvt.ko is not loaded: ");
	snprintf(text + strlen(text), size - strlen(text),
		 "creations are those of the whole system, threads and processes; switches and "
		 "run time are those of children that were waited for; what was switched to, the "
		 "wait for a CPU, and goroutines are missing");
	return text;
}

static int64_t ns_of(const struct timeval *t)
{
	return t->tv_sec * NSEC_PER_SEC + t->tv_usec * 1000LL;
}

static int print_json(const struct stat_run *s, FILE *to)
{
	struct json_object *o = json_object_new_object(), *argv = json_object_new_array();
	struct json_object *host = json_host();
	char text[512];

	json_object_object_add(o, "version", json_object_new_int(1));
	/* Where the module refused this command, the counters are procfs's after all. */
	if (!s->watched)
		json_object_object_add(host, "counters", json_object_new_string("procfs"));
	json_object_object_add(host, "counters_note",
			       json_object_new_string(note(s, text, sizeof(text))));
	json_object_object_add(o, "host", host);
	for (char **a = s->argv; *a; a++)
		json_object_array_add(argv, json_object_new_string(*a));
	json_object_object_add(o, "command", argv);
	json_object_object_add(o, "status", WIFEXITED(s->status) ?
			       json_object_new_int(WEXITSTATUS(s->status)) : NULL);
	json_object_object_add(o, "signal", WIFSIGNALED(s->status) ?
			       json_object_new_int(WTERMSIG(s->status)) : NULL);
	json_object_object_add(o, "wall_ns", json_object_new_int64(s->wall_ns));
	json_object_object_add(o, "user_ns", json_object_new_int64(ns_of(&s->ru.ru_utime)));
	json_object_object_add(o, "system_ns", json_object_new_int64(ns_of(&s->ru.ru_stime)));
	json_object_object_add(o, "max_rss_bytes", json_object_new_int64(s->ru.ru_maxrss * 1024LL));
	json_object_object_add(o, "counters", json_counters(&s->counters));
	return json_print(o, to);
}

static int add_row(struct libscols_table *t, const char *value, const char *label)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);

	if (!line || scols_line_set_data(line, 0, value) || scols_line_set_data(line, 1, label))
		return -ENOMEM;
	return 0;
}

static int print_table(const struct stat_run *s, FILE *to)
{
	struct libscols_table *t = table_new(to);
	char text[TEXT_SIZE], why[512];
	int err = -ENOMEM;

	if (!t)
		return err;
	scols_table_enable_noheadings(t, true);
	if (!scols_table_new_column(t, "VALUE", 16, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(t, "WHAT", 0, 0))
		goto out;
	for (int i = 0; i < CTR_NR; i++) {
		if (!counters_have(&s->counters, i) ||
		    (counter_is(i, COUNTER_RARE) && !s->counters.v[i]))
			continue;
		if (add_row(t, text_counter(text, i, s->counters.v[i]), counters_label(i)))
			goto out;
	}
	if (add_row(t, text_value(text, "ns", s->wall_ns), "from start to end") ||
	    add_row(t, text_value(text, "ns", ns_of(&s->ru.ru_utime)), "in user space") ||
	    add_row(t, text_value(text, "ns", ns_of(&s->ru.ru_stime)), "in the kernel") ||
	    add_row(t, text_value(text, "bytes", s->ru.ru_maxrss * 1024.0),
		    "most resident memory of one process"))
		goto out;
	fprintf(to, "\ngvt stat:");
	for (char **a = s->argv; *a; a++)
		fprintf(to, " %s", *a);
	fprintf(to, "\ncounters of the command and its children: %s\n\n",
		s->watched ? counters_source() : "procfs");
	err = scols_print_table(t);
	putc('\n', to);
	if (note(s, why, sizeof(why))[0])
		print_wrapped(to, "  ", "  ", note(s, why, sizeof(why)));
out:
	scols_unref_table(t);
	return err;
}

/* Return: 0, or EXIT_FAILURE after a message. */
static int report(const struct stat_run *s, FILE *to)
{
	const char *where = s->path ? s->path : "standard error";
	int err = s->json ? print_json(s, to) : print_table(s, to);

	if (!err && (fflush(to) || ferror(to)))
		err = errno ? -errno : -EIO;
	if (err)
		complain(where, "%s", strerror(-err));
	return err ? EXIT_FAILURE : 0;
}

static int command_status(const struct stat_run *s)
{
	if (s->exec_err)
		return s->exec_err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
	if (WIFSIGNALED(s->status))
		return 128 + WTERMSIG(s->status);
	return WEXITSTATUS(s->status);
}

static const struct option stat_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct stat_run *s, int argc, char **argv)
{
	int c;

	/* "+": the command's own options are not ours. */
	while ((c = getopt_long(argc, argv, "+:ho:", stat_options, NULL)) != -1) {
		switch (c) {
		case 'j':
			s->json = true;
			break;
		case 'o':
			s->path = optarg;
			break;
		case 'h':
			print_help("stat");
			return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
		case ':':
			complain(argv[optind - 1], "needs a value; see `gvt help stat`");
			return EXIT_USAGE;
		default:
			complain(argv[optind - 1], "no such option of stat; a command's own options "
				 "come after the command, see `gvt help stat`");
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		complain("stat", "no command given, as in `gvt stat -- ls -l`");
		return EXIT_USAGE;
	}
	s->argv = argv + optind;
	return -1;
}

int cmd_stat(int argc, char **argv)
{
	struct stat_run s = { .json = false };
	int status = parse_options(&s, argc, argv);
	FILE *to = stderr;

	if (status >= 0)
		return status;
	if (s.path) {
		/* Before the command runs: a name that can't be written is found at once. */
		to = fopen(s.path, "we");
		if (!to) {
			complain(s.path, "%s", strerror(errno));
			return EXIT_FAILURE;
		}
	}
	status = run_and_wait(&s);
	if (status < 0 && s.exec_err)
		complain(s.argv[0], "%s", strerror(s.exec_err));
	else if (status < 0 && report(&s, to) && !command_status(&s))
		status = EXIT_FAILURE;
	if (s.path)
		fclose(to);
	return status < 0 ? command_status(&s) : status;
}
