// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_plot.c - gnuplot draws the pictures.
 *
 * One gnuplot draws all. What it is told are texts of this file and numbers; whatever stands
 * in a result (names, labels) goes into its data, where no text is a command. Its rc files
 * are not read. Script, data and drawings are in memory files that it has open as
 * /dev/fd/N, so that nothing is left behind, however this ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forked.h"
#include "gvt.h"
#include "report.h"
#include "report_axis.h"

/* Of a picture, in pixels: as wide as two of them are on a page, or one on a phone. */
#define WIDTH		480
#define HEIGHT		340
#define FRAME		86	/* of rows: key, tics, margins */
#define ROW_TEXT	20
#define ROW_LANE	17
#define ROW_TRACK	26
#define CHARACTER	8.4
#define KEY_WIDTH	345
#define KEY_LINE	17
#define ASIDE		0.04	/* of two lines over places */

/**
 * struct plot - all that gnuplot gets
 * @script: what to do
 * @data: blocks, of which `index` chooses one
 * @blocks: how many there are
 * @data_fd: its number in gnuplot, too
 */
struct plot {
	FILE *script, *data;
	size_t blocks;
	int data_fd;
};

/* Kinds of lines that gnuplot has; the first is solid. */
#define DASHES		5

/* Filled and hollow symbols of each colour: they are told apart without colours, too. */
static const int symbol[COLOUR_INK + 1][2] = {
	[COLOUR_THREAD] = { 5, 4 },	[COLOUR_GOROUTINE] = { 7, 6 },
	[COLOUR_PROCESS] = { 13, 12 },	[COLOUR_PEER] = { 9, 8 },
	[COLOUR_PEER + 1] = { 11, 10 }, [COLOUR_PEER + 2] = { 15, 14 },
	[COLOUR_PEER + 3] = { 2, 1 },	[COLOUR_INK] = { 1, 1 },
};

/* ------------------------------------------------------------------------ data */

/* A text in a column: nothing in it ends the column, or is read as anything else. */
static void put_text(struct plot *p, const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		putc(c < ' ' || c == 127 ? ' ' : c == '"' ? '\'' : c == '\\' ? '/' : c, p->data);
	}
	putc('\n', p->data);
}

/* A block begins; with a line that names it, for the key. Return: its index. */
static size_t begin_block(struct plot *p, const char *name)
{
	if (p->blocks)
		fputs("\n\n", p->data);
	if (name) {
		fputs("name\t", p->data);
		put_text(p, name);
	}
	return p->blocks++;
}

/* ------------------------------------------------------------------------ axes */

static void put_axis(struct plot *p, char which, const struct axis *a)
{
	char text[TEXT_SIZE];

	fprintf(p->script, "set %crange [%.9g:%.9g]\n", which, a->from, a->to);
	fprintf(p->script, "%sset logscale %c\n", a->log ? "" : "un", which);
	fprintf(p->script, "set %ctics (", which);
	for (size_t i = 0; i < a->nr; i++) {
		fprintf(p->script, "%s\"", i ? ", " : "");
		/* The text of a tic is a format. */
		for (const char *at = axis_text(text, a, a->tic[i]); *at; at++)
			fprintf(p->script, "%s%c", *at == '%' ? "%" : "", *at);
		fprintf(p->script, "\" %.9g", a->tic[i]);
	}
	fprintf(p->script, ") textcolor rgb \"%s\"\n", chart_colour[COLOUR_INK]);
}

/* Labels of axes are texts of ours. */
static void put_labels(struct plot *p, const char *x, const char *y)
{
	fprintf(p->script, "set xlabel \"%s\" textcolor rgb \"%s\"\n", x, chart_colour[COLOUR_INK]);
	fprintf(p->script, "set ylabel \"%s\" textcolor rgb \"%s\"\n", y, chart_colour[COLOUR_INK]);
}

/* Entries of the key side by side, as gnuplot counts: each is as wide as the widest. */
static int key_columns(const struct chart *c)
{
	size_t widest = 0, columns;

	for (size_t i = 0; i < c->nr_series; i++) {
		if (strlen(c->series[i].name) > widest)
			widest = strlen(c->series[i].name);
	}
	columns = KEY_WIDTH / ((widest + 5) * CHARACTER);
	return columns ? columns : 1;
}

