// SPDX-License-Identifier: GPL-2.0-only

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A tree of threads, each of which starts ten, and adds up what they send. */
class Skynet {
	static void node(BlockingQueue<Long> to, long number, long leaves) {
		if (leaves == 1) {
			to.add(number);
			return;
		}
		BlockingQueue<Long> from = new LinkedBlockingQueue<>();
		long sum = 0;

		for (int i = 0; i < 10; i++) {
			long first = number + i * leaves / 10;

			Peer.start(() -> node(from, first, leaves / 10));
		}
		for (int i = 0; i < 10; i++)
			sum += Peer.quietly(from::take);
		to.add(sum);
	}

	static void tree(int leaves) throws InterruptedException {
		BlockingQueue<Long> to = new LinkedBlockingQueue<>();

		node(to, 0, leaves);
		if (to.take() != (long) leaves * (leaves - 1) / 2)
			throw new IllegalStateException("the leaves don't add up");
	}

	static int nodes(int leaves) {
		return leaves == 0 ? 0 : leaves + nodes(leaves / 10);
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		int small = peer.get("node_small_ns"), large = peer.get("node_ns");

		if (peer.roomFor(nodes(small))) {
			tree(small);
			peer.figure("node_small_ns", Peer.timed(() -> tree(small)) / nodes(small));
		} else {
			peer.noRoom("node_small_ns");
		}
		if (Peer.virtual()) {
			tree(large);
			peer.figure("node_ns", Peer.timed(() -> tree(large)) / nodes(large));
			peer.figure("nodes", nodes(large));
		} else {
			peer.noRoom("node_ns");
		}
	}
}
