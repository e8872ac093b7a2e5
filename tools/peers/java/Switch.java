// SPDX-License-Identifier: GPL-2.0-only

import java.util.concurrent.SynchronousQueue;

/** A value that goes to and fro between two threads. */
class Switch {
	static void roundTrips(int n) throws Exception {
		SynchronousQueue<Integer> there = new SynchronousQueue<>();
		SynchronousQueue<Integer> back = new SynchronousQueue<>();
		Thread other = Peer.start(() -> Peer.quietly(() -> {
			for (int i = 0; i < n; i++)
				back.put(there.take());
			return null;
		}));

		for (int i = 0; i < n; i++) {
			there.put(i);
			back.take();
		}
		other.join();
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		int n = peer.get("round_trip_ns");

		peer.none("yield_ns", "a JVM can't bind two threads to one CPU");
		roundTrips(n / 10);
		peer.figure("round_trip_ns", Peer.timed(() -> roundTrips(n)) / n);
		peer.none("round_trip_kernel_switches", "it isn't told: see the counters");
	}
}
