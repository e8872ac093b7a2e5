// SPDX-License-Identifier: GPL-2.0-only
/*
 * The supervisor outside: starts QEMU, hands the guest its job, passes on what comes, and
 * says how it ended. scripts/vm is the only caller.
 *
 * The rule: the command ended when the guest's FRAME_EXIT arrived, and never otherwise. A
 * guest that panics, stops, or is silent until the time is up has failed, and the end of
 * its console tells why. QEMU dies with this process, however it ends; nothing is
 * left in the file system, no name and no port is taken, so any number may run at once.
 *
 * KVM that can be opened may still hang for ever (nested virtualisation). Only the guest
 * can prove that it works: where nothing is known yet, a guest whose kernel stays silent
 * is killed and started again under emulation, and the verdict is written to a file.
 * It is written only when some guest greeted, so a broken image never counts against KVM.
 *
 * Signals are blocked but in ppoll(), and a write follows only when ppoll() said that it
 * does not block: so a reader that stopped reading cannot keep Ctrl-C or the timeout out.
 *
 * A signal ends the machine. With --pass-signals the first one is the command's, which can
 * say what it has until then; the second one ends the machine, and so does a command that
 * goes on for GRACE_SECONDS all the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "host.h"

/* While it is open whether KVM works: the firmware may still print where no kernel runs. */
#define FIRST_LINE		"Linux version"
#define FIRST_LINE_SECONDS	10
#define START_SECONDS		300	/* emulation, on a machine with other things to do */
#define START_TRIES		3
#define SAME_SECONDS		0.2	/* a signal so soon after the first is no second one */
#define GRACE_SECONDS		120	/* for a command that was sent a signal, to end */
#define STATUS_VM_FAILED	125
#define TAINT_EXPECTED		(1ull << 12 | 1ull << 13)	/* out of tree, unsigned */

struct options {
	const char	*accel;		/* auto, kvm, tcg */
	const char	*verdict;	/* the file that remembers what auto came to */
	const char	*log;
	long		timeout;
	bool		ignore_log;
	bool		tty;
	bool		use_stdin;
	bool		at_once;
	bool		pass_signals;
	const char	*append;	/* the kernel's command line */
	char		**qemu;		/* QEMU's, up to a NULL */
};

/* One guest, from its start to its end. */
struct guest {
	pid_t			pid;
	int			port, console, errors;
	bool			probing, spoke, greeted, failed, ended, gone;
	double			since;		/* its start; once it greeted, the command's */
	double			until;		/* the end of its grace, once a signal was passed */
	struct frame_exit	end;
	struct text		console_text, error_text, complaints, failure;
	struct frame_header	header;		/* of the frame being read */
	size_t			have;		/* bytes of header and payload read so far */
	char			payload[FRAME_MAX];
};

enum outcome {
	OUTCOME_ENDED,
	OUTCOME_FAILED,
	OUTCOME_HUNG,
	OUTCOME_DIED,
	OUTCOME_NO_START,
	OUTCOME_CRASHED,	/* QEMU itself, while the guest started */
};

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
static volatile sig_atomic_t signalled, resized;
static int passed;	/* the signal that the command was sent */
static sigset_t unblocked;
static struct options opt;
static struct text job;
static int log_fd = -1;

static void on_signal(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else if (sig != SIGCHLD)
		signalled = sig;
}

/* Blocked from here on but in ppoll(). What is ignored stays so: nohup, a background job. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }, before;
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		sigaction(caught[i], NULL, &before);
		if (before.sa_handler == SIG_IGN)
			continue;
		sigaction(caught[i], &action, NULL);
		sigaddset(&block, caught[i]);
	}
	sigprocmask(SIG_BLOCK, &block, &unblocked);
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigdelset(&unblocked, caught[i]);
}

/* The guest is gone: a last word that nobody reads must not keep this process. */
static void release_signals(void)
{
	struct sigaction before;

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		sigaction(caught[i], NULL, &before);
		if (before.sa_handler == on_signal)
			signal(caught[i], SIG_DFL);
	}
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void send_frame(struct guest *guest, uint32_t type, const void *data, uint32_t len)
{
	struct frame_header header = { type, len };

	/* A guest that is gone is noticed by the reader. */
	if (!write_all(guest->port, &header, sizeof(header)))
		write_all(guest->port, data, len);
}

