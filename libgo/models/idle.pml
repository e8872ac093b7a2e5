/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * idle.pml - from spinning to idle and back (idle.c).
 *
 * Claims: when nothing moves any more, no work lies anywhere while a P is idle; so no wake-up
 * was lost. No P has two Ms, none gets lost. A deadlock is reported only where there is no
 * work. With fair threads all work is done (lives). sysmon, which would find forgotten work
 * after some milliseconds, does not exist here.
 *
 *   here			there
 *   idle_wake(), wake_p()	idle_wake(), idle_wake_p(); wake(), start_m()
 *   ready_pinned()		idle_ready_pinned()
 *   handoff()			idle_handoff_p(), where a pinned goroutine waits or yields
 *   give_p_away()		give_p_away()
 *   look()			look(): sched_pick(), gq_get(), timers, steal()
 *   stop_spinning()		stop_spinning()
 *   release_p(), anywhere()	release_p(), work_anywhere()
 *   sleep()			sleep_m() with last_one()
 *   machine			idle_find(), and run_m_thread() before
 *   execute()			a goroutine: what can make work while it runs
 *   procs			go_maxprocs(): idle_set_procs(), idle_add_p()
 *   foreign			sched_ready() on a thread that is no goroutine
 *   polling, wakefd		netpoll_wait() in place of the futex; netpoll_interrupt()
 *   net_look(), net_ready()	netpoll_look(), netpoll_ready()
 *   kernel			the other ends of descriptors: it makes edges
 *
 * A run queue is a number of goroutines: that its ring is right is steal.pml's business. A
 * section under sched.lock is one step where it makes one access to what is read without
 * the lock (nidle, nspinning, the queues), else as many as it makes such accesses; nwant_p, a
 * hint, changes together with nidle. A futex is a word, and whether its owner sleeps.
 *
 * Memory. All that these functions order is done by sequentially consistent operations,
 * but for runq_put(), which is a store with release: it waits in pending[] until it is seen;
 * its P's owner sees it at once. An atomic read-modify-write on the same P waits for that.
 *
 * Threads: there are 3, for 2 or 3 Ps. Where all of them exist and none is idle, start_m() fails as
 * where the system refuses a thread; then work may wait for the next wake-up or sysmon, or
 * for last_one(), which looks again after a while.
 *
 * Descriptors (NET): an edge is in epoll's list until somebody gets it from there, once, and in
 * that one's hands until he readies the goroutine. netpoll_on() is true all the time: what
 * sets it is netpoll_sweep()'s business, and each deadlock waits for that. Each goroutine ends: while
 * the one that polled last computes, edges are for the monitor to find.
 *
 * Left out: the end of a run (stopping); P.solo; the 100 ms after which the last sleeper looks
 * again while there are foreign threads; looks at descriptors by who is busy, and by the monitor.
 *
 * holds work		-DBUDGET=3 -DWORK -DCOMPUTE
 * holds three_ps	-DBUDGET=2 -DWORK -DCOMPUTE -DNP=3 -DENDLESS=2
 * holds pinned		-DBUDGET=2 -DPINNED
 * holds timers		-DBUDGET=2 -DWORK -DTIMERS
 * holds maxprocs	-DBUDGET=1 -DWORK -DPROCS
 * holds foreign	-DBUDGET=0 -DWORK -DFOREIGN -DCOMPUTE
 * holds net		-DBUDGET=2 -DWORK -DNET
 * lives work_is_done	-DBUDGET=2 -DWORK
 * lives foreign_too	-DBUDGET=1 -DWORK -DFOREIGN
 * long three_ps timers net
 * fails put_is_a_store		-DBUDGET=2 -DWORK -DCOMPUTE -DMUTATE_PUT_PLAIN
 * fails no_fence_after_put	-DBUDGET=2 -DWORK -DCOMPUTE -DMUTATE_NO_FENCE
 * fails no_second_look		-DBUDGET=2 -DWORK -DCOMPUTE -DMUTATE_NO_SECOND_LOOK
 * fails looks_before_idle	-DBUDGET=2 -DWORK -DCOMPUTE -DMUTATE_LOOK_FIRST
 * fails spins_while_looking	-DBUDGET=2 -DWORK -DCOMPUTE -DMUTATE_SPIN_LATE
 * fails last_spinner_leaves	-DBUDGET=2 -DWORK -DCOMPUTE -DNP=3 -DENDLESS=2 -DMUTATE_NO_CHAIN
 * fails word_reset_late	-DBUDGET=2 -DWORK -DMUTATE_RESET_LATE
 * fails pop_without_lock	-DBUDGET=2 -DWORK -DMUTATE_POP_UNLOCKED
 * fails kept_from_others	-DBUDGET=1 -DPINNED -DMUTATE_NO_HANDOFF
 * fails inbox_not_seen		-DBUDGET=2 -DPINNED -DWORK -DMUTATE_NO_INBOX
 * fails want_not_seen		-DBUDGET=2 -DPINNED -DWORK -DMUTATE_WANT_IGNORED
 * fails nobody_watches		-DBUDGET=2 -DWORK -DTIMERS -DMUTATE_NO_WATCHER
 * fails held_p_added		-DBUDGET=1 -DWORK -DPROCS -DMUTATE_ADD_HELD
 * fails poller_not_interrupted	-DBUDGET=2 -DWORK -DNET -DMUTATE_NO_INTERRUPT
 * fails look_takes_interrupt	-DBUDGET=2 -DWORK -DNET -DMUTATE_LOOK_DRAINS
 * fails role_lost		-DBUDGET=2 -DWORK -DNET -DMUTATE_ROLE_LOST
 * fails role_kept		-DBUDGET=2 -DWORK -DNET -DMUTATE_ROLE_KEPT
 * fails nobody_polls		-DBUDGET=2 -DWORK -DNET -DMUTATE_NO_POLLER
 * fails events_dropped		-DBUDGET=2 -DWORK -DNET -DMUTATE_DROP_EVENTS
 * dies no_second_look_ever	-DBUDGET=1 -DWORK -DFOREIGN -DMUTATE_NO_SECOND_LOOK
 */

