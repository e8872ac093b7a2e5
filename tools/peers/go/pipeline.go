// SPDX-License-Identifier: GPL-2.0-only

package main

func init() { experiments["pipeline"] = pipeline }

// stage is a goroutine of its own between two channels that hold 16.
func stage(from <-chan int, work func(int) int) <-chan int {
	to := make(chan int, 16)
	go func() {
		for value := range from {
			to <- work(value)
		}
		close(to)
	}()
	return to
}

func flow(n int) (sum int) {
	made := make(chan int, 16)
	go func() {
		for i := 1; i <= n; i++ {
			made <- i
		}
		close(made)
	}()
	tripled := stage(made, func(v int) int { return v * 3 })
	incremented := stage(tripled, func(v int) int { return v + 1 })
	for value := range stage(incremented, func(v int) int { return v / 2 }) {
		sum += value
	}
	return sum
}

func pipeline(t task) {
	n := t.n("value_ns")

	flow(n / 10)
	from := kernelSwitches()
	t.figure("value_ns", timed(func() { flow(n) })/float64(n))
	t.figure("value_kernel_switches", (kernelSwitches()-from)/float64(n))
}
