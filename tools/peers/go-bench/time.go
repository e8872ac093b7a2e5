// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"sort"
	"time"
)

const tick = time.Millisecond

func never() {
	panic("a timer that is an hour away has fired")
}

// startAndStop: a timer of Go's is made and stopped; Reset would start the same one again,
// as go_timer_start() does.
func startAndStop(t *time.Timer, n int) {
	for i := 0; i < n; i++ {
		t.Reset(time.Hour)
		if !t.Stop() {
			giveUp(1, "a timer was not pending")
		}
	}
}

func measureTimer(n int) float64 {
	t := time.AfterFunc(time.Hour, never)
	t.Stop()
	startAndStop(t, n/10)
	return timed(n, func() { startAndStop(t, n) })
}

func someTime(seed *uint64) time.Duration {
	*seed ^= *seed << 13
	*seed ^= *seed >> 7
	*seed ^= *seed << 17
	return time.Hour + time.Duration(*seed%uint64(time.Hour))
}

func startAll(t []*time.Timer) {
	seed := uint64(88172645463325252)

	for i := range t {
		d := someTime(&seed)
		if t[i] == nil {
			t[i] = time.AfterFunc(d, never)
		} else {
			t[i].Reset(d)
		}
	}
}

func stopAll(t []*time.Timer) {
	for i := range t {
		if !t[i].Stop() {
			giveUp(1, "a timer was not pending")
		}
	}
}

func measureTimers(n int) float64 {
	t := make([]*time.Timer, n)

	startAll(t)
	stopAll(t)
	return timed(n, func() {
		startAll(t)
		stopAll(t)
	})
}

func measureTimersMemory(n int) float64 {
	startAll(make([]*time.Timer, firstOnes))
	from := memoryTaken()
	t := make([]*time.Timer, n)
	startAll(t)
	to := memoryTaken()
	stopAll(t)
	return each(from, to, n)
}

// measureTicks is how late ticks are received. Where one was later than the interval, the
// next is due at the next whole number of intervals.
func measureTicks(n, percentile int) float64 {
	late := make([]int, n)

	due := time.Now().Add(tick)
	ticker := time.NewTicker(tick)
	for i := range late {
		at := <-ticker.C
		late[i] = int(time.Since(due))
		due = due.Add((at.Sub(due)/tick + 1) * tick)
	}
	ticker.Stop()
	sort.Ints(late)
	return float64(late[n*percentile/100])
}
