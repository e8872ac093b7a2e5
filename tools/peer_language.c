// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer_language.c - what runs a program of each language, and what has to be done before.
 *
 * Go and Java are compiled, all programs of the language at once, into
 * $XDG_CACHE_HOME/gvt (else ~/.cache/gvt), under a name made from their sources and their
 * compiler: so once, as long as both stay the same, and never while something is measured.
 * What comes half-made has another name, so that two gvt don't see each other's.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forked.h"
#include "interrupt.h"
#include "peer.h"

#define PATH_ROOM	4096
#define MAX_SOURCES	64

const char *const language_name[LANGUAGES] = { "go", "python", "node", "java" };

/**
 * struct tool - what a language needs
 * @command: looked for in PATH
 * @package: what brings it, on Debian
 * @suffix: of its programs
 */
static const struct tool {
	const char *command, *package, *suffix;
} tools[LANGUAGES] = {
	[LANG_GO] = { "go", "golang-go", ".go" },
	[LANG_PYTHON] = { "python3", "python3", ".py" },
	[LANG_NODE] = { "node", "nodejs", ".js" },
	[LANG_JAVA] = { "javac", "default-jdk-headless", ".java" },
};

/**
 * struct language_state - what is known of a language
 * @tried: it was looked for
 * @ready: its programs can be run
 * @why: why they can't be
 * @sources: the folder of its programs
 * @command: where its command is
 * @made: what was compiled
 * @program: the last one asked for
 */
static struct language_state {
	bool tried, ready;
	char why[WHY_SIZE];
	char *sources, *command, *made, *program;
} states[LANGUAGES];

/* ---------------------------------------------------------------- what is there */

static __attribute__((format(printf, 1, 2))) char *text_of(const char *fmt, ...)
{
	char *text;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	return len < 0 ? NULL : text;
}

/*
 * The folder of a language: in GVT_PEERS; beside gvt, where it was built; or where it was
 * installed. Return: to be freed; NULL: it is in none of them.
 */
static char *find_sources(enum language l)
{
	static const char *const places[] = { "peers", "../share/gvt/peers" };
	const char *folder = getenv("GVT_PEERS");
	char self[PATH_ROOM], *path;
	ssize_t len;

	if (folder && *folder)
		return text_of("%s/%s", folder, language_name[l]);
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return NULL;
	self[len] = '\0';
	folder = dirname(self);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		path = text_of("%s/%s/%s", folder, places[i], language_name[l]);
		if (path && !access(path, R_OK))
			return path;
		free(path);
	}
	return NULL;
}

/* Where compiled programs are kept; it is made. Return: to be freed; NULL: there is no place. */
static char *find_cache(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *parent = NULL, *path;

	if (cache && *cache == '/')
		parent = text_of("%s", cache);
	else if (home && *home == '/')
		parent = text_of("%s/.cache", home);
	if (!parent)
		return NULL;
	mkdir(parent, 0700);
	path = text_of("%s/gvt", parent);
	free(parent);
	/* Where it can't be made, the compiler will say so. */
	if (path)
		mkdir(path, 0700);
	return path;
}

/* --------------------------------------------------------------- compilers */

/**
 * struct sources - the programs of a language
 * @name: their paths, in alphabetical order; ends with NULL
 * @nr: how many
 * @hash: of all of their texts, and of the compiler
 */
struct sources {
	char *name[MAX_SOURCES + 1];
	size_t nr;
	uint64_t hash;
};

/* FNV-1a */
static void hash_bytes(uint64_t *hash, const void *data, size_t n)
{
	const unsigned char *from = data;

	for (size_t i = 0; i < n; i++)
		*hash = (*hash ^ from[i]) * 0x100000001b3;
}

static void sources_exit(struct sources *s)
{
	while (s->nr)
		free(s->name[--s->nr]);
}

static int sources_add(struct sources *s, const char *folder, const char *file)
{
	char *text;

	if (s->nr == MAX_SOURCES)
		return -E2BIG;
	if (asprintf(&s->name[s->nr], "%s/%s", folder, file) < 0)
		return -ENOMEM;
	s->nr++;
	text = read_file(s->name[s->nr - 1]);
	if (!text)
		return -errno;
	hash_bytes(&s->hash, file, strlen(file));
	hash_bytes(&s->hash, text, strlen(text));
	free(text);
	return 0;
}

