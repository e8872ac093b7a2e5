#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""top_screen.py - `gvt top` on a terminal: keys, a changed size, and how it leaves the terminal.

The terminal is a pty with a VT52 behind it, which is simple enough to be imitated here: what is
compared is what would be seen. KTAP out.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

HERE = os.path.dirname(os.path.realpath(__file__))
GVT = os.environ.get("GVT") or os.path.join(HERE, "../../build/gvt")
KNOWN = os.path.join(HERE, "known_threads")
# Only against hanging for good.
PATIENCE = 120


class Screen:
    """What a VT52 shows after some output."""

    def __init__(self, lines, columns):
        self.lines, self.columns = lines, columns
        self.cells = [[" "] * columns for _ in range(lines)]
        self.y = self.x = 0
        self.rest = ""

    def clear(self, from_y, from_x):
        for y in range(from_y, self.lines):
            for x in range(from_x if y == from_y else 0, self.columns):
                self.cells[y][x] = " "

    def escape(self, text):
        """One sequence, at its ESC. Returns its length; 0: not all of it is there."""
        if len(text) < 2 or text[1] == "Y" and len(text) < 4:
            return 0
        kind = text[1]
        if kind == "Y":
            self.y = min(ord(text[2]) - 32, self.lines - 1)
            self.x = min(ord(text[3]) - 32, self.columns - 1)
            return 4
        if kind == "A":
            self.y = max(self.y - 1, 0)
        elif kind == "B":
            self.y = min(self.y + 1, self.lines - 1)
        elif kind == "C":
            self.x = min(self.x + 1, self.columns - 1)
        elif kind == "D":
            self.x = max(self.x - 1, 0)
        elif kind == "H":
            self.y = self.x = 0
        elif kind == "J":
            self.clear(self.y, self.x)
        elif kind == "K":
            for x in range(self.x, self.columns):
                self.cells[self.y][x] = " "
        return 2

    def control(self, c):
        if c == "\r":
            self.x = 0
        elif c == "\n" and self.y == self.lines - 1:
            self.cells = self.cells[1:] + [[" "] * self.columns]
        elif c == "\n":
            self.y += 1
        elif c == "\b":
            self.x = max(self.x - 1, 0)
        elif c == "\t":
            self.x = min((self.x // 8 + 1) * 8, self.columns - 1)

    def feed(self, text):
        text = self.rest + text
        i = 0
        while i < len(text):
            if text[i] == "\033":
                length = self.escape(text[i:])
                if not length:
                    break
                i += length
                continue
            if text[i] < " ":
                self.control(text[i])
            else:
                self.cells[self.y][self.x] = text[i]
                self.x = min(self.x + 1, self.columns - 1)
            i += 1
        self.rest = text[i:]

    def line(self, y):
        return "".join(self.cells[y]).rstrip()

    def text(self):
        return "\n".join(self.line(y) for y in range(self.lines))


class Terminal:
    """gvt top at a terminal of its own."""

    def __init__(self, *arguments, term="vt52", lines=24, columns=100, **environment):
        self.master, slave = pty.openpty()
        self.screen = Screen(lines, columns)
        self.raw = ""
        self.resize(lines, columns)
        self.slave = slave
        self.before = termios.tcgetattr(slave)
        env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "LINES", "COLUMNS")}
        env.update(environment, TERM=term)

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            # A shell that starts things in the background has them ignore these.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGQUIT, signal.SIG_DFL)

        # pylint: disable=subprocess-popen-preexec-fn,consider-using-with
        self.process = subprocess.Popen([GVT, "top", *arguments], stdin=slave, stdout=slave,
                                        stderr=subprocess.PIPE, env=env, preexec_fn=own_terminal)

    def resize(self, lines, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 65536).decode("latin-1")
            except OSError:
                return
            self.raw += data
            self.screen.feed(data)

    def until(self, shown):
        """Wait until the screen is as wanted: a pattern, or a function of it."""
        if isinstance(shown, str):
            pattern = re.compile(shown, re.M)
            shown = lambda screen: pattern.search(screen.text())  # noqa: E731
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if shown(self.screen):
                return True
            if self.process.poll() is not None:
                self.read(0)
                return bool(shown(self.screen))
            self.read(0.05)
        return False

    def press(self, keys):
        os.write(self.master, keys.encode())

    def end(self):
        """Its status, and whether the terminal is as it was."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.02)
        if self.process.poll() is None:
            self.process.kill()
        status = self.process.wait()
        self.read(0)
        same = termios.tcgetattr(self.slave) == self.before
        errors = self.process.stderr.read().decode()
        self.process.stderr.close()
        os.close(self.master)
        os.close(self.slave)
        return status, same, errors


class Tap:
    def __init__(self, planned):
        self.number = self.failures = 0
        self.planned = planned
        print("KTAP version 1")
        print(f"1..{planned}", flush=True)

    def ok(self, name, good, found=""):
        self.number += 1
        if not good:
            self.failures += 1
            for line in str(found).splitlines():
                print("# " + line)
        print(f"{'ok' if good else 'not ok'} {self.number} {name}", flush=True)

    def end(self):
        if self.number != self.planned:
            print(f"# {self.planned} cases were planned, {self.number} ran")
        return self.failures == 0 and self.number == self.planned


def rows(screen):
    """The numbers of the rows, from the top."""
    lines = [screen.line(y) for y in range(3, screen.lines - 1)]
    return [int(m[1]) for m in (re.match(r" *(\d+) known_threads ", line) for line in lines) if m]


def threads(pid):
    return sorted(int(t) for t in os.listdir(f"/proc/{pid}/task"))


def test_keys(tap, first, second):
    t = Terminal("-d", "0.2", "-p", f"{first},{second}")
    screen = t.screen
    tap.ok("both processes, and the names of the columns",
           t.until(r"^ +PID NAME +THREADS +KERNEL/s GOROUTINE/s") and
           t.until(lambda s: sorted(rows(s)) == [first, second]), screen.text())
    tap.ok("by kernel switches: the one that makes them comes first",
           t.until(lambda s: rows(s) == [second, first]), screen.text())
    t.press("p")
    tap.ok("p: by number", t.until(r"in all, by pid") and
           t.until(lambda s: rows(s) == [first, second]), screen.text())
    t.press("n")
    tap.ok("n: by threads", t.until(r"in all, by threads") and
           t.until(lambda s: rows(s) == [first, second]), screen.text())
    t.press("s")
    tap.ok("s: by the next", t.until(r"in all, by pid"), screen.text())
    t.press("k")
    tap.ok("k: by kernel switches", t.until(lambda s: rows(s) == [second, first]), screen.text())
    t.press("/")
    tap.ok("/ asks for what", t.until(r"^show only: "), screen.text())
    t.press(f"{first}X\b")
    tap.ok("what is typed is seen", t.until(rf"^show only: {first}_"), screen.text())
    t.press("\r")
    tap.ok("only that one is left", t.until(lambda s: rows(s) == [first]), screen.text())
    t.press("\r")
    tap.ok("Enter: its threads", t.until(rf"threads of {first}"), screen.text())
    t.press("\033")
    tap.ok("Esc: back", t.until(lambda s: "threads of" not in s.text() and rows(s) == [first]),
           screen.text())
    t.press("\033")
    tap.ok("Esc: no filter any more", t.until(lambda s: rows(s) == [second, first]), screen.text())
    t.press("p\033B\r")
    tap.ok("the mark moves, and Enter opens the second one",
           t.until(rf"threads of {second}") and
           t.until(lambda s: sorted(rows(s)) == threads(second)), screen.text())
    t.press("\b?")
    tap.ok("? tells all keys", t.until(r"Space +pause"), screen.text())
    t.press("x ")
    tap.ok("Space: pause", t.until(r"^paused"), screen.text())
    t.press(" ")
    tap.ok("Space: go on", t.until(r"^counters: "), screen.text())
    return t


def test_size(tap, t, first, second):
    for lines, columns in ((10, 60), (4, 20), (1, 10), (30, 120)):
        t.screen.__init__(lines, columns)
        t.resize(lines, columns)
        if lines == 10:
            tap.ok("a smaller screen: the keys are in its last line, nothing is longer",
                   t.until(lambda s: s.line(9).startswith("q quit  k g c w n p") and
                           sorted(rows(s)) == [first, second]), t.screen.text())
        elif lines == 30:
            tap.ok("a larger one, after two that have no room for rows",
                   t.until(lambda s: s.line(29).startswith("q quit") and
                           "STARTED/s" in s.line(2) and sorted(rows(s)) == [first, second]),
                   t.screen.text())
        else:
            t.until(lambda s: s.line(0).startswith("gvt top:"[:s.columns]))
    t.press("q")
    status, same, errors = t.end()
    tap.ok("q: status 0", status == 0 and not errors, f"{status} {errors}")
    tap.ok("q: the terminal is as it was", same)


def test_ends(tap, pid):
    for name, end, expected in (("Ctrl-C", None, 130), ("SIGTERM", signal.SIGTERM, 143),
                                ("SIGHUP", signal.SIGHUP, 129)):
        # The delay is long: only the signal can end it.
        t = Terminal("-d", "3600", "-p", str(pid))
        shown = t.until(r"^ +PID NAME")
        if end:
            t.process.send_signal(end)
        else:
            t.press("\003")
        status, same, errors = t.end()
        tap.ok(f"{name}: status {expected}", shown and status == expected and not errors,
               f"{status} {errors}")
        tap.ok(f"{name}: the terminal is as it was", same)


def test_terminals(tap, pid):
    arguments = ("-d", "0.1", "-n", "1", "-p", str(pid))
    colour = re.compile(r"\033\[[0-9;]*\b(3[0-9]|4[0-9])[;m]")

    t = Terminal(*arguments, term="xterm")
    status, same, _ = t.end()
    tap.ok("-n: ends after so many", status == 0 and same, status)
    tap.ok("a terminal that has two screens has its own back", "\033[?1049l" in t.raw, repr(t.raw))
    tap.ok("it has colours", colour.search(t.raw), repr(t.raw))
    t = Terminal(*arguments, term="xterm", NO_COLOR="1")
    t.end()
    tap.ok("NO_COLOR: it has none", "PID" in t.raw and not colour.search(t.raw), repr(t.raw))
    t = Terminal(*arguments, term="dumb")
    status, same, _ = t.end()
    tap.ok("a dumb terminal gets plain lines", status == 0 and same and "\033" not in t.raw and
           re.match(r"gvt top [0-9:]+: ", t.raw), repr(t.raw))
    t = Terminal(*arguments, term="unheard-of")
    status, same, errors = t.end()
    tap.ok("an unknown terminal: status 1, and what to do",
           status == 1 and same and "`unheard-of`; `gvt top -b`" in errors, errors)


def main():
    quiet = subprocess.Popen([KNOWN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    ticking = subprocess.Popen([KNOWN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # Numbers may have begun anew in between.
    if quiet.pid > ticking.pid:
        quiet, ticking = ticking, quiet
    for process, command in ((quiet, b"stay 5\n"), (ticking, b"tick 2\n")):
        process.stdin.write(command)
        process.stdin.flush()
        process.stdout.readline()
    tap = Tap(32)
    try:
        t = test_keys(tap, quiet.pid, ticking.pid)
        test_size(tap, t, quiet.pid, ticking.pid)
        test_ends(tap, quiet.pid)
        test_terminals(tap, quiet.pid)
    finally:
        quiet.kill()
        ticking.kill()
    return 0 if tap.end() else 1


if __name__ == "__main__":
    sys.exit(main())
