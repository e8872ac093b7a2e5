// SPDX-License-Identifier: GPL-2.0-only

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.SynchronousQueue;

/** Java's channels are queues: one in which both ends meet, and ones with a capacity. */
class Channel {
	static BlockingQueue<Integer> make(int capacity) {
		return capacity > 0 ? new ArrayBlockingQueue<>(capacity) : new SynchronousQueue<>();
	}

	static int takes(int capacity) {
		BlockingQueue<Integer> queue = make(capacity);
		int n = 0;

		while (queue.offer(n))
			n++;
		return n;
	}

	static void stream(int capacity, int n) throws Exception {
		BlockingQueue<Integer> queue = make(capacity);
		Thread sender = Peer.start(() -> Peer.quietly(() -> {
			for (int i = 0; i < n; i++)
				queue.put(i);
			return null;
		}));

		for (int i = 0; i < n; i++)
			queue.take();
		sender.join();
	}

	static void emptyLooks(int n) {
		BlockingQueue<Integer> queue = make(1);

		for (int i = 0; i < n; i++)
			queue.poll();
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();

		for (int capacity : peer.steps("takes_", ""))
			peer.figure("takes_" + capacity, takes(capacity));
		for (int capacity : peer.steps("value_", "_ns")) {
			int n = peer.get("value_" + capacity + "_ns");

			stream(capacity, n / 10);
			double took = Peer.timed(() -> stream(capacity, n));
			peer.figure("value_" + capacity + "_ns", took / n);
		}
		int n = peer.get("empty_ns");
		peer.figure("empty_ns", Peer.timed(() -> emptyLooks(n)) / n);
		peer.none("first_share", "it can't take from one of two queues");
	}
}
