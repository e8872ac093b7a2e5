// SPDX-License-Identifier: GPL-2.0-only

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** An echo server: a thread for each connection. */
class Server {
	static void echo(Socket connection) {
		byte[] text = new byte[32];

		try (connection) {
			connection.setTcpNoDelay(true);
			for (int n; (n = connection.getInputStream().read(text)) > 0;)
				connection.getOutputStream().write(text, 0, n);
		} catch (IOException e) {
			// A client that is gone is no failure of the server.
		}
	}

	static void acceptAll(ServerSocket listener) {
		while (true) {
			Socket connection = Peer.quietly(listener::accept);

			Peer.start(() -> echo(connection));
		}
	}

	public static void main(String[] args) throws Exception {
		Peer peer = new Peer();
		ServerSocket listener = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());

		System.out.println("port " + listener.getLocalPort());
		Peer.start(() -> acceptAll(listener));
		// It ends when its input does.
		while (System.in.read() >= 0)
			continue;
		System.exit(0);
	}
}
