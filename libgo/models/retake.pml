/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * retake.pml - taking the P of a goroutine that is stuck in user code (preempt.c).
 *
 * Claims: a P never has two users; none is lost; an M comes out of each call into the
 * runtime, with a P, and out of the handler; sched.nloose is right in the end.
 *
 *   here			there
 *   enter(), leave()		m_enter(), m_leave() (rt.h)
 *   preempt_enter()		preempt_enter(), idle_take_p(), sched_requeue()
 *   blocking()			go_blocking()
 *   handler(), hold()		on_signal(), hold_here(), hold()
 *   pass_on()			hand_to_held(), leave_p()
 *   monitor, its parts		preempt_look() for any reason: retake(), take(), send();
 *				preempt_hand_on(); preempt_look_loose()
 *   others			all other Ms: one has an idle P for a while; one draws a ticket
 *				(preempt_give()); preempt_unstick()
 *   thief			preempt_steal_next(), of any P; with STEALS
 *   thread			an M with a goroutine that computes or blocks, in user code, and
 *				calls the runtime CALLS times. There is one; with TWO, two
 *
 * Memory. The M's plain store of in_rt waits in a buffer (x86; first in, first out) until it
 * comes out by itself, or by an atomic operation of that M, a lock among them, or by the
 * monitor's membarrier, which empties the buffers of all. So the M's load of retake may come
 * before its store of in_rt is seen. All other accesses are atomic operations, or are followed
 * by one before they matter. m_leave()'s release and the monitor's acquire of in_rt, which
 * publish what lies in the P, are beyond this model: it knows whose a P is, not what is in it.
 *
 * A section under sched.lock is one step. A requeued goroutine waits for an idle P: that
 * there will be one, and somebody to run it, is idle.pml's business.
 *
 * Left out: the end of a run; nstarting; an M that goes idle (preempt_forget()).
 *
 * holds taken			-DASKS=3 -DCALLS=3 -DTAKE
 * holds two_taken		-DASKS=2 -DCALLS=1 -DTAKE -DTWO
 * holds signalled		-DASKS=3 -DCALLS=2 -DSEND
 * holds both			-DASKS=3 -DCALLS=2 -DTAKE -DSEND
 * holds blocking		-DASKS=2 -DCALLS=2 -DTAKE -DSEND -DBLOCKING
 * holds let_go			-DASKS=2 -DCALLS=2 -DTAKE -DSEND -DUNSTICK
 * holds stolen_from		-DASKS=2 -DCALLS=2 -DTAKE -DSTEALS=3
 * holds stolen_from_signalled	-DASKS=1 -DCALLS=1 -DSEND -DSTEALS=2
 * holds stolen_from_blocking	-DASKS=1 -DCALLS=2 -DTAKE -DBLOCKING -DSTEALS=2
 * fails second_thief		-DASKS=1 -DCALLS=2 -DTAKE -DSTEALS=3 -DMUTATE_SECOND_THIEF
 * fails thief_no_membarrier	-DASKS=1 -DCALLS=2 -DTAKE -DSTEALS=2 -DMUTATE_THIEF_NO_MEMBARRIER
 * lives goes_on		-DASKS=2 -DCALLS=1 -DTAKE -DSEND
 * fails no_membarrier		-DASKS=2 -DCALLS=2 -DTAKE -DMUTATE_NO_MEMBARRIER
 * fails in_rt_not_looked_at	-DASKS=2 -DCALLS=2 -DTAKE -DMUTATE_NO_IN_RT
 * fails retake_not_looked_at	-DASKS=2 -DCALLS=2 -DTAKE -DMUTATE_NO_LOOK
 * fails monitor_stores		-DASKS=2 -DCALLS=2 -DTAKE -DMUTATE_TAKE_STORES
 * fails machine_stores		-DASKS=2 -DCALLS=2 -DTAKE -DMUTATE_KEEP_STORES
 * fails handler_in_runtime	-DASKS=2 -DCALLS=2 -DTAKE -DSEND -DMUTATE_HANDLER_ANYWHERE
 * fails handler_stores		-DASKS=2 -DCALLS=1 -DTAKE -DSEND -DMUTATE_HOLD_STORES
 * fails leaves_two_at_once	-DASKS=3 -DCALLS=2 -DSEND -DMUTATE_LEAVES_TWO
 * fails left_p_forgotten	-DASKS=2 -DCALLS=1 -DSEND -DMUTATE_NOT_RELEASED
 * fails gives_and_leaves	-DASKS=2 -DCALLS=1 -DSEND -DMUTATE_GIVES_AND_LEAVES
 * dies nobody_draws_tickets	-DASKS=2 -DCALLS=1 -DSEND -DMUTATE_NO_TICKET
 */

