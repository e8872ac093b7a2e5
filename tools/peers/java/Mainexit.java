// SPDX-License-Identifier: GPL-2.0-only

import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicInteger;

/** A JVM ends when the last thread that is no daemon has: main's return ends nobody. */
class Mainexit {
	static void sleep(int i) {
		Peer.quietly(() -> {
			Thread.sleep(i + 1);
			return null;
		});
	}

	/** Make n that say "f" when they have finished, and return at once: that is "r". */
	static void leave(int n) {
		PrintStream out = System.out;

		for (int i = 0; i < n; i++) {
			int number = i;

			Peer.start(() -> {
				sleep(number);
				out.print("f");
				out.flush();
			});
		}
		out.print("r");
		out.flush();
	}

	public static void main(String[] args) throws Exception {
		if (args.length > 0) {
			leave(Integer.parseInt(args[0]));
			return;
		}
		Peer peer = new Peer();
		AtomicInteger finished = new AtomicInteger();

		Peer.all(peer.get("n"), i -> {
			sleep(i);
			finished.incrementAndGet();
		});
		peer.figure("finished_waited", finished.get());

		Process child = Peer.child("Mainexit", peer.get("n")).start();
		String said = new String(child.getInputStream().readAllBytes());
		peer.figure("finished_returned", said.indexOf('r'));
		peer.figure("finished_later", said.length() - 1 - said.indexOf('r'));
	}
}
