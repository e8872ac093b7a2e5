// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

func init() {
	experiments["mainexit"] = mainexit
	children["leave"] = leave
}

func sleepAndSay(i int, say string) {
	time.Sleep(time.Duration(i+1) * time.Millisecond)
	os.Stdout.WriteString(say)
}

// leave makes n that say "f" when they have finished, and returns at once: that is "r".
func leave(n int) {
	for i := 0; i < n; i++ {
		go sleepAndSay(i, "f")
	}
	os.Stdout.WriteString("r")
}

func mainexit(t task) {
	var finished atomic.Int32

	all(t["n"], func(i int) {
		sleepAndSay(i, "")
		finished.Add(1)
	})
	t.figure("finished_waited", float64(finished.Load()))

	said, err := exec.Command(os.Args[0], "leave", strconv.Itoa(t["n"])).Output()
	check(err)
	before, after, _ := strings.Cut(string(said), "r")
	t.figure("finished_returned", float64(len(before)))
	t.figure("finished_later", float64(len(after)))
}