/* Leave as the signal would have made us leave, with the guest and the raw terminal gone. */
static void __attribute__((noreturn)) leave(struct guest *guest, int sig)
{
	guest_kill(guest->pid);
	terminal_restore();
	signal(sig, SIG_DFL);
	raise(sig);
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
	_exit(128 + sig);
}

static void act_on_signal(struct guest *guest)
{
	int32_t sig = signalled;

	if (!sig)
		return;
	/* timeout(1) sends one twice: to us, and to our group. */
	if (passed && now() < guest->until - GRACE_SECONDS + SAME_SECONDS) {
		signalled = 0;
		return;
	}
	if (!opt.pass_signals || passed || sig == SIGQUIT)
		leave(guest, sig);
	if (!guest->greeted) {
		complain("SIG%s: the machine was not up yet, the command had not begun",
			 sigabbrev_np(sig));
		leave(guest, sig);
	}
	signalled = 0;
	passed = sig;
	guest->until = now() + GRACE_SECONDS;
	send_frame(guest, FRAME_SIGNAL, &sig, sizeof(sig));
}

static double deadline(const struct guest *guest)
{
	if (passed)
		return guest->until;
	if (guest->greeted)
		return guest->since + opt.timeout;
	if (guest->probing && !guest->spoke)
		return guest->since + FIRST_LINE_SECONDS;
	return guest->since + START_SECONDS;
}

/* ppoll() until the deadline: 0 when that has come. */
static int wait_for(struct guest *guest, struct pollfd *fds, nfds_t nfds)
{
	for (;;) {
		double left = deadline(guest) - now();
		struct timespec ts;
		int n;

		if (left <= 0)
			return 0;
		ts.tv_sec = left;
		ts.tv_nsec = (left - ts.tv_sec) * 1e9;
		n = ppoll(fds, nfds, &ts, &unblocked);
		act_on_signal(guest);
		if (n > 0 || (n < 0 && errno == EINTR))
			return 1;
		if (n < 0)
			fail("ppoll: %s", strerror(errno));
	}
}

/* All of the output, or as much as was taken until the time was up. */
static void put(struct guest *guest, int fd, const char *data, size_t len)
{
	while (len) {
		struct pollfd out = { fd, POLLOUT, 0 };
		size_t part = len < 4096 ? len : 4096;
		ssize_t n;

		if (!wait_for(guest, &out, 1))
			return;
		if (!out.revents)
			continue;
		n = write(fd, data, part);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			guest_kill(guest->pid);
			fail("cannot write the command's output: %s", strerror(errno));
		}
		if (n > 0) {
			data += n;
			len -= n;
		}
	}
}

static void send_winsize(struct guest *guest)
{
	struct winsize size;

	resized = 0;
	if (!ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		send_frame(guest, FRAME_WINSIZE, &size, sizeof(size));
}

static void greet(struct guest *guest)
{
	guest->greeted = true;
	guest->since = now();
	send_frame(guest, FRAME_JOB, job.data, job.len);
	if (opt.tty)
		send_winsize(guest);
}

static void take_frame(struct guest *guest)
{
	uint32_t len = guest->header.len;

	switch (guest->header.type) {
	case FRAME_HELLO:
		greet(guest);
		break;
	case FRAME_STDOUT:
		put(guest, STDOUT_FILENO, guest->payload, len);
		break;
	case FRAME_STDERR:
		put(guest, STDERR_FILENO, guest->payload, len);
		break;
	case FRAME_FAILED:
		guest->failed = true;
		text_add(&guest->failure, guest->payload, len);
		break;
	case FRAME_COMPLAINT:
		text_add(&guest->complaints, guest->payload, len);
		break;
	case FRAME_EXIT:
		guest->ended = true;
		memcpy(&guest->end, guest->payload, sizeof(guest->end));
		break;
	}
}

static bool header_makes_sense(const struct frame_header *header)
{
	if (header->type < FRAME_HELLO || header->type > FRAME_EXIT || header->len > FRAME_MAX)
		return false;
	return header->type != FRAME_EXIT || header->len == sizeof(struct frame_exit);
}

/* Read what there is of the current frame; act on it when it is complete. */
static void read_port(struct guest *guest)
{
	size_t head = sizeof(guest->header);
	ssize_t n;

	if (guest->have < head)
		n = read(guest->port, (char *)&guest->header + guest->have, head - guest->have);
	else
		n = read(guest->port, guest->payload + (guest->have - head),
			 guest->header.len - (guest->have - head));
	if (n <= 0) {
		guest->gone = true;
		return;
	}
	guest->have += n;
	if (guest->have == head && !header_makes_sense(&guest->header)) {
		guest->failed = true;
		text_add(&guest->failure, "its words are not understood", 28);
		return;
	}
	if (guest->have >= head && guest->have == head + guest->header.len) {
		guest->have = 0;
		take_frame(guest);
	}
}

static void read_text(int *fd, struct text *text, int copy)
{
	char data[4096];
	ssize_t n = read(*fd, data, sizeof(data));

	if (n <= 0) {
		*fd = -1;
		return;
	}
	text_add(text, data, n);
	if (copy >= 0 && write_all(copy, data, n))
		fail("cannot write %s: %s", opt.log, strerror(errno));
}

static void read_console(struct guest *guest)
{
	read_text(&guest->console, &guest->console_text, log_fd);
	if (!guest->spoke)
		guest->spoke = strstr(text_end(&guest->console_text), FIRST_LINE);
}

static void read_input(struct guest *guest)
{
	char data[INPUT_MAX];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n < 0)
		n = 0;
	send_frame(guest, FRAME_STDIN, data, n);
	if (!n)
		opt.use_stdin = false;
}