/* What each picture begins with. */
static void begin_chart(struct plot *p, const struct chart *c, int fd, int height)
{
	int columns = key_columns(c), lines = (c->nr_series + columns - 1) / columns;

	if (!lines)
		lines = 1;
	height += KEY_LINE * (lines - 1);
	fprintf(p->script,
		"reset\n"
		"set terminal svg size %d,%d dynamic noenhanced font \"sans-serif,14\"\n"
		"set encoding utf8\n"
		"set output \"/dev/fd/%d\"\n"
		"set datafile separator tab\n"
		"set border 3 linecolor rgb \"%s\" linewidth 1\n"
		"set tics nomirror out scale 0.5\n"
		"set grid xtics ytics linecolor rgb \"%s\" linewidth 1 dashtype 1\n"
		"set key at screen 0.01, screen 0.99 left top horizontal maxcols %d\n"
		"set key Left reverse samplen 1.6 width 0 textcolor rgb \"%s\"\n"
		"set tmargin %.1f\n"
		"set rmargin 3\n",
		WIDTH, height, fd, chart_colour[COLOUR_INK], chart_colour[COLOUR_GRID], columns,
		chart_colour[COLOUR_INK], lines + 0.6);
}

static void begin_plot(struct plot *p)
{
	fputs("plot ", p->script);
}

/* One of the things that a plot draws; the last one is followed by end_plot(). */
__attribute__((format(printf, 3, 4))) static void put_plot(struct plot *p, size_t block,
							   const char *fmt, ...)
{
	va_list ap;

	fprintf(p->script, "\"/dev/fd/%d\" index %zu ", p->data_fd, block);
	va_start(ap, fmt);
	vfprintf(p->script, fmt, ap);
	va_end(ap);
	fputs(", \\\n\t", p->script);
}

/* A plot needs something after the last comma: nothing. */
static void end_plot(struct plot *p)
{
	fputs("NaN notitle\nunset output\n", p->script);
}

static const char *colour(const struct chart_series *s)
{
	return chart_colour[s->colour];
}

/* ----------------------------------------------------------------------- lines */

/* Vertical lines; their texts come later. */
static void put_marks(struct plot *p, const struct chart *c)
{
	for (size_t i = 0; i < c->nr_marks; i++)
		fprintf(p->script,
			"set arrow from first %.9g, graph 0 to first %.9g, graph 1 nohead "
			"linecolor rgb \"%s\" dashtype 3 linewidth 1.5 back\n",
			c->mark[i].x, c->mark[i].x, chart_colour[COLOUR_INK]);
}

/* At the upper end of the line, on the side that has room. */
static void put_mark_texts(struct plot *p, const struct chart *c, const struct axis *x,
			   const struct axis *y)
{
	for (size_t i = 0; i < c->nr_marks; i++) {
		double at = x->log ? log(c->mark[i].x / x->from) / log(x->to / x->from) :
				     (c->mark[i].x - x->from) / (x->to - x->from);
		size_t block;

		if (!c->mark[i].text[0])
			continue;
		block = begin_block(p, NULL);
		fprintf(p->data, "%.9g\t%.9g\t", c->mark[i].x, y->to);
		put_text(p, c->mark[i].text);
		put_plot(p, block,
			 "using 1:2:3 with labels %s offset character %s, character -0.8 "
			 "textcolor rgb \"%s\" notitle",
			 at > 0.5 ? "right" : "left", at > 0.5 ? "-0.6" : "0.6",
			 chart_colour[COLOUR_INK]);
	}
}

/*
 * From the least to the most, as arrows with flat heads: gnuplot's own error bars leave a
 * white box for a symbol.
 */
static void put_whiskers(struct plot *p, const struct chart_series *s, size_t block)
{
	put_plot(p, block,
		 "using 1:2:3:4 with vectors heads size character 0.35, 90 nofilled "
		 "linecolor rgb \"%s\" linewidth 1.5 notitle",
		 colour(s));
}

