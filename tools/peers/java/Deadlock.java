// SPDX-License-Identifier: GPL-2.0-only

import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;

/** All put into a queue that nobody takes from: the JVM waits for ever, and says nothing. */
class Deadlock {
	static void waitForNobody(int n) throws InterruptedException {
		SynchronousQueue<Integer> queue = new SynchronousQueue<>();

		for (int i = 0; i < n; i++) {
			Peer.start(() -> Peer.quietly(() -> {
				queue.put(0);
				return null;
			}));
		}
		System.out.println("all but main wait");
		queue.put(0);
	}

	public static void main(String[] args) throws Exception {
		if (args.length > 0) {
			waitForNobody(Integer.parseInt(args[0]));
			return;
		}
		Peer peer = new Peer();
		int patience = peer.get("quick") == 1 ? 200 : 1000;
		Process child = Peer.child("Deadlock", peer.get("n")).start();

		child.getInputStream().read();
		boolean ended = child.waitFor(patience, TimeUnit.MILLISECONDS);
		child.destroyForcibly().waitFor();
		peer.figure("ended", ended ? 1 : 0);
		if (!ended)
			peer.none("noticed_ns", "nobody notices: killed after " + patience + " ms");
	}
}
