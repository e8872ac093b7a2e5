// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

func init() {
	experiments["deadlock"] = deadlock
	children["wait"] = waitForNobody
}

// waitForNobody: all send on a channel that nobody receives from.
func waitForNobody(n int) {
	c := make(chan int)
	for i := 0; i < n; i++ {
		go func(i int) { c <- i }(i)
	}
	time.Sleep(20 * time.Millisecond)
	os.Stdout.WriteString("all but main wait\n")
	c <- n
}

func deadlock(t task) {
	var report bytes.Buffer

	child := exec.Command(os.Args[0], "wait", strconv.Itoa(t["n"]))
	child.Stderr = &report
	said, err := child.StdoutPipe()
	check(err)
	check(child.Start())
	said.Read(make([]byte, 100))
	begin := time.Now()
	child.Wait()
	took := time.Since(begin)

	const first = "fatal error: all goroutines are asleep - deadlock!"
	if child.ProcessState.ExitCode() != 2 || !strings.HasPrefix(report.String(), first) {
		t.figure("ended", 0)
		return
	}
	t.figure("ended", 1)
	t.figure("noticed_ns", float64(took.Nanoseconds()))
	t.figure("named", float64(strings.Count(report.String(), "[chan send")))
}
