// SPDX-License-Identifier: GPL-2.0-only
/*
 * top.c - `gvt top`: its options, and plain lines for who isn't a terminal.
 *
 * It reads and changes nothing: no process is watched for it. So it shows what gvt.ko counts
 * for those that are watched anyway, as all are that run libgo, and what procfs tells of
 * all others.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gvt.h"
#include "output.h"
#include "top.h"

#define MAX_COUNT	1000000000

const char *top_note(void)
{
	if (strcmp(counters_source(), "gvt"))
		return "gvt.ko is not loaded: read from procfs, so goroutines are missing, and what "
		       "threads did that ended between two readings";
	return "goroutines are those of programs that publish them, as libgo does; processes that "
	       "gvt.ko does not watch are read from procfs: what their threads did that ended "
	       "between two readings is missing (watch all: `echo watch_all on "
	       ">/proc/gvt/control`, as root)";
}

/* -------------------------------------------------------------- plain lines */

static void print_table(const struct top_table *t, const struct top_view *view, bool first)
{
	char text[TOP_LINE], clock[16] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	top_text_head(text, t, view);
	printf("%sgvt top %s: %s; counters: %s\n", first ? "" : "\n", clock, text,
	       counters_source());
	if (first)
		print_wrapped(stdout, "  ", "  ", top_note());
	top_text_columns(text, view);
	puts(text);
	for (size_t i = 0; i < t->nr; i++) {
		top_text_row(text, &t->rows[i], view);
		puts(text);
	}
}

static void pause_for(double seconds)
{
	struct timespec t = { .tv_sec = seconds };

	t.tv_nsec = (seconds - t.tv_sec) * NSEC_PER_SEC;
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
}

/* Nothing is left of what was asked for. */
static bool is_over(const struct top_request *q, const struct top_table *t)
{
	return !t->found || (q->nr_pids && !t->processes);
}

/* The first reading only has something to compare the second one with. */
static int print_all(const struct top_request *q)
{
	struct snapshot before, now;
	struct top_table t;
	bool over = false;
	int err = snapshot_take(&before, q->pids, q->nr_pids);

	for (uint64_t i = 0; !err && !over && (!q->count || i < q->count); i++) {
		pause_for(q->delay);
		err = snapshot_take(&now, q->pids, q->nr_pids);
		if (err)
			break;
		err = top_table_make(&t, &before, &now, &q->view);
		snapshot_free(&before);
		before = now;
		if (err)
			break;
		over = is_over(q, &t);
		if (!over)
			print_table(&t, &q->view, !i);
		top_table_free(&t);
		if (!flush_stdout()) {
			snapshot_free(&before);
			return EXIT_FAILURE;
		}
	}
	if (err)
		complain("top", "%s", strerror(-err));
	snapshot_free(&before);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ------------------------------------------------------------------ options */

static const struct option top_options[] = {
	{ "batch", no_argument, NULL, 'b' },
	{ "delay", required_argument, NULL, 'd' },
	{ "filter", required_argument, NULL, 'f' },
	{ "count", required_argument, NULL, 'n' },
	{ "pid", required_argument, NULL, 'p' },
	{ "sort", required_argument, NULL, 's' },
	{ "threads", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static bool parse_sort(const char *text, enum top_sort *sort)
{
	for (int i = 0; i < TOP_SORTS; i++) {
		if (!strcmp(text, top_sort_name[i])) {
			*sort = i;
			return true;
		}
	}
	complain("-s", "`%s` is no key; there are: kernel, goroutine, cpu, wait, threads, pid",
		 text);
	return false;
}

static bool parse_filter(const char *text, char filter[TOP_FILTER])
{
	if (strlen(text) >= TOP_FILTER) {
		complain("-f", "at most %d letters", TOP_FILTER - 1);
		return false;
	}
	strcpy(filter, text);
	return true;
}

static bool parse_threads(const char *text, pid_t *pid)
{
	uint64_t value;

	if (!parse_number("-t", text, 1, INT32_MAX, &value))
		return false;
	*pid = value;
	return true;
}

static bool parse_list(struct top_request *q, const char *text)
{
	free(q->pids);
	return parse_pids("-p", text, &q->pids, &q->nr_pids);
}

/* Return: an exit status, or -1 to go on. */
static int parse_option(struct top_request *q, int c, const char *word, bool *batch)
{
	switch (c) {
	case 'b':
		*batch = true;
		return -1;
	case 'd':
		return parse_seconds("-d", optarg, TOP_MIN_DELAY, TOP_MAX_DELAY, &q->delay) ?
			       -1 : EXIT_USAGE;
	case 'f':
		return parse_filter(optarg, q->view.filter) ? -1 : EXIT_USAGE;
	case 'n':
		return parse_number("-n", optarg, 1, MAX_COUNT, &q->count) ? -1 : EXIT_USAGE;
	case 'p':
		return parse_list(q, optarg) ? -1 : EXIT_USAGE;
	case 's':
		return parse_sort(optarg, &q->view.sort) ? -1 : EXIT_USAGE;
	case 't':
		return parse_threads(optarg, &q->view.threads_of) ? -1 : EXIT_USAGE;
	case 'h':
		print_help("top");
		return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
	case ':':
		complain(word, "needs a value; see `gvt help top`");
		return EXIT_USAGE;
	default:
		complain(word, "no such option of top; see `gvt help top`");
		return EXIT_USAGE;
	}
}

/* Those that were named have to be there at the beginning. */
static bool are_there(const pid_t *pids, size_t nr)
{
	struct process_sample s;
	int err;

	for (size_t i = 0; i < nr; i++) {
		char name[32];

		snprintf(name, sizeof(name), "process %d", pids[i]);
		err = process_read(pids[i], &s);
		if (err) {
			complain(name, "%s; `ps -e` lists those that there are",
				 err == -ESRCH ? "no such process" : strerror(-err));
			return false;
		}
		if (s.tgid != pids[i]) {
			complain(name, "is a thread of process %d; give that", s.tgid);
			process_free(&s);
			return false;
		}
		process_free(&s);
	}
	return true;
}

/* A screen can be drawn, and keys can be read. */
static bool is_screen(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && term && *term &&
	       strcmp(term, "dumb");
}

static int run(struct top_request *q, bool batch)
{
	if (!are_there(q->pids, q->nr_pids) ||
	    (q->view.threads_of && !are_there(&q->view.threads_of, 1)))
		return EXIT_FAILURE;
	/* All others would only take time. */
	if (q->view.threads_of && batch) {
		free(q->pids);
		q->nr_pids = 0;
		q->pids = malloc(sizeof(*q->pids));
		if (q->pids)
			q->pids[q->nr_pids++] = q->view.threads_of;
	}
	return batch ? print_all(q) : top_screen(q);
}

int cmd_top(int argc, char **argv)
{
	struct top_request q = { .delay = 2 };
	bool batch = !is_screen();
	int c, status = -1;

	while (status < 0 && (c = getopt_long(argc, argv, ":bd:f:hn:p:s:t:", top_options,
					      NULL)) != -1)
		status = parse_option(&q, c, option_word(c, argv), &batch);
	if (status < 0 && optind < argc) {
		complain(argv[optind], "top takes no argument but options; see `gvt help top`");
		status = EXIT_USAGE;
	}
	if (status < 0)
		status = run(&q, batch);
	free(q.pids);
	return status;
}
