/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * timer.pml - a timer that is started and stopped by two, fires, and is freed (timer.c, time.c).
 *
 * Claims: each start ends in one call of the function, with the argument of that start, or in one
 * stop or start that says so. The timer is in one heap at most. Nobody touches it once
 * whoever may has freed it. All come to an end.
 *
 *   here			there
 *   start()			timer_start(): timer_lock_own() with timer_put(), else
 *				timer_hold() with timer_set()
 *   stop(), lock_home()	timer_stop(), lock_home()
 *   hold(), set()		timer_hold(), timer_set(); unlock_timer(): timer_release()
 *   M				timer_run() with start_goroutine() or, with its channel, tick()
 *   called()			the goroutine: the user's function
 *   move()			timer_move_all(): P 1 goes, and its goroutine continues on P 0
 *   waiter			wait_any() with a deadline: it has locked a channel by then
 *
 * Who holds a reference may touch the timer. Each user has one, and each start that is pending;
 * a user's last act is to stop it and drop his, or to start it and leave his to the
 * timer, which he then knows nothing of. The last one who drops frees it.
 *
 * A timer is due at any moment. Memory is sequentially consistent, which is enough: all is done
 * under locks, but for t->p, which is looked at again under the lock that protects it.
 *
 * Left out: several timers in a heap; runs that end.
 *
 * holds timer
 * holds beside_a_waiter		-DOPS=0 -DWAITER
 * fails unlocked_late		-DMUTATE_UNLOCK_LATE
 * fails not_in_turns		-DMUTATE_NO_LOCK
 * fails moved_away		-DMUTATE_NO_RECHECK
 * fails belongs_while_held	-DMUTATE_KEEPS_HOME
 * fails looked_without_lock	-DMUTATE_PEEK
 * fails fires_unlocked		-DMUTATE_FIRE_UNLOCKED
 * fails waits_for_channel	-DOPS=0 -DWAITER -DMUTATE_SPIN_ON_CHANNEL
 */

#ifndef OPS
#define OPS	1		/* of each user, before the last one */
#endif
#define STARTS	5		/* 1 .. 4 */
#define NOWHERE	2

/* What became of a start. */
#define PENDING	1
#define CALLED	2
#define ENDED	3

bool exists = true;		/* the timer's memory, and in it: */
bool t_lock;
byte t_p = NOWHERE;		/* the heap that it belongs to */
byte t_arg;

byte in_heap = NOWHERE;		/* t->index, with where that is */
bool h_lock[2];
bool c_lock;			/* a channel's */
byte refs = 2;
byte starts;
byte became[STARTS];
byte left = 2;			/* users */
chan ready = [STARTS] of { byte };

#define touch()	assert(exists)

inline lock_timer()
{
#ifndef MUTATE_NO_LOCK
	atomic { !t_lock -> touch(); t_lock = true }
#else
	touch()
#endif
}

inline unlock_timer()
{
#ifndef MUTATE_NO_LOCK
	d_step { touch(); assert(t_lock); t_lock = false }
#else
	skip
#endif
}

inline lock_heap(h)
{
	atomic { !h_lock[h] -> h_lock[h] = true }
}

inline unlock_heap(h)
{
	d_step { assert(h_lock[h]); h_lock[h] = false }
}

inline drop()
{
	atomic {
		assert(refs > 0);
		refs--;
		if
		:: !refs -> exists = false
		:: else
		fi
	}
}

/* Where @home is set after that, @at is locked, and the timer belongs to it. */
inline lock_home()
{
	home = false;
	do
	:: atomic { touch(); at = t_p };
	   if
	   :: at == NOWHERE -> break
	   :: else
	   fi;
	   lock_heap(at);
#ifdef MUTATE_NO_RECHECK
	   home = true;
	   break
#else
	   touch();
	   if
	   :: at == t_p -> home = true; break
	   :: else -> unlock_heap(at)
	   fi
#endif
	od;
	skip
}

/* With the heap's lock held. */
inline remove()
{
	d_step {
		touch();
		pending = (in_heap != NOWHERE);
		assert(!pending || in_heap == at);
		in_heap = NOWHERE;
		if
		:: pending ->
			assert(became[t_arg] == PENDING);
			became[t_arg] = ENDED
		:: else
		fi
	}
}

