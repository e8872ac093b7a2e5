// SPDX-License-Identifier: GPL-2.0-only

// The servers of scripts/bench-net in Go, as Go programmers write them: `net-go echo` is
// libgo/examples/tcp_server.c, `net-go http` is http_server.c. Each prints the port that it
// listens on.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
)

func die(err error) {
	fmt.Fprintf(os.Stderr, "net-go: %v\n", err)
	os.Exit(1)
}

func echo(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 2048)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	w.Header()["Content-Type"] = []string{"text/plain; charset=utf-8"}
	// libgo's example sends none either.
	w.Header()["Date"] = nil
	io.WriteString(w, "Hello, world!\n")
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(runtime.Version())
		return
	}
	if len(os.Args) != 2 || (os.Args[1] != "echo" && os.Args[1] != "http") {
		fmt.Fprintln(os.Stderr, "usage: net-go echo|http|version")
		os.Exit(2)
	}
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		die(err)
	}
	fmt.Printf("listening on port %d\n", l.Addr().(*net.TCPAddr).Port)
	if os.Args[1] == "http" {
		die(http.Serve(l, http.HandlerFunc(hello)))
	}
	for {
		c, err := l.Accept()
		if err != nil {
			die(err)
		}
		go echo(c)
	}
}
