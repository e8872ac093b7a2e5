// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

func init() { experiments["leak"] = leak }

func waitsForNobody(nobodySends chan int) { <-nobodySends }

// reported is how many the goroutine profile says to be in waitsForNobody: "100 @ 0x..."
// and, in the lines below it, where they are.
func reported() float64 {
	var text bytes.Buffer

	check(pprof.Lookup("goroutine").WriteTo(&text, 1))
	for _, kind := range strings.Split(text.String(), "\n\n") {
		if strings.Contains(kind, "waitsForNobody") {
			lines := strings.Split(strings.TrimSpace(kind), "\n")
			for _, line := range lines {
				count, _, found := strings.Cut(line, " @")
				if n, err := strconv.Atoi(count); found && err == nil {
					return float64(n)
				}
			}
		}
	}
	return 0
}

func leak(t task) {
	n := t["n"]
	alone := runtime.NumGoroutine()
	from := readMemory()

	park(n).release()
	for i := 0; runtime.NumGoroutine() > alone && i < 1000; i++ {
		time.Sleep(time.Millisecond)
	}
	t.figure("alive_stopped", float64(runtime.NumGoroutine()-alone))

	for i := 0; i < n; i++ {
		go waitsForNobody(make(chan int))
	}
	// All have come to wait when there is nothing left to run.
	time.Sleep(50 * time.Millisecond)
	t.figure("left_bytes", readMemory().since(from, n).committed())
	t.figure("alive_left", float64(runtime.NumGoroutine()-alone))
	t.figure("reported", reported())
}
