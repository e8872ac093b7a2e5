// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * http_server [PORT] - HTTP/1.1: "Hello, world!" to whoever asks, a goroutine for each connection.
 *
 * Connections stay open, and requests may come before the last one is answered (pipelining): what
 * one read brings is answered with one write. No more of HTTP than that: what a request says is
 * looked at as far as it tells where the next one begins (Content-Length), and whether there is
 * to be one. Try it with `wrk -c 100 http://localhost:7002/`.
 */
#define _GNU_SOURCE
#include "example.h"

#include <ctype.h>
#include <strings.h>

#define ANSWERS		16	/* in one write */

static const char answer[] = "HTTP/1.1 200 OK\r\n"
			     "Content-Type: text/plain; charset=utf-8\r\n"
			     "Content-Length: 14\r\n"
			     "\r\n"
			     "Hello, world!\n";
static const char refusal[] = "HTTP/1.1 400 Bad Request\r\n"
			      "Content-Length: 0\r\n"
			      "Connection: close\r\n"
			      "\r\n";
static int port;

/* struct request - what a request's head says */
struct request {
	size_t head, body;	/* bytes */
	bool last;		/* the connection ends with its answer */
};

/* The value of the line that begins at @line, if its name is @name; else NULL. */
static const char *value_of(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) || line[n] != ':')
		return NULL;
	for (line += n + 1; *line == ' ' || *line == '\t'; line++)
		;
	return line;
}

/* 1: a whole head; 0: more has to come; -1: that is no request. @buf ends with a zero. */
static int parse(const char *buf, size_t len, struct request *r)
{
	const char *end = memmem(buf, len, "\r\n\r\n", 4), *line, *value;

	if (!end)
		return 0;
	*r = (struct request){ .head = (size_t)(end - buf) + 4 };
	line = memmem(buf, r->head, "\r\n", 2);
	if (line - buf < 14 || strncmp(line - 9, " HTTP/1.", 8))
		return -1;
	r->last = line[-1] == '0';
	for (; line < end; line = memmem(line, r->head, "\r\n", 2)) {
		line += 2;
		value = value_of(line, "Connection");
		if (value)
			r->last = !strncasecmp(value, "close", 5);
		value = value_of(line, "Content-Length");
		if (value && !isdigit((unsigned char)*value))
			return -1;
		if (value)
			r->body = strtoul(value, NULL, 10);
		if (value_of(line, "Transfer-Encoding"))
			return -1;
	}
	return 1;
}

/* Answers the @n requests, and perhaps refuses what comes behind. */
static bool send_answers(int fd, size_t n, bool refuse)
{
	struct iovec iov[ANSWERS + 1];
	size_t len = 0, i;

	for (i = 0; i < n; i++)
		iov[i] = (struct iovec){ (char *)answer, sizeof(answer) - 1 };
	if (refuse)
		iov[n++] = (struct iovec){ (char *)refusal, sizeof(refusal) - 1 };
	for (i = 0; i < n; i++)
		len += iov[i].iov_len;
	return !len || go_writev(fd, iov, (int)n) == (ssize_t)len;
}

/* struct conn - a connection: what was read, and not answered yet */
struct conn {
	int fd;
	size_t len, skip;	/* bytes in @buf; of a body that are still to come */
	char buf[4096];
};

/* What is there is answered. False: that was all. */
static bool answer_all(struct conn *c)
{
	size_t at = 0, n = 0, part;
	struct request r;
	bool on = true;
	int ret = 0;

	while (on) {
		part = c->skip < c->len - at ? c->skip : c->len - at;
		c->skip -= part;
		at += part;
		if (c->skip)
			break;
		ret = parse(c->buf + at, c->len - at, &r);
		if (ret <= 0)
			break;
		at += r.head;
		c->skip = r.body;
		on = !r.last;
		if (++n == ANSWERS) {
			on = send_answers(c->fd, n, false) && on;
			n = 0;
		}
	}
	c->len -= at;
	memmove(c->buf, c->buf + at, c->len);
	/* A head that doesn't fit is none. */
	if (!ret && c->len == sizeof(c->buf) - 1)
		ret = -1;
	return send_answers(c->fd, n, ret < 0) && on && ret >= 0;
}

static void serve(void *arg)
{
	struct conn c = { .fd = from_arg(arg) };
	ssize_t n;

	do {
		n = go_read(c.fd, c.buf + c.len, sizeof(c.buf) - 1 - c.len);
		if (n <= 0)
			break;
		c.len += (size_t)n;
		c.buf[c.len] = '\0';
	} while (answer_all(&c));
	go_fd_close(c.fd);
}

static void run(void *arg)
{
	int listener = must("listen", go_tcp_listen(NULL, port));

	(void)arg;
	printf("listening on port %d\n", port_of(listener));
	fflush(stdout);
	for (;;) {
		int fd = go_accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			go_sleep(10000000);
		else if (go(serve, as_arg(fd)) < 0)
			go_fd_close(fd);
	}
}

int main(int argc, char **argv)
{
	port = argument(argc, argv, 1, 7002);
	return must("go_run", go_run(run, NULL));
}
