// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
)

func init() { experiments["memory"] = memory }

// memuse is what this process takes, in bytes; of kernel stacks, the whole system.
type memuse struct {
	rss, pageTables, kernelStacks, reserved float64
}

func keyBytes(path, key string) float64 {
	text, err := os.ReadFile(path)
	check(err)
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == key {
			kib, err := strconv.Atoi(fields[1])
			check(err)
			return float64(kib) * 1024
		}
	}
	return 0
}

func readMemory() memuse {
	return memuse{
		keyBytes("/proc/self/smaps_rollup", "Rss:"),
		keyBytes("/proc/self/status", "VmPTE:"),
		keyBytes("/proc/meminfo", "KernelStack:"),
		keyBytes("/proc/self/status", "VmSize:"),
	}
}

// since is what each of n takes more than before.
func (to memuse) since(from memuse, n int) memuse {
	each := func(from, to float64) float64 {
		if to < from {
			return 0
		}
		return (to - from) / float64(n)
	}
	return memuse{
		each(from.rss, to.rss),
		each(from.pageTables, to.pageTables),
		each(from.kernelStacks, to.kernelStacks),
		each(from.reserved, to.reserved),
	}
}

func (m memuse) committed() float64 { return m.rss + m.pageTables + m.kernelStacks }

// parked are goroutines that wait for a channel to be closed.
type parked struct {
	gate           chan struct{}
	arrived, ended sync.WaitGroup
}

func park(n int) *parked {
	p := &parked{gate: make(chan struct{})}
	p.arrived.Add(n)
	p.ended.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			p.arrived.Done()
			<-p.gate
			p.ended.Done()
		}()
	}
	return p
}

func (p *parked) release() {
	close(p.gate)
	p.ended.Wait()
}

func memory(t task) {
	n := t["committed_bytes"]

	park(8).release()
	// What becomes garbage meanwhile is not what is measured.
	runtime.GC()
	debug.SetGCPercent(-1)
	// On one P none of them starts before this goroutine waits, or runs too long.
	runtime.GOMAXPROCS(1)
	from := readMemory()
	p := park(n)
	made := readMemory().since(from, n)
	p.arrived.Wait()
	each := readMemory().since(from, n)
	p.release()

	t.figure("committed_bytes", each.committed())
	t.figure("rss_bytes", each.rss)
	t.figure("page_tables_bytes", each.pageTables)
	t.figure("kernel_stack_bytes", each.kernelStacks)
	t.figure("reserved_bytes", each.reserved)
	t.figure("not_started_bytes", made.committed())
}
