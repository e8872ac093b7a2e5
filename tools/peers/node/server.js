// SPDX-License-Identifier: GPL-2.0-only
//
// server.js - an echo server: a callback for what comes, all in one thread.

"use strict";

const net = require("net");

const server = net.createServer({ noDelay: true }, (connection) => {
	connection.pipe(connection);
	// A client that is gone is no failure of the server.
	connection.on("error", () => connection.destroy());
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 1024 }, () => {
	console.log("version", process.version);
	console.log("port", server.address().port);
});

// It ends when its input does.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
