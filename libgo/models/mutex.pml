/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mutex.pml - a mutex that is unlocked by a plain store (mutex.c, barrier.c).
 *
 * Claims: it has one owner at a time; who waits for it gets it; in the end it is free, nobody is
 * queued, and nothing is due.
 *
 *   here			there
 *   locker			a goroutine: go_mutex_lock(), go_mutex_unlock(), LOOPS times
 *   take()			take(); tried before it waits, or not: take_soon()
 *   arrive()			arrive(), announce()
 *   unlock()			go_mutex_unlock(), unlock_slow()
 *   let_come(), hand_over()	let_come(), hand_over()
 *   barrier_heavy()		the same
 *   tell[]			wait_one() and wait_wake(); w->ok
 *
 * Anything may stop a locker between two steps for as long as it likes: the owner between its two
 * looks, above all. Any waiter may be taken out of the queue: the order of service is left out,
 * and so is the time that makes a mutex starve or ends that: either may be at any moment at which
 * the code asks for it.
 *
 * Memory. The store by which a mutex is freed waits in a buffer (x86) until it comes out by
 * itself, or by an atomic operation of the same process, a lock among them, or by a membarrier,
 * which empties the buffers of all. Its own loads see it at once. All other stores are made under
 * the lock, and come out before that is free, in order: each is a step of its own here.
 *
 * INSIDE: it may also be unlocked by mutex_unlock_inside().
 * FULL: where there is no membarrier: in place of that store an exchange. FILTER: membarrier is
 * forbidden at any moment. barrier_wait() is longer than a store may wait in a buffer.
 *
 * Left out: threads that are none of the runtime's, runs that end.
 *
 * holds mutex
 * holds three			-DNL=3 -DLOOPS=1
 * holds three_often		-DNL=3 -DLOOPS=2
 * holds inside			-DINSIDE
 * holds exchanges		-DFULL
 * holds forbidden		-DFILTER
 * fails no_membarrier		-DNO_MEMBARRIER
 * fails one_look		-DMUTATE_ONE_LOOK
 * fails does_not_try_again	-DMUTATE_NO_TRY
 * fails says_nothing		-DMUTATE_NO_DUE
 * fails loser_says_nothing	-DNL=3 -DLOOPS=2 -DMUTATE_LOSER_SILENT
 * fails winner_says_nothing	-DNL=3 -DLOOPS=1 -DMUTATE_WINNER_SILENT
 * fails stays_on_its_way	-DNL=3 -DLOOPS=2 -DMUTATE_STAYS_WOKEN
 * fails frees_what_it_gave	-DMUTATE_GIVES_AND_FREES
 * fails gives_what_it_freed	-DNL=3 -DLOOPS=2 -DMUTATE_GIVES_LATE
 * fails frees_after_the_lock	-DINSIDE -DMUTATE_CLEARS_FIRST
 * fails store_for_exchange	-DFULL -DMUTATE_NO_EXCHANGE
 * fails does_not_wait		-DFILTER -DMUTATE_NO_WAIT
 * fails not_due_any_more	-DNL=3 -DLOOPS=2 -DMUTATE_NOT_DUE
 */

#ifndef NL
#define NL	2
#endif
#ifndef LOOPS
#define LOOPS	3
#endif

byte owner;			/* 0: free; and in the same word: */
bool light;			/* it may be freed by a plain store */
bool freed[NL];			/* a store of 0 to it is on its way */
bool due;
bool woken;
bool starving;
bool lock;			/* the queue's */
bool queued[NL];
byte tell[NL];			/* what a waiter is woken with: */
#define COME	1
#define OWNS	2
#ifdef FULL
bool allowed, light_ok;
#else
bool allowed = true, light_ok = true;
#endif
byte inside, ended;

#define drained	(!freed[me])
#define any_queued (queued[0] || queued[1] || queued[NL - 1])

proctype memory()
{
	byte i;

end:
	do
	:: atomic { freed[0] -> freed[0] = false; owner = 0 }
	:: atomic { freed[1] -> freed[1] = false; owner = 0 }
#if NL > 2
	:: atomic { freed[2] -> freed[2] = false; owner = 0 }
#endif
	od
}

#define out(i)	if :: freed[i] -> freed[i] = false; owner = 0 :: else fi

inline all_out()
{
	d_step {
		out(0);
		out(1);
#if NL > 2
		out(2)
#endif
	}
}

inline barrier_heavy()
{
	if
	:: allowed && light_ok ->
#ifndef NO_MEMBARRIER
		all_out()
#else
		skip
#endif
	:: else ->
		light_ok = false;
		atomic { drained -> was = light; light = false };
		if
		:: was ->
			/* barrier_wait() */
#ifndef MUTATE_NO_WAIT
			all_out();
#endif
			was = false
		:: else
		fi
	fi
}

#ifdef FILTER
proctype filter()
{
	allowed = false
}
#endif

