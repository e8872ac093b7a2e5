// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * workers.c - four goroutines share the work; main collects what they found, for a second at
 * most. Prints the primes below 1,000,000, counted. With the library installed:
 * `cc workers.c -o workers $(pkg-config --cflags --libs libgo)`.
 */
#include <libgo.h>
#include <stdio.h>

struct range {
	int from, to;
};

static GO_CHAN(struct range) todo;
static GO_CHAN(int) found;
static struct go_waitgroup workers;

static int is_prime(int n)
{
	for (int i = 2; i <= n / i; i++)
		if (n % i == 0)
			return 0;
	return n > 1;
}

static void work(void *arg)
{
	(void)arg;
	GO_CHAN_RANGE(r, todo) {
		int n = 0;

		for (int i = r.from; i < r.to; i++)
			n += is_prime(i);
		GO_CHAN_SEND(found, n);
	}
	go_wg_done(&workers);
}

static void hand_out(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++) {
		struct range r = { i * 1000, (i + 1) * 1000 };

		GO_CHAN_SEND(todo, r);
	}
	GO_CHAN_CLOSE(todo);
	go_wg_wait(&workers);
	GO_CHAN_CLOSE(found);
}

static void collect(void *arg)
{
	struct go_ctx *ctx = go_ctx_with_timeout(go_ctx_background(), 1000000000);
	int n, sum = 0;
	struct go_case cases[] = {
		GO_CASE_RECV(found, &n),
		{ .op = GO_RECV, .chan = go_ctx_done(ctx) },
	};

	(void)arg;
	go_wg_add(&workers, 4);
	for (int i = 0; i < 4; i++)
		go(work, NULL);
	go(hand_out, NULL);
	while (go_select(cases, 2) == 0 && cases[0].ok)
		sum += n;
	printf("%d primes%s\n", sum, go_ctx_err(ctx) ? ", and no more time" : "");
	go_ctx_free(ctx);
}

int main(void)
{
	todo = GO_CHAN_MAKE(struct range, 0);
	found = GO_CHAN_MAKE(int, 4);
	return go_run(collect, NULL) ? 1 : 0;
}
