// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"runtime"
	"sync/atomic"
)

func init() { experiments["order"] = order }

// orders that came out of so many rounds, and how often.
func orders(rounds int) map[[6]int]int {
	seen := map[[6]int]int{}

	for i := 0; i < rounds; i++ {
		var place atomic.Int32
		var came [6]int

		all(len(came), func(i int) {
			burn(20000)
			came[place.Add(1)-1] = i
		})
		seen[came]++
	}
	return seen
}

func commonest(seen map[[6]int]int) (most int) {
	for _, times := range seen {
		if times > most {
			most = times
		}
	}
	return most
}

func order(t task) {
	percent := func(times int) float64 { return 100 * float64(times) / float64(t["n"]) }

	runtime.GOMAXPROCS(1)
	orders(t["n"]/10 + 1)
	seen := orders(t["n"])
	t.figure("orders_1", float64(len(seen)))
	t.figure("commonest_1", percent(commonest(seen)))
	runtime.GOMAXPROCS(t["procs"])
	seen = orders(t["n"])
	t.figure("orders", float64(len(seen)))
	t.figure("commonest", percent(commonest(seen)))
	t.figure("as_made", percent(seen[[6]int{0, 1, 2, 3, 4, 5}]))
}
