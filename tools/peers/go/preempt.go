// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"
)

func init() {
	experiments["preempt"] = preempt
	children["ticks"] = func(ms int) {
		late, ticks := tickBeside(ms)
		fmt.Println(ticks, late[len(late)-1])
	}
}

// tickBeside: two loops for each P that call nothing, and a ticker of a millisecond beside
// them; how late it was each time, in order of size, and how often in time.
func tickBeside(ms int) (late []float64, ticks int) {
	// What the loops compute takes about that long for each P.
	perStep := timed(func() { burn(1000000) }) / 1e6
	steps := int(float64(ms) * 1e6 / perStep)
	begin := time.Now()
	end := begin.Add(time.Duration(ms) * time.Millisecond)
	over := make(chan struct{})
	go func() {
		for now := begin; now.Before(end); {
			due := now.Add(time.Millisecond)
			time.Sleep(time.Until(due))
			now = time.Now()
			late = append(late, float64(now.Sub(due).Nanoseconds()))
			if now.Before(end) {
				ticks++
			}
		}
		close(over)
	}()
	all(2*runtime.GOMAXPROCS(0), func(int) { burn(steps) })
	<-over
	sort.Float64s(late)
	return late, ticks
}

func preempt(t task) {
	tickBeside(t["n"]/10 + 1)
	late, ticks := tickBeside(t["n"])
	t.figure("ticks", float64(ticks))
	t.figure("late_median_ns", late[len(late)/2])
	t.figure("late_max_ns", late[len(late)-1])

	// Without preemption is a setting of the whole process.
	child := exec.Command(os.Args[0], "ticks", strconv.Itoa(t["n"]))
	child.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1",
		"GOMAXPROCS="+strconv.Itoa(t["procs"]))
	said, err := child.Output()
	check(err)
	words := strings.Fields(string(said))
	off, err := strconv.ParseFloat(words[0], 64)
	check(err)
	worst, err := strconv.ParseFloat(words[1], 64)
	check(err)
	t.figure("ticks_off", off)
	t.figure("late_max_off_ns", worst)
}
