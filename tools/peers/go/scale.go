// SPDX-License-Identifier: GPL-2.0-only

package main

import "fmt"

// goroutineBytes is what a parked one takes, generously: to bound, not to report.
const goroutineBytes = 4096

func init() { experiments["scale"] = scale }

func scale(t task) {
	var most, each, release float64

	park(10).release()
	from := readMemory()
	for _, n := range t.steps("alive_", "_ns") {
		name := fmt.Sprintf("alive_%d_ns", n)
		if n > t["memory"]/goroutineBytes {
			t.none(name, "that many might take more than half of the memory")
			continue
		}
		var p *parked
		took := timed(func() {
			p = park(n)
			p.arrived.Wait()
		})
		t.figure(name, took/float64(n))
		memory := readMemory().since(from, n).committed()
		released := timed(p.release) / float64(n)
		// Compared is how many there can be within a time.
		if most == 0 || took <= float64(t["time_ms"])*1e6 {
			most, each, release = float64(n), memory, released
		}
	}
	t.figure("max_alive", most)
	t.figure("bytes_at_max", each)
	t.figure("release_at_max_ns", release)
}