inline hold()
{
	lock_timer();
	pending = false;
#ifdef MUTATE_PEEK
	if
	:: t_p != NOWHERE && in_heap == NOWHERE -> home = false; t_p = NOWHERE
	:: else -> lock_home()
	fi;
#else
	lock_home();
#endif
	if
	:: home ->
		remove();
#ifndef MUTATE_KEEPS_HOME
		t_p = NOWHERE;
#endif
		unlock_heap(at)
	:: else
	fi
}

/* @mine: the reference that the timer gets is the user's own. */
inline new_start(mine)
{
	d_step {
		touch();
		starts++;
		t_arg = starts;
		became[starts] = PENDING;
		if
		:: mine
		:: else -> refs++
		fi
	}
}

inline put_in()
{
	d_step {
		touch();
		assert(in_heap == NOWHERE);
		t_p = p;
		in_heap = p
	}
}

inline set(mine)
{
	/* t->fn, t->arg, t->when: nobody looks at them now. */
	new_start(mine);
	lock_heap(p);
	put_in();
#ifdef MUTATE_UNLOCK_LATE
	unlock_heap(p);
	unlock_timer()
#else
	unlock_timer();
	unlock_heap(p)
#endif
}

inline start(mine)
{
	home = false;
	touch();
	if
	:: t_p == p ->
		lock_heap(p);
		touch();
		if
		:: t_p == p ->
			at = p;
			remove();
			new_start(mine);
			put_in();
			home = true
		:: else
		fi;
		unlock_heap(p)
	:: else
	fi;
	if
	:: !home -> hold(); set(mine)
	:: else
	fi
}

inline stop()
{
	lock_home();
	if
	:: home ->
		remove();
		unlock_heap(at)
	:: else ->
		hold();
		unlock_timer()
	fi
}

/* P 1 goes, between two calls of its goroutine's. */
inline move()
{
	lock_heap(1);
	lock_heap(0);
	d_step {
		if
		:: in_heap == 1 -> touch(); in_heap = 0; t_p = 0
		:: else
		fi
	};
	unlock_heap(0);
	unlock_heap(1);
	p = 0
}

proctype user(byte p)
{
	byte at, n;
	bool pending, home;

	do
	:: n < OPS ->
		n++;
		if
		:: start(false)
		:: stop()
		:: hold(); unlock_timer()
		fi;
		if
		:: pending -> drop()
		:: else
		fi
	:: p == 1 -> move()
	:: n == OPS -> break
	od;
	if
	:: start(true)
	:: stop(); drop()
	fi;
	if
	:: pending -> drop()
	:: else
	fi;
	left--
}

/* @arg is the argument that the function got. */
inline called(arg)
{
	d_step { assert(became[arg] == PENDING); became[arg] = CALLED };
	drop()
}

proctype M(byte h)
{
	byte arg;
	bool got;

	do
	:: ready?arg -> called(arg)
	:: in_heap == h ->
		atomic {
			got = !h_lock[h];
			if
			:: got -> h_lock[h] = true
			:: else
			fi
		};
		if
		:: got && in_heap == h ->
			d_step { touch(); in_heap = NOWHERE };
#ifdef MUTATE_FIRE_UNLOCKED
			unlock_heap(h);
#endif
			/* A ticker's function tries its channel's lock. */
#ifdef MUTATE_SPIN_ON_CHANNEL
			atomic { !c_lock -> c_lock = true };
			got = true;
#else
			atomic {
				got = !c_lock;
				if
				:: got -> c_lock = true
				:: else
				fi
			};
#endif
			if
			:: got ->
				d_step { touch(); arg = t_arg };
				c_lock = false;
				ready!arg
			:: else ->
				/* timer_again() */
				d_step { touch(); in_heap = h }
			fi;
#ifndef MUTATE_FIRE_UNLOCKED
			unlock_heap(h)
#endif
		:: got && in_heap != h -> unlock_heap(h)
		:: else
		fi;
		got = false;
		arg = 0
	:: !left && in_heap == NOWHERE && empty(ready) -> break
	od
}

proctype waiter()
{
	atomic { !c_lock -> c_lock = true };
	lock_heap(0);
	unlock_heap(0);
	c_lock = false
}

init {
	byte i;

	atomic {
		run user(0);
		run user(1);
		run M(0);
		run M(1);
#ifdef WAITER
		run waiter()
#endif
	}
	_nr_pr == 1;
	assert(!exists && in_heap == NOWHERE && !t_lock);
	for (i : 1 .. starts) {
		assert(became[i] == CALLED || became[i] == ENDED)
	}
}