#ifdef TWO
#define NM	2
#define SECOND(x)	x
#else
#define NM	1
#define SECOND(x)
#endif
#define NP	2
#define NONE	255

#define NO	0
#define ASKED	1
#define TAKEN	2
#define STEAL	3

/* owner[]: nobody (idle), an M, and 1, or one of these */
#define MONITOR	(NM + 1)
#define OTHERS	(NM + 2)

byte owner[NP];
byte has[NM];			/* m->p */
bool in_rt[NM];			/* as the others see it */
bool own_in_rt[NM];		/* as its M's thread sees it */
byte retake[NM];
bool blocks[NM];		/* m->blocking */
bool sent[NM];			/* a signal that is not delivered yet */
bool held[NM];			/* m->hold */
byte next_p[NM];
byte left_p[NM];		/* in sched.released, or NONE */
byte stolen_from = NONE;	/* a thief is at this P's runnext */
short nloose;
byte asks, ended;
chan buffer0 = [2] of { bool };
chan buffer1 = [2] of { bool };

#ifdef TWO
#define drained	((me == 0 && empty(buffer0)) || (me == 1 && empty(buffer1)))
#else
#define drained	empty(buffer0)
#endif

inline set_in_rt(v)
{
	atomic {
		own_in_rt[me] = v;
		if
		:: me == 0 -> buffer0!v
		:: me == 1 -> buffer1!v
		fi
	}
}

proctype memory()
{
	bool v;

end:
	do
	:: atomic { buffer0?v -> in_rt[0] = v; v = 0 }
	SECOND(:: atomic { buffer1?v -> in_rt[1] = v; v = 0 })
	od
}

/* Under sched.lock: an idle P, or NONE. */
inline pop_idle_p(p)
{
	if
	:: owner[0] == 0 -> p = 0; owner[0] = me + 1
	:: owner[1] == 0 -> p = 1; owner[1] = me + 1
	:: else -> p = NONE
	fi
}

/* ------------------------------------------------------------------ the handler */

#ifdef MUTATE_LEAVES_TWO
#define MAY_LEAVE	true
#else
#define MAY_LEAVE	left_p[me] == NONE
#endif

/* In the handler, under sched.lock. */
inline hold()
{
	atomic {
		drained;
		waits = false;
		if
#ifndef MUTATE_LEAVES_TWO
		:: left_p[me] != NONE	/* once more, later */
#endif
#ifdef MUTATE_HOLD_STORES
		:: MAY_LEAVE && looked == ASKED ->
#else
		:: MAY_LEAVE && retake[me] == ASKED ->
#endif
			retake[me] = TAKEN;
			assert(owner[has[me]] == me + 1);
			owner[has[me]] = MONITOR;
			left = has[me];
			has[me] = NONE;
			waits = true
#ifdef MUTATE_HOLD_STORES
		:: MAY_LEAVE && looked != ASKED && retake[me] == TAKEN && !blocks[me] ->
#else
		:: MAY_LEAVE && retake[me] == TAKEN && !blocks[me] ->
#endif
			nloose--;
			pop_idle_p(has[me]);
			if
			:: has[me] != NONE -> retake[me] = NO
			:: else -> waits = true
			fi
		:: else
		fi;
		if
		:: waits -> held[me] = true
		:: else
		fi
	}
}

/* A ticket is drawn, its own perhaps, or the P is left to the monitor. */
inline pass_on()
{
	if
	:: atomic { held[0] -> give_left(0) }
	SECOND(:: atomic { held[1] -> give_left(1) })
#ifndef MUTATE_NOT_RELEASED
	:: left_p[me] = left
#else
	:: true
#endif
	fi;
	left = NONE
}

