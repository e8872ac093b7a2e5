// SPDX-License-Identifier: GPL-2.0-only

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;

/** Background jobs, some of which fail: a thread for each, or a pool of eight. */
class Jobs {
	static final int POOL = 8, STEPS = 500;

	/** A job's number, or -1: it failed. */
	static int doJob(int number) {
		Peer.burn(STEPS);
		return number % 100 == 0 ? -1 : number;
	}

	final LinkedBlockingQueue<Integer> results = new LinkedBlockingQueue<>();
	int heard, failed;

	void hear(int n) throws InterruptedException {
		for (int i = 0; i < n; i++) {
			heard++;
			failed += results.take() < 0 ? 1 : 0;
		}
	}

	void own(int n) throws InterruptedException {
		Semaphore tickets = new Semaphore(POOL);

		for (int i = 1; i <= n; i++) {
			int number = i;

			// Threads of the kernel are made as there is room for them.
			tickets.acquire();
			Peer.start(() -> {
				results.add(doJob(number));
				tickets.release();
			});
		}
		hear(n);
	}

	void pooled(int n) throws InterruptedException {
		ExecutorService pool = Executors.newFixedThreadPool(POOL);

		for (int i = 1; i <= n; i++) {
			int number = i;

			pool.submit(() -> results.add(doJob(number)));
		}
		hear(n);
		pool.shutdown();
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		Jobs jobs = new Jobs();
		int n = peer.get("n");

		new Jobs().own(POOL);
		peer.figure("own_ns", Peer.timed(() -> jobs.own(n)) / n);
		peer.figure("pool_ns", Peer.timed(() -> jobs.pooled(n)) / n);
		peer.figure("results", jobs.heard);
		peer.figure("failed", jobs.failed);
	}
}
