// SPDX-License-Identifier: GPL-2.0-only
//
// parallel.js - four async functions compute in slices and yield after each: all of them are in
// progress, and one computes, however many CPUs there are.

"use strict";

const { Task, burn, now, tick } = require("./peer");

const TASKS = 4;

async function compute(n, steps) {
	let inProgress = 0, most = 0;
	const begin = now(), cpu = process.cpuUsage();

	await Promise.all(Array.from({ length: TASKS }, async () => {
		most = Math.max(most, ++inProgress);
		for (let i = 0; i < n; i++) {
			burn(steps);
			await tick();
		}
		inProgress--;
	}));
	const used = process.cpuUsage(cpu);

	return { most, cpus: (used.user + used.system) * 1000 / (now() - begin) };
}

async function main() {
	const task = new Task();

	await compute(task.get("n"), task.get("steps"));
	for (const which of ["_1", ""]) {
		const { most, cpus } = await compute(task.get("n"), task.get("steps"));

		task.figure(`in_progress${which}`, most);
		task.figure(`cpus_used${which}`, cpus);
	}
}

main();
