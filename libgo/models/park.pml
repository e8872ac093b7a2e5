/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * park.pml - to wait and to be woken (wait.c, select.c, timer.c, sched_park() in sched.c).
 *
 * Claims: a goroutine is switched to only when it is out of its stack, and by one M. A
 * waiter's frame is touched by nobody once its owner goes on; a channel by nobody once it was
 * freed by whoever received its last value or saw its close, a waitgroup by nobody once the
 * one that waited went on. Who waits goes on.
 *
 * A process here is a context: a goroutine's stack, or an M's own. It runs while on[] says
 * on which M. switch_to() is arch_switch(): what was left can be resumed from that moment on,
 * not before. What the next context has to do for it is in after[], as the switch hands it over; here an
 * M and its P are one.
 *
 *   here			there
 *   selector, first part	wait_any() with two channels and a deadline, and what
 *				run_select() does around it: lock_all(), enqueue(), dequeue()
 *   selector, second part	go_wg_wait(): wait_one(), after which the waitgroup is freed
 *				without a lock. Readied twice by the first part, it would
 *				come out of here too early
 *   finish()			sched_finish(), sched_finish_slow()
 *   pick()			pick_slow(): a timer, then the run queue
 *   run_timer()		timer_run() with deadline_passed()
 *   delete_timer()		timer_del()
 *   receiver			go_try_recv(), then go_chan_free()
 *   closer			go_close()
 *   doer			go_wg_done(): wake_all()
 *   yielder			go_yield() where thieves are about
 *   own_stack			sched_loop()
 *
 * receiver, closer and doer run on Ms of their own. The run queue is one for all Ms, so
 * that every goroutine may go on anywhere. A deadline may pass at any moment.
 *
 * Memory is sequentially consistent here. That is enough: all that is shared is under a spin
 * lock, but for wait_any.fired, which only compare-and-swap touches; locks and run queues
 * order the rest.
 *
 * Left out: values, buffers, several waiters in a queue, the order of service.
 *
 * holds wait
 * fails unlock_before_switch	-DMUTATE_UNLOCK_EARLY
 * fails yield_before_switch	-DMUTATE_YIELD_EARLY
 * fails woken_twice		-DMUTATE_NO_FIRED
 * fails stays_queued		-DMUTATE_NO_DEQUEUE
 * fails locks_who_woke_it	-DMUTATE_LOCK_ALL
 * fails unlocks_after_wake	-DMUTATE_WAKE_FIRST
 * fails list_read_too_late	-DMUTATE_READ_LATE
 * fails timer_left_behind	-DMUTATE_NO_TIMER_DEL
 * fails timer_unlocked_first	-DMUTATE_TIMER_UNLOCKED
 * fails spins_on_own_timers	-DMUTATE_TIMER_SPINS
 */

/* Contexts. */
#define SELECTOR	0
#define YIELDER		1
#define OWN(m)		(2 + (m))
#define NR_CONTEXTS	4
#define NOBODY		255

/* Locks: of the two channels, the waitgroup, and the timers. */
#define C	0
#define D	1
#define E	2
#define TIMERS	3
#define BY_TIMER	3

/* after[] */
#define NOTHING		0
#define UNLOCK_ONE	1	/* E */
#define UNLOCK_LIST	2	/* C, D, TIMERS: the list lies in the selector's frame */
#define READY		3	/* + the goroutine */

byte on[NR_CONTEXTS];		/* 0: nowhere, else the M, and 1 */
bool saved[NR_CONTEXTS];
byte after[2];
bool lock[4];
bool exists[4];			/* what the lock is in; the timers always do */
bool queued[3];			/* the selector's waiter in that queue */
bool timer;			/* its timer in the heap */
bool closed;			/* D */
bool fired;
byte woke;
byte frame;			/* 1: that of the first wait, 2: of the second; 0: gone */
bool value;			/* the waitgroup is done */
byte ended;			/* goroutines */
chan runq = [2] of { byte };

#define touch(c)	assert(exists[c])

inline take_lock(l)
{
	atomic { !lock[l] -> touch(l); lock[l] = true }
}

inline release(l)
{
	d_step { touch(l); assert(lock[l]); lock[l] = false }
}

inline ready(g)
{
	atomic { assert(nfull(runq)); runq!g }
}

/* Does what the context before left to do, on M @m. */
inline finish()
{
	if
	:: after[m] == NOTHING
	:: after[m] == UNLOCK_ONE ->
		after[m] = NOTHING;
		release(E)
	:: after[m] == UNLOCK_LIST ->
		after[m] = NOTHING;
		assert(frame == 1);	/* u->n, u->lock[0] */
		release(C);
		assert(frame == 1);	/* u->lock[1] */
		release(D);
		assert(frame == 1);	/* u->lock[2] */
		release(TIMERS);
#ifdef MUTATE_READ_LATE
		assert(frame == 1)	/* as in: for (i = 0; i < u->n; i++) */
#endif
	:: after[m] >= READY ->
		d_step { g = after[m] - READY; after[m] = NOTHING };
		ready(g);
		g = 0
	fi
}

/* Leaves @me for @next. Goes on when somebody switches to @me. */
inline switch_to(next)
{
	atomic {
		assert(saved[next] && !on[next]);
		saved[next] = false;
		saved[me] = true;
		on[me] = 0;
		on[next] = m + 1
	}
	atomic { on[me] -> m = on[me] - 1 };
	finish()
}

