// SPDX-License-Identifier: GPL-2.0-only

package main

import "time"

const timer = 10 * time.Millisecond

func init() { experiments["eventloop"] = eventloop }

// timers: n at once; what each costs beyond its time.
func timers(n int) float64 {
	over := timed(func() { all(n, func(int) { time.Sleep(timer) }) }) - float64(timer)
	if over < 0 {
		return 0
	}
	return over / float64(n)
}

// lateBeside is how late a timer is beside one that computes on each P.
func lateBeside(t task) float64 {
	end := time.Now().Add(time.Duration(t["compute_ms"]) * time.Millisecond)
	due := time.Now().Add(timer)
	over := make(chan struct{})
	for i := 0; i < t["procs"]; i++ {
		go func() {
			for time.Now().Before(end) {
				burn(1000)
			}
			over <- struct{}{}
		}()
	}
	time.Sleep(time.Until(due))
	late := time.Since(due)
	for i := 0; i < t["procs"]; i++ {
		<-over
	}
	return float64(late.Nanoseconds())
}

func eventloop(t task) {
	compute := func(tasks int) float64 {
		return timed(func() { all(tasks, func(int) { burn(t["steps"] / tasks) }) })
	}

	timers(t["n"])
	t.figure("timers_ns", timers(t["n"]))
	t.figure("late_ns", lateBeside(t))
	compute(2)
	t.figure("speedup", compute(1)/compute(2))
}
