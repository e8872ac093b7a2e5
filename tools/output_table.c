// SPDX-License-Identifier: GPL-2.0-only
/*
 * output_table.c - results for people: 100 columns, ASCII, colour on a terminal.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gvt.h"
#include "host.h"
#include "measure.h"
#include "output.h"
#include "where.h"

#define WIDTH	100

bool want_colour(FILE *to)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(to)) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

struct libscols_table *table_new(FILE *to)
{
	struct libscols_table *t = scols_new_table();

	if (!t)
		return NULL;
	scols_table_set_stream(t, to);
	scols_table_enable_colors(t, want_colour(to));
	scols_table_set_termwidth(t, WIDTH);
	scols_table_set_column_separator(t, "  ");
	return t;
}

char *text_counter(char text[TEXT_SIZE], enum counter i, uint64_t value)
{
	if (counter_is(i, COUNTER_TIME))
		return text_value(text, "ns", value);
	return text_count(text, value);
}

void print_wrapped(FILE *to, const char *first, const char *indent, const char *text)
{
	size_t column = strlen(first);
	bool blank = false;

	fputs(first, to);
	while (*text) {
		size_t word = strcspn(text, " ");

		/* A blank comes with the word after it: no line ends in one. */
		if (column + blank + word > WIDTH && column > strlen(indent)) {
			fprintf(to, "\n%s", indent);
			column = strlen(indent);
		} else if (blank) {
			putc(' ', to);
			column++;
		}
		fwrite(text, 1, word, to);
		column += word;
		text += word;
		blank = *text == ' ';
		text += blank;
	}
	putc('\n', to);
}

void table_host(void)
{
	const char *governor = host_governor();
	char line[240], clock[120], step[TEXT_SIZE];

	printf("gvt " GVT_VERSION "   Linux %s   CPUs: %d   virtual machine: %s   counters: %s\n",
	       host_kernel(), host_cpus(), host_virtual(), counters_source());
	if (clock_step() < CLOCK_COARSE_NS)
		snprintf(clock, sizeof(clock),
			 "Reading the clock takes %ld ns, which is subtracted from each time.",
			 clock_cost());
	else
		snprintf(clock, sizeof(clock),
			 "The clock goes in steps of %s: what takes less is not measured.",
			 text_value(step, "ns", clock_step()));
	snprintf(line, sizeof(line), "%sCPU frequency: %s. %s",
		 strcmp(where_am_i(), "vm") ? "" : "In the lab machine. ",
		 governor ? governor : "no governor", clock);
	print_wrapped(stdout, "  ", "  ", line);
	if (counters_note()[0])
		print_wrapped(stdout, "  ", "  ", counters_note());
	if (!strcmp(host_virtual(), "tcg"))
		print_wrapped(stdout, "  ", "  ", "This machine is emulated: counts are exact, times "
			      "are good for ratios only.");
}

static const char *sgr(const char *code)
{
	return want_colour(stdout) ? code : "";
}

/* Name and claim, then what it was measured with. */
static void print_title(const struct result *r)
{
	char text[TEXT_SIZE], line[512] = "";
	size_t len = 0;

	printf("\n%s%s%s - %s\n", sgr("\033[1m"), r->name, sgr("\033[0m"), r->claim);
	for (size_t i = 0; i < r->nr_params; i++) {
		const struct param *p = &r->params[i];

		if (!p->is_bool)
			len += snprintf(line + len, sizeof(line) - len, "%s%s %s", len ? ", " : "",
					p->name, text_count(text, p->value));
		else if (p->value)
			len += snprintf(line + len, sizeof(line) - len, ", %s", p->name);
	}
	print_wrapped(stdout, "  ", "  ", line);
	putchar('\n');
}

/* Columns: what, thread, spread, goroutine, spread, ratio; process, without its spread. */
enum { COL_WHAT, COL_THREAD, COL_T_SPREAD, COL_GOROUTINE, COL_G_SPREAD, COL_RATIO, COL_PROCESS };

static int add_columns(struct libscols_table *t, bool processes)
{
	static const char *const names[] = { "MEDIAN OF ALL REPETITIONS", "THREAD", "min..max",
					     "GOROUTINE", "min..max", "RATIO", "PROCESS" };

	for (size_t i = 0; i < ARRAY_SIZE(names) - !processes; i++) {
		if (!scols_table_new_column(t, names[i], 0, i == COL_WHAT ? 0 : SCOLS_FL_RIGHT))
			return -ENOMEM;
	}
	return 0;
}

