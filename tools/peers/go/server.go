// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func init() { experiments["server"] = server }

// echo serves one connection, until the other end closes it.
func echo(c net.Conn) {
	defer c.Close()
	text := make([]byte, 32)
	for {
		n, err := c.Read(text)
		if err != nil {
			return
		}
		if _, err := c.Write(text[:n]); err != nil {
			return
		}
	}
}

func server(t task) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println("port", l.Addr().(*net.TCPAddr).Port)
	go func() {
		for {
			c, err := l.Accept()
			check(err)
			go echo(c)
		}
	}()
	// It ends when its input does.
	io.Copy(io.Discard, os.Stdin)
}
