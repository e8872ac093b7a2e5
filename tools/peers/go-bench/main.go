// SPDX-License-Identifier: GPL-2.0-only

// The workloads of `gvt bench` in Go, as Go programmers write them, the same step by step as
// tools/bench/libgo_*.c: bench-go WORKLOAD N PROCS does one repetition and prints its figure,
// nanoseconds or bytes for each; `bench-go version` prints Go's version. Exit status: 0; 1
// failed; 2 wrong use; 4 something else came in between, another try may do.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

const disturbed = 4

// workloads: what does n operations and tells what each took.
var workloads = map[string]func(n int) float64{
	"yield":     func(n int) float64 { return measureYields(n, 2) },
	"yield-100": func(n int) float64 { return measureYields(n, 100) },
	"create":    measureCreate,
	"batch":     measureBatch,
	"skynet":    measureSkynet,
	"sleep":     measureSleep,
	"roundtrip": measureRoundTrip,
	"oneway":    func(n int) float64 { return measureStream(n, 0) },
	"buffer":    func(n int) float64 { return measureStream(n, 128) },
	"select":    measureSelect,
	"mutex":     func(n int) float64 { return measureMutex(n, 1) },
	"mutex-4":   func(n int) float64 { return measureMutex(n, 4) },
	"defer":     measureDefer,
	"panic":     measurePanic,
	"wake":      measureWake,
	"parked":    measureParked,
	"made":      measureMade,
	"timer":     measureTimer,
	"timers":    measureTimers,
	"timer-mem": measureTimersMemory,
	"tick-50":   func(n int) float64 { return measureTicks(n, 50) },
	"tick-99":   func(n int) float64 { return measureTicks(n, 99) },
}

// timed is the time that f takes, for each of n.
func timed(n int, f func()) float64 {
	begin := time.Now()
	f()
	return float64(time.Since(begin).Nanoseconds()) / float64(n)
}

func giveUp(status int, format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench-go: "+format+"\n", args...)
	os.Exit(status)
}

func number(what, text string, min, max int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < min || n > max {
		giveUp(2, "%s: `%s` is not a number from %d to %d", what, text, min, max)
	}
	return n
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(runtime.Version())
		return
	}
	if len(os.Args) != 4 {
		giveUp(2, "wants WORKLOAD N PROCS, or version")
	}
	measure, known := workloads[os.Args[1]]
	if !known {
		giveUp(2, "%s: no such workload", os.Args[1])
	}
	n := number("N", os.Args[2], 100, 1000000000)
	runtime.GOMAXPROCS(number("PROCS", os.Args[3], 1, 1024))
	fmt.Printf("%.9g\n", measure(n))
}
