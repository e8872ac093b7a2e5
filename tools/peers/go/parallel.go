// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"runtime"
	"sync/atomic"
	"syscall"
)

func init() { experiments["parallel"] = parallel }

func cpuTime() float64 {
	var usage syscall.Rusage

	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

// slices: four tasks compute and yield in turn; how many were in progress at once, and how
// many CPUs computed at once.
func slices(n, steps, procs int) (atOnce int32, cpus float64) {
	const tasks = 4
	var now, most atomic.Int32

	runtime.GOMAXPROCS(procs)
	cpu := cpuTime()
	took := timed(func() {
		all(tasks, func(int) {
			here := now.Add(1)
			for m := most.Load(); m < here; m = most.Load() {
				most.CompareAndSwap(m, here)
			}
			for i := 0; i < n; i++ {
				burn(steps)
				runtime.Gosched()
			}
			now.Add(-1)
		})
	})
	return most.Load(), (cpuTime() - cpu) / took
}

func parallel(t task) {
	slices(t["n"], t["steps"], 1)
	atOnce, cpus := slices(t["n"], t["steps"], 1)
	t.figure("in_progress_1", float64(atOnce))
	t.figure("cpus_used_1", cpus)
	if t["procs"] == 1 {
		t.none("in_progress", "one CPU: nothing can be parallel")
		t.none("cpus_used", "one CPU: nothing can be parallel")
		return
	}
	atOnce, cpus = slices(t["n"], t["steps"], t["procs"])
	t.figure("in_progress", float64(atOnce))
	t.figure("cpus_used", cpus)
}
