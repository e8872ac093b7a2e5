// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"sync"
	"time"
)

func init() { experiments["create"] = create }

func createOne(n int) {
	done := make(chan struct{})
	for i := 0; i < n; i++ {
		go func() { done <- struct{}{} }()
		<-done
	}
}

// createBatches is the time in the `go` statements alone.
func createBatches(n int) (calls time.Duration) {
	const batch = 100
	var done sync.WaitGroup

	for ; n > 0; n -= batch {
		done.Add(batch)
		begin := time.Now()
		for i := 0; i < batch; i++ {
			go done.Done()
		}
		calls += time.Since(begin)
		done.Wait()
	}
	return calls
}

func create(t task) {
	one, batch := t.n("create_join_ns"), (t.n("create_join_batch_ns")+99)/100*100

	createOne(one / 10)
	t.figure("create_join_ns", timed(func() { createOne(one) })/float64(one))
	createBatches(100)
	var calls time.Duration
	took := timed(func() { calls = createBatches(batch) })
	t.figure("create_join_batch_ns", took/float64(batch))
	t.figure("create_call_ns", float64(calls.Nanoseconds())/float64(batch))
}
