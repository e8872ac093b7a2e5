// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's first process: makes the machine, runs the one command it was booted for,
 * carries what the command prints out over the port, and reports how it ended.
 *
 * Everything after the greeting is driven by one poll loop. Output is written to the port
 * with a blocking write, so a slow reader outside slows the command down and nothing has
 * to be kept here. The command has ended when its own process has: what it left running
 * in the background does not keep the machine alive, though what is in the pipes by then
 * is still delivered.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"

#define JOB_MAX_STRINGS	4096
#define PIPE_MAX	(1u << 20)	/* the most that a pipe can hold */

struct job {
	const char	*cwd;
	const char	*build;			/* or NULL */
	const char	*module;		/* or NULL */
	bool		tty;
	bool		use_stdin;
	char		*argv[JOB_MAX_STRINGS];
	char		*env[JOB_MAX_STRINGS];
};

struct relay {
	pid_t	child;
	int	out, err;	/* the command's outputs; out is the terminal when there is one */
	int	in;		/* its input, or -1 */
	int	signals;
	bool	ended;
	int	status;
};

static int port = -1;
static char buffer[FRAME_MAX];

static void send_frame(uint32_t type, const void *data, uint32_t len)
{
	struct frame_header header = { type, len };

	/* The host is gone when this fails, and the machine with it. */
	if (write_all(port, &header, sizeof(header)) || write_all(port, data, len))
		_exit(1);
}

static void __attribute__((noreturn)) power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

void die(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (port < 0) {
		fprintf(stderr, "gvt: vm: %s\n", text);
		_exit(1);
	}
	send_frame(FRAME_FAILED, text, strlen(text));
	/* The host ends the machine; leaving now could overtake the message. */
	for (;;)
		pause();
}

/*
 * The job is a row of "key=value" strings, each ended by a zero byte:
 * cwd, build, module, tty, stdin once or not at all; arg and env once for each.
 */
static void job_parse(struct job *job, char *text, size_t len)
{
	size_t nargs = 0, nenv = 0;

	for (char *s = text; s < text + len; s += strlen(s) + 1) {
		char *value = strchr(s, '=');

		if (!value++)
			die("job: '%s' has no value", s);
		if (nargs == JOB_MAX_STRINGS - 1 || nenv == JOB_MAX_STRINGS - 1)
			die("job: over %d arguments", JOB_MAX_STRINGS - 1);
		if (!strncmp(s, "arg=", 4))
			job->argv[nargs++] = value;
		else if (!strncmp(s, "env=", 4))
			job->env[nenv++] = value;
		else if (!strncmp(s, "cwd=", 4))
			job->cwd = value;
		else if (!strncmp(s, "build=", 6))
			job->build = value;
		else if (!strncmp(s, "module=", 7))
			job->module = value;
		else if (!strncmp(s, "tty=", 4))
			job->tty = true;
		else if (!strncmp(s, "stdin=", 6))
			job->use_stdin = true;
		else
			die("job: '%s' is not understood", s);
	}
	if (!nargs || !job->cwd)
		die("job: no command or no directory");
}

static void job_receive(struct job *job)
{
	struct frame_header header;
	char *text;

	if (read_all(port, &header, sizeof(header)) || header.type != FRAME_JOB)
		die("no job came from the host");
	text = malloc(header.len + 1);
	if (!text || read_all(port, text, header.len))
		die("the job is incomplete");
	text[header.len] = '\0';
	job_parse(job, text, header.len);
}

static int open_terminal(char *name, size_t size)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, name, size))
		die("cannot make a terminal: %s", strerror(errno));
	return fd;
}

static void __attribute__((noreturn)) run_command(const struct job *job, int in, int out, int err)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	if (job->tty && ioctl(in, TIOCSCTTY, 0))
		_exit(126);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	/* execvpe searches the PATH of this process, so it has to be the command's. */
	environ = (char **)job->env;
	execvpe(job->argv[0], job->argv, job->env);
	dprintf(2, "gvt: vm: cannot run '%s' in the guest: %s\n", job->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC))
		die("cannot make a pipe: %s", strerror(errno));
}

static void start(const struct job *job, struct relay *relay)
{
	int in[2] = { -1, -1 }, out[2], err[2];
	char tty[64];

	if (job->tty) {
		relay->out = relay->in = open_terminal(tty, sizeof(tty));
		relay->err = -1;
		in[0] = out[1] = err[1] = open(tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (in[0] < 0)
			die("cannot open %s: %s", tty, strerror(errno));
	} else {
		make_pipe(out);
		make_pipe(err);
		relay->out = out[0];
		relay->err = err[0];
		if (job->use_stdin)
			make_pipe(in);
		else
			in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		relay->in = in[1];
	}
	relay->child = fork();
	if (relay->child < 0)
		die("cannot fork: %s", strerror(errno));
	if (!relay->child)
		run_command(job, in[0], out[1], err[1]);
	close(in[0]);
	if (!job->tty) {
		close(out[1]);
		close(err[1]);
	}
}

/* Pass on what poll() says is there: how much, 0 once nothing will come any more. */
static size_t pass(int fd, uint32_t type)
{
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n > 0)
		send_frame(type, buffer, n);
	return n > 0 ? n : 0;
}

/* What the pipe holds now; not all that somebody left behind writes for ever. */
static void drain(int fd, uint32_t type)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	size_t n, total = 0;

	while (fd >= 0 && total < PIPE_MAX && poll(&ready, 1, 0) > 0 && (n = pass(fd, type)))
		total += n;
}

