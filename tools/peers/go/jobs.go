// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"sync"
)

const pool = 8

func init() { experiments["jobs"] = jobs }

var errJob = errors.New("it failed")

// job computes for a while; every hundredth fails.
func job(number int) error {
	burn(500)
	if number%100 == 0 {
		return errJob
	}
	return nil
}

// ownJobs is a goroutine for each, of which eight run at once.
func ownJobs(n int, results chan<- error) {
	tickets := make(chan struct{}, pool)
	for i := 1; i <= n; i++ {
		go func(i int) {
			tickets <- struct{}{}
			results <- job(i)
			<-tickets
		}(i)
	}
}

// pooledJobs go to eight goroutines.
func pooledJobs(n int, results chan<- error) {
	var workers sync.WaitGroup

	work := make(chan int, 64)
	workers.Add(pool)
	for i := 0; i < pool; i++ {
		go func() {
			defer workers.Done()
			for number := range work {
				results <- job(number)
			}
		}()
	}
	for i := 1; i <= n; i++ {
		work <- i
	}
	close(work)
	workers.Wait()
}

// hear all results of a way to do the jobs.
func hear(n int, do func(n int, results chan<- error)) (heard, failed int) {
	results := make(chan error, 64)
	go do(n, results)
	for heard < n {
		if err := <-results; err != nil {
			failed++
		}
		heard++
	}
	return heard, failed
}

func jobs(t task) {
	var heard, failed [2]int

	n := t["n"]
	hear(pool, ownJobs)
	t.figure("own_ns", timed(func() { heard[0], failed[0] = hear(n, ownJobs) })/float64(n))
	t.figure("pool_ns", timed(func() { heard[1], failed[1] = hear(n, pooledJobs) })/float64(n))
	t.figure("results", float64(heard[0]+heard[1]))
	t.figure("failed", float64(failed[0]+failed[1]))
}
