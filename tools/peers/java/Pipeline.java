// SPDX-License-Identifier: GPL-2.0-only

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.LongUnaryOperator;

/** Stages are threads, linked by queues that hold 16. */
class Pipeline {
	static final int CAPACITY = 16;
	static final long END = -1;

	static BlockingQueue<Long> made(int n) {
		BlockingQueue<Long> to = new ArrayBlockingQueue<>(CAPACITY);

		Peer.start(() -> Peer.quietly(() -> {
			for (long i = 1; i <= n; i++)
				to.put(i);
			to.put(END);
			return null;
		}));
		return to;
	}

	static BlockingQueue<Long> stage(BlockingQueue<Long> from, LongUnaryOperator work) {
		BlockingQueue<Long> to = new ArrayBlockingQueue<>(CAPACITY);

		Peer.start(() -> Peer.quietly(() -> {
			for (long value = from.take(); value != END; value = from.take())
				to.put(work.applyAsLong(value));
			to.put(END);
			return null;
		}));
		return to;
	}

	static void flow(int n) throws InterruptedException {
		BlockingQueue<Long> tripled = stage(made(n), v -> v * 3);
		BlockingQueue<Long> incremented = stage(tripled, v -> v + 1);
		BlockingQueue<Long> out = stage(incremented, v -> v / 2);
		long sum = 0;

		for (long value = out.take(); value != END; value = out.take())
			sum += value;
		for (long i = 1; i <= n; i++)
			sum -= (i * 3 + 1) / 2;
		if (sum != 0)
			throw new IllegalStateException("the values don't add up");
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		int n = peer.get("value_ns");

		flow(n / 10);
		peer.figure("value_ns", Peer.timed(() -> flow(n)) / n);
		peer.none("value_kernel_switches", "it isn't told: see the counters");
	}
}
