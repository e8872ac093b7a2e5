// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - `gvt run` and `gvt list`.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libgo.h>

#include "atomic_file.h"
#include "experiment.h"
#include "interrupt.h"
#include "output.h"
#include "peer.h"
#include "suggest.h"
#include "timeline.h"
#include "where.h"

static void complain_unknown(const char *name)
{
	struct suggestion s = { .typed = name };
	char names[512] = "";
	size_t len = 0;

	for (int i = 0; experiments[i]; i++)
		suggestion_try(&s, experiments[i]->name);
	if (s.best) {
		complain(name, "no such experiment; did you mean `%s`? `gvt list` shows all", s.best);
		return;
	}
	for (int i = 0; experiments[i] && len < sizeof(names); i++)
		len += snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
				experiments[i]->name);
	complain(name, "no such experiment; there are: %s, and `all`", names);
}

/**
 * struct chosen - the experiments of this run, in the order in which they were named
 * @e: them, ended by NULL
 * @nr: how many
 */
struct chosen {
	const struct experiment **e;
	size_t nr;
};

static void chosen_exit(struct chosen *c)
{
	free(c->e);
}

/*
 * Each once, however often it is named: results are found by its name, and a document in the
 * OpenMetrics format may have no sample twice.
 */
static bool choose_one(struct chosen *c, const struct experiment *e)
{
	const struct experiment **more;

	for (size_t i = 0; i < c->nr; i++) {
		if (c->e[i] == e)
			return true;
	}
	more = reallocarray(c->e, c->nr + 1, sizeof(*c->e));
	if (!more) {
		complain("run", "%s", strerror(ENOMEM));
		return false;
	}
	c->e = more;
	c->e[c->nr++] = e;
	return true;
}

