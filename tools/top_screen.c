// SPDX-License-Identifier: GPL-2.0-only
/*
 * top_screen.c - `gvt top` on a terminal, by ncurses.
 *
 * One loop waits for three things at once: a key, a signal, the time for the next reading.
 * Signals are blocked but in that wait, so none is lost between looking for it and waiting; their
 * handlers only note the number. Whatever ends the loop, the terminal is given back by the
 * one endwin() behind it. SIGTSTP is ncurses' own: it gives the terminal back, stops, and
 * takes it again.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ncurses.h>

#include "gvt.h"
#include "output.h"
#include "top.h"

/* The first table comes early; then it is as often as was asked for. */
#define FIRST_DELAY	0.5

/* Lines that aren't rows: above, and the one below them. */
#define LINES_ABOVE	3
#define LINES_BELOW	1

enum mode { MODE_TABLE, MODE_HELP, MODE_FILTER };

/**
 * struct display - what is on the screen
 * @q: what was asked for
 * @view: what is shown now
 * @before: the reading before the last one
 * @now: the last one
 * @table: from these two
 * @selected: number of the process or thread that is marked; 0: the first one
 * @above: rows that are scrolled out above
 * @mode: what the keys mean
 * @typed: the filter, being typed
 * @delay: seconds between two readings
 * @next: when the next one is due
 * @count: tables made
 * @paused: no readings
 * @noted: what is missing has been said
 * @colour: may be used
 * @open: signals that are blocked while it waits
 */
struct display {
	const struct top_request *q;
	struct top_view view;
	struct snapshot before, now;
	struct top_table table;
	pid_t selected;
	size_t above;
	enum mode mode;
	char typed[TOP_FILTER];
	double delay;
	int64_t next;
	uint64_t count;
	bool paused, noted, colour;
	sigset_t open;
};

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static volatile sig_atomic_t ended_by;

static void note_signal(int sig)
{
	ended_by = sig;
}

/* What whoever started us has ignored stays so. SIGWINCH gets ncurses' own handler. */
static void catch_signals(sigset_t *open)
{
	struct sigaction act = { .sa_handler = note_signal }, old;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (sigaction(ends[i], NULL, &old) || old.sa_handler == SIG_IGN)
			continue;
		sigaction(ends[i], &act, NULL);
		sigaddset(&set, ends[i]);
	}
	sigprocmask(SIG_BLOCK, &set, open);
	sigdelset(open, SIGWINCH);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		sigdelset(open, ends[i]);
}

/* ------------------------------------------------------------------ reading */

static int make_table(struct display *s)
{
	top_table_free(&s->table);
	return top_table_make(&s->table, &s->before, &s->now, &s->view);
}

/* Return: 0, or a negative errno. */
static int read_next(struct display *s)
{
	struct snapshot now;
	int err = snapshot_take(&now, s->q->pids, s->q->nr_pids);

	if (err)
		return err;
	snapshot_free(&s->before);
	s->before = s->now;
	s->now = now;
	s->next = now_ns() + s->delay * NSEC_PER_SEC;
	s->count++;
	err = make_table(s);
	if (!err && !s->table.found) {
		s->view.threads_of = 0;
		s->selected = 0;
		err = make_table(s);
	}
	return err;
}

/* ------------------------------------------------------------------ drawing */

static void put(int y, attr_t attributes, const char *text)
{
	if (y < 0 || y >= LINES)
		return;
	attron(attributes);
	mvaddnstr(y, 0, text, COLS);
	attroff(attributes);
}

/* Broken between words, indented by two. */
static void put_wrapped(int y, const char *text)
{
	char line[TOP_LINE];
	int columns = COLS, room = (columns < TOP_LINE ? columns : TOP_LINE) - 3;

	while (*text && room > 0) {
		int len = strlen(text);

		if (len > room) {
			for (len = room; len > 1 && text[len] != ' ';)
				len--;
		}
		snprintf(line, sizeof(line), "  %.*s", len, text);
		put(y++, A_NORMAL, line);
		text += len;
		text += strspn(text, " ");
	}
}

static int rows_on_screen(void)
{
	int rows = LINES - LINES_ABOVE - LINES_BELOW;

	return rows > 0 ? rows : 0;
}

/* Where the marked one stands now; the first one where it has gone. */
static size_t selected_row(const struct display *s)
{
	for (size_t i = 0; i < s->table.nr; i++) {
		if (s->table.rows[i].id == s->selected)
			return i;
	}
	return 0;
}

static void scroll_to(struct display *s, size_t row)
{
	size_t room = rows_on_screen();

	if (row < s->above)
		s->above = row;
	if (room && row >= s->above + room)
		s->above = row - room + 1;
	if (s->above + room > s->table.nr)
		s->above = s->table.nr > room ? s->table.nr - room : 0;
}

