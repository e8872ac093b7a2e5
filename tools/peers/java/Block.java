// SPDX-License-Identifier: GPL-2.0-only

import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.concurrent.CountDownLatch;

/** Some threads are blocked, one computes. */
class Block {
	final Peer peer = new Peer();
	final long ns = peer.get("quick") == 1 ? 15_000_000 : 40_000_000;

	/** What is computed in the time, a nanosecond. */
	double progress() {
		long begin = System.nanoTime(), chunks = 0;

		while (System.nanoTime() - begin < ns) {
			Peer.burn(2000);
			chunks++;
		}
		return (double) chunks / (System.nanoTime() - begin);
	}

	void beside(String way, Runnable wait) throws Exception {
		CountDownLatch here = new CountDownLatch(peer.get("n"));
		double alone = progress();

		for (int i = 0; i < peer.get("n"); i++) {
			Thread thread = Peer.thread(() -> {
				here.countDown();
				wait.run();
			});

			// The program ends without them.
			thread.setDaemon(true);
			thread.start();
		}
		here.await();
		peer.figure("progress_" + way, 100 * progress() / alone);
		peer.figure("threads_" + way, Peer.threadsAlive());
	}

	void run() throws Exception {
		Pipe pipe = Pipe.open();

		progress();
		beside("sleep", () -> Peer.quietly(() -> {
			Thread.sleep(3600_000);
			return null;
		}));
		beside("call", () -> Peer.quietly(() ->
			pipe.source().read(ByteBuffer.allocate(1))));
		peer.none("progress_read", "it calls nothing of which the JVM isn't told");
	}

	public static void main(String[] args) throws Exception {
		new Block().run();
	}
}
