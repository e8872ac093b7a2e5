// SPDX-License-Identifier: GPL-2.0-only
//
// memory.js - what an async function takes that waits.

"use strict";

const { Task, gate, memorySince, readMemory } = require("./peer");

async function park(opened) {
	await opened;
}

async function main() {
	const task = new Task();
	const n = task.get("committed_bytes");

	for (let i = 0; i < 1000; i++)
		await park(null);
	const { opened, open } = gate();
	const before = readMemory();
	const parked = Array.from({ length: n }, () => park(opened));
	const each = memorySince(before, n);

	open();
	await Promise.all(parked);
	for (const kind of ["committed", "rss", "page_tables", "kernel_stack", "reserved"])
		task.figure(`${kind}_bytes`, each[kind]);
	task.none("not_started_bytes", "an async function runs at once, until it awaits");
}

main();
