// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lines.c - LIBGO_DEBUG=lines: file and line of a code address, in dumps, panics and leaks.
 *
 * Another process finds them: addr2line (binutils), one for each file that code was loaded from,
 * which is asked by a pair of sockets, and answers line by line. It is started with the first
 * address that is asked for, and ended with the dump. Where there is none, or no debug
 * information, or no answer in ANSWER_MS, nothing is added.
 *
 * A dying process may hold malloc()'s lock, or the loader's, or have destroyed its heap. So nothing
 * here allocates, or calls what may: vfork(), with signals blocked, which the child keeps blocked;
 * system calls in the child; memory in the struct dump.
 *
 * Rejected: libdw by dlopen(), ten times as fast for the first address, but it allocates
 * megabytes in the process that just died of its heap; posix_spawn(), whose list of descriptors
 * is malloc()ed; doing so without being asked: addr2line takes some 10 ms for a small program, and
 * seconds for one with a gigabyte of debug information.
 */
#include "lines.h"

#include "netpoll.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#define ANSWER_MS	10000
#define NO_HELPER	(-1)	/* none could be had, or it has given up */

/* In the child, which shares the memory, and has the parent waiting. */
static void become(const char *object, int fd, char *const env[])
{
	char *const argv[] = { "addr2line", "-e", (char *)object, NULL };
	const char *dirs = "/usr/local/bin:/usr/bin:/bin", *end;
	int null = (int)SYS(openat, AT_FDCWD, "/dev/null", O_WRONLY);
	char path[256];

	for (int i = 0; env[i]; i++)
		if (!strncmp(env[i], "PATH=", 5))
			dirs = env[i] + 5;
	SYS(dup3, fd, 0, 0);
	SYS(dup3, fd, 1, 0);
	if (null >= 0)
		SYS(dup3, null, 2, 0);
	for (; *dirs; dirs = *end ? end + 1 : end) {
		size_t n;

		end = strchrnul(dirs, ':');
		n = (size_t)(end - dirs);
		if (n + sizeof("/addr2line") > sizeof(path))
			continue;
		memcpy(path, dirs, n);
		memcpy(path + n, "/addr2line", sizeof("/addr2line"));
		SYS(execve, path, argv, env);
	}
}

/* Blocks all signals, over the time in which two processes are one program. */
static NOINLINE pid_t start(const char *object, int fd)
{
	const uint64_t all = ~UINT64_C(0);
	uint64_t before = 0;
	pid_t pid;

	SYS(rt_sigprocmask, SIG_BLOCK, &all, &before, sizeof(all));
	pid = vfork();
	if (!pid) {
		become(object, fd, environ);
		SYS(exit_group, 127);
	}
	SYS(rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return pid;
}

static void open_helper(struct lines_helper *h, const char *path)
{
	char object[300];
	int fds[2];

	h->fd = NO_HELPER;
	/* What that is for another process. */
	if (!strcmp(path, "/proc/self/exe"))
		snprintf(object, sizeof(object), "/proc/%d/exe", (int)SYS(getpid));
	else
		snprintf(object, sizeof(object), "%s", path);
	if (SYS(socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return;
	h->pid = start(object, fds[1]);
	SYS(close, fds[1]);
	if (h->pid > 0)
		h->fd = fds[0];
	else
		SYS(close, fds[0]);
}

static void close_helper(struct lines_helper *h)
{
	if (h->fd == NO_HELPER)
		return;
	SYS(close, h->fd);
	h->fd = NO_HELPER;
	/* It ends by itself, unless it hangs. */
	SYS(kill, h->pid, SIGKILL);
	while (SYS(wait4, h->pid, NULL, 0, NULL) == -EINTR)
		;
}

/* One line without its end, in @buf. False: there was none. */
static bool answer(const struct lines_helper *h, char *buf, size_t size)
{
	const int64_t end = go_now() + ANSWER_MS * NSEC_PER_MSEC;
	size_t len = 0;

	while (len < size - 1) {
		struct pollfd p = { .fd = h->fd, .events = POLLIN };
		int64_t left = end - go_now();
		struct timespec t = { left / NSEC_PER_SEC, left % NSEC_PER_SEC };
		long n;

		if (left <= 0)
			return false;
		n = SYS(ppoll, &p, 1, &t, NULL, 0);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			return false;
		n = SYS(recvfrom, h->fd, buf + len, size - 1 - len, MSG_DONTWAIT);
		if (n == -EINTR || n == -EAGAIN)
			continue;
		if (n <= 0)
			return false;
		len += (size_t)n;
		if (buf[len - 1] == '\n') {
			buf[len - 1] = '\0';
			return true;
		}
	}
	return false;
}

static struct lines_helper *helper_of(struct lines *l, uintptr_t base, const char *path)
{
	struct lines_helper *h;

	for (h = l->helper; h < l->helper + l->n; h++)
		if (h->base == base)
			return h;
	if (l->n == ARRAY_SIZE(l->helper))
		return NULL;
	l->n++;
	h->base = base;
	open_helper(h, path);
	return h;
}

/* Adds " FILE:LINE" to @buf, if that is known of @addr. */
void lines_add(struct lines *l, const void *addr, char *buf, size_t size)
{
	struct lines_helper *h;
	char text[512];
	const char *path;
	uintptr_t base;
	size_t len;

	if (!l->on || !symbol_object(addr, &base, &path))
		return;
	h = helper_of(l, base, path);
	if (!h || h->fd == NO_HELPER)
		return;
	len = (size_t)snprintf(text, sizeof(text), "0x%zx\n", (size_t)((uintptr_t)addr - base));
	if (SYS(sendto, h->fd, text, len, MSG_NOSIGNAL) != (long)len ||
	    !answer(h, text, sizeof(text))) {
		close_helper(h);
		return;
	}
	len = strcspn(text, " ");	/* " (discriminator N)" */
	if (text[0] == '?' || len < 3 || !memcmp(text + len - 2, ":?", 2) ||
	    !memcmp(text + len - 2, ":0", 2))
		return;
	snprintf(buf + strlen(buf), size - strlen(buf), " %.*s", (int)len, text);
}

void lines_begin(struct lines *l)
{
	l->on = debug_number("lines", 0);
	l->n = 0;
}

void lines_end(struct lines *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		close_helper(&l->helper[i]);
}
