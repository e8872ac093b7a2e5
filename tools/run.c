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

#include "experiment.h"
#include "output.h"

static void complain_unknown(const char *name)
{
	char names[512] = "";
	size_t len = 0;

	for (int i = 0; experiments[i]; i++)
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

static bool choose_one(struct chosen *c, const struct experiment *e)
{
	const struct experiment **more;

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

enum { OPT_JSON = 256, OPT_CSV, OPT_PROCS, OPT_QUICK, OPT_PIN, OPT_N };

static const struct option run_options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "csv", no_argument, NULL, OPT_CSV },
	{ "procs", required_argument, NULL, OPT_PROCS },
	{ "quick", no_argument, NULL, OPT_QUICK },
	{ "pin", no_argument, NULL, OPT_PIN },
	{ "n", required_argument, NULL, OPT_N },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct options *o, int argc, char **argv)
{
	uint64_t value;
	int c;

	while ((c = getopt_long(argc, argv, ":h", run_options, NULL)) != -1) {
		switch (c) {
		case OPT_JSON:
		case OPT_CSV:
			if (o->format != FORMAT_TABLE) {
				complain("run", "--json and --csv exclude each other: give one, once");
				return EXIT_USAGE;
			}
			o->format = c == OPT_JSON ? FORMAT_JSON : FORMAT_CSV;
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
		case 'h':
			print_help("run");
			return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
		case ':':
			complain(argv[optind - 1], "needs a value; see `gvt help run`");
			return EXIT_USAGE;
		default:
			complain(argv[optind - 1], "no such option of run; see `gvt help run`");
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

static int run_all(const struct chosen *c, const struct options *o)
{
	struct result *results = calloc(c->nr, sizeof(*results));
	int err = 0;

	if (!results) {
		complain("run", "%s", strerror(ENOMEM));
		return EXIT_FAILURE;
	}
	if (o->format == FORMAT_TABLE)
		table_host();
	if (o->format == FORMAT_CSV)
		csv_header();
	for (size_t i = 0; i < c->nr && !err; i++) {
		struct result *r = &results[i];

		r->name = c->e[i]->name;
		r->claim = c->e[i]->claim;
		err = c->e[i]->run(r, o);
		if (!err && o->format == FORMAT_TABLE)
			err = table_result(r);
		if (!err && o->format == FORMAT_CSV)
			csv_result(r);
		if (err)
			complain(c->e[i]->name, "%s", strerror(-err));
		/* Nobody reads on: don't measure on. */
		if (!flush_stdout())
			goto err_free;
	}
	if (!err && o->format == FORMAT_JSON)
		err = json_results(results, c->nr);
	if (!err && flush_stdout()) {
		free(results);
		return EXIT_SUCCESS;
	}

err_free:
	free(results);
	return EXIT_FAILURE;
}

int cmd_run(int argc, char **argv)
{
	struct options o = { .format = FORMAT_TABLE };
	struct chosen c = { NULL, 0 };
	int status = parse_options(&o, argc, argv);

	if (status >= 0)
		return status;
	status = choose(&c, argv + optind, argc - optind);
	if (status == EXIT_SUCCESS)
		status = n_suits(&c, &o) ? run_all(&c, &o) : EXIT_USAGE;
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
