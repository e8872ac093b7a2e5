# SPDX-License-Identifier: LGPL-2.1-or-later
"""Goroutines of libgvtgo in gdb, of a live process and of a core file.

gdb loads this by itself where it was installed for the library (add-auto-load-safe-path
and add-auto-load-scripts-directory, where that is not below /usr). For a program that is
linked statically: source libgvtgo-gdb.py

How it finds things: the library's const variable gvtgo_debug (rcu.c) points to the runtime's
state, and brings the types along, so that the program's own types of the same names
are not taken for them. A goroutine that is switched away is the stack pointer in its
descriptor, at the pc gvtgo_switched; the rest is unwind information. No register is
written: an unwinder makes the goroutine's context the caller of the selected thread's
innermost frame, for the time of one command. So a core file is as good as a process, and
nothing has to be put back.
"""

import bisect
import re

import gdb
import gdb.unwinder

REGISTERS = {"i386:x86-64": ("rsp", "rip"), "aarch64": ("sp", "pc")}


def register_names():
    name = gdb.selected_inferior().architecture().name()
    if name not in REGISTERS:
        raise gdb.GdbError(f"libgvtgo: there are no goroutines on {name}")
    return REGISTERS[name]


class Runtime:
    """What gvtgo_debug points to, now."""

    def __init__(self):
        symbol = gdb.lookup_global_symbol("gvtgo_debug")
        if symbol is None:
            raise gdb.GdbError(
                "libgvtgo: gvtgo_debug is not known: the program has no goroutines, or "
                "libgvtgo has no debugging symbols here (it has to be built with -g and not "
                "be stripped, or its separate debug file be found)")
        self.debug = symbol.value()
        try:
            self.slabs = self.debug["slabs"]
            states = self.debug["states"].type
            self.sched = self.debug["sched"].dereference()
            running = int(self.sched["running"])
        except gdb.MemoryError:
            raise gdb.GdbError("libgvtgo: its memory can't be read: "
                               "has the program been started?") from None
        if not running:
            raise gdb.GdbError("libgvtgo: there are no goroutines: go_run() is not running")
        self.state = {f.name: f.enumval for f in states.strip_typedefs().fields()}
        self.words = self.wait_words()
        self.attr = int(self.debug["attr"])
        self.sps, self.threads = self.look_at_threads()
        self.current = self.running_ones()

    def wait_words(self):
        names = self.debug["wait_names"]
        count = int(self.debug["nr_wait_names"])
        return [names[i].string() for i in range(count)]

    @staticmethod
    def look_at_threads():
        """The threads' stack pointers, sorted; and the threads in that order."""
        seen, selected = [], gdb.selected_thread()
        if selected is None:
            raise gdb.GdbError("libgvtgo: no process and no core file")
        frame = gdb.selected_frame()
        try:
            for thread in gdb.selected_inferior().threads():
                thread.switch()
                seen.append((int(gdb.newest_frame().read_register(register_names()[0])),
                             thread.num, thread))
        finally:
            selected.switch()
            frame.select()
        seen.sort(key=lambda entry: entry[:2])
        return [entry[0] for entry in seen], [entry[2] for entry in seen]

    def running_ones(self):
        """Goroutine descriptors by the M that says it runs them: address -> tid."""
        found, m = {}, self.sched["ms"]
        while m:
            if m["cur"]:
                found[int(m["cur"])] = int(m["tid"])
            m = m["next"]
        return found

    def thread_of(self, g):
        """The thread on whose stack pointer the goroutine's stack is, or that says so."""
        if g["stack"]:
            # The struct lies at the upper end of its stack.
            end = int(g["stack"])
            i = bisect.bisect_left(self.sps, end) - 1
            if i >= 0 and self.sps[i] >= int(g["stack"]["lo"]):
                return self.threads[i]
        if int(g["state"]) == self.state["G_RUNNING"]:
            # It may be in a signal handler, on a stack of that one's own.
            tid = self.current.get(int(g.address))
            for thread in self.threads:
                if tid in thread.ptid[:2] and thread.ptid[1] in (tid, 0):
                    return thread
        return None

    def goroutines(self):
        """All that are alive, the oldest first."""
        slab_type = self.debug["slab"].type
        node = self.slabs["next"]
        found = []
        while node != self.slabs:
            slab = node.cast(slab_type)
            gs = slab["g"]
            for i in range(int(slab["used"])):
                if int(gs[i]["state"]) != self.state["G_DEAD"]:
                    found.append(gs[i])
            node = node["next"]
        found.sort(key=lambda g: int(g["id"]))
        return found

    def find(self, number):
        for g in self.goroutines():
            if int(g["id"]) == number:
                return g
        raise gdb.GdbError(f"libgvtgo: there is no goroutine {number}; type: info goroutines")

    def state_of(self, g, thread):
        if thread is not None:
            # Set in go_blocking() only, of those that run.
            blocking = self.words.index("blocking call")
            return self.words[blocking] if int(g["why"]) == blocking else "running"
        if int(g["state"]) == self.state["G_WAITING"] and int(g["why"]) < len(self.words):
            return self.words[int(g["why"])]
        return "runnable" if g["sp"] else "runnable, not started"


def function_of(g):
    text = g["fn"].format_string(symbols=True, styling=False)
    name = re.search(r"<([^>]*)>", text)
    return name[1] if name else text


