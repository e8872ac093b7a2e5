/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * steal.pml - a P's run queue: its owner, and two thieves (runq.h, runq.c).
 *
 * Claim: every goroutine that is put in is taken out once, by one of the three or for the
 * global queue; none is lost, none is taken twice.
 *
 *   here			there
 *   put()			runq_put(); its last branch is runq_put_slow()
 *   put_next()			runq_put_next()
 *   get(), get_fifo()		runq_get(), runq_get_fifo(); runq_turn() is the latter and
 *				put() in one, on a P that is solo
 *   steal()			runq_steal(), a step here for each access there
 *   owner's stop_solo		sched.c pick_slow(): store_release(&p->solo, false)
 *
 * Memory. Spin's is sequentially consistent, the machines' is not. So each process has a
 * buffer of stores that it has done and the others don't see yet. A process reads its own.
 * A store leaves the buffer whenever it likes, also before older ones to other places; one
 * with release order only when it is the oldest. A compare-and-swap, an exchange and a fence
 * wait until the buffer is empty. That is more than x86 does to a program (there stores leave
 * in order), and what aarch64 may do to stores. Loads happen in the order of the program,
 * which the code asks for with acquire; where a mutation takes an acquire or release away,
 * the loads are written down in the order that this permits.
 *
 * The ring has 4 places, not 256. Indices are modulo 16, not 2^32, and begin so that they
 * wrap around. No run is long enough for an index to come back while somebody looks at it,
 * as with 2^32 none is. A thief's ring can be stolen from, too.
 *
 * Left out: the 3 us for which a thief leaves runnext alone (it is a matter of speed: here it
 * may take it at any time); what the global queue does.
 *
 * holds owner_and_thieves	-DOPS=2
 * holds solo			-DOPS=2 -DSOLO
 * holds thief_of_a_thief	-DOPS=0 -DROBBED
 * long solo thief_of_a_thief
 * fails tail_not_released	-DOPS=2 -DMUTATE_TAIL_RELAXED
 * fails slots_before_tail	-DOPS=2 -DMUTATE_NO_ACQUIRE
 * fails slots_after_cas		-DOPS=3 -DMUTATE_NO_RELEASE
 * fails get_without_cas		-DOPS=2 -DMUTATE_GET_STORES
 * fails overflow_without_cas	-DOPS=2 -DMUTATE_OVERFLOW_STORES
 * fails next_without_exchange	-DOPS=2 -DFILL=0 -DMUTATE_NEXT_STORES
 * fails robbed_before_the_cas	-DOPS=0 -DROBBED -DMUTATE_TAIL_FIRST
 * fails steal_without_cas	-DOPS=2 -DMUTATE_STEAL_STORES
 * fails solo_not_released	-DOPS=2 -DSOLO -DMUTATE_SOLO_RELAXED
 * fails solo_not_asked		-DOPS=2 -DSOLO -DMUTATE_SOLO_IGNORED
 */

/*
 * Only one of those who are stolen from has a store buffer, the others' stores are seen at
 * once: the owner; or, with ROBBED, thief 1, from whom thief 2 steals, too.
 */
#ifdef ROBBED
#define STEALS(p)	(p)
#define BUFFERED(p)	((p) == 1)
#define PRIVATE
#else
#define STEALS(p)	1
#define BUFFERED(p)	((p) == 0)
#define PRIVATE		atomic	/* what a thief does to a ring that nobody else looks at */
#endif
#ifdef SOLO
#define MAY_BE_SOLO(p)	((p) == 0)
#else
#define MAY_BE_SOLO(p)	false
#endif
#ifndef FILL
#define FILL	4		/* at most so many in the ring to begin with */
#endif
#define SIZE	4		/* RUNQ_SIZE */
#define INDICES	16
#define FIRST	14		/* where head and tail begin */
#define BUFFER	3
#define MOST	7		/* goroutines: 1 .. MOST */

#define HEAD(p)		((p) * 7)
#define TAIL(p)		((p) * 7 + 1)
#define NEXT(p)		((p) * 7 + 2)
#define SLOT(p, i)	((p) * 7 + 3 + (i) % SIZE)
#define IS_SOLO		21
#define NR_PLACES	22

#define minus(a, b)	(((a) + INDICES - (b)) % INDICES)
#define plus(a, b)	(((a) + (b)) % INDICES)

#define RELAXED	0
#define RELEASE	1

byte mem[NR_PLACES];

typedef store_buffer {
	byte n;
	byte at[BUFFER];
	byte val[BUFFER];
	bit release[BUFFER];
}
store_buffer sb[3];

bit gone[MOST + 1];		/* taken out */
byte made;
byte ended;

inline store(where, what, order)
{
	atomic {
		if
		:: !BUFFERED(me) -> mem[where] = what
		:: BUFFERED(me) && sb[me].n < BUFFER ->
			sb[me].at[sb[me].n] = where;
			sb[me].val[sb[me].n] = what;
			sb[me].release[sb[me].n] = order;
			sb[me].n++
		fi
	}
}

