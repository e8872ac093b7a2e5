/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * waitgroup.pml - a waitgroup of which Ps take passes (waitgroup.c).
 *
 * Claims: who waits goes on when all are done, and not before; nobody touches the waitgroup
 * after that; and none is used twice or lost, so it does go on.
 *
 *   here			there
 *   runner			a P: goroutines that end in go_wg_done()
 *   outsider			a thread that is no goroutine: take_off() only
 *   waiter			go_wg_wait(), ROUNDS times; it uses the waitgroup again
 *   count, open, waiters	the three parts of wg->_state: one word, read and changed at once
 *   has[], passes[]		p->wg (this one, or none), p->wg_passes
 *   use_pass(), get_passes()	the same
 *   take_off(), collect()	the same
 *   wake()			wake_all()
 *
 * Memory. What is changed by several is changed by atomic read-modify-writes, in one order for
 * all; has[] and what passes[] begins with are stored under the lock, by which the collector comes
 * to see them; the owner sees its own. So no store waits in a buffer here.
 *
 * ADDS: the first one to be done adds one more before.
 *
 * Left out: other waitgroups. A P that has passes of another one gets none of this.
 *
 * holds waitgroup
 * holds adds			-DADDS -DTOTAL=5
 * holds three			-DNP=3 -DROUNDS=1
 * holds outsider		-DOUTSIDER
 * fails does_not_collect	-DMUTATE_NO_COLLECT
 * fails collects_late		-DMUTATE_LATE
 * fails takes_in_two		-DMUTATE_PLAIN_TAKE
 * fails uses_in_two		-DMUTATE_PLAIN_USE
 * fails gives_to_the_last	-DMUTATE_FEW
 * fails gives_without_lock	-DMUTATE_NO_LOCK
 * fails does_not_look_again	-DNP=3 -DROUNDS=1 -DADDS -DMUTATE_ONE_LOOK
 */

#ifndef NP
#define NP	2
#endif
#ifndef ROUNDS
#define ROUNDS	2
#endif
#ifndef TOTAL
#define TOTAL	6
#endif
#define PASSES	2
/* A P gets passes of so many. */
#ifdef MUTATE_FEW
#define FEW	(PASSES)
#else
#define FEW	(PASSES + 2)
#endif

byte count, open;
bool waiters;
bool lock;
bool queued, told;
bool has[NP];
byte passes[NP];
byte todo;			/* goroutines that have not begun */
byte undone;			/* and those that were not done yet */
bool gone;			/* the waitgroup */
bool over;
bool added;

#define there	assert(!gone)

inline take_lock()
{
	atomic { !lock -> there; lock = true }
}

inline release()
{
	atomic { there; assert(lock); lock = false }
}

inline load()
{
	atomic { there; c = count; o = open; w = waiters }
}

/* Compare and swap, from what was loaded. */
inline cas(dc, do_)
{
	atomic {
		there;
		ok = (count == c && open == o && waiters == w);
		if
		:: ok -> count = count + (dc); open = open + (do_); c = count
		:: else -> c = count; o = open; w = waiters
		fi
	}
}

inline collect()
{
	take_lock();
	atomic { there; o = open };
	if
	:: o > 0 ->
		i = 0; sum = 0;
		do
		:: i < NP && has[i] ->
#ifdef MUTATE_PLAIN_TAKE
			sum = sum + passes[i];
			passes[i] = 0;
#else
			atomic { sum = sum + passes[i]; passes[i] = 0 };
#endif
			has[i] = false;
			i++
		:: i < NP && !has[i] -> i++
		:: else -> break
		od;
		atomic { there; count = count + sum; open = 0; i = 0; sum = 0 }
	:: else
	fi;
	release()
}

inline wake()
{
	take_lock();
	got = queued;
	queued = false;
	atomic { there; waiters = false };
	release();
	if
	:: got -> told = true
	:: else
	fi;
	got = false
}

