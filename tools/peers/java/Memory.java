// SPDX-License-Identifier: GPL-2.0-only

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** What a thread takes that waits; and one that was made and not started. */
class Memory {
	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		int n = peer.get("committed_bytes");
		CountDownLatch here = new CountDownLatch(n), gate = new CountDownLatch(1);
		List<Thread> threads = new ArrayList<>(n);

		Peer.all(8, i -> { });
		System.gc();
		long[] before = Peer.readMemory();
		for (int i = 0; i < n; i++) {
			threads.add(Peer.thread(() -> Peer.quietly(() -> {
				here.countDown();
				gate.await();
				return null;
			})));
		}
		double[] made = Peer.memorySince(before, n);
		for (Thread thread : threads)
			thread.start();
		here.await();
		double[] each = Peer.memorySince(before, n);
		gate.countDown();
		Peer.join(threads);

		peer.figure("committed_bytes", Peer.committed(each));
		peer.figure("rss_bytes", each[0]);
		peer.figure("page_tables_bytes", each[1]);
		peer.figure("kernel_stack_bytes", each[2]);
		peer.figure("reserved_bytes", each[3]);
		peer.figure("not_started_bytes", Peer.committed(made));
	}
}
