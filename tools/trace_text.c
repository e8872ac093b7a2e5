// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace_text.c - draws a trace in a terminal: a row for each P and each thread, a column for
 * each piece of time.
 *
 * The file is read twice: first for who is in it, and from when to when; then for what each did
 * in each column. So memory has a size by rows and columns, not by events. A column shows the
 * goroutine that ran most in it; the 61 that ran most at all have a character of their own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gvt.h"
#include "result.h"
#include "trace.h"
#include "trace_read.h"

#define MAX_ROWS	256
#define MAX_PROCESSES	8
#define GOROUTINES	(1u << 16)	/* that are told apart; a power of two */
#define LEGEND		24
#define LABEL		14

/* 1 to 9 are those goroutines; then letters, those that ran most first; the rest are '#'. */
static const char symbols[] = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ#";
#define SYMBOLS		(sizeof(symbols) - 1)
#define OTHERS		(SYMBOLS - 1)

struct goroutine {
	int64_t pid, id;	/* id 0: a free place */
	uint64_t ns;
	uint32_t symbol;
	char name[48];
};

enum row_kind { ROW_P, ROW_M, ROW_THREAD };

/**
 * struct row - of the picture
 * @pid: its process
 * @number: of the P, or the thread's
 * @kind: what it is
 * @name: what it is called
 * @kernel: there are the kernel's switches of it
 * @by: time of each symbol (ROW_THREAD: CPU) in each column
 * @on: time on a CPU in each column
 * @waited: how often it left a CPU in each column because it waited
 * @preempted: and because it was made to
 */
struct row {
	int64_t pid, number;
	enum row_kind kind;
	char name[LABEL + 1];
	bool kernel;
	float (*by)[SYMBOLS];
	float *on;
	uint32_t *waited, *preempted;
};

struct process {
	int64_t pid;
	char name[32];
};

struct picture {
	int width;
	bool colour, kernel, counted;
	uint64_t begin, end;
	struct row row[MAX_ROWS];
	int rows;
	struct process process[MAX_PROCESSES];
	int processes;
	struct goroutine *goroutine;
	size_t goroutines;
	bool more_rows, more_processes, more_goroutines;
	bool whole;	/* who is in it is known: a file that still grows brings nobody new */
};

/* ------------------------------------------------------------------ who is in it */

static struct process *process_of(struct picture *p, int64_t pid)
{
	for (int i = 0; i < p->processes; i++) {
		if (p->process[i].pid == pid)
			return &p->process[i];
	}
	if (p->processes == MAX_PROCESSES) {
		p->more_processes = true;
		return NULL;
	}
	p->process[p->processes] = (struct process){ .pid = pid };
	return &p->process[p->processes++];
}

static struct row *find_row(struct picture *p, int64_t pid, bool is_p, int64_t number)
{
	for (int i = 0; i < p->rows; i++) {
		struct row *r = &p->row[i];

		if (r->number == number && r->pid == pid && (r->kind == ROW_P) == is_p)
			return r;
	}
	return NULL;
}

/* NULL: there is no room for it. */
static struct row *row_of(struct picture *p, int64_t pid, bool is_p, int64_t number)
{
	struct row *r = find_row(p, pid, is_p, number);

	if (r || p->whole || !process_of(p, pid))
		return r;
	if (p->rows == MAX_ROWS) {
		p->more_rows = true;
		return NULL;
	}
	r = &p->row[p->rows++];
	*r = (struct row){ .pid = pid, .number = number, .kind = is_p ? ROW_P : ROW_THREAD };
	return r;
}

/* The row of a track. */
static struct row *row_of_track(struct picture *p, int64_t pid, int64_t track)
{
	if (track >= TRACK_KERNEL)
		return row_of(p, pid, false, track - TRACK_KERNEL);
	if (track >= TRACK_P)
		return row_of(p, pid, true, track - TRACK_P);
	return row_of(p, pid, false, track);
}

static struct goroutine *goroutine_of(struct picture *p, int64_t pid, int64_t id, bool add)
{
	size_t i = ((uint64_t)id * 2654435761u ^ (uint64_t)pid * 40503u) % GOROUTINES;

