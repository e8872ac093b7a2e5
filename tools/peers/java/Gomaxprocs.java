// SPDX-License-Identifier: GPL-2.0-only

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The same computing by a pool of one thread, and of more. */
class Gomaxprocs {
	static final int TASKS_EACH = 4;

	static double compute(int procs, int tasks, int steps) throws Exception {
		return Peer.timed(() -> {
			ExecutorService pool = Executors.newFixedThreadPool(procs);

			for (int i = 0; i < tasks; i++)
				pool.submit(() -> Peer.burn(steps / tasks + 1));
			pool.shutdown();
			pool.awaitTermination(1, TimeUnit.HOURS);
		});
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		int[] steps = peer.steps("time_", "_ns");
		int last = steps.length - 1, n = peer.get("n");
		double[] took = new double[steps.length];

		compute(steps[last], TASKS_EACH * steps[last], n);
		for (int i = 0; i <= last; i++) {
			took[i] = compute(steps[i], TASKS_EACH * steps[last], n);
			peer.figure("time_" + steps[i] + "_ns", took[i]);
		}
		if (last > 0)
			peer.figure("speedup", took[0] / took[last]);
		else
			peer.none("speedup", "one CPU: there is nothing to compare with");
	}
}