/* @aside: so much to the right, that what is the same doesn't hide each other */
static void put_line(struct plot *p, const struct chart_series *s, bool log, double aside)
{
	size_t block = begin_block(p, NULL);

	for (size_t i = 0; i < s->nr; i++) {
		const struct chart_point *at = &s->point[i];
		double low = log && at->low <= 0 ? at->y : at->low;

		fprintf(p->data, "%.9g\t%.9g\t0\t%.9g\n", at->x + aside, low, at->high - low);
	}
	put_whiskers(p, s, block);
	block = begin_block(p, s->name);
	for (size_t i = 0; i < s->nr; i++)
		fprintf(p->data, "%.9g\t%.9g\n", s->point[i].x + aside, s->point[i].y);
	put_plot(p, block,
		 "using 1:2 with linespoints linecolor rgb \"%s\" linewidth 2 dashtype %s "
		 "pointtype %d pointsize %s title columnheader(2)",
		 colour(s), s->dashed ? "2" : "1", symbol[s->colour][s->dashed],
		 s->colour == COLOUR_INK ? "0" : "0.8");
}

/* Few points have a tic each, and there are none between: there is no half a CPU. */
static void tics_at_points(struct axis *x, const struct chart *c)
{
	const struct chart_series *most = c->series;

	/* Whoever could not have two CPUs, or was not asked, has fewer. */
	for (size_t i = 1; i < c->nr_series; i++) {
		if (c->series[i].nr > most->nr)
			most = &c->series[i];
	}
	if (x->log || most->nr > 8)
		return;
	x->nr = most->nr;
	for (size_t i = 0; i < most->nr; i++)
		x->tic[i] = most->point[i].x;
}

/* Over places, which have no width, line @i is a little beside the one before it. */
static double aside_of(const struct chart *c, size_t i)
{
	return c->nr_rows ? ASIDE * (i - (c->nr_series - 1) / 2.0) : 0;
}

static void draw_lines(struct plot *p, const struct chart *c, int fd)
{
	struct axis x = { .unit = c->x_unit, .log = c->x_log };
	struct axis y = { .unit = c->y_unit, .log = c->y_log };

	for (size_t i = 0; i < c->nr_series; i++) {
		for (size_t k = 0; k < c->series[i].nr; k++) {
			const struct chart_point *at = &c->series[i].point[k];

			axis_include(&x, at->x);
			if (c->nr_rows)
				axis_include(&x, at->x + aside_of(c, i));
			axis_include(&y, at->y);
			axis_include(&y, at->low);
			axis_include(&y, at->high);
		}
	}
	for (size_t i = 0; i < c->nr_marks; i++)
		axis_include(&x, c->mark[i].x);
	/* Room for a text above all lines. */
	if (c->nr_marks && y.log)
		axis_include(&y, y.most * pow(y.most / y.least, 0.15));
	axis_finish(&x, false, 7);
	tics_at_points(&x, c);
	axis_finish(&y, true, 6);
	begin_chart(p, c, fd, HEIGHT);
	put_labels(p, c->x_label, c->y_label);
	put_axis(p, 'x', &x);
	put_axis(p, 'y', &y);
	/* Texts of their own come later, where the tics' would be. */
	if (c->nr_rows)
		fputs("set xtics (\" \" 0)\n", p->script);
	put_marks(p, c);
	begin_plot(p);
	for (size_t i = 0; i < c->nr_series; i++)
		put_line(p, &c->series[i], y.log, aside_of(c, i));
	put_mark_texts(p, c, &x, &y);
	if (c->nr_rows) {
		size_t block = begin_block(p, NULL);

		for (size_t i = 0; i < c->nr_rows; i++) {
			fprintf(p->data, "%zu\t%.9g\t", i, y.from);
			put_text(p, c->row[i]);
		}
		put_plot(p, block,
			 "using 1:2:3 with labels offset character 0, character -0.9 "
			 "textcolor rgb \"%s\" notitle",
			 chart_colour[COLOUR_INK]);
	}
	end_plot(p);
}

/* ------------------------------------------------------------------- histograms */

/*
 * Steps that begin at each x; the last one is as wide as the one before it. Without symbols,
 * so their dashes tell them apart, too.
 */
