// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"os"
	"sync"
	"syscall"
	"time"
)

func init() { experiments["block"] = block }

// progress is what is computed in the time, a nanosecond.
func progress(d time.Duration) float64 {
	begin, chunks := time.Now(), 0

	for time.Since(begin) < d {
		burn(2000)
		chunks++
	}
	return float64(chunks) / float64(time.Since(begin).Nanoseconds())
}

func threadsAlive() float64 {
	entries, err := os.ReadDir("/proc/self/task")

	check(err)
	return float64(len(entries))
}

// beside n that are blocked, one computes: in percent of what it does alone.
func beside(t task, way string, d time.Duration, wait func()) {
	var here sync.WaitGroup

	alone := progress(d)
	here.Add(t["n"])
	for i := 0; i < t["n"]; i++ {
		go func() {
			here.Done()
			wait()
		}()
	}
	here.Wait()
	t.figure("progress_"+way, 100*progress(d)/alone)
	t.figure("threads_"+way, threadsAlive())
}

func block(t task) {
	var pipe [2]int

	d := 40 * time.Millisecond
	if t["quick"] == 1 {
		d = 15 * time.Millisecond
	}
	check(syscall.Pipe(pipe[:]))
	progress(d / 4)
	beside(t, "sleep", d, func() { time.Sleep(time.Hour) })
	// A system call that blocks takes its thread with it; the P goes on with another.
	beside(t, "call", d, func() { syscall.Read(pipe[0], make([]byte, 1)) })
	t.none("progress_read", "Go's runtime is told of every system call")
}
