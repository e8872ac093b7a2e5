// SPDX-License-Identifier: GPL-2.0-only
//
// cancel.js - one AbortController tells any number of async functions to stop, if they ask it.

"use strict";

const { setMaxListeners } = require("events");

const { Task, timed } = require("./peer");

// No work ever comes.
async function waitForWork(signal) {
	try {
		await new Promise((resolve, reject) => {
			signal.addEventListener("abort", () => reject(signal.reason));
		});
		return 0;
	} catch {
		return 1;
	}
}

// How many ended, and after how long.
async function stop(n) {
	const controller = new AbortController();
	let ended;

	setMaxListeners(0, controller.signal);
	const workers = Array.from({ length: n }, () => waitForWork(controller.signal));
	const ns = await timed(async () => {
		controller.abort();
		ended = await Promise.all(workers);
	});

	return { ns, ended: ended.filter(Boolean).length };
}

async function main() {
	const task = new Task();
	let stopped = 0;

	await stop(10);
	for (const n of task.steps("stop_", "_ns")) {
		const { ns, ended } = await stop(n);

		task.figure(`stop_${n}_ns`, ns);
		stopped += ended;
	}
	task.figure("stopped", stopped);
}

main();