static void put_steps(struct plot *p, const struct chart_series *s, size_t dashes)
{
	size_t block = begin_block(p, s->name);
	const struct chart_point *at = s->point;
	double end = s->nr > 1 ? at[s->nr - 1].x - at[s->nr - 2].x : 0;

	for (size_t i = 0; i < s->nr; i++) {
		if (!i || at[i].x < at[i - 1].x)
			fprintf(p->data, "%.9g\t0\n", at[i].x);
		fprintf(p->data, "%.9g\t%.9g\n", at[i].x, at[i].y);
	}
	fprintf(p->data, "%.9g\t%.9g\n", at[s->nr - 1].x + end, at[s->nr - 1].y);
	fprintf(p->data, "%.9g\t0\n", at[s->nr - 1].x + end);
	put_plot(p, block,
		 "using 1:2 with steps linecolor rgb \"%s\" linewidth 2 dashtype %zu "
		 "title columnheader(2)",
		 colour(s), dashes);
}

static void draw_histogram(struct plot *p, const struct chart *c, int fd)
{
	struct axis x = { .unit = c->x_unit, .log = c->x_log };
	struct axis y = { .unit = c->y_unit };

	for (size_t i = 0; i < c->nr_series; i++) {
		for (size_t k = 0; k < c->series[i].nr; k++) {
			axis_include(&x, c->series[i].point[k].x);
			axis_include(&y, c->series[i].point[k].y);
		}
	}
	axis_finish(&x, false, 7);
	axis_finish(&y, true, 6);
	begin_chart(p, c, fd, HEIGHT);
	put_labels(p, c->x_label, c->y_label);
	put_axis(p, 'x', &x);
	put_axis(p, 'y', &y);
	begin_plot(p);
	for (size_t i = 0; i < c->nr_series; i++)
		put_steps(p, &c->series[i], i % DASHES + 1);
	end_plot(p);
}

/* ------------------------------------------------------------------------- rows */

/* Rows from above, with a line between them. */
static void begin_rows(struct plot *p, const struct chart *c, int fd, double row, struct axis *x)
{
	begin_chart(p, c, fd, FRAME + row * c->nr_rows);
	put_labels(p, c->x_label, "");
	put_axis(p, 'x', x);
	fprintf(p->script, "set lmargin 2\nset border 1\nunset ytics\nset yrange [%zu:0]\n",
		c->nr_rows);
	for (size_t i = 0; i < c->nr_rows; i++)
		fprintf(p->script,
			"set arrow from graph 0, first %zu to graph 1, first %zu nohead "
			"linecolor rgb \"%s\" linewidth 1 back\n",
			i, i, chart_colour[COLOUR_GRID]);
}

/* Texts of the rows, at their upper left. */
static void put_rows(struct plot *p, const struct chart *c, double from, double down)
{
	size_t block = begin_block(p, NULL);

	for (size_t i = 0; i < c->nr_rows; i++) {
		fprintf(p->data, "%.9g\t%.9g\t", from, i + down);
		put_text(p, c->row[i]);
	}
	put_plot(p, block,
		 "using 1:2:3 with labels left offset character 0.3, 0 "
		 "textcolor rgb \"%s\" notitle",
		 chart_colour[COLOUR_INK]);
}

/* Vertical lines where no text of a row is. */
static void put_row_marks(struct plot *p, const struct chart *c, double down)
{
	size_t block;

	if (!c->nr_marks)
		return;
	block = begin_block(p, NULL);
	for (size_t i = 0; i < c->nr_marks; i++) {
		for (size_t k = 0; k < c->nr_rows; k++)
			fprintf(p->data, "%.9g\t%.9g\t0\t%.9g\n", c->mark[i].x, k + down, 1 - down);
	}
	put_plot(p, block, "using 1:2:3:4 with vectors nohead linecolor rgb \"%s\" notitle",
		 chart_colour[COLOUR_INK]);
}

/* Where a figure is on a logarithmic axis, which has no place for 0: at its begin. */
static double on_axis(const struct axis *a, double value)
{
	return a->log && value < a->from ? a->from : value;
}