inline run_timer()
{
	if
	:: timer ->
#ifdef MUTATE_TIMER_SPINS
		take_lock(TIMERS);
		got = true;
#else
		atomic {
			if
			:: !lock[TIMERS] -> lock[TIMERS] = true; got = true
			:: else
			fi
		}
#endif
		if
		:: got && timer ->
			assert(frame == 1);
			timer = false;
#ifdef MUTATE_TIMER_UNLOCKED
			release(TIMERS);
#endif
			d_step {
				assert(frame == 1);
				got = !fired;
				fired = true
			}
			if
			:: got ->
				d_step { assert(frame == 1); woke = BY_TIMER };
				ready(SELECTOR)
			:: else
			fi;
#ifndef MUTATE_TIMER_UNLOCKED
			release(TIMERS)
#endif
		:: got && !timer -> release(TIMERS)
		:: else
		fi;
		got = false
	:: else
	fi
}

/* What runs next on M @m. */
inline pick(next)
{
	if
	:: run_timer()
	:: skip
	fi;
	if
	:: runq?next
	:: empty(runq) -> next = OWN(m)
	fi
}

/* The caller's function has returned. */
inline end_goroutine()
{
	ended++;
	pick(next);
	atomic {
		assert(saved[next] && !on[next]);
		saved[next] = false;
		on[me] = 0;
		on[next] = m + 1
	}
}

inline dequeue()
{
#if defined(MUTATE_NO_DEQUEUE)
	skip
#elif defined(MUTATE_LOCK_ALL)
	take_lock(C);
	take_lock(D);
	queued[C] = false;
	queued[D] = false;
	release(D);
	release(C);
#else
	if
	:: woke != C -> take_lock(C); queued[C] = false; release(C)
	:: else
	fi;
	if
	:: woke != D -> take_lock(D); queued[D] = false; release(D)
	:: else
	fi
#endif
}

proctype selector()
{
	byte me = SELECTOR, m = 0, next, g;
	bool got;

	take_lock(C);
	take_lock(D);
	if
	:: closed ->
		woke = D;
		release(D);
		release(C)
	:: else ->
		/* Under both locks: nobody looks. */
		d_step { frame = 1; queued[C] = true; queued[D] = true; woke = NOBODY };
		take_lock(TIMERS);
		timer = true;
#ifdef MUTATE_UNLOCK_EARLY
		release(C);
		release(D);
		release(TIMERS);
#else
		after[m] = UNLOCK_LIST;
#endif
		pick(next);
		switch_to(next);
		assert(woke != NOBODY);
#ifndef MUTATE_NO_TIMER_DEL
		take_lock(TIMERS);
		timer = false;
		release(TIMERS);
#endif
		dequeue();
		frame = 0
	fi;
	if
	:: woke == D ->
		/* It saw the close, and frees the channel. */
		take_lock(D);
		assert(!queued[D]);
		release(D);
		exists[D] = false
	:: else
	fi;

	take_lock(E);
	d_step { frame = 2; queued[E] = true };
	after[m] = UNLOCK_ONE;
	pick(next);
	switch_to(next);
	assert(value);
	d_step { frame = 0; exists[E] = false };
	end_goroutine()
}

/* waitq_take_any() on channel @c, its lock held; then unlocks, and wakes. */
inline take_and_wake(c)
{
	got = false;
	if
	:: queued[c] ->
		d_step { assert(frame == 1); queued[c] = false };
#ifdef MUTATE_NO_FIRED
		got = true;
#else
		d_step { assert(frame == 1); got = !fired; fired = true };
#endif
		if
		:: got -> d_step { assert(frame == 1); woke = c }
		:: else
		fi
	:: else
	fi;
	release(c);
	if
	:: got -> assert(frame == 1); ready(SELECTOR)
	:: else
	fi
}

proctype receiver()
{
	bool got;

	take_lock(C);
	take_and_wake(C);
	if
	:: got ->
		/* It has the only value: the channel is its to free. */
		take_lock(C);
		assert(!queued[C]);
		release(C);
		exists[C] = false
	:: else
	fi
}

proctype closer()
{
	bool got;

	take_lock(D);
	closed = true;
	take_and_wake(D)
}

proctype doer()
{
	queued[E];
	take_lock(E);
	d_step { assert(frame == 2); queued[E] = false; value = true };
#ifdef MUTATE_WAKE_FIRST
	ready(SELECTOR);
	release(E)
#else
	release(E);
	ready(SELECTOR)
#endif
}

proctype yielder()
{
	byte me = YIELDER, m, next, g, times;
	bool got;

	atomic { on[me] -> m = on[me] - 1 };
	finish();
	do
	:: times < 2 ->
		times++;
		pick(next);
		if
		:: next == OWN(m)	/* nobody else: it goes on */
		:: else ->
#ifdef MUTATE_YIELD_EARLY
			ready(YIELDER);
#else
			after[m] = READY + YIELDER;
#endif
			switch_to(next)
		fi
	:: else -> break
	od;
	end_goroutine()
}

proctype own_stack(byte m)
{
	byte me = OWN(m), next, g;
	bool got;

	if
	:: on[me] -> skip
	fi;
	finish();
	do
	:: ended == 2 && empty(runq) -> break
	:: runq?next -> switch_to(next)
	:: timer -> run_timer()
	od
}

init {
	byte i;

	atomic {
		do
		:: i < 4 -> saved[i] = true; exists[i] = true; i++
		:: else -> break
		od;
		/* The selector runs on M 0, M 1 looks for something to do. */
		saved[SELECTOR] = false;
		on[SELECTOR] = 1;
		saved[OWN(1)] = false;
		on[OWN(1)] = 2;
		runq!YIELDER;
		run selector();
		run yielder();
		run own_stack(0);
		run own_stack(1);
		run receiver();
		run closer();
		run doer()
	}
	/* All goroutines have ended, and both Ms are on their own stacks. */
	ended == 2 && on[OWN(0)] && on[OWN(1)];
	assert(!queued[E] && !timer && empty(runq))
}
