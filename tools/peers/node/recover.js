// SPDX-License-Identifier: GPL-2.0-only
//
// recover.js - an exception, ten calls deep, that the caller takes; and async functions of which
// one fails.

"use strict";

const { Task, timed } = require("./peer");

const MEMBERS = 100, FAILS = 37;

function descend(depth, fails) {
	if (depth)
		return descend(depth - 1, fails) + 1;
	if (fails)
		throw new Error("it failed");
	return 0;
}

function attempt(fails) {
	try {
		descend(10, fails);
		return 0;
	} catch {
		return 1;
	}
}

function attempts(n, fails) {
	let taken = 0;

	for (let i = 0; i < n; i++)
		taken += attempt(fails);
	return taken;
}

async function member(i) {
	if (i === FAILS)
		throw new Error("it failed");
}

// Does the group have the error of the one that fails?
function group() {
	return Promise.all(Array.from({ length: MEMBERS }, (_, i) => member(i)))
		.then(() => 0, () => 1);
}

async function main() {
	const task = new Task();
	const n = task.get("n"), groups = task.get("groups_failed");
	let taken = 0, failed = 0;

	attempts(n / 10, false);
	task.figure("call_ns", await timed(() => { attempts(n, false); }) / n);
	attempts(n / 10, true);
	task.figure("recover_ns", await timed(() => { taken = attempts(n, true); }) / n);
	task.figure("recovered", taken);
	await group();
	task.figure("member_ns", await timed(async () => {
		for (let i = 0; i < groups; i++)
			failed += await group();
	}) / (groups * MEMBERS));
	task.figure("groups_failed", failed);
}

main();
