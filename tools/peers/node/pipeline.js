// SPDX-License-Identifier: GPL-2.0-only
//
// pipeline.js - stages are streams of objects, each of which holds 16.

"use strict";

const { Readable, Transform } = require("stream");
const { pipeline } = require("stream/promises");

const { Task, kernelSwitches, timed } = require("./peer");

const CAPACITY = 16;

function* numbers(n) {
	for (let i = 1; i <= n; i++)
		yield i;
}

function stage(work) {
	return new Transform({
		objectMode: true,
		highWaterMark: CAPACITY,
		transform(value, _, done) {
			done(null, work(value));
		},
	});
}

async function flow(n) {
	let sum = 0, expected = 0;

	await pipeline(
		Readable.from(numbers(n), { highWaterMark: CAPACITY }),
		stage((value) => value * 3),
		stage((value) => value + 1),
		// A stream takes null for its end, so a number must not be one: none is.
		stage((value) => Math.floor(value / 2)),
		async (values) => {
			for await (const value of values)
				sum += value;
		},
	);
	for (const i of numbers(n))
		expected += Math.floor((i * 3 + 1) / 2);
	if (sum !== expected)
		throw new Error("the values don't add up");
}

async function main() {
	const task = new Task();
	const n = task.get("value_ns");

	await flow(n / 10);
	const before = kernelSwitches();
	task.figure("value_ns", await timed(() => flow(n)) / n);
	task.figure("value_kernel_switches", (kernelSwitches() - before) / n);
}

main();
