// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"sync"
)

func init() { experiments["recover"] = recovers }

//go:noinline
func descend(depth int, fails bool) int {
	if depth > 0 {
		return descend(depth-1, fails) + 1
	}
	if fails {
		panic("it failed")
	}
	return 0
}

// attempt tells whether it failed; a panic 10 calls deep is taken.
func attempt(fails bool) (failed bool) {
	defer func() { failed = recover() != nil }()
	descend(10, fails)
	return
}

func attempts(n int, fails bool) (taken int) {
	for i := 0; i < n; i++ {
		if attempt(fails) {
			taken++
		}
	}
	return taken
}

// group has 100 members, of which one fails: the group's error is the first one.
func group() (first error) {
	var once sync.Once

	all(100, func(i int) {
		if i == 37 {
			once.Do(func() { first = errors.New("it failed") })
		}
	})
	return first
}

func recovers(t task) {
	n, taken := t["n"], 0

	attempts(n/10, false)
	t.figure("call_ns", timed(func() { attempts(n, false) })/float64(n))
	attempts(n/10, true)
	t.figure("recover_ns", timed(func() { taken = attempts(n, true) })/float64(n))
	t.figure("recovered", float64(taken))

	groups, failed := t["groups_failed"], 0
	group()
	took := timed(func() {
		for i := 0; i < groups; i++ {
			if group() != nil {
				failed++
			}
		}
	})
	t.figure("member_ns", took/float64(groups*100))
	t.figure("groups_failed", float64(failed))
}
