// SPDX-License-Identifier: GPL-2.0-only
//
// peer.js - what the programs here share: gvt tells by one line what to do, and is told each
// figure by a line (tools/peer.h says all of it).
//
// JavaScript's counterpart of a goroutine is an async function: many in one thread, which switch
// where one awaits. Where an experiment is about CPUs, it is a worker thread (gil, gomaxprocs).

"use strict";

const fs = require("fs");
const { Worker } = require("worker_threads");

// What gvt asked for: numbers by their names.
class Task {
	constructor() {
		const words = fs.readFileSync(0, "utf8").trim().split(/\s+/).slice(1);

		this.numbers = new Map(words.map((word) => {
			const [name, number] = word.split("=");

			return [name, Number(number)];
		}));
		console.log("version", process.version);
	}

	get(name) {
		return this.numbers.get(name);
	}

	// The numbers in the names of metrics: of alive_10_ns and alive_100_ns, 10 and 100.
	steps(before, after) {
		const shape = new RegExp(`^${before}(\\d+)${after}$`);

		return [...this.numbers.keys()].map((name) => shape.exec(name)).filter(Boolean)
			.map((found) => Number(found[1])).sort((a, b) => a - b);
	}

	figure(name, value) {
		console.log(name, Number(value.toPrecision(9)));
	}

	none(name, reason) {
		if (this.numbers.has(name))
			console.log(name, "-", reason);
	}
}

const now = () => Number(process.hrtime.bigint());

// How many nanoseconds something takes, a promise until it is kept.
async function timed(something) {
	const begin = now();

	await something();
	return now() - begin;
}

const tick = () => new Promise(setImmediate);

// Promises that n async functions wait for, and what keeps them.
function gate() {
	let open;
	const opened = new Promise((resolve) => { open = resolve; });

	return { opened, open };
}

// Compute for n steps of about a nanosecond.
function burn(n) {
	let x = 1;

	for (let i = 0; i < n; i++)
		x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
	return x;
}

// The same in n worker threads, which each compute a part.
function burnInThreads(n, steps) {
	const program = `${burn}; burn(${Math.floor(steps / n)})`;

	return Promise.all(Array.from({ length: n }, () => new Promise((resolve, reject) => {
		const worker = new Worker(program, { eval: true });

		worker.on("exit", resolve);
		worker.on("error", reject);
	})));
}

function keyBytes(path, key) {
	const found = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(fs.readFileSync(path, "utf8"));

	return found ? Number(found[1]) * 1024 : 0;
}

// What this process takes, in bytes; of kernel stacks, the whole system.
function readMemory() {
	return {
		rss: keyBytes("/proc/self/smaps_rollup", "Rss"),
		page_tables: keyBytes("/proc/self/status", "VmPTE"),
		kernel_stack: keyBytes("/proc/meminfo", "KernelStack"),
		reserved: keyBytes("/proc/self/status", "VmSize"),
	};
}

// What each of n takes more than before; and of that, what is really taken.
function memorySince(before, n) {
	const after = readMemory(), each = {};

	for (const key of Object.keys(after))
		each[key] = Math.max(0, after[key] - before[key]) / n;
	each.committed = each.rss + each.page_tables + each.kernel_stack;
	return each;
}

function kernelSwitches() {
	const usage = process.resourceUsage();

	return usage.voluntaryContextSwitches + usage.involuntaryContextSwitches;
}

module.exports = { Task, burn, burnInThreads, gate, kernelSwitches, memorySince, now, readMemory,
		   tick, timed };
