// SPDX-License-Identifier: GPL-2.0-only
/*
 * atomic_file.c - a file that is there as a whole, or as it was before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"

/* Its permissions: those of the file that it takes the place of, else what a new one has. */
static void set_mode(int fd, const struct stat *old)
{
	mode_t mask = umask(0);

	umask(mask);
	/* Where it can't have them it has fewer: nobody reads it who may not. */
	if (fchmod(fd, old ? old->st_mode & 0777 : 0666 & ~mask))
		return;
}

static int open_beside(struct atomic_file *a, const struct stat *old)
{
	int fd, err;

	if (asprintf(&a->temp, "%s.XXXXXX", a->path) < 0) {
		a->temp = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(a->temp, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		free(a->temp);
		a->temp = NULL;
		return err;
	}
	set_mode(fd, old);
	a->to = fdopen(fd, "w");
	if (a->to)
		return 0;
	close(fd);
	return -ENOMEM;
}

int atomic_file_open(struct atomic_file *a, const char *path)
{
	struct stat old;
	bool there;

	*a = (struct atomic_file){ .to = NULL };
	if (!strcmp(path, "-")) {
		a->to = stdout;
		return 0;
	}
	there = !stat(path, &old);
	/* A link stays one: what it leads to is what is replaced. */
	a->path = there ? realpath(path, NULL) : strdup(path);
	if (!a->path)
		return -errno;
	if (!there || S_ISREG(old.st_mode)) {
		if (there && access(a->path, W_OK))
			return -errno;
		return open_beside(a, there ? &old : NULL);
	}
	a->to = fopen(a->path, "we");
	return a->to ? 0 : -errno;
}

int atomic_file_commit(struct atomic_file *a)
{
	int err = 0;

	errno = 0;
	if (fflush(a->to) || ferror(a->to)) {
		/* It failed before, and nobody knows why: this is dropped, so ask once more. */
		if (!errno && putc('\n', a->to) != EOF)
			fflush(a->to);
		err = errno ? -errno : -EIO;
	}
	if (a->to != stdout && fclose(a->to) && !err)
		err = -errno;
	a->to = NULL;
	if (!err && a->temp && rename(a->temp, a->path))
		err = -errno;
	if (!err) {
		free(a->temp);
		a->temp = NULL;
	}
	atomic_file_abort(a);
	return err;
}

void atomic_file_abort(struct atomic_file *a)
{
	if (a->to && a->to != stdout)
		fclose(a->to);
	if (a->temp)
		unlink(a->temp);
	free(a->temp);
	free(a->path);
	*a = (struct atomic_file){ .to = NULL };
}