/* Return: an exit status. */
static int choose(struct chosen *c, char **names, int n)
{
	if (!n) {
		complain("run", "no experiment named; `gvt list` shows them, `gvt run all` runs all");
		return EXIT_USAGE;
	}
	for (int k = 0; k < n; k++) {
		const struct experiment *e = experiment_find(names[k]);

		if (!strcmp(names[k], "all")) {
			for (int i = 0; experiments[i]; i++) {
				if (!choose_one(c, experiments[i]))
					return EXIT_FAILURE;
			}
		} else if (!e) {
			complain_unknown(names[k]);
			return EXIT_USAGE;
		} else if (!choose_one(c, e)) {
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

enum {
	OPT_JSON = 256,
	OPT_CSV,
	OPT_OPENMETRICS,
	OPT_WHERE,
	OPT_PROCS,
	OPT_QUICK,
	OPT_PIN,
	OPT_N,
	OPT_SVG,
	OPT_PEERS,
};

static const struct option run_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "csv", no_argument, NULL, OPT_CSV },
	{ "openmetrics", no_argument, NULL, OPT_OPENMETRICS },
	{ "where", required_argument, NULL, OPT_WHERE },
	{ "procs", required_argument, NULL, OPT_PROCS },
	{ "quick", no_argument, NULL, OPT_QUICK },
	{ "pin", no_argument, NULL, OPT_PIN },
	{ "n", required_argument, NULL, OPT_N },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "peers", required_argument, NULL, OPT_PEERS },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static bool set_format(struct options *o, int c)
{
	if (o->format != FORMAT_TABLE) {
		complain("run", "--json, --csv and --openmetrics exclude each other: give one, once");
		return false;
	}
	o->format = c == OPT_JSON ? FORMAT_JSON : c == OPT_CSV ? FORMAT_CSV : FORMAT_OPENMETRICS;
	return true;
}

static bool set_where(struct options *o, const char *where)
{
	if (strcmp(where, "here") && strcmp(where, "vm")) {
		complain("--where", "`%s` is no place to run; give `here` or `vm`", where);
		return false;
	}
	o->vm = !strcmp(where, "vm");
	return true;
}

/* Of two values one would be dropped in silence. */
static bool given_once(int c)
{
	static unsigned int given;
	unsigned int bit;

	for (const struct option *l = run_options; l->name; l++) {
		bit = 1u << (l - run_options);
		if (l->val != c || l->has_arg != required_argument)
			continue;
		if (given & bit) {
			char name[40];

			snprintf(name, sizeof(name), "--%s", l->name);
			complain(name, "given twice: give it once");
			return false;
		}
		given |= bit;
	}
	return true;
}

static void complain_option(const char *typed)
{
	struct suggestion s = { .typed = typed + strspn(typed, "-") };

	for (const struct option *l = run_options; l->name && typed[1] == '-'; l++) {
		size_t len = strlen(l->name);

		if (!strncmp(s.typed, l->name, len) && s.typed[len] == '=') {
			complain(typed, "--%s takes no value; see `gvt help run`", l->name);
			return;
		}
		suggestion_try(&s, l->name);
	}
	if (s.best)
		complain(typed, "no such option of run; did you mean `--%s`? see `gvt help run`",
			 s.best);
	else
		complain(typed, "no such option of run; see `gvt help run`");
}

/* "go,python", "all". Return: false after a message. */
static bool parse_peers(const char *text, unsigned int *peers)
{
	do {
		size_t len = strcspn(text, ",");
		unsigned int found = len == 3 && !strncmp(text, "all", len) ? ALL_LANGUAGES : 0;

		for (int i = 0; i < LANGUAGES; i++) {
			if (len == strlen(language_name[i]) && !strncmp(text, language_name[i], len))
				found = 1u << i;
		}
		if (!found) {
			complain("--peers",
				 "`%.*s` is no language here; give some of go,python,node,java, or all",
				 (int)len, text);
			return false;
		}
		*peers |= found;
		text += len;
	} while (*text++ == ',');
	return true;
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct options *o, int argc, char **argv)
{
	uint64_t value;
	int c;

	while ((c = getopt_long(argc, argv, ":h", run_options, NULL)) != -1) {
		if (!given_once(c))
			return EXIT_USAGE;
		switch (c) {
		case OPT_JSON:
		case OPT_CSV:
		case OPT_OPENMETRICS:
			if (!set_format(o, c))
				return EXIT_USAGE;
			break;
		case OPT_WHERE:
			if (!set_where(o, optarg))
				return EXIT_USAGE;
			break;
		case OPT_PROCS:
			if (!parse_number("--procs", optarg, 1, GO_MAXPROCS_LIMIT, &value))
				return EXIT_USAGE;
			o->procs = value;
			break;
		case OPT_QUICK:
			o->quick = true;
			break;
		case OPT_PIN:
			o->pin = true;
			break;
		case OPT_N:
			if (!parse_number("--n", optarg, 1, 10000000, &o->n))
				return EXIT_USAGE;
			break;
		case OPT_SVG:
			o->svg = optarg;
			break;
		case OPT_PEERS:
			if (!parse_peers(optarg, &o->peers))
				return EXIT_USAGE;
			break;
		case 'h':
			print_help("run");
			return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
		case ':':
			complain(argv[optind - 1], "needs a value; see `gvt help run`");
			return EXIT_USAGE;
		default:
			complain_option(option_word(c, argv));
			return EXIT_USAGE;
		}
	}
	return -1;
}

/* --n has to suit each of them before the first one starts. */
static bool n_suits(const struct chosen *c, const struct options *o)
{
	for (size_t i = 0; i < c->nr; i++) {
		if (o->n > c->e[i]->n_max) {
			complain("--n", "%lu is too much for %s: at most %lu", o->n, c->e[i]->name,
				 c->e[i]->n_max);
			return false;
		}
	}
	return true;
}

/* What was finished is printed, and said to be not all. Return: an exit status. */
static int run_stopped(const struct chosen *c, size_t done, const struct options *o,
		       const struct run_stop *stop)
{
	char finished[64];

	snprintf(finished, sizeof(finished), "%zu of %zu experiments were finished", done, c->nr);
	if (o->format == FORMAT_CSV)
		csv_stopped(stop);
	if (stop->signal) {
		if (o->format == FORMAT_TABLE)
			printf("\ninterrupted: %s in %s; %s\n", stop->signal, stop->experiment,
			       finished);
		complain("run", "interrupted by %s in %s; %s", stop->signal, stop->experiment,
			 finished);
	} else {
		if (o->format == FORMAT_TABLE)
			printf("\nfailed: %s: %s; %s\n", stop->experiment, stop->why, finished);
		complain(stop->experiment, "%s; %s", stop->why, finished);
	}
	flush_stdout();
	return stop->signal ? 128 + interrupted() : EXIT_FAILURE;
}

/* One experiment, printed where each is printed as it ends. Return: 0, or a negative errno. */
static int run_one(const struct experiment *e, struct result *r, const struct options *o)
{
	int err;

	r->name = e->name;
	r->claim = e->claim;
	err = e->run(r, o);
	if (interrupted())
		return -EINTR;
	if (!err && o->format == FORMAT_TABLE)
		err = table_result(r);
	if (!err && o->format == FORMAT_CSV)
		csv_result(r);
	return err;
}

/* Can it be written? Asked before anything is measured. */
static bool svg_suits(const struct options *o)
{
	struct atomic_file svg;
	int err;

	if (o->vm) {
		complain("--svg", "its file would stay in the virtual machine; give --json, and `gvt report` the result");
		return false;
	}
	err = atomic_file_open(&svg, o->svg);
	atomic_file_abort(&svg);
	if (err)
		complain(o->svg, "%s", strerror(-err));
	return !err;
}

/* The timelines of all that ran. Return: 0, or a negative errno after a message. */
static int write_svg(const struct result *results, size_t n, const char *name)
{
	struct atomic_file svg;
	int err = atomic_file_open(&svg, name), found = 0;

	if (!err)
		found = timeline_svg(results, n, svg.to);
	if (found < 0)
		err = found;
	if (found > 0)
		err = atomic_file_commit(&svg);
	else
		atomic_file_abort(&svg);
	if (err) {
		complain(name, "%s", strerror(-err));
	} else if (!found) {
		complain(name, "not written: none of these drew a timeline; `gvt run parallel` does");
		err = -ENODATA;
	}
	return err;
}

static void free_results(struct result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		result_exit(&results[i]);
	free(results);
}

/* Where a document is printed at the end. Return: 0, or a negative errno after a message. */
static int print_results(const struct result *results, size_t n, const struct options *o,
			 const struct run_stop *stop)
{
	int err = 0;

	if (o->format == FORMAT_JSON)
		err = json_results(results, n, stop);
	else if (o->format == FORMAT_OPENMETRICS)
		err = openmetrics_results(results, n, stop);
	if (err)
		complain("run", "%s", strerror(-err));
	return err;
}

static int run_all(const struct chosen *c, const struct options *o)
{
	struct result *results = calloc(c->nr, sizeof(*results));
	struct run_stop stop = { .experiment = NULL };
	int status = EXIT_FAILURE, err = 0;
	bool wanted = true;
	char name[32];
	size_t done;

	if (!results) {
		complain("run", "%s", strerror(ENOMEM));
		return EXIT_FAILURE;
	}
	interrupt_begin();
	if (o->format == FORMAT_TABLE)
		table_host();
	if (o->format == FORMAT_CSV)
		csv_header();
	for (done = 0; done < c->nr && !err; done += !err) {
		err = run_one(c->e[done], &results[done], o);
		/* Nobody reads on: don't measure on. */
		wanted = flush_stdout();
		if (!wanted)
			break;
	}
	interrupt_end_children();
	if (!wanted)
		goto out;
	if (err) {
		stop.experiment = c->e[done]->name;
		if (interrupted()) {
			snprintf(name, sizeof(name), "SIG%s", sigabbrev_np(interrupted()));
			stop.signal = name;
		} else {
			stop.why = strerror(-err);
		}
	}
	err = print_results(results, done, o, &stop);
	if (!err && o->svg)
		err = write_svg(results, done, o->svg);
	if (stop.experiment)
		status = run_stopped(c, done, o, &stop);
	else if (!err && flush_stdout())
		status = EXIT_SUCCESS;
out:
	free_results(results, c->nr);
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct options o = { .format = FORMAT_TABLE };
	struct chosen c = { NULL, 0 };
	int status = parse_options(&o, argc, argv);

	if (status >= 0)
		return status;
	status = choose(&c, argv + optind, argc - optind);
	if (status == EXIT_SUCCESS && !n_suits(&c, &o))
		status = EXIT_USAGE;
	if (status == EXIT_SUCCESS && o.svg && !svg_suits(&o))
		status = EXIT_FAILURE;
	/* There it is the same command, and then it is there. */
	if (status == EXIT_SUCCESS && o.vm && strcmp(where_am_i(), "vm"))
		status = where_vm(argv);
	else if (status == EXIT_SUCCESS)
		status = run_all(&c, &o);
	chosen_exit(&c);
	return status;
}

static int list_json(void)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; experiments[i]; i++) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "name", json_object_new_string(experiments[i]->name));
		json_object_object_add(o, "claim", json_object_new_string(experiments[i]->claim));
		json_object_object_add(o, "n", json_object_new_string(experiments[i]->n_means));
		json_object_array_add(list, o);
	}
	return json_print(list, stdout);
}

static int list_table(void)
{
	struct libscols_table *t = table_new(stdout);
	struct libscols_line *line;
	int err = -ENOMEM;

	if (!t)
		return err;
	if (!scols_table_new_column(t, "EXPERIMENT", 0, 0) ||
	    !scols_table_new_column(t, "CLAIM", 0, 0))
		goto out;
	for (int i = 0; experiments[i]; i++) {
		line = scols_table_new_line(t, NULL);
		if (!line || scols_line_set_data(line, 0, experiments[i]->name) ||
		    scols_line_set_data(line, 1, experiments[i]->claim))
			goto out;
	}
	err = scols_print_table(t);
out:
	scols_unref_table(t);
	return err;
}

int cmd_list(int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	int err;

	if (argc > 1 && !json) {
		complain(argv[1], "list takes nothing but --json");
		return EXIT_USAGE;
	}
	err = json ? list_json() : list_table();
	if (err)
		complain("list", "%s", strerror(-err));
	return !err && flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
}
