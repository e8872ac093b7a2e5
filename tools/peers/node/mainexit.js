// SPDX-License-Identifier: GPL-2.0-only
//
// mainexit.js - a program of Node.js ends when nothing is left to wait for, not when its first
// function returns: all finish.

"use strict";

const { execFileSync } = require("child_process");

const { Task } = require("./peer");

async function sleepAndSay(i, say) {
	await new Promise((resolve) => setTimeout(resolve, i + 1));
	say("f");
}

function startAll(n, say) {
	return Promise.all(Array.from({ length: n }, (_, i) => sleepAndSay(i, say)));
}

// Make n that say "f" when they have finished, and return at once: that is "r".
function leave(n) {
	startAll(n, (text) => process.stdout.write(text));
	process.stdout.write("r");
}

async function main() {
	const task = new Task();
	let finished = 0;

	await startAll(task.get("n"), () => { finished++; });
	task.figure("finished_waited", finished);

	const said = execFileSync(process.execPath, [__filename, task.get("n")]).toString();
	const [before, after] = said.split("r");

	task.figure("finished_returned", before.length);
	task.figure("finished_later", after.length);
}

if (process.argv.length > 2)
	leave(Number(process.argv[2]));
else
	main();
