// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules_select.c - the Go specification on select statements, sentence by sentence. Each test
 * says above it what it is about.
 */
#include "test.h"

static unsigned long did;

static void everywhere(void (*fn)(void *), void *arg)
{
	run_on(1, fn, arg);
	run_on(4, fn, arg);
}

static void let_run(void)
{
	int i;

	for (i = 0; i < 50; i++)
		go_yield();
}

static void blocks(void (*fn)(void *), void *arg)
{
	wr(did, 0);
	start(fn, arg);
	let_run();
	CHECK_EQ(0, rd(did));
}

static void any_recover(void *arg)
{
	go_recover();
}

#define CHANS 4

static void uniform(void *arg)
{
	struct go_chan *chans[CHANS];
	struct go_case c[CHANS];
	size_t counts[CHANS] = { 0 }, n = scaled(8000);
	int i, v = 1;
	size_t k;

	for (i = 0; i < CHANS; i++) {
		chans[i] = make_chan(sizeof(int), 1);
		/* Half of them can be sent to, half received from. */
		if (i % 2)
			go_send(chans[i], &v);
		c[i] = (struct go_case){ i % 2 ? GO_RECV : GO_SEND, chans[i], &v, false };
	}
	for (k = 0; k < n; k++) {
		i = go_select(c, CHANS);
		CHECK(i >= 0 && i < CHANS);
		counts[i]++;
		if (i % 2)
			go_send(chans[i], &v);
		else
			go_recv(chans[i], NULL);
	}
	/*
	 * Eight standard deviations of n draws at 1 of 4: a fair choice is outside of that once
	 * in 10^15.
	 */
	for (i = 0; i < CHANS; i++) {
		double off = (double)counts[i] - (double)n / CHANS;

		CHECK(off * off < 64.0 * (double)n * 3 / 16 + 1);
		go_chan_free(chans[i]);
	}
}

/*
 * If one or more of the communications can proceed, a single one that can proceed is chosen
 * via a uniform pseudo-random selection.
 */
TEST(one_that_can_proceed_is_chosen_uniformly)
{
	everywhere(uniform, NULL);
}

static void single(void *arg)
{
	struct go_chan *a = make_chan(sizeof(int), 1), *b = make_chan(sizeof(int), 1);
	int va = 1, vb = 2, i;

	for (i = 0; i < 100; i++) {
		struct go_case c[] = {
			{ .op = GO_SEND, .chan = a, .elem = &va },
			{ .op = GO_SEND, .chan = b, .elem = &vb },
		};
		int which = go_select(c, 2);

		CHECK_EQ(1, go_chan_len(a) + go_chan_len(b));
		CHECK_EQ(which == 0, go_chan_len(a));
		go_recv(which ? b : a, NULL);
	}
	go_chan_free(a);
	go_chan_free(b);
}

/* A single one: of two that could, one happened, the one that is told. */
TEST(a_single_one_happens)
{
	everywhere(single, NULL);
}

static void defaults(void *arg)
{
	struct go_chan *full = make_chan(sizeof(int), 1), *empty = make_chan(sizeof(int), 1);
	int v = 1;
	struct go_case c[] = {
		{ .op = GO_SEND, .chan = full, .elem = &v },
		{ .op = GO_DEFAULT },
		{ .op = GO_RECV, .chan = empty, .elem = &v },
	};
	int i;

	go_send(full, &v);
	for (i = 0; i < 100; i++)
		CHECK_EQ(1, go_select(c, 3));
	CHECK_EQ(1, go_chan_len(full));
	CHECK_EQ(0, go_chan_len(empty));
	/* But not where one can proceed. */
	for (i = 0; i < 100; i++) {
		go_send(empty, &v);
		CHECK_EQ(2, go_select(c, 3));
	}
	go_chan_free(full);
	go_chan_free(empty);
}

/* Otherwise, if there is a default case, that case is chosen. */
TEST(otherwise_the_default_case_is_chosen)
{
	everywhere(defaults, NULL);
}

static struct go_chan *one, *two;

static void selects(void *arg)
{
	int v = 0;
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = one, .elem = &v },
		{ .op = GO_SEND, .chan = two, .elem = &v },
	};

	CHECK_EQ((intptr_t)arg, go_select(c, 2));
	inc(did);
}

static void waits(void *arg)
{
	int v = 1;

	one = make_chan(sizeof(int), 0);
	two = make_chan(sizeof(int), 0);
	blocks(selects, (void *)0);
	go_send(one, &v);
	until(rd(did) == 1);
	blocks(selects, (void *)1);
	CHECK(go_recv(two, &v));
	CHECK_EQ(0, v);
	until(rd(did) == 1);
	go_chan_free(one);
	go_chan_free(two);
}

