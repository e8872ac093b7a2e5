// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat.c - `gvt stat`: its options, and its exit status.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "stat.h"

#define MAX_RUNS	10000

static const struct option stat_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "csv", no_argument, NULL, 'c' },
	{ "openmetrics", no_argument, NULL, 'm' },
	{ "output", required_argument, NULL, 'o' },
	{ "pid", required_argument, NULL, 'p' },
	{ "repeat", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int bad_format(void)
{
	complain("stat", "--json, --csv and --openmetrics exclude each other: choose one");
	return EXIT_USAGE;
}

/* Return: EXIT_USAGE after a message, or -1. */
static int set_format(struct stat_request *q, enum format format)
{
	if (q->format != FORMAT_TABLE && q->format != format)
		return bad_format();
	q->format = format;
	return -1;
}

static int set_runs(struct stat_request *q, const char *text)
{
	uint64_t runs;

	if (!parse_number("-r", text, 1, MAX_RUNS, &runs))
		return EXIT_USAGE;
	q->runs = runs;
	return -1;
}

static int set_pids(struct stat_request *q, const char *list)
{
	free(q->pids);
	return parse_pids("-p", list, &q->pids, &q->nr_pids) ? -1 : EXIT_USAGE;
}

/* Return: an exit status, or -1 to go on. */
static int parse_option(struct stat_request *q, int c, const char *word)
{
	switch (c) {
	case 'j':
		return set_format(q, FORMAT_JSON);
	case 'c':
		return set_format(q, FORMAT_CSV);
	case 'm':
		return set_format(q, FORMAT_OPENMETRICS);
	case 'o':
		q->path = optarg;
		return -1;
	case 'p':
		return set_pids(q, optarg);
	case 'r':
		return set_runs(q, optarg);
	case 'h':
		print_help("stat");
		return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
	case ':':
		complain(word, "needs a value; see `gvt help stat`");
		return EXIT_USAGE;
	default:
		complain(word, "no such option of stat; see `gvt help stat`: a command's own "
			       "options come after the command");
		return EXIT_USAGE;
	}
}

/* What stands after the options. */
static int parse_rest(struct stat_request *q, int argc, char **argv)
{
	if (!q->nr_pids) {
		if (!argc) {
			complain("stat", "no command given, as in `gvt stat -- ls -l`");
			return EXIT_USAGE;
		}
		q->argv = argv;
		return -1;
	}
	if (q->runs) {
		complain("stat", "-p and -r exclude each other: a process runs once");
		return EXIT_USAGE;
	}
	if (argc > 1) {
		complain(argv[1], "with -p there is nothing but SECONDS, as in `gvt stat -p 1 10`");
		return EXIT_USAGE;
	}
	return !argc || parse_seconds("SECONDS", argv[0], 0.001, 1e7, &q->seconds) ? -1 :
										     EXIT_USAGE;
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct stat_request *q, int argc, char **argv)
{
	int c, status;

	/* "+": the command's own options are not ours. */
	while ((c = getopt_long(argc, argv, "+:ho:p:r:", stat_options, NULL)) != -1) {
		status = parse_option(q, c, option_word(c, argv));
		if (status >= 0)
			return status;
	}
	return parse_rest(q, argc - optind, argv + optind);
}

/* Return: 0, or EXIT_FAILURE after a message. */
static int report(const struct stat_result *r, FILE *to)
{
	const char *where = r->request->path ? r->request->path : "standard error";
	int err = stat_print(r, to);

	if (!err && (fflush(to) || ferror(to)))
		err = errno ? -errno : -EIO;
	if (err)
		complain(where, "%s", strerror(-err));
	return err ? EXIT_FAILURE : 0;
}

static int measured_status(const struct stat_result *r)
{
	if (r->exec_err)
		return r->exec_err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
	/* Ctrl-C is how one ends it. */
	if (r->signal)
		return r->signal == SIGINT ? EXIT_SUCCESS : 128 + r->signal;
	if (WIFSIGNALED(r->status))
		return 128 + WTERMSIG(r->status);
	return WEXITSTATUS(r->status);
}

static int measure(const struct stat_request *q, FILE *to)
{
	struct stat_result r = { .request = q };
	int status = q->argv ? stat_command(&r) : stat_pids(&r);

	if (status < 0) {
		status = measured_status(&r);
		if (r.exec_err)
			complain(q->argv[0], "%s", strerror(r.exec_err));
		else if (report(&r, to) && !status)
			status = EXIT_FAILURE;
	}
	free(r.samples);
	return status;
}

int cmd_stat(int argc, char **argv)
{
	struct stat_request q = { .format = FORMAT_TABLE };
	int status = parse_options(&q, argc, argv);
	FILE *to = stderr;

	if (status >= 0)
		goto out;
	if (!q.runs)
		q.runs = 1;
	if (q.path) {
		/* Before the command runs: a name that can't be written is found at once. */
		to = fopen(q.path, "we");
		if (!to) {
			complain(q.path, "%s", strerror(errno));
			status = EXIT_FAILURE;
			goto out;
		}
	}
	status = measure(&q, to);
	if (q.path)
		fclose(to);
out:
	free(q.pids);
	return status;
}
