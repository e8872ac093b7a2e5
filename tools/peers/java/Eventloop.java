// SPDX-License-Identifier: GPL-2.0-only

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Many timers of one thread; one beside threads that compute; computing cut in two. */
class Eventloop {
	static final long TIMER = 10_000_000;

	static double timers(ScheduledThreadPoolExecutor clock, int n) throws Exception {
		CountDownLatch heard = new CountDownLatch(n);

		return Math.max(0, Peer.timed(() -> {
			for (int i = 0; i < n; i++)
				clock.schedule(heard::countDown, TIMER, TimeUnit.NANOSECONDS);
			heard.await();
		}) - TIMER) / n;
	}

	static double lateBeside(ScheduledThreadPoolExecutor clock, int procs, int ms)
			throws Exception {
		long begin = System.nanoTime(), end = begin + ms * 1_000_000L;
		long[] late = { 0 };

		clock.schedule(() -> { late[0] = System.nanoTime() - begin - TIMER; }, TIMER,
			       TimeUnit.NANOSECONDS);
		Peer.all(procs, i -> {
			while (System.nanoTime() < end)
				Peer.burn(1000);
		});
		return Math.max(0, late[0]);
	}

	static double compute(int tasks, int steps) throws Exception {
		return Peer.timed(() -> Peer.all(tasks, i -> Peer.burn(steps / tasks)));
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1);
		int n = peer.get("n"), steps = peer.get("steps");

		timers(clock, n);
		peer.figure("timers_ns", timers(clock, n));
		peer.figure("late_ns",
			    lateBeside(clock, peer.get("procs"), peer.get("compute_ms")));
		compute(2, steps);
		peer.figure("speedup", compute(1, steps) / compute(2, steps));
		clock.shutdown();
		clock.awaitTermination(1, TimeUnit.SECONDS);
	}
}
