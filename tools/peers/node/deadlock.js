// SPDX-License-Identifier: GPL-2.0-only
//
// deadlock.js - all await what nobody will do. Nothing is left for the event loop to wait for, so
// the program ends, as if all had been done: with status 0, and without a word.

"use strict";

const { spawnSync } = require("child_process");

const { Task } = require("./peer");

async function waitForNobody(never) {
	await never;
}

async function main() {
	const task = new Task();
	const child = spawnSync(process.execPath, [__filename, task.get("n")], { timeout: 10000 });

	task.figure("ended", child.signal ? 0 : 1);
	task.none("noticed_ns", "to it that is no deadlock, but the end of the program");
	task.figure("named", 0);
}

if (process.argv.length > 2) {
	const never = new Promise(() => {});

	for (let i = 0; i <= Number(process.argv[2]); i++)
		waitForNobody(never);
} else {
	main();
}
