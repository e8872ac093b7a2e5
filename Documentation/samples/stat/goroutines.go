// SPDX-License-Identifier: GPL-2.0-only

// goroutines - 1,000 workers in a ring hand a value on, 20 times round. threads.py does the
// same. `gvt stat -- go run goroutines.go` shows what the kernel sees of it.
package main

import "fmt"

const (
	workers = 1000
	rounds  = 20
)

func worker(in <-chan int, out chan<- int) {
	for value := range in {
		out <- value + 1
	}
	close(out)
}

func main() {
	first := make(chan int)
	last := first
	for i := 0; i < workers; i++ {
		next := make(chan int)
		go worker(last, next)
		last = next
	}
	value := 0
	for i := 0; i < rounds; i++ {
		first <- value
		value = <-last
	}
	close(first)
	<-last
	fmt.Println(workers, "goroutines,", value, "times handed on")
}
