// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * unix_server [PATH] - counts the lines that its clients send, all of them together, and answers
 * each with its number. The count belongs to one goroutine, which the others ask by a channel.
 */
#include "example.h"

#include <unistd.h>

static const char *path;
static struct go_chan *numbers;

static void counts(void *arg)
{
	long n = 0;

	(void)arg;
	for (;;) {
		n++;
		go_send(numbers, &n);
	}
}

static void serve(void *arg)
{
	int fd = from_arg(arg);
	char buf[512], text[32];
	ssize_t n = 0;

	while (n >= 0 && (n = go_read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0, len = n; i < len && n >= 0; i++) {
			long number;

			if (buf[i] != '\n')
				continue;
			go_recv(numbers, &number);
			snprintf(text, sizeof(text), "%ld\n", number);
			n = go_write(fd, text, strlen(text));
		}
	}
	go_fd_close(fd);
}

static void run(void *arg)
{
	int listener, fd;

	(void)arg;
	unlink(path);
	listener = must(path, go_unix_listen(path));
	numbers = go_chan_make(sizeof(long), 0);
	if (!numbers)
		must("channel", -ENOMEM);
	must("go", go(counts, NULL));
	printf("listening on %s\n", path);
	fflush(stdout);
	while ((fd = must("accept", go_accept4(listener, NULL, NULL, SOCK_CLOEXEC))) >= 0)
		must("go", go(serve, as_arg(fd)));
}

int main(int argc, char **argv)
{
	path = argc > 1 ? argv[1] : "/tmp/libgo-example.socket";
	return must("go_run", go_run(run, NULL));
}