def name_of(runtime, g):
    # Only then has it been written.
    if not int(g["flags"]) & runtime.attr:
        return ""
    try:
        return g["name"].string() if g["name"] else ""
    except (gdb.MemoryError, UnicodeDecodeError):
        return ""


def line_of(runtime, g):
    thread = runtime.thread_of(g)
    mark = "*" if thread is not None and thread == gdb.selected_thread() else " "
    where = str(thread.num) if thread is not None else "-"
    name = name_of(runtime, g)
    return (f"{mark} {int(g['id']):>6}  {runtime.state_of(g, thread):<24} {where:>6}  "
            f"{function_of(g)}{' ' + name if name else ''}")


HEADER = "      Id  State                    Thread  Function and name"


class FrameId:
    """What gdb knows a frame by."""

    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class Unwinder(gdb.unwinder.Unwinder):
    """While a goroutine is looked at: the caller of the innermost frame is its context."""

    def __init__(self):
        super().__init__("libgvtgo")
        self.context = None	# of the goroutine: stack pointer, pc
        self.innermost = None	# the thread's own
        self.names = None

    def __call__(self, pending):
        if self.context is None:
            return None
        sp, pc = (pending.read_register(name) for name in self.names)
        if (int(sp), int(pc)) != self.innermost:
            return None
        # gdb wants callers' frames to lie above: so this one is said to lie just below.
        info = pending.create_unwind_info(FrameId(gdb.Value(self.context[0] - 16), pc))
        for name, old, value in zip(self.names, (sp, pc), self.context):
            info.add_saved_register(name, gdb.Value(value).cast(old.type))
        return info

    def look_at(self, g, switched):
        self.names = register_names()
        frame = gdb.newest_frame()
        self.innermost = tuple(int(frame.read_register(name)) for name in self.names)
        self.context = (int(g["sp"]), int(switched))
        gdb.invalidate_cached_frames()

    def look_away(self):
        self.context = None
        gdb.invalidate_cached_frames()


UNWINDER = Unwinder()
gdb.unwinder.register_unwinder(None, UNWINDER, replace=True)


def run_parked(runtime, g, command):
    """COMMAND with the goroutine's innermost frame, number 1, selected."""
    level = gdb.selected_frame().level()
    UNWINDER.look_at(g, runtime.debug["switched"])
    try:
        gdb.newest_frame().older().select()
        text = gdb.execute(command, to_string=True)
    finally:
        UNWINDER.look_away()
        frame = gdb.newest_frame()
        while level and frame.older() is not None:
            frame, level = frame.older(), level - 1
        frame.select()
    if re.match(r"(bt|backtrace|where)\b", command):
        # Number 0 is not the goroutine's.
        text = re.sub(r"\A#0 .*?^(?=#1 )", "", text, flags=re.S | re.M)
    gdb.write(text)


def run_running(thread, command):
    selected, frame = gdb.selected_thread(), gdb.selected_frame()
    try:
        thread.switch()
        gdb.execute(command)
    finally:
        selected.switch()
        frame.select()


def run(runtime, g, command):
    thread = runtime.thread_of(g)
    if thread is not None:
        run_running(thread, command)
    elif g["sp"] and g["stack"]:
        run_parked(runtime, g, command)
    else:
        gdb.write("it has not started: it has no frames\n")


class InfoGoroutines(gdb.Command):
    """List the goroutines: number, state, the thread that runs it, entry function, name.
Usage: info goroutines [REGEX]
With REGEX, those in whose line it is found. The selected thread's is marked by *."""

    def __init__(self):
        super().__init__("info goroutines", gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        runtime = Runtime()
        gdb.write(HEADER + "\n")
        for g in runtime.goroutines():
            line = line_of(runtime, g)
            if not arg or re.search(arg, line):
                gdb.write(line + "\n")


class Goroutine(gdb.Command):
    """Run a command in a goroutine's context.
Usage: goroutine N|all [COMMAND]
Without COMMAND: its line of `info goroutines`. `goroutine N bt` shows its frames, `goroutine N
frame function worker` selects one for the time of the command, and so on. The frames of
a goroutine that doesn't run are numbered from 1."""

    def __init__(self):
        super().__init__("goroutine", gdb.COMMAND_STACK)

    def invoke(self, arg, from_tty):
        words = re.fullmatch(r"(\d+|all)(?:\s+(.*))?", arg.strip(), flags=re.S)
        if words is None:
            raise gdb.GdbError("usage: goroutine N|all [COMMAND]")
        runtime = Runtime()
        if words[1] != "all":
            g = runtime.find(int(words[1]))
            if words[2]:
                run(runtime, g, words[2])
            else:
                gdb.write(line_of(runtime, g) + "\n")
            return
        for g in runtime.goroutines():
            gdb.write(line_of(runtime, g) + "\n")
            if words[2]:
                run(runtime, g, words[2])
                gdb.write("\n")


class GoroutineFunction(gdb.Function):
    """$goroutine(N): the descriptor of goroutine N, a struct g *."""

    def __init__(self):
        super().__init__("goroutine")

    def invoke(self, number):
        return Runtime().find(int(number)).address


InfoGoroutines()
Goroutine()
GoroutineFunction()