	while (p->goroutine[i].id && (p->goroutine[i].id != id || p->goroutine[i].pid != pid))
		i = (i + 1) % GOROUTINES;
	if (p->goroutine[i].id)
		return &p->goroutine[i];
	if (add && p->goroutines >= GOROUTINES / 4 * 3)
		p->more_goroutines = true;
	if (!add || p->more_goroutines)
		return NULL;
	p->goroutines++;
	p->goroutine[i] = (struct goroutine){ .pid = pid, .id = id, .symbol = OTHERS };
	return &p->goroutine[i];
}

static void set_name(char *to, size_t size, const char *name)
{
	snprintf(to, size, "%s", name);
	/* A file may say anything, a terminal must not be told. */
	for (; *to; to++)
		*to = *to >= ' ' && *to < 127 ? *to : '?';
}

static void see_name(struct picture *p, struct json_object *e)
{
	const char *what = trace_text(e, "name"), *name = trace_text(trace_get(e, "args"), "name");
	static const char prefix[] = "kernel: ";
	int64_t pid = trace_number(e, "pid"), track = trace_number(e, "tid");
	struct process *process;
	struct row *r;

	if (!strcmp(what, "process_name")) {
		process = process_of(p, pid);
		if (process)
			set_name(process->name, sizeof(process->name), name);
	} else if (!strcmp(what, "thread_name")) {
		r = row_of_track(p, pid, track);
		if (!r)
			return;
		if (!strncmp(name, "M ", 2))
			r->kind = ROW_M;
		if (track < TRACK_KERNEL)
			set_name(r->name, sizeof(r->name), name);
		else if (!r->name[0] && !strncmp(name, prefix, strlen(prefix)))
			set_name(r->name, sizeof(r->name), name + strlen(prefix));
	}
}

static void see_span(struct picture *p, uint64_t begin, uint64_t end)
{
	if (!p->end || begin < p->begin)
		p->begin = begin;
	if (end > p->end)
		p->end = end;
}

static void see_goroutine(struct picture *p, struct json_object *e, int64_t pid, uint64_t ns)
{
	struct json_object *args = trace_get(e, "args");
	struct row *m = row_of(p, pid, false, trace_number(args, "thread"));
	struct goroutine *g = goroutine_of(p, pid, trace_number(args, "goroutine"), true);

	if (m)
		m->kind = ROW_M;
	if (!g)
		return;
	if (!g->ns)
		set_name(g->name, sizeof(g->name), trace_text(e, "name"));
	g->ns += ns;
}

static int see(void *arg, struct json_object *e, const char *line, size_t len)
{
	struct picture *p = arg;
	const char *ph = trace_text(e, "ph"), *category = trace_text(e, "cat");
	int64_t pid = trace_number(e, "pid");
	uint64_t begin = trace_ns(e, "ts"), ns = trace_ns(e, "dur");
	struct row *r;

	(void)line;
	(void)len;
	if (*ph == 'M')
		see_name(p, e);
	if (*ph != 'X' && *ph != 'i')
		return 0;
	see_span(p, begin, begin + ns);
	r = row_of_track(p, pid, trace_number(e, "tid"));
	if (!r)
		return 0;
	if (*ph == 'X' && !strcmp(category, "goroutine"))
		see_goroutine(p, e, pid, ns);
	if (*ph == 'X' && !strcmp(category, "kernel"))
		p->kernel = r->kernel = true;
	return 0;
}

/* ------------------------------------------------------------- what they did */

static float columns_of(const struct picture *p, uint64_t t)
{
	if (t < p->begin)
		t = p->begin;
	if (t > p->end)
		t = p->end;
	return (double)(t - p->begin) * p->width / (p->end - p->begin + 1);
}

static int column(const struct picture *p, uint64_t t)
{
	int c = columns_of(p, t);

	return c < 0 ? 0 : c >= p->width ? p->width - 1 : c;
}

