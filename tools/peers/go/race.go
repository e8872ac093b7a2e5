// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"sync"
	"sync/atomic"
)

const raceWorkers = 4

func init() { experiments["race"] = race }

// add has four workers add to a counter, n times in sum; what it is in the end is read.
func (t task) add(way string, worker func(each int), read func() int) {
	n := t.n(way+"_ns") / raceWorkers * raceWorkers

	worker(n / raceWorkers / 10)
	before := read()
	took := timed(func() { all(raceWorkers, func(int) { worker(n / raceWorkers) }) })
	t.figure("lost_"+way, float64(before+n-read()))
	t.figure(way+"_ns", took/float64(n))
}

// addByChannel has one goroutine add, and the four send to it; it ends when they have.
func (t task) addByChannel() {
	n := t.n("channel_ns") / raceWorkers * raceWorkers
	addUp := func(each int) int {
		added, total := make(chan int, 128), make(chan int)
		go func() {
			sum := 0
			for value := range added {
				sum += value
			}
			total <- sum
		}()
		all(raceWorkers, func(int) {
			for i := 0; i < each; i++ {
				added <- 1
			}
		})
		close(added)
		return <-total
	}

	addUp(n / raceWorkers / 10)
	sum := 0
	took := timed(func() { sum = addUp(n / raceWorkers) })
	t.figure("lost_channel", float64(n-sum))
	t.figure("channel_ns", took/float64(n))
}

func race(t task) {
	var counter int

	read := func() int { return counter }
	t.add("none", func(each int) {
		for i := 0; i < each; i++ {
			counter++ // `go run -race` would tell
		}
	}, read)

	var lock sync.Mutex
	counter = 0
	t.add("mutex", func(each int) {
		for i := 0; i < each; i++ {
			lock.Lock()
			counter++
			lock.Unlock()
		}
	}, read)

	var rwlock sync.RWMutex
	counter = 0
	t.add("rwmutex", func(each int) {
		for i := 0; i < each; i++ {
			rwlock.Lock()
			counter++
			rwlock.Unlock()
		}
	}, read)

	t.addByChannel()

	var sum atomic.Int64
	t.add("atomic", func(each int) {
		for i := 0; i < each; i++ {
			sum.Add(1)
		}
	}, func() int { return int(sum.Load()) })
}
