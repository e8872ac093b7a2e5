// SPDX-License-Identifier: GPL-2.0-only

package main

import "sync"

func checkSum(sum int64, n int) {
	if sum != int64(n)*(int64(n)-1)/2 {
		giveUp(1, "what was received adds up to %d", sum)
	}
}

func roundTrips(there, back chan int64, value int64, n int) int64 {
	go func() {
		for i := 0; i < n; i++ {
			back <- <-there + 1
		}
	}()
	for i := 0; i < n; i++ {
		there <- value
		value = <-back
	}
	return value
}

func measureRoundTrip(n int) float64 {
	there, back := make(chan int64), make(chan int64)
	value := roundTrips(there, back, 0, n/10)

	figure := timed(n, func() { value = roundTrips(there, back, value, n) })
	if value != int64(n/10+n) {
		giveUp(1, "%d round trips", value)
	}
	return figure
}

// sendAll sends first, first + step, ... below end.
func sendAll(c chan<- int64, first, step, end int64) {
	for i := first; i < end; i += step {
		c <- i
	}
}

func stream(c chan int64, n int) int64 {
	sum := int64(0)

	go sendAll(c, 0, 1, int64(n))
	for i := 0; i < n; i++ {
		sum += <-c
	}
	return sum
}

func measureStream(n, buffer int) float64 {
	c := make(chan int64, buffer)
	sum := stream(c, n/10)

	figure := timed(n, func() { sum = stream(c, n) })
	checkSum(sum, n)
	return figure
}

func selectAll(a, b chan int64, n int) int64 {
	sum := int64(0)

	go sendAll(a, 0, 2, int64(n))
	go sendAll(b, 1, 2, int64(n))
	for i := 0; i < n; i++ {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += v
		}
	}
	return sum
}

func measureSelect(n int) float64 {
	a, b := make(chan int64), make(chan int64)
	sum := selectAll(a, b, n/10)

	figure := timed(n, func() { sum = selectAll(a, b, n) })
	checkSum(sum, n)
	return figure
}

func lockAll(each, many int) {
	var m sync.Mutex
	var done sync.WaitGroup

	count := 0
	done.Add(many)
	for i := 0; i < many; i++ {
		go func() {
			for k := 0; k < each; k++ {
				m.Lock()
				count++
				m.Unlock()
			}
			done.Done()
		}()
	}
	done.Wait()
	if count != each*many {
		giveUp(1, "%d counted under the lock, not %d", count, each*many)
	}
}

func measureMutex(n, many int) float64 {
	each := n / many

	lockAll(each/10, many)
	return timed(each*many, func() { lockAll(each, many) })
}
