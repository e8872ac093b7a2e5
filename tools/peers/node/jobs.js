// SPDX-License-Identifier: GPL-2.0-only
//
// jobs.js - background jobs, some of which fail: an async function for each, or a pool of eight.

"use strict";

const { Task, burn, timed } = require("./peer");

const POOL = 8;
const STEPS = 500;

async function doJob(number) {
	await null;
	burn(STEPS);
	if (number % 100 === 0)
		throw new Error("it failed");
	return number;
}

// All at once: there is one thread, so no more than one computes.
function ownJobs(n) {
	return Promise.allSettled(Array.from({ length: n }, (_, i) => doJob(i + 1)));
}

async function pooledJobs(n) {
	const results = [];
	let next = 1;

	await Promise.all(Array.from({ length: POOL }, async () => {
		while (next <= n) {
			const [result] = await Promise.allSettled([doJob(next++)]);

			results.push(result);
		}
	}));
	return results;
}

async function main() {
	const task = new Task();
	const n = task.get("n");
	let results = [];

	await ownJobs(POOL);
	task.figure("own_ns", await timed(async () => { results = await ownJobs(n); }) / n);
	task.figure("pool_ns", await timed(async () => {
		results = results.concat(await pooledJobs(n));
	}) / n);
	task.figure("results", results.length);
	task.figure("failed", results.filter((result) => result.status === "rejected").length);
}

main();