static void draw_rows(struct display *s)
{
	size_t marked = selected_row(s);
	char text[TOP_LINE];

	scroll_to(s, marked);
	for (int y = 0; y < rows_on_screen() && s->above + y < s->table.nr; y++) {
		const struct top_row *row = &s->table.rows[s->above + y];
		attr_t attributes = s->above + y == marked ? A_REVERSE : A_NORMAL;

		if (s->colour && row->runtime)
			attributes |= COLOR_PAIR(1);
		top_text_row(text, row, &s->view);
		put(LINES_ABOVE + y, attributes, text);
	}
	if (!s->table.nr)
		put(LINES_ABOVE, A_NORMAL, s->count ? "  nothing to show" : "  reading ...");
}

static void draw_help(void)
{
	static const char *const lines[] = {
		"  k g c w n p   sort by kernel switches, goroutine switches, CPU, wait for a CPU,",
		"                number of threads, process number;  s: by the next of these",
		"  Enter         the threads of the marked process;  Esc: back, and no filter",
		"  /             show only names that contain ..., or one process by its number",
		"  + -           less often, more often",
		"  Space         pause;  go on",
		"  arrows, PgUp, PgDn, Home, End   move the mark",
		"  q             quit",
		"",
		"  KERNEL/s      switches that the kernel made: WAITED/s, the thread waited, and",
		"                MADE-TO/s, it could have gone on;  STARTED/s: threads created",
		"  GOROUTINE/s   switches that the runtime made, without the kernel",
		"  WAIT%         runnable, and waiting for a CPU, all threads together",
	};

	int y = LINES_ABOVE;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		put(y++, A_NORMAL, lines[i]);
	put_wrapped(y + 1, top_note());
}

static void draw(struct display *s)
{
	char head[TOP_LINE + 16], text[TOP_LINE];

	erase();
	top_text_head(text, &s->table, &s->view);
	snprintf(head, sizeof(head), "gvt top: %s", s->count ? text : "");
	put(0, A_BOLD, head);
	if (s->mode == MODE_FILTER)
		snprintf(text, sizeof(text), "show only: %s_", s->typed);
	else if (s->paused)
		snprintf(text, sizeof(text), "paused; Space: go on");
	else
		snprintf(text, sizeof(text), "counters: %s%s%.200s", counters_source(),
			 s->noted ? "" : "; ", s->noted ? "" : top_note());
	put(1, A_NORMAL, text);
	top_text_columns(text, &s->view);
	put(2, A_UNDERLINE, text);
	if (s->mode == MODE_HELP)
		draw_help();
	else
		draw_rows(s);
	if (LINES > LINES_ABOVE)
		put(LINES - 1, A_BOLD, s->mode == MODE_FILTER ? "Enter: show  Esc: as it was" :
		    "q quit  k g c w n p sort  Enter threads  / filter  Space pause  ? help");
	refresh();
}

/* --------------------------------------------------------------------- keys */

static void move_mark(struct display *s, long by)
{
	long to = (long)selected_row(s) + by, last = (long)s->table.nr - 1;

	if (last < 0)
		return;
	to = to < 0 ? 0 : to > last ? last : to;
	s->selected = s->table.rows[to].id;
}

static int set_view(struct display *s, enum top_sort sort, pid_t threads_of, pid_t selected)
{
	s->view.sort = sort;
	s->view.threads_of = threads_of;
	s->selected = selected;
	return s->count ? make_table(s) : 0;
}

static int key_in_filter(struct display *s, int key)
{
	size_t len = strlen(s->typed);

	switch (key) {
	case '\n':
	case KEY_ENTER:
		strcpy(s->view.filter, s->typed);
		s->mode = MODE_TABLE;
		return s->count ? make_table(s) : 0;
	case 27:
		s->mode = MODE_TABLE;
		return 0;
	case KEY_BACKSPACE:
	case 8:
	case 127:
		if (len)
			s->typed[len - 1] = '\0';
		return 0;
	default:
		if (key >= ' ' && key < 127 && len < TOP_FILTER - 1) {
			s->typed[len] = key;
			s->typed[len + 1] = '\0';
		}
		return 0;
	}
}

static void change_delay(struct display *s, double factor)
{
	s->delay *= factor;
	if (s->delay < TOP_MIN_DELAY)
		s->delay = TOP_MIN_DELAY;
	if (s->delay > TOP_MAX_DELAY)
		s->delay = TOP_MAX_DELAY;
	s->next = now_ns() + s->delay * NSEC_PER_SEC;
}

