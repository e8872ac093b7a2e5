// SPDX-License-Identifier: GPL-2.0-only

// The experiments of `gvt run --peers go` as Go programmers write them: a file for each, to
// be read beside tools/experiments/*.c. This file is what they share: gvt tells by one line
// what to do, and is told each figure by a line (tools/peer.h says all of it).
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// task is what gvt asked for: numbers by their names.
type task map[string]int

// experiments by their names; each file adds its own.
var experiments = map[string]func(t task){}

// children are programs that such a program starts, to see how they end.
var children = map[string]func(n int){}

func (t task) figure(name string, value float64) {
	fmt.Println(name, strconv.FormatFloat(value, 'g', 9, 64))
}

func (t task) none(name, reason string) {
	if _, asked := t[name]; asked {
		fmt.Println(name, "-", reason)
	}
}

// n is how many operations a metric wants, all rounds together.
func (t task) n(metric string) int {
	if rounds := t["goroutine_rounds"]; rounds > 1 {
		return t[metric] * rounds
	}
	return t[metric]
}

// steps are the numbers in the names of metrics: of alive_10_ns and alive_100_ns, 10 and 100.
func (t task) steps(before, after string) []int {
	var steps []int

	for name := range t {
		inner := strings.TrimSuffix(strings.TrimPrefix(name, before), after)
		if n, err := strconv.Atoi(inner); err == nil && name == before+inner+after {
			steps = append(steps, n)
		}
	}
	sort.Ints(steps)
	return steps
}

// timed is how many nanoseconds f takes.
func timed(f func()) float64 {
	begin := time.Now()
	f()
	return float64(time.Since(begin).Nanoseconds())
}

// all starts n goroutines and waits for them.
func all(n int, f func(i int)) {
	var done sync.WaitGroup

	done.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			defer done.Done()
			f(i)
		}(i)
	}
	done.Wait()
}

var sink atomic.Uint64

// burn computes for n steps of about a nanosecond: no memory, no call.
//
//go:noinline
func burn(n int) {
	x := uint64(n) | 1
	for i := 0; i < n; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	if x == 0 {
		sink.Add(1)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) == 3 {
		n, err := strconv.Atoi(os.Args[2])
		check(err)
		children[os.Args[1]](n)
		return
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	check(err)
	words := strings.Fields(line)
	t := task{}
	for _, word := range words[1:] {
		name, number, _ := strings.Cut(word, "=")
		t[name], err = strconv.Atoi(number)
		check(err)
	}
	fmt.Println("version", runtime.Version())
	runtime.GOMAXPROCS(t["procs"])
	experiment, known := experiments[words[0]]
	if !known {
		check(fmt.Errorf("there is no %s", words[0]))
	}
	experiment(t)
}
