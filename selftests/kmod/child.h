/* SPDX-License-Identifier: GPL-2.0-only */
/* child.h - a process that does one thing at a time, when it is told to. */
#ifndef CHILD_H
#define CHILD_H

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	int pid;
	int to;		/* parent's ends of two pipes, or the child's own */
	int from;
};

/* One byte to the other side. */
static inline void say(const struct child *c)
{
	if (write(c->to, "", 1) != 1)
		_exit(99);
}

/* One byte from it; false: it is gone. */
static inline bool hear(const struct child *c)
{
	char byte;

	return read(c->from, &byte, 1) == 1;
}

/* @fn in a child of its own, which dies with us. It hears and says by what it is given. */
static inline struct child child_start(void (*fn)(struct child *me, void *arg), void *arg)
{
	struct child c, me;
	int down[2], up[2];

	if (pipe(down) || pipe(up))
		abort();
	c.pid = fork();
	if (!c.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(down[1]);
		close(up[0]);
		me.pid = getpid();
		me.from = down[0];
		me.to = up[1];
		fn(&me, arg);
		_exit(0);
	}
	close(down[0]);
	close(up[1]);
	c.to = down[1];
	c.from = up[0];
	return c;
}

/* It hears that we are gone. Its exit status, or 128 and the signal that ended it. */
static inline int child_wait(struct child *c)
{
	int status;

	if (c->to >= 0)
		close(c->to);
	waitpid(c->pid, &status, 0);
	close(c->from);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Does nothing until it is told to end. */
static inline void idle_child(struct child *me, void *arg)
{
	say(me);
	hear(me);
}

static inline void *no_work(void *arg)
{
	return arg;
}

/* @n threads, one after the other. */
static inline void run_threads(unsigned int n)
{
	pthread_t t;

	while (n--) {
		if (pthread_create(&t, NULL, no_work, NULL))
			_exit(98);
		pthread_join(t, NULL);
	}
}

#endif /* CHILD_H */