/* How much of each column lies between @begin and @end is added to @to, @stride apart. */
static void add_time(const struct picture *p, float *to, size_t stride, uint64_t begin,
		     uint64_t end)
{
	float from = columns_of(p, begin), until = columns_of(p, end);

	for (int c = column(p, begin); c <= column(p, end); c++) {
		float a = from > c ? from : c, b = until < c + 1 ? until : c + 1;

		/* However short, it was there. */
		to[c * stride] += b - a > 1e-6f ? b - a : 1e-6f;
	}
}

static void add_goroutine(const struct picture *p, struct row *r, int64_t pid, int64_t id,
			  uint64_t begin, uint64_t end)
{
	const struct goroutine *g = goroutine_of((struct picture *)p, pid, id, false);

	if (r && r->kind != ROW_THREAD)
		add_time(p, &r->by[0][g ? g->symbol : OTHERS], SYMBOLS, begin, end);
}

static void add_kernel(const struct picture *p, struct row *r, struct json_object *e,
		       uint64_t begin, uint64_t end)
{
	struct json_object *args = trace_get(e, "args");
	const char *left = trace_text(args, "left");

	/* Off all of them. */
	if (!trace_get(args, "cpu"))
		return;
	add_time(p, r->on, 1, begin, end);
	if (r->kind == ROW_THREAD)
		add_time(p, &r->by[0][(uint64_t)trace_number(args, "cpu") % OTHERS], SYMBOLS, begin,
			 end);
	r->waited[column(p, end)] += !strcmp(left, "waits");
	r->preempted[column(p, end)] += !strcmp(left, "preempted");
}

static int add(void *arg, struct json_object *e, const char *line, size_t len)
{
	struct picture *p = arg;
	const char *ph = trace_text(e, "ph"), *category = trace_text(e, "cat");
	int64_t pid = trace_number(e, "pid"), track = trace_number(e, "tid");
	uint64_t begin = trace_ns(e, "ts"), end = begin + trace_ns(e, "dur");
	struct json_object *args = trace_get(e, "args");
	struct row *r;

	(void)line;
	(void)len;
	if (*ph != 'X' && *ph != 'i')
		return 0;
	r = row_of_track(p, pid, track);
	if (!r)
		return 0;
	if (*ph == 'i') {
		if (!r->kernel && !strcmp(trace_text(e, "name"), "preempted by the kernel")) {
			r->preempted[column(p, begin)] += trace_number(args, "times");
			p->counted = true;
		}
	} else if (!strcmp(category, "goroutine")) {
		add_goroutine(p, r, pid, trace_number(args, "goroutine"), begin, end);
		add_goroutine(p, row_of(p, pid, false, trace_number(args, "thread")), pid,
			      trace_number(args, "goroutine"), begin, end);
	} else if (!strcmp(category, "without a P")) {
		add_goroutine(p, r, pid, trace_number(args, "goroutine"), begin, end);
	} else if (!strcmp(category, "kernel")) {
		add_kernel(p, r, e, begin, end);
	}
	return 0;
}

/* ---------------------------------------------------------------------- drawing */

