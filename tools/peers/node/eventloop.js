// SPDX-License-Identifier: GPL-2.0-only
//
// eventloop.js - timers beside computing, and computing cut among tasks, in one event loop.
//
//   node eventloop.js TIMERS COMPUTE_MS STEPS

"use strict";

const [timers, computeMs, steps] = process.argv.slice(2).map(Number);
const TIMER_MS = 10;

const now = () => Number(process.hrtime.bigint());

function burn(n) {
	let x = 1;

	for (let i = 0; i < n; i++)
		x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
	return x;
}

// How long after their time N timers had all been heard of.
function manyTimers() {
	return new Promise((done) => {
		const begin = now();
		let left = timers;

		for (let i = 0; i < timers; i++) {
			setTimeout(() => {
				if (--left === 0)
					done(now() - begin - TIMER_MS * 1e6);
			}, TIMER_MS);
		}
	});
}

// How late one timer is beside a task that computes.
function lateBeside() {
	return new Promise((done) => {
		const due = now() + TIMER_MS * 1e6;

		setTimeout(() => done(now() - due), TIMER_MS);
		setImmediate(() => {
			const end = now() + computeMs * 1e6;

			while (now() < end)
				burn(1000);
		});
	});
}

// The same computing by one task, and by as many as there are.
function tasks(n) {
	const begin = now();

	return Promise.all(Array.from({ length: n }, async () => {
		await null;
		burn(steps / n);
	})).then(() => now() - begin);
}

async function main() {
	await manyTimers();
	console.log("timers_ns", Math.max(0, await manyTimers()) / timers);
	console.log("late_ns", Math.max(0, await lateBeside()));
	await tasks(2);
	const one = await tasks(1);
	console.log("speedup", one / await tasks(2));
}

main();
