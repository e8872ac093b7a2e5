// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"os"
)

func init() { experiments["skynet"] = skynet }

// node sends its number where it is a leaf, else the sum of its ten children's.
func node(to chan<- int, number, leaves int) {
	if leaves == 1 {
		to <- number
		return
	}
	from := make(chan int)
	for i := 0; i < 10; i++ {
		go node(from, number+i*leaves/10, leaves/10)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-from
	}
	to <- sum
}

func tree(leaves int) {
	to := make(chan int)
	go node(to, 0, leaves)
	if sum := <-to; sum != leaves*(leaves-1)/2 {
		fmt.Fprintln(os.Stderr, "the leaves don't add up")
		os.Exit(1)
	}
}

func nodes(leaves int) (n int) {
	for ; leaves > 0; leaves /= 10 {
		n += leaves
	}
	return n
}

func skynet(t task) {
	large, small := t["node_ns"], t["node_small_ns"]

	tree(small)
	t.figure("node_small_ns", timed(func() { tree(small) })/float64(nodes(small)))
	tree(large)
	t.figure("node_ns", timed(func() { tree(large) })/float64(nodes(large)))
	t.figure("nodes", float64(nodes(large)))
}