inline take_off()
{
	load();
	do
	:: o > 0 && c <= 1 ->
#ifdef MUTATE_NO_COLLECT
		cas(-1, 0);
		if
		:: ok -> break
		:: else
		fi
#else
#ifdef MUTATE_LATE
		cas(-1, 0);
		if
		:: ok -> collect(); load(); break
		:: else
		fi
#else
		collect();
		load();
#ifdef MUTATE_ONE_LOOK
		cas(-1, 0);
		if
		:: ok -> break
		:: else
		fi
#endif
#endif
#endif
	:: else ->
		cas(-1, 0);
		if
		:: ok -> break
		:: else
		fi
	od;
	if
	:: c == 0 && w -> wake()
	:: else
	fi;
	atomic { c = 0; o = 0; w = false; ok = false }
}

/* Sets @ok where it used one. */
inline use_pass()
{
	c = passes[me];
	if
	:: c > 0 && has[me] ->
#ifdef MUTATE_PLAIN_USE
		passes[me] = c - 1;
		ok = true
#else
		atomic {
			ok = (passes[me] == c);
			if
			:: ok -> passes[me] = c - 1
			:: else
			fi
		}
#endif
	:: else
	fi;
	c = 0
}

inline get_passes()
{
	load();
	if
	:: c >= FEW ->
		/* A lock that is taken: it gets none. */
		atomic {
			if
#ifdef MUTATE_NO_LOCK
			:: true -> got = true
#else
			:: !lock -> there; lock = true; got = true
			:: else
#endif
			fi
		}
	:: else
	fi;
	if
	:: got ->
		got = has[me];
		do
		:: c >= FEW && !ok -> cas(-(PASSES + 1), (got -> 0 : 1))
		:: else -> break
		od;
		if
		:: ok -> has[me] = true; passes[me] = PASSES
		:: else
		fi;
#ifndef MUTATE_NO_LOCK
		release();
#endif
		got = false
	:: else
	fi;
	atomic { c = 0; o = 0; w = false }
}

/* A goroutine begins. */
inline begin()
{
	atomic {
		todo > 0 -> todo--;
#ifdef ADDS
		adds = !added;
		added = true
#endif
	};
#ifdef ADDS
	if
	:: adds -> atomic { there; count++; undone++; todo++; adds = false }
	:: else
	fi;
#endif
	undone--
}

proctype runner(byte me)
{
	byte c, o, i, sum;
	bool w, ok, got, adds;

end:
	do
	:: begin();
		use_pass();
		if
		:: !ok -> get_passes()
		:: else
		fi;
		if
		:: !ok -> take_off()
		:: else -> ok = false
		fi
	:: over -> break
	od
}

#ifdef OUTSIDER
proctype outsider()
{
	byte c, o, i, sum;
	bool w, ok, got, adds;

end:
	do
	:: begin();
		take_off()
	:: over -> break
	od
}
#endif

proctype waiter()
{
	byte round, c, o;
	bool w, ok;

	do
	:: round < ROUNDS ->
		/* It is nobody's yet: made, or used again. */
		atomic {
			gone = false; count = count + TOTAL;
			undone = TOTAL; todo = TOTAL; added = false
		};
		load();
		if
		:: c > 0 ->
			take_lock();
			load();
			do
			:: c == 0 -> break
			:: else ->
				atomic {
					there;
					ok = (count == c && open == o && waiters == w);
					if
					:: ok -> waiters = true
					:: else -> c = count; o = open; w = waiters
					fi
				};
				if
				:: ok -> queued = true; break
				:: else
				fi
			od;
			release();
			if
			:: ok -> told; told = false
			:: else
			fi;
			ok = false
		:: else
		fi;
		/* All are done, and it may be freed at once. */
		atomic {
			assert(undone == 0 && todo == 0);
			assert(count == 0 && open == 0);
			gone = true; c = 0; o = 0; w = false
		};
		round++
	:: else -> break
	od;
	over = true
}

init
{
	byte i;

	atomic {
		gone = true;
		for (i : 0 .. NP - 1) {
			run runner(i)
		};
#ifdef OUTSIDER
		run outsider();
#endif
		run waiter()
	}
}
