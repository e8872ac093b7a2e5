// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

func init() { experiments["cancel"] = cancel }

// stop n that wait for work, of which none comes; how many ended, and after how long.
func stop(n int) (ended int32, ns float64) {
	var here, done sync.WaitGroup
	var count atomic.Int32

	ctx, cancel := context.WithCancel(context.Background())
	work := make(chan int)
	here.Add(n)
	done.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			defer done.Done()
			here.Done()
			select {
			case <-work:
			case <-ctx.Done():
				count.Add(1)
			}
		}()
	}
	here.Wait()
	ns = timed(func() {
		cancel()
		done.Wait()
	})
	return count.Load(), ns
}

func cancel(t task) {
	var all int32

	stop(10)
	for _, n := range t.steps("stop_", "_ns") {
		ended, ns := stop(n)
		t.figure(fmt.Sprintf("stop_%d_ns", n), ns)
		all += ended
	}
	t.figure("stopped", float64(all))
}
