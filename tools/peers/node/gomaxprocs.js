// SPDX-License-Identifier: GPL-2.0-only
//
// gomaxprocs.js - the same computing by as many worker threads as it may use CPUs.

"use strict";

const { Task, burnInThreads, timed } = require("./peer");

async function main() {
	const task = new Task();
	const steps = task.steps("time_", "_ns");
	const took = [];

	await burnInThreads(task.get("procs"), task.get("n"));
	for (const procs of steps) {
		took.push(await timed(() => burnInThreads(procs, task.get("n"))));
		task.figure(`time_${procs}_ns`, took.at(-1));
	}
	if (steps.length > 1)
		task.figure("speedup", took[0] / took.at(-1));
	else
		task.none("speedup", "one CPU: there is nothing to compare with");
}

main();
