// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench.c - `gvt bench`: what was asked for, in order.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libgo.h>

#include "bench/bench.h"
#include "interrupt.h"
#include "output.h"

#define MAX_REPS	99
#define MAX_N		1000000000UL
#define MIN_N		100

static void complain_unknown(const char *name)
{
	char names[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < nr_workloads && len < sizeof(names); i++)
		len += snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
				workloads[i].name);
	complain(name, "no such workload; there are: %s, and `all`", names);
}

/* "1,2" */
static bool parse_procs(struct bench *b, const char *text)
{
	char part[32];
	uint64_t value;

	b->nr_procs = 0;
	do {
		size_t len = strcspn(text, ",");

		if (b->nr_procs == BENCH_MAX_PROCS) {
			complain("--procs", "more than %d numbers; give fewer", BENCH_MAX_PROCS);
			return false;
		}
		snprintf(part, sizeof(part), "%.*s", (int)len, text);
		if (!parse_number("--procs", part, 1, GO_MAXPROCS_LIMIT, &value))
			return false;
		for (size_t i = 0; i < b->nr_procs; i++) {
			if (b->procs[i] == (int)value) {
				complain("--procs", "%lu is there twice; give each once", value);
				return false;
			}
		}
		b->procs[b->nr_procs++] = value;
		text += len;
	} while (*text++ == ',');
	return true;
}

enum { OPT_JSON = 256, OPT_QUICK, OPT_PROCS, OPT_LIST, OPT_ONE };

static const struct option bench_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "quick", no_argument, NULL, OPT_QUICK },
	{ "procs", required_argument, NULL, OPT_PROCS },
	{ "repetitions", required_argument, NULL, 'r' },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "one", no_argument, NULL, OPT_ONE },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int list_workloads(void)
{
	for (size_t i = 0; i < nr_workloads; i++)
		printf("%-10s %s\n", workloads[i].name, workloads[i].does);
	return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SIDE WORKLOAD N PROCS: in this process. Go's own are done by Go's program. */
static int one(char **argv, int argc)
{
	const struct workload *w;
	uint64_t n, procs;
	enum bench_side s;

	if (argc != 4) {
		complain("--one", "wants SIDE WORKLOAD N PROCS; see `gvt help bench`");
		return EXIT_USAGE;
	}
	for (s = 0; s < BENCH_GO && strcmp(argv[0], bench_side_name[s]); s++)
		;
	if (s == BENCH_GO) {
		complain(argv[0], "no such side; there are: libgo, pthread");
		return EXIT_USAGE;
	}
	w = workload_find(argv[1]);
	if (!w) {
		complain_unknown(argv[1]);
		return EXIT_USAGE;
	}
	if (!parse_number("N", argv[2], MIN_N, MAX_N, &n) ||
	    !parse_number("PROCS", argv[3], 1, GO_MAXPROCS_LIMIT, &procs))
		return EXIT_USAGE;
	return bench_one(w, s, n, procs);
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct bench *b, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, ":hr:", bench_options, NULL)) != -1) {
		switch (c) {
		case OPT_JSON:
			b->o.format = FORMAT_JSON;
			break;
		case OPT_QUICK:
			b->o.quick = true;
			break;
		case OPT_PROCS:
			if (!parse_procs(b, optarg))
				return EXIT_USAGE;
			break;
		case 'r':
			if (!parse_number("-r", optarg, MIN_REPS, MAX_REPS, &b->repetitions))
				return EXIT_USAGE;
			break;
		case OPT_LIST:
			return list_workloads();
		case OPT_ONE:
			return one(argv + optind, argc - optind);
		case 'h':
			print_help("bench");
			return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
		case ':':
			complain(argv[optind - 1], "needs a value; see `gvt help bench`");
			return EXIT_USAGE;
		default:
			complain(option_word(c, argv), "no such option of bench; see `gvt help bench`");
			return EXIT_USAGE;
		}
	}
	return -1;
}

/* Those that are named, in the order of the table, each once; all where none is. */
static int choose(struct bench *b, char **names, int n)
{
	bool all = !n;

	for (int k = 0; k < n; k++) {
		if (!strcmp(names[k], "all")) {
			all = true;
		} else if (!workload_find(names[k])) {
			complain_unknown(names[k]);
			return EXIT_USAGE;
		}
	}
	b->rows = calloc(nr_workloads, sizeof(*b->rows));
	if (!b->rows) {
		complain("bench", "%s", strerror(ENOMEM));
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < nr_workloads; i++) {
		bool wanted = all;

		for (int k = 0; k < n && !wanted; k++)
			wanted = !strcmp(names[k], workloads[i].name);
		if (wanted)
			b->rows[b->nr_rows++].w = &workloads[i];
	}
	return EXIT_SUCCESS;
}

static double load_average(void)
{
	double load;

	return getloadavg(&load, 1) == 1 ? load : -1;
}

/* What is printed is not all. Return: an exit status. */
static int run_interrupted(const struct bench *b)
{
	const char *name = b->rows[b->nr_done].w->name;
	int signo = interrupted();
	char what[128];

	snprintf(what, sizeof(what), "SIG%s in %s; %zu of %zu workloads were finished",
		 sigabbrev_np(signo), name, b->nr_done, b->nr_rows);
	if (b->o.format == FORMAT_TABLE)
		printf("\ninterrupted: %s\n", what);
	complain("bench", "interrupted by %s", what);
	flush_stdout();
	return 128 + signo;
}

static int run(struct bench *b)
{
	int err = 0, print_err;

	interrupt_begin();
	bench_find_go(b);
	b->load[0] = load_average();
	while (b->nr_done < b->nr_rows && !err) {
		err = bench_measure(b, &b->rows[b->nr_done]);
		b->nr_done += !err;
	}
	interrupt_end_children();
	b->load[1] = load_average();
	/* Whatever ended it: what was finished is not lost. */
	print_err = b->o.format == FORMAT_JSON ? bench_json(b) : bench_tables(b);
	if (b->nr_done < b->nr_rows && interrupted())
		return run_interrupted(b);
	if (err || print_err)
		complain("bench", "%s", strerror(err ? -err : -print_err));
	return !err && !print_err && flush_stdout() && !b->failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

int cmd_bench(int argc, char **argv)
{
	struct bench b = { .repetitions = MIN_REPS, .procs = { 1, 2 }, .nr_procs = 2 };
	int status = parse_options(&b, argc, argv);

	if (status >= 0)
		return status;
	status = choose(&b, argv + optind, argc - optind);
	if (status == EXIT_SUCCESS)
		status = run(&b);
	free(b.rows);
	return status;
}