/*
 * If there is no default case, the select statement blocks until at least one of the
 * communications can proceed.
 */
TEST(without_default_it_blocks_until_one_can_proceed)
{
	everywhere(waits, NULL);
}

static void executed(void *arg)
{
	struct go_chan *a = make_chan(sizeof(int), 1), *b = make_chan(sizeof(int), 1);
	int sent = 5, got = 0, other = 77;
	struct go_case c[] = {
		{ .op = GO_SEND, .chan = a, .elem = &sent },
		{ .op = GO_RECV, .chan = b, .elem = &other },
	};
	struct go_case r[] = {
		{ .op = GO_RECV, .chan = b, .elem = &other },
		{ .op = GO_RECV, .chan = a, .elem = &got },
	};

	CHECK_EQ(0, go_select(c, 2));
	CHECK_EQ(1, go_chan_len(a));
	CHECK_EQ(1, go_select(r, 2));
	CHECK_EQ(5, got);
	CHECK(r[1].ok);
	CHECK(!r[0].ok);
	/* Nothing is assigned but by the case that was selected. */
	CHECK_EQ(77, other);
	CHECK_EQ(0, go_chan_len(a));
	go_chan_free(a);
	go_chan_free(b);
}

/*
 * Unless the selected case is the default case, the respective communication operation is
 * executed. If the selected case is a RecvStmt with an assignment, the received value (or
 * values) are assigned.
 */
TEST(the_communication_of_the_selected_case_is_executed)
{
	everywhere(executed, NULL);
}

static int evaluated[4];

static GO_CHAN(int) operand(int i, GO_CHAN(int) c)
{
	/* In source order: each finds those before it. */
	CHECK(!i || evaluated[i - 1] == evaluated[i] + 1);
	evaluated[i]++;
	return c;
}

static int *value(int i, int *v)
{
	evaluated[i]++;
	return v;
}

static void side_effects(void *arg)
{
	GO_CHAN(int) a = GO_CHAN_MAKE(int, 1);
	GO_CHAN(int) b = GO_CHAN_MAKE(int, 1);
	int i, v = 1;

	memset(evaluated, 0, sizeof(evaluated));
	for (i = 1; i <= 100; i++) {
		struct go_case c[3];

		c[0] = GO_CASE_RECV(operand(0, a), &v);
		c[1] = GO_CASE_SEND(operand(1, b), value(2, &v));
		c[2] = GO_CASE_DEFAULT;
		/* The default, the one, the other, in turn. */
		if (i % 3 == 1)
			go_try_recv(GO_CHAN_PLAIN(b), NULL);
		if (i % 3 == 2)
			GO_CHAN_SEND(a, 1);
		go_select(c, 3);
		CHECK_EQ(i, evaluated[0]);
		CHECK_EQ(i, evaluated[1]);
		CHECK_EQ(i, evaluated[2]);
	}
	GO_CHAN_FREE(a);
	GO_CHAN_FREE(b);
}

/*
 * For all the cases in the statement, the channel operands of receive operations and the channel and
 * right-hand-side expressions of send statements are evaluated exactly once, in source order, upon
 * entering the "select" statement. Any side effects in that evaluation will occur irrespective of
 * which (if any) communication operation is selected to proceed. (In C, where the cases are built.)
 */
TEST(operands_are_evaluated_once_whichever_is_selected)
{
	everywhere(side_effects, NULL);
}

static void switched_off(void *arg)
{
	struct go_chan *a = make_chan(sizeof(int), 4), *b = make_chan(sizeof(int), 4);
	int i, v, sum = 0;
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = a, .elem = &v },
		{ .op = GO_RECV, .chan = b, .elem = &v },
	};

	for (i = 1; i <= 4; i++) {
		go_send(a, &i);
		go_send(b, &i);
	}
	go_close(a);
	go_close(b);
	/* Go's way to merge two channels: one that is closed is nil from then on. */
	while (c[0].chan || c[1].chan) {
		i = go_select(c, 2);
		if (c[i].ok)
			sum += v;
		else
			c[i].chan = NULL;
	}
	CHECK_EQ(20, sum);
	go_chan_free(a);
	go_chan_free(b);
}

/* A nil channel is never ready for communication: so a case can be switched off. */
TEST(a_case_whose_channel_is_nil_is_switched_off)
{
	everywhere(switched_off, NULL);
}