#define NM	3
#ifndef NP
#define NP	2
#endif
#define NONE	255
#define FOREIGN_ID	NM
#ifndef ENDLESS
#define ENDLESS	1		/* goroutines that compute for ever, at most */
#endif
#if NP > 2
#define THIRD(x)	x
#define QUEUED		(queue[0] + queue[1] + queue[2] + pending[0] + pending[1] + pending[2])
#else
#define THIRD(x)
#define QUEUED		(queue[0] + queue[1] + pending[0] + pending[1])
#endif

bool lock;			/* sched.lock */
byte nidle, nspinning;
#ifdef PROCS
byte np = NP;
#else
#define np NP
#endif
bool idle_p[NP];		/* in sched.idle_ps */
bool held[NP];
byte owner[NP];			/* whose it is or will be: an M, and 1; 0: nobody's */
bool born[NM];
bool idle_m[NM];		/* in sched.idle_ms */
bool want_p[NM];
bool next_spins[NM];		/* handed over with the P */
bool park[NM];			/* the futex word */
bool asleep[NM];		/* waits on it */
byte next_p[NM];
bool pinned[NM];		/* it runs no goroutine but one */
bool parked[NM];		/* which waits */
bool ready[NM];			/* which waits no longer */
byte nwant_p, nidle_ms, nms;
byte watcher = NONE;
byte queue[NP];			/* goroutines in a P's run queue that all see */
byte pending[NP];		/* and that only its owner sees yet */
byte gq;
bool timer[NP];			/* a goroutine sleeps */
byte budget = BUDGET;
byte made = 1, ran;
byte endless;
bool computes[NM];
bool no_thread;			/* one was refused */
#ifdef NET
byte poller = NONE;
bool polling[NM];		/* sleeps in epoll_wait() */
bool wakefd;			/* the eventfd */
byte waits;			/* goroutines that wait for a descriptor */
byte edge;			/* those whose edge is in epoll's list */
#define EDGES	edge
#else
#define EDGES	0
#endif

#define WORK_ANYWHERE	(QUEUED + gq + ready[0] + ready[1] + ready[2] + timer[0] + timer[1] + EDGES > 0)

/* Read-modify-writes of what is shared by P @p's owner: its stores have been seen before. */
#define drained(p)	(pending[p] == 0)

