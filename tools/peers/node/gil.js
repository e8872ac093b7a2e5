// SPDX-License-Identifier: GPL-2.0-only
//
// gil.js - the same computing by one worker thread, and cut among several: each has an
// interpreter of its own, and costs its start.

"use strict";

const { Task, burnInThreads, timed } = require("./peer");

async function main() {
	const task = new Task();
	const compute = (workers) => timed(() => burnInThreads(workers, task.get("n")));

	await compute(task.get("procs"));
	const one = await compute(1), all = await compute(task.get("procs"));

	task.figure("one_ns", one);
	task.figure("all_ns", all);
	task.figure("speedup", one / all);
}

main();