static enum outcome supervise(struct guest *guest)
{
	while (!guest->ended && !guest->failed) {
		struct pollfd fds[] = {
			{ guest->gone ? -1 : guest->port, POLLIN, 0 },
			{ guest->console, POLLIN, 0 },
			{ guest->errors, POLLIN, 0 },
			{ guest->greeted && opt.use_stdin ? STDIN_FILENO : -1, POLLIN, 0 },
		};

		if (guest->gone && guest->console < 0 && guest->errors < 0)
			return OUTCOME_DIED;
		if (!wait_for(guest, fds, 4))
			return guest->probing && !guest->greeted ? OUTCOME_NO_START : OUTCOME_HUNG;
		if (fds[1].revents)
			read_console(guest);
		if (fds[2].revents)
			read_text(&guest->errors, &guest->error_text, -1);
		if (fds[0].revents)
			read_port(guest);
		if (fds[3].revents)
			read_input(guest);
		if (resized && opt.tty)
			send_winsize(guest);
	}
	return guest->ended ? OUTCOME_ENDED : OUTCOME_FAILED;
}

static void remember(const char *accel)
{
	char temporary[4096];
	FILE *f;

	if (!opt.verdict)
		return;
	snprintf(temporary, sizeof(temporary), "%s.%d", opt.verdict, getpid());
	f = fopen(temporary, "we");
	if (!f || fprintf(f, "%s\n", accel) < 0 || fclose(f) || rename(temporary, opt.verdict))
		fail("cannot write %s: %s", opt.verdict, strerror(errno));
}

/* What the kernel said when it gave up, or NULL. */
static const char *panic_line(struct text *console)
{
	char *line = strstr(text_end(console), "Kernel panic - not syncing"), *end;

	if (!line)
		return NULL;
	end = strpbrk(line, "\r\n");
	return strndup(line, end ? (size_t)(end - line) : strlen(line));
}

/* Little of it tells that this machine had no time for the guest. */
static long child_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
}

static void explain(struct guest *guest, enum outcome outcome)
{
	const char *panic = panic_line(&guest->console_text);

	if (outcome == OUTCOME_FAILED)
		complain("%s", text_end(&guest->failure));
	else if (panic)
		complain("guest panicked: %s", panic);
	else if (outcome == OUTCOME_HUNG && passed)
		complain("the command did not end within %d s of SIG%s", GRACE_SECONDS,
			 sigabbrev_np(passed));
	else if (outcome == OUTCOME_HUNG && guest->greeted)
		complain("guest hung: the command did not end within %ld s (-t allows more)",
			 opt.timeout);
	else if (outcome == OUTCOME_HUNG)
		complain("guest hung: it was not up after %d s, %ld s of them on a CPU here",
			 START_SECONDS, child_seconds());
	else if (guest->greeted)
		complain("guest died: it stopped before the command had ended");
	else
		complain("guest died: it stopped before it was up");
	show_tail("QEMU", &guest->error_text);
	if (outcome != OUTCOME_FAILED)
		show_tail("its console", &guest->console_text);
}