inline push_idle_p(p)
{
	assert(!idle_p[p]);
	owner[p] = 0;
	held[p] = false;
	idle_p[p] = true;
	nidle++
}

/* To @who, an M or FOREIGN_ID. */
inline pop_idle_p(p, who)
{
	if
	:: idle_p[0] -> p = 0
	:: idle_p[1] -> p = 1
	THIRD(:: idle_p[2] -> p = 2)
	:: else -> p = NONE
	fi;
	if
	:: p != NONE ->
		assert(owner[p] == 0);
		idle_p[p] = false;
		held[p] = true;
		owner[p] = who + 1;
		nidle--
	:: else
	fi
}

inline remove_idle_m(m)
{
	assert(idle_m[m]);
	idle_m[m] = false;
	nidle_ms--;
	if
	:: watcher == m -> watcher = NONE
	:: else
	fi;
#ifdef MUTATE_ROLE_LOST
	if
	:: poller == m -> poller = NONE
	:: else
	fi;
#endif
	if
	:: want_p[m] -> want_p[m] = false; nwant_p--
	:: else
	fi
}

inline hand_over(m, p, spin)
{
	remove_idle_m(m);
	next_p[m] = p;
	next_spins[m] = spin;
	owner[p] = m + 1
}

inline take_over()
{
	d_step {
		p = next_p[me];
		spins = next_spins[me];
		next_p[me] = NONE;
		next_spins[me] = false
	}
}

/*
 * Between the two a sleeper may come by itself, as it may after both. A poller that did
 * so may sleep again before the eventfd is written to: whoever polls then wakes for nothing.
 */
inline wake(m)
{
#ifdef NET
	polled = polling[m];
	if
	:: polled -> park[m] = true
	:: else -> d_step { park[m] = true; asleep[m] = false }
	fi;
#ifndef MUTATE_NO_INTERRUPT
	if
	:: polled -> wakefd = true
	:: else
	fi;
#endif
	polled = false
#else
	d_step { park[m] = true; asleep[m] = false }
#endif
}

#define is_free(m)	(idle_m[m] && !pinned[m])

inline find_free(m)
{
	if
#ifdef NET
	/* The poller last. */
	:: is_free(0) && poller != 0 -> m = 0
	:: is_free(1) && poller != 1 -> m = 1
	:: is_free(2) && poller != 2 -> m = 2
	:: (!is_free(0) || poller == 0) && (!is_free(1) || poller == 1) &&
	   (!is_free(2) || poller == 2) && poller != NONE && is_free(poller) -> m = poller
#else
	:: is_free(0) -> m = 0
	:: is_free(1) -> m = 1
	:: is_free(2) -> m = 2
#endif
	:: else -> m = NONE
	fi
}

/* start_m(). Leaves m == NONE where there can be none. */
inline begin(m, p, spin)
{
	if
	:: !born[1] -> m = 1
	:: born[1] && !born[2] -> m = 2
	:: else -> no_thread = true
	fi;
	if
	:: m != NONE ->
		next_p[m] = p;
		next_spins[m] = spin;
		owner[p] = m + 1;
		nms++;
		born[m] = true
	:: else
	fi
}

inline wake_p()
{
	atomic {
		got = (nspinning == 0);
		if
		:: got -> nspinning = 1
		:: else
		fi
	};
	if
	:: got ->
#ifdef MUTATE_POP_UNLOCKED
		if
		:: idle_p[0] -> other_p = 0
		:: idle_p[1] -> other_p = 1
		:: else
		fi;
#endif
		atomic {
			!lock;
#ifdef MUTATE_POP_UNLOCKED
			if
			:: other_p != NONE ->
				assert(owner[other_p] == 0);
				idle_p[other_p] = false;
				held[other_p] = true;
				owner[other_p] = me + 1;
				nidle--
			:: else
			fi;
#else
			pop_idle_p(other_p, me);
#endif
			find_free(other);
			if
			:: other_p != NONE && other != NONE -> hand_over(other, other_p, true)
			:: else
			fi
		};
		if
		:: other_p == NONE -> nspinning--
		:: other_p != NONE && other != NONE -> wake(other)
		:: else ->
			atomic { begin(other, other_p, true) };
			if
			:: other == NONE ->
				atomic { !lock -> push_idle_p(other_p) };
				nspinning--
			:: else
			fi
		fi;
		other = NONE; other_p = NONE; got = false
	:: else
	fi
}

