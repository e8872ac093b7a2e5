// SPDX-License-Identifier: GPL-2.0-only

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What the programs here share: gvt tells by one line what to do, and is told each figure by a
 * line (tools/peer.h says all of it).
 *
 * Java's counterpart of a goroutine is a virtual thread, where the JDK has them (21); before,
 * there are the kernel's threads alone.
 */
class Peer {
	/** More of the kernel's threads than that are not asked for. */
	final int manyThreads;

	private final Map<String, Long> numbers = new HashMap<>();

	Peer() {
		String[] words = new Scanner(System.in).nextLine().trim().split(" +");

		for (String word : Arrays.asList(words).subList(1, words.length)) {
			String[] parts = word.split("=");

			numbers.put(parts[0], Long.parseLong(parts[1]));
		}
		manyThreads = Math.min(get("threads"), get("quick") == 1 ? 2000 : 10000);
		System.out.println("version " + Runtime.version());
	}

	int get(String name) {
		return (int) Math.min(numbers.get(name), Integer.MAX_VALUE);
	}

	/** The numbers in the names of metrics: of alive_10_ns and alive_100_ns, 10 and 100. */
	int[] steps(String before, String after) {
		return numbers.keySet().stream()
			.filter(name -> name.matches(before + "\\d+" + after))
			.mapToInt(name -> Integer.parseInt(name.replaceAll("\\D", "")))
			.sorted().toArray();
	}

	void figure(String name, double value) {
		System.out.println(name + " " + value);
	}

	void none(String name, String reason) {
		if (numbers.containsKey(name))
			System.out.println(name + " - " + reason);
	}

	/** May there be so many threads at once? */
	boolean roomFor(int threads) {
		return virtual() || threads <= manyThreads;
	}

	void noRoom(String name) {
		none(name, "without virtual threads (JDK 21) so many are not tried");
	}

	static boolean virtual() {
		return Runtime.version().feature() >= 21;
	}

	/** A thread that is made and not started: a virtual one, where there are such. */
	static Thread thread(Runnable work) {
		if (!virtual())
			return new Thread(work);
		try {
			Object builder = Thread.class.getMethod("ofVirtual").invoke(null);

			return (Thread) Class.forName("java.lang.Thread$Builder")
				.getMethod("unstarted", Runnable.class).invoke(builder, work);
		} catch (ReflectiveOperationException e) {
			throw new IllegalStateException(e);
		}
	}

	static Thread start(Runnable work) {
		Thread thread = thread(work);

		thread.start();
		return thread;
	}

	static void join(Iterable<Thread> threads) throws InterruptedException {
		for (Thread thread : threads)
			thread.join();
	}

	/** Start n threads and wait for them. */
	static void all(int n, IntConsumer work) throws InterruptedException {
		List<Thread> threads = new ArrayList<>(n);

		for (int i = 0; i < n; i++) {
			int number = i;

			threads.add(start(() -> work.accept(number)));
		}
		join(threads);
	}

	interface Work {
		void run() throws Exception;
	}

	/** How many nanoseconds something takes. */
	static double timed(Work work) throws Exception {
		long begin = System.nanoTime();

		work.run();
		return System.nanoTime() - begin;
	}

	/** An interruption is a failure where nobody interrupts. */
	static <T> T quietly(Callable<T> call) {
		try {
			return call.call();
		} catch (Exception e) {
			throw new IllegalStateException(e);
		}
	}

	static volatile long sink;

	/** Compute for n steps of about a nanosecond. */
	static void burn(long n) {
		long x = n | 1;

		for (long i = 0; i < n; i++)
			x = x * 6364136223846793005L + 1442695040888963407L;
		sink = x;
	}

	private static long keyBytes(String path, String key) throws IOException {
		try (Stream<String> lines = Files.lines(Path.of(path))) {
			return lines.filter(line -> line.startsWith(key)).findFirst()
				.map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
				.orElse(0L);
		}
	}

	/**
	 * What this process takes, in bytes: resident memory, page tables, kernel stacks of the
	 * whole system, address space.
	 */
	static long[] readMemory() throws IOException {
		return new long[] {
			keyBytes("/proc/self/smaps_rollup", "Rss:"),
			keyBytes("/proc/self/status", "VmPTE:"),
			keyBytes("/proc/meminfo", "KernelStack:"),
			keyBytes("/proc/self/status", "VmSize:"),
		};
	}

	/** What each of n takes more than before. */
	static double[] memorySince(long[] before, int n) throws IOException {
		long[] now = readMemory();

		return IntStream.range(0, now.length)
			.mapToDouble(i -> Math.max(0, now[i] - before[i]) / (double) n).toArray();
	}

	/** Of that, what is really taken. */
	static double committed(double[] each) {
		return each[0] + each[1] + each[2];
	}

	static int threadsAlive() throws IOException {
		try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
			return (int) tasks.count();
		}
	}

	/** Another process with a program from here. */
	static ProcessBuilder child(String program, int n) {
		String java = ProcessHandle.current().info().command().orElse("java");

		return new ProcessBuilder(java, "-XX:-UsePerfData", "-cp",
					  System.getProperty("java.class.path"), program, "" + n);
	}
}
