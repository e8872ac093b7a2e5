// SPDX-License-Identifier: GPL-2.0-only

package main

func init() { experiments["gil"] = gil }

func gil(t task) {
	compute := func(workers int) float64 {
		return timed(func() { all(workers, func(int) { burn(t["n"] / workers) }) })
	}

	compute(t["procs"])
	one, cut := compute(1), compute(t["procs"])
	t.figure("one_ns", one)
	t.figure("all_ns", cut)
	t.figure("speedup", one/cut)
}