inline idle_wake()
{
	if
	:: nidle > 0 ->
		if
		:: nspinning == 0 -> wake_p()
		:: else
		fi
	:: else
	fi
}

/* M @m's pinned goroutine waits no longer. */
inline ready_pinned(m)
{
	atomic {
		!lock;
		ready[m] = true;
		other_p = NONE;
		if
		:: idle_m[m] ->
			pop_idle_p(other_p, me);
			if
			:: other_p != NONE -> hand_over(m, other_p, false)
			:: other_p == NONE && !want_p[m] -> want_p[m] = true; nwant_p++
			:: else
			fi
		:: else
		fi
	};
	if
	:: other_p != NONE -> wake(m)
	:: else
	fi;
	other_p = NONE
}

/* runq_put_next(): the exchange of runnext publishes the goroutine. */
inline put_next()
{
#ifdef MUTATE_PUT_PLAIN
	pending[p]++
#else
	atomic { drained(p) -> queue[p]++ }
#endif
}

/* sched_ready_last(): runq_put(), then a full fence. */
inline put_last()
{
	pending[p]++;
#ifndef MUTATE_NO_FENCE
	drained(p)
#endif
}

inline wants(m)
{
	if
	:: idle_m[0] && want_p[0] -> m = 0
	:: idle_m[1] && want_p[1] -> m = 1
	:: idle_m[2] && want_p[2] -> m = 2
	:: else -> m = NONE
	fi
}

/* @me's pinned goroutine doesn't run: the P goes to who has a use for it. */
inline handoff()
{
	atomic {
		!lock && drained(p);
		assert(owner[p] == me + 1);
#ifdef MUTATE_NO_HANDOFF
		push_idle_p(p);
#else
		wants(other);
		if
		:: other != NONE -> hand_over(other, p, false)
		:: other == NONE && queue[p] > 0 ->
			find_free(other);
			if
			:: other != NONE -> hand_over(other, p, false)
			:: else ->
				begin(other, p, false);
				if
				:: other == NONE -> push_idle_p(p)
				:: else -> other = NONE
				fi
			fi
		:: else -> push_idle_p(p); got = true
		fi;
#endif
		p = NONE
	};
	if
	:: other != NONE -> wake(other); other = NONE
	:: else
	fi;
	if
	:: got ->
		anywhere();
		if
		:: got -> got = false; idle_wake()
		:: else
		fi
	:: else
	fi
}

/* A goroutine runs, and may make work. */
inline execute()
{
	assert(owner[p] == me + 1);
#ifdef LIVE
	ran++;		/* without an end where one yields */
#endif
#ifdef PINNED
	/* A fresh one may be pinned. */
	if
	:: atomic { me == 0 && !pinned[me] -> pinned[me] = true }
	:: skip
	fi;
#endif
	do
#ifdef WORK
	:: atomic { budget > 0 -> budget--; made++ }; put_next(); idle_wake()
#ifndef LIVE
	:: atomic { budget > 0 -> budget--; made++ }; put_last(); idle_wake()
#endif
#endif
#ifdef PINNED
	:: atomic { budget > 0 && parked[0] -> budget--; made++; parked[0] = false }; ready_pinned(0)
	:: atomic { budget > 0 && parked[1] -> budget--; made++; parked[1] = false }; ready_pinned(1)
	:: atomic { budget > 0 && parked[2] -> budget--; made++; parked[2] = false }; ready_pinned(2)
	:: pinned[me] && queue[p] + pending[p] > 0 -> handoff(); ready_pinned(me); break
#endif
#ifdef NET
	:: atomic { budget > 0 -> budget--; made++; waits++ }
#endif
#ifdef TIMERS
	:: atomic { budget > 0 && !timer[p] -> budget--; made++; timer[p] = true }
#endif
#ifdef LIVE
	:: budget == 0 -> break
#else
	:: break
#endif
	od;
#ifdef PINNED
	if
	:: p == NONE
	:: else ->
		if
		:: pinned[me] -> parked[me] = true
		:: pinned[me] = false
		fi
	fi;
#endif
#ifdef COMPUTE
	if
	:: atomic { endless < ENDLESS -> endless++; computes[me] = true };
end_computing:	false
	:: skip
	fi
#endif
}

