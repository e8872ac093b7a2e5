// SPDX-License-Identifier: GPL-2.0-only
//
// cancel.js - one AbortController tells any number of async functions to stop, if they ask it.
//
// They share a promise that it rejects. A listener for each would be looked for among all others when
// it is added: 100,000 of them take minutes.

"use strict";

const { Task, timed } = require("./peer");

// No work ever comes.
async function waitForWork(aborted) {
	try {
		await aborted;
		return 0;
	} catch {
		return 1;
	}
}

// How many ended, and after how long.
async function stop(n) {
	const controller = new AbortController();
	const { signal } = controller;
	const aborted = new Promise((resolve, reject) => {
		signal.addEventListener("abort", () => reject(signal.reason));
	});
	const workers = Array.from({ length: n }, () => waitForWork(aborted));
	let ended;

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
