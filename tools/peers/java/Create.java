// SPDX-License-Identifier: GPL-2.0-only

import java.util.ArrayList;
import java.util.List;

/** What it costs to make a thread and wait for its end. */
class Create {
	static final int BATCH = 100;

	static void one(int n) throws InterruptedException {
		for (int i = 0; i < n; i++)
			Peer.start(() -> { }).join();
	}

	/** The time in the calls alone that make one. */
	static long batches(int n) throws InterruptedException {
		long calls = 0;

		for (; n > 0; n -= BATCH) {
			List<Thread> threads = new ArrayList<>(BATCH);
			long begin = System.nanoTime();

			for (int i = 0; i < BATCH; i++)
				threads.add(Peer.start(() -> { }));
			calls += System.nanoTime() - begin;
			Peer.join(threads);
		}
		return calls;
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		int one = peer.get("create_join_ns");
		int batch = (peer.get("create_join_batch_ns") + BATCH - 1) / BATCH * BATCH;

		one(one / 10);
		peer.figure("create_join_ns", Peer.timed(() -> one(one)) / one);
		batches(BATCH);
		long begin = System.nanoTime();
		long calls = batches(batch);
		peer.figure("create_join_batch_ns", (double) (System.nanoTime() - begin) / batch);
		peer.figure("create_call_ns", (double) calls / batch);
	}
}