/* Runs a timer of P @x's heap: its goroutine becomes ready on P @p. */
inline run_timer(x)
{
	if
	:: atomic { timer[x] -> timer[x] = false };
		put_last();
		idle_wake()
	:: else
	:: skip		/* not due yet */
	fi
}

inline take_own()
{
	if
	:: !found ->
		atomic {
			drained(p) || queue[p] + pending[p] == 0;
			if
			:: queue[p] > 0 -> queue[p]--; found = true
			:: else
			fi
		}
	:: else
	fi
}

inline take_from(x)
{
	if
	:: !found && x != p ->
		atomic {
			drained(p);
			if
			:: queue[x] > 0 -> queue[x]--; found = true
			:: else
			fi
		}
	:: else
	fi
}

inline steal()
{
	k = 0;
	if
	:: !spins ->
		busy = np - nidle;
		if
		:: 2 * nspinning >= busy -> k = 1
		:: else -> spins = true; atomic { drained(p) -> nspinning++ }
		fi;
		busy = 0
	:: else
	fi;
	if
	:: k == 0 -> take_from(0); take_from(1) THIRD(; take_from(2))
	:: else -> k = 0
	fi
}

/* What came is readied: one goroutine by its own P, more are others' affair, too. */
inline net_ready()
{
	do
	:: ev > 0 -> ev--; pending[p]++
	:: else -> break
	od;
	if
	:: queue[p] + pending[p] > 1 -> drained(p); idle_wake()
	:: else
	fi
}

/* The same without a P. */
inline net_ready_far()
{
	do
	:: ev > 0 -> d_step { ev--; gq++ }; idle_wake()
	:: else -> break
	od
}

inline net_look()
{
	d_step { ev = edge; edge = 0 };
#ifdef MUTATE_LOOK_DRAINS
	wakefd = false;
#endif
	net_ready()
}

inline anywhere()
{
	got = false;
#if defined(FOREIGN) || defined(PROCS) || defined(NET)
	got = (gq > 0);
#endif
	got = (got || queue[0] > 0);
	got = (got || queue[1] > 0) THIRD(; got = (got || queue[2] > 0))
}

inline look()
{
	/* sched_pick() */
#ifdef TIMERS
	run_timer(p);
#endif
	take_own();
#if defined(FOREIGN) || defined(PROCS) || defined(NET)
	if
	:: !found && gq > 0 ->
		atomic {
			drained(p);
			if
			:: gq > 0 -> gq--; found = true
			:: else
			fi
		}
	:: else
	fi;
#endif
#ifdef TIMERS
	if
	:: !found -> run_timer(0); run_timer(1); take_own()
	:: else
	fi;
#endif
	k = 0;
	if
	:: !found && nidle + 1 >= np ->
		anywhere();
		k = (got -> 0 : 1);
		got = false
	:: else
	fi;
#ifdef NET
	if
	:: !found && k == 0 && poller == NONE -> net_look(); take_own()
	:: else
	fi;
#endif
	if
	:: !found && k == 0 -> steal()
	:: else -> k = 0
	fi
}

inline stop_spinning()
{
	if
	:: spins ->
		spins = false;
		atomic { drained(p) -> nspinning--; got = (nspinning == 0) };
		if
#ifdef MUTATE_NO_CHAIN
		:: true
#else
		:: got -> got = false; idle_wake()
		:: else
#endif
		fi;
		got = false
	:: else
	fi
}

#ifdef MUTATE_WANT_IGNORED
#define WANTED	false
#else
#define WANTED	(nwant_p > 0)
#endif

