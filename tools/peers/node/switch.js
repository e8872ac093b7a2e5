// SPDX-License-Identifier: GPL-2.0-only
//
// switch.js - two async functions that yield to the event loop; a value that goes to and fro.

"use strict";

const { Task, kernelSwitches, tick, timed } = require("./peer");

async function yields(n) {
	for (let i = 0; i < n; i++)
		await tick();
}

// A place for one value, and who waits for it.
class Slot {
	put(value) {
		this.taker(value);
	}

	take() {
		return new Promise((resolve) => { this.taker = resolve; });
	}
}

async function answer(there, back, n) {
	for (let i = 0; i < n; i++)
		back.put(await there.take());
}

async function ask(there, back, n) {
	for (let i = 0; i < n; i++) {
		const answered = back.take();

		there.put(i);
		await answered;
	}
}

function roundTrips(n) {
	const there = new Slot(), back = new Slot();

	return Promise.all([answer(there, back, n), ask(there, back, n)]);
}

async function main() {
	const task = new Task();
	let n = task.get("yield_ns");

	await yields(n / 10);
	task.figure("yield_ns", await timed(() => Promise.all([yields(n), yields(n)])) / (2 * n));
	n = task.get("round_trip_ns");
	await roundTrips(n / 10);
	const before = kernelSwitches();
	task.figure("round_trip_ns", await timed(() => roundTrips(n)) / n);
	task.figure("round_trip_kernel_switches", (kernelSwitches() - before) / n);
}

main();
