// SPDX-License-Identifier: GPL-2.0-only
//
// skynet.js - a tree of async functions, each of which calls ten, and adds up what they return.

"use strict";

const { Task, timed } = require("./peer");

async function node(number, leaves) {
	const each = leaves / 10;

	await null;
	if (leaves === 1)
		return number;
	const parts = await Promise.all(Array.from({ length: 10 }, (_, i) =>
		node(number + i * each, each)));

	return parts.reduce((a, b) => a + b);
}

async function tree(leaves) {
	if (await node(0, leaves) !== leaves * (leaves - 1) / 2)
		throw new Error("the leaves don't add up");
}

function nodes(leaves) {
	return leaves < 1 ? 0 : leaves + nodes(leaves / 10);
}

async function main() {
	const task = new Task();
	const small = task.get("node_small_ns"), large = task.get("node_ns");

	await tree(small);
	task.figure("node_small_ns", await timed(() => tree(small)) / nodes(small));
	await tree(large);
	task.figure("node_ns", await timed(() => tree(large)) / nodes(large));
	task.figure("nodes", nodes(large));
}

main();