static void closed_recv(void *arg)
{
	struct go_chan *open = make_chan(sizeof(int), 0), *closed = make_chan(sizeof(int), 1);
	int v = 9;
	struct go_case c[] = {
		{ .op = GO_RECV, .chan = open, .elem = &v },
		{ .op = GO_RECV, .chan = closed, .elem = &v },
	};

	go_send(closed, &v);
	go_close(closed);
	v = 1;
	CHECK_EQ(1, go_select(c, 2));
	CHECK(c[1].ok);
	CHECK_EQ(9, v);
	CHECK_EQ(1, go_select(c, 2));
	CHECK(!c[1].ok);
	CHECK_EQ(0, v);
	go_chan_free(open);
	go_chan_free(closed);
}

/* A receive on a closed channel can always proceed: in a select too. */
TEST(a_receive_from_a_closed_channel_can_proceed)
{
	everywhere(closed_recv, NULL);
}

static void sends_closed(void *arg)
{
	struct go_chan *c = arg;
	int v = 1;
	struct go_case cases[] = {
		{ .op = GO_DEFAULT },
		{ .op = GO_SEND, .chan = c, .elem = &v },
	};

	go_defer(any_recover, NULL);
	go_select(cases, 2);
	CHECK(!"not reached");
}

static void closed_send(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 0);
	struct go_panic out;
	int i;

	go_close(c);
	for (i = 0; i < 50; i++) {
		CHECK_EQ(-ECANCELED, go_call(sends_closed, c, &out));
		CHECK(!strcmp(out.text, "send on closed channel"));
	}
	go_chan_free(c);
}

/* A send on a closed channel proceeds by causing a run-time panic: before any default. */
TEST(a_send_to_a_closed_channel_proceeds_by_a_panic)
{
	everywhere(closed_send, NULL);
}

static void selects_nil(void *arg)
{
	struct go_case c[] = { { .op = GO_SEND }, { .op = GO_RECV } };

	go_select(c, 2);
	inc(did);
}

static void only_nil(void *arg)
{
	blocks(selects_nil, NULL);
}

/*
 * Since communication on nil channels can never proceed, a select with only nil channels and
 * no default case blocks forever.
 */
TEST(only_nil_channels_block_forever)
{
	everywhere(only_nil, NULL);
}

static void selects_nothing(void *arg)
{
	go_select(NULL, 0);
	inc(did);
}

static void no_case(void *arg)
{
	blocks(selects_nothing, NULL);
}

/* select {} // block forever */
TEST(no_case_blocks_forever)
{
	everywhere(no_case, NULL);
}

static void default_anywhere(void *arg)
{
	struct go_chan *c = make_chan(0, 0);
	size_t at, i;

	for (at = 0; at < 12; at++) {
		struct go_case cases[12];

		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			cases[i] = (struct go_case){ .op = GO_SEND, .chan = c };
			if (i % 2)
				cases[i].op = GO_RECV;
		}
		cases[at] = (struct go_case){ .op = GO_DEFAULT };
		CHECK_EQ(at, go_select(cases, ARRAY_SIZE(cases)));
	}
	go_chan_free(c);
}

static void two_defaults(void *arg)
{
	struct go_case c[] = { { .op = GO_DEFAULT }, { .op = GO_DEFAULT } };

	go_defer(any_recover, NULL);
	go_select(c, 2);
	CHECK(!"not reached");
}

static void at_most_one(void *arg)
{
	CHECK_EQ(-ECANCELED, go_call(two_defaults, NULL, NULL));
}

/* There can be at most one default case and it may appear anywhere in the list of cases. */
TEST(one_default_case_at_most_and_anywhere)
{
	everywhere(default_anywhere, NULL);
	everywhere(at_most_one, NULL);
}

static void both_ways(void *arg)
{
	struct go_chan *c = make_chan(sizeof(int), 0);
	int v = 1;
	struct go_case cases[] = {
		{ .op = GO_SEND, .chan = c, .elem = &v },
		{ .op = GO_RECV, .chan = c, .elem = &v },
		{ .op = GO_DEFAULT },
	};
	int i;

	/* It never meets itself. */
	for (i = 0; i < 50; i++)
		CHECK_EQ(2, go_select(cases, 3));
	go_chan_free(c);
}

/*
 * On an unbuffered channel communication succeeds only when both a sender and receiver are
 * ready: one select is not both.
 */
TEST(a_select_does_not_meet_itself)
{
	everywhere(both_ways, NULL);
}

TEST_HARNESS_MAIN