/* The figures of a column, with their whiskers; beside the picture their texts. */
static void put_dots(struct plot *p, const struct chart_series *s, const struct axis *x,
		     double down)
{
	char text[TEXT_SIZE];
	size_t block = begin_block(p, NULL);

	for (size_t i = 0; i < s->nr; i++) {
		double low = on_axis(x, s->point[i].low), high = on_axis(x, s->point[i].high);

		fprintf(p->data, "%.9g\t%.9g\t%.9g\t0\n", low, s->point[i].x + down, high - low);
	}
	put_whiskers(p, s, block);
	block = begin_block(p, s->name);
	for (size_t i = 0; i < s->nr; i++)
		fprintf(p->data, "%.9g\t%.9g\n", on_axis(x, s->point[i].y), s->point[i].x + down);
	put_plot(p, block,
		 "using 1:2 with points linecolor rgb \"%s\" linewidth 1.5 pointtype %d "
		 "pointsize 0.9 title columnheader(2)",
		 colour(s), symbol[s->colour][s->dashed]);
	block = begin_block(p, NULL);
	for (size_t i = 0; i < s->nr; i++) {
		double value = s->point[i].y;

		fprintf(p->data, "%.9g\t%.9g\t", x->to, s->point[i].x + down);
		put_text(p, !strcmp(x->unit, "ratio") ? text_ratio(text, value) :
							text_value(text, x->unit, value));
	}
	put_plot(p, block,
		 "using 1:2:3 with labels left offset character 0.6, 0 "
		 "textcolor rgb \"%s\" notitle",
		 chart_colour[COLOUR_INK]);
}

static void draw_dots(struct plot *p, const struct chart *c, int fd)
{
	struct axis x = { .unit = c->y_unit, .log = c->y_log };
	double row = ROW_TEXT + ROW_LANE * c->nr_series + 3;

	for (size_t i = 0; i < c->nr_series; i++) {
		for (size_t k = 0; k < c->series[i].nr; k++) {
			axis_include(&x, c->series[i].point[k].y);
			axis_include(&x, c->series[i].point[k].high);
			axis_include(&x, c->series[i].point[k].low);
		}
	}
	for (size_t i = 0; i < c->nr_marks; i++)
		axis_include(&x, c->mark[i].x);
	axis_finish(&x, true, 5);
	begin_rows(p, c, fd, row, &x);
	fputs("set rmargin 10\n", p->script);
	begin_plot(p);
	put_row_marks(p, c, ROW_TEXT / row);
	put_rows(p, c, x.from, 0.5 * ROW_TEXT / row);
	for (size_t i = 0; i < c->nr_series; i++)
		put_dots(p, &c->series[i], &x, (ROW_TEXT + (i + 0.4) * ROW_LANE) / row);
	end_plot(p);
}

static void draw_timeline(struct plot *p, const struct chart *c, int fd)
{
	struct axis x = { .unit = c->x_unit };
	double row = ROW_TEXT + ROW_TRACK, begin = INFINITY;

	for (size_t i = 0; i < c->nr_series; i++) {
		for (size_t k = 0; k < c->series[i].nr; k++)
			begin = fmin(begin, c->series[i].point[k].low);
	}
	for (size_t i = 0; i < c->nr_series; i++) {
		for (size_t k = 0; k < c->series[i].nr; k++)
			axis_include(&x, c->series[i].point[k].high - begin);
	}
	axis_finish(&x, true, 5);
	begin_rows(p, c, fd, row, &x);
	begin_plot(p);
	put_rows(p, c, x.from, 0.5 * ROW_TEXT / row);
	for (size_t i = 0; i < c->nr_series; i++) {
		const struct chart_series *s = &c->series[i];
		size_t block = begin_block(p, s->name);

		for (size_t k = 0; k < s->nr; k++)
			fprintf(p->data, "%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\n",
				s->point[k].low - begin, s->point[k].x + 0.7,
				s->point[k].low - begin, s->point[k].high - begin,
				s->point[k].x + ROW_TEXT / row, s->point[k].x + 0.95);
		put_plot(p, block,
			 "using 1:2:3:4:5:6 with boxxyerror linecolor rgb \"%s\" linewidth 0.5 "
			 "fillstyle solid 1 title columnheader(2)",
			 colour(s));
	}
	end_plot(p);
}