/* The youngest of the own stores to that place, else what all see. */
inline load(var, where)
{
	d_step {
		var = mem[where];
		i = 0;
		do
		:: i < sb[me].n ->
			if
			:: sb[me].at[i] == (where) -> var = sb[me].val[i]
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
}

inline cas(where, old, new, result)
{
	atomic {
		sb[me].n == 0;
		result = (mem[where] == (old));
		if
		:: result -> mem[where] = new
		:: else
		fi
	}
}

/* Lets one of @me's stores out. */
proctype memory(byte me)
{
	byte k, i;
	bit free;

end:
	do
	:: atomic {
		sb[me].n > 0;
		k = 0;
		do
		:: k + 1 < sb[me].n -> k++
		:: break
		od;
		/* Not before an older one to the same place; RELEASE: not before any. */
		free = (k == 0 || sb[me].release[k] == RELAXED);
		i = 0;
		do
		:: i < k ->
			if
			:: sb[me].at[i] == sb[me].at[k] -> free = 0
			:: else
			fi;
			i++
		:: else -> break
		od;
		if
		:: !free -> k = 0
		:: else
		fi;
		mem[sb[me].at[k]] = sb[me].val[k];
		sb[me].n--;
		do
		:: k < sb[me].n ->
			sb[me].at[k] = sb[me].at[k + 1];
			sb[me].val[k] = sb[me].val[k + 1];
			sb[me].release[k] = sb[me].release[k + 1];
			k++
		:: else -> break
		od;
		sb[me].at[k] = 0;
		sb[me].val[k] = 0;
		sb[me].release[k] = 0;
		k = 0; i = 0; free = 0
	   }
	od
}

inline take(which)
{
	d_step {
		assert(which > 0 && which <= made);
		assert(!gone[which]);
		gone[which] = 1
	}
}

#ifdef MUTATE_TAIL_RELAXED
#define TAIL_ORDER	RELAXED
#else
#define TAIL_ORDER	RELEASE
#endif

/* @g to the end; where the ring is full, half of it and @g to the global queue. */
inline put(g)
{
	do
	:: load(head, HEAD(me));
		if
		:: minus(tail, head) < SIZE ->
			store(SLOT(me, tail), g, RELAXED);
			store(TAIL(me), plus(tail, 1), TAIL_ORDER);
			tail = plus(tail, 1);
			break
		:: else ->
			load(b0, SLOT(me, head));
			load(b1, SLOT(me, head + 1));
#ifdef MUTATE_OVERFLOW_STORES
			store(HEAD(me), plus(head, 2), RELEASE);
			ok = 1;
#else
			cas(HEAD(me), head, plus(head, 2), ok);
#endif
			if
			:: ok ->
				take(b0);
				take(b1);
				take(g);
				b0 = 0; b1 = 0; ok = 0;
				break
			:: else -> b0 = 0; b1 = 0
			fi
		fi
	od;
	head = 0
}

inline put_next(g)
{
	if
	:: solo ->
		load(old, NEXT(me));
		store(NEXT(me), g, RELAXED)
	:: else ->
#ifdef MUTATE_NEXT_STORES
		load(old, NEXT(me));
		store(NEXT(me), g, RELAXED);
		sb[me].n == 0
#else
		atomic {
			sb[me].n == 0;
			old = mem[NEXT(me)];
			mem[NEXT(me)] = g
		}
#endif
	fi;
	if
	:: old -> put(old)
	:: else
	fi;
	old = 0
}

inline get_fifo(found)
{
	load(head, HEAD(me));
	do
	:: head == tail -> break
	:: else ->
		load(b0, SLOT(me, head));
		if
		:: solo ->
			store(HEAD(me), plus(head, 1), RELAXED);
			ok = 1
		:: else ->
#ifdef MUTATE_GET_STORES
			store(HEAD(me), plus(head, 1), RELEASE);
			ok = 1
#else
			cas(HEAD(me), head, plus(head, 1), ok)
#endif
		fi;
		if
		:: ok ->
			take(b0);
			found = 1; ok = 0; b0 = 0;
			break
		:: else -> b0 = 0; load(head, HEAD(me))
		fi
	od;
	head = 0
}

inline get(found)
{
	found = 0;
	load(b0, NEXT(me));
	if
	:: b0 && solo ->
		store(NEXT(me), 0, RELAXED);
		take(b0);
		found = 1
	:: b0 && !solo ->
		cas(NEXT(me), b0, 0, ok);
		if
		:: ok -> take(b0); found = 1; ok = 0
		:: else
		fi
	:: else
	fi;
	b0 = 0;
	if
	:: !found -> get_fifo(found)
	:: else
	fi
}

inline copy_slots()
{
	k = 0;
	do
	:: k < n ->
		PRIVATE {
			load(b0, SLOT(from, head + k));
			store(SLOT(me, tail + k), b0, RELAXED)
		};
		k++
	:: else -> break
	od;
	k = 0; b0 = 0
}

inline steal()
{
	ok = 0;
	b0 = 0;
#ifndef MUTATE_SOLO_IGNORED
	if
	:: MAY_BE_SOLO(from) -> load(b0, IS_SOLO)
	:: else
	fi;
#endif
	do
	:: b0 -> break	/* solo */
	:: else ->
		load(head, HEAD(from));
#ifdef MUTATE_NO_ACQUIRE
		/* Loads that the later load of tail does not hold back. */
		n = SIZE / 2;
		copy_slots();
#endif
		load(last, TAIL(from));
		n = minus(last, head);
		n = n - n / 2;
		last = 0;
		if
		:: n > SIZE / 2 -> skip
		:: n == 0 -> break
		:: else ->
#if !defined(MUTATE_NO_ACQUIRE) && !defined(MUTATE_NO_RELEASE)
			copy_slots();
#endif
#ifdef MUTATE_STEAL_STORES
			sb[me].n == 0;
			load(b0, HEAD(from));
			ok = (b0 == head);
			b0 = 0;
			if
			:: ok -> store(HEAD(from), plus(head, n), RELEASE)
			:: else
			fi;
#else
#ifdef MUTATE_TAIL_FIRST
			store(TAIL(me), plus(tail, n - 1), TAIL_ORDER);
#endif
			cas(HEAD(from), head, plus(head, n), ok);
#endif
			if
			:: ok ->
#ifdef MUTATE_NO_RELEASE
				/* Loads that the compare-and-swap does not hold back. */
				copy_slots();
#endif
				PRIVATE {
					load(b0, SLOT(me, tail + n - 1));
					tail = plus(tail, n - 1);
					store(TAIL(me), tail, TAIL_ORDER);
					take(b0);
					b0 = 0
				};
				break
			:: else
			fi
		fi
	od;
	head = 0; n = 0;
	/* take_next: the caller's last round */
	if
	:: !ok && !b0 && from == 0 ->
		load(b0, NEXT(0));
		if
		:: b0 ->
			cas(NEXT(0), b0, 0, ok);
			if
			:: ok -> take(b0)
			:: else
			fi
		:: else
		fi;
	:: else
	fi;
	ok = 0; b0 = 0
}

inline drain()
{
	do
	:: get(found);
		if
		:: found -> skip
		:: else -> break
		fi
	od
}

#ifdef MUTATE_SOLO_RELAXED
#define SOLO_ORDER	RELAXED
#else
#define SOLO_ORDER	RELEASE
#endif

proctype owner(byte tail)
{
	byte me = 0, head, i, b0, b1, old, ops, g;
	bit ok, found, solo;

	load(solo, IS_SOLO);
	do
	:: ops < OPS ->
		ops++;
		if
		:: made < MOST -> d_step { made++; g = made }; put(g)
		:: made < MOST -> d_step { made++; g = made }; put_next(g)
		:: get(found)
		fi;
		g = 0; found = 0;
		if
		:: solo -> solo = 0; store(IS_SOLO, 0, SOLO_ORDER)
		:: solo
		:: else
		fi
	:: else -> break
	od;
	if
	:: solo -> solo = 0; store(IS_SOLO, 0, SOLO_ORDER)
	:: else
	fi;
	drain();
	ended++
}

proctype thief(byte me)
{
	byte tail = FIRST, head, last, from, i, k, n, b0, times;
	bit ok, found, solo;

	do
	:: times < STEALS(me) ->
		times++;
		if
		:: from = 0
		:: STEALS(me) > 1 -> from = 1
		fi;
		steal();
		from = 0;
		/* Only who has nothing steals. */
		PRIVATE { drain() }
	:: else -> break
	od;
	ended++
}

/* What is in a ring when all have ended was left there by nobody: each emptied its own. */
active proctype judge()
{
	byte g, filled;

	atomic {
		mem[HEAD(0)] = FIRST;
		mem[HEAD(1)] = FIRST;
		mem[HEAD(2)] = FIRST;
		mem[TAIL(1)] = FIRST;
		mem[TAIL(2)] = FIRST;
#ifdef SOLO
		mem[IS_SOLO] = 1;
#endif
		do
		:: filled < FILL ->
			filled++;
			made++;
			mem[SLOT(0, FIRST + filled - 1)] = made
		:: break
		od;
		mem[TAIL(0)] = plus(FIRST, filled);
#ifdef ROBBED
		run memory(1);
#else
		run memory(0);
#endif
		run owner(plus(FIRST, filled));
		run thief(1);
		run thief(2)
	}
	ended == 3 && sb[0].n == 0 && sb[1].n == 0 && sb[2].n == 0;
	g = 1;
	do
	:: g <= made -> assert(gone[g]); g++
	:: else -> break
	od
}