static int by_time(const void *a, const void *b)
{
	const struct goroutine *x = *(struct goroutine *const *)a;
	const struct goroutine *y = *(struct goroutine *const *)b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

static int by_symbol(const void *a, const void *b)
{
	const struct goroutine *x = *(struct goroutine *const *)a;
	const struct goroutine *y = *(struct goroutine *const *)b;

	return (int)x->symbol - (int)y->symbol;
}

/* The goroutines of a process, those that ran most first; *@n: how many. To be freed. */
static struct goroutine **goroutines_of(const struct picture *p, int64_t pid, size_t *n)
{
	struct goroutine **list = calloc(p->goroutines + 1, sizeof(*list));

	*n = 0;
	for (size_t i = 0; list && i < GOROUTINES; i++) {
		if (p->goroutine[i].id && p->goroutine[i].pid == pid)
			list[(*n)++] = &p->goroutine[i];
	}
	if (list)
		qsort(list, *n, sizeof(*list), by_time);
	return list;
}

static int give_symbols(struct picture *p)
{
	for (int i = 0; i < p->processes; i++) {
		uint32_t next = 9;
		size_t n;
		struct goroutine **list = goroutines_of(p, p->process[i].pid, &n);

		if (!list)
			return -ENOMEM;
		for (size_t k = 0; k < n; k++) {
			if (list[k]->id >= 1 && list[k]->id <= 9)
				list[k]->symbol = list[k]->id - 1;
			else if (next < OTHERS)
				list[k]->symbol = next++;
		}
		free(list);
	}
	return 0;
}

/* Eight that also those tell apart who don't see red and green. */
static void put_symbol(FILE *to, const struct picture *p, char c, int colour)
{
	static const int palette[] = { 208, 81, 36, 227, 33, 166, 176, 250 };

	if (p->colour && colour >= 0)
		fprintf(to, "\033[38;5;%dm%c\033[0m", palette[colour % 8], c);
	else
		putc(c, to);
}

/* What a column of a row shows; its colour, -1: none. */
static char cell(const struct row *r, int c, int *colour)
{
	static const char cpus[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	int best = 0;

	*colour = -1;
	for (size_t s = 1; s < SYMBOLS; s++) {
		if (r->by[c][s] > r->by[c][best])
			best = s;
	}
	if (r->by[c][best] <= 0)
		return r->kind == ROW_M && r->on[c] > 0 ? '+' : '.';
	if (r->kind == ROW_M && r->kernel && r->on[c] <= 0)
		return '-';
	*colour = best;
	if (r->kind == ROW_THREAD)
		return best < (int)sizeof(cpus) - 1 ? cpus[best] : '*';
	return symbols[best];
}

static void draw_row(FILE *to, const struct picture *p, const struct row *r)
{
	bool any = false;
	int colour;

	fprintf(to, "%-*s|", LABEL, r->name);
	for (int c = 0; c < p->width; c++) {
		char symbol = cell(r, c, &colour);

		put_symbol(to, p, symbol, colour);
		any |= r->waited[c] || r->preempted[c];
	}
	fputs("|\n", to);
	if (!any)
		return;
	fprintf(to, "%-*s|", LABEL, "  switches");
	for (int c = 0; c < p->width; c++) {
		uint32_t n = r->waited[c] + r->preempted[c];

		putc(!n ? ' ' : r->preempted[c] ? n > 1 ? 'P' : 'p' : n > 1 ? 'W' : 'w', to);
	}
	fputs("|\n", to);
}

static void print_legend(FILE *to, const struct picture *p, const struct process *process)
{
	size_t n, shown, column = 0;
	struct goroutine **list = goroutines_of(p, process->pid, &n);

	if (!list)
		return;
	shown = n < LEGEND ? n : LEGEND;
	qsort(list, shown, sizeof(*list), by_symbol);
	for (size_t i = 0; i < shown; i++) {
		const struct goroutine *g = list[i];

		if (column && column + strlen(g->name) + 5 > (size_t)p->width + LABEL) {
			putc('\n', to);
			column = 0;
		}
		fputs("  ", to);
		put_symbol(to, p, symbols[g->symbol], g->symbol);
		fprintf(to, " %s", g->name);
		column += strlen(g->name) + 4;
	}
	if (column)
		putc('\n', to);
	if (n > shown)
		fprintf(to, "  and %s%zu more goroutines, all beyond the 61st as #\n",
			p->more_goroutines ? "more than " : "", n - shown);
	free(list);
}

static int in_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	/* By the number in their names: M 2 before M 10. */
	if (x->kind == ROW_M && strlen(x->name) != strlen(y->name) && !strchr(x->name, '(') &&
	    !strchr(y->name, '('))
		return strlen(x->name) < strlen(y->name) ? -1 : 1;
	if (x->kind == ROW_M && strcmp(x->name, y->name))
		return strcmp(x->name, y->name);
	return (x->number > y->number) - (x->number < y->number);
}

static bool is_drawn(const struct row *r, const struct picture *p)
{
	for (int c = 0; c < p->width; c++) {
		int colour;

		if (cell(r, c, &colour) != '.' || r->waited[c] || r->preempted[c])
			return true;
	}
	return false;
}

static void draw_process(FILE *to, const struct picture *p, const struct process *process)
{
	bool goroutines = false, threads = false, first = true;
	char text[TEXT_SIZE], cell_text[TEXT_SIZE];
	double ns = p->end - p->begin;

	for (int i = 0; i < p->rows; i++) {
		const struct row *r = &p->row[i];

		if (r->pid != process->pid || !is_drawn(r, p))
			continue;
		if (first)
			fprintf(to, "%s %lld: %s; a column is %s\n", process->name,
				(long long)process->pid, text_value(text, "ns", ns),
				text_value(cell_text, "ns", ns / p->width));
		first = false;
		goroutines |= r->kind != ROW_THREAD;
		threads |= r->kind == ROW_THREAD;
		draw_row(to, p, r);
	}
	if (first)
		return;
	print_legend(to, p, process);
	if (goroutines)
		fputs("P, M: the goroutine that ran most in a column, . none\n"
		      "M: - has one and is on no CPU, + is on a CPU without one\n",
		      to);
	if (threads)
		fputs("other threads: the CPU that they are on, . none\n", to);
	if (p->kernel)
		fputs("switches, by the kernel: w it waited, p was preempted; W, P: several\n", to);
	else if (p->counted)
		fputs("switches: the kernel preempted it in the 50 ms before: p once, P often\n", to);
	putc('\n', to);
}

static void print_notes(FILE *to, const struct picture *p, struct json_object *other)
{
	struct json_object *notes = trace_get(other, "notes");
	size_t n = json_object_is_type(notes, json_type_array) ? json_object_array_length(notes) : 0;
	char text[400];

	for (size_t i = 0; i < n; i++) {
		const char *line = json_object_get_string(json_object_array_get_idx(notes, i));

		set_name(text, sizeof(text), line ? line : "");
		fprintf(to, "note: %s\n", text);
	}
	/* A file of libgo's own. */
	if (!notes && trace_number(other, "records_lost"))
		fprintf(to, "note: %lld records were lost\n",
			(long long)trace_number(other, "records_lost"));
	if (p->more_rows || p->more_processes)
		fprintf(to, "note: no more than %d rows, and %d processes, are drawn\n", MAX_ROWS,
			MAX_PROCESSES);
}

static int make_rows(struct picture *p)
{
	for (int i = 0; i < p->rows; i++) {
		struct row *r = &p->row[i];

		if (!r->name[0] && r->kind == ROW_P)
			snprintf(r->name, sizeof(r->name), "P %d", (int)r->number);
		else if (!r->name[0])
			snprintf(r->name, sizeof(r->name), "thread %d", (int)r->number);
		r->by = calloc(p->width, sizeof(*r->by));
		r->on = calloc(p->width, sizeof(*r->on));
		r->waited = calloc(p->width, sizeof(*r->waited));
		r->preempted = calloc(p->width, sizeof(*r->preempted));
		if (!r->by || !r->on || !r->waited || !r->preempted)
			return -ENOMEM;
	}
	qsort(p->row, p->rows, sizeof(p->row[0]), in_order);
	return give_symbols(p);
}

static void picture_exit(struct picture *p)
{
	for (int i = 0; i < p->rows; i++) {
		free(p->row[i].by);
		free(p->row[i].on);
		free(p->row[i].waited);
		free(p->row[i].preempted);
	}
	free(p->goroutine);
	free(p);
}

int trace_draw(FILE *from, FILE *to, int width, bool colour)
{
	struct picture *p = calloc(1, sizeof(*p));
	struct trace_reader r = { .event = see, .arg = p };
	int err = -ENOMEM;

	if (!p)
		return err;
	p->width = width - LABEL - 2;
	p->colour = colour;
	p->goroutine = calloc(GOROUTINES, sizeof(*p->goroutine));
	if (!p->goroutine)
		goto out;
	err = trace_read(&r, from);
	json_object_put(r.other);
	if (!err)
		err = make_rows(p);
	if (err)
		goto out;
	p->whole = true;
	r.event = add;
	err = trace_read(&r, from);
	if (!err) {
		for (int i = 0; i < p->processes; i++)
			draw_process(to, p, &p->process[i]);
		if (!p->rows)
			fputs("there is nothing in it\n", to);
		print_notes(to, p, r.other);
	}
	json_object_put(r.other);
out:
	picture_exit(p);
	return err;
}