static int sources_init(struct sources *s, const struct language_state *l, const char *suffix)
{
	struct dirent **entry;
	struct stat compiler;
	int n, err = 0;

	memset(s, 0, sizeof(*s));
	s->hash = 0xcbf29ce484222325;
	if (stat(l->command, &compiler))
		return -errno;
	hash_bytes(&s->hash, l->command, strlen(l->command));
	hash_bytes(&s->hash, &compiler.st_size, sizeof(compiler.st_size));
	hash_bytes(&s->hash, &compiler.st_mtim, sizeof(compiler.st_mtim));
	n = scandir(l->sources, &entry, NULL, alphasort);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(entry[i]->d_name, '.');

		if (!err && dot && !strcmp(dot, suffix))
			err = sources_add(s, l->sources, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	return err ? err : s->nr ? 0 : -ENOENT;
}

/* Go takes no other toolchain or module from the net, and nothing of the user's settings. */
static void go_environment(const char *cache, const char *temp)
{
	static const char *const settings[][2] = {
		{ "GOENV", "off" }, { "GOFLAGS", "" }, { "GOWORK", "off" },
		{ "GO111MODULE", "off" }, { "GOTOOLCHAIN", "local" }, { "GOPROXY", "off" },
		{ "GOTELEMETRY", "off" }, { "CGO_ENABLED", "0" },
	};
	char *path = text_of("%s/go", cache), *build = text_of("%s/go/build", cache);

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		setenv(settings[i][0], settings[i][1], 1);
	if (path && build) {
		setenv("GOPATH", path, 1);
		setenv("GOCACHE", build, 1);
	}
	setenv("GOTMPDIR", temp, 1);
}

/*
 * Run a command to its end; @text: what it says first, of either kind. @cache: where a
 * compiler keeps what it needs, and @temp: for a while; NULL: it is none.
 * Return: its exit status, or a negative errno.
 */
static int run_tool(const char *const *argv, const char *cache, const char *temp, char *text,
		    size_t size)
{
	pid_t pid;
	size_t len = 0;
	int fd[2], status, err = 0;
	char rest[512];
	ssize_t got;

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	pid = fork_child();
	if (!pid) {
		interrupt_in_child();
		if (cache)
			go_environment(cache, temp);
		dup2(fd[1], STDOUT_FILENO);
		dup2(fd[1], STDERR_FILENO);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0)
		err = -errno;
	close(fd[1]);
	if (pid > 0)
		interrupt_kills(pid);
	while (pid > 0) {
		got = read(fd[0], rest, sizeof(rest));
		if (!got || (got < 0 && errno != EINTR))
			break;
		for (ssize_t i = 0; i < got && len + 1 < size; i++)
			text[len++] = rest[i];
	}
	text[len] = '\0';
	close(fd[0]);
	if (err)
		return err;
	while (waitid(P_PID, pid, NULL, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	interrupt_spares();
	err = wait_for_child(pid, &status);
	return err ? err : WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What a compiler is told: first words, where to put it, and all sources. */
static int compile(struct language_state *l, enum language which, const struct sources *s,
		   const char *cache, const char *to)
{
	const char *argv[MAX_SOURCES + 8];
	char text[WHY_SIZE] = "", *temp = text_of("%s.tmp", to);
	size_t n = 0;
	int status;

	if (!temp)
		return -ENOMEM;
	argv[n++] = l->command;
	if (which == LANG_GO)
		argv[n++] = "build";
	argv[n++] = which == LANG_GO ? "-o" : "-d";
	argv[n++] = to;
	for (size_t i = 0; i < s->nr; i++)
		argv[n++] = s->name[i];
	argv[n] = NULL;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s: compiling, once ...", language_name[which]);
	/* A compiler that is killed leaves its files; here they are found. */
	mkdir(temp, 0700);
	status = run_tool(argv, cache, temp, text, sizeof(text));
	/* Nor may those that it has started go on writing there. */
	if (interrupted())
		interrupt_end_children();
	remove_tree(temp);
	free(temp);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	if (!status)
		return 0;
	/* Go says what it compiles in a line that begins with #. */
	snprintf(l->why, sizeof(l->why), "can't be compiled: %.150s",
		 status < 0 ? strerror(-status) :
			      text + (text[0] == '#' ? strcspn(text, "\n") + 1 : 0));
	l->why[strcspn(l->why, "\n")] = '\0';
	return -ENOEXEC;
}

static bool make_programs(struct language_state *l, enum language which)
{
	char *cache = find_cache(), *half = NULL;
	struct sources s = { .nr = 0 };
	int err;

	if (!cache) {
		strcpy(l->why, "no folder for what is compiled: set XDG_CACHE_HOME");
		return false;
	}
	err = sources_init(&s, l, tools[which].suffix);
	if (err)
		goto out;
	l->made = text_of("%s/peers-%s-%016lx", cache, language_name[which], s.hash);
	half = text_of("%s.%d", l->made, getpid());
	if (!l->made || !half)
		err = -ENOMEM;
	if (err || !access(l->made, X_OK))
		goto out;
	err = compile(l, which, &s, cache, half);
	/* Somebody else may have been faster: then there is one already. */
	if (!err && rename(half, l->made) && access(l->made, X_OK))
		err = -errno;
	remove_tree(half);
out:
	sources_exit(&s);
	if (err && !l->why[0])
		snprintf(l->why, sizeof(l->why), "can't be compiled in %.120s: %s", cache,
			 strerror(-err));
	free(half);
	free(cache);
	return !err;
}

/* ------------------------------------------------------------------------ languages */

/*
 * What python3 in PATH is in the end: some are a shell script that chooses one, whose own
 * processes are nobody's to count.
 */
static void find_python(struct language_state *l)
{
	const char *const argv[] = { l->command, "-c", "import sys; print(sys.executable)", NULL };
	char text[PATH_ROOM];

	if (run_tool(argv, NULL, NULL, text, sizeof(text)))
		return;
	text[strcspn(text, "\n")] = '\0';
	if (text[0] != '/' || access(text, X_OK))
		return;
	free(l->command);
	l->command = text_of("%s", text);
}

static bool prepare(struct language_state *l, enum language which)
{
	const struct tool *t = &tools[which];

	l->command = find_program(t->command);
	if (!l->command) {
		snprintf(l->why, sizeof(l->why), "%s is not installed here (package %s)",
			 t->command, t->package);
		return false;
	}
	l->sources = find_sources(which);
	if (!l->sources) {
		strcpy(l->why, "its programs are neither beside gvt nor in ../share/gvt/peers");
		return false;
	}
	switch (which) {
	case LANG_GO:
		return make_programs(l, which);
	case LANG_JAVA:
		if (!make_programs(l, which))
			return false;
		free(l->command);
		l->command = find_program("java");
		if (l->command)
			return true;
		snprintf(l->why, sizeof(l->why), "java is not installed here (package %s)",
			 t->package);
		return false;
	case LANG_PYTHON:
		find_python(l);
		return l->command;
	default:
		return true;
	}
}

bool peer_command(enum language language, const char *experiment, const char *argv[PEER_ARGS],
		  char *why)
{
	struct language_state *l = &states[language];
	size_t n = 0;

	if (!l->tried)
		l->ready = prepare(l, language);
	l->tried = true;
	if (!l->ready) {
		snprintf(why, WHY_SIZE, "%s: %.180s", language_name[language], l->why);
		return false;
	}
	free(l->program);
	/* The class of create is Create. */
	if (language == LANG_JAVA)
		l->program = text_of("%c%s", experiment[0] - 'a' + 'A', experiment + 1);
	else
		l->program = text_of("%s/%s%s", l->sources, experiment, tools[language].suffix);
	switch (language) {
	case LANG_GO:
		argv[n++] = l->made;
		break;
	case LANG_PYTHON:
		argv[n++] = l->command;
		/* It may leave nothing beside its sources. */
		argv[n++] = "-B";
		argv[n++] = l->program;
		break;
	case LANG_NODE:
		argv[n++] = l->command;
		argv[n++] = l->program;
		break;
	default:
		argv[n++] = l->command;
		/* It may leave nothing in /tmp. */
		argv[n++] = "-XX:-UsePerfData";
		argv[n++] = "-cp";
		argv[n++] = l->made;
		argv[n++] = l->program;
		break;
	}
	argv[n] = NULL;
	return true;
}