/* Leaves p == NONE where @me shall sleep. */
inline release_p()
{
	if
	:: p >= np ->
		/* runq_drain(), timer_move_all() */
		do
		:: atomic { drained(p) && queue[p] > 0 -> queue[p]--; gq++ }
		:: queue[p] + pending[p] == 0 -> break
		od;
#ifdef TIMERS
		if
		:: p == 1 && timer[1] && !timer[0] -> d_step { timer[1] = false; timer[0] = true }
		:: else
		fi
#endif
	:: else
	fi;
	atomic { !lock && drained(p) -> lock = true };
	if
	:: (gq > 0 || WANTED) && p < np -> lock = false
	:: else ->
#ifdef MUTATE_LOOK_FIRST
		anywhere();
#endif
		atomic {
			assert(owner[p] == me + 1);
			if
			:: p < np -> push_idle_p(p)
			:: else -> owner[p] = 0; held[p] = false
			fi;
			p = NONE;
			lock = false
		};
#ifndef MUTATE_SPIN_LATE
		if
		:: spins -> spins = false; nspinning--
		:: else
		fi;
#endif
#if defined(MUTATE_NO_SECOND_LOOK)
		got = false;
#elif !defined(MUTATE_LOOK_FIRST)
		anywhere();
#endif
#ifdef MUTATE_SPIN_LATE
		if
		:: spins -> spins = false; nspinning--
		:: else
		fi;
#endif
		if
		:: got ->
			got = false;
			atomic { !lock -> pop_idle_p(p, me) };
			if
			:: p != NONE -> spins = true; nspinning++
			:: else
			fi
		:: else
		fi
	fi
}

inline sleep()
{
#ifdef NET
	assert(ev == 0);	/* whoever it got edges for has been readied */
#endif
	do
	:: atomic {
		!lock;
#ifndef MUTATE_NO_INBOX
		if
		:: ready[me] ->
			pop_idle_p(p, me);
			if
			:: p == NONE -> want_p[me] = true; nwant_p++
			:: else
			fi
		:: else
		fi;
#endif
		if
		:: p == NONE ->
			lock = true;
#ifndef MUTATE_RESET_LATE
			park[me] = false;
#endif
			idle_m[me] = true;
			nidle_ms++
		:: else
		fi
	   };
		if
		:: p != NONE -> break
		:: else
		fi;
#ifdef TIMERS
		until = (timer[0] || timer[1]);
#endif
#if !defined(FOREIGN) && !defined(NET)
		/* last_one(): all sleep, no timer, and no thread but ours: deadlock. */
		if
		:: !until && nidle_ms == nms && gq == 0 && nwant_p == 0 && !no_thread ->
			assert(!WORK_ANYWHERE)
		:: else
		fi;
#endif
#ifdef MUTATE_NO_WATCHER
		until = false;
#endif
		atomic {
#ifdef TIMERS
			if
			:: until && watcher == NONE -> watcher = me
			:: else -> until = false
			fi;
#endif
#if defined(NET) && !defined(MUTATE_NO_POLLER)
			polling[me] = (poller == NONE);
			if
			:: polling[me] -> poller = me
			:: else
			fi;
#endif
			lock = false
		};
#ifdef MUTATE_RESET_LATE
		park[me] = false;
#endif
		/* futex_wait(); epoll_wait() asks for nothing before */
		atomic {
			if
#ifdef NET
			:: polling[me] || !park[me] -> asleep[me] = true
#else
			:: !park[me] -> asleep[me] = true
#endif
			:: else
			fi
		};
end_asleep:
		if
		:: !asleep[me]
		:: until && (timer[0] || timer[1]) -> asleep[me] = false
#ifdef NET
		:: atomic {
			polling[me] && (edge > 0 || wakefd) ->
			asleep[me] = false;
			ev = edge;
			edge = 0;
			got = wakefd
		   };
			if
			:: got -> wakefd = false; got = false
			:: else
			fi
#endif
		fi;
		until = false;
		atomic {
			!lock;
#if defined(NET) && !defined(MUTATE_ROLE_KEPT)
			if
			:: poller == me -> poller = NONE
			:: else
			fi;
#endif
			if
			:: !idle_m[me] -> got = true
			:: else ->
				/* By itself: the watcher's time has come. */
				remove_idle_m(me);
				pop_idle_p(p, me)
			fi
		};
		if
		:: got ->
			park[me];
			take_over();
			got = false;
#if defined(NET) && !defined(MUTATE_DROP_EVENTS)
			net_ready();
#endif
			break
		:: !got && p != NONE ->
#ifdef NET
			net_ready();
#endif
			break
#ifdef NET
		:: else -> net_ready_far()
#else
		:: else
#endif
		fi
	od
}

