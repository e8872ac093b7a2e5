// SPDX-License-Identifier: GPL-2.0-only

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** How many threads can wait at once, and what one costs then. */
class Scale {
	/** Threads that wait for a gate. */
	static class Parked {
		final CountDownLatch gate = new CountDownLatch(1), here;
		final List<Thread> threads;

		Parked(int n) {
			here = new CountDownLatch(n);
			threads = new ArrayList<>(n);
		}

		void make(int n) throws InterruptedException {
			for (int i = 0; i < n; i++) {
				threads.add(Peer.start(() -> Peer.quietly(() -> {
					here.countDown();
					gate.await();
					return null;
				})));
			}
			here.await();
		}

		void release() throws InterruptedException {
			gate.countDown();
			Peer.join(threads);
		}
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		double release = 0, bytes = 0;
		int most = 0;

		Peer.all(10, i -> { });
		long[] before = Peer.readMemory();
		for (int n : peer.steps("alive_", "_ns")) {
			if (!peer.roomFor(n)) {
				peer.noRoom("alive_" + n + "_ns");
				continue;
			}
			Parked parked = new Parked(n);
			double took = Peer.timed(() -> parked.make(n));
			double each = Peer.committed(Peer.memorySince(before, n));
			double released = Peer.timed(parked::release) / n;

			peer.figure("alive_" + n + "_ns", took / n);
			// Compared is how many there can be within a time.
			if (most == 0 || took <= peer.get("time_ms") * 1e6) {
				most = n;
				bytes = each;
				release = released;
			}
		}
		peer.figure("max_alive", most);
		peer.figure("bytes_at_max", bytes);
		peer.figure("release_at_max_ns", release);
	}
}