/* The exit status of the whole run, for a guest that reported one. */
static int status_of(struct guest *guest)
{
	uint64_t taint = guest->end.taint & ~TAINT_EXPECTED;
	int status = guest->end.status;

	if (!opt.ignore_log && (taint || guest->complaints.len)) {
		complain("the guest's kernel complained (taint %#llx):",
			 (unsigned long long)guest->end.taint);
		show_tail("its log", &guest->complaints);
		return STATUS_VM_FAILED;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/*
 * One guest under one accelerator; OUTCOME_NO_START only while probing, OUTCOME_CRASHED
 * unless it is the @last try.
 */
static enum outcome run(const char *accel, bool probing, bool last, int *status)
{
	static struct guest guest;
	enum outcome outcome;
	int ended;

	memset(&guest, 0, sizeof(guest));
	guest.since = now();
	guest.probing = probing;
	guest.console_text.limit = guest.error_text.limit = 65536;
	guest.pid = guest_start(opt.qemu, accel, opt.at_once, opt.append, &guest.port,
				&guest.console, &guest.errors);
	outcome = supervise(&guest);
	ended = guest_kill(guest.pid);
	close(guest.port);
	while (guest.console >= 0)
		read_console(&guest);
	terminal_restore();
	if (outcome == OUTCOME_DIED && probing && !guest.greeted)
		outcome = OUTCOME_NO_START;
	if (outcome == OUTCOME_DIED && !guest.greeted && !last && WIFSIGNALED(ended))
		outcome = OUTCOME_CRASHED;
	if (guest.greeted && !strcmp(opt.accel, "auto"))
		remember(accel);
	if (outcome == OUTCOME_NO_START || outcome == OUTCOME_CRASHED)
		return outcome;
	release_signals();
	if (outcome == OUTCOME_ENDED)
		*status = status_of(&guest);
	else
		explain(&guest, outcome);
	return outcome;
}

/*
 * QEMU's emulation of several processors has races of its own: 10.0 fails an assertion
 * (iotlb_to_section) once in some hundred starts. Nothing of the command has run then, so
 * it is started again.
 */
static enum outcome run_some(const char *accel, bool probing, int *status)
{
	enum outcome outcome;
	int i;

	for (i = 1; i <= START_TRIES; i++) {
		outcome = run(accel, probing, i == START_TRIES, status);
		if (outcome != OUTCOME_CRASHED)
			break;
		if (opt.tty)
			terminal_raw();
	}
	return outcome;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "accel", required_argument, NULL, 'a' },
		{ "at-once", no_argument, NULL, 'o' },
		{ "verdict", required_argument, NULL, 'v' },
		{ "timeout", required_argument, NULL, 't' },
		{ "log", required_argument, NULL, 'l' },
		{ "append", required_argument, NULL, 'A' },
		{ "job", required_argument, NULL, 'j' },
		{ "ignore-log", no_argument, NULL, 'i' },
		{ "tty", no_argument, NULL, 'T' },
		{ "stdin", no_argument, NULL, 'S' },
		{ "pass-signals", no_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opt.accel = "auto";
	opt.append = "";
	opt.timeout = 900;
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'a':
			opt.accel = optarg;
			break;
		case 'o':
			opt.at_once = true;
			break;
		case 'v':
			opt.verdict = optarg;
			break;
		case 't':
			opt.timeout = atol(optarg);
			break;
		case 'l':
			opt.log = optarg;
			break;
		case 'A':
			opt.append = optarg;
			break;
		case 'j':
			text_add(&job, optarg, strlen(optarg) + 1);
			break;
		case 'i':
			opt.ignore_log = true;
			break;
		case 'T':
			opt.tty = opt.use_stdin = true;
			break;
		case 'S':
			opt.use_stdin = true;
			break;
		case 'p':
			opt.pass_signals = true;
			break;
		default:
			exit(2);
		}
	}
	if (optind == argc)
		fail("no QEMU to start");
	opt.qemu = argv + optind;
}

int main(int argc, char **argv)
{
	int status = STATUS_VM_FAILED;
	bool automatic;

	parse(argc, argv);
	if (opt.log) {
		log_fd = open(opt.log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (log_fd < 0)
			fail("cannot write %s: %s", opt.log, strerror(errno));
	}
	catch_signals();
	if (opt.tty)
		terminal_raw();

	automatic = !strcmp(opt.accel, "auto");
	if (run_some(automatic ? "kvm" : opt.accel, automatic, &status) == OUTCOME_NO_START) {
		complain("KVM does not start a kernel here; using emulation from now on");
		if (opt.tty)
			terminal_raw();
		run_some("tcg", false, &status);
	}
	return status;
}