proctype machine(byte me)
{
	byte p = NONE, other = NONE, other_p = NONE, k, busy;
	bool found, got, until, spins;
#ifdef NET
	bool polled;			/* wake()'s */
	byte ev;			/* edges that it has got from epoll */
#endif

end_unborn:
	born[me];
	take_over();
again:
	do
	:: p == NONE ->
		if
		:: spins -> spins = false; nspinning--
		:: else
		fi;
		sleep()
	:: else ->
		assert(owner[p] == me + 1);
#ifdef PINNED
		if
		:: nwant_p > 0 && !pinned[me] ->
			atomic {
				!lock && drained(p);
				wants(other);
				if
				:: other != NONE -> hand_over(other, p, false); p = NONE
				:: else
				fi
			};
			if
			:: other != NONE -> wake(other); other = NONE
			:: else
			fi
		:: else
		fi;
#endif
#ifdef PINNED
		if
		:: p != NONE && pinned[me] ->
			/* pinned_find() */
			if
			:: ready[me] -> atomic { !lock -> ready[me] = false }; execute()
			:: else -> handoff()
			fi;
			goto again
		:: else
		fi;
#endif
		if
		:: p != NONE ->
			if
			:: p < np -> look()
			:: else
			fi;
			if
			:: found ->
				found = false;
				stop_spinning();
				execute()
			:: else ->
				release_p()	/* p == NONE: then it sleeps */
			fi
		:: else
		fi
	od
}

proctype memory()
{
end:
	do
	:: atomic { pending[0] > 0 -> pending[0]--; queue[0]++ }
	:: atomic { pending[1] > 0 -> pending[1]--; queue[1]++ }
	THIRD(:: atomic { pending[2] > 0 -> pending[2]--; queue[2]++ })
	od
}

#ifdef NET
proctype kernel()
{
end:
	do
	:: d_step { waits > 0 -> waits--; edge++ }
	od
}
#endif

#ifdef FOREIGN
proctype foreign()
{
	byte me = FOREIGN_ID, other = NONE, other_p = NONE;
	bool got;

	d_step { gq++; made++ };
	idle_wake()
}
#endif

#ifdef PROCS
proctype procs()
{
	byte me = FOREIGN_ID, other = NONE, other_p = NONE;
	bool got;

	atomic { !lock -> lock = true; np = 1 };
	atomic {
		if
		:: idle_p[1] -> idle_p[1] = false; nidle--
		:: else
		fi;
		lock = false
	};
	atomic { !lock -> np = 2 };
	atomic {
		!lock;
		if
#ifdef MUTATE_ADD_HELD
		:: !idle_p[1] -> push_idle_p(1)
#else
		:: !held[1] && !idle_p[1] -> push_idle_p(1)
#endif
		:: else
		fi
	};
	idle_wake()
}
#endif

#define at_rest(m)	(!born[m] || asleep[m] || computes[m])
#define in_hand(p)	(owner[p] > 0 && computes[owner[p] - 1])

init {
	atomic {
		next_p[0] = 0;
		next_p[1] = NONE;
		next_p[2] = NONE;
		born[0] = true;
		nms = 1;
		held[0] = true;
		owner[0] = 1;
		idle_p[1] = true;
		nidle = NP - 1;
		THIRD(idle_p[2] = true;)
#ifdef PINNED
		queue[0] = 2;
#else
		queue[0] = 1;
#endif
		run memory();
		run machine(0);
		run machine(1);
		run machine(2);
#ifdef NET
		run kernel();
#endif
#ifdef FOREIGN
		run foreign();
#endif
#ifdef PROCS
		run procs();
#endif
	}
	timeout;
#ifndef LIVE
	assert(at_rest(0) && at_rest(1) && at_rest(2));
	assert(!lock && nspinning == 0 && nidle == idle_p[0] + idle_p[1] THIRD(+ idle_p[2]));
	assert(idle_p[0] != in_hand(0) && idle_p[1] != in_hand(1) THIRD(&& idle_p[2] != in_hand(2)));
	assert(!WORK_ANYWHERE || nidle == 0 || no_thread)
#endif
}

#ifdef LIVE
#ifdef FOREIGN
ltl all_is_done { <> (ran == BUDGET + 2 || no_thread) }
#else
ltl all_is_done { <> (ran == BUDGET + 1 || no_thread) }
#endif
#endif