static void key_moves(struct display *s, int key)
{
	switch (key) {
	case KEY_UP:
		move_mark(s, -1);
		break;
	case KEY_DOWN:
		move_mark(s, 1);
		break;
	case KEY_PPAGE:
		move_mark(s, -rows_on_screen());
		break;
	case KEY_NPAGE:
		move_mark(s, rows_on_screen());
		break;
	case KEY_HOME:
		move_mark(s, -(long)s->table.nr);
		break;
	case KEY_END:
		move_mark(s, s->table.nr);
		break;
	}
}

static int open_threads(struct display *s)
{
	if (s->view.threads_of || !s->table.nr)
		return 0;
	return set_view(s, s->view.sort, s->table.rows[selected_row(s)].id, 0);
}

/* From the threads of one to all processes; there, no filter any more. */
static int back(struct display *s)
{
	if (s->view.threads_of)
		return set_view(s, s->view.sort, 0, s->view.threads_of);
	s->view.filter[0] = '\0';
	return set_view(s, s->view.sort, 0, s->selected);
}

/* What a key stands for in the order of enum top_sort. */
static const char sort_keys[TOP_SORTS + 1] = "kgcwnp";

/* Return: 0; 1: quit; a negative errno. */
static int key_in_table(struct display *s, int key)
{
	const char *by = key > ' ' && key < 127 ? strchr(sort_keys, key) : NULL;

	if (by)
		return set_view(s, by - sort_keys, s->view.threads_of, s->selected);
	switch (key) {
	case 'q':
		return 1;
	case 's':
		return set_view(s, (s->view.sort + 1) % TOP_SORTS, s->view.threads_of, s->selected);
	case '\n':
	case KEY_ENTER:
		return open_threads(s);
	case 27:
	case 8:
	case 127:
	case KEY_BACKSPACE:
	case KEY_LEFT:
		return back(s);
	case '/':
		s->mode = MODE_FILTER;
		strcpy(s->typed, s->view.filter);
		return 0;
	case '?':
	case 'h':
		s->mode = MODE_HELP;
		return 0;
	case ' ':
		s->paused = !s->paused;
		return 0;
	case '+':
	case '-':
		change_delay(s, key == '+' ? 2 : 0.5);
		return 0;
	default:
		key_moves(s, key);
		return 0;
	}
}

static int press(struct display *s, int key)
{
	if (key == KEY_RESIZE)
		return 0;
	s->noted = true;
	if (s->mode == MODE_FILTER)
		return key_in_filter(s, key);
	if (s->mode == MODE_HELP) {
		s->mode = MODE_TABLE;
		return key == 'q';
	}
	return key_in_table(s, key);
}

/* --------------------------------------------------------------------- loop */

/* A key, a signal, or the time. Return: 0; 1: the terminal has gone. */
static int wait_for_something(const struct display *s)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left = s->next - now_ns();
	struct timespec t = { 0, 0 };

	if (left > 0)
		t = (struct timespec){ left / NSEC_PER_SEC, left % NSEC_PER_SEC };
	ppoll(&in, 1, s->paused ? NULL : &t, &s->open);
	return in.revents & (POLLHUP | POLLERR | POLLNVAL) ? 1 : 0;
}

/* Return: 0, or a negative errno. */
static int loop(struct display *s)
{
	int err = snapshot_take(&s->now, s->q->pids, s->q->nr_pids), key;

	s->next = now_ns() + (s->delay < FIRST_DELAY ? s->delay : FIRST_DELAY) * NSEC_PER_SEC;
	while (err >= 0 && !ended_by) {
		draw(s);
		if (wait_for_something(s))
			return 0;
		while (!err && (key = getch()) != ERR)
			err = press(s, key);
		if (err > 0)
			return 0;
		if (err || s->paused || now_ns() < s->next)
			continue;
		if (s->q->count && s->count == s->q->count)
			return 0;
		err = read_next(s);
	}
	return err < 0 ? err : 0;
}

static void set_up(struct display *s)
{
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	s->colour = want_colour(stdout) && has_colors();
	if (s->colour) {
		start_color();
		use_default_colors();
		init_pair(1, COLOR_CYAN, -1);
	}
}

int top_screen(const struct top_request *q)
{
	struct display s = { .q = q, .view = q->view, .delay = q->delay };
	SCREEN *terminal;
	int err;

	catch_signals(&s.open);
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal) {
		complain("top", "nothing is known of the terminal `%s`; `gvt top -b` prints lines",
			 getenv("TERM"));
		return EXIT_FAILURE;
	}
	set_up(&s);
	err = loop(&s);
	endwin();
	delscreen(terminal);
	snapshot_free(&s.before);
	snapshot_free(&s.now);
	top_table_free(&s.table);
	if (err) {
		complain("top", "%s", strerror(-err));
		return EXIT_FAILURE;
	}
	return ended_by ? 128 + ended_by : EXIT_SUCCESS;
}
