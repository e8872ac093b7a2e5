// SPDX-License-Identifier: GPL-2.0-only

/** The same computing by one thread, and cut among several. */
class Gil {
	static double compute(int workers, int steps) throws Exception {
		return Peer.timed(() -> Peer.all(workers, i -> Peer.burn(steps / workers)));
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		int n = peer.get("n"), procs = peer.get("procs");

		compute(procs, n);
		double one = compute(1, n), all = compute(procs, n);
		peer.figure("one_ns", one);
		peer.figure("all_ns", all);
		peer.figure("speedup", one / all);
	}
}
