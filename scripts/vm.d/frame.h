/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest's first process and the supervisor outside say to each other.
 *
 * One virtio-serial port carries everything, as frames: the command's two outputs, its
 * end, and towards the guest the job, signals and, in an interactive run, the keys. One stream
 * keeps its order, so whoever has read FRAME_EXIT has read all output before it, and no
 * byte of the payload is ever looked at: output is binary clean.
 *
 * Only FRAME_EXIT is an end. A guest that falls silent, reboots or stops without it has
 * failed, whatever it printed.
 */
#ifndef GVT_VM_FRAME_H
#define GVT_VM_FRAME_H

#include <errno.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#define FRAME_MAX	32768u
#define INPUT_MAX	1024u		/* of FRAME_STDIN: what a ready pipe or terminal takes */

enum frame_type {
	/* guest to host */
	FRAME_HELLO = 0x47560001,	/* the release of the running kernel, as text */
	FRAME_STDOUT,
	FRAME_STDERR,
	FRAME_FAILED,			/* why the command could not be started, as text */
	FRAME_COMPLAINT,		/* lines of the kernel's log that should not be there */
	FRAME_EXIT,			/* struct frame_exit */
	/* host to guest */
	FRAME_JOB,			/* "key=value\0"...: see guest.c, job_parse() */
	FRAME_STDIN,			/* empty: end of file */
	FRAME_WINSIZE,			/* struct winsize */
	FRAME_SIGNAL,			/* int32_t: a signal for the command */
};

struct frame_header {
	uint32_t	type;
	uint32_t	len;
};

struct frame_exit {
	int32_t		status;		/* as wait() gives it */
	uint32_t	pad;
	uint64_t	taint;		/* /proc/sys/kernel/tainted, what came to it meanwhile */
};

static inline int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

/* 0, or -1 at the end of the stream and on an error. */
static inline int read_all(int fd, void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

#endif
