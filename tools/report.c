// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - `gvt report`: results, as files, become a page with pictures.
 *
 * Nothing is written before all of it is there, and each file gets its name when it is
 * complete: a full disk or Ctrl-C leaves the former page, or none. What gvt did not make it
 * does not replace: it knows its own files by REPORT_MARK.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"
#include "gvt.h"
#include "report.h"

#define DEFAULT_DIR "gvt-report"
#define PAGE "report.html"
#define MAX_PATH 4096

/* ------------------------------------------------------------------------ files */

/* DIR, and what is above it. Return: false after a message. */
static bool make_dir(const char *dir)
{
	char path[MAX_PATH];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path)) {
		complain("-o", "%s", strerror(ENAMETOOLONG));
		return false;
	}
	for (char *at = path + 1; *path; at++) {
		char was = *at;

		if (was && was != '/')
			continue;
		*at = '\0';
		/* What is there may be there; whether it is a folder, the last one tells. */
		if (mkdir(path, 0777) && errno != EEXIST) {
			complain(path, "%s", strerror(errno));
			return false;
		}
		*at = was;
		if (!was)
			break;
	}
	if (*dir && !stat(dir, &st) && S_ISDIR(st.st_mode))
		return true;
	complain(*dir ? dir : "-o", "%s; give a folder by -o DIR", strerror(ENOTDIR));
	return false;
}

/* Nothing is there, or a file that gvt made. Return: false after a message. */
static bool may_replace(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[256];
	ssize_t got;

	if (fd < 0 && errno == ENOENT)
		return true;
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got < 0) {
		complain(path, "%s; remove it, or give another folder by -o DIR", strerror(errno));
	} else {
		text[got] = '\0';
		if (!strstr(text, REPORT_MARK))
			complain(path, "is there, and gvt did not make it; remove it, or give "
				       "another folder by -o DIR");
	}
	if (fd >= 0)
		close(fd);
	return got >= 0 && strstr(text, REPORT_MARK);
}

/* Return: false after a message. */
static bool write_file(const char *dir, const char *name, const char *text, size_t len)
{
	char path[MAX_PATH + 128];
	struct atomic_file file;
	sigset_t ending, before;
	int err;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!may_replace(path))
		return false;
	/* What ends us waits until the file is there as a whole, and nothing is beside it. */
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGHUP);
	sigprocmask(SIG_BLOCK, &ending, &before);
	err = atomic_file_open(&file, path);
	if (err) {
		atomic_file_abort(&file);
	} else {
		fwrite(text, 1, len, file.to);
		err = atomic_file_commit(&file);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (err)
		complain(path, "%s", strerror(-err));
	return !err;
}

static bool write_picture(const char *dir, const struct chart *c)
{
	char name[CHART_TEXT + 16], *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	bool good;

	if (!to) {
		complain("report", "%s", strerror(ENOMEM));
		return false;
	}
	svg_put(to, c, true);
	snprintf(name, sizeof(name), "%s.svg", c->slug);
	if (fclose(to)) {
		complain("report", "%s", strerror(ENOMEM));
		good = false;
	} else {
		good = write_file(dir, name, text, len);
	}
	free(text);
	return good;
}

/* ------------------------------------------------------------------------- page */

/* The page as text, to be freed; NULL after a message. */
static char *make_page(const struct report_result *before, const struct report_result *r,
		       const struct charts *c, const char *note, size_t *len)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, len);

	if (to)
		html_page(to, before, r, c, note);
	if (to && !fclose(to))
		return text;
	complain("report", "%s", strerror(ENOMEM));
	free(text);
	return NULL;
}

/* Return: an exit status. */
static int write_report(const char *dir, const struct charts *c, const char *page, size_t len)
{
	if (!strcmp(dir, "-")) {
		fwrite(page, 1, len, stdout);
		return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	for (size_t i = 0; i < c->nr; i++) {
		if (c->chart[i].svg && !write_picture(dir, &c->chart[i]))
			return EXIT_FAILURE;
	}
	/* The page comes last: where it is, its pictures are. */
	if (!write_file(dir, PAGE, page, len))
		return EXIT_FAILURE;
	printf("%s/" PAGE "\n", dir);
	return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Return: an exit status. */
static int report(const char *dir, const struct report_result *before,
		  const struct report_result *r)
{
	char why[WHY_SIZE] = "", note[WHY_SIZE + 64] = "";
	int err, status = EXIT_FAILURE;
	struct charts charts;
	char *page;
	size_t len;

	if (strcmp(dir, "-") && !make_dir(dir))
		return EXIT_FAILURE;
	err = charts_make(&charts, before, r);
	if (err)
		complain("report", "%s", strerror(-err));
	else
		err = charts_draw(&charts, why);
	if (why[0]) {
		snprintf(note, sizeof(note), "%s; this page has no pictures, or not all.", why);
		complain("pictures", "%s; the page has no pictures, or not all", why);
	}
	page = make_page(before, r, &charts, note, &len);
	if (page)
		status = write_report(dir, &charts, page, len);
	free(page);
	charts_free(&charts);
	/* Who has no gnuplot was told so; where it is there, pictures are expected. */
	return err && err != -ENOENT ? EXIT_FAILURE : status;
}

static const struct option report_options[] = { { "output", required_argument, NULL, 'o' },
						{ "help", no_argument, NULL, 'h' },
						{ NULL, 0, NULL, 0 } };

/* Return: an exit status, or -1 to go on. */
static int parse_options(const char **dir, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, ":ho:", report_options, NULL)) != -1) {
		switch (c) {
		case 'o':
			*dir = optarg;
			break;
		case 'h':
			print_help("report");
			return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
		case ':':
			complain(argv[optind - 1], "needs a value; see `gvt help report`");
			return EXIT_USAGE;
		default:
			complain(option_word(c, argv),
				 "no such option of report; see `gvt help report`");
			return EXIT_USAGE;
		}
	}
	return -1;
}

int cmd_report(int argc, char **argv)
{
	struct report_result before, after, *first = NULL;
	const char *dir = DEFAULT_DIR;
	int status = parse_options(&dir, argc, argv), n;

	if (status >= 0)
		return status;
	n = argc - optind;
	if (n < 1) {
		complain("report",
			 "no result named; `gvt run all --quick --json >result.json` makes "
			 "one, then `gvt report result.json`");
		return EXIT_USAGE;
	}
	if (n > 2 || (n == 2 && !strcmp(argv[optind], "-") && !strcmp(argv[optind + 1], "-"))) {
		complain("report", "give one result, or two to compare: BEFORE AFTER");
		return EXIT_USAGE;
	}
	if (n == 2) {
		if (!report_read(&before, argv[optind]))
			return EXIT_FAILURE;
		first = &before;
	}
	if (report_read(&after, argv[optind + n - 1])) {
		status = report(dir, first, &after);
		report_free(&after);
	} else {
		status = EXIT_FAILURE;
	}
	if (first)
		report_free(first);
	return status;
}
