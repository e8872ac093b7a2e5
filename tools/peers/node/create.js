// SPDX-License-Identifier: GPL-2.0-only
//
// create.js - what it costs to call an async function and await its end.

"use strict";

const { Task, now, timed } = require("./peer");

const BATCH = 100;

async function nothing() {
	await null;
}

async function createOne(n) {
	for (let i = 0; i < n; i++)
		await nothing();
}

// The time in the calls alone.
async function createBatches(n) {
	let calls = 0;

	for (; n > 0; n -= BATCH) {
		const begin = now();
		const batch = Array.from({ length: BATCH }, nothing);

		calls += now() - begin;
		await Promise.all(batch);
	}
	return calls;
}

async function main() {
	const task = new Task();
	const one = task.get("create_join_ns");
	const batch = Math.ceil(task.get("create_join_batch_ns") / BATCH) * BATCH;
	let calls;

	await createOne(one / 10);
	task.figure("create_join_ns", await timed(() => createOne(one)) / one);
	await createBatches(batch / 10);
	task.figure("create_join_batch_ns",
		    await timed(async () => { calls = await createBatches(batch); }) / batch);
	task.figure("create_call_ns", calls / batch);
}

main();
