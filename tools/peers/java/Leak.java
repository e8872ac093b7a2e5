// SPDX-License-Identifier: GPL-2.0-only

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;

/** Threads that wait for what nobody does: who asks for all stacks sees them. */
class Leak {
	static void waitsForNobody(CountDownLatch here, CountDownLatch never) {
		Peer.quietly(() -> {
			here.countDown();
			never.await();
			return null;
		});
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		int n = peer.get("n");
		CountDownLatch here = new CountDownLatch(n), never = new CountDownLatch(1);
		int alone = Thread.activeCount();
		long[] before = Peer.readMemory();

		Peer.all(n, i -> { });
		peer.figure("alive_stopped", Thread.activeCount() - alone);
		for (int i = 0; i < n; i++) {
			Thread thread = new Thread(() -> waitsForNobody(here, never));

			// The program ends without them.
			thread.setDaemon(true);
			thread.start();
		}
		here.await();
		peer.figure("left_bytes", Peer.committed(Peer.memorySince(before, n)));
		peer.figure("alive_left", Thread.activeCount() - alone);
		peer.figure("reported", Thread.getAllStackTraces().values().stream()
			.filter(stack -> Arrays.stream(stack)
				.anyMatch(frame -> frame.getMethodName().equals("waitsForNobody")))
			.count());
	}
}
