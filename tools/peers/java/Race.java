// SPDX-License-Identifier: GPL-2.0-only

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** Four threads add to one counter. */
class Race {
	static final int WORKERS = 4;

	final Peer peer = new Peer();
	/** Volatile, so that each addition is done: it is three steps all the same. */
	volatile long counter;

	int additions(String way) {
		return Math.max(WORKERS, peer.get(way + "_ns") / WORKERS * WORKERS);
	}

	void add(String way, Runnable one) throws Exception {
		int n = additions(way);
		double ns = 0;

		for (int each : new int[] { n / WORKERS / 10, n / WORKERS }) {
			counter = 0;
			ns = Peer.timed(() -> Peer.all(WORKERS, i -> {
				for (int k = 0; k < each; k++)
					one.run();
			}));
		}
		peer.figure(way + "_ns", ns / n);
	}

	void lost(String way, long sum) {
		peer.figure("lost_" + way, additions(way) - sum);
	}

	synchronized void addOne() {
		counter++;
	}

	void locked(ReentrantReadWriteLock lock) {
		lock.writeLock().lock();
		try {
			counter++;
		} finally {
			lock.writeLock().unlock();
		}
	}

	/** To one who adds, who is told the end of it by a 0. */
	void byQueue() throws Exception {
		BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(128);
		int n = additions("channel");
		long[] sum = { 0 };
		Thread owner = Peer.start(() -> Peer.quietly(() -> {
			for (int value = queue.take(); value != 0; value = queue.take())
				sum[0] += value;
			return null;
		}));

		peer.figure("channel_ns", Peer.timed(() -> {
			Peer.all(WORKERS, i -> Peer.quietly(() -> {
				for (int k = 0; k < n / WORKERS; k++)
					queue.put(1);
				return null;
			}));
			queue.put(0);
			owner.join();
		}) / n);
		peer.figure("lost_channel", n - sum[0]);
	}

	void run() throws Exception {
		ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
		AtomicLong sum = new AtomicLong();

		add("none", () -> counter++);
		lost("none", counter);
		add("mutex", this::addOne);
		lost("mutex", counter);
		add("rwmutex", () -> locked(lock));
		lost("rwmutex", counter);
		byQueue();
		add("atomic", sum::incrementAndGet);
		// The first tenth was to warm up.
		lost("atomic", sum.get() - additions("atomic") / WORKERS / 10 * WORKERS);
	}

	public static void main(String[] args) throws Exception {
		new Race().run();
	}
}
