// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.c - `gvt trace`: run a command and record what its goroutines and its threads do.
 *
 * Each runtime in the command writes what it records to a file in a folder of ours
 * (LIBGO_TRACE); the kernel's switches are recorded here (kswitch.c). When the command has
 * ended, one file is made of all. The folder is beside the file that is asked for, so that
 * what is too large for the disk is so at once, else where temporary files are.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"
#include "gvt.h"
#include "output.h"
#include "trace.h"

#define MIN_WIDTH	40
#define MAX_WIDTH	500

/**
 * struct request - what was asked for
 * @output: the file to make; NULL: none
 * @input: a trace that is there; NULL: the command's
 * @text: draw it
 * @no_kernel: leave the kernel's switches out
 * @argv: the command
 */
struct request {
	const char *output, *input;
	bool text, no_kernel;
	char **argv;
};

/* -------------------------------------------------------------------- folder */

static char *folder_of(const char *output)
{
	const char *slash = output ? strrchr(output, '/') : NULL;
	char *dir;
	int n;

	if (!output || !strcmp(output, "-") || !strncmp(output, "/dev/", 5))
		n = asprintf(&dir, "%s/gvt-trace.XXXXXX", temporary_folder());
	else if (slash)
		n = asprintf(&dir, "%.*s/.gvt-trace.XXXXXX", (int)(slash - output), output);
	else
		n = asprintf(&dir, ".gvt-trace.XXXXXX");
	if (n < 0)
		return NULL;
	if (mkdtemp(dir))
		return dir;
	complain(dir, "%s", strerror(errno));
	free(dir);
	return NULL;
}

/* A command may change its directory, so what it is told is absolute. */
static char *make_folder(const char *output)
{
	char *dir = folder_of(output), *whole;

	if (!dir)
		return NULL;
	whole = realpath(dir, NULL);
	if (!whole) {
		complain(dir, "%s", strerror(errno));
		rmdir(dir);
	}
	free(dir);
	/* In LIBGO_TRACE that stands for a number. */
	if (whole && strstr(whole, "%p")) {
		complain(whole, "a folder with %%p in its name is no place for traces; give another");
		rmdir(whole);
		free(whole);
		whole = NULL;
	}
	return whole;
}

static void remove_folder(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
	if (rmdir(dir))
		complain(dir, "can't be removed: %s", strerror(errno));
}

/* ------------------------------------------------------------------ recording */

static void record_kernel(struct trace *t)
{
	if (t->no_kernel)
		return;
	t->kernel_err = kswitch_open(&t->k, t->command.pid, t->dir);
	if (!t->kernel_err)
		t->kernel_err = kswitch_start(t->k);
	if (t->kernel_err && t->k) {
		kswitch_close(t->k);
		t->k = NULL;
	}
}

/* Return: an exit status, or -1: it ran. */
static int record(struct trace *t)
{
	char *file;
	int err;

	if (asprintf(&file, "%s/%%p", t->dir) < 0) {
		complain("trace", "%s", strerror(ENOMEM));
		return EXIT_FAILURE;
	}
	setenv("LIBGO_TRACE", file, 1);
	free(file);
	fflush(NULL);
	err = command_start(&t->command);
	if (err) {
		complain("trace", "%s", strerror(-err));
		return EXIT_FAILURE;
	}
	record_kernel(t);
	command_go(&t->command);
	command_wait(&t->command);
	if (t->k)
		t->kernel_kept = kswitch_stop(t->k);
	if (!t->command.exec_err)
		return -1;
	complain(t->command.argv[0], "%s", strerror(t->command.exec_err));
	return command_status(&t->command);
}

/* -------------------------------------------------------------------- drawing */

static int columns(void)
{
	struct winsize w;
	int n = 80;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col)
		n = w.ws_col;
	return n < MIN_WIDTH ? MIN_WIDTH : n > MAX_WIDTH ? MAX_WIDTH : n;
}

