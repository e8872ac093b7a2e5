// SPDX-License-Identifier: GPL-2.0-only

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** An exception, ten calls deep, that the caller takes; and jobs of which one fails. */
class Recover {
	static final int MEMBERS = 100, FAILS = 37;

	static int descend(int depth, boolean fails) {
		if (depth > 0)
			return descend(depth - 1, fails) + 1;
		if (fails)
			throw new IllegalStateException("it failed");
		return 0;
	}

	static boolean attempt(boolean fails) {
		try {
			descend(10, fails);
			return false;
		} catch (IllegalStateException e) {
			return true;
		}
	}

	static int attempts(int n, boolean fails) {
		int taken = 0;

		for (int i = 0; i < n; i++)
			taken += attempt(fails) ? 1 : 0;
		return taken;
	}

	/** Is the error heard of of the one that fails? */
	static boolean group(ExecutorService pool) throws InterruptedException {
		List<Callable<Integer>> members = new ArrayList<>();

		for (int i = 0; i < MEMBERS; i++) {
			int number = i;

			members.add(() -> {
				if (number == FAILS)
					throw new IllegalStateException("it failed");
				return number;
			});
		}
		try {
			for (Future<Integer> member : pool.invokeAll(members))
				member.get();
			return false;
		} catch (ExecutionException e) {
			return true;
		}
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		ExecutorService pool = Executors.newFixedThreadPool(peer.get("procs"));
		int n = peer.get("n"), groups = peer.get("groups_failed"), failed = 0;

		attempts(n / 10, false);
		peer.figure("call_ns", Peer.timed(() -> attempts(n, false)) / n);
		attempts(n / 10, true);
		peer.figure("recover_ns", Peer.timed(() -> attempts(n, true)) / n);
		peer.figure("recovered", attempts(n, true));

		group(pool);
		long begin = System.nanoTime();
		for (int i = 0; i < groups; i++)
			failed += group(pool) ? 1 : 0;
		peer.figure("member_ns", (double) (System.nanoTime() - begin) / (groups * MEMBERS));
		peer.figure("groups_failed", failed);
		pool.shutdown();
	}
}
