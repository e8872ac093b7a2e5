// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"runtime"
)

func init() { experiments["gomaxprocs"] = gomaxprocs }

func gomaxprocs(t task) {
	const tasksEach = 4
	var first, last float64

	steps := t.steps("time_", "_ns")
	tasks := tasksEach * steps[len(steps)-1]
	compute := func(procs int) float64 {
		runtime.GOMAXPROCS(procs)
		return timed(func() { all(tasks, func(int) { burn(t["n"]/tasks + 1) }) })
	}
	compute(t["procs"])
	for i, procs := range steps {
		last = compute(procs)
		if i == 0 {
			first = last
		}
		t.figure(fmt.Sprintf("time_%d_ns", procs), last)
	}
	if len(steps) > 1 {
		t.figure("speedup", first/last)
	} else {
		t.none("speedup", "one CPU: there is nothing to compare with")
	}
}
