// SPDX-License-Identifier: GPL-2.0-only
/*
 * common.c - what every subcommand needs: messages, numbers, the time, files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gvt.h"

void complain(const char *what, const char *why, ...)
{
	va_list ap;

	va_start(ap, why);
	fprintf(stderr, "gvt: %s: ", what);
	vfprintf(stderr, why, ap);
	putc('\n', stderr);
	va_end(ap);
}

bool parse_number(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end) {
		complain(what, "`%s` is not a whole number; give one from %lu to %lu", text, min,
			 max);
		return false;
	}
	if (errno || value < min || value > max) {
		complain(what, "%s is out of range; give a number from %lu to %lu", text, min, max);
		return false;
	}
	*out = value;
	return true;
}

bool flush_stdout(void)
{
	static bool complained;

	if (!fflush(stdout) && !ferror(stdout))
		return true;
	if (!complained)
		complain("standard output", "%s", strerror(errno ? errno : EIO));
	complained = true;
	return false;
}

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

char *read_file(const char *path)
{
	size_t room = 16384, len = 0;
	char *text = NULL, *more;
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	for (;;) {
		ssize_t got;

		more = realloc(text, room);
		if (!more)
			goto err_close;
		text = more;
		got = read(fd, text + len, room - 1 - len);
		if (got < 0)
			goto err_close;
		if (!got)
			break;
		len += got;
		if (len == room - 1)
			room *= 2;
	}
	text[len] = '\0';
	close(fd);
	return text;

err_close:
	err = errno;
	free(text);
	close(fd);
	errno = err;
	return NULL;
}

char *find_program(const char *name)
{
	const char *path = getenv("PATH");
	char *file;

	if (!path)
		path = "/usr/bin:/bin";
	while (*path) {
		size_t len = strcspn(path, ":");

		if (asprintf(&file, "%.*s/%s", (int)len, path, name) < 0)
			return NULL;
		if (!access(file, X_OK))
			return file;
		free(file);
		path += len + (path[len] == ':');
	}
	return NULL;
}

const char *temporary_folder(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

int temporary_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char path[4096];

	if (fd >= 0)
		return fd;
	/* Not each file system has files without a name. */
	if (snprintf(path, sizeof(path), "%s/gvt.XXXXXX", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}