inline give_left(m)
{
	held[m] = false;
	next_p[m] = left;
	owner[left] = m + 1;
#ifdef MUTATE_GIVES_AND_LEAVES
	left_p[me] = left
#endif
}

inline handler()
{
	sent[me] = false;
	if
#ifdef MUTATE_HANDLER_ANYWHERE
	:: true ->
#else
	:: own_in_rt[me]	/* it yields at its next call */
	:: else ->
#endif
		set_in_rt(true);
#ifdef MUTATE_HOLD_STORES
		looked = retake[me];
#endif
		hold();
		if
		:: left != NONE -> pass_on()
		:: else
		fi;
		if
		:: waits ->
			atomic {
				!held[me];
				waits = false;
				if
				:: next_p[me] != NONE ->
					has[me] = next_p[me];
					next_p[me] = NONE;
					assert(owner[has[me]] == me + 1);
					retake[me] = NO
				:: else		/* let go without a P */
				fi
			}
		:: else
		fi;
		set_in_rt(false)
	fi
}

/* A signal may come at any of these places. */
inline maybe_signal()
{
	if
	:: sent[me] -> handler()
	:: true
	fi
}

/* ------------------------------------------------------- calls into the runtime */

inline preempt_enter()
{
	retake[me] != STEAL;	/* wait_for_thief() */
	atomic {
		drained;
#ifdef MUTATE_KEEP_STORES
		kept = true
#else
		kept = (retake[me] == ASKED)
#endif
		;
		if
		:: kept -> retake[me] = NO
		:: else
		fi
	};
	/* Another thief may have come meanwhile. */
	atomic {
#ifdef MUTATE_SECOND_THIEF
		lost = (!kept && retake[me] != NO)
#else
		retake[me] != STEAL -> lost = (!kept && retake[me] == TAKEN)
#endif
	};
	if
	:: lost ->
		lost = false;
		d_step {
			has[me] = NONE;
			if
			:: blocks[me] -> blocks[me] = false
			:: else -> nloose--
			fi;
			retake[me] = NO
		};
		atomic {
			drained && (owner[0] == 0 || owner[1] == 0);
			pop_idle_p(has[me])
		}
	:: else
	fi;
	kept = false
}

inline enter()
{
	set_in_rt(true);
#ifndef MUTATE_NO_LOOK
#ifdef SEND
	maybe_signal();
#endif
	if
	:: retake[me] != NO -> preempt_enter()
	:: else
	fi
#endif
}

/* It uses its P, which may take a while. */
inline use()
{
	assert(own_in_rt[me] && owner[has[me]] == me + 1 && stolen_from != has[me]);
#ifdef SEND
	maybe_signal();
#endif
	assert(owner[has[me]] == me + 1 && stolen_from != has[me])
}

/* go_blocking() gives its P up itself. */
inline blocking()
{
	d_step {
		retake[me] != STEAL ->
		left = has[me];
		has[me] = NONE;
		blocks[me] = true;
		retake[me] = TAKEN
	};
	atomic { drained -> assert(owner[left] == me + 1); owner[left] = 0; left = NONE }
}

proctype thread(byte me)
{
	byte calls, looked, left = NONE;
	bool waits, kept, lost;

	do
	:: calls < CALLS ->
		calls++;
		enter();
		use();
#ifdef BLOCKING
		if
		:: blocking()
		:: true
		fi;
#endif
		set_in_rt(false);
#ifdef SEND
		maybe_signal()		/* in user code */
#endif
	:: else -> break
	od;
	/* Its goroutine ends: its P is idle. */
	enter();
	use();
	d_step { owner[has[me]] = 0; has[me] = NONE; ended++ };
	/* Signals find it inside. */
	sent[me] = false
}

/* ----------------------------------------------------------------- the monitor */

inline take(m)
{
#ifndef MUTATE_NO_MEMBARRIER
	empty(buffer0) SECOND(&& empty(buffer1));
#endif
	if
#ifndef MUTATE_NO_IN_RT
	:: in_rt[m]		/* it yields at its next call */
#endif
	:: else ->
		p = has[m];
		nloose++;
#ifdef MUTATE_TAKE_STORES
		got = (retake[m] == ASKED);
		if
		:: got -> retake[m] = TAKEN
		:: else
		fi;
#else
		atomic {
			got = (retake[m] == ASKED);
			if
			:: got -> retake[m] = TAKEN
			:: else
			fi
		};
#endif
		if
		:: got ->
			/* idle_handoff_p() */
			atomic { assert(p < NP && owner[p] == m + 1); owner[p] = 0 }
		:: else -> nloose--
		fi;
		got = false;
		p = NONE
	fi
}

