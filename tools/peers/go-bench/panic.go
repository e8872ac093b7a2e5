// SPDX-License-Identifier: GPL-2.0-only

package main

var ran int

func tells() {
	ran++
}

//go:noinline
func defers() {
	defer tells()
}

func takes() {
	if recover() != nil {
		ran++
	}
}

//go:noinline
func panics() {
	defer takes()
	panic("text")
}

func measureCalls(n int, f func()) float64 {
	ran = 0
	for i := 0; i < n/10; i++ {
		f()
	}
	ns := timed(n, func() {
		for i := 0; i < n; i++ {
			f()
		}
	})
	if ran != n/10+n {
		giveUp(1, "%d deferred calls have run, not %d", ran, n/10+n)
	}
	return ns
}

func measureDefer(n int) float64 {
	return measureCalls(n, defers)
}

func measurePanic(n int) float64 {
	return measureCalls(n, panics)
}