static int add_metric(struct libscols_table *t, const struct metric *m, bool processes)
{
	const struct figure *process = &m->side[SIDE_PROCESS];
	struct libscols_line *line = scols_table_new_line(t, NULL);
	char text[TEXT_SIZE], number[TEXT_SIZE];
	double ratio;
	int err;

	if (!line)
		return -ENOMEM;
	err = scols_line_set_data(line, COL_WHAT, m->label);
	for (int s = 0; s < SIDE_PROCESS && !err; s++) {
		const struct figure *f = &m->side[s];
		int column = s == SIDE_THREAD ? COL_THREAD : COL_GOROUTINE;

		err = scols_line_set_data(line, column, !f->measured ? "-" :
					  text_value(text, m->unit, f->median));
		if (!err && f->measured)
			err = scols_line_set_data(line, column + 1, text_spread(text, m->unit, f));
	}
	if (!metric_ratio(m, &ratio))
		strcpy(text, "-");
	else if (metric_unsure(m))
		snprintf(text, sizeof(text), "~%.40s", text_ratio(number, ratio));
	else
		text_ratio(text, ratio);
	if (!err)
		err = scols_line_set_data(line, COL_RATIO, text);
	if (!err && processes)
		err = scols_line_set_data(line, COL_PROCESS, !process->measured ? "-" :
					  text_value(text, m->unit, process->median));
	if (!err)
		scols_cell_set_color(scols_line_get_cell(line, COL_RATIO), "bold");
	return err;
}

static int print_metrics(const struct result *r)
{
	struct libscols_table *t = table_new(stdout);
	bool unsure = false;
	int err;

	if (!t)
		return -ENOMEM;
	err = add_columns(t, r->processes);
	for (size_t i = 0; i < r->nr_metrics && !err; i++) {
		unsure |= metric_unsure(&r->metrics[i]);
		err = add_metric(t, &r->metrics[i], r->processes);
	}
	if (!err)
		err = scols_print_table(t);
	scols_unref_table(t);
	if (unsure)
		print_wrapped(stdout, "~ ", "  ",
			      "repetitions of both sides overlap: this ratio means little here");
	return err;
}

/* A line of counts; those that a side doesn't have are "-". */
static int add_count(struct libscols_table *t, const struct result *r, const char *label,
		     char text[SIDES][TEXT_SIZE])
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	int err;

	if (!line)
		return -ENOMEM;
	err = scols_line_set_data(line, 0, label);
	for (int s = 0; s < SIDES && !err; s++) {
		if (result_has(r, s))
			err = scols_line_set_data(line, s + 1, text[s]);
	}
	return err;
}

/* Return: whether some side has this counter, and it is worth a line. */
static bool count_texts(const struct result *r, enum counter i, char text[SIDES][TEXT_SIZE])
{
	bool have = false, some = false;

	for (int s = 0; s < SIDES; s++) {
		const struct counters *c = &r->counts[s].counters;

		have |= counters_have(c, i);
		some |= c->v[i] != 0;
		if (counters_have(c, i))
			text_counter(text[s], i, c->v[i]);
		else
			strcpy(text[s], "-");
	}
	return have && (some || !counter_is(i, COUNTER_RARE));
}

/* The counters of both sides over the same repetitions; those that no side has are left out. */
static int print_counters(const struct result *r)
{
	struct libscols_table *t = table_new(stdout);
	bool module = !strcmp(counters_source(), "gvt");
	char text[SIDES][TEXT_SIZE];
	int err = 0;

	if (!t)
		return -ENOMEM;
	if (!scols_table_new_column(t, module ? "COUNTED BY gvt.ko, IN SUM" :
				    "COUNTED BY procfs AND libgo, IN SUM", 0, 0) ||
	    !scols_table_new_column(t, "THREAD SIDE", 0, SCOLS_FL_RIGHT) ||
	    !scols_table_new_column(t, "GOROUTINE SIDE", 0, SCOLS_FL_RIGHT) ||
	    (r->processes && !scols_table_new_column(t, "PROCESS SIDE", 0, SCOLS_FL_RIGHT)))
		err = -ENOMEM;
	for (int s = 0; s < SIDES; s++)
		text_count(text[s], r->counts[s].made);
	if (!err)
		err = add_count(t, r, "made, says the experiment", text);
	for (int i = 0; i < CTR_NR && !err; i++) {
		if (count_texts(r, i, text))
			err = add_count(t, r, counters_label(i), text);
	}
	if (!err)
		err = scols_print_table(t);
	scols_unref_table(t);
	return err;
}

/* Columns of the table of peers: what, the goroutine side, then each of them. */
enum { PEERS_WHAT, PEERS_GOROUTINE, PEERS_FIRST };

