// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"runtime"
	"syscall"
)

func init() { experiments["switch"] = switches }

func yields(n int) {
	all(2, func(int) {
		for i := 0; i < n; i++ {
			runtime.Gosched()
		}
	})
}

// roundTrips of a value between two goroutines.
func roundTrips(there, back chan struct{}, n int) {
	for i := 0; i < n; i++ {
		there <- struct{}{}
		<-back
	}
}

// kernelSwitches of all threads of this process, until now.
func kernelSwitches() float64 {
	var usage syscall.Rusage

	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Nvcsw + usage.Nivcsw)
}

func switches(t task) {
	n := t.n("yield_ns")
	runtime.GOMAXPROCS(1)
	yields(n / 10)
	t.figure("yield_ns", timed(func() { yields(n) })/float64(2*n))

	runtime.GOMAXPROCS(t["procs"])
	there, back := make(chan struct{}), make(chan struct{})
	go func() {
		for range there {
			back <- struct{}{}
		}
	}()
	n = t.n("round_trip_ns")
	roundTrips(there, back, n/10)
	from := kernelSwitches()
	t.figure("round_trip_ns", timed(func() { roundTrips(there, back, n) })/float64(n))
	t.figure("round_trip_kernel_switches", (kernelSwitches()-from)/float64(n))
	close(there)
}
