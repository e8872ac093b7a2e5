// SPDX-License-Identifier: GPL-2.0-only

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Six threads that are started one after the other: the orders in which they end. */
class Order {
	static Map<List<Integer>, Integer> orders(int rounds) throws InterruptedException {
		Map<List<Integer>, Integer> seen = new HashMap<>();

		for (int i = 0; i < rounds; i++) {
			Integer[] came = new Integer[6];
			AtomicInteger place = new AtomicInteger();

			Peer.all(came.length, k -> {
				Peer.burn(20000);
				came[place.getAndIncrement()] = k;
			});
			seen.merge(Arrays.asList(came), 1, Integer::sum);
		}
		return seen;
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		int n = peer.get("n");

		orders(n / 10 + 1);
		Map<List<Integer>, Integer> seen = orders(n);
		peer.figure("orders", seen.size());
		peer.figure("commonest", 100.0 * Collections.max(seen.values()) / n);
		peer.figure("as_made", 100.0 * seen.getOrDefault(List.of(0, 1, 2, 3, 4, 5), 0) / n);
		peer.none("orders_1", "a JVM can't bind itself to one CPU");
	}
}