static int peers_columns(struct libscols_table *t, const struct result *r)
{
	bool good = scols_table_new_column(t, "IN OTHER LANGUAGES", 0, 0) &&
		    scols_table_new_column(t, "GOROUTINE", 0, SCOLS_FL_RIGHT);

	for (size_t i = 0; i < r->nr_peers && good; i++)
		good = scols_table_new_column(t, r->peers[i], 0, SCOLS_FL_RIGHT);
	return good ? 0 : -ENOMEM;
}

static int peers_metric(struct libscols_table *t, const struct result *r, const struct metric *m)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	char text[TEXT_SIZE];
	int err;

	if (!line)
		return -ENOMEM;
	err = scols_line_set_data(line, PEERS_WHAT, m->name);
	for (size_t i = 0; i <= r->nr_peers && !err; i++) {
		const struct figure *f = i ? &m->peer[i - 1] : &m->side[SIDE_GOROUTINE];

		err = scols_line_set_data(line, PEERS_GOROUTINE + i, !f->measured ? "-" :
					  text_value(text, m->unit, f->median));
	}
	return err;
}

static int peers_counter(struct libscols_table *t, const struct result *r, enum counter c)
{
	struct libscols_line *line = NULL;
	char text[TEXT_SIZE];
	int err = 0;

	for (size_t i = 1; i <= r->nr_peers && !line; i++) {
		if (!counters_have(&r->peer_counts[i - 1].counters, c))
			continue;
		line = scols_table_new_line(t, NULL);
		if (!line)
			return -ENOMEM;
	}
	if (!line)
		return 0;
	err = scols_line_set_data(line, PEERS_WHAT, counter_info[c].name);
	for (size_t i = 0; i <= r->nr_peers && !err; i++) {
		const struct counters *have = i ? &r->peer_counts[i - 1].counters :
						  &r->counts[SIDE_GOROUTINE].counters;

		err = scols_line_set_data(line, PEERS_GOROUTINE + i, !counters_have(have, c) ? "-" :
					  text_counter(text, c, have->v[c]));
	}
	return err;
}

/* What programs in other languages found, then what was counted for them, in sum. */
static int print_peers(const struct result *r)
{
	struct libscols_table *t;
	char versions[MAX_PEERS * (VERSION_SIZE + 32)] = "";
	size_t len = 0;
	int err;

	if (!r->nr_peers)
		return 0;
	t = table_new(stdout);
	if (!t)
		return -ENOMEM;
	err = peers_columns(t, r);
	for (size_t i = 0; i < r->nr_metrics && !err; i++)
		err = peers_metric(t, r, &r->metrics[i]);
	for (int i = 0; i < CTR_NR && !err; i++) {
		/* Creations of the whole system would say nothing of one of them. */
		if (i == CTR_THREAD_CREATIONS && strcmp(counters_source(), "gvt"))
			continue;
		if (!counter_is(i, COUNTER_RUNTIME) && !counter_is(i, COUNTER_RARE))
			err = peers_counter(t, r, i);
	}
	if (!err)
		err = scols_print_table(t);
	scols_unref_table(t);
	for (size_t i = 0; i < r->nr_peers; i++) {
		if (r->peer_version[i][0])
			len += snprintf(versions + len, sizeof(versions) - len, "%s%s: %s",
					len ? ", " : "  ", r->peers[i], r->peer_version[i]);
	}
	if (len)
		puts(versions);
	putchar('\n');
	return err;
}

static void print_verdict(const struct result *r)
{
	const char *colour = r->verdict == VERDICT_HOLDS ? "\033[1;32m" :
			     r->verdict == VERDICT_FAILS ? "\033[1;31m" : "\033[1;33m";
	const char *from = r->why;
	char first[64];

	snprintf(first, sizeof(first), "%s%s%s: ", sgr(colour), verdict_name[r->verdict],
		 sgr("\033[0m"));
	/* A line for each reason; they are separated by "; ". */
	while (*from) {
		const char *end = strstr(from, "; ");
		size_t len = end ? (size_t)(end - from) : strlen(from);
		char *reason = strndup(from, len);

		if (reason)
			print_wrapped(stdout, first, "    ", reason);
		free(reason);
		snprintf(first, sizeof(first), "  ");
		from += len + (end ? 2 : 0);
	}
}

int table_result(const struct result *r)
{
	int err;

	print_title(r);
	err = print_metrics(r);
	if (err)
		return err;
	putchar('\n');
	err = print_peers(r);
	if (err)
		return err;
	if (r->picture[0])
		printf("%s\n", r->picture);
	err = print_counters(r);
	if (err)
		return err;
	putchar('\n');
	print_verdict(r);
	return 0;
}