/* ------------------------------------------------------------------------ gnuplot */

static void draw(struct plot *p, const struct chart *c, int fd)
{
	switch (c->kind) {
	case CHART_LINE:
		draw_lines(p, c, fd);
		break;
	case CHART_DOTS:
		draw_dots(p, c, fd);
		break;
	case CHART_HISTOGRAM:
		draw_histogram(p, c, fd);
		break;
	case CHART_TIMELINE:
		draw_timeline(p, c, fd);
		break;
	}
}

/* Return: 0, or a negative errno. */
static int run_gnuplot(int script, int errors)
{
	static char *const argv[] = { "gnuplot", "-d", NULL };
	posix_spawn_file_actions_t files;
	int err, status;
	pid_t pid;

	if (lseek(script, 0, SEEK_SET))
		return -errno;
	err = posix_spawn_file_actions_init(&files);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&files, script, STDIN_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
	if (!err)
		err = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY,
						       0);
	if (!err)
		err = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (err)
		return -err;
	err = wait_for_child(pid, &status);
	return err ? err : status ? -EPROTO : 0;
}

/* What a memory file holds, to be freed; NULL: nothing. */
static char *contents(int fd)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) || !st.st_size)
		return NULL;
	text = malloc(st.st_size + 1);
	if (!text)
		return NULL;
	if (pread(fd, text, st.st_size, 0) != st.st_size) {
		free(text);
		return NULL;
	}
	text[st.st_size] = '\0';
	return text;
}

/* The first line that says something. */
static void first_words(int fd, char *why)
{
	char *text = contents(fd), *line = text ? text + strspn(text, " \n\t^") : "";

	snprintf(why, WHY_SIZE, "gnuplot failed%s%.*s", *line ? ": " : "", (int)strcspn(line, "\n"),
		 line);
	free(text);
}

/* Descriptors 3 and up; -1 at the end of the list. */
static int open_files(int *fd, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* Without MFD_CLOEXEC: gnuplot has them, too. */
		fd[i] = memfd_create("gvt-report", 0);
		if (fd[i] < 0)
			return -errno;
	}
	return 0;
}

static void close_files(int *fd, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
	}
}

enum { FD_SCRIPT, FD_DATA, FD_ERRORS, FD_FIRST };

/* Script and data for all pictures. */
static int write_plots(const struct charts *c, const int *fd)
{
	struct plot p = { .script = fdopen(dup(fd[FD_SCRIPT]), "w"),
			  .data = fdopen(dup(fd[FD_DATA]), "w"),
			  .data_fd = fd[FD_DATA] };
	int err = p.script && p.data ? 0 : -ENOMEM;

	for (size_t i = 0; i < c->nr && !err; i++)
		draw(&p, &c->chart[i], fd[FD_FIRST + i]);
	if (p.script && fclose(p.script))
		err = -errno;
	if (p.data && fclose(p.data))
		err = -errno;
	return err;
}

int charts_draw(struct charts *c, char *why)
{
	size_t n = FD_FIRST + c->nr;
	int *fd = malloc(n * sizeof(*fd)), err = -ENOMEM;

	if (!fd)
		goto out;
	memset(fd, -1, n * sizeof(*fd));
	err = open_files(fd, n);
	if (!err)
		err = write_plots(c, fd);
	if (!err)
		err = run_gnuplot(fd[FD_SCRIPT], fd[FD_ERRORS]);
	if (err == -EPROTO)
		first_words(fd[FD_ERRORS], why);
	for (size_t i = 0; i < c->nr && (!err || err == -EPROTO); i++) {
		char *text = contents(fd[FD_FIRST + i]);

		if (text && !svg_from_gnuplot(&c->chart[i], text))
			err = -ENOMEM;
		free(text);
	}
	close_files(fd, n);
out:
	free(fd);
	if (err == -ENOENT)
		snprintf(why, WHY_SIZE, "gnuplot is missing: install Debian's gnuplot-nox");
	else if (err && err != -EPROTO)
		snprintf(why, WHY_SIZE, "no pictures: %s", strerror(-err));
	return err;
}
