// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"runtime"
	"sync"
	"time"
)

func yields(each, many int) {
	var done sync.WaitGroup

	done.Add(many)
	for i := 0; i < many; i++ {
		go func() {
			for k := 0; k < each; k++ {
				runtime.Gosched()
			}
			done.Done()
		}()
	}
	done.Wait()
}

func measureYields(n, many int) float64 {
	each := n / many

	yields(each/10, many)
	return timed(each*many, func() { yields(each, many) })
}

func creations(done chan struct{}, n int) {
	for i := 0; i < n; i++ {
		go func() { done <- struct{}{} }()
		<-done
	}
}

func measureCreate(n int) float64 {
	done := make(chan struct{})

	creations(done, n/10)
	return timed(n, func() { creations(done, n) })
}

func batch(n int) {
	var wg sync.WaitGroup

	wg.Add(n)
	for i := 0; i < n; i++ {
		go func() { wg.Done() }()
	}
	wg.Wait()
}

func measureBatch(n int) float64 {
	batch(n)
	return timed(n, func() { batch(n) })
}

func skynet(to chan<- int64, number, leaves int64) {
	if leaves == 1 {
		to <- number
		return
	}
	from := make(chan int64)
	for i := int64(0); i < 10; i++ {
		go skynet(from, number+i*(leaves/10), leaves/10)
	}
	sum := int64(0)
	for i := 0; i < 10; i++ {
		sum += <-from
	}
	to <- sum
}

func skynetTree(leaves int64) int64 {
	to := make(chan int64)

	go skynet(to, 0, leaves)
	return <-to
}

func measureSkynet(n int) float64 {
	leaves, goroutines, sum := int64(1), 1, int64(0)

	for leaves*10 <= int64(n) {
		leaves *= 10
		goroutines += int(leaves)
	}
	skynetTree(leaves)
	figure := timed(goroutines, func() { sum = skynetTree(leaves) })
	if sum != leaves*(leaves-1)/2 {
		giveUp(1, "the leaves add up to %d", sum)
	}
	return figure
}

// sleeps: none ends before the last one has slept, so all are alive at once.
func sleeps(n int) time.Duration {
	var slept, ended sync.WaitGroup

	end := make(chan struct{})
	slept.Add(n)
	ended.Add(n)
	begin := time.Now()
	for i := 0; i < n; i++ {
		go func() {
			time.Sleep(time.Millisecond)
			slept.Done()
			<-end
			ended.Done()
		}()
	}
	slept.Wait()
	took := time.Since(begin)
	close(end)
	ended.Wait()
	return took
}

func measureSleep(n int) float64 {
	sleeps(n)
	return float64(sleeps(n).Nanoseconds()) / float64(n)
}
