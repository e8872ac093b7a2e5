// SPDX-License-Identifier: GPL-2.0-only
//
// scale.js - how many async functions can wait at once, and what one costs then.

"use strict";

const { Task, gate, memorySince, readMemory, timed } = require("./peer");

// Of one that waits, generously: to bound, not to report.
const WAITING_BYTES = 2048;

async function park(opened) {
	await opened;
}

async function main() {
	const task = new Task();
	const before = readMemory();
	let most;

	for (const n of task.steps("alive_", "_ns")) {
		const { opened, open } = gate();
		let parked;

		if (n > task.get("memory") / WAITING_BYTES) {
			task.none(`alive_${n}_ns`, "that many might take half of the memory");
			continue;
		}
		const took = await timed(() => {
			parked = Array.from({ length: n }, () => park(opened));
		});
		const each = memorySince(before, n).committed;
		const release = await timed(() => {
			open();
			return Promise.all(parked);
		}) / n;

		task.figure(`alive_${n}_ns`, took / n);
		// Compared is how many there can be within a time.
		if (!most || took <= task.get("time_ms") * 1e6)
			most = { n, each, release };
	}
	task.figure("max_alive", most.n);
	task.figure("bytes_at_max", most.each);
	task.figure("release_at_max_ns", most.release);
}

main();