/* Process 1 inherits whoever lost its parent, and has to bury all of them. */
static void reap(struct relay *relay)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	if (read(relay->signals, &info, sizeof(info)) < 0 && errno != EAGAIN)
		die("signalfd: %s", strerror(errno));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != relay->child)
			continue;
		relay->ended = true;
		relay->status = status;
	}
}

/* Called only when the command's input has room for a frame: see carry(). */
static void host_input(struct relay *relay)
{
	struct frame_header header;
	int32_t signo;

	if (read_all(port, &header, sizeof(header)) || header.len > sizeof(buffer) ||
	    read_all(port, buffer, header.len))
		die("the host's words are not understood");
	if (header.type == FRAME_WINSIZE) {
		ioctl(relay->out, TIOCSWINSZ, buffer);
	} else if (header.type == FRAME_SIGNAL && header.len == sizeof(signo)) {
		memcpy(&signo, buffer, sizeof(signo));
		/* All that a terminal would reach; no group yet: it is about to become one. */
		if (kill(-relay->child, signo))
			kill(relay->child, signo);
	} else if (header.type == FRAME_STDIN && relay->in >= 0) {
		if (header.len && !write_all(relay->in, buffer, header.len))
			return;
		/* The end of the host's input, or nobody reads it any more. */
		if (relay->in != relay->out)
			close(relay->in);
		relay->in = -1;
	}
}

/*
 * A write to the command's input that blocks would hold up its outputs, and both would
 * wait for each other. So a frame is taken from the port only when poll() finds room, and
 * the host sends no more than that at a time (INPUT_MAX).
 */
static void carry(struct relay *relay)
{
	while (!relay->ended) {
		struct pollfd in = { relay->in, POLLOUT, 0 };
		struct pollfd fds[] = {
			{ relay->signals, POLLIN, 0 },
			{ relay->out, POLLIN, 0 },
			{ relay->err, POLLIN, 0 },
			{ -1, POLLIN, 0 },
			{ -1, POLLOUT, 0 },
		};

		if (relay->in >= 0 && !poll(&in, 1, 0))
			fds[4].fd = relay->in;
		else
			fds[3].fd = port;
		if (poll(fds, 5, -1) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (fds[1].revents && !pass(relay->out, FRAME_STDOUT))
			relay->out = -1;
		if (fds[2].revents && !pass(relay->err, FRAME_STDERR))
			relay->err = -1;
		if (fds[0].revents)
			reap(relay);
		if (fds[3].revents & POLLIN)
			host_input(relay);
	}
	drain(relay->out, FRAME_STDOUT);
	drain(relay->err, FRAME_STDERR);
}

/* A record of /dev/kmsg is "priority,number,time,flags;text\n key=value\n"... */
static bool is_complaint(const char *text)
{
	static const char *const marks[] = {
		"WARNING: ", "BUG: ", "Oops", "general protection fault", "kernel BUG at",
		"UBSAN: ", "INFO: possible ", "INFO: task ", "suspicious RCU usage",
		"rcu_sched self-detected stall", "rcu_preempt self-detected stall",
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(text, marks[i]))
			return true;
	return false;
}

/*
 * The kernel's log from here on. What a stock kernel says while it starts, on a host that
 * may be starved of time, is not what is being tested.
 */
static int open_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		die("cannot read /dev/kmsg: %s", strerror(errno));
	return fd;
}

/* The kernel's complaints, each with what follows it: registers and the call trace. */
static void report_log(int fd)
{
	char record[8192];
	int show = 0;
	ssize_t n;

	for (;;) {
		char *text;

		n = read(fd, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)	/* the ring went round; go on with its oldest */
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		text++;
		text[strcspn(text, "\n") + 1] = '\0';
		if (is_complaint(text))
			show = 30;
		if (show-- > 0)
			send_frame(FRAME_COMPLAINT, text, strlen(text));
		else
			show = 0;
	}
}

static uint64_t read_taint(void)
{
	unsigned long long taint = 0;
	FILE *f = fopen("/proc/sys/kernel/tainted", "re");

	if (!f || fscanf(f, "%llu", &taint) != 1)
		die("cannot read /proc/sys/kernel/tainted");
	fclose(f);
	return taint;
}

int main(void)
{
	struct frame_exit end = { 0 };
	struct relay relay = { 0 };
	static struct job job;
	struct utsname uts;
	uint64_t taint;
	sigset_t child;
	int log;

	/* Before the first fork: a child's end must not be missed. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signal(SIGPIPE, SIG_IGN);

	boot_kernel();
	port = open_port("gvt");
	uname(&uts);
	send_frame(FRAME_HELLO, uts.release, strlen(uts.release));
	log = open_log();
	taint = read_taint();
	make_root();
	job_receive(&job);
	if (job.build)
		share_build(job.build);
	if (chdir(job.cwd))
		die("cannot enter %s in the guest: %s", job.cwd, strerror(errno));
	if (job.module)
		load_module(job.module);

	relay.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	start(&job, &relay);
	carry(&relay);

	report_log(log);
	end.status = relay.status;
	end.taint = read_taint() & ~taint;
	/* What the command wrote to the build directory is on the host before it is told. */
	sync();
	send_frame(FRAME_EXIT, &end, sizeof(end));
	/* The host ends the machine when it has read that; this is for one that does not. */
	sleep(10);
	power_off();
}
