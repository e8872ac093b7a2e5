// SPDX-License-Identifier: GPL-2.0-only
//
// eventloop.js - timers beside computing, and computing cut among tasks, in one event loop.

"use strict";

const { Task, burn, now, timed } = require("./peer");

const TIMER_MS = 10;

const sleep = () => new Promise((resolve) => setTimeout(resolve, TIMER_MS));

// How long after their time n timers had all been heard of.
async function manyTimers(n) {
	const took = await timed(() => Promise.all(Array.from({ length: n }, sleep)));

	return Math.max(0, took - TIMER_MS * 1e6);
}

// How late one timer is beside a task that computes.
async function lateBeside(ms) {
	const due = now() + TIMER_MS * 1e6;

	setImmediate(() => {
		const end = now() + ms * 1e6;

		while (now() < end)
			burn(1000);
	});
	await sleep();
	return Math.max(0, now() - due);
}

// The same computing by one task, and by as many as there are.
function compute(steps, n) {
	return timed(() => Promise.all(Array.from({ length: n }, async () => {
		await null;
		burn(steps / n);
	})));
}

async function main() {
	const task = new Task();
	const n = task.get("n"), steps = task.get("steps");

	await manyTimers(n);
	task.figure("timers_ns", await manyTimers(n) / n);
	task.figure("late_ns", await lateBeside(task.get("compute_ms")));
	await compute(steps, 2);
	task.figure("speedup", await compute(steps, 1) / await compute(steps, 2));
}

main();