/* Return: an exit status. */
static int draw(FILE *from, const char *name)
{
	int err = trace_draw(from, stdout, columns(), want_colour(stdout));

	if (err == -EINVAL)
		complain(name, "not a trace of `gvt trace` or LIBGO_TRACE");
	else if (err)
		complain(name, "%s", strerror(-err));
	return !err && flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A stream of a file in that folder that nothing is left of. NULL after a message. */
static FILE *temporary_stream(const char *folder)
{
	int fd = temporary_file(folder);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w+");

	if (!file)
		complain(folder, "no temporary file can be made there: %s",
			 strerror(fd < 0 ? -fd : errno));
	if (!file && fd >= 0)
		close(fd);
	return file;
}

/* A file that can be read twice. NULL after a message. */
static FILE *keep_stdin(void)
{
	FILE *file = temporary_stream(temporary_folder());
	char bytes[BUFSIZ];
	size_t n;

	if (!file)
		return NULL;
	errno = 0;
	while ((n = fread(bytes, 1, sizeof(bytes), stdin)) > 0 && fwrite(bytes, 1, n, file) == n)
		;
	if (!n && !ferror(stdin) && !fflush(file))
		return file;
	complain("standard input", "%s", strerror(errno ? errno : EIO));
	fclose(file);
	return NULL;
}

/* Return: NULL after a message. */
static FILE *open_input(const char *name)
{
	FILE *from = fopen(name, "re");
	struct stat st;

	if (from && !fstat(fileno(from), &st) && S_ISDIR(st.st_mode)) {
		fclose(from);
		from = NULL;
		errno = EISDIR;
	}
	if (!from)
		complain(name, "%s", strerror(errno));
	return from;
}

static int draw_file(const char *name)
{
	bool std = !strcmp(name, "-");
	FILE *from = std ? keep_stdin() : open_input(name);
	int status;

	if (!from)
		return EXIT_FAILURE;
	status = draw(from, std ? "standard input" : name);
	fclose(from);
	return status;
}

/* ----------------------------------------------------------------- the command */

static void print_notes(const struct trace *t)
{
	for (int i = 0; i < t->notes; i++)
		complain("trace", "%s", t->note[i]);
}

static void complain_unless_asked(const char *name, int err)
{
	/* Who doesn't want to wait, or doesn't read on, needs no message. */
	if (err != -EINTR && err != -EPIPE)
		complain(!strcmp(name, "-") ? "standard output" : name, "%s", strerror(-err));
}

/* The file that was asked for, and one to be drawn. Return: 0, or a negative errno. */
static int make_files(struct trace *t, const struct request *q, struct atomic_file *to,
		      FILE **drawing)
{
	int err = 0;

	if (q->output) {
		err = trace_json(t, to->to);
		if (!err)
			err = atomic_file_commit(to);
		if (err)
			complain_unless_asked(q->output, err);
	}
	if (!err && q->text) {
		*drawing = temporary_stream(t->dir);
		if (!*drawing)
			return -EIO;
		err = trace_json(t, *drawing);
		if (err)
			complain_unless_asked(t->dir, err);
	}
	return err;
}

/* Return: an exit status: the command's own failure comes first. */
static int run_in_folder(struct trace *t, const struct request *q, struct atomic_file *to)
{
	FILE *drawing = NULL;
	/* A signal that came before there was a command ends us when the folder is gone. */
	int status = command_interrupted() ? EXIT_FAILURE : record(t), err = 0;
	void (*pipe_handler)(int);

	/* From here on nothing may end us before the folder is gone. */
	pipe_handler = signal(SIGPIPE, SIG_IGN);
	if (status < 0)
		err = make_files(t, q, to, &drawing);
	if (t->k)
		kswitch_close(t->k);
	/* What came to be a file is one already. */
	atomic_file_abort(to);
	remove_folder(t->dir);
	signal(SIGPIPE, pipe_handler);
	/* Who didn't want to wait for the file ends us here. */
	sigprocmask(SIG_UNBLOCK, &t->command.set, NULL);
	if (err == -EPIPE) {
		raise(SIGPIPE);
		complain("standard output", "%s", strerror(EPIPE));
	}
	if (status < 0) {
		if (!drawing || err)
			print_notes(t);
		status = command_status(&t->command);
	}
	if (drawing && !err)
		err = draw(drawing, "trace");
	if (drawing)
		fclose(drawing);
	return status ? status : err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_trace(const struct request *q)
{
	struct trace t = { .no_kernel = q->no_kernel };
	struct atomic_file to = { .to = NULL };
	int status = EXIT_FAILURE, err;

	t.command = (struct command){ .argv = q->argv, .out = -1 };
	/* What the command writes must not come into the midst of the file. */
	if (q->output && !strcmp(q->output, "-"))
		t.command.out = STDERR_FILENO;
	command_hold_signals(&t.command);
	/* Before the command runs: a name that can't be written is found at once. */
	err = q->output ? atomic_file_open(&to, q->output) : 0;
	if (err)
		complain(q->output, "%s", strerror(-err));
	else
		t.dir = make_folder(q->output);
	if (t.dir)
		status = run_in_folder(&t, q, &to);
	atomic_file_abort(&to);
	free(t.dir);
	return status;
}

static const struct option trace_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "input", required_argument, NULL, 'i' },
	{ "text", no_argument, NULL, 't' },
	{ "no-kernel", no_argument, NULL, 'k' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct request *q, int argc, char **argv)
{
	int c;

	/* "+": the command's own options are not ours. */
	while ((c = getopt_long(argc, argv, "+:ho:i:", trace_options, NULL)) != -1) {
		switch (c) {
		case 'o':
			q->output = optarg;
			break;
		case 'i':
			q->input = optarg;
			break;
		case 't':
			q->text = true;
			break;
		case 'k':
			q->no_kernel = true;
			break;
		case 'h':
			print_help("trace");
			return flush_stdout() ? EXIT_SUCCESS : EXIT_FAILURE;
		case ':':
			complain(argv[optind - 1], "needs a value; see `gvt help trace`");
			return EXIT_USAGE;
		default:
			complain(option_word(c, argv), "no such option of trace; a command's own options "
				 "come after the command, see `gvt help trace`");
			return EXIT_USAGE;
		}
	}
	q->argv = argv + optind;
	return -1;
}

/* Return: an exit status, or -1: it can be done. */
static int check(const struct request *q)
{
	const char *why = NULL;

	if (q->input && *q->argv)
		why = "--input draws a trace that is there: give it, or a command";
	else if (q->input && (q->output || q->no_kernel))
		why = "--input only draws: it goes with --text and nothing else";
	else if (!q->input && !*q->argv)
		why = "no command given, as in `gvt trace -o out.json -- ls -l`";
	else if (!q->input && !q->output && !q->text)
		why = "nothing to make: give -o FILE, or --text, or both";
	else if (q->text && q->output && !strcmp(q->output, "-"))
		why = "--text and `-o -` both write to standard output: give one of them";
	if (why)
		complain("trace", "%s", why);
	return why ? EXIT_USAGE : -1;
}

int cmd_trace(int argc, char **argv)
{
	struct request q = { .output = NULL };
	int status = parse_options(&q, argc, argv);

	if (status < 0)
		status = check(&q);
	if (status >= 0)
		return status;
	return q.input ? draw_file(q.input) : run_trace(&q);
}
