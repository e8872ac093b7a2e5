// SPDX-License-Identifier: GPL-2.0-only

package main

import "fmt"

func init() { experiments["channel"] = channel }

// takes is how many values a channel takes while nobody receives.
func takes(capacity int) (n int) {
	c := make(chan int, capacity)
	for {
		select {
		case c <- n:
			n++
		default:
			return n
		}
	}
}

func stream(capacity, n int) {
	c := make(chan int, capacity)
	go func() {
		for i := 0; i < n; i++ {
			c <- i
		}
		close(c)
	}()
	for range c {
	}
}

// emptyLooks into a channel that has nothing.
func emptyLooks(n int) {
	c := make(chan int, 1)
	for i := 0; i < n; i++ {
		select {
		case <-c:
		default:
		}
	}
}

// firstShare is how often select chose the first of two that were always ready, in percent.
func firstShare(n int) float64 {
	a, b, first := make(chan int, 1), make(chan int, 1), 0

	a <- 0
	b <- 0
	for i := 0; i < n; i++ {
		select {
		case <-a:
			first++
			a <- 0
		case <-b:
			b <- 0
		}
	}
	return 100 * float64(first) / float64(n)
}

func channel(t task) {
	for _, capacity := range t.steps("takes_", "") {
		t.figure(fmt.Sprintf("takes_%d", capacity), float64(takes(capacity)))
	}
	for _, capacity := range t.steps("value_", "_ns") {
		name := fmt.Sprintf("value_%d_ns", capacity)
		n := t.n(name)
		stream(capacity, n/10)
		t.figure(name, timed(func() { stream(capacity, n) })/float64(n))
	}
	n := t.n("empty_ns")
	t.figure("empty_ns", timed(func() { emptyLooks(n) })/float64(n))
	t.figure("first_share", firstShare(t.n("first_share")))
}
