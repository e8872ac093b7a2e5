// SPDX-License-Identifier: GPL-2.0-only

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A ticker of a millisecond beside threads that compute: the kernel preempts them. */
class Preempt {
	static final long TICK = 1_000_000;

	/** How late it was each time. */
	static List<Long> tickBeside(int procs, int ms) throws InterruptedException {
		long now = System.nanoTime(), end = now + ms * TICK;
		List<Thread> loops = new ArrayList<>();
		List<Long> late = new ArrayList<>();

		for (int i = 0; i < 2 * procs; i++) {
			loops.add(new Thread(() -> {
				while (System.nanoTime() < end)
					Peer.burn(1000);
			}));
		}
		for (Thread loop : loops)
			loop.start();
		while (now < end) {
			long due = now + TICK;

			Thread.sleep(1);
			now = System.nanoTime();
			late.add(Math.max(0, now - due));
		}
		Peer.join(loops);
		return late;
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();

		tickBeside(peer.get("procs"), peer.get("n") / 10 + 1);
		List<Long> late = tickBeside(peer.get("procs"), peer.get("n"));
		// The last one comes after the end.
		peer.figure("ticks", late.size() - 1);
		Collections.sort(late);
		peer.figure("late_median_ns", late.get(late.size() / 2));
		peer.figure("late_max_ns", late.get(late.size() - 1));
		peer.none("ticks_off", "the kernel always preempts its threads");
	}
}