/* Compare and swap. */
inline take()
{
	atomic {
		drained;
		got = (owner == 0);
		if
		:: got -> owner = me + 1; light = light_ok
		:: else
		fi
	}
}

inline take_lock()
{
	atomic { drained && !lock -> lock = true }
}

inline release()
{
	d_step { assert(lock); lock = false }
}

/* -------------------------------------------------------------------- lock */

/* Under the lock. */
inline arrive()
{
	if
	:: came ->
#ifndef MUTATE_STAYS_WOKEN
		woken = false
#endif
		;
#ifdef MUTATE_LOSER_SILENT
		announces = false
#else
		announces = (!got && !due)
#endif
	:: else -> announces = (!got && !due && !woken)
	fi;
	if
	:: announces ->
		announces = false;
#ifndef MUTATE_NO_DUE
		due = true;
		barrier_heavy();
#endif
#ifndef MUTATE_NO_TRY
		take()
#endif
	:: else
	fi;
	if
#ifndef MUTATE_WINNER_SILENT
	:: got -> due = any_queued
#else
	:: got && !any_queued -> due = false
#endif
	:: else
	fi
}

inline mutex_lock()
{
	came = false;
	take();
	do
	:: got && !came -> break
	:: else ->
		/* It may try for a while; and is tried at least once by who was woken. */
		if
		:: !got -> take()
		:: true
		fi;
		if
		:: got && !came -> break
		:: else
		fi;
		take_lock();
		arrive();
		if
		:: got -> release(); break
		:: else ->
			if
			:: came -> starving = true
			:: true
			fi;
			queued[me] = true;
			release();
			atomic { tell[me] -> got = (tell[me] == OWNS); tell[me] = 0 };
			if
			:: got -> assert(owner == me + 1); break
			:: else -> came = true
			fi
		fi
	od;
	came = false
}

/* ------------------------------------------------------------------ unlock */

inline first()
{
	if
	:: queued[0] -> w = 0
	:: queued[1] -> w = 1
#if NL > 2
	:: queued[2] -> w = 2
#endif
	fi;
	queued[w] = false
}

/* Each of the next three: under the lock, which it releases. */
inline let_come()
{
	assert(any_queued && !woken && !starving);
	first();
	woken = true;
	due = false
}

inline hand_over()
{
	first();
	d_step { owner = w + 1; light = light_ok };
	if
	:: !any_queued -> starving = false
	:: any_queued -> starving = false
	:: any_queued
	fi;
#ifdef MUTATE_NOT_DUE
	due = false;
#else
	due = any_queued;
#endif
#ifdef MUTATE_GIVES_AND_FREES
	owner = 0;
#endif
	release();
	tell[w] = OWNS
}

inline pass_on()
{
	if
	:: due && starving -> hand_over()
	:: due && !starving ->
		let_come();
#ifdef MUTATE_CLEARS_FIRST
		release();
		owner = 0;
#else
		owner = 0;
		release();
#endif
		tell[w] = COME
	:: else ->
#ifdef MUTATE_CLEARS_FIRST
		release();
		owner = 0
#else
		owner = 0;
		release()
#endif
	fi
}

inline look_again()
{
	if
	:: !due || owner != 0 -> release()
	:: else ->
		if
		:: !starving ->
			let_come();
			release();
			tell[w] = COME
		:: else ->
#ifdef MUTATE_GIVES_LATE
			hand_over()
#else
			take();
			if
			:: got -> pass_on()
			:: else -> release()
			fi
#endif
		fi
	fi
}

inline mutex_unlock()
{
	d_step { assert(!freed[me] && owner == me + 1); light_seen = light };
	seen = due;
	if
	:: seen -> seen = starving
	:: else
	fi;
	if
	:: seen ->
		take_lock();
		pass_on()
#ifdef INSIDE
	:: take_lock(); pass_on()
#endif
	:: !seen ->
		if
#ifndef MUTATE_NO_EXCHANGE
		:: !light_seen -> owner = 0
		:: else -> freed[me] = true
#else
		:: freed[me] = true
#endif
		fi;
#ifndef MUTATE_ONE_LOOK
		seen = due;
		if
		:: seen ->
			take_lock();
			look_again()
		:: else
		fi
#endif
	fi;
	seen = false;
	light_seen = false
}

proctype locker(byte me)
{
	byte times, w;
	bool got, came, announces, seen, light_seen, was;

	do
	:: times < LOOPS ->
		times++;
		mutex_lock();
		inside++;
		assert(inside == 1);
		inside--;
		mutex_unlock();
		got = false;
		w = 0
	:: else -> break
	od;
	ended++
}

init {
	atomic {
		run memory();
#ifdef FILTER
		run filter();
#endif
		run locker(0);
		run locker(1);
#if NL > 2
		run locker(2)
#endif
	}
	atomic {
		ended == NL && !freed[0] && !freed[1] && !freed[NL - 1] ->
		assert(owner == 0 && !any_queued && !due && !woken && !lock)
	}
}
