// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// firstOnes come before memory is read, for what only the first ones touch.
const firstOnes = 8

type parked struct {
	gate  chan struct{}
	ended sync.WaitGroup
}

func park(n int) *parked {
	var arrived sync.WaitGroup

	p := &parked{gate: make(chan struct{})}
	arrived.Add(n)
	p.ended.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			arrived.Done()
			<-p.gate
			p.ended.Done()
		}()
	}
	arrived.Wait()
	return p
}

func (p *parked) release() {
	close(p.gate)
	p.ended.Wait()
}

func measureWake(n int) float64 {
	park(n / 10).release()
	p := park(n)
	return timed(n, p.release)
}

var text [65536]byte

// readFile reads without telling the scheduler, which would let others run meanwhile.
func readFile(path string) []byte {
	name := append([]byte(path), 0)
	fd, _, errno := syscall.RawSyscall(syscall.SYS_OPENAT, ^uintptr(99),
		uintptr(unsafe.Pointer(&name[0])), syscall.O_RDONLY)
	if errno != 0 {
		giveUp(1, "%s: %s", path, errno)
	}
	end := uintptr(0)
	for {
		got, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd,
			uintptr(unsafe.Pointer(&text[end])), uintptr(cap(text[end:])))
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			giveUp(1, "%s: %s", path, errno)
		}
		if got == 0 {
			break
		}
		end += got
	}
	syscall.RawSyscall(syscall.SYS_CLOSE, fd, 0, 0)
	return text[:end]
}

// memory is the key of a file in /proc, in bytes.
func memory(path, key string) float64 {
	for _, line := range bytes.Split(readFile(path), []byte("\n")) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == key {
			kib, err := strconv.Atoi(string(fields[1]))
			if err != nil {
				giveUp(1, "%s: %s: %s", path, key, err)
			}
			return float64(kib) * 1024
		}
	}
	giveUp(1, "%s: there is no %s", path, key)
	return 0
}

// memoryTaken is what is resident, and its page tables.
func memoryTaken() float64 {
	return memory("/proc/self/smaps_rollup", "Rss:") + memory("/proc/self/status", "VmPTE:")
}

func each(from, to float64, n int) float64 {
	if to < from {
		return 0
	}
	return (to - from) / float64(n)
}

func measureParked(n int) float64 {
	park(firstOnes).release()
	from := memoryTaken()
	p := park(n)
	to := memoryTaken()
	p.release()
	return each(from, to, n)
}

func makeAll(started *int32, ended *sync.WaitGroup, n int) {
	ended.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			atomic.AddInt32(started, 1)
			ended.Done()
		}()
	}
}

// measureMade: on one P none of them starts before this goroutine waits, or runs too long.
func measureMade(n int) float64 {
	var started int32
	var ended sync.WaitGroup

	runtime.GOMAXPROCS(1)
	makeAll(&started, &ended, firstOnes)
	ended.Wait()
	started = 0
	from := memoryTaken()
	makeAll(&started, &ended, n)
	to := memoryTaken()
	early := atomic.LoadInt32(&started)
	ended.Wait()
	if early > 0 {
		giveUp(disturbed, "%d of them had started already", early)
	}
	return each(from, to, n)
}