inline ask(m)
{
	atomic {
		if
		:: true
		:: asks < ASKS ->
			asks++;
			if
			:: retake[m] == NO -> retake[m] = ASKED
			:: else
			fi;
			got = (retake[m] == ASKED)
		fi
	};
	if
	:: got ->
		got = false;
		if
#ifdef TAKE
		:: take(m)
#endif
#ifdef SEND
		:: sent[m] = true
#endif
		fi
	:: else
	fi
}

inline hand_on(m)
{
	if
	:: atomic { left_p[m] != NONE -> owner[left_p[m]] = 0; left_p[m] = NONE }
	:: else
	fi
}

inline loose(m)
{
	if
	:: atomic { asks < ASKS && retake[m] == TAKEN && !blocks[m] && !held[m] ->
		asks++; sent[m] = true }
	:: true
	fi
}

proctype monitor()
{
	byte p = NONE;
	bool got;

end:
	do
	:: asks < ASKS || left_p[0] != NONE SECOND(|| left_p[1] != NONE) ->
		hand_on(0);
		SECOND(hand_on(1);)
		ask(0)
		SECOND(; ask(1))
#ifdef SEND
		/* preempt_look_loose() */
		;
		loose(0)
		SECOND(; loose(1))
#endif
	od
}

#ifdef STEALS
/* preempt_steal_next() */
proctype thief()
{
	byte times;
	bool got;

end:
	do
	:: times < STEALS ->
		times++;
		atomic {
			got = (retake[0] == NO);
			if
			:: got -> retake[0] = STEAL
			:: else
			fi
		};
		if
		:: got ->
#ifndef MUTATE_THIEF_NO_MEMBARRIER
			empty(buffer0) SECOND(&& empty(buffer1));
#endif
			if
			:: in_rt[0]
			:: else ->
				stolen_from = has[0];
				stolen_from = NONE
			fi;
			retake[0] = NO
		:: else
		fi
	:: else -> break
	od
}
#endif

/* A P that is idle is had by some other M, who does something, or draws a ticket with it. */
inline have(p)
{
	atomic { owner[p] == 0 && used < 2 -> used++; owner[p] = OTHERS };
	assert(owner[p] == OTHERS);
	owner[p] = 0
}

inline give(m, p)
{
	atomic {
		owner[p] == 0 && held[m] ->
		owner[p] = m + 1;
		next_p[m] = p;
		held[m] = false
	}
}

proctype others()
{
	byte used;

end:
	do
#ifndef LIVE
	:: have(0)
	:: have(1)
#endif
	:: false
#ifndef MUTATE_NO_TICKET
	:: give(0, 0)
	:: give(0, 1)
	SECOND(:: give(1, 0))
	SECOND(:: give(1, 1))
#endif
#ifdef UNSTICK
	:: atomic { held[0] && used < 2 -> used++; nloose++; held[0] = false }
	SECOND(:: atomic { held[1] && used < 2 -> used++; nloose++; held[1] = false })
#endif
	od
}

init {
	atomic {
		owner[0] = 1;
		next_p[0] = NONE;
		left_p[0] = NONE;
		SECOND(has[1] = 1;)
		SECOND(owner[1] = 2;)
		SECOND(next_p[1] = NONE;)
		SECOND(left_p[1] = NONE;)
		run memory();
		run thread(0);
		SECOND(run thread(1);)
		run monitor();
#ifdef STEALS
		run thief();
#endif
		run others()
	}
	timeout;
#ifndef LIVE
	assert(ended == NM);
	assert(owner[0] == 0 && owner[1] == 0 && left_p[0] == NONE SECOND(&& left_p[1] == NONE));
	assert(nloose == 0)
#endif
}

#ifdef LIVE
ltl all_end { <> (ended == NM) }
#endif
