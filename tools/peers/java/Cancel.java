// SPDX-License-Identifier: GPL-2.0-only

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** Each thread can be interrupted: what it waits for throws an exception. */
class Cancel {
	/** How many ended. */
	final AtomicInteger ended = new AtomicInteger();

	/** How long it takes to stop n that wait for work, of which none comes. */
	double stop(int n) throws Exception {
		LinkedBlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
		CountDownLatch here = new CountDownLatch(n);
		List<Thread> threads = new ArrayList<>(n);

		for (int i = 0; i < n; i++) {
			threads.add(Peer.start(() -> {
				here.countDown();
				try {
					work.take().run();
				} catch (InterruptedException e) {
					ended.incrementAndGet();
				}
			}));
		}
		here.await();
		return Peer.timed(() -> {
			for (Thread thread : threads)
				thread.interrupt();
			Peer.join(threads);
		});
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		Cancel cancel = new Cancel();

		cancel.stop(10);
		cancel.ended.set(0);
		for (int n : peer.steps("stop_", "_ns")) {
			if (peer.roomFor(n))
				peer.figure("stop_" + n + "_ns", cancel.stop(n));
			else
				peer.noRoom("stop_" + n + "_ns");
		}
		peer.figure("stopped", cancel.ended.get());
	}
}
