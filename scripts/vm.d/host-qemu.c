// SPDX-License-Identifier: GPL-2.0-only
/*
 * The supervisor's tools: QEMU as a child whose port and console are sockets that it
 * inherits, so neither needs a name; the terminal's raw mode; text that is kept for the
 * day something goes wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "host.h"

#define TAIL_LINES	40

static struct termios cooked;
static bool raw;

void text_add(struct text *text, const char *data, size_t len)
{
	if (text->limit && text->len + len > text->limit) {
		size_t keep = text->len / 2;

		memmove(text->data, text->data + (text->len - keep), keep);
		text->len = keep;
	}
	text->data = realloc(text->data, text->len + len + 1);
	if (!text->data)
		fail("out of memory");
	memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

char *text_end(struct text *text)
{
	static char empty[1];

	for (size_t i = 0; i < text->len; i++)
		if (!text->data[i])
			text->data[i] = ' ';
	return text->len ? text->data : empty;
}

void show_tail(const char *what, struct text *text)
{
	const char *start = text_end(text), *p = start + text->len;
	int lines = 0;

	if (!text->len)
		return;
	while (p > start && (p[-1] != '\n' || p == start + text->len || ++lines < TAIL_LINES))
		p--;
	fprintf(stderr, "--- the end of %s:\n", what);
	for (; *p; p++)
		if (*p != '\r')
			fputc(*p, stderr);
	if (p[-1] != '\n')
		fputc('\n', stderr);
	fputs("---\n", stderr);
}

void complain(const char *fmt, ...)
{
	va_list args;

	fputs("gvt: vm: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void fail(const char *fmt, ...)
{
	va_list args;

	terminal_restore();
	fputs("gvt: vm: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	/* QEMU, if it runs, is killed by this process's end. */
	exit(125);
}

static void make_socket(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		fail("cannot make a socket: %s", strerror(errno));
}

/* In the child: only the ends that QEMU is given may stay open in it. */
static void __attribute__((noreturn)) exec_qemu(char **qemu, const char *accel,
						bool at_once, const char *append, pid_t parent,
						int port, int console, int errors)
{
	char port_option[64], console_option[64], append_option[4096];
	char *threads = at_once ? "tcg,thread=multi" : "tcg,thread=single";
	bool tcg = !strcmp(accel, "tcg");
	char *tail[] = {
		"-accel", tcg ? threads : (char *)accel,
		"-cpu", tcg ? "max,la57=off" : "host",
		"-append", append_option,
		"-chardev", port_option,
		"-device", "virtio-serial-pci,max_ports=2",
		"-device", "virtserialport,chardev=port,name=gvt",
		"-chardev", console_option,
		"-serial", "chardev:console",
		NULL,
	};
	size_t ntail = sizeof(tail) / sizeof(tail[0]), n = 0;
	char **argv;
	sigset_t none;

	while (qemu[n])
		n++;
	argv = calloc(n + ntail, sizeof(*argv));
	if (!argv)
		_exit(125);
	memcpy(argv, qemu, n * sizeof(*argv));
	memcpy(argv + n, tail, sizeof(tail));
	snprintf(port_option, sizeof(port_option), "socket,id=port,fd=%d", port);
	snprintf(console_option, sizeof(console_option), "socket,id=console,fd=%d", console);

	/*
	 * What a kernel cannot know of an emulated machine: its TSC is the host's, one for all
	 * processors; and ticks that came late while it counted them are no broken timer.
	 */
	snprintf(append_option, sizeof(append_option), "%s%s",
		 tcg ? "tsc=reliable no_timer_check " : "", append);

	fcntl(port, F_SETFD, 0);
	fcntl(console, F_SETFD, 0);
	dup2(errors, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Out of the terminal's group: Ctrl-C is for the supervisor to act on. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(125);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(125);
}

pid_t guest_start(char **qemu, const char *accel, bool at_once, const char *append,
		  int *port, int *console, int *errors)
{
	int port_ends[2], console_ends[2], error_ends[2];
	pid_t parent = getpid(), pid;

	make_socket(port_ends);
	make_socket(console_ends);
	if (pipe2(error_ends, O_CLOEXEC))
		fail("cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		fail("cannot fork: %s", strerror(errno));
	if (!pid)
		exec_qemu(qemu, accel, at_once, append, parent, port_ends[1], console_ends[1],
			  error_ends[1]);
	close(port_ends[1]);
	close(console_ends[1]);
	close(error_ends[1]);
	*port = port_ends[0];
	*console = console_ends[0];
	*errors = error_ends[0];
	return pid;
}

/* The guest has no disk and synced what it shares: it needs no farewell. */
int guest_kill(pid_t pid)
{
	int status = 0;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

void terminal_raw(void)
{
	struct termios mode;

	if (tcgetattr(STDIN_FILENO, &cooked))
		fail("standard input is no terminal");
	mode = cooked;
	cfmakeraw(&mode);
	tcsetattr(STDIN_FILENO, TCSANOW, &mode);
	raw = true;
}

void terminal_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
	raw = false;
}
